"""How many clocks are due, or were done, on each day: sums kept beside the rows of the deadlines, by day, month and year.

They say what is known now, of every clock alike: so the week is told, and what is overdue, without looking at the clocks. Whatever
is asked about some clocks only, or as of an earlier instant, is counted from the rows (`week`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, LiteralString

from psycopg import sql

from domain.recorded import Recorded
from projections.together import Summing
from projections.view import Build, Connection, Table

SUMS = Table(
    name="deadline_sums",
    columns="""
    partnership text COLLATE "C" NOT NULL,
    what        text COLLATE "C" NOT NULL,
    first       date NOT NULL,
    clock       text COLLATE "C" NOT NULL,
    clocks      bigint NOT NULL
    """,
    key="partnership, what, first, clock",
)

EVERYWHERE = ""
"""What stands in place of a partnership in the sums over all of them."""

MONTH, YEAR = "waits in month", "waits in year"

COUNTED: LiteralString = """
SELECT t.partnership, CASE WHEN t.rank = 0 THEN 'waits' WHEN t.done <= t.due THEN 'on-time' ELSE 'late' END AS what,
       CASE WHEN t.rank = 0 THEN t.next_on ELSE t.done END AS day, t.clock, count(*) AS clocks
  FROM {deadlines} t
 WHERE t.known_until IS NULL AND (t.rank = 0 OR t.rank = 2 AND t.due IS NOT NULL){of}
 GROUP BY 1, 2, 3, 4
"""
FILL: LiteralString = """
INSERT INTO {sums} (partnership, what, first, clock, clocks)
SELECT w.whose, u.what, u.first, c.clock, sum(c.clocks)
  FROM ({counted}) c
 CROSS JOIN LATERAL (VALUES (c.partnership), ('')) w (whose)
 CROSS JOIN LATERAL (VALUES (c.what, c.day), ('waits in month', date_trunc('month', c.day)::date),
                            ('waits in year', date_trunc('year', c.day)::date)) u (what, first)
 WHERE c.what = 'waits' OR u.what = c.what
 GROUP BY 1, 2, 3, 4
"""
ADD: LiteralString = (
    "INSERT INTO {sums} AS s (partnership, what, first, clock, clocks)"
    " SELECT * FROM unnest(%s::text[], %s::text[], %s::date[], %s::text[], %s::bigint[])"
    " ON CONFLICT (partnership, what, first, clock) DO UPDATE SET clocks = s.clocks + excluded.clocks"
)
FORGET: LiteralString = (
    "DELETE FROM {sums} WHERE clocks = 0 AND (partnership, what, first, clock)"
    " IN (SELECT * FROM unnest(%s::text[], %s::text[], %s::date[], %s::text[]))"
)

Standing = Counter[tuple[str, str, date, str]]


class _Sums:
    """The sums of one build."""

    def __init__(self, build: Build, connection: Connection, deadlines: Table) -> None:
        self._connection = connection
        self._streams: list[str] = []
        self._all = False
        self._were: Standing = Counter()
        names = {"deadlines": build.table(deadlines), "sums": build.table(SUMS)}
        whole = sql.SQL(COUNTED).format(of=sql.SQL(""), **names)
        self._counted = sql.SQL(COUNTED).format(of=sql.SQL(" AND t.stream = ANY(%s)"), **names)
        self._fill = sql.SQL(FILL).format(counted=whole, **names)
        self._empty, self._add, self._forget = (sql.SQL(query).format(**names) for query in ("DELETE FROM {sums}", ADD, FORGET))

    def before(self, page: Sequence[Recorded]) -> None:
        self._all = any(recorded.stream.startswith("calendar/") for recorded in page)
        self._streams = [] if self._all else sorted({recorded.stream for recorded in page if recorded.stream.startswith("case/")})
        self._were = self._now()

    def after(self) -> None:
        if self._all:  # a calendar moves the clocks of any case
            self._connection.execute(self._empty)
            self.whole()
            return
        moved = self._now()
        moved.subtract(self._were)
        rows = [(*sum_, clocks) for sum_, clocks in sorted(_sums(moved).items()) if clocks]
        if rows:
            columns = [[row[n] for row in rows] for n in range(5)]
            self._connection.execute(self._add, columns)
            self._connection.execute(self._forget, columns[:4])

    def whole(self) -> None:
        self._connection.execute(self._fill)

    def _now(self) -> Standing:
        if not self._streams:
            return Counter()
        found = self._connection.execute(self._counted, (self._streams,)).fetchall()
        return Counter({(partnership, what, day, clock): clocks for partnership, what, day, clock, clocks in found})


def sums_of(deadlines: Table) -> Callable[[Build, Connection], Summing]:
    """The sums over this table of deadlines."""
    return lambda build, connection: _Sums(build, connection, deadlines)


def _sums(moved: Standing) -> Standing:
    sums: Standing = Counter()
    for (partnership, what, day, clock), clocks in moved.items():
        if clocks:
            for whose in (partnership, EVERYWHERE):
                sums[whose, what, day, clock] += clocks
                if what == "waits":
                    sums[whose, MONTH, day.replace(day=1), clock] += clocks
                    sums[whose, YEAR, day.replace(month=1, day=1), clock] += clocks
    return sums


# --- asking

OF_A_WEEK: LiteralString = """
WITH asked AS MATERIALIZED (
    SELECT %(whose)s::text[] AS whose, %(year)s::date AS year, %(month)s::date AS month, %(today)s::date AS today,
           %(first)s::date AS first, %(last)s::date AS last
)
SELECT 'overdue' AS what, NULL::date AS day, o.clock, sum(o.clocks)::int AS clocks
  FROM (SELECT clock, clocks FROM projections.deadline_sums
         WHERE partnership = ANY((SELECT whose FROM asked)::text[]) AND what = 'waits in year' AND first < (SELECT year FROM asked)
        UNION ALL SELECT clock, clocks FROM projections.deadline_sums
         WHERE partnership = ANY((SELECT whose FROM asked)::text[]) AND what = 'waits in month'
           AND first >= (SELECT year FROM asked) AND first < (SELECT month FROM asked)
        UNION ALL SELECT clock, clocks FROM projections.deadline_sums
         WHERE partnership = ANY((SELECT whose FROM asked)::text[]) AND what = 'waits'
           AND first >= (SELECT month FROM asked) AND first < (SELECT today FROM asked)) o
 GROUP BY o.clock
UNION ALL
SELECT what, first, clock, clocks::int FROM projections.deadline_sums
 WHERE partnership = ANY((SELECT whose FROM asked)::text[]) AND what IN ('waits', 'on-time', 'late')
   AND first BETWEEN (SELECT asked.first FROM asked) AND (SELECT asked.last FROM asked)
"""
"""What is overdue on a day, by clock; and of each day of a week what waits, and what was done in time and late.

What is asked stands apart, so that the server plans this once, whatever the days."""


def asked_of(first: date, last: date, today: date, whose: Sequence[str]) -> dict[str, Any]:
    """What `OF_A_WEEK` is asked with."""
    year, month = today.replace(month=1, day=1), today.replace(day=1)
    return {"first": first, "last": last, "today": today, "month": month, "year": year, "whose": [*whose]}
