"""The feed for other systems: every event in order, once, without its words; page by page and live."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from application import event_feed
from application.policy.readable_events import plain
from application.store import mapper
from application.store.store import Stored
from interfaces.databases import Databases
from tests.interfaces.api.conftest import LA, Desk
from tests.interfaces.api.test_boards import AWARE, three_cases
from tests.interfaces.cloud_events import must_be

pytestmark = pytest.mark.anyio

BM = "business-manager///bolton"
EVERYBODY = "business-manager"


async def page(desk: Desk, path: str = "/events", by: str = EVERYBODY) -> tuple[list[dict[str, Any]], int]:
    answer = await desk.look(path, by)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/cloudevents-batch+json"
    return answer.json(), int(answer.headers["Position"])


async def test_every_event_is_a_cloud_event_in_the_order_of_the_log(desk: Desk):
    cases, last = await three_cases(desk)
    events, position = await page(desk)
    assert position == int(last)
    for event in events:
        must_be(event)
    assert [event["position"] for event in events] == sorted({event["position"] for event in events})
    first, *_ = (event for event in events if event["subject"] == cases[0])
    assert (first["type"], first["source"], first["partnership"], first["place"]) == (
        "uk.casetrail.case.case-opened.v1", "/api/v1/cases", "bolton", 1,
    )  # fmt: skip
    assert first["time"] == "2026-03-02T10:00:00.000000Z"
    assert first["data"]["by"]["role"] == "local-authority-practitioner"
    assert first["data"]["fields"]["incident"]["area"] == "bolton"
    assert events[0]["type"] == "uk.casetrail.calendar.calendar-edition-adopted.v1"
    assert "partnership" not in events[0]


async def test_words_are_left_out_and_named(desk: Desk):
    case = await desk.open()
    await desk.ask(f"/cases/{case}/record-awareness", {**AWARE, "because": "the ward rang at noon"}, LA)
    opened, aware = [event for event in (await page(desk))[0] if event["subject"] == case]
    assert opened["data"]["withheld"] == ["children.0.name"]
    assert opened["data"]["fields"]["children"][0]["ref"] == "infant-x"
    assert sorted(aware["data"]["withheld"]) == ["because", "how"]
    text = json.dumps([opened, aware])
    for words in ("Quirke", "hospital", "ward", '"e":', '"k":'):
        assert words not in text


async def test_nothing_is_told_twice_or_left_out_between_pages(desk: Desk):
    await three_cases(desk)
    whole, end = await page(desk)
    found, after = [], 0
    while after < end:
        answer = await desk.look(f"/events?after={after}&limit=2", EVERYBODY)
        found += answer.json()
        after = int(answer.headers["Position"])
        assert ("Link" in answer.headers) == (after < end)
        if "Link" in answer.headers:
            assert answer.headers["Link"] == f'</api/v1/events?limit=2&after={after}>; rel="next"'
    assert found == whole
    assert (await page(desk, f"/events?after={end}")) == ([], end)


async def test_only_what_the_asker_may_know_of(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    cases, last = await three_cases(desk)
    events, position = await page(desk, by=BM)
    assert position == int(last)
    assert {event.get("partnership") for event in events} == {None, "bolton"}
    assert cases[1] not in {event["subject"] for event in events}
    assert {e["subject"] for e in (await page(desk, "/events?partnership=bury"))[0] if "partnership" in e} == {cases[1]}
    # a page of nothing goes on all the same
    monkeypatch.setattr(event_feed, "MOST_READ", 2)
    monkeypatch.setattr(event_feed, "TOGETHER", 2)
    after, found = 0, []
    while after < position:
        some, reached = await page(desk, f"/events?after={after}", by=BM)
        assert reached > after
        found, after = found + some, reached
    assert found == events


async def test_each_page_is_a_look(desk: Desk, places: Databases):
    cases, _ = await three_cases(desk)
    _, position = await page(desk, by=BM)
    with psycopg.connect(places.owner_record) as owner:
        ((record,),) = owner.execute("SELECT record FROM looks ORDER BY number DESC LIMIT 1").fetchall()
    look = json.loads(bytes(record))
    assert (look["view"], look["position"], look["by"]["role"]) == ("events", position, "business-manager")
    assert {f"case/{cases[0]}", f"case/{cases[2]}"} <= {*look["streams"]}
    assert f"case/{cases[1]}" not in look["streams"]


async def test_a_position_that_was_never_reached_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interfaces.wiring.PATIENCE", 0.05)
    assert (await desk.look("/events?after=999999")).status_code == 503
    assert (await desk.look("/events?after=-1")).status_code == 422
    assert (await desk.look("/events", Last_Event_ID="x")).status_code == 422
    assert (await desk.client.get("/events")).status_code == 401


async def test_in_a_rehearsal_at_a_chosen_instant_nothing_later_is_told(desk: Desk):
    cases, _ = await three_cases(desk)
    answer = await desk.look("/events", EVERYBODY, Casetrail_At="2026-03-02T12:00:00+00:00")
    assert {event["subject"] for event in answer.json() if event["source"] == "/api/v1/cases"} == {*cases[:2]}


async def test_an_event_that_this_version_does_not_know_is_told_as_it_is_stored():
    sealed = {"c": "0" * 64, "e": "AA==", "k": "k"}
    body = mapper.body_bytes({"code": "a", "said": [sealed, sealed], "named": {"who": sealed}, "none": None, "list": []})
    header = (
        b'{"v":1,"stream":"case/1","place":1,"name":"never-heard-of","schema":3,"on":"2026-03-02","by":{"person":"p","role":"r"},'
        b'"procedure":[null,"e"],"calendar":"c","command":"d","at":"2026-03-02T10:00:00.000000Z"}'
    )
    fields, withheld = plain(Stored(1, header, body, b""))
    assert fields == {"code": "a", "named": {}, "none": None, "list": []}
    assert withheld == ["said.0", "said.1", "named.who"]
