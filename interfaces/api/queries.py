"""Looking: one case from its own history, many from the read models. Every answer says the position it is true at."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel

from application.looking import LaterThanNow, Seen
from domain.guidance import EDITIONS
from domain.procedure import edition_as_data
from interfaces.api.commands import CaseId
from interfaces.api.identity import Asking, instant, service
from interfaces.api.problems import NotYet, Unfit, documented

router = APIRouter(tags=["looking"])
OF_CASE = documented(400, 401, 404, 422, 503)

AsOf = Annotated[str | None, Query(description="As recorded by this instant (ISO 8601 with offset); later than now is refused.")]
Place = Annotated[int | None, Query(ge=1, le=10_000_000, description="As it stood at this place of the case.")]
After = Annotated[int | None, Query(ge=0, le=2**62, description="Answer from this position of the log or later (read your own writes).")]
Cursor = Annotated[str | None, Query(max_length=600, description="Where the page before ended: its `next`.")]
Limit = Annotated[int, Query(ge=1, le=200)]


class Listed(BaseModel):
    """A page of a list; `next` goes on where it ends."""

    items: list[dict[str, Any]]
    next: str | None = None


async def not_prefetched(sec_purpose: Annotated[str | None, Header()] = None) -> None:
    """A look is recorded, so nothing is looked at before somebody means to."""
    if sec_purpose and "prefetch" in sec_purpose:
        raise Unfit("Sec-Purpose", "Pages about cases are not fetched ahead: every look is recorded.", 400)


PREFETCH = [Depends(not_prefetched)]


async def seen(
    request: Request, response: Response, case: CaseId, asker: Asking, as_of: AsOf = None, place: Place = None, after: After = None
) -> Seen:
    """The case as known at `as_of`, or at a place."""
    running = service(request)
    if after is not None:
        await running.reached(after)
    try:
        looked = await running.looking.see(f"case/{case}", now=asker.at, as_of=instant("as_of", as_of), place=place)
    except LaterThanNow:
        raise Unfit("as_of", "lies in the future; nobody knows yet what will be recorded by then") from None
    response.headers["Position"] = str(looked.position)
    response.headers["Cache-Control"] = "no-store"
    return looked


Looked = Annotated[Seen, Depends(seen)]


@router.get("/cases/{case}", name="overview", dependencies=PREFETCH, responses=OF_CASE)
async def overview(request: Request, response: Response, looked: Looked) -> dict[str, Any]:
    """The case at a glance: parties, stage, holds, documents, positions."""
    response.headers["ETag"] = f'"{looked.place}"'
    return await service(request).looking.overview(looked)


@router.get("/cases/{case}/allowed", name="allowed", dependencies=PREFETCH, responses=OF_CASE)
async def allowed(request: Request, looked: Looked, asker: Asking) -> dict[str, Any]:
    """Which commands this person may ask now; for the others the sentence that refuses them whatever their fields."""
    return await service(request).looking.allowed(looked, asker.by)


@router.get("/cases/{case}/history", name="history", dependencies=PREFETCH, responses=OF_CASE)
async def history(
    request: Request, response: Response, looked: Looked, from_place: Annotated[int, Query(ge=1, le=10_000_000)] = 1
) -> Listed:
    """Every recorded event in order, each with one plain sentence."""
    response.headers["ETag"] = f'"{looked.place}"'
    return Listed(items=await service(request).looking.history(looked, from_place))


@router.get("/cases/{case}/clocks", name="clocks", dependencies=PREFETCH, responses=OF_CASE)
async def clocks(request: Request, response: Response, looked: Looked) -> Listed:
    """Each clock with its arithmetic day by day, its rule and source, and the events it rests on."""
    running = service(request)
    calendar = running.cases.rulebook.calendar(as_of=looked.at).edition
    response.headers["ETag"] = f'"{looked.place}-{calendar}-{looked.today}"'
    return Listed(items=running.looking.clocks(looked))


@router.get("/cases/{case}/decisions", name="decisions", dependencies=PREFETCH, responses=OF_CASE)
async def decisions(request: Request, looked: Looked) -> Listed:
    """Each decision in order: who decided in what capacity, with which dissent, what it replaced and why."""
    return Listed(items=await service(request).looking.decisions(looked))


@router.get("/cases/{case}/escalations", name="escalations", dependencies=PREFETCH, responses=OF_CASE)
async def escalations(request: Request, looked: Looked) -> dict[str, Any]:
    """Challenges and report concerns: levels, who, how long each took, what waited and what did not."""
    return await service(request).looking.escalations(looked)


@router.get("/cases/{case}/absences", name="absences", dependencies=PREFETCH, responses=OF_CASE)
async def absences(request: Request, looked: Looked) -> Listed:
    """Expected but absent: what the procedure asks for and the record lacks."""
    return Listed(items=await service(request).looking.absences(looked))


# --- across cases


async def read_from(request: Request, response: Response, view: str, after: int | None, asker_at: Any) -> int:
    """The position the read model has reached, having waited for `after` a bounded time.

    Raises:
        NotYet: when it did not get there.
    """
    running = service(request)
    reached = await running.view_reached(view, after)
    if reached is None:
        raise NotYet
    response.headers["Position"] = str(reached)
    response.headers["Cache-Control"] = "no-store"
    return reached


async def past(request: Request, as_of: str | None, asker: Asking) -> tuple[Any, Any]:
    """(`as_of` as an instant or None, the instant the answer is judged at)."""
    running = service(request)
    present = asker.at or await running.store.now()
    then = instant("as_of", as_of)
    if then is not None and then > present:
        raise Unfit("as_of", "lies in the future; nobody knows yet what will be recorded by then")
    return then, then or present


@router.get("/cases", name="cases", dependencies=PREFETCH, responses=documented(400, 401, 422, 503))
async def cases(
    request: Request, response: Response, asker: Asking,
    partnership: Annotated[str | None, Query(max_length=40)] = None, stage: Annotated[str | None, Query(max_length=60)] = None,
    concern: Annotated[str | None, Query(max_length=40)] = None, q: Annotated[str | None, Query(max_length=120)] = None,
    as_of: AsOf = None, after: After = None, cursor: Cursor = None, limit: Limit = 50,
) -> Listed:  # fmt: skip
    """The cases that the asker may know of."""
    await read_from(request, response, "case_list", after, asker.at)
    then, _ = await past(request, as_of, asker)
    return Listed(**await service(request).boards.cases(
        partnership=partnership or asker.by.partnership, stage=stage, concern=concern, q=q, as_of=then, cursor=cursor, limit=limit
    ))  # fmt: skip


@router.get("/clocks", name="board", dependencies=PREFETCH, responses=documented(400, 401, 422, 503))
async def board(
    request: Request, response: Response, asker: Asking,
    partnership: Annotated[str | None, Query(max_length=40)] = None, owed_by: Annotated[str | None, Query(max_length=60)] = None,
    verdict: Annotated[str | None, Query(pattern="^(running|overdue|on-time|late|cancelled|superseded|elapsed)$")] = None,
    due_before: date | None = None, due_after: date | None = None, clock: Annotated[str | None, Query(max_length=60)] = None,
    q: Annotated[str | None, Query(max_length=120)] = None,
    as_of: AsOf = None, after: After = None, cursor: Cursor = None, limit: Limit = 50,
) -> Listed:  # fmt: skip
    """The deadline board: every clock of every case, sorted by what is next."""
    await read_from(request, response, "deadlines", after, asker.at)
    then, present = await past(request, as_of, asker)
    return Listed(**await service(request).boards.clocks(
        partnership=partnership or asker.by.partnership, owed_by=owed_by, verdict=verdict, due_before=due_before, due_after=due_after,
        clock=clock, text=q, as_of=then, present=present, cursor=cursor, limit=limit,
    ))  # fmt: skip


# --- rules as data


@router.get("/procedures", name="procedures", responses=documented(401, 422, 503))
async def procedures(request: Request, asker: Asking) -> Listed:
    """The editions shipped, and since when each is in force here."""
    return Listed(items=service(request).cases.rulebook.editions_listed())


@router.get("/procedures/{edition}", name="procedure", responses=documented(401, 404, 422, 503))
async def procedure(request: Request, edition: str, asker: Asking) -> dict[str, Any]:
    """One edition whole, each row with its source."""
    if edition not in EDITIONS:
        raise Unfit("edition", "There is no such edition.", 404)
    return edition_as_data(EDITIONS[edition])


@router.get("/calendars", name="calendars", responses=documented(401, 422, 503))
async def calendars(request: Request, asker: Asking) -> Listed:
    """The editions of the calendar adopted here, each with its bank holidays."""
    return Listed(items=service(request).cases.rulebook.calendars_listed())
