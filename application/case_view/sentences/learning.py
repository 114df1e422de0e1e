"""Sentences of learning into practice: recommendations, assurance, feedback."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import called, day, each, say, sentence_case
from domain.language import listed
from domain.people import By
from domain.stages.learning import (
    AssuranceAccepted,
    AssuranceRejected,
    AssuranceSubmitted,
    FeedbackInvited,
    FeedbackReceived,
    IncludedInAnnualSummary,
    LearningElementsChosen,
    RecommendationAccepted,
    RecommendationIssued,
)

ELEMENTS = {
    "learning-brief": "a learning brief",
    "learning-model": "the learning model",
    "annual-summary": "the annual summary",
    "quality-framework": "the quality framework",
    "agency-assurance": "assurance from agencies",
}


@tells(LearningElementsChosen)
def learning_elements_chosen(event: LearningElementsChosen, by: By) -> str:
    return f"The learning is taken into practice through {listed(ELEMENTS[element] for element in event.elements)}."


@tells(RecommendationIssued)
def recommendation_issued(event: RecommendationIssued, by: By) -> str:
    themes = f", on {'theme' if len(event.themes) == 1 else 'themes'} {listed(event.themes)}" if event.themes else ""
    return f"A recommendation was made to {each(event.owners)}, to be done by {day(event.by_when)}{themes} ({event.ref})."


@tells(RecommendationAccepted)
def recommendation_accepted(event: RecommendationAccepted, by: By) -> str:
    return f"{sentence_case(called('recommendation', event.recommendation))} was accepted{_from(by)}."


@tells(AssuranceSubmitted)
def assurance_submitted(event: AssuranceSubmitted, by: By) -> str:
    difficulty = ", and what remains difficult" if event.remaining_difficulty is not None else ""
    told = f"what was done, the difference it made{difficulty}"
    return f"Evidence on {called('recommendation', event.recommendation)} was submitted{_from(by)}: {told}."


@tells(AssuranceAccepted)
def assurance_accepted(event: AssuranceAccepted, by: By) -> str:
    return f"The evidence on {called('recommendation', event.recommendation)} was accepted."


@tells(AssuranceRejected)
def assurance_rejected(event: AssuranceRejected, by: By) -> str:
    return f"The evidence on {called('recommendation', event.recommendation)} was not accepted; new evidence may follow."


@tells(FeedbackInvited)
def feedback_invited(event: FeedbackInvited, by: By) -> str:
    whom = say(event.agency) if event.agency else "somebody who took part"
    return f"Feedback on the review was invited from {whom}."


@tells(FeedbackReceived)
def feedback_received(event: FeedbackReceived, by: By) -> str:
    return "Feedback on the review was received."


@tells(IncludedInAnnualSummary)
def included_in_annual_summary(event: IncludedInAnnualSummary, by: By) -> str:
    return f"The learning and its impact were included in the annual summary for {event.year}."


def _from(by: By) -> str:
    return f" by {say(by.organisation)}" if by.organisation else ""
