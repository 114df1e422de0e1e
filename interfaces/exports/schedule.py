"""The disclosure schedule of a case as a spreadsheet: one row an item, with room for what the disclosure officer decides."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from application.case_export.schedule import COLUMNS
from interfaces.exports.spreadsheet import in_words

WIDE = {"kind": 34, "digest": 66, "held_by": 40, "holds": 30, "reason": 40}
DAYS = ("date", "recorded_on")


def row_of(item: Mapping[str, Any]) -> list[Any]:
    """An item in the order of the columns: days as dates, numbers as numbers, everything else in words that are no formula."""
    return [_value(item[column]) for column in COLUMNS]


def _value(value: Any) -> Any:
    return in_words(value) if isinstance(value, str) else value


def schedule_as_csv(items: Iterable[Mapping[str, Any]]) -> bytes:
    """In UTF-8 with a mark that spreadsheet programs know it by."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(row_of(item) for item in items)
    return text.getvalue().encode("utf-8-sig")


def schedule_as_xlsx(items: Iterable[Mapping[str, Any]], about: Mapping[str, Any]) -> bytes:
    """A workbook: the schedule, where `sensitive` takes yes or no, and a sheet that says of what it is and when it is true."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Disclosure schedule")
    sheet.freeze_panes = "A2"
    for n, column in enumerate(COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(n)].width = WIDE.get(column, 14)
    headings = []
    for column in COLUMNS:
        cell = WriteOnlyCell(sheet, value=column.replace("_", " ").capitalize())
        cell.font = Font(bold=True)
        headings.append(cell)
    sheet.append(headings)
    written = 1
    for item in items:
        sheet.append(row_of(item))
        written += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{written}"
    decided = get_column_letter(COLUMNS.index("sensitive") + 1)
    yes_or_no = DataValidation(type="list", formula1='"yes,no"', allow_blank=True)
    yes_or_no.add(f"{decided}2:{decided}{max(2, written)}")
    sheet.data_validations.append(yes_or_no)
    told = book.create_sheet("About this list")
    told.column_dimensions["A"].width, told.column_dimensions["B"].width = 24, 80
    for name, value in about.items():
        told.append([in_words(name), in_words(value)])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
