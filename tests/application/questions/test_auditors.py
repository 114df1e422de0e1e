"""What auditors ask who replay a case (QA-1 to QA-18), each asked of the API as `docs/questions.md` says."""

from __future__ import annotations

from typing import Any

from application.rehearsal import digest
from interfaces.cli.verify import verify
from tests.application.questions.asking import one, places


def test_qa_1_the_days_from_awareness_to_the_notification(case: Any) -> None:
    clock = one(case("baby-n").clocks("serious-incident-notification"))

    assert (clock["from"], clock["done"], clock["took"]) == ("2023-12-22", "2024-01-03", 5)
    skipped = [day["skipped"] for day in clock["arithmetic"] if day.get("skipped") not in (None, "Saturday", "Sunday")]
    assert skipped == ["Christmas Day", "Boxing Day", "New Year's Day"]
    assert clock["events"] == [6, 17], "the places of local-authority-became-aware and serious-incident-notified"


def test_qa_2_the_case_as_it_was_known_at_five_o_clock(case: Any) -> None:
    """What was recorded later is not there, even if it happened earlier."""
    asked, then = case("child-h"), "2024-02-12T17:00:00+00:00"

    history, whole = asked.history(as_of=then), asked.history()

    assert places(history) == [item["place"] for item in whole if item["at"] <= "2024-02-12T17:00:00.000000Z"]
    earlier = [item for item in whole if item["on"] <= "2024-02-12" and item["place"] not in places(history)]
    assert [(item["name"], item["on"]) for item in earlier] == [("local-authority-became-aware", "2024-02-05")]
    assert asked.overview(as_of=then)["place"] == history[-1]["place"]
    assert one(asked.clocks("serious-incident-notification", as_of=then))["due"] == "2024-02-15"


def test_qa_3_what_was_entered_more_than_two_working_days_late_by_whom_and_why(case: Any) -> None:
    late = [item for item in case("child-h").history() if "late_entry" in item]

    awareness = one(late)
    assert (awareness["name"], awareness["on"], awareness["at"][:10]) == ("local-authority-became-aware", "2024-02-05", "2024-02-13")
    assert awareness["late_entry"] == {"working_days": 6, "because": "found only now"}
    assert (awareness["by"]["role"], awareness["by"]["organisation"]) == ("delegated-partner", "local-authority")
    # over Easter three days pass, and no working day more than one
    assert [item for item in case("siblings-b").history() if "late_entry" in item] == []


def test_qa_4_three_positions_their_deputies_and_the_dissent(case: Any) -> None:
    decision = one(case("infant-c").decisions("threshold"))

    assert {d["partner"]: (d["position"], d["capacity"]) for d in decision["deciders"]} == {
        "local-authority": ("met", "delegated-partner"),
        "health": ("met", "deputy"),
        "police": ("not-met", "deputy"),
    }
    assert {d["partner"]: d["delegation"]["words"] for d in decision["deciders"] if "delegation" in d} == {
        "health": "for this case: I manage the nursing team",
        "police": "on leave until 18 November",
    }
    assert decision["dissent"] == ["police"]


def test_qa_5_learning_is_considered_wherever_a_threshold_is_not_met(case: Any) -> None:
    for handle in ("baby-w", "child-s", "baby-n", "child-h"):
        asked = case(handle)
        not_met = [d for d in asked.decisions("threshold") if d["outcome"] == "not-met"]
        assert not_met
        for decision in not_met:
            considered = decision["learning_considered"]
            assert considered["words"]
            assert considered["place"] == decision["place"] + 1
        assert asked.absences("learning-considered") == []


def test_qa_6_who_facilitated_and_the_conflict_before_the_work(case: Any) -> None:
    asked = case("infant-c")

    facilitator = asked.overview()["parties"]["facilitator"]
    declared = asked.history("interest-declared")
    assigned = asked.history("facilitator-assigned")
    work = asked.history("agency-asked")

    assert facilitator["role"] == "other"
    assert [d["by"]["role"] for d in declared] == ["business-manager", "delegated-partner", "designated-health-practitioner"]
    assert [a["fields"]["role"] for a in assigned] == ["designated-health-practitioner", "other"]
    assert declared[0]["place"] < assigned[0]["place"] < work[0]["place"] < declared[2]["place"] < assigned[1]["place"] < work[1]["place"]
    # the partnership officer acted for the business manager, and the record says so (R-26)
    assert {a["by"]["behalf_of"] for a in assigned} == {declared[0]["by"]["person"]}


