"""Stage 2, what comes of it. The three decide the outcome of the rapid review; the Panel hears it and answers (BOL-84, BOL-90…95, X-6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Literal

from domain.decisions import (
    Criterion,
    CriterionGiven,
    Decision,
    Position,
    Reopening,
    ReviewOutcome,
    YesNo,
    as_considered,
    new_ref,
    ref_is_taken,
    remembered,
    unconsidered,
)
from domain.language import CaseEvent, Command, Digest, Prose, Ref, Spoken, State, listed, next_ref, replace
from domain.personal import Words
from domain.stages.agency_reports import no_rapid_review
from domain.stages.threshold import LearningConsidered, learning_left_out

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

FeedbackKind = Literal["agrees", "queries", "disagrees", "national-review", "more-information"]


class Outcome(State, frozen=True):
    """What the three decided after the rapid review, in order; which decisions of the case are open again; and the refs of what is new."""

    decisions: dict[str, Decision] = {}
    reopened: dict[str, Reopening] = {}
    feedback: tuple[str, ...] = ()
    information: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()

    @property
    def current(self) -> Decision | None:
        """The decision that stands now, in place of all before."""
        standing = [decision for decision in self.decisions.values() if decision.stands]
        return standing[-1] if standing else None

    @property
    def decided(self) -> bool:
        return self.current is not None

    @property
    def only_recommended(self) -> bool:
        """The review group recommends a local review; the partners have not yet jointly decided on it (BOL-92, X-2)."""
        return self.current is not None and self.current.outcome == "local-review-recommended"

    @property
    def local_review_decided(self) -> bool:
        """Whether the joint decision to carry out a local review stands (X-2)."""
        return self.current is not None and self.current.outcome == "local-review"

    def decided_for(self, review: str) -> bool:
        """Whether the outcome that stands is to undertake this review."""
        if review == "practice-review":
            return self.local_review_decided
        return self.current is not None and review in (self.current.outcome, self.current.then)


# --- the joint decision


class RapidReviewOutcomeDecided(CaseEvent, name="rapid-review-outcome-decided"):
    """The three decided what follows the rapid review, each criterion of the regulations considered (BOL-84, BOL-92, X-10)."""

    ref: str
    outcome: ReviewOutcome
    rationale: Words
    criteria: tuple[Criterion, ...]
    national_review_view: Words
    digest: str | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        return remembered(
            case,
            Decision(
                ref=self.ref,
                kind="rapid-review-outcome",
                question="local-review",
                outcome=self.outcome,
                positions=tuple(
                    Position(partner=partner, stance=STANCES[said.local_review], person=said.person)
                    for partner, said in case.rapid_review.endorsements.items()
                ),
            ),
        )


STANCES: dict[YesNo, Literal["met", "not-met"]] = {"yes": "met", "no": "not-met"}


class DecideRapidReviewOutcome(Command, name="decide-rapid-review-outcome"):
    """Record what the three decided on the report they all endorse."""

    outcome: ReviewOutcome
    rationale: Prose
    criteria: tuple[CriterionGiven, ...] | None = None
    national_review_view: Prose
    ref: Ref | None = None

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from no_rapid_review(case, "BOL-27")
        if case.rapid_review.endorsed is None:
            yield f"Not all three endorsed the circulated digest; still missing: {listed(case.rapid_review.not_endorsing)} (BOL-90)."
        if (current := case.outcome.current) and not case.outcome.only_recommended:
            yield f"The outcome is already decided ({current.ref}): it is re-opened, never decided twice (BOL-94)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from unconsidered(self.criteria or (), asking)
        yield from ref_is_taken(case, self.ref)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield RapidReviewOutcomeDecided(
            ref=self.ref or new_ref("rapid-review-outcome", case),
            outcome=self.outcome,
            rationale=self.rationale,
            criteria=as_considered(self.criteria or ()),
            national_review_view=self.national_review_view,
            digest=case.rapid_review.endorsed,
        )


class PanelToldOfReview(CaseEvent, name="panel-told-of-review"):
    """The Panel, Ofsted and the Department were told that a local review is carried out, and by whom (CLK-17)."""

    reviewer_named: bool


class TellPanelOfReview(Command, name="tell-panel-of-review"):
    reviewer_named: bool

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.outcome.local_review_decided:
            yield "There is no local review decided of which the Panel could be told (CLK-17)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield PanelToldOfReview(reviewer_named=self.reviewer_named)


# --- the Panel


class RapidReviewSentToPanel(CaseEvent, name="rapid-review-sent-to-panel"):
    """The endorsed rapid review left for the Panel, with the decision on a local review and the view on a national one (BOL-91)."""

    digest: str

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, rapid_review=replace(case.rapid_review, sent=True))


class SendToPanel(Command, name="send-to-panel"):
    digest: Digest

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.notification.panel_notified:
            yield "There is no portal reference: the Panel has not been notified of the incident (X-6)."
        if not case.outcome.decided:
            yield "A rapid review goes to the Panel with the decision on a local review: outcome undecided (BOL-84, FACT-12)."
        if case.rapid_review.endorsed is None:
            yield f"This is a digest not endorsed by all three; still missing: {listed(case.rapid_review.not_endorsing)} (BOL-90)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if case.rapid_review.endorsed not in (None, self.digest):
            yield "This is a digest not endorsed by all three: they endorsed another text (BOL-90)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield RapidReviewSentToPanel(digest=self.digest)


class PanelFeedbackReceived(CaseEvent, name="panel-feedback-received"):
    """The Panel answered (BOL-95, CLK-23)."""

    ref: str
    kind: FeedbackKind
    summary: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, outcome=replace(case.outcome, feedback=(*case.outcome.feedback, self.ref)))


class ReceivePanelFeedback(Command, name="receive-panel-feedback"):
    kind: FeedbackKind
    summary: Prose
    ref: Ref | None = None

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.rapid_review.sent:
            yield "There is nothing sent to the Panel that it could answer (BOL-95)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from ref_is_taken(case, self.ref)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        ref = self.ref or next_ref("panel-feedback", case.outcome.feedback)
        yield PanelFeedbackReceived(ref=ref, kind=self.kind, summary=self.summary)


class PanelAskedForInformation(CaseEvent, name="panel-asked-for-information"):
    """The Panel asked for information, by a date that it set (CLK-24)."""

    ref: str
    due_on: date
    what: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, outcome=replace(case.outcome, requests=(*case.outcome.requests, self.ref)))


class RecordPanelRequest(Command, name="record-panel-request"):
    ref: Ref
    due_on: date
    what: Prose

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from ref_is_taken(case, self.ref)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield PanelAskedForInformation(ref=self.ref, due_on=self.due_on, what=self.what)


class InformationSupplied(CaseEvent, name="information-supplied"):
    """What the Panel asked for was supplied (CLK-24)."""

    ref: str


class SupplyInformation(Command, name="supply-information"):
    ref: Ref

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.outcome.requests:
            yield "The Panel has asked for no information on this case (CLK-24)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if case.outcome.requests and self.ref not in case.outcome.requests:
            yield f"There is no request {self.ref} of the Panel on this case (CLK-24)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield InformationSupplied(ref=self.ref)


# --- the criteria turn out not to be met


class SeriousIncidentFoundNotToMeetCriteria(CaseEvent, name="serious-incident-found-not-to-meet-criteria"):
    """After notifying, the local authority determined that the incident does not meet the criteria, and told the Panel (X-6)."""

    evidence: Words
    panel_informed: bool

    def apply(self, case: Case, then: Recorded) -> Case:
        return _lapsed(case, case.threshold.current("serious"))


class RapidReviewDiscontinued(CaseEvent, name="rapid-review-discontinued"):
    """The rapid review ends unfinished, its open clocks with it; what was decided in it has lapsed (X-6)."""

    def apply(self, case: Case, then: Recorded) -> Case:
        return _lapsed(replace(case, rapid_review=replace(case.rapid_review, discontinued=True)), case.outcome.current)


def _lapsed(case: Case, decision: Decision | None) -> Case:
    return remembered(case, replace(decision, lapsed=True)) if decision else case


class DetermineCriteriaNotMet(Command, name="determine-criteria-not-met"):
    """The only way in which a rapid review, once the Panel was notified, ends unfinished (X-6)."""

    evidence: Prose
    panel_informed: bool | None = None
    learning_considered: Spoken = None

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.notification.panel_notified:
            yield "There is nothing notified to the Panel that could be found not to meet the criteria (X-6)."
        if case.rapid_review.sent:
            yield "A rapid review already sent to the Panel is not discontinued (X-6)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if not self.panel_informed:
            yield "The Panel is not informed: it is told of the determination (X-6)."
        yield from learning_left_out("not-met", self.learning_considered)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield SeriousIncidentFoundNotToMeetCriteria(evidence=self.evidence, panel_informed=bool(self.panel_informed))
        yield RapidReviewDiscontinued()
        yield LearningConsidered(learning_considered=self.learning_considered or "")
