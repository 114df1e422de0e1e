"""The digests: what becomes of them when the mail server puts them off or refuses, when it hangs up, and when the worker is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from structlog.testing import capture_logs

from application.outbox import Outbox, Planned
from interfaces.databases import Databases
from tests.interfaces.api.conftest import Desk
from tests.interfaces.cli.test_serving import CASETRAIL, NOT_OURS, environment
from tests.interfaces.letterbox import SENDER, Letterbox
from tests.interfaces.reminding import ADDRESS, PORTAL, THE_DAY, asked, aware, ended, found, impatient, reminding, told, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Letterbox]:
    with impatient(monkeypatch) as running:
        yield running


# --- what the mail server says


async def test_a_server_that_is_busy_is_asked_again(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    await asked(followed)
    box.to_recipient, box.to_mail = ["450 try later p.user@bolton.example"], ["451 later"]
    with reminding(places, box):
        (row,) = await until(places, ended)
    assert (row.state, row.attempts, len(box.letters)) == ("sent", 3, 1)


async def test_a_server_that_is_away_is_waited_for(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    await asked(followed)
    port, box.port = box.port, 9  # nobody is there
    with reminding(places, box):
        await until(places, lambda rows: bool(rows) and rows[0].why == "no-connection")
    box.port = port
    with reminding(places, box):
        (row,) = await until(places, ended)
    assert (row.state, len(box.letters)) == ("sent", 1)


async def test_connections_that_are_lost_are_made_again(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    await asked(followed)
    box.to_recipient = ["550 not yet"]
    with reminding(places, box):
        (row,) = await until(places, ended)
        with psycopg.connect(places.owner_record) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await asyncio.sleep(0.5)
        assert "sent again" in await told(places, "settle", str(row.id), "--send-again")
        await until(places, lambda rows: rows[0].state == "sent")
    assert len(box.letters) == 1


@pytest.mark.parametrize("where", ["to_recipient", "to_mail"])
async def test_what_is_refused_for_good_is_not_sent_again_and_is_shown(followed: Desk, places: Databases, box: Letterbox, where: str):
    await aware(followed, "2026-03-23")
    await asked(followed)
    setattr(box, where, [f"550 no such user {ADDRESS}"])
    with capture_logs() as logs, reminding(places, box):
        (row,) = await until(places, ended)
        await asyncio.sleep(1)
    assert (row.state, row.why, row.attempts, box.letters) == ("refused", "smtp-550", 1, [])
    shown = await told(places)
    assert "refused (smtp-550)" in shown
    assert ADDRESS not in str(logs) + shown


async def test_nothing_personal_is_in_tables_and_jobs(followed: Desk, places: Databases, box: Letterbox, caplog: pytest.LogCaptureFixture):
    await aware(followed, "2026-03-23")
    await asked(followed)
    box.to_recipient = [f"450 {ADDRESS} is busy"] * 50
    caplog.set_level("DEBUG")
    with capture_logs() as logs, reminding(places, box, again=3600):
        await until(places, lambda rows: bool(rows) and rows[0].why == "smtp-450")
        await asyncio.sleep(0.5)
        with psycopg.connect(places.owner_record) as connection:
            kept = [
                str(row)
                for table in ("digests", "digest_days", "reminder_addresses", "procrastinate.procrastinate_jobs",
                              "procrastinate.procrastinate_events")
                for row in connection.execute(f"SELECT t::text FROM {table} t").fetchall()
            ]  # fmt: skip
            ((args,),) = connection.execute("SELECT args FROM procrastinate.procrastinate_jobs").fetchall()
    assert args == {"digest": str((await found(places))[0].id)}
    ours = [record.getMessage() + str(record.exc_text) for record in caplog.records if record.name != "mail.log"]  # the letterbox's own
    assert any("procrastinate" in record.name for record in caplog.records)
    for word in (ADDRESS, "p.user", "Infant", "Quirke", "P User"):
        assert word not in str(kept)
        assert word not in str(ours)
        assert word not in str(logs)


# --- killed


@contextmanager
def worker_process(places: Databases, box: Letterbox) -> Iterator[subprocess.Popen[bytes]]:
    """`casetrail worker`, which plans nothing of today."""
    settings = {
        **{name: value for name, value in os.environ.items() if name not in NOT_OURS}, **environment(places),
        "CASETRAIL_SMTP_HOST": "127.0.0.1", "CASETRAIL_SMTP_PORT": str(box.port), "CASETRAIL_SMTP_SECURITY": "none",
        "CASETRAIL_SMTP_SENDER": SENDER, "CASETRAIL_DIGEST_AT": "23:59:59",
    }  # fmt: skip
    process = subprocess.Popen([CASETRAIL, "worker"], env=settings, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(40)


@pytest.mark.slow
async def test_killed_between_sending_and_noting_it(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    await asked(followed)
    box.to_recipient = ["550 not yet"]  # a digest of a day gone by, which somebody wants sent all the same
    with reminding(places, box):
        (row,) = await until(places, ended)
    with worker_process(places, box) as first:
        box.on_mail = lambda: os.kill(first.pid, signal.SIGKILL)
        assert "sent again" in await told(places, "settle", str(row.id), "--send-again")
        assert await asyncio.to_thread(first.wait, 30) == -signal.SIGKILL
    (row,) = await found(places)
    assert (row.state, len(box.letters)) == ("sending", 1)

    box.on_mail = lambda: None
    with worker_process(places, box):
        (row,) = await until(places, lambda rows: rows[0].state == "in-doubt", 30)
        await asyncio.sleep(3)
        assert len(box.letters) == 1
        ready = (await followed.client.get("http://casetrail/health/ready")).json()
        assert ready["reminders"] == {"to-send": 0, "sending": 0, "in-doubt": 1, "refused": 0}
        (item,) = json.loads(await told(places, "--json"))["items"]
        assert (item["state"], item["why"]) == ("in-doubt", "sender-gone")

        assert "sent again" in await told(places, "settle", str(row.id), "--send-again")
        (row,) = await until(places, lambda rows: rows[0].state == "sent", 30)
    first_letter, second = box.letters
    assert first_letter["Message-ID"] == second["Message-ID"] == row.message_id


async def test_killed_before_anything_was_sent_it_is_sent_by_the_next(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    await asked(followed)
    person = await followed.service.register.rehearsed(PORTAL)
    await Outbox(places.record).plan(THE_DAY, [Planned(person, "named-portal-user", None, "bolton", 1, 0)], "bolton.example")
    with psycopg.connect(places.owner_record) as connection:  # as a worker leaves its job that dies
        connection.execute("SET search_path = procrastinate")
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    with reminding(places, box):
        (row,) = await until(places, ended)
    assert (row.state, len(box.letters)) == ("sent", 1)


async def test_a_server_that_hangs_up_with_the_mail_in_hand_leaves_doubt(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    await asked(followed)
    box.hang_up = True
    with reminding(places, box):
        (row,) = await until(places, ended)
        await asyncio.sleep(1)
    assert (row.state, row.why, row.attempts, len(box.letters)) == ("in-doubt", "no-answer", 1, 1)


async def test_in_doubt_and_known_to_have_come(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    await asked(followed)
    with reminding(places, box):
        (row,) = await until(places, ended)
    with psycopg.connect(places.owner_record) as connection:
        connection.execute("UPDATE digests SET state = 'sending'")  # as a sender leaves it that dies
    with reminding(places, box):
        (row,) = await until(places, lambda rows: rows[0].state == "in-doubt")
        await asyncio.sleep(1)
    assert len(box.letters) == 1
    assert "noted as sent" in await told(places, "settle", str(row.id), "--sent")
    (row,) = await found(places)
    assert (row.state, row.settled_at is not None) == ("sent", True)
    assert "no such digest" in await told(places, "settle", str(row.id), "--sent")