def test_qa_7_agencies_asked_late_silent_and_missing(case: Any) -> None:
    asked = case("infant-c")
    agencies = {a["agency"]: (a["state"], a["due_on"]) for a in asked.overview()["parties"]["agencies"]}
    assert agencies == {"community-nursing": ("reported", "2024-11-18"), "gp-practice": ("awaited", "2024-11-18")}
    assert one(asked.history("chronology-collated"))["fields"]["missing"] == ["gp-practice"]
    late = {c["about"]: (c["verdict"], c.get("late_by")) for c in case("baby-n").clocks("agency-report")}
    assert late == {"midwifery": ("late", 1), "housing": ("cancelled", None)}
    nil = {a["agency"]: a["state"] for a in case("child-l").overview()["parties"]["agencies"]}
    assert nil == {"school": "reported", "dentist": "nothing-to-report"}


def test_qa_8_a_deadline_that_was_met_its_rule_and_edition_and_the_same_under_todays(case: Any) -> None:
    asked = case("baby-w")

    met = one(asked.clocks("acknowledgement"))
    trigger = next(item for item in asked.history() if item["place"] == met["events"][0])
    assert (met["verdict"], trigger["name"], trigger["on"]) == ("on-time", "notification-received", met["from"])
    assert met["rule"].startswith("1 working day from when the notification was received")
    assert (met["source"], met["procedure"], met["calendar"]) == ("BOL-57, BOL-114", ["bolton"], "england-2026")

    today = asked.assumed(under="in-force")
    assert (today["evidence"], today["assumed"]["procedure"]) == (False, ["bolton", "england-2025"])
    beside = one(today["beside"], clock="acknowledgement")
    assert (beside["recorded"]["due"], beside["assumed"]["due"], beside["differs"]) == (met["due"], met["due"], False)
    # the neighbours have no such rule: the difference is said, and nothing of it is recorded
    elsewhere = one(asked.assumed(under="bury")["beside"], clock="acknowledgement")
    assert (elsewhere["assumed"], elsewhere["differs"], elsewhere["sentence"]) == (None, True, "There would be no such clock.")
    assert asked.clocks("acknowledgement") == [met]


def test_qa_9_who_was_shown_the_form_between_two_instants_in_what_capacity(case: Any) -> None:
    asked = case("baby-e")
    form = one(asked.history("notification-received"))["place"]
    looks = asked.access(**{"from": "2025-02-04T00:00:00Z", "until": "2025-02-05T23:59:59Z"})

    # up to the place of the form, or past it
    showed_it = [look for look in looks if look["outcome"] == "shown" and look.get("place", 0) >= form]
    assert [(look["by"]["organisation"], look["capacity"], look["view"], look["at"][:16]) for look in showed_it] == [
        ("health", "delegated-partner", "overview", "2025-02-04T14:00"),
        ("health", "delegated-partner", "history", "2025-02-04T14:00"),
    ]
    assert [look["look"] for look in looks if look["break_glass"]] == []
    (opened,) = asked.access(view="document")
    assert (opened["by"]["organisation"], opened["documents"]) == ("health", [digest("scan")])
    later = asked.access(**{"from": "2025-02-06T00:00:00Z", "until": "2025-02-06T23:59:59Z"})
    assert {look["by"]["organisation"] for look in later} == {"local-authority"}


def test_qa_10_that_nothing_was_altered_removed_or_put_in(case: Any) -> None:
    """Not believed but checked: by a verifier that knows nothing of the service, and whose answer one changed letter turns."""
    asked = case("infant-p")
    file = asked.case_file()

    report = verify(file)
    assert report.fault is None
    assert report.counts["events"] == len(asked.history())
    at = file.index(b'"on\\":\\"2024')
    assert verify(file[: at + 7] + b"3" + file[at + 8 :]).fault is not None


