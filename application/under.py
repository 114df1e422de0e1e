"""What would have been due: the same history under other rules, or with one day changed (QA-8, QE-12).

Nothing of it is recorded and none of it is evidence. It is folded as clocks always are: only the editions that its entries are bound
to, the calendar, or the day of one entry are others, as if they had been so from the beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import reduce
from typing import Any, NamedTuple

from application.case_view.clock_items import clock_items
from application.looking import Looking, Seen
from domain.case import recall
from domain.clock import Clock, clock_item
from domain.clocks import CORRECTED, ClockState, fold_clocks, step
from domain.corrections import RecordCorrected
from domain.fields import filled, inside, opened, plain
from domain.guidance import EDITIONS
from domain.language import replace
from domain.procedure import conflicts
from domain.recorded import Editions, Recorded
from domain.working_days import SHIPPED, Calendar, said

IN_FORCE = "in-force"
"""Names whatever is in force on the day that is asked about."""

CALENDAR = "calendar/"
"""Stands before the name of a calendar, where a procedure has the same."""

CHANGE = re.compile(r"([1-9]\d{0,6})(?:\.([a-z][a-z0-9_.-]{0,80}))?:(\d{4}-\d\d-\d\d)", re.ASCII)
LAST_YEAR = 2199
"""No later day is counted from."""


class NotAssumed(ValueError):
    """What was to be assumed cannot be, in a sentence. `field` is the parameter it stands in."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class Change(NamedTuple):
    """One day of the history as it is not: the day of the entry at a place, or a date that stands in it."""

    place: int
    field: str
    to: date


class Assumed(NamedTuple):
    """What is assumed. Whatever is None stays as it is recorded."""

    local: str | None = None
    national: str | None = None
    calendar: Calendar | None = None
    change: Change | None = None


def assumed(
    under: Sequence[str], change: str | None, *, calendars: Mapping[str, Calendar], in_force: Editions, calendar: Calendar
) -> Assumed:
    """From words: editions of procedures and calendars by name, `in-force`, and `<place>[.<field>]:<date>`.

    `calendars` are those adopted, `in_force` and `calendar` what is in force on the day asked about.

    Raises:
        NotAssumed.
    """
    found = Assumed(change=_change(change) if change is not None else None)
    known = {**SHIPPED, **calendars}
    for name in under:
        if name == IN_FORCE:
            found = found._replace(local=in_force.local, national=in_force.national, calendar=calendar)
        elif (edition := EDITIONS.get(name)) is not None:
            found = found._replace(national=name) if edition.national else found._replace(local=name)
        elif (chosen := known.get(name.removeprefix(CALENDAR))) is not None:
            found = found._replace(calendar=chosen)
        else:
            names = ", ".join([*EDITIONS, *known])
            raise NotAssumed("under", f"names no edition of a procedure or calendar; there are {names}, and {IN_FORCE}")
    if found.local and found.national and (against := conflicts(EDITIONS[found.local], EDITIONS[found.national])):
        raise NotAssumed("under", " ".join(against))
    return found


def _change(words: str) -> Change:
    parts = CHANGE.fullmatch(words)
    try:
        day = date.fromisoformat(parts[3]) if parts else None
    except ValueError:
        day = None
    if parts is None or day is None:
        raise NotAssumed("change", "is the place of an entry and a day, such as 17:2026-03-18, or 17.due_on:2026-03-18 for a date in it")
    if not 1990 <= day.year <= LAST_YEAR:
        raise NotAssumed("change", f"gives a day that is not between 1990 and {LAST_YEAR}")
    return Change(int(parts[1]), parts[2] or "on", day)


# --- the history as assumed, and its clocks


def as_assumed(history: Iterable[Recorded], what: Assumed) -> list[Recorded]:
    """The history with what is assumed in its place.

    Raises:
        NotAssumed: nothing stands where the change is.
    """
    entries = [_bound(entry, what) for entry in history]
    if what.change is None:
        return entries
    _must_stand(entries, what.change)
    return [_changed(entry, what.change) for entry in entries]


def clocks_under(history: Iterable[Recorded], adoptions: Iterable[Recorded], what: Assumed) -> ClockState:
    """The clocks of the history as assumed. Under a calendar it is the only one there ever was: nothing is adopted on the way.

    Raises:
        NotAssumed.
    """
    entries = as_assumed(history, what)
    if what.calendar is None:
        return fold_clocks(entries, adoptions)
    return reduce(step, sorted(entries, key=lambda entry: (entry.at, entry.position)), ClockState(calendar=what.calendar))


def _bound(entry: Recorded, what: Assumed) -> Recorded:
    editions = Editions(what.local or entry.procedure.local, what.national or entry.procedure.national)
    return entry if editions == entry.procedure else replace(entry, header=replace(entry.header, procedure=editions))


def _must_stand(entries: Sequence[Recorded], change: Change) -> None:
    found = next((entry for entry in entries if entry.place == change.place), None)
    if found is None:
        raise NotAssumed("change", f"names place {change.place}, and the case has no entry there")
    if found.name == CORRECTED:
        raise NotAssumed("change", f"names a correction: change the entry at place {found.event.event_place} that it corrects")
    if change.field != "on" and not _is_a_day(inside(plain(found.event), change.field)):
        raise NotAssumed("change", f"names `{change.field}`, and the entry at place {change.place}, {found.name}, has no date there")


