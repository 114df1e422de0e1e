"""Bringing history in: every row or none, told as what happened then, transcribed by somebody now."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from application import importing
from application.importing import BadImport, RowTold, bring_in, read_deeds
from domain.language import Refused
from domain.people import By
from interfaces import databases, wiring
from interfaces.cli.main import app
from interfaces.local_postgres import LocalPostgres
from interfaces.wiring import Service

STORIES = Path(__file__).parents[1] / "stories"

HEADING = [
    "at", "case", "by", "do", "label", "route", "concern", "incident.happened_on", "incident.area", "incident.harm",
    "incident.abuse_or_neglect", "children", "authority", "how", "basis", "portal_reference",
]  # fmt: skip
CHILD = '[{"ref": "child-z", "area_of_residence": "bolton", "age_band": "5-9", "harm": "died"}]'
ROWS: list[list[Any]] = [
    ["2023-12-19", "child-z", "local-authority-practitioner", "open-case", "Child Z", "local-authority", "serious-incident", "2023-12-18",
     "bolton", "died", "suspected", CHILD],
    ["2023-12-19 16:00", "child-z", "local-authority-practitioner", "record-awareness", *[""] * 8, "bolton", "[name removed] rang"],
    ["2023-12-28", "child-z", "local-authority-practitioner", "confirm-serious-incident", *[""] * 10, "a death; neglect suspected"],
    ["2023-12-29", "child-z", "named-portal-user", "notify-panel", *[""] * 7, '["child-z"]', "", "", "", "114"],
]  # fmt: skip


@asynccontextmanager
async def store(server: LocalPostgres) -> AsyncIterator[Service]:
    """A store that is no rehearsal, with what a new one adopts."""
    with databases.throw_away(server) as places:
        async with wiring.Service(places) as service:
            await wiring.adopt(service)
            yield service


async def brought_in(service: Service, file: Path, *, dry_run: bool = False, role: str = "business-manager") -> list[RowTold]:
    person = await service.register.told_of(role, "bolton")
    transcriber = By(person=person, role=role, partnership="bolton")
    return await bring_in(service.cases, read_deeds(file, "bolton"), transcriber=transcriber, dry_run=dry_run)


def results(rows: Sequence[RowTold]) -> set[str]:
    return {row.result for row in rows}


def csv_file(folder: Path, rows: Sequence[Sequence[Any]], heading: Sequence[str] = HEADING) -> Path:
    file = folder / "history.csv"
    lines = [",".join('"' + str(cell).replace('"', '""') + '"' for cell in row) for row in (heading, *rows)]
    file.write_text("\n".join(lines), encoding="utf-8-sig")
    return file


def xlsx_file(folder: Path, rows: Sequence[Sequence[Any]]) -> Path:
    """A workbook as a spreadsheet programme writes it, with dates and numbers as such."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    book.save(folder / "history.xlsx")
    return folder / "history.xlsx"


# --- what is brought in


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["conflicts-of-interest", "cross-area-bolton-and-bury", "thematic-review-to-its-end-and-anew"])
async def test_a_scenario_is_brought_in_whole_and_once(name: str, practice_server: LocalPostgres) -> None:
    """Into a store that is no rehearsal: persons are known by the words of the file, a candidate is raised as the rows come."""
    file = STORIES / f"{name}.yaml"
    async with store(practice_server) as service:
        before = await service.store.settled_position()

        assert results(await brought_in(service, file, dry_run=True)) == {"would be recorded"}
        assert await service.store.settled_position() == before

        assert results(await brought_in(service, file)) == {"recorded"}
        after = await service.store.settled_position()
        assert after > before

        # also where somebody has declared an interest since and may ask nothing any more
        assert results(await brought_in(service, file)) == {"already there"}
        assert await service.store.settled_position() == after