def test_qa_11_what_went_to_the_panel_was_endorsed_by_all_three(case: Any) -> None:
    for handle in ("infant-p", "infant-c", "child-l", "siblings-b"):
        asked = case(handle)
        sent = one(asked.history("rapid-review-sent-to-panel"))
        decided = asked.decisions("rapid-review-outcome")[0]
        assert decided["digest"] == sent["fields"]["digest"]
        assert {d["partner"]: d["position"] for d in decided["deciders"]} == dict.fromkeys(
            ("local-authority", "health", "police"), "endorse"
        )
        assert max(places(decided["deciders"])) < sent["place"]


def test_qa_12_consent_that_was_refused_and_what_went_on_all_the_same(case: Any) -> None:
    asked = case("baby-n")
    consent = one(asked.history("notification-consent-recorded"))
    received = one(asked.history("notification-received"))

    said = consent["fields"]
    assert (said["subject"], said["outcome"], said["lawful_basis"]) == ("mother", "refused", "public task")
    assert (said["how_asked"], said["because"]) == ("by the family liaison officer", "she wants to be left alone")
    assert consent["place"] < received["place"]
    # no clock waits for consent, and none counts from it
    clocks = asked.clocks()
    assert {clock["from"] for clock in clocks if clock["clock"] in ("acknowledgement", "copy-to-partners")} == {received["on"]}
    assert [clock["clock"] for clock in clocks if consent["place"] in clock["events"]] == []


def test_qa_13_how_long_before_publication_the_copy_went(case: Any) -> None:
    asked = case("infant-p")

    clock = one(asked.clocks("pre-publication-copy"), about="2025-05-21")
    copy = one(asked.history("pre-publication-copy-sent"))
    published = one(asked.history("report-published"))

    assert (clock["done"], clock["due"], clock["ahead_by"]) == ("2025-05-06", "2025-05-12", 11)
    assert copy["fields"]["recipients"] == ["Panel", "Secretary of State", "Ofsted"]
    assert (copy["on"], published["on"]) == ("2025-05-06", "2025-05-21")
    assert copy["place"] in clock["events"]


def test_qa_16_recommendations_their_evidence_and_the_difference(case: Any) -> None:
    asked = case("infant-p")

    first = one(asked.overview()["recommendations"], ref="rec-1")
    clock = one(asked.clocks("recommendation"), about="rec-1")
    story = asked.history("assurance-submitted", "assurance-rejected", "assurance-accepted")
    first_story = [e for e in story if e["fields"]["recommendation"] == "rec-1"]

    assert (first["state"], first["by_when"], first["assured_on"]) == ("assured", "2025-09-30", "2025-10-27")
    assert "past_its_date" not in first
    assert (clock["verdict"], clock["late_by"]) == ("late", 19)
    assert [e["name"] for e in first_story] == ["assurance-submitted", "assurance-rejected", "assurance-submitted", "assurance-accepted"]
    assert first_story[2]["fields"]["difference_made"] == "38 of 40 babies seen by a paediatrician the same day"


def test_qa_17_everyone_who_contributed_is_asked(case: Any) -> None:
    asked = case("infant-p")

    missing = asked.absences("feedback-invitation")
    invited = asked.history("feedback-invited")
    received = one(asked.history("feedback-received"))

    # the health visitor, who talked with the reviewer before withdrawing, and two agencies were never asked
    agreed = [e for e in asked.history("participation-recorded") if e["fields"]["outcome"] == "withdrawn"]
    assert {m["about"] for m in missing} == {agreed[0]["fields"]["participant"], "children-social-care", "gp-practice"}
    assert {e["fields"].get("agency", "somebody") for e in invited} == {"hospital-trust", "somebody"}
    assert received["fields"]["feedback"] == "being rung back the same day mattered most"


def test_qa_18_children_were_made_safe_before_anything_was_decided(case: Any) -> None:
    for handle, children, done_on in (
        ("infant-p", "brother of three stays with grandparents, seen daily", "2024-09-03"),
        ("infant-c", "twin brother seen the same day", "2024-11-08"),
    ):
        story = case(handle).history("immediate-action-recorded", "threshold-decided", "rapid-review-outcome-decided")
        action = story[0]
        assert action["name"] == "immediate-action-recorded"
        assert (action["fields"]["for_whom"], action["fields"]["action"], action["fields"]["done_on"]) == (
            "linked-children", children, done_on,
        )  # fmt: skip
