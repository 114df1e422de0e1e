"""What is expected and absent: the non-events of a case, each dated, with the rule that asks for it.

Two kinds. What a clock waits for comes from the clocks, so that the two never disagree. What the guidance asks for without giving
it a time is found here, a group for each stage in the order of the guidance; such an absence is dated from what gave rise to it
and is never late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar, overload

from application.case_view.readable import present
from application.case_view.words import say
from domain.corrections import effective
from domain.holds import HoldLifted, HoldPlaced
from domain.initiation import RapidReviewInitiated
from domain.language import RULE
from domain.people import PARTNERS
from domain.recorded import Recorded
from domain.stages.agency_reports import AgencyAsked, AgencyReportReceived, ChronologyCollated, PackDistributed
from domain.stages.commissioning import ReviewCommissioned, ReviewerAppointed
from domain.stages.escalation import (
    ChallengeRaised,
    ChallengeResolved,
    EscalationLevelEntered,
    RepresentationAnswered,
    RepresentationReceived,
)
from domain.stages.learning import FeedbackInvited, LearningElementsChosen, RecommendationAccepted, RecommendationIssued
from domain.stages.notification import (
    NotificationConsentRecorded,
    NotificationDiscussed,
    NotificationFoundDuplicate,
    NotificationReceived,
    NotificationShared,
    NotificationWithdrawn,
    NotifierSupported,
    SeriousIncidentNotified,
)
from domain.stages.opening import CaseOpened, CaseReferredToArea
from domain.stages.outcome import RapidReviewDiscontinued, RapidReviewOutcomeDecided, RapidReviewSentToPanel
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
from domain.stages.reopening import DecisionConfirmed, DecisionReopened, DecisionReplaced
from domain.stages.review import (
    DelayReported,
    ReportDrafted,
    ReportEndorsed,
    ReportEndorsementRecorded,
    ReportPresented,
    ReportQualityAssured,
    ReportReturned,
    ScopeAgreed,
)
from domain.stages.threshold import LearningConsidered, PartnerMeetingConvened, PartnerPositionRecorded, ThresholdDecided

E = TypeVar("E")

WAITED_FOR = {
    "serious-incident-notification": "The Panel has not been notified of the serious incident",
    "local-form": "The local form has not been sent to the safeguarding partners",
    "acknowledgement": "The notification has not been acknowledged",
    "copy-to-partners": "The notification has not been shared with each of the three partners",
    "feedback-to-referrer": "The decision has not been fed back to the referrer with its rationale",
    "rapid-review-meeting": "The rapid review meeting has not been held",
    "rapid-review-local": "The rapid review has not been sent to the Panel",
    "rapid-review-national": "The rapid review has not been sent to the Panel",
    "rapid-review-convened": "The rapid review has not been convened",
    "agency-report": "The agency has neither sent its report nor said that it was not involved",
    "practice-review-complete": "The report of the practice review is not endorsed",
    "practice-review-published": "The report of the practice review is not published",
    "pre-publication-copy": "No copy of the endorsed report has been sent ahead of publication",
    "learn-from-success-complete": "The report of the Learn from Success review is not endorsed",
    "local-learning-review-complete": "The report of the Local Learning Review is not endorsed",
    "referral": "No referral has been received",
    "panel-told-of-review": "The Panel has not been told of the local review",
    "looked-after-child-death": "The death of the looked-after child has not been notified",
    "care-leaver-death": "The death of the care leaver has not been notified",
    "progress-review": "No progress review has been held since",
    "recommendation": "No assurance has been accepted on the recommendation",
    "panel-information-request": "The information that the Panel asked for has not been supplied",
}
"""What each clock waits for, said as long as it waits. A clock that nothing stops is not among them."""

WAITING = ("running", "overdue", "elapsed")
PRACTICE_REVIEW = ("practice-review-complete", "practice-review-published")
SUPPORTED = ("parent", "community", "young-person")
ASKS_CONSENT = "bolton"
"""The edition that asks for the family's consent, and for help to those who notify as individuals (BOL-54, BOL-62)."""


