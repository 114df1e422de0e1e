"""What is expected and absent: dated non-events with their rule."""

from __future__ import annotations

import json
from datetime import date

from application.case_view.absences import absences
from application.case_view.clock_items import clock_items
from domain.clocks import fold_clocks
from domain.holds import HoldPlaced
from domain.initiation import RapidReviewInitiated
from domain.stages.agency_reports import AgencyAsked, AgencyReportReceived
from domain.stages.commissioning import BOTH_COMMISSIONERS, ReviewCommissioned, ReviewerAppointed
from domain.stages.escalation import RepresentationAnswered, RepresentationReceived
from domain.stages.learning import FeedbackInvited, LearningElementsChosen, RecommendationIssued
from domain.stages.notification import (
    NotificationAcknowledged,
    NotificationConsentRecorded,
    NotificationDiscussed,
    NotificationWithdrawn,
    SeriousIncidentNotified,
)
from domain.stages.outcome import RapidReviewOutcomeDecided, RapidReviewSentToPanel
from domain.stages.participation import ParticipantInvited, ParticipationRecorded
from domain.stages.publication import LearningBriefPublished, LearningBriefWithdrawn
from domain.stages.rapid_review import (
    FacilitatorAssigned,
    RapidReviewEndorsed,
    RapidReviewMeetingHeld,
    RapidReviewReportCirculated,
    RapidReviewReportDrafted,
)
from domain.stages.reopening import DecisionReopened
from domain.stages.review import (
    DelayReported,
    ReportDrafted,
    ReportEndorsed,
    ReportEndorsementRecorded,
    ReportPresented,
    ReportQualityAssured,
)
from domain.stages.threshold import LearningConsidered, PartnerMeetingConvened
from tests.application.case_view.histories import BM, HEALTH, LA, PORTAL, WARD, happened, history, person
from tests.application.case_view.stories import NOTIFIED, A, B, decided, digest, opened, position, received, round_of


def absent(*told, today="2024-10-09", **more):
    recorded, day = history(*told, **more), date.fromisoformat(today)
    found = absences(recorded, clock_items(fold_clocks(recorded), day), day)
    json.dumps(found)
    return found


def named(found, what):
    return [absence for absence in found if absence["absent"] == what]


def codes(found):
    return {absence["absent"] for absence in found}


def test_what_a_clock_waits_for_is_absent_since_its_trigger_and_says_when_it_was_due():
    (absence,) = named(absent(*NOTIFIED, today="2024-10-10"), "acknowledgement")
    assert absence["sentence"] == "The notification has not been acknowledged."
    assert (absence["since"], absence["due"], absence["verdict"], absence["overdue_by"]) == ("2024-10-07", "2024-10-08", "overdue", 2)
    assert (absence["rule"], absence["owed_by"], absence["events"]) == ("BOL-57", "business-manager", [2])
    acknowledged = happened("2024-10-07 14:00", BM, NotificationAcknowledged(to="the trust", channel="secure-email"))
    assert "acknowledgement" not in codes(absent(*NOTIFIED, acknowledged, today="2024-10-10"))


def test_qa_12_a_notification_without_discussion_or_consent_lacks_both_with_their_rules():
    found = absent(*NOTIFIED)
    assert [(a["rule"], a["since"], a["events"]) for a in named(found, "consent")] == [("BOL-54", "2024-10-07", [2])]
    assert [a["rule"] for a in named(found, "discussion")] == ["BOL-52"]
    complete = absent(
        NOTIFIED[0],
        happened("2024-10-04 11:30", WARD, NotificationDiscussed(with_role="line-manager", lived_experience="l", rationale="r")),
        happened("2024-10-04 12:00", WARD, NotificationConsentRecorded(subject="mother", outcome="not-sought", lawful_basis="task")),
        *NOTIFIED[1:],
    )
    assert not {"consent", "discussion"} & codes(complete)


def test_qa_12_a_procedure_that_asks_for_no_consent_lacks_none():
    assert "consent" not in codes(absent(*NOTIFIED, local="barnet"))


def test_a_parent_who_was_not_helped():
    told = (happened("2024-10-04 11:00", BM, opened(route="parent")), happened("2024-10-07 09:30", BM, received()))
    assert [a["rule"] for a in named(absent(*told), "support")] == ["BOL-62"]


