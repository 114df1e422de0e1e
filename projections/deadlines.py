"""The deadlines: one row for each version of each clock of every case, with what was known of it when.

A row says from when, until when and when done. Whether that is running, overdue or late is never stored: it is judged on the day
that is asked about (`board`). The clocks themselves are `domain.clocks`; a calendar adopted moves those of all cases.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import LiteralString

import msgspec

from domain.adoption import CalendarEditionAdopted
from domain.clock import Clock, Replacement, State
from domain.clocks import ADOPTED, CORRECTED, READ, ClockState, calendars_adopted, step
from domain.guidance import Within
from domain.procedure import edition_named
from domain.recorded import Recorded
from domain.stages.opening import CaseOpened
from projections import deadline_sums
from projections.known import KNOWN, Content
from projections.per_case import Rows, per_case
from projections.together import Part, together
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
    shown       bytea NOT NULL
    """,
    key="stream, key, known_from",
    indexes=(
        "(partnership, rank, next_on, stream, key) WHERE known_until IS NULL",
        "(rank, next_on, stream, key) WHERE known_until IS NULL",
        "(owed_by, rank, next_on, stream, key) WHERE known_until IS NULL",
        "(partnership, rank, next_on, stream, key)",
    ),
    laid_out=0,
)

OWED, UNDATED, DONE, ENDED = range(4)
NEVER = date(9999, 12, 31)


class Shown(msgspec.Struct, frozen=True):
    """What a row says of its clock: the clock whole, and the positions of the events it rests on."""

    clock: Clock
    positions: tuple[int, ...]


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """The same in few bytes. What the procedure says of every clock of a name is left to the procedure."""

    clock: str
    key: str
    version: int
    about: str | None
    since: date | None
    set_for: date | None
    due: date | None
    done: date | None
    owed_by: str
    procedure: tuple[str, ...]
    calendar: str
    places: tuple[int, ...]
    positions: tuple[int, ...]
    state: State
    replaced_by: Replacement | None
    why: str | None


@lru_cache(maxsize=1000)
def _said(clock: str, editions: tuple[str, ...]) -> tuple[Within, str, str]:
    """Within what time, the rule in words, and its source: as these editions have it."""
    rows = [next(row for row in edition_named(edition).clocks if row.due == clock) for edition in editions]
    return rows[0].within, rows[0].rule, "; ".join(dict.fromkeys(row.source for row in rows))


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


def _kept(clock: Clock, positions: tuple[int, ...]) -> bytes:
    return _encode(
        _Kept(
            clock.clock, clock.key, clock.version, clock.about, clock.since, clock.set_for, clock.due, clock.done, clock.owed_by,
            clock.procedure, clock.calendar, clock.places, positions, clock.state, clock.replaced_by, clock.why,
        )
    )  # fmt: skip


def shown(told: bytes) -> Shown:
    """A row's `shown`, read."""
    kept = _decode(told)
    within, rule, source = _said(kept.clock, kept.procedure)
    return Shown(
        Clock(
            clock=kept.clock, key=kept.key, version=kept.version, about=kept.about, since=kept.since, set_for=kept.set_for, due=kept.due,
            done=kept.done, within=within, owed_by=kept.owed_by, rule=rule, source=source, procedure=kept.procedure,
            calendar=kept.calendar, places=kept.places, state=kept.state, replaced_by=kept.replaced_by, why=kept.why,
        ),
        kept.positions,
    )  # fmt: skip


class _Known(msgspec.Struct, frozen=True):
    """The clocks of a case, the calendars adopted so far, and the rows made of the clocks."""

    clocks: ClockState = ClockState()
    adopted: tuple[Recorded, ...] = ()
    opened: CaseOpened | None = None
    made: dict[str, Content] = {}


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
        return _Known(clocks, adopted, opened, _made(state, clocks, opened))

    def rows(self, state: _Known) -> Rows:
        return state.made


def _made(before: _Known, clocks: ClockState, opened: CaseOpened | None) -> dict[str, Content]:
    """A row for each clock. Those that are the very same as before are not looked at again."""
    if opened is None:
        return {}
    was, now = before.clocks, clocks
    gone: list[Clock] = []
    come: list[Clock] = []
    kinds = [(was.live.get(name, ()), clocks) for name, clocks in now.live.items()]
    for earlier, later in [*kinds, (was.past, now.past)]:
        if earlier is not later:
            stay = {id(clock) for clock in earlier}
            come += [clock for clock in later if id(clock) not in stay]
            stay = {id(clock) for clock in later}
            gone += [clock for clock in earlier if id(clock) not in stay]
    if not gone and not come and before.opened is opened:
        return before.made
    made = dict(before.made)
    for clock in gone:
        made.pop(clock.id, None)
    positions = {r.place: r.position for events in clocks.facts.events.values() for r in events} if come else {}
    for clock in come:
        content = _row(clock, opened, tuple([positions[place] for place in clock.places]))
        made[clock.id] = content
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
        rank(clock), clock.due or NEVER, _kept(clock, positions),
    )  # fmt: skip


VIEW = View(
    name="deadlines",
    version=2,
    tables=(DEADLINES, deadline_sums.SUMS),
    begin=together(Part(DEADLINES, per_case(Deadlines())), sums=(deadline_sums.sums_of(DEADLINES),)),
    reads=READ | {ADOPTED, CORRECTED},
)
