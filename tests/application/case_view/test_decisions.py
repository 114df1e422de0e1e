"""The register of decisions: who decided what, in what capacity, what it replaced, and on which text."""

from __future__ import annotations

import json

import pytest

from application.case_view.decisions import decisions, endorsements
from domain.candidate import ThematicCandidateDecided, ThematicCandidateRaised
from domain.corrections import RecordCorrected
from domain.decisions import Criterion
from domain.stages.escalation import ChallengeRaised, ChallengeResolved
from domain.stages.outcome import RapidReviewDiscontinued, RapidReviewOutcomeDecided, SeriousIncidentFoundNotToMeetCriteria
from domain.stages.publication import PublicationDecided
from domain.stages.rapid_review import (
    RapidReviewEndorsed,
    RapidReviewEndorsementWithheld,
    RapidReviewReportCirculated,
    RapidReviewReportDrafted,
)
from domain.stages.reopening import DecisionConfirmed, DecisionReopened, DecisionReplaced, NewInformationReceived
from domain.stages.review import ReportDrafted, ReportEndorsed, ReportEndorsementRecorded, ReportPresented
from domain.stages.threshold import DecisionFedBack, DeputyAppointed, LearningConsidered
from tests.application.case_view.histories import BM, HEALTH, LA, POLICE, PORTAL, WARD, asker, happened, history, in_clear
from tests.application.case_view.stories import NOTIFIED, A, B, decided, position, round_of

NOT_MET = (
    *NOTIFIED,
    *round_of("2024-10-10", "threshold-1", la="not-met", health="not-met", police="abstain"),
    happened(
        "2024-10-10 10:30",
        BM,
        decided("not-met"),
        LearningConsidered(decision="threshold-1", learning_considered="none beyond the ward's own"),
    ),
    happened("2024-10-11 10:00", BM, DecisionFedBack(decision="threshold-1", to="the trust", rationale_included=True)),
)
CHALLENGED = (
    *NOT_MET,
    happened(
        "2024-10-14 09:00", WARD, ChallengeRaised(ref="challenge-1", decision="threshold-1", organisation="hospital-trust", grounds="force")
    ),
    happened("2024-10-24 10:00", HEALTH, ChallengeResolved(challenge="challenge-1", outcome="upheld", rationale="suspected is enough")),
    happened("2024-10-25 09:00", HEALTH, DecisionReopened(decision="threshold-1", trigger="challenge-upheld", cites="challenge-1")),
    *round_of("2024-10-25", "threshold-2", la="met", health="met", police="not-met"),
    happened(
        "2024-10-25 10:30",
        BM,
        DecisionReplaced(
            decision="threshold-1",
            ref="threshold-2",
            kind="threshold",
            question="serious",
            outcome="met",
            then="rapid-review",
            trigger="challenge-upheld",
            cites="challenge-1",
            rationale="serious harm, abuse suspected",
        ),
        information={"case": "c1", "place": 14},
    ),
)


def register(*told, fields=None, stream="case/c1"):
    recorded = history(*told, stream=stream)
    return decisions(recorded, in_clear(recorded) if fields is None else fields)


def test_qe_1_each_decision_has_its_days_its_deciders_with_capacity_their_rationale_and_the_decisions_own():
    (decision,) = register(*NOT_MET)
    assert decision | {"deciders": [], "learning_considered": {}, "fed_back": []} == {
        "decision": "threshold",
        "ref": "threshold-1",
        "threshold": "serious",
        "outcome": "not-met",
        "then": "none",
        "on": "2024-10-10",
        "at": "2024-10-10T09:30:00.000000Z",
        "place": 10,
        "by": ["local-authority", "health", "police"],
        "dissent": [],
        "deciders": [],
        "recorded_by": {"person": BM.person, "role": "business-manager", "partnership": "bolton"},
        "replaced": False,
        "rationale": "the three say not-met",
        "learning_considered": {},
        "fed_back": [],
    }
    assert decision["deciders"][0] == {
        "partner": "local-authority",
        "question": "serious",
        "position": "not-met",
        "capacity": "delegated-partner",
        "person": LA.person,
        "role": "delegated-partner",
        "organisation": "local-authority",
        "rationale": "local-authority says not-met",
        "on": "2024-10-10",
        "at": "2024-10-10T09:00:00.000000Z",
        "place": 7,
    }
    json.dumps(decision)


