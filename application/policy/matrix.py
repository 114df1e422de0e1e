"""The permission matrix as data (`matrix.toml`): for each role and column what it may do there, in the letters of the matrix."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

NOTHING = "–"
LETTERS = {"C": "own", "D": "full", "F": "full", "P": "pseudonymised", "O": "own", "A": "aggregates"}
WORDS = {"records": "full", "read": "full", "metadata": "metadata"}


@dataclass(frozen=True)
class Column:
    """A column, and the kinds of information that fall under it."""

    heading: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """What some roles may do with each column; `on_a_case` is what makes them part of one."""

    roles: tuple[str, ...]
    on_a_case: str
    cells: Mapping[str, str]

    def cell(self, column: str) -> str:
        return self.cells.get(column, NOTHING)


@dataclass(frozen=True)
class Matrix:
    columns: Mapping[str, Column]
    rows: tuple[Row, ...]

    def row(self, role: str) -> Row:
        return next(row for row in self.rows if role in row.roles)

    def column_of(self, kind: str) -> str | None:
        """The column of a kind of information; none for those that the matrix does not speak of."""
        return next((name for name, column in self.columns.items() if kind in column.kinds), None)


def marks(cell: str) -> tuple[str, ...]:
    """The letters and words of a cell, without its conditions: `D, O (the final draft)` has D and O."""
    said = re.sub(r"\([^)]*\)", "", cell).replace("else", "")
    return tuple(mark for mark in re.split(r"[,\s]+", said) if mark and mark != NOTHING)


def readings(column: str, cell: str) -> frozenset[str]:
    """In which ways a cell lets one read. Who creates reads their own; who decides, or records, reads what is decided.

    What was published is read by whoever has to do with it at all; where a cell says O, the D beside it is of one's own only.
    """
    found = marks(cell)
    if column == "published" and found:
        return frozenset({"full"})
    if "O" in found:
        return frozenset({"own"})
    return frozenset(_strongest(LETTERS.get(mark) or WORDS[mark] for mark in found))


def _strongest(ways: Iterator[str]) -> Iterator[str]:
    """Where something may be read in full, its other ways say nothing more."""
    found = [*ways]
    yield from ("full",) if "full" in found else found


def _read() -> Matrix:
    told: dict[str, Any] = tomllib.loads(files(__package__).joinpath("matrix.toml").read_text(encoding="utf-8"))
    columns = {name: Column(column["heading"], tuple(column["kinds"])) for name, column in told["columns"].items()}
    rows = tuple(Row(tuple(row["roles"]), row["on_a_case"], {name: row[name] for name in columns if name in row}) for row in told["row"])
    return Matrix(columns, rows)


MATRIX = _read()