def test_qa_4_the_partners_who_have_taken_no_position():
    assert named(absent(*NOTIFIED), "partner-meeting")[0]["since"] == "2024-10-08"
    convened = happened("2024-10-09 10:00", BM, PartnerMeetingConvened(meets_on=date(2024, 10, 10), attendees=("police",)))
    assert not {"position", "partner-meeting"} & codes(absent(*NOTIFIED, convened, today="2024-10-09"))
    waiting = named(absent(*NOTIFIED, convened, today="2024-10-11"), "position")
    assert [(a["about"], a["since"]) for a in waiting] == [(p, "2024-10-10") for p in ("local-authority", "health", "police")]
    one = absent(*NOTIFIED, convened, happened("2024-10-10 10:00", LA, position("local-authority", "met")), today="2024-10-11")
    assert [a["about"] for a in named(one, "position")] == ["health", "police"]
    assert named(one, "position")[0]["sentence"] == "No position of health is recorded in threshold-1."


def test_three_positions_without_a_decision():
    found = absent(*NOTIFIED, *round_of("2024-10-10", "threshold-1", la="met", health="met", police="not-met"))
    assert [(a["about"], a["rule"]) for a in named(found, "decision")] == [("threshold-1", "BOL-66")]


def test_qa_5_a_threshold_not_met_without_any_learning_considered():
    told = (*NOTIFIED, *round_of("2024-10-10", "threshold-1", la="not-met", health="not-met", police="not-met"))
    without = absent(*told, happened("2024-10-10 11:00", BM, decided("not-met")))
    assert [(a["about"], a["rule"], a["since"]) for a in named(without, "learning-considered")] == [("threshold-1", "BOL-68", "2024-10-10")]
    considered = LearningConsidered(decision="threshold-1", learning_considered="none")
    assert "learning-considered" not in codes(absent(*told, happened("2024-10-10 11:00", BM, decided("not-met"), considered)))


def test_a_decision_re_opened_that_nobody_looked_at_again():
    told = (*NOTIFIED, *round_of("2024-10-10", "threshold-1", la="not-met", health="not-met", police="not-met"))
    reopened = DecisionReopened(decision="threshold-1", trigger="new-information", cites="information-1")
    found = absent(*told, happened("2024-10-10 11:00", BM, decided("not-met")), happened("2024-10-20 11:00", BM, reopened))
    assert [(a["about"], a["rule"]) for a in named(found, "decision-again")] == [("threshold-1", "BOL-94")]


RAPID = (
    happened("2024-10-04 10:00", PORTAL, opened(route="local-authority")),
    happened(
        "2024-10-07 10:00",
        PORTAL,
        SeriousIncidentNotified(portal_reference="SIN-1", children=("baby-w",), recipients=("panel",)),
        RapidReviewInitiated(),
    ),
)
HELD = RapidReviewMeetingHeld(
    attendees=("police",), facts=(), immediate_action="i", improvements="i", next_steps="local-review", national_review_view="n"
)


def test_a_rapid_review_that_nobody_facilitates_and_for_which_no_agency_was_asked():
    found = absent(*RAPID)
    assert {a["absent"]: a["rule"] for a in found if a["absent"] in ("facilitator", "agencies", "discussion")} == {
        "facilitator": "BOL-87",
        "agencies": "BOL-75",
        "discussion": "BOL-42",
    }
    assigned = happened("2024-10-07 11:00", BM, FacilitatorAssigned(role="business-manager", person=BM.person))
    assert "facilitator" not in codes(absent(*RAPID, assigned))


def test_qa_7_agencies_that_have_not_answered_and_the_chronology():
    asked = happened("2024-10-08 10:00", BM, AgencyAsked(agency="gp-practice", due_on=date(2024, 10, 14)))
    held = happened("2024-10-16 10:00", BM, HELD)
    found = absent(*RAPID, asked, held, today="2024-10-16")
    (report,) = named(found, "agency-report")
    assert (report["about"], report["due"], report["verdict"]) == ("gp-practice", "2024-10-14", "overdue")
    assert {"chronology", "pack", "rapid-review-report"} <= codes(found)