def test_qe_2_the_replaced_decision_stays_and_names_what_replaced_it_and_why():
    first, second = register(*CHALLENGED)
    assert (first["ref"], first["outcome"], first["replaced"], first["replaced_by"]) == ("threshold-1", "not-met", True, "threshold-2")
    assert "cause" not in first
    assert (second["ref"], second["outcome"], second["replaced"], second["replaces"]) == ("threshold-2", "met", False, "threshold-1")
    assert (second["cause"], second["cites"]) == ("challenge-upheld", "challenge-1")
    assert (second["threshold"], second["then"]) == ("serious", "rapid-review")
    assert (second["by"], second["dissent"]) == (["local-authority", "health"], ["police"])
    assert first["reopened"][0]["cited"]["name"] == "challenge-raised"
    assert second["information"] == {"case": "c1", "place": 14}


def test_qa_4_who_deputised_for_whom_under_what_delegation_and_who_dissented():
    deputy = asker("designated-health-practitioner", behalf_of="delegated-partner/health")
    clerk = asker("business-manager", behalf_of="delegated-partner/police")
    (decision,) = register(
        *NOTIFIED,
        happened("2024-10-09 09:00", HEALTH, DeputyAppointed(partner="health", deputy=deputy.person, delegation="letter of 1 October")),
        happened("2024-10-10 10:00", LA, position("local-authority", "met")),
        happened("2024-10-10 10:01", deputy, position("health", "met")),
        happened("2024-10-10 10:02", clerk, position("police", "not-met")),
        happened("2024-10-10 10:30", BM, decided("met", then="rapid-review")),
    )
    assert (decision["by"], decision["dissent"]) == (["local-authority", "health"], ["police"])
    authority, health, police = decision["deciders"]
    assert authority["capacity"] == "delegated-partner"
    assert (health["capacity"], health["behalf_of"]) == ("deputy", "delegated-partner/health")
    assert health["delegation"] == {"place": 7, "words": "letter of 1 October"}
    assert (police["capacity"], police["role"], police["behalf_of"]) == ("clerk", "business-manager", "delegated-partner/police")


def test_qa_5_every_not_met_shows_the_learning_considered():
    (decision,) = register(*NOT_MET)
    assert decision["learning_considered"]["words"] == "none beyond the ward's own"
    assert decision["learning_considered"]["place"] == 11


def test_qe_6_each_decision_shows_when_it_was_fed_back_and_whether_with_its_rationale():
    fed = happened("2024-10-29 10:00", BM, DecisionFedBack(decision="threshold-2", to="the trust", rationale_included=False))
    first, second = register(*CHALLENGED, fed)
    assert [(f["on"], f["rationale_included"]) for f in first["fed_back"]] == [("2024-10-11", True)]
    assert [(f["on"], f["rationale_included"]) for f in second["fed_back"]] == [("2024-10-29", False)]


def test_qe_11_what_re_opened_a_decision_who_had_it_first_and_the_days_until_the_partners_spoke():
    told = (
        *NOT_MET,
        happened("2024-11-04 09:00", LA, NewInformationReceived(ref="information-1", source="hospital", summary="X-ray read again")),
        happened("2024-11-06 09:00", HEALTH, DecisionReopened(decision="threshold-1", trigger="new-information", cites="information-1")),
        *round_of("2024-11-12", "threshold-2", la="not-met", health="not-met", police="met"),
        happened(
            "2024-11-12 10:30",
            BM,
            DecisionConfirmed(
                decision="threshold-1", ref="threshold-2", kind="threshold", question="serious", outcome="not-met", rationale="same"
            ),
        ),
    )
    (decision,) = register(*told)
    assert decision["replaced"] is False
    assert decision["reopened"][0]["cited"]["by"]["organisation"] == "local-authority"
    (confirmed,) = decision["confirmed"]
    assert (confirmed["ref"], confirmed["on"], confirmed["dissent"]) == ("threshold-2", "2024-11-12", ["police"])
    assert (confirmed["cause"], confirmed["days_until_the_partners_spoke"]) == ("new-information", 8)
    assert len(confirmed["deciders"]) == 3


# --- the rapid review and its outcome


def endorse(who, partner, text=A, local="no", withhold=False):
    said = RapidReviewEndorsementWithheld if withhold else RapidReviewEndorsed
    return said(partner=partner, digest=text, local_review=local, national_review="no", concerns="too short")


