"""The register of decisions across cases: ids, codes, dates and places; what was said is read on each case."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from interfaces import shown_lists
from interfaces.api import shapes
from interfaces.api.answers import MEANT, After, AsOf, Cursor, Limit, told
from interfaces.api.boards import ELSE, Day, OfPartnership, Word, across, asked_at, page_of, read_as_far
from interfaces.api.identity import Asking, service

router = APIRouter(tags=["looking"], dependencies=MEANT)

Kind = Literal["threshold", "rapid-review-outcome", "criteria-not-met", "report-endorsement", "publication"]
Person = Annotated[
    str | None, Query(pattern=r"^person-[0-9a-f]{32}$", description="Whose own word it was; where nobody's is recorded, who recorded it.")
]


@router.get("/decisions", name="register", responses=told(shapes.DecisionRegister, *ELSE))
async def register(
    request: Request, asker: Asking, partnership: OfPartnership = None, kind: Annotated[Kind | None, Query()] = None,
    outcome: Annotated[str | None, Word] = None, decider: Person = None,
    first: Annotated[Day | None, Query(alias="from", description="Decided on this day or later.")] = None,
    until: Annotated[Day | None, Query(description="Decided on this day or earlier.")] = None,
    as_of: AsOf = None, after: After = None, cursor: Cursor = None, limit: Limit = 50,
) -> Response:  # fmt: skip
    """Every decision of every case, recorded last first: who decided in what capacity, with which dissent, and what became of it."""
    asked = await asked_at(request, asker, as_of)
    await read_as_far(request, ("decisions", "on_cases"), after, asked)
    return page_of(await shown_lists.decisions(
        service(request).read_models, across(request, asker, asked.now), partnership=partnership or asker.by.partnership, kind=kind,
        outcome=outcome, decider=decider, first=first, last=until, as_of=asked.as_of, cursor=cursor, limit=limit,
    ))  # fmt: skip
