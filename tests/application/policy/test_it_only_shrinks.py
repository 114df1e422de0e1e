"""Nothing readable grows when somebody loses a post, an event that made them part of a case, or the time they were given."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from application.policy.kinds import KINDS
from application.policy.membership import membership
from application.policy.policies import WAYS, Policies
from domain.access import AccessEnded, GlassBroken
from domain.holds import Scope
from domain.interests import InterestDeclared
from domain.people import By
from domain.recorded import Recorded
from domain.stages.agency_reports import AgencyAsked
from domain.stages.commissioning import ReviewerRemoved
from domain.stages.rapid_review import FacilitatorAssigned
from domain.stages.threshold import DeputyAppointed
from tests.application.case_view.histories import BM, HEALTH, asker
from tests.application.policy.telling import MADE_BY, NOW, case, granted, it, notified
from tests.application.policy.telling import held as holding

ME = "person-" + "d" * 32
ROLES = [
    "notifier", "parent", "named-portal-user", "business-manager", "partnership-officer", "delegated-partner", "lead-partner",
    "rapid-review-member", "agency-author", "implementation-group-chair", "review-group-member", "partnership-member", "scrutineer",
    "information-governance", "theme-analyst",
]  # fmt: skip


def post(role: str, partnership: str = "bolton") -> By:
    return By(person=ME, role=role, organisation="health", partnership=partnership)


MAKING: tuple[Any, ...] = (
    it(HEALTH, DeputyAppointed(partner="health", deputy=ME, delegation="on leave")),
    it(BM, FacilitatorAssigned(role="other", person=ME)),
    it(BM, AgencyAsked(agency="health", due_on=date(2024, 11, 1))),
    it(BM, InterestDeclared(kind="real", nature="a cousin")),
    it(post("scrutineer"), GlassBroken(ref="g", until=NOW + timedelta(hours=1))),
    granted(ME, "inspector", date(2024, 12, 2)),
    granted(ME, "information-governance", date(2024, 12, 2)),
    granted(ME, "rapid-review-member", date(2024, 12, 2)),
    notified(post("notifier")),
    *MADE_BY["reviewer"](post("reviewer")),
)
SCOPES: tuple[Scope, ...] = ("interview", "disclosure", "publication")
HOLDS = tuple(holding(scope) for scope in SCOPES)
ENDING = (
    it(post("scrutineer"), InterestDeclared(kind="perceived", nature="a neighbour")),
    it(BM, ReviewerRemoved(candidate=ME)),
    it(BM, AccessEnded(person=ME)),
)
LESS = {"full": {*WAYS}, "pseudonymised": {"pseudonymised", "metadata"}}
"""What each way of reading has in it, beside itself."""

PARTNERSHIPS = ("bolton", "bolton", "bury")
posts = st.lists(st.builds(post, st.sampled_from(ROLES), st.sampled_from(PARTNERSHIPS)), min_size=1, max_size=3, unique=True)
made = st.lists(st.sampled_from(MAKING), max_size=3, unique_by=id)
held = st.lists(st.sampled_from(HOLDS), max_size=2, unique_by=id)


def readable(told: list[Recorded], having: list[By], now: datetime = NOW) -> set[tuple[str, str]]:
    found = membership(told, ME, having)
    return {(kind, less) for kind in KINDS.kinds for way in Policies.shipped().may(found, kind, now).ways for less in LESS.get(way, {way})}


@settings(max_examples=40, deadline=None)
@given(posts, made, held, st.data())
def test_without_a_post_nothing_more_is_read(having: list[By], made: list[Any], held: list[Any], data: st.DataObject) -> None:
    told, lost = case(*made, *held), data.draw(st.sampled_from(having))
    assert readable(told, [post for post in having if post is not lost]) <= readable(told, having)


@settings(max_examples=40, deadline=None)
@given(posts, made, held, st.data())
def test_without_what_made_them_part_of_it_nothing_more_is_read(
    having: list[By], made: list[Any], held: list[Any], data: st.DataObject
) -> None:
    lost = data.draw(st.sampled_from(made)) if made else None
    if any(recorded.name == "reviewer-appointed" for recorded in case(*[lost] if lost else [])):
        return  # of support a reviewer reads less than others: that is the rule
    grants = [one for one in made if one is not lost]
    if sum(recorded.name == "access-granted" for recorded in case(*made)) > 1:
        return  # a later grant takes the place of an earlier
    assert readable(case(*grants, *held), having) <= readable(case(*made, *held), having)


@settings(max_examples=40, deadline=None)
@given(posts, made, held, st.sampled_from(ENDING))
def test_an_end_takes_and_gives_nothing(having: list[By], made: list[Any], held: list[Any], end: Any) -> None:
    before, after = case(*made, *held), case(*made, *held, end)
    assert readable(after, having) <= readable(before, having)
    assert not readable(after, having)


@settings(max_examples=40, deadline=None)
@given(posts, made, held, st.timedeltas(min_value=timedelta(), max_value=timedelta(days=2)))
def test_as_time_goes_by_nothing_more_is_read(having: list[By], made: list[Any], held: list[Any], later: timedelta) -> None:
    told = case(*made, *held)
    assert readable(told, having, NOW + later) <= readable(told, having)


def test_the_last_instant_of_every_time_is_the_same_for_all_of_it() -> None:
    told, over = case(granted(ME, "inspector", date(2024, 12, 2))), datetime(2024, 12, 3, tzinfo=UTC)
    assert readable(told, [], over - timedelta(milliseconds=1))
    assert not readable(told, [], over)
    assert not readable(told, [asker("inspector")], over)
