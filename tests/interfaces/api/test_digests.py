"""The digests: what they list, on which days, once, and to whom no longer."""

from __future__ import annotations

import asyncio
import time as clock
from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import psycopg
import pytest
from structlog.testing import capture_logs

from application.outbox import Outbox, Planned
from interfaces.databases import Databases
from tests.interfaces.api.conftest import Desk
from tests.interfaces.letterbox import SENDER, Letterbox
from tests.interfaces.reminding import ADDRESS, PORTAL, THE_DAY, asked, aware, body, ended, found, impatient, planned, reminding, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Letterbox]:
    with impatient(monkeypatch) as running:
        yield running


# --- what, and when


async def test_what_is_overdue_and_what_is_due_over_easter(followed: Desk, places: Databases, box: Letterbox):
    late, later, soon, last, beyond = await aware(followed, "2026-03-23", "2026-03-24", "2026-03-30", "2026-04-02", "2026-04-07")
    (elsewhere,) = await aware(followed, "2026-04-08", partnership="bury")
    await asked(followed)
    with reminding(places, box):
        (row,) = await until(places, ended)
    assert (row.state, row.day, row.overdue, row.due, row.attempts) == ("sent", THE_DAY, 2, 2, 1)
    (letter,) = box.letters
    assert (letter["Subject"], letter["To"], letter["From"]) == (
        "Casetrail: 2 overdue, 2 due by 13 April", ADDRESS, f"Casetrail <{SENDER}>",
    )  # fmt: skip
    assert letter["Message-ID"] == row.message_id
    said = body(letter)
    for words in ("was due Monday 30 March 2026", "due Wednesday 8 April 2026, Bolton", "due Monday 13 April 2026", "Notification"):
        assert words.lower() in said.lower(), said
    for case in (late, later, soon, last):
        assert f"https://casetrail.bolton.example/api/v1/cases/{case}" in said
    assert beyond not in said
    assert elsewhere not in said
    for word in ("Infant", "infant-x", "Quirke", "hospital", "P User", "person-"):
        assert word not in said
    assert max(map(len, said.splitlines())) < 100


@pytest.mark.parametrize("day", [date(2026, 4, 3), date(2026, 4, 4), date(2026, 4, 5), date(2026, 4, 6)])
async def test_no_mail_on_a_weekend_or_a_bank_holiday(followed: Desk, places: Databases, box: Letterbox, day: date):
    await aware(followed, "2026-03-23")
    await asked(followed)
    with capture_logs() as logs, reminding(places, box, datetime.combine(day, time(9), UTC)):
        end = clock.monotonic() + 10
        while not any(line.get("state") == "waiting" for line in logs):
            assert clock.monotonic() < end, logs
            await asyncio.sleep(0.05)
    assert planned(places) == []
    assert box.letters == []


async def test_not_before_the_time_of_day_in_london(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    await asked(followed)
    with reminding(places, box, datetime(2026, 4, 2, 6, 29, tzinfo=UTC)):  # 07:29 in London, where it is summer
        await asyncio.sleep(1.5)
        assert planned(places) == []
    with reminding(places, box, datetime(2026, 4, 2, 6, 30, tzinfo=UTC)):
        await until(places, ended)


async def test_where_nothing_is_due_there_is_no_mail(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-04-20")
    await asked(followed)
    with reminding(places, box):
        end = clock.monotonic() + 10
        while planned(places) != [THE_DAY]:
            assert clock.monotonic() < end
            await asyncio.sleep(0.05)
    assert (await found(places), box.letters) == ([], [])


async def test_once_a_day_with_two_workers_at_once(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    people = [f"named-portal-user//Person {n}/bolton" for n in range(6)]
    for n, person in enumerate(people):
        await asked(followed, person, f"p{n}@bolton.example")
    with reminding(places, box, workers=2):
        await until(places, lambda rows: len(rows) == 6 and ended(rows))
        await asyncio.sleep(1)
    with reminding(places, box, workers=2):  # and after a restart
        await asyncio.sleep(1.5)
    assert sorted(letter["To"] for letter in box.letters) == [f"p{n}@bolton.example" for n in range(6)]
    assert {row.attempts for row in await found(places)} == {1}


# --- to whom no longer


async def test_an_erased_address_is_not_written_to_and_that_is_told(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    await asked(followed)
    await followed.service.store.keys.destroy(await followed.service.register.rehearsed(PORTAL))
    with capture_logs() as logs, reminding(places, box):
        (row,) = await until(places, ended)
    assert (row.state, row.why, box.letters) == ("dropped", "address-erased", [])
    assert [line["why"] for line in logs if line.get("state") == "dropped"] == ["address-erased"]


async def test_a_post_that_ended_has_no_digest(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    await asked(followed)
    with psycopg.connect(places.owner_record) as connection:
        connection.execute("UPDATE posts SET from_day = '2020-01-01', until_day = '2020-01-31' WHERE role = 'named-portal-user'")
    with reminding(places, box):
        end = clock.monotonic() + 10
        while planned(places) != [THE_DAY]:
            assert clock.monotonic() < end
            await asyncio.sleep(0.05)
    assert (await found(places), box.letters) == ([], [])


async def test_withdrawn_while_it_waits_it_is_not_sent(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    await asked(followed)
    box.to_recipient = ["450 later"]
    with reminding(places, box, again=1.5):
        await until(places, lambda rows: bool(rows) and rows[0].why == "smtp-450")
        assert (await followed.look("/reminders", PORTAL, "DELETE")).status_code == 204
        (row,) = await until(places, ended)
    assert (row.state, row.why, box.letters) == ("dropped", "withdrawn", [])


async def test_what_could_not_be_sent_on_its_day_is_not_sent_on_the_next(followed: Desk, places: Databases, box: Letterbox):
    await aware(followed, "2026-03-23")
    await asked(followed)
    person = await followed.service.register.rehearsed(PORTAL)
    await Outbox(places.record).plan(THE_DAY, [Planned(person, "named-portal-user", None, "bolton", 1, 0)], "bolton.example")
    with reminding(places, box, datetime(2026, 4, 3, 9, tzinfo=UTC)):  # Good Friday
        (row,) = await until(places, ended)
    assert (row.state, row.why, box.letters) == ("dropped", "day-over", [])


async def test_beyond_the_calendar_nobody_is_reminded_and_that_is_told(followed: Desk, places: Databases, box: Letterbox):
    await asked(followed)
    with capture_logs() as logs, reminding(places, box, datetime(2061, 5, 2, 9, tzinfo=UTC)):
        end = clock.monotonic() + 10
        while not (still := [line for line in logs if line.get("state") == "standing-still"]):
            assert clock.monotonic() < end, logs
            await asyncio.sleep(0.05)
    assert "CAL-7" in still[0]["why"]
    assert planned(places) == []
