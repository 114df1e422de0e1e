"""The clocks of a case: a pure function of its events, the procedures they are bound to and the calendars adopted (CAL-7 … CAL-10).

Folded event by event, in recorded order, so that what was replaced stays readable: a clock whose trigger was corrected is
superseded, one that no longer matters is cancelled and says why. Whether a clock is running or overdue is never stored: `judge`
compares it with the day that is asked about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache, lru_cache, reduce
from typing import NamedTuple

from domain.clock import Clock, Replacement, arithmetic, clock_item, due_date, judge
from domain.facts import Facts, told, when
from domain.guidance import When
from domain.language import State, replace
from domain.moments import STARTS, STOPS, Moment, Stopped
from domain.procedure import MergedRow, procedure_of
from domain.recorded import Editions, Recorded
from domain.working_days import NEWEST, SHIPPED, Calendar, adopted, london_date

CORRECTED = "record-corrected"
ADOPTED = "calendar-edition-adopted"


class Adopted(NamedTuple):
    """A calendar adopted in the store, and when that was recorded."""

    calendar: Calendar
    at: datetime
    position: int = 0


class Counted(NamedTuple):
    """A clock as it was last counted, and all that it was counted from: while that is the same, so is the clock."""

    clock: Clock
    moment: Moment
    stopped: Stopped | None
    calendar: Calendar


class ClockState(State, frozen=True):
    """The fold: the facts so far, the clocks they make now, by name, and those they no longer make.

    `counted` is only a memory of how these were found, by name and key.
    """

    facts: Facts = Facts()
    calendar: Calendar = NEWEST
    live: Mapping[str, tuple[Clock, ...]] = {}
    past: tuple[Clock, ...] = ()
    counted: Mapping[str, Mapping[str, Counted]] = {}

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Every clock of the case, replaced ones among them, in the order of the procedure and then of time."""
        every = [*self.past, *(clock for clocks in self.live.values() for clock in clocks)]
        order = {name: n for editions in self.facts.editions for n, name in enumerate(_rows(editions))}
        return tuple(sorted(every, key=lambda c: (order.get(c.clock, len(order)), c.since or c.set_for or date.max, c.key, c.version)))


# --- the fold


def clocks(history: Iterable[Recorded], adoptions: Iterable[Recorded] = ()) -> tuple[Clock, ...]:
    """The clocks of a case. `adoptions` are the entries of the calendar's stream by then; without any, the newest shipped counts."""
    return fold_clocks(history, adoptions).clocks


def fold_clocks(history: Iterable[Recorded], adoptions: Iterable[Recorded] = ()) -> ClockState:
    """The fold over the events of one case and the calendars adopted by then, in recorded order."""
    steps: list[Recorded | Adopted] = [*history, *calendars_adopted(adoptions)]
    return reduce(step, sorted(steps, key=lambda recorded: (recorded.at, recorded.position)), ClockState())


def calendars_adopted(adoptions: Iterable[Recorded]) -> tuple[Adopted, ...]:
    """The calendars that these entries adopted, each on top of the one before. Entries about anything else are passed over."""
    calendars: list[Adopted] = []
    for recorded in adoptions:
        if recorded.name == ADOPTED:
            before = calendars[-1].calendar if calendars else None
            calendar = _calendar(told(recorded).edition, tuple(told(recorded).holidays), before)
            calendars.append(Adopted(calendar, recorded.at, recorded.position))
    return tuple(calendars)


@lru_cache(maxsize=256)
def _calendar(edition: str, holidays: tuple[date, ...], before: Calendar | None) -> Calendar:
    shipped = SHIPPED.get(edition)
    if shipped and tuple(sorted(shipped.holidays)) == tuple(sorted(holidays)):
        return shipped
    return adopted(edition, f"adopted in this store as {edition}", holidays, before)


def step(state: ClockState, what: Recorded | Adopted) -> ClockState:
    """The clocks with one more event of the case, or one more calendar, known. What no clock rests on gives the same state."""
    if isinstance(what, Adopted):
        return _with_calendar(state, what)
    event = _as_read(state, what)
    if event is None:
        return state
    facts = state.facts.having(event)
    live, past, counted = dict(state.live), state.past, dict(state.counted)
    for name in dict.fromkeys(name for editions in facts.editions for name in _resting_on(editions).get(event.name, ())):
        before, known = state.live.get(name, ()), state.counted.get(name, {})
        found = _counted(name, facts, state.calendar, known)
        if before or found:
            now = _standing(found)
            same = frozenset([clock.key for clock in now if clock.key in known and known[clock.key].clock is clock])
            live[name], past = _compared(name, before, now, past, what, same)
            counted[name] = found
    return ClockState(facts, state.calendar, live, past, counted)


def _as_read(state: ClockState, recorded: Recorded) -> Recorded | None:
    """The event to take in: for a correction the corrected one, and none where no clock rests on it."""
    if recorded.name != CORRECTED:
        return recorded if recorded.name in READ else None
    wrong = state.facts.at_place(told(recorded).event_place)
    right: Recorded | None = told(recorded).corrected(wrong) if wrong else None
    return right if right != wrong else None


