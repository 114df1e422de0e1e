"""What else is asked of the themes: what was withdrawn, what is not coded, whether learning held, and what crosses a border."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString

from projections.asking import Answer, answered
from projections.paging import AsyncConnection
from projections.theme_counts import EVER, NOW, ONLY, THEN, Asked, by_code, counting
from projections.themes import InSummary, Learning, Recommendation, learned

# --- QT-13: what was withdrawn, and where it had been counted


@dataclass(frozen=True)
class Withdrawn:
    """An assignment that was withdrawn, and from when until when it had been counted, in recorded time."""

    case: str
    label: str
    code: str
    child: str | None
    withdrawn_on: date
    events: tuple[int, ...]
    counted: tuple[tuple[datetime, datetime], ...]


WITHDRAWN: LiteralString = """
SELECT substr(t.stream, 6), t.label, t.code, t.child, t.withdrawn_on, t.events,
       ARRAY(SELECT v.known_from FROM projections.themes v WHERE v.stream = t.stream AND v.key = t.key AND v.counts
              AND v.known_until IS NOT NULL AND v.known_from <= e.at ORDER BY v.known_from) AS began,
       ARRAY(SELECT v.known_until FROM projections.themes v WHERE v.stream = t.stream AND v.key = t.key AND v.counts
              AND v.known_until IS NOT NULL AND v.known_from <= e.at ORDER BY v.known_from) AS ended
  FROM (SELECT %(at)s::timestamptz AS at) e JOIN projections.themes t ON {known}
 WHERE t.standing = 'withdrawn'{whose} ORDER BY t.withdrawn_on DESC, t.stream, t.key
"""


async def withdrawn(connection: AsyncConnection, asked: Asked) -> Answer[Withdrawn]:
    """The assignments that have been withdrawn, latest first, with when each had been counted.

    Raises:
        NotMade.
    """
    query, parameters = _of(WITHDRAWN, asked)
    return await answered(connection, query, parameters, _withdrawn)


def _withdrawn(row: tuple[Any, ...]) -> Withdrawn:
    case, label, code, child, on, events, began, ended = row
    return Withdrawn(case, label, code, child, on, tuple(events), tuple(zip(began, ended, strict=True)))


# --- QT-14: cases that have one code and lack another


@dataclass(frozen=True)
class Lacking:
    """A case to whose children one code was assigned, and another, or any of its sub-codes, never was."""

    case: str
    label: str
    children: tuple[str, ...]
    events: tuple[int, ...]


LACKING: LiteralString = """
SELECT substr(t.stream, 6), min(t.label), array_agg(DISTINCT t.child ORDER BY t.child) FILTER (WHERE t.child IS NOT NULL),
       ARRAY(SELECT DISTINCT u FROM unnest(array_agg(t.assigned_position)) u ORDER BY u)
  FROM (SELECT %(at)s::timestamptz AS at) e JOIN projections.themes t ON {known}
 WHERE t.code = ANY(%(has)s) AND t.standing <> 'withdrawn'{whose}
   AND NOT EXISTS (SELECT FROM projections.themes o WHERE o.stream = t.stream AND o.code = ANY(%(lacks)s) AND o.standing <> 'withdrawn'
                      AND {also_known})
 GROUP BY t.stream ORDER BY t.stream
"""


async def lacking(connection: AsyncConnection, asked: Asked, has: str, lacks: str) -> Answer[Lacking]:
    """The cases coded one thing, or a part of it, of which nobody has said another: coding may be incomplete.

    Raises:
        NotMade.
    """
    groups = by_code(asked.codes, [has, lacks]) | by_code(asked.codes, [has, lacks], strengths=True)
    query, parameters = _of(LACKING, asked)
    query = query.replace("{also_known}", (NOW if asked.as_of is None else THEN).replace("t.", "o."))
    parameters |= {"has": groups.get(has, []), "lacks": groups.get(lacks, [])}
    return await answered(connection, query, parameters, lambda row: Lacking(row[0], row[1], tuple(row[2] or ()), tuple(row[3])))


# --- QT-7 and QT-15: what was learned


@dataclass(frozen=True)
class Learned:
    """What one case has led to, without its words; and the codes that stand on it."""

    case: str
    label: str
    partnership: str
    concern: str
    codes: tuple[str, ...]
    learning: Learning


LEARNED: LiteralString = """
SELECT substr(t.stream, 6), t.label, t.partnership, t.concern,
       ARRAY(SELECT DISTINCT o.code FROM projections.themes o WHERE o.stream = t.stream AND o.code <> '' AND o.standing <> 'withdrawn'
                AND {also_known} ORDER BY o.code), t.learning
  FROM (SELECT %(at)s::timestamptz AS at) e JOIN projections.themes t ON {known}
 WHERE t.learning IS NOT NULL{whose} ORDER BY t.stream
