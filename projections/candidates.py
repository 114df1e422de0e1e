"""The candidates for thematic reviews: one row for each, one for each entry of its life, and what was known when (BOL-36, BOL-37)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, LiteralString

import msgspec

from domain.candidate import (
    Candidate,
    CandidateEvent,
    Cause,
    QualifyingChild,
    ThematicCandidateCompleted,
    ThematicCandidateDecided,
    ThematicCandidateExtended,
    ThematicCandidateLinked,
    ThematicCandidateRaised,
)
from domain.recorded import Recorded
from domain.themes import CodeSet
from domain.tracker import CHILDREN, INCIDENTS
from projections.asking import Answer, answered
from projections.known import KNOWN
from projections.paging import AsyncConnection
from projections.per_case import Rows
from projections.theme_counts import NOW, THEN, Asked, Figures, by_code, counting, figure, figures_of
from projections.view import Table

CANDIDATES = Table(
    name="theme_candidates",
    columns=KNOWN
    + """,
    partnership text COLLATE "C" NOT NULL,
    code        text COLLATE "C" NOT NULL,
    state       text NOT NULL,
    round       int NOT NULL,
    by_rule     boolean NOT NULL,
    raised_at   timestamptz NOT NULL
    """,
    key="stream, key, known_from",
    indexes=("(partnership, code) WHERE known_until IS NULL", "(partnership, code, known_from)"),
)


LIVES = Table(
    name="theme_candidate_lives",
    columns=KNOWN
    + """,
    place int NOT NULL,
    entry text NOT NULL
    """,
    key="stream, key, known_from",
    indexes=("(stream, place)",),
)
"""What happened to each, entry by entry: a life may be long, and is not told anew each time that it goes on."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened to a candidate: without words, the reason of a decision stands at its place."""

    place: int
    position: int
    name: str
    on: date
    at: datetime
    round: int | None = None
    raised_by: str | None = None
    outcome: str | None = None
    case: str | None = None
    children: tuple[QualifyingChild, ...] = ()
    incidents: int | None = None
    cause: Cause | None = None


_encode = msgspec.json.Encoder().encode
lived = msgspec.json.Decoder(tuple[Entry, ...]).decode
"""The entries of a life, read."""


class StateOfACandidate:
    """From the events of a candidate to its one row."""

    kind = "candidate"
    everywhere: tuple[str, ...] = ()
    unsettled: Literal["false"] = "false"

    def begin(self) -> Candidate:
        return Candidate()

    def step(self, state: Candidate, recorded: Recorded) -> Candidate:
        return recorded.event.apply(state, recorded) if isinstance(recorded.event, CandidateEvent) else state

    def rows(self, state: Candidate) -> Rows:
        if not state.ever_raised:
            return {}
        return {"": (state.partnership, state.code, state.state, state.round, state.by_rule, state.raised_at)}


class LifeOfACandidate:
    """From the events of a candidate to a row for each."""

    kind = "candidate"
    everywhere: tuple[str, ...] = ()
    unsettled: Literal["false"] = "false"

    def begin(self) -> Rows:
        return {}

    def step(self, state: Rows, recorded: Recorded) -> Rows:
        if not isinstance(recorded.event, CandidateEvent):
            return state
        return {**state, str(recorded.place): (recorded.place, _encode(_entry(recorded)).decode())}

    def rows(self, state: Rows) -> Rows:
        return state


def _entry(recorded: Recorded) -> Entry:
    event: Any = recorded.event
    more: dict[str, Any] = {}
    match event:
        case ThematicCandidateRaised():
            more = {
                "round": event.round, "raised_by": event.raised_by, "children": event.children, "incidents": event.incidents,
                "cause": event.cause,
            }  # fmt: skip
        case ThematicCandidateDecided():
            more = {"round": event.round, "outcome": event.outcome}
        case ThematicCandidateExtended():
            more = {"children": event.children, "cause": event.cause}
        case ThematicCandidateLinked():
            more = {"case": event.case, "children": event.children, "cause": event.cause}
        case ThematicCandidateCompleted():
            more = {"case": event.case, "cause": event.cause}
    return Entry(place=recorded.place, position=recorded.position, name=recorded.name, on=recorded.on, at=recorded.at, **more)


