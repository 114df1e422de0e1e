"""Challenges, representations and concerns about a report, with their days, and what safeguarding went on meanwhile."""

from __future__ import annotations

import json
from datetime import date

from application.case_view.escalations import escalations
from domain.stages.escalation import (
    ChallengeRaised,
    ChallengeResolved,
    EscalationLevelEntered,
    EscalationViewRecorded,
    RepresentationAnswered,
    RepresentationReceived,
)
from domain.stages.notification import LocalFormSent, SeriousIncidentNotified
from domain.stages.rapid_review import ImmediateActionRecorded
from domain.stages.reopening import DecisionReopened
from domain.stages.review import ProgressReviewHeld, ReportConcernEscalated, ReportConcernRaised, ReportConcernResolved
from domain.working_days import NEWEST
from tests.application.case_view.histories import BM, HEALTH, LA, PORTAL, SCRUTINEER, WARD, asker, happened, history
from tests.application.case_view.stories import NOTIFIED, decided, opened, round_of

RAISED = happened(
    "2024-10-14 09:00", WARD, ChallengeRaised(ref="challenge-1", decision="threshold-1", organisation="hospital-trust", grounds="force")
)
LEVELS = (
    happened("2024-10-16 10:00", BM, EscalationLevelEntered(challenge="challenge-1", level=1, heard_by=("business-manager",))),
    happened("2024-10-16 11:00", WARD, EscalationViewRecorded(challenge="challenge-1", level=1, view="not settled")),
    happened(
        "2024-10-21 10:00", BM, EscalationLevelEntered(challenge="challenge-1", level=2, heard_by=("delegated-partner", "scrutineer"))
    ),
    happened("2024-10-22 10:00", SCRUTINEER, EscalationViewRecorded(challenge="challenge-1", level=2, view="suspicion is enough")),
)
UPHELD = (
    happened("2024-10-24 10:00", HEALTH, ChallengeResolved(challenge="challenge-1", outcome="upheld", rationale="enough")),
    happened("2024-10-25 09:00", HEALTH, DecisionReopened(decision="threshold-1", trigger="challenge-upheld", cites="challenge-1")),
)
BEFORE = (
    *NOTIFIED,
    *round_of("2024-10-10", "threshold-1", la="not-met", health="not-met", police="not-met"),
    happened("2024-10-10 10:30", BM, decided("not-met")),
)


def told(*happenings, today="2024-11-01"):
    return escalations(history(*happenings), date.fromisoformat(today), NEWEST)


def test_qe_4_each_level_has_its_days_in_working_and_calendar_days_and_who_was_heard():
    (challenge,) = told(*BEFORE, RAISED, *LEVELS, *UPHELD)
    assert (challenge["kind"], challenge["ref"], challenge["decision"], challenge["open"]) == (
        "challenge",
        "challenge-1",
        "threshold-1",
        False,
    )
    waiting, first, second = challenge["levels"]
    assert waiting == {"level": 0, "from": "2024-10-14", "until": "2024-10-16", "working_days": 2, "calendar_days": 2}
    assert (first["from"], first["until"], first["working_days"], first["calendar_days"]) == ("2024-10-16", "2024-10-21", 3, 5)
    assert (second["from"], second["until"], second["working_days"], second["calendar_days"]) == ("2024-10-21", "2024-10-24", 3, 3)
    assert second["heard_by"] == ["delegated-partner", "scrutineer"]
    assert [heard["by"]["role"] for heard in second["heard"]] == ["scrutineer"]
    assert challenge["resolved"]["outcome"] == "upheld"
    assert challenge["reopened"][0]["decision"] == "threshold-1"
    assert (challenge["working_days"], challenge["calendar_days"]) == (8, 10)
    json.dumps(challenge)


