"""The case list: how each case stands, how it stood, and in which order it is read."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain.stage import stage
from domain.stages.closing import CaseClosed, CaseReopened
from domain.stages.threshold import CaseReroutedToSerious
from projections.case_list import VIEW, ListedCase, cases
from projections.paging import BadCursor, NotMade, Page
from projections.view import Connection
from tests.projections.telling import ToldLog, amended, anything, asked, aware, corrected, following, opened, received, shared


def listed(database: str, **filters: Any) -> Page[ListedCase]:
    return asked(database, lambda connection: cases(connection, **filters))


def labels(database: str, **filters: Any) -> list[str]:
    return [item.label for item in listed(database, **filters).items]


def test_a_case_with_what_it_rests_on(connection: Connection, database: str):
    log = ToldLog()
    log.on("one", opened("Infant A", area="wigan"))
    log.on("one", received())
    log.on("one", aware())
    log.on("one", amended("bolton"))
    kept = following(VIEW, log, connection)
    kept.catch_up()
    (item,) = listed(database).items
    assert (item.case, item.partnership, item.label, item.route, item.concern) == (
        "one",
        "bolton",
        "Infant A",
        "organisation",
        "serious-incident",
    )
    assert (item.stage, item.area, item.opened_on, item.closed_on) == ("notified", "bolton", date(2025, 3, 3), None)
    assert (item.place, item.position, item.at) == (4, 7, log.now)
    assert item.events == [1, 3, 7]  # opened, received, amended: that somebody became aware says nothing here
    assert (item.known_from, item.known_until) == (log.now, None)
    assert listed(database).position == log.end()


def test_as_of_answers_stay_as_they_were(connection: Connection, database: str):
    log = ToldLog()
    moments: list[tuple[Any, Any]] = []
    kept = following(VIEW, log, connection)
    for event in (opened("Infant A"), received(), aware(), CaseClosed(), CaseReopened(), amended("wigan"), corrected(1, on="2025-03-01")):
        log.on("one", event)
        log.on("two", event if event.stored_name() != "case-opened" else opened("Infant B"))
        kept.catch_up()
        moments.append((log.now, listed(database, as_of=log.now).items))
        assert [_without_end(item) for item in moments[-1][1]] == [_without_end(item) for item in listed(database).items]
    for instant, then in moments:
        now = listed(database, as_of=instant).items
        assert [_without_end(item) for item in now] == [_without_end(item) for item in then], instant
    assert listed(database, as_of=moments[0][0] - timedelta(minutes=2)).items == []
    assert [item.place for _, items in moments for item in items] == [n for n in range(1, 8) for _ in range(2)]
    assert {item.opened_on for item in listed(database).items} == {date(2025, 3, 1)}


def _without_end(item: ListedCase) -> dict[str, Any]:
    """An earlier answer did not know yet until when it would hold."""
    return {name: getattr(item, name) for name in ListedCase.__struct_fields__ if name != "known_until"}


def test_the_stage_is_that_of_the_history(connection: Connection, database: str):
    log = anything(cases=6, events=200, seed=3)
    following(VIEW, log, connection)
    for item in listed(database, limit=500).items:
        history = log.history(f"case/{item.case}", log.end())
        assert item.stage == stage(history)
        assert (item.place, item.position, item.at) == (history[-1].place, history[-1].position, history[-1].at)
        for past in history:
            (then,) = [old for old in listed(database, as_of=past.at).items if old.case == item.case]
            known = [recorded for recorded in history if recorded.at <= past.at]
            assert (then.stage, then.place) == (stage(known), known[-1].place)


def test_filters(connection: Connection, database: str):
    log = ToldLog()
    log.on("one", opened("Infant A"))
    log.on("two", opened("Sibling group 100%", partnership="bury"))
    log.on("three", opened("Infant B", concern="local-learning"))
    log.on("three", received(), *(shared(partner) for partner in ("health", "police", "local-authority")))
    following(VIEW, log, connection).catch_up()
    assert labels(database) == ["Infant B", "Sibling group 100%", "Infant A"]
    assert labels(database, partnership="bolton") == ["Infant B", "Infant A"]
    assert labels(database, stage="with-the-partners") == ["Infant B"]
    assert labels(database, concern="local-learning") == ["Infant B"]
    assert labels(database, q="infant") == ["Infant B", "Infant A"]
    assert labels(database, q="100%") == ["Sibling group 100%"]
    assert labels(database, q="_") == []
    assert labels(database, partnerships=["bury"]) == ["Sibling group 100%"]
    assert labels(database, partnerships=["bury"], among=["one"]) == ["Sibling group 100%", "Infant A"]
    assert labels(database, partnerships=[], among=["one"], q="b") == []
    log.on("three", CaseReroutedToSerious())
    following(VIEW, log, connection).catch_up()
    assert labels(database, concern="local-learning") == []
    assert labels(database, concern="local-learning", as_of=log.now - timedelta(seconds=1)) == ["Infant B"]


def test_pages_go_on_where_they_ended_whatever_came_in_between(connection: Connection, database: str):
    log = ToldLog()
    for n in range(10):
        log.on(f"{n}", opened(f"Infant {n}", partnership="bolton" if n % 2 else "bury"))
    kept = following(VIEW, log, connection)
    first = listed(database, partnership="bolton", limit=2)
    for n in range(10, 20):
        log.on(f"{n}", opened(f"Infant {n}"))
    log.on("7", received())
    kept.catch_up()
    second = listed(database, partnership="bolton", limit=2, cursor=first.next)
    third = listed(database, partnership="bolton", limit=2, cursor=second.next)
    assert [item.label for page in (first, second, third) for item in page.items] == [f"Infant {n}" for n in (9, 7, 5, 3, 1)]
    assert third.next is None
    for wrong in ("", "x", "e30", first.next[:-2] if first.next else "", "W10"):
        with pytest.raises(BadCursor):
            listed(database, partnership="bolton", cursor=wrong)
    with pytest.raises(BadCursor):
        listed(database, partnership="bury", cursor=first.next)


def test_a_list_that_was_never_made_says_so(connection: Connection, database: str):
    with pytest.raises(NotMade):
        listed(database)
