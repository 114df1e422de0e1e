"""What goes in: in order, chained, once; and what is refused."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from application.store.chain import ORIGIN, faults, link
from application.store.store import AlreadyAsked, Conflict, InstantNotAllowed, LabelTaken, Store
from tests.application.store.conftest import Sql, stored
from tests.application.store.examples import StoryTold, plain, save
from tests.application.store.pairs import Pair

pytestmark = pytest.mark.anyio


async def test_what_was_appended_is_read_back_with_its_envelope(store: Store):
    appended = await store.append(save("case/1", 0, StoryTold(kind="first"), StoryTold(kind="second"), seen=0, key="ab" * 32))
    first, second = await store.history("case/1")
    assert plain(first, second) == plain(*appended.recorded)
    assert (first.place, second.place) == (1, 2)
    assert first.at == second.at == appended.at
    assert first.header.command == second.header.command
    assert first.event.kind == "first"
    assert appended.position == second.position > first.position
    assert first.by.role == "business-manager"
    assert first.header.seen == 0


async def test_the_chain_can_be_recomputed_from_the_stored_bytes(store: Store, as_owner: Sql):
    await store.append(save("case/1", 0, StoryTold(), StoryTold()))
    await store.append(save("case/1", 2))
    previous = ORIGIN
    for header, body, hash_ in as_owner("SELECT header, state, hash FROM events ORDER BY notification_id"):
        previous = link(previous, bytes(header), bytes(body))
        assert previous == bytes(hash_)


async def test_the_stored_header_ends_with_the_instant_in_microseconds(store: Store, as_owner: Sql):
    appended = await store.append(save())
    ((header,),) = as_owner("SELECT header FROM events")
    assert bytes(header).endswith(f',"at":"{appended.at:%Y-%m-%dT%H:%M:%S.%f}Z"}}'.encode())
    assert bytes(header).startswith(b'{"v":1,"stream":"case/1","place":1,"name":"test-story-told","schema":1,"on":"2026-03-02","by":{')


async def test_a_stream_that_has_moved_on_is_a_conflict_and_nothing_is_recorded(store: Store):
    await store.append(save("case/1", 0))
    with pytest.raises(Conflict) as refused:
        await store.append(save("case/1", 0))
    assert (refused.value.expected, refused.value.place) == (0, 1)
    with pytest.raises(Conflict):
        await store.append(save("case/1", 5))
    assert len(await store.history("case/1")) == 1


async def test_of_many_who_write_at_once_each_place_has_one_winner(store: Store):
    answers = await asyncio.gather(*(store.append(save("case/1", 0)) for _ in range(40)), return_exceptions=True)
    assert sum(not isinstance(answer, Exception) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 39


@pytest.mark.parametrize("where", [0, 20, 39])
async def test_a_conflict_does_not_take_the_rest_of_its_batch_with_it(store: Store, as_owner: Sql, where: int):
    await store.append(save("case/moved", 0))
    saves = [save(f"case/{n}", 0, StoryTold(kind=f"of {n}"), StoryTold(kind=f"and {n}"), request_digest=str(n)) for n in range(40)]
    saves.insert(where, save("case/moved", 0, StoryTold(kind="no"), StoryTold(kind="no")))
    answers = await asyncio.gather(*map(store.append, saves), return_exceptions=True)
    assert [i for i, answer in enumerate(answers) if isinstance(answer, Exception)] == [where]
    assert isinstance(answers[where], Conflict)
    for n in range(40):
        assert [r.event.kind for r in await store.history(f"case/{n}")] == [f"of {n}", f"and {n}"]
    assert list(faults(stored(as_owner))) == []
    told = as_owner("SELECT stream, first, last, request FROM commands WHERE request IS NOT NULL ORDER BY position")
    assert sorted(told) == sorted((f"case/{n}", 1, 2, str(n)) for n in range(40))


async def test_where_a_whole_batch_is_refused_nothing_is_recorded(store: Store):
    await store.append(save("case/moved", 0))
    answers = await asyncio.gather(*(store.append(save("case/moved", 0)) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(answer, Conflict) for answer in answers)
    assert len(await store.page(0, 100)) == 1


async def test_saves_that_follow_each_other_on_a_stream_may_share_a_batch(store: Store):
    answers = await asyncio.gather(*(store.append(save("case/1", n)) for n in range(10)))
    assert [answer.place for answer in answers] == list(range(1, 11))
    assert len({answer.at for answer in answers}) == 10


async def test_a_label_is_used_once_in_a_partnership_however_it_is_written(store: Store):
    await store.append(save("case/1", 0, claims_label=("bolton", "Infant X")))
    with pytest.raises(LabelTaken, match="TOOL-12"):
        await store.append(save("case/2", 0, claims_label=("Bolton", "INFANT  x")))
    assert await store.history("case/2") == []
    await store.append(save("case/3", 0, claims_label=("bury", "Infant X")))


async def test_of_two_who_claim_a_label_at_once_one_gets_it(store: Store):
    answers = await asyncio.gather(
        *(store.append(save(f"case/{n}", 0, claims_label=("bolton", "Child J"))) for n in range(6)), return_exceptions=True
    )
    assert sum(isinstance(answer, LabelTaken) for answer in answers) == 5


async def test_asking_again_gives_the_first_answer_also_after_the_stream_has_moved_on(store: Store):
    asked = save("case/1", 0, StoryTold(), StoryTold(), request_digest="a")
    first = await store.append(asked)
    await store.append(save("case/1", 2))
    with pytest.raises(AlreadyAsked) as again:
        await store.append(asked)
    for answer in (again.value.answer, await store.first_answer(asked.command)):
        assert answer is not None
        assert plain(*answer.recorded) == plain(*first.recorded)
        assert (answer.stream, answer.place, answer.position, answer.at) == (first.stream, first.place, first.position, first.at)
    assert again.value.same_request
    assert await store.first_answer(str(uuid4())) is None


async def test_the_same_command_id_with_another_request_is_told_apart(store: Store):
    command = str(uuid4())
    await store.append(save("case/1", 0, command=command, request_digest="a"))
    with pytest.raises(AlreadyAsked) as again:
        await store.append(save("case/2", 0, command=command, request_digest="b"))
    assert not again.value.same_request
    assert again.value.answer.stream == "case/1"


async def test_asked_twice_at_the_same_moment_it_is_recorded_once(store: Store):
    asked = save("case/1", 0)
    answers = await asyncio.gather(store.append(asked), store.append(asked), store.append(asked), return_exceptions=True)
    assert sum(isinstance(answer, AlreadyAsked) for answer in answers) == 2
    assert len(await store.history("case/1")) == 1


@pytest.mark.parametrize(
    ("blocking", "expected"),
    [
        ("INSERT INTO events VALUES ('case/1', 1, 'x', '', 900, '', now(), repeat('x', 32)::bytea)", Conflict),
        ("INSERT INTO labels VALUES ('bolton', 'child j', 'case/9')", LabelTaken),
        ("INSERT INTO commands VALUES ('00000000-0000-0000-0000-00000000000c', 'a', 'case/0', 1, 1, 1)", AlreadyAsked),
    ],
)
async def test_a_unique_key_that_fails_behind_the_lock_decides_the_answer_too(
    pair: Pair, store: Store, blocking: str, expected: type[Exception]
):
    await store.append(save("case/0", 0))
    asked = save("case/1", 0, claims_label=("bolton", "Child J"), command="00000000-0000-0000-0000-00000000000c", request_digest="a")
    with psycopg.connect(pair.owner()) as rude:  # a writer without the lock, whose commit comes between our look and our insert
        rude.execute(blocking.encode())
        asking = asyncio.gather(*map(store.append, [save("case/2", 0), asked, save("case/3", 0)]), return_exceptions=True)
        await asyncio.sleep(0.3)
        rude.commit()
    before, answer, after = await asking
    assert isinstance(answer, expected)
    assert not isinstance(before, Exception)
    assert not isinstance(after, Exception)


async def test_the_instant_never_goes_back_and_differs_between_commands(store: Store):
    for n in range(20):
        await asyncio.gather(*(store.append(save(f"case/{n}-{i}", 0)) for i in range(5)))
    log = await store.page(0, 1000)
    assert [r.position for r in log] == sorted(r.position for r in log)
    ats = [r.at for r in log]
    assert all(earlier < later for earlier, later in itertools.pairwise(ats))


async def test_a_chosen_instant_is_refused_outside_a_rehearsal(store: Store):
    with pytest.raises(InstantNotAllowed, match="rehearsal only"):
        await store.append(save(at=datetime(2024, 7, 18, 10, tzinfo=UTC)))
    assert await store.page(0, 10) == []


async def test_in_a_rehearsal_the_instant_is_as_chosen_and_never_before_the_last(rehearsal: Store):
    at = datetime(2024, 7, 18, 10, tzinfo=UTC)
    assert (await rehearsal.append(save("case/1", 0, at=at))).at == at
    assert (await rehearsal.append(save("case/1", 1, at=at))).at == at
    with pytest.raises(InstantNotAllowed, match="2024-07-18 10:00:00"):
        await rehearsal.append(save("case/1", 2, at=at - timedelta(microseconds=1)))
    assert (await rehearsal.append(save("case/1", 2))).at > datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_clock_that_stood_ahead_does_not_make_time_run_backwards(rehearsal: Store):
    ahead = datetime.now(UTC) + timedelta(days=400)
    await rehearsal.append(save("case/1", 0, at=ahead))
    assert (await rehearsal.append(save("case/1", 1))).at == ahead + timedelta(microseconds=1)
    assert await rehearsal.now() >= ahead


async def test_now_is_before_whatever_is_recorded_next(store: Store):
    for n in range(30):
        position, now = await store.settled()
        appended = await store.append(save("case/1", n))
        assert appended.at > now
        assert appended.position > position
    assert await store.settled_position() == appended.position


async def test_a_question_about_now_waits_for_a_batch_that_is_being_committed(pair: Pair, store: Store):
    with psycopg.connect(pair.owner()) as writer:
        writer.execute("SELECT pg_advisory_xact_lock(7161132759046187373)")
        asking = asyncio.create_task(store.settled())
        await asyncio.sleep(0.2)
        assert not asking.done()
    await asyncio.wait_for(asking, 5)


async def test_a_history_can_be_cut_at_a_place_or_at_an_instant_it_includes(store: Store):
    second = [await store.append(save("case/1", n)) for n in range(4)][1]
    assert [r.place for r in await store.history("case/1", upto_place=3)] == [1, 2, 3]
    assert [r.place for r in await store.history("case/1", after_place=2)] == [3, 4]
    assert [r.place for r in await store.history("case/1", as_of=second.at)] == [1, 2]
    assert [r.place for r in await store.history("case/1", as_of=second.at - timedelta(microseconds=1))] == [1]
    assert await store.history("case/unknown") == []


async def test_the_log_is_read_in_pages_up_to_a_position(store: Store):
    for n in range(7):
        await store.append(save(f"case/{n}", 0))
    first = await store.page(0, 3)
    rest = await store.page(first[-1].position, 100, upto=first[-1].position + 2)
    assert len(first) == 3
    assert [r.position for r in rest] == [first[-1].position + 1, first[-1].position + 2]
    assert await store.streams("case/") == [f"case/{n}" for n in range(7)]
    assert await store.streams("candidate/") == []


@pytest.mark.parametrize("isolation", [psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE])
async def test_the_function_refuses_to_read_an_old_snapshot(pair: Pair, isolation: psycopg.IsolationLevel):
    with psycopg.connect(pair.service()) as conn:
        conn.isolation_level = isolation
        with pytest.raises(psycopg.Error, match="READ COMMITTED"):
            conn.execute("SELECT append_events('{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}')")


async def test_nul_is_kept_in_words_and_refused_in_names(store: Store):
    appended = await store.append(save("case/1", 0, StoryTold(kind="with \x00 inside", told="before\x00after")))
    (opened,) = await store.open_words(appended.recorded)
    assert opened.event.told == "before\x00after"
    assert opened.event.kind == "with \x00 inside"
    with pytest.raises(ValueError, match="NUL"):
        await store.append(save("case/\x00", 0))
    with pytest.raises(ValueError, match="NUL"):
        await store.append(save("case/2", 0, claims_label=("bolton", "In\x00fant")))
    with pytest.raises(ValueError, match="surrogate"):
        await store.append(save("case/2", 0, StoryTold(told="half \ud800")))


async def test_a_large_event_goes_in_and_out(store: Store):
    words = "é" * 200_000
    appended = await store.append(save("case/1", 0, StoryTold(told=words)))
    assert (await store.open_words(await store.history("case/1")))[0].event.told == words
    assert plain(*appended.recorded) == plain(*await store.history("case/1"))


async def test_faults_are_found_where_a_superuser_tampered(store: Store, as_owner: Sql, pair: Pair):
    for n in range(3):
        await store.append(save("case/1", n))
    as_owner("ALTER TABLE events DISABLE TRIGGER USER")
    as_owner("UPDATE events SET state = '{}' WHERE originator_version = 2")
    rows = stored(as_owner)
    assert [fault.place for fault in faults(rows)] == [2]
    assert [fault.place for fault in faults(rows[:1] + rows[2:])] == [3, 3]
