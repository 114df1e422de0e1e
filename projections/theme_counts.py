"""Counting the themes: children, incidents and notifications side by side, now or as they were known at any instant (BOL-37, BOL-96).

A child and an incident count once under all the names they are known by; a sub-code counts towards its parent, a child once. What
counts towards what is the code set's to say, so it comes with the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, LiteralString

from domain.themes import CodeSet
from domain.tracker import CHILDREN, INCIDENTS
from projections.asking import Answer, answered
from projections.paging import AsyncConnection

# --- SQL: from the rows of the themes to children and incidents, each under one name

NOW: LiteralString = "t.known_until IS NULL"
THEN: LiteralString = "t.known_from <= e.at AND (t.known_until IS NULL OR t.known_until > e.at)"
ONLY: LiteralString = " AND t.stream = ANY(%(only)s::text[])"
EVER = datetime.max.replace(tzinfo=UTC)

CHOSEN: LiteralString = """
WITH RECURSIVE ends (at) AS (SELECT DISTINCT unnest(%(ends)s::timestamptz[])),
towards (code, counted) AS (SELECT * FROM unnest(%(codes)s::text[], %(counted)s::text[])),
pair (at, a, b) AS (
    SELECT e.at, s.a, s.b FROM ends e JOIN projections.themes t ON cardinality(t.same) > 0 AND {known}
     CROSS JOIN LATERAL unnest(t.same, t.same_as) AS s (a, b)
),
either_way (at, a, b) AS (SELECT at, a, b FROM pair UNION SELECT at, b, a FROM pair),
reached (at, name, other) AS (
    SELECT at, a, b FROM either_way
    UNION SELECT r.at, r.name, w.b FROM reached r JOIN either_way w ON w.at = r.at AND w.a = r.other
),
known_as (at, name, one) AS (SELECT at, name, min(other COLLATE "C") FROM reached GROUP BY at, name),
counted AS (
    SELECT e.at, {whose} AS partnership, w.counted AS code, t.code AS assigned, coalesce(c.one, t.child_key) AS one_child,
           coalesce(i.one, t.stream) AS incident, t.partnership AS partnership_of_case, t.stream, t.label, t.child, t.person, t.standing,
           t.notifications, t.day, t.first_on, t.last_on, t.concern, t.met, t.assigned_on, t.assigned_position, t.events
      FROM ends e JOIN projections.themes t ON {known}
      JOIN towards w ON w.code = t.code
      LEFT JOIN known_as c ON c.at = e.at AND c.name = t.child_key
      LEFT JOIN known_as i ON i.at = e.at AND i.name = t.stream
     WHERE {counts}
),
chosen AS (SELECT * FROM counted k WHERE {wanted})
"""
"""Each assignment that is asked for, under each code it counts towards. A name stands for itself and all that it is said to be one
with; the smallest of them stands for all, as in `domain.tracker.Identities`."""

HARM: LiteralString = "t.counts"
STRENGTH: LiteralString = (
    "t.concern = 'learn-from-success' AND t.standing IN ('provisional', 'confirmed') AND NOT t.withdrawn AND NOT t.duplicate"
)

CROSS: LiteralString = (
    "k.code = ANY(%(wanted)s) AND EXISTS (SELECT FROM counted x"
    " WHERE x.code = %(cross)s AND x.at = k.at AND x.partnership = k.partnership AND x.one_child = k.one_child)"
)

FIGURES: LiteralString = """
SELECT {by}, partnership, code, count(DISTINCT one_child)::int AS children, count(DISTINCT incident)::int AS incidents,
       coalesce(sum(notifications) FILTER (WHERE once), 0)::int AS notifications,
       count(DISTINCT one_child) FILTER (WHERE standing = 'confirmed')::int AS confirmed, min(first_on) AS first_on,
       max(last_on) AS last_on, array_agg(DISTINCT substr(stream, 6) ORDER BY substr(stream, 6)) AS cases
  FROM (SELECT *, row_number() OVER (PARTITION BY {by}, partnership, code, stream) = 1 AS once FROM {chosen}) f
 GROUP BY {by}, partnership, code ORDER BY {by}, partnership, code
"""

PERIODS: LiteralString = (
    "(SELECT c.*, p.n FROM chosen c JOIN unnest(%(firsts)s::date[], %(lasts)s::date[]) WITH ORDINALITY p (first, last, n)"
    " ON c.day BETWEEN p.first AND p.last) periods"
)

BEHIND: LiteralString = """
SELECT partnership_of_case, code, one_child, substr(incident, 6) AS incident, substr(stream, 6) AS in_case, label, child, person, assigned,
       standing, day, concern, met, assigned_on, assigned_position, events
  FROM chosen ORDER BY code, one_child, stream, assigned, child
