"""Bringing history in: deeds told on paper are recorded now as what happened then, and by whom they were transcribed.

The same scenario form that is rehearsed, or a spreadsheet with one row per deed. Every deed is first asked of an imagined
store; only where every row may stand is anything recorded.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError
from python_calamine import CalamineError, CalamineWorkbook

from application.cases import Cases, Moved, NoSuchCase
from application.commands import COMMANDS
from application.imagining import imagining
from application.marked import rewritten
from application.rehearsal import digest
from application.scenario import ScenarioError, instant, read_scenario
from domain.language import OfDocument, Refused
from domain.people import PARTNERS, ROLES, By, PersonId
from domain.stages.opening import NamesCase
from domain.working_days import london_date

LARGEST = 8 * 1024 * 1024
MOST_ROWS = 20_000
COLUMNS = ("at", "case", "by", "do")
SHEETS = {".xlsx", ".xls", ".ods", ".xlsb", ".csv"}


@dataclass(frozen=True)
class Deed:
    """One thing that was done, as a row or a step tells it."""

    line: int
    on: date
    case: str | None
    by: str
    do: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class RowTold:
    """What came of a row."""

    line: int
    case: str | None
    do: str
    result: Literal["recorded", "would be recorded", "already there", "error"]
    sentence: str = ""


class BadImport(Exception):
    """A file that cannot be read as deeds; the sentence names the row."""


def read_deeds(path: Path, partnership: str) -> list[Deed]:
    """The deeds of a file, in the order of their days as they stand there. `partnership` is where cases are opened by default.

    Raises:
        BadImport: with the row and a sentence.
    """
    if path.suffix.casefold() in SHEETS:
        return _rows(path, partnership)
    try:
        scenario = read_scenario(path)
    except ScenarioError as error:
        raise BadImport(str(error)) from error
    deeds = []
    for step in scenario.steps:
        if step.do is None or step.by is None or step.refused is not None:
            continue
        fields = dict(step.fields)
        if step.do == "open-case":
            fields.setdefault("partnership", scenario.partnership)
        deeds.append(Deed(step.line, london_date(step.at), step.case, step.by, step.do, fields))
    return deeds


def _rows(path: Path, partnership: str) -> list[Deed]:
    rows = _table(path)
    if not rows:
        raise BadImport("row 1: the sheet is empty")
    heading = [str(cell).strip() for cell in rows[0]]
    missing = [column for column in COLUMNS if column not in heading]
    if missing:
        raise BadImport(f"row 1: the columns {', '.join(missing)} are missing; each further column is a field of the command")
    deeds = []
    for number, row in enumerate(rows[1:], start=2):
        cells = {name: cell for name, cell in zip(heading, row, strict=False) if name and cell not in ("", None)}
        if not cells:
            continue
        deeds.append(_deed(number, cells, partnership))
    return deeds


def _table(path: Path) -> list[list[Any]]:
    if path.stat().st_size > LARGEST:
        raise BadImport(f"the file is larger than {LARGEST // 1024 // 1024} MiB")
    if path.suffix.casefold() == ".csv":
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows: list[list[Any]] = [*csv.reader(file)]
    else:
        try:
            rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(nrows=MOST_ROWS + 1)
        except CalamineError as error:
            raise BadImport(f"the file is no spreadsheet that can be read: {error}") from error
    if len(rows) > MOST_ROWS:
        raise BadImport(f"the sheet has more than {MOST_ROWS} rows; bring it in in parts")
    return rows


def _deed(number: int, cells: dict[str, Any], partnership: str) -> Deed:
    for column in ("at", "by", "do"):
        if column not in cells:
            raise BadImport(f"row {number}: {column} is empty")
    fields: dict[str, Any] = {}
    for name, cell in cells.items():
        if name not in COLUMNS:
            _put(fields, name.split("."), _cell(cell, number, name), number)
    do = str(cells["do"]).strip()
    if do == "open-case":
        fields.setdefault("partnership", partnership)
    try:
        on = london_date(instant(_cell(cells["at"], number, "at"), number))
    except ScenarioError as error:
        raise BadImport(f"row {number}: {error.sentence}") from error
    return Deed(number, on, str(cells["case"]) if "case" in cells else None, str(cells["by"]), do, fields)


def _cell(cell: Any, number: int, name: str) -> Any:
    """Dates as their text, whole numbers as such, lists and records as JSON, anything else as it stands."""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.hour == cell.minute == 0 else f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if isinstance(cell, str) and cell.strip()[:1] in ("[", "{"):
        try:
            return json.loads(cell)
        except ValueError as error:
            raise BadImport(f"row {number}: {name} is neither text nor a list that can be read: {error}") from error
    if isinstance(cell, str) and cell.strip().casefold() in ("true", "false"):
        return cell.strip().casefold() == "true"
    return cell


def _put(fields: dict[str, Any], path: Sequence[str], value: Any, number: int) -> None:
    """`incident.area` puts the value inside the record `incident`."""
    *outer, last = path
    for name in outer:
        fields = fields.setdefault(name, {})
        if not isinstance(fields, dict):
            raise BadImport(f"row {number}: {'.'.join(path)} stands beside a column that fills {name} whole")
    fields[last] = value


Told = Callable[[RowTold], None]


async def bring_in(cases: Cases, deeds: Sequence[Deed], *, transcriber: By, dry_run: bool, told: Told = lambda row: None) -> list[RowTold]:
    """Ask each deed in order. First imagined; recorded only where every row may stand and it is no dry run.

    Only a business manager or partnership officer brings history in, and each row is still asked in the role that it names.
    """
    if transcriber.role not in ("business-manager", "partnership-officer"):
        raise Refused("History is brought in by a business manager or a partnership officer (permission matrix).")
    file = hashlib.sha256(repr(deeds).encode()).hexdigest()
    trial = await _take(imagining(cases), deeds, file, transcriber.person, (lambda row: None) if not dry_run else told, imagined=True)
    if dry_run or any(row.result == "error" for row in trial):
        return trial
    return await _take(cases, deeds, file, transcriber.person, told, imagined=False)


async def _take(cases: Cases, deeds: Iterable[Deed], file: str, transcriber: PersonId, told: Told, *, imagined: bool) -> list[RowTold]:
    handles: dict[str, str] = {}
    partnerships: dict[str, str] = {}
    rows = []
    for deed in deeds:
        row = await _one(cases, deed, f"{file}:{deed.line}", transcriber, handles, partnerships, imagined=imagined)
        rows.append(row)
        told(row)
    return rows


async def _one(
    cases: Cases, deed: Deed, key: str, transcriber: PersonId, handles: dict[str, str], partnerships: dict[str, str], *, imagined: bool
) -> RowTold:
    def row(result: Literal["recorded", "would be recorded", "already there", "error"], sentence: str = "") -> RowTold:
        return RowTold(deed.line, deed.case, deed.do, result, sentence)

    model = COMMANDS.get(deed.do)
    if model is None:
        return row("error", f"There is no command {deed.do!r}.")
    opening = deed.do == "open-case"
    if model.stream_kind == "case" and not opening and deed.case not in handles:
        return row("error", f"The case {deed.case} is not opened in this file before this row.")
    fields = rewritten(model, {"on": deed.on.isoformat(), **deed.fields}, OfDocument, lambda mark, word: digest(word))
    fields = rewritten(model, fields, NamesCase, lambda mark, handle: handles.get(handle, handle))
    partnership = str(fields.get("partnership") or partnerships.get(deed.case or "", "england"))
    try:
        by = await _by(cases, deed.by, partnership)
        done = await cases.do(
            model.model_validate_json(json.dumps(fields, default=str)), by,
            stream=f"case/{handles[deed.case]}" if deed.case in handles and model.stream_kind == "case" and not opening else None,
            key=key, path="import", transcribed_by=transcriber,
        )  # fmt: skip
    except ValidationError as error:
        return row("error", "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))
    except Refused as error:
        return row("error", error.sentence)
    except (NoSuchCase, Moved) as error:
        return row("error", f"The case cannot be found, or was changed meanwhile ({type(error).__name__}).")
    if opening and deed.case:
        handles[deed.case] = done.stream.partition("/")[2]
        partnerships[deed.case] = partnership
    if done.again:
        return row("already there")
    return row("would be recorded" if imagined else "recorded", ", ".join(r.name for r in done.recorded))


async def _by(cases: Cases, text: str, partnership: str) -> By:
    """`role`, `role/organisation` or `role/organisation/name`: one person for each distinct text in the partnership."""
    role, organisation, _ = (*text.split("/", 2), None, None)[:3]
    if role not in ROLES:
        raise Refused(f"There is no role {role!r}.")
    if role == "delegated-partner" and organisation not in PARTNERS:
        raise Refused("A delegated-partner is of the organisation local-authority, health or police (BOL-67).")
    person = await cases.register.told_of(text, partnership)
    return By(person=person, role=role, organisation=organisation, partnership=partnership)
