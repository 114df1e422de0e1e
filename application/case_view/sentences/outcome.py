"""Sentences of what the rapid review leads to, of the Panel, and of deciding again."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.sentences.threshold import THRESHOLDS
from application.case_view.words import REVIEWS, day, text_of
from domain.people import By
from domain.stages.outcome import (
    InformationSupplied,
    PanelAskedForInformation,
    PanelFeedbackReceived,
    PanelToldOfReview,
    RapidReviewDiscontinued,
    RapidReviewOutcomeDecided,
    RapidReviewSentToPanel,
    SeriousIncidentFoundNotToMeetCriteria,
)
from domain.stages.reopening import DecisionConfirmed, DecisionReopened, DecisionReplaced, NewInformationReceived

OUTCOMES = {
    "local-review": "a local child safeguarding practice review is carried out",
    "local-review-recommended": "a local child safeguarding practice review is recommended, not yet decided",
    "no-further-action": "no further review follows",
    "local-learning": "a Local Learning Review is carried out",
    "learn-from-success": "a Learn from Success review is carried out",
    "thematic": "a thematic review is carried out",
}
ANSWERS = {
    "agrees": "The Panel agreed",
    "queries": "The Panel had questions",
    "disagrees": "The Panel disagreed",
    "national-review": "The Panel answered that there will be a national review",
    "more-information": "The Panel asked to know more",
}
TRIGGERS = {
    "new-information": "because of new information",
    "panel-feedback": "because of the Panel's feedback",
    "challenge-upheld": "because a challenge was upheld",
}


@tells(RapidReviewOutcomeDecided)
def rapid_review_outcome_decided(event: RapidReviewOutcomeDecided, by: By) -> str:
    return f"The three partners decided on the rapid review: {OUTCOMES[event.outcome]} ({event.ref})."


@tells(PanelToldOfReview)
def panel_told_of_review(event: PanelToldOfReview, by: By) -> str:
    named = "with the reviewer's name" if event.reviewer_named else "without a reviewer's name yet"
    return f"The Panel was told of the local review, {named}."


@tells(RapidReviewSentToPanel)
def rapid_review_sent_to_panel(event: RapidReviewSentToPanel, by: By) -> str:
    return f"The rapid review was sent to the Panel ({text_of(event.digest)})."


@tells(PanelFeedbackReceived)
def panel_feedback_received(event: PanelFeedbackReceived, by: By) -> str:
    return f"{ANSWERS[event.kind]} ({event.ref})."


@tells(PanelAskedForInformation)
def panel_asked_for_information(event: PanelAskedForInformation, by: By) -> str:
    return f"The Panel asked for information by {day(event.due_on)} ({event.ref})."


@tells(InformationSupplied)
def information_supplied(event: InformationSupplied, by: By) -> str:
    return f"The information that the Panel asked for was supplied ({event.ref})."


@tells(SeriousIncidentFoundNotToMeetCriteria)
def serious_incident_found_not_to_meet_criteria(event: SeriousIncidentFoundNotToMeetCriteria, by: By) -> str:
    told = "the Panel was told" if event.panel_informed else "the Panel was not told yet"
    return f"The local authority found that the incident does not meet the criteria after all; {told}."


@tells(RapidReviewDiscontinued)
def rapid_review_discontinued(event: RapidReviewDiscontinued, by: By) -> str:
    return "The rapid review was discontinued."


@tells(NewInformationReceived)
def new_information_received(event: NewInformationReceived, by: By) -> str:
    return f"New information came in ({event.ref})."


@tells(DecisionReopened)
def decision_reopened(event: DecisionReopened, by: By) -> str:
    return f"The decision {event.decision} was re-opened {TRIGGERS[event.trigger]} ({event.cites})."


@tells(DecisionConfirmed)
def decision_confirmed(event: DecisionConfirmed, by: By) -> str:
    return f"The three partners looked again at the decision {event.decision} and confirmed it: {_decided(event)} ({event.ref})."


@tells(DecisionReplaced)
def decision_replaced(event: DecisionReplaced, by: By) -> str:
    then = f"; {REVIEWS[event.then]} follows" if event.then != "none" else ""
    return f"The three partners replaced the decision {event.decision} {TRIGGERS[event.trigger]}: {_decided(event)}{then} ({event.ref})."


def _decided(event: DecisionConfirmed | DecisionReplaced) -> str:
    if event.outcome == "met":
        return f"the threshold {THRESHOLDS[event.question]} is met"
    if event.outcome == "not-met":
        return f"the threshold {THRESHOLDS[event.question]} is not met"
    return OUTCOMES[event.outcome]
