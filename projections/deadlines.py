"""The deadlines: one row for each version of each clock of every case, with what was known of it when.

A row says from when, until when and when done. Whether that is running, overdue or late is never stored: it is judged on the day
that is asked about (`board`). The clocks themselves are `domain.clocks`; a calendar adopted moves those of all cases.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any, LiteralString

import msgspec

from domain.adoption import CalendarEditionAdopted
from domain.clock import Clock
from domain.clocks import ADOPTED, CORRECTED, READ, ClockState, calendars_adopted, step
from domain.guidance import Within, within
from domain.recorded import Recorded
from domain.stages.opening import CaseOpened
from projections.known import KNOWN, Content
from projections.per_case import Rows, per_case
from projections.view import Table, View

NEXT: LiteralString = "rank, next_on, stream, key"
"""What is next: first what is waited for, by its due date; then what has no date to be late by; then what is done; then what ended."""

DEADLINES = Table(
    name="deadlines",
    columns=KNOWN
    + """,
    partnership text COLLATE "C" NOT NULL,
    label       text NOT NULL,
    clock       text COLLATE "C" NOT NULL,
    about       text,
    owed_by     text COLLATE "C" NOT NULL,
    state       text NOT NULL,
    due         date,
    done        date,
    rank        smallint NOT NULL,
    next_on     date NOT NULL,
    shown       text NOT NULL
    """,
    key="stream, key, known_from",
    indexes=(
        "(partnership, rank, next_on, stream, key) WHERE known_until IS NULL",
        "(rank, next_on, stream, key) WHERE known_until IS NULL",
        "(owed_by, rank, next_on, stream, key) WHERE known_until IS NULL",
        "(partnership, rank, next_on, stream, key)",
    ),
)

OWED, UNDATED, DONE, ENDED = range(4)
NEVER = date(9999, 12, 31)


class Shown(msgspec.Struct, frozen=True):
    """What a row says of its clock: the clock whole, and the positions of the events it rests on."""

    clock: Clock
    positions: tuple[int, ...]


def _words(value: Any) -> str:
    if isinstance(value, Within):
        return value.words
    raise NotImplementedError(type(value))


@lru_cache(maxsize=1000)
def _duration(words: str) -> Within:
    return within(words)


def _read(kind: type, value: Any) -> Any:
    if kind is Within:
        return _duration(value)
    raise NotImplementedError(kind)


_encode = msgspec.json.Encoder(enc_hook=_words).encode
shown = msgspec.json.Decoder(Shown, dec_hook=_read).decode
"""A row's `shown`, read."""


class _Known(msgspec.Struct, frozen=True):
    """The clocks of a case, the calendars adopted so far, and the rows with the clocks they were made from."""

    clocks: ClockState = ClockState()
    adopted: tuple[Recorded, ...] = ()
    opened: CaseOpened | None = None
    made: dict[str, tuple[Clock, Content]] = {}


class Deadlines:
    """From the events of a case, and the calendars adopted, to one row for each version of each clock."""

    kind = "case"
    everywhere = ("calendar",)
    unsettled: LiteralString = "state = 'live' AND done IS NULL"

    def begin(self) -> _Known:
        return _Known()

    def step(self, state: _Known, recorded: Recorded) -> _Known:
        event, adopted, opened = recorded.event, state.adopted, state.opened
        if isinstance(event, CalendarEditionAdopted):
            adopted = (*adopted, recorded)
            clocks = step(state.clocks, calendars_adopted(adopted)[-1])
        else:
            clocks = step(state.clocks, recorded)
            if clocks is state.clocks:
                return state
            opened = event if isinstance(event, CaseOpened) else opened
        return _Known(clocks, adopted, opened, _made(clocks, opened, state.made))

    def rows(self, state: _Known) -> Rows:
        return {key: content for key, (_, content) in state.made.items()}


def _made(clocks: ClockState, opened: CaseOpened | None, before: dict[str, tuple[Clock, Content]]) -> dict[str, tuple[Clock, Content]]:
    """A row for each clock; those that are as they were are not made again."""
    if opened is None:
        return {}
    made: dict[str, tuple[Clock, Content]] = {}
    positions: dict[int, int] = {}
    for clock in (*clocks.past, *(clock for live in clocks.live.values() for clock in live)):
        known = before.get(clock.id)
        if known is None or (known[0] is not clock and known[0] != clock):
            positions = positions or {r.place: r.position for events in clocks.facts.events.values() for r in events}
            known = clock, _row(clock, opened, tuple(positions[place] for place in clock.places))
        made[clock.id] = known
    return made


def rank(clock: Clock) -> int:
    """Whether it is waited for by a day, waited for without one, done, or ended: the first part of the order of what is next."""
    if clock.state != "live":
        return ENDED
    if clock.done is not None:
        return DONE
    return UNDATED if clock.due is None or clock.within.runs_out else OWED


def _row(clock: Clock, opened: CaseOpened, positions: tuple[int, ...]) -> Content:
    return (
        opened.partnership, opened.label, clock.clock, clock.about, clock.owed_by, clock.state, clock.due, clock.done,
        rank(clock), clock.due or NEVER, _encode(Shown(clock, positions)).decode(),
    )  # fmt: skip


VIEW = View(
    name="deadlines",
    version=1,
    tables=(DEADLINES,),
    begin=per_case(Deadlines()),
    reads=READ | {ADOPTED, CORRECTED},
)
