"""The histories again, over HTTP: the same runner, a service on loopback in place of the door."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from rich.console import Console

from application.rehearsal import Rehearsal, Told, rehearse
from application.scenario import Scenario, read_scenario
from interfaces import databases, wiring
from interfaces.cli.over_http import OverHttp
from interfaces.cli.rehearse import rehearse as rehearse_files
from interfaces.cli.saying import CannotDo
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from tests.interfaces.served import served

FILES = {path.stem: path for path in sorted((Path(__file__).parent.parent / "stories").glob("*.yaml"))}


def told(scenario: Scenario, url: str) -> Told:
    async def run() -> Told:
        async with OverHttp(url) as world:
            rehearsal = Rehearsal(scenario, world)
            await rehearse([rehearsal])
            return rehearsal.told

    return asyncio.run(run())


def assert_holds(told: Told) -> None:
    short = [step for step in told.steps if step.result in ("failed", "not-built")]
    missed = [expectation for expectation in told.expectations if expectation.result != "holds"]
    assert (told.error, short, missed) == (None, [], [])


def holds(name: str, server: LocalPostgres) -> None:
    scenario = read_scenario(FILES[name])
    with databases.throw_away(server, "rehearsal") as places:

        async def adopt() -> None:
            async with wiring.Service(places) as service:
                await wiring.adopt(service, calendar=scenario.calendar, at=wiring.BEGINNING)

        asyncio.run(adopt())
        with served(places) as url:
            assert_holds(told(scenario, url))


def test_a_history_holds_over_http(practice_server: LocalPostgres):
    holds("child-j", practice_server)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_every_history_holds_over_http(name: str, practice_server: LocalPostgres):
    holds(name, practice_server)


def test_a_history_told_again_is_already_there(places: Databases):
    scenario = read_scenario(FILES["child-j"])
    with served(places) as url:
        assert_holds(told(scenario, url))
        assert told(scenario, url).already_there


def test_a_history_that_counts_by_another_calendar_is_not_begun(places: Databases):
    named = next(path for path in FILES.values() if read_scenario(path).calendar)
    with served(places) as url, pytest.raises(CannotDo, match="calendar"):
        asyncio.run(rehearse_files(Console(quiet=True), [named], keep=False, api=url, quiet=True))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_a_service_that_is_not_there_is_said_so_in_a_sentence(url: str):
    with pytest.raises(CannotDo, match="does not answer"):
        asyncio.run(rehearse_files(Console(quiet=True), [FILES["child-j"]], keep=False, api=url, quiet=True))
