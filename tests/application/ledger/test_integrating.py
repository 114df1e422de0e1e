"""What is recorded becomes leaves of the log, and what is published of it holds for good."""

from __future__ import annotations

import psycopg
import pytest

from application.ledger.entries import Step, blinded, steps
from application.ledger.heads import Head, proves, proves_absent
from application.ledger.integrating import Diverged, Integrating, signers
from application.ledger.notes import Policy, Signer, Unsound
from application.ledger.reading import NotAWitness, NotInLedger
from application.ledger.tree import WIDTH, Growing, check_consistency, check_inclusion, leaf_hash
from tests.application.ledger.conftest import AT, SIGNING
from tests.application.store.conftest import stored
from tests.application.store.examples import StoryTold, save

pytestmark = pytest.mark.anyio

ONE, OTHER = "case/one", "case/other"
TOLD = StoryTold(kind="one")


async def record(store, stream, place, events=1):
    """So many events on a stream, in saves of at most fifty."""
    while events:
        many = min(events, 50)
        place = (await store.append(save(stream, place, *[TOLD] * many))).place
        events -= many
    return place


async def test_every_event_is_a_leaf_in_the_order_of_the_log(store, kept, ledger, as_owner):
    await record(store, ONE, 0, 3)
    await record(store, OTHER, 0, 2)
    await record(store, ONE, 3, 1)
    kept.publish()
    checkpoint = ledger.checkpoint().checkpoint
    tree, heads = Growing(), {}
    for row in stored(as_owner):
        salt, key = ledger.stream(row.stream)
        assert key == blinded(salt, row.stream)
        tree.add(leaf_hash(Step(key, row.place, heads.get(row.stream, bytes(32)), row.hash).entry()))
        heads[row.stream] = row.hash
    assert (checkpoint.size, checkpoint.root) == (6, tree.root())


async def test_an_event_is_proved_by_its_position(store, kept, ledger, as_owner):
    await record(store, ONE, 0, 5)
    kept.publish()
    checkpoint = ledger.checkpoint().checkpoint
    for index, row in enumerate(stored(as_owner)):
        proof = ledger.inclusion("record", row.position, checkpoint.size)
        assert proof.index == index
        check_inclusion(leaf_hash(proof.entry), index, checkpoint.size, proof.path, checkpoint.root)


async def test_whole_tiles_are_kept_and_prove_the_same(store, kept, ledger, as_owner):
    place = await record(store, ONE, 0, 2 * WIDTH + 10)
    kept.publish()
    await record(store, ONE, place, WIDTH)
    kept.publish()
    rows = stored(as_owner)
    small, large = ledger.checkpoint(size=2 * WIDTH + 10).checkpoint, ledger.checkpoint().checkpoint
    for index in (0, 255, 256, 520, 521, 522, 777):
        proof = ledger.inclusion("record", rows[index].position, large.size)
        check_inclusion(leaf_hash(proof.entry), index, large.size, proof.path, large.root)
    check_consistency(small.size, large.size, ledger.consistency("record", small.size, large.size), small.root, large.root)
    assert len(ledger.tile("record", 0, 2)) == WIDTH
    assert len(ledger.tile("record", 0, 3)) == 10
    assert len(ledger.tile("record", 1, 0)) == 3


async def test_entries_are_told_without_saying_whose(store, kept, ledger):
    await record(store, ONE, 0, 300)
    kept.publish()
    told = list(steps(b"".join(ledger.entries("record", 250, 300))))
    _, key = ledger.stream(ONE)
    assert [step.place for step in told] == list(range(251, 301))
    assert {step.blinded for step in told} == {key}
    assert [step.previous for step in told[1:]] == [step.hash for step in told[:-1]]


async def test_the_head_of_a_stream_is_proved_at_every_published_size(store, kept, ledger):
    await record(store, ONE, 0, 2)
    await record(store, OTHER, 0, 1)
    kept.publish()
    await record(store, ONE, 2, 3)
    kept.publish()
    for size, place in ((3, 2), (6, 5)):
        streams, root = ledger.checkpoint(size=size).checkpoint.heads
        head, proof = ledger.head(ONE, size)
        assert (streams, head.place) == (2, place)
        assert proves(root, ledger.stream(ONE)[1], head, proof.siblings)