def test_qe_4_what_did_not_wait_for_the_challenge_and_what_came_only_after_it():
    (challenge,) = told(
        *BEFORE,
        RAISED,
        happened("2024-10-15 12:00", LA, ImmediateActionRecorded(for_whom="linked-children", action="moved", owner="x")),
        *LEVELS,
        *UPHELD,
        happened(
            "2024-10-28 09:30", PORTAL, SeriousIncidentNotified(portal_reference="SIN-W", children=("baby-w",), recipients=("panel",))
        ),
    )
    assert [(step["name"], step["on"]) for step in challenge["did_not_wait"]] == [("immediate-action-recorded", "2024-10-15")]
    (later,) = challenge["came_after"]
    assert (later["name"], later["could_have_been_since"], later["on"]) == ("serious-incident-notified", "2024-10-14", "2024-10-28")


def test_qe_5_the_authority_notified_the_panel_while_the_challenge_stood():
    (challenge,) = told(
        *BEFORE,
        RAISED,
        happened(
            "2024-10-15 09:30", PORTAL, SeriousIncidentNotified(portal_reference="SIN-W", children=("baby-w",), recipients=("panel",))
        ),
        happened("2024-10-15 09:40", PORTAL, LocalFormSent(recipients=("police",))),
        *LEVELS,
        *UPHELD,
    )
    assert [step["name"] for step in challenge["did_not_wait"]] == ["serious-incident-notified", "local-form-sent"]
    assert challenge["came_after"] == []


def test_qe_4_an_open_challenge_is_counted_to_the_day_asked_about():
    (challenge,) = told(*BEFORE, RAISED, *LEVELS, today="2024-10-28")
    assert challenge["open"] is True
    assert "resolved" not in challenge
    assert challenge["levels"][-1]["working_days"] == 5
    assert "until" not in challenge["levels"][-1]
    assert challenge["came_after"] == [{"name": "serious-incident-notified", "could_have_been_since": "2024-10-14", "taken": False}]


def test_no_notification_is_missed_where_the_statutory_test_is_not_met():
    injured = happened("2024-10-04 11:00", WARD, opened(incident=None))
    (challenge,) = told(injured, *BEFORE[1:], RAISED, *LEVELS)
    assert challenge["came_after"] == []


def test_qe_7_a_concern_about_the_report_names_its_progress_review_and_how_it_was_answered():
    (concern,) = told(
        happened("2025-01-06 10:00", BM, opened(concern="local-learning")),
        happened("2025-01-20 10:00", BM, ProgressReviewHeld(summary="s")),
        happened("2025-02-10 10:00", BM, ProgressReviewHeld(summary="s")),
        happened("2025-02-12 10:00", asker("partnership-member/gp-practice"), ReportConcernRaised(
            ref="concern-1", about="accuracy", passage="p", concern="c"
        )),
        happened("2025-02-20 10:00", BM, ReportConcernEscalated(concern="concern-1", level=1)),
        happened("2025-02-26 10:00", BM, ReportConcernResolved(concern="concern-1", outcome="changed", rationale="r")),
    )  # fmt: skip
    assert (concern["kind"], concern["about"], concern["organisation"]) == ("report-concern", "accuracy", "gp-practice")
    assert (concern["after_progress_review"]["n"], concern["after_progress_review"]["on"]) == (2, "2025-02-10")
    assert [(level["level"], level["working_days"]) for level in concern["levels"]] == [(0, 6), (1, 4)]
    assert concern["resolved"]["outcome"] == "changed"
    assert "heard" not in concern["levels"][1]


def test_qe_14_a_parents_disagreement_was_recorded_and_answered():
    (representation,) = told(
        happened("2022-10-07 10:30", BM, opened(route="parent"), RepresentationReceived(
            ref="representation-1", from_whom="father", about="threshold-1", summary="it was serious to us"
        )),
        happened("2022-10-11 10:00", BM, RepresentationAnswered(representation="representation-1", answer="heard")),
    )  # fmt: skip
    assert (representation["kind"], representation["levels"], representation["open"]) == ("representation", [], False)
    assert (representation["resolved"]["on"], representation["working_days"]) == ("2022-10-11", 2)
    assert "father" not in json.dumps(representation)
