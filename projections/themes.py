"""The recurring themes: one row for each code on each child of every case, with what was known of it when.

A row says to whom the code speaks, how it stands (provisional, confirmed, withdrawn) and whether it counts; the row of a case
itself (its key is empty) says which cases and persons are one with others, and what was learned. Counting is left to whoever
asks (`theme_counts`): the code set decides what counts towards what, and may change. `domain/tracker.py` says the same of a whole
history; a test holds the two together at every entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal, LiteralString

import msgspec
from msgspec.structs import replace

from domain.corrections import RecordCorrected, effective
from domain.recorded import Recorded
from domain.stages.learning import (
    AssuranceAccepted,
    AssuranceRejected,
    AssuranceSubmitted,
    IncludedInAnnualSummary,
    RecommendationAccepted,
    RecommendationIssued,
)
from domain.stages.opening import CaseLinked, CaseOpened, ChildAdded, SamePersonRecorded
from domain.stages.outcome import SeriousIncidentFoundNotToMeetCriteria
from domain.stages.publication import LearningBriefPublished, LearningBriefWithdrawn
from domain.stages.reopening import DecisionReplaced
from domain.stages.theme_assignment import ThemeAssigned, ThemeWithdrawn
from domain.stages.threshold import CaseReroutedToSerious, ThresholdDecided
from domain.tracker import CaseFacts, told
from projections import candidates, theme_spans
from projections.known import KNOWN, Content
from projections.per_case import Rows, per_case
from projections.together import Part, together
from projections.view import Table, View

LATEST: LiteralString = "stream, label, child, standing, assigned_on"
"""What the latest of one code are told with, from the index alone."""

THEMES = Table(
    name="themes",
    columns=KNOWN
    + """,
    partnership       text COLLATE "C" NOT NULL,
    label             text NOT NULL,
    code              text COLLATE "C" NOT NULL,
    child             text COLLATE "C",
    child_key         text COLLATE "C",
    person            text COLLATE "C",
    standing          text,
    counts            boolean NOT NULL,
    harmed            boolean NOT NULL,
    withdrawn         boolean NOT NULL,
    duplicate         boolean NOT NULL,
    concern           text NOT NULL,
    met               boolean,
    day               date NOT NULL,
    first_on          date,
    last_on           date,
    notifications     int NOT NULL,
    version           text,
    basis             text,
    assigned_on       date,
    confirmed_on      date,
    withdrawn_on      date,
    assigned_position bigint,
    same              text[] NOT NULL,
    same_as           text[] NOT NULL,
    learning          text,
    events            bigint[] NOT NULL
    """,
    key="stream, key, known_from",
    indexes=(
        "(partnership, code, child_key) INCLUDE (stream, standing, day, notifications) WHERE known_until IS NULL AND counts",
        f"(partnership, code, assigned_position DESC) INCLUDE ({LATEST}) WHERE known_until IS NULL AND code <> ''",
        f"(code, assigned_position DESC) INCLUDE (partnership, {LATEST}) WHERE known_until IS NULL AND code <> ''",
        "(partnership, code, known_from) WHERE code <> ''",
        "(stream) WHERE cardinality(same) > 0",
        "(partnership, known_from) WHERE learning IS NOT NULL",
    ),
)


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    """A recommendation of the case, and how far its assurance has come."""

    ref: str
    themes: tuple[str, ...]
    owners: tuple[str, ...]
    by_when: date
    issued_on: date
    state: Literal["issued", "accepted", "submitted", "assured"] = "issued"
    assured_on: date | None = None
    events: tuple[int, ...]


class Brief(msgspec.Struct, frozen=True):
    """A learning brief that stands published."""

    digest: str
    on: date
    event: int


class InSummary(msgspec.Struct, frozen=True):
    """That the learning stands in the annual summary of a year. What impact it had are words: they stand at this place of the case."""

    year: str
    on: date
    place: int
    event: int


class Learning(msgspec.Struct, frozen=True):
    """What was learned of the case as a whole, without words."""

    recommendations: tuple[Recommendation, ...] = ()
    briefs: tuple[Brief, ...] = ()
    summaries: tuple[InSummary, ...] = ()


_encode = msgspec.json.Encoder().encode
learned = msgspec.json.Decoder(Learning).decode
"""A row's `learning`, read."""


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """A code on a child of the case, or on the case as a whole. `position` is that of the entry that assigned it."""

    code: str
    child: str
    standing: Literal["provisional", "confirmed", "withdrawn"]
    version: str
    basis: str
    assigned_on: date
    confirmed_on: date | None = None
    withdrawn_on: date | None = None
    position: int
    events: tuple[int, ...]


