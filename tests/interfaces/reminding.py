"""Workers that remind, for a story: at an instant of their own, over a real mail server, of cases told through the API."""

from __future__ import annotations

import asyncio
import time as clock
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, time
from email.message import EmailMessage

import psycopg
import pytest
from typer.testing import CliRunner

from application.outbox import Digest, Outbox
from interfaces import digests
from interfaces.cli.main import app
from interfaces.databases import Databases
from interfaces.digests import Digests
from interfaces.postman import Reminding
from interfaces.wiring import Service
from tests.interfaces.api.conftest import LA, Desk
from tests.interfaces.api.test_boards import AWARE, INCIDENT
from tests.interfaces.cli.test_serving import NOT_OURS, environment
from tests.interfaces.letterbox import Letterbox, letterbox
from tests.interfaces.served import CASE

PORTAL = "named-portal-user//P User/bolton"
ADDRESS = "p.user@bolton.example"
MAUNDY_THURSDAY = datetime(2026, 4, 2, 8, 0, tzinfo=UTC)
THE_DAY = MAUNDY_THURSDAY.date()


@contextmanager
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Letterbox]:
    """A mail server, and workers that look often."""
    monkeypatch.setattr(digests, "TICK", 0.3)
    monkeypatch.setattr(digests, "POLL", 0.3)
    with letterbox() as running:
        yield running


async def aware(desk: Desk, *days: str, partnership: str = "bolton") -> list[str]:
    """A case for each day, of which the authority became aware on it: due five working days later."""
    cases, position = [], ""
    for day in days:
        at = f"{day}T10:00:00+00:00"
        incident = {**INCIDENT, "area": partnership}
        told: dict[str, object] = {**CASE, "label": f"Infant {partnership} {day}", "partnership": partnership, "incident": incident}
        opened = await desk.ask("/cases", told, LA, Casetrail_At=at)
        cases.append(opened.json()["case"])
        known = await desk.ask(f"/cases/{cases[-1]}/record-awareness", {**AWARE, "authority": partnership}, LA, Casetrail_At=at)
        assert known.status_code == 200, known.text
        position = known.headers["Position"]
    await desk.look(f"/clocks?after={position}")
    return cases


async def asked(desk: Desk, by: str = PORTAL, address: str = ADDRESS) -> None:
    answer = await desk.ask("/reminders", {"address": address}, by)
    assert answer.status_code == 201, answer.text


@contextmanager
def reminding(places: Databases, box: Letterbox, at: datetime = MAUNDY_THURSDAY, *, workers: int = 1, again: float = 0.1) -> Iterator[None]:
    """Workers that remind, as if it were this instant."""

    async def now(_: Service) -> datetime:
        return at

    how = Reminding(box.server, time(7, 30), "https://casetrail.bolton.example", now=now, again=again)
    running = [Digests(places, how) for _ in range(workers)]
    with ExitStack() as stack:
        for one in running:
            one.start()
            stack.callback(one.stop)
        yield


async def found(places: Databases) -> list[Digest]:
    return await Outbox(places.record).latest(100)


async def until(places: Databases, holds: Callable[[list[Digest]], bool], seconds: float = 20) -> list[Digest]:
    """The digests, once this holds of them."""
    end = clock.monotonic() + seconds
    while not holds(rows := await found(places)):
        assert clock.monotonic() < end, rows
        await asyncio.sleep(0.05)
    return rows


def ended(rows: list[Digest]) -> bool:
    return bool(rows) and all(row.state in ("sent", "refused", "dropped", "in-doubt") for row in rows)


def planned(places: Databases) -> list[date]:
    with psycopg.connect(places.owner_record) as connection:
        return [day for (day,) in connection.execute("SELECT day FROM digest_days ORDER BY day")]


async def told(places: Databases, *arguments: str) -> str:
    """What `casetrail reminders` answers."""
    environ = {**NOT_OURS, **environment(places), "COLUMNS": "200"}
    ended = await asyncio.to_thread(CliRunner().invoke, app, ["reminders", *arguments], env=environ)
    return ended.output


def body(letter: EmailMessage) -> str:
    return str(letter.get_content()).replace("\r\n", "\n")
