"""What is to be told: how many cases, over which days, by which seed; and of each case where, when and on which route."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple, TypeVar
from uuid import UUID

from domain.stages.opening import Concern, Partnership, Route
from domain.working_days import LONDON

T = TypeVar("T")

PARTNERSHIPS: Mapping[Partnership, int] = {"england": 34, "bolton": 22, "bury": 22, "barnet": 22}
ROUTES: Mapping[Route, int] = {"organisation": 40, "local-authority": 38, "parent": 7, "community": 6, "young-person": 4, "partners": 5}
CONCERNS: Mapping[Route, Mapping[Concern, int]] = {
    "local-authority": {"serious-incident": 100},
    "organisation": {"serious-incident": 80, "learn-from-success": 10, "local-learning": 10},
    "parent": {"serious-incident": 50, "learn-from-success": 20, "local-learning": 30},
    "community": {"serious-incident": 50, "learn-from-success": 20, "local-learning": 30},
    "young-person": {"serious-incident": 40, "learn-from-success": 40, "local-learning": 20},
    "partners": {"learn-from-success": 45, "local-learning": 55},
}
"""Shares in a hundred. Thematic reviews are not planned: they follow from the candidates that the cases give rise to."""

PAIRED = 0.03
"""So many cases tell of the incident of another, opened by another partnership."""


class Plan(NamedTuple):
    """The same plan gives the same histories, whenever it is carried out. Nothing happens before `first` or after `last`."""

    cases: int
    seed: int
    first: date
    last: date

    def chance(self, *of: object) -> Random:
        """The chances of one thing, whatever was drawn for others."""
        return Random("|".join(map(str, (self.seed, *of))))  # noqa: S311  # to be repeatable, not to keep a secret

    def command(self, *of: object) -> str:
        """The id of a command that is asked of no case."""
        return str(UUID(int=self.chance("command", *of).getrandbits(128), version=4))

    @property
    def until(self) -> datetime:
        """The instant after which nothing is recorded."""
        return datetime(self.last.year, self.last.month, self.last.day, 18, tzinfo=LONDON)

    def begins(self, number: int) -> datetime:
        """When a case is opened at the earliest: they are spread evenly, so that a later number begins later."""
        days = max(1, (self.last - self.first).days)
        since = timedelta(days=days) * (number / self.cases)
        return datetime(self.first.year, self.first.month, self.first.day, 8, tzinfo=LONDON) + since

    def case(self, number: int) -> Planned:
        """A case of the plan."""
        chance = self.chance(number, "planned")
        partnership, route = one_of(chance, PARTNERSHIPS), one_of(chance, ROUTES)
        concern = one_of(chance, CONCERNS[route])
        paired = number > 0 and chance.random() < PAIRED
        return Planned(
            number, stream_of(chance), partnership, f"Child {self.seed}-{number + 1}", route, concern, number - 1 if paired else None
        )


class Planned(NamedTuple):
    """What is settled of a case before it is told. `other` is the number of a case that tells of the same incident."""

    number: int
    stream: str
    partnership: Partnership
    label: str
    route: Route
    concern: Concern
    other: int | None = None


def stream_of(chance: Random) -> str:
    """The stream of a new case."""
    return f"case/{UUID(int=chance.getrandbits(128), version=4)}"


def one_of(chance: Random, shares: Mapping[T, int]) -> T:
    """One of these, by their shares."""
    return chance.choices([*shares], [*shares.values()])[0]
