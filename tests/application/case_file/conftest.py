"""Case files over a rehearsal store: told, published as the worker does it, made, and checked by the verifier that lies in them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from application.case_file.case_file import CaseFile
from application.case_file.disclosing import Reader
from interfaces import case_files
from interfaces.publishing import publish_now
from interfaces.wiring import Service
from tests.docs_blocks import CHECKOUT

MADE_ON = date(2026, 11, 22)


@dataclass
class Opened:
    """A case file taken apart."""

    made: CaseFile

    def __post_init__(self) -> None:
        with zipfile.ZipFile(io.BytesIO(self.made.content)) as read:
            self.entries = {name.partition("/")[2]: read.read(name) for name in read.namelist()}

    def text(self, name: str) -> str:
        return self.entries[name].decode()

    def lines(self, name: str) -> list[Any]:
        return [json.loads(line) for line in self.entries[name].splitlines()]


@pytest.fixture
def publish(service: Service) -> Callable[[], Any]:
    """Everything recorded, integrated and published."""
    return lambda: publish_now(service.places)


@pytest.fixture
def make(service: Service, publish: Callable[[], Any]) -> Callable[..., Any]:
    """The file of a case by its id, after publishing all that is recorded."""

    async def made(case: str, reader: Reader | None = None, *, published: bool = True) -> Opened:
        if published:
            publish()
        return Opened(await case_files.made(service, f"case/{case}", reader or Reader(), on=MADE_ON))

    return made


@pytest.fixture
def check(tmp_path: Path) -> Callable[[CaseFile], dict[str, Any]]:
    """What the verifier says of a file, on its own."""

    def checked(made: CaseFile) -> dict[str, Any]:
        file = tmp_path / f"{made.case}.zip"
        file.write_bytes(made.content)
        verifier = CHECKOUT / "interfaces" / "cli" / "verify.py"
        run = subprocess.run([sys.executable, "-I", verifier, file, "--json"], capture_output=True, text=True, check=False)
        assert run.stdout, run.stderr
        return {"exit": run.returncode, **json.loads(run.stdout)}

    return checked
