"""What the three partners say, for the stories of several chapters."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.language import Command
from domain.stages.agency_reports import AgencyAsked, AgencyReportReceived, ChronologyCollated
from domain.stages.notification import SeriousIncidentNotified
from domain.stages.outcome import DecideRapidReviewOutcome
from domain.stages.rapid_review import EndorseRapidReview, RapidReviewMeetingHeld, RapidReviewReportCirculated, RapidReviewReportDrafted
from domain.stages.threshold import DecideThreshold, RecordPartnerPosition
from tests.domain.given import ALL_THREE, A, Told, by, digest

CRITERIA = ("improvements", "recurrent-themes", "joint-working", "panel-view")


def position(who: str, stance: Any = "met", question: Any = "serious", **more: Any) -> Told:
    """A delegated partner says where they stand."""
    partner: Any = who.split("/")[1]
    return by(who, RecordPartnerPosition(partner=partner, question=question, position=stance, rationale="as I see it", **more))


def three(*stances: Any, question: Any = "serious", **more: Any) -> list[Told]:
    """Local authority, health and police say where they stand, in this order."""
    return [position(who, stance, question, **more) for who, stance in zip(ALL_THREE, stances, strict=True)]


def decided(outcome: Any = "met", question: Any = "serious", **more: Any) -> DecideThreshold:
    """The three decide, with all that the outcome needs."""
    if outcome == "not-met":
        more = {"learning_considered": "an audit of bath-time advice", **more}
    return DecideThreshold(**{"threshold": question, "outcome": outcome, "rationale": "as the three see it", **more})


def endorsing(who: str, text: str = A, position: Any = "endorse", local_review: Any = "no") -> Told:
    """A delegated partner speaks to the circulated report."""
    partner: Any = who.split("/")[1]
    return by(who, EndorseRapidReview(partner=partner, digest=text, position=position, local_review=local_review, national_review="no"))


def all_endorsing(text: str = A, **more: Any) -> list[Told]:
    return [endorsing(who, text, **more) for who in ALL_THREE]


def considered(*criteria: str) -> tuple[dict[str, str], ...]:
    """These criteria of the regulations, each with a word why; all four where none is named."""
    return tuple({"criterion": criterion, "met": "no", "why": "not here"} for criterion in criteria or CRITERIA)


def outcome(what: Any = "no-further-action", **more: Any) -> Command:
    """The three decide on the report that they endorse."""
    fields = {"outcome": what, "rationale": "learning is clear", "criteria": considered(), "national_review_view": "not needed", **more}
    return DecideRapidReviewOutcome(**fields)


NOTIFIED = SeriousIncidentNotified(portal_reference="SIN-W", children=("baby-w",), recipients=("panel",))
REPORTED = AgencyReportReceived(agency="gp-practice", report_digest=digest("gp"), quality_assured_by="service lead")
COLLATED = ChronologyCollated(digest=digest("chronology"))
MET = RapidReviewMeetingHeld(
    attendees=("local-authority", "health", "police"),
    facts=(),
    immediate_action="daily visits from today",
    improvements="who sees a small child between visits",
    next_steps="no-further-action",
    national_review_view="not needed",
)
DRAFTED = RapidReviewReportDrafted(digest=A)
CIRCULATED = RapidReviewReportCirculated(digest=A)


def asked(agency: str, **more: Any) -> AgencyAsked:
    return AgencyAsked(agency=agency, due_on=date(2024, 10, 24), **more)
