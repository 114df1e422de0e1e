"""What the guidance asks for from the notification to the decision, and of challenges, representations and holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from application.case_view.absences.record import Record, absent
from application.case_view.words import called, say, sentence_case
from domain.holds import HoldLifted, HoldPlaced
from domain.people import PARTNERS
from domain.recorded import Recorded
from domain.stages.escalation import (
    ChallengeRaised,
    ChallengeResolved,
    EscalationLevelEntered,
    RepresentationAnswered,
    RepresentationReceived,
)
from domain.stages.notification import (
    NotificationConsentRecorded,
    NotificationDiscussed,
    NotificationReceived,
    NotificationShared,
    NotifierSupported,
    SeriousIncidentNotified,
)
from domain.stages.reopening import DecisionConfirmed, DecisionReopened, DecisionReplaced
from domain.stages.threshold import LearningConsidered, PartnerMeetingConvened, PartnerPositionRecorded, ThresholdDecided

SUPPORTED = ("parent", "community", "young-person")
ASKS_CONSENT = "bolton"
"""The edition that asks for the family's consent, and for help to those who notify as individuals (BOL-54, BOL-62)."""


# --- notification


def notification(record: Record, today: date) -> Iterator[dict[str, Any]]:
    received, notified = record.all(NotificationReceived), record.all(SeriousIncidentNotified)
    if record.route == "organisation" and received:
        first, form = received[0]
        if not record.all(NotificationDiscussed):
            urgent = ", which was said to be urgent" if form.overrode else ""
            yield absent("discussion", f"No discussion before the notification is recorded{urgent}", "BOL-52", first)
        if first.procedure.local == ASKS_CONSENT and not record.all(NotificationConsentRecorded):
            yield absent("consent", "Whether the family's consent was sought, and what they said, is not recorded", "BOL-54", first)
    if record.route == "local-authority" and notified and not record.all(NotificationDiscussed):
        yield absent("discussion", "No discussion before the notification is recorded", "BOL-42", notified[0][0])
    asks_for_help = record.route in SUPPORTED and received and received[0][0].procedure.local == ASKS_CONSENT
    if asks_for_help and not record.all(NotifierSupported):
        yield absent("support", "No help to the person who notified is recorded", "BOL-62", received[0][0])


# --- the partners' decision


def threshold(record: Record, today: date) -> Iterator[dict[str, Any]]:
    decided = record.all(ThresholdDecided)
    shared = {event.partner: recorded for recorded, event in reversed(record.all(NotificationShared))}
    spoken = record.all(PartnerPositionRecorded)
    convened = [(r, e) for r, e in record.all(PartnerMeetingConvened) if e.meets_on <= today]
    if shared.keys() >= {*PARTNERS} and record.route != "local-authority" and not record.all(PartnerMeetingConvened) and not spoken:
        yield absent("partner-meeting", "The three partners have not been called to meet", "BOL-66", *shared.values())
    if convened and not decided and not spoken:
        meeting, event = convened[-1]
        for partner in PARTNERS:
            sentence = f"No position of {say(partner)} is recorded"
            yield absent("position", sentence, "BOL-66", meeting, since=event.meets_on, about=partner)
    yield from _rounds(record)
    yield from _learning_considered(record)


def _rounds(record: Record) -> Iterator[dict[str, Any]]:
    """Rounds that were opened and not concluded, and decisions re-opened of which no round was held."""
    concluded = {event.ref for _, event in record.all(ThresholdDecided, DecisionConfirmed, DecisionReplaced)}
    rounds: dict[str, dict[str, tuple[Recorded, PartnerPositionRecorded]]] = {}
    for recorded, event in record.all(PartnerPositionRecorded):
        rounds.setdefault(event.ref, {})[event.partner] = recorded, event
    questions = {event.question: ref for ref, said in rounds.items() for _, event in said.values()}
    for ref, said in rounds.items():
        positions = [recorded for recorded, _ in said.values()]
        question = next(iter(said.values()))[1].question
        if ref in concluded or questions[question] != ref:
            continue
        for partner in PARTNERS:
            if partner not in said:
                yield absent("position", f"No position of {say(partner)} is recorded in {ref}", "BOL-66", positions[0], about=partner)
        if said.keys() >= {*PARTNERS}:
            yield absent("decision", f"The three positions of {ref} have not led to a decision", "BOL-66", *positions, about=ref)
    for recorded, reopened in record.all(DecisionReopened):
        again = record.after(recorded, PartnerPositionRecorded)
        if not again and not record.after(recorded, DecisionConfirmed, DecisionReplaced):
            sentence = f"The partners have not looked again at {reopened.decision}, which is re-opened"
            yield absent("decision-again", sentence, "BOL-94", recorded, about=reopened.decision)


def _learning_considered(record: Record) -> Iterator[dict[str, Any]]:
    """Every decision that a threshold is not met, of which no consideration of the learning is recorded (BOL-68)."""
    considered = {event.decision for _, event in record.all(LearningConsidered)}
    for recorded, event in record.all(ThresholdDecided, DecisionReplaced):
        if event.outcome == "not-met" and event.ref not in considered:
            yield absent(
                "learning-considered", f"What can be learnt was not considered with {event.ref}", "BOL-68", recorded, about=event.ref
            )


# --- challenges and representations


def challenges(record: Record, today: date) -> Iterator[dict[str, Any]]:
    answered = {event.representation for _, event in record.all(RepresentationAnswered)}
    for recorded, said in record.all(RepresentationReceived):
        if said.ref not in answered:
            yield absent(
                "answer", f"{sentence_case(called('representation', said.ref))} has not been answered", "X-16", recorded, about=said.ref
            )
    heard = {event.challenge for _, event in record.all(EscalationLevelEntered)}
    resolved = {event.challenge for _, event in record.all(ChallengeResolved)}
    for recorded, challenge in record.all(ChallengeRaised):
        if challenge.ref not in heard | resolved:
            sentence = f"{sentence_case(called('challenge', challenge.ref))} has not been taken to a level where it is heard"
            yield absent("escalation-level", sentence, "R-14", recorded, about=challenge.ref)


# --- holds


def holds(record: Record, today: date) -> Iterator[dict[str, Any]]:
    lifted = {event.ref for _, event in record.all(HoldLifted)}
    for recorded, hold in record.all(HoldPlaced):
        if hold.ref not in lifted and hold.review_on < today:
            sentence = f"{sentence_case(called('hold', hold.ref))} has not been looked at again on the day set for it"
            yield absent("hold-review", sentence, "BOL-146", recorded, since=hold.review_on, about=hold.ref)
