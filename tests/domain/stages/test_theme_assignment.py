"""Themes on a case: one entry per code, for its children, provisional or confirmed, and withdrawn."""

from typing import cast

from domain.stages.opening import CaseOpened
from domain.stages.theme_assignment import AssignTheme, ThemeAssigned, ThemeWithdrawn, WithdrawTheme
from domain.themes import newest
from tests.domain.given import given
from tests.domain.telling import child, only, opened, retiring

TWINS = opened(child(1), child(2))
CODES = newest()


def assigned(code, *children, standing="provisional"):
    return ThemeAssigned(code=code, version="1", children=children or ("child-1",), standing=standing, basis="rapid-review")


def assign(*codes, **more):
    return AssignTheme(codes=codes, **{"standing": "provisional", "basis": "notification", **more})


def test_each_code_is_an_entry_with_all_children_unless_some_are_named():
    story = given(TWINS).when(assign("P4", "H2.2"), codes=CODES).then(ThemeAssigned, ThemeAssigned)
    first, second = cast(tuple[ThemeAssigned, ...], story.events)
    assert (first.code, first.children, first.version) == ("P4", ("child-1", "child-2"), "1")
    assert (second.code, second.children) == ("H2.2", ("child-1", "child-2"))
    story = given(TWINS).when(assign("P4", children=["child-2"]), codes=CODES)
    assert only(story).children == ("child-2",)


def test_a_case_without_children_bears_the_code_as_a_whole():
    story = given(CaseOpened(partnership="bolton", label="T", route="partners", concern="thematic"))
    assert story.when(assign("P4"), codes=CODES).then(ThemeAssigned).case.themes.assigned == {"P4": {}}


def test_an_unknown_code_is_refused():
    given(opened()).when(assign("P9", "P4"), codes=CODES).then_refused("unknown", "P9")


def test_a_retired_code_is_refused_with_what_took_its_place():
    given(opened()).when(assign("H2.3"), codes=retiring("H2.3", mapped_to="H2.1")).then_refused("retired", "H2.1")


def test_good_practice_is_for_learn_from_success_only():
    given(opened()).when(assign("G1"), codes=CODES).then_refused("learn from success", "BOL-31")
    given(opened(concern="learn-from-success")).when(assign("G1", "G7"), codes=CODES).then(ThemeAssigned, ThemeAssigned)


def test_only_children_of_the_case_bear_its_codes():
    given(opened()).when(assign("P4", children=["child-9"]), codes=CODES).then_refused("child-9")


def test_a_confirmed_code_is_not_made_provisional_again():
    story = given(TWINS, assigned("P4", "child-1", standing="confirmed")).when(assign("P4"), codes=CODES)
    assert story.case.themes.assigned == {"P4": {"child-1": "confirmed", "child-2": "provisional"}}


def test_a_code_is_withdrawn_altogether_or_from_one_child():
    before = given(TWINS, assigned("P4", "child-1", "child-2"), assigned("C4"))
    story = before.when(WithdrawTheme(codes=["P4"], because="natural causes")).then(ThemeWithdrawn)
    assert story.case.themes.assigned == {"C4": {"child-1": "provisional"}}
    story = before.when(WithdrawTheme(codes=["P4"], children=["child-1"], because="it was the other one"))
    assert story.case.themes.assigned["P4"] == {"child-2": "provisional"}


def test_what_is_not_assigned_cannot_be_withdrawn():
    given(opened()).when(WithdrawTheme(codes=["P4"], because="b")).then_refused("not assigned")
    story = given(TWINS, assigned("P4"))
    story.when(WithdrawTheme(codes=["P4", "P5"], because="b")).then_refused("P5 is not assigned")
    story.when(WithdrawTheme(codes=["P4"], children=["child-2"], because="b")).then_refused("not assigned to the child child-2")


def test_a_withdrawn_code_may_be_assigned_again():
    story = given(opened(), assigned("P4")).when(WithdrawTheme(codes=["P4"], because="b")).when(assign("P4"), codes=CODES)
    assert story.case.themes.assigned == {"P4": {"child-1": "provisional"}}
