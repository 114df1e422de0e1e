"""Lists as spreadsheets: one row each, with the columns that people sort by."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

CSV = "text/csv"

COLUMNS = (
    "partnership", "label", "case", "clock", "about", "from", "due", "done", "verdict", "late_by", "overdue_by", "owed_by", "source",
    "calendar",
)  # fmt: skip
"""Those of a clock, in the order of a reader's eye."""


def clocks_as_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The deadline board, in UTF-8 with a mark that spreadsheet programs know it by."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row.get(column)) for column in COLUMNS] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    """A cell that no spreadsheet program takes for a formula."""
    written = "" if value is None else str(value)
    return f"'{written}" if written[:1] in ("=", "+", "-", "@", "\t", "\r") else written
