"""The clocks as they are told."""

from __future__ import annotations

import json
from datetime import date

from application.case_view.clock_items import clock_items
from domain.clocks import fold_clocks
from domain.corrections import RecordCorrected
from domain.stages.notification import LocalAuthorityBecameAware, SeriousIncidentNotified
from tests.application.case_view.histories import BM, LA, PORTAL, happened, history
from tests.application.case_view.stories import opened

KEYS = {
    "clock", "about", "from", "due", "done", "verdict", "late_by", "overdue_by", "took", "ahead_by", "owed_by", "rule", "source",
    "procedure", "calendar", "events", "arithmetic", "replaced_by", "why",
}  # fmt: skip
STORY = (
    happened("2022-12-22 10:00", LA, opened(route="local-authority"), LocalAuthorityBecameAware(authority="bolton")),
    happened(
        "2023-01-04 10:00", PORTAL, SeriousIncidentNotified(portal_reference="SIN-1", children=("baby-w",), recipients=("panel",))
    ),
)  # fmt: skip


def items(*told, today):
    return clock_items(fold_clocks(history(*told)), date.fromisoformat(today))


def test_qa_1_awareness_notification_the_working_days_between_and_the_bank_holidays_skipped():
    (clock,) = [item for item in items(*STORY, today="2023-01-04") if item["clock"] == "serious-incident-notification"]
    assert (clock["from"], clock["due"], clock["done"], clock["verdict"], clock["late_by"]) == (
        "2022-12-22", "2023-01-03", "2023-01-04", "late", 1
    )  # fmt: skip
    counted = [day["date"] for day in clock["arithmetic"] if "count" in day]
    assert counted == ["2022-12-23", "2022-12-28", "2022-12-29", "2022-12-30", "2023-01-03"]
    assert clock["took"] == 6
    skipped = {day["date"]: day["skipped"] for day in clock["arithmetic"] if "skipped" in day}
    assert skipped["2022-12-26"].startswith("Boxing Day")
    assert skipped["2022-12-24"] == "Saturday"
    assert clock["events"] == [2, 3]


def test_every_clock_has_only_the_keys_of_the_contract_and_nothing_that_is_absent():
    for item in items(*STORY, today="2023-01-04"):
        assert item.keys() <= KEYS
        assert None not in item.values()
    json.dumps(items(*STORY, today="2023-01-04"))


def test_qe_13_a_clock_whose_trigger_was_corrected_stays_readable_with_what_replaced_it_and_why():
    corrected = happened("2023-01-09 10:00", BM, RecordCorrected(event_place=2, correction={"on": "2022-12-20"}))
    first, second = [item for item in items(*STORY, corrected, today="2023-01-09") if item["clock"] == "serious-incident-notification"]
    old, new = (first, second) if first["verdict"] == "superseded" else (second, first)
    assert (old["from"], old["done"]) == ("2022-12-22", "2023-01-04")
    assert old["replaced_by"]["from"] == "2022-12-20"
    assert "corrected" in old["why"]
    assert new["from"] == "2022-12-20"


def test_verdicts_are_those_of_the_day_asked_about():
    (before,) = [item for item in items(STORY[0], today="2023-01-03") if item["clock"] == "serious-incident-notification"]
    (after,) = [item for item in items(STORY[0], today="2023-01-05") if item["clock"] == "serious-incident-notification"]
    assert before["verdict"] == "running"
    assert (after["verdict"], after["overdue_by"]) == ("overdue", 2)
