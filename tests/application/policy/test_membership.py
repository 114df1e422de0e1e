"""What somebody is on a case follows from its events, at every place of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from application.policy.membership import membership, those_that_link_back
from application.policy.on_a_case import ON_EVERY_CASE, Membership
from domain.access import AccessEnded, GlassBroken
from domain.case import recall
from domain.interests import InterestDeclared, InterestResolved
from domain.people import NOTIFYING_ROLES, By
from domain.stages.agency_reports import AgencyAsked
from domain.stages.commissioning import ReviewerInterestDeclared
from domain.stages.escalation import ChallengeRaised, ChallengeResolved, EscalationLevelEntered
from domain.stages.learning import RecommendationIssued
from domain.stages.opening import CaseLinked
from domain.stages.rapid_review import FacilitatorAssigned
from domain.stages.threshold import DeputyAppointed
from tests.application.case_view.histories import BM, HEALTH, LA, asker
from tests.application.policy.telling import MADE_BY, NOW, OFFICER, OUTSIDER, case, granted, it, member, neighbours, notified, of, reader
from tests.playing import STORIES, played

# --- over every story


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_at_every_place_of_every_story_it_agrees_with_the_case_that_decides(path: Any) -> None:
    world = played(path).world
    for stream in world.cases_there():
        history = world.history(stream)
        people = {recorded.by.person: recorded.by for recorded in history}
        for place in range(1, len(history) + 1):
            agrees(history[:place], people)


def agrees(history: list[Any], people: dict[str, By]) -> None:
    case = recall(history)
    for person, by in people.items():
        found = membership(history, person, (by,))
        capacities = found.capacities(history[-1].at)
        assert (found.conflicted_since is not None) == (person in case.interests.unresolved)
        assert (found.removed_since is not None) == (person in case.commissioning.removed)
        assert (found.ended_since is not None) == (person in case.access.ended)
        assert ("reviewer" in found.by_name) == (person in case.commissioning.reviewers)
        assert ("facilitator" in capacities) == (person == case.rapid_review.facilitator)
        assert bool(found.deputy_of) == (case.threshold.deputy_for(person) is not None)
        assert ("participant" in found.by_name) == (person in case.participation.invited)
        assert found.granted == case.access.capacity_of(person)
        assert (found.glass_until is not None and history[-1].at < found.glass_until) == case.access.broke_glass(person, history[-1].at)
        assert found.case.partnership == case.opening.partnership
        assert found.case.concern == case.opening.concern
        assert found.interview_held <= case.holds.interview_of(person)
        assert (by.role in capacities) >= (by.role in ON_EVERY_CASE and by.partnership == case.opening.partnership)


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_whoever_notified_in_a_story_is_its_notifier(path: Any) -> None:
    world = played(path).world
    for stream in world.cases_there():
        for recorded in (history := world.history(stream)):
            if recorded.name == "notification-received" and recorded.by.role in NOTIFYING_ROLES:
                assert recorded.by.role in membership(history, recorded.by.person, (recorded.by,)).by_name


# --- one by one


def capacities(found: Membership, at: datetime = NOW) -> set[str]:
    return set(found.capacities(at))


def test_a_post_counts_in_its_own_partnership_only() -> None:
    assert capacities(member(case(), BM)) == {"business-manager"}
    assert capacities(member(case(), OUTSIDER)) == set()


def test_somebody_with_several_posts_is_all_of_them() -> None:
    also = By(person=BM.person, role="scrutineer", partnership="bolton")
    assert capacities(member(case(), BM, also)) == {"business-manager", "scrutineer"}


def test_a_delegated_partner_is_of_one_of_the_three() -> None:
    assert capacities(member(case(), asker("delegated-partner/housing"))) == set()


@pytest.mark.parametrize("role", MADE_BY)
def test_a_limited_role_is_made_by_an_event_about_this_very_person(role: str) -> None:
    by, another = of(role), asker(f"{role}/another/Person")
    told = case(*MADE_BY[role](by))
    made = {"designated-health-practitioner": "facilitator"}.get(role, role)
    assert capacities(member(told, by)) == {made}
    assert capacities(member(told, another)) == set()


def test_who_notified_on_paper_is_the_notifier_though_another_entered_it() -> None:
    parent = asker("parent")
    told = case(it(BM, notified(parent).events[0]), route="parent")
    assert capacities(member(told, parent)) == {"parent"}
    assert capacities(member(told, BM)) == {"business-manager"}


def test_a_deputy_is_one_by_a_recorded_delegation_and_by_nothing_else() -> None:
    claims = By(person="person-" + "a" * 32, role="deputy", partnership="bolton", behalf_of="delegated-partner/health")
    told = case(it(claims, DeputyAppointed(partner="health", deputy=LA.person, delegation="on leave")))
    assert capacities(member(told, claims)) == set()
    assert "deputy" in capacities(member(told, LA))
    assert "deputy" not in capacities(member(told[:1], LA))


def test_the_facilitator_is_the_one_last_assigned() -> None:
    first, second = asker("designated-health-practitioner/a/A"), asker("designated-health-practitioner/b/B")
    told = case(*(it(BM, FacilitatorAssigned(role="designated-health-practitioner", person=by.person)) for by in (first, second)))
    assert capacities(member(told, first)) == set()
    assert capacities(member(told, second)) == {"facilitator"}


def test_while_the_manager_is_in_conflict_the_officer_and_the_facilitator_act() -> None:
    facilitator = of("designated-health-practitioner")
    told = case(
        *MADE_BY["designated-health-practitioner"](facilitator),
        it(BM, InterestDeclared(kind="real", nature="a cousin")),
        it(asker("lead-partner"), InterestResolved(person=BM.person, how="the cousin moved")),
    )
    assert "acting-business-manager" in capacities(member(told[:3], OFFICER))
    assert "acting-business-manager" in capacities(member(told[:3], facilitator))
    assert member(told[:3], BM).conflicted_since == 3
    assert "acting-business-manager" not in capacities(member(told, OFFICER))
    assert member(told, BM).conflicted_since is None


def test_a_grant_holds_its_last_day_to_the_end_of_it_in_london() -> None:
    by = asker("rapid-review-member/school/Nurse", partnership="")
    told = case(granted(by.person, "rapid-review-member", date(2024, 7, 1)))
    assert capacities(member(told, by), datetime(2024, 7, 1, 22, 59, 59, tzinfo=UTC)) == {"rapid-review-member"}
    assert capacities(member(told, by), datetime(2024, 7, 1, 23, 0, tzinfo=UTC)) == set()


def test_an_access_that_is_ended_ends_the_glass_as_well_and_another_grant_lets_in_again() -> None:
    glass = GlassBroken(ref="g", until=datetime(2024, 12, 24, tzinfo=UTC))
    told = case(it(OFFICER, glass), it(BM, AccessEnded(person=OFFICER.person)), granted(OFFICER.person, "scrutineer"))
    assert member(told[:2], OFFICER).glass_until == glass.until
    assert member(told[:3], OFFICER).glass_until == told[2].at
    assert member(told[:3], OFFICER).ended_since == 3
    assert member(told, OFFICER).ended_since is None
    assert "scrutineer" in capacities(member(told, OFFICER))


def test_whoever_hears_a_challenge_hears_it_until_it_is_settled() -> None:
    ward, other, nurse = of("notifier"), asker("notifier/school"), asker("rapid-review-member")
    told = case(
        it(ward, ChallengeRaised(ref="c", decision="threshold-1", organisation="hospital-trust", grounds="unread")),
        it(BM, EscalationLevelEntered(challenge="c", level=1, heard_by=("notifier", "rapid-review-member", "inspector"))),
        it(BM, ChallengeResolved(challenge="c", outcome="withdrawn", rationale="withdrawn")),
    )
    assert "hears-the-challenge" in capacities(member(told[:3], nurse))
    assert "hears-the-challenge" in capacities(member(told[:3], asker("notifier/hospital-trust/Matron")))
    assert "hears-the-challenge" not in capacities(member(told[:3], other))
    assert "hears-the-challenge" not in capacities(member(told[:3], asker("inspector")))
    assert "hears-the-challenge" not in capacities(member(told, nurse))


def test_an_agency_is_on_the_case_once_it_is_asked() -> None:
    told = case(it(BM, AgencyAsked(agency="gp", due_on=date(2024, 11, 1))))
    assert member(told, asker("agency-author/gp")).agencies == {"gp"}
    assert capacities(member(told, HEALTH)) == {"delegated-partner"}
    assert capacities(member(told, asker("agency-author/gp", partnership="bury"))) == set()


@pytest.mark.parametrize("role", ["theme-analyst", "administrator", "parent", "community-member", "young-person", "participant"])
def test_no_organisation_brings_in_a_role_without_a_post(role: str) -> None:
    told = case(
        it(BM, AgencyAsked(agency="hospital-trust", due_on=date(2024, 11, 1))),
        it(BM, RecommendationIssued(ref="r", what="a lock", owners=("hospital-trust",), by_when=date(2025, 1, 1))),
    )
    somebody = asker(f"{role}/hospital-trust")
    assert capacities(member(told, somebody)) <= {"theme-analyst"}
    assert not reader(told, somebody).knows
    for post in ("agency-author", "notifier", "reviewer"):
        assert "owes-a-recommendation" in capacities(member(told, asker(f"{post}/hospital-trust")))


# --- neighbours


def test_neighbours_read_once_each_side_has_linked() -> None:
    assert "neighbour" in capacities(neighbours())
    one_sided = case(it(BM, CaseLinked(case="theirs", relation="cross-area")))
    assert capacities(membership(one_sided, OUTSIDER.person, (OUTSIDER,))) == set()
    assert capacities(membership(case(), OUTSIDER.person, (OUTSIDER,), {"theirs": "bury"})) == set()


def test_a_theme_in_common_makes_no_neighbours() -> None:
    told = case(it(BM, CaseLinked(case="theirs", relation="theme")))
    assert capacities(membership(told, OUTSIDER.person, (OUTSIDER,), {"theirs": "bury"})) == set()


def test_only_some_posts_of_a_neighbour_count() -> None:
    told, author = case(it(BM, CaseLinked(case="theirs", relation="sibling"))), asker("agency-author/gp", partnership="bury")
    assert capacities(membership(told, author.person, (author,), {"theirs": "bury"})) == set()


def test_the_cases_that_link_back_are_found_from_their_own_histories() -> None:
    theirs = case(it(OUTSIDER, CaseLinked(case="c1", relation="cross-area")), partnership="bury")
    alone = case(partnership="barnet")
    assert those_that_link_back("c1", {"theirs": theirs, "alone": alone}) == {"theirs": "bury"}


@pytest.mark.parametrize(("kind", "shut_out"), [("real", True), ("perceived", False)])
def test_a_candidate_with_a_real_interest_is_shut_out_until_it_is_resolved(kind: Any, shut_out: bool) -> None:
    candidate = of("reviewer")
    declared = it(BM, ReviewerInterestDeclared(candidate=candidate.person, kind=kind, nature="her sister's ward"))
    told = case(*MADE_BY["reviewer"](candidate), declared)
    assert (member(told, candidate).conflicted_since is not None) == shut_out == (candidate.person in recall(told).interests.unresolved)
    told = case(*MADE_BY["reviewer"](candidate), declared, it(HEALTH, InterestResolved(person=candidate.person, how="she reads no ward")))
    assert member(told, candidate).conflicted_since is None