"""


@dataclass(frozen=True)
class Asked:
    """What is asked of the tracker: whose, as of when, of incidents of which days, of children who also have which code.

    `met`: only of cases where the serious threshold was found met, or not met. `together`: all partnerships as one, so that a child
    known to two of them counts once. `strengths`: the good practice of Learn from Success cases in place of harm. `only`: of these
    cases alone, by their streams, and of what these say of each other.
    """

    codes: CodeSet
    partnership: str | None = None
    as_of: datetime | None = None
    first: date | None = None
    last: date | None = None
    cross: str | None = None
    met: bool | None = None
    together: bool = False
    strengths: bool = False
    only: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Figures:
    """What stands behind one code. `partnership` is empty where all of them are counted together."""

    partnership: str
    code: str
    children: int = 0
    incidents: int = 0
    notifications: int = 0
    confirmed: int = 0
    first_on: date | None = None
    last_on: date | None = None
    cases: tuple[str, ...] = ()

    @property
    def provisional(self) -> int:
        return self.children - self.confirmed

    def recurs(self, children: int = CHILDREN, incidents: int = INCIDENTS) -> bool:
        """Whether it is a series: three children or more across two incidents or more."""
        return self.children >= children and self.incidents >= incidents


@dataclass(frozen=True)
class Behind:
    """One assignment behind a figure: the child under the name that stands for all of its names, its incident likewise."""

    partnership: str
    code: str
    one_child: str
    incident: str
    case: str
    label: str
    child: str
    person: str | None
    assigned: str
    standing: str
    day: date
    concern: str
    met: bool | None
    assigned_on: date
    position: int
    events: tuple[int, ...]


Grouped = Mapping[str, Sequence[str]]
"""What is counted, by name, and the codes that count towards it."""


def by_code(codes: CodeSet, wanted: Iterable[str] | None = None, *, strengths: bool = False) -> dict[str, list[str]]:
    """Each code with those that count towards it: itself, its sub-codes and what was mapped to it."""
    chosen = None if wanted is None else set(wanted)
    groups: dict[str, list[str]] = {}
    for code in codes.codes:
        if codes.good_practice(code.code) == strengths:
            for counted in codes.counts_towards(code.code):
                if chosen is None or counted in chosen:
                    groups.setdefault(counted, []).append(code.code)
    return groups


async def figures(connection: AsyncConnection, asked: Asked, groups: Grouped | None = None) -> Answer[Figures]:
    """What stands behind each group of codes, by partnership: every code with its sub-codes, unless others are named.

    Raises:
        NotMade.
    """
    query, parameters = counting(asked, by_code(asked.codes, strengths=asked.strengths) if groups is None else groups)
    return await answered(connection, query + figures_of(), parameters, lambda row: figure(row[1:]))


async def trend(connection: AsyncConnection, asked: Asked, code: str, periods: Sequence[tuple[date, date]]) -> Answer[tuple[int, Figures]]:
    """One code in the incidents of each period, by the number of the period; one in which there is none is left out.

    Raises:
        NotMade.
    """
    query, parameters = counting(asked, by_code(asked.codes, [code], strengths=asked.strengths))
    parameters |= {"firsts": [first for first, _ in periods], "lasts": [last for _, last in periods]}
    return await answered(connection, query + figures_of("n", PERIODS), parameters, lambda row: (int(row[0]) - 1, figure(row[1:])))


async def stock(connection: AsyncConnection, asked: Asked, groups: Grouped, ends: Sequence[datetime]) -> Answer[tuple[datetime, Figures]]:
    """What stood behind each group of codes at the end of each period, as it was known then. A group may be more than a code.

    Raises:
        NotMade.
    """
    query, parameters = counting(asked, groups, ends)
    return await answered(connection, query + figures_of(), parameters, lambda row: (row[0], figure(row[1:])))


async def behind(connection: AsyncConnection, asked: Asked, codes: Iterable[str]) -> Answer[Behind]:
    """Each assignment behind the figures of these codes, child by child.

    Raises:
        NotMade.
    """
    query, parameters = counting(asked, by_code(asked.codes, codes, strengths=asked.strengths))
    return await answered(connection, query + BEHIND, parameters, lambda row: Behind(*(*row[:-1], tuple(row[-1]))))


def figures_of(by: LiteralString = "at", chosen: LiteralString = "chosen") -> LiteralString:
    return FIGURES.replace("{by}", by).replace("{chosen}", chosen)


def figure(row: Sequence[Any]) -> Figures:
    return Figures(*(*row[:-1], tuple(row[-1])))


def counting(asked: Asked, groups: Grouped, ends: Sequence[datetime] | None = None) -> tuple[LiteralString, dict[str, Any]]:
    """The statement up to what is chosen, and what it speaks of."""
    if ends is None:
        ends = [asked.as_of or EVER]
    known = NOW if ends == [EVER] else THEN
    if asked.only is not None:
        known += ONLY
    conditions: list[LiteralString] = [STRENGTH if asked.strengths else HARM]
    pairs = [(code, counted) for counted, codes in groups.items() for code in codes]
    parameters: dict[str, Any] = {"ends": [*ends], "wanted": [*groups]} | ({} if asked.only is None else {"only": [*asked.only]})
    for condition, name, value in (
        ("t.partnership = %(partnership)s", "partnership", asked.partnership),
        ("t.day >= %(first)s", "first", asked.first),
        ("t.day <= %(last)s", "last", asked.last),
        ("t.met = %(met)s", "met", asked.met),
    ):
        if value is not None:
            conditions.append(condition)
            parameters[name] = value
    wanted: LiteralString = "true"
    if asked.cross is not None:
        wanted, parameters["cross"] = CROSS, asked.cross
        pairs += [(code, asked.cross) for code in by_code(asked.codes, [asked.cross]).get(asked.cross, [])]
    pairs = [*dict.fromkeys(pairs)]
    parameters |= {"codes": [code for code, _ in pairs], "counted": [counted for _, counted in pairs]}
    whose: LiteralString = "''" if asked.together else "t.partnership"
    query = CHOSEN.replace("{known}", known).replace("{whose}", whose).replace("{counts}", " AND ".join(conditions))
    return query.replace("{wanted}", wanted), parameters
