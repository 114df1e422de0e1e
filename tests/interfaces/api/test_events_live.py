"""The feed live: what happens is told as it happens, resumed where it broke off, and ended when somebody goes."""

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
from interfaces.api import events as feed
from interfaces.api.identity import Asker, who
from interfaces.databases import Databases
from tests.interfaces.api.conftest import Desk
from tests.interfaces.api.test_boards import INCIDENT
from tests.interfaces.cloud_events import must_be
from tests.interfaces.served import open_case, served

pytestmark = pytest.mark.anyio

BM = "business-manager///bolton"


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
            for _ in range(3):
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


async def _asker(desk: Desk) -> Asker:
    return Asker(by=await who(desk.service, BM), at=None)
