"""Bringing history in: deeds told on paper are recorded now as what happened then, and by whom they were transcribed.

The same scenario form that is rehearsed, or a spreadsheet with one row per deed. Every deed is first asked of an imagined
store; only where every row may stand is anything recorded.
"""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from application.cases import Cases, KeyReused, Moved, NoSuchCase
from application.commands import COMMANDS
from application.imagining import imagining
from application.marked import rewritten
from application.rehearsal import digest
from application.scenario import ScenarioError, instant, read_scenario
from application.sheets import BadSheet, first_sheet
from application.tracker import Themes
from domain.language import OfDocument, Refused
from domain.people import PARTNERS, ROLES, By, PersonId
from domain.stages.opening import NamesCase
from domain.working_days import london_date

LARGEST = 8 * 1024 * 1024
LARGEST_UNPACKED = 128 * 1024 * 1024
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
    wrong: str = ""
    """Why this row cannot be read, where it cannot."""


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
    if twice := sorted({column for column in heading if column and heading.count(column) > 1}):
        raise BadImport(f"row 1: the column {', '.join(twice)} stands there twice")
    deeds = []
    for number, row in enumerate(rows[1:], start=2):
        cells = {name: cell for name, cell in zip_longest(heading, row[: len(heading)]) if name and cell not in ("", None)}
        astray = [cell for name, cell in zip_longest(heading, row, fillvalue="") if not name and cell not in ("", None)]
        if not cells and not astray:
            continue
        try:
            if astray:
                raise BadImport(f"{str(astray[0])[:60]!r} stands in a column that has no heading")
            deeds.append(_deed(number, cells, partnership))
        except BadImport as error:
            case, by, do = (str(cells.get(column, "")) for column in ("case", "by", "do"))
            deeds.append(Deed(number, date.min, case or None, by, do, {}, str(error)))
    return deeds


def _table(path: Path) -> list[list[Any]]:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise BadImport(f"the file cannot be read: {error.strerror}") from error
    if size > LARGEST:
        raise BadImport(f"the file is larger than {LARGEST // 1024 // 1024} MiB")
    rows = _csv(path) if path.suffix.casefold() == ".csv" else _sheet(path)
    if len(rows) > MOST_ROWS:
        raise BadImport(f"the sheet has more than {MOST_ROWS} rows; bring it in in parts")
    return rows