def test_partners_who_have_not_said_whether_they_endorse():
    circulated = (
        *RAPID,
        happened("2024-10-18 10:00", BM, RapidReviewReportDrafted(digest=A)),
        happened("2024-10-18 11:00", BM, RapidReviewReportCirculated(digest=A)),
        happened("2024-10-21 10:00", HEALTH, RapidReviewEndorsed(partner="health", digest=A, local_review="no", national_review="no")),
    )
    assert [(a["about"], a["since"], a["rule"]) for a in named(absent(*circulated), "endorsement")] == [
        ("local-authority", "2024-10-18", "BOL-90"),
        ("police", "2024-10-18", "BOL-90"),
    ]
    redrafted = absent(*circulated, happened("2024-10-22 10:00", BM, RapidReviewReportDrafted(digest=B)))
    assert "endorsement" not in codes(redrafted)
    assert "circulation" in codes(redrafted)


def test_a_rapid_review_without_further_action_owes_a_learning_brief_until_one_stands():
    outcome = RapidReviewOutcomeDecided(
        ref="outcome-1", outcome="no-further-action", rationale="r", criteria=(), national_review_view="n", digest=A
    )
    told = (*RAPID, happened("2024-10-28 10:00", BM, outcome), happened("2024-10-28 11:00", BM, RapidReviewSentToPanel(digest=A)))
    assert [(a["rule"], a["since"]) for a in named(absent(*told), "learning-brief")] == [("BOL-93", "2024-10-28")]
    brief = happened("2024-11-28 10:00", BM, LearningBriefPublished(digest=B))
    assert "learning-brief" not in codes(absent(*told, brief))
    assert "learning-brief" in codes(absent(*told, brief, happened("2024-12-01 10:00", BM, LearningBriefWithdrawn(because="a name"))))


CHILD, MOTHER, NURSE = person("child"), person("mother"), person("nurse")
REVIEW = (
    happened("2024-10-04 10:00", BM, opened(concern="local-learning")),
    happened("2024-10-14 10:00", BM, ReviewCommissioned(review="local-learning", commissioners=BOTH_COMMISSIONERS)),
    happened("2024-10-28 10:00", BM, ReviewerAppointed(candidate=person("r"), part="lead", source="external")),
    happened(
        "2024-11-04 10:00",
        BM,
        ParticipantInvited(participant=CHILD, kind="child", information_given="leaflet"),
        ParticipantInvited(participant=MOTHER, kind="family", information_given="leaflet"),
        ParticipantInvited(participant=NURSE, kind="practitioner", information_given="leaflet"),
    ),
    happened("2024-11-06 10:00", BM, ParticipationRecorded(participant=CHILD, outcome="declined")),
    happened("2024-11-06 11:00", BM, ParticipationRecorded(participant=MOTHER, outcome="agreed")),
    happened("2024-11-07 11:00", BM, AgencyReportReceived(agency="gp-practice", report_digest=digest("gp"), quality_assured_by="q")),
    happened("2024-12-02 10:00", BM, ReportDrafted(digest=A, final=True)),
)  # fmt: skip
PRESENTED = (
    *REVIEW,
    happened("2024-12-04 10:00", BM, ReportQualityAssured(digest=A, markers=("m",))),
    happened("2024-12-05 10:00", BM, ReportPresented(digest=A, contains=("summary", "analysis", "recommendations"))),
)
ENDORSED = (
    *PRESENTED,
    *(
        happened("2024-12-09 10:00", LA, ReportEndorsementRecorded(organisation=partner, digest=A, position="endorse"))
        for partner in ("local-authority", "health", "police")
    ),
    happened("2024-12-10 10:00", BM, ReportEndorsed(digest=A, outcome="endorsed", review="local-learning")),
)


def test_the_choices_of_those_invited_the_scope_and_the_assurance_of_the_draft():
    found = absent(*REVIEW, today="2024-12-03")
    assert [(a["about"], a["rule"]) for a in named(found, "participation-consent")] == [(NURSE, "BOL-138")]
    assert [a["rule"] for a in named(found, "scope")] == ["BOL-185"]
    assert [a["rule"] for a in named(found, "quality-assurance")] == ["BOL-166"]
    assert "reviewer" not in codes(found)
    assert [a["rule"] for a in named(absent(*REVIEW[:2]), "reviewer")] == ["BOL-124"]


