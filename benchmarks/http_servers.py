"""What is asked over HTTP, each server a process of its own with one uvicorn worker."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import structlog
import uvicorn
from eventsourcing.persistence import IntegrityError
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from benchmarks import library
from interfaces import wiring, worker
from interfaces.api.app import make_app
from interfaces.cli.serving import listen
from interfaces.databases import Databases

STARTS_WITHIN = 60.0
ATTEMPTS = 30
"""Of the library's endpoint, each on another case: those that all threads write on at once are refused."""


class Body(BaseModel):
    """What a discussion comes as."""

    with_role: str
    lived_experience: str
    rationale: str


def bare_app(url: str, cases: list[UUID]) -> FastAPI:
    """The limit: an asynchronous POST with a pydantic body that does nothing. And the library behind a synchronous one."""
    theirs = library.application(url, create=False)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        gc.collect()
        gc.freeze()
        yield
        theirs.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/bare", status_code=200)
    async def bare(body: Body) -> dict[str, int]:
        return {"place": len(body.rationale)}

    @app.post("/library", status_code=200)
    def command(body: Body) -> dict[str, int]:
        for _ in range(ATTEMPTS):
            case: Any = theirs.repository.get(random.choice(cases))
            case.discuss(**body.model_dump(), by={"person": "person-" + "5" * 32}, editions=["bolton", "england-2023"])
            try:
                theirs.save(case)
            except IntegrityError:
                continue
            return {"place": case.version}
        raise HTTPException(409)

    return app


def serve_bare(says: Connection, url: str, cases: list[UUID]) -> None:
    """In a process of its own."""
    _serve(says, bare_app(url, cases))


def serve_casetrail(says: Connection, places: Databases, follows: bool) -> None:
    """The API over a rehearsal, as `casetrail serve` runs it; `follows` the read models in the same process, or leaves them to a worker."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with worker.following(places.projections) if follows else nullcontext():
        _serve(says, make_app(wiring.Service(places, boards=True)))


def _serve(says: Connection, app: FastAPI) -> None:
    listening = listen("127.0.0.1", 0)
    says.send(listening.getsockname()[1])
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=5)
    uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def apart(serve: Callable[..., None], *arguments: object) -> Iterator[int]:
    """The port of a server that runs until the block ends."""
    spawn = multiprocessing.get_context("spawn")
    hears, says = spawn.Pipe(duplex=False)
    process = spawn.Process(target=serve, args=(says, *arguments))
    process.start()
    try:
        says.close()
        if not hears.poll(STARTS_WITHIN):
            raise RuntimeError("a server did not start")
        yield hears.recv()
    finally:
        process.terminate()
        process.join(15)
        if process.is_alive():
            process.kill()
            process.join()
