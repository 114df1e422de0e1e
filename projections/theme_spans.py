"""How often each code was assigned, by days, weeks, quarters and years of the incidents: sums kept beside the rows of the themes.

A sum counts assignments that count, as they stand now: a child with two sub-codes twice. It ranks what to look at; how many
children that are is counted from the rows (`theme_counts`). Any window is a few whole weeks and the days at its edges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, LiteralString

from psycopg import sql

from domain.recorded import Recorded
from projections.asking import Answer, answered
from projections.paging import AsyncConnection
from projections.together import Summing
from projections.view import Build, Connection, Table

SPANS = Table(
    name="theme_spans",
    columns="""
    partnership text COLLATE "C" NOT NULL,
    unit        text COLLATE "C" NOT NULL,
    first       date NOT NULL,
    code        text COLLATE "C" NOT NULL,
    assigned    bigint NOT NULL
    """,
    key="partnership, unit, first, code",
    indexes=("(partnership, unit, first, assigned DESC, code)", "(partnership, unit, first) INCLUDE (code, assigned)"),
)

UNITS = ("day", "week", "quarter", "year")
"""A year is a financial year: from the first of April."""

EVERYWHERE = ""
"""What stands in place of a partnership in the sums over all of them."""

STANDING: LiteralString = (
    "SELECT partnership, code, day, count(*) FROM {themes}"
    " WHERE known_until IS NULL AND counts AND stream = ANY(%s) GROUP BY partnership, code, day"
)
ADD: LiteralString = (
    "INSERT INTO {spans} AS s (partnership, unit, first, code, assigned)"
    " SELECT * FROM unnest(%s::text[], %s::text[], %s::date[], %s::text[], %s::bigint[])"
    " ON CONFLICT (partnership, unit, first, code) DO UPDATE SET assigned = s.assigned + excluded.assigned"
)
FORGET: LiteralString = (
    "DELETE FROM {spans} WHERE assigned = 0 AND (partnership, unit, first, code)"
    " IN (SELECT * FROM unnest(%s::text[], %s::text[], %s::date[], %s::text[]))"
)
FILL: LiteralString = """
INSERT INTO {spans} (partnership, unit, first, code, assigned)
SELECT w.whose, u.unit, u.first, t.code, count(*)
  FROM {themes} t
 CROSS JOIN LATERAL (VALUES (t.partnership), ('')) w (whose)
 CROSS JOIN LATERAL (VALUES ('day', t.day), ('week', date_trunc('week', t.day)::date), ('quarter', date_trunc('quarter', t.day)::date),
                            ('year', make_date(extract(year FROM t.day - interval '3 months')::int, 4, 1))) u (unit, first)
 WHERE t.known_until IS NULL AND t.counts
 GROUP BY 1, 2, 3, 4
"""

Standing = Counter[tuple[str, str, date]]


class _Spans:
    """The sums of one build."""

    def __init__(self, build: Build, connection: Connection, themes: Table) -> None:
        self._connection = connection
        self._streams: list[str] = []
        self._were: Standing = Counter()
        names = {"themes": build.table(themes), "spans": build.table(SPANS)}
        self._standing, self._add, self._forget, self._fill = (sql.SQL(query).format(**names) for query in (STANDING, ADD, FORGET, FILL))

    def before(self, page: Sequence[Recorded]) -> None:
        self._streams = sorted({recorded.stream for recorded in page if recorded.stream.startswith("case/")})
        self._were = self._now()

    def after(self) -> None:
        moved = self._now()
        moved.subtract(self._were)
        sums = _sums(moved)
        if sums:
            columns = _columns(sums)
            self._connection.execute(self._add, columns)
            self._connection.execute(self._forget, columns[:4])

    def whole(self) -> None:
        self._connection.execute(self._fill)

    def _now(self) -> Standing:
        found: Standing = Counter()
        if self._streams:
            for partnership, code, day, count in self._connection.execute(self._standing, (self._streams,)).fetchall():
                found[partnership, code, day] = count
        return found


def spans_of(themes: Table) -> Callable[[Build, Connection], Summing]:
    """The sums over this table of themes."""
    return lambda build, connection: _Spans(build, connection, themes)


def _sums(moved: Standing) -> Counter[tuple[str, str, date, str]]:
    sums: Counter[tuple[str, str, date, str]] = Counter()
    for (partnership, code, day), count in moved.items():
        if count:
            for whose in (partnership, EVERYWHERE):
                for unit in UNITS:
                    sums[whose, unit, first_of(unit, day), code] += count
    return Counter({span: count for span, count in sums.items() if count})


def _columns(sums: Counter[tuple[str, str, date, str]]) -> tuple[list[Any], ...]:
    rows = [(*span, count) for span, count in sorted(sums.items())]
    return tuple([row[n] for row in rows] for n in range(5))


def first_of(unit: str, day: date) -> date:
    """The first day of the span of this kind that a day lies in."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "quarter":
        return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    if unit == "year":
        return date(day.year - (day.month < 4), 4, 1)
    return day


