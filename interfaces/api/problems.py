"""Answers that are not what was asked for: one sentence each, in the form of RFC 9457, and nothing of what was sent."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException

from application.cases import KeyReused, NoSuchCase
from application.children.index import BeingMade
from application.documents import DocumentDestroyed, NoSuchDocument
from application.looking import LaterThanNow
from application.store.connections import StoreAway
from application.store.store import InstantNotAllowed
from domain.language import NotAllowed, Refused
from interfaces.sign_in.provider import ProviderAway
from projections.paging import BadCursor, NotMade

log = logging.getLogger("casetrail.api")

MEDIA = "application/problem+json"
TYPES = "https://casetrail.example/problems/"
"""Where each type of problem is described; an identifier, not an address that is fetched."""


class FieldError(BaseModel):
    """A field that is not well formed."""

    field: str = Field(description="Where it stands: `children.0.harm`, a header or a query parameter. Never what was sent.")
    detail: str = Field(description="What is wrong with it.")


class MissedEvent(BaseModel):
    """An event that was recorded after what the asker had been shown."""

    name: str
    place: int


class Problem(BaseModel):
    """RFC 9457: an answer that is not what was asked for, in one sentence. It never repeats what was sent."""

    type: str = Field(description="What kind of problem; an identifier.")
    title: str
    status: int
    detail: str = Field(description="The sentence to show.")
    rule: str | None = Field(default=None, description="The rule that a refusal rests on, such as `BOL-68`.")
    command: str | None = Field(default=None, description="What was asked.")
    errors: list[FieldError] | None = Field(default=None, description="Each field that is missing or malformed.")
    missed: int | None = Field(default=None, description="How many events were recorded since the asker was shown the case.")
    events: list[MissedEvent] | None = Field(default=None, description="Which they were, those of which the asker may know.")


class Unfit(Exception):
    """A header, a path or a query parameter that cannot be used: which, and why."""

    def __init__(self, field: str, detail: str, status: int = 422) -> None:
        super().__init__(detail)
        self.field, self.detail, self.status = field, detail, status


class Malformed(Exception):
    """A body that is not the command it should be: each field, and what is wrong with it."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        super().__init__("malformed")
        self.errors = [*errors]

    @classmethod
    def from_pydantic(cls, error: ValidationError) -> Malformed:
        """From what the model says, without what was sent."""
        return cls(_told(error.errors(include_url=False, include_input=False, include_context=False)))


class MovedOn(Exception):
    """The case has moved on since the asker was shown it: by how many events, and which of them are theirs to know of."""

    def __init__(self, missed: int, named: Sequence[MissedEvent]) -> None:
        super().__init__("moved on")
        self.missed, self.named = missed, [*named]


class NotSignedIn(Exception):
    """Nobody is named who asks. `token`: a token was given, and is not good."""

    def __init__(self, sentence: str = "Nobody is signed in.", *, token: bool = False) -> None:
        super().__init__(sentence)
        self.sentence, self.token = sentence, token


class TooMany(Exception):
    """Asked more often than is meant: in so many seconds it may be asked again."""

    def __init__(self, seconds: float) -> None:
        super().__init__("too many")
        self.seconds = seconds


class NotYet(Exception):
    """What was asked to be answered from a later position than has been reached in time."""


