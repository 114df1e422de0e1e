"""A view made again from nothing: beside the live one, equal row for row, the past included; or it says what differs, and why."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from domain.recorded import Recorded
from projections import VIEWS, case_list, deadlines
from projections import view as views
from projections.case_list import CaseList, cases
from projections.deadlines import DEADLINES, Deadlines
from projections.following import Following
from projections.per_case import per_case
from projections.rebuild import Busy, Comparison, digest, ensure, rebuild
from projections.view import Connection, View
from tests.projections.telling import ToldLog, anything, asked, decided_and_reopened, following, opened, received, rows


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_rebuild_is_the_live_view_row_for_row_its_past_included(connection: Connection, view: View):
    log, whole = ToldLog(), anything(cases=6, events=150, seed=11)
    for n in range(6):
        decided_and_reopened(whole, f"{n:04}")
    kept = following(view, log, connection, page=7)
    for recorded in whole.recorded:
        log.recorded.append(recorded)
        log.places[recorded.stream] = recorded.place
        if recorded.position % 9 == 0:
            kept.catch_up()
    kept.catch_up()
    before = rows(connection, kept.build)
    done = rebuild(view, log, connection)
    assert done.switched
    assert done.compared is not None
    assert done.compared.equal
    assert (done.compared.rows, done.position) == (len(before), log.end())
    assert "known_until" not in view.tables[0].columns or any(row[3] is not None for row in before)
    build = views.live(connection, view)
    assert build is not None
    assert build.number == kept.build.number + 1
    assert rows(connection, build) == before
    tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'projections'").fetchone()
    assert tables == (1 + len(view.tables),)  # builds, and those of this one


@pytest.mark.parametrize("fold", [CaseList(), Deadlines()], ids=lambda fold: type(fold).__name__)
def test_rebuilds_in_batches_of_any_size_agree(connection: Connection, fold: Any):
    log = anything(cases=6, events=150, seed=12)
    view = case_list.VIEW if isinstance(fold, CaseList) else replace(deadlines.VIEW, tables=(DEADLINES,), begin=per_case(fold))
    digests = set()
    for size in (1, 3, 5000):
        build = ensure(view, log, connection)
        rebuilt = rebuild(replace(view, begin=per_case(fold, fill=size)), log, connection)
        assert rebuilt.compared is not None
        digests |= {rebuilt.compared.digest, digest(connection, replace(build, number=rebuilt.number), view.tables[0])[1]}
    assert len(digests) == 1


def test_progress_is_told(connection: Connection):
    log = anything(cases=6, events=150, seed=12)
    told: list[tuple[int, int]] = []
    view = replace(case_list.VIEW, begin=per_case(CaseList(), fill=1))
    ensure(view, log, connection, lambda read, upto: told.append((read, upto)))
    assert [read for read, _ in told] == sorted(read for read, _ in told)
    assert {upto for _, upto in told} == {log.end()}
    assert told[-1][0] == sum(1 for recorded in log.recorded if recorded.stream.startswith("case/"))


class OtherWords(CaseList):
    """A fold that says another area than the live view does."""

    def rows(self, state: Any) -> Any:
        said = super().rows(state)
        if state.opened and state.opened.label == "Infant B":
            return {key: (*content[:5], "Wigan", *content[6:]) for key, content in said.items()}
        return {} if state.opened and state.opened.label == "Infant C" else said


def test_a_rebuild_that_differs_says_where_and_switches_only_when_agreed(connection: Connection, database: str):
    log = ToldLog()
    for label in ("A", "B", "C"):
        log.on(label.lower(), opened(f"Infant {label}"))
    log.on("b", received())
    kept = following(case_list.VIEW, log, connection)
    otherwise = replace(case_list.VIEW, begin=per_case(OtherWords()))
    refused = rebuild(otherwise, log, connection)
    assert not refused.switched
    assert views.live(connection, case_list.VIEW) == kept.build
    compared = refused.compared
    assert compared is not None
    assert (compared.differing, len(compared.differences), compared.position) == (3, 3, log.end())
    first, second, third = compared.differences
    assert (first.columns, third.columns) == (("area",), ())
    assert first.why == "case_list, stream case/b, known_from 2025-03-03T09:02:00+00:00: area is 'bolton' and becomes 'Wigan' at 3."
    assert second.row == {"stream": "case/b", "known_from": "2025-03-03T09:04:00+00:00"}
    assert third.why.startswith("case_list, stream case/c, known_from")
    assert third.why.endswith("the live view has this row; from the events it does not follow.")

    seen: list[Comparison] = []

    def agree(comparison: Comparison) -> bool:
        seen.append(comparison)
        log.on("d", opened("Infant D"))  # life goes on while somebody makes up their mind
        kept.catch_up()
        return True

    done = rebuild(otherwise, log, connection, agree=agree)
    assert done.switched
    assert seen == [compared]
    areas = {item.label: item.area for item in asked(database, lambda c: cases(c)).items}
    assert areas == {"Infant A": "bolton", "Infant B": "Wigan", "Infant D": "bolton"}


def test_a_difference_that_became_another_was_not_agreed_to(connection: Connection):
    log = ToldLog()
    for label in ("A", "B"):
        log.on(label.lower(), opened(f"Infant {label}"))
    kept = following(case_list.VIEW, log, connection)
    otherwise = replace(case_list.VIEW, begin=per_case(OtherWords()))

    def agree(comparison: Comparison) -> bool:
        log.on("c", opened("Infant C"))  # which the rebuilt view leaves out: one row more that differs
        kept.catch_up()
        return True

    done = rebuild(otherwise, log, connection, agree=agree)
    assert (done.switched, done.compared and done.compared.differing) == (False, 2)
    assert views.live(connection, case_list.VIEW) == kept.build


def test_the_live_view_keeps_serving_and_following_meanwhile(connection: Connection, database: str):
    log = anything(cases=6, events=100, seed=13)
    kept = following(case_list.VIEW, log, connection)
    filling, go_on = threading.Event(), threading.Event()

    class Slow(CaseList):
        def step(self, state: Any, recorded: Recorded) -> Any:
            filling.set()
            assert go_on.wait(20)
            return super().step(state, recorded)

    def rebuilding() -> None:
        with psycopg.connect(database, autocommit=True) as other:
            done.append(rebuild(replace(case_list.VIEW, begin=per_case(Slow())), log, other))

    done: list[Any] = []
    thread = threading.Thread(target=rebuilding)
    thread.start()
    assert filling.wait(20)
    log.on("new", opened("Infant New"))
    kept.catch_up()
    assert asked(database, lambda c: cases(c, q="new")).items[0].label == "Infant New"
    with pytest.raises(Busy):
        rebuild(case_list.VIEW, log, connection)
    go_on.set()
    thread.join(30)
    assert done[0].switched
    assert done[0].compared.equal
    assert asked(database, lambda c: cases(c, q="new")).items[0].label == "Infant New"


def test_a_new_version_is_made_beside_the_old_one_and_takes_its_name(connection: Connection, database: str):
    log = anything(cases=3, events=50, seed=14)
    following(case_list.VIEW, log, connection)
    table = replace(case_list.CASES, columns=case_list.CASES.columns.replace("label           text", "label           varchar(80)"))
    later = replace(case_list.VIEW, version=2, tables=(table,))
    build = ensure(later, log, connection)
    assert (build.number, views.standings(connection)[0].version) == (2, 2)
    assert connection.execute("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'case_list%'").fetchone() == (1,)
    assert len(asked(database, lambda c: cases(c)).items) == 3


def test_a_rebuild_that_was_killed_is_cleared_away(connection: Connection):
    log = anything(cases=3, events=50, seed=14)
    ensure(case_list.VIEW, log, connection)
    views.make(connection, case_list.VIEW)
    done = rebuild(case_list.VIEW, log, connection)
    assert done.switched
    assert connection.execute("SELECT count(*) FROM projections.builds").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'case_list%'").fetchone() == (1,)


def test_the_worker_goes_on_with_the_build_that_was_switched_to(connection: Connection, database: str):
    log = anything(cases=3, events=50, seed=15)
    following(case_list.VIEW, log, connection)
    rebuild(case_list.VIEW, log, connection)
    log.on("new", opened("Infant New"), at=log.now + timedelta(hours=1))
    following(case_list.VIEW, log, connection).catch_up()
    assert asked(database, lambda c: cases(c, q="new")).items[0].place == 1
    build = views.live(connection, case_list.VIEW)
    assert build is not None
    assert Following(build, log, connection).position == log.end()