async def test_a_stream_that_had_not_begun_is_proved_absent(store, kept, ledger):
    await record(store, ONE, 0, 2)
    kept.publish()
    await record(store, OTHER, 0, 1)
    kept.publish()
    head, proof = ledger.head(OTHER, 2)
    assert head.place == 0
    assert proves_absent(ledger.checkpoint(size=2).checkpoint.heads[1], ledger.stream(OTHER)[1], proof)


async def test_nothing_is_published_while_nothing_has_grown(store, kept):
    await record(store, ONE, 0, 2)
    assert [made.size for made in kept.publish()] == [2]
    assert kept.publish() == []


async def test_a_worker_that_was_killed_goes_on_where_its_last_whole_tile_ends(store, kept, ledger, as_owner):
    place = await record(store, ONE, 0, 300)
    with psycopg.connect(kept.worker, autocommit=True) as connection:
        begun = Integrating(connection, "record")
        begun.integrate()
        assert begun.size == 300
    await record(store, ONE, place, 300)
    kept.publish()
    assert len(as_owner("SELECT FROM ledger_tiles WHERE level = 0")) == 2
    proof = ledger.inclusion("record", stored(as_owner)[400].position, 600)
    check_inclusion(leaf_hash(proof.entry), 400, 600, proof.path, ledger.checkpoint().checkpoint.root)


async def test_what_is_recorded_but_not_published_is_visible(store, kept, ledger):
    await record(store, ONE, 0, 2)
    kept.publish()
    await record(store, ONE, 2, 3)
    standing = ledger.standing()
    assert (standing.sequenced, standing.published, standing.waiting) == (5, 2, 3)
    assert standing.since is not None


async def test_entries_are_told_as_far_as_they_are_published(store, kept, ledger):
    """What is recorded meanwhile, in streams that have no salt yet among others, has no index yet that could be told."""
    await record(store, ONE, 0, 3)
    kept.publish()
    await record(store, OTHER, 0, 1)
    await record(store, ONE, 3, 1)
    assert len(ledger.entries("record", 0, 10)) == len(ledger.tile("record", 0, 0)) == 3
    kept.publish()
    assert len(ledger.entries("record", 0, 10)) == 5


async def test_the_last_that_counts_as_witnessed_is_found_behind_many_that_do_not(store, kept):
    ledger = kept.asked(POLICY)
    for size in (1, 2, 3):
        await record(store, ONE, size - 1, 1)
        kept.publish()
    note = ledger.checkpoint(size=1)
    for witness in WITNESSES[:2]:
        ledger.cosign(note.checkpoint.origin, 1, witness.cosign(note.checkpoint.text, AT))
    assert ledger.checkpoint(witnessed=True).checkpoint.size == ledger.standing().witnessed == 1
    ledger.close()


async def test_a_proof_is_not_given_of_what_is_not_published(store, kept, ledger, as_owner):
    await record(store, ONE, 0, 2)
    kept.publish()
    await record(store, ONE, 2, 1)
    with pytest.raises(NotInLedger, match="recorded, but not covered"):
        ledger.inclusion("record", stored(as_owner)[2].position, 2)
    with pytest.raises(NotInLedger, match="no checkpoint of size 3"):
        ledger.inclusion("record", 1, 3)


async def test_a_log_cut_short_is_not_published_again(store, kept, as_owner):
    await record(store, ONE, 0, 3)
    kept.publish()
    as_owner("ALTER TABLE events DISABLE TRIGGER ALL")
    as_owner("DELETE FROM events WHERE originator_version = 3")
    with pytest.raises(Diverged, match="has 2 entries, and 3 were published"):
        kept.publish()


