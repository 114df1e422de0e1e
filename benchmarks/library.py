"""The base of every ratio: the event sourcing library as it comes, on tables of its own, with its safe defaults."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL

from benchmarks.histories import discussions
from benchmarks.measuring import Figures, paced

STARTS_WITHIN = 20.0

RENEWED = 150
"""Events after which a case is left alone and another begun."""


class Discussed(Aggregate):
    """A case in the library's own style, with what is discussed on it."""

    @event("Opened")
    def __init__(self, label: str) -> None:
        self.label = label
        self.discussed = 0
        self.by_role: dict[str, int] = {}

    @event("NotificationDiscussed")
    def discuss(self, with_role: str, lived_experience: str, rationale: str, by: dict[str, str], editions: list[str]) -> None:
        self.discussed += 1
        self.by_role[with_role] = self.by_role.get(with_role, 0) + 1


class Discussions(Application[UUID]):
    """The library's application, nothing changed."""

    name = "cases"


MANY: list[dict[str, Any]] = [
    {
        **fields,
        "by": {"person": "person-" + "5" * 32, "role": "local-authority-practitioner", "organisation": "bolton", "partnership": "bolton"},
        "editions": ["bolton", "england-2023", "england-2026"],
    }
    for fields in discussions()
]


def environment(url: str, *, create: bool = True) -> dict[str, str]:
    """What the library is told of the database of this address."""
    given = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(given["dbname"]),
        "POSTGRES_HOST": str(given["host"]),
        "POSTGRES_PORT": str(given["port"]),
        "POSTGRES_USER": str(given["user"]),
        "POSTGRES_PASSWORD": str(given["password"]),
        "POSTGRES_POOL_SIZE": "10",
        "CREATE_TABLE": "y" if create else "n",
    }


def application(url: str, *, create: bool = True) -> Discussions:
    """The library's application on the database of this address."""
    return Discussions(env=environment(url, create=create))


def case_of(application: Discussions, events: int) -> UUID:
    """A case with so many events, saved."""
    case = Discussed(label="A")
    for n in range(events - 1):
        case.discuss(**MANY[n % len(MANY)])
    application.save(case)
    return case.id


def fill(application: Discussions, cases: int, events: int, told: Callable[[str], None]) -> list[UUID]:
    """Many cases, ten at a time, ten events of each in a save."""
    ids = []
    for first in range(0, cases, 10):
        some = [Discussed(label=str(n)) for n in range(first, min(first + 10, cases))]
        for place in range(0, events, 10):
            for case in some:
                for n in range(place, place + 10 - (place == 0)):
                    case.discuss(**MANY[n % len(MANY)])
            application.save(*some)
        ids += [case.id for case in some]
        if len(ids) % 100 == 0 or len(ids) == cases:
            told(f"  the library's table: {len(ids) * events:,} of {cases * events:,} events")
    return ids


def appending(application: Discussions, seconds: float, threads: int) -> Figures:
    """Cases held in memory, one in each thread: an event triggered and saved, over and over."""

    def turns(_thread: int, until: float, took: list[float]) -> None:
        case = Discussed(label="A")
        application.save(case)
        while (began := time.perf_counter()) < until:
            if case.version > RENEWED:
                case = Discussed(label="A")
            case.discuss(**MANY[len(took) % len(MANY)])
            application.save(case)
            took.append(time.perf_counter() - began)

    return in_threads(turns, seconds, threads)


def asking(application: Discussions, seconds: float, threads: int, cases: Sequence[UUID]) -> Figures:
    """As a service does it: the case got from the repository, an event triggered, saved. Each thread on cases of its own."""

    def turns(thread: int, until: float, took: list[float]) -> None:
        mine = cases[thread::threads]
        while (began := time.perf_counter()) < until:
            case: Any = application.repository.get(mine[len(took) % len(mine)])
            case.discuss(**MANY[len(took) % len(MANY)])
            application.save(case)
            took.append(time.perf_counter() - began)

    return in_threads(turns, seconds, threads)


def in_threads(turns: Callable[[int, float, list[float]], None], seconds: float, threads: int) -> Figures:
    """What so many threads did in so many seconds."""
    took: list[list[float]] = [[] for _ in range(threads)]
    began = time.perf_counter()
    running = [threading.Thread(target=turns, args=(n, began + seconds, took[n])) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return paced([turn for own in took for turn in own], time.perf_counter() - began)


# --- a projection in the library's own way


class CaseTable(PostgresTrackingRecorder):
    """A row for each case, moved in one transaction with the position of each event."""

    def __init__(self, datastore: PostgresDatastore, **options: Any) -> None:
        super().__init__(datastore, **options)
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS listed (stream uuid PRIMARY KEY, label text, events int NOT NULL, last text, at timestamptz)"
            ).format()
        )

    def opened(self, happened: Any, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "INSERT INTO listed VALUES (%s, %s, 1, 'opened', %s)",
                (happened.originator_id, happened.label, happened.timestamp),
                prepare=True,
            )
            self._insert_tracking(cursor, tracking)

    def discussed(self, happened: Any, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "UPDATE listed SET events = events + 1, last = %s, at = %s WHERE stream = %s",
                (happened.with_role, happened.timestamp, happened.originator_id),
                prepare=True,
            )
            self._insert_tracking(cursor, tracking)


class Listing(Projection[CaseTable]):
    """From each event of the library's application to its row."""

    name = "listing"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        if type(domain_event).__name__ == "Opened":
            self.view.opened(domain_event, tracking)
        else:
            self.view.discussed(domain_event, tracking)


def projecting(url: str, seconds: float) -> Figures:
    """How many events the library's runner brings into an empty table in so many seconds."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS listed, listing_tracking")
    figures: Figures = {}
    try:
        with ProjectionRunner(
            application_class=Discussions, projection_class=Listing, view_class=CaseTable, env=environment(url)
        ) as runner:
            asked = time.perf_counter()
            while not (first := runner.view.max_tracking_id("cases")) and time.perf_counter() - asked < STARTS_WITHIN:
                time.sleep(0.01)
            began = time.perf_counter()
            time.sleep(seconds)
            done = (runner.view.max_tracking_id("cases") or 0) - (first or 0)
            figures = {"rate": done / (time.perf_counter() - began)}
    except Exception:
        if not figures:  # left in the middle of the log, the library closes what its own thread still uses, and says so
            raise
    return figures
