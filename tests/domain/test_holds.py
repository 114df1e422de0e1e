"""Holds: what waits while proceedings run, and what nothing may destroy."""

from datetime import date

from domain.holds import HoldLifted, HoldPlaced, LegalHoldPlaced, LiftHold, LiftLegalHold, PlaceHold, PlaceLegalHold
from tests.domain.given import given, opened, person
from tests.domain.telling import only

REVIEW = date(2024, 6, 1)


def held(scope, ref="hold-1", who=None):
    return HoldPlaced(ref=ref, scope=scope, asked_by="police", basis="likely to be questioned", review_on=REVIEW, person=who)


def test_a_hold_is_placed_and_lifted_under_its_ref():
    story = given(opened()).when(PlaceHold(scope="publication", asked_by="CPS", basis="trial", review_on=REVIEW)).then(HoldPlaced)
    assert only(story).ref == "hold-1"
    assert story.case.holds.publication
    story = story.when(LiftHold(ref="hold-1", because="the trial is over")).then(HoldLifted)
    assert not story.case.holds.publication


def test_each_scope_holds_only_its_own():
    holds = given(opened(), held("disclosure")).case.holds
    assert holds.disclosure
    assert not holds.publication
    assert not holds.interview_of(person("somebody-7"))
    assert not holds.legal


def test_an_interview_hold_is_on_the_person_it_names():
    holds = given(opened(), held("interview", who=person("somebody-7"))).case.holds
    assert holds.interview_of(person("somebody-7"))
    assert not holds.interview_of(person("somebody-8"))


def test_an_interview_hold_that_names_nobody_is_on_everybody():
    assert given(opened(), held("interview")).case.holds.interview_of(person("somebody-8"))


def test_two_holds_of_one_scope_are_lifted_one_by_one():
    story = given(opened(), held("publication"), held("publication", "hold-2"), HoldLifted(ref="hold-1"))
    assert story.case.holds.publication


def test_a_ref_is_used_once_and_a_lifted_hold_stays_lifted():
    story = given(opened(), held("publication"), HoldLifted(ref="hold-1"))
    story.when(PlaceHold(ref="hold-1", scope="interview", asked_by="police", basis="b", review_on=REVIEW)).then_refused("already used")
    story.when(LiftHold(ref="hold-1", because="again")).then_refused("lifted already")
    story.when(LiftHold(ref="hold-9", because="again")).then_refused("no hold hold-9")


def test_a_legal_hold_stands_until_each_one_is_lifted():
    story = given(opened(), LegalHoldPlaced(ref="inquiry", basis="b")).when(PlaceLegalHold(basis="a claim")).then(LegalHoldPlaced)
    assert only(story).ref == "legal-hold-2"
    story = story.when(LiftLegalHold(ref="inquiry", basis="the inquiry has ended"))
    assert story.case.holds.legal
    story = story.when(LiftLegalHold(ref="legal-hold-2", basis="settled"))
    assert not story.case.holds.legal
    story.when(LiftLegalHold(ref="inquiry", basis="again")).then_refused("no legal hold")
