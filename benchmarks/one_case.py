"""Replaying one case of a hundred events, and getting its state for a command (G4)."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable

import msgspec
import psycopg
from psycopg.rows import tuple_row

from application.remembered import Cached
from benchmarks import record
from benchmarks.ground import Ground
from benchmarks.measuring import Figures, interleaved
from domain.case import recall
from domain.language import EVENTS
from domain.recorded import Header
from interfaces import wiring

REMEMBERED = 100
"""Cases that are remembered, as those are that somebody works on."""

ROWS = "SELECT topic, header, state, hash FROM events WHERE originator_id = %b ORDER BY originator_version"
ROW = "SELECT state FROM events WHERE originator_id = %b AND originator_version = 1"


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
    body = {name: msgspec.json.Decoder(event).decode for name, event in EVENTS.items()}
    with psycopg.connect(full.places.record, autocommit=True, row_factory=tuple_row) as connection:
        cursor = connection.cursor(binary=True)

        def rows() -> list[tuple[str, bytes, bytes, bytes]]:
            return cursor.execute(ROWS, (chance.choice(full.streams),), prepare=True).fetchall()

        def decoded() -> None:
            for name, head, state, _ in rows():
                header(head), body[name](state)

        def row() -> object:
            return cursor.execute(ROW, (chance.choice(full.streams),), prepare=True).fetchone()

        async with wiring.Service(full.places) as service:

            async def replayed() -> object:
                return recall(await service.store.history(chance.choice(full.streams)))

            cached, few = Cached(service.store), full.streams[:REMEMBERED]
            for stream in few:
                await cached.case(stream, fresh=True)

            async def remembered() -> object:
                return await cached.case(chance.choice(few), fresh=True)

            ground.told("One case of a hundred events")
            found = await interleaved(
                {
                    "the library's repository": lambda: timed(lambda: full.theirs.repository.get(chance.choice(full.ids)), seconds),
                    "rows and decoding alone": lambda: timed(decoded, seconds),
                    "rows alone": lambda: timed(rows, seconds),
                    "one row by its key": lambda: timed(row, seconds),
                    "history and recall": lambda: awaited(replayed, seconds),
                    "memory and tail": lambda: awaited(remembered, seconds),
                },
                ground.sizes.rounds,
                ground.told,
            )
    ours, kept, theirs = found["history and recall"], found["memory and tail"], found["the library's repository"]
    rows_read, by_key = found["rows and decoding alone"], found["one row by its key"]
    sheet.compare("G4a replay of a case of 100, to rows and decoding alone (a second)", ours, rows_read, at_least=0.75)
    sheet.compare("G4a replay of a case of 100, to the library (a second)", ours, theirs, at_least=6)
    sheet.compare("G4b state of a case of 100 for a command, memory and tail, to one row by its key (a second)", kept, by_key, at_least=0.6)
    sheet.compare("G4b state of a case of 100 for a command, memory and tail, to the library (a second)", kept, theirs, at_least=16)
    sheet.compare("rows and decoding alone, to rows alone (a second)", rows_read, found["rows alone"])