# --- the clocks of one state of knowledge


def made(name: str, facts: Facts, calendar: Calendar) -> tuple[Clock, ...]:
    """The clocks of this name, one per moment they count from, by the procedure that moment is bound to."""
    return _standing(_counted(name, facts, calendar, {}))


def _counted(name: str, facts: Facts, calendar: Calendar, known: Mapping[str, Counted]) -> dict[str, Counted]:
    """By key, each clock of this name and what it was counted from; taken from what is `known` where that is the same."""
    found: dict[str, Counted] = {}
    for editions in facts.editions:
        merged = _rows(editions).get(name)
        if merged and _applies(merged.row.when, facts):
            for moment in _moments(merged.row.after, facts):
                if moment.procedure == editions:
                    found[moment.key] = _clock(merged, moment, facts, calendar, known.get(moment.key))
    return found


def _moments(after: str, facts: Facts) -> tuple[Moment, ...]:
    start = STARTS[after]
    return facts.known(after, start.reads, lambda: tuple(start.moments(facts)))


def _standing(found: Mapping[str, Counted]) -> tuple[Clock, ...]:
    return tuple([_ended(one.clock, one.moment, found) if one.moment.ended else one.clock for one in found.values()])


def _applies(asked: When, facts: Facts) -> bool:
    if asked.route and facts.route not in asked.route:
        return False
    return not asked.harm or (facts.incident is not None and facts.incident.harm in asked.harm)


def _clock(merged: MergedRow, moment: Moment, facts: Facts, calendar: Calendar, known: Counted | None) -> Counted:
    row = merged.row
    stopped = STOPS[row.until].stopped(facts, moment) if row.until else None
    if stopped and moment.ended and (stopped[0], max(stopped[1])) > when(moment.ended):
        stopped = None
    if known is not None and known.moment is moment and known.calendar is calendar and known.stopped == stopped:
        return known
    due, why = due_date(row.within, moment.on, moment.due, calendar)
    clock = Clock(
        clock=row.due,
        key=moment.key,
        about=moment.about,
        since=moment.on,
        set_for=moment.due,
        due=due,
        done=stopped[0] if stopped else None,
        within=row.within,
        owed_by=moment.owed_by or row.owed_by,
        rule=merged.rule,
        source=merged.source,
        procedure=merged.editions,
        calendar=calendar.edition,
        places=tuple(sorted({*moment.places, *(stopped[1] if stopped else ())})),
        why=why,
    )
    return Counted(clock, moment, stopped, calendar)


def _ended(clock: Clock, moment: Moment, among: Mapping[str, Counted]) -> Clock:
    """The clock, superseded or cancelled where its moment stopped mattering before anything stopped it."""
    if moment.ended is None or not clock.open:
        return clock
    heir = among.get(moment.successor) if moment.successor else None
    why = f"{WHY.get(moment.ended.name, OTHERWISE)} (place {moment.ended.place})."
    if heir:
        return replace(clock, state="superseded", replaced_by=_replacement(heir.clock), why=why)
    return replace(clock, state="cancelled", why=why)


# --- what changed from one state of knowledge to the next


def _compared(
    name: str, before: tuple[Clock, ...], now: tuple[Clock, ...], past: tuple[Clock, ...], cause: Recorded, same: Collection[str]
) -> tuple[tuple[Clock, ...], tuple[Clock, ...]]:
    """The clocks of this name as they are now, and all those of the past, given what both were. Those of the keys in `same` count
    on as they are: they were found just so before."""
    made = {clock.key for clock in now}
    settled = tuple(clock for clock in past if clock.clock == name and clock.state == "live" and clock.key in made)
    known = {clock.key: clock for clock in (*settled, *before)}
    standing = {clock.key for clock in before}
    live: list[Clock] = []
    gone: list[Clock] = []
    fresh: list[Clock] = []
    for clock in now:
        was = known.pop(clock.key, None)
        if was is not None and clock.key in same and clock.key in standing:
            live.append(was)
        elif was is None:
            fresh.append(replace(clock, version=1 + sum(1 for c in past if (c.clock, c.key) == (name, clock.key))))
        elif _counts_on(was, clock):
            live.append(_as_counted(was, clock))
        else:
            live.append(replace(clock, version=was.version + 1))
            gone.append(_superseded(was, live[-1], cause))
    gone += [_vanished(clock, fresh, cause) for clock in known.values()]
    if not settled and not gone:
        return (*live, *fresh), past
    return (*live, *fresh), (*(clock for clock in past if clock not in settled), *gone)


def _counts_on(was: Clock, clock: Clock) -> bool:
    """Whether it is still the same clock. One that is open again, its stop corrected, counts in the calendar of now."""
    return was.counted == clock.counted and (was.due == clock.due or not _open_again(was, clock))


def _open_again(was: Clock, clock: Clock) -> bool:
    return clock.open and not was.open


