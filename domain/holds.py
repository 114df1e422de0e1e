"""What is held back: interviews, disclosure or publication while proceedings run (BOL-146, BOL-148), and disposal under a legal hold.

A hold annotates and refuses what it names; it stops no clock (R-19).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Literal

from domain.language import CaseEvent, Command, Prose, Ref, State, next_ref, replace
from domain.people import PersonId, PersonRef
from domain.personal import Words

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

Scope = Literal["interview", "disclosure", "publication"]


class Hold(State, frozen=True):
    """A hold, in force until it is lifted; a review date that has passed lifts nothing."""

    scope: Scope
    review_on: date
    person: PersonId | None = None
    lifted: bool = False


class Holds(State, frozen=True):
    """The holds of the case by their refs, lifted ones kept; and which legal holds were placed and still stand."""

    placed: dict[str, Hold] = {}
    legal_placed: tuple[str, ...] = ()
    legal_standing: frozenset[str] = frozenset()

    def in_force(self, scope: Scope) -> Iterator[Hold]:
        """The holds of this scope that have not been lifted."""
        return (hold for hold in self.placed.values() if hold.scope == scope and not hold.lifted)

    def interview_of(self, person: PersonId) -> bool:
        """Whether this person may not be interviewed. An interview hold that names nobody holds everybody."""
        return any(hold.person in (None, person) for hold in self.in_force("interview"))

    @property
    def publication(self) -> bool:
        return any(self.in_force("publication"))

    @property
    def disclosure(self) -> bool:
        return any(self.in_force("disclosure"))

    @property
    def legal(self) -> bool:
        """Whether anything of this case may be destroyed: under a legal hold nothing is."""
        return bool(self.legal_standing)


def under_legal_hold(case: Case) -> Iterator[str]:
    """The sentence by which a legal hold refuses every disposal and erasure."""
    if case.holds.legal:
        yield "There is a legal hold on the case: nothing of it is redacted, disposed of or erased until it is lifted (R-20)."


# --- while proceedings run


class HoldPlaced(CaseEvent, name="hold-placed"):
    """Somebody asked that interviews, disclosure or publication wait; on this day it is looked at again (BOL-146, BOL-148)."""

    ref: str
    scope: Scope
    asked_by: Words
    basis: Words
    review_on: date
    person: PersonId | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        hold = Hold(scope=self.scope, review_on=self.review_on, person=self.person)
        return replace(case, holds=replace(case.holds, placed={**case.holds.placed, self.ref: hold}))


class PlaceHold(Command, name="place-hold"):
    ref: Ref | None = None
    scope: Scope
    asked_by: Prose
    basis: Prose
    review_on: date
    person: PersonRef | None = None

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _used(self.ref, case.holds.placed)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield HoldPlaced(
            ref=self.ref or next_ref("hold", case.holds.placed),
            scope=self.scope,
            asked_by=self.asked_by,
            basis=self.basis,
            review_on=self.review_on,
            person=self.person,
        )


class HoldLifted(CaseEvent, name="hold-lifted"):
    """What had to wait may go on."""

    ref: str

    def apply(self, case: Case, then: Recorded) -> Case:
        hold = case.holds.placed.get(self.ref)
        if hold is None:
            return case
        return replace(case, holds=replace(case.holds, placed={**case.holds.placed, self.ref: replace(hold, lifted=True)}))


class LiftHold(Command, name="lift-hold"):
    ref: Ref
    because: Prose

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        hold = case.holds.placed.get(self.ref)
        if hold is None:
            yield f"There is no hold {self.ref} on this case (BOL-146)."
        elif hold.lifted:
            yield f"The hold {self.ref} has been lifted already (BOL-146)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield HoldLifted(ref=self.ref)


# --- against disposal


class LegalHoldPlaced(CaseEvent, name="legal-hold-placed"):
    """Nothing of this case is destroyed while an inquiry, a court or a claim needs it."""

    ref: str
    basis: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        holds = case.holds
        placed = (*holds.legal_placed, self.ref)
        return replace(case, holds=replace(holds, legal_placed=placed, legal_standing=holds.legal_standing | {self.ref}))


class PlaceLegalHold(Command, name="place-legal-hold"):
    ref: Ref | None = None
    basis: Prose

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _used(self.ref, case.holds.legal_placed)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield LegalHoldPlaced(ref=self.ref or next_ref("legal-hold", case.holds.legal_placed), basis=self.basis)


class LegalHoldLifted(CaseEvent, name="legal-hold-lifted"):
    """The legal hold is over; retention decides again."""

    ref: str
    basis: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, holds=replace(case.holds, legal_standing=case.holds.legal_standing - {self.ref}))


class LiftLegalHold(Command, name="lift-legal-hold"):
    ref: Ref
    basis: Prose

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.ref not in case.holds.legal_standing:
            yield f"There is no legal hold {self.ref} in force on this case (R-20)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield LegalHoldLifted(ref=self.ref, basis=self.basis)


def _used(ref: str | None, taken: Iterable[str]) -> Iterator[str]:
    if ref in set(taken):
        yield f"The ref {ref} is already used for a hold on this case (BOL-146)."
