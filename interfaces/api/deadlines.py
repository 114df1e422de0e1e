"""The deadline board: its pages, its week, and the same rows as a spreadsheet or a calendar."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import date
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response

from application.policy.across import Across
from domain.clock import Verdict
from domain.people import By
from domain.working_days import london_date
from interfaces import shown_lists
from interfaces.api import shapes
from interfaces.api.answers import MEANT, NO_STORE, After, AsOf, Cursor, Limit, answered, told, unless_unchanged
from interfaces.api.boards import ELSE, Day, OfPartnership, Text, Word, across, asked_at, page_of, read_as_far
from interfaces.api.deadline_shapes import WeekCounts
from interfaces.api.identity import Asking, service
from interfaces.api.looks import looks_at
from interfaces.api.problems import Unfit
from interfaces.exports.calendar_feed import ICS, MOST_EVENTS, deadlines_as_calendar
from interfaces.exports.spreadsheet import CSV, MOST_ROWS, XLSX, clocks_as_csv, clocks_as_xlsx
from projections.owing import FALLS_TO, Owing, owing

router = APIRouter(tags=["looking"], dependencies=MEANT)

MINE = "mine"
WORDS = {word for words in FALLS_TO.values() for word in words}
SUFFIXES = {".csv": CSV, ".xlsx": XLSX, ".ics": ICS}


Role = Annotated[
    str | None,
    Query(
        description="What falls to this role; `mine`: to the asker's own.", json_schema_extra={"enum": sorted({*FALLS_TO, *WORDS, MINE})}
    ),
]


class Which(NamedTuple):
    """Who asks, which clocks are asked about, on which day these are judged, and what was asked in words."""

    across: Across
    clocks: dict[str, Any]
    today: date
    asked: dict[str, str]


async def which(
    request: Request, asker: Asking, partnership: OfPartnership = None, owed_by: Annotated[str | None, Word] = None,
    role: Role = None,
    clock: Annotated[str | None, Word] = None, q: Annotated[str | None, Text] = None, as_of: AsOf = None, after: After = None,
) -> Which:  # fmt: skip
    """The clocks that a question is about, once the board knows what it needs to answer."""
    asked = await asked_at(request, asker, as_of)
    await read_as_far(request, ("deadlines", "on_cases"), after, asked)
    chosen = {
        "partnership": partnership or asker.by.partnership, "owed_by": owed_by,
        "falls_to": _falls_to(role, asker.by),
        "clock": clock, "text": q, "as_of": asked.as_of,
    }  # fmt: skip
    words = {"partnership": chosen["partnership"] or "all", "owed by": owed_by, "role": role, "clock": clock, "text": q}
    today = london_date(asked.present)
    told = {"judged on": today.isoformat(), "as recorded by": (asked.as_of or asked.present).isoformat()}
    return Which(across(request, asker, asked.now), chosen, today, told | {name: str(word) for name, word in words.items() if word})


def _falls_to(role: str | None, by: By) -> Owing | None:
    if role is None:
        return None
    if role == MINE:
        return owing(by.role, by.organisation)
    if role not in FALLS_TO and role not in WORDS:
        raise Unfit("role", f"is none to which anything falls; those are {', '.join(sorted({*FALLS_TO, *WORDS}))}, and {MINE}")
    return owing(role)


Chosen = Annotated[Which, Depends(which)]
FORMS = {kind: {"schema": {"type": "string", **({"format": "binary"} if kind == XLSX else {})}} for kind in (CSV, XLSX, ICS)}


@router.get("/clocks", name="board", responses=told(shapes.Board, *ELSE, media=FORMS))
async def board(
    request: Request, chosen: Chosen, verdict: Annotated[Verdict | None, Query()] = None,
    due_before: Annotated[Day | None, Query(description="Due before this day.")] = None,
    due_after: Annotated[Day | None, Query(description="Due after this day.")] = None,
    cursor: Cursor = None, limit: Limit = 50,
) -> Response:  # fmt: skip
    """The deadline board: every clock of every case, sorted by what is next; each explains how its day was arrived at.

    As a spreadsheet or a calendar where `Accept` asks for one, or with `.csv`, `.xlsx` or `.ics` after `clocks`.
    """
    running = service(request)
    calendars = running.cases.rulebook.calendars(as_of=chosen.clocks["as_of"])
    filters = {
        **chosen.clocks, "today": chosen.today, "calendars": calendars, "verdict": verdict, "due_before": due_before, "due_after": due_after
    }  # fmt: skip
    asked = chosen.asked | {
        name: str(value) for name, value in (("verdict", verdict), ("due before", due_before), ("due after", due_after)) if value
    }
    match _form(request):
        case None:
            return page_of(await shown_lists.clocks(running.read_models, chosen.across, **filters, cursor=cursor, limit=limit))
        case "text/calendar":
            return await _calendar(request, chosen.across, filters)
        case form:
            return await _spreadsheet(request, form, chosen.across, filters, asked)


for _suffix, _kind in SUFFIXES.items():
    router.add_api_route(f"/clocks{_suffix}", board, methods=["GET"], name=f"board{_suffix}", include_in_schema=False)


@router.get("/clocks/week", name="week", responses=told(WeekCounts, *ELSE))
async def week(
    request: Request, chosen: Chosen, of: Annotated[Day | None, Query(description="Any day of the week wanted; default: today.")] = None
) -> Response:
    """The week, Monday to Sunday, in numbers: what is due on each day, what was done on time and late, and what is overdue.

    It counts the clocks that the asker may read of, as their pages have them.
    """
    running = service(request)
    calendars = running.cases.rulebook.calendars(as_of=chosen.clocks["as_of"])
    found = await shown_lists.week(
        running.read_models, chosen.across, of or chosen.today, today=chosen.today, calendars=calendars, **chosen.clocks
    )  # fmt: skip
    stale = {} if found.fault is None else {"stale": {"before_position": found.fault.position, "since": found.fault.since}}
    return answered({**found.item(), **stale}, {"Position": str(found.position)})


# --- other forms


def _form(request: Request) -> str | None:
    """The form that is asked for, by the suffix or else by `Accept`; None: JSON."""
    for suffix, kind in SUFFIXES.items():
        if request.url.path.endswith(f"clocks{suffix}"):
            return kind
    accepted = request.headers.get("accept", "")
    return next((kind for kind in SUFFIXES.values() if kind in accepted), None)


async def _spreadsheet(request: Request, form: str, across: Across, filters: dict[str, Any], asked: dict[str, str]) -> Response:
    """All rows that they may read; more than can be read at once are refused."""
    page = await shown_lists.clocks(service(request).read_models, across, **filters, limit=MOST_ROWS[form], most=None)
    rows = page.items
    if page.next is not None:
        raise Unfit("partnership", f"leaves more than {MOST_ROWS[form]} rows: ask for fewer")
    looks_at(request, view="board", streams=[f"case/{row['case']}" for row in rows])
    if form == CSV:
        content = await asyncio.to_thread(clocks_as_csv, rows)
    else:
        about = {"Casetrail": "Deadlines", **asked, "rows": len(rows), "true at position": page.position}
        content = await asyncio.to_thread(clocks_as_xlsx, rows, about)
    name = "clocks.csv" if form == CSV else "clocks.xlsx"
    headers = {**NO_STORE, "Position": str(page.position), "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, 200, headers, form)


async def _calendar(request: Request, across: Across, filters: dict[str, Any]) -> Response:
    found = await shown_lists.waited_for(service(request).read_models, across, most=MOST_EVENTS, **filters)
    looks_at(request, view="board", streams=[f"case/{row.case}" for row in found.items])
    content = deadlines_as_calendar(found.items, f"Deadlines, {(filters['partnership'] or 'England').capitalize()}")
    return as_calendar(request, content, found.position)


def as_calendar(request: Request, content: bytes, position: int) -> Response:
    """A calendar, or 304 where the asker has this one."""
    response = Response(content, 200, {**NO_STORE, "Position": str(position)}, ICS)
    return unless_unchanged(request, f'"{hashlib.sha256(content).hexdigest()[:32]}"', response)
