"""The deadline board: the clocks of all cases, sorted by what is next, each judged on the day that is asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any, LiteralString

import msgspec

from domain.clock import Clock, Judged, Verdict, clock_item, judge
from domain.working_days import Calendar
from projections import paging
from projections.deadlines import NEVER, NEXT, Shown, rank, shown
from projections.on_cases import Whose
from projections.owing import Owing
from projections.paging import AsyncConnection, Page, Where

BOARD: LiteralString = "SELECT stream, partnership, label, known_from, known_until, shown FROM projections.deadlines"

VERDICTS: dict[Verdict, LiteralString] = {
    "running": "rank IN (0, 1) AND due >= %(today)s",
    "overdue": "rank = 0 AND next_on < %(today)s",
    "elapsed": "(rank = 1 AND (due IS NULL OR due < %(today)s) OR rank = 2 AND due IS NULL)",
    "on-time": "rank = 2 AND done <= due",
    "late": "rank = 2 AND done > due",
    "cancelled": "rank = 3 AND state = 'cancelled'",
    "superseded": "rank = 3 AND state = 'superseded'",
}
"""What `domain.clock.judge` says of a clock, as SQL: a test holds the two together."""


class BoardRow(msgspec.Struct, frozen=True, dict=True):
    """A clock of a case, judged on the day `today` by whoever looks at it. It was known so from `known_from` on."""

    stream: str
    partnership: str
    label: str
    known_from: datetime
    known_until: datetime | None
    told: bytes
    today: date
    calendars: Mapping[str, Calendar]

    @property
    def case(self) -> str:
        return self.stream.partition("/")[2]

    @cached_property
    def shown(self) -> Shown:
        """What the row says of its clock, read when it is first asked for."""
        return shown(self.told)

    @property
    def clock(self) -> Clock:
        return self.shown.clock

    @property
    def positions(self) -> tuple[int, ...]:
        """Those of the events that the clock rests on."""
        return self.shown.positions

    @cached_property
    def judged(self) -> Judged:
        return judge(self.clock, self.today, self.calendars)

    def item(self, today: date, calendars: Mapping[str, Calendar]) -> dict[str, Any]:
        """The row as it is told to others: the clock with its arithmetic, and whose it is."""
        told = {"case": self.case, "label": self.label, "partnership": self.partnership, **clock_item(self.clock, today, calendars)}
        return {**told, "positions": [*self.positions], "known_from": self.known_from.isoformat()}


async def board(
    connection: AsyncConnection,
    *,
    today: date,
    calendars: Mapping[str, Calendar],
    partnership: str | None = None,
    owed_by: str | None = None,
    verdict: Verdict | None = None,
    due_before: date | None = None,
    due_after: date | None = None,
    clock: str | None = None,
    text: str | None = None,
    case: str | None = None,
    falls_to: Owing | None = None,
    as_of: datetime | None = None,
    partnerships: Sequence[str] | None = None,
    among: Sequence[str] = (),
    whose: Whose | None = None,
    waiting: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[BoardRow]:
    """The next clocks, as known now or `as_of` an instant, judged on the day `today` in the calendars (by edition) adopted by then.

    `owed_by` is the word that a clock says it is owed by, `falls_to` what falls to somebody's role (`owing`).
    `due_before` and `due_after` do not include their day; `text` is part of a label, a clock, what it is about or who owes it.
    `partnerships` and `among` (cases) limit it to what the asker may know of, as `whose` does; `waiting` to what is waited for.
    Whoever asks `as_of` an instant waits first until the view has read as far as the record was settled then: the answer says in
    `position` how far that is.

    Raises:
        BadCursor, NotMade.
    """
    where = chosen(
        as_of=as_of, partnerships=partnerships, among=among, whose=whose, partnership=partnership, owed_by=owed_by, falls_to=falls_to,
        clock=clock, case=case, text=text,
    )  # fmt: skip
    where.also("next_on < %(due_before)s AND due IS NOT NULL", due_before=due_before)
    where.also("next_on > %(due_after)s AND due IS NOT NULL", due_after=due_after)
    if waiting:
        where.conditions.append("rank < 2")
    if verdict is not None:
        where.also(VERDICTS[verdict])
    digest = where.digest()
    where.parameters["today"] = today
    return await board_page(connection, where, digest, cursor, limit, today, calendars)


def chosen(
    *,
    as_of: datetime | None = None,
    partnership: str | None = None,
    owed_by: str | None = None,
    falls_to: Owing | None = None,
    clock: str | None = None,
    case: str | None = None,
    text: str | None = None,
    partnerships: Sequence[str] | None = None,
    among: Sequence[str] = (),
    whose: Whose | None = None,
) -> Where:
    """Which clocks are asked about, whatever their days."""
    where = Where()
    where.known(as_of)
    where.seen_by(partnerships, among)
    if whose is not None:
        whose.narrowed(where)
    where.also("partnership = %(partnership)s", partnership=partnership)
    where.also("owed_by = %(owed_by)s", owed_by=owed_by)
    if falls_to is not None:
        where.also("(owed_by = ANY(%(owing)s) OR clock = ANY(%(owed)s))", owing=[*falls_to.owed_by], owed=[*falls_to.clocks])
    where.also("clock = %(clock)s", clock=clock)
    where.also("stream = %(stream)s", stream=f"case/{case}" if case else None)
    where.also("strpos(lower(concat_ws(' ', label, clock, about, owed_by)), lower(%(text)s)) > 0", text=text)
    return where


async def due_between(
    connection: AsyncConnection,
    first: date,
    last: date,
    *,
    today: date,
    calendars: Mapping[str, Calendar],
    partnership: str | None = None,
    as_of: datetime | None = None,
) -> list[BoardRow]:
    """What is due from one day to another, both included, and still waited for: all of it, the earliest first.

    Raises:
        NotMade.
    """
    where = Where(first=first, last=last)
    where.known(as_of)
    where.also("partnership = %(partnership)s", partnership=partnership)
    where.conditions.append("rank = 0 AND next_on BETWEEN %(first)s AND %(last)s")
    digest = where.digest()
    found = await board_page(connection, where, digest, None, paging.MOST, today, calendars)
    rows = found.items
    while found.next is not None:
        found = await board_page(connection, where, digest, found.next, paging.MOST, today, calendars)
        rows += found.items
    return rows


AFTER: LiteralString = "(rank, next_on, stream, key) > (%(rank)s, %(next_on)s, %(at_stream)s, %(key)s)"


async def board_page(
    connection: AsyncConnection, where: Where, digest: str, cursor: str | None, limit: int, today: date, calendars: Mapping[str, Calendar]
) -> Page[BoardRow]:
    """A page of the clocks that meet the conditions, the next first; `digest` says which question its cursor is of."""
    asked = Where(**where.parameters)
    asked.conditions += where.conditions
    if cursor is not None:
        a_rank, next_on, stream, key = paging.after(cursor, digest, tuple[int, date, str, str])
        asked.also(AFTER, rank=a_rank, next_on=next_on, at_stream=stream, key=key)

    def row(found: tuple[Any, ...]) -> BoardRow:
        stream, partnership, label, known_from, known_until, told = found
        return BoardRow(stream, partnership, label, known_from, known_until, told, today, calendars)

    return await paging.page(connection, "deadlines", BOARD, NEXT, asked, limit, digest, _key, row)


def _key(found: tuple[Any, ...]) -> tuple[int, date, str, str]:
    """Where a row stands in the order of what is next."""
    stream, *_, told = found
    clock = shown(told).clock
    return rank(clock), clock.due or NEVER, stream, clock.id
