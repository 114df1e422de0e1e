"""A case file has all that a checkpoint covers, is the same bytes whenever it is made, and says what it does not show."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime

import jsonschema_rs
import pytest

from application.case_file.disclosing import Reader
from application.cases import Done, NoSuchCase
from application.ledger.notes import Policy, Signer
from application.ledger.reading import NotInLedger
from application.store import mapper
from domain.guidance import EDITIONS
from domain.people import By
from domain.stages.opening import RecordCrossReference
from interfaces import case_files, wiring
from interfaces.publishing import publish_now, signing
from tests.application.case_file.conftest import MADE_ON, Opened
from tests.application.test_stories import IN_AN_EARLIER_ONE, IN_THE_NEWEST_CALENDAR, STORIES, told

pytestmark = pytest.mark.anyio

SHORT = "organisation-christmas-2025"


async def first_case(service, story=SHORT) -> str:
    return next(iter((await told(STORIES[story], service)).cases.values()))


async def cross_reference(service, case: str) -> Done:
    """Something is recorded on a case."""
    clerk = By(person="person-" + "1" * 32, role="business-manager", partnership="bolton")
    command = RecordCrossReference(process="coroner", reference="INQ-7")
    return await service.cases.do(command, clerk, stream=f"case/{case}", at=await service.last_instant())


async def test_the_file_of_a_case_verifies(service, make, check):
    file = await make(await first_case(service))

    found = check(file.made)

    assert (found["exit"], found["fault"]) == (0, None)
    assert found["stream"] == f"case/{file.made.case}"
    assert file.made.place == file.made.recorded == len(file.lines("data/events.jsonl"))


@pytest.mark.slow
@pytest.mark.parametrize("story", IN_THE_NEWEST_CALENDAR)
async def test_every_history_gives_files_that_verify(service, make, check, story):
    for case in (await told(STORIES[story], service)).cases.values():
        found = check((await make(case)).made)
        assert (found["exit"], found["fault"]) == (0, None)


@pytest.mark.slow
@pytest.mark.parametrize("story", IN_AN_EARLIER_ONE)
async def test_a_history_in_an_earlier_calendar_gives_files_that_verify(practice_server, check, story):
    async with wiring.fresh_rehearsal(practice_server, calendar=STORIES[story].calendar) as service:
        cases = (await told(STORIES[story], service)).cases
        publish_now(service.places)
        for case in cases.values():
            made = await case_files.made(service, f"case/{case}", Reader(), on=MADE_ON)
            assert "data/editions/calendars/england-2026.json" not in Opened(made).entries
            assert check(made)["fault"] is None


async def test_the_same_content_is_the_same_bytes(service, make):
    case = await first_case(service)

    first, again = await make(case), await make(case)
    tomorrow = await case_files.made(service, f"case/{case}", Reader(), on=date(2026, 11, 23))

    assert first.made.content == again.made.content
    differing = {name for name, content in Opened(tomorrow).entries.items() if content != first.entries[name]}
    assert differing == {"bag-info.txt", "tagmanifest-sha256.txt"}


async def test_what_is_recorded_after_the_checkpoint_is_not_in_it(service, make, check):
    case = await first_case(service)
    before = await make(case)
    done = await cross_reference(service, case)

    after = await make(case, published=False)

    assert [*after.entries] == [*before.entries]
    assert after.made.recorded == done.place == after.made.place + 1
    assert after.entries["data/events.jsonl"] == before.entries["data/events.jsonl"]
    assert "1 more entry was recorded since" in after.text("data/report.html")
    assert check(after.made)["exit"] == 0
    assert (await make(case)).made.place == done.place


async def test_a_file_made_before_an_erasure_still_verifies_and_one_made_after_says_erased(service, make, check):
    case = await first_case(service, "who-is-on-a-case-and-what-is-erased")
    file = await make(case)
    kept = {line["path"] for line in file.lines("data/words.jsonl") if "words" in line}
    history = await service.store.history(f"case/{case}")
    persons = {leaf[2] for recorded in history for leaf in mapper.leaves(recorded.event) if leaf[2]}
    for person in persons:
        await service.store.keys.destroy(person)

    after = await make(case)

    gone = [line for line in after.lines("data/words.jsonl") if line.get("erased")]
    assert len(gone) > sum("erased" in line for line in file.lines("data/words.jsonl"))
    assert "notifier.name" in kept & {line["path"] for line in gone}
    assert "Bertram Coyle" in file.text("data/report.html")
    assert "Bertram Coyle" not in after.text("data/report.html")
    for made in (file.made, after.made):
        assert check(made)["exit"] == 0


async def test_withheld_words_are_nowhere_in_the_file_and_it_verifies(service, make, check):
    case = await first_case(service)
    everything = await make(case)
    secret = [line["words"] for line in everything.lines("data/words.jsonl") if line["path"] in ("narrative", "rationale")]

    file = await make(case, Reader(withheld=lambda recorded, path: path in ("narrative", "rationale")))

    shown = [line["words"] for line in file.lines("data/words.jsonl") if "words" in line]
    hidden = {words for words in secret if not any(words in other for other in shown)}
    assert hidden
    for words in hidden:
        assert all(words.encode() not in content for content in file.entries.values())
    assert "withheld" in file.text("data/report.html")
    found = check(file.made)
    assert found["exit"] == 0
    assert found["counts"]["withheld"] == sum("withheld" in line for line in file.lines("data/words.jsonl"))


async def test_it_is_said_who_signed_and_under_which_rules(service, make):
    file = await make(await first_case(service))

    (keys,) = file.lines("data/keys.json")
    signers = signing(service.places)
    assert keys == {"log": str(signers["record"].key), "witnesses": [], "quorum": 0}
    adopted = {line["stream"] for line in file.lines("data/supporting.jsonl")}
    assert adopted == {"calendar/england", "procedure/bolton", "procedure/england"}
    for name, content in file.entries.items():
        if name.startswith("data/editions/procedures/"):
            edition = name.rpartition("/")[2].removesuffix(".toml")
            assert hashlib.sha256(content).hexdigest() == EDITIONS[edition].digest
    about = file.text("bag-info.txt").splitlines()
    assert about[0] == "Source-Organization: The safeguarding partners of Bolton"
    assert about[1:3] == [f"External-Identifier: case/{file.made.case}", "Bagging-Date: 2026-11-22"]
    assert about[4] == f"Casetrail-Up-To: {file.made.position}"


async def test_every_body_has_the_shape_that_lies_beside_it(service, make):
    file = await make(await first_case(service))

    for event in file.lines("data/events.jsonl"):
        name = json.loads(event["header"])["name"]
        validator = jsonschema_rs.validator_for(json.loads(file.entries[f"data/schemas/{name}.json"]))
        assert [error.message for error in validator.iter_errors(json.loads(event["body"]))] == []


async def test_before_a_checkpoint_there_is_no_file_and_of_no_case_there_is_none(service, make):
    case = await first_case(service)

    with pytest.raises(NotInLedger):
        await make(case, published=False)
    with pytest.raises(NoSuchCase):
        await make("00000000-0000-4000-8000-000000000000")


async def test_where_witnesses_are_asked_for_the_file_goes_as_far_as_they_cosigned(service, make, publish, check):
    witness = Signer("witness", "icb.example.org", b"\x07" * 32)
    service.ledger.policy = Policy((witness.key,), 1)
    case = await first_case(service)
    with pytest.raises(NotInLedger, match="witnessed"):
        await make(case)
    note = service.ledger.checkpoint()
    service.ledger.cosign(note.checkpoint.origin, note.checkpoint.size, witness.cosign(note.checkpoint.text, datetime.now(UTC)))
    await cross_reference(service, case)

    file = await make(case)

    assert file.made.recorded == file.made.place + 1
    assert file.lines("data/keys.json")[0]["witnesses"] == [str(witness.key)]
    assert "Cosigned by icb.example.org; 1 of 1 were asked for" in file.text("data/report.html")
    assert check(file.made)["exit"] == 0


async def test_a_case_opened_after_the_checkpoint_is_not_covered_yet(service, make, publish):
    publish()
    case = await first_case(service)

    with pytest.raises(NotInLedger, match="covers any of it"):
        await make(case, published=False)
