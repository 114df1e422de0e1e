"""Looking across cases: the case list and the deadline board from their read models, the themes from the tracker."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Path, Query, Request, Response

from pydantic import BeforeValidator
from starlette.convertors import Convertor, register_url_convertor

from domain.clock import Verdict
from domain.stages.opening import Partnership
from domain.working_days import london_date
from interfaces.api import shapes
from interfaces.api.answers import MEANT, NO_STORE, After, AsOf, Cursor, Limit, answered, listed, told
from interfaces.api.commands import CODE
from interfaces.api.identity import Asker, Asking, instant, service
from interfaces.api.problems import NotYet, Unfit
from interfaces.boards import Listed
from interfaces.exports.spreadsheet import CSV, clocks_as_csv

router = APIRouter(tags=["looking"], dependencies=MEANT)
ELSE = (400, 401, 422, 503)
MOST_ROWS = 20_000
"""Rows of a spreadsheet; who needs more asks by partnership."""


def _written_out(day: object) -> object:
    """A date as people write it; a bare number is none."""
    if isinstance(day, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        raise ValueError("is a day such as 2026-03-18")
    return day


OfPartnership = Annotated[Partnership | None, Query(description="Default: the partnership of the asker; of none, all.")]


class CodeInPath(Convertor[str]):
    """A code of the code set, in a path."""

    regex = CODE

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("code", CodeInPath())
Code = Annotated[str, Path(pattern=f"^{CODE}$", description="A code of the code set, such as `H1.1`.")]
Word = Query(max_length=60, pattern=r"^[a-z0-9-]+$")
Day = Annotated[date, BeforeValidator(_written_out)]
Text = Query(max_length=120, pattern=r"^[^\x00]*$")


class Asked(NamedTuple):
    """When a question is asked of: as known `as_of` (None: as known now), judged at `present`."""

    as_of: datetime | None
    present: datetime


async def asked_at(request: Request, asker: Asker, as_of: str | None) -> Asked:
    """The instants of a question."""
    then = instant("as_of", as_of)
    present = asker.at or await service(request).store.now()
    if then is not None and then > present:
        raise Unfit("as_of", "lies in the future; nobody knows yet what will be recorded by then")
    return Asked(then or asker.at, then or present)


async def read_as_far(request: Request, view: str, after: int | None, asked: Asked) -> None:
    """Wait, a bounded time, until the read model knows what the question is about.

    Raises:
        NotYet: when it did not get there.
    """
    running = service(request)
    position = after or 0
    if asked.as_of is not None:
        # whatever was recorded by then must have been read, or the same question would be answered twice over
        position = max(position, await running.store.settled_position())
    if position and not await running.view_reached(view, position):
        raise NotYet


def _page(page: Listed) -> Response:
    more: dict[str, Any] = {}
    if page.fault is not None:
        more["stale"] = {"before_position": page.fault.position, "since": page.fault.since}
    return listed(page.items, {"Position": str(page.position)}, page.next, **more)


# --- read models


@router.get("/cases", name="cases", responses=told(shapes.CaseList, *ELSE))
async def cases(
    request: Request, asker: Asking, partnership: OfPartnership = None,
    stage: Annotated[str | None, Word] = None, concern: Annotated[str | None, Word] = None,
    q: Annotated[str | None, Text] = None, as_of: AsOf = None, after: After = None, cursor: Cursor = None, limit: Limit = 50,
) -> Response:  # fmt: skip
    """The cases that the asker may know of. `q` is part of a label."""
    asked = await asked_at(request, asker, as_of)
    await read_as_far(request, "case_list", after, asked)
    return _page(await service(request).read_models.cases(
        partnership=partnership or asker.by.partnership, stage=stage, concern=concern, q=q, as_of=asked.as_of, cursor=cursor, limit=limit
    ))  # fmt: skip


BOARD = told(shapes.Board, *ELSE, media={CSV: {"schema": {"type": "string"}}})


@router.get("/clocks", name="board", responses=BOARD)
async def board(
    request: Request, asker: Asking, partnership: OfPartnership = None,
    owed_by: Annotated[str | None, Word] = None, verdict: Annotated[Verdict | None, Query()] = None,
    due_before: Annotated[Day | None, Query(description="Due before this day.")] = None,
    due_after: Annotated[Day | None, Query(description="Due after this day.")] = None,
    clock: Annotated[str | None, Word] = None, q: Annotated[str | None, Text] = None,
    as_of: AsOf = None, after: After = None, cursor: Cursor = None, limit: Limit = 50,
) -> Response:  # fmt: skip
    """The deadline board: every clock of every case, sorted by what is next. As a spreadsheet where `Accept` asks for `text/csv`."""
    asked = await asked_at(request, asker, as_of)
    await read_as_far(request, "deadlines", after, asked)
    running = service(request)
    filters: dict[str, Any] = {
        "today": london_date(asked.present), "calendars": running.cases.rulebook.calendars(as_of=asked.present),
        "partnership": partnership or asker.by.partnership, "owed_by": owed_by, "verdict": verdict, "due_before": due_before,
        "due_after": due_after, "clock": clock, "text": q, "as_of": asked.as_of,
    }  # fmt: skip
    if request.url.path.endswith(".csv") or CSV in request.headers.get("accept", ""):
        return await _spreadsheet(request, filters)
    return _page(await running.read_models.clocks(**filters, cursor=cursor, limit=limit))


router.add_api_route("/clocks.csv", board, methods=["GET"], name="board-csv", responses={200: {"content": {CSV: {}}}}, include_in_schema=False)


async def _spreadsheet(request: Request, filters: dict[str, Any]) -> Response:
    """All rows, page by page; more than can be read at once are refused."""
    running = service(request)
    page = await running.read_models.clocks(**filters, limit=500)
    rows = page.items
    while page.next is not None:
        if len(rows) >= MOST_ROWS:
            raise Unfit("partnership", f"leaves more than {MOST_ROWS} rows: ask for fewer")
        page = await running.read_models.clocks(**filters, cursor=page.next, limit=500)
        rows += page.items
    headers = {**NO_STORE, "Position": str(page.position), "Content-Disposition": 'attachment; filename="clocks.csv"'}
    return Response(clocks_as_csv(rows), 200, headers, CSV)


# --- themes


async def _position(request: Request, after: int | None) -> dict[str, str]:
    running = service(request)
    if after is not None and not await running.reached(after):
        raise NotYet
    return {"Position": str(await running.store.settled_position())}


@router.get("/themes", name="themes", responses=told(shapes.Themes, *ELSE))
async def themes(request: Request, asker: Asking, partnership: OfPartnership = None, as_of: AsOf = None, after: After = None) -> Response:
    """The tracker: every code with a child behind it, with children, incidents and notifications."""
    asked = await asked_at(request, asker, as_of)
    headers = await _position(request, after)
    chosen = partnership or asker.by.partnership
    wanted = [chosen] if chosen else [*Partnership.__args__]  # type: ignore[attr-defined]  # typing.Literal keeps its values there
    tracker = service(request).themes
    return listed([figures for one in wanted for figures in await tracker.all_figures(one, as_of=asked.present)], headers)


@router.get("/themes/candidates", name="candidates", responses=told(shapes.Candidates, *ELSE))
async def candidates(
    request: Request, asker: Asking, partnership: OfPartnership = None, as_of: AsOf = None, after: After = None
) -> Response:
    """Every candidate for a thematic review ever raised, with what stands behind it and what was decided."""
    asked = await asked_at(request, asker, as_of)
    headers = await _position(request, after)
    return listed(await service(request).themes.candidates(partnership or asker.by.partnership, as_of=asked.present), headers)


@router.get("/themes/{code:code}", name="theme", responses=told(shapes.ThemeFigures, *ELSE, 404))
async def theme(
    request: Request, asker: Asking, code: Code, partnership: OfPartnership = None, as_of: AsOf = None, after: After = None
) -> Response:
    """What stands behind one code in a partnership, sub-codes included; nought where no child does."""
    asked = await asked_at(request, asker, as_of)
    headers = await _position(request, after)
    running = service(request)
    if running.cases.rulebook.codes.find(code) is None:
        raise Unfit("code", "There is no such code in the code set.", 404)
    chosen = partnership or asker.by.partnership
    if chosen is None:
        raise Unfit("partnership", "is wanted: the figures of a code are those of one partnership")
    return answered(await running.themes.figures(chosen, code, as_of=asked.present), headers)
