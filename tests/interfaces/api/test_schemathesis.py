"""Whatever the OpenAPI document says, the service does: asked with everything the document allows, and much that it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from interfaces.databases import Databases
from interfaces.publishing import publish_now
from tests.interfaces.served import open_case, served

HERE = Path(__file__).parent
WHO = "Casetrail-Person: business-manager///bolton"


def conforms(places: Databases, tmp_path: Path, *profiles: Sequence[str]) -> None:
    """Each profile is a run of its own, side by side."""
    with served(places) as url:
        config = tmp_path / "schemathesis.toml"
        case = open_case(url)
        publish_now(places)  # for the ledger and the case file
        known = {"path.case": case, "path.candidate": "bolton-H1", "path.edition": "england-2025", "path.code": "H1"}
        fixed = "\n".join(f'"{name}" = "{value}"' for name, value in known.items())
        config.write_text(f"{(HERE / 'schemathesis.toml').read_text()}\n[parameters]\n{fixed}\n")
        asking: list[str | Path] = [
            Path(sys.executable).with_name("st"),
            "--config-file",
            config,
            "run",
            f"{url}/api/v1/openapi.json",
            "-H",
            WHO,
        ]
        environment = {**os.environ, "PYTHONPATH": str(HERE), "NO_COLOR": "1"}
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
