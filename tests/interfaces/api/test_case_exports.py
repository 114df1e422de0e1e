"""One case for other people's tools: line by line, as provenance, and as a schedule for disclosure."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from application.case_export.provenance import provenance
from application.case_export.schedule import COLUMNS, schedule
from application.event_feed import cloud_event
from application.store import mapper
from application.store.store import Stored
from interfaces.databases import Databases
from tests.interfaces.api.conftest import BM, LA, Desk
from tests.interfaces.cloud_events import must_be
from tests.playing import STORIES, played

pytestmark = pytest.mark.anyio

AWARE = {"authority": "bolton", "how": "the hospital rang"}
PAPER = b"the scan"


async def told_case(desk: Desk) -> str:
    """A case with an awareness that was corrected, a document that is held, and a hold."""
    case = await desk.open()
    for command, fields, by in (
        ("record-awareness", AWARE, LA),
        ("correct-record", {"event_place": 2, "correction": {"on": "2026-02-27"}, "because": "the log says Friday"}, BM),
        ("place-hold", {"scope": "disclosure", "asked_by": "DI Ash", "basis": "trial", "review_on": "2026-09-01"}, BM),
    ):
        answer = await desk.ask(f"/cases/{case}/{command}", fields, by)
        assert answer.status_code == 200, answer.text
    await desk.client.put(f"/cases/{case}/documents", content=PAPER, headers={"Casetrail-Person": BM})
    return case


# --- line by line


async def test_every_entry_is_a_line_with_its_words_and_its_sentence(desk: Desk):
    case = await told_case(desk)
    answer = await desk.look(f"/cases/{case}/export.jsonl")
    assert answer.headers["Content-Type"] == "application/jsonl"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{case}-entries.jsonl"'
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == (await desk.look(f"/cases/{case}/history")).json()["items"]
    assert lines[1]["fields"]["how"] == "the hospital rang"
    first = (await desk.look(f"/cases/{case}/export.jsonl?place=1")).text.splitlines()
    assert len(first) == 1


# --- provenance


def references(document: dict[str, Any]) -> Iterator[str]:
    """Everything that a relation speaks of."""
    names = ("entity", "activity", "agent", "delegate", "responsible", "generatedEntity", "usedEntity", "influencee", "influencer")
    for relation, rows in document.items():
        if relation not in ("prefix", "entity", "activity", "agent"):
            for row in rows.values():
                yield from (row[f"prov:{name}"] for name in names if f"prov:{name}" in row)


def must_be_prov(document: dict[str, Any]) -> None:
    """PROV-JSON: everything spoken of is told of, every prefix is declared, every instant is one."""
    known = {*document["entity"], *document["activity"], *document["agent"]}
    assert {*references(document)} <= known
    prefixes = {*document["prefix"], "prov", "xsd", "_"}
    for kind, rows in document.items():
        if kind != "prefix":
            for name, row in rows.items():
                assert name.partition(":")[0] in prefixes, name
                assert {attribute.partition(":")[0] for attribute in row} <= prefixes


async def test_where_it_came_from_without_a_word_of_what_was_said(desk: Desk, places: Databases):
    case = await told_case(desk)
    answer = await desk.look(f"/cases/{case}/prov.json")
    document = answer.json()
    must_be_prov(document)
    assert {f"entry:{place}" for place in range(1, 5)} <= {*document["entity"]}
    correction = {"prov:generatedEntity": "entry:3", "prov:usedEntity": "entry:2"}
    assert [row for row in document["wasDerivedFrom"].values() if correction.items() <= row.items()]
    roles = {row["prov:role"] for row in document["wasAssociatedWith"].values()}
    assert roles == {"local-authority-practitioner", "business-manager"}
    for words in ("Quirke", "hospital", "Friday", "Ash", "trial"):
        assert words not in answer.text
    with psycopg.connect(places.owner_record) as owner:
        views = [view for (view,) in owner.execute("SELECT view FROM looks ORDER BY number").fetchall()]
    assert views[-1] == "provenance"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_every_story_has_its_provenance_its_schedule_and_its_cloud_events(story: Path):
    told = played(story)
    for stream in told.cases.values():
        rows = [row for row in told.world.store.rows if row.stream == stream]
        history = [mapper.recorded(row.position, row.header, row.body, row.hash) for row in rows]
        document = provenance(history)
        must_be_prov(document)
        replaced = [r for r in history if r.name == "decision-replaced"]
        revisions = [row for row in document.get("wasDerivedFrom", {}).values() if row.get("prov:type")]
        assert len(revisions) == len(replaced) + sum(r.name == "record-corrected" for r in history)
        assert len(document.get("wasInvalidatedBy", {})) == len(replaced)
        behalf = {r.header.command for r in history if r.by.behalf_of}
        assert len(document.get("actedOnBehalfOf", {})) == len(behalf)
        assert [item["digest"] for item in schedule(history, {}, history[-1].at)][: len(rows)] == [row.hash.hex() for row in rows]
        for row in rows:
            event = cloud_event(Stored(row.position, row.header, row.body, row.hash), "bolton")
            must_be(event)
            sealed = {one.path for one in mapper.disclosed(row.header, row.body, {})}
            assert sealed == {*event["data"]["withheld"]}
            assert '"e":' not in json.dumps(event)


# --- the schedule


async def test_the_schedule_numbers_every_item_and_says_no_word(desk: Desk):
    case = await told_case(desk)
    answer = await desk.look(f"/cases/{case}/disclosure-schedule.csv")
    rows = [*csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))]
    assert [*rows[0]] == [*COLUMNS]
    assert [row["number"] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]
    assert [row["kind"] for row in rows] == [
        "case-opened", "local-authority-became-aware", "record-corrected", "hold-placed", "attached",
    ]  # fmt: skip
    assert rows[-1]["digest"] == hashlib.sha256(PAPER).hexdigest()
    assert {row["under_hold"] for row in rows} == {"yes"}
    assert rows[0]["holds"].startswith("disclosure (")
    assert {(row["sensitive"], row["reason"]) for row in rows} == {("", "")}
    assert {row["held_by"] for row in rows} == {"the safeguarding partners of Bolton"}
    for words in ("Quirke", "hospital", "Friday", "Ash", "trial", "Infant"):
        assert words not in answer.text
    before = await desk.look(f"/cases/{case}/disclosure-schedule.csv?place=2")
    assert [row["under_hold"] for row in csv.DictReader(io.StringIO(before.content.decode("utf-8-sig")))] == ["no", "no"]


async def test_of_what_one_may_not_know_the_schedule_keeps_the_place_and_its_origin_says_nothing(desk: Desk):
    case = await told_case(desk)
    linked = await desk.ask(f"/cases/{case}/link-case", {"case": await desk.open("Infant Y"), "relation": "sibling"})
    assert linked.status_code == 200, linked.text
    rows, origins = {}, {}
    for by in (BM, "information-governance//me/bolton"):
        answer = await desk.look(f"/cases/{case}/disclosure-schedule.csv", by)
        rows[by] = [*csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))]
        origins[by] = (await desk.look(f"/cases/{case}/prov.json", by)).json()["entity"]
    (whole, theirs), (all_of_it, theirs_too) = rows.values(), origins.values()
    assert [row["kind"] for row in whole][-2:] == ["case-linked", "attached"]
    assert [(row["kind"], row["entries"], row["date"]) for row in theirs][-1] == ("withheld", "5", "")
    assert [row["digest"] for row in theirs] == [row["digest"] for row in whole][:-1], "a document that is not theirs is left out"
    assert all_of_it["entry:1"]["prov:type"]["$"] == "casetrail:case-opened"
    assert {theirs_too[f"entry:{place}"]["prov:type"]["$"] for place in (1, 2, 5)} == {"casetrail:withheld"}


def test_a_document_that_is_only_named_says_whose_it_was():
    told = played(next(story for story in STORIES if story.stem == "child-j"))
    (stream,) = told.cases.values()
    history = [mapper.recorded(r.position, r.header, r.body, r.hash) for r in told.world.store.rows if r.stream == stream]
    named = [item for item in schedule(history, {}, history[-1].at) if item["item"] == "document"]
    assert named
    assert {item["state"] for item in named} == {"not held here"}
    assert "the safeguarding partners of Bolton" not in {item["held_by"] for item in named}


async def test_as_a_workbook_the_officer_chooses_yes_or_no(desk: Desk):
    case = await told_case(desk)
    answer = await desk.look(f"/cases/{case}/disclosure-schedule.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book["Disclosure schedule"]
    assert [cell.value for cell in sheet[1]] == [column.replace("_", " ").capitalize() for column in COLUMNS]
    assert sheet.max_row == 6
    (choice,) = sheet.data_validations.dataValidation
    assert choice.formula1 == '"yes,no"'
    assert book["About this list"]["B2"].value == case


async def test_words_that_might_be_a_formula_are_none():
    from interfaces.exports.schedule import schedule_as_csv

    item: dict[str, Any] = dict.fromkeys(COLUMNS, "=cmd|' /C calc'!A0") | {"number": 1}
    (_, row) = csv.reader(io.StringIO(schedule_as_csv([item]).decode("utf-8-sig")))
    assert {cell[0] for cell in row[1:]} == {"'"}


async def test_of_a_case_that_there_is_not_nothing_is_told(desk: Desk):
    for name in ("export.jsonl", "prov.json", "disclosure-schedule.csv", "disclosure-schedule.xlsx"):
        assert (await desk.look(f"/cases/00000000-0000-4000-8000-000000000000/{name}")).status_code == 404
