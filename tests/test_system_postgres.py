"""The same histories on the PostgreSQL of the system, 15 or later, as councils run it beside the one in the wheel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from application.rehearsal import Rehearsal, rehearse
from application.scenario import read_scenario
from application.store.chain import faults
from application.world import InProcess
from interfaces import databases, wiring
from interfaces.local_postgres import LocalPostgres
from tests.conftest import expected_or_skip

pytestmark = [pytest.mark.anyio, pytest.mark.system_postgres]

STORIES = Path(__file__).parent / "stories"


@pytest.fixture(scope="module")
def server_of_the_system() -> Iterator[LocalPostgres]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found or int(found[-1].parts[-3]) < 15:
        expected_or_skip("system-postgres", "There is no PostgreSQL 15 or later of the system here.")
    with databases.throw_away_server(binaries=found[-1].parent) as server:
        yield server


@pytest.mark.parametrize("story", ["child-j", "thematic-candidate-and-bury", "who-is-on-a-case-and-what-is-erased"])
async def test_a_history_holds_there_too_and_its_chains_are_whole(story: str, server_of_the_system: LocalPostgres):
    async with wiring.fresh_rehearsal(server_of_the_system) as service:
        rehearsal = Rehearsal(read_scenario(STORIES / f"{story}.yaml"), InProcess(service.looking, service.themes))

        await rehearse([rehearsal])

        assert rehearsal.told.exit == 0
        with service.store.application() as application:
            assert [*faults(application.recorder.rows())] == []
