"""Asking for reminders and withdrawing them; and what was made for a post ends with the post."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest

from interfaces.databases import Databases
from tests.interfaces.api.conftest import Desk
from tests.interfaces.api.test_exports import made

pytestmark = pytest.mark.anyio
BM, PORTAL = "business-manager//B Manager/bolton", "named-portal-user//P User/bolton"
ADDRESS = "b.manager@bolton.example"


async def asked(desk: Desk, by: str = BM, address: str = ADDRESS) -> None:
    answer = await desk.ask("/reminders", {"address": address}, by)
    assert answer.status_code == 201, answer.text


async def test_whoever_asked_sees_it_and_nobody_else(desk: Desk):
    await asked(desk)
    mine = (await desk.look("/reminders", BM)).json()
    assert (mine["address"], mine["partnership"], mine["role"], mine["withdrawn_at"]) == (ADDRESS, "bolton", "business-manager", None)
    assert mine["post_held"] is True
    assert (await desk.look("/reminders", PORTAL)).status_code == 404


async def test_the_address_is_nowhere_in_the_clear(desk: Desk, places: Databases):
    await asked(desk)
    with psycopg.connect(places.owner_record) as connection:
        (row,) = connection.execute("SELECT reminder_addresses::text, address FROM reminder_addresses").fetchall()
    assert "manager@" not in row[0]
    assert sorted(row[1]) == ["c", "e", "k"]


async def test_asked_again_the_new_address_takes_the_place_of_the_old(desk: Desk):
    await asked(desk)
    await asked(desk, address="other@bolton.example")
    assert (await desk.look("/reminders", BM)).json()["address"] == "other@bolton.example"


async def test_withdrawn_the_address_is_gone(desk: Desk, places: Databases):
    assert (await desk.look("/reminders", BM, "DELETE")).status_code == 404
    await asked(desk)
    assert (await desk.look("/reminders", BM, "DELETE")).status_code == 204
    mine = (await desk.look("/reminders", BM)).json()
    assert mine["address"] is None
    assert mine["withdrawn_at"] is not None
    with psycopg.connect(places.owner_record) as connection:
        assert connection.execute("SELECT address FROM reminder_addresses").fetchall() == [(None,)]


async def test_an_erased_person_has_no_address_and_is_given_none(desk: Desk):
    await asked(desk)
    person = await desk.service.register.rehearsed(BM)
    await desk.service.store.keys.destroy(person)
    assert (await desk.look("/reminders", BM)).json()["address"] is None
    assert (await desk.ask("/reminders", {"address": ADDRESS}, BM)).status_code == 403
    await desk.service.register.forget(person)
    assert (await desk.service.reminders.wanted()) == []


@pytest.mark.parametrize(
    ("by", "address", "status"),
    [
        ("theme-analyst///bolton", ADDRESS, 403),
        ("agency-author///bolton", ADDRESS, 403),
        ("business-manager", ADDRESS, 422),
        (BM, "nobody", 422),
        (BM, "a@b.example\r\nBcc: c@d.example", 422),
        (BM, "", 422),
    ],
)
async def test_not_everybody_and_not_anywhere(desk: Desk, by: str, address: str, status: int):
    answer = await desk.ask("/reminders", {"address": address}, by)
    assert answer.status_code == status
    assert not address or address not in answer.text


async def test_calendars_and_reminders_end_with_the_post(desk: Desk):
    await asked(desk)
    _, path = await made(desk, BM, "partnership")
    person = await desk.service.register.rehearsed(BM)
    register = desk.service.register
    assert len(await desk.service.reminders.wanted()) == 1
    assert await register.leaves(person, "business-manager", "bolton", date(2020, 1, 1)) is True
    with psycopg.connect(desk.service.places.owner_record) as connection:
        connection.execute("UPDATE posts SET from_day = '2020-01-01', until_day = '2020-01-31' WHERE person = %s", (person,))
    gone = await desk.client.get(path)
    assert (gone.status_code, "post" in gone.json()["detail"]) == (404, True)
    assert await desk.service.reminders.wanted() == []
    assert (await desk.look("/reminders", BM)).json()["post_held"] is False
    assert (await desk.ask("/calendar-feeds?of=person", by=BM)).status_code == 403
    assert (await desk.ask("/reminders", {"address": ADDRESS}, BM)).status_code == 403
    assert await register.leaves(person, "business-manager", "bolton", date(2020, 2, 1)) is False
