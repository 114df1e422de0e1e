"""`casetrail export` and `casetrail export-store` at the terminal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import openpyxl
import psycopg
import pytest
from typer.testing import CliRunner, Result

from domain.people import By
from domain.stages.opening import OpenCase
from interfaces.cli.main import app
from interfaces.databases import Databases
from interfaces.wiring import Service
from tests.interfaces.cli.test_serving import NOT_OURS, environment
from tests.interfaces.served import CASE


@pytest.fixture
def case(places: Databases) -> str:
    async def opened() -> str:
        async with Service(places) as service:
            by = By(person=await service.register.rehearsed("local-authority-practitioner"), role="local-authority-practitioner")
            return (await service.cases.do(OpenCase.model_validate(CASE), by)).stream.removeprefix("case/")

    return asyncio.run(opened())


def asks(places: Databases, *arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)], env={**NOT_OURS, **environment(places), "COLUMNS": "200"})


def test_one_case_in_each_form_and_each_is_a_look(places: Databases, case: str, tmp_path: Path):
    for form, name in (("jsonl", "case.jsonl"), ("prov", "case.json"), ("disclosure-schedule", "s.csv"), ("disclosure-schedule", "s.xlsx")):
        ended = asks(places, "export", "infant x", "--as", form, "-o", tmp_path / name)
        assert ended.exit_code == 0, ended.output
        assert f"Wrote {tmp_path / name}: 1 entries" in ended.output
    assert json.loads((tmp_path / "case.jsonl").read_text())["name"] == "case-opened"
    assert "entry:1" in json.loads((tmp_path / "case.json").read_text())["entity"]
    assert (tmp_path / "s.csv").read_bytes().startswith(b"\xef\xbb\xbfnumber,item,")
    assert openpyxl.load_workbook(tmp_path / "s.xlsx").sheetnames == ["Disclosure schedule", "About this list"]
    assert (tmp_path / "case.jsonl").stat().st_mode & 0o777 == 0o600
    with psycopg.connect(places.owner_record) as owner:
        looks = [json.loads(bytes(record)) for (record,) in owner.execute("SELECT record FROM looks ORDER BY number").fetchall()]
    assert [look["view"] for look in looks] == ["export", "provenance", "disclosure-schedule", "disclosure-schedule"]
    assert {(*look["streams"], look["place"], look["by"]["role"]) for look in looks} == {(f"case/{case}", 1, "administrator")}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("Infant X", "--as", "pdf", "-o", "x.pdf"), "There is no form pdf"),
        (("Infant X", "--as", "disclosure-schedule", "-o", "x.txt"), "ends with .csv or .xlsx"),
        (("Infant Y", "--as", "jsonl", "-o", "x.jsonl"), "There is no case of this id or label"),
        (("Infant X", "--as", "jsonl", "-o", "nowhere/x.jsonl"), "Nothing can be written to nowhere/x.jsonl"),
    ],
)
def test_what_cannot_be_done_is_said(places: Databases, case: str, arguments: tuple[str, ...], sentence: str):
    ended = asks(places, "export", *arguments)
    assert ended.exit_code == 1
    assert sentence in ended.output


def test_the_whole_store(places: Databases, case: str, tmp_path: Path):
    ended = asks(places, "export-store", tmp_path / "everything")
    assert ended.exit_code == 0, ended.output
    assert "No key is in it" in ended.output
    assert (tmp_path / "everything" / "MANIFEST").exists()
    again = asks(places, "export-store", tmp_path / "everything")
    assert (again.exit_code, "is not empty" in again.output) == (1, True)
