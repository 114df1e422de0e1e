"""What the guidance asks for from the rapid review to the learning taken into practice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from application.case_view.absences.record import Record, absent
from application.case_view.words import called, say, sentence_case
from domain.people import PARTNERS
from domain.recorded import Recorded
from domain.stages.agency_reports import AgencyAsked, AgencyReportReceived, ChronologyCollated, PackDistributed
from domain.stages.commissioning import ReviewCommissioned, ReviewerAppointed
from domain.stages.learning import FeedbackInvited, LearningElementsChosen, RecommendationAccepted, RecommendationIssued
from domain.stages.outcome import RapidReviewOutcomeDecided, RapidReviewSentToPanel
from domain.stages.participation import EngagementRecorded, FamilyViewRecorded, ParticipantInvited, ParticipationRecorded
from domain.stages.publication import LearningBriefPublished, LearningBriefWithdrawn, PublicationDecided
from domain.stages.rapid_review import (
    FacilitatorAssigned,
    RapidReviewEndorsed,
    RapidReviewEndorsementWithheld,
    RapidReviewMeetingHeld,
    RapidReviewReportCirculated,
    RapidReviewReportDrafted,
)
from domain.stages.reopening import DecisionReplaced
from domain.stages.review import (
    ReportDrafted,
    ReportEndorsed,
    ReportEndorsementRecorded,
    ReportPresented,
    ReportQualityAssured,
    ReportReturned,
    ScopeAgreed,
)

# --- the rapid review


def rapid_review(record: Record, today: date) -> Iterator[dict[str, Any]]:
    begun = record.rapid_review
    if begun is None:
        return
    if not record.all(FacilitatorAssigned):
        yield absent("facilitator", "Nobody has been assigned to facilitate the rapid review", "BOL-87", begun)
    asked, held = record.after(begun, AgencyAsked), record.after(begun, RapidReviewMeetingHeld)
    if not asked:
        yield absent("agencies", "No agency has been asked for its report", "BOL-75", begun)
    elif held and not record.after(begun, ChronologyCollated):
        yield absent("chronology", "The agencies' chronologies have not been brought together", "BOL-78", held[0][0])
    if asked and held and not record.after(begun, PackDistributed):
        yield absent("pack", "The agencies' reports have not gone to the rapid review group", "BOL-79", held[0][0])
    if held and not record.after(begun, RapidReviewReportDrafted):
        yield absent("rapid-review-report", "The report of the rapid review has not been drafted", "BOL-89", held[0][0])
    yield from _endorsing(record, begun)


def _endorsing(record: Record, begun: Recorded) -> Iterator[dict[str, Any]]:
    drafted, circulated = record.after(begun, RapidReviewReportDrafted), record.after(begun, RapidReviewReportCirculated)
    if not drafted:
        return
    draft, text = drafted[-1]
    going_round = [recorded for recorded, event in circulated if event.digest == text.digest and recorded.place > draft.place]
    if not going_round:
        yield absent("circulation", "The report of the rapid review has not gone to the partners for endorsement", "BOL-90", draft)
        return
    said = {e.partner: r for r, e in record.after(draft, RapidReviewEndorsed, RapidReviewEndorsementWithheld) if e.digest == text.digest}
    for partner in PARTNERS:
        if partner not in said:
            sentence = f"Whether {say(partner)} endorses the report of the rapid review is not recorded"
            yield absent("endorsement", sentence, "BOL-90", going_round[0], about=partner)
    if said.keys() >= {*PARTNERS} and not record.after(begun, RapidReviewOutcomeDecided):
        yield absent("outcome", "What follows the rapid review has not been decided", "BOL-84", *said.values())


# --- the review


def review(record: Record, today: date) -> Iterator[dict[str, Any]]:
    for recorded, commissioned in record.all(ReviewCommissioned)[-1:]:
        rule = "BOL-97" if commissioned.review == "practice-review" else "BOL-124"
        appointed = record.all(ReviewerAppointed)
        if not appointed:
            yield absent("reviewer", "No reviewer has been appointed", rule, recorded)
        elif not record.all(ScopeAgreed):
            yield absent("scope", "The scope of the review has not been agreed", "BOL-185", appointed[0][0])
    chosen = {event.participant for _, event in record.all(ParticipationRecorded)}
    for recorded, invited in record.all(ParticipantInvited):
        if invited.participant not in chosen:
            sentence = "Whether somebody invited agrees to take part is not recorded"
            yield absent("participation-consent", sentence, "BOL-138", recorded, about=invited.participant)
    yield from _report(record)


def _report(record: Record) -> Iterator[dict[str, Any]]:
    drafted = record.last(ReportDrafted)
    if drafted is None or not drafted[1].final:
        return
    draft, text = drafted
    assured = [r for r, e in record.after(draft, ReportQualityAssured) if e.digest == text.digest]
    put = [r for r, e in record.after(draft, ReportPresented) if e.digest == text.digest]
    if not assured and not put:
        yield absent("quality-assurance", "The final draft has not been assured by the review group", "BOL-166", draft)
    elif not put:
        yield absent("presentation", "The report has not been presented to the partnership", "BOL-167", assured[0])
    else:
        yield from _positions_on_the_report(record, put[-1], text.digest)


def _positions_on_the_report(record: Record, put: Recorded, digest: str) -> Iterator[dict[str, Any]]:
    said = {e.organisation: r for r, e in record.all(ReportEndorsementRecorded) if e.digest == digest}
    for partner in PARTNERS:
        if partner not in said:
            yield absent("report-position", f"No position of {say(partner)} on the report is recorded", "BOL-167", put, about=partner)
    if said.keys() >= {*PARTNERS} and not record.after(put, ReportEndorsed, ReportReturned):
        yield absent("report-endorsement", "Whether the partnership endorses the report has not been concluded", "BOL-167", *said.values())
    agreed = {e.participant: r for r, e in record.all(ParticipationRecorded)}
    outcome = {e.participant: e.outcome for _, e in record.all(ParticipationRecorded)}
    heard = {e.participant for _, e in record.all(FamilyViewRecorded)}
    for recorded, invited in record.all(ParticipantInvited):
        who = invited.participant
        if invited.kind in ("child", "family") and outcome.get(who) == "agreed" and who not in heard:
            sentence = "What a child or family member taking part thinks of the findings is not recorded"
            yield absent("family-view", sentence, "BOL-145", recorded, agreed[who], since=put.on, about=who)


# --- learning


def learning(record: Record, today: date) -> Iterator[dict[str, Any]]:
    yield from _briefs(record)
    for recorded, _ in record.endorsed[-1:]:
        if not record.all(LearningElementsChosen):
            yield absent("learning-elements", "How the learning is taken into practice has not been chosen", "BOL-175", recorded)
        yield from _feedback_invitations(record, recorded)
    if record.endorsed and _under_practice_review(record) and not record.all(PublicationDecided):
        yield absent("publication-decision", "Whether the report is published has not been decided", "BOL-8", record.endorsed[-1][0])
    accepted = {event.recommendation for _, event in record.all(RecommendationAccepted)}
    for recorded, issued in record.all(RecommendationIssued):
        if issued.ref not in accepted:
            sentence = f"{sentence_case(called('recommendation', issued.ref))} has not been accepted by those who owe it"
            yield absent("acceptance", sentence, "BOL-164", recorded, about=issued.ref)


def _under_practice_review(record: Record) -> bool:
    commissioned = record.last(ReviewCommissioned)
    return commissioned is not None and commissioned[1].review == "practice-review"


def _briefs(record: Record) -> Iterator[dict[str, Any]]:
    """A brief from each completed review, and from a rapid review that leads to no further one (BOL-93, BOL-176)."""
    published = record.last(LearningBriefPublished)
    if published and not any(
        event.digest in (None, published[1].digest) for _, event in record.after(published[0], LearningBriefWithdrawn)
    ):
        out_since: int = published[0].place
    else:
        out_since = 0
    sent, outcome = record.last(RapidReviewSentToPanel), record.last(RapidReviewOutcomeDecided, DecisionReplaced)
    if sent and outcome and outcome[1].outcome == "no-further-action" and not out_since:
        yield absent("learning-brief", "No learning brief of the rapid review has been published", "BOL-93", sent[0])
    for recorded, _ in record.endorsed[-1:]:
        if out_since < recorded.place:
            yield absent("learning-brief", "No learning brief of the completed review has been published", "BOL-176", recorded)


def _feedback_invitations(record: Record, endorsed: Recorded) -> Iterator[dict[str, Any]]:
    """Everyone who contributed is asked once what they think of the review: those who took part, and the agencies (BOL-171)."""
    asked = {event.participant or event.agency for _, event in record.all(FeedbackInvited)}
    took_part = {e.participant: r for r, e in record.all(ParticipationRecorded) if e.outcome == "agreed"}
    took_part |= {e.participant: r for r, e in record.all(EngagementRecorded) if e.participant}
    took_part |= {e.participant: r for r, e in record.all(FamilyViewRecorded)}
    reported = {event.agency: recorded for recorded, event in record.all(AgencyReportReceived)}
    for who, recorded in took_part.items():
        if who not in asked:
            sentence = "Somebody who took part in the review has not been invited to say what they think of it"
            yield absent("feedback-invitation", sentence, "BOL-171", recorded, since=endorsed.on, about=who)
    for agency, recorded in reported.items():
        if agency not in asked:
            sentence = f"{sentence_case(say(agency))} has not been invited to say what it thinks of the review"
            yield absent("feedback-invitation", sentence, "BOL-171", recorded, since=endorsed.on, about=agency)
