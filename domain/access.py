"""Who is let onto a case, for how long, and who broke the glass to get there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from domain.language import CaseEvent, Command, Prose, Ref, State, next_ref, replace
from domain.people import PersonId, PersonRef, Role

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

TIME_BOXED: tuple[Role, ...] = ("inspector", "escalation-reviewer")
"""Capacities that nobody has on a case without an end."""


class Grant(State, frozen=True):
    """In what capacity somebody was let in, and the last day of it."""

    capacity: Role
    until: date | None = None


class BrokenGlass(State, frozen=True):
    """Somebody let themselves in, for a short time."""

    person: PersonId
    until: datetime
    reviewed: bool = False


class Access(State, frozen=True):
    """Who was let in by a grant, who by breaking the glass, and whose access was ended, however they came to it."""

    granted: dict[PersonId, Grant] = {}
    ended: frozenset[PersonId] = frozenset()
    glass: dict[str, BrokenGlass] = {}

    def capacity_of(self, person: PersonId) -> Role | None:
        """The capacity in which they were let in, though it may have run out."""
        grant = self.granted.get(person)
        return grant.capacity if grant else None

    def admits(self, person: PersonId, today: date) -> bool:
        """Whether a grant to them is in force on this day, its last day included."""
        grant = self.granted.get(person)
        return grant is not None and (grant.until is None or today <= grant.until)

    def broke_glass(self, person: PersonId, at: datetime) -> bool:
        """Whether the glass they broke still lets them in at this instant."""
        return any(glass.person == person and at < glass.until for glass in self.glass.values())


# --- let in, and no longer


class AccessGranted(CaseEvent, name="access-granted"):
    """Somebody was let onto the case in this capacity, with a last day where it is for a time."""

    person: PersonId
    capacity: Role
    until: date | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        access = case.access
        granted = {**access.granted, self.person: Grant(capacity=self.capacity, until=self.until)}
        return replace(case, access=replace(access, granted=granted, ended=access.ended - {self.person}))


class GrantAccess(Command, name="grant-access"):
    person: PersonRef
    capacity: Role
    until: date | None = None
    because: Prose

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.capacity in TIME_BOXED and self.until is None:
            yield f"An {self.capacity} without `until`, a last day, is not let onto a case: their access is for a time (BOL-146)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield AccessGranted(person=self.person, capacity=self.capacity, until=self.until)


class AccessEnded(CaseEvent, name="access-ended"):
    """Somebody is no longer on the case, from this moment."""

    person: PersonId

    def apply(self, case: Case, then: Recorded) -> Case:
        access = case.access
        granted = {person: grant for person, grant in access.granted.items() if person != self.person}
        glass = {ref: broken for ref, broken in access.glass.items() if broken.person != self.person or broken.reviewed}
        still = {ref: replace(broken, until=min(broken.until, then.at)) for ref, broken in access.glass.items() if ref not in glass}
        return replace(case, access=replace(access, granted=granted, ended=access.ended | {self.person}, glass={**glass, **still}))


class EndAccess(Command, name="end-access"):
    person: PersonRef
    because: Prose

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield AccessEnded(person=self.person)


# --- the glass


class GlassBroken(CaseEvent, name="glass-broken"):
    """Somebody with a post in the partnership let themselves in, until this instant; the business manager and information
    governance are told."""

    ref: str
    until: datetime

    def apply(self, case: Case, then: Recorded) -> Case:
        glass = {**case.access.glass, self.ref: BrokenGlass(person=then.by.person, until=self.until)}
        return replace(case, access=replace(case.access, glass=glass))


class BreakGlass(Command, name="break-glass"):
    ref: Ref | None = None
    because: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if asking.by.person in case.interests.unresolved:
            yield "You have a declared conflict on the case, so the glass is not yours to break (R-8)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.ref in case.access.glass:
            yield f"The ref {self.ref} is already used on this case (TOOL-12)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield GlassBroken(ref=self.ref or next_ref("grant", case.access.glass), until=asking.at + asking.procedure.break_glass)


class BreakGlassReviewed(CaseEvent, name="break-glass-reviewed"):
    """Information governance judged whether breaking the glass was justified."""

    grant: str
    outcome: Literal["justified", "not-justified"]

    def apply(self, case: Case, then: Recorded) -> Case:
        broken = case.access.glass.get(self.grant)
        if broken is None:
            return case
        return replace(case, access=replace(case.access, glass={**case.access.glass, self.grant: replace(broken, reviewed=True)}))


class ReviewBreakGlass(Command, name="review-break-glass"):
    grant: Ref
    outcome: Literal["justified", "not-justified"]
    because: Prose

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.grant not in case.access.glass:
            yield f"Nobody broke the glass on this case under the ref {self.grant} (TOOL-12)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield BreakGlassReviewed(grant=self.grant, outcome=self.outcome)
