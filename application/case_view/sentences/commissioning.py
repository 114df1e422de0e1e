"""Sentences of the commissioning: a review is commissioned and a reviewer found."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import REVIEWS, counted, day, each, say, sentence_case
from domain.language import listed
from domain.people import By
from domain.stages.commissioning import (
    CandidateAssessed,
    ExpressionOfInterestReceived,
    ExpressionOfInterestWithdrawn,
    ExpressionsOfInterestInvited,
    InterviewHeld,
    NoSuitableReviewerFound,
    PersonSpecificationSet,
    ReviewCommissioned,
    ReviewerAppointed,
    ReviewerInterestDeclared,
    ReviewerRemoved,
)

SOURCES = {
    "partner-agencies": "the partner agencies",
    "greater-manchester-pool": "the Greater Manchester pool",
    "national-pool": "the national pool",
    "external": "outside the agencies and pools",
}


@tells(ReviewCommissioned)
def review_commissioned(event: ReviewCommissioned, by: By) -> str:
    return f"{sentence_case(REVIEWS[event.review])} was commissioned by {each(event.commissioners)}."


@tells(PersonSpecificationSet)
def person_specification_set(event: PersonSpecificationSet, by: By) -> str:
    return f"What this review asks of its reviewer was set out in {counted(len(event.criteria), 'criterion', 'criteria')}."


@tells(ExpressionsOfInterestInvited)
def expressions_of_interest_invited(event: ExpressionsOfInterestInvited, by: By) -> str:
    sources = listed(SOURCES[source] for source in event.sources)
    return f"Expressions of interest were invited from {sources}, between {day(event.opens_on)} and {day(event.closes_on)}."


@tells(ExpressionOfInterestReceived)
def expression_of_interest_received(event: ExpressionOfInterestReceived, by: By) -> str:
    return f"An expression of interest came from {SOURCES[event.source]}, from somebody employed by {say(event.employer)}."


@tells(ExpressionOfInterestWithdrawn)
def expression_of_interest_withdrawn(event: ExpressionOfInterestWithdrawn, by: By) -> str:
    return "A candidate withdrew their expression of interest."


@tells(ReviewerInterestDeclared)
def reviewer_interest_declared(event: ReviewerInterestDeclared, by: By) -> str:
    mitigation = ", with what is done about it" if event.mitigation is not None else ""
    return f"A {event.kind} conflict of interest of a candidate or reviewer was declared{mitigation}."


@tells(CandidateAssessed)
def candidate_assessed(event: CandidateAssessed, by: By) -> str:
    return f"A candidate was assessed against {counted(len(event.answers), 'criterion', 'criteria')}."


@tells(InterviewHeld)
def interview_held(event: InterviewHeld, by: By) -> str:
    return f"A candidate was interviewed by a panel of {counted(len(event.panel), 'person', 'people')}."


@tells(NoSuitableReviewerFound)
def no_suitable_reviewer_found(event: NoSuitableReviewerFound, by: By) -> str:
    return "No suitable reviewer was found in the agencies and pools, so that one from outside may be asked."


@tells(ReviewerAppointed)
def reviewer_appointed(event: ReviewerAppointed, by: By) -> str:
    part = "lead the review" if event.part == "lead" else "support the review"
    return f"A reviewer from {SOURCES[event.source]} was appointed to {part}."


@tells(ReviewerRemoved)
def reviewer_removed(event: ReviewerRemoved, by: By) -> str:
    return "A reviewer was removed; no clock starts again."
