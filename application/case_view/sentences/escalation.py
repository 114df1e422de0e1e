"""Sentences of challenges, escalation and representations."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import called, each, role, say, sentence_case
from domain.people import By
from domain.stages.escalation import (
    ChallengeRaised,
    ChallengeResolved,
    EscalationLevelEntered,
    EscalationViewRecorded,
    RepresentationAnswered,
    RepresentationReceived,
)

RESOLVED = {"upheld": "was upheld", "not-upheld": "was not upheld", "withdrawn": "was withdrawn"}


@tells(ChallengeRaised)
def challenge_raised(event: ChallengeRaised, by: By) -> str:
    return f"{sentence_case(say(event.organisation))} challenged the decision {event.decision} ({event.ref})."


@tells(EscalationLevelEntered)
def escalation_level_entered(event: EscalationLevelEntered, by: By) -> str:
    return f"{sentence_case(called('challenge', event.challenge))} went to level {event.level}, to be heard by {each(event.heard_by)}."


@tells(EscalationViewRecorded)
def escalation_view_recorded(event: EscalationViewRecorded, by: By) -> str:
    who = sentence_case(role(by.role, by.organisation))
    return f"{who} gave a view on {called('challenge', event.challenge)} at level {event.level}."


@tells(ChallengeResolved)
def challenge_resolved(event: ChallengeResolved, by: By) -> str:
    return f"{sentence_case(called('challenge', event.challenge))} {RESOLVED[event.outcome]}, as {role(by.role, by.organisation)} recorded."


@tells(RepresentationReceived)
def representation_received(event: RepresentationReceived, by: By) -> str:
    return f"A representation was received from somebody outside the organisations ({event.ref})."


@tells(RepresentationAnswered)
def representation_answered(event: RepresentationAnswered, by: By) -> str:
    return f"{sentence_case(called('representation', event.representation))} was answered."
