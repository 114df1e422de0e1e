"""What this process remembers of the record, so that a command need not read it all again: cases recalled, and the time there.

What is remembered may be behind. That is found out where it matters: an append names the place it was decided at, and nothing is
refused on what may be behind (`Cases.do` looks again first).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.store.store import Store
from domain.case import Case, recall
from domain.corrections import RecordCorrected
from domain.recorded import Recorded

MOST_EVENTS = 100_000
"""Of all cases that are remembered together; those asked of longest ago are forgotten first."""

MEASURED_AGAIN = 1.0
"""Seconds after which the time of the database is asked again."""


@dataclass(frozen=True)
class Remembered:
    """A case as it stood when last read or written here."""

    history: tuple[Recorded, ...]
    case: Case

    def then(self, tail: Sequence[Recorded]) -> Remembered:
        """With what was recorded after it."""
        if not tail:
            return self
        history = (*self.history, *tail)
        if any(isinstance(recorded.event, RecordCorrected) for recorded in tail):
            return Remembered(history, recall(history))  # what was corrected happened long before
        case = self.case
        for recorded in tail:
            case = recorded.event.apply(case, recorded)
        return Remembered(history, case)


NOTHING = Remembered((), Case())


class Cached:
    """Cases by stream, the one asked of last kept longest."""

    def __init__(self, store: Store, most: int = MOST_EVENTS) -> None:
        self._store = store
        self._most = most
        self._events = 0
        self._known: OrderedDict[str, Remembered] = OrderedDict()

    def knows(self, stream: str) -> bool:
        """Whether there is anything remembered that may be behind."""
        return stream in self._known

    async def case(self, stream: str, *, fresh: bool) -> Remembered:
        """The case as remembered; or, where it is not or must be `fresh`, with all that was recorded by now."""
        known = self._known.get(stream)
        if known is not None and not fresh:
            self._known.move_to_end(stream)
            return known
        known = known or NOTHING
        now = known.then(await self._store.history(stream, after_place=len(known.history)))
        self._keep(stream, now)
        return now

    def heed(self, stream: str, place: int, recorded: Sequence[Recorded]) -> None:
        """What was just recorded after this place. Where more or less is remembered by now, that stays: it is true as far as it goes."""
        known = self._known.get(stream, NOTHING)
        if len(known.history) == place:
            self._keep(stream, known.then(recorded))

    def _keep(self, stream: str, case: Remembered) -> None:
        before = self._known.pop(stream, NOTHING)
        if len(case.history) < len(before.history):
            case = before  # read before it, and answered after
        if not case.history:
            return
        self._known[stream] = case
        self._events += len(case.history) - len(before.history)
        while self._events > self._most and len(self._known) > 1:
            _, forgotten = self._known.popitem(last=False)
            self._events -= len(forgotten.history)


class TimeThere:
    """The time of the database, reckoned from when it was last asked: never ahead of it, never before an instant heard of."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._at: datetime | None = None
        self._measured = 0.0

    async def now(self) -> datetime:
        """About now, there. Whatever is recorded from here on is recorded later."""
        passed = self._clock() - self._measured
        if self._at is None or passed > MEASURED_AGAIN:
            at = await self._store.now()
            self._at, self._measured, passed = at, self._clock(), 0.0
        return self._at + timedelta(seconds=passed)

    def heed(self, at: datetime) -> None:
        """Something was recorded at this instant."""
        if self._at is not None and at > self._at + timedelta(seconds=self._clock() - self._measured):
            self._at, self._measured = at, self._clock()
