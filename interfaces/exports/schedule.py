"""The disclosure schedule of a case as a spreadsheet: one row an item, with room for what the disclosure officer decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from application.case_export.schedule import COLUMNS
from interfaces.exports.spreadsheet import as_csv, as_xlsx, in_words

WIDE = {"kind": 34, "digest": 66, "held_by": 40, "holds": 30, "reason": 40}
DAYS = ("date", "recorded_on")


def row_of(item: Mapping[str, Any]) -> list[Any]:
    """An item in the order of the columns: days as dates, numbers as numbers, everything else in words that are no formula."""
    return [_value(item[column]) for column in COLUMNS]


def _value(value: Any) -> Any:
    return in_words(value) if isinstance(value, str) else value


def schedule_as_csv(items: Iterable[Mapping[str, Any]]) -> bytes:
    """In UTF-8 with a mark that spreadsheet programs know it by."""
    return as_csv(COLUMNS, map(row_of, items))


def schedule_as_xlsx(items: Iterable[Mapping[str, Any]], about: Mapping[str, Any]) -> bytes:
    """A workbook: the schedule, where `sensitive` takes yes or no, and a sheet that says of what it is and when it is true."""
    return as_xlsx("Disclosure schedule", COLUMNS, map(row_of, items), about, widths=WIDE, width=14, finished=_yes_or_no)


def _yes_or_no(sheet: Any, last: int) -> None:
    decided = get_column_letter(COLUMNS.index("sensitive") + 1)
    choice = DataValidation(type="list", formula1='"yes,no"', allow_blank=True)
    choice.add(f"{decided}2:{decided}{max(2, last)}")
    sheet.data_validations.append(choice)
