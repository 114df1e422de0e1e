"""`casetrail rebuild`: a read model that would differ is told row by row, and switched only where exactly that is accepted."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import psycopg
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from domain.people import By
from domain.stages.notification import RecordAwareness
from domain.stages.opening import OpenCase
from interfaces import worker
from interfaces.cli import clocks
from interfaces.cli.main import app
from interfaces.databases import Databases
from interfaces.wiring import Service
from tests.interfaces.cli.test_serving import NOT_OURS, environment
from tests.interfaces.served import CASE

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)

pytestmark = pytest.mark.anyio


class Operator:
    """Somebody at the terminal of a store with one case, whose read models have been made."""

    def __init__(self, places: Databases) -> None:
        self.places = places

    def rebuilds(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["rebuild", *arguments], env={**NOT_OURS, **environment(self.places), "COLUMNS": "300"})

    def changes(self, statement: str) -> None:
        """By hand, as a fault in an older version would have left it."""
        with psycopg.connect(self.places.projections, autocommit=True) as connection:
            assert connection.execute(statement.encode()).rowcount == 1

    def live(self, view: str = "deadlines") -> tuple[int, str]:
        with psycopg.connect(self.places.projections) as connection:
            found = connection.execute("SELECT number FROM projections.builds WHERE live AND view = %s", (view,)).fetchone()
            owed = connection.execute("SELECT owed_by FROM projections.deadlines WHERE clock = 'serious-incident-notification'").fetchone()
        assert found
        assert owed
        return found[0], owed[0]


WRONG = "UPDATE projections.deadlines SET owed_by = 'nobody' WHERE clock = 'serious-incident-notification'"
WRONG_AGAIN = "UPDATE projections.deadlines SET owed_by = 'somebody' WHERE clock = 'serious-incident-notification'"
WHO = ("--by", "operator-7", "--because", "Version 3 owed it to nobody.")


@pytest.fixture
async def operator(places: Databases) -> Operator:
    with clocks.quietly(), worker.following(places.projections):
        async with Service(places, boards=True) as service:
            by = By(person=await service.register.rehearsed("local-authority-practitioner"), role="local-authority-practitioner")
            opened = await service.cases.do(OpenCase.model_validate(CASE), by, at=MONDAY)
            await service.cases.do(RecordAwareness(authority="bolton", how="a call"), by, stream=opened.stream, at=MONDAY)
            for view in ("deadlines", "case_list"):
                await service.read_models.reached(view, await service.store.settled_position(), 20)
    return Operator(places)


def difference(said: str) -> str:
    found = re.search(r"--accept (\S+)", said)
    assert found, said
    return found[1]


async def test_what_is_equal_is_switched(operator: Operator):
    told = operator.rebuilds("deadlines")
    assert (told.exit_code, operator.live()[0]) == (0, 2)
    assert "equal row for row" in told.output


async def test_what_differs_is_told_with_why_and_not_switched(operator: Operator):
    owed_by = operator.live()[1]
    operator.changes(WRONG)
    told = operator.rebuilds("deadlines")
    assert (told.exit_code, operator.live()) == (1, (1, "nobody"))
    assert f"owed_by is 'nobody' and becomes '{owed_by}'" in told.output
    assert "1 row differs at position" in told.output
    assert "Nothing was switched." in told.output
    assert difference(operator.rebuilds("deadlines", "--compare").output) == difference(told.output)


async def test_exactly_that_difference_is_accepted_with_who_and_why(operator: Operator):
    owed_by = operator.live()[1]
    operator.changes(WRONG)
    accepting = difference(operator.rebuilds("deadlines").output)
    with capture_logs() as lines:
        told = operator.rebuilds("deadlines", "--accept", accepting, *WHO)
    assert told.exit_code == 0, told.output
    assert operator.live() == (2, owed_by)
    (line,) = lines
    assert (line["event"], line["view"], line["rows"], line["difference"]) == ("rebuilt", "deadlines", 1, accepting)
    assert (line["by"], line["because"]) == ("operator-7", "Version 3 owed it to nobody.")
    assert "as accepted by operator-7: Version 3 owed it to nobody. The rebuilt one is live now." in told.output
    assert operator.rebuilds("deadlines").exit_code == 0  # and from now on they are equal


async def test_another_difference_is_not_the_one_that_was_accepted(operator: Operator):
    operator.changes(WRONG)
    accepting = difference(operator.rebuilds("deadlines").output)
    operator.changes(WRONG_AGAIN)
    with capture_logs() as lines:
        told = operator.rebuilds("deadlines", "--accept", accepting, *WHO)
    assert (told.exit_code, operator.live(), lines) == (1, (1, "somebody"), [])
    assert "The difference is not the one that was accepted." in told.output
    assert difference(told.output) != accepting


async def test_what_was_recorded_meanwhile_changes_nothing_of_what_was_accepted(operator: Operator):
    operator.changes(WRONG)
    accepting = difference(operator.rebuilds("deadlines").output)
    with clocks.quietly(), worker.following(operator.places.projections):
        async with Service(operator.places, boards=True) as service:
            by = By(person=await service.register.rehearsed("local-authority-practitioner"), role="local-authority-practitioner")
            await service.cases.do(OpenCase.model_validate({**CASE, "label": "Infant Y"}), by, at=MONDAY)
            await service.read_models.reached("deadlines", await service.store.settled_position(), 20)
    assert operator.rebuilds("deadlines", "--accept", accepting, *WHO).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--accept", "1-0", *WHO), "of one read model"),
        (("deadlines", "case_list", "--accept", "1-0", *WHO), "of one read model"),
        (("deadlines", "--compare", "--accept", "1-0", *WHO), "not with --compare"),
        (("deadlines", "--accept", "1-0", "--because", "so"), "--by and --because"),
        (("deadlines", "--accept", "1-0", "--by", "me", "--because", " "), "--by and --because"),
    ],
)
def test_what_may_not_be_accepted_is_said(places: Databases, arguments: tuple[str, ...], sentence: str):
    told = Operator(places).rebuilds(*arguments)
    assert told.exit_code == 1
    assert sentence in told.output
