"""The index of children: there before the event is, gone with the key, and made again from the record."""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
import os
import pickle
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from rich.console import Console

from application.children import index as indexing
from application.children import naming
from application.children.index import BeingMade
from application.children.standing import opened as opened_words
from application.children.standing import standing
from application.generating.plan import Plan
from application.importing import bring_in, read_deeds
from application.store.connections import StoreAway
from application.store_export import export_store
from domain.corrections import CorrectRecord
from domain.erasure import ErasePerson
from domain.stages.opening import AddChild, ChildGiven, OpenCase
from interfaces import wiring
from interfaces.cli.generate import generated
from interfaces.databases import Databases
from interfaces.wiring import Service
from tests.application.children.telling import BORN, SARA, as_owner_of_the_keys, ask, child, entries, known, opened, somebody
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

MANAGER, GOVERNANCE, LA = "business-manager", "information-governance", "local-authority-practitioner"


def corrected(place: int = 1, **fields: str) -> CorrectRecord:
    return CorrectRecord(
        event_place=place, correction={name.replace("__", "."): value for name, value in fields.items()}, because="misheard"
    )


# --- what is recorded is known


async def test_a_child_is_known_from_the_answer_on(service: Service):
    stream = await opened(service)
    assert await known(service, "ali, sara") == [stream]
    assert await known(service, born_on=date(2025, 3, 5)) == []


async def test_a_child_who_is_added_is_known(service: Service):
    stream = await opened(service, name="Omar Ali")
    await ask(service, stream, AddChild(child=ChildGiven.model_validate({**SARA, "ref": "sister"})), MANAGER)
    assert await known(service) == [stream]


async def test_a_child_of_several_cases_is_told_of_with_each(service: Service):
    first, second = await opened(service), await opened(service, "Infant Y", name="ALI Sara")
    assert {*await known(service)} == {first, second}


async def test_without_a_name_or_a_birth_date_there_is_nothing_to_be_known_by(service: Service, places: Databases):
    await opened(service, name=None)
    await opened(service, "Infant Y", born_on=None)
    assert entries(places) == []


async def test_a_dry_run_tells_the_index_nothing(service: Service, places: Databases):
    case = OpenCase.model_validate({**CASE, "children": [SARA]})
    await service.cases.would_do(case, await somebody(service, MANAGER))
    assert entries(places) == []


async def test_history_that_is_brought_in_is_known(service: Service, tmp_path: Path):
    told = tmp_path / "history.csv"
    rows = (
        ["at", "by", "do", "case", "label", "route", "concern", "incident.area", "incident.harm", "incident.abuse_or_neglect", "children"],
        ["2025-12-19", LA, "open-case", "x", "Infant X", "local-authority", "serious-incident", "bolton", "died", "suspected", [SARA]],
    )  # fmt: skip
    with told.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([json.dumps(cell) if isinstance(cell, list) else cell for cell in row] for row in rows)
    transcriber = await somebody(service, MANAGER)
    (row,) = await bring_in(service.cases, read_deeds(told, "bolton"), transcriber=transcriber, dry_run=False)
    assert row.result == "recorded", row.sentence
    assert len(await known(service)) == 1


async def test_generated_histories_are_known(places: Databases):
    await generated(Console(quiet=True), places, Plan(3, 1, date(2025, 1, 6), date(2025, 12, 31)))
    async with Service(places) as service:
        streams = {stream for stream, *_ in entries(places)}
        assert len(streams) >= 2
        for stream in streams:
            history = await opened_words(await service.store.history(stream), service.store.keys)
            for one in standing(history):
                assert stream in await known(service, one.name, date.fromisoformat(one.born_on), history[0].event.partnership)


# --- what is put right


@pytest.mark.parametrize("field", ["children__0__name", "children__infant_x__name"])
async def test_a_corrected_name_is_known_and_the_wrong_one_is_not(service: Service, places: Databases, field: str):
    stream = await opened(service)
    await ask(service, stream, corrected(1, **{field.replace("infant_x", "infant-x"): "Zara Aly"}), MANAGER)
    assert await known(service, "Zara Aly") == [stream]
    assert await known(service) == []
    assert len(entries(places)) == 2  # the two forms of the right name: nothing is left of the wrong one


async def test_a_corrected_birth_date_is_known(service: Service):
    stream = await opened(service)
    await ask(service, stream, corrected(children__0__born_on="2025-03-06"), MANAGER)
    assert (await known(service, born_on=date(2025, 3, 6)), await known(service)) == ([stream], [])