class _Case(msgspec.Struct, frozen=True):
    """What is known of a case. `rests` are the positions of the entries that the facts of the whole case rest on."""

    kept: tuple[Recorded, ...] = ()
    facts: CaseFacts = CaseFacts(case="")
    label: str = ""
    opened_on: date | None = None
    met: bool | None = None
    children: dict[str, int] = {}
    assignments: dict[str, Assignment] = {}
    learning: Learning = Learning()
    rests: tuple[int, ...] = ()


class ThemesOfACase:
    """From the events of a case to a row for itself and one for each code on each of its children."""

    kind = "case"
    everywhere = ()
    unsettled: Literal["false"] = "false"

    def begin(self) -> _Case:
        return _Case()

    def step(self, state: _Case, recorded: Recorded) -> _Case:
        if isinstance(recorded.event, RecordCorrected):
            if all(recorded.event.event_place != kept.place for kept in state.kept):
                return state
            kept = (*state.kept, recorded)
            state = _Case(rests=(recorded.position,))
            for entry in effective(kept):
                state = _after(state, entry)
            return replace(state, kept=kept)
        after = _after(state, recorded)
        return after if after is state else replace(after, kept=(*state.kept, recorded))

    def rows(self, state: _Case) -> Rows:
        if state.opened_on is None:
            return {}
        links = [*((f"case/{state.facts.case}", f"case/{other}") for other in state.facts.same_incident), *state.facts.same_person]
        learning = None if state.learning == Learning() else _encode(state.learning).decode()
        rows = {"": _row(state, None, sorted(links), learning)}
        for key, assignment in state.assignments.items():
            rows[key] = _row(state, assignment)
        return rows


def _row(state: _Case, assignment: Assignment | None, links: list[tuple[str, str]] | None = None, learning: str | None = None) -> Content:
    facts, links = state.facts, links or []
    child = facts.children.get(assignment.child) if assignment else None
    harmed = child is not None and child.injured_or_dead
    stands = assignment is not None and assignment.standing != "withdrawn"
    days = [day for day in (facts.incident.happened_on, facts.incident.happened_until) if day] if facts.incident else []
    own: Content = (None,) * 6
    events = state.rests
    if assignment is not None:
        own = (
            assignment.version, assignment.basis, assignment.assigned_on, assignment.confirmed_on, assignment.withdrawn_on,
            assignment.position,
        )  # fmt: skip
        events = (*events, *assignment.events, *([state.children[assignment.child]] if assignment.child in state.children else []))
    return (
        facts.partnership, state.label, assignment.code if assignment else "", (assignment and assignment.child) or None,
        ((child and child.person) or f"{facts.case}/{assignment.child}") if assignment and assignment.child else None,
        (child and child.person) or None, assignment.standing if assignment else None, facts.counted and harmed and stands, harmed,
        facts.withdrawn, facts.duplicate, facts.concern, state.met, days[0] if days else state.opened_on, min(days, default=None),
        max(days, default=None), facts.times_notified, *own, [one for one, _ in links], [other for _, other in links], learning,
        sorted(set(events)),
    )  # fmt: skip


# --- what an entry tells


