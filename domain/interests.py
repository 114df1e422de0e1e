"""Conflicts of interest: whoever has declared one, real or perceived, asks nothing on the case until it is resolved (R-8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from domain.language import CaseEvent, Command, Prose, State, replace
from domain.people import PersonId, PersonRef
from domain.personal import Words

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

Kind = Literal["real", "perceived"]


class Interests(State, frozen=True):
    """Who has declared an interest, and in what role; and who still has one unresolved."""

    declared: tuple[tuple[PersonId, str], ...] = ()
    unresolved: frozenset[PersonId] = frozenset()
    delegates: dict[PersonId, str] = {}

    def conflicts(self, partner: str) -> bool:
        """Whether a delegated partner of this organisation has an unresolved interest: a deputy speaks for it then."""
        return any(self.delegates.get(person) == partner for person in self.unresolved)

    def declared_by_role(self, role: str) -> bool:
        """Whether somebody in this role has ever declared an interest on the case."""
        return any(r == role for _, r in self.declared)

    def unresolved_in_role(self, role: str) -> PersonId | None:
        """A person who declared in this role and whose interest is unresolved, if there is one."""
        return next((person for person, r in self.declared if r == role and person in self.unresolved), None)


class InterestDeclared(CaseEvent, name="interest-declared"):
    """Somebody on the case declared an interest, real or perceived; until it is resolved they ask nothing here."""

    kind: Kind
    nature: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        interests = case.interests
        return replace(
            case,
            interests=replace(
                interests,
                declared=(*interests.declared, (then.by.person, then.by.role)),
                unresolved=interests.unresolved | {then.by.person},
                delegates={**interests.delegates, then.by.person: then.by.partner} if then.by.partner else interests.delegates,
            ),
        )


class DeclareInterest(Command, name="declare-interest"):
    """Anybody on the case, about themselves."""

    kind: Kind
    nature: Prose

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield InterestDeclared(kind=self.kind, nature=self.nature)


class InterestResolved(CaseEvent, name="interest-resolved"):
    """The partners found a way for this person to go on, and said which."""

    person: PersonId
    how: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, interests=replace(case.interests, unresolved=case.interests.unresolved - {self.person}))


class ResolveInterest(Command, name="resolve-interest"):
    person: PersonRef
    how: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.interests.unresolved:
            yield "There is no interest declared that is still to be resolved (R-8)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if case.interests.unresolved and self.person not in case.interests.unresolved:
            yield "This person has no interest declared that is still to be resolved (R-8)."
        if self.person == asking.by.person:
            yield "Nobody resolves an interest about oneself: another partner does (R-8)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield InterestResolved(person=self.person, how=self.how)
