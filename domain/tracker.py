"""The tracker of recurring themes: what each case tells of them, and what all cases together come to (BOL-96).

Three counts stand side by side, because BOL-37 does not say which is meant: children injured or dead, incidents, notifications.
A child and an incident count once, however many cases tell of them; a sub-code counts towards its parent, a child once. What was
withdrawn, is a duplicate, or is learned from success is not counted; cases where no threshold was met, and cases still open, are.

`facts(case, history)` reads one case and `survey(cases, codes)` counts; what follows from the counts is in `rule_of_three.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec

from domain.candidate import Candidate, QualifyingChild
from domain.corrections import effective
from domain.language import replace
from domain.recorded import Recorded
from domain.stages.notification import (
    NotificationFoundDuplicate,
    NotificationReceived,
    NotificationWithdrawn,
    SeriousIncidentNotified,
)
from domain.stages.opening import (
    INJURED_OR_DEAD,
    CaseLinked,
    CaseOpened,
    Child,
    ChildAdded,
    Incident,
    IncidentAmended,
    Partnership,
    SamePersonRecorded,
)
from domain.stages.review import ReportEndorsed
from domain.stages.theme_assignment import Standing, ThemeAssigned, ThemeWithdrawn
from domain.stages.threshold import CaseReroutedToSerious
from domain.themes import CodeSet

CHILDREN = 3
"""Three is enough (BOL-37, R-21)."""

INCIDENTS = 2
"""A series recurs: siblings in one incident do not alone raise a candidate (BOL-36, R-21)."""


# --- what one case tells


class HarmedChild(msgspec.Struct, frozen=True):
    """A child of a case, and whether it was injured or died."""

    person: str
    injured_or_dead: bool


class CaseFacts(msgspec.Struct, frozen=True):
    """What the tracker knows of one case: refs, codes and dates, no words."""

    case: str
    partnership: Partnership = "england"
    concern: str = ""
    incident: Incident | None = None
    children: dict[str, HarmedChild] = {}
    assigned: dict[str, dict[str, Standing]] = {}
    same_incident: frozenset[str] = frozenset()
    same_person: frozenset[tuple[str, str]] = frozenset()
    notifications: int = 0
    portal_notifications: int = 0
    route: str = ""
    withdrawn: bool = False
    duplicate: bool = False
    candidate: str | None = None
    endorsed_at: datetime | None = None

    @property
    def counted(self) -> bool:
        """Whether the children of this case count: it tells of an incident, was not withdrawn, and is not one of success."""
        return self.incident is not None and not self.withdrawn and not self.duplicate and self.concern != "learn-from-success"

    @property
    def times_notified(self) -> int:
        """Forms received; on the local authority's own route also its notifications to the Panel."""
        return self.notifications + (self.portal_notifications if self.route == "local-authority" else 0)


def facts(case: str, history: Iterable[Recorded]) -> CaseFacts:
    """What the history of a case, corrected values in their place, tells the tracker. `case` is the part after `case/`."""
    known = CaseFacts(case=case)
    for recorded in effective(history):
        known = told(known, recorded)
    return known


def told(known: CaseFacts, recorded: Recorded) -> CaseFacts:
    """The facts with one more event. After a `record-corrected` they are to be read anew, with `facts`."""
    event = recorded.event
    match event:
        case CaseOpened():
            return replace(
                known,
                partnership=event.partnership,
                concern=event.concern,
                route=event.route,
                incident=_days(event.incident) if event.incident else None,
                children={child.ref: _harmed(child) for child in event.children},
                candidate=event.candidate,
            )
        case IncidentAmended() if known.incident:
            return replace(known, incident=_days(event.amended(known.incident)))
        case ChildAdded():
            return replace(known, children={**known.children, event.child.ref: _harmed(event.child)})
        case CaseReroutedToSerious():
            return replace(known, concern="serious-incident")
        case CaseLinked(relation="same-incident"):
            return replace(known, same_incident=known.same_incident | {event.case})
        case SamePersonRecorded():
            return replace(known, same_person=known.same_person | {(event.person, event.other)})
        case NotificationReceived():
            return replace(known, notifications=known.notifications + 1, withdrawn=False, duplicate=False)
        case SeriousIncidentNotified():
            return replace(known, portal_notifications=known.portal_notifications + 1)
        case NotificationWithdrawn():
            return replace(known, withdrawn=True)
        case NotificationFoundDuplicate():
            return replace(known, duplicate=True)
        case ThemeAssigned():
            return replace(known, assigned=event.assigned(known.assigned))
        case ThemeWithdrawn():
            return replace(known, assigned=event.without(known.assigned))
        case ReportEndorsed() if known.concern == "thematic" and event.review in (None, "thematic"):
            return replace(known, endorsed_at=known.endorsed_at or recorded.at)
    return known


def _harmed(child: Child) -> HarmedChild:
    return HarmedChild(person=child.person, injured_or_dead=child.harm in INJURED_OR_DEAD)


def _days(incident: Incident) -> Incident:
    """The incident without its words."""
    return replace(incident, summary=None)


# --- what all cases together tell


