"""Ten years of England: 20,000 cases and some four million events, generated, checked, made into read models, and asked.

In a folder that is named (`--data`) all of it is kept, and found again the next time; in one of its own it is gone afterwards.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg

from application.generating.generating import Where, generate
from application.generating.plan import Plan
from application.generating.recording import last_instant
from application.store.recorder import RecordApplication
from benchmarks import board
from benchmarks.ground import Ground, Sizes
from benchmarks.measuring import Sheet
from benchmarks.read_models import read
from benchmarks.whole_log import fetched, verified
from interfaces import databases, wiring
from interfaces.databases import Databases, Passwords
from interfaces.local_postgres import LocalPostgres
from interfaces.log import RecordLog
from interfaces.worker import connect
from projections import VIEWS
from projections import view as views
from projections.view import Connection, View

CASES, SEED = 20_000, 1
FIRST, LAST = date(2016, 11, 1), date(2026, 10, 31)
CALENDAR = "england-2018-06"
"""The oldest shipped: those after it are adopted on the days they became known."""

SIZES = Sizes(rounds=5, slice=1.2, http=0, gap=0, cases=0, folded=0, board=0, looks=200)
LOG = 200_000
"""Events of the log that are read for a base."""

CODE = "P1"
EVERY = 1000
"""Cases after which it is told how far it has come."""


async def run(sheet: Sheet, told: Callable[[str], None], *, data: Path | None, cases: int, quick: bool) -> None:
    """All of it, or with `quick` a little of everything."""
    sizes = Sizes(1, 0.1, 0, 0, 0, 0, 0, 10) if quick else SIZES
    with ExitStack() as stack:
        server, places = stack.enter_context(_ground(data, told))
        ground = Ground(server, stack, sizes, sheet, told)
        if last_instant(places.record) is None:
            await _generate(places, cases, sheet, told)
        told("The server tidies up")
        _tidy(places)
        _check(places, sheet, told)
        _read_models(places, sheet, told)
        _tidy(places)
        _sizes(places, sheet, told)
        await board.compared(ground, places, LAST, code=CODE)


@contextmanager
def _ground(data: Path | None, told: Callable[[str], None]) -> Iterator[tuple[LocalPostgres, Databases]]:
    home = data or Path(tempfile.gettempdir()) / f"casetrail-{secrets.token_hex(6)}"
    try:
        with LocalPostgres(home / "postgres", fsync=True, say=told) as server:
            passwords = Passwords.kept_in(home / "passwords")
            places = databases.on_server(server, passwords, home / "key", databases.RECORD, databases.KEYS)
            databases.prepare(places, passwords, "rehearsal")
            yield server, places
    finally:
        if data is None:
            shutil.rmtree(home, ignore_errors=True)


async def _generate(places: Databases, cases: int, sheet: Sheet, told: Callable[[str], None]) -> None:
    plan = Plan(cases, SEED, FIRST, LAST)
    told(f"{cases:,} cases from {FIRST} to {LAST}")
    before = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) - timedelta(days=1)
    async with wiring.Service(places) as service:
        await wiring.adopt(service, calendar=CALENDAR, at=before)
        where = Where(places.record, places.keys, places.key_file)

        def heard(done: int, events: int) -> None:
            if done // EVERY > heard_of[0]:
                heard_of[0] = done // EVERY
                told(f"  {done:,} cases, {events:,} events")

        heard_of = [0]
        made = await generate(plan, where, service.store, service.register, service.rulebook, told=heard)
    told(f"{made.events:,} events, {made.reviews:,} thematic reviews, {made.candidates:,} candidates in {made.seconds:.0f} s")
    sheet.compare(
        "events generated, to as many in twelve minutes (a second)",
        [{"rate": made.events / made.seconds}], [{"rate": made.events / 720}], at_least=1,
    )  # fmt: skip


def _tidy(places: Databases) -> None:
    with psycopg.connect(places.owner_record, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def _check(places: Databases, sheet: Sheet, told: Callable[[str], None]) -> None:
    told("Every chain of the log is checked")
    application = RecordApplication.at(places.record)
    try:
        rows, checked = fetched(application), verified(application)
    finally:
        application.close()
    sheet.compare("log decoded and verified, to its rows alone (events a second)", [checked], [rows])


def _read_models(places: Databases, sheet: Sheet, told: Callable[[str], None]) -> None:
    with connect(places.projections) as connection, connect(places.projections) as reading:
        views.prepare(connection)
        log = RecordLog(reading)
        end = log.end()
        base = read(log, min(LOG, end))
        for view in VIEWS:
            began = time.perf_counter()
            told(f"The read model {view.name}")
            _made(view, connection, log, end)
            elapsed = time.perf_counter() - began
            told(f"  {end / elapsed:,.0f} events a second, {elapsed:.0f} s")
            sheet.compare(f"read model made, {view.name}, to the log read and decoded (events a second)", [{"rate": end / elapsed}], [base])


def _made(view: View, connection: Connection, log: RecordLog, end: int) -> None:
    with connection.transaction():
        build = views.make(connection, view)
        view.begin(build, log, connection).fill(end, lambda read: None)
        connection.execute("UPDATE projections.builds SET position = %s WHERE view = %s AND number = %s", (end, view.name, build.number))
        views.finish(connection, build)
        views.switch(connection, build)


def _sizes(places: Databases, sheet: Sheet, told: Callable[[str], None]) -> None:
    """How much there is, so that the figures after it can be read."""
    questions = {
        "events": "SELECT count(*) FROM events",
        "cases": "SELECT count(*) FROM events WHERE originator_version = 1 AND originator_id LIKE 'case/%'",
        "clocks known now": "SELECT count(*) FROM projections.deadlines WHERE known_until IS NULL",
        "clocks waited for": "SELECT count(*) FROM projections.deadlines WHERE known_until IS NULL AND rank = 0",
        "themes known now": "SELECT count(*) FROM projections.themes WHERE known_until IS NULL AND code <> ''",
        "megabytes of the record and its read models": "SELECT pg_database_size(current_database()) / 1000000",
    }
    with psycopg.connect(places.owner_record, autocommit=True) as connection:
        for what, question in questions.items():
            row = connection.execute(question.encode()).fetchone()
            n = int(row[0]) if row else 0
            told(f"  {n:,} {what}")
            sheet.compare(f"there are {what}", [{"n": n}], [{"n": n}], "n")
