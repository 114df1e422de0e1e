"""What must be true of clocks whatever the history: in any order of recording, folded or made at once, on any later day."""

from __future__ import annotations

from datetime import date, timedelta
from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clocks import Adopted, ClockState, clocks, judge, made, step
from domain.guidance import EDITIONS
from domain.initiation import RapidReviewInitiated
from domain.language import CaseEvent, replace
from domain.working_days import NEWEST, adopted, london_date
from tests.domain.recording import (
    Entry,
    amended,
    aware,
    bare,
    child,
    corrected,
    day,
    decided,
    event,
    notified,
    opened,
    outcome,
    replaced,
    shared,
    told,
)

ALL_CLOCKS = sorted({row.due for edition in EDITIONS.values() for row in edition.clocks})
FIRST = date(2024, 1, 2)
PARTNERSHIPS = st.sampled_from(["bolton", "bury", "barnet", "england"])

CASE = opened(child("dead", "died"), child("hurt"), harm="died", happened_on=FIRST)
RECEIVED = event("notification-received", notifier=None, narrative="words", channel="secure-email")

WITHOUT_REPLACEMENT: list[tuple[CaseEvent, ...]] = [
    (aware(),),
    (RECEIVED,),
    (event("notification-acknowledged", channel="portal"),),
    *((copy,) for copy in shared()),
    decided(),
    (event("decision-fed-back", decision="threshold-1", rationale_included=True),),
    (notified("dead", "hurt"),),
    (event("local-form-sent"),),
    (event("agency-asked", agency="gp-practice", due_on=date(2024, 2, 7)),),
    (event("agency-report-received", agency="gp-practice", report_digest="b" * 64),),
    (event("agency-asked", agency="school", due_on=date(2024, 2, 9)),),
    (event("nil-return-recorded", agency="school"),),
    (event("rapid-review-meeting-held", next_steps="local-review"),),
    (outcome("local-review"),),
    (event("rapid-review-sent-to-panel", digest="a" * 64),),
    (event("panel-told-of-review"),),
    (event("panel-asked-for-information", ref="request-1", due_on=date(2024, 2, 20)),),
    (event("information-supplied", ref="request-1"),),
    (event("review-commissioned", review="practice-review"),),
    (event("progress-review-held"),),
    (event("report-endorsed", digest="e" * 64, outcome="endorsed", review="practice-review"),),
    (event("pre-publication-copy-sent", digest="e" * 64),),
    (event("recommendation-issued", ref="rec-1", owners=("school",), by_when=date(2024, 6, 3)),),
    (event("assurance-accepted", recommendation="rec-1"),),
    (event("report-published", digest="e" * 64),),
]
"""Events of one case that do not replace one another."""

REPLACING: list[tuple[CaseEvent, ...]] = [
    *WITHOUT_REPLACEMENT,
    (aware(),),
    (aware("kent"),),
    (notified("dead"),),
    (notified("hurt"), RapidReviewInitiated()),
    (RECEIVED,),
    (event("notification-withdrawn"),),
    (amended(abuse_or_neglect="ruled-out"),),
    (amended(abuse_or_neglect="known"),),
    (amended(area="kent"),),
    (amended(happened_until=date(2024, 1, 5)),),
    (event("agency-date-changed", agency="gp-practice", due_on=date(2024, 2, 19)),),
    (event("agency-asked", agency="gp-practice", due_on=date(2024, 2, 23)),),
    (event("rapid-review-discontinued"),),
    (replaced("threshold-1", "not-met", "threshold-2", "local-learning"),),
    (replaced("threshold-2", "met", "threshold-3", "rapid-review"),),
    (replaced("outcome-1", "no-further-action", "outcome-2"),),
    (event("publication-planned", ref="plan-1", publish_on=date(2024, 9, 2)),),
    (event("publication-planned", ref="plan-2", publish_on=date(2024, 10, 1)),),
    (event("report-returned", digest="e" * 64),),
    (event("review-commissioned", review="practice-review"),),
    *((corrected(place, on=(FIRST + timedelta(days=place)).isoformat()),) for place in range(2, 9)),
]
"""Events that may replace, correct, end or take back one another."""


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[list[Entry], list[Entry]]:
    """The same entries, each on a day of its own, recorded in two different orders."""
    chosen = draw(st.lists(st.sampled_from(range(len(WITHOUT_REPLACEMENT))), unique=True, min_size=2))
    days = draw(st.lists(st.integers(0, 120), min_size=len(chosen), max_size=len(chosen), unique=True))
    late = (FIRST + timedelta(days=200)).isoformat()
    entries = [
        day((FIRST + timedelta(days=n)).isoformat(), *WITHOUT_REPLACEMENT[i], recorded=late) for i, n in zip(chosen, days, strict=True)
    ]
    return entries, draw(st.permutations(entries))


