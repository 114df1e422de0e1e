"""How the three partners decide: a question is put to them once, each takes a position, the majority's is the outcome (BOL-66, R-7).

Putting a question to the three once is a round. Its positions and its decision bear the same ref. A decision is never edited:
re-opened, it is confirmed or replaced after a round of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator

from domain.language import Model, Part, Spoken, State, blank, listed, next_ref, replace
from domain.people import PARTNERS, By, PersonId
from domain.personal import Words

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case

Question = Literal["serious", "learn-from-success", "local-learning", "thematic", "local-review"]
Stance = Literal["met", "not-met", "abstain"]
Then = Literal["rapid-review", "learn-from-success", "local-learning", "thematic", "none"]
MetOrNot = Literal["met", "not-met"]
ReviewOutcome = Literal["local-review", "local-review-recommended", "no-further-action", "local-learning", "learn-from-success", "thematic"]
DecisionKind = Literal["threshold", "rapid-review-outcome"]
Trigger = Literal["new-information", "panel-feedback", "challenge-upheld"]
RegulationCriterion = Literal["improvements", "recurrent-themes", "joint-working", "panel-view"]
YesNo = Literal["yes", "no"]

ASKS_FOR: dict[Question, Then] = {
    "serious": "rapid-review",
    "learn-from-success": "learn-from-success",
    "local-learning": "local-learning",
    "thematic": "thematic",
    "local-review": "none",
}
"""What follows of itself where a question is met."""

TOO_FEW = "There are fewer than three positions: each of the three partners takes one before they decide (BOL-66)."

Unsaid = BeforeValidator(lambda given: None if isinstance(given, str) and not given.strip() else given)
"""For a choice that a rule speaks of: left blank it is left out, so that the rule refuses it."""


class Position(State, frozen=True):
    """Where a partner stood in a round, and who said so; nobody where a clerk wrote it down for them."""

    partner: str
    stance: Stance
    person: PersonId | None = None


class Round(State, frozen=True):
    """One question put to the three once; `reopens` is the decision that it looks at again."""

    ref: str
    question: Question
    positions: tuple[Position, ...] = ()
    reopens: str | None = None
    closed: bool = False

    @property
    def partners(self) -> frozenset[str]:
        """Those who have taken a position."""
        return frozenset(position.partner for position in self.positions)

    @property
    def complete(self) -> bool:
        return self.partners >= set(PARTNERS)

    def majority(self, of: int) -> MetOrNot | None:
        """What at least so many of the three say; nothing where they abstain or are split."""
        stances = [position.stance for position in self.positions]
        if stances.count("met") >= of:
            return "met"
        return "not-met" if stances.count("not-met") >= of else None

    def hung(self, of: int) -> bool:
        """All three have spoken and no majority came of it: the three vote a new round, or escalate (R-7)."""
        return self.complete and self.majority(of) is None


class Decision(State, frozen=True):
    """A decision of the three: what it was, who took which position, and whether it still stands.

    It has lapsed where what it was about was found not to meet the criteria: the same question may then be put anew.
    """

    ref: str
    kind: DecisionKind
    question: Question
    outcome: MetOrNot | ReviewOutcome
    then: Then = "none"
    positions: tuple[Position, ...] = ()
    replaced_by: str | None = None
    lapsed: bool = False

    @property
    def stands(self) -> bool:
        return self.replaced_by is None and not self.lapsed

    def taken_by(self, person: PersonId, partner: str | None) -> bool:
        """Whether this person took a position in it: themselves, or as the delegated partner for whom a clerk wrote one down."""
        return any(p.person == person or (p.person is None and p.partner == partner) for p in self.positions)


class Reopening(State, frozen=True):
    """Why a decision is open again: the trigger, and the ref of what is new."""

    trigger: Trigger
    cites: str


# --- looking decisions and refs up


def decisions_on(case: Case) -> dict[str, Decision]:
    """Every decision of the case by its ref, whichever stage took it."""
    return {**case.threshold.decisions, **case.outcome.decisions}


def no_such_decision(case: Case, ref: str) -> Iterator[str]:
    """Nothing is said of a case on which nothing has been decided: that refuses whatever the ref."""
    decisions = decisions_on(case)
    if decisions and ref not in decisions:
        yield f"There is no decision {ref} on this case (BOL-66)."


def remembered(case: Case, decision: Decision) -> Case:
    """The case with this decision kept in the stage that took it."""
    if decision.kind == "threshold":
        return replace(case, threshold=replace(case.threshold, decisions={**case.threshold.decisions, decision.ref: decision}))
    return replace(case, outcome=replace(case.outcome, decisions={**case.outcome.decisions, decision.ref: decision}))


def closed(case: Case, ref: str) -> Case:
    """The case with the round of this ref closed, if there is one."""
    if (round_ := case.threshold.rounds.get(ref)) is None:
        return case
    rounds = {**case.threshold.rounds, ref: replace(round_, closed=True)}
    return replace(case, threshold=replace(case.threshold, rounds=rounds))


def new_ref(kind: DecisionKind, case: Case) -> str:
    """`threshold-<n>` or `outcome-<n>`, counting the decisions of that kind and the rounds that lead to one."""
    rounds = {r.ref for r in case.threshold.rounds.values() if (r.question == "local-review") == (kind == "rapid-review-outcome")}
    if kind == "threshold":
        return next_ref("threshold", rounds | set(case.threshold.decisions))
    return next_ref("outcome", rounds | set(case.outcome.decisions))


def taken_refs(case: Case) -> frozenset[str]:
    """Every ref that rounds, decisions, their triggers, challenges and representations of the case bear."""
    return frozenset().union(
        case.threshold.rounds,
        case.threshold.decisions,
        case.outcome.decisions,
        case.outcome.information,
        case.outcome.feedback,
        case.outcome.requests,
        case.escalation.challenges,
        case.escalation.representations,
    )


def ref_is_taken(case: Case, ref: str | None) -> Iterator[str]:
    if ref in taken_refs(case):
        yield f"The ref {ref} is already used on this case (TOOL-12)."


def put_again(case: Case, question: Question) -> Decision | None:
    """The decision on this question that is open again, if there is one."""
    decision = case.outcome.current if question == "local-review" else case.threshold.current(question)
    return decision if decision and decision.ref in case.outcome.reopened else None


# --- who speaks for a partner


def is_clerk(case: Case, by: By) -> bool:
    """The business manager, or whoever acts for one who has an interest (R-26): they write down what a partner said."""
    absent = case.interests.unresolved_in_role("business-manager")
    return by.role == "business-manager" or (absent is not None and by.behalf_of == absent)


def speaks_as(case: Case, by: By, partner: str) -> PersonId | None:
    """The person whose own word this is: the delegated partner or their deputy. Nobody where a clerk writes it down."""
    return by.person if by.partner == partner or by.person in case.threshold.deputies.get(partner, ()) else None


def does_not_speak_for(case: Case, by: By, partner: str) -> Iterator[str]:
    """A partner speaks through their own delegate, or a deputy whom they appointed."""
    if speaks_as(case, by, partner) is None:
        yield f"You do not speak for {partner}: its own delegated partner does, or a deputy whom that partner appointed (BOL-67)."


def conflicted(case: Case, by: By, partner: str) -> bool:
    """Whether the person whose word it would be has an unresolved interest, also where a clerk would write it down (R-8)."""
    return by.person in case.interests.unresolved or (is_clerk(case, by) and case.interests.conflicts(partner))


def conflict_of(partner: str) -> str:
    return f"The partner {partner} is conflicted: its delegated partner has an interest that is not resolved, so a deputy speaks (R-8)."


# --- the criteria of the regulations


class CriterionGiven(Model):
    criterion: RegulationCriterion
    met: Annotated[YesNo | None, Unsaid] = None
    why: Spoken = None


class Criterion(Part):
    """One criterion of the regulations for a local review: whether it is met, and why (X-10)."""

    criterion: RegulationCriterion
    met: YesNo | None = None
    why: Words | None = None


def as_considered(criteria: Iterable[CriterionGiven]) -> tuple[Criterion, ...]:
    return tuple(Criterion(criterion=c.criterion, met=c.met, why=None if blank(c.why) else c.why) for c in criteria)


def unconsidered(criteria: Iterable[CriterionGiven], asking: Asking) -> Iterator[str]:
    """A local review is neither automatic nor ruled out: each criterion of the regulations is considered, with a word why."""
    done = {c.criterion for c in criteria if c.met is not None and not blank(c.why)}
    if left := [name for name in asking.procedure.regulation_criteria if name not in done]:
        yield f"There is a regulation criterion left unconsidered: {listed(left)}; each is met or not, with a word why (X-10)."
