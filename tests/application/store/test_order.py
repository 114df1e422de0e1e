"""One order for everybody: whoever follows the log misses nothing, and every chain holds, whoever writes."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from application.store.chain import faults
from application.store.recorder import RecordApplication
from application.store.store import Store
from tests.application.store.conftest import Sql, stored
from tests.application.store.examples import StoryTold, save
from tests.application.store.pairs import Pair
from tests.application.store.writers import write

pytestmark = pytest.mark.anyio

SLOW = """
CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.6); RETURN NEW; END $$;
CREATE TRIGGER be_slow AFTER INSERT ON events FOR EACH ROW WHEN (NEW.originator_id = 'case/slow') EXECUTE FUNCTION be_slow();
"""


class Follower:
    """Reads the log by position, as fast as it can, and remembers what it saw."""

    def __init__(self, url: str) -> None:
        self.application = RecordApplication.at(url)
        self.seen: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow)

    def _follow(self) -> None:
        after = 0
        while True:
            last_round = self._stop.is_set()
            for page in self.application.recorder.pages(after, size=50):
                self.seen += [r.position for r in page]
                after = page[-1].position
            if last_round:
                return

    @contextmanager
    def following(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()
            self.application.close()


async def test_nobody_misses_an_event_whose_commit_took_long(pair: Pair, key_file: Path, as_owner: Sql):
    as_owner(SLOW)
    follower = Follower(pair.service())
    async with pair.store(key_file) as one, pair.store(key_file) as other:
        await other.append(save("case/first", 0))
        with follower.following():
            slow = asyncio.create_task(one.append(save("case/slow", 0)))
            await asyncio.sleep(0.2)  # its position is drawn, its commit is not there yet
            quick = [other.append(save(f"case/quick-{n}", 0)) for n in range(3)]
            answers = [await slow, *await asyncio.gather(*quick)]
    assert [answer.position for answer in answers] == sorted(answer.position for answer in answers)
    assert follower.seen == [position for (position,) in as_owner("SELECT notification_id FROM events ORDER BY 1")]
    assert len(follower.seen) == 5


async def test_the_test_above_would_notice_a_writer_without_the_lock(pair: Pair, as_owner: Sql):
    as_owner(SLOW)
    insert = (
        b"INSERT INTO events (originator_id, originator_version, topic, state, header, at, hash) VALUES (%s, 1, 'x', '', '', now(), %s)"
    )

    def unlocked(stream: str) -> None:
        with psycopg.connect(pair.owner()) as conn:
            conn.execute(insert, (stream, bytes(32)))

    seen: list[object] = []
    slow = threading.Thread(target=unlocked, args=("case/slow",))
    slow.start()
    time.sleep(0.2)
    unlocked("case/quick")
    seen += as_owner("SELECT notification_id FROM events WHERE notification_id > 0")
    slow.join()
    seen += as_owner("SELECT notification_id FROM events WHERE notification_id > 2")
    assert seen == [(2,)], "position 1 became visible after position 2, and was missed"


async def test_six_writers_in_three_processes_leave_whole_chains_and_a_follower_who_saw_all(pair: Pair, key_file: Path, as_owner: Sql):
    async with pair.store(key_file):
        pass  # the key file and the key of the blind index are there
    spawn = multiprocessing.get_context("spawn")
    follower = Follower(pair.service())
    with follower.following():
        processes = [
            spawn.Process(
                target=write,
                args=(pair.service(), pair.keeper(), str(key_file), f"process-{n}"),
                kwargs={"saves": 40, "writers": 2, "shared": "case/shared"},
            )
            for n in range(3)
        ]
        for process in processes:
            process.start()
        for process in processes:
            await asyncio.to_thread(process.join)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    rows = stored(as_owner)
    assert len(rows) == 3 * 2 * (40 + 20) + 3 * 2 * 8
    assert list(faults(rows)) == []
    assert follower.seen == [row.position for row in rows]
    per_command = as_owner("SELECT count(DISTINCT at), count(DISTINCT convert_from(header, 'UTF8')::jsonb ->> 'command') FROM events")
    assert per_command[0][0] == per_command[0][1] == 3 * 2 * (40 + 8)


async def test_the_librarys_subscription_hears_of_what_is_recorded(pair: Pair, store: Store):
    application = store.application()
    heard: list[tuple[int, str]] = []
    with application.recorder.subscribe(gt=0) as subscription:
        reader = threading.Thread(target=lambda: heard.extend((n.id, n.topic) for _, n in zip(range(3), subscription, strict=False)))
        reader.start()
        appended = [await store.append(save("case/1", n, StoryTold(told="a word"))) for n in range(3)]
        await asyncio.to_thread(reader.join, 10)
    assert heard == [(a.position, "test-story-told") for a in appended]
    application.close()


async def test_the_librarys_event_store_gives_recorded_events_and_takes_none(store: Store):
    appended = await store.append(save("case/1", 0, StoryTold(kind="a"), StoryTold(kind="b")))
    application = store.application()
    told: list[Any] = list(application.events.get("case/1", gt=1))
    assert [(e.originator_id, e.originator_version, e.event.kind) for e in told] == [("case/1", 2, "b")]
    assert [n.id for n in application.recorder.select_notifications(1, 10)] == [r.position for r in appended.recorded]
    assert application.recorder.max_notification_id() == appended.position
    assert application.notification_log["1,10"].items[0].originator_id == "case/1"
    application.close()


async def test_the_librarys_way_in_goes_through_our_function_too(store: Store):
    from eventsourcing.persistence import IntegrityError, StoredEvent

    from application.store.chain import framed, unframed

    await store.append(save("case/1", 0))
    application = store.application()
    (stored,) = application.recorder.select_events("case/1")
    header, body = unframed(stored.state)
    unfinished = header[: header.rindex(b'"at":"') + 6].replace(b'"place":1', b'"place":2')
    again = StoredEvent("case/1", 2, stored.topic, framed(unfinished, body))
    assert application.recorder.insert_events([again]) == [2]
    with pytest.raises(IntegrityError):
        application.recorder.insert_events([again])
    assert list(faults(application.recorder.rows())) == []
    application.close()
