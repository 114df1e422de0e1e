"""`casetrail clocks CASE` and `--as-of`: how each day was arrived at, and what was known at any recorded instant."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from domain.adoption import AdoptCalendar
from domain.people import By
from domain.stages.notification import RecordAwareness
from domain.stages.opening import OpenCase
from domain.working_days import NEWEST
from interfaces import worker
from interfaces.cli import clocks
from interfaces.cli.case_clocks import day_by_day
from interfaces.cli.main import app
from interfaces.databases import Databases
from interfaces.wiring import Service
from tests.interfaces.cli.test_serving import NOT_OURS, environment
from tests.interfaces.served import CASE

MONDAY = datetime(2026, 3, 23, 9, tzinfo=UTC)
LATE_ON_MONDAY = datetime(2026, 3, 30, 23, 30, tzinfo=UTC)
"""Tuesday already in London, where the clocks went forward the day before."""


class Terminal:
    def __init__(self, places: Databases) -> None:
        self.places = places
        self.case = ""

    def asks(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["clocks", *arguments], env={**NOT_OURS, **environment(self.places), "COLUMNS": "220"})

    def told(self, *arguments: str) -> Any:
        ended = self.asks(*arguments, "--json")
        assert ended.exit_code == 0, ended.output
        return json.loads(ended.stdout)


async def tell(terminal: Terminal) -> None:
    """A notification due on Monday 30 March 2026, until a day off is proclaimed: then on Tuesday."""
    places = terminal.places
    with clocks.quietly(), worker.following(places.projections):
        async with Service(places, boards=True) as service:
            by = By(person=await service.register.rehearsed("local-authority-practitioner"), role="local-authority-practitioner")
            opened = await service.cases.do(OpenCase.model_validate(CASE), by, at=MONDAY)
            await service.cases.do(RecordAwareness(authority="bolton", how="a call"), by, stream=opened.stream, at=MONDAY)
            adopting = AdoptCalendar(
                edition="proclaimed", source="the Privy Council", holidays=(*NEWEST.holidays, datetime(2026, 3, 26, tzinfo=UTC).date()),
                because="proclaimed",
            )  # fmt: skip
            await service.cases.do(adopting, By(person=by.person, role="administrator"), at=LATE_ON_MONDAY)
            terminal.case = opened.stream.removeprefix("case/")


@pytest.fixture
def terminal(places: Databases) -> Terminal:
    made = Terminal(places)
    asyncio.run(tell(made))
    return made


def notification(told: Any) -> list[tuple[str, str]]:
    return [(item["due"], item["verdict"]) for item in told["items"] if item["clock"] == "serious-incident-notification"]


def test_one_case_day_by_day(terminal: Terminal):
    before = terminal.asks(terminal.case, "--as-of", "2026-03-24T12:00:00+00:00")
    assert before.exit_code == 0, before.output
    assert "Infant X, Bolton: clocks, judged on 2026-03-24, as recorded by 2026-03-24T12:00:00+00:00" in before.stdout
    assert "serious incident notification" in before.stdout
    said = " ".join(before.stdout.replace("│", " ").split())
    for words in ("Tue 24 Mar 1", "Sat 28 Mar Saturday", NEWEST.edition):
        assert words in said
    then = terminal.told("Infant X", "--as-of", "2026-03-24T12:00:00Z", "--clock", "serious-incident-notification")
    assert (then["case"], then["judged_on"]) == (terminal.case, "2026-03-24")
    (item,) = then["items"]
    assert day_by_day(item["arithmetic"]).endswith("Sat 28 Mar Saturday, Sun 29 Mar Sunday, Mon 30 Mar 5")


def test_what_was_known_at_any_recorded_instant_judged_on_its_day_in_london(terminal: Terminal):
    assert notification(terminal.told(terminal.case, "--as-of", "2026-03-24T12:00:00Z")) == [("2026-03-30", "running")]
    # just before the day off is proclaimed it is Tuesday in London, and the notification overdue
    before, since = "2026-03-30T23:29:59Z", "2026-03-30T23:30:00Z"
    assert notification(terminal.told(terminal.case, "--as-of", before)) == [("2026-03-30", "overdue")]
    assert sorted(notification(terminal.told(terminal.case, "--as-of", since))) == [("2026-03-30", "superseded"), ("2026-03-31", "running")]


def test_the_board_as_of_an_instant_says_the_same(terminal: Terminal):
    for instant in ("2026-03-24T12:00:00Z", "2026-03-30T23:29:59Z", "2026-03-30T23:30:00Z"):
        board, case = terminal.told("--as-of", instant), terminal.told(terminal.case, "--as-of", instant)
        assert board["judged_on"] == case["judged_on"]
        assert sorted(notification(board)) == sorted(notification(case))
    assert terminal.told("--as-of", "2026-03-23T08:00:00Z")["items"] == []
    assert "as recorded by 2026-03-24" in terminal.asks("--as-of", "2026-03-24T12:00:00Z").stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("Infant Z",), "There is no case of this id or label."),
        (("Infant X", "--as-of", "2026-03-23T08:00:00Z"), "There is no case of this id or label by then."),
        (("Infant X", "--as-of", "2999-01-01T00:00:00Z"), "lies in the future"),
        (("--as-of", "yesterday"), "takes an instant with its offset"),
        (("--as-of", "2026-03-23T08:00:00"), "takes an instant with its offset"),
        (("Infant X", "--verdict", "late"), "Of one case"),
    ],
)
def test_what_cannot_be_shown_is_said(terminal: Terminal, arguments: tuple[str, ...], sentence: str):
    ended = terminal.asks(*arguments)
    assert ended.exit_code == 1
    assert sentence in ended.output
