"""Lists as spreadsheets: one row each, with the columns that people sort by, and how each row explains itself."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

MOST_ROWS = {CSV: 20_000, XLSX: 5_000}
"""Rows of a spreadsheet; who needs more asks by partnership, or over the API page by page."""

LONGEST_CELL = 32_000
"""Characters; spreadsheet programs keep 32,767."""

COLUMNS = (
    "partnership", "label", "case", "clock", "about", "from", "due", "done", "verdict", "late_by", "overdue_by", "owed_by", "source",
    "calendar", "rule", "procedure", "arithmetic", "events", "replaced_by", "why", "known_from",
)  # fmt: skip
"""Those of a clock, in the order of a reader's eye: whose, what, by when, how it stands; then how that was arrived at."""

DAYS = ("from", "due", "done")
WIDE = {"label": 18, "case": 38, "clock": 30, "about": 18, "source": 28, "rule": 60, "arithmetic": 40, "why": 40, "known_from": 34}


# --- the cells


def clock_row(item: Mapping[str, Any]) -> list[Any]:
    """A clock in the order of the columns: days as dates, numbers as numbers, everything else in words that are no formula."""
    return [_value(column, item.get(column)) for column in COLUMNS]


def _value(column: str, value: Any) -> Any:
    if value is None:
        return None
    if column in DAYS:
        return date.fromisoformat(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return in_words(WORDS[column](value) if column in WORDS else value)


WORDS: Mapping[str, Callable[[Any], str]] = {
    "procedure": ", ".join,
    "events": lambda places: ", ".join(map(str, places)),
    "arithmetic": lambda days: "; ".join(f"{day['date']} {day.get('skipped') or day['count']}" for day in days),
    "replaced_by": lambda other: " ".join(str(other[key]) for key in ("clock", "about", "due") if key in other),
}

UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What neither form can hold."""


def in_words(value: Any) -> str:
    """Text that no spreadsheet program takes for a formula: where it might be one, an apostrophe stands before it."""
    words = str(value)[:LONGEST_CELL]
    if not words.isprintable():
        words = UNWRITABLE.sub("\ufffd", words)
    if not words or words[0].isalnum():
        return words
    return f"'{words}" if words.lstrip(BLANK)[:1] in FORMULA or words[:1] in BLANK[1:] else words


BLANK = " \t\r\n\xa0\u200b\ufeff"
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a formula may begin with, also as some input methods write it."""


# --- the forms


def clocks_as_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The deadline board, in UTF-8 with a mark that spreadsheet programs know it by."""
    return as_csv(COLUMNS, map(clock_row, rows))


def clocks_as_xlsx(rows: Iterable[Mapping[str, Any]], about: Mapping[str, Any]) -> bytes:
    """The deadline board as a workbook: a sheet that can be sorted and filtered, and one that says what was asked and when it is true."""
    return as_xlsx("Deadlines", COLUMNS, map(clock_row, rows), about, widths=WIDE, width=12)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A list, in UTF-8 with a mark that spreadsheet programs know it by."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], about: Mapping[str, Any], *, widths: Mapping[str, int], width: int,
    finished: Callable[[Any, int], None] = lambda sheet, last: None,
) -> bytes:  # fmt: skip
    """A list as a workbook: a sheet that can be sorted and filtered, and one that says what it is. `finished` has the last word on the
    sheet, given the number of its last row."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for n, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(n)].width = widths.get(column, width)
    sheet.append([_heading(sheet, column) for column in columns])
    last = 1
    for row in rows:
        sheet.append(row)
        last += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{last}"
    finished(sheet, last)
    told = book.create_sheet("About this list")
    told.column_dimensions["A"].width, told.column_dimensions["B"].width = 24, 80
    for name, value in about.items():
        told.append([in_words(name), in_words(value)])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _heading(sheet: Any, column: str) -> Cell:
    cell: Cell = WriteOnlyCell(sheet, value=column.replace("_", " ").capitalize())
    cell.font = Font(bold=True)
    return cell
