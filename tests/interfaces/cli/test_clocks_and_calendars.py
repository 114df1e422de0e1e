"""The deadline board and the bank holidays at the terminal."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from domain.adoption import AdoptCalendar
from domain.people import By
from domain.stages.notification import RecordAwareness
from domain.stages.opening import OpenCase
from domain.working_days import NEWEST
from interfaces import worker
from interfaces.cli import calendar, clocks
from interfaces.cli.saying import CannotDo
from interfaces.databases import Databases
from interfaces.wiring import Service
from tests.interfaces.served import CASE

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
TUESDAY = "2026-11-24"


class Terminal:
    """A service whose board is followed, and a terminal 200 columns wide."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.written = io.StringIO()
        self.console = Console(file=self.written, width=200)

    @property
    def said(self) -> str:
        return self.written.getvalue()

    async def adopts(self, file: Path, **how: Any) -> str:
        await clocks.up_to_date(self.service)
        assert await calendar.adopt(self.console, self.service, calendar.read_file(file), **({"because": None, "yes": False} | how)) == 0
        return self.said


@pytest.fixture
async def terminal(places: Databases) -> AsyncIterator[Terminal]:
    """One case, whose notification is due on Monday 30 November 2026."""
    with clocks.quietly(), worker.following(places.projections):
        async with Service(places, boards=True) as service:
            by = By(person=await service.register.rehearsed("local-authority-practitioner"), role="local-authority-practitioner")
            opened = await service.cases.do(OpenCase.model_validate(CASE), by, at=MONDAY)
            await service.cases.do(RecordAwareness(authority="bolton", how="a call"), by, stream=opened.stream, at=MONDAY)
            yield Terminal(service)


def written(folder: Path, text: str, name: str = "one-day-more.txt") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


pytestmark = pytest.mark.anyio


# --- clocks


async def test_the_board_as_a_table_and_as_json(terminal: Terminal):
    await clocks.up_to_date(terminal.service)
    items, today, more = await clocks.asked(terminal.service, limit=10, role="named-portal-user")
    clocks.table(terminal.console, items, today, more=more)
    assert [item["due"] for item in items] == ["2026-11-30"]
    assert "serious incident notification" in terminal.said
    assert "Infant X, Bolton" in terminal.said
    assert terminal.said.splitlines()[-1] == "1 shown."
    assert json.loads(json.dumps(items))[0]["arithmetic"]
    assert (await clocks.asked(terminal.service, limit=10, role="business-manager"))[0] == []


def test_a_verdict_that_there_is_not_is_told():
    assert clocks.verdict_of("late") == "late"
    assert clocks.verdict_of(None) is None
    with pytest.raises(CannotDo, match="no verdict soon"):
        clocks.verdict_of("soon")


# --- calendars


async def test_what_would_move_is_told_before_anything_moves(terminal: Terminal, tmp_path: Path):
    file = written(tmp_path, f"# proclaimed\n{TUESDAY}, State funeral\n")
    position = await terminal.service.store.settled_position()
    proposed = calendar.read_file(file, source="the Privy Council")

    await clocks.up_to_date(terminal.service)
    await calendar.adopt(terminal.console, terminal.service, proposed, because=None, yes=False)

    assert "Tuesday 24 November 2026 is in the file; the library does not know it." in terminal.said
    assert "Infant X, Bolton: serious incident notification, from 2026-11-30 to 2026-12-01" in terminal.said
    assert "Nothing was adopted." in terminal.said
    assert await terminal.service.store.settled_position() == position


async def test_what_was_told_to_move_moves(terminal: Terminal, tmp_path: Path):
    file = written(tmp_path, f'edition = "funeral"\nsource = "the Privy Council"\nholidays = [{TUESDAY}]\n', "f.toml")

    said = await terminal.adopts(file, yes=True, because="proclaimed yesterday")

    assert "Adopted at position" in said
    assert [*terminal.service.rulebook.calendars()] == [NEWEST.edition, "funeral"]
    await clocks.up_to_date(terminal.service)
    items, _, _ = await clocks.asked(terminal.service, limit=10, role=None, clock="serious-incident-notification")
    assert {(item["due"], item["verdict"] == "superseded") for item in items} == {("2026-12-01", False), ("2026-11-30", True)}
    with pytest.raises(CannotDo, match="already adopted"):
        await terminal.adopts(file)


async def test_adopting_needs_a_reason(terminal: Terminal, tmp_path: Path):
    file = written(tmp_path, f'source = "x"\nholidays = {{ "{TUESDAY}" = "State funeral" }}\n', "f.toml")
    with pytest.raises(CannotDo, match="needs a reason"):
        await terminal.adopts(file, yes=True)
    assert "funeral" not in terminal.service.rulebook.calendars()


async def test_the_editions_and_their_days_are_shown(terminal: Terminal):
    calendars = terminal.service.rulebook.calendars()
    calendar.show(terminal.console, calendars, None)
    assert f"{NEWEST.edition}: {NEWEST.first} to {NEWEST.last}" in terminal.said
    calendar.show(terminal.console, calendars, NEWEST.edition)
    assert "2026-12-25 Friday: Christmas Day" in terminal.said
    with pytest.raises(CannotDo, match="not adopted here"):
        calendar.show(terminal.console, calendars, "none-such")


def test_a_year_in_full_is_held_against_the_library_both_ways():
    assert calendar.compared(day for day in NEWEST.holidays if day.year == 2026) == []
    without = [day for day in NEWEST.holidays if day.year == 2023 and day != date(2023, 5, 8)]
    assert calendar.compared(without) == ["Monday 8 May 2023 is known to the library and not in the file."]


@pytest.mark.parametrize(
    ("text", "name", "sentence"),
    [
        ("", "a.txt", "names no day"),
        ("2026-11-28\n", "a.txt", "on a weekend"),
        ("24 November\n", "a.csv", "line 1"),
        ("date,name\n2026-11-24,x\n2026-13-01,y\n", "a.csv", "line 3"),
        ("holidays = [", "a.toml", "no TOML"),
        ('dates = ["2026-11-24"]', "a.toml", "key dates"),
        ("2026-11-24\n", "a.txt", "names its source"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, name: str, sentence: str):
    with pytest.raises(CannotDo, match=sentence):
        calendar.read_file(written(tmp_path, text, name))


def test_the_command_that_is_asked_is_the_one_of_the_vocabulary():
    assert AdoptCalendar.name == "adopt-calendar"
