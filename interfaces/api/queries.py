"""Looking at one case: from its own history, so that what you just wrote is there. Every answer says the position it is true at."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import StringConstraints

from application.access import Wanted
from application.looking import Seen
from application.under import NotAssumed, clocks_assumed
from domain.case import recall
from domain.language import replace
from domain.people import PERSON_ID, By
from interfaces.api import shapes
from interfaces.api.answers import MEANT, After, AsOf, Cursor, Limit, answered, listed, told, unless_unchanged
from interfaces.api.commands import CASE
from interfaces.api.identity import AN_INSTANT, Asker, Asking, instant, service
from interfaces.api.looks import looks_at
from interfaces.api.problems import NotYet, Unfit
from projections.paging import BadCursor

router = APIRouter(prefix="/cases/{case}", tags=["looking"], dependencies=MEANT)
ELSE = (400, 401, 404, 422, 503)

CaseId = Annotated[str, Path(pattern=f"^{CASE}$", description="The part of the stream after `case/`.")]
Place = Annotated[int | None, Query(ge=1, le=10_000_000, description="As it stood at this place of the case.")]
FromPlace = Annotated[int, Query(ge=1, le=10_000_000, description="The first place wanted.")]


async def seen(request: Request, case: CaseId, asker: Asking, as_of: AsOf = None, place: Place = None, after: After = None) -> Seen:
    """The case as known at `as_of`, or at a place."""
    running = service(request)
    then = instant("as_of", as_of)
    looks_at(request, streams=(f"case/{case}",), as_of=then)
    if after is not None and not await running.reached(after):
        raise NotYet
    looked = await running.looking.see(f"case/{case}", now=asker.at, as_of=then, place=place)
    looks_at(request, place=looked.place)
    return looked


Looked = Annotated[Seen, Depends(seen)]
Under = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=120)], ...],
    Query(max_length=3, description="As if under these editions of a procedure or a calendar, or `in-force`. No evidence."),
]
Change = Annotated[
    str | None, Query(max_length=120, description="As if the entry at a place were of another day: `17:2026-03-18`. No evidence.")
]


def _at(looked: Seen) -> dict[str, str]:
    return {"Position": str(looked.position), "ETag": f'"{looked.place}"'}


@router.get("", name="overview", responses=told(shapes.Overview, *ELSE))
async def overview(request: Request, looked: Looked) -> Response:
    """The case at a glance: parties, stage, holds, documents, positions. A document is held here, or only named."""
    running = service(request)
    case = await running.looking.overview(looked)
    held = await running.documents.held(looked.stream)
    named = [{**document, "held": False} for document in case["documents"]]
    named += [{"digest": digest, "named": [], "held": False} for digest in held if all(digest != d["digest"] for d in named)]
    for document in named:
        if found := held.get(document["digest"]):
            document |= {"held": not found.destroyed, "size": found.size, "kept_at": found.at}
            document |= {"destroyed": True} if found.destroyed else {}
    case["documents"] = [d for d in named if d["named"] or d["kept_at"] <= looked.at]
    return answered(case, _at(looked))


@router.get("/allowed", name="allowed", responses=told(shapes.Allowed, *ELSE))
async def allowed(request: Request, looked: Looked, asker: Asking) -> Response:
    """Which commands this person may ask now; for the others the sentence that refuses them whatever their fields."""
    return answered(await service(request).looking.allowed(looked, _on(looked, asker)), _at(looked))


def _on(looked: Seen, asker: Asker) -> By:
    """Without a partnership of their own, the asker is of the partnership of the case."""
    return asker.by if asker.by.partnership else replace(asker.by, partnership=recall(looked.history).opening.partnership)


@router.get("/history", name="history", responses=told(shapes.History, *ELSE))
async def history(request: Request, looked: Looked, from_place: FromPlace = 1) -> Response:
    """Every recorded event in order, each with one plain sentence."""
    return listed(await service(request).looking.history(looked, from_place), _at(looked))


STEPS = 100
"""So many entries are told again at once: each is compared with the case as it stood before."""


@router.get("/replay", name="replay", responses=told(shapes.Replay, *ELSE))
async def replay(request: Request, looked: Looked, from_place: FromPlace = 1) -> Response:
    """The case told again: of each entry what it changed of the case and of its clocks. `next`: the place from which to go on."""
    upto = min(looked.place, from_place + STEPS - 1)
    items = await service(request).looking.replay(looked, from_place, upto)
    return listed(items, _at(looked), str(upto + 1) if upto < looked.place else None)


@router.get("/clocks", name="clocks", responses=told(shapes.Clocks, *ELSE) | {304: {"description": "As it was known already."}})
async def clocks(request: Request, looked: Looked, under: Under = (), change: Change = None) -> Response:
    """Each clock with its arithmetic day by day, its rule and source, and the events it rests on.

    `under` and `change` recompute them without recording anything: marked as no evidence, beside those that are recorded.
    """
    running = service(request)
    if under or change is not None:
        try:
            assumed = clocks_assumed(running.looking, looked, under, change)
        except NotAssumed as error:
            raise Unfit(error.field, str(error)) from None
        return answered({**assumed, "next": None}, {"Position": str(looked.position)})
    calendar = running.cases.rulebook.calendar(as_of=looked.at).edition
    answer = listed(running.looking.clocks(looked), {"Position": str(looked.position)})
    return unless_unchanged(request, f'"{looked.place}-{calendar}-{looked.today}"', answer)


@router.get("/decisions", name="decisions", responses=told(shapes.Decisions, *ELSE))
async def decisions(request: Request, looked: Looked) -> Response:
    """Each decision in order: who decided in what capacity, with which dissent, what it replaced and why."""
    return listed(await service(request).looking.decisions(looked), _at(looked))


@router.get("/escalations", name="escalations", responses=told(shapes.Escalations, *ELSE))
async def escalations(request: Request, looked: Looked) -> Response:
    """Challenges and report concerns: levels, who, how long each took, what waited and what did not."""
    return listed(await service(request).looking.escalations(looked), _at(looked))


@router.get("/absences", name="absences", responses=told(shapes.Absences, *ELSE))
async def absences(request: Request, looked: Looked) -> Response:
    """Expected but absent: what the procedure asks for and the record lacks."""
    return listed(await service(request).looking.absences(looked), _at(looked))


View = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z0-9.-]+$")], ...],
    Query(max_length=20, description="Only looks at these: `overview`, `history`, `document` …, or the name of a command that was tried."),
]
Person = Annotated[str | None, Query(pattern=PERSON_ID, description="Only the looks of this person.")]
Since = Annotated[str | None, Query(alias="from", description="Only looks noted at this instant or later.", json_schema_extra=AN_INSTANT)]
Until = Annotated[str | None, Query(description="Only looks noted at this instant or earlier.", json_schema_extra=AN_INSTANT)]


@router.get("/access", name="access", responses=told(shapes.Access, *ELSE))
async def access(
    request: Request, looked: Looked, since: Since = None, until: Until = None, view: View = (), person: Person = None,
    cursor: Cursor = None, limit: Limit = 50,
) -> Response:  # fmt: skip
    """Who looked, when, in what capacity and why, what they were shown and up to which place; and who tried and was refused.

    In the order noted. Asking this is a look itself, which the next answer tells of.
    """
    looks_at(request, place=None)  # whoever is told who looked was not shown the case
    if cursor is not None and not re.fullmatch(r"[0-9]{1,18}", cursor):
        raise BadCursor
    wanted = Wanted(instant("from", since), instant("until", until), view, person)
    items, last = await service(request).looks.of_stream(looked.stream, wanted, after=int(cursor or 0), limit=limit)
    return listed(items, {"Position": str(looked.position)}, None if last is None else str(last))
