"""Replaying one case of a hundred events, and getting its state for a command (G4)."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable

import msgspec
from psycopg.pq.abc import PGresult

from application.remembered import Cached
from benchmarks import record
from benchmarks.bare import Wire
from benchmarks.ground import Ground
from benchmarks.measuring import Figures, interleaved
from domain.case import recall
from domain.language import EVENTS
from domain.recorded import Header
from interfaces import wiring

REMEMBERED = 100
"""Cases that are remembered, as those are that somebody works on."""

ROWS = b"SELECT topic, header, state, hash FROM events WHERE originator_id = $1::text ORDER BY originator_version"
ROW = b"SELECT state FROM events WHERE originator_id = $1::text AND originator_version = 1"


def timed(turn: Callable[[], object], seconds: float) -> Figures:
    """How often in a second, over so many."""
    began, n = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < seconds:
        turn()
        n += 1
    return {"rate": n / elapsed}


async def awaited(turn: Callable[[], Awaitable[object]], seconds: float) -> Figures:
    """The same of what is awaited."""
    began, n = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < seconds:
        await turn()
        n += 1
    return {"rate": n / elapsed}


async def run(ground: Ground) -> None:
    """Measure it."""
    full = await record.full(ground)
    chance, seconds, sheet = random.Random(3), ground.sizes.slice, ground.sheet
    header = msgspec.json.Decoder(Header).decode
    body = {name.encode(): msgspec.json.Decoder(event).decode for name, event in EVENTS.items()}
    every, by_its_key = Wire(full.places.record, ROWS), Wire(full.places.record, ROW)
    few = full.streams[:REMEMBERED]
    async with wiring.Service(full.places) as service:
        cached = Cached(service.store)
        for stream in few:
            await cached.case(stream, fresh=True)

        async def rows() -> PGresult:
            return await every.ask(chance.choice(few).encode())

        async def decoded() -> None:
            found = await rows()
            for n in range(found.ntuples):
                name, head, state = (found.get_value(n, column) or b"" for column in range(3))
                header(head), body[name](state)

        async def row() -> object:
            return (await by_its_key.ask(chance.choice(few).encode())).get_value(0, 0)

        async def replayed() -> object:
            return recall(await service.store.history(chance.choice(few)))

        async def remembered() -> object:
            return await cached.case(chance.choice(few), fresh=True)

        ground.told("One case of a hundred events")
        found = await interleaved(
            {
                "the library's repository": lambda: timed(
                    lambda: full.theirs.repository.get(chance.choice(full.ids[:REMEMBERED])), seconds
                ),
                "rows and decoding alone": lambda: awaited(decoded, seconds),
                "rows alone": lambda: awaited(rows, seconds),
                "one row by its key": lambda: awaited(row, seconds),
                "history and recall": lambda: awaited(replayed, seconds),
                "memory and tail": lambda: awaited(remembered, seconds),
            },
            ground.sizes.rounds,
            ground.told,
        )
    every.close()
    by_its_key.close()
    ours, kept, theirs = found["history and recall"], found["memory and tail"], found["the library's repository"]
    rows_read, by_key = found["rows and decoding alone"], found["one row by its key"]
    sheet.compare("G4a replay of a case of 100, to rows and decoding alone (a second)", ours, rows_read, at_least=0.75)
    sheet.compare("G4a replay of a case of 100, to the library (a second)", ours, theirs, at_least=6)
    sheet.compare("G4b state of a case of 100 for a command, memory and tail, to one row by its key (a second)", kept, by_key, at_least=0.6)
    sheet.compare("G4b state of a case of 100 for a command, memory and tail, to the library (a second)", kept, theirs, at_least=16)
    sheet.compare("rows and decoding alone, to rows alone (a second)", rows_read, found["rows alone"])
