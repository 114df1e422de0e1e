"""What somebody may ask now, and the sentence that refuses the rest of what is theirs to ask."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from application.case_view.allowed import allowed, might_ask
from domain.asking import Asking
from domain.case import Case, recall
from domain.guidance import EDITIONS
from domain.interests import InterestDeclared
from domain.language import COMMANDS
from domain.people import ROLES, By
from domain.procedure import Procedure
from domain.roles import WHO
from domain.stages.commissioning import ReviewCommissioned, ReviewerAppointed, ReviewerRemoved
from domain.stages.escalation import ChallengeRaised, EscalationLevelEntered
from domain.stages.learning import RecommendationIssued
from domain.stages.notification import NotificationConsentRecorded
from domain.stages.rapid_review import FacilitatorAssigned
from domain.stages.threshold import DeputyAppointed
from domain.themes import newest
from domain.working_days import NEWEST
from tests.application.case_view.histories import BM, HEALTH, LA, OFFICER, SCRUTINEER, WARD, asker, happened, history, person
from tests.application.case_view.stories import NOTIFIED, opened

TODAY = date(2024, 10, 10)


def answer(by: By, *told, case: Case | None = None):
    asking = Asking(
        by=by,
        at=datetime(2024, 10, 10, 12, tzinfo=UTC),
        today=TODAY,
        on=TODAY,
        procedure=Procedure(EDITIONS["bolton"], EDITIONS["england-2023"]),
        calendar=NEWEST,
        codes=newest(),
    )
    return allowed(case or recall(history(*told)), by, asking)


def refused(found):
    return {refusal["command"]: refusal for refusal in found["refused"]}


def test_what_may_be_asked_now_and_what_not_yet_with_its_rule():
    found = answer(BM, NOTIFIED[0])
    assert "amend-incident" in found["allowed"]
    assert refused(found)["acknowledge-notification"]["rule"] == "BOL-57"
    assert refused(found)["acknowledge-notification"]["sentence"].startswith("Nothing has been received")
    later = answer(BM, *NOTIFIED)
    assert {"acknowledge-notification", "convene-partner-meeting"} <= {*later["allowed"]}


def test_a_command_the_role_may_never_ask_is_not_listed():
    found = answer(OFFICER, *NOTIFIED)
    listed = {*found["allowed"], *refused(found)}
    assert "notify-panel" not in listed
    assert "acknowledge-notification" in listed


def test_what_is_asked_of_no_case_or_before_there_is_one_is_not_listed():
    found = answer(BM, *NOTIFIED)
    assert not {"open-case", "adopt-calendar", "decide-thematic"} & {*found["allowed"], *refused(found)}
    assert answer(BM, case=Case())["allowed"] == ["open-case"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("told", [NOTIFIED[:1], NOTIFIED])
def test_every_command_is_listed_once_and_every_refusal_has_its_sentence(role, told):
    found = answer(asker(f"{role}/health" if role == "delegated-partner" else role), *told)
    names = [*found["allowed"], *(refusal["command"] for refusal in found["refused"])]
    assert len(names) == len(set(names))
    assert set(names) <= set(COMMANDS)
    assert all(refusal["sentence"].endswith((".", ")")) and refusal["rule"] for refusal in found["refused"])


def test_whatever_is_asked_of_a_case_is_somebodys_to_ask():
    assert {name for name, command in COMMANDS.items() if command.stream_kind == "case"} <= set(WHO)


def test_whoever_declared_an_interest_may_ask_nothing_and_is_told_so():
    told = (*NOTIFIED, happened("2024-10-09 10:00", BM, InterestDeclared(kind="perceived", nature="knows the family")))
    found = answer(BM, *told)
    assert found["allowed"] == []
    assert {refusal["rule"] for refusal in found["refused"]} == {"R-8"}


def test_in_the_business_managers_conflict_the_officer_and_the_facilitator_may_ask_what_is_the_managers():
    conflict = happened("2024-10-09 10:00", BM, InterestDeclared(kind="real", nature="n"))
    facilitator = asker("designated-health-practitioner")
    assigned = happened("2024-10-09 11:00", OFFICER, FacilitatorAssigned(role="designated-health-practitioner", person=facilitator.person))
    assert "convene-partner-meeting" not in answer(OFFICER, *NOTIFIED)["allowed"]
    assert "convene-partner-meeting" in answer(OFFICER, *NOTIFIED, conflict)["allowed"]
    assert "convene-partner-meeting" in answer(facilitator, *NOTIFIED, conflict, assigned)["allowed"]


def test_a_reviewer_who_was_removed_may_ask_nothing():
    reviewer = asker("reviewer/health/r")
    told = (
        *NOTIFIED,
        happened("2024-10-09 10:00", BM, ReviewCommissioned(review="practice-review", commissioners=("health",))),
        happened("2024-10-09 11:00", BM, ReviewerAppointed(candidate=reviewer.person, part="lead", source="external")),
    )
    assert "agree-scope" in answer(reviewer, *told)["allowed"]
    found = answer(reviewer, *told, happened("2024-10-09 12:00", BM, ReviewerRemoved(candidate=reviewer.person)))
    assert found["allowed"] == []


def test_another_partnership_is_told_nothing():
    assert answer(asker("business-manager", partnership="bury"), *NOTIFIED) == {"allowed": [], "refused": []}


# --- capacities that hang on what is asked


def test_a_capacity_that_hangs_on_a_field_is_listed_where_some_field_would_do():
    challenged = (
        *NOTIFIED,
        happened("2024-10-09 10:00", WARD, ChallengeRaised(ref="c-1", decision="d", organisation="hospital-trust", grounds="g")),
        happened("2024-10-09 11:00", BM, EscalationLevelEntered(challenge="c-1", level=1, heard_by=("scrutineer",))),
    )
    assert "resolve-challenge" in answer(SCRUTINEER, *challenged)["allowed"]
    assert "resolve-challenge" not in {*answer(HEALTH, *challenged)["allowed"], *refused(answer(HEALTH, *challenged))}
    assert {"escalate-challenge", "record-escalation-view"} <= {*answer(WARD, *challenged)["allowed"]}
    issued = happened("2024-10-09 10:00", BM, RecommendationIssued(ref="r", what="w", owners=("gp-practice",), by_when=TODAY))
    assert "accept-recommendation" in answer(asker("agency-author/gp-practice"), *NOTIFIED, issued)["allowed"]
    assert "accept-recommendation" not in answer(asker("agency-author/other"), *NOTIFIED, issued)["allowed"]
    assert "accept-recommendation" not in answer(asker("theme-analyst/gp-practice"), *NOTIFIED, issued)["allowed"]


@pytest.mark.parametrize(
    ("who", "command"),
    [
        ("agency-author/gp-practice", "submit-agency-report"),
        ("partnership-member/gp-practice", "record-endorsement"),
        ("lead-partner", "grant-access"),
        ("business-manager", "end-access"),
        ("participant", "record-participation"),
        ("implementation-group-chair", "commission-review"),
        ("delegated-partner/police", "commission-review"),
        ("inspector", "declare-interest"),
        ("scrutineer", "break-glass"),
    ],
)
def test_such_capacities(who, command):
    assert might_ask(command, asker(who), recall(history(*NOTIFIED)))


def test_a_deputy_may_ask_what_is_the_partners():
    deputy = asker("rapid-review-member")
    told = (*NOTIFIED, happened("2024-10-09 10:00", HEALTH, DeputyAppointed(partner="health", deputy=deputy.person, delegation="d")))
    assert "record-partner-position" not in answer(deputy, *NOTIFIED)["allowed"]
    assert "record-partner-position" in answer(deputy, *told)["allowed"]


def test_refused_consent_changes_nothing_that_is_allowed():
    consent = NotificationConsentRecorded(subject="mother", outcome="refused", lawful_basis="task")
    told = (*NOTIFIED, happened("2024-10-09 10:00", WARD, consent))
    for by in (BM, LA, WARD, OFFICER):
        assert answer(by, *NOTIFIED) == answer(by, *told)


def test_an_unknown_person_with_no_part_in_the_case_is_offered_little():
    stranger = By(person=person("x"), role="administrator", partnership="bolton")
    assert answer(stranger, happened("2024-10-04 11:00", BM, opened()))["allowed"] == []
