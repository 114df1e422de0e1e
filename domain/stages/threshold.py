"""Stage 1, the decision. Three delegated partners decide whether the threshold is met, and what follows (BOL-65…73, BOL-119…123).

Not met is never the end of learning (BOL-68); a decision and its rationale go back to whoever notified (BOL-71).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from domain.decisions import (
    ASKS_FOR,
    TOO_FEW,
    Decision,
    DecisionKind,
    MetOrNot,
    Position,
    Question,
    Round,
    Stance,
    Then,
    closed,
    conflict_of,
    conflicted,
    decisions_on,
    does_not_speak_for,
    is_clerk,
    new_ref,
    no_such_decision,
    put_again,
    ref_is_taken,
    remembered,
    speaks_as,
)
from domain.initiation import RapidReviewInitiated
from domain.language import CaseEvent, Command, Field, Prose, Ref, Spoken, State, blank, listed, replace
from domain.people import PARTNERS, Partner, PersonId, PersonOrGroup, PersonRef
from domain.personal import Words

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

WITHOUT_REFERRER = ("local-authority", "partners")
"""Routes on which nobody waits for an answer: there is no referrer (R-10)."""


class Threshold(State, frozen=True):
    """Who may speak for a partner, the rounds in which the three were asked, and what they decided, in order."""

    deputies: dict[str, tuple[PersonId, ...]] = {}
    rounds: dict[str, Round] = {}
    decisions: dict[str, Decision] = {}

    def deputy_for(self, person: PersonId) -> str | None:
        """The partner who appointed this person as deputy."""
        return next((partner for partner, deputies in self.deputies.items() if person in deputies), None)

    def decision(self, ref: str) -> Decision | None:
        return self.decisions.get(ref)

    def current(self, question: Question) -> Decision | None:
        """What the three last decided on this question, in place of all before."""
        standing = [d for d in self.decisions.values() if d.question == question and d.replaced_by is None]
        return standing[-1] if standing else None

    def met(self, question: Question) -> bool:
        """Whether the threshold that the question asks about is decided met, and that decision has not been replaced."""
        decision = self.current(question)
        return decision is not None and decision.outcome == "met"

    def decided_for(self, review: str) -> bool:
        """Whether a decision that has not been replaced is followed by this review."""
        return any(decision.then == review for question in ASKS_FOR if (decision := self.current(question)))

    def last_round(self, question: Question) -> Round | None:
        """The round in which this question was last put."""
        return next((r for r in reversed(self.rounds.values()) if r.question == question), None)


# --- the three meet


class PartnerMeetingConvened(CaseEvent, name="partner-meeting-convened"):
    """The three delegated partners were called together to decide (BOL-66)."""

    meets_on: date
    attendees: tuple[str, ...]


class ConvenePartnerMeeting(Command, name="convene-partner-meeting"):
    meets_on: date
    attendees: tuple[PersonOrGroup, ...] = Field(min_length=1)

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.notification.shared_with_all:
            waiting = [partner for partner in PARTNERS if partner not in case.notification.shared_with]
            yield f"The notification is not yet shared with all three partners; still without a copy: {listed(waiting)} (BOL-65)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield PartnerMeetingConvened(meets_on=self.meets_on, attendees=self.attendees)


class DeputyAppointed(CaseEvent, name="deputy-appointed"):
    """A partner appointed somebody to speak for them on this case, by a recorded delegation (BOL-67, R-8)."""

    partner: Partner
    deputy: PersonId
    delegation: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        known = case.threshold.deputies.get(self.partner, ())
        deputies = {**case.threshold.deputies, self.partner: (*known, self.deputy)}
        return replace(case, threshold=replace(case.threshold, deputies=deputies))


class AppointDeputy(Command, name="appoint-deputy"):
    partner: Partner
    deputy: PersonRef
    delegation: Prose

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if asking.by.partner != self.partner:
            yield f"A deputy speaks for the partner who appointed them: {self.partner} itself appoints its own (BOL-67)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield DeputyAppointed(partner=self.partner, deputy=self.deputy, delegation=self.delegation)


# --- each takes a position


class PartnerPositionRecorded(CaseEvent, name="partner-position-recorded"):
    """One of the three said, in their own words, whether the threshold is met (BOL-66, BOL-67)."""

    partner: Partner
    question: Question
    position: Stance
    rationale: Words
    ref: str

    def apply(self, case: Case, then: Recorded) -> Case:
        reopened = put_again(case, self.question)
        fresh = Round(ref=self.ref, question=self.question, reopens=reopened.ref if reopened else None)
        round_ = case.threshold.rounds.get(self.ref, fresh)
        position = Position(partner=self.partner, stance=self.position, person=speaks_as(case, then.by, self.partner))
        joined = replace(round_, positions=(*round_.positions, position))
        return replace(case, threshold=replace(case.threshold, rounds={**case.threshold.rounds, self.ref: joined}))


class RecordPartnerPosition(Command, name="record-partner-position"):
    """Say where a partner stands. The first position opens the round, and its ref is the ref the decision will bear."""

    partner: Partner
    question: Question
    position: Stance
    rationale: Prose
    ref: Ref | None = None

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if not is_clerk(case, asking.by):
            yield from does_not_speak_for(case, asking.by, self.partner)
        if conflicted(case, asking.by, self.partner):
            yield conflict_of(self.partner)
        if round_ := self._round(case, asking):
            yield from self._cannot_join(round_)
        else:
            yield from self._cannot_open(case, asking)

    def _round(self, case: Case, asking: Asking) -> Round | None:
        """The round this position belongs to: the one named, else the open round of the question; nothing where it opens one."""
        if self.ref:
            return case.threshold.rounds.get(self.ref)
        last = case.threshold.last_round(self.question)
        return last if last and not last.closed and not last.hung(asking.procedure.majority) else None

    def _cannot_join(self, round_: Round) -> Iterator[str]:
        if round_.question != self.question:
            yield f"The ref {round_.ref} is that of a round on another question, {round_.question} (R-7)."
        elif self.partner in round_.partners:
            yield f"This is a second position of the same partner in one round: {self.partner} has spoken in {round_.ref} (R-7)."

    def _cannot_open(self, case: Case, asking: Asking) -> Iterator[str]:
        """A question is put anew where the three came to no majority, where its decision is re-opened, or after a discontinued review."""
        yield from ref_is_taken(case, self.ref)
        reopened = put_again(case, self.question)
        if self.question == "local-review" and reopened is None:
            yield "Whether to carry out a local review is asked only where the outcome of a rapid review is re-opened (BOL-27, BOL-94)."
        last = case.threshold.last_round(self.question)
        if last is None:
            return
        if not last.closed and not last.hung(asking.procedure.majority):
            yield f"The round {last.ref} on this question is still open: a position in it bears its ref (R-7)."
        decided = case.threshold.current(self.question)
        if last.closed and reopened is None and decided and not decided.lapsed:
            yield (
                f"The three have decided this question ({decided.ref}): without a re-opening this would be a second position of the "
                "same partner in one round (R-7)."
            )

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        round_ = self._round(case, asking)
        kind: DecisionKind = "rapid-review-outcome" if self.question == "local-review" else "threshold"
        yield PartnerPositionRecorded(
            partner=self.partner,
            question=self.question,
            position=self.position,
            rationale=self.rationale,
            ref=round_.ref if round_ else self.ref or new_ref(kind, case),
        )


# --- the decision


class ThresholdDecided(CaseEvent, name="threshold-decided"):
    """The three decided whether the threshold is met, by majority, and what follows; dissent stays visible (BOL-66, R-7)."""

    ref: str
    threshold: Question
    outcome: MetOrNot
    rationale: Words
    then: Then

    def apply(self, case: Case, then: Recorded) -> Case:
        round_ = case.threshold.rounds.get(self.ref)
        decision = Decision(
            ref=self.ref,
            kind="threshold",
            question=self.threshold,
            outcome=self.outcome,
            then=self.then,
            positions=round_.positions if round_ else (),
        )
        return remembered(closed(case, self.ref), decision)


class LearningConsidered(CaseEvent, name="learning-considered"):
    """Where the threshold is not met, potential learning was considered all the same (BOL-68, R-13)."""

    decision: str | None = None
    learning_considered: Words


class DecideThreshold(Command, name="decide-threshold"):
    """Record what the three decided. `then` left out: when met what the question asks for, else nothing."""

    threshold: Question
    outcome: MetOrNot
    rationale: Spoken = None
    then: Then | None = None
    learning_considered: Spoken = None
    ref: Ref | None = None

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not any(r.complete and not r.closed for r in case.threshold.rounds.values()):
            yield TOO_FEW

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        round_ = self._round(case)
        if round_.question != self.threshold or not round_.complete:
            yield TOO_FEW
        elif round_.closed:
            yield f"The round {round_.ref} has been decided; that decision is re-opened, never taken twice (R-7)."
        elif round_.reopens:
            yield f"The round {round_.ref} looks again at {round_.reopens}: that decision is confirmed or replaced (BOL-94)."
        else:
            yield from not_the_majority(round_, self.outcome, asking)
        if blank(self.rationale):
            yield "The decision has an empty rationale: it is recorded, and told to the referrer, with its reasons (BOL-71)."
        yield from learning_left_out(self.outcome, self.learning_considered)
        yield from cannot_follow(self.threshold, self.outcome, self.then)

    def _round(self, case: Case) -> Round:
        """The round named, else the last in which the question was put; one in which nobody has spoken where there is none."""
        found = case.threshold.rounds.get(self.ref) if self.ref else case.threshold.last_round(self.threshold)
        return found or Round(ref="", question=self.threshold)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        ref = self._round(case).ref
        then = what_follows(self.threshold, self.outcome, self.then)
        yield ThresholdDecided(ref=ref, threshold=self.threshold, outcome=self.outcome, rationale=self.rationale or "", then=then)
        if self.outcome == "not-met":
            yield LearningConsidered(decision=ref, learning_considered=self.learning_considered or "")
        if then == "rapid-review" and not case.rapid_review.stands:
            yield RapidReviewInitiated(decision=ref)


def not_the_majority(round_: Round, outcome: str, asking: Asking) -> Iterator[str]:
    """The outcome is the majority's, two of three; where there is none, nothing is decided (R-7)."""
    majority = round_.majority(asking.procedure.majority)
    if majority is None:
        yield f"There is no majority in {round_.ref}: the three vote a new round or escalate (R-7)."
    elif outcome != majority:
        yield f"This is an outcome not the majority's: in {round_.ref} the majority said {majority} (R-7)."


