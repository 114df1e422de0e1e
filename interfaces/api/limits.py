"""How often anybody may ask: counted in this process alone; behind several of them, a person may ask each as often."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from interfaces.api.problems import TooMany

Clock = Callable[[], float]


class Allowance:
    """So many within so many seconds, for each of many who ask; what was not used comes back evenly.

    Forgets whoever asked longest ago once there are `most` of them, so memory is bounded.
    """

    def __init__(self, many: int, seconds: float, *, clock: Clock = time.monotonic, most: int = 20_000) -> None:
        self._each = seconds / many
        self._within = seconds
        self._clock = clock
        self._most = most
        self._until: OrderedDict[str, float] = OrderedDict()

    def wait(self, who: str) -> float:
        """0 if they may, which is counted; else the seconds until they may."""
        now = self._clock()
        until = max(self._until.get(who, now), now) + self._each
        # what halves add up to is not always whole
        if until - now > self._within + self._each / 1000:
            return until - now - self._within
        self._until[who] = until
        self._until.move_to_end(who)
        if len(self._until) > self._most:
            self._until.popitem(last=False)
        return 0.0

    def take(self, who: str) -> None:
        """Count one.

        Raises:
            TooMany: they have had what they may have for now.
        """
        if seconds := self.wait(who):
            raise TooMany(seconds)


@dataclass(frozen=True)
class Limits:
    """How often may be asked, in a minute: by one person; from one address by whoever is not signed in; of what is open to all."""

    person: Allowance | None = None
    stranger: Allowance | None = None
    open: Allowance | None = None

    @classmethod
    def of(cls, person: int, stranger: int, open: int, *, clock: Clock = time.monotonic) -> Limits:
        """As many in a minute; 0 is no limit."""

        def a_minute(many: int) -> Allowance | None:
            return Allowance(many, 60, clock=clock) if many else None

        return cls(a_minute(person), a_minute(stranger), a_minute(open))


def count(request: Request, person: str) -> None:
    """Somebody is known who asks: it counts for them, wherever they ask from.

    Raises:
        TooMany: they asked too often.
    """
    limits: Limits = request.app.state.limits
    if limits.person is not None:
        limits.person.take(person)
