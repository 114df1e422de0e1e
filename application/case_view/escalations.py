"""Challenges, representations and concerns about a report: the days at each level, who was heard, what went on meanwhile (QE-4, QE-7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from application.case_view.readable import entry, instant, present, said_by
from application.case_view.sentences import sentence
from domain.corrections import effective
from domain.recorded import Recorded
from domain.stages.escalation import (
    ChallengeRaised,
    ChallengeResolved,
    EscalationLevelEntered,
    EscalationViewRecorded,
    RepresentationAnswered,
    RepresentationReceived,
)
from domain.stages.opening import CaseOpened, Incident, IncidentAmended
from domain.stages.reopening import DecisionReopened
from domain.stages.review import ProgressReviewHeld, ReportConcernEscalated, ReportConcernRaised, ReportConcernResolved
from domain.working_days import BeyondCalendar, Calendar

SAFEGUARDING = {
    "immediate-action-recorded": None,
    "local-authority-became-aware": None,
    "serious-incident-confirmed": None,
    "serious-incident-notified": "local-authority-became-aware",
    "local-form-sent": "serious-incident-notified",
    "looked-after-death-notified": None,
    "care-leaver-death-notified": None,
    "rapid-review-meeting-held": "rapid-review-initiated",
    "rapid-review-sent-to-panel": "rapid-review-initiated",
}
"""The safeguarding steps that a challenge never suspends, each with what must have happened before it can be owed."""

NEEDS_THE_TEST = "serious-incident-notified"
"""Owed only where the incident meets the statutory test."""

DISCONTINUED = "rapid-review-discontinued"
"""What ends the need for the steps of a rapid review without their being taken."""


@dataclass
class _Raised:
    """A challenge, a representation or a concern, and what was recorded of it."""

    kind: str
    recorded: Recorded
    levels: list[Recorded] = field(default_factory=list)
    views: list[Recorded] = field(default_factory=list)
    resolved: Recorded | None = None
    reopened: list[Recorded] = field(default_factory=list)


def escalations(history: Sequence[Recorded], today: date, calendar: Calendar) -> list[dict[str, Any]]:
    """Every challenge, representation and concern about a report, in the order raised. A representation has no levels: it is
    answered (X-16).

    Days at a level count from the day it was entered to the day of the next level or of the resolution, else to `today`; before
    the first level they count from the day it was raised. `did_not_wait` has the safeguarding steps recorded while it stood;
    `came_after` those that could have been taken before it ended and were taken only later, or not yet: the record shows that
    they came after it, and the clock that ran for them shows whether they were late.
    """
    entries = effective(history)
    return [_told(raised, entries, today, calendar) for raised in _raised(entries)]


def _raised(entries: Sequence[Recorded]) -> Iterator[_Raised]:
    by_ref: dict[tuple[str, str], _Raised] = {}
    for recorded in entries:
        match recorded.event:
            case ChallengeRaised(ref=ref):
                by_ref["challenge", ref] = _Raised("challenge", recorded)
            case RepresentationReceived(ref=ref):
                by_ref["representation", ref] = _Raised("representation", recorded)
            case RepresentationAnswered(representation=ref) if found := by_ref.get(("representation", ref)):
                found.resolved = recorded
            case ReportConcernRaised(ref=ref):
                by_ref["report-concern", ref] = _Raised("report-concern", recorded)
            case EscalationLevelEntered(challenge=ref) if found := by_ref.get(("challenge", ref)):
                found.levels.append(recorded)
            case ReportConcernEscalated(concern=ref) if found := by_ref.get(("report-concern", ref)):
                found.levels.append(recorded)
            case EscalationViewRecorded(challenge=ref) if found := by_ref.get(("challenge", ref)):
                found.views.append(recorded)
            case ChallengeResolved(challenge=ref) if found := by_ref.get(("challenge", ref)):
                found.resolved = recorded
            case ReportConcernResolved(concern=ref) if found := by_ref.get(("report-concern", ref)):
                found.resolved = recorded
            case DecisionReopened(cites=ref) if found := by_ref.get(("challenge", ref)):
                found.reopened.append(recorded)
    yield from by_ref.values()


def _told(raised: _Raised, entries: Sequence[Recorded], today: date, calendar: Calendar) -> dict[str, Any]:
    event: Any = raised.recorded.event
    ended = raised.resolved.on if raised.resolved else today
    told = {
        "kind": raised.kind,
        "ref": event.ref,
        **_about(raised, entries),
        "raised": entry(raised.recorded),
        "levels": [*_levels(raised, ended, calendar)],
        "open": raised.resolved is None,
        **_days(raised.recorded.on, ended, calendar),
        "did_not_wait": [*_meanwhile(raised, entries)],
        "came_after": [*_after(raised, entries, ended)],
    }
    if raised.resolved:
        answered = raised.kind == "representation"
        told["resolved"] = entry(raised.resolved) | {"outcome": "answered" if answered else _of(raised.resolved).outcome}
    if raised.reopened:
        told["reopened"] = [entry(recorded) | {"decision": _of(recorded).decision} for recorded in raised.reopened]
    return told


def _of(recorded: Recorded) -> Any:
    """The event, whose kind is known from where it was kept."""
    return recorded.event


def _about(raised: _Raised, entries: Sequence[Recorded]) -> dict[str, Any]:
    event: Any = raised.recorded.event
    if isinstance(event, ChallengeRaised):
        return {"decision": event.decision, "organisation": event.organisation}
    if isinstance(event, RepresentationReceived):
        return {}
    before = [
        r for r in entries if isinstance(r.event, ProgressReviewHeld) and (r.on, r.place) <= (raised.recorded.on, raised.recorded.place)
    ]
    at_review = {"n": len(before), "on": before[-1].on.isoformat(), "place": before[-1].place} if before else None
    return present(about=event.about, organisation=raised.recorded.by.organisation, after_progress_review=at_review)


def _levels(raised: _Raised, ended: date, calendar: Calendar) -> Iterator[dict[str, Any]]:
    """Each level: who hears it and who was heard, from when until when, and how many days that was."""
    if raised.kind == "representation":
        return
    if not raised.levels or raised.levels[0].on > raised.recorded.on:
        yield {
            "level": 0,
            "from": raised.recorded.on.isoformat(),
            **_until(raised.levels[0] if raised.levels else raised.resolved),
            **_days(raised.recorded.on, raised.levels[0].on if raised.levels else ended, calendar),
        }
    for n, level in enumerate(raised.levels):
        follower = raised.levels[n + 1] if n + 1 < len(raised.levels) else raised.resolved
        heard = [*_heard(raised, level, raised.levels[n + 1] if n + 1 < len(raised.levels) else None)]
        yield {
            "level": _of(level).level,
            **present(heard_by=[*level.event.heard_by] if isinstance(level.event, EscalationLevelEntered) else None),
            "from": level.on.isoformat(),
            "at": instant(level.at),
            "place": level.place,
            "by": said_by(level.by),
            **_until(follower),
            **_days(level.on, follower.on if follower else ended, calendar),
            **({"heard": heard} if raised.kind == "challenge" else {}),
        }


def _heard(raised: _Raised, level: Recorded, following: Recorded | None) -> Iterator[dict[str, Any]]:
    """The views given at this level."""
    return (entry(view) for view in raised.views if level.place < view.place and (following is None or view.place < following.place))


def _until(recorded: Recorded | None) -> dict[str, Any]:
    return {"until": recorded.on.isoformat()} if recorded else {}


def _days(start: date, end: date, calendar: Calendar) -> dict[str, int]:
    days = {"calendar_days": max(0, (end - start).days)}
    try:
        return {"working_days": calendar.working_days_between(start, end)} | days
    except BeyondCalendar:
        return days


# --- what went on


def _meanwhile(raised: _Raised, entries: Sequence[Recorded]) -> Iterator[dict[str, Any]]:
    """The safeguarding steps taken from the day it was raised to the day it was resolved."""
    for recorded in entries:
        if recorded.name in SAFEGUARDING and _between(recorded, raised):
            yield _step(recorded)


def _between(recorded: Recorded, raised: _Raised) -> bool:
    after = (recorded.on, recorded.place) > (raised.recorded.on, raised.recorded.place)
    return after and (raised.resolved is None or (recorded.on, recorded.place) < (raised.resolved.on, raised.resolved.place))


def _after(raised: _Raised, entries: Sequence[Recorded], ended: date) -> Iterator[dict[str, Any]]:
    """The steps that had their cause before it ended, and were not taken by then."""
    for name, cause in SAFEGUARDING.items():
        causes = [r for r in entries if r.name == cause and r.on <= ended]
        if not causes or (name == NEEDS_THE_TEST and not _statutory_test(entries)):
            continue
        since = max(min(r.on for r in causes), raised.recorded.on)
        taken = [r for r in entries if r.name == name]
        done = [*taken, *(r for r in entries if r.name == DISCONTINUED and cause == "rapid-review-initiated")]
        if any(r.on <= ended for r in done):
            continue
        later = taken[0] if taken else None
        yield {"name": name, "could_have_been_since": since.isoformat(), **(_step(later) if later else {"taken": False})}


def _step(recorded: Recorded) -> dict[str, Any]:
    return {"name": recorded.name, **entry(recorded), "sentence": sentence(recorded)}


def _statutory_test(entries: Sequence[Recorded]) -> bool:
    incident: Incident | None = None
    for recorded in entries:
        if isinstance(recorded.event, CaseOpened):
            incident = recorded.event.incident
        elif isinstance(recorded.event, IncidentAmended):
            incident = recorded.event.amended(incident)
    return incident is not None and incident.meets_statutory_test