def absences(history: Sequence[Recorded], clocks: Iterable[Mapping[str, Any]], today: date) -> list[dict[str, Any]]:
    """What the procedure asks for and the record lacks as of `today`, by the day since which it is expected.

    `clocks` are the items of `clock_items`. Each absence has `absent` (a code), `sentence`, `rule`, `since`, `events` (the places
    that give rise to it) and, where there is one, `about`; what a clock waits for has its `clock`, `due`, `verdict`,
    `overdue_by` and `owed_by` as well, and its rule in words as `within`.
    """
    record = _Record(effective(history))
    known = [*clocks]
    found = [*_waited_for(known), *_delays_unreported(known, record)]
    if not record.set_aside:
        for group in GROUPS:
            found += group(record, today)
    return sorted(found, key=lambda absence: (absence.get("since") or absence.get("due") or "", absence["absent"]))


class _Record:
    """A history, asked by kind of event."""

    def __init__(self, entries: Sequence[Recorded]) -> None:
        self.entries = entries

    @overload
    def all(self, kind: type[E], /) -> list[tuple[Recorded, E]]: ...

    @overload
    def all(self, *kinds: type[Any]) -> list[tuple[Recorded, Any]]: ...

    def all(self, *kinds: type[Any]) -> list[tuple[Recorded, Any]]:
        """Every event of these kinds in the order recorded."""
        return [(recorded, recorded.event) for recorded in self.entries if isinstance(recorded.event, kinds)]

    @overload
    def last(self, kind: type[E], /) -> tuple[Recorded, E] | None: ...

    @overload
    def last(self, *kinds: type[Any]) -> tuple[Recorded, Any] | None: ...

    def last(self, *kinds: type[Any]) -> tuple[Recorded, Any] | None:
        """The one of these kinds recorded last."""
        found = self.all(*kinds)
        return found[-1] if found else None

    def after(self, recorded: Recorded, *kinds: type[Any]) -> list[tuple[Recorded, Any]]:
        """Those recorded after this one."""
        return [(other, event) for other, event in self.all(*kinds) if other.place > recorded.place]

    @property
    def opened(self) -> CaseOpened | None:
        found = self.last(CaseOpened)
        return found[1] if found else None

    @property
    def route(self) -> str:
        return self.opened.route if self.opened else ""

    @property
    def set_aside(self) -> bool:
        """Whether the case is another area's, or its notification a duplicate or withdrawn: nothing further is asked here."""
        return bool(self.all(CaseReferredToArea, NotificationFoundDuplicate, NotificationWithdrawn))

    @property
    def rapid_review(self) -> Recorded | None:
        """The beginning of the rapid review, unless it was discontinued."""
        begun = self.last(RapidReviewInitiated)
        return begun[0] if begun and not self.after(begun[0], RapidReviewDiscontinued) else None

    @property
    def endorsed(self) -> list[tuple[Recorded, ReportEndorsed]]:
        """The reports endorsed and not returned since."""
        return [
            (r, e) for r, e in self.all(ReportEndorsed) if not any(back.digest == e.digest for _, back in self.after(r, ReportReturned))
        ]


def _absent(
    what: str, sentence: str, rule: str, *because_of: Recorded, since: date | None = None, about: str | None = None
) -> dict[str, Any]:
    day = since or max(recorded.on for recorded in because_of)
    places = [recorded.place for recorded in because_of]
    return present(absent=what, about=about, sentence=f"{sentence}.", rule=rule, since=day.isoformat(), events=places)


# --- what a clock waits for


