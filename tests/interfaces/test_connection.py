"""Over a real socket: whoever does not ask, asks without end, or does not take what they are given, is let go; and nobody else."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from interfaces.api import connection
from interfaces.api.connection import Bounded
from interfaces.cli.serving import listen

ANSWER = b"HTTP/1.1 200 OK"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Gives many bytes at `/much`, waits a little at `/slow`, and answers at once elsewhere."""
    if scope["type"] != "http":
        return
    await receive()
    if scope["path"] == "/slow":
        await asyncio.sleep(0.8)
    much = 64 * 1024 * 1024 if scope["path"] == "/much" else 2
    headers = [(b"content-length", str(much).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for start in range(0, much, 1 << 20):
        await send({"type": "http.response.body", "body": b"x" * min(1 << 20, much - start), "more_body": start + (1 << 20) < much})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connection, "HEAD_WITHIN", 0.5)
    monkeypatch.setattr(connection, "TAKEN_WITHIN", 0.5)
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, http=Bounded, ws="none", lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(10)


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def is_let_go(held: socket.socket, within: float = 3.0) -> bool:
    held.settimeout(within)
    try:
        while held.recv(1 << 16):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def test_whoever_connects_and_says_nothing_is_let_go(port: int):
    with connected(port) as held:
        assert is_let_go(held)


def test_whoever_never_ends_their_headers_is_let_go(port: int):
    with connected(port) as held:
        began = time.monotonic()
        try:
            while time.monotonic() - began < 3:
                held.sendall(b"GET / HTTP/1.1\r\n" if time.monotonic() - began < 0.05 else b"X: y\r\n")
                time.sleep(0.05)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert time.monotonic() - began < 2


def test_headers_without_end_are_refused_before_they_fill_the_memory(port: int):
    with connected(port) as held:
        sent = 0
        held.sendall(b"GET / HTTP/1.1\r\nX-Long: ")
        try:
            while sent < 4_000_000:
                sent += held.send(64 * 1024 * b"x")
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert sent < 4_000_000


def test_headers_that_are_too_large_are_told_so(port: int):
    with connected(port) as held:
        held.sendall(b"GET / HTTP/1.1\r\nX-Long: " + 70 * 1024 * b"x")
        assert held.recv(100).startswith(b"HTTP/1.1 431 ")


def test_whoever_stops_reading_is_let_go(port: int):
    with connected(port) as held:
        held.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1.2)
        held.settimeout(3)
        taken = 0
        try:
            while part := held.recv(1 << 20):
                taken += len(part)
        except ConnectionResetError:
            pass
        assert taken < 64 * 1024 * 1024


def test_an_answer_that_takes_its_time_is_waited_for_and_a_second_may_be_asked_for(port: int):
    with connected(port) as held:
        for _ in range(2):
            held.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            assert held.recv(4096).startswith(ANSWER)
            time.sleep(0.1)


def test_many_bytes_that_are_taken_slowly_but_steadily_are_all_given(port: int):
    with connected(port) as held:
        held.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        taken, began = 0, time.monotonic()
        while part := held.recv(1 << 20):
            taken += len(part)
            if time.monotonic() - began < 1:
                time.sleep(0.02)
        assert taken > 64 * 1024 * 1024


@pytest.mark.parametrize("body", [b"", b"x" * 300_000])
def test_a_body_after_the_headers_is_no_part_of_them(port: int, body: bytes):
    with connected(port) as held:
        held.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert held.recv(4096).startswith(ANSWER)
