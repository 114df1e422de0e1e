"""Nobody who may see totals only works out a small number: everything that can be asked is asked, and solved for what was not told."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from domain.themes import parsed
from projections.periods import periods
from projections.suppression import (
    EVERYBODY,
    Counts,
    Told,
    beside_each_other,
    changed,
    counted,
    crossed,
    restated,
    share,
    table,
    told_of,
)

CODES = parsed(
    """
    version = "1"
    title = "A small code set"
    facets = [{ letter = "P", name = "Practice", candidates = true }, { letter = "F", name = "Family", candidates = true }]
    panel = []
    codes = [
      { code = "P1", name = "one" }, { code = "P1.1", name = "of one" }, { code = "P1.2", name = "of one" }, { code = "P2", name = "two" },
      { code = "P3", name = "three" }, { code = "F1", name = "one" }, { code = "F2", name = "two" },
    ]
    """
)
ENDS = [quarter.last for quarter in periods("quarter", date(2023, 4, 1), date(2025, 3, 31))]
LABELS = list(counted(CODES))
ALL = None
"""In the place of a code crossed with: none."""

Cell = tuple[str, str | None, int]
"""A label (a code, a facet, everybody), the code it is crossed with, and the number of the quarter."""

Bounds = dict[Cell, tuple[float, float]]
ANY = (0.0, float("inf"))


# --- the truth, and all that can be asked of it


@dataclass
class Truth:
    """The children behind each code at the end of each quarter, and the incident of each child."""

    quarters: list[dict[str, set[int]]] = field(default_factory=list)
    incident: dict[int, int] = field(default_factory=dict)
    _known: dict[Cell, set[int]] = field(default_factory=dict)

    def children(self, cell: Cell) -> set[int]:
        if cell not in self._known:
            self._known[cell] = self._children(*cell)
        return self._known[cell]

    def _children(self, label: str, cross: str | None, quarter: int) -> set[int]:
        told = self.quarters[quarter]
        found = set().union(*(told[code] for code in counted(CODES)[label]))
        return found & set().union(*(told[code] for code in counted(CODES)[cross])) if cross else found

    def counts(self, cell: Cell) -> Counts:
        children = self.children(cell)
        return len(children), len({self.incident[child] for child in children})


def seeded(seed: int, cases: int = 40) -> Truth:
    """Cases come up over eight quarters, codes are assigned to their children, and now and then withdrawn."""
    chance, truth = random.Random(seed), Truth()
    codes = [code.code for code in CODES.codes]
    often = {code: chance.choice((0.02, 0.1, 0.3, 0.6)) for code in codes}
    told: dict[str, set[int]] = {code: set() for code in codes}
    left = chance.randrange(5, cases + 1)
    child = 0
    for _ in ENDS:
        for case in range(min(left, chance.choice((0, 1, 2, 5, 12)))):
            left -= 1
            for _ in range(chance.choice((1, 1, 1, 2, 3))):
                child += 1
                truth.incident[child] = 1000 * len(truth.quarters) + case
                for code in codes:
                    if chance.random() < often[code]:
                        told[code].add(child)
        for code in codes:
            if told[code] and chance.random() < 0.15:
                told[code].discard(chance.choice(sorted(told[code])))
        truth.quarters.append({code: set(children) for code, children in told.items()})
    return truth


Series = Mapping[str, Sequence[Counts]]
Release = Callable[[Series, Sequence[date], str | None, Series], dict[str, Told]]


def ours(everybody: Series, ends: Sequence[date], cross: str | None, series: Series) -> dict[str, Told]:
    told = table(everybody, ends, CODES, 5)
    return crossed(told, cross, series, ends, CODES, 5) if cross else told


def plain(everybody: Series, ends: Sequence[date], cross: str | None, series: Series) -> dict[str, Told]:
    """What one might think is enough: one to four are left out, everything else is told as it is."""
    last = {label: counts[-1][0] for label, counts in series.items()}
    return {label: Told(n if n == 0 or n >= 5 else None, none_at_all=n == 0) for label, n in last.items()}


def whole_grid(truth: Truth, release: Release) -> Iterator[tuple[Cell, Told]]:
    """Every table, crossed with no code and with each, at the end of every quarter."""
    for cross in (ALL, *(code.code for code in CODES.codes)):
        whole: dict[str | None, dict[str, list[Counts]]] = {
            of: {label: [truth.counts((label, of, n)) for n in range(len(ENDS))] for label in LABELS} for of in (ALL, cross)
        }
        for n in range(len(ENDS)):
            everybody, series = ({label: counts[: n + 1] for label, counts in whole[of].items()} for of in (ALL, cross))
            for label, told in release(everybody, ENDS[: n + 1], cross, series).items():
                yield (label, cross, n), told


# --- the attack: what is certain of each cell, from everything that was told


def certain(told: Mapping[Cell, Told]) -> Bounds:
    """What each answer says by itself: a figure told is up to four more, and has since moved by less than five."""
    bounds: Bounds = {}
    for cell, answer in told.items():
        if answer.none_at_all:
            bounds[cell] = 0.0, 0.0
        elif answer.children is None:
            bounds[cell] = ANY
        elif answer.as_at == ENDS[cell[2]] and _moved(told, cell):
            bounds[cell] = float(answer.children), answer.children + 4.0
        else:
            bounds[cell] = max(0.0, answer.children - 4.0), answer.children + 8.0
    return bounds


def _moved(told: Mapping[Cell, Told], cell: Cell) -> bool:
    """Whether it shows that the children were restated at this end of a quarter."""
    before = told.get((cell[0], cell[1], cell[2] - 1))
    return before is not None and before.children is not None and before.children != told[cell].children


def certain_of_plain(told: Mapping[Cell, Told]) -> Bounds:
    exact = {cell: float(answer.children) for cell, answer in told.items() if answer.children is not None}
    return {cell: (exact.get(cell, 1.0), exact.get(cell, 4.0)) for cell in told}


def solved(bounds: Bounds) -> Bounds:
    """Interval propagation to a fixed point, over what is true of sets: parts, unions, and what two of them must share."""
    bounds = dict(bounds)

    def narrow(cell: Cell, low: float, high: float) -> bool:
        before = bounds[cell]
        bounds[cell] = max(before[0], low), min(before[1], high)
        assert bounds[cell][0] <= bounds[cell][1], f"what was told of {cell} contradicts itself"
        return bounds[cell] != before

    crosses = sorted({cross for _, cross, _ in bounds}, key=str)
    quarters = sorted({quarter for _, _, quarter in bounds})
    tables = beside_each_other(CODES)
    inside = [(code, group) for group, codes in tables.items() for code in codes] + [(code.facet, EVERYBODY) for code in CODES.codes]
    unions = {group: codes for group, codes in tables.items() if CODES.find(group) is None}
    unions[EVERYBODY] = [*unions]
    moving = True
    while moving:
        moving = False
        for quarter, cross in itertools.product(quarters, crosses):
            for part, whole in inside:
                moving |= narrow((part, cross, quarter), 0, bounds[whole, cross, quarter][1])
                moving |= narrow((whole, cross, quarter), bounds[part, cross, quarter][0], float("inf"))
            for whole, parts in unions.items():
                together = sum(bounds[part, cross, quarter][1] for part in parts)
                moving |= narrow((whole, cross, quarter), 0, together)
                for part in parts:
                    others = together - bounds[part, cross, quarter][1]
                    if others < float("inf"):
                        moving |= narrow((part, cross, quarter), bounds[whole, cross, quarter][0] - others, float("inf"))
            if cross is ALL:
                continue
            for label in LABELS:
                both, one, other = (label, cross, quarter), (label, ALL, quarter), (cross, ALL, quarter)
                moving |= narrow(both, 0, min(bounds[one][1], bounds[other][1]))
                moving |= narrow(one, bounds[both][0], float("inf"))
                moving |= narrow(other, bounds[both][0], float("inf"))
                for whole in (EVERYBODY, cross[0]):
                    if whole == EVERYBODY or label[0] == whole:
                        most = bounds[whole, ALL, quarter][1]
                        moving |= narrow(both, bounds[one][0] + bounds[other][0] - most, float("inf"))
                        moving |= narrow(one, 0, most + bounds[both][1] - bounds[other][0])
                if (cross, label, quarter) in bounds:
                    moving |= narrow(both, *bounds[cross, label, quarter])
                if cross in counted(CODES).get(label, []) or label == EVERYBODY:
                    moving |= narrow(both, *bounds[other])
                    moving |= narrow(other, *bounds[both])
    return bounds


def pinned(truth: Truth, bounds: Bounds) -> list[Any]:
    """Small numbers that are certain: of a cell, of its change since another quarter, of what it has beyond a part of it."""
    found: list[Any] = []
    for cell, (low, high) in bounds.items():
        if 1 <= len(truth.children(cell)) <= 4 and low == high:
            found.append(cell)
        for earlier in range(cell[2]):
            before = cell[0], cell[1], earlier
            change = len(truth.children(cell)) - len(truth.children(before))
            least, most = low - bounds[before][1], high - bounds[before][0]
            if 1 <= abs(change) <= 4 and least == most:
                found.append((before, cell))
    for group, codes in beside_each_other(CODES).items():
        for code, cross, quarter in itertools.product(codes, {cell[1] for cell in bounds}, range(len(truth.quarters))):
            part, whole = (code, cross, quarter), (group, cross, quarter)
            beyond = len(truth.children(whole)) - len(truth.children(part))
            if 1 <= beyond <= 4 and bounds[part][0] == bounds[part][1] and bounds[whole][0] == bounds[whole][1]:
                found.append((whole, part))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_qt_4_and_11_no_number_of_one_to_four_is_pinned_by_the_whole_grid(seed: int) -> None:
    truth = seeded(seed)
    told = dict(whole_grid(truth, ours))
    bounds = solved(certain(told))
    for cell, (low, high) in bounds.items():
        assert low <= len(truth.children(cell)) <= high, "the attack is sound"
    assert pinned(truth, bounds) == []


def test_the_attack_finds_what_only_leaving_out_small_numbers_gives_away() -> None:
    truth = seeded(3)
    assert len(pinned(truth, solved(certain_of_plain(dict(whole_grid(truth, plain)))))) > 100


def test_something_is_told_all_the_same() -> None:
    told = [answer for seed in range(4) for _, answer in whole_grid(seeded(seed), ours)]
    assert sum(answer.children is not None for answer in told) > 100
    assert sum(answer.none_at_all for answer in told) > 0


# --- every world there could be: what was told fits more than one


TINY = parsed(
    """
    version = "1"
    title = "Two codes and a part"
    facets = [{ letter = "P", name = "Practice", candidates = true }]
    panel = []
    codes = [{ code = "P1", name = "one" }, { code = "P1.1", name = "of one" }, { code = "P2", name = "two" }]
    """
)


def all_told(world: Sequence[Sequence[int]], kinds: Sequence[frozenset[str]], below: int) -> tuple[Any, ...]:
    """All that is told of a world: so many children of each kind (the codes they have) at the end of each quarter."""
    answers: list[Any] = []
    for cross in (ALL, *(code.code for code in TINY.codes)):
        everybody, series = (
            {label: [(n, n) for n in (_known(quarter, kinds, codes, of) for quarter in world)] for label, codes in GROUPS.items()}
            for of in (ALL, cross)
        )
        for n in range(1, len(world) + 1):
            told = table({label: counts[:n] for label, counts in everybody.items()}, ENDS[:n], TINY, below)
            if cross:
                told = crossed(told, cross, {label: counts[:n] for label, counts in series.items()}, ENDS[:n], TINY, below)
            answers += [(one.children, one.incidents, one.as_at, one.none_at_all) for one in told.values()]
    return tuple(answers)


GROUPS = counted(TINY)


def _known(quarter: Sequence[int], kinds: Sequence[frozenset[str]], codes: Sequence[str], cross: str | None) -> int:
    """How many children have one of these codes, and the other (or a part of it) as well."""
    also = {*GROUPS[cross]} if cross else None
    return sum(n for n, kind in zip(quarter, kinds, strict=True) if kind & {*codes} and (also is None or kind & also))


@pytest.mark.parametrize(
    ("below", "most", "quarters", "kinds"),
    [
        (5, 14, 1, ["P1", "P2", "P1 P2"]),
        (5, 14, 1, ["P1", "P1.1", "P2"]),
        (5, 24, 2, ["P1"]),
        (3, 5, 2, ["P1", "P2", "P1 P2"]),
        pytest.param(5, 11, 2, ["P1", "P1.1"], marks=pytest.mark.slow),
        pytest.param(3, 6, 2, ["P1", "P2", "P1 P2"], marks=pytest.mark.slow),
        pytest.param(5, 14, 2, ["P1", "P1 P2"], marks=pytest.mark.slow),
        pytest.param(3, 6, 3, ["P1", "P1 P2"], marks=pytest.mark.slow),
    ],
)
def test_qt_11_whatever_was_told_every_small_number_could_be_another(below: int, most: int, quarters: int, kinds: Sequence[str]) -> None:
    """Of every figure, of what one has beyond another, and of how they changed. Worlds are judged together with all others of which
    the very same is told, unless some of those have more children than are tried here."""
    have = [frozenset(kind.split()) for kind in kinds]
    sums = [which for n in range(1, len(have) + 1) for which in itertools.combinations(range(len(have)), n)]
    one_quarter = [quarter for quarter in itertools.product(range(most + 1), repeat=len(have)) if sum(quarter) <= most]
    possible: dict[Any, list[Any]] = defaultdict(list)
    for world in itertools.product(one_quarter, repeat=quarters):
        possible[all_told(world, have, below)].append(world)
    judged = [worlds for worlds in possible.values() if all(sum(quarter) < most for world in worlds for quarter in world)]
    assert judged, "something is told"
    for worlds in judged:
        for which in sums:
            numbers = [[sum(quarter[n] for n in which) for quarter in world] for world in worlds]
            for n in range(quarters):
                values = {number[n] for number in numbers}
                assert len(values) > 1 or not 1 <= min(values) < below, (worlds[0], which, n)
                changes = {number[n] - number[n - 1] for number in numbers} if n else {0}
                assert len(changes) > 1 or not 1 <= abs(min(changes)) < below, (worlds[0], which, n)


# --- the rules one by one


def test_a_figure_is_restated_only_where_it_has_moved_by_five_or_more() -> None:
    assert restated([0, 3, 4, 5, 6, 9, 10, 12, 7, 3], 5) == [
        (0, -1), (0, -1), (0, -1), (5, 3), (5, 3), (5, 3), (10, 6), (10, 6), (10, 6), (3, 9),
    ]  # fmt: skip


def test_children_and_incidents_are_told_together_or_not_at_all() -> None:
    assert told_of([(4, 4)], ENDS[:1], 5) == [Told()]
    assert told_of([(12, 4)], ENDS[:1], 5) == [Told()]
    assert told_of([(12, 7)], ENDS[:1], 5) == [Told(10, 5, ENDS[0])]
    assert told_of([(12, 7), (13, 9)], ENDS[:2], 5)[1] == Told(10, 5, ENDS[0])
    assert told_of([(12, 7), (17, 9)], ENDS[:2], 5)[1] == Told(15, 5, ENDS[1])


def test_nought_is_told_of_facets_only() -> None:
    assert told_of([(0, 0)], ENDS[:1], 5, facet=True) == [Told(none_at_all=True)]
    assert told_of([(0, 0)], ENDS[:1], 5) == [Told()]
    told = table({}, ENDS[:1], CODES, 5)
    assert {label for label, one in told.items() if one.none_at_all} == {EVERYBODY, "P", "F"}
    assert not any(one.none_at_all for one in crossed(told, "F1", {}, ENDS[:1], CODES, 5).values())


def test_a_lone_cell_that_is_not_told_has_company() -> None:
    series = {"P1": [(20, 20)], "P2": [(9, 9)], "P3": [(2, 2)], "P": [(31, 31)], EVERYBODY: [(31, 31)], "P1.1": [(6, 6)], "P1.2": [(7, 7)]}
    told = table(series, ENDS[:1], CODES, 5)
    assert {label for label, one in told.items() if one.children is not None} == {EVERYBODY, "P", "P1", "P1.1", "P1.2"}
    smaller = table({**series, "P1": [(8, 8)]}, ENDS[:1], CODES, 5)
    assert {label for label, one in smaller.items() if one.children is not None} == {EVERYBODY, "P", "P2"}, "nor its sub-codes"


def test_changes_and_shares_are_told_where_both_figures_are() -> None:
    assert changed(Told(5, 5), Told(15, 5)) == 10
    assert changed(Told(5, 5), Told(5, 5)) == 0
    assert changed(Told(), Told(5, 5)) is None
    assert changed(Told(5, 5), Told(none_at_all=True)) is None
    assert share(Told(5, 5), Told(20, 15)) == 25
    assert share(Told(5, 5), Told()) is None
    assert share(Told(), Told(20, 15)) is None
