"""Who may ask what: what is told by the role alone, and what by the case."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.access import AccessEnded
from domain.case import Case
from domain.holds import PlaceHold
from domain.language import NotAllowed
from domain.people import PARTNERS, ROLES, By
from domain.roles import WHO, asked_by, never_asks, of_organisation
from domain.stages.opening import OpenCase
from tests.domain.given import MANAGER, given, opened, person
from tests.playing import STORIES, played


def in_role(role: str, organisation: str | None = None) -> By:
    return By(person=person(role), role=role, organisation=organisation, partnership="bolton")


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_what_was_ever_done_is_given_to_the_role_that_did_it(path: Any) -> None:
    story = played(path)
    for step, before, after in zip(story.steps, story.positions[:-1], story.positions[1:], strict=True):
        role, organisation = [*step.by.split("/"), ""][:2]
        assert after == before or not never_asks(step.command.name, in_role(role, organisation or None)), step


def test_a_partnership_opens_its_own_cases_and_whoever_notifies_those_of_any() -> None:
    elsewhere = OpenCase(partnership="bury", label="Infant X", route="organisation", concern="serious-incident")
    with pytest.raises(NotAllowed, match="their own partnership"):
        asked_by(elsewhere, in_role("business-manager"), Case())
    assert asked_by(elsewhere, in_role("notifier", "hospital-trust"), Case())


def test_who_is_on_no_case_adopts_at_most() -> None:
    assert {name for name in WHO if not never_asks(name, in_role("theme-analyst"))} == set()
    assert {name for name in WHO if not never_asks(name, in_role("administrator"))} == {"adopt-calendar", "adopt-procedure"}


def test_who_speaks_for_themselves_or_is_on_no_case_has_no_post() -> None:
    without = {"parent", "community-member", "young-person", "participant", "theme-analyst", "administrator"}
    assert {role for role in ROLES if never_asks("break-glass", in_role(role, "hospital-trust"))} == without
    assert {role for role in ROLES if not of_organisation(in_role(role, "hospital-trust"), "hospital-trust")} == without


def test_a_role_with_its_organisation_is_no_other_organisations() -> None:
    asking = {partner for partner in PARTNERS if not never_asks("determine-criteria-not-met", in_role("delegated-partner", partner))}
    assert asking == {"local-authority"}


def test_some_role_asks_each_command() -> None:
    for name in WHO:
        assert [role for role in ROLES if not never_asks(name, in_role(role, "local-authority"))], name


def test_whose_access_was_ended_asks_nothing_more() -> None:
    case = given(opened(), AccessEnded(person=person(MANAGER))).case
    hold = PlaceHold(scope="interview", asked_by="the police", basis="an investigation", review_on=date(2030, 1, 1))
    by = By(person=person(MANAGER), role="business-manager", partnership=case.opening.partnership)
    with pytest.raises(NotAllowed, match="Your access to this case was ended"):
        asked_by(hold, by, case)