CIRCULATED = (
    *NOTIFIED,
    happened("2024-11-04 10:00", BM, RapidReviewReportDrafted(digest=A)),
    happened("2024-11-05 10:00", BM, RapidReviewReportCirculated(digest=A)),
)
ENDORSED = (
    *CIRCULATED,
    happened("2024-11-06 10:00", HEALTH, endorse(HEALTH, "health", local="yes"), information={"seen": 9}),
    happened("2024-11-06 11:00", POLICE, endorse(POLICE, "police")),
    happened("2024-11-07 10:00", LA, endorse(LA, "local-authority")),
)
OUTCOME = RapidReviewOutcomeDecided(
    ref="outcome-1",
    outcome="no-further-action",
    rationale="learning is clear",
    criteria=(Criterion(criterion="improvements", met="yes", why="small and local"),),
    national_review_view="not needed",
    digest=A,
)


def test_qe_8_an_outcome_names_the_text_and_what_each_partner_said_of_it():
    (decision,) = register(*ENDORSED, happened("2024-11-08 10:00", BM, OUTCOME))
    assert (decision["decision"], decision["outcome"], decision["digest"]) == ("rapid-review-outcome", "no-further-action", A)
    assert "threshold" not in decision
    assert (decision["by"], decision["dissent"]) == (["local-authority", "police"], ["health"])
    health = decision["deciders"][1]
    assert (health["position"], health["local_review"], health["concerns"]) == ("endorse", "yes", "too short")
    assert health["information"] == {"seen": 9}
    assert decision["criteria"] == [{"criterion": "improvements", "met": "yes", "why": "small and local"}]


def test_a_partner_against_a_local_review_opposes_the_decision_to_carry_one_out():
    carried_out = happened("2024-11-08 10:00", BM, RapidReviewOutcomeDecided(
        ref="outcome-1", outcome="local-review", rationale="why", criteria=(), national_review_view="no", digest=A
    ))  # fmt: skip
    (decision,) = register(*ENDORSED, carried_out)
    assert (decision["by"], decision["dissent"]) == (["health"], ["local-authority", "police"])


def test_an_outcome_decided_again_follows_the_positions_of_its_own_round():
    first, second = register(
        *ENDORSED,
        happened("2024-11-08 10:00", BM, OUTCOME),
        happened("2024-12-02 09:00", LA, NewInformationReceived(ref="information-1", source="s", summary="s")),
        happened("2024-12-02 10:00", LA, DecisionReopened(decision="outcome-1", trigger="new-information", cites="information-1")),
        *round_of("2024-12-03", "outcome-2", "local-review", la="met", health="met", police="abstain"),
        happened(
            "2024-12-03 11:00",
            BM,
            DecisionReplaced(
                decision="outcome-1",
                ref="outcome-2",
                kind="rapid-review-outcome",
                question="local-review",
                outcome="local-review",
                then="none",
                trigger="new-information",
                cites="information-1",
                rationale="now clear",
            ),
        ),
    )
    assert (first["replaced"], first["replaced_by"]) == (True, "outcome-2")
    assert (second["decision"], second["by"], second["dissent"]) == ("rapid-review-outcome", ["local-authority", "health", "police"], [])
    assert (second["cause"], second["days_until_the_partners_spoke"], second["digest"]) == ("new-information", 1, A)


def test_what_was_decided_lapses_with_the_rapid_review_that_is_discontinued():
    threshold, determination = register(
        *NOTIFIED,
        *round_of("2024-10-10", "threshold-1", la="met", health="met", police="met"),
        happened("2024-10-10 10:30", BM, decided("met", then="rapid-review")),
        happened(
            "2024-10-20 10:00",
            PORTAL,
            SeriousIncidentFoundNotToMeetCriteria(evidence="a bone disease", panel_informed=True),
            RapidReviewDiscontinued(),
        ),
    )
    assert threshold["lapsed"] is True
    assert (determination["decision"], determination["rationale"]) == ("criteria-not-met", "a bone disease")
    assert "by" not in determination


# --- how many endorse


@pytest.mark.parametrize(("told", "expected"), [(NOTIFIED, 0), (CIRCULATED, 0), (CIRCULATED + ENDORSED[-1:], 1), (ENDORSED, 3)])
def test_endorsements_are_counted_of_the_text_circulated(told, expected):
    assert endorsements(history(*told)) == expected


