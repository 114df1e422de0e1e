"""Whatever the OpenAPI document says, the service does: asked with everything the document allows, and much that it does not."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import httpx2 as httpx
import pytest

from application.rehearsal import Rehearsal, rehearse
from application.scenario import read_scenario
from application.world import InProcess
from domain.access import GrantAccess
from domain.people import By
from domain.working_days import london_date
from interfaces.databases import Databases
from interfaces.publishing import publish_now
from interfaces.wiring import Service
from tests.interfaces.served import open_case, served

HERE = Path(__file__).parent
WHO = "Casetrail-Person: business-manager///bolton"


def conforms(places: Databases, tmp_path: Path, *profiles: Sequence[str], persons: Sequence[str] = (), case: str | None = None) -> None:
    """Each profile is a run of its own, side by side; with `persons`, they ask in turn."""
    with served(places) as url:
        config = tmp_path / "schemathesis.toml"
        case = case or open_case(url)
        publish_now(places)  # for the ledger and the case file
        httpx.get(f"{url}/api/v1/openapi.json", timeout=60)  # made once, which takes its time on a busy machine
        known = {"path.case": case, "path.candidate": "bolton-H1", "path.edition": "england-2025", "path.code": "H1"}
        fixed = "\n".join(f'"{name}" = "{value}"' for name, value in known.items())
        config.write_text(f"{(HERE / 'schemathesis.toml').read_text()}\n[parameters]\n{fixed}\n")
        asking: list[str | Path] = [
            Path(sys.executable).with_name("st"), "--config-file", config, "run", f"{url}/api/v1/openapi.json",
            "--request-timeout", "60", *(() if persons else ("-H", WHO)),
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(HERE), "NO_COLOR": "1", "CASETRAIL_ASKED_AS": "\n".join(persons)}
        runs = [
            subprocess.Popen(
                [*asking, *profile], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            for profile in profiles
        ]
        told = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0] * len(runs), "\n".join(text[-60000:] for text in told)


def test_the_service_does_what_its_document_says(places: Databases, tmp_path: Path):
    looking = ("--exclude-tag", "asking", "--max-examples", "10")
    # every command goes the same way, and differs in its fields alone
    asking = ("--include-tag", "asking", "--phases", "fuzzing", "--max-examples", "3")
    conforms(places, tmp_path, looking, asking)


@pytest.mark.fuzz
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif("CASETRAIL_AT_LENGTH" not in os.environ, reason="Up to an hour of requests: set CASETRAIL_AT_LENGTH to ask them.")
def test_the_service_does_what_its_document_says_at_length(places: Databases, tmp_path: Path):
    conforms(places, tmp_path, ("--max-examples", "100"))


# --- as several people, on a case that has been through everything

STORY = "practice-review-to-the-last-recommendation.yaml"
PERSONS = (
    "business-manager", "reviewer/independent/Isolde Marchbank", "delegated-partner/health", "agency-author/hospital-trust",
    "notifier/hospital-trust", "inspector/ofsted/Dame Inspector", "theme-analyst", "administrator", "information-governance",
    "business-manager/bury/nobody here/bury",
)  # fmt: skip
"""In turn; the reviewer is that of the case, the inspector was let onto it, and the last is a neighbour."""


async def told(places: Databases) -> str:
    """The case of a story, with an inspector let onto it."""
    async with Service(places) as service:
        rehearsal = Rehearsal(read_scenario(HERE.parents[1] / "stories" / STORY), InProcess(service.looking, service.themes))
        await rehearse([rehearsal])
        assert rehearsal.told.exit == 0, rehearsal.told
        (case, *_) = rehearsal.told.cases.values()
        inspector = await service.register.rehearsed(PERSONS[5])
        by = By(person=await service.register.rehearsed("lead-partner"), role="lead-partner", partnership="bolton")
        today = london_date(await service.last_instant())
        let_in = GrantAccess(person=inspector, capacity="inspector", until=today + timedelta(days=400), because="A joint inspection.")
        await service.cases.do(let_in, by, stream=f"case/{case}")
    return str(case)


def test_whoever_asks_it_does_what_its_document_says(places: Databases, tmp_path: Path):
    looking = ("--include-method", "GET", "--exclude-tag", "ledger", "--phases", "fuzzing", "--max-examples", str(len(PERSONS)))
    conforms(places, tmp_path, looking, persons=PERSONS, case=asyncio.run(told(places)))


@pytest.mark.fuzz
@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.skipif("CASETRAIL_AT_LENGTH" not in os.environ, reason="Up to an hour of requests: set CASETRAIL_AT_LENGTH to ask them.")
def test_whoever_asks_at_length_it_does_what_its_document_says(places: Databases, tmp_path: Path):
    conforms(places, tmp_path, ("--max-examples", "20"), persons=PERSONS, case=asyncio.run(told(places)))