"""


async def learning(connection: AsyncConnection, asked: Asked) -> Answer[Learned]:
    """The cases that have led to recommendations, to learning briefs, or to a place in an annual summary.

    Raises:
        NotMade.
    """
    query, parameters = _of(LEARNED, asked)
    query = query.replace("{also_known}", (NOW if asked.as_of is None else THEN).replace("t.", "o."))
    return await answered(connection, query, parameters, lambda row: Learned(*(*row[:4], tuple(row[4]), learned(row[5]))))


@dataclass(frozen=True)
class Since:
    """A child in an incident after a recommendation on its theme was completed."""

    code: str
    one_child: str
    incident: str
    case: str
    label: str
    child: str
    day: date
    standing: str
    events: tuple[int, ...]


SINCE: LiteralString = """
SELECT code, one_child, substr(incident, 6), substr(stream, 6), label, child, day, standing, events
  FROM chosen ORDER BY code, day, stream, child
"""


async def since(connection: AsyncConnection, asked: Asked, codes: Iterable[str]) -> Answer[Since]:
    """The children behind these codes in incidents from `asked.first` on, in the order of the days.

    Raises:
        NotMade.
    """
    query, parameters = counting(asked, by_code(asked.codes, codes))
    return await answered(connection, query + SINCE, parameters, lambda row: Since(*(*row[:-1], tuple(row[-1]))))


def completed(found: Sequence[Learned]) -> list[tuple[Learned, Recommendation]]:
    """The recommendations that were completed and name a theme, earliest first."""
    done = [(one, each) for one in found for each in one.learning.recommendations if each.assured_on and each.themes]
    return sorted(done, key=lambda pair: (pair[1].assured_on or date.max, pair[0].case, pair[1].ref))


def in_summary(found: Sequence[Learned], year: str) -> list[tuple[Learned, InSummary]]:
    """The cases that stand in the summary of a year (`2024/25`, however its years are parted)."""
    wanted = year.replace("-", "/").replace("–", "/")
    return [(one, each) for one in found for each in one.learning.summaries if each.year.replace("-", "/").replace("–", "/") == wanted]


# --- QT-12: one incident, two partnerships


@dataclass(frozen=True)
class Shared:
    """An incident that cases of several partnerships tell of, and a theme that some of them speak of. A child counts once."""

    incident: str
    code: str
    partnerships: tuple[str, ...]
    cases: tuple[str, ...]
    children: int


SHARED: LiteralString = """
, across AS (SELECT incident FROM chosen GROUP BY incident HAVING count(DISTINCT partnership_of_case) > 1)
SELECT substr(incident, 6), code, array_agg(DISTINCT partnership_of_case), array_agg(DISTINCT substr(stream, 6)),
       count(DISTINCT one_child)::int
  FROM chosen JOIN across USING (incident) GROUP BY incident, code HAVING count(DISTINCT partnership_of_case) > 1
 ORDER BY incident, code
"""


async def shared(connection: AsyncConnection, asked: Asked) -> Answer[Shared]:
    """The themes that two partnerships see in one incident.

    Raises:
        NotMade.
    """
    query, parameters = counting(asked, by_code(asked.codes))
    return await answered(
        connection, query + SHARED, parameters, lambda row: Shared(row[0], row[1], tuple(sorted(row[2])), tuple(sorted(row[3])), row[4])
    )


# --- the latest of one code


@dataclass(frozen=True)
class Latest:
    """An assignment, as it stands."""

    case: str
    partnership: str
    label: str
    child: str | None
    standing: str
    assigned_on: date
    position: int


LATEST: LiteralString = """
SELECT substr(t.stream, 6), t.partnership, t.label, t.child, t.standing, t.assigned_on, t.assigned_position FROM projections.themes t
 WHERE t.known_until IS NULL AND t.code = %(code)s AND t.code <> ''{whose} ORDER BY t.assigned_position DESC LIMIT %(limit)s
"""


async def latest(connection: AsyncConnection, code: str, *, partnership: str | None = None, limit: int = 50) -> Answer[Latest]:
    """The assignments of one code recorded last, as they stand now.

    Raises:
        NotMade.
    """
    parameters: dict[str, Any] = {"code": code, "limit": limit}
    if partnership is not None:
        parameters["partnership"] = partnership
    query = LATEST.replace("{whose}", " AND t.partnership = %(partnership)s" if partnership is not None else "")
    return await answered(connection, query, parameters, lambda row: Latest(*row))


# --- since when there is anything

BEGAN: LiteralString = "SELECT min(t.known_from) FROM projections.themes t WHERE t.partnership = %(partnership)s AND t.code <> ''"


async def began(connection: AsyncConnection, partnership: str) -> Answer[datetime | None]:
    """When the first theme of a partnership was recorded; none where there is none.

    Raises:
        NotMade.
    """
    return await answered(connection, BEGAN, {"partnership": partnership}, lambda row: row[0])


def _of(query: LiteralString, asked: Asked) -> tuple[LiteralString, dict[str, Any]]:
    parameters: dict[str, Any] = {"at": asked.as_of or EVER}
    if asked.partnership is not None:
        parameters["partnership"] = asked.partnership
    whose: LiteralString = " AND t.partnership = %(partnership)s" if asked.partnership is not None else ""
    if asked.only is not None:
        whose += ONLY
        parameters["only"] = [*asked.only]
    return query.replace("{known}", NOW if asked.as_of is None else THEN).replace("{whose}", whose), parameters