async def test_a_birth_date_corrected_to_what_is_no_day_is_not_searched_for(service: Service, places: Databases):
    stream = await opened(service)
    await ask(service, stream, corrected(children__0__born_on="early March"), MANAGER)
    assert (await known(service), entries(places)) == ([], [])


async def test_a_child_added_and_then_corrected_is_known_by_what_is_right(service: Service):
    stream = await opened(service, name="Omar Ali")
    await ask(service, stream, AddChild(child=ChildGiven.model_validate({**SARA, "ref": "sister"})), MANAGER)
    await ask(service, stream, corrected(2, child__name="Zara Ali"), MANAGER)
    assert (await known(service, "Zara Ali"), await known(service)) == ([stream], [])
    assert await known(service, "Omar Ali") == [stream]


async def test_a_correction_of_anything_else_changes_nothing(service: Service, places: Databases):
    stream = await opened(service)
    before = entries(places)
    await ask(service, stream, CorrectRecord(event_place=1, correction={"incident.area": "bury"}, because="it was there"), MANAGER)
    assert (entries(places), await known(service)) == (before, [stream])


async def test_a_child_said_to_be_another_person_goes_with_the_key_of_that_person(service: Service):
    stream, other = await opened(service), await opened(service, "Infant Y", name="Omar Ali")
    was, becomes = await child(service, stream), await child(service, other)
    another = corrected(children__0__person=becomes, children__0__name="Sara Ali", children__0__born_on="2025-03-04")
    await ask(service, stream, another, MANAGER)
    await ask(service, stream, ErasePerson(person=was, basis="b", because="c"), GOVERNANCE)
    assert await known(service) == [stream]
    await ask(service, stream, ErasePerson(person=becomes, basis="b", because="c"), GOVERNANCE)
    assert await known(service) == []


# --- gone with the key


async def test_an_erased_child_is_not_known_any_more(service: Service, places: Databases):
    stream = await opened(service)
    await ask(service, stream, ErasePerson(person=await child(service, stream), basis="b", because="c"), GOVERNANCE)
    assert (await known(service), entries(places)) == ([], [])


async def test_of_two_cases_of_one_child_each_goes_with_its_own_key(service: Service):
    first, second = await opened(service), await opened(service, "Infant Y")
    await ask(service, first, ErasePerson(person=await child(service, first), basis="b", because="c"), GOVERNANCE)
    assert await known(service) == [second]


async def test_entry_and_key_go_in_one_transaction(service: Service, places: Databases):
    stream = await opened(service)
    person = await child(service, stream)
    with psycopg.connect(places.owner_keys) as keys:
        keys.execute("UPDATE keys SET wrapped = NULL, destroyed_at = now() WHERE id = %s", (person,))
        assert keys.execute("SELECT FROM children").fetchall() == []
        keys.rollback()
    assert len(entries(places)) == 2


async def test_nothing_is_entered_under_a_key_that_is_destroyed(service: Service, places: Databases):
    """Also where it is destroyed just then: whoever enters holds the keys, or finds them gone."""
    stream = await opened(service)
    person = await child(service, stream)
    enter = ([bytes(32)], [stream], [person], indexing.FIRST_KEY, naming.FORM, True)
    with psycopg.connect(places.owner_keys) as destroying:
        destroying.execute("UPDATE keys SET wrapped = NULL, destroyed_at = now() WHERE id = %s", (person,))
        entering = asyncio.create_task(service.children._database.ask(indexing.ENTER, enter))
        await asyncio.sleep(0.2)
        assert not entering.done()
    await entering
    assert entries(places) == []


async def test_the_record_alone_never_brings_an_erased_child_back(service: Service, places: Databases):
    stream = await opened(service)
    await ask(service, stream, ErasePerson(person=await child(service, stream), basis="b", because="c"), GOVERNANCE)
    assert await service.children.again() == 1
    assert (await known(service), entries(places)) == ([], [])


async def test_keys_restored_from_before_the_erasure_lose_the_child_again_at_the_start(service: Service, places: Databases):
    stream = await opened(service)
    person = await child(service, stream)
    with psycopg.connect(places.owner_keys) as keys:
        before = keys.execute("SELECT wrapped FROM keys WHERE id = %s", (person,)).fetchone()
        kept = keys.execute("SELECT entry, stream, person FROM children").fetchall()
    await ask(service, stream, ErasePerson(person=person, basis="b", because="c"), GOVERNANCE)
    with psycopg.connect(places.owner_keys) as keys:  # as a restored dump would have them
        keys.execute("ALTER TABLE keys DISABLE TRIGGER ALL")
        keys.execute("UPDATE keys SET wrapped = %s, destroyed_at = NULL WHERE id = %s", (*(before or ()), person))
        keys.execute("ALTER TABLE keys ENABLE ALWAYS TRIGGER made_once, ENABLE ALWAYS TRIGGER kept_for_ever")
        keys.execute("ALTER TABLE keys ENABLE ALWAYS TRIGGER children_go_too")
        for row in kept:
            keys.execute("INSERT INTO children (entry, stream, person) VALUES (%s, %s, %s)", row)
    async with Service(places) as again:
        assert await known(again) == []
    assert entries(places) == []


