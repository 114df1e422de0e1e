"""Lists across cases as one person is shown them: page by page, each as full as the list allows, with nothing in it of what was left out.

A read model finds the rows, and who somebody may be looked up by narrows them; the policies decide on each row (`across`).
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from application.policy.across import Across
from application.policy.membership import NEIGHBOURS
from interfaces.boards import Boards
from interfaces.shown_rows import CaseRows, ClockRows, DecisionRows, Rows, WholeClocks
from projections.board import BoardRow
from projections.on_cases import Whose
from projections.paging import MOST, Page
from projections.week import Week, counted
from projections.yearly_figures import Year, year_of

R = TypeVar("R")
T = TypeVar("T")

Ask = Callable[[str | None, int], Awaitable[Page[R]]]
"""A page of a list behind a cursor, of so many rows."""

ALL = sys.maxsize - 1
"""No limit to a list."""

MOST_LOOKED_AT = 20_000
"""Rows looked at for one page, however few of them may be shown; the next page goes on from there."""


def whose(across: Across, partnership: str | None) -> Whose | None:
    """By what the cases are looked up that somebody may be on; none where their post stands on all that are asked about."""
    if across.on_every_case(partnership):
        return None
    by = across.by
    strange = by.partnership is not None and by.partnership != partnership and by.role in NEIGHBOURS
    return Whose(by.person, by.organisation, by.role, by.partnership if strange else None)


async def kept(across: Across, rows: Rows[R, T], ask: Ask[R], cursor: str | None, limit: int, most: int | None = MOST_LOOKED_AT) -> Page[T]:
    """The next rows that they are shown. It is read on until there are enough of them, or the list ends."""
    found: list[T] = []
    last: tuple[Page[R], int] | None = None
    position, fault, looked = 0, None, 0
    size = min(limit + 1, MOST)
    while True:
        page = await ask(cursor, size)
        position, fault = (position, fault) if looked else (page.position, page.fault)
        looked += len(page.items)
        for n, item in await _told(across, rows, page.items):
            if len(found) == limit:
                return Page(found, _behind(last), position, fault)
            found.append(item)
            last = page, n
        if page.next is None or (most is not None and looked >= most):
            return Page(found, page.next and (_behind(last) or page.next), position, fault)
        cursor, size = page.next, min(4 * size, MOST)


def _behind(last: tuple[Page[R], int] | None) -> str | None:
    """The cursor behind the last row that was shown: one behind a row that was not would tell where it stands."""
    page, n = last or (None, 0)
    return page.after(n) if page is not None and page.after is not None else None


async def _told(across: Across, rows: Rows[R, T], page: Sequence[R]) -> list[tuple[int, T]]:
    """Of a page the rows that they are shown, with their number."""
    await across.judge(map(rows.case, page))
    seen = []
    for n, row in enumerate(page):
        reader, kind = across.reader(rows.case(row)), rows.kind(row)
        if reader is not None and kind is not None and (access := reader.may(kind)).level not in ("none", "aggregates"):
            seen.append((n, row, reader, access))
    await across.look_at((rows.case(row), place) for _, row, reader, access in seen for place in rows.rests_on(row, reader, access))
    await across.learn_names(rows.case(row) for _, row, reader, access in seen if rows.names(row, reader, access))
    told = []
    for n, row, reader, access in seen:
        places = rows.rests_on(row, reader, access)
        shown = across.shown(rows.case(row), places) if places or rows.names(row, reader, access) else None
        if (item := rows.told(row, reader, access, shown)) is not None:
            told.append((n, item))
    return told


# --- the lists


async def cases(boards: Boards, across: Across, *, cursor: str | None, limit: int, **which: Any) -> Page[dict[str, Any]]:
    """A page of the cases that they may know of, opened last first. `which`: as `projections.case_list.cases` takes it."""
    which["whose"] = whose(across, which.get("partnership"))
    return await kept(across, CaseRows(), lambda at, n: boards.case_rows(**which, cursor=at, limit=n), cursor, limit)


async def decisions(boards: Boards, across: Across, *, cursor: str | None, limit: int, **which: Any) -> Page[dict[str, Any]]:
    """A page of the decisions that they may read of, recorded last first. `which`: as `projections.decisions.decisions` takes it."""
    rows = DecisionRows({name: which.get(name) for name in ("kind", "outcome", "decider")})
    which["whose"] = whose(across, which.get("partnership"))
    return await kept(across, rows, lambda at, n: boards.decision_rows(**which, cursor=at, limit=n), cursor, limit)


def _looked_for(asked: Mapping[str, Any]) -> tuple[Any, ...]:
    """By what of themselves clocks are looked for, as `ClockRows` takes it."""
    return asked["today"], asked["calendars"], asked.get("text"), asked.get("owed_by"), asked.get("falls_to")


async def clocks(
    boards: Boards, across: Across, *, cursor: str | None = None, limit: int, most: int | None = MOST_LOOKED_AT, **asked: Any
) -> Page[dict[str, Any]]:
    """A page of the clocks that they may read of, the next due first. `asked`: as `projections.board.board` takes it."""
    rows = ClockRows(*_looked_for(asked))
    asked["whose"] = whose(across, asked.get("partnership"))
    return await kept(across, rows, lambda at, n: boards.rows(**asked, cursor=at, limit=n), cursor, limit, most)


async def waited_for(boards: Boards, across: Across, *, most: int, **asked: Any) -> Page[BoardRow]:
    """Of what is still waited for the first `most` clocks that they may read of; `next` is left where there are more."""
    rows = WholeClocks(*_looked_for(asked))
    asked |= {"whose": whose(across, asked.get("partnership")), "waiting": True}
    return await kept(across, rows, lambda at, n: boards.rows(**asked, cursor=at, limit=n), None, most, None)


async def year(boards: Boards, across: Across, of: int, **asked: Any) -> Year:
    """The figures of a year, of the clocks that they may read of. `asked`: as `projections.yearly_figures.rows_of_year` takes it."""
    asked["whose"] = whose(across, asked.get("partnership"))
    rows = WholeClocks(*_looked_for(asked))
    found = await kept(across, rows, lambda at, n: boards.rows_of_year(of, **asked, cursor=at, limit=n), None, ALL, None)
    return year_of(found.items, of, asked["calendars"], found.position, found.fault)


async def week(boards: Boards, across: Across, of: date, **asked: Any) -> Week:
    """The counts of the week of a day, of the clocks that they may read of. `asked`: as `projections.week.rows_of_week` takes it."""
    asked["whose"] = whose(across, asked.get("partnership"))
    found = await kept(
        across, WholeClocks(*_looked_for(asked)), lambda at, n: boards.rows_of_week(of, **asked, cursor=at, limit=n),
        None, ALL, None,
    )  # fmt: skip
    return counted(found.items, of, asked["today"], found.position, found.fault)