def test_positions_on_the_report_and_the_familys_view_of_it():
    found = absent(*PRESENTED, today="2024-12-06")
    assert [a["about"] for a in named(found, "report-position")] == ["local-authority", "health", "police"]
    assert [(a["about"], a["since"]) for a in named(found, "family-view")] == [(MOTHER, "2024-12-05")]


def test_progress_is_no_longer_to_be_reviewed_once_the_report_is_endorsed():
    assert "progress-review" in codes(absent(*PRESENTED, today="2024-12-06"))
    assert "progress-review" not in codes(absent(*ENDORSED, today="2024-12-20"))


def test_qa_17_everyone_who_contributed_is_invited_to_give_feedback():
    found = absent(*ENDORSED, today="2024-12-20")
    assert [(a["about"], a["rule"], a["since"]) for a in named(found, "feedback-invitation")] == [
        (MOTHER, "BOL-171", "2024-12-10"),
        ("gp-practice", "BOL-171", "2024-12-10"),
    ]
    assert {"learning-brief", "learning-elements"} <= codes(found)
    invited = absent(
        *ENDORSED,
        happened("2024-12-12 10:00", BM, FeedbackInvited(participant=MOTHER), FeedbackInvited(agency="gp-practice")),
        happened("2024-12-12 11:00", BM, LearningElementsChosen(elements=("learning-brief",), rationale="r")),
        happened("2024-12-12 12:00", BM, LearningBriefPublished(digest=B)),
    )
    assert not {"feedback-invitation", "learning-brief", "learning-elements"} & codes(invited)


def test_a_recommendation_nobody_has_accepted_and_a_hold_nobody_has_looked_at_again():
    found = absent(
        *ENDORSED,
        happened("2024-12-12 10:00", BM, RecommendationIssued(ref="r-1", what="w", owners=("gp-practice",), by_when=date(2025, 1, 31))),
        happened(
            "2024-12-12 11:00", BM, HoldPlaced(ref="hold-1", scope="publication", asked_by="a", basis="b", review_on=date(2025, 1, 6))
        ),
        today="2025-01-10",
    )
    assert [(a["about"], a["rule"]) for a in named(found, "acceptance")] == [("r-1", "BOL-164")]
    assert [(a["about"], a["since"]) for a in named(found, "hold-review")] == [("hold-1", "2025-01-06")]
    assert [(a["about"], a["due"]) for a in named(found, "recommendation")] == [("r-1", "2025-01-31")]


def test_qe_14_a_representation_that_was_not_answered():
    said = happened("2022-10-07 10:30", BM, opened(route="parent"), RepresentationReceived(
        ref="representation-1", from_whom="father", about="a", summary="s"
    ))  # fmt: skip
    assert [a["rule"] for a in named(absent(said), "answer")] == ["X-16"]
    answered = happened("2022-10-11 10:30", BM, RepresentationAnswered(representation="representation-1", answer="a"))
    assert "answer" not in codes(absent(said, answered))


def test_qe_15_a_late_practice_review_of_which_nobody_was_told_why():
    decision = RapidReviewOutcomeDecided(
        ref="outcome-1", outcome="local-review", rationale="r", criteria=(), national_review_view="n", digest=A
    )
    told = (*RAPID, happened("2024-10-28 10:00", BM, decision))
    assert "delay-reported" not in codes(absent(*told, today="2025-04-28"))
    (absence,) = named(absent(*told, today="2025-04-29"), "delay-reported")
    assert (absence["rule"], absence["since"]) == ("X-2", "2025-04-28")
    reported = happened("2025-04-20 10:00", BM, DelayReported(told=("panel", "secretary-of-state")))
    assert "delay-reported" not in codes(absent(*told, reported, today="2025-04-29"))


def test_a_withdrawn_notification_asks_for_nothing_further():
    withdrawn = happened("2024-10-09 10:00", BM, NotificationWithdrawn(because="b"))
    assert not {"consent", "discussion", "partner-meeting"} & codes(absent(*NOTIFIED, withdrawn))


def test_absences_stand_in_order_of_the_day_since_which_they_are_expected():
    found = absent(*ENDORSED, today="2025-01-20")
    days = [absence.get("since") or absence["due"] for absence in found]
    assert days == sorted(days)
    assert all(absence["sentence"].endswith(".") and absence["rule"] and absence["events"] for absence in found)
