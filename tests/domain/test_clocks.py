"""Every clock: counted from what, until when, stopped by what (CLK-01 … CLK-24)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.initiation import RapidReviewInitiated
from domain.language import CaseEvent
from tests.domain.recording import (
    added,
    aware,
    child,
    day,
    decided,
    event,
    items,
    names,
    notified,
    opened,
    outcome,
    replaced,
    shared,
    shown,
    told,
)

STATUTORY = "serious-incident-notification"


# --- serious-incident-notification (CLK-01)


def test_five_working_days_from_awareness():
    history = told(day("2023-10-26", opened(), aware()), day("2023-11-01", notified("child-1")))
    assert shown(history, "2023-11-20", STATUTORY) == ["from 2023-10-26 due 2023-11-02 done 2023-11-01: on-time"]


def test_only_the_awareness_of_the_authority_in_whose_area_it_happened_counts():
    history = told(day("2023-10-26", opened(area="Bury"), aware("bolton")), day("2023-10-30", aware("bury")))
    assert shown(history, "2023-11-01", STATUTORY) == ["from 2023-10-30 due 2023-11-06: running"]
    assert shown(history[:2], "2023-11-01", STATUTORY) == []


def test_outside_england_it_is_the_authority_where_the_child_lives():
    abroad = opened(child("child-1", area="Bolton"), area="spain", in_england=False)
    assert shown(told(day("2023-10-26", abroad, aware("spain"))), "2023-11-01", STATUTORY) == []
    assert shown(told(day("2023-10-26", abroad, aware("bolton"))), "2023-11-01", STATUTORY) == ["from 2023-10-26 due 2023-11-02: running"]


@pytest.mark.parametrize(
    ("harm", "abuse_or_neglect", "runs"),
    [
        ("died", "known", True),
        ("seriously-harmed", "suspected", True),
        ("injured", "known", False),
        ("harmed-another", "known", False),
        ("died", "ruled-out", False),
        ("died", "not-applicable", False),
    ],
)
def test_it_runs_where_the_statutory_test_is_met(harm: str, abuse_or_neglect: str, runs: bool):
    history = told(day("2023-10-26", opened(harm=harm, abuse_or_neglect=abuse_or_neglect), aware()))
    assert (STATUTORY in names(history)) == runs


def test_it_waits_for_the_last_notification_needed_one_for_each_child_who_died():
    two = opened(child("elder", "died"), child("younger", "died"), harm="died")
    history = told(day("2023-10-26", two, aware()), day("2023-10-30", notified("elder")), day("2023-11-06", notified("younger")))
    assert shown(history[:3], "2023-11-01", STATUTORY) == ["from 2023-10-26 due 2023-11-02: running"]
    assert shown(history, "2023-11-06", STATUTORY) == ["from 2023-10-26 due 2023-11-02 done 2023-11-06: late by 2"]


def test_one_notification_does_for_siblings_seriously_harmed():
    three = opened(child("dead", "died"), child("hurt-1"), child("hurt-2"), harm="died")
    history = told(day("2023-10-26", three, aware()), day("2023-10-30", notified("dead")), day("2023-10-31", notified("hurt-2")))
    assert shown(history, "2023-11-01", STATUTORY) == ["from 2023-10-26 due 2023-11-02 done 2023-10-31: on-time"]


def test_where_no_child_is_so_marked_the_first_notification_is_enough():
    history = told(day("2023-10-26", opened(child("child-1", "injured")), aware()), day("2023-10-27", notified("child-1")))
    assert shown(history, "2023-11-01", STATUTORY) == ["from 2023-10-26 due 2023-11-02 done 2023-10-27: on-time"]


def test_a_further_child_who_died_is_still_to_be_notified():
    history = told(
        day("2023-10-26", opened(child("elder", "died"), harm="died"), aware()),
        day("2023-10-27", notified("elder")),
        day("2023-10-30", added(child("younger", "died"))),
    )
    assert shown(history, "2023-11-03", STATUTORY) == ["from 2023-10-26 due 2023-11-02: overdue by 1"]


def test_neither_a_decision_against_it_nor_a_challenge_moves_it():
    history = told(
        day("2024-10-04", opened()),
        day("2024-10-08", *shared(), aware()),
        day("2024-10-10", *decided(outcome="not-met", then="none")),
        day("2024-10-14", event("challenge-raised", decision="threshold-1", organisation="hospital-trust", ref="challenge-1")),
        day("2024-10-28", notified("child-1")),
    )
    assert shown(history[:-1], "2024-10-18", STATUTORY) == ["from 2024-10-08 due 2024-10-15: overdue by 3"]
    assert shown(history, "2024-10-29", STATUTORY) == ["from 2024-10-08 due 2024-10-15 done 2024-10-28: late by 9"]


# --- local-form (CLK-02)


def test_the_local_form_goes_the_same_day():
    history = told(
        day("2023-10-26", opened(child("a", "died"), child("b", "died"))),
        day("2023-10-30", notified("a"), event("local-form-sent")),
        day("2023-11-01", notified("b")),
        day("2023-11-03", event("local-form-sent")),
    )
    assert shown(history, "2023-11-03", "local-form") == [
        "from 2023-10-30 due 2023-10-30 done 2023-10-30: on-time",
        "from 2023-11-01 due 2023-11-01 done 2023-11-03: late by 2",
    ]


# --- acknowledgement, copy-to-partners, referral (CLK-03, CLK-04, CLK-16)

RECEIVED = event("notification-received", notifier=None, narrative="words", channel="secure-email")


def test_an_organisation_is_answered_within_one_working_day():
    history = told(day("2026-04-02", opened(), RECEIVED), day("2026-04-08", event("notification-acknowledged", channel="secure-email")))
    assert shown(history, "2026-04-08", "acknowledgement") == ["from 2026-04-02 due 2026-04-07 done 2026-04-08: late by 1"]


@pytest.mark.parametrize("route", ["local-authority", "parent", "community", "young-person", "partners"])
def test_no_other_route_has_an_acknowledgement_clock(route: str):
    assert "acknowledgement" not in names(told(day("2026-03-18", opened(route=route), RECEIVED)))


@pytest.mark.parametrize("route", ["organisation", "parent", "community", "young-person", "partners"])
def test_the_three_have_their_copies_within_one_working_day(route: str):
    first, second, third = shared()
    history = told(day("2022-09-16", opened(route=route), RECEIVED), day("2022-09-20", first, second), day("2022-09-21", third))
    assert shown(history[:4], "2022-09-20", "copy-to-partners") == ["from 2022-09-16 due 2022-09-20: running"]
    assert shown(history, "2022-09-21", "copy-to-partners") == ["from 2022-09-16 due 2022-09-20 done 2022-09-21: late by 1"]


def test_on_the_route_of_the_local_authority_nothing_is_copied_or_acknowledged():
    assert names(told(day("2026-03-18", opened(route="local-authority"), RECEIVED))) == set()


def test_a_second_notification_has_clocks_of_its_own():
    history = told(
        day("2024-10-07", opened(), RECEIVED),
        day("2024-10-08", event("notification-acknowledged", channel="portal")),
        day("2024-10-09", RECEIVED),
    )
    assert shown(history, "2024-10-10", "acknowledgement") == [
        "from 2024-10-07 due 2024-10-08 done 2024-10-08: on-time",
        "from 2024-10-09 due 2024-10-10: running",
    ]


def test_bury_counts_its_referral_from_the_incident():
    history = told(
        day("2023-01-03", opened(partnership="bury", happened_on=date(2022, 12, 31)), aware("bury")), day("2023-01-10", RECEIVED)
    )
    assert shown(history, "2023-01-10", "referral") == ["from 2022-12-31 due 2023-01-09 done 2023-01-10: late by 1"]
    assert shown(history, "2023-01-10", STATUTORY) == ["from 2023-01-03 due 2023-01-10: running"]


def test_of_a_range_of_days_the_last_counts_and_an_unknown_day_starts_nothing():
    ranged = opened(partnership="bury", happened_on=date(2023, 3, 1), happened_until=date(2023, 3, 6))
    assert shown(told(day("2023-03-07", ranged)), "2023-03-08", "referral") == ["from 2023-03-06 due 2023-03-13: running"]
    assert names(told(day("2023-03-07", opened(partnership="bury", happened_on=None)))) == set()


# --- feedback-to-referrer (CLK-05)


def fed_back(ref: str, rationale_included: bool = True) -> CaseEvent:
    return event("decision-fed-back", decision=ref, rationale_included=rationale_included)


def test_feedback_without_its_rationale_is_no_feedback():
    history = told(
        day("2022-09-30", opened(route="parent"), *decided(outcome="not-met", then="none")),
        day("2022-10-03", fed_back("threshold-1", False)),
        day("2022-10-04", fed_back("threshold-1")),
    )
    assert shown(history[:3], "2022-10-04", "feedback-to-referrer") == ["from 2022-09-30 due 2022-10-04: running"]
    assert shown(history, "2022-10-04", "feedback-to-referrer") == ["from 2022-09-30 due 2022-10-04 done 2022-10-04: on-time"]


@pytest.mark.parametrize("route", ["local-authority", "partners"])
def test_where_nobody_referred_nothing_is_fed_back(route: str):
    assert "feedback-to-referrer" not in names(told(day("2022-09-30", opened(route=route), *decided())))


def test_each_decision_taken_again_is_fed_back_and_an_outcome_only_then():
    history = told(
        day("2024-10-10", opened(), *decided(outcome="not-met", then="none")),
        day("2024-10-11", fed_back("threshold-1")),
        day("2024-10-25", replaced("threshold-1", "met", "threshold-2", "rapid-review"), RapidReviewInitiated(decision="threshold-2")),
        day("2024-10-29", fed_back("threshold-2")),
        day("2024-11-12", outcome("no-further-action")),
        day("2024-12-02", replaced("outcome-1", "local-review", "outcome-2")),
    )
    assert shown(history, "2024-12-03", "feedback-to-referrer") == [
        "from 2024-10-10 due 2024-10-14 done 2024-10-11: on-time",
        "from 2024-10-25 due 2024-10-29 done 2024-10-29: on-time",
        "from 2024-12-02 due 2024-12-04: running",
    ]


# --- the rapid review (CLK-06, CLK-07)

MEETING = event("rapid-review-meeting-held", next_steps="local-review")
SENT = event("rapid-review-sent-to-panel", digest="a" * 64)


def test_the_rapid_review_counts_from_the_decision_and_nationally_from_the_notification():
    history = told(
        day("2026-03-24", opened(), *decided()), day("2026-03-25", notified("child-1")), day("2026-04-10", MEETING), day("2026-04-16", SENT)
    )
    assert shown(history, "2026-04-17", "rapid-review-meeting") == ["from 2026-03-24 due 2026-04-10 done 2026-04-10: on-time"]
    assert shown(history, "2026-04-17", "rapid-review-local") == ["from 2026-03-24 due 2026-04-16 done 2026-04-16: on-time"]
    assert shown(history, "2026-04-17", "rapid-review-national") == ["from 2026-03-25 due 2026-04-17 done 2026-04-16: on-time"]


def test_where_no_decision_starts_it_it_counts_from_its_initiation():
    history = told(day("2024-07-18", opened(route="local-authority")), day("2024-07-23", notified("child-1"), RapidReviewInitiated()))
    assert shown(history, "2024-07-24", "rapid-review-meeting") == ["from 2024-07-23 due 2024-08-07: running"]


def test_a_decision_that_comes_after_its_initiation_does_not_move_it():
    history = told(
        day("2024-07-18", opened()),
        day("2024-07-23", notified("child-1")),
        day("2024-07-24", RapidReviewInitiated()),
        day("2024-07-26", decided()[0]),
    )
    assert shown(history, "2024-07-27", "rapid-review-local") == ["from 2024-07-24 due 2024-08-14: running"]


def test_nationally_it_counts_from_the_first_notification():
    history = told(
        day("2024-07-18", opened(child("a", "died"), child("b", "died"))),
        day("2024-07-23", notified("a")),
        day("2024-07-25", notified("b")),
    )
    assert shown(history, "2024-07-25", "rapid-review-national") == ["from 2024-07-23 due 2024-08-13: running"]


def test_barnet_asks_that_it_be_convened():
    history = told(
        day("2024-07-18", opened(partnership="barnet", route="local-authority"), aware("barnet")),
        day("2024-07-23", notified("child-1"), RapidReviewInitiated()),
        day("2024-08-12", MEETING),
    )
    assert shown(history, "2024-09-03", "rapid-review-convened") == ["from 2024-07-23 due 2024-08-13 done 2024-08-12: on-time"]
    assert shown(history, "2024-09-03", "rapid-review-national") == ["from 2024-07-23 due 2024-08-13: overdue by 14"]
    assert not names(history) & {"rapid-review-meeting", "rapid-review-local", "acknowledgement", "copy-to-partners", "referral"}


# --- set dates (CLK-08, CLK-21, CLK-24)


def test_each_agency_has_its_own_date():
    report = event("agency-report-received", agency="gp-practice", report_digest="b" * 64)
    history = told(
        day("2024-07-23", opened(), *decided()),
        day(
            "2024-07-24", *(event("agency-asked", agency=agency, due_on=date(2024, 8, 7)) for agency in ("gp-practice", "health-visiting"))
        ),
        day("2024-08-07", event("nil-return-recorded", agency="health-visiting")),
        day("2024-08-08", report),
    )
    assert shown(history, "2024-08-08", "agency-report") == [
        "gp-practice due 2024-08-07 done 2024-08-08: late by 1",
        "health-visiting due 2024-08-07 done 2024-08-07: on-time",
    ]
    assert {item["owed_by"] for item in items(history, "2024-08-08") if item["clock"] == "agency-report"} == {
        "gp-practice",
        "health-visiting",
    }


def test_evidence_submitted_is_not_accepted():
    history = told(
        day("2024-03-01", opened()),
        day("2024-03-04", event("recommendation-issued", ref="rec-1", owners=("gp-practice", "school"), by_when=date(2024, 6, 28))),
        day("2024-06-20", event("assurance-submitted", recommendation="rec-1")),
        day("2024-07-02", event("assurance-accepted", recommendation="rec-1")),
    )
    assert shown(history[:3], "2024-06-29", "recommendation") == ["rec-1 due 2024-06-28: overdue by 0"]
    assert shown(history, "2024-07-02", "recommendation") == ["rec-1 due 2024-06-28 done 2024-07-02: late by 2"]
    assert items(history, "2024-07-02")[0]["owed_by"] == "gp-practice, school"


def test_the_panel_sets_the_date_for_what_it_asks():
    history = told(
        day("2024-03-01", opened()),
        day("2024-03-04", event("panel-asked-for-information", ref="request-1", due_on=date(2024, 3, 15))),
        day("2024-03-14", event("information-supplied", ref="request-1")),
    )
    assert shown(history, "2024-03-15", "panel-information-request") == ["request-1 due 2024-03-15 done 2024-03-14: on-time"]


# --- reviews and publication (CLK-10 … CLK-14, CLK-17, CLK-20)


def endorsed(review: str, digest: str = "e" * 64) -> CaseEvent:
    return event("report-endorsed", digest=digest, outcome="endorsed", review=review)


PUBLISHED = event("report-published", digest="e" * 64)


def test_six_months_to_complete_and_to_publish_from_the_joint_decision():
    history = told(
        day("2023-08-30", opened(), outcome("local-review-recommended", "outcome-1")),
        day("2023-08-31", outcome("local-review", "outcome-2")),
        day("2024-02-28", endorsed("practice-review")),
        day("2024-03-20", PUBLISHED),
    )
    assert names(history[:2]) == set()
    assert shown(history, "2024-03-21", "practice-review-complete") == ["from 2023-08-31 due 2024-02-29 done 2024-02-28: on-time"]
    assert shown(history, "2024-03-21", "practice-review-published") == ["from 2023-08-31 due 2024-02-29 done 2024-03-20: late by 20"]


def test_the_panel_is_told_of_it_without_a_number_of_days():
    history = told(day("2024-02-01", opened(), outcome("local-review")), day("2024-02-05", event("panel-told-of-review")))
    assert shown(history[:2], "2024-02-02", "panel-told-of-review") == ["from 2024-02-01: elapsed"]
    assert shown(history, "2024-02-06", "panel-told-of-review") == ["from 2024-02-01 done 2024-02-05: elapsed"]


@pytest.mark.parametrize(
    ("decision", "clock"),
    [
        (decided(threshold="learn-from-success", then="learn-from-success"), "learn-from-success-complete"),
        (decided(threshold="local-learning", then="local-learning"), "local-learning-review-complete"),
        (decided(outcome="not-met", then="local-learning"), "local-learning-review-complete"),
        ((outcome("learn-from-success"),), "learn-from-success-complete"),
        ((outcome("local-learning"),), "local-learning-review-complete"),
    ],
)
def test_three_months_from_the_decision_to_undertake(decision: tuple[CaseEvent, ...], clock: str):
    history = told(
        day("2023-11-30", opened(harm="injured", route="partners"), *decision),
        day("2024-03-05", endorsed(clock.removesuffix("-complete").removesuffix("-review"))),
    )
    assert shown(history, "2024-03-05", clock) == ["from 2023-11-30 due 2024-02-29 done 2024-03-05: late by 5"]


def test_a_thematic_review_has_no_clock():
    history = told(day("2023-11-30", opened(harm="injured", route="partners"), *decided(threshold="thematic", then="thematic")))
    assert names(history) == set()


def test_the_report_of_one_review_does_not_complete_another():
    history = told(
        day("2023-11-30", opened(), *decided(outcome="not-met", then="local-learning")),
        day("2023-12-04", replaced("threshold-1", "met", "threshold-2", "rapid-review")),
        day("2024-01-10", outcome("local-review")),
        day("2024-02-12", endorsed("local-learning")),
    )
    assert shown(history, "2024-02-13", "practice-review-complete") == ["from 2024-01-10 due 2024-07-10: running"]


def test_a_report_given_back_after_all_is_not_endorsed():
    history = told(
        day("2024-01-10", opened(), outcome("local-review")),
        day("2024-06-10", endorsed("practice-review")),
        day("2024-06-12", event("report-returned", digest="e" * 64)),
    )
    assert shown(history, "2024-07-11", "practice-review-complete") == ["from 2024-01-10 due 2024-07-10: overdue by 1"]


def test_the_copy_goes_seven_working_days_before_publication():
    history = told(
        day("2025-06-10", opened(), outcome("local-review")),
        day("2025-12-01", endorsed("practice-review")),
        day("2025-12-02", event("publication-planned", ref="publication-1", publish_on=date(2026, 1, 8))),
        day("2025-12-15", event("pre-publication-copy-sent", digest="d" * 64)),
        day("2025-12-30", event("pre-publication-copy-sent", digest="e" * 64)),
    )
    assert shown(history[:5], "2025-12-29", "pre-publication-copy") == ["2026-01-08 due 2025-12-29: running"]
    assert shown(history, "2026-01-02", "pre-publication-copy") == ["2026-01-08 due 2025-12-29 done 2025-12-30: late by 1"]


def test_a_report_stays_available_for_a_year_and_nobody_is_late():
    history = told(day("2024-02-29", opened(), PUBLISHED))
    assert shown(history, "2025-02-28", "publication-available") == ["from 2024-02-29 due 2025-02-28: running"]
    assert shown(history, "2025-03-01", "publication-available") == ["from 2024-02-29 due 2025-02-28: elapsed"]


def test_progress_is_reviewed_again_and_again_and_no_number_is_invented():
    held = event("progress-review-held")
    history = told(
        day("2024-01-10", opened(), event("review-commissioned", review="practice-review")),
        day("2024-02-12", held),
        day("2024-04-08", held),
    )
    assert shown(history, "2024-05-01", "progress-review") == [
        "from 2024-01-10 done 2024-02-12: elapsed",
        "from 2024-02-12 done 2024-04-08: elapsed",
        "from 2024-04-08: elapsed",
    ]
    assert {item["owed_by"] for item in items(history, "2024-05-01")} == {"partners"}


# --- deaths told whatever their cause (CLK-18, CLK-19)


@pytest.mark.parametrize(
    ("kind", "clock", "told_of"),
    [
        ("looked_after", "looked-after-child-death", "looked-after-death-notified"),
        ("care_leaver", "care-leaver-death", "care-leaver-death-notified"),
    ],
)
def test_the_death_of_a_child_in_care_or_a_care_leaver_is_notified_whatever_its_cause(kind: str, clock: str, told_of: str):
    marked: dict[str, Any] = {kind: True}
    who = child("child-1", "died", **marked)
    history = told(day("2024-05-02", opened(who, harm="died", abuse_or_neglect="ruled-out"), aware()), day("2024-05-10", event(told_of)))
    assert names(history) == {clock}
    assert shown(history, "2024-05-10", clock) == ["from 2024-05-02 due 2024-05-10 done 2024-05-10: on-time"]
    assert names(told(day("2024-05-02", opened(child("child-1", **marked), abuse_or_neglect="ruled-out"), aware()))) == set()


# --- what a clock tells of itself


def test_a_clock_explains_itself():
    history = told(day("2022-09-16", opened(route="parent"), RECEIVED))
    [item] = [item for item in items(history, "2022-09-19") if item["clock"] == "copy-to-partners"]
    assert item == {
        "clock": "copy-to-partners",
        "from": "2022-09-16",
        "due": "2022-09-20",
        "verdict": "running",
        "owed_by": "business-manager",
        "rule": "1 working day from when the notification was received; stopped when it was shared with each of the three partners.",
        "source": "BOL-65, BOL-119",
        "procedure": ["bolton"],
        "calendar": "england-2026",
        "events": [2],
        "arithmetic": [
            {"date": "2022-09-17", "skipped": "Saturday"},
            {"date": "2022-09-18", "skipped": "Sunday"},
            {"date": "2022-09-19", "skipped": "State Funeral of Queen Elizabeth II"},
            {"date": "2022-09-20", "count": 1},
        ],
    }


def test_a_clock_is_bound_to_the_editions_in_force_when_its_trigger_occurred():
    history = told(day("2023-12-14", opened(), aware()), day("2023-12-15", notified("child-1")))
    bound = {item["clock"]: item["procedure"] for item in items(history, "2023-12-15")}
    assert bound[STATUTORY] == ["bolton", "england-2018"]
    assert bound["rapid-review-national"] == ["bolton", "england-2023"]


def test_england_alone_has_the_clocks_of_the_national_guidance():
    history = told(day("2023-12-18", opened(partnership="england", area="kent"), aware("kent"), RECEIVED, *decided(), notified("child-1")))
    assert names(history) == {STATUTORY, "local-form", "rapid-review-national"}
    assert {tuple(item["procedure"]) for item in items(history, "2023-12-18")} == {("england-2023",)}


def test_a_day_the_calendar_does_not_reach_is_told_and_nothing_is_guessed():
    history = told(day("2024-01-10", opened(partnership="bury", happened_on=date(1995, 5, 1))))
    [item] = items(history, "2024-01-10")
    assert (item["clock"], item["from"], item["verdict"]) == ("referral", "1995-05-01", "elapsed")
    assert "does not say whether Monday 1 May 1995 is a working day" in item["why"]
    assert "due" not in item