def learning_left_out(outcome: str, learning_considered: str | None) -> Iterator[str]:
    if outcome == "not-met" and blank(learning_considered):
        yield "Decided not-met without learning_considered: where the threshold is not met, say what can be learnt all the same (BOL-68)."


def cannot_follow(question: Question, outcome: str, then: Then | None) -> Iterator[str]:
    if then == "rapid-review" and (question, outcome) != ("serious", "met"):
        yield "A rapid review follows only where the threshold of a serious case is met (BOL-22, X-9)."


def what_follows(question: Question, outcome: str, then: Then | None) -> Then:
    """What the partners said follows; left unsaid, what the question asks for where it is met, else nothing."""
    return then or (ASKS_FOR[question] if outcome == "met" else "none")


# --- what the referrer hears


class DecisionFedBack(CaseEvent, name="decision-fed-back"):
    """The decision went back to whoever notified; without its rationale that is no feedback yet (BOL-71, BOL-121)."""

    decision: str
    to: Words
    rationale_included: bool


class FeedBackDecision(Command, name="feed-back-decision"):
    decision: Ref
    to: Prose
    rationale_included: bool

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if case.opening.route in WITHOUT_REFERRER:
            yield f"On the route {case.opening.route} there is no referrer to whom a decision is fed back (R-10)."
        if not decisions_on(case):
            yield "Nothing has been decided that could be fed back (BOL-71)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from no_such_decision(case, self.decision)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield DecisionFedBack(decision=self.decision, to=self.to, rationale_included=self.rationale_included)


# --- a case that turns out to be serious


class CaseReroutedToSerious(CaseEvent, name="case-rerouted-to-serious"):
    """A case brought for learning appears to meet the serious test; it goes on as a serious one (X-7, X-8)."""

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, opening=replace(case.opening, concern="serious-incident"))


class RerouteToSerious(Command, name="reroute-to-serious"):
    because: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if case.opening.concern == "serious-incident":
            yield "This case is already serious: it was opened or re-routed as a serious incident (X-8)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield CaseReroutedToSerious()
