"""Whoever follows the log misses nothing, with three processes writing (G3). This one counts; it is not timed."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from datetime import date
from pathlib import Path
from uuid import uuid4

from application.store.keys import KeyFile, Keys
from application.store.recorder import RecordApplication
from application.store.store import Store
from benchmarks.ground import Ground
from benchmarks.histories import saved
from domain.stages.notification import NotificationDiscussed

PROCESSES, WRITERS = 3, 8


def write(record: str, keys: str, key_file: str, seconds: float) -> None:
    """A process of its own with several writers."""
    asyncio.run(_write(Store(record, Keys(keys, KeyFile(Path(key_file)))), seconds))


async def _write(store: Store, seconds: float) -> None:
    async def writer() -> None:
        stream, place, until = f"case/{uuid4()}", 0, time.monotonic() + seconds
        while time.monotonic() < until:
            event = NotificationDiscussed(with_role="equivalent", lived_experience="words", rationale="words")
            place = (await store.append(saved(stream, place, [event], on=date(2026, 1, 5)))).place

    async with store:
        await asyncio.gather(*(writer() for _ in range(WRITERS)))


async def run(ground: Ground) -> None:
    """Follow while they write, then compare."""
    ground.told(f"Gaps: {PROCESSES} processes write, {WRITERS} at once in each, and one follows")
    places = await ground.store()
    spawn = multiprocessing.get_context("spawn")
    arguments = (places.record, places.keys, str(places.key_file), ground.sizes.gap)
    processes = [spawn.Process(target=write, args=arguments) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    application = RecordApplication.at(places.record)
    seen: list[int] = []
    writing = True
    while writing:
        writing = any(process.is_alive() for process in processes)
        for page in application.recorder.pages(seen[-1] if seen else 0, size=500):
            seen += [recorded.position for recorded in page]
        await asyncio.sleep(0)
    if any(process.exitcode for process in processes):
        raise RuntimeError("a writer failed")
    there = [recorded.position for page in application.recorder.pages() for recorded in page]
    application.close()
    missed = len(set(there) - set(seen))
    ground.sheet.compare(
        "G3 missed by a follower of all that 3 processes wrote (events)", [{"n": missed}], [{"n": len(there)}], "n", at_most=0
    )
