"""Of an entry that is withheld a case file has place and hash and nothing else; what is told of the case is told without it."""

from __future__ import annotations

import json

import pytest

from application.case_file.case_file import NothingShown
from application.case_file.disclosing import Reader, places_withheld
from application.policy.kinds import KINDS
from application.store import mapper
from domain.corrections import CorrectRecord
from domain.people import By
from tests.application.case_file.test_case_file import first_case
from tests.application.case_file.test_report import Page
from tests.application.test_stories import IN_THE_NEWEST_CALENDAR, STORIES, told
from tests.second_verifier import found

pytestmark = pytest.mark.anyio

CLERK = By(person="person-" + "1" * 32, role="business-manager", partnership="bolton")
CHALLENGE = "challenge-upheld"


def without(*names: str) -> Reader:
    """A reader from whom entries of these names are kept."""
    return Reader(withheld_entry=lambda recorded: recorded.name in names)


def without_kind(kind: str) -> Reader:
    return Reader(withheld_entry=lambda recorded: KINDS.events[recorded.name] == kind)


OF_EVERY_CASE = ("data/editions/", "data/schemas/", "data/verify.py", "data/ledger.md")
"""Rules, shapes, the verifier and its page: what is in them is of no case."""


async def no_trace(service, file) -> None:
    """Nothing that only withheld entries say is in the file: no id of a command, person, document, no words. Hashes of entries are."""
    stream = f"case/{file.made.case}"
    hidden = {line["place"] for line in file.lines("data/withheld.jsonl")}
    stored, bodies = await service.store.stored(stream), await service.store.bodies(stream, await service.store.history(stream))
    kept, gone = {one.hash.hex() for one in stored}, set()
    for place, one in enumerate(stored, start=1):
        (gone if place in hidden else kept).update(leaves([json.loads(one.header), json.loads(one.body), bodies[place]]))
    secret = {said for said in gone - kept if len(said) > 20 and not any(said in other for other in kept)}
    assert secret
    content = b"\n".join(held for name, held in file.entries.items() if not name.startswith(OF_EVERY_CASE)).decode()
    assert not [said for said in secret - {*names_in(stored)} if said in content]
    there = {json.loads(line["header"])["name"] for line in file.lines("data/events.jsonl")}
    assert {name.split("/")[2] for name in file.entries if name.startswith("data/schemas/")} == {f"{name}.json" for name in there}
    assert not [name for name in {*names_in(stored)} - there if f'"{name}' in content]


def names_in(stored) -> list[str]:
    return [json.loads(one.header)["name"] for one in stored]


def leaves(value) -> list[str]:
    if isinstance(value, dict):
        return [text for below in value.values() for text in leaves(below)]
    return (
        [text for below in value for text in leaves(below)]
        if isinstance(value, list | tuple)
        else [value]
        if isinstance(value, str)
        else []
    )


async def test_it_is_proved_as_far_as_it_is_shown(service, make, check):
    case = await first_case(service, CHALLENGE)

    file = await make(case, without("challenge-raised", "decision-fed-back"))

    withheld = [line["place"] for line in file.lines("data/withheld.jsonl")]
    shown = [line["place"] for line in file.lines("data/events.jsonl")]
    assert sorted([*withheld, *shown]) == [*range(1, file.made.place + 1)]
    told_of = check(file.made)
    assert (told_of["exit"], told_of["fault"], told_of["verdict"]) == (3, None, "intact, as far as shown")
    assert found(file.made.content) == ([], withheld)
    assert told_of["withheld"] == withheld
    assert file.text("bag-info.txt").endswith("\nCasetrail-Form: 2\n")
    assert f"It has {len(shown)} of the {file.made.place} events of the case" in file.text("data/README.txt")
    await no_trace(service, file)


async def test_where_nothing_is_withheld_the_file_is_as_it_always_was(service, make):
    case = await first_case(service)
    plain = await make(case)

    asked = await make(case, without("report-drafted"))

    assert asked.made.content == plain.made.content
    assert "data/withheld.jsonl" not in plain.entries
    assert len(plain.text("bag-info.txt").splitlines()) == 5
    assert "withheld" not in plain.text("data/README.txt")


async def test_the_page_has_an_empty_row_and_tells_the_rest_without_it(service, make):
    case = await first_case(service, CHALLENGE)
    whole = Page((await make(case)).text("data/report.html"))

    file = await make(case, without("challenge-raised", "challenge-resolved", "escalation-level-entered"))

    read = Page(file.text("data/report.html"))
    hidden = [line["place"] for line in file.lines("data/withheld.jsonl")]
    assert f"{len(hidden)} of the {file.made.place} entries are withheld" in read
    assert f"{hidden[0]} withheld" in read
    assert "No entry shown raises one." in read
    assert "Challenge-1 (on threshold-1)" in whole
    assert "Challenge-1 (on threshold-1)" not in read
    ids = {found["id"] for _, found in read.tags if "id" in found}
    assert {found["href"][1:] for tag, found in read.tags if tag == "a" and found["href"]} <= ids


