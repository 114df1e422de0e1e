"""The grammar of moments: what a clock counts from (`start`), and what stops it (`stop`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, NamedTuple

import msgspec

from domain.facts import NO_DAY, Facts, when
from domain.recorded import Editions, Recorded


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Something a clock counts from. `key` tells it from others of its name, however its day is corrected.

    `on` is the day counted from, `due` a date that was set, or that is counted back from. What stops the clock is not before
    `since`. `review` and `digest` say which report is meant. `ended` is what made the moment stop mattering before the clock was
    stopped, and `successor` the key of what took its place.
    """

    key: str
    procedure: Editions
    places: tuple[int, ...]
    on: date | None = None
    due: date | None = None
    since: tuple[date, int] = NO_DAY
    about: str | None = None
    owed_by: str | None = None
    review: str | None = None
    digest: str | None = None
    ended: Recorded | None = None
    successor: str | None = None


Stopped = tuple[date, tuple[int, ...]]
"""The day a clock was stopped, and the places of the events that did it."""


class Start(NamedTuple):
    """What a clock may be counted from; `sets_a_date` where it names the due date, or the day to count back from."""

    words: str
    reads: tuple[str, ...]
    moments: Callable[[Facts], Iterable[Moment]]
    sets_a_date: bool


class Stop(NamedTuple):
    """What a clock may be stopped by."""

    words: str
    reads: tuple[str, ...]
    stopped: Callable[[Facts, Moment], Stopped | None]


STARTS: dict[str, Start] = {}
"""What a clock may be counted from (`after` in a procedure file)."""

STOPS: dict[str, Stop] = {}
"""What a clock may be stopped by (`until` in a procedure file)."""


def start(name: str, words: str, *reads: str, sets_a_date: bool = False) -> Callable[[Callable[[Facts], Iterable[Moment]]], None]:
    """Declares what a clock may be counted from, in words that follow "from when", and the events it reads (default: its own)."""

    def declare(moments: Callable[[Facts], Iterable[Moment]]) -> None:
        STARTS[name] = Start(words, reads or (name,), moments, sets_a_date)

    return declare


def stop(name: str, words: str, *reads: str) -> Callable[[Callable[[Facts, Moment], Stopped | None]], None]:
    """Declares what may stop a clock, in words that follow "stopped when", and the events it reads (default: its own)."""

    def declare(stopped: Callable[[Facts, Moment], Stopped | None]) -> None:
        STOPS[name] = Stop(words, reads or (name,), stopped)

    return declare


def at(recorded: Recorded, key: str | None = None, **more: Any) -> Moment:
    """The moment this event makes: counted from its day, stopped by nothing before it."""
    made = {"on": recorded.on, "since": when(recorded), "places": (recorded.place,), **more}
    return Moment(key=key or f"place-{recorded.place}", procedure=recorded.procedure, **made)


def stopped_by(*events: Recorded | None) -> Stopped | None:
    """Stopped by all of these together: on the day of the last, and not while one is missing."""
    found = [event for event in events if event]
    if len(found) < len(events) or not found:
        return None
    return max(event.on for event in found), tuple(sorted({event.place for event in found}))


def stop_at_first(name: str, words: str) -> None:
    """Declares the commonest stop: the first event of this name that is not before what was counted from."""
    stop(name, words)(lambda facts, moment: stopped_by(facts.first(name, moment.since)))


def start_at_each(name: str, words: str) -> None:
    """Declares the commonest start: every event of this name."""
    start(name, words)(lambda facts: (at(recorded) for recorded in facts.all(name)))
