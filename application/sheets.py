"""The first sheet of a spreadsheet, read in a process of its own whose memory and time are bounded: a few kilobytes can ask for terabytes.

This file is both sides: imported, it starts itself; run, it reads.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

MEMORY = 2 * 1024**3
SECONDS = 60
LARGEST = 128 * 1024 * 1024
"""Characters of all cells together."""


class BadSheet(Exception):
    """No sheet that can be read; the words say why."""


def first_sheet(path: Path, most_rows: int) -> list[list[Any]]:
    """The cells of the first sheet, row by row, at most so many rows.

    Raises:
        BadSheet: with the reason.
    """
    asked = [sys.executable, "-I", __file__, str(path.absolute()), str(most_rows)]
    try:
        read = subprocess.run(asked, capture_output=True, timeout=2 * SECONDS, env={"RUST_BACKTRACE": "0"}, check=False)
    except subprocess.TimeoutExpired:
        raise BadSheet("it takes too long to read") from None
    if read.returncode:
        raise BadSheet("it holds more than can be read, or is damaged")
    told = json.loads(read.stdout)
    if isinstance(told, str):
        raise BadSheet(told)
    return [[_cell(cell) for cell in row] for row in told]


def _cell(told: Any) -> Any:
    if not isinstance(told, dict):
        return told
    return datetime.fromisoformat(told["at"]) if "at" in told else date.fromisoformat(told["on"])


def _told(cell: Any) -> Any:
    """A cell as JSON holds it."""
    if isinstance(cell, datetime):
        return {"at": cell.isoformat()}
    if isinstance(cell, date):
        return {"on": cell.isoformat()}
    return cell if isinstance(cell, str | int | float) else str(cell)


def _read(path: str, most_rows: int) -> list[list[Any]] | str:
    """The rows, or why there are none."""
    from python_calamine import CalamineError, CalamineWorkbook  # only the reading side needs it

    try:
        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(nrows=most_rows)
    except (CalamineError, OSError) as error:
        return str(error) or type(error).__name__
    size, found = 0, []
    for row in rows:
        found.append([_told(cell) for cell in row])
        size += sum(len(cell) if isinstance(cell, str) else 8 for cell in row)
        if size > LARGEST:
            return f"it holds more than {LARGEST // 1024 // 1024} MiB of text"
    return found


def _bounded() -> None:
    with contextlib.suppress(ImportError):  # where the system has no such limits, the time alone is bounded
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    _bounded()
    json.dump(_read(sys.argv[1], int(sys.argv[2])), sys.stdout)
