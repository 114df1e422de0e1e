"""Carrying out a plan: several processes tell the cases, one records them all in the order of their instants."""

from __future__ import annotations

import heapq
import itertools
import multiprocessing
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from application.generating import calendars, stories
from application.generating.following import Tracking
from application.generating.people import POSTS, holder
from application.generating.plan import PARTNERSHIPS, Plan
from application.generating.recording import NotGenerated, Recording, last_instant
from application.generating.sealing import Deed, Sealing
from application.generating.telling import Told, Unaccepted
from application.people import Register
from application.rulebook import Rulebook
from application.store.keys import KeyFile
from application.store.store import Store
from domain.recorded import Recorded

CHUNK = 10
"""Cases that a process tells before it hands them over."""

AHEAD = 4
"""Chunks that each process may be ahead of the recording."""

AT_ONCE = 50
"""So few cases are told in this process."""

Told_of = Callable[[int, int], None]
"""Called with the cases and the events recorded so far."""


@dataclass(frozen=True)
class Generated:
    """What came of it."""

    cases: int
    reviews: int
    candidates: int
    events: int
    seconds: float


@dataclass(frozen=True)
class Where:
    """The two databases, and the file with the key of keys."""

    record: str
    keys: str
    key_file: Path


async def generate(
    plan: Plan, where: Where, store: Store, register: Register, rulebook: Rulebook, *, told: Told_of, processes: int = 2
) -> Generated:
    """Tell and record the histories of a plan.

    Raises:
        NotGenerated: the store is no rehearsal, or holds later events, or these very histories.
        Unaccepted: a command of an invented history was refused.
    """
    if "rehearsal" not in await store.marks():
        raise NotGenerated("Histories are generated only into a store that is marked as a rehearsal; this one is not.")
    last = last_instant(where.record)
    if last is not None and last > plan.begins(0):
        raise NotGenerated(f"The store already holds an event of {last:%Y-%m-%d}; histories are recorded after it: begin on a later day.")
    if await store.streams(plan.case(0).stream):
        raise NotGenerated("These histories are there already: choose another seed.")
    for partnership, post in itertools.product(PARTNERSHIPS, POSTS):
        await register.holds(holder(post, partnership), plan.first)
    with _interrupted_at_once():
        return carried_out(plan, where, rulebook.adoptions(), told=told, processes=processes)


@contextmanager
def _interrupted_at_once() -> Iterator[None]:
    """Ctrl-C stops what does not wait for an event loop."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def carried_out(plan: Plan, where: Where, adoptions: Sequence[Recorded], *, told: Told_of, processes: int) -> Generated:
    """The plan told and recorded, in this process and others."""
    began = time.perf_counter()
    rules = knowing(adoptions)
    sealing = Sealing(KeyFile(where.key_file))
    first = calendars.adopted(plan, rules, sealing)
    tracking, recording = Tracking(plan, rules, sealing), Recording(where.record, where.keys)
    line = _Line(plan, tracking, recording)
    done = 0
    with ExitStack() as stack:
        stack.callback(recording.close)
        line.take([first])
        for chunk in stack.enter_context(_telling(plan, where, rules.adoptions(), processes)):
            line.take(chunk)
            done += len(chunk)
            line.record(plan.begins(done))
            told(done, recording.events)
        line.record(None, lambda: told(done, recording.events))
        recording.finish()
        told(done, recording.events)
    return Generated(plan.cases, line.reviews, tracking.candidates, recording.events, time.perf_counter() - began)


def knowing(adoptions: Iterable[Recorded]) -> Rulebook:
    """The rules of these adoptions, without a store to ask."""
    rules = Rulebook(_NO_STORE, time.monotonic)
    rules.heed(adoptions)
    return rules


_NO_STORE: Any = None


class _Line:
    """Deeds of many cases, waiting for their turn. What is recorded may give rise to more, then or later."""

    def __init__(self, plan: Plan, tracking: Tracking, recording: Recording) -> None:
        self._plan = plan
        self._tracking = tracking
        self._recording = recording
        self._count = itertools.count()
        self._waiting: list[tuple[datetime, int, Deed | tuple[str, int]]] = []
        self.reviews = 0

    def take(self, told: Sequence[Told]) -> None:
        """These cases are told: their keys are kept, their deeds wait."""
        self._recording.known(told)
        for one in told:
            for deed in one.deeds:
                heapq.heappush(self._waiting, (deed.at, next(self._count), deed))

    def record(self, before: datetime | None, pause: Callable[[], None] = lambda: None) -> None:
        """Record all that happened before an instant; everything, where none is given."""
        waiting, add, heed = self._waiting, self._recording.add, self._tracking.heed
        n = 0
        while waiting and (before is None or waiting[0][0] < before):
            at, _, what = heapq.heappop(waiting)
            n += 1
            if n % 500 == 0:
                pause()
            if isinstance(what, Deed):
                add(what.entry)
                followed = [*heed(what)] if what.heeded else []
            else:
                followed = [*self._tracking.decide(at, *what)]
            if followed:
                self._recording.known([self._tracking.told])
                for deed in followed:
                    add(deed.entry)
                self._schedule()

    def _schedule(self) -> None:
        for at, ref, round_ in self._tracking.to_decide:
            if at < self._plan.until:
                heapq.heappush(self._waiting, (at, next(self._count), (ref, round_)))
        self._tracking.to_decide.clear()
        begun = [one.told for one in self._tracking.begun]
        self._tracking.begun.clear()
        self.reviews += len(begun)
        self.take(begun)


# --- several processes


@contextmanager
def _telling(plan: Plan, where: Where, adoptions: Sequence[Recorded], processes: int) -> Iterator[Iterator[list[Told]]]:
    """The cases of the plan in order, a chunk at a time."""
    chunks = [(n, min(n + CHUNK, plan.cases)) for n in range(0, plan.cases, CHUNK)]
    if plan.cases <= AT_ONCE or processes < 1:
        _ready(plan, str(where.key_file), adoptions)
        yield (_tell(*chunk) for chunk in chunks)
        return
    with ProcessPoolExecutor(
        processes, multiprocessing.get_context("spawn"), initializer=_ready, initargs=(plan, str(where.key_file), list(adoptions))
    ) as pool:
        try:
            yield _in_order(pool, chunks, processes * AHEAD)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, chunks: Sequence[tuple[int, int]], ahead: int) -> Iterator[list[Told]]:
    waiting: deque[Future[list[Told]]] = deque()
    for chunk in chunks:
        waiting.append(pool.submit(_tell, *chunk))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


_at_hand: list[tuple[Plan, Rulebook, Sealing]] = []
"""What a telling process was given when it began."""


def _ready(plan: Plan, key_file: str, adoptions: Sequence[Recorded]) -> None:
    _at_hand[:] = [(plan, knowing(adoptions), Sealing(KeyFile(Path(key_file))))]


def _tell(first: int, end: int) -> list[Told]:
    ((plan, rules, sealing),) = _at_hand
    return [stories.case(plan, number, rules, sealing).told for number in range(first, end)]


__all__ = ["Generated", "NotGenerated", "Unaccepted", "Where", "carried_out", "generate"]
