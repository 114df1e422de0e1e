"""The policies themselves: checked against their schema, each reached, each with an id and a comment, and quick to ask."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest

from application.policy.kinds import KINDS
from application.policy.policies import ACTIONS, FILES, Policies, Unfit, as_information, as_person, shipped
from domain.language import RULE
from domain.people import ROLES
from tests.application.case_view.histories import BM
from tests.application.policy.telling import ELSE, MADE_BY, NOW, case, member, neighbours, of

TEXT, SCHEMA = "\n".join(map(shipped, FILES)), shipped("schema.cedarschema")


def test_the_policies_fit_their_schema_and_have_an_edition() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", Policies.shipped().edition)
    assert (
        Policies(TEXT + '\n@id("more") forbid (principal, action, resource) when { false };', SCHEMA).edition != Policies.shipped().edition
    )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('Capacity::"business-manager"', 'Capacity::"busines-manager"'),
        ('Kind::"decisions"', 'Kind::"decision"'),
        ("principal.conflicted", "principal.conflict"),
        ("context.now", "context.today"),
        ('Action::"read-own"', 'Action::"read-my-own"'),
        ("principal has granted_until && context.now", "context.now"),
        ('@id("outline")', ""),
        ('@id("outline")', '@id("published")'),
    ],
)
def test_a_misspelt_name_is_found_when_they_are_loaded(right: str, wrong: str) -> None:
    assert right in TEXT
    with pytest.raises(Unfit):
        Policies(TEXT.replace(right, wrong), SCHEMA)


def named_in(text: str) -> set[str]:
    return set(re.findall(r'"([^"]+)"', text))


def test_schema_and_tables_speak_of_the_same_roles_and_kinds() -> None:
    capacities, kinds = (named_in(SCHEMA.split(f"entity {name} enum")[1].split(";")[0]) for name in ("Capacity", "Kind"))
    assert kinds == set(KINDS.kinds)
    assert set(ROLES) < capacities
    assert set(re.findall(r'"(read-[a-z-]+)"', SCHEMA)) == set(ACTIONS.values())


def test_each_policy_has_a_comment_before_it_that_says_where_it_comes_from() -> None:
    for file in FILES:
        for comment, name in re.findall(r'((?://[^\n]*\n)*)@id\("([^"]+)"\)', shipped(file)):
            assert RULE.search(comment) or "matrix" in comment, name


def test_of_an_instant_the_policies_ask_only_whether_it_is_still_to_come() -> None:
    """On that rests that an answer may be remembered: it changes when an instant passes, and at no other."""
    code = re.sub(r"//[^\n]*", "", TEXT)
    asked = re.findall(r"context\.now < principal\.\w+_until", code)
    assert len(asked) == code.count("context.") > 3
    assert len(asked) == len(re.findall(r"principal\.\w+_until", code))


def test_what_is_asked_about_a_person_and_a_case_is_all_that_the_schema_has() -> None:
    told, _ = ELSE["who broke the glass"]
    _, person = as_person(member(told, BM), NOW)
    declared = set(re.findall(r"^  (\w+)\??:", SCHEMA, re.M))
    assert person.keys() | as_information(member(told, BM)).keys() | {"granted_until", "glass_until"} == declared


def test_every_policy_is_reached() -> None:
    """Each permits, or forbids, something for somebody in these stories."""
    members = [member(told, by) for told, by in ELSE.values()] + [neighbours()]
    members += [member(case(*MADE_BY.get(role, lambda by: ())(of(role))), of(role)) for role in ROLES]
    members += [member(case(concern="local-learning"), of("implementation-group-chair"))]
    reached = {policy for m in members for kind in KINDS.kinds for policy in Policies.shipped().may(m, kind, NOW).policies}
    assert set(Policies.shipped().ids.values()) - reached == set()


@pytest.mark.parametrize("story", ELSE)
def test_what_is_remembered_is_what_is_decided_anew(story: str) -> None:
    told, by = ELSE[story]
    policies = Policies.shipped()
    for now in (NOW, NOW + timedelta(minutes=2), NOW + timedelta(days=400)):
        for kind in KINDS.kinds:
            assert policies.may(member(told, by), kind, now) == policies.decided(member(told, by), kind, now)


def test_a_decision_takes_little_time() -> None:
    policies, somebody = Policies.shipped(), member(case(), BM)
    for kind in KINDS.kinds:
        policies.may(somebody, kind, NOW)
    started = time.perf_counter()
    for _ in range(100):
        for kind in KINDS.kinds:
            policies.may(somebody, kind, NOW)
    assert (time.perf_counter() - started) / (100 * len(KINDS.kinds)) < 0.001
