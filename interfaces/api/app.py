"""The application: routes, problems, and what runs while it serves."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse

from interfaces.api import commands, queries
from interfaces.api.problems import Problem, handle_problems
from interfaces.wiring import Service

LARGEST_BODY = 1024 * 1024
"""Bytes of a JSON body; documents have a route and a limit of their own."""


def make_app(service: Service) -> FastAPI:
    """The API over a service that is wired but not yet started; it starts and stops with the application."""

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
        openapi_url="/api/v1/openapi.json",
        max_body_size=LARGEST_BODY,
        # native telemetry would log validation failures, and with them personal words
        telemetry=False,
    )
    app.state.service = service
    handle_problems(app)
    api = APIRouter(prefix="/api/v1")
    api.include_router(commands.router)
    api.include_router(queries.router)
    app.include_router(api)
    app.include_router(_health(service))
    _describe_problems(app)
    return app


def _health(service: Service) -> APIRouter:
    router = APIRouter(prefix="/health", tags=["operating"])

    @router.get("/live", name="live")
    async def live() -> dict[str, str]:
        """The process answers."""
        return {"status": "live"}

    @router.get("/ready", name="ready", responses={503: {"description": "Not ready: which part, and why."}})
    async def ready() -> JSONResponse:
        """Database, migration level and read models; 503 names what is wanting."""
        told = await service.readiness()
        return JSONResponse(told, 200 if told["ready"] else 503, headers={"Cache-Control": "no-store"})

    return router


def _describe_problems(app: FastAPI) -> None:
    """Puts the schema of a problem into the OpenAPI document, to which every documented answer points."""
    made = app.openapi

    def openapi() -> dict[str, object]:
        document = made()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas["Problem"] = schema
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI documents replacing it so