@pytest.mark.anyio
@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_spreadsheet_is_brought_in_as_history(form: str, practice_server: LocalPostgres, tmp_path: Path) -> None:
    if form == "csv":
        file = csv_file(tmp_path, ROWS)
    else:
        cells = [[datetime.fromisoformat(row[0]), *row[1:]] for row in ROWS]
        cells[0][7] = datetime.fromisoformat("2023-12-18")
        cells[3][15] = 114
        file = xlsx_file(tmp_path, [HEADING, *cells])
    async with store(practice_server) as service:
        rows = await brought_in(service, file)
        assert [(row.result, row.sentence) for row in rows] == [
            ("recorded", "case-opened"),
            ("recorded", "local-authority-became-aware"),
            ("recorded", "serious-incident-confirmed"),
            ("recorded", "serious-incident-notified, rapid-review-initiated"),
        ]
        (stream,) = await service.store.streams("case/")
        seen = await service.looking.see(stream)

        # clocks are judged on the day of the deed: Christmas is not counted, and five working days end on 29 December
        clock = next(c for c in service.looking.clocks(seen) if c["clock"] == "serious-incident-notification")
        assert (clock["from"], clock["due"], clock["done"], clock["verdict"]) == ("2023-12-19", "2023-12-28", "2023-12-29", "late")
        assert clock["late_by"] == 1

        history = await service.looking.history(seen)
        transcriber = await service.register.told_of("business-manager", "bolton")
        for item in history:
            assert item["transcribed_by"] == transcriber
            assert item["by"]["person"] != transcriber
            assert item["late_entry"]["explained_by"] == "transcription"
        assert history[1]["fields"]["how"] == "[name removed] rang"
        assert history[3]["fields"]["portal_reference"] == "114"
        assert history[3]["on"] == "2023-12-29"
        assert datetime.fromisoformat(history[3]["at"]).date() >= datetime.now(UTC).date()


@pytest.mark.anyio
async def test_one_bad_row_and_nothing_is_recorded(practice_server: LocalPostgres, tmp_path: Path) -> None:
    """Every bad row is named, with its own sentence; the good ones are not kept either."""
    rows = [
        *ROWS,
        ["19/12/2023", "child-z", "business-manager", "record-awareness", *[""] * 8, "bolton", "told"],
        ["2023-12-30", "child-z", "", "record-awareness", *[""] * 8, "bolton", "told"],
        ["2023-12-30", "child-z", "business-manager", "notify-everybody"],
        ["2023-12-30", "child-y", "business-manager", "record-awareness", *[""] * 8, "bolton", "told"],
        ["2023-12-30", "child-z", "headteacher", "record-awareness", *[""] * 8, "bolton", "told"],
        ["2023-12-30", "child-z", "business-manager", "notify-panel", *[""] * 7, '["child-z"]', "", "", "", "115"],
        ["2023-12-30", "child-z", "business-manager", "record-awareness", "Child Z", *[""] * 7, "bolton", "told"],
        ["2023-12-30", "child-z", "business-manager", "record-awareness", *[""] * 8, "bolton", "told\x00"],
        ["2099-12-30", "child-z", "business-manager", "record-awareness", *[""] * 8, "bolton", "told"],
        ["2023-12-30", "child-z", "business-manager", "record-awareness", *[""] * 8, "bolton", "told", "", "", "", "stray"],
    ]
    file = csv_file(tmp_path, rows)
    async with store(practice_server) as service:
        before = await service.store.settled_position()
        for dry_run in (True, False):
            told = await brought_in(service, file, dry_run=dry_run)
            assert [row.result for row in told] == ["would be recorded"] * 4 + ["error"] * 10
            sentences = {row.line: row.sentence for row in told if row.result == "error"}
            for line, words in {
                6: "'19/12/2023' is not a time", 7: "By is empty", 8: "no command 'notify-everybody'", 9: "child-y is not opened",
                10: "no role 'headteacher'", 11: "business manager may not ask notify-panel", 12: "label", 13: "how",
                14: "future", 15: "no heading",
            }.items():  # fmt: skip
                assert words in sentences[line], (line, sentences[line])
            assert await service.store.settled_position() == before


