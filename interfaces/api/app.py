"""The application: routes, problems, and what runs while it serves."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interfaces.api import (
    access,
    boards,
    case_exports,
    case_files,
    children,
    commands,
    deadlines,
    decisions,
    documents,
    events,
    exports,
    figures,
    ledger,
    queries,
    reminders,
    rules,
    shapes,
    sign_in,
    static,
    themes,
)
from interfaces.api.answers import NO_STORE, answered, told
from interfaces.api.description import PREFIX, describe, methods_of, template_of
from interfaces.api.headers import Headed
from interfaces.api.limited import Limited
from interfaces.api.limits import Limits
from interfaces.api.looks import Looked
from interfaces.api.problems import handle_problems
from interfaces.metrics import MEDIA, Metrics, Timed
from interfaces.wiring import Service


def make_app(service: Service, limits: Limits | None = None) -> FastAPI:
    """The API over a service that is wired but not yet started; it starts and stops with the application. Without `limits` anybody may
    ask as often as they like."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with service:
            # what start-up made lives for good: kept out of every later collection, or p99 pays for it
            gc.collect()
            gc.freeze()
            yield

    app = FastAPI(
        title="Casetrail",
        summary="System of record for English child safeguarding case reviews.",
        version=version("casetrail"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        redirect_slashes=False,
        # it would record validation failures and exceptions, and with them personal words
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.service = service
    app.state.metrics = metrics = Metrics()
    app.state.methods_of = partial(methods_of, app)
    app.state.limits = limits = limits or Limits()
    handle_problems(app)
    app.router.routes.extend(commands.routes(PREFIX))
    app.include_router(_api())
    app.include_router(sign_in.router)
    app.include_router(static.router)
    app.include_router(_health(service))
    app.include_router(_metrics(service, metrics))
    app.add_middleware(Looked, service=service)
    app.add_middleware(Limited, limits=limits)
    app.add_middleware(Timed, metrics=metrics, template=template_of)
    app.add_middleware(HeadAsGet)
    # around everything: what Starlette answers when we fail is answered outside of all middleware
    within = app.build_middleware_stack
    app.build_middleware_stack = lambda: Headed(within(), lambda: _over_tls(service))  # type: ignore[method-assign]
    describe(app)
    return app


def _over_tls(service: Service) -> bool:
    """Whether people's browsers reach this service over TLS, as its address says."""
    return service.entrance is not None and service.entrance.sign_in.secure


def _api() -> APIRouter:
    api = APIRouter(prefix=PREFIX)
    for part in (
        queries, case_files, case_exports, events, boards, deadlines, decisions,
        access, figures, exports, reminders, documents, rules, themes, ledger, children,
    ):  # fmt: skip
        api.include_router(part.router)
    api.include_router(ledger.of_case)
    return api


class HeadAsGet:
    """HEAD is GET without its body: the same headers, and the same look."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return await self.app(scope, receive, send)

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET"}, receive, without_body)


def _health(service: Service) -> APIRouter:
    router = APIRouter(prefix="/health", tags=["operating"])

    @router.get("/live", name="live", responses=told(shapes.Live))
    async def live() -> Response:
        """The process answers."""
        return answered({"status": "live"}, {})

    not_ready: dict[int | str, dict[str, Any]] = {503: {"description": "Not ready: which part, and why.", "model": shapes.Readiness}}

    @router.get("/ready", name="ready", responses=told(shapes.Readiness) | not_ready)
    async def ready() -> Response:
        """Database and read models; 503 names what is wanting."""
        found = await service.readiness()
        return answered(found, {}, 200 if found["ready"] else 503)

    return router


def _metrics(service: Service, metrics: Metrics) -> APIRouter:
    router = APIRouter(tags=["operating"])
    text = {"description": "In the text format of Prometheus.", "content": {MEDIA: {"schema": {"type": "string"}}}}

    @router.get("/metrics", name="metrics", response_class=Response, responses={200: text})
    async def told_in_numbers() -> Response:
        """For operators: commands, requests, read models, deadlines. No person, no case, no label."""
        return Response(await metrics.told(service), headers=dict(NO_STORE), media_type=MEDIA)

    return router