class Count(msgspec.Struct, frozen=True):
    """What stands behind one code in one partnership: each child once, with the case and the incident that it is counted by.

    `incidents` and `cases` name all of them. `first_on` and `last_on` are the first and last day of these incidents, where known.
    """

    partnership: str
    code: str
    children: tuple[QualifyingChild, ...] = ()
    incidents: frozenset[str] = frozenset()
    cases: frozenset[str] = frozenset()
    notifications: int = 0
    first_on: date | None = None
    last_on: date | None = None

    @property
    def provisional(self) -> int:
        """Children to whom the code is assigned only provisionally."""
        return len(self.children) - self.confirmed

    @property
    def confirmed(self) -> int:
        return sum(child.standing == "confirmed" for child in self.children)

    def recurs(self, children: int = CHILDREN, incidents: int = INCIDENTS) -> bool:
        """Whether it is a series: three children or more across two incidents or more."""
        return len(self.children) >= children and len(self.incidents) >= incidents


class Identities:
    """Which names stand for one and the same: the smallest of them stands for all."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._other: dict[str, str] = {}
        for one, other in pairs:
            low, high = sorted((self.of(one), self.of(other)))
            if low != high:
                self._other[high] = low

    def of(self, name: str) -> str:
        while name in self._other:
            name = self._other[name]
        return name


@dataclass(frozen=True)
class Survey:
    """The counts of every code in every partnership, and which persons are one."""

    counts: Mapping[tuple[str, str], Count]
    persons: Identities
    reviews: tuple[CaseFacts, ...] = ()

    def count(self, partnership: str, code: str) -> Count:
        """The count of a code, its sub-codes included; nothing counted is nought."""
        return self.counts.get((partnership, code)) or Count(partnership, code)

    def of(self, candidate: Candidate) -> Count:
        """What stands behind a candidate now."""
        return self.count(candidate.partnership, candidate.code)

    def keys(self, children: Iterable[QualifyingChild]) -> frozenset[str]:
        """What tells these children apart, each person once."""
        return frozenset(self.persons.of(child.key) for child in children)

    def listed(self, candidate: Candidate) -> frozenset[str]:
        """The children that the candidate has named so far, each person once."""
        return frozenset(self.persons.of(key) for key in candidate.children)

    def no_longer_three(self, candidate: Candidate) -> bool:
        """Whether the three that raised it are no longer three. That closes nothing: it is shown, and the partners decide."""
        return candidate.state == "open" and candidate.by_rule and not self.of(candidate).recurs()


@dataclass
class _Tally:
    """The children behind one code while they are being counted."""

    children: dict[str, QualifyingChild] = field(default_factory=dict)
    cases: dict[str, CaseFacts] = field(default_factory=dict)
    incidents: set[str] = field(default_factory=set)

    def add(self, key: str, child: QualifyingChild, case: CaseFacts) -> None:
        """Count the child: once, by the case that names it first, and as confirmed where one assignment is."""
        counted = self.children.setdefault(key, child)
        if child.standing == "confirmed":
            self.children[key] = replace(counted, standing="confirmed")
        self.cases[case.case] = case
        self.incidents.add(child.incident)

    def count(self, partnership: str, code: str) -> Count:
        incidents = [case.incident for case in self.cases.values() if case.incident]
        days = [day for incident in incidents for day in (incident.happened_on, incident.happened_until) if day]
        return Count(
            partnership=partnership,
            code=code,
            children=tuple(self.children.values()),
            incidents=frozenset(self.incidents),
            cases=frozenset(self.cases),
            notifications=sum(case.times_notified for case in self.cases.values()),
            first_on=min(days, default=None),
            last_on=max(days, default=None),
        )


def survey(cases: Iterable[CaseFacts], codes: CodeSet) -> Survey:
    """Count every code over these cases. Pass all cases, so that a person or an incident known under two names is found to be one."""
    known = sorted(cases, key=lambda case: case.case)
    persons = Identities(pair for case in known for pair in case.same_person)
    incidents = Identities((case.case, other) for case in known for other in case.same_incident)
    tallies: dict[tuple[str, str], _Tally] = {}
    for case in known:
        for code, child in _qualifying(case, incidents, codes):
            for counted in codes.counts_towards(code):
                tally = tallies.setdefault((case.partnership, counted), _Tally())
                tally.add(persons.of(child.key), child, case)
    return Survey(
        counts={of: tally.count(*of) for of, tally in tallies.items()},
        persons=persons,
        reviews=tuple(case for case in known if case.candidate and case.endorsed_at),
    )


def _qualifying(case: CaseFacts, incidents: Identities, codes: CodeSet) -> Iterator[tuple[str, QualifyingChild]]:
    """Each code of the case with each injured or dead child to whom it is assigned; good practice is nobody's harm (BOL-31)."""
    if not case.counted:
        return
    for code, children in case.assigned.items():
        for ref, standing in children.items():
            child = case.children.get(ref)
            if child and child.injured_or_dead and not codes.good_practice(code):
                yield (
                    code,
                    QualifyingChild(case=case.case, child=ref, person=child.person, incident=incidents.of(case.case), standing=standing),
                )
