"""What happens to a clock when what it rests on changes: superseded, cancelled, or counted anew; always readable (CAL-7, CAL-8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest

from domain.clocks import ClockState, calendars_adopted, step
from domain.initiation import RapidReviewInitiated
from domain.language import CaseEvent
from domain.recorded import Recorded
from tests.domain.recording import (
    adoption,
    amended,
    aware,
    corrected,
    day,
    decided,
    event,
    items,
    notified,
    opened,
    outcome,
    replaced,
    shared,
    shown,
    state,
    told,
)

STATUTORY = "serious-incident-notification"
RECEIVED = event("notification-received", notifier=None, narrative="words", channel="secure-email")
ACKNOWLEDGED = event("notification-acknowledged", channel="secure-email")
MEETING = event("rapid-review-meeting-held", next_steps="local-review")
DISCONTINUED = event("rapid-review-discontinued")
NOT_MET_AFTER_ALL = event("serious-incident-found-not-to-meet-criteria", panel_informed=True)


def why(history: Iterable[Recorded], today: str, clock: str, *adoptions: Recorded) -> list[str | None]:
    return [item.get("why") for item in items(history, today, *adoptions) if item["clock"] == clock]


# --- awareness


def test_an_earlier_awareness_supersedes_however_late_it_was_recorded():
    history = told(
        day("2023-10-26", opened()),
        day("2023-10-27", aware()),
        day("2023-11-01", notified("child-1")),
        day("2023-10-24", aware(), recorded="2023-11-06"),
    )
    assert shown(history, "2023-11-06", STATUTORY) == [
        "from 2023-10-24 due 2023-10-31 done 2023-11-01: late by 1",
        "from 2023-10-27 due 2023-11-03 done 2023-11-01: superseded",
    ]
    assert why(history, "2023-11-06", STATUTORY) == [None, "An earlier awareness was recorded (place 4)."]
    [superseded] = [item for item in items(history, "2023-11-06") if item["verdict"] == "superseded"]
    assert superseded["replaced_by"] == {"clock": STATUTORY, "from": "2023-10-24", "due": "2023-10-31"}


def test_a_later_awareness_changes_nothing():
    history = told(day("2023-10-26", opened(), aware()), day("2023-10-30", aware()))
    assert shown(history, "2023-10-30", STATUTORY) == ["from 2023-10-26 due 2023-11-02: running"]


# --- the incident is amended


def test_an_amendment_that_makes_the_test_met_starts_the_clock_from_the_awareness():
    history = told(day("2023-10-26", opened(harm="injured"), aware()), day("2023-11-06", amended(harm="died")))
    assert shown(history[:2], "2023-11-05", STATUTORY) == []
    assert shown(history, "2023-11-06", STATUTORY) == ["from 2023-10-26 due 2023-11-02: overdue by 2"]


def test_an_amendment_that_unmakes_the_test_cancels_a_running_clock_and_leaves_a_stopped_one():
    begun = (day("2023-10-26", opened(), aware()),)
    unmade = day("2023-10-31", amended(abuse_or_neglect="ruled-out"))
    assert shown(told(*begun, unmade), "2023-11-20", STATUTORY) == ["from 2023-10-26 due 2023-11-02: cancelled"]
    assert why(told(*begun, unmade), "2023-11-20", STATUTORY) == ["The incident is now known otherwise (place 3)."]
    stopped = told(*begun, day("2023-10-30", notified("child-1")), unmade)
    assert shown(stopped, "2023-11-20", STATUTORY) == ["from 2023-10-26 due 2023-11-02 done 2023-10-30: on-time"]


def test_made_and_unmade_and_made_again():
    history = told(
        day("2023-10-26", opened(), aware()),
        day("2023-10-27", amended(abuse_or_neglect="ruled-out")),
        day("2023-10-30", amended(abuse_or_neglect="suspected")),
        day("2023-10-31", notified("child-1")),
        day("2023-11-06", amended(abuse_or_neglect="ruled-out")),
        day("2023-11-07", amended(abuse_or_neglect="known")),
    )
    both = ["from 2023-10-26 due 2023-11-02: cancelled", "from 2023-10-26 due 2023-11-02 done 2023-10-31: on-time"]
    assert shown(history, "2023-11-20", STATUTORY) == both
    assert shown(history[:-1], "2023-11-20", STATUTORY) == both


def test_a_changed_date_supersedes_what_counted_from_it():
    history = told(
        day("2023-01-03", opened(partnership="bury", happened_on=date(2022, 12, 31))),
        day("2023-01-04", amended(happened_until=date(2023, 1, 2))),
    )
    assert shown(history, "2023-01-04", "referral") == [
        "from 2022-12-31 due 2023-01-09: superseded",
        "from 2023-01-02 due 2023-01-09: running",
    ]


def test_another_area_another_duty():
    history = told(day("2023-10-26", opened(), aware("bolton")), day("2023-10-27", aware("bury")), day("2023-10-30", amended(area="bury")))
    assert shown(history, "2023-10-30", STATUTORY) == [
        "from 2023-10-26 due 2023-11-02: superseded",
        "from 2023-10-27 due 2023-11-03: running",
    ]


# --- the record is corrected


def test_a_corrected_trigger_supersedes_and_the_superseded_clock_keeps_its_done():
    history = told(day("2024-10-07", opened(), RECEIVED), day("2024-10-08", ACKNOWLEDGED), day("2024-10-09", corrected(2, on="2024-10-04")))
    assert shown(history, "2024-10-09", "acknowledgement") == [
        "from 2024-10-04 due 2024-10-07 done 2024-10-08: late by 1",
        "from 2024-10-07 due 2024-10-08 done 2024-10-08: superseded",
    ]
    assert why(history, "2024-10-09", "acknowledgement")[1] == "What it rests on was corrected (place 4)."


def test_a_corrected_stop_moves_what_was_done_and_supersedes_nothing():
    history = told(day("2024-10-07", opened(), RECEIVED), day("2024-10-09", ACKNOWLEDGED), day("2024-10-10", corrected(3, on="2024-10-08")))
    assert shown(history, "2024-10-10", "acknowledgement") == ["from 2024-10-07 due 2024-10-08 done 2024-10-08: on-time"]


def test_a_corrected_field_counts_as_well():
    history = told(day("2023-10-26", opened(), aware("bury")), day("2023-10-27", corrected(2, authority="bolton")))
    assert shown(history, "2023-10-27", STATUTORY) == ["from 2023-10-26 due 2023-11-02: running"]


def test_what_never_should_have_counted_is_cancelled_with_what_was_done():
    history = told(
        day("2023-10-26", opened(), aware()), day("2023-10-30", notified("child-1")), day("2023-11-06", corrected(2, authority="kent"))
    )
    assert shown(history, "2023-11-06", STATUTORY) == ["from 2023-10-26 due 2023-11-02 done 2023-10-30: cancelled"]


def test_a_correction_of_something_else_changes_no_clock():
    history = told(
        day("2023-10-26", opened(), aware()),
        day("2023-10-27", event("notifier-supported")),
        day("2023-10-30", corrected(3, on="2023-10-26")),
    )
    before = state(history[:-1])
    assert step(before, history[-1]) is before


# --- notifications taken back


@pytest.mark.parametrize("name", ["notification-withdrawn", "notification-found-duplicate"])
def test_a_notification_taken_back_cancels_its_own_open_clocks_and_never_the_statutory_one(name: str):
    history = told(
        day("2024-10-07", opened(), RECEIVED), day("2024-10-08", ACKNOWLEDGED, shared()[0], aware()), day("2024-10-09", event(name))
    )
    assert shown(history, "2024-10-30", "acknowledgement") == ["from 2024-10-07 due 2024-10-08 done 2024-10-08: on-time"]
    assert shown(history, "2024-10-30", "copy-to-partners") == ["from 2024-10-07 due 2024-10-08: cancelled"]
    assert shown(history, "2024-10-30", STATUTORY) == ["from 2024-10-08 due 2024-10-15: overdue by 11"]


def test_what_comes_after_a_notification_was_taken_back_no_longer_stops_its_clocks():
    history = told(
        day("2024-10-07", opened(), RECEIVED), day("2024-10-08", event("notification-withdrawn")), day("2024-10-09", ACKNOWLEDGED)
    )
    assert shown(history, "2024-10-09", "acknowledgement") == ["from 2024-10-07 due 2024-10-08: cancelled"]


# --- agencies


def asked(due_on: date, agency: str = "gp-practice") -> CaseEvent:
    return event("agency-asked", agency=agency, due_on=due_on)


ANSWERED = event("agency-report-received", agency="gp-practice", report_digest="b" * 64)


def test_an_agency_date_that_is_moved_stays_readable():
    history = told(
        day("2026-03-24", opened(), *decided()),
        day("2026-03-26", asked(date(2026, 4, 1))),
        day("2026-03-31", event("agency-date-changed", agency="gp-practice", due_on=date(2026, 4, 2))),
        day("2026-04-08", ANSWERED),
    )
    assert shown(history, "2026-04-08", "agency-report") == [
        "gp-practice due 2026-04-01: superseded",
        "gp-practice due 2026-04-02 done 2026-04-08: late by 2",
    ]
    assert why(history, "2026-04-08", "agency-report")[0] == "The agency's date was moved (place 5)."


def test_an_agency_asked_again_owes_the_later_request():
    history = told(
        day("2026-03-24", opened(), *decided()), day("2026-03-26", asked(date(2026, 4, 1))), day("2026-03-30", asked(date(2026, 4, 7)))
    )
    assert shown(history, "2026-03-30", "agency-report") == [
        "gp-practice due 2026-04-01: superseded",
        "gp-practice due 2026-04-07: running",
    ]
    answered_first = told(
        day("2026-03-24", opened()),
        day("2026-03-26", asked(date(2026, 4, 1))),
        day("2026-03-27", ANSWERED),
        day("2026-03-30", asked(date(2026, 4, 7))),
    )
    assert shown(answered_first, "2026-03-30", "agency-report") == [
        "gp-practice due 2026-04-01 done 2026-03-27: on-time",
        "gp-practice due 2026-04-07: running",
    ]


# --- the rapid review ends before its time


def test_a_discontinued_rapid_review_cancels_its_open_clocks_and_says_why():
    history = told(
        day("2024-07-18", opened(route="local-authority"), aware()),
        day("2024-07-23", notified("child-1"), RapidReviewInitiated()),
        day("2024-07-24", asked(date(2024, 8, 7))),
        day("2024-07-30", MEETING),
        day("2024-08-05", NOT_MET_AFTER_ALL, DISCONTINUED),
    )
    assert shown(history, "2024-09-01", "rapid-review-meeting") == ["from 2024-07-23 due 2024-08-07 done 2024-07-30: on-time"]
    for clock in ("rapid-review-local", "rapid-review-national"):
        assert shown(history, "2024-09-01", clock) == ["from 2024-07-23 due 2024-08-13: cancelled"]
        assert why(history, "2024-09-01", clock) == ["The rapid review was discontinued (place 8)."]
    assert shown(history, "2024-09-01", "agency-report") == ["gp-practice due 2024-08-07: cancelled"]
    assert shown(history, "2024-09-01", STATUTORY) == ["from 2024-07-18 due 2024-07-25 done 2024-07-23: on-time"]


def test_a_rapid_review_begun_anew_has_clocks_of_its_own():
    history = told(
        day("2024-07-18", opened(route="local-authority")),
        day("2024-07-23", notified("child-1"), RapidReviewInitiated()),
        day("2024-07-30", MEETING),
        day("2024-08-05", NOT_MET_AFTER_ALL, DISCONTINUED),
        day("2024-09-02", notified("child-1"), RapidReviewInitiated()),
    )
    assert shown(history, "2024-09-02", "rapid-review-national") == [
        "from 2024-07-23 due 2024-08-13: cancelled",
        "from 2024-09-02 due 2024-09-23: running",
    ]
    assert shown(history, "2024-09-02", "rapid-review-meeting") == [
        "from 2024-07-23 due 2024-08-07 done 2024-07-30: on-time",
        "from 2024-09-02 due 2024-09-17: running",
    ]


def test_after_the_criteria_were_not_met_a_further_decision_may_undertake_a_local_learning_review():
    history = told(
        day("2024-07-18", opened(), *decided()),
        day("2024-07-23", notified("child-1")),
        day("2024-08-05", NOT_MET_AFTER_ALL, DISCONTINUED),
        day("2024-08-12", *decided("threshold-2", "not-met", "local-learning")),
    )
    assert shown(history, "2024-08-12", "local-learning-review-complete") == ["from 2024-08-12 due 2024-11-12: running"]
    assert shown(history, "2024-08-12", "rapid-review-local") == ["from 2024-07-18 due 2024-08-08: cancelled"]


def test_what_was_decided_in_a_rapid_review_lapses_with_it():
    history = told(
        day("2024-07-18", opened(), *decided()),
        day("2024-07-23", notified("child-1"), outcome("local-review")),
        day("2024-08-05", NOT_MET_AFTER_ALL, DISCONTINUED),
    )
    assert shown(history, "2024-08-06", "practice-review-complete") == ["from 2024-07-23 due 2025-01-23: cancelled"]


# --- decisions are replaced


def test_a_replaced_decision_ends_a_rapid_review_that_rested_on_it_alone():
    history = told(day("2024-07-18", opened(), *decided()), day("2024-07-22", replaced("threshold-1", "not-met", "threshold-2")))
    assert shown(history, "2024-07-22", "rapid-review-meeting") == ["from 2024-07-18 due 2024-08-02: cancelled"]
    assert why(history, "2024-07-22", "rapid-review-meeting") == ["The decision it rests on was replaced (place 4)."]


def test_once_the_panel_was_notified_the_rapid_review_goes_on():
    history = told(
        day("2024-07-18", opened(), *decided()),
        day("2024-07-19", notified("child-1")),
        day("2024-07-22", replaced("threshold-1", "not-met", "threshold-2")),
        day("2024-07-31", MEETING),
    )
    assert shown(history, "2024-07-31", "rapid-review-meeting") == ["from 2024-07-18 due 2024-08-02 done 2024-07-31: on-time"]


def test_met_decided_again_as_met_leaves_the_rapid_review_as_it_is():
    history = told(
        day("2024-07-18", opened(), *decided()), day("2024-07-22", replaced("threshold-1", "met", "threshold-2", "rapid-review"))
    )
    assert shown(history, "2024-07-22", "rapid-review-local") == ["from 2024-07-18 due 2024-08-08: running"]
    gone_on = told(
        day("2024-07-18", opened(), *decided()),
        day("2024-07-22", replaced("threshold-1", "met", "threshold-2", "rapid-review")),
        day("2024-07-24", replaced("threshold-2", "not-met", "threshold-3")),
    )
    assert shown(gone_on, "2024-07-24", "rapid-review-local") == ["from 2024-07-18 due 2024-08-08: cancelled"]


def test_a_local_review_decided_again_counts_from_the_new_decision():
    history = told(
        day("2024-02-01", opened(), outcome("local-review")),
        day("2024-03-04", replaced("outcome-1", "local-review", "outcome-2")),
        day("2024-05-01", replaced("outcome-2", "no-further-action", "outcome-3")),
    )
    assert shown(history[:3], "2024-03-04", "practice-review-complete") == [
        "from 2024-02-01 due 2024-08-01: superseded",
        "from 2024-03-04 due 2024-09-04: running",
    ]
    assert shown(history, "2024-05-01", "practice-review-complete") == [
        "from 2024-02-01 due 2024-08-01: superseded",
        "from 2024-03-04 due 2024-09-04: cancelled",
    ]


def test_a_review_already_completed_keeps_its_verdict_when_its_decision_is_replaced():
    history = told(
        day("2024-02-01", opened(), outcome("local-learning")),
        day("2024-04-30", event("report-endorsed", digest="e" * 64, outcome="endorsed", review="local-learning")),
        day("2024-05-13", replaced("outcome-1", "local-review", "outcome-2")),
    )
    assert shown(history, "2024-05-13", "local-learning-review-complete") == ["from 2024-02-01 due 2024-05-01 done 2024-04-30: on-time"]
    assert shown(history, "2024-05-13", "practice-review-complete") == ["from 2024-05-13 due 2024-11-13: running"]


def test_each_decision_is_owed_its_own_feedback_one_replaced_since_no_less():
    history = told(
        day("2024-10-10", opened(), *decided(outcome="not-met", then="none")),
        day("2024-10-11", replaced("threshold-1", "met", "threshold-2")),
    )
    assert shown(history, "2024-10-11", "feedback-to-referrer") == [
        "from 2024-10-10 due 2024-10-14: running",
        "from 2024-10-11 due 2024-10-15: running",
    ]


# --- publication is planned anew


def planned(on: date) -> CaseEvent:
    return event("publication-planned", ref=f"publication-{on}", publish_on=on)


def test_a_plan_that_moves_supersedes_also_where_the_copy_was_sent_and_that_copy_still_counts():
    history = told(
        day("2025-12-01", opened(), event("report-endorsed", digest="e" * 64, outcome="endorsed", review="practice-review")),
        day("2025-12-02", planned(date(2026, 1, 8))),
        day("2025-12-15", event("pre-publication-copy-sent", digest="e" * 64)),
        day("2025-12-16", planned(date(2026, 2, 2))),
    )
    assert shown(history, "2025-12-16", "pre-publication-copy") == [
        "2026-01-08 due 2025-12-29 done 2025-12-15: superseded",
        "2026-02-02 due 2026-01-22 done 2025-12-15: on-time",
    ]


def test_the_same_day_planned_again_is_no_move():
    history = told(day("2025-12-01", opened(), planned(date(2026, 1, 8))), day("2025-12-02", planned(date(2026, 1, 8))))
    assert shown(history, "2025-12-02", "pre-publication-copy") == ["2026-01-08 due 2025-12-29: running"]


def test_the_next_report_has_a_plan_of_its_own():
    history = told(
        day("2025-12-01", opened(), event("report-endorsed", digest="e" * 64, outcome="endorsed", review="local-learning")),
        day("2025-12-02", planned(date(2026, 1, 8))),
        day("2025-12-15", event("pre-publication-copy-sent", digest="e" * 64)),
        day("2026-01-08", event("report-published", digest="e" * 64)),
        day(
            "2026-03-02",
            event("report-endorsed", digest="f" * 64, outcome="endorsed", review="practice-review"),
            planned(date(2026, 4, 20)),
        ),
    )
    assert shown(history, "2026-03-02", "pre-publication-copy") == [
        "2026-01-08 due 2025-12-29 done 2025-12-15: on-time",
        "2026-04-20 due 2026-04-09: running",
    ]


# --- a calendar is adopted

FUNERAL = date(2022, 9, 19)
BEFORE = adoption("england-2020-11", recorded="2021-01-04")


def test_a_bank_holiday_proclaimed_late_supersedes_what_is_open_and_both_dates_stay_visible():
    history = told(day("2022-09-08", opened(), RECEIVED, aware()), day("2022-09-09", ACKNOWLEDGED))
    proclaimed = adoption("state-funeral", FUNERAL, recorded="2022-09-12")
    late = told(day("2022-09-13", opened(), aware()))
    assert shown(history, "2022-09-12", STATUTORY, BEFORE, proclaimed) == ["from 2022-09-08 due 2022-09-15: running"]
    assert shown(late, "2022-09-15", STATUTORY, BEFORE) == ["from 2022-09-13 due 2022-09-20: running"]
    after = adoption("state-funeral", FUNERAL, recorded="2022-09-14")
    assert shown(late, "2022-09-15", STATUTORY, BEFORE, after) == [
        "from 2022-09-13 due 2022-09-20: superseded",
        "from 2022-09-13 due 2022-09-21: running",
    ]
    assert why(late, "2022-09-15", STATUTORY, BEFORE, after) == ["The calendar state-funeral was adopted on 2022-09-14 (CAL-7)."] * 2
    assert [item["calendar"] for item in items(late, "2022-09-15", BEFORE, after)] == ["england-2020-11", "state-funeral"]


def test_a_stopped_clock_keeps_its_due_date_and_its_verdict():
    history = told(day("2022-09-13", opened(), aware()), day("2022-09-21", notified("child-1")))
    proclaimed = adoption("state-funeral", FUNERAL, recorded="2022-09-22")
    assert shown(history, "2022-09-22", STATUTORY, BEFORE, proclaimed) == ["from 2022-09-13 due 2022-09-20 done 2022-09-21: late by 1"]


def test_an_adoption_never_moves_a_due_date_to_before_its_own_day():
    """A bank holiday is taken back on the very day that the clock would have been due without it."""
    history = told(day("2022-09-13", opened(), aware()))
    with_it = adoption("england-2022-09", recorded="2022-09-12")
    year = [on for on in calendars_adopted([with_it])[0].calendar.holidays if on.year == 2022 and on != FUNERAL]
    taken_back = adoption("no-holiday", *year, recorded="2022-09-21")
    assert shown(history, "2022-09-21", STATUTORY, with_it, taken_back) == ["from 2022-09-13 due 2022-09-21: running"]
    earlier = adoption("no-holiday", *year, recorded="2022-09-16")
    assert shown(history, "2022-09-21", STATUTORY, with_it, earlier) == [
        "from 2022-09-13 due 2022-09-21: superseded",
        "from 2022-09-13 due 2022-09-20: overdue by 1",
    ]


def test_an_overdue_clock_is_not_made_more_overdue():
    history = told(day("2022-09-13", opened(), aware()))
    with_it = adoption("england-2022-09", recorded="2022-09-12")
    year = [on for on in calendars_adopted([with_it])[0].calendar.holidays if on.year == 2022 and on != FUNERAL]
    taken_back = adoption("no-holiday", *year, recorded="2022-09-28")
    assert shown(history, "2022-09-28", STATUTORY, with_it, taken_back) == ["from 2022-09-13 due 2022-09-21: overdue by 5"]


def test_a_count_backward_may_become_due_earlier_but_not_before_the_adoption():
    history = told(
        day("2022-09-01", opened(), event("report-endorsed", digest="e" * 64, outcome="endorsed", review="practice-review")),
        day("2022-09-02", planned(date(2022, 9, 26))),
    )
    assert shown(history, "2022-09-12", "pre-publication-copy", BEFORE, adoption("funeral", FUNERAL, recorded="2022-09-12")) == [
        "2022-09-26 due 2022-09-15: superseded",
        "2022-09-26 due 2022-09-14: running",
    ]
    assert shown(history, "2022-09-15", "pre-publication-copy", BEFORE, adoption("funeral", FUNERAL, recorded="2022-09-15")) == [
        "2022-09-26 due 2022-09-15: running"
    ]


def test_months_and_set_dates_do_not_move_with_a_calendar():
    history = told(
        day(
            "2022-09-01",
            opened(),
            outcome("local-review"),
            event("recommendation-issued", ref="rec-1", owners=("school",), by_when=FUNERAL),
        )
    )
    assert [item["verdict"] for item in items(history, "2022-09-12", BEFORE, adoption("funeral", FUNERAL, recorded="2022-09-12"))] == [
        "running", "running", "elapsed", "running",
    ]  # fmt: skip


def test_as_of_knows_only_the_editions_adopted_by_then():
    history = told(day("2022-09-13", opened(), aware()))
    assert shown(history, "2022-09-13", STATUTORY, BEFORE) == ["from 2022-09-13 due 2022-09-20: running"]


# --- cheap


def test_what_no_clock_rests_on_gives_the_same_state():
    history = told(day("2024-10-04", opened()), day("2024-10-05", event("notifier-supported")))
    before = step(ClockState(), history[0])
    assert step(before, history[1]) is before


def test_a_case_of_children_without_an_incident_has_no_clock():
    thematic = told(
        day(
            "2023-03-13",
            event("case-opened", partnership="bolton", label="Theme", route="partners", concern="thematic", incident=None, children=()),
        )
    )
    assert state(thematic).clocks == ()
