"""Every look is noted before it is answered, in this one place: no route has to think of it, and none can leave it out.

A route says what it looks at (`looks_at`) where that cannot be read from its answer. What cannot be noted is not answered.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.access import Judged, Outcome, look
from application.policy.policies import Policies
from application.policy.reading import Reader
from application.store.connections import StoreAway
from domain.language import replace
from domain.people import By
from interfaces.api.problems import away
from interfaces.wiring import Service

log = logging.getLogger("casetrail.api")

PREFIX = "/api/v1/"

SHOW_NO_CASE = frozenset({"procedures", "calendars", "calendar-feeds", "reminders", "ledger", "openapi.json", "docs"})
"""The first part of the paths below which nothing of a case is shown: rules, calendars and proofs, and what somebody set up themselves."""

SHOWN = frozenset({200, 206, 304, 412})
"""Answers that show something: 304 says that what was shown before still holds, 412 which events were missed."""

REFUSED = frozenset({403, 404, 409, 410})
"""Answers to a try that showed nothing."""


@dataclass
class Sight:
    """What a request looks at, as far as it has been said. `view`: else the name of the route. `reader`: by whom the policies were
    asked of the one case. `deed`: only what is refused, or was missed, is a look."""

    view: str | None = None
    streams: Sequence[str] = ()
    place: int | None = None
    as_of: datetime | None = None
    documents: Sequence[str] = ()
    by: By | None = None
    id: str | None = None
    reader: Reader | None = None
    deed: bool = False

    def judged(self, by: By) -> Judged:
        """As what they were let in, and by which policies. Many cases at once they read in the post they act in."""
        if self.reader is None:
            return Judged(by.role, Policies.shipped().edition)
        reader = self.reader
        return Judged(reader.capacity, reader.policies.edition, reader.withheld, reader.broke_glass)


def looks_at(request: Request, **what: Any) -> None:
    """Say what this request looks at: members of `Sight`."""
    sight: Sight = _state(request.scope).setdefault("look", Sight())
    for name, value in what.items():
        if not hasattr(sight, name):
            raise AttributeError(name)
        setattr(sight, name, value)


class Showing(Response):
    """An answer that can be asked which cases and candidates it shows something of."""

    def __init__(self, shown: Any, content: bytes, status: int, headers: dict[str, str]) -> None:
        super().__init__(content, status, headers, "application/json")
        self._shown = shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _state(scope)["showing"] = self._shown
        await super().__call__(scope, receive, send)


class Looked:
    """Notes the look, and only then lets the answer go: for all routes, dry runs and refusals."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            return await self.app(scope, receive, send)
        _state(scope)
        withheld = False

        async def noted(message: Message) -> None:
            nonlocal withheld
            if message["type"] == "http.response.start":
                try:
                    await self._note(scope, message)
                except (StoreAway, psycopg.Error, OSError, TimeoutError) as wrong:
                    withheld = True
                    response = await away(Request(scope), StoreAway(type(wrong).__name__))
                    await response(scope, receive, send)
            if not withheld:
                await send(message)

        await self.app(scope, receive, noted)

    async def _note(self, scope: Scope, message: Message) -> None:
        status, state = message["status"], _state(scope)
        outcome: Outcome | None = "shown" if status in SHOWN else "refused" if status in REFUSED else None
        sight: Sight | None = state.get("look")
        if outcome is None or not _may_show(scope, sight) or (sight and sight.deed and outcome == "shown" and status != 412):
            return
        sight = sight or Sight()
        asker = state.get("asker")
        by = sight.by or (asker.by if asker else None)
        if by is None:
            if outcome == "shown":
                raise RuntimeError("Something of a case would be shown, and nobody knows to whom.")
            return
        streams = sight.streams or tuple(streams_in(state.get("showing")))
        if status == 404 and not streams:
            return
        if status in (403, 404):
            streams = [stream for stream in streams if await self._known(stream)]
        if sight.reader is not None and by.behalf_of is None:
            by = replace(by, behalf_of=sight.reader.behalf_of)
        view = sight.view or getattr(scope.get("route"), "name", None) or "none"
        found = look(
            by, view, outcome=outcome, streams=streams, place=sight.place, as_of=sight.as_of, documents=sight.documents,
            reason=state.get("because"), position=_position(message), id=sight.id, judged=sight.judged(by),
        )  # fmt: skip
        await self.service.looks.note(found, at=asker.at if asker else None)

    async def _known(self, stream: str) -> bool:
        """Whether there is such a stream: a try at what there is not is noted, and names nothing. Both cost the same."""
        return bool(await self.service.store.history(stream, upto_place=1))


def _state(scope: Scope) -> dict[str, Any]:
    state: dict[str, Any] = scope.setdefault("state", {})
    return state


def _may_show(scope: Scope, sight: Sight | None) -> bool:
    """Whether this kind of request may show something of a case: every GET but a few; of others those that say so."""
    if scope["method"] != "GET":
        return sight is not None
    return scope["path"].removeprefix(PREFIX).partition("/")[0] not in SHOW_NO_CASE


def _position(message: Message) -> int | None:
    return next((int(value) for name, value in message["headers"] if name.lower() == b"position"), None)


def streams_in(content: Any) -> Iterator[str]:
    """The cases and candidates that an answer speaks of: it names each under `case`, `cases` or `candidate`."""
    if isinstance(content, dict):
        for name, value in content.items():
            if name in ("case", "candidate") and isinstance(value, str):
                yield f"{name}/{value}"
            elif name == "cases" and isinstance(value, list):
                yield from _each(value)
            elif isinstance(value, dict | list) and name != "arithmetic":
                yield from streams_in(value)
    elif isinstance(content, list):
        for item in content:
            yield from streams_in(item)


def _each(cases: Iterable[Any]) -> Iterator[str]:
    for case in cases:
        if isinstance(case, str):
            yield f"case/{case}"
        else:
            yield from streams_in(case)
