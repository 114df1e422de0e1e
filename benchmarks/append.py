"""One event with its expected place, durable, chained and sealed: by one, eight and sixty-four at once (G1, G3)."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from uuid import uuid4

import psycopg

from application.cases import Cases
from application.store.store import Store
from benchmarks import library
from benchmarks.bare import TABLE, Inserting, inserting
from benchmarks.ground import Ground
from benchmarks.histories import OURS, PRACTITIONER, asked, fill, opened, saved
from benchmarks.measuring import Figures, interleaved, paced
from domain.asking import Asking
from domain.case import Case, remember
from domain.language import CaseEvent
from domain.recorded import Editions
from interfaces import wiring

RENEWED = 150
HELD = 40
"""Events of a case that is asked of through the door."""

CHANCE = random.Random(5)


class Writer:
    """A case held in memory and written on: decided from its state, sealed, appended, remembered. Begun anew when it is long."""

    def __init__(self, store: Store, asking: Asking, editions: Editions) -> None:
        self.store = store
        self.asking = asking
        self.editions = editions
        self.commands = asked()
        self.begin()

    def begin(self) -> None:
        self.stream, self.place, self.case = f"case/{uuid4()}", 0, Case()

    async def discuss(self, n: int) -> None:
        """One command."""
        if self.place == 0:
            await self._record((opened("bolton", self.stream, CHANCE, self.asking.today),))
        await self._record(self.commands[n % len(self.commands)].judged(self.case, self.asking))
        if self.place > RENEWED:
            self.begin()

    async def _record(self, events: tuple[CaseEvent, ...]) -> None:
        appended = await self.store.append(
            saved(self.stream, self.place, events, on=self.asking.on, by=self.asking.by, editions=self.editions)
        )
        for recorded in appended.recorded:
            self.case = remember(self.case, recorded)
        self.place = appended.place


async def writing(service: wiring.Service, seconds: float, at_once: int) -> Figures:
    """So many writers at once."""
    now = datetime.now(UTC)
    asking = await service.cases.asking(PRACTITIONER, "bolton", at=now)
    editions = service.rulebook.editions("bolton", now.date())
    writers = [Writer(service.store, asking, editions) for _ in range(at_once)]
    return await all_at_once([writer.discuss for writer in writers], seconds)


async def asking(cases: Cases, seconds: float, at_once: int, streams: Sequence[str]) -> Figures:
    """So many who ask at once through the door, each of cases of their own."""
    commands = asked()

    def asker(who: int) -> Callable[[int], Awaitable[object]]:
        mine = streams[who::at_once]
        return lambda n: cases.do(commands[n % len(commands)], PRACTITIONER, stream=mine[n % len(mine)])

    return await all_at_once([asker(who) for who in range(at_once)], seconds)


async def all_at_once(turns: Sequence[Callable[[int], Awaitable[object]]], seconds: float) -> Figures:
    """Each does its turns one after the other, all side by side, for so long."""
    took: list[float] = []
    began = time.perf_counter()

    async def go_on(turn: Callable[[int], Awaitable[object]]) -> None:
        n = 0
        while (at := time.perf_counter()) - began < seconds:
            await turn(n)
            took.append(time.perf_counter() - at)
            n += 1

    await asyncio.gather(*map(go_on, turns))
    return paced(took, time.perf_counter() - began)


async def run(ground: Ground) -> None:
    """Measure it."""
    sizes, sheet, seconds = ground.sizes, ground.sheet, ground.sizes.slice
    ground.told("Append: a store, the library's tables and a bare table")
    base = ground.database()
    theirs = library.application(base)
    their_cases = [library.case_of(theirs, HELD) for _ in range(64)]
    async with wiring.Service(await ground.store()) as service:
        streams = await fill(service.store, 64 * (sizes.rounds + 1), HELD, ground.told, teams=OURS)
        parts = iter([streams[n : n + 32] for n in range(0, len(streams), 32)])
        with psycopg.connect(base, autocommit=True) as connection:
            connection.execute(TABLE)
            several = [Inserting(base) for _ in range(8)]
            found = await interleaved(
                {
                    "bare INSERT": lambda: inserting(connection, seconds),
                    "bare INSERT, 8 connections": lambda: all_at_once([one.insert for one in several], seconds),
                    "the library": lambda: library.appending(theirs, seconds, 1),
                    "the library, 8 writers": lambda: library.appending(theirs, seconds, 8),
                    "append": lambda: writing(service, seconds, 1),
                    "append, 8 in flight": lambda: writing(service, seconds, 8),
                    "append, 64 in flight": lambda: writing(service, seconds, 64),
                    "the library, got and saved": lambda: library.asking(theirs, seconds, 1, their_cases),
                    "the library, got and saved by 8": lambda: library.asking(theirs, seconds, 8, their_cases),
                    "through the door": lambda: asking(service.cases, seconds, 1, next(parts)),
                    "through the door, 8 in flight": lambda: asking(service.cases, seconds, 8, next(parts)),
                },
                sizes.rounds,
                ground.told,
            )
            for one in several:
                one.close()
    theirs.close()
    lone, eight, many = found["append"], found["append, 8 in flight"], found["append, 64 in flight"]
    bare, bare_many = found["bare INSERT"], found["bare INSERT, 8 connections"]
    theirs_alone, writers = found["the library"], found["the library, 8 writers"]
    sheet.compare("G1 append, 1 in flight, to a bare INSERT (a second)", lone, bare, at_least=0.65)
    sheet.compare("G1 append, 1 in flight, to the library (a second)", lone, theirs_alone, at_least=2.5)
    sheet.compare("G3 append, 8 in flight, to bare INSERTs over 8 connections (a second)", eight, bare_many, at_least=0.8)
    sheet.compare("G3 append, 64 in flight, to bare INSERTs over 8 connections (a second)", many, bare_many, at_least=1.8)
    sheet.compare("G3 append, 8 in flight, to the library with 8 writers (a second)", eight, writers, at_least=12)
    sheet.compare("G3 append, 64 in flight, to the library with 8 writers (a second)", many, writers, at_least=25)
    sheet.compare("G3 append, 64 in flight, p99 to its p50 (ms)", many, many, "p99", "p50", at_most=4)
    for name, ours, base_ in (("1", lone, theirs_alone), ("8", eight, writers), ("64", many, writers)):
        of = "the library" if base_ is theirs_alone else "the library with 8 writers"
        sheet.compare(f"append, {name} in flight, p50 to {of} (ms)", ours, base_, "p50")
        sheet.compare(f"append, {name} in flight, p99 to {of} (ms)", ours, base_, "p99")
    sheet.compare(
        "command through the door, 1 in flight, to get and save in the library (a second)",
        found["through the door"],
        found["the library, got and saved"],
    )
    sheet.compare(
        "command through the door, 8 in flight, to get and save by 8 in the library (a second)",
        found["through the door, 8 in flight"],
        found["the library, got and saved by 8"],
    )
