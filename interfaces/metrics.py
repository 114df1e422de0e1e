"""What operators watch, in the text format of Prometheus: commands, requests, read models, deadlines. Never a person, a case or a label.

Counters and durations are kept from the start of the process; how the read models and deadlines stand is asked when it is looked at.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, LiteralString, NamedTuple

import psycopg
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as MEDIA
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.ledger.entries import Log
from application.ledger.reading import Standing
from application.store.connections import StoreAway
from domain.working_days import london_date
from interfaces.wiring import Service
from projections import VIEWS
from projections.board import VERDICTS
from projections.paging import AsyncConnection
from projections.view import STANDING

__all__ = ["MEDIA", "Metrics", "Timed"]

disable_created_metrics()  # type: ignore[no-untyped-call]  # when each counter began: as much again as all the rest

DURATIONS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE"}
A_RULE = re.compile(r"[A-Z]{1,4}-\d{1,3}[a-z]?")


ACCESS = frozenset(
    {
        "grant-access", "end-access", "break-glass", "review-break-glass", "declare-interest", "resolve-interest",
        "declare-reviewer-interest",
    }
)  # fmt: skip
"""Commands on who is let in and who has an interest: few, and each about one person, so they are counted together."""


class Metrics:
    """What one process has counted, and how things stand when that is looked at."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._recorded = self._counter("casetrail_commands_recorded", "Commands that were recorded.", "command")
        self._refused = self._counter("casetrail_commands_refused", "Commands that were refused, by the first rule.", "command", "rule")
        self._durations = Histogram(
            "casetrail_request_seconds", "How long requests took, by the template of their path.", ["route", "method", "status"],
            buckets=DURATIONS, registry=self._registry,
        )  # fmt: skip

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(name, told, labels, registry=self._registry)

    def recorded(self, command: str) -> None:
        """A command was recorded now, not found as recorded before."""
        self._recorded.labels(_counted(command)).inc()

    def refused(self, command: str, rule: str | None) -> None:
        """A command was refused, by this rule first."""
        # the rule is read from a sentence, which may quote what was sent
        told = rule if rule and command not in ACCESS and A_RULE.fullmatch(rule) else ""
        self._refused.labels(_counted(command), told).inc()

    def took(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered."""
        before, slash, last = route.rpartition("/")
        route = before + slash + _counted(last)
        self._durations.labels(route, method if method in METHODS else "other", f"{status // 100}xx").observe(seconds)

    async def told(self, service: Service) -> bytes:
        """Everything, as text."""
        return generate_latest(_Together(self._registry, [*await _standing(service)]))


def _counted(command: str) -> str:
    return "access" if command in ACCESS else command


class _Together(Collector):
    def __init__(self, kept: CollectorRegistry, asked: Iterable[Metric]) -> None:
        self._kept, self._asked = kept, asked

    def collect(self) -> Iterator[Metric]:
        yield from self._kept.collect()
        yield from self._asked


LIVE = b"text/event-stream"


class Timed:
    """Measures each request, and counts it by the template of its path: a path itself names a case."""

    def __init__(self, app: ASGIApp, metrics: Metrics, template: Callable[[Scope], str]) -> None:
        self.app, self.metrics, self.template = app, metrics, template

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status, ended = time.perf_counter(), 500, None

        async def noticed(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
                if any(name == b"content-type" and value.startswith(LIVE) for name, value in message["headers"]):
                    ended = time.perf_counter()  # it lasts as long as whoever follows wants it to
            await send(message)

        try:
            await self.app(scope, receive, noticed)
        finally:
            self.metrics.took(self.template(scope), scope["method"], status, (ended or time.perf_counter()) - began)


# --- how things stand

VIEWS_NOW: LiteralString = (
    "SELECT s.view, s.version, s.position, s.fault_position, s.followed,"
    " coalesce((SELECT max(notification_id) FROM events), 0) AS end,"
    " (SELECT extract(epoch FROM clock_timestamp() - e.at)::float8 FROM events e WHERE e.notification_id > s.position"
    " ORDER BY e.notification_id LIMIT 1) AS waited FROM ({standing}) s"
).replace("{standing}", STANDING)
OVERDUE: LiteralString = "SELECT count(*) FROM projections.deadlines WHERE known_until IS NULL AND {overdue}".replace(
    "{overdue}", VERDICTS["overdue"]
)
OUTBOX = ("to-send", "sending", "in-doubt", "refused")
"""The states of a digest that is not done with."""

DIGESTS: LiteralString = "SELECT state, count(*) FROM digests WHERE state = ANY(%s) GROUP BY state"


class _Now(NamedTuple):
    """What the database says. `overdue` is none where the deadlines have not been made yet."""

    views: list[tuple[Any, ...]]
    overdue: int | None
    digests: dict[str, int]


async def _asked(connection: AsyncConnection, today: date) -> _Now:
    return _Now(await _views(connection), await _overdue(connection, today), await _digests(connection))


async def _views(connection: AsyncConnection) -> list[tuple[Any, ...]]:
    try:
        return await (await connection.execute(VIEWS_NOW, {"view": None})).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return []


async def _overdue(connection: AsyncConnection, today: date) -> int | None:
    try:
        found = await (await connection.execute(OVERDUE, {"today": today})).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None
    return int(found[0]) if found else None


async def _digests(connection: AsyncConnection) -> dict[str, int]:
    return dict(await (await connection.execute(DIGESTS, ([*OUTBOX],))).fetchall())


async def _standing(service: Service) -> Iterable[Metric]:
    """How the database, the read models and the deadlines stand; of a database that is away, that it is."""
    try:
        today = london_date(await service.store.now())
        now = await service.read_models.answer(lambda connection: _asked(connection, today))
    except (StoreAway, psycopg.Error, ConnectionError, TimeoutError):
        return [_gauge("casetrail_database_up", "Whether the database answers.", 0)]
    standings = await service.ledger_standing()
    return [_gauge("casetrail_database_up", "Whether the database answers.", 1), *_of_views(now), *_of_ledger(standings), *_waits(service)]


def _of_views(now: _Now) -> Iterator[Metric]:
    made = {row[0]: row for row in now.views}
    behind = _by("casetrail_view_behind_positions", "How many positions of the record a read model has not read.", "view")
    waited = _by("casetrail_view_behind_seconds", "How long ago the oldest event was recorded that a read model has not read.", "view")
    still = _by("casetrail_view_stands_still", "Whether a read model stands still before an event that it cannot apply.", "view")
    followed = _by("casetrail_view_followed", "Whether a worker follows the record with a read model.", "view")
    there = _by("casetrail_view_made", "Whether a read model of this version is there.", "view")
    for view in VIEWS:
        row = made.get(view.name)
        there.add_metric([view.name], row is not None and row[1] == view.version)
        if row is None:
            continue
        _, _, position, fault, with_worker, end, seconds = row
        behind.add_metric([view.name], max(0, end - position))
        waited.add_metric([view.name], max(0.0, seconds or 0.0))
        still.add_metric([view.name], fault is not None)
        followed.add_metric([view.name], with_worker)
    yield from (behind, waited, still, followed, there)
    if now.overdue is not None:
        yield _gauge("casetrail_deadlines_overdue", "Clocks that are waited for and whose day has passed.", now.overdue)
    outbox = _by("casetrail_digests", "Digests of deadlines that are not done with.", "state")
    for state in OUTBOX:
        outbox.add_metric([state], now.digests.get(state, 0))
    yield outbox


def _of_ledger(standings: Mapping[Log, Standing]) -> Iterator[Metric]:
    waiting = _by("casetrail_ledger_waiting", "Entries of a log that are recorded and not published.", "log")
    seconds = _by("casetrail_ledger_waiting_seconds", "How long ago the oldest of them was recorded.", "log")
    published = _by("casetrail_ledger_published", "Entries of a log under its last checkpoint.", "log")
    witnessed = _by("casetrail_ledger_witnessed", "Entries of a log under its last checkpoint that enough witnesses cosigned.", "log")
    for log, standing in standings.items():
        waiting.add_metric([log], standing.waiting)
        seconds.add_metric([log], standing.waited)
        published.add_metric([log], standing.published)
        witnessed.add_metric([log], standing.witnessed)
    yield from (waiting, seconds, published, witnessed)


def _waits(service: Service) -> Iterator[Metric]:
    """How often, and how long, a question waited for a connection to the database."""
    number = CounterMetricFamily("casetrail_connection_waits", "Questions that waited for a connection.", labels=["pool"])
    seconds = CounterMetricFamily("casetrail_connection_wait_seconds", "How long they waited.", labels=["pool"])
    for pool, free in {**service.store.free, "read-models": service.read_models.free}.items():
        number.add_metric([pool], free.waits)
        seconds.add_metric([pool], free.seconds)
    yield from (number, seconds)


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, value)


def _by(name: str, told: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, labels=[label])