def problem(status: int, kind: str, title: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """One problem as a response."""
    body = Problem(type=TYPES + kind, title=title, status=status, detail=detail, **more)
    content = body.model_dump_json(exclude_none=True)
    return Response(content, status, media_type=MEDIA, headers={"Cache-Control": "no-store", **(headers or {})})


DOCUMENTED: dict[int, tuple[str, str]] = {
    400: ("bad-request", "The request cannot be read, or carries a header that this service refuses."),
    401: ("not-signed-in", "Nobody is signed in."),
    403: ("not-allowed", "This person may not ask this: the rule of the matrix, and nothing about the case."),
    404: ("not-found", "There is no such thing, or none that this person may know of."),
    405: ("method-not-allowed", "The path does not take this method."),
    409: ("refused", "The case refuses: the sentence, and the rule it rests on."),
    408: ("too-slow", "The body did not arrive in time."),
    410: ("destroyed", "It was destroyed: only its digest and size are left."),
    412: ("moved-on", "The case has moved on since this person was shown it: how many events they missed, and which they may know of."),
    413: ("too-large", "The body is larger than the service takes."),
    414: ("address-too-long", "The address, with its query, is longer than the service takes."),
    415: ("media-type", "The body is not of the media type that this path takes."),
    422: ("malformed", "Fields that are missing or malformed, each named."),
    429: ("too-many", "Asked more often than is meant: `Retry-After` says in how many seconds to ask again."),
    431: ("headers-too-large", "The headers are larger than the service takes."),
    503: ("not-available", "The database, or a read model, is not there in time; ask again."),
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation may answer beside its success, for OpenAPI."""
    return {
        status: {"description": DOCUMENTED[status][1], "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        for status in statuses
    }


def _command(request: Request) -> str | None:
    """The command that was asked, where one was."""
    asked: str | None = getattr(request.state, "command", None)
    return asked


# --- what the application and the domain answer


async def refused(request: Request, error: Refused) -> Response:
    if (command := _command(request)) is not None and request.query_params.get("dry_run") != "true":
        request.app.state.metrics.refused(command, error.rule)
    if isinstance(error, NotAllowed):
        return problem(403, "not-allowed", "Not allowed", error.sentence, rule=error.rule, command=_command(request))
    return problem(409, "refused", "Refused", error.sentence, rule=error.rule, command=_command(request))


async def moved(request: Request, error: MovedOn) -> Response:
    many = f"{error.missed} event{'' if error.missed == 1 else 's'}"
    detail = f"The case has moved on by {many} since you were shown it; look again before you ask." if error.missed else (
        "If-Match names a place that the case has not reached."
    )  # fmt: skip
    return problem(412, "moved-on", "The case has moved on", detail, missed=error.missed, events=error.named, command=_command(request))


async def away(request: Request, error: Exception) -> Response:
    log.warning("not available: %s", type(error).__name__)
    unknown = isinstance(error, StoreAway) and error.unknown
    detail = "The database is not there at present; ask again."
    if unknown:
        detail = "The database went away, and whether this was recorded is not known; ask again with the same Idempotency-Key."
    return problem(503, "not-available", "Not available", detail, headers={"Retry-After": "2"})


# --- what cannot be read


async def unfit(request: Request, error: Unfit) -> Response:
    if error.status != 422:
        kind, _ = DOCUMENTED[error.status]
        return problem(error.status, kind, _title(kind), error.detail)
    return await malformed(request, Malformed([FieldError(field=error.field, detail=error.detail)]))


async def malformed(request: Request, error: Malformed) -> Response:
    named = "; ".join(f"{e.field}: {e.detail}" for e in error.errors[:5])
    return problem(422, "malformed", "Malformed", named, errors=error.errors[:50], command=_command(request))


async def invalid(request: Request, error: RequestValidationError) -> Response:
    return await malformed(request, Malformed(_told(error.errors())))


def _told(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Which fields are wrong and how; what was sent is not repeated, it may name a person."""
    return [FieldError(field=_where(e["loc"]), detail=e["msg"].removeprefix("Value error, ")) for e in errors]


NAME = re.compile(r"[A-Za-z0-9_.:-]{1,60}")


def _where(loc: tuple[int | str, ...]) -> str:
    """The path of a field. Its names are those of the model, or of an unknown field as far as it looks like one."""
    parts = [str(part) for n, part in enumerate(loc) if n or part not in ("body", "query", "header", "path")]
    return ".".join(part if NAME.fullmatch(part) else "(unknown)" for part in parts) or "body"


async def http(request: Request, error: HTTPException) -> Response:
    kind, sentence = DOCUMENTED.get(error.status_code, ("http", "The request could not be answered."))
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(request.app.state.methods_of(request.url.path)) or headers.get("Allow", "")
    return problem(error.status_code, kind, _title(kind), sentence, headers=headers)


def _title(kind: str) -> str:
    return kind.replace("-", " ").capitalize()


def _fixed(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Callable[[Request, Exception], Awaitable[Response]]:
    kind = DOCUMENTED[status][0]

    async def answer(request: Request, error: Exception) -> Response:
        return problem(status, kind, _title(kind), detail, headers=headers)

    return answer


def _field(field: str, detail: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        return await malformed(request, Malformed([FieldError(field=field, detail=detail)]))

    return answer


async def not_signed_in(request: Request, error: NotSignedIn) -> Response:
    rehearsal = request.app.state.service.rehearsal
    wanted = "Casetrail-Person" if rehearsal else 'Bearer error="invalid_token"' if error.token else "Bearer"
    return problem(401, "not-signed-in", "Not signed in", error.sentence, headers={"WWW-Authenticate": wanted})


def too_many(seconds: float) -> Response:
    """Asked too often; whole seconds, so that whoever waits as long is answered."""
    wait = max(1, math.ceil(seconds))
    detail = f"You have asked very often; ask again in {wait} second{'' if wait == 1 else 's'}."
    return problem(429, "too-many", "Too many", detail, headers={"Retry-After": str(wait)})


async def asked_too_often(request: Request, error: TooMany) -> Response:
    return too_many(error.seconds)


async def failed(request: Request, error: Exception) -> Response:
    """Our own fault. The trace goes to the log, nothing of it to the asker."""
    return problem(500, "failed", "Failed", "This went wrong here, and is not your doing; nothing was recorded that was not answered.")


def handle_problems(app: FastAPI) -> None:
    """Every error that is an answer becomes one; everything else surfaces as a 500 that says nothing."""
    handlers: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
        Refused: refused,
        MovedOn: moved,
        Unfit: unfit,
        Malformed: malformed,
        RequestValidationError: invalid,
        HTTPException: http,
        NoSuchCase: _fixed(404, "There is no such case, or none that you may know of."),
        NoSuchDocument: _fixed(404, "No document of this digest is held for this case."),
        DocumentDestroyed: _fixed(410, "The key of this document was destroyed: only its digest and size are left."),
        NotSignedIn: not_signed_in,
        TooMany: asked_too_often,
        ProviderAway: _fixed(503, "The provider of sign-in does not answer at present; try again in a moment.", {"Retry-After": "5"}),
        KeyReused: _field("Idempotency-Key", "was used before, with another body; use a key of its own for each asking"),
        InstantNotAllowed: _field("Casetrail-At", "lies before the last event of the store; what is recorded comes after it"),
        LaterThanNow: _field("as_of", "lies in the future; nobody knows yet what will be recorded by then"),
        BadCursor: _field("cursor", "is none of this list with these filters; begin again without one"),
        BeingMade: _fixed(503, "The index of children is being made; until then nobody can say who is not known.", {"Retry-After": "10"}),
        NotYet: _fixed(503, "That position has not been reached yet; ask again.", {"Retry-After": "1"}),
        NotMade: _fixed(503, "This read model has not been made yet: its worker does that.", {"Retry-After": "5"}),
        Exception: failed,
    }
    for lost in (StoreAway, psycopg.OperationalError, psycopg.InterfaceError, ConnectionError, TimeoutError):
        handlers[lost] = away
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
