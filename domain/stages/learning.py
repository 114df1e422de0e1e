"""Stage 9. What was learnt goes into practice, and somebody answers for it (BOL-164, BOL-170…180)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from domain.language import CaseEvent, Code, Command, Prose, Ref, State, next_ref, replace
from domain.people import PersonId, PersonRef
from domain.personal import Words

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

Element = Literal["learning-brief", "learning-model", "annual-summary", "quality-framework", "agency-assurance"]
Year = Annotated[str, StringConstraints(pattern=r"^\d{4}(?:[/–-]\d{2,4})?$")]
"""A reporting year, `2024/25`."""


class Recommendation(State, frozen=True):
    """Who owes it, by when, and how far its assurance has come."""

    owners: frozenset[str]
    by_when: date
    accepted: bool = False
    submitted: bool = False
    assured: bool = False


class Learning(State, frozen=True):
    """The recommendations of the case by their refs."""

    recommendations: dict[str, Recommendation] = {}

    def recommendation(self, ref: str) -> Recommendation | None:
        return self.recommendations.get(ref)

    def owners(self, ref: str) -> frozenset[str]:
        """The agencies that owe this recommendation; none where there is no such recommendation."""
        found = self.recommendations.get(ref)
        return found.owners if found else frozenset()


# --- which elements apply


class LearningElementsChosen(CaseEvent, name="learning-elements-chosen"):
    """The partners chose how this learning is taken into practice, by the nature of the review (BOL-175)."""

    elements: tuple[Element, ...]
    rationale: Words


class ChooseLearningElements(Command, name="choose-learning-elements"):
    elements: tuple[Element, ...] = ()
    rationale: Prose

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if not self.elements:
            yield "None of the elements was chosen: the partners apply all or some of them (BOL-175)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield LearningElementsChosen(elements=tuple(dict.fromkeys(self.elements)), rationale=self.rationale)


# --- recommendations


class RecommendationIssued(CaseEvent, name="recommendation-issued"):
    """An improvement is required: what, of whom, and by when (BOL-164)."""

    ref: str
    what: Words
    owners: tuple[str, ...]
    by_when: date
    themes: tuple[str, ...] = ()

    def apply(self, case: Case, then: Recorded) -> Case:
        return _with(case, self.ref, Recommendation(owners=frozenset(self.owners), by_when=self.by_when))


class IssueRecommendation(Command, name="issue-recommendation"):
    ref: Ref | None = None
    what: Prose
    owners: tuple[Code, ...] = Field(default=(), description="The agencies that owe it, alone or together.")
    by_when: date | None = None
    themes: tuple[Code, ...] = ()

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if not self.owners:
            yield "The recommendation has no owner: it says of whom it is required (BOL-164)."
        if self.by_when is None:
            yield "The recommendation has no date: it says by when it is required (BOL-164)."
        if self.ref in case.learning.recommendations:
            yield f"The ref {self.ref} is already used for a recommendation of this case (BOL-164)."
        for code in self.themes:
            if asking.codes.find(code) is None:
                yield f"The code {code} is unknown in version {asking.codes.version} of the themes (BOL-96)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield RecommendationIssued(
            ref=self.ref or next_ref("recommendation", case.learning.recommendations),
            what=self.what,
            owners=tuple(dict.fromkeys(self.owners)),
            by_when=self.by_when,  # type: ignore[arg-type]  # `objections` refuses one without a date
            themes=tuple(dict.fromkeys(self.themes)),
        )


class RecommendationAccepted(CaseEvent, name="recommendation-accepted"):
    """An agency that owes the recommendation accepted it."""

    recommendation: str

    def apply(self, case: Case, then: Recorded) -> Case:
        return _changed(case, self.recommendation, accepted=True)


class AcceptRecommendation(Command, name="accept-recommendation"):
    recommendation: Ref

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _unknown(self.recommendation, case)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield RecommendationAccepted(recommendation=self.recommendation)


class AssuranceSubmitted(CaseEvent, name="assurance-submitted"):
    """An agency put forward evidence of what it did, the difference it made and what remains difficult (BOL-180)."""

    recommendation: str
    evidence: Words
    difference_made: Words
    remaining_difficulty: Words | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        return _changed(case, self.recommendation, submitted=True)


class SubmitAssurance(Command, name="submit-assurance"):
    recommendation: Ref
    evidence: Prose
    difference_made: Prose
    remaining_difficulty: Prose | None = None

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _unknown(self.recommendation, case)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield AssuranceSubmitted(
            recommendation=self.recommendation,
            evidence=self.evidence,
            difference_made=self.difference_made,
            remaining_difficulty=self.remaining_difficulty,
        )


class AssuranceAccepted(CaseEvent, name="assurance-accepted"):
    """The partners are satisfied by the evidence: submitted is not accepted, this is (BOL-180)."""

    recommendation: str
    rationale: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return _changed(case, self.recommendation, submitted=False, assured=True)


class AssuranceRejected(CaseEvent, name="assurance-rejected"):
    """The evidence does not satisfy the partners; new evidence may be submitted."""

    recommendation: str
    rationale: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return _changed(case, self.recommendation, submitted=False)


class JudgeAssurance(Command, name="judge-assurance"):
    recommendation: Ref
    outcome: Literal["accepted", "rejected"]
    rationale: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not any(found.submitted for found in case.learning.recommendations.values()):
            yield "There is nothing submitted to be judged (BOL-180)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _unknown(self.recommendation, case)
        found = case.learning.recommendation(self.recommendation)
        if found and not found.submitted:
            yield f"For recommendation {self.recommendation} there is nothing submitted that is still to be judged (BOL-180)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        judged = AssuranceAccepted if self.outcome == "accepted" else AssuranceRejected
        yield judged(recommendation=self.recommendation, rationale=self.rationale)


# --- what those who took part say of the review


class FeedbackInvited(CaseEvent, name="feedback-invited"):
    """Somebody who contributed, or an agency, was asked what they think of the review (BOL-171)."""

    participant: PersonId | None = None
    agency: str | None = None


class InviteFeedback(Command, name="invite-feedback"):
    participant: PersonRef | None = None
    agency: Code | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> InviteFeedback:
        if (self.participant is None) == (self.agency is None):
            raise ValueError("either a participant or an agency is invited")
        return self

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield FeedbackInvited(participant=self.participant, agency=self.agency)


class FeedbackReceived(CaseEvent, name="feedback-received"):
    """What somebody said of the review; it is used to develop the arrangements (BOL-172)."""

    about: Words
    feedback: Words


class ReceiveFeedback(Command, name="receive-feedback"):
    about: Prose
    feedback: Prose

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield FeedbackReceived(about=self.about, feedback=self.feedback)


class IncludedInAnnualSummary(CaseEvent, name="included-in-annual-summary"):
    """The learning, the response and its impact stand in the partners' summary of this year (BOL-178)."""

    year: str
    impact: Words


class IncludeInAnnualSummary(Command, name="include-in-annual-summary"):
    year: Year
    impact: Prose

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield IncludedInAnnualSummary(year=self.year, impact=self.impact)


def _unknown(ref: str, case: Case) -> Iterator[str]:
    if case.learning.recommendation(ref) is None:
        yield f"There is no recommendation {ref} on this case (BOL-164)."


def _with(case: Case, ref: str, recommendation: Recommendation) -> Case:
    recommendations = {**case.learning.recommendations, ref: recommendation}
    return replace(case, learning=replace(case.learning, recommendations=recommendations))


def _changed(case: Case, ref: str, **changes: bool) -> Case:
    """The case with one recommendation changed; one that is not there (its entry was corrected) is left alone."""
    found = case.learning.recommendation(ref)
    return _with(case, ref, replace(found, **changes)) if found else case
