"""No more than is meant: how long a request may be, how slowly it may come, and how often it may be asked."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import time

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interfaces.api.body import LARGEST_JSON
from interfaces.api.limits import Limits
from interfaces.api.pages import as_page, wants_a_page
from interfaces.api.problems import DOCUMENTED, problem, too_many

LONGEST_ADDRESS = 4096
"""Bytes of a path with its query."""

LARGEST_HEAD = 32 * 1024
"""Bytes of all headers; a token of a provider that tells of many groups has some."""

PATIENCE = 20.0
"""Seconds for which a body is waited for, in all, beside what its size allows."""

SLOWEST = 20_000
"""Bytes a second of a body that goes on being waited for."""

SIGN_IN = frozenset({"/sign-in", "/sign-in/callback", "/sign-in/as"})
OPEN = ("/api/v1/ledger/", "/api/v1/feeds/", "/api/v1/openapi.json", "/api/v1/docs", "/session", "/sign-out")
"""What is answered without asking in which post somebody asks. Health and metrics are not counted: whoever watches must not be shut out."""

A_DOCUMENT = re.compile(r"/api/v1/cases/[^/]+/documents")


class Limited:
    """Refuses what is too long, too slow or too often, before or instead of whatever it asks for."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        refused = _too_long(scope) or self._too_often(scope)
        if refused is not None:
            return await refused(scope, receive, send)
        body = Body(receive, _largest(scope))
        instead = False

        async def counted(message: Message) -> None:
            """An answer that nobody is signed in counts for the address; in place of one too many stands that it is."""
            nonlocal instead
            nobody = message["type"] == "http.response.start" and message["status"] == 401 and scope["path"] not in SIGN_IN
            if nobody and self.limits.stranger is not None and (seconds := self.limits.stranger.wait(address(scope))):
                instead = True
                await _told(scope, seconds)(scope, receive, send)
            if not instead:
                await send(message)

        await self.app(scope, body, counted)

    def _too_often(self, scope: Scope) -> Response | None:
        allowance = self.limits.stranger if scope["path"] in SIGN_IN else self.limits.open if scope["path"].startswith(OPEN) else None
        seconds = allowance.wait(address(scope)) if allowance else 0.0
        return _told(scope, seconds) if seconds else None


def address(scope: Scope) -> str:
    """Where a request comes from: of an address of version 6 the network, which one household or office has as a whole."""
    host: str = scope["client"][0] if scope.get("client") else ""
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    ip = ip.ipv4_mapped or ip if isinstance(ip, ipaddress.IPv6Address) else ip
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


def _told(scope: Scope, seconds: float) -> Response:
    request = Request(scope)
    told = too_many(seconds)
    return as_page(told) if scope["path"] in SIGN_IN and wants_a_page(request) else told


def _too_long(scope: Scope) -> Response | None:
    status = 0
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_ADDRESS:
        status = 414
    elif sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEAD:
        status = 431
    if not status:
        return None
    kind, sentence = DOCUMENTED[status]
    return problem(status, kind, kind.replace("-", " ").capitalize(), sentence, headers={"Connection": "close"})


def _largest(scope: Scope) -> int:
    if scope["method"] == "PUT" and A_DOCUMENT.fullmatch(scope["path"]):
        return int(scope["app"].state.service.largest_document)
    return LARGEST_JSON


class Body:
    """A body as it arrives: no larger than `most`, and not slower than it may be. Only waiting counts, not what is done in between."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most = receive, most
        self._read, self._waited, self._whole = 0, 0.0, False

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()  # until whoever asks goes away
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE + self._read / SLOWEST - self._waited):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None
        self._waited += time.monotonic() - began
        if message["type"] == "http.request":
            self._whole = not message.get("more_body", False)
            self._read += len(message.get("body", b""))
            if self._read > self._most:
                raise HTTPException(413, headers={"Connection": "close"})
        return message
