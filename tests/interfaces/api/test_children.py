"""Do we know this child? Asked over the API, by those who receive notifications; and by those who should not be told."""

from __future__ import annotations

import json
import time
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from application.children import searching
from domain.people import ROLES
from interfaces.api import children
from interfaces.cli.main import app
from interfaces.databases import Databases
from tests.interfaces.api.conftest import BM, LA, Desk
from tests.interfaces.cli.test_serving import NOT_OURS, environment
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

SARA = {"name": "Sara Ali", "born_on": "2025-03-04"}
CHILD = CASE["children"][0]
BOLTON, BURY = "business-manager///bolton", "business-manager///bury"


def child(ref: str = "infant-x", **more: Any) -> dict[str, Any]:
    return {**CHILD, **SARA, "ref": ref, **more}


async def known(desk: Desk, name: str = "Sara Ali", born_on: str = "2025-03-04", by: str = BOLTON, **headers: str) -> list[dict[str, Any]]:
    answer = await desk.ask("/children/search", {"name": name, "born_on": born_on}, by, **headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return list(answer.json()["items"])


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers come when they are there."""
    monkeypatch.setattr(searching, "EVENLY", 0.001)


@pytest.fixture
def looks(places: Databases) -> Any:
    """The searches that were noted."""

    def noted() -> list[dict[str, Any]]:
        with psycopg.connect(places.owner_record) as owner:
            found = [json.loads(bytes(record)) for (record,) in owner.execute("SELECT record FROM looks ORDER BY number").fetchall()]
        return [look for look in found if look["view"] == "children-search"]

    return noted


async def test_a_child_who_is_known_is_found_with_the_case_and_as_what_they_stand_there(desk: Desk):
    case = await desk.open(children=[child(), child("brother", name="Omar Ali", harm="none")])
    (found,) = await known(desk)
    assert found == {
        "case": case, "label": "Infant X", "partnership": "bolton", "stage": "opened, not yet notified", "stage_code": "opened",
        "opened_on": found["opened_on"], "child": "infant-x", "harm": "died",
    }  # fmt: skip
    assert date.fromisoformat(found["opened_on"])
    assert [one["harm"] for one in await known(desk, "Omar Ali")] == ["none"]


async def test_a_name_is_a_name_however_it_is_written_and_nothing_more(desk: Desk):
    await desk.open(children=[child(name="Siobhán O’Brien-Ali")])
    for name in ("Siobhán O’Brien-Ali", "O'BRIEN ALI, Siobhan", "siobhan obrienali"):
        assert len(await known(desk, name)) == 1, name
    for name in ("Siobhan O'Brien", "Shivaun O'Brien-Ali", "S. O'Brien-Ali"):
        assert await known(desk, name) == [], name
    assert await known(desk, "Siobhán O’Brien-Ali", "2025-04-03") == []


async def test_the_last_case_stands_first(desk: Desk):
    first = await desk.open(children=[child()], on="2026-02-02")
    second = await desk.open("Infant Y", children=[child()], on="2026-03-03")
    assert [one["case"] for one in await known(desk)] == [second, first]


async def test_at_a_chosen_instant_what_was_known_then_is_told(desk: Desk):
    await desk.ask("/cases", {**CASE, "children": [child()]}, LA, Casetrail_At="2026-03-02T10:00:00+00:00")
    assert await known(desk, Casetrail_At="2026-03-02T09:00:00+00:00") == []
    assert len(await known(desk, Casetrail_At="2026-03-02T11:00:00+00:00")) == 1


# --- who may search


async def test_those_who_receive_notifications_may_search_and_nobody_else(desk: Desk, looks: Any):
    assert searching.SEARCHERS == ("named-portal-user", "business-manager", "partnership-officer", "delegated-partner")
    await desk.open(children=[child()])
    for role in ROLES:
        organisation = "health" if role == "delegated-partner" else ""
        answer = await desk.ask("/children/search", SARA, f"{role}/{organisation}/x/bolton")
        assert answer.status_code == (200 if role in searching.SEARCHERS else 403), role
        assert ("Infant" in answer.text) == (role in searching.SEARCHERS)
        if answer.status_code == 403:
            assert "may not search for a child; it is for a named portal user, " in answer.json()["detail"]
    told = looks()
    assert len(told) == len(ROLES)
    assert {look["by"]["role"] for look in told if look["outcome"] == "shown"} == {*searching.SEARCHERS}


async def test_whoever_may_not_search_is_told_the_same_of_a_child_who_is_known_and_of_one_who_is_not(desk: Desk):
    await desk.open(children=[child()])
    answers = [await desk.ask("/children/search", {**SARA, "name": name}, "notifier/hospital-trust") for name in ("Sara Ali", "Nobody")]
    assert answers[0].content == answers[1].content


# --- what they are told of


async def test_another_partnership_finds_nothing(desk: Desk, looks: Any):
    await desk.open(children=[child()])
    answers = [await desk.ask("/children/search", {**SARA, "name": name}, BURY) for name in ("Sara Ali", "Nobody Else")]
    assert answers[0].json() == answers[1].json() == {"items": [], "next": None}
    assert [look.get("streams", []) for look in looks()] == [[], []]


async def test_in_each_partnership_its_own_case_is_told_of(desk: Desk):
    here = await desk.open(children=[child()])
    there = await desk.open(children=[child()], partnership="bury")
    assert [one["case"] for one in await known(desk, by=BOLTON)] == [here]
    assert [one["case"] for one in await known(desk, by=BURY)] == [there]


async def test_a_case_that_both_have_linked_is_read_under_pseudonyms_and_so_not_told_of(desk: Desk):
    here, there = await desk.open(children=[child()]), await desk.open("Infant Y", partnership="bury")
    for case, other, by in ((here, there, BOLTON), (there, here, BURY)):
        answer = await desk.ask(f"/cases/{case}/link-case", {"case": other, "relation": "sibling"}, by)
        assert answer.status_code == 200, answer.text
    assert await known(desk, by=BURY) == []


async def test_whoever_declared_an_interest_is_not_told_of_that_case_and_is_told_of_others(desk: Desk):
    shut_out = await desk.open(children=[child()])
    open_to_them = await desk.open("Infant Y", children=[child()])
    assert len(await known(desk)) == 2
    declared = await desk.ask(f"/cases/{shut_out}/declare-interest", {"kind": "real", "nature": "her aunt"}, BOLTON)
    assert declared.status_code == 200, declared.text
    assert [one["case"] for one in await known(desk)] == [open_to_them]
    assert len(await known(desk, by="partnership-officer///bolton")) == 2  # who acts for them


async def test_an_erased_child_is_not_known_and_every_proof_stands(desk: Desk, places: Databases):
    case = await desk.open(children=[child()])
    history = await desk.service.store.history(f"case/{case}")
    erased = await desk.ask(
        f"/cases/{case}/erase-person", {"person": history[0].event.children[0].person, "basis": "upheld", "because": "asked"},
        "information-governance///bolton",
    )  # fmt: skip
    assert erased.status_code == 200, erased.text
    assert await known(desk) == []
    assert [one.hash for one in await desk.service.store.history(f"case/{case}", upto_place=1)] == [history[0].hash]
    ended = CliRunner().invoke(app, ["fsck"], env={**NOT_OURS, **environment(places)})
    assert ended.exit_code == 0, ended.output


# --- that it was asked


async def test_every_search_is_noted_with_what_it_showed_and_without_the_name(desk: Desk, places: Databases, looks: Any):
    case = await desk.open(children=[child()])
    await known(desk, Casetrail_Because="the hospital rang")
    await known(desk, "Nobody Else")
    found, nothing = looks()
    assert (found["streams"], found["outcome"], found["by"]["role"]) == ([f"case/{case}"], "shown", BM)
    assert (nothing.get("streams", []), nothing["outcome"]) == ([], "shown")
    assert {*found["reason"]} == {"c", "e", "k"}
    assert "place" not in found
    for look in (found, nothing):
        assert not {"Sara", "Ali", "Nobody", "2025-03-04"} & {*json.dumps(look).replace('"', " ").split()}


async def test_whoever_may_read_the_audit_trail_is_told_of_the_search_on_the_case(desk: Desk):
    case = await desk.open(children=[child()])
    await known(desk, Casetrail_Because="the hospital rang")
    (look,) = (await desk.look(f"/cases/{case}/access?view=children-search", BOLTON)).json()["items"]
    assert (look["view"], look["because"], look["by"]["role"]) == ("children-search", "the hospital rang", BM)


async def test_a_search_that_cannot_be_noted_is_not_answered(desk: Desk, places: Databases):
    await desk.open(children=[child()])
    await known(desk)
    desk.service.looks._noting._patience = 0.3
    with psycopg.connect(places.owner_record) as hanging:
        hanging.execute("LOCK TABLE looks IN EXCLUSIVE MODE")
        answer = await desk.ask("/children/search", SARA, BOLTON)
    assert (answer.status_code, "Infant" in answer.text) == (503, False)


async def test_nothing_is_recorded_by_a_search(desk: Desk):
    await desk.open(children=[child()])
    before = await desk.service.store.settled_position()
    await known(desk)
    assert await desk.service.store.settled_position() == before


async def test_nobody_is_told_what_they_did_not_ask(desk: Desk):
    """Opening another case of a child who is known says nothing of the first."""
    case = await desk.open(children=[child()])
    fields = {**CASE, "label": "Infant Y", "children": [child()]}
    for path in ("/cases?dry_run=true", "/cases"):
        answer = await desk.ask(path, fields, "notifier/hospital-trust//bolton")
        assert case not in answer.text


# --- how it is asked


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": "Sara Ali"}, "born_on"),
        ({"born_on": "2025-03-04"}, "name"),
        ({}, "name"),
        ({**SARA, "name": "  "}, "name"),
        ({**SARA, "name": "…"}, "name"),
        ({**SARA, "name": "x" * 201}, "name"),
        ({**SARA, "born_on": "4 March 2025"}, "born_on"),
        ({**SARA, "born_on": 20250304}, "born_on"),
        ({**SARA, "partnership": "bury"}, "partnership"),
    ],
)  # fmt: skip
async def test_name_and_birth_date_are_wanted_both_and_nothing_else(desk: Desk, looks: Any, fields: dict[str, Any], wrong: str):
    answer = await desk.ask("/children/search", fields, BOLTON)
    assert answer.status_code == 422, answer.text
    assert wrong in {error["field"] for error in answer.json()["errors"]}
    assert not any(value in answer.text for value in ("Sara", "March", "xxx"))
    assert looks() == []


async def test_a_name_never_stands_in_an_address(desk: Desk):
    assert (await desk.look("/children/search?name=Sara%20Ali&born_on=2025-03-04", BOLTON)).status_code == 405


async def test_nobody_searches_who_is_nobody(desk: Desk):
    answer = await desk.client.post("/children/search", json=SARA)
    assert answer.status_code == 401


async def test_whoever_searches_too_often_waits_and_nobody_else(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(searching, "MOST", 3)
    for _ in range(3):
        await known(desk, "Somebody Else")
    refused = await desk.ask("/children/search", SARA, BOLTON)
    assert refused.status_code == 429
    assert 590 <= int(refused.headers["Retry-After"]) <= 600
    assert await known(desk, by="partnership-officer///bolton") == []
    monkeypatch.setattr(searching, "WITHIN", timedelta(milliseconds=1))
    assert await known(desk) == []


def test_how_often_one_may_search_is_as_it_is_told():
    assert (30, timedelta(minutes=10)) == (searching.MOST, searching.WITHIN)
    assert "search thirty times in ten minutes" in " ".join((children.search.__doc__ or "").split())


async def test_until_the_index_is_whole_there_is_no_answer(desk: Desk):
    await desk.open(children=[child()])
    await desk.service.children.doubt()
    answer = await desk.ask("/children/search", SARA, BOLTON)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    ready = await desk.client.get("http://casetrail/health/ready")
    assert ready.json()["children"] == "being made"


async def test_how_long_an_answer_takes_says_little_of_what_it_does_not_show(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(searching, "EVENLY", 0.25)
    await desk.open(children=[child()])
    await known(desk, by=BURY)
    for name in ("Sara Ali", "Nobody Else"):
        began = time.perf_counter()
        await known(desk, name, by=BURY)
        assert 0.25 <= time.perf_counter() - began < 0.5
