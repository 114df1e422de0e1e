"""Asking for something to happen: a route for each command, whose body is the command itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response
from pydantic import BaseModel

from application.commands import COMMANDS
from domain.adoption import AdoptCalendar, AdoptProcedure
from domain.candidate import DecideThematic, RaiseThematicCandidate
from domain.language import Command
from domain.stages.opening import OpenCase
from interfaces.api.identity import Asker, Asking, service
from interfaces.api.problems import Unfit, documented

router = APIRouter()

CaseId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,80}$", description="The part of the stream after `case/`.")]
CandidateRef = Annotated[str, Path(pattern=r"^[a-z]+-[A-Z][0-9.]{1,8}$", description="`<partnership>-<code>`.")]
IfMatch = Annotated[str | None, Header(description='The place of the case the person had been shown, quoted: `"7"`.')]
IdempotencyKey = Annotated[
    str | None, Header(min_length=1, max_length=200, description="The same key and body again gives the first answer again.")
]
DryRun = Annotated[bool, Query(description="Answer as if; nothing is recorded.")]


class EventNamed(BaseModel):
    """An event that was recorded, or would be."""

    name: str
    place: int
    ref: str | None = None


class Recorded(BaseModel):
    """What was recorded: where the case and the log stand now. `clocks` only in a dry run: those that would start."""

    case: str
    place: int
    position: int | None = None
    events: list[EventNamed]
    clocks: list[dict[str, Any]] | None = None
    dry_run: bool | None = None


async def ask(
    request: Request,
    response: Response,
    command: Command,
    asker: Asker,
    stream: str | None,
    if_match: str | None,
    key: str | None,
    dry_run: bool,
) -> Recorded:
    """One command through the door, as the API answers it."""
    running = service(request)
    seen = place_of(if_match)
    if dry_run:
        would = await running.cases.would_do(command, asker.by, stream=stream, seen=seen, at=asker.at)
        answer = Recorded(
            case=would.stream.partition("/")[2],
            place=would.place,
            events=[_named(r) for r in would.imagined],
            clocks=await running.clocks_started(would),
            dry_run=True,
        )
        response.headers["Position"] = str(await running.store.settled_position())
    else:
        done = await running.cases.do(command, asker.by, stream=stream, seen=seen, key=key, path=request.url.path, at=asker.at)
        answer = Recorded(
            case=done.stream.partition("/")[2], place=done.place, position=done.position, events=[_named(r) for r in done.recorded]
        )
        response.headers["ETag"] = f'"{done.place}"'
        response.headers["Position"] = str(done.position)
        await running.followed(done)
    response.headers["Cache-Control"] = "no-store"
    return answer


def _named(recorded: Any) -> EventNamed:
    return EventNamed(name=recorded.name, place=recorded.place, ref=getattr(recorded.event, "ref", None))


def place_of(if_match: str | None) -> int | None:
    """The place that `If-Match` names; none where it is left out or `*`."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = re.fullmatch(r'(?:W/)?"([0-9]{1,9})"', if_match.strip())
    if not found:
        raise Unfit("If-Match", 'is not a place in quotes, such as "7"')
    return int(found.group(1))


@router.post("/cases", status_code=201, name="open-case", tags=["asking"], response_model_exclude_none=True,
             responses=documented(400, 401, 403, 409, 413, 415, 422, 503))  # fmt: skip
async def open_case(
    request: Request, response: Response, body: OpenCase, asker: Asking, idempotency_key: IdempotencyKey = None, dry_run: DryRun = False
) -> Recorded:
    """Open a case under a pseudonym."""
    answer = await ask(request, response, body, asker, None, None, idempotency_key, dry_run)
    if dry_run:
        response.status_code = 200
    else:
        response.headers["Location"] = f"/api/v1/cases/{answer.case}"
    return answer


def _of_case(model: type[Command]) -> Callable[..., Coroutine[Any, Any, Recorded]]:
    async def of_case(
        request: Request, response: Response, case: CaseId, body: Any, asker: Asking,
        if_match: IfMatch = None, idempotency_key: IdempotencyKey = None, dry_run: DryRun = False,
    ) -> Recorded:  # fmt: skip
        return await ask(request, response, body, asker, f"case/{case}", if_match, idempotency_key, dry_run)

    bare = all(not field.is_required() for field in model.model_fields.values())
    of_case.__annotations__["body"] = Annotated[model, Body(default_factory=model)] if bare else model
    of_case.__doc__ = model.__doc__ if model.__doc__ != Command.__doc__ else None
    return of_case


for _name, _model in sorted(COMMANDS.items()):
    if _model.stream_kind == "case" and _model is not OpenCase:
        router.add_api_route(
            f"/cases/{{case}}/{_name}", _of_case(_model), methods=["POST"], name=_name, tags=["asking"], response_model=Recorded,
            response_model_exclude_none=True, responses=documented(400, 401, 403, 404, 409, 412, 413, 415, 422, 503),
        )  # fmt: skip

WITHOUT_CASE = documented(400, 401, 403, 404, 409, 412, 413, 415, 422, 503)


@router.post(
    "/themes/raise-thematic-candidate",
    name="raise-thematic-candidate",
    tags=["asking"],
    response_model_exclude_none=True,
    responses=WITHOUT_CASE,
)
async def raise_thematic_candidate(
    request: Request,
    response: Response,
    body: RaiseThematicCandidate,
    asker: Asking,
    idempotency_key: IdempotencyKey = None,
    dry_run: DryRun = False,
) -> Recorded:
    """The partners raise a theme themselves, on what they know (BOL-116)."""
    return await ask(request, response, body, asker, None, None, idempotency_key, dry_run)


@router.post(
    "/themes/candidates/{candidate}/decide-thematic",
    name="decide-thematic",
    tags=["asking"],
    response_model_exclude_none=True,
    responses=WITHOUT_CASE,
)
async def decide_thematic(
    request: Request, response: Response, candidate: CandidateRef, body: DecideThematic, asker: Asking,
    if_match: IfMatch = None, idempotency_key: IdempotencyKey = None, dry_run: DryRun = False,
) -> Recorded:  # fmt: skip
    """What the three decided about a candidate, with their reason (BOL-37)."""
    if body.candidate != candidate:
        raise Unfit("candidate", "names another candidate than the path")
    return await ask(request, response, body, asker, f"candidate/{candidate}", if_match, idempotency_key, dry_run)


@router.post("/calendars", name="adopt-calendar", tags=["asking"], response_model_exclude_none=True, responses=WITHOUT_CASE)
async def adopt_calendar(
    request: Request,
    response: Response,
    body: AdoptCalendar,
    asker: Asking,
    idempotency_key: IdempotencyKey = None,
    dry_run: DryRun = False,
) -> Recorded:
    """Adopt an edition of the calendar of England."""
    return await ask(request, response, body, asker, None, None, idempotency_key, dry_run)


@router.post("/procedures", name="adopt-procedure", tags=["asking"], response_model_exclude_none=True, responses=WITHOUT_CASE)
async def adopt_procedure(
    request: Request,
    response: Response,
    body: AdoptProcedure,
    asker: Asking,
    idempotency_key: IdempotencyKey = None,
    dry_run: DryRun = False,
) -> Recorded:
    """Adopt an edition of a procedure."""
    return await ask(request, response, body, asker, None, None, idempotency_key, dry_run)