def _after(state: _Case, recorded: Recorded) -> _Case:
    """What is known once this has been recorded: the very same where it tells nothing of themes."""
    event, position = recorded.event, recorded.position
    facts = told(state.facts, recorded)
    match event:
        case CaseOpened():
            return replace(
                state, facts=replace(facts, case=recorded.stream.partition("/")[2]), label=event.label, opened_on=recorded.on,
                children={child.ref: position for child in event.children}, rests=(*state.rests, position),
            )  # fmt: skip
        case ChildAdded():
            return replace(state, facts=facts, children={**state.children, event.child.ref: position})
        case ThemeAssigned():
            return replace(state, facts=facts, assignments={**state.assignments, **dict(_assigned(state, event, recorded))})
        case ThemeWithdrawn():
            return replace(state, facts=facts, assignments={**state.assignments, **dict(_withdrawn(state, event, recorded))})
        case ThresholdDecided(threshold="serious") | DecisionReplaced(kind="threshold", question="serious"):
            return replace(state, met=event.outcome == "met", rests=(*state.rests, position))
        case SeriousIncidentFoundNotToMeetCriteria():
            return replace(state, met=False, rests=(*state.rests, position))
        case CaseReroutedToSerious():
            return replace(state, facts=facts, met=None, rests=(*state.rests, position))
        case CaseLinked() | SamePersonRecorded() if facts is not state.facts:
            return replace(state, facts=facts)
    if facts is not state.facts:
        return replace(state, facts=facts, rests=(*state.rests, position))
    learning = _learned(state.learning, recorded)
    return state if learning is state.learning else replace(state, learning=learning)


def _assigned(state: _Case, event: ThemeAssigned, recorded: Recorded) -> Iterator[tuple[str, Assignment]]:
    """What was once confirmed is not made provisional again; what was withdrawn begins anew."""
    for child in event.children or ("",):
        key = f"{event.code}/{child}"
        before = state.assignments.get(key)
        confirmed_on = recorded.on if event.standing == "confirmed" else None
        if before is None or before.standing == "withdrawn":
            yield key, Assignment(
                code=event.code, child=child, standing=event.standing, version=event.version, basis=event.basis,
                assigned_on=recorded.on, confirmed_on=confirmed_on, position=recorded.position, events=(recorded.position,),
            )  # fmt: skip
        elif before.standing == "confirmed":
            yield key, replace(before, events=(*before.events, recorded.position))
        else:
            yield (
                key,
                replace(before, standing=event.standing, confirmed_on=confirmed_on, events=(*before.events, recorded.position)),
            )


def _withdrawn(state: _Case, event: ThemeWithdrawn, recorded: Recorded) -> Iterator[tuple[str, Assignment]]:
    for key, before in state.assignments.items():
        if before.code == event.code and before.standing != "withdrawn" and (not event.children or before.child in event.children):
            yield key, replace(before, standing="withdrawn", withdrawn_on=recorded.on, events=(*before.events, recorded.position))


def _learned(before: Learning, recorded: Recorded) -> Learning:
    event, position = recorded.event, recorded.position
    match event:
        case RecommendationIssued():
            issued = Recommendation(
                ref=event.ref, themes=event.themes, owners=event.owners, by_when=event.by_when, issued_on=recorded.on, events=(position,)
            )
            return replace(before, recommendations=(*before.recommendations, issued))
        case RecommendationAccepted():
            return _moved(before, event.recommendation, position, state="accepted")
        case AssuranceSubmitted():
            return _moved(before, event.recommendation, position, state="submitted")
        case AssuranceAccepted():
            return _moved(before, event.recommendation, position, state="assured", assured_on=recorded.on)
        case AssuranceRejected():
            return _moved(before, event.recommendation, position, state="accepted")
        case LearningBriefPublished():
            return replace(before, briefs=(*before.briefs, Brief(event.digest, recorded.on, position)))
        case LearningBriefWithdrawn():
            return replace(before, briefs=tuple(brief for brief in before.briefs if brief.digest != event.digest))
        case IncludedInAnnualSummary():
            return replace(before, summaries=(*before.summaries, InSummary(event.year, recorded.on, recorded.place, position)))
    return before


def _moved(before: Learning, ref: str, position: int, **changes: object) -> Learning:
    def after(one: Recommendation) -> Recommendation:
        return replace(one, **changes, events=(*one.events, position)) if one.ref == ref else one

    return replace(before, recommendations=tuple(after(one) for one in before.recommendations))


VIEW = View(
    name="themes",
    version=2,
    tables=(THEMES, candidates.CANDIDATES, candidates.LIVES, theme_spans.SPANS),
    begin=together(
        Part(THEMES, per_case(ThemesOfACase())),
        Part(candidates.CANDIDATES, per_case(candidates.StateOfACandidate())),
        Part(candidates.LIVES, per_case(candidates.LifeOfACandidate())),
        sums=(theme_spans.spans_of(THEMES),),
    ),
)