def test_a_new_text_voids_what_was_endorsed_and_a_withheld_endorsement_is_none():
    redrafted = (*ENDORSED, happened("2024-11-10 10:00", BM, RapidReviewReportDrafted(digest=B)))
    assert endorsements(history(*redrafted)) == 0
    again = (
        *redrafted,
        happened("2024-11-10 11:00", BM, RapidReviewReportCirculated(digest=B)),
        happened("2024-11-11 10:00", HEALTH, endorse(HEALTH, "health", B)),
        happened("2024-11-11 11:00", POLICE, endorse(POLICE, "police", B, withhold=True)),
    )
    assert endorsements(history(*again)) == 1


def test_the_same_text_drafted_again_keeps_its_endorsements():
    assert endorsements(history(*ENDORSED, happened("2024-11-10 10:00", BM, RapidReviewReportDrafted(digest=A)))) == 3


PRESENTED = (
    *NOTIFIED,
    happened("2025-03-03 10:00", BM, ReportDrafted(digest=B, final=True)),
    happened("2025-03-04 10:00", BM, ReportPresented(digest=B, contains=("summary", "analysis", "recommendations"))),
    happened("2025-03-05 10:00", LA, ReportEndorsementRecorded(organisation="local-authority", digest=B, position="endorse")),
    happened("2025-03-05 11:00", HEALTH, ReportEndorsementRecorded(organisation="health", digest=B, position="endorse-with-concerns")),
    happened("2025-03-05 12:00", POLICE, ReportEndorsementRecorded(organisation="police", digest=B, position="withhold")),
    happened(
        "2025-03-05 13:00",
        asker("partnership-member/gp-practice"),
        ReportEndorsementRecorded(organisation="gp-practice", digest=B, position="endorse"),
    ),
)  # fmt: skip


def test_qe_8_the_endorsement_of_a_report_shows_each_position_on_its_text():
    assert endorsements(history(*PRESENTED)) == 2
    (decision,) = register(*PRESENTED, happened("2025-03-06 10:00", BM, ReportEndorsed(digest=B, outcome="endorsed-with-concerns")))
    assert (decision["decision"], decision["outcome"], decision["digest"]) == ("report-endorsement", "endorsed-with-concerns", B)
    assert (decision["by"], decision["dissent"]) == (["local-authority", "health", "gp-practice"], ["police"])


# --- kinds of their own


RAISED = ThematicCandidateRaised(
    partnership="bolton", code="P4", version="1", raised_by="partners", round=1, incidents=0, provisional=0, confirmed=0
)


def test_qe_15_who_decided_not_to_publish_stands_in_the_register_without_disturbing_it():
    threshold, publication = register(
        *NOT_MET, happened("2025-05-01 10:00", BM, PublicationDecided(form="withheld", rationale="a trial is pending"))
    )
    assert threshold["decision"] == "threshold"
    assert (publication["decision"], publication["outcome"], publication["rationale"]) == ("publication", "withheld", "a trial is pending")
    assert not {"by", "dissent", "deciders", "ref"} & publication.keys()


def test_the_decision_on_a_candidate_stands_in_the_register_of_its_stream():
    (decision,) = register(
        happened(
            "2023-02-20 10:30", BM, RAISED
        ),
        happened("2023-03-13 10:00", BM, ThematicCandidateDecided(outcome="undertake", rationale="five children", round=1)),
        stream="candidate/bolton-P4",
    )  # fmt: skip
    assert (decision["decision"], decision["ref"], decision["outcome"]) == ("thematic-candidate", "bolton-P4", "undertake")


# --- what may not be read, and what was corrected


def test_without_words_the_register_is_the_same_but_for_the_words():
    bare = register(*CHALLENGED, fields={})
    assert [decision["ref"] for decision in bare] == ["threshold-1", "threshold-2"]
    assert not any("rationale" in d for decision in bare for d in [decision, *decision["deciders"]])
    assert "says" not in json.dumps(bare)


def test_the_day_of_a_decision_is_the_corrected_one():
    (decision,) = register(*NOT_MET, happened("2024-10-12 09:00", BM, RecordCorrected(event_place=10, correction={"on": "2024-10-09"})))
    assert decision["on"] == "2024-10-09"