async def test_a_log_with_another_past_is_not_published_again(store, kept, as_owner):
    await record(store, ONE, 0, 3)
    kept.publish()
    as_owner("ALTER TABLE events DISABLE TRIGGER ALL")
    as_owner("UPDATE events SET hash = sha256('another') WHERE originator_version = 2")
    with pytest.raises(Diverged, match="another root"):
        kept.publish()


async def test_an_event_taken_from_the_middle_is_not_integrated_over(store, kept, as_owner):
    await record(store, ONE, 0, 3)
    as_owner("ALTER TABLE events DISABLE TRIGGER ALL")
    as_owner("DELETE FROM events WHERE originator_version = 2")
    with pytest.raises(Diverged, match="stands place 3 of a stream whose last place is 1"):
        kept.publish()


async def test_the_key_of_a_log_is_known_from_its_first_checkpoint_on(store, kept, ledger):
    with pytest.raises(NotInLedger):
        ledger.key()
    await record(store, ONE, 0, 1)
    kept.publish()
    assert ledger.key() == SIGNING["record"].key


async def test_another_key_cannot_take_the_log_over(store, kept):
    await record(store, ONE, 0, 1)
    kept.publish()
    await record(store, ONE, 1, 1)
    with pytest.raises(Diverged, match="it would be a fork"):
        kept.publish(signers(b"\x02" * 32))


async def test_what_is_published_cannot_be_taken_back(store, kept, as_owner):
    await record(store, ONE, 0, 1)
    kept.publish()
    for table in ("ledger_streams", "ledger_logs", "ledger_checkpoints"):
        for deed in ("DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                as_owner(deed.format(table))


# --- witnesses


WITNESSES = [Signer("witness", f"example.org/{name}", bytes([n]) * 32) for n, name in enumerate(("la", "icb", "gmp"), 2)]
POLICY = Policy(tuple(witness.key for witness in WITNESSES), 2)


async def test_a_checkpoint_counts_as_witnessed_once_enough_have_cosigned(store, kept):
    await record(store, ONE, 0, 1)
    kept.publish()
    ledger = kept.asked(POLICY)
    for witness, enough in zip(WITNESSES, (False, True, True), strict=True):
        note = ledger.checkpoint()
        ledger.cosign(note.checkpoint.origin, 1, witness.cosign(note.checkpoint.text, AT))
        assert POLICY.witnessed(ledger.checkpoint()) is enough
    assert ledger.checkpoint(witnessed=True).cosigned_by(POLICY.witnesses) == [witness.name for witness in WITNESSES]
    ledger.close()


async def test_nobody_else_s_cosignature_is_taken_in(store, kept):
    await record(store, ONE, 0, 1)
    kept.publish()
    ledger = kept.asked(POLICY)
    note = ledger.checkpoint()
    stranger = Signer("witness", WITNESSES[0].name, b"\x09" * 32)
    with pytest.raises(NotAWitness):
        ledger.cosign(note.checkpoint.origin, 1, stranger.cosign(note.checkpoint.text, AT))
    with pytest.raises(NotAWitness):
        ledger.cosign(note.checkpoint.origin, 1, WITNESSES[0].cosign(note.checkpoint.text.replace("\n1\n", "\n2\n"), AT))
    with pytest.raises(Unsound):
        ledger.cosign(note.checkpoint.origin, 1, "— nonsense")
    with pytest.raises(NotInLedger):
        ledger.cosign(note.checkpoint.origin, 7, WITNESSES[0].cosign(note.checkpoint.text, AT))
    ledger.close()


async def test_the_heads_of_many_streams(store, kept, ledger):
    for n in range(20):
        await record(store, f"case/{n}", 0, 1 + n % 3)
    kept.publish()
    checkpoint = ledger.checkpoint().checkpoint
    for n in range(20):
        head, proof = ledger.head(f"case/{n}", checkpoint.size)
        assert head == Head(1 + n % 3, head.hash)
        assert proves(checkpoint.heads[1], ledger.stream(f"case/{n}")[1], head, proof.siblings)


def test_the_two_logs_have_names_of_their_own():
    assert [SIGNING[log].name for log in ("record", "access")] == ["example.org/casetrail/record", "example.org/casetrail/access"]
