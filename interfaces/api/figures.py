"""The yearly figures: exact for those who read the cases, totals without small numbers for everybody else."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any, get_args

import msgspec
from fastapi import APIRouter, Query, Request, Response

from application.late_reasons import reasons_of
from application.policy.across import Across
from application.policy.kinds import KINDS
from domain.stages.opening import Partnership
from domain.working_days import LONDON, london_date
from interfaces import shown_lists
from interfaces.api.answers import MEANT, After, AsOf, answered, told
from interfaces.api.boards import ELSE, Asked, OfPartnership, across, asked_at, read_as_far
from interfaces.api.deadline_shapes import YearlyFigures
from interfaces.api.identity import Asking, service
from projections.board import BoardRow
from projections.yearly_figures import Figures, Year, protected

router = APIRouter(tags=["looking"], dependencies=MEANT)

READS_THE_CASES = frozenset(
    {
        "business-manager", "partnership-officer", "delegated-partner", "lead-partner", "implementation-group-chair", "scrutineer",
        "inspector", "escalation-reviewer",
    }
)  # fmt: skip
"""Roles that read the decisions of all cases of their partnership; everybody else is told totals."""

MOST_EXPLAINED = 500
"""Late clocks whose reasons are looked up, the first of the list; of more it is said that there are."""

KNOWN_BY = (3, 31)
"""Month and day of the next year by which those see a year who see totals only: one instant, so that no two answers can be subtracted."""


@router.get("/figures", name="figures", responses=told(YearlyFigures, *ELSE))
async def figures(
    request: Request, asker: Asking, year: Annotated[int, Query(ge=2000, le=2199)], partnership: OfPartnership = None, as_of: AsOf = None,
    after: After = None,
) -> Response:  # fmt: skip
    """Against every clock of a year the median and the worst time, and each that was late with the reason that was recorded.

    For those who do not read the cases: totals as known on 31 March of the next year, with nothing in them that counts one to four.
    """
    asked = await asked_at(request, asker, as_of)
    chosen = partnership or asker.by.partnership
    exact = asker.by.role in READS_THE_CASES and asker.by.partnership in (None, chosen)
    if exact:
        await read_as_far(request, ("deadlines", "on_cases"), after, asked)
        return await _exact(request, across(request, asker, asked.now), year, chosen, asked)
    return await _totals(request, year, chosen, asked, after)


async def _exact(request: Request, across: Across, year: int, partnership: str | None, asked: Asked) -> Response:
    """The figures of the clocks that they may read of."""
    running = service(request)
    found = await shown_lists.year(
        running.read_models, across, year, today=london_date(asked.present), calendars=running.rulebook.calendars(as_of=asked.as_of),
        partnership=partnership, as_of=asked.as_of,
    )  # fmt: skip
    content = {
        "year": year, "protected": False, "items": msgspec.to_builtins(found.figures),
        "late": await _explained(request, across, found.late, asked), "explained": min(len(found.late), MOST_EXPLAINED), "next": None,
    }  # fmt: skip
    if found.fault is not None:
        content["stale"] = {"before_position": found.fault.position, "since": found.fault.since}
    return answered(content, {"Position": str(found.position)})


async def _explained(request: Request, across: Across, late: list[BoardRow], asked: Asked) -> list[dict[str, Any]]:
    """Each late clock with the reasons recorded for it, as far as these are words of an entry that they may read in full."""
    running = service(request)
    known: dict[tuple[str, str], list[dict[str, Any]]] = {}
    cases: dict[str, list[BoardRow]] = {}
    for row in late[:MOST_EXPLAINED]:
        cases.setdefault(row.case, []).append(row)
    for case, rows in cases.items():
        found = await reasons_of(running.store, f"case/{case}", [row.clock for row in rows], asked.as_of)
        known |= {(case, row.clock.id): _readable(across, case, reasons) for row, reasons in zip(rows, found, strict=True)}
    calendars = running.rulebook.calendars(as_of=asked.as_of)
    today = london_date(asked.present)
    return [{**row.item(today, calendars), "reasons": known.get((row.case, row.clock.id), [])} for row in late]


def _readable(across: Across, case: str, reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [reason for reason in reasons if "full" in across.may(case, KINDS.events[reason["name"]]).ways]


# --- totals


def _settled(year: int) -> datetime:
    """The one instant at which this year is told in totals."""
    month, day = KNOWN_BY
    return datetime.combine(date(year + 1, month, day), time.max, LONDON)


async def _totals(request: Request, year: int, partnership: str | None, asked: Asked, after: int | None) -> Response:
    """The totals; nothing yet of a year that is not told."""
    then = _settled(year)
    settled = Asked(then, then, asked.now)
    content: dict[str, Any] = {"year": year, "protected": True, "known_by": then, "items": [], "next": None}
    if asked.present < then:
        return answered(content, {"Position": str(await service(request).store.settled_position())})
    await read_as_far(request, ("deadlines",), after, settled)
    below = service(request).rulebook.procedure(partnership or "england", london_date(then), as_of=then).suppress_below
    whole = await _year(request, year, partnership, settled)
    others = [whole] if partnership else [await _year(request, year, one, settled) for one in get_args(Partnership)]
    apart: dict[str, list[Figures]] = {}
    for found in others:
        for figure in found.figures:
            apart.setdefault(figure.clock, []).append(figure)
    items = [msgspec.to_builtins(protected(figure, apart.get(figure.clock, []), below)) for figure in whole.figures]
    return answered(content | {"items": [item for item in items if "clocks" in item]}, {"Position": str(whole.position)})


async def _year(request: Request, year: int, partnership: str | None, asked: Asked) -> Year:
    running = service(request)
    calendars = running.rulebook.calendars(as_of=asked.as_of)
    return await running.read_models.figures(
        year, today=london_date(asked.present), calendars=calendars, partnership=partnership, as_of=asked.as_of
    )
