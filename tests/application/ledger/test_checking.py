"""Somebody who owns the database changes what is recorded. What a check of everything finds of it."""

from __future__ import annotations

import psycopg
import pytest

from application.ledger.checking import Findings, check
from application.ledger.notes import Policy, Signer
from tests.application.ledger.conftest import AT, SIGNING
from tests.application.store.examples import StoryTold, save

pytestmark = pytest.mark.anyio

KEYS = {log: signer.key for log, signer in SIGNING.items()}
ONE, OTHER = "test/one", "test/other"
TOLD = StoryTold(kind="one", told="What nobody should change")

TABLES = (
    "events", "commands", "labels", "looks",
    "ledger_tiles", "ledger_segments", "ledger_checkpoints", "ledger_cosignatures", "ledger_timestamps",
)  # fmt: skip
RECHAINED = """
DO $$
DECLARE
    link bytea := decode(repeat('00', 32), 'hex');
    e    record;
BEGIN
    FOR e IN SELECT * FROM events WHERE originator_id = '{stream}' ORDER BY originator_version LOOP
        link := sha256('\\x01'::bytea || link || int4send(length(e.header)) || e.header || int4send(length(e.state)) || e.state);
        UPDATE events SET hash = link WHERE originator_id = e.originator_id AND originator_version = e.originator_version;
    END LOOP;
END
$$"""
"""The chain of a stream made anew, so that it holds again."""


@pytest.fixture
async def found(store, kept, as_owner):
    """Two streams, published; what a check finds after the owner has done something."""
    for place in range(4):
        await store.append(save(ONE, place, TOLD))
        await store.append(save(OTHER, place, TOLD))
    kept.publish()

    def after(*deeds: str, **more) -> Findings:
        with psycopg.connect(kept.pair.owner(), autocommit=True) as owner:
            for table in TABLES:
                owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            for deed in deeds:
                owner.execute(deed)
            return check(owner, more.pop("keys", KEYS), more.pop("policy", Policy()), **more)

    return after


async def test_what_nobody_touched_is_sound(found):
    findings = found()
    assert findings.faults == []
    assert (findings.events, findings.streams, findings.checkpoints) == (8, 2, 1)


async def test_a_body_is_altered(found):
    findings = found(f"UPDATE events SET state = state || ' ' WHERE originator_id = '{ONE}' AND originator_version = 2")
    assert findings.faults == ["test/one 2 (position 3): its hash is not that of its bytes and the event before it."]


async def test_a_header_is_altered(found):
    findings = found(
        f"UPDATE events SET header = replace(convert_from(header, 'UTF8'), '\"place\":2', '\"place\":7')::bytea"
        f" WHERE originator_id = '{ONE}' AND originator_version = 2"
    )
    assert "test/one 2 (position 3): its header says another stream, place, name or instant than its row." in findings.faults


async def test_a_body_is_altered_and_the_chain_made_anew(found):
    findings = found(
        f"UPDATE events SET state = state || ' ' WHERE originator_id = '{ONE}' AND originator_version = 2", RECHAINED.format(stream=ONE)
    )
    assert findings.faults == [
        "The checkpoint of record at 8 has another root than the entries: one of them was altered, put in or taken out.",
        "The checkpoint of record at 8 has another map of heads than the entries: a stream would end elsewhere.",
    ]


async def test_an_event_is_taken_from_the_middle(found):
    findings = found(f"DELETE FROM events WHERE originator_id = '{ONE}' AND originator_version = 2")
    assert findings.faults[0] == "test/one 3 (position 5): it follows place 1; 2..2 are missing."


async def test_the_tail_of_a_stream_is_cut_off(found):
    findings = found(
        f"DELETE FROM events WHERE originator_id = '{ONE}' AND originator_version = 4",
        f"DELETE FROM commands WHERE stream = '{ONE}' AND first = 4",
    )
    assert findings.faults == ["The checkpoint of record at 8 covers 1 more than there are: the end of the log was cut off."]


async def test_the_end_of_the_log_is_cut_off_and_what_was_published_of_it_too(found, ledger):
    kept = ledger.checkpoint()
    deeds = [
        "DELETE FROM events WHERE originator_version = 4", "DELETE FROM commands WHERE first = 4",
        "TRUNCATE ledger_cosignatures, ledger_timestamps, ledger_checkpoints",
    ]  # fmt: skip
    assert found(*deeds).faults == []  # nothing left here can show it
    findings = found(kept=[kept])
    assert findings.faults == ["The checkpoint of record at 8 that was kept covers 2 more than there are: the end of the log was cut off."]


