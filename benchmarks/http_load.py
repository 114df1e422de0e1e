"""Load over HTTP, from a process of its own: a few connections that stay open, each asking again once it is answered."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

import uvloop

from benchmarks.measuring import Figures, paced

WARM = 0.25
"""The part of the time, before it counts, in which the connections are made and warm."""


@dataclass(frozen=True)
class Job:
    """What to ask (whole requests, in turn), of which port, over how many connections, for how long."""

    port: int
    requests: list[bytes]
    connections: int
    seconds: float


class Asking(asyncio.Protocol):
    """One connection. `took` is filled with how long each answer took."""

    def __init__(self, requests: list[bytes], counts_from: float, until: float, took: list[float]) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._counts_from, self._until = counts_from, until
        self._took = took
        self._n = 0
        self._answer = b""
        self._whole = 0
        self._asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._whole:
            end = self._answer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._answer[:end].lower()
            length = head.index(b"content-length:") + 15
            self._whole = end + 4 + int(head[length : head.find(b"\r\n", length) if b"\r\n" in head[length:] else None])
        if len(self._answer) >= self._whole:
            now = time.perf_counter()
            if not self._answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
                self._end(RuntimeError(f"answered {self._answer[:600].decode(errors='replace')}"))
                return
            if self._asked_at >= self._counts_from:
                self._took.append(now - self._asked_at)
            if now < self._until or not self._took:
                self._ask()
            else:
                self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionResetError("the server hung up"))

    def _ask(self) -> None:
        self._answer, self._whole = b"", 0
        self._asked_at = time.perf_counter()
        self._transport.write(self._requests[self._n % len(self._requests)])
        self._n += 1

    def _end(self, wrong: Exception | None) -> None:
        if not self.done.done():
            if wrong:
                self.done.set_exception(wrong)
            else:
                self.done.set_result(None)
        self._transport.close()


async def ask(job: Job) -> Figures:
    """All connections at once."""
    began = time.perf_counter()
    counts_from, until = began + job.seconds * WARM, began + job.seconds * (1 + WARM)
    took: list[float] = []
    loop = asyncio.get_running_loop()
    asking = []
    for n in range(job.connections):
        own = job.requests[n :: job.connections]
        _, protocol = await loop.create_connection(
            lambda own=own: Asking(own, counts_from, until, took),  # type: ignore[misc]  # each its own
            "127.0.0.1",
            job.port,
        )
        asking.append(protocol)
    async with asyncio.timeout(2 * job.seconds + 20):
        await asyncio.gather(*(protocol.done for protocol in asking))
    return paced(took, time.perf_counter() - counts_from)


def work(line: Connection) -> None:
    """Take jobs until there are no more."""
    while (job := line.recv()) is not None:
        try:
            line.send(uvloop.run(ask(job)))
        except Exception as wrong:
            line.send(wrong)


class Load:
    """The process that asks."""

    def __init__(self, line: Connection) -> None:
        self._line = line

    async def ask(self, job: Job) -> Figures:
        """What came of a job."""
        self._line.send(job)
        found = await asyncio.to_thread(self._line.recv)
        if isinstance(found, Exception):
            raise found
        return dict(found)


@contextmanager
def load() -> Iterator[Load]:
    """The process, for as long as the block lasts."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=work, args=(theirs,))
    process.start()
    try:
        yield Load(ours)
    finally:
        ours.send(None)
        process.join(10)
        if process.is_alive():
            process.kill()
            process.join()