async def test_it_is_not_said_that_something_has_not_happened(service, make):
    case = await first_case(service, "child-j")
    whole = Page((await make(case)).text("data/report.html"))
    assert "Overdue, by" in whole

    read = Page((await make(case, without("agency-report-received"))).text("data/report.html"))

    assert "Overdue" not in read
    assert "No entry shown ends it" in read
    for claim in "Nobody dissented", "Still open", "Not recorded as done", "None was raised", "None has been issued", "the record lacks":
        assert claim not in read


async def test_what_had_not_reached_somebody_is_not_told_where_what_was_sent_may_be_withheld(service, make):
    case = await first_case(service, CHALLENGE)
    whole = Page((await make(case)).text("data/report.html"))
    assert "Was sent entry 8" in whole

    read = Page((await make(case, without("notification-shared"))).text("data/report.html"))

    assert "Not told, since entries are withheld" in read
    assert "As far as is shown: The notification has not been shared with each of the three partners." in read


async def test_a_case_whose_opening_is_withheld_has_no_name(service, make, check):
    case = await first_case(service, CHALLENGE)
    label = (await service.store.history(f"case/{case}"))[0].event.label

    file = await make(case, without("case-opened"))

    read = Page(file.text("data/report.html"))
    assert f"Case {case}" in read
    assert label not in file.text("data/report.html")
    assert check(file.made)["exit"] == 3


async def test_a_last_entry_that_is_withheld_has_no_instant(service, make, check):
    case = await first_case(service)
    last = (await service.store.history(f"case/{case}"))[-1]

    file = await make(case, Reader(withheld_entry=lambda recorded: recorded.place == last.place))

    read = Page(file.text("data/report.html"))
    assert f"As recorded up to entry {last.place} of the case, which the checkpoint" in read
    assert last.hash.hex() in read
    assert (check(file.made)["exit"], check(file.made)["withheld"]) == (3, [last.place])


async def test_of_a_case_that_is_withheld_whole_there_is_no_file(service, make):
    case = await first_case(service)

    with pytest.raises(NothingShown, match="No entry of this case"):
        await make(case, Reader(withheld_entry=lambda recorded: True))


async def test_what_corrects_a_withheld_entry_goes_with_it(service, make):
    case = await first_case(service)
    command = CorrectRecord(event_place=1, correction={"incident.summary": "It was in the yard."}, because="The place was wrong.")
    done = await service.cases.do(command, CLERK, stream=f"case/{case}", at=await service.last_instant())

    file = await make(case, without("case-opened"))

    assert [line["place"] for line in file.lines("data/withheld.jsonl")] == [1, done.place]
    assert "in the yard" not in file.text("data/words.jsonl") + file.text("data/report.html")


async def test_what_could_be_guessed_from_its_hash_takes_its_command_with_it(service):
    case = await first_case(service, CHALLENGE)
    stored = await service.store.stored(f"case/{case}")
    history = await service.store.history(f"case/{case}")
    (begun,) = (recorded for recorded in history if recorded.name == "rapid-review-initiated")
    assert not mapper.body_keys(stored[begun.place - 1].body)
    together = {recorded.place for recorded in history if recorded.header.command == begun.header.command}
    assert len(together) > 1

    assert places_withheld(stored, without("rapid-review-initiated")) == together
    sealed = next(r for r in history if r.place in together and mapper.body_keys(stored[r.place - 1].body))
    assert places_withheld(stored, without(sealed.name)) & together == {sealed.place}


async def test_editions_that_only_withheld_entries_name_are_not_in_it(service, make, check):
    case = await first_case(service, "barnet-when-the-edition-changes")
    whole = await make(case)
    first = json.loads(whole.lines("data/events.jsonl")[0]["header"])["procedure"]
    named = {edition for line in whole.lines("data/events.jsonl") for edition in json.loads(line["header"])["procedure"] if edition}
    only_later = named - set(first)
    assert only_later

    file = await make(
        case, Reader(withheld_entry=lambda recorded: bool({recorded.procedure.local, recorded.procedure.national} & only_later))
    )

    assert not [name for name in file.entries for edition in only_later if name == f"data/editions/procedures/{edition}.toml"]
    assert check(file.made)["exit"] == 3


@pytest.mark.slow
@pytest.mark.parametrize("story", IN_THE_NEWEST_CALENDAR)
async def test_every_history_without_any_one_kind_gives_files_that_two_verifiers_pass(service, make, story):
    for case in (await told(STORIES[story], service)).cases.values():
        history = await service.store.history(f"case/{case}")
        for kind in {KINDS.events[recorded.name] for recorded in history}:
            try:
                file = await make(case, without_kind(kind))
            except NothingShown:
                continue
            faults, withheld = found(file.made.content)
            assert faults == []
            assert withheld
            await no_trace(service, file)
            Page(file.text("data/report.html"))