# --- nothing spans the record and the index


async def test_an_entry_whose_event_never_came_misleads_nobody_and_is_swept(
    service: Service, places: Databases, monkeypatch: pytest.MonkeyPatch
):
    async def away(entry: object) -> None:
        raise StoreAway("away")

    save = service.store._committer.save
    monkeypatch.setattr(service.store._committer, "save", away)
    with pytest.raises(StoreAway):
        await opened(service)
    monkeypatch.setattr(service.store._committer, "save", save)
    assert ([waits for *_, waits in entries(places)], await known(service)) == ([True, True], [])
    await service.children.sweep()
    assert len(entries(places)) == 2  # it may still come
    monkeypatch.setattr(indexing, "NEVER_CAME", timedelta())
    stands = await opened(service, "Infant Y", name="Omar Ali")
    await service.children.sweep()
    assert {(stream, waits) for stream, _, waits in entries(places)} == {(stands, False)}


KILLED = """
import asyncio, os, pickle, signal, sys
from interfaces import wiring
from interfaces.cli.generate import generated
from tests.application.children.telling import opened

places, when = pickle.loads(bytes.fromhex(sys.argv[1]))

async def main():
    async with wiring.Service(places) as service:
        save = service.store._committer.save

        async def die(entry):
            if when == "after":
                await save(entry)
            os.kill(os.getpid(), signal.SIGKILL)

        service.store._committer.save = die
        await opened(service)

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_between_no_child_is_unknown_for_good(places: Databases, when: str):
    told = pickle.dumps((places, when)).hex()
    ended = subprocess.run([sys.executable, "-c", KILLED, told], cwd=Path.cwd(), env=os.environ, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    async with wiring.Service(places) as service:
        streams = await service.store.streams("case/")
        assert (len(streams), await known(service)) == (int(when == "after"), streams)
        if not streams:
            again = await opened(service)  # asked again, as somebody would
            assert await known(service) == [again]


async def test_where_the_index_is_away_nothing_is_recorded(service: Service, monkeypatch: pytest.MonkeyPatch):
    async def away(*_: object) -> None:
        raise StoreAway("away")

    monkeypatch.setattr(service.children._database, "ask", away)
    with pytest.raises(StoreAway):
        await opened(service)
    assert await service.store.streams("case/") == []


async def test_a_name_that_could_not_be_taken_out_is_not_found_all_the_same(
    service: Service, places: Databases, monkeypatch: pytest.MonkeyPatch
):
    stream = await opened(service)

    async def away(*_: object, **__: object) -> None:
        raise StoreAway("away")

    with monkeypatch.context() as patched:
        patched.setattr(service.children, "_settle", away)
        await ask(service, stream, corrected(children__0__name="Zara Aly"), MANAGER)
    assert (len(entries(places)), await known(service), await known(service, "Zara Aly")) == (4, [], [stream])
    monkeypatch.setattr(indexing, "NEVER_CAME", timedelta())
    await service.children.again()
    assert len(entries(places)) == 2


async def test_corrections_at_once_lose_no_child(service: Service):
    stream = await opened(service)
    names = ["Zara Aly", "Sarah Ali", "Sarai Ali", "Sara Alli", "Sara Aly"]
    await asyncio.gather(*(ask(service, stream, corrected(children__0__name=name), MANAGER) for name in names), return_exceptions=True)
    found = [name for name in [*names, "Sara Ali"] if await known(service, name)]
    bodies = await service.store.bodies(stream, await service.store.history(stream))
    assert found == [bodies[max(bodies)]["names"][0]["words"]]


# --- stores that were there before it


async def test_a_store_that_has_no_index_yet_makes_it_from_the_record(service: Service, places: Databases):
    stream = await opened(service)
    renamed = await opened(service, "Infant Y")
    await ask(service, renamed, corrected(children__0__name="Zara Aly"), MANAGER)
    erased = await opened(service, "Infant Z", name="Omar Ali")
    await ask(service, erased, ErasePerson(person=await child(service, erased), basis="b", because="c"), GOVERNANCE)
    as_owner_of_the_keys(places, "DELETE FROM children; DELETE FROM child_index")
    async with Service(places) as later:
        await later.children.made()
        assert await known(later) == [stream]
        assert await known(later, "Zara Aly") == [renamed]
        assert await known(later, "Omar Ali") == []
        assert {waits for *_, waits in entries(places)} == {False}


async def test_until_it_is_whole_nobody_is_told_that_a_child_is_not_known(service: Service):
    await opened(service)
    await service.children.doubt()
    with pytest.raises(BeingMade):
        await known(service)
    assert (await service.readiness())["children"] == "being made"
    await service.children.again()
    assert (await service.readiness())["children"] == "whole"
    assert len(await known(service)) == 1


async def test_what_is_missing_is_entered_again(service: Service, places: Databases):
    stream = await opened(service)
    as_owner_of_the_keys(places, "DELETE FROM children")
    assert await known(service) == []
    await service.children.again()
    assert await known(service) == [stream]


async def test_another_form_of_names_makes_it_again(service: Service, places: Databases, monkeypatch: pytest.MonkeyPatch):
    stream = await opened(service)
    before = entries(places)
    monkeypatch.setattr(naming, "FORM", naming.FORM + 1)
    async with Service(places) as later:
        await later.children.made()
        assert await known(later) == [stream]
    monkeypatch.undo()
    assert len(entries(places)) == len(before)
    with pytest.raises(StoreAway, match="a form that this version does not know"):
        await known(service)


# --- under a new key


async def test_under_a_new_key_children_are_known_and_the_old_key_is_gone(service: Service, places: Databases):
    stream = await opened(service)
    assert await service.children.under_a_new_key() == 1
    assert await known(service) == [stream]
    assert (await service.store.keys.get([indexing.FIRST_KEY]))[indexing.FIRST_KEY] is None
    later = await opened(service, "Infant Y")
    assert {*await known(service)} == {stream, later}


async def test_whoever_had_the_old_key_at_hand_enters_under_the_new_one(service: Service, places: Databases):
    first = await opened(service)
    async with Service(places) as other:
        await other.children.under_a_new_key()
    second = await opened(service, "Infant Y")
    assert {*await known(service)} == {first, second}


# --- what it gives away


async def test_an_export_of_the_store_has_none_of_it(service: Service, places: Databases, tmp_path: Path):
    await opened(service)
    with psycopg.connect(places.record) as record:
        done = export_store(record, tmp_path / "everything", {})
        assert record.execute("SELECT to_regclass('children'), to_regclass('child_index')").fetchone() == (None, None)
    kept = {bytes(entry).hex().encode() for entry in naming.entries(await service.store.keys.secret(indexing.FIRST_KEY), "Sara Ali", BORN)}
    assert not {name for name in done.rows if "child" in name}
    for file in (tmp_path / "everything").rglob("*.jsonl.gz"):
        assert not any(entry in gzip.decompress(file.read_bytes()) for entry in kept)


async def test_the_two_databases_hold_no_name_and_no_birth_date(service: Service, places: Databases):
    await opened(service)
    with psycopg.connect(places.owner_keys) as keys:
        rows = repr(keys.execute("SELECT * FROM children").fetchall()).casefold()
    assert "sara" not in rows
    assert "2025-03" not in rows


async def test_without_the_key_an_entry_is_not_to_be_guessed(service: Service, places: Databases):
    await opened(service)
    with psycopg.connect(places.owner_keys) as keys:
        kept = {bytes(entry) for (entry,) in keys.execute("SELECT entry FROM children").fetchall()}
        wrapped = [bytes(row[0]) for row in keys.execute("SELECT wrapped FROM keys WHERE wrapped IS NOT NULL").fetchall()]
    own = await service.store.keys.secret(indexing.FIRST_KEY)
    assert kept == {*naming.entries(own, "Sara Ali", BORN)}
    assert all(kept.isdisjoint(naming.entries(key, "Sara Ali", BORN)) for key in (*wrapped, bytes(32)))


MAY_NOT = (
    "DELETE FROM children", "UPDATE children SET stream = stream", "INSERT INTO children VALUES ('', 'case/1', 'x', NULL)",
    "TRUNCATE children", "UPDATE child_index SET form = 9", "DELETE FROM child_index", "SELECT * FROM child_searches",
    "ALTER TABLE keys DISABLE TRIGGER children_go_too",
)  # fmt: skip


@pytest.mark.parametrize("attempt", MAY_NOT)
def test_the_role_of_the_keys_goes_through_its_functions(places: Databases, attempt: str):
    with psycopg.connect(places.keys) as keys, pytest.raises(psycopg.errors.InsufficientPrivilege):
        keys.execute(attempt.encode())