def decided_at(life: Sequence[Entry]) -> Entry | None:
    """The last decision of a life, if there is one."""
    return next((entry for entry in reversed(life) if entry.outcome is not None), None)


def entry_cases(entry: Entry) -> list[str]:
    """The cases that an entry names."""
    cause = [entry.cause.case] if entry.cause else []
    return [*([entry.case] if entry.case else []), *cause, *(child.case for child in entry.children)]


# --- asking


@dataclass(frozen=True)
class Listed:
    """A candidate with what stands behind it. `life` has the entries recorded by then; `figures` are of the same instant."""

    ref: str
    partnership: str
    code: str
    state: str
    round: int
    by_rule: bool
    raised_at: datetime
    life: tuple[Entry, ...]
    figures: Figures

    def no_longer_three(self, children: int = CHILDREN, incidents: int = INCIDENTS) -> bool:
        """Whether the three that raised it are no longer three. That closes nothing: it is shown, and the partners decide."""
        return self.state == "open" and self.by_rule and not self.figures.recurs(children, incidents)


def cases_of(one: Listed) -> frozenset[str]:
    """The cases that stand behind a candidate, or did."""
    return frozenset([*one.figures.cases, *(case for entry in one.life for case in entry_cases(entry))])


def without(one: Listed, withheld: frozenset[str]) -> Listed:
    """A candidate without what it tells of these cases."""
    return replace(one, life=tuple(_without(entry, withheld) for entry in one.life))


def _without(entry: Entry, withheld: frozenset[str]) -> Entry:
    children = tuple(child for child in entry.children if child.case not in withheld)
    return msgspec.structs.replace(
        entry, children=children, incidents=entry.incidents if len(children) == len(entry.children) else None,
        case=None if entry.case in withheld else entry.case, cause=None if entry.cause and entry.cause.case in withheld else entry.cause,
    )  # fmt: skip


LISTED: LiteralString = """
SELECT substr(t.stream, 11), t.partnership, t.code, t.state, t.round, t.by_rule, t.raised_at,
       (SELECT '[' || string_agg(l.entry, ',' ORDER BY l.place) || ']' FROM projections.theme_candidate_lives l
         WHERE l.stream = t.stream AND {lived}), f.children, f.incidents,
       f.notifications, f.confirmed, f.first_on, f.last_on, f.cases
  FROM ends e JOIN projections.theme_candidates t ON {known}{whose}
  LEFT JOIN ({figures}) f ON f.partnership = t.partnership AND f.code = t.code
 ORDER BY t.stream
"""


async def candidates(
    connection: AsyncConnection, codes: CodeSet, *, partnership: str | None = None, as_of: datetime | None = None,
    only: tuple[str, ...] | None = None,
) -> Answer[Listed]:  # fmt: skip
    """Every candidate ever raised by then, whatever has become of it, by its ref. `only`: its figures are of these cases alone.

    Raises:
        NotMade.
    """
    asked = Asked(codes, partnership=partnership, as_of=as_of, only=only)
    query, parameters = counting(asked, by_code(codes))
    whose: LiteralString = " AND t.partnership = %(partnership)s" if partnership is not None else ""
    listed = (
        LISTED.replace("{known}", NOW if as_of is None else THEN)
        .replace("{lived}", "true" if as_of is None else "l.known_from <= e.at")
        .replace("{whose}", whose)
        .replace("{figures}", figures_of())
    )
    return await answered(connection, query + listed, parameters, _listed)


def _listed(row: tuple[Any, ...]) -> Listed:
    ref, partnership, code, state, round_, by_rule, raised_at, life, *found = row
    figures = Figures(partnership, code) if found[0] is None else figure((partnership, code, *found))
    return Listed(ref, partnership, code, state, round_, by_rule, raised_at, lived(life), figures)
