"""Sentences of taking part in a review: practitioners, the child, the family."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from domain.people import By
from domain.stages.participation import (
    EngagementRecorded,
    FamilyViewRecorded,
    ParticipantInvited,
    ParticipationRecorded,
    SupportOffered,
)

KINDS = {
    "practitioner": "A practitioner",
    "manager": "A manager",
    "service-lead": "A service lead",
    "child": "A child",
    "family": "A member of the family",
}
CHOICES = {
    "agreed": "agreed to take part in the review",
    "declined": "declined to take part in the review, and that is respected",
    "withdrawn": "withdrew from the review, and that is respected",
}
SHOWN = {
    "emerging-findings": "what the review is finding so far",
    "recommendations": "the recommendations",
    "progress": "how far the review has come",
}
SUPPORT = {"counselling": "Counselling", "interpreting": "An interpreter", "other": "Support"}


@tells(ParticipantInvited)
def participant_invited(event: ParticipantInvited, by: By) -> str:
    adjusted = ", with adjustments for them" if event.adjustments is not None else ""
    return f"{KINDS[event.kind]} was invited to take part in the review{adjusted}."


@tells(ParticipationRecorded)
def participation_recorded(event: ParticipationRecorded, by: By) -> str:
    return f"Somebody invited {CHOICES[event.outcome]}."


@tells(EngagementRecorded)
def engagement_recorded(event: EngagementRecorded, by: By) -> str:
    whom = "somebody taking part" if event.participant else "those taking part"
    return f"The reviewer talked with {whom} and showed them {SHOWN[event.shown]}."


@tells(SupportOffered)
def support_offered(event: SupportOffered, by: By) -> str:
    answer = {True: ", and was taken up", False: ", and was not taken up", None: ""}[event.taken_up]
    return f"{SUPPORT[event.kind]} was offered to somebody taking part{answer}."


@tells(FamilyViewRecorded)
def family_view_recorded(event: FamilyViewRecorded, by: By) -> str:
    about = "the findings" if event.about == "findings" else "publishing the report"
    return f"What the child or family think of {about} was heard and is considered."