def _waited_for(clocks: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    kept = ("clock", "about", "due", "verdict", "overdue_by", "owed_by", "source", "events")
    for clock in clocks:
        if clock["clock"] in WAITED_FOR and clock["verdict"] in WAITING and "done" not in clock:
            cited = RULE.search(clock["source"])
            yield {
                "absent": clock["clock"],
                "sentence": f"{WAITED_FOR[clock['clock']]}.",
                "rule": cited.group() if cited else clock["source"],
                "within": clock["rule"],
                **present(since=clock.get("from")),
                **{name: clock[name] for name in kept if name in clock},
            }


def _delays_unreported(clocks: Iterable[Mapping[str, Any]], record: _Record) -> Iterator[dict[str, Any]]:
    """A practice review past its six months of which nobody was told why (X-2)."""
    late = [clock for clock in clocks if clock["clock"] in PRACTICE_REVIEW and clock["verdict"] == "overdue"]
    if late and not record.all(DelayReported):
        yield {
            "absent": "delay-reported",
            "sentence": "Neither the Panel nor the Secretary of State has been told why the review takes longer.",
            "rule": "X-2",
            "since": min(clock["due"] for clock in late),
            "events": sorted({place for clock in late for place in clock["events"]}),
        }


# --- notification


def _notification(record: _Record, today: date) -> Iterator[dict[str, Any]]:
    received, notified = record.all(NotificationReceived), record.all(SeriousIncidentNotified)
    if record.route == "organisation" and received:
        first, form = received[0]
        if not record.all(NotificationDiscussed):
            urgent = ", which was said to be urgent" if form.overrode else ""
            yield _absent("discussion", f"No discussion before the notification is recorded{urgent}", "BOL-52", first)
        if first.procedure.local == ASKS_CONSENT and not record.all(NotificationConsentRecorded):
            yield _absent("consent", "Whether the family's consent was sought, and what they said, is not recorded", "BOL-54", first)
    if record.route == "local-authority" and notified and not record.all(NotificationDiscussed):
        yield _absent("discussion", "No discussion before the notification is recorded", "BOL-42", notified[0][0])
    if record.route in SUPPORTED and received and not record.all(NotifierSupported):
        yield _absent("support", "No help to the person who notified is recorded", "BOL-62", received[0][0])


# --- the partners' decision


def _threshold(record: _Record, today: date) -> Iterator[dict[str, Any]]:
    decided = record.all(ThresholdDecided)
    shared = {event.partner: recorded for recorded, event in reversed(record.all(NotificationShared))}
    spoken = record.all(PartnerPositionRecorded)
    convened = [(r, e) for r, e in record.all(PartnerMeetingConvened) if e.meets_on <= today]
    if shared.keys() >= {*PARTNERS} and record.route != "local-authority" and not record.all(PartnerMeetingConvened) and not spoken:
        yield _absent("partner-meeting", "The three partners have not been called to meet", "BOL-66", *shared.values())
    if convened and not decided and not spoken:
        meeting, event = convened[-1]
        for partner in PARTNERS:
            sentence = f"No position of {say(partner)} is recorded"
            yield _absent("position", sentence, "BOL-66", meeting, since=event.meets_on, about=partner)
    yield from _rounds(record)
    yield from _learning_considered(record)


def _rounds(record: _Record) -> Iterator[dict[str, Any]]:
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
                yield _absent("position", f"No position of {say(partner)} is recorded in {ref}", "BOL-66", positions[0], about=partner)
        if said.keys() >= {*PARTNERS}:
            yield _absent("decision", f"The three positions of {ref} have not led to a decision", "BOL-66", *positions, about=ref)
    for recorded, reopened in record.all(DecisionReopened):
        again = record.after(recorded, PartnerPositionRecorded)
        if not again and not record.after(recorded, DecisionConfirmed, DecisionReplaced):
            sentence = f"The partners have not looked again at {reopened.decision}, which is re-opened"
            yield _absent("decision-again", sentence, "BOL-94", recorded, about=reopened.decision)


def _learning_considered(record: _Record) -> Iterator[dict[str, Any]]:
    """Every decision that a threshold is not met, of which no consideration of the learning is recorded (BOL-68)."""
    considered = {event.decision for _, event in record.all(LearningConsidered)}
    for recorded, event in record.all(ThresholdDecided, DecisionReplaced):
        if event.outcome == "not-met" and event.ref not in considered:
            yield _absent(
                "learning-considered", f"What can be learnt was not considered with {event.ref}", "BOL-68", recorded, about=event.ref
            )


# --- the rapid review


def _rapid_review(record: _Record, today: date) -> Iterator[dict[str, Any]]:
    begun = record.rapid_review
    if begun is None:
        return
    if not record.all(FacilitatorAssigned):
        yield _absent("facilitator", "Nobody has been assigned to facilitate the rapid review", "BOL-87", begun)
    asked, held = record.after(begun, AgencyAsked), record.after(begun, RapidReviewMeetingHeld)
    if not asked:
        yield _absent("agencies", "No agency has been asked for its report", "BOL-75", begun)
    elif held and not record.after(begun, ChronologyCollated):
        yield _absent("chronology", "The agencies' chronologies have not been brought together", "BOL-78", held[0][0])
    if asked and held and not record.after(begun, PackDistributed):
        yield _absent("pack", "The agencies' reports have not gone to the rapid review group", "BOL-79", held[0][0])
    if held and not record.after(begun, RapidReviewReportDrafted):
        yield _absent("rapid-review-report", "The report of the rapid review has not been drafted", "BOL-89", held[0][0])
    yield from _endorsing(record, begun)


def _endorsing(record: _Record, begun: Recorded) -> Iterator[dict[str, Any]]:
    drafted, circulated = record.after(begun, RapidReviewReportDrafted), record.after(begun, RapidReviewReportCirculated)
    if not drafted:
        return
    draft, text = drafted[-1]
    going_round = [recorded for recorded, event in circulated if event.digest == text.digest and recorded.place > draft.place]
    if not going_round:
        yield _absent("circulation", "The report of the rapid review has not gone to the partners for endorsement", "BOL-90", draft)
        return
    said = {e.partner: r for r, e in record.after(draft, RapidReviewEndorsed, RapidReviewEndorsementWithheld) if e.digest == text.digest}
    for partner in PARTNERS:
        if partner not in said:
            sentence = f"Whether {say(partner)} endorses the report of the rapid review is not recorded"
            yield _absent("endorsement", sentence, "BOL-90", going_round[0], about=partner)
    if said.keys() >= {*PARTNERS} and not record.after(begun, RapidReviewOutcomeDecided):
        yield _absent("outcome", "What follows the rapid review has not been decided", "BOL-84", *said.values())


# --- challenges and representations


def _challenges(record: _Record, today: date) -> Iterator[dict[str, Any]]:
    answered = {event.representation for _, event in record.all(RepresentationAnswered)}
    for recorded, said in record.all(RepresentationReceived):
        if said.ref not in answered:
            yield _absent("answer", f"The representation {said.ref} has not been answered", "X-16", recorded, about=said.ref)
    heard = {event.challenge for _, event in record.all(EscalationLevelEntered)}
    resolved = {event.challenge for _, event in record.all(ChallengeResolved)}
    for recorded, challenge in record.all(ChallengeRaised):
        if challenge.ref not in heard | resolved:
            sentence = f"The challenge {challenge.ref} has not been taken to a level where it is heard"
            yield _absent("escalation-level", sentence, "R-14", recorded, about=challenge.ref)


# --- the review


def _review(record: _Record, today: date) -> Iterator[dict[str, Any]]:
    for recorded, commissioned in record.all(ReviewCommissioned)[-1:]:
        rule = "BOL-97" if commissioned.review == "practice-review" else "BOL-124"
        appointed = record.all(ReviewerAppointed)
        if not appointed:
            yield _absent("reviewer", "No reviewer has been appointed", rule, recorded)
        elif not record.all(ScopeAgreed):
            yield _absent("scope", "The scope of the review has not been agreed", "BOL-185", appointed[0][0])
    chosen = {event.participant for _, event in record.all(ParticipationRecorded)}
    for recorded, invited in record.all(ParticipantInvited):
        if invited.participant not in chosen:
            sentence = "Whether somebody invited agrees to take part is not recorded"
            yield _absent("participation-consent", sentence, "BOL-138", recorded, about=invited.participant)
    yield from _report(record)


def _report(record: _Record) -> Iterator[dict[str, Any]]:
    drafted = record.last(ReportDrafted)
    if drafted is None or not drafted[1].final:
        return
    draft, text = drafted
    assured = [r for r, e in record.after(draft, ReportQualityAssured) if e.digest == text.digest]
    put = [r for r, e in record.after(draft, ReportPresented) if e.digest == text.digest]
    if not assured and not put:
        yield _absent("quality-assurance", "The final draft has not been assured by the review group", "BOL-166", draft)
    elif not put:
        yield _absent("presentation", "The report has not been presented to the partnership", "BOL-167", assured[0])
    else:
        yield from _positions_on_the_report(record, put[-1], text.digest)


def _positions_on_the_report(record: _Record, put: Recorded, digest: str) -> Iterator[dict[str, Any]]:
    said = {e.organisation: r for r, e in record.all(ReportEndorsementRecorded) if e.digest == digest}
    for partner in PARTNERS:
        if partner not in said:
            yield _absent("report-position", f"No position of {say(partner)} on the report is recorded", "BOL-167", put, about=partner)
    if said.keys() >= {*PARTNERS} and not record.after(put, ReportEndorsed, ReportReturned):
        yield _absent("report-endorsement", "Whether the partnership endorses the report has not been concluded", "BOL-167", *said.values())
    agreed = {e.participant: r for r, e in record.all(ParticipationRecorded)}
    outcome = {e.participant: e.outcome for _, e in record.all(ParticipationRecorded)}
    heard = {e.participant for _, e in record.all(FamilyViewRecorded)}
    for recorded, invited in record.all(ParticipantInvited):
        who = invited.participant
        if invited.kind in ("child", "family") and outcome.get(who) == "agreed" and who not in heard:
            sentence = "What a child or family member taking part thinks of the findings is not recorded"
            yield _absent("family-view", sentence, "BOL-145", recorded, agreed[who], since=put.on, about=who)


# --- learning


def _learning(record: _Record, today: date) -> Iterator[dict[str, Any]]:
    yield from _briefs(record)
    for recorded, _ in record.endorsed[-1:]:
        if not record.all(LearningElementsChosen):
            yield _absent("learning-elements", "How the learning is taken into practice has not been chosen", "BOL-175", recorded)
        yield from _feedback_invitations(record, recorded)
    if record.endorsed and _under_practice_review(record) and not record.all(PublicationDecided):
        yield _absent("publication-decision", "Whether the report is published has not been decided", "BOL-8", record.endorsed[-1][0])
    accepted = {event.recommendation for _, event in record.all(RecommendationAccepted)}
    for recorded, issued in record.all(RecommendationIssued):
        if issued.ref not in accepted:
            sentence = f"The recommendation {issued.ref} has not been accepted by those who owe it"
            yield _absent("acceptance", sentence, "BOL-164", recorded, about=issued.ref)


def _under_practice_review(record: _Record) -> bool:
    commissioned = record.last(ReviewCommissioned)
    return commissioned is not None and commissioned[1].review == "practice-review"


def _briefs(record: _Record) -> Iterator[dict[str, Any]]:
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
        yield _absent("learning-brief", "No learning brief of the rapid review has been published", "BOL-93", sent[0])
    for recorded, _ in record.endorsed[-1:]:
        if out_since < recorded.place:
            yield _absent("learning-brief", "No learning brief of the completed review has been published", "BOL-176", recorded)


def _feedback_invitations(record: _Record, endorsed: Recorded) -> Iterator[dict[str, Any]]:
    """Everyone who contributed is asked once what they think of the review: those who took part, and the agencies (BOL-171)."""
    asked = {event.participant or event.agency for _, event in record.all(FeedbackInvited)}
    took_part = {e.participant: r for r, e in record.all(ParticipationRecorded) if e.outcome == "agreed"}
    took_part |= {e.participant: r for r, e in record.all(EngagementRecorded) if e.participant}
    took_part |= {e.participant: r for r, e in record.all(FamilyViewRecorded)}
    reported = {event.agency: recorded for recorded, event in record.all(AgencyReportReceived)}
    for who, recorded in took_part.items():
        if who not in asked:
            sentence = "Somebody who took part in the review has not been invited to say what they think of it"
            yield _absent("feedback-invitation", sentence, "BOL-171", recorded, since=endorsed.on, about=who)
    for agency, recorded in reported.items():
        if agency not in asked:
            sentence = f"{say(agency)[:1].upper()}{say(agency)[1:]} has not been invited to say what it thinks of the review"
            yield _absent("feedback-invitation", sentence, "BOL-171", recorded, since=endorsed.on, about=agency)


# --- holds


def _holds(record: _Record, today: date) -> Iterator[dict[str, Any]]:
    lifted = {event.ref for _, event in record.all(HoldLifted)}
    for recorded, hold in record.all(HoldPlaced):
        if hold.ref not in lifted and hold.review_on < today:
            sentence = f"The hold {hold.ref} has not been looked at again on the day set for it"
            yield _absent("hold-review", sentence, "BOL-146", recorded, since=hold.review_on, about=hold.ref)


GROUPS = (_notification, _threshold, _rapid_review, _challenges, _review, _learning, _holds)