def _is_a_day(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None


def _changed(entry: Recorded, change: Change) -> Recorded:
    """The entry as assumed; a correction of that very day says so too, as it is assumed of what is known now."""
    given: dict[str, Any] = {change.field: change.to.isoformat()}
    if entry.place == change.place:
        return RecordCorrected(event_place=change.place, correction=opened(given, entry.event)).corrected(entry)
    event = entry.event
    if isinstance(event, RecordCorrected) and event.event_place == change.place and inside(event.correction, change.field) is not None:
        return replace(entry, event=filled(event, {"correction": opened(given, event.correction)}))
    return entry


# --- told


def clocks_assumed(looking: Looking, seen: Seen, under: Sequence[str], change: str | None) -> dict[str, Any]:
    """What is answered of a case as it was seen.

    Raises:
        NotAssumed.
    """
    rulebook, partnership = looking.rulebook, recall(seen.history).opening.partnership
    calendars = rulebook.calendars(as_of=seen.at)
    what = assumed(
        under, change, calendars=calendars, in_force=rulebook.editions(partnership, seen.today, as_of=seen.at),
        calendar=rulebook.calendar(as_of=seen.at),
    )  # fmt: skip
    return clocks_told(seen.history, rulebook.adoptions(as_of=seen.at), what, seen.today, calendars)


def clocks_told(
    history: Sequence[Recorded], adoptions: Sequence[Recorded], what: Assumed, today: date, calendars: Mapping[str, Calendar]
) -> dict[str, Any]:
    """The clocks as assumed, each beside the one that is recorded, marked as no evidence.

    Raises:
        NotAssumed.
    """
    known = {**SHIPPED, **calendars}
    if what.calendar is not None:
        known[what.calendar.edition] = what.calendar
    real, other = fold_clocks(history, adoptions), clocks_under(history, adoptions, what)
    return {
        "evidence": False,
        "assumed": _told(history, what),
        "items": [{**item, "evidence": False} for item in clock_items(other, today, known)],
        "beside": [*_beside(real, other, today, known)],
    }


def _told(history: Sequence[Recorded], what: Assumed) -> dict[str, Any]:
    told: dict[str, Any] = {"procedure": [name for name in (what.local, what.national) if name]}
    if what.calendar is not None:
        told["calendar"] = what.calendar.edition
    if what.change is not None:
        place, field, to = what.change
        name = next(entry.name for entry in history if entry.place == place)
        told["change"] = {"place": place, "name": name, "field": field, "to": to.isoformat()}
    return {key: value for key, value in told.items() if value}


def _beside(real: ClockState, other: ClockState, today: date, calendars: Mapping[str, Calendar]) -> Iterable[dict[str, Any]]:
    """Each clock as it stands in the record and as assumed; of one that was replaced, what replaced it."""
    stands, would = _last(real), _last(other)
    for key in [*stands, *(key for key in would if key not in stands)]:
        one = clock_item(stands[key], today, calendars) if key in stands else None
        two = clock_item(would[key], today, calendars) if key in would else None
        names = (one or two or {}).items()
        yield {
            **{name: value for name, value in names if name in ("clock", "about")},
            "recorded": one and _short(one),
            "assumed": two and _short(two),
            "differs": one is None or two is None or any(one.get(name) != two.get(name) for name in COUNTED),
            "sentence": _sentence(stands.get(key), would.get(key), one or {}, two or {}),
        }


COUNTED = ("from", "due", "done", "verdict", "late_by", "overdue_by")
SHORT = (*COUNTED, "rule", "source", "procedure", "calendar", "events")


def _last(state: ClockState) -> dict[tuple[str, str], Clock]:
    """The clock of each name and moment that stands: the live one, or the last there was."""
    last: dict[tuple[str, str], Clock] = {}
    for clock in state.clocks:
        was = last.get((clock.clock, clock.key))
        if was is None or (clock.state == "live", clock.version) >= (was.state == "live", was.version):
            last[clock.clock, clock.key] = clock
    return last


def _short(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in SHORT if name in item}


def _sentence(one: Clock | None, two: Clock | None, was: Mapping[str, Any], would: Mapping[str, Any]) -> str:
    """What differs, in words."""
    if one is None:
        due = f" It would have been due on {said(two.due)}." if two and two.due else ""
        return f"The record has no such clock.{due}"
    if two is None:
        return "There would be no such clock."
    judged = f"{_verdict(would)} instead of {_verdict(was)}" if _verdict(was) != _verdict(would) else f"{_verdict(would)} as recorded"
    if one.due == two.due:
        return f"Due on the same day; {judged}." if one.due else f"No day is set; {judged}."
    return f"Due on {_day(two)} instead of {_day(one)}; {judged}."


def _day(clock: Clock) -> str:
    return said(clock.due) if clock.due else "no day"


def _verdict(item: Mapping[str, Any]) -> str:
    days = item.get("late_by") or item.get("overdue_by")
    return f"{item['verdict']} by {days}" if days else str(item["verdict"])
