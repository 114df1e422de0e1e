"""Deciding again. New information, what the Panel answers, or a challenge that was upheld re-opens a decision; after a round of its
own it is confirmed or replaced, and never edited (BOL-94, BOL-95, X-2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from domain.decisions import (
    Criterion,
    CriterionGiven,
    Decision,
    DecisionKind,
    MetOrNot,
    Question,
    Reopening,
    ReviewOutcome,
    Round,
    Then,
    Trigger,
    as_considered,
    closed,
    decisions_on,
    no_such_decision,
    ref_is_taken,
    remembered,
    unconsidered,
)
from domain.initiation import RapidReviewInitiated
from domain.language import CaseEvent, Command, Prose, Ref, Spoken, next_ref, replace
from domain.personal import Words
from domain.stages.outcome import RapidReviewDiscontinued
from domain.stages.threshold import LearningConsidered, cannot_follow, learning_left_out, not_the_majority, what_follows

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded


# --- what is new


class NewInformationReceived(CaseEvent, name="new-information-received"):
    """New and concerning information reached the partnership (BOL-94)."""

    ref: str
    source: Words
    summary: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, outcome=replace(case.outcome, information=(*case.outcome.information, self.ref)))


class ReceiveNewInformation(Command, name="receive-new-information"):
    source: Prose
    summary: Prose
    ref: Ref | None = None

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from ref_is_taken(case, self.ref)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        ref = self.ref or next_ref("new-information", case.outcome.information)
        yield NewInformationReceived(ref=ref, source=self.source, summary=self.summary)


class DecisionReopened(CaseEvent, name="decision-reopened"):
    """A decision is open again, for a trigger that is on the case; until it is replaced it stands (BOL-94, BOL-95)."""

    decision: str
    trigger: Trigger
    cites: str

    def apply(self, case: Case, then: Recorded) -> Case:
        reopened = {**case.outcome.reopened, self.decision: Reopening(trigger=self.trigger, cites=self.cites)}
        return replace(case, outcome=replace(case.outcome, reopened=reopened))


class ReopenDecision(Command, name="reopen-decision"):
    decision: Ref
    trigger: Trigger
    cites: Ref

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not decisions_on(case):
            yield "Nothing has been decided that could be re-opened (BOL-94)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from no_such_decision(case, self.decision)
        if decision := decisions_on(case).get(self.decision):
            yield from self._no_longer_stands(case, decision)
        if self.decision in case.outcome.reopened:
            yield f"The decision {self.decision} is already re-opened (BOL-94)."
        if self.cites not in self._on_the_case(case):
            yield f"The cited trigger is not on the case: there is no {self.trigger.replace('-', ' ')} {self.cites} (BOL-94, BOL-95)."

    def _on_the_case(self, case: Case) -> tuple[str, ...]:
        match self.trigger:
            case "new-information":
                return case.outcome.information
            case "panel-feedback":
                return case.outcome.feedback
            case "challenge-upheld":
                return case.escalation.upheld

    @staticmethod
    def _no_longer_stands(case: Case, decision: Decision) -> Iterator[str]:
        current = case.outcome.current if decision.kind == "rapid-review-outcome" else case.threshold.current(decision.question)
        if decision != current:
            instead = f": {current.ref} took its place" if current else ""
            yield f"The decision {decision.ref} no longer stands{instead} (BOL-94)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield DecisionReopened(decision=self.decision, trigger=self.trigger, cites=self.cites)


# --- the new round


def new_round(case: Case, decision: Decision) -> Round:
    """The round in which a re-opened decision is looked at again; one in which nobody has spoken until somebody has."""
    last = case.threshold.last_round(decision.question)
    if last is None or last.closed or last.reopens != decision.ref:
        return Round(ref="", question=decision.question, reopens=decision.ref)
    return last


NOT_THREE = "There are not three positions of the new round: each of the three partners takes one (BOL-66)."


def cannot_conclude(case: Case, ref: str, outcome: str | None, asking: Asking) -> Iterator[str]:
    """A re-opened decision is concluded on three positions of its new round, and follows their majority (R-7).

    `outcome` is what it shall be now; nothing where it stays as it is.
    """
    decision = decisions_on(case).get(ref)
    if decision is None or ref not in case.outcome.reopened:
        yield f"The decision {ref} is not re-opened (BOL-94)."
        return
    round_ = new_round(case, decision)
    outcome = outcome or decision.outcome
    if not round_.complete:
        yield NOT_THREE
    elif decision.kind == "threshold":
        yield from not_the_majority(round_, outcome, asking)
    elif outcome != "local-review-recommended":
        for_review = round_.majority(asking.procedure.majority) == "met"
        if for_review != (outcome == "local-review"):
            yield (
                f"This is an outcome not the majority's: met in {round_.ref} means to carry out a local review; split, the three vote "
                "a new round or escalate (R-7)."
            )


def nothing_to_conclude(case: Case) -> Iterator[str]:
    decisions = decisions_on(case)
    reopened = [decisions[ref] for ref in case.outcome.reopened if ref in decisions]
    if not reopened:
        yield "No decision is open again: one that is not re-opened stands as it is (BOL-94)."
    elif not any(new_round(case, decision).complete for decision in reopened):
        yield NOT_THREE


def concluded(case: Case, ref: str, round_: str) -> Case:
    """The case with this decision no longer open, and its round closed."""
    reopened = {decision: why for decision, why in case.outcome.reopened.items() if decision != ref}
    return closed(replace(case, outcome=replace(case.outcome, reopened=reopened)), round_)


class DecisionConfirmed(CaseEvent, name="decision-confirmed"):
    """Looked at again, the decision stays as it was; `ref` is the round in which the three looked at it (BOL-94)."""

    decision: str
    ref: str
    kind: DecisionKind
    question: Question
    outcome: MetOrNot | ReviewOutcome
    rationale: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        decision, round_ = decisions_on(case).get(self.decision), case.threshold.rounds.get(self.ref)
        case = concluded(case, self.decision, self.ref)
        if decision is None or round_ is None:
            return case
        return remembered(case, replace(decision, positions=(*decision.positions, *round_.positions)))


class ConfirmDecision(Command, name="confirm-decision"):
    decision: Ref
    rationale: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from nothing_to_conclude(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from cannot_conclude(case, self.decision, None, asking)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        decision = decisions_on(case)[self.decision]
        yield DecisionConfirmed(
            decision=decision.ref,
            ref=new_round(case, decision).ref,
            kind=decision.kind,
            question=decision.question,
            outcome=decision.outcome,
            rationale=self.rationale,
        )


class DecisionReplaced(CaseEvent, name="decision-replaced"):
    """Looked at again, the decision is replaced by a new one, for the trigger it was re-opened for; the old one stays readable (BOL-94)."""

    decision: str
    ref: str
    kind: DecisionKind
    question: Question
    outcome: MetOrNot | ReviewOutcome
    then: Then
    trigger: Trigger
    cites: str
    rationale: Words
    criteria: tuple[Criterion, ...] = ()

    def apply(self, case: Case, then: Recorded) -> Case:
        old, round_ = decisions_on(case).get(self.decision), case.threshold.rounds.get(self.ref)
        case = concluded(case, self.decision, self.ref)
        if old:
            case = remembered(case, replace(old, replaced_by=self.ref))
        new = Decision(
            ref=self.ref,
            kind=self.kind,
            question=self.question,
            outcome=self.outcome,
            then=self.then,
            positions=round_.positions if round_ else (),
        )
        return remembered(case, new)


class ReplaceDecision(Command, name="replace-decision"):
    """Record what the three decided instead. For a local review each criterion of the regulations is considered anew (X-10)."""

    decision: Ref
    outcome: Literal[
        "met", "not-met",
        "local-review", "local-review-recommended", "no-further-action", "local-learning", "learn-from-success", "thematic",
    ]  # fmt: skip
    rationale: Prose
    then: Then | None = None
    learning_considered: Spoken = None
    criteria: tuple[CriterionGiven, ...] | None = None
    ref: Ref | None = None

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from nothing_to_conclude(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from cannot_conclude(case, self.decision, self.outcome, asking)
        if decision := decisions_on(case).get(self.decision):
            yield from self._does_not_fit(decision, case, asking)

    def _does_not_fit(self, decision: Decision, case: Case, asking: Asking) -> Iterator[str]:
        round_ = new_round(case, decision)
        if round_.complete and self.ref not in (None, round_.ref):
            yield f"The ref {self.ref} is not that of the new round: its positions bear {round_.ref} (R-7)."
        if (self.outcome in ("met", "not-met")) != (decision.kind == "threshold"):
            yield f"The outcome {self.outcome} does not answer what {decision.ref} decided (R-7)."
        yield from cannot_follow(decision.question, self.outcome, self.then)
        yield from learning_left_out(self.outcome, self.learning_considered)
        if self.criteria is not None:
            yield from unconsidered(self.criteria, asking)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        decision = decisions_on(case)[self.decision]
        why, ref = case.outcome.reopened[self.decision], new_round(case, decision).ref
        then = what_follows(decision.question, self.outcome, self.then)
        yield DecisionReplaced(
            decision=decision.ref,
            ref=ref,
            kind=decision.kind,
            question=decision.question,
            outcome=self.outcome,
            then=then,
            trigger=why.trigger,
            cites=why.cites,
            rationale=self.rationale,
            criteria=as_considered(self.criteria or ()),
        )
        if self.outcome == "not-met":
            yield LearningConsidered(decision=ref, learning_considered=self.learning_considered or "")
        if then == "rapid-review" and not case.rapid_review.stands:
            yield RapidReviewInitiated(decision=ref)
        if decision.then == "rapid-review" and then != "rapid-review" and _rests_on_decisions_alone(case):
            yield RapidReviewDiscontinued()


def _rests_on_decisions_alone(case: Case) -> bool:
    """Whether a rapid review is under way that no notification to the Panel asks for: then only the partners' decision carries it (X-6)."""
    return case.rapid_review.under_way and not case.notification.panel_notified
