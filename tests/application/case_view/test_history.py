"""The history as it was recorded: entries made late, and corrections beside what they correct."""

from __future__ import annotations

import json
from datetime import date

from application.case_view.history import history_items
from domain.corrections import RecordCorrected
from domain.stages.notification import LocalAuthorityBecameAware, NotificationAcknowledged
from tests.application.case_view.histories import BM, LA, WARD, happened, history, in_clear
from tests.application.case_view.stories import NOTIFIED, opened

ENVELOPE = {"place", "position", "name", "at", "on", "by", "procedure", "calendar", "command", "fields", "sentence"}


def items(told, fields=None):
    return history_items(told, in_clear(told) if fields is None else fields)


def test_each_entry_has_its_envelope_its_fields_and_a_sentence():
    told = history(*NOTIFIED)
    first, *_ = items(told)
    assert first.keys() == ENVELOPE
    assert first["at"] == "2024-10-04T10:00:00.000000Z"
    assert first["by"] == {"person": WARD.person, "role": "notifier", "organisation": "hospital-trust", "partnership": "bolton"}
    assert first["procedure"] == {"local": "bolton", "national": "england-2023"}
    assert first["fields"]["children"][0]["name"] == "Wilfred Oake"
    assert first["sentence"] == (
        "The case Baby W was opened in Bolton on the organisation route, about a serious incident, naming one child."
    )
    assert [item["place"] for item in items(told)] == [*range(1, 7)]
    json.dumps(items(told))


def test_what_may_not_be_read_is_left_out_and_the_sentence_stays():
    told = history(*NOTIFIED)
    item = items(told, fields={})[0]
    assert "fields" not in item
    assert "Wilfred" not in json.dumps(item)
    assert item["sentence"]


def test_what_one_asking_recorded_shares_its_command_and_its_instant():
    copy, awareness = items(history(*NOTIFIED))[2:4]
    assert (copy["name"], awareness["name"]) == ("notification-shared", "local-authority-became-aware")
    assert (copy["command"], copy["at"]) == (awareness["command"], awareness["at"])


def test_qa_3_an_entry_made_more_than_two_working_days_later_is_late_with_its_days_and_its_reason():
    told = history(
        happened(
            "2024-10-11 09:00",
            LA,
            LocalAuthorityBecameAware(authority="bolton", how="call", because="found in the duty log"),
            on="2024-10-04",
        )
    )
    (item,) = items(told)
    assert item["late_entry"] == {"working_days": 5, "because": "found in the duty log"}
    assert item["by"]["role"] == "delegated-partner"


def test_qa_3_friday_told_on_tuesday_is_in_time_though_four_days_have_passed():
    told = history(happened("2024-10-08 09:00", BM, NotificationAcknowledged(to="the trust", channel="post"), on="2024-10-04"))
    assert "late_entry" not in items(told)[0]


def test_qa_3_days_are_those_of_london_and_bank_holidays_do_not_count():
    told = history(
        happened("2024-12-30 00:30", BM, NotificationAcknowledged(to="the trust", channel="post"), on="2024-12-23"),
        happened("2024-12-31 00:30", BM, NotificationAcknowledged(to="the trust", channel="post"), on="2024-12-24"),
    )
    first, second = items(told)
    assert first["late_entry"] == {"working_days": 3}  # Tuesday 24, Friday 27 and Monday 30 December
    assert second["late_entry"] == {"working_days": 3}  # Friday 27, Monday 30, Tuesday 31


def test_qa_3_a_reason_that_may_not_be_read_is_not_told():
    told = history(happened("2024-10-11 09:00", LA, LocalAuthorityBecameAware(authority="bolton", because="a name"), on="2024-10-01"))
    assert items(told, fields={})[0]["late_entry"] == {"working_days": 8}


def test_a_day_that_no_calendar_covers_is_told_in_days():
    told = history(happened("2024-10-11 09:00", LA, LocalAuthorityBecameAware(authority="bolton"), on="1989-10-11"))
    assert items(told)[0]["late_entry"] == {"days": (date(2024, 10, 11) - date(1989, 10, 11)).days}


def test_a_correction_and_what_it_corrects_name_one_another():
    told = history(
        *NOTIFIED,
        happened("2024-10-09 10:00", BM, RecordCorrected(event_place=4, correction={"on": "2024-10-07"}, because="misread")),
        happened("2024-10-09 11:00", BM, RecordCorrected(event_place=4, correction={"on": "2024-10-04"})),
    )
    every = items(told)
    assert every[3]["corrected_by"] == [7, 8]
    assert every[3]["on"] == "2024-10-08"  # as it was recorded
    assert [item.get("corrects") for item in every[6:]] == [4, 4]
    assert every[6]["sentence"] == "The entry at place 4 was corrected: the day it happened is 7 October 2024."
    assert not any("corrected_by" in item for item in every if item["place"] != 4)


def test_a_case_opened_by_somebody_elses_hand_says_for_whom():
    told = history(happened("2024-10-04 11:00", BM, opened(route="parent")))
    assert items(told)[0]["by"]["role"] == "business-manager"
