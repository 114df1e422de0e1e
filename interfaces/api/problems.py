"""Answers that are not what was asked for: one sentence each, in the form of RFC 9457, and nothing of what was sent."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from application.cases import KeyReused, Moved, NoSuchCase
from application.store.store import InstantNotAllowed
from domain.language import NotAllowed, Refused

log = logging.getLogger("casetrail.api")

MEDIA = "application/problem+json"
TYPES = "https://casetrail.example/problems/"
"""Where each type of problem is described; an identifier, not an address that is fetched."""


class FieldError(BaseModel):
    """A field that is not well formed: where it stands and what is wrong with it. Never what was sent."""

    field: str
    detail: str


class MissedEvent(BaseModel):
    """An event that was recorded after what the asker had been shown."""

    name: str
    place: int


class Problem(BaseModel):
    """RFC 9457. `rule` is the rule a refusal rests on, `command` what was asked."""

    type: str
    title: str
    status: int
    detail: str
    rule: str | None = None
    command: str | None = None
    errors: list[FieldError] | None = None
    missed: int | None = None
    events: list[MissedEvent] | None = None


class Unfit(Exception):
    """A header or a query parameter that cannot be used: which, and why."""

    def __init__(self, field: str, detail: str, status: int = 422) -> None:
        super().__init__(detail)
        self.field, self.detail, self.status = field, detail, status


class NotSignedIn(Exception):
    """Nobody is named who asks."""


class NotYet(Exception):
    """What was asked to be answered from a later position than the read model has reached in time."""


def problem(status: int, kind: str, title: str, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """One problem as a response."""
    body = Problem(type=TYPES + kind, title=title, status=status, detail=detail, **more).model_dump(exclude_none=True)
    return JSONResponse(body, status, media_type=MEDIA, headers={"Cache-Control": "no-store", **(headers or {})})


DOCUMENTED: dict[int, tuple[str, str]] = {
    400: ("bad-request", "The request cannot be read, or carries a header that this service refuses."),
    401: ("not-signed-in", "Nobody is signed in."),
    403: ("not-allowed", "This person may not ask this: the rule of the matrix, and nothing about the case."),
    404: ("not-found", "There is no such thing, or none that this person may know of."),
    405: ("method-not-allowed", "The path does not take this method."),
    409: ("refused", "The case refuses: the sentence, and the rule it rests on."),
    412: ("moved-on", "The case has moved on since this person was shown it: how many events they missed, and which."),
    413: ("too-large", "The body is larger than the service takes."),
    415: ("media-type", "The body is not JSON."),
    422: ("malformed", "Fields that are missing or malformed, each named."),
    503: ("not-available", "The database, or a read model, is not there in time; ask again."),
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation may answer beside its success, for OpenAPI."""
    return {
        status: {"description": DOCUMENTED[status][1], "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        for status in statuses
    }


def _command(request: Request) -> str | None:
    return getattr(request.scope.get("route"), "name", None) if request.method == "POST" else None


async def refused(request: Request, error: Refused) -> JSONResponse:
    if isinstance(error, NotAllowed):
        return problem(403, "not-allowed", "Not allowed", error.sentence, rule=error.rule, command=_command(request))
    return problem(409, "refused", "Refused", error.sentence, rule=error.rule, command=_command(request))


async def moved(request: Request, error: Moved) -> JSONResponse:
    missed = [MissedEvent(name=recorded.name, place=recorded.place) for recorded in error.missed]
    many = f"{len(missed)} event{'' if len(missed) == 1 else 's'}"
    detail = f"The case has moved on by {many} since you were shown it; look again before you ask." if missed else (
        "If-Match names a place that the case has not reached."
    )  # fmt: skip
    return problem(412, "moved-on", "The case has moved on", detail, missed=len(missed), events=missed)


async def unfit(request: Request, error: Unfit) -> JSONResponse:
    if error.status == 400:
        return problem(400, "bad-request", "Header refused", error.detail)
    return problem(
        422, "malformed", "Malformed", f"{error.field}: {error.detail}", errors=[FieldError(field=error.field, detail=error.detail)]
    )


async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
    """Which fields are wrong and how; what was sent is not repeated, it may name a person."""
    errors = [FieldError(field=_where(e["loc"]), detail=e["msg"]) for e in error.errors()]
    named = "; ".join(f"{e.field}: {e.detail}" for e in errors[:5])
    return problem(422, "malformed", "Malformed", named, errors=errors, command=_command(request))


def _where(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc if part not in ("body", "query", "header", "path")) or "body"


async def http(request: Request, error: HTTPException) -> JSONResponse:
    kind, sentence = DOCUMENTED.get(error.status_code, ("http", "The request could not be answered."))
    return problem(error.status_code, kind, kind.replace("-", " ").capitalize(), sentence, headers=dict(error.headers or {}))


def _fixed(status: int, detail: str, headers: dict[str, str] | None = None) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    kind = DOCUMENTED[status][0]

    async def answer(request: Request, error: Exception) -> JSONResponse:
        if status == 503:
            log.warning("not available: %s", type(error).__name__)
        return problem(status, kind, kind.replace("-", " ").capitalize(), detail, headers=headers)

    return answer


def handle_problems(app: FastAPI) -> None:
    """Every error that is an answer becomes one; everything else surfaces as a 500 that says nothing."""
    app.add_exception_handler(Refused, refused)  # type: ignore[arg-type]  # Starlette types handlers by Exception
    app.add_exception_handler(Moved, moved)  # type: ignore[arg-type]  # as above
    app.add_exception_handler(Unfit, unfit)  # type: ignore[arg-type]  # as above
    app.add_exception_handler(RequestValidationError, malformed)  # type: ignore[arg-type]  # as above
    app.add_exception_handler(HTTPException, http)  # type: ignore[arg-type]  # as above
    app.add_exception_handler(NoSuchCase, _fixed(404, "There is no such case, or none that you may know of."))
    app.add_exception_handler(NotSignedIn, _fixed(401, "Nobody is signed in.", {"WWW-Authenticate": "Casetrail-Person"}))
    app.add_exception_handler(
        KeyReused, _fixed(422, "This Idempotency-Key was used before, with another body; use a key of its own for each asking.")
    )
    app.add_exception_handler(
        InstantNotAllowed, _fixed(422, "Casetrail-At lies before the last event of the store; what is recorded comes after it.")
    )
    app.add_exception_handler(NotYet, _fixed(503, "This read model has not reached that position yet; ask again.", {"Retry-After": "1"}))
    for lost in (psycopg.OperationalError, psycopg.InterfaceError, ConnectionError, TimeoutError):
        app.add_exception_handler(lost, _fixed(503, "The database is not there at present; ask again.", {"Retry-After": "2"}))
