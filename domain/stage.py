"""Where a case stands in its life, in the words a business manager would use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from domain.corrections import effective
from domain.initiation import RapidReviewInitiated
from domain.people import PARTNERS
from domain.recorded import Recorded
from domain.stages.closing import CaseClosed, CaseReopened
from domain.stages.commissioning import ReviewCommissioned, ReviewerAppointed, ReviewerRemoved
from domain.stages.learning import RecommendationIssued
from domain.stages.notification import (
    NotificationFoundDuplicate,
    NotificationReceived,
    NotificationShared,
    NotificationWithdrawn,
    SeriousIncidentNotified,
)
from domain.stages.opening import CaseOpened, CaseReferredToArea
from domain.stages.outcome import RapidReviewDiscontinued, RapidReviewOutcomeDecided, RapidReviewSentToPanel
from domain.stages.publication import LearningBriefPublished, PublicationDecided, PublicationPlanned, ReportPublished
from domain.stages.rapid_review import RapidReviewReportCirculated
from domain.stages.reopening import DecisionConfirmed, DecisionReopened, DecisionReplaced
from domain.stages.review import ReportEndorsed, ReportPresented, ReportReturned
from domain.stages.threshold import PartnerMeetingConvened, PartnerPositionRecorded, ThresholdDecided

STAGES = {
    "opened": "opened, not yet notified",
    "notified": "notification received",
    "with-the-partners": "with the three partners for their decision",
    "not-met": "threshold not met",
    "met": "threshold met",
    "rapid-review": "rapid review under way",
    "rapid-review-report": "rapid review report with the three partners",
    "outcome-decided": "outcome of the rapid review decided",
    "with-the-panel": "rapid review sent to the Panel",
    "discontinued": "rapid review discontinued",
    "deciding-again": "a decision re-opened",
    "review-decided": "review decided, to be commissioned",
    "commissioning": "finding a reviewer",
    "review": "review under way",
    "endorsement": "report with the partnership for endorsement",
    "endorsed": "report endorsed",
    "publication": "publication being prepared",
    "published": "report published",
    "learning": "learning into practice",
    "referred": "referred to another area",
    "duplicate": "found to be a duplicate",
    "withdrawn": "notification withdrawn",
    "closed": "closed",
}
"""The stages by their codes, in the order of the guidance, each in words."""

BEFORE_DECIDING = ("", "opened", "notified", "with-the-partners", "not-met", "met")
AFTER_WHICH_LEARNING = ("not-met", "met", "with-the-panel", "discontinued", "endorsed", "publication", "published")
REVIEWS = ("local-review", "practice-review", "learn-from-success", "local-learning", "thematic")


MOVED_BY = frozenset(
    {
        CaseOpened, NotificationReceived, NotificationShared, PartnerMeetingConvened, PartnerPositionRecorded, ThresholdDecided,
        SeriousIncidentNotified, RapidReviewInitiated, RapidReviewReportCirculated, RapidReviewOutcomeDecided,
        RapidReviewSentToPanel, RapidReviewDiscontinued, DecisionReopened, DecisionConfirmed, DecisionReplaced, ReviewCommissioned,
        ReviewerAppointed, ReviewerRemoved, ReportPresented, ReportReturned, ReportEndorsed, PublicationPlanned, PublicationDecided,
        ReportPublished, LearningBriefPublished, RecommendationIssued, CaseReferredToArea, NotificationFoundDuplicate,
        NotificationWithdrawn, CaseClosed, CaseReopened,
    }
)  # fmt: skip
"""What a case is moved on by; whatever else happens leaves it where it is."""


@dataclass(frozen=True)
class Standing:
    """What the next stage depends on."""

    stage: str = ""
    before: str = ""
    outcome_asks_review: bool = False
    panel_notified: bool = False
    shared_with: frozenset[str] = frozenset()
    reviewers: frozenset[str] = frozenset()


def stage(history: Iterable[Recorded]) -> str:
    """The code of the stage the case has come to; `STAGES` has its words."""
    standing = Standing()
    for recorded in effective(history):
        standing = after(standing, recorded)
    return standing.stage


def after(standing: Standing, recorded: Recorded) -> Standing:
    """The standing once this has happened; what moves a case on to no other stage leaves it where it is."""
    event, now = recorded.event, standing.stage
    if type(event) not in MOVED_BY:
        return standing
    match event:
        case CaseOpened():
            return Standing(stage="opened")
        case NotificationReceived() if now == "opened":
            return replace(standing, stage="notified")
        case NotificationShared():
            shared = standing.shared_with | {event.partner}
            everyone = shared >= {*PARTNERS} and now in ("opened", "notified")
            return replace(standing, shared_with=shared, stage="with-the-partners" if everyone else now)
        case PartnerMeetingConvened() | PartnerPositionRecorded() if now in BEFORE_DECIDING:
            return replace(standing, stage="with-the-partners")
        case ThresholdDecided() if now in (*BEFORE_DECIDING, "discontinued") or event.then in REVIEWS:
            return replace(standing, stage=_decided(event.outcome, event.then))
        case SeriousIncidentNotified():
            return replace(standing, panel_notified=True)
        case RapidReviewInitiated():
            return replace(standing, stage="rapid-review")
        case RapidReviewReportCirculated():
            return replace(standing, stage="rapid-review-report")
        case RapidReviewOutcomeDecided():
            sent = now in ("with-the-panel", "review-decided")
            stands = replace(standing, stage="outcome-decided", outcome_asks_review=event.outcome in REVIEWS)
            return _sent(stands) if sent else stands
        case RapidReviewSentToPanel():
            return _sent(standing)
        case RapidReviewDiscontinued():
            return replace(standing, stage="discontinued", panel_notified=False)
        case DecisionReopened():
            return replace(standing, stage="deciding-again", before=now if now != "deciding-again" else standing.before)
        case DecisionConfirmed():
            return replace(standing, stage=standing.before or now)
        case DecisionReplaced() if event.kind == "threshold":
            # a rapid review under way goes on; once the Panel was notified, a replaced decision no longer ends it
            asked_for = event.then == "rapid-review" or (standing.panel_notified and event.then not in REVIEWS)
            goes_on = asked_for and standing.before not in (*BEFORE_DECIDING, "discontinued")
            return replace(standing, stage=standing.before if goes_on else _decided(event.outcome, event.then))
        case DecisionReplaced():
            return _sent(replace(standing, outcome_asks_review=event.outcome in REVIEWS))
        case ReviewCommissioned():
            return replace(standing, stage="review" if standing.reviewers else "commissioning")
        case ReviewerAppointed():
            return replace(standing, stage="review", reviewers=standing.reviewers | {event.candidate})
        case ReviewerRemoved():
            left = standing.reviewers - {event.candidate}
            return replace(standing, reviewers=left, stage="commissioning" if not left and now == "review" else now)
        case ReportPresented():
            return replace(standing, stage="endorsement")
        case ReportReturned():
            return replace(standing, stage="review")
        case ReportEndorsed():
            return replace(standing, stage="endorsed")
        case PublicationPlanned() | PublicationDecided() if now == "endorsed":
            return replace(standing, stage="publication")
        case ReportPublished():
            return replace(standing, stage="published")
        case LearningBriefPublished() if now in AFTER_WHICH_LEARNING:
            return replace(standing, stage="learning")
        case RecommendationIssued() if now in ("endorsed", "publication", "published"):
            return replace(standing, stage="learning")
        case CaseReferredToArea():
            return replace(standing, stage="referred")
        case NotificationFoundDuplicate():
            return replace(standing, stage="duplicate")
        case NotificationWithdrawn() if now in BEFORE_DECIDING:
            return replace(standing, stage="withdrawn")
        case CaseClosed():
            return replace(standing, stage="closed", before=now)
        case CaseReopened():
            return replace(standing, stage=standing.before or "opened")
        case _:
            return standing


def _decided(outcome: str, then: str) -> str:
    if then == "rapid-review":
        return "rapid-review"
    if then != "none":
        return "review-decided"
    return "met" if outcome == "met" else "not-met"


def _sent(standing: Standing) -> Standing:
    return replace(standing, stage="review-decided" if standing.outcome_asks_review else "with-the-panel")