async def test_everything_is_made_anew_with_the_log_s_own_key(found, ledger, kept):
    before = ledger.checkpoint()
    found(
        f"UPDATE events SET state = state || ' ' WHERE originator_id = '{ONE}' AND originator_version = 2",
        RECHAINED.format(stream=ONE),
        "TRUNCATE ledger_cosignatures, ledger_timestamps, ledger_checkpoints",
    )
    kept.publish()
    assert found().faults == []
    assert found(kept=[before]).faults[0].startswith("The checkpoint of record at 8 that was kept has another root")


async def test_an_event_is_put_in(found):
    findings = found(
        "INSERT INTO events (originator_id, originator_version, topic, state, header, at, hash)"
        f" SELECT originator_id, 5, topic, state, header, at, hash FROM events WHERE originator_id = '{ONE}' AND originator_version = 4"
    )
    assert "test/one 5 (position 9): its hash is not that of its bytes and the event before it." in findings.faults
    assert "There are 9 events, and answers to commands for 8." in findings.faults


async def test_two_events_change_places(found):
    findings = found(
        f"UPDATE events SET originator_version = 10 - originator_version WHERE originator_id = '{ONE}' AND originator_version IN (3)",
        f"UPDATE events SET originator_version = 3 WHERE originator_id = '{ONE}' AND originator_version = 4",
        f"UPDATE events SET originator_version = 4 WHERE originator_id = '{ONE}' AND originator_version = 7",
    )
    assert not findings.sound


async def test_a_signature_by_another_key(found):
    another = {log: Signer("log", signer.name, b"\x09" * 32).key for log, signer in SIGNING.items()}
    assert found(keys=another).faults == ["The checkpoint of record at 8 is not signed by the key of example.org/casetrail/record."]


async def test_a_cosignature_that_does_not_hold(found, ledger):
    witness = Signer("witness", "example.org/icb", b"\x02" * 32)
    line = witness.cosign(ledger.checkpoint().checkpoint.text.replace("\n8\n", "\n9\n"), AT)
    findings = found(
        f"INSERT INTO ledger_cosignatures (log, size, witness, line) VALUES ('record', 8, '{witness.name}', '{line}')",
        policy=Policy((witness.key,), 1),
    )
    assert findings.faults == ["The checkpoint of record at 8 has a cosignature by example.org/icb that does not hold."]


async def test_a_tile_that_is_not_made_of_its_entries(store, kept, found):
    for place in range(4, 300, 37):
        await store.append(save(ONE, place, *[TOLD] * 37))
    kept.publish()
    assert found().faults == []
    findings = found("UPDATE ledger_tiles SET hashes = sha256('x') || substr(hashes, 33)")
    assert findings.faults == ["Tile 0/0 of record is not made of its entries."]


async def test_a_segment_that_does_not_hold_what_the_rows_hold(store, kept, found):
    for place in range(4, 300, 37):
        await store.append(save(ONE, place, *[TOLD] * 37))
    kept.publish()
    findings = found("UPDATE ledger_segments SET events = events || ' '")
    assert findings.faults == ["Segment 0 does not hold the events that the rows hold."]


async def test_an_answer_to_a_command_that_points_elsewhere(found):
    findings = found(f"UPDATE commands SET position = position + 1 WHERE stream = '{ONE}' AND first = 2")
    assert findings.faults == ["The answer kept for a command is not where it says: test/one 2..2."]


async def test_a_look_that_was_altered(found):
    note = 'SELECT note_looks(ARRAY[\'11111111-1111-1111-1111-111111111111\']::uuid[], ARRAY[\'{"v":1,"id":"11111111-1111-1111-1111-111111111111","by":{"person":"person-1","role":"business-manager"},"capacity":"business-manager","view":"history","outcome":"shown","policy":"rehearsal","position":1,"at":"\']::bytea[], NULL, ARRAY[\'person-1\'], ARRAY[\'history\'], ARRAY[\'shown\'], ARRAY[1], ARRAY[\'test/one\'], ARRAY[1]::bigint[], ARRAY[NULL]::text[])'  # noqa: E501
    assert found(note).faults == []
    findings = found("UPDATE looks SET record = replace(convert_from(record, 'UTF8'), 'history', 'history ')::bytea")
    assert findings.faults == [
        "Look 1: its hash is not that of its bytes.",
        "Look 1: it says another id, instant, person, view or outcome than its row.",
    ]