@pytest.mark.anyio
async def test_only_the_partnership_brings_history_in(practice_server: LocalPostgres, tmp_path: Path) -> None:
    async with store(practice_server) as service:
        with pytest.raises(Refused, match="business manager or a partnership officer"):
            await brought_in(service, csv_file(tmp_path, ROWS), role="scrutineer")


# --- what cannot be read


def bad(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "empty"),
        ("columns.csv", b"at,by,label\n2023-12-19,business-manager,x\n", "case, do are missing"),
        ("twice.csv", b"at,case,by,do,how,how\n", "how stands there twice"),
        ("latin.csv", "at,case,by,do\n2023-12-19,café,x,y\n".encode("latin-1"), "not UTF-8"),
        ("quote.csv", b'at,case,by,do\n"2023-12-19,a,b,c\n', "not readable as comma-separated rows"),
        ("wide.csv", b"at,case,by,do\n" + b"x" * 200_000, "not readable as comma-separated rows"),
        ("text.xlsx", b"this is no sheet", "no spreadsheet"),
        ("nul.xlsx", b"\x00" * 1000, "no spreadsheet"),
        ("nul.ods", b"\x00" * 1000, "no spreadsheet"),
        ("words.yaml", b"steps: [", "not readable as YAML"),
        ("nul.yaml", b"scenario: a\x00", "NUL"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(BadImport, match=words):
        read_deeds(bad(tmp_path, name, content), "bolton")


def test_a_zip_that_is_no_sheet_says_so(tmp_path: Path) -> None:
    file = tmp_path / "photographs.xlsx"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("photograph.jpg", b"...")
    with pytest.raises(BadImport, match="no spreadsheet"):
        read_deeds(file, "bolton")


def test_what_is_packed_too_tightly_is_not_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (importing.LARGEST_UNPACKED + 1))
    with pytest.raises(BadImport, match="unpacked"):
        read_deeds(file, "bolton")


def test_a_huge_file_is_brought_in_in_parts(tmp_path: Path) -> None:
    with pytest.raises(BadImport, match="larger than"):
        read_deeds(bad(tmp_path, "huge.csv", b"x" * (importing.LARGEST + 1)), "bolton")
    rows = b"at,case,by,do\n" + b"2023-12-19,a,b,c\n" * (importing.MOST_ROWS + 1)
    with pytest.raises(BadImport, match="in parts"):
        read_deeds(bad(tmp_path, "long.csv", rows), "bolton")


# --- the command


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A data folder that PostgreSQL may enter also where it runs as another user."""
    folder = Path(tempfile.gettempdir()) / f"casetrail-{secrets.token_hex(6)}"
    monkeypatch.setenv("CASETRAIL_HOME", str(folder))
    yield
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.usefixtures("home")
def test_the_command_brings_history_in(tmp_path: Path) -> None:
    file = csv_file(tmp_path, ROWS)
    run = CliRunner()
    options = ["--partnership", "bolton"]

    assert run.invoke(app, ["migrate"]).exit_code == 0
    assert run.invoke(app, ["import", str(file), *options, "--dry-run"]).exit_code == 0
    assert run.invoke(app, ["import", str(file), *options]).exit_code == 0
    again = run.invoke(app, ["import", str(file), *options])
    assert again.exit_code == 0
    assert "4 already there" in again.output
    refused = run.invoke(app, ["import", str(csv_file(tmp_path, [ROWS[0], ROWS[3]])), *options])
    assert refused.exit_code == 1
    assert "nothing was recorded" in refused.output
    missing = run.invoke(app, ["import", str(tmp_path / "missing.csv")])
    assert missing.exit_code == 1
    assert "Traceback" not in missing.output
