"""Calendars that people subscribe to: made by somebody signed in, read with a token, withdrawn."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import cast

import icalendar
import psycopg
import pytest

from interfaces.databases import Databases
from tests.interfaces.api.conftest import LA, Desk
from tests.interfaces.api.test_boards import three_cases

pytestmark = pytest.mark.anyio
BM, PORTAL = "business-manager//B Manager/bolton", "named-portal-user//P User/bolton"


async def made(desk: Desk, by: str, of: str) -> tuple[str, str]:
    """The id of a new calendar, and its path below the API."""
    answer = await desk.ask(f"/calendar-feeds?of={of}", by=by)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == answer.json()["path"]
    return answer.json()["id"], answer.json()["path"].removeprefix("/api/v1")


async def test_a_calendar_of_the_partnership_and_one_of_ones_own(followed: Desk):
    await three_cases(followed)
    await followed.look("/clocks?after=12")
    _, whole = await made(followed, BM, "partnership")
    _, own = await made(followed, BM, "person")
    _, portal = await made(followed, PORTAL, "person")

    async def days(path: str) -> list[object]:
        # nobody is signed in here
        answer = await followed.client.get(path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        return [cast("date", event["dtstart"].dt) for event in icalendar.Calendar.from_ical(answer.content).events]

    assert await days(whole) == await days(portal) == [date(2026, 3, 9), date(2026, 3, 10)]
    assert await days(own) == []


async def test_nothing_personal_stands_in_it(followed: Desk):
    cases, position = await three_cases(followed)
    await followed.look(f"/clocks?after={position}")
    _, path = await made(followed, BM, "partnership")
    text = (await followed.client.get(path)).text.replace("\r\n ", "")
    for word in ("Infant", "infant-x", "Quirke", "hospital", "Manager", "person-"):
        assert word not in text
    assert cases[0] in text
    assert "CLASS:PRIVATE" in text


async def test_what_is_unchanged_is_not_sent_again_and_what_moves_is(followed: Desk):
    (case, *_), position = await three_cases(followed)
    await followed.look(f"/clocks?after={position}")
    _, path = await made(followed, BM, "partnership")
    first = await followed.client.get(path)
    again = await followed.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])

    corrected = await followed.ask(
        f"/cases/{case}/correct-record", {"event_place": 2, "correction": {"on": "2026-02-27"}, "because": "the log says Friday"}, BM
    )
    assert corrected.status_code == 200, corrected.text
    await followed.look(f"/clocks?after={corrected.headers['Position']}")
    moved = await followed.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert moved.status_code == 200
    before, after = (icalendar.Calendar.from_ical(answer.content).events for answer in (first, moved))
    assert {str(event["uid"]) for event in before} == {str(event["uid"]) for event in after}
    assert after[0]["dtstart"].dt == date(2026, 3, 6)
    assert int(str(after[0]["sequence"])) > int(str(before[0]["sequence"]))


async def test_a_calendar_that_is_withdrawn_shows_nothing(followed: Desk):
    feed, path = await made(followed, BM, "partnership")
    other = await followed.look(f"/calendar-feeds/{feed}", PORTAL, "DELETE")
    assert other.status_code == 404
    assert (await followed.look(f"/calendar-feeds/{feed}", BM, "DELETE")).status_code == 204
    assert (await followed.client.get(path)).status_code == 404
    (listed,) = (await followed.look("/calendar-feeds", BM)).json()["items"]
    assert listed["withdrawn_at"] is not None
    assert "path" not in listed
    assert (await followed.look("/calendar-feeds", PORTAL)).json()["items"] == []


async def test_the_business_manager_may_withdraw_any_of_the_partnership(followed: Desk):
    feed, path = await made(followed, PORTAL, "person")
    assert (await followed.look(f"/calendar-feeds/{feed}", "business-manager///bury", "DELETE")).status_code == 404
    assert (await followed.look(f"/calendar-feeds/{feed}", BM, "DELETE")).status_code == 204
    assert (await followed.client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("by", "asked", "status"),
    [
        ("theme-analyst///bolton", "of=person", 403),
        ("agency-author///bolton", "of=person", 403),
        (f"{LA}///bolton", "of=partnership", 403),
        ("business-manager///bolton", "of=partnership&partnership=bury", 403),
        ("business-manager", "of=person", 422),
    ],
)
async def test_not_everybody_has_a_calendar(desk: Desk, by: str, asked: str, status: int):
    assert (await desk.ask(f"/calendar-feeds?{asked}", by=by)).status_code == status


async def test_only_a_hash_of_the_token_is_kept(followed: Desk, places: Databases):
    _, path = await made(followed, BM, "person")
    token = path.removeprefix("/feeds/").removesuffix(".ics")
    with psycopg.connect(places.owner_record) as connection:
        (row,) = connection.execute("SELECT token, calendar_feeds::text FROM calendar_feeds").fetchall()
    assert row[0] == hashlib.sha256(token.encode()).digest()
    assert token not in row[1]


async def test_a_token_that_there_is_not(desk: Desk):
    assert (await desk.client.get(f"/feeds/{'x' * 43}.ics")).status_code == 404
