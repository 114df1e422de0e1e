"""Small numbers: what of the tracker those may be told who see totals only (R-23, QT-4, QT-11).

They see figures at the ends of quarters and of no other instant, and of those only what this module lets through:

- A figure is *restated* at the end of a quarter where each step since it was last restated comes to five or more; else it stays as
  it was. So no two answers differ by one, two, three or four children, whatever is subtracted from what.
- What is told is the figure rounded down to fives: 10 says "10 to 14 when last restated". Below five nothing is told, and nothing
  of children where it is not told of incidents, or the other way round. That there are none at all is told of facets only.
- Of a part nothing is told unless it is told of the whole: of a sub-code, its code; of a code, its facet; of a facet, everybody.
- Where one code alone of its facet is not told, the smallest of the others keeps it company.
- Of the children who have two codes nothing is told unless it is told of each code by itself.
- A share is told where both of its figures are.

Five is `suppress-below` of the procedure. `tests/projections/test_suppression.py` asks everything that can be asked, and solves for
what was not told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from domain.themes import CodeSet

EVERYBODY = "*"
"""In the place of a code: all children of the tracker."""

Counts = tuple[int, int]
"""Children and incidents."""

NONE: Counts = (0, 0)


@dataclass(frozen=True)
class Told:
    """What is told of one figure. Left out: fewer than five, or not to be told. `as_at` is the quarter's end it was last restated at."""

    children: int | None = None
    incidents: int | None = None
    as_at: date | None = None
    none_at_all: bool = False


WITHHELD = Told()


def restated(values: Sequence[int], below: int) -> list[tuple[int, int]]:
    """For each end of a quarter: the figure as last restated by then, and at which of them (-1: never)."""
    told: list[tuple[int, int]] = []
    stated, since = 0, -1
    for n, value in enumerate(values):
        if abs(value - stated) >= below:
            stated, since = value, n
        told.append((stated, since))
    return told


def told_of(series: Sequence[Counts], ends: Sequence[date], below: int, *, facet: bool = False) -> list[Told]:
    """What is told of one figure at each end of a quarter, from the counts as they were known at each."""
    children = restated([one for one, _ in series], below)
    incidents = restated([other for _, other in series], below)
    told = []
    for n, (known, counted) in enumerate(zip(children, incidents, strict=True)):
        if min(known[0], counted[0]) < below:
            told.append(Told(none_at_all=facet and series[n] == NONE))
        else:
            told.append(Told(_down(known[0], below), _down(counted[0], below), ends[max(known[1], counted[1])]))
    return told


def _down(value: int, below: int) -> int:
    return value - value % below


def table(series: Mapping[str, Sequence[Counts]], ends: Sequence[date], codes: CodeSet, below: int) -> dict[str, Told]:
    """What is told at the last of the ends: of everybody, of every facet of harm, and of each code.

    `series` has the counts of each (`counted`) at every end of a quarter from the first on; what is missing is nought.
    """
    return _table(series, ends, codes, below, facet=True)


def crossed(
    table: Mapping[str, Told], cross: str, series: Mapping[str, Sequence[Counts]], ends: Sequence[date], codes: CodeSet, below: int
) -> dict[str, Told]:
    """The same of the children who have another code as well: of each figure that is told in the table of all, if that code is.

    Of them it is not even told that there are none.
    """
    found = _table(series, ends, codes, below, facet=False)
    kept_back = table[cross].children is None
    return {label: WITHHELD if kept_back or table[label].children is None else told for label, told in found.items()}


def _table(series: Mapping[str, Sequence[Counts]], ends: Sequence[date], codes: CodeSet, below: int, *, facet: bool) -> dict[str, Told]:
    nought = [NONE] * len(ends)
    found = {EVERYBODY: told_of(series.get(EVERYBODY, nought), ends, below, facet=facet)[-1]}
    for group, members in beside_each_other(codes).items():
        if codes.find(group) is None:
            found[group] = told_of(series.get(group, nought), ends, below, facet=facet)[-1]
            if found[EVERYBODY].children is None:
                found[group] = replace(WITHHELD, none_at_all=found[group].none_at_all)
        if found[group].children is None:
            found |= dict.fromkeys(members, WITHHELD)
        else:
            found |= _in_company({code: told_of(series.get(code, nought), ends, below)[-1] for code in members})
    return found


def _in_company(cells: Mapping[str, Told]) -> dict[str, Told]:
    """A single cell that is not told might be worked out from the rest of its table."""
    told = {code: cell for code, cell in cells.items() if cell.children is not None}
    if len(cells) - len(told) != 1 or not told:
        return dict(cells)
    smallest = min(told, key=lambda code: (told[code].children or 0, code))
    return {**cells, smallest: WITHHELD}


def changed(before: Told, after: Told) -> int | None:
    """By how much the children of a figure changed from one end of a quarter to another: nought, or five and more."""
    if before.children is None or after.children is None:
        return None
    return after.children - before.children


def share(of: Told, whole: Told) -> int | None:
    """Per cent, where both are told."""
    return None if of.children is None or not whole.children else min(100, round(100 * of.children / whole.children))


# --- what may be asked


def beside_each_other(codes: CodeSet) -> dict[str, list[str]]:
    """The tables that codes of harm stand in: those of a facet, by its letter, and after them the sub-codes of each code."""
    found: dict[str, list[str]] = {}
    for code in sorted(codes.codes, key=lambda code: code.parent is not None):
        if not codes.good_practice(code.code):
            found.setdefault(code.parent or code.facet, []).append(code.code)
    return found


def counted(codes: CodeSet) -> dict[str, list[str]]:
    """All that is counted for a table: each code with what counts towards it, each facet with its codes, and everybody."""
    groups: dict[str, list[str]] = {}
    for code in codes.codes:
        if not codes.good_practice(code.code):
            towards = codes.counts_towards(code.code)
            for group in dict.fromkeys((*towards, *(one[0] for one in towards), EVERYBODY)):
                groups.setdefault(group, []).append(code.code)
    return groups


__all__ = [
    "EVERYBODY",
    "WITHHELD",
    "Counts",
    "Told",
    "beside_each_other",
    "changed",
    "counted",
    "crossed",
    "restated",
    "share",
    "table",
    "told_of",
]
