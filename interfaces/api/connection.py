"""A connection that asks for something soon, in few words, and takes what it is given: whoever does not is let go.

Uvicorn waits for headers, and for a reader, as long as they like to take; a few hundred of such guests would fill the house.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN = 20.0
"""Seconds in which a request has to say what it asks for, from its first byte on; and a new connection, from its beginning."""

LARGEST_HEAD = 64 * 1024
"""Bytes received before headers end. What a request may have of them is less, and is told it politely (limited.py)."""

TAKEN_WITHIN = 60.0
"""Seconds in which somebody who stopped reading has to go on."""

TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Bounded(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with an end to waiting."""

    _head = 0
    _asking: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._must_ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self._asked()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._asking is None and (self.cycle is None or self.cycle.response_complete):
            self._must_ask()
        self._head += len(data)
        super().data_received(data)
        if self._asking is not None and self._head > LARGEST_HEAD and not self.transport.is_closing():
            self.transport.write(TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._asked()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(TAKEN_WITHIN, self.transport.abort)

    def resume_writing(self) -> None:
        self._taken()
        super().resume_writing()

    def _must_ask(self) -> None:
        self._head = 0
        self._asking = self.loop.call_later(HEAD_WITHIN, self.transport.close)

    def _asked(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
