"""One case at a glance."""

from __future__ import annotations

import json
from datetime import date

from application.case_view.overview import overview
from domain.corrections import CorrectedName, RecordCorrected
from domain.holds import HoldLifted, HoldPlaced, LegalHoldPlaced
from domain.initiation import RapidReviewInitiated
from domain.stages.agency_reports import AgencyAsked, AgencyDateChanged, AgencyReportReceived, NilReturnRecorded
from domain.stages.closing import CaseClosed
from domain.stages.commissioning import ReviewCommissioned, ReviewerAppointed, ReviewerRemoved
from domain.stages.escalation import ChallengeRaised, EscalationLevelEntered
from domain.stages.learning import AssuranceAccepted, AssuranceSubmitted, RecommendationIssued
from domain.stages.opening import CaseLinked, CrossReferenceRecorded, IncidentAmended
from domain.stages.rapid_review import FacilitatorAssigned, RapidReviewEndorsed, RapidReviewReportCirculated, RapidReviewReportDrafted
from domain.stages.theme_assignment import ThemeAssigned, ThemeWithdrawn
from domain.stages.threshold import DeputyAppointed
from tests.application.case_view.histories import BM, HEALTH, LA, happened, history, in_clear, person
from tests.application.case_view.stories import NOTIFIED, A, B, decided, position, round_of

OAKES = CorrectedName(person=person("baby-w"), path="children.0.name", words="Wilfred Oakes")


def seen(*told, today="2025-01-31", fields=None):
    recorded = history(*told)
    return overview(recorded, in_clear(recorded) if fields is None else fields, date.fromisoformat(today))


def test_what_the_case_is_about_and_where_it_stands():
    case = seen(*NOTIFIED)
    assert (case["case"], case["place"], case["label"], case["partnership"]) == ("c1", 6, "Baby W", "bolton")
    assert (case["route"], case["concern"], case["opened_on"]) == ("organisation", "serious-incident", "2024-10-04")
    assert (case["stage_code"], case["stage"]) == ("with-the-partners", "with the three partners for their decision")
    assert case["closed"] is False
    assert case["incident"] == {
        "happened_on": "2024-10-03",
        "area": "bolton",
        "in_england": True,
        "harm": "seriously-harmed",
        "abuse_or_neglect": "suspected",
        "summary": "Broken arm, account in doubt",
    }
    json.dumps(case)


def test_a_childs_name_and_birth_date_are_there_only_as_the_reader_may_read_them():
    (child,) = seen(*NOTIFIED)["children"]
    assert (child["ref"], child["name"], child["born_on"], child["age_band"]) == ("baby-w", "Wilfred Oake", "2024-05-01", "under-1")
    (bare,) = seen(*NOTIFIED, fields={})["children"]
    assert bare.keys() == child.keys() - {"name", "born_on"}
    assert "Broken" not in json.dumps(seen(*NOTIFIED, fields={}))


def test_what_is_corrected_or_amended_stands_in_the_place_of_what_it_was():
    case = seen(
        *NOTIFIED,
        happened("2024-10-09 10:00", BM, IncidentAmended(harm="died", summary="died on the ward")),
        happened(
            "2024-10-10 10:00",
            BM,
            RecordCorrected(event_place=1, correction={"children": {"0": {"age_band": "1-4"}}}, names=(OAKES,)),
        ),
    )
    assert (case["incident"]["harm"], case["incident"]["summary"]) == ("died", "died on the ward")
    assert (case["children"][0]["age_band"], case["children"][0]["name"]) == ("1-4", "Wilfred Oakes")


def test_a_corrected_name_that_may_not_be_read_does_not_let_the_wrong_one_stand():
    told = history(
        *NOTIFIED,
        happened("2024-10-10 10:00", BM, RecordCorrected(event_place=1, correction={}, names=(OAKES,))),
    )
    fields = in_clear(told)
    del fields[7]
    (child,) = overview(told, fields, date(2025, 1, 31))["children"]
    assert "name" not in child


def test_the_parties_and_the_state_of_the_agencies():
    case = seen(
        *NOTIFIED,
        happened("2024-10-10 09:00", HEALTH, DeputyAppointed(partner="health", deputy=person("deputy"), delegation="letter")),
        happened("2024-10-28 10:00", BM, RapidReviewInitiated(), FacilitatorAssigned(role="business-manager", person=BM.person)),
        happened("2024-10-29 10:00", BM, AgencyAsked(agency="gp-practice", due_on=date(2024, 11, 4))),
        happened("2024-10-29 10:00", BM, AgencyAsked(agency="police", due_on=date(2024, 11, 4))),
        happened("2024-10-29 10:00", BM, AgencyAsked(agency="health-visiting", due_on=date(2024, 11, 4))),
        happened("2024-10-30 10:00", BM, AgencyDateChanged(agency="gp-practice", due_on=date(2024, 11, 6))),
        happened("2024-11-04 10:00", BM, AgencyReportReceived(agency="police", report_digest=A, quality_assured_by="lead")),
        happened("2024-11-04 11:00", BM, NilReturnRecorded(agency="health-visiting")),
        happened(
            "2024-12-02 10:00", BM, ReviewCommissioned(review="practice-review", commissioners=("local-authority", "health", "police"))
        ),
        happened("2024-12-09 10:00", BM, ReviewerAppointed(candidate=person("r"), part="lead", source="external")),
        happened("2024-12-19 10:00", BM, ReviewerRemoved(candidate=person("r"))),
    )
    parties = case["parties"]
    assert parties["facilitator"]["person"] == BM.person
    assert [(agency["agency"], agency["state"], agency["due_on"]) for agency in parties["agencies"]] == [
        ("gp-practice", "awaited", "2024-11-06"),
        ("police", "reported", "2024-11-04"),
        ("health-visiting", "nothing-to-report", "2024-11-04"),
    ]
    assert parties["reviewers"][0]["removed_on"] == "2024-12-19"
    assert parties["deputies"] == [{"partner": "health", "person": person("deputy"), "since": "2024-10-10", "place": 7}]
    assert case["stage_code"] == "commissioning"
    assert case["documents"] == [{"digest": A, "named": [{"place": 14, "name": "agency-report-received", "as": "report_digest"}]}]