# --- asking

TOP: LiteralString = """
SELECT code, sum(assigned)::bigint AS assigned FROM projections.theme_spans
 WHERE partnership = %(partnership)s AND (unit, first) IN (SELECT * FROM unnest(%(units)s::text[], %(firsts)s::date[]))
 GROUP BY code ORDER BY assigned DESC, code LIMIT %(limit)s
"""
KEPT: LiteralString = """
SELECT code, assigned FROM projections.theme_spans
 WHERE partnership = %(partnership)s AND unit = %(unit)s AND first = %(first)s ORDER BY assigned DESC, code LIMIT %(limit)s
"""


async def busiest(
    connection: AsyncConnection, first: date, last: date, *, partnership: str | None = None, limit: int = 20
) -> Answer[tuple[str, int]]:
    """The codes assigned most often for incidents of these days, both included, as known now; of all partnerships unless one is named.

    Raises:
        NotMade.
    """
    spans = [*covering(first, last)]
    parameters: dict[str, Any] = {"partnership": partnership or EVERYWHERE, "limit": limit}
    if len(spans) == 1:
        ((unit, begins),) = spans
        return await answered(connection, KEPT, {**parameters, "unit": unit, "first": begins}, lambda row: (str(row[0]), int(row[1])))
    parameters |= {"units": [unit for unit, _ in spans], "firsts": [begins for _, begins in spans]}
    return await answered(connection, TOP, parameters, lambda row: (str(row[0]), int(row[1])))


AMONG: LiteralString = """
SELECT t.code, count(*) FROM projections.themes t
 WHERE t.known_until IS NULL AND t.counts AND t.day BETWEEN %(first)s AND %(last)s AND t.stream = ANY(%(only)s::text[])
 GROUP BY t.code ORDER BY 2 DESC, 1 LIMIT %(limit)s
"""


async def busiest_among(
    connection: AsyncConnection, first: date, last: date, only: Sequence[str], *, limit: int = 20
) -> Answer[tuple[str, int]]:  # fmt: skip
    """The same of some cases alone, counted from the rows.

    Raises:
        NotMade.
    """
    parameters = {"first": first, "last": last, "only": [*only], "limit": limit}
    return await answered(connection, AMONG, parameters, lambda row: (str(row[0]), int(row[1])))


def covering(first: date, last: date) -> Iterator[tuple[str, date]]:
    """Kept spans that together are these days: the longest that fit, and shorter ones at the edges."""
    if first > last:
        return
    for unit in ("year", "quarter", "week", "day"):
        begins = first_of(unit, first)
        if begins < first:
            begins = _last(unit, begins) + timedelta(days=1)
        if _last(unit, begins) <= last:
            yield from covering(first, begins - timedelta(days=1))
            while (until := _last(unit, begins)) <= last:
                yield unit, begins
                begins = until + timedelta(days=1)
            yield from covering(begins, last)
            return


def _last(unit: str, first: date) -> date:
    if unit == "week":
        return first + timedelta(days=6)
    if unit == "quarter":
        return first_of("quarter", first + timedelta(days=100)) - timedelta(days=1)
    if unit == "year":
        return date(first.year + 1, 3, 31)
    return first
