"""Writers share commits, and outlive the database going away and coming back."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from application.store.chain import faults
from application.store.connections import StoreAway
from application.store.store import Appended, Store
from interfaces.local_postgres import LocalPostgres
from tests.application.store.conftest import Sql, stored
from tests.application.store.examples import StoryTold, save
from tests.application.store.pairs import Pair, make_pair, make_templates, short_folder

pytestmark = pytest.mark.anyio

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'casetrail-append'"


async def test_whatever_waited_is_one_commit(store: Store, as_owner: Sql):
    await store.append(save("case/first", 0))
    before = store._committer.batches
    await asyncio.gather(*(store.append(save(f"case/{n}", 0)) for n in range(60)))
    assert store._committer.batches - before <= 4
    assert len(as_owner("SELECT FROM events")) == 61


async def test_one_who_no_longer_waits_does_not_hold_up_the_others(store: Store):
    tasks = [asyncio.create_task(store.append(save(f"case/{n}", 0))) for n in range(20)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(answers[3], asyncio.CancelledError)
    assert sum(isinstance(answer, Appended) for answer in answers) == 19


async def test_what_waits_when_the_store_is_closed_is_recorded_first(pair: Pair, key_file: Path, as_owner: Sql):
    store = pair.store(key_file)
    await store.open()
    tasks = [asyncio.create_task(store.append(save(f"case/{n}", 0, StoryTold(kind="x")))) for n in range(200)]
    await asyncio.sleep(0.001)
    await store.close()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    recorded = sum(isinstance(answer, Appended) for answer in answers)
    assert len(as_owner("SELECT FROM events")) == recorded
    with pytest.raises(StoreAway, match="closed"):
        await store.append(save("case/late", 0, StoryTold(kind="x")))


async def test_a_connection_that_was_cut_is_replaced_and_nothing_is_lost_or_doubled(pair: Pair, store: Store, as_owner: Sql):
    stop = asyncio.Event()

    async def cut() -> None:
        while not stop.is_set():
            await asyncio.sleep(0.1)
            await asyncio.to_thread(as_owner, CUT)

    async def write(name: int) -> int:
        for n in range(30):
            appended = await store.append(save(f"case/{name}", n, StoryTold(told="kept", kind=str(n))))
            assert appended.place == n + 1
        return name

    cutting = asyncio.create_task(cut())
    try:
        await asyncio.gather(*map(write, range(8)))
    finally:
        stop.set()
        await cutting
    for name in range(8):
        assert [r.event.kind for r in await store.history(f"case/{name}")] == [str(n) for n in range(30)]
    assert list(faults(stored(as_owner))) == []


async def test_a_commit_whose_answer_was_lost_is_found_again_as_its_own_success(store: Store, monkeypatch: pytest.MonkeyPatch):
    committer = store._committer
    ask = committer._ask
    lost = []

    async def losing_the_first_answer(entries):
        answer = await ask(entries)
        if not lost:
            lost.append(answer)
            await committer._line.close()
            raise psycopg.OperationalError("the connection was lost after the commit")
        return answer

    monkeypatch.setattr(committer, "_ask", losing_the_first_answer)
    appended = await store.append(save("case/1", 0, StoryTold(kind="once"), request_digest="a"))
    assert (appended.place, appended.position) == (1, lost[0][0].positions[0])
    assert [r.event.kind for r in await store.history("case/1")] == ["once"]
    assert appended.recorded[0].hash == (await store.history("case/1"))[0].hash


async def test_a_lock_held_too_long_fails_the_save_in_a_sentence_and_not_the_next(pair: Pair, store: Store):
    store._committer._settings = ("SET lock_timeout = '200ms'",)
    await store.append(save("case/1", 0))
    with psycopg.connect(pair.owner()) as hanging:
        hanging.execute("SELECT pg_advisory_xact_lock(7161132759046187373)")
        with pytest.raises(StoreAway, match="could not record now") as refused:
            await store.append(save("case/1", 1))
        assert not refused.value.unknown
    assert (await store.append(save("case/1", 1))).place == 2


@pytest.fixture
def own_server() -> Iterator[LocalPostgres]:
    """A server that may be killed."""
    folder = short_folder()
    server = LocalPostgres(folder / "pg", fsync=False).start()
    make_templates(server)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def kill(server: LocalPostgres) -> None:
    """kill -9 of the server; its children notice, and are gone when this returns."""
    process = server._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    while any(works_in(entry, server.data) for entry in os.scandir("/proc") if entry.name.isdigit()):
        time.sleep(0.01)


def works_in(process: os.DirEntry[str], folder: Path) -> bool:
    try:
        return os.readlink(f"{process.path}/cwd") == str(folder)
    except OSError:
        return False


async def test_the_server_killed_and_brought_back_loses_nothing_that_was_answered(own_server: LocalPostgres, key_file: Path):
    pair = make_pair(own_server)
    async with pair.store(key_file) as store:
        stop = False
        answered: dict[str, list[Appended]] = {}

        async def write(name: str) -> None:
            place = 0
            while not stop:
                appended = await store.append(save(name, place, StoryTold(kind=str(place), told="kept")))
                answered.setdefault(name, []).append(appended)
                place = appended.place

        writers = [asyncio.create_task(write(f"case/{n}")) for n in range(12)]
        for _ in range(2):
            await asyncio.sleep(0.4)
            kill(own_server)
            await asyncio.sleep(0.3)
            own_server.start()
        await asyncio.sleep(0.5)
        stop = True
        await asyncio.gather(*writers)
        for name, answers in answered.items():
            history = await store.history(name)
            assert [r.event.kind for r in history] == [str(n) for n in range(len(answers))]
            assert [r.position for r in history] == [a.position for a in answers]
            assert [r.event.told for r in await store.open_words(history)] == ["kept"] * len(history)
        application = store.application()
        assert list(faults(application.recorder.rows())) == []
        application.close()


async def test_a_database_that_stays_away_is_told_within_a_bounded_time(own_server: LocalPostgres, key_file: Path):
    pair = make_pair(own_server)
    async with pair.store(key_file, patience=1.0) as store:
        await store.append(save("case/1", 0, StoryTold(kind="x")))
        kill(own_server)
        async with asyncio.timeout(8):
            with pytest.raises(StoreAway, match="away"):
                await store.append(save("case/1", 1, StoryTold(kind="x")))
            with pytest.raises(StoreAway, match="away"):
                await store.history("case/1")
        own_server.start()
        assert (await store.append(save("case/1", len(await store.history("case/1")), StoryTold(kind="x")))).place >= 2