@st.composite
def any_history(draw: st.DrawFn) -> list[Entry]:
    """Any entries on any days, in any order."""
    chosen = draw(st.lists(st.sampled_from(REPLACING), min_size=1, max_size=30))
    days = draw(st.lists(st.integers(0, 200), min_size=len(chosen), max_size=len(chosen)))
    late = (FIRST + timedelta(days=300)).isoformat()
    return [day((FIRST + timedelta(days=n)).isoformat(), *events, recorded=late) for events, n in zip(chosen, days, strict=True)]


def opening(partnership: str) -> Entry:
    """The case opened, wherever it is kept: the incident and the awareness told of are Bolton's."""
    return day(FIRST.isoformat(), replace(CASE, partnership=partnership))


@given(PARTNERSHIPS, shuffled())
@settings(deadline=None)
def test_recorded_in_another_order_the_clocks_are_the_same(partnership: str, orders: tuple[list[Entry], list[Entry]]):
    one, other = (clocks(told(opening(partnership), *entries)) for entries in orders)
    assert bare(one) == bare(other)
    assert all(clock.version == 1 for clock in one)


@given(PARTNERSHIPS, any_history())
@settings(deadline=None)
def test_folded_event_by_event_the_clocks_are_those_made_at_once(partnership: str, entries: list[Entry]):
    state = ClockState()
    for recorded in told(opening(partnership), *entries):
        state = step(state, recorded)
    for name in ALL_CLOCKS:
        assert bare(state.live.get(name, ())) == bare(made(name, state.facts, state.calendar))


@given(PARTNERSHIPS, any_history())
@settings(deadline=None)
def test_nothing_counted_is_ever_lost_and_each_clock_is_told_once(partnership: str, entries: list[Entry]):
    """A clock once shown is shown for good, though perhaps superseded or cancelled; and what is not live says why."""
    state, shown = ClockState(), set[tuple[str, date | None, date | None]]()
    for recorded in told(opening(partnership), *entries):
        state = step(state, recorded)
        now = {(clock.id, clock.since, clock.set_for) for clock in state.clocks}
        assert shown <= now
        shown = now
    ids = [clock.id for clock in state.clocks if clock.state != "live"]
    live = [clock.id for clock in state.clocks if clock.state == "live"]
    assert len(live) == len(set(live))
    assert len(ids) == len(set(ids))
    assert all((clock.why is not None) == (clock.state != "live") for clock in state.clocks)
    assert all(clock.replaced_by is not None for clock in state.clocks if clock.state == "superseded")


@given(
    any_history(), st.integers(0, 29), st.dates(FIRST, FIRST + timedelta(days=400)).filter(lambda on: on.weekday() < 5), st.integers(0, 200)
)
@settings(deadline=None)
def test_a_calendar_adopted_moves_only_what_is_open_and_never_to_before_its_day(entries: list[Entry], after: int, holiday: date, days: int):
    history = told(opening("bolton"), *entries)
    before = reduce(step, history[: after + 1], ClockState())
    at = max(history[: after + 1], key=lambda recorded: recorded.at).at + timedelta(days=days)
    one_more = adopted("one-more", "a test", [holiday], NEWEST)
    then = step(before, Adopted(one_more, at))
    now = {(clock.clock, clock.key): clock for named in then.live.values() for clock in named}
    for known in (clock for named in before.live.values() for clock in named):
        clock = now[known.clock, known.key]
        if not known.open or clock.due == known.due:
            assert replace(clock, calendar=known.calendar) == known
        else:
            assert clock.due is not None
            assert clock.due >= london_date(at)
            assert clock.version == known.version + 1
            assert any(past.id == known.id and past.state == "superseded" for past in then.past)


@given(any_history(), st.integers(0, 900))
@settings(deadline=None)
def test_a_verdict_follows_from_the_clock_and_the_day_alone(entries: list[Entry], distance: int):
    today = FIRST + timedelta(days=300 + distance)
    for clock in clocks(told(opening("bolton"), *entries)):
        verdict, late_by, overdue_by = judge(clock, today)
        assert (late_by is not None) == (verdict == "late")
        assert (overdue_by is not None) == (verdict == "overdue")
        if verdict == "overdue":
            assert clock.open
            assert (clock.due or today) < today
        if verdict in ("on-time", "late"):
            assert ((clock.done or date.max) <= (clock.due or date.min)) == (verdict == "on-time")
