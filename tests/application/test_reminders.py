"""The outbox of digests: written once with its jobs, never sent twice by itself; and who may touch it."""

from __future__ import annotations

import asyncio
from datetime import date
from importlib.metadata import version
from importlib.resources import files

import psycopg
import pytest

from application.outbox import QUEUE, SEND, Outbox, Planned
from application.store.migrate import migrations
from domain.people import By
from interfaces.databases import Databases
from interfaces.wiring import Service

pytestmark = pytest.mark.anyio
DAY = date(2026, 4, 2)


async def somebody(service: Service, name: str = "P User") -> Planned:
    """Somebody in a post, to whom a deadline falls."""
    person = await service.register.rehearsed(f"named-portal-user//{name}/bolton")
    await service.register.holds(By(person=person, role="named-portal-user", partnership="bolton"), DAY)
    return Planned(person, "named-portal-user", None, "bolton", overdue=1, due=2)


def jobs(places: Databases) -> list[tuple[object, ...]]:
    with psycopg.connect(places.owner_record) as connection:
        return connection.execute(
            "SELECT queue_name, task_name, args, queueing_lock, status FROM procrastinate.procrastinate_jobs"
        ).fetchall()


async def test_rows_and_jobs_stand_or_fall_together(service: Service, places: Databases):
    outbox = Outbox(places.record)
    known, stranger = await somebody(service), Planned("person-" + 32 * "f", "named-portal-user", None, "bolton", 1, 0)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        await outbox.plan(DAY, [known, stranger], "bolton.example")
    assert (await outbox.latest(10), jobs(places), await outbox.planned(DAY)) == ([], [], False)
    assert await outbox.plan(DAY, [known], "bolton.example") is True
    (row,) = await outbox.latest(10)
    assert (row.state, row.overdue, row.due, row.message_id) == ("to-send", 1, 2, f"<{row.id}@bolton.example>")
    assert jobs(places) == [(QUEUE, SEND, {"digest": str(row.id)}, f"{known.person} 2026-04-02", "todo")]


async def test_a_day_is_planned_once_by_whoever_comes_first(service: Service, places: Databases):
    one = await somebody(service)
    made = await asyncio.gather(*(Outbox(places.record).plan(DAY, [one], "bolton.example") for _ in range(6)))
    assert sorted(made) == [False] * 5 + [True]
    assert len(await Outbox(places.record).latest(10)) == len(jobs(places)) == 1


async def test_what_is_being_sent_is_nobody_elses_and_is_no_doubt(service: Service, places: Databases):
    outbox, other = Outbox(places.record), Outbox(places.record)
    await outbox.plan(DAY, [await somebody(service)], "bolton.example")
    (row,) = await outbox.latest(10)
    async with outbox.alone(row.id) as sending:
        assert sending is not None
        assert await sending.begin(1, 2) is True
        assert await other.abandoned() == []
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5), other.alone(row.id):
                pytest.fail("two have it")
        assert await sending.begin(1, 2) is False
        await sending.end("sent")
    assert [row.state for row in await outbox.latest(10)] == ["sent"]
    assert await other.abandoned() == []


async def test_a_sender_who_is_gone_leaves_doubt_and_one_who_knows_removes_it(service: Service, places: Databases):
    outbox = Outbox(places.record)
    await outbox.plan(DAY, [await somebody(service)], "bolton.example")
    (row,) = await outbox.latest(10)
    async with outbox.alone(row.id) as sending:
        assert sending is not None
        await sending.begin(1, 2)
        knows = sending
    assert await outbox.abandoned() == [row.id]
    assert await outbox.abandoned() == []
    assert (await service.reminders.standing())["in-doubt"] == 1
    async with outbox.alone(row.id) as sending:
        assert sending is not None
        assert await sending.begin(1, 2) is False  # not again by itself
        knows._connection = sending._connection
        await knows.end("sent")
    assert [row.state for row in await outbox.latest(10)] == ["sent"]


async def test_settled_and_begun_again_an_earlier_sender_has_no_more_say(service: Service, places: Databases):
    outbox = Outbox(places.record)
    await outbox.plan(DAY, [await somebody(service)], "bolton.example")
    (row,) = await outbox.latest(10)
    assert await outbox.settle(row.id, again=True) is False  # it waits to be sent anyway
    async with outbox.alone(row.id) as before:
        assert before is not None
        await before.begin(1, 2)
    await outbox.abandoned()
    assert await outbox.settle(row.id, again=True) is True
    async with outbox.alone(row.id) as after:
        assert after is not None
        assert await after.begin(1, 2) is True
        before._connection = after._connection
        await before.end("sent")
        assert [row.state for row in await outbox.latest(10)] == ["sending"]
        await after.end("refused", "smtp-550")
    (row,) = await outbox.latest(10)
    assert (row.state, row.attempts, row.message_id) == ("refused", 2, f"<{row.id}@bolton.example>")
    assert await outbox.settle(row.id, again=False) is False


def test_the_tables_of_the_jobs_are_those_of_the_version_installed():
    (ours,) = (migration for migration in migrations("record") if migration.name == "0007_reminders.sql")
    theirs = (files("procrastinate") / "sql" / "schema.sql").read_text("utf-8")
    assert theirs in ours.text, f"procrastinate {version('procrastinate')} has another schema: add its migrations as one of ours"


@pytest.mark.parametrize(
    ("role", "question"),
    [
        ("casetrail_projections", "SELECT FROM reminder_addresses"),
        ("casetrail_projections", "SELECT FROM digests"),
        ("casetrail_projections", "SELECT FROM procrastinate.procrastinate_jobs"),
        ("casetrail_auditor", "SELECT FROM reminder_addresses"),
        ("casetrail_auditor", "SELECT FROM procrastinate.procrastinate_jobs"),
        ("casetrail_service", "DELETE FROM digests"),
        ("casetrail_service", "UPDATE digests SET message_id = 'x'"),
        ("casetrail_service", "UPDATE digests SET person = 'x'"),
        ("casetrail_service", "DELETE FROM reminder_addresses"),
        ("casetrail_service", "UPDATE digest_days SET digests = 0"),
        ("casetrail_service", "CREATE TABLE procrastinate.more (x int)"),
    ],
)
def test_nobody_may_do_more_than_they_need(places: Databases, role: str, question: str):
    with psycopg.connect(places.owner_record) as connection:
        connection.execute(f"SET ROLE {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(question)