def _as_counted(was: Clock, clock: Clock) -> Clock:
    """The clock with the due date it already had, in the calendar it was counted in."""
    if _open_again(was, clock):
        return replace(clock, version=was.version)
    why = clock.why or (was.why if was.state == clock.state == "live" else None)
    return replace(clock, version=was.version, due=was.due, calendar=was.calendar, why=why)


def _superseded(clock: Clock, successor: Clock, cause: Recorded) -> Clock:
    return replace(clock, state="superseded", replaced_by=_replacement(successor), why=_why(cause))


def _vanished(clock: Clock, fresh: Iterable[Clock], cause: Recorded) -> Clock:
    """A clock that nothing makes any longer. Done before an amendment it stays as it was; after a correction it never should have been."""
    if clock.state != "live" or (clock.done and cause.name != CORRECTED):
        return clock
    successor = next((other for other in fresh if other.about == clock.about), None)
    return _superseded(clock, successor, cause) if successor else replace(clock, state="cancelled", why=_why(cause))


def _replacement(clock: Clock) -> Replacement:
    return Replacement(clock.clock, clock.about, clock.since, clock.due)


def _why(cause: Recorded) -> str:
    return f"{WHY.get(cause.name, OTHERWISE)} (place {cause.place})."


OTHERWISE = "What it counted from is now known otherwise"
WHY = {
    "local-authority-became-aware": "An earlier awareness was recorded",
    "serious-incident-notified": "An earlier notification was recorded",
    "incident-amended": "The incident is now known otherwise",
    "notification-withdrawn": "The notification was withdrawn",
    "notification-found-duplicate": "The notification was found to be a duplicate",
    "decision-replaced": "The decision it rests on was replaced",
    "rapid-review-discontinued": "The rapid review was discontinued",
    "agency-asked": "The agency was asked again",
    "agency-date-changed": "The agency's date was moved",
    "review-commissioned": "The review was commissioned anew",
    "publication-planned": "The publication was planned for another day",
    CORRECTED: "What it rests on was corrected",
}
"""What superseded or cancelled a clock, by the event that did. Never the reason somebody gave: those words are personal."""


# --- a calendar is adopted


def _with_calendar(state: ClockState, adoption: Adopted) -> ClockState:
    """The clocks once a calendar is adopted: a stopped clock keeps its due date, an open one is superseded by its recalculation."""
    live: dict[str, tuple[Clock, ...]] = {}
    past = state.past
    for name, known in state.live.items():
        counted = [_recounted(clock, adoption) for clock in known]
        live[name] = tuple(clock for clock, _ in counted)
        past = (*past, *(replaced for _, replaced in counted if replaced))
    return ClockState(state.facts, adoption.calendar, live, past, state.counted)


def _recounted(clock: Clock, adoption: Adopted) -> tuple[Clock, Clock | None]:
    """The clock in the adopted calendar, and the one it replaces if its due date moves.

    An adoption never moves a due date to before the day of adoption, and never turns on time into late (CAL-7).
    """
    if not clock.open:
        return clock, None
    day = london_date(adoption.at)
    due, beyond = due_date(clock.within, clock.since, clock.set_for, adoption.calendar)
    if due and clock.due:
        due = max(due, day) if due > clock.due else min(clock.due, max(due, day))
    if due is None or due == clock.due:
        return replace(clock, calendar=clock.calendar if beyond else adoption.calendar.edition), None
    why = f"The calendar {adoption.calendar.edition} was adopted on {day.isoformat()} (CAL-7)."
    counted = replace(clock, version=clock.version + 1, due=due, calendar=adoption.calendar.edition, why=why)
    return counted, replace(clock, state="superseded", replaced_by=_replacement(counted), why=why)


# --- which clocks rest on which events


@cache
def _rows(editions: Editions) -> dict[str, MergedRow]:
    return {merged.row.due: merged for merged in procedure_of(editions).clocks}


@cache
def _resting_on(editions: Editions) -> dict[str, tuple[str, ...]]:
    """The clocks of a procedure by the events they rest on."""
    names: dict[str, list[str]] = {}
    for name, merged in _rows(editions).items():
        for event in dict.fromkeys(_read_by(merged)):
            names.setdefault(event, []).append(name)
    return {event: tuple(found) for event, found in names.items()}


def _read_by(merged: MergedRow) -> Iterator[str]:
    row = merged.row
    yield from STARTS[row.after].reads
    yield from STOPS[row.until].reads if row.until else ()
    yield from ("case-opened",) if row.when.route else ()
    yield from ("case-opened", "incident-amended") if row.when.harm else ()


READ = frozenset({"case-opened"}).union(*(moment.reads for moment in STARTS.values()), *(moment.reads for moment in STOPS.values()))
"""Every event that some clock may rest on."""


__all__ = [
    "Adopted",
    "Clock",
    "ClockState",
    "arithmetic",
    "calendars_adopted",
    "clock_item",
    "clocks",
    "fold_clocks",
    "judge",
    "made",
    "step",
]
