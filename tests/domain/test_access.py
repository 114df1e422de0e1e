"""Who is let onto a case, and who broke the glass."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.access import (
    AccessEnded,
    AccessGranted,
    BreakGlass,
    BreakGlassReviewed,
    EndAccess,
    GlassBroken,
    GrantAccess,
    ReviewBreakGlass,
)
from domain.interests import InterestDeclared
from tests.domain.given import MANAGER, THURSDAY, given, noon, opened, person
from tests.domain.telling import only

SOMEBODY = person("somebody")


def let_in(capacity, until=None):
    return GrantAccess(person=SOMEBODY, capacity=capacity, until=until, because="a look is needed")


def test_access_is_granted_in_a_capacity_and_ended_at_once():
    story = given(opened()).when(GrantAccess(person=SOMEBODY, capacity="scrutineer", because="yearly sample")).then(AccessGranted)
    assert story.case.access.capacity_of(SOMEBODY) == "scrutineer"
    assert story.case.access.admits(SOMEBODY, date(2030, 1, 1))
    access = story.when(EndAccess(person=SOMEBODY, because="done")).then(AccessEnded).case.access
    assert access.capacity_of(SOMEBODY) is None
    assert not access.admits(SOMEBODY, date(2024, 11, 1))
    assert SOMEBODY in access.ended


@pytest.mark.parametrize("capacity", ["inspector", "escalation-reviewer"])
def test_inspectors_and_escalation_reviewers_are_let_in_for_a_time_only(capacity):
    story = given(opened())
    story.when(let_in(capacity)).then_refused("without `until`")
    access = story.when(GrantAccess(person=SOMEBODY, capacity=capacity, until=date(2024, 5, 1), because="inspection")).case.access
    assert access.admits(SOMEBODY, date(2024, 5, 1))
    assert not access.admits(SOMEBODY, date(2024, 5, 2))


def test_whoever_was_ended_can_be_let_in_again():
    story = given(opened()).when(EndAccess(person=SOMEBODY, because="left")).when(let_in("scrutineer"))
    assert SOMEBODY not in story.case.access.ended


def test_breaking_the_glass_lets_in_for_the_time_of_the_procedure():
    story = given(opened()).when(BreakGlass(because="a child may be at risk tonight")).then(GlassBroken)
    until = only(story).until
    assert until == noon(THURSDAY) + timedelta(hours=24)
    access = story.case.access
    who = person(MANAGER)
    assert access.broke_glass(who, until - timedelta(seconds=1))
    assert not access.broke_glass(who, until)
    story = story.when(ReviewBreakGlass(grant="grant-1", outcome="not-justified", because="no risk")).then(BreakGlassReviewed)
    assert story.case.access.glass["grant-1"].reviewed


def test_a_declared_conflict_keeps_the_glass_whole():
    given(opened(), InterestDeclared(kind="perceived", nature="a neighbour")).when(BreakGlass(because="now")).then_refused(
        "declared conflict"
    )


def test_only_a_broken_glass_is_reviewed():
    given(opened()).when(ReviewBreakGlass(grant="grant-1", outcome="justified", because="b")).then_refused("grant-1")


def test_an_end_closes_the_broken_glass_too():
    broken = GlassBroken(ref="grant-1", until=datetime(2030, 1, 1, tzinfo=UTC))
    story = given(opened(), broken)
    who = person(MANAGER)
    access = story.when(EndAccess(person=who, because="enough")).case.access
    assert not access.broke_glass(who, datetime(2029, 1, 1, tzinfo=UTC))
    assert "grant-1" in access.glass


def test_a_second_grant_takes_the_place_of_the_first():
    story = given(opened(), AccessGranted(person=SOMEBODY, capacity="inspector", until=date(2024, 4, 1)))
    access = story.when(let_in("inspector", until=date(2024, 9, 1))).case.access
    assert access.admits(SOMEBODY, date(2024, 8, 1))