def test_qe_8_positions_of_an_open_round_and_endorsements_of_the_text_going_round():
    halfway = seen(*NOTIFIED, happened("2024-10-10 10:00", LA, position("local-authority", "met")))
    (given,) = halfway["positions"]
    assert (given["ref"], given["partner"], given["question"], given["position"]) == ("threshold-1", "local-authority", "serious", "met")
    assert "rationale" not in given
    case = seen(
        *NOTIFIED,
        *round_of("2024-10-10", "threshold-1", la="met", health="met", police="met"),
        happened("2024-10-10 10:30", BM, decided("met", then="rapid-review"), RapidReviewInitiated(decision="threshold-1")),
        happened("2024-11-04 10:00", BM, RapidReviewReportDrafted(digest=B), RapidReviewReportCirculated(digest=B)),
        happened("2024-11-06 10:00", HEALTH, RapidReviewEndorsed(partner="health", digest=B, local_review="no", national_review="no")),
    )
    assert case["positions"] == []
    assert case["endorsements"]["endorsing"] == 1
    assert case["endorsements"]["positions"][0] | {"at": ""} == {
        "digest": B,
        "position": "endorse",
        "partner": "health",
        "person": HEALTH.person,
        "on": "2024-11-06",
        "at": "",
        "place": 14,
        "capacity": "delegated-partner",
        "local_review": "no",
        "national_review": "no",
    }
    assert case["stage_code"] == "rapid-review-report"


def hold(ref, scope, review_on):
    return HoldPlaced(ref=ref, scope=scope, asked_by="CPS", basis="trial", review_on=review_on)


def test_holds_that_stand_with_those_past_their_review():
    case = seen(
        *NOTIFIED,
        happened("2024-12-01 10:00", BM, hold("hold-1", "publication", date(2025, 1, 15))),
        happened("2024-12-01 11:00", BM, hold("hold-2", "interview", date(2025, 3, 1))),
        happened("2024-12-01 12:00", BM, LegalHoldPlaced(ref="hold-1", basis="inquiry")),
        happened("2024-12-05 12:00", BM, HoldLifted(ref="hold-2")),
    )
    assert [(held["ref"], held["scope"], held.get("review_overdue", False)) for held in case["holds"]] == [
        ("hold-1", "publication", True),
        ("hold-1", "legal", False),
    ]


def test_qa_16_recommendations_with_what_was_submitted_and_accepted():
    issued = happened("2024-12-01 10:00", BM, *(
        RecommendationIssued(ref=f"recommendation-{n}", what="visit", owners=("gp-practice",), by_when=date(2025, 1, 15)) for n in (1, 2)
    ))  # fmt: skip
    assured = happened("2025-01-10 10:00", BM, AssuranceSubmitted(recommendation="recommendation-1", evidence="e", difference_made="d"))
    accepted = happened("2025-01-12 10:00", LA, AssuranceAccepted(recommendation="recommendation-1", rationale="r"))
    done, owed = seen(*NOTIFIED, issued, assured, accepted)["recommendations"]
    assert (done["state"], done["assured_on"], done["what"]) == ("assured", "2025-01-12", "visit")
    assert (owed["state"], owed["past_its_date"]) == ("issued", True)
    assert "past_its_date" not in done


def test_themes_links_references_and_challenges_that_are_open():
    case = seen(
        *NOTIFIED,
        happened("2024-10-09 10:00", BM, ThemeAssigned(code="P4", version="1", children=("baby-w",), standing="confirmed", basis="report")),
        happened(
            "2024-10-10 10:00", BM, ThemeAssigned(code="P4", version="1", children=("baby-w",), standing="provisional", basis="other")
        ),
        happened("2024-10-10 11:00", BM, ThemeAssigned(code="C2", version="1", standing="provisional", basis="notification")),
        happened("2024-10-11 11:00", BM, ThemeWithdrawn(code="C2")),
        happened("2024-10-11 12:00", BM, CaseLinked(case="c2", relation="sibling")),
        happened("2024-10-11 13:00", BM, CrossReferenceRecorded(process="coroner", reference="C-17", status="opened")),
        happened("2024-10-14 09:00", HEALTH, ChallengeRaised(ref="challenge-1", decision="threshold-1", organisation="trust", grounds="g")),
        happened("2024-10-15 09:00", BM, EscalationLevelEntered(challenge="challenge-1", level=1, heard_by=("business-manager",))),
    )
    assert [(theme["code"], theme["child"], theme["standing"], theme["since"]) for theme in case["themes"]] == [
        ("P4", "baby-w", "confirmed", "2024-10-09")
    ]
    assert case["links"] == [{"case": "c2", "relation": "sibling", "place": 11}]
    assert case["cross_references"][0] == {"process": "coroner", "reference": "C-17", "status": "opened", "place": 12}
    assert [(challenge["ref"], challenge["level"]) for challenge in case["challenges_open"]] == [("challenge-1", 1)]


def test_a_closed_case_says_so():
    case = seen(*NOTIFIED, happened("2024-12-01 10:00", BM, CaseClosed(because="done")))
    assert (case["closed"], case["closed_on"], case["stage_code"]) == (True, "2024-12-01", "closed")
