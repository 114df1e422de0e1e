"""One read model of several tables: folds beside each other, and what is summed up from their rows, moving as one.

View("themes", 1, (CASES, CANDIDATES, SUMS), together(Part(CASES, per_case(…)), Part(CANDIDATES, per_case(…)), Part(SUMS, sums)))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from domain.recorded import Recorded
from projections.view import Build, Connection, Log, Projecting, Table


class Summing(Protocol):
    """What is summed up from the rows of the other tables: it sees them before and after each page, and once they are filled."""

    def before(self, page: Sequence[Recorded]) -> None:
        """The rows as they stand, before the events of a page reach them."""

    def after(self) -> None:
        """The rows as they stand once the page has reached them."""

    def whole(self) -> None:
        """The rows once tables that were empty have been filled."""


@dataclass(frozen=True)
class Part:
    """A table of the view, and how its rows are made."""

    table: Table
    begin: Callable[[Build, Log, Connection], Projecting]


@dataclass
class _Together:
    parts: Sequence[Projecting]
    sums: Sequence[Summing]

    def take(self, page: Sequence[Recorded]) -> None:
        for summing in self.sums:
            summing.before(page)
        for part in self.parts:
            part.take(page)
        for summing in self.sums:
            summing.after()

    def fill(self, upto: int, told: Callable[[int], None]) -> None:
        for part in self.parts:
            part.fill(upto, told)
        for summing in self.sums:
            summing.whole()


def together(*parts: Part, sums: Sequence[Callable[[Build, Connection], Summing]] = ()) -> Callable[[Build, Log, Connection], Projecting]:
    """What a `View` of several tables begins with; each part finds its table as the only one of its build."""

    def begin(build: Build, log: Log, connection: Connection) -> Projecting:
        def only(part: Part) -> Build:
            return Build(replace(build.view, tables=(part.table,)), build.number)

        return _Together([part.begin(only(part), log, connection) for part in parts], [summing(build, connection) for summing in sums])

    return begin
