"""The feed for other systems: every event in order, once, without its words; page by page and live."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import psycopg
import pytest

from application import event_feed
from application.event_feed import plain
from application.store import mapper
from application.store.store import Stored
from interfaces.api import events as feed
from interfaces.databases import Databases
from tests.interfaces.api.conftest import LA, Desk
from tests.interfaces.api.test_boards import AWARE, INCIDENT, three_cases
from tests.interfaces.cloud_events import must_be
from tests.interfaces.served import open_case, served

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


# --- live


def lines(answer: httpx.Response, seconds: float = 20.0) -> Iterator[dict[str, str]]:
    """The messages of an event stream; comments under the name of nothing."""
    message: dict[str, str] = {}
    end = time.monotonic() + seconds
    for line in answer.iter_lines():
        assert time.monotonic() < end, "it did not come in time"
        if line:
            name, _, value = line.partition(":")
            message[name] = value.strip()
        elif message:
            yield message
            message = {}


def followed(url: str, after: int = 0, last: str | None = None) -> Any:
    told = {"Accept": "text/event-stream", "Casetrail-Person": BM, **({"Last-Event-ID": last} if last else {})}
    return httpx.stream("GET", f"{url}/api/v1/events?after={after}", headers=told, timeout=30)


def test_a_live_feed_goes_on_as_things_happen_and_is_resumed(places: Databases):
    with served(places) as url:
        with followed(url) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            coming = lines(answer)
            assert next(coming) == {"retry": "2000"}
            adopted = next(coming)
            must_be(json.loads(adopted["data"]))
            case = open_case(url)
            opened = next(message for message in coming if "case-opened" in message.get("event", ""))
        event = json.loads(opened["data"])
        assert (event["subject"], opened["id"], opened["event"]) == (case, str(event["position"]), event["type"])
        # the line was lost before it, and the browser asks again with the last id it had
        with followed(url, last=adopted["id"]) as answer:
            ids = [message["id"] for message in _until(lines(answer), opened["id"])]
        assert ids[-1] == opened["id"]
        assert adopted["id"] not in ids
        assert ids == sorted(set(ids), key=int)


def _until(coming: Iterator[dict[str, str]], last: str) -> Iterator[dict[str, str]]:
    for message in coming:
        if "data" in message:
            yield message
        if message.get("id") == last:
            return


def test_silence_is_told_and_what_others_recorded_moves_the_cursor(places: Databases, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feed, "HEARTBEAT", 0.2)
    with served(places) as url, followed(url) as answer:
        coming = lines(answer)
        assert next(message for message in coming if "" in message) == {"": "still here"}
        open_case(url, label="Infant of Bury", partnership="bury", incident={**INCIDENT, "area": "bury"})
        moved = next(message for message in coming if "id" in message)
    assert "data" not in moved


def test_what_is_sent_live_was_noted_before(places: Databases):
    with served(places) as url:
        case = open_case(url)
        with followed(url) as answer:
            next(message for message in lines(answer) if "case-opened" in message.get("event", ""))
            with psycopg.connect(places.owner_record) as owner:
                noted = owner.execute("SELECT record FROM looks WHERE view = 'events' ORDER BY number").fetchall()
    opening, sent = (json.loads(bytes(record)) for (record,) in noted)
    assert "streams" not in opening
    assert f"case/{case}" in sent["streams"]


def test_nobody_is_served_who_has_gone(places: Databases, monkeypatch: pytest.MonkeyPatch):
    asked: list[float] = []
    page_of = event_feed.EventFeed.page

    async def counted(self: event_feed.EventFeed, **more: Any) -> Any:
        asked.append(time.monotonic())
        return await page_of(self, **more)

    monkeypatch.setattr(event_feed.EventFeed, "page", counted)
    monkeypatch.setattr(feed, "HEARTBEAT", 0.1)
    with served(places) as url:
        with followed(url) as answer:
            coming = lines(answer)
            for _ in range(2):
                assert next(message for message in coming if "" in message) == {"": "still here"}
        gone = time.monotonic()
        time.sleep(1.5)
    assert len(asked) > 2
    assert asked[-1] < gone + 0.7


async def test_it_ends_when_whoever_followed_goes(desk: Desk):
    await desk.open()
    live = feed._live(desk.service, await _asker(desk), None, 0, None)
    assert await anext(live) == feed.AGAIN
    assert b"case-opened" in await anext(live)
    waiting = asyncio.ensure_future(anext(live))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    with pytest.raises(StopAsyncIteration):
        await anext(live)


async def test_it_ends_when_the_service_does(desk: Desk):
    leaving = False
    desk.service.leaving = lambda: leaving
    live = feed._live(desk.service, await _asker(desk), None, await desk.service.store.settled_position(), None)
    assert await anext(live) == feed.AGAIN
    waiting = asyncio.ensure_future(anext(live))
    await asyncio.sleep(0.05)
    leaving = True
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(waiting, 3)


async def test_it_ends_when_the_database_goes(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    async def away(**_: object) -> None:
        raise OSError

    monkeypatch.setattr(desk.service.events, "page", away)
    live = feed._live(desk.service, await _asker(desk), None, 0, None)
    assert [part async for part in live] == [feed.AGAIN]


async def _asker(desk: Desk) -> Any:
    from interfaces.api.identity import Asker, who

    return Asker(by=await who(desk.service, BM), at=None)
