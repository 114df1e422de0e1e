"""The matrix of permissions, cell by cell, is what the policies answer."""

from __future__ import annotations

from typing import Any

import pytest

from application.policy.at_the_door import on_every_case
from application.policy.kinds import KINDS
from application.policy.matrix import MATRIX, marks, readings
from domain.access import AccessEnded
from domain.case import recall
from domain.interests import InterestDeclared
from domain.language import COMMANDS
from domain.people import ROLES, By
from domain.roles import CAPACITIES, WHO
from domain.stages.commissioning import ReviewCommissioned, ReviewType
from tests.application.case_view.histories import BM, asker
from tests.application.policy.telling import MADE_BY, case, it, of, reader

CELLS = [(role, column) for role in ROLES for column in MATRIX.columns]
ON_NONE = ("theme-analyst", "administrator")

NOT_SERIOUS = {("implementation-group-chair", "notification")}
"""Cells that hold only where the case is no serious incident."""

WAITS_FOR_MORE = {("information-governance", "participants"): {"metadata"}}
"""Cells that hold only once somebody is let in for a complaint, and what is read before (`test_for_a_time`)."""


def ways(role: str, kind: str, *, part_of_it: bool, **about: Any) -> set[str]:
    by = of(role)
    made = MADE_BY.get(role, lambda by: ())(by) if part_of_it else ()
    access = reader(case(*made, **about), by).may(kind)
    return {access.level} - {"none"}


@pytest.mark.parametrize(("role", "column"), CELLS)
def test_what_a_cell_gives_is_what_the_policies_permit(role: str, column: str) -> None:
    wanted = readings(column, MATRIX.row(role).cell(column))
    about: dict[str, Any] = {"concern": "local-learning"} if (role, column) in NOT_SERIOUS else {}
    for kind in MATRIX.columns[column].kinds:
        if kind == "notifier-identity" and not wanted & {"full", "own"}:
            expected: set[str] = set()
        else:
            expected = WAITS_FOR_MORE.get((role, column), set(wanted))
        assert ways(role, kind, part_of_it=True, **about) == expected, kind


@pytest.mark.parametrize("role", MADE_BY)
def test_whose_row_is_limited_reads_nothing_of_other_cases(role: str) -> None:
    assert {kind for kind in KINDS.kinds if ways(role, kind, part_of_it=False)} == set()


@pytest.mark.parametrize("kind", KINDS.kinds)
def test_everybody_on_a_case_and_nobody_else_knows_of_it(kind: str) -> None:
    for role in ROLES:
        if ways(role, kind, part_of_it=True) & {"full", "pseudonymised", "own", "metadata"} and role not in ON_NONE:
            assert ways(role, "outline", part_of_it=True) == {"full"}, role
    assert not any(ways(role, "outline", part_of_it=True) for role in ON_NONE)


@pytest.mark.parametrize("role", ROLES)
def test_support_is_for_the_manager_and_the_person_alone(role: str) -> None:
    expected = {"business-manager": {"full"}, "participant": {"own"}}.get(role, set())
    assert ways(role, "support", part_of_it=True) == expected
    assert ways(role, "loose-documents", part_of_it=True) == ({"full"} if role == "business-manager" else set())


def test_a_cell_that_holds_on_a_condition_holds_on_no_other() -> None:
    chair, partner = of("implementation-group-chair"), of("delegated-partner")
    assert not reader(case(), chair).may("notification").ways
    reviews: tuple[tuple[ReviewType, By], ...] = (("practice-review", chair), ("local-learning", partner))
    for review, by in reviews:
        told = case(it(BM, ReviewCommissioned(review=review, commissioners=())))
        assert not reader(told, by).may("commissioning").ways
    assert reader(told, partner).may("interests").level == "full"


# --- the matrix beside the commands


def speaks_of(role: str, capacity: str) -> bool:
    """Whether a capacity of the table of commands may be this role."""
    named, _, _ = capacity.partition("/")
    if capacity in CAPACITIES:
        return role in FOUND_AS.get(capacity, ())
    return named == role


FOUND_AS = {
    "deputy": ("delegated-partner",),
    "facilitator": ("designated-health-practitioner", "business-manager"),
    "author of the agency": ("agency-author",),
    "commissioner": ("delegated-partner", "implementation-group-chair", "business-manager"),
    "reviewer of the case": ("reviewer",),
    "participant": ("participant",),
    "endorser of the organisation": ("delegated-partner", "partnership-member"),
    "anyone who notified": ("notifier", "local-authority-practitioner"),
    "challenger": ("notifier", "local-authority-practitioner"),
    "anyone heard": ("lead-partner", "delegated-partner"),
    "anyone who hears the challenge": ("lead-partner", "delegated-partner"),
}
"""Which rows of the matrix a capacity found from events stands in."""

RECORDED_BY_ANOTHER = {
    ("partnership-officer", "participants"): "the notifier and the business manager record it",
    ("partnership-officer", "commissioning"): "the business manager invites and receives",
    ("partnership-officer", "published"): "the business manager publishes",
    ("local-authority-practitioner", "participants"): "the notifier and the business manager record it",
    ("delegated-partner", "published"): "the three decide, the business manager records it",
    ("lead-partner", "published"): "the three decide, the business manager records it",
    ("implementation-group-chair", "published"): "recorded by the business manager",
}
"""Cells whose C or D is done through another, who records it."""


@pytest.mark.parametrize(("role", "column"), [c for c in CELLS if {"C", "D", "records"} & {*marks(MATRIX.row(c[0]).cell(c[1]))}])
def test_who_creates_or_decides_has_a_command_for_it(role: str, column: str) -> None:
    kinds = {*MATRIX.columns[column].kinds}
    asked = [name for name in COMMANDS if kinds & {*KINDS.commands[name]} and any(speaks_of(role, c) for c in WHO[name])]
    assert bool(asked) != ((role, column) in RECORDED_BY_ANOTHER), asked


@pytest.mark.parametrize("role", ROLES)
def test_nobody_has_a_command_where_the_matrix_gives_them_nothing(role: str) -> None:
    for name in COMMANDS:
        if any(speaks_of(role, capacity) for capacity in WHO[name]):
            columns = [column for kind in KINDS.commands[name] if (column := MATRIX.column_of(kind))]
            cells = {mark for column in columns for mark in marks(MATRIX.row(role).cell(column))}
            assert cells or not columns, name


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_whoever_may_ask_a_command_may_read_what_its_refusals_rest_on_or_is_told_whom_to_ask(command: str) -> None:
    """A role that reads nothing of the facts is sent to the Business Manager, who reads them all."""
    manager = reader(case(), of("business-manager"))
    assert all(manager.may(kind).reads for kind in KINDS.commands[command])


@pytest.mark.parametrize("role", ROLES)
def test_who_knows_of_every_case_by_their_post_knows_of_one_on_which_they_are_nothing_else(role: str) -> None:
    by = of(role)
    assert on_every_case((by,), recall(case())) == reader(case(), by).knows
    shut_out = case(it(by, InterestDeclared(kind="real", nature="a cousin")), it(BM, AccessEnded(person=by.person)))
    assert not on_every_case((by,), recall(shut_out)) or reader(shut_out, by).knows
    assert not on_every_case((asker(role, partnership="bury"),), recall(case()))