def _csv(path: Path) -> list[list[Any]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [*csv.reader(file, strict=True)]
    except UnicodeDecodeError as error:
        raise BadImport("the file is not UTF-8 text; save it as CSV UTF-8") from error
    except OSError as error:
        raise BadImport(f"the file cannot be read: {error.strerror}") from error
    except csv.Error as error:
        raise BadImport(f"the file is not readable as comma-separated rows: {error}") from error


def _sheet(path: Path) -> list[list[Any]]:
    """The first sheet. What is packed too tightly is not unpacked."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED:
                    raise BadImport(f"unpacked, the file is larger than {LARGEST_UNPACKED // 1024 // 1024} MiB")
        return first_sheet(path, MOST_ROWS + 1)
    except (BadSheet, zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BadImport(f"the file is no spreadsheet that can be read: {error}") from error


def _deed(number: int, cells: dict[str, Any], partnership: str) -> Deed:
    for column in ("at", "by", "do"):
        if column not in cells:
            raise BadImport(f"{column} is empty")
    fields: dict[str, Any] = {}
    for name, cell in cells.items():
        if name not in COLUMNS:
            _put(fields, name.split("."), _cell(cell))
    do = str(cells["do"]).strip()
    if do == "open-case":
        fields.setdefault("partnership", partnership)
    try:
        on = london_date(instant(_cell(cells["at"]), number))
    except ScenarioError as error:
        raise BadImport(error.sentence) from error
    return Deed(number, on, str(_cell(cells["case"])).strip() if "case" in cells else None, str(cells["by"]).strip(), do, fields)


def _cell(cell: Any) -> Any:
    """Dates and numbers as their text, lists and records as JSON, true and false as such, anything else as it stands."""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.hour == cell.minute == 0 else f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bool):
        return cell
    text = str(cell)
    if text.strip().casefold() in ("true", "false"):
        return text.strip().casefold() == "true"
    if text.strip()[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text  # words in brackets; where a list is wanted, the command says so
    return text


def _put(fields: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """`incident.area` puts the value inside the record `incident`."""
    *outer, last = path
    for name in outer:
        fields = fields.setdefault(name, {})
        if not isinstance(fields, dict):
            raise BadImport(f"{'.'.join(path)} stands beside a column that fills {name} whole")
    if last in fields:
        raise BadImport(f"{'.'.join(path)} stands beside columns that fill it in parts")
    fields[last] = value


Told = Callable[[RowTold], None]


async def bring_in(cases: Cases, deeds: Sequence[Deed], *, transcriber: By, dry_run: bool, told: Told = lambda row: None) -> list[RowTold]:
    """Ask each deed in order. First imagined; recorded only where every row may stand and it is no dry run.

    Only a business manager or partnership officer brings history in, and each row is still asked in the role that it names.
    """
    if transcriber.role not in ("business-manager", "partnership-officer"):
        raise Refused("History is brought in by a business manager or a partnership officer (permission matrix).")
    file = hashlib.sha256(repr(deeds).encode()).hexdigest()
    telling = Cases(cases.store, cases.register.telling(file), cases.rulebook, cases.new_id)
    trial = await _take(imagining(telling), deeds, file, transcriber.person, (lambda row: None) if not dry_run else told, imagined=True)
    if dry_run or any(row.result == "error" for row in trial):
        return trial
    return await _take(telling, deeds, file, transcriber.person, told, imagined=False)


async def _take(cases: Cases, deeds: Sequence[Deed], file: str, transcriber: PersonId, told: Told, *, imagined: bool) -> list[RowTold]:
    handles: dict[str, str] = {}
    partnerships: dict[str, str] = {}
    rows = []
    themes = Themes(cases.store, cases) if any(_of_a_candidate(deed) for deed in deeds) else None
    for deed in deeds:
        if themes and _of_a_candidate(deed):
            # a candidate that the tracker raises must be there to be asked
            await themes.follow()
        row = await _one(cases, deed, f"{file}:{deed.line}", transcriber, handles, partnerships, imagined=imagined)
        rows.append(row)
        told(row)
    if themes:
        await themes.follow()
    return rows


def _of_a_candidate(deed: Deed) -> bool:
    return "candidate" in deed.fields and deed.do in ("open-case", "decide-thematic")


async def _one(
    cases: Cases, deed: Deed, key: str, transcriber: PersonId, handles: dict[str, str], partnerships: dict[str, str], *, imagined: bool
) -> RowTold:
    def row(result: Literal["recorded", "would be recorded", "already there", "error"], sentence: str = "") -> RowTold:
        return RowTold(deed.line, deed.case, deed.do, result, sentence)

    model = COMMANDS.get(deed.do)
    if deed.wrong:
        return row("error", f"{deed.wrong[:1].upper()}{deed.wrong[1:]}.")
    if model is None:
        return row("error", f"There is no command {deed.do!r}.")
    opening = deed.do == "open-case"
    if model.stream_kind == "case" and not opening and deed.case not in handles:
        return row("error", f"The case {deed.case} is not opened in this file before this row.")
    fields = rewritten(model, {"on": deed.on.isoformat(), **deed.fields}, OfDocument, lambda mark, word: digest(word))
    fields = rewritten(model, fields, NamesCase, lambda mark, handle: handles.get(handle, handle))
    candidate = str(fields.get("candidate", "")) if model.stream_kind == "candidate" else ""
    partnership = str(fields.get("partnership") or partnerships.get(deed.case or "") or candidate.partition("-")[0] or "england")
    try:
        by = await _by(cases, deed.by, partnership)
        done = await cases.answered(by, "import", key) or await cases.do(
            model.model_validate_json(json.dumps(fields, default=str)), by,
            stream=f"case/{handles[deed.case]}" if deed.case in handles and model.stream_kind == "case" and not opening else None,
            key=key, path="import", transcribed_by=transcriber,
        )  # fmt: skip
    except ValidationError as error:
        return row("error", "; ".join(f"{'.'.join(map(str, e['loc'])) or deed.do}: {e['msg']}" for e in error.errors()))
    except Refused as error:
        return row("error", error.sentence)
    except KeyReused:
        return row("error", "This row was recorded before, with other fields.")
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
