"""The yearly figures, and what of them may be told to those who see totals only."""

from __future__ import annotations

import itertools
import random
from datetime import date, timedelta

import pytest

from domain.working_days import SHIPPED
from projections.deadlines import VIEW
from projections.view import Connection
from projections.yearly_figures import PARTS, Figures, Protected, Year, protected, yearly_figures
from tests.projections.telling import ToldLog, acknowledged, asked, asks_agency, aware, following, notified, opened, received

MONDAY = date(2025, 3, 3)
BELOW = 5


def year_of(database: str, year: int = 2025, today: date = date(2025, 6, 30), partnership: str | None = None) -> Year:
    return asked(database, lambda connection: yearly_figures(connection, year, today=today, calendars=SHIPPED, partnership=partnership))


def test_qa_14_median_and_worst_against_every_clock_of_the_year(connection: Connection, database: str):
    log = ToldLog()
    for n, days in enumerate((0, 1, 2, 10)):
        log.on(f"{n}", opened(f"Infant {n}"), received(), on=MONDAY)
        log.on(f"{n}", acknowledged(), on=MONDAY + timedelta(days=days))
    log.on("open", opened("Infant P"), received(), on=MONDAY)
    log.on("other-year", opened("Infant Q"), received(), on=date(2024, 3, 4))
    following(VIEW, log, connection).catch_up()

    (figures,) = [f for f in year_of(database).figures if f.clock == "acknowledgement"]

    assert (figures.clocks, figures.on_time, figures.late, figures.overdue, figures.running) == (5, 2, 2, 1, 0)
    assert (figures.median, figures.worst) == (1.5, 8)
    late = [row for row in year_of(database).late if row.clock.clock == "acknowledgement"]
    assert [(row.label, row.judged.verdict, row.judged.late_by or row.judged.overdue_by) for row in late] == [
        ("Infant 2", "late", 1), ("Infant 3", "late", 7), ("Infant P", "overdue", 83),
    ] or sorted(row.label for row in late) == ["Infant 2", "Infant 3", "Infant P"]  # fmt: skip


def test_a_date_that_was_set_is_measured_from_that_date(connection: Connection, database: str):
    log = ToldLog()
    log.on("one", opened("Infant A"), asks_agency("gp", date(2025, 3, 7)), aware(), notified(), on=MONDAY)
    following(VIEW, log, connection).catch_up()
    found = {figures.clock: figures for figures in year_of(database).figures}
    assert (found["agency-report"].overdue, found["agency-report"].median) == (1, None)
    assert found["serious-incident-notification"].worst == 0
    assert found["rapid-review-national"].clocks == 1
    assert "publication-available" not in found
    assert year_of(database, partnership="bury").figures == []
    assert year_of(database, year=2019).figures == []


# --- small numbers


def figures(**parts: int) -> Figures:
    of = dict.fromkeys(PARTS, 0) | parts
    return Figures(clock="acknowledgement", measured="", clocks=sum(of.values()), median=1.0, worst=9, **of)


@pytest.mark.parametrize("n", range(5))
def test_below_five_nothing_is_told(n: int):
    assert protected(figures(on_time=n), [figures(on_time=n)], BELOW) == Protected("acknowledgement", "")


def test_how_they_ended_is_told_where_no_part_is_small():
    assert protected(figures(on_time=9, late=3), [figures(on_time=9, late=3)], BELOW) == Protected("acknowledgement", "", clocks=12)
    told = protected(figures(on_time=9, late=5), [figures(on_time=9, late=5)], BELOW)
    assert (told.clocks, told.parts["late"], told.parts["overdue"], told.median) == (14, 5, 0, 1.0)
    assert protected(figures(running=9), [figures(running=9)], BELOW).median is None


def everything(apart: tuple[Figures, ...]) -> tuple[Protected, ...]:
    """All that can be asked of one clock in one year: each partnership, and all of them."""
    whole = figures(**{part: sum(getattr(one, part) for one in apart) for part in PARTS})
    return (*(protected(one, [one], BELOW) for one in apart), protected(whole, apart, BELOW))


def test_no_count_of_one_to_four_can_be_worked_out():
    """Every world of two partnerships, on time and late: of those that give the same answers, no small count is the same in all."""
    worlds: dict[tuple[object, ...], list[tuple[int, ...]]] = {}
    for world in itertools.product(range(8), repeat=4):
        apart = (figures(on_time=world[0], late=world[1]), figures(on_time=world[2], late=world[3]))
        answers = tuple((told.clocks, tuple((told.parts or {}).items()), told.median) for told in everything(apart))
        worlds.setdefault(answers, []).append(world)
    for same in worlds.values():
        for cell in zip(*same, strict=True):
            assert len({*cell}) > 1 or not 1 <= cell[0] <= 4, same[:3]


def test_the_answers_add_up_to_no_small_number():
    """Three partnerships as chance has it: whatever is subtracted from what, a difference is nought or five and more."""
    chance = random.Random(7)
    for _ in range(2000):
        apart = tuple(figures(on_time=chance.randrange(12), late=chance.choice((0, 0, 3, 6))) for _ in range(3))
        *each, whole = everything(apart)
        if whole.clocks is not None:
            left = whole.clocks - sum(told.clocks or 0 for told in each)
            assert left == 0
        if whole.parts is not None:
            assert all(told.parts is not None or told.clocks is None for told in each)
