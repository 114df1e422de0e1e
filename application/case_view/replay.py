"""A case told again, entry by entry: what each one changed of the case as it stood and of its clocks, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from application.case_view.history import history_items
from application.case_view.overview import overview
from application.case_view.readable import Fields, instant, present
from domain.clock import Clock, clock_item
from domain.clocks import Adopted, ClockState, calendars_adopted, step
from domain.recorded import Recorded
from domain.working_days import SHIPPED, Calendar, london_date

KEPT = ("place", "position", "name", "at", "on", "by", "sentence", "corrects", "corrected_by", "late_entry", "transcribed_by")
"""What is told of an entry here; all of it stands in the history."""

CALLED = ("ref", "partner", "digest", "code", "person", "agency", "case", "place", "name")
"""What tells one item of a list from another, the first of these that it has."""

UNTOLD = frozenset({"case", "place", "position", "stage_code"})


def replay(
    history: Sequence[Recorded], fields: Fields, adoptions: Sequence[Recorded] = (), calendars: Mapping[str, Calendar] = SHIPPED,
    *, from_place: int = 1, upto_place: int | None = None,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Each entry of a case from one place to another, and each calendar adopted between them, in the order recorded.

    Of each: what is told of it in the history, the stage the case was in afterwards, `changed` (what of the overview it changed,
    with `before` and `after`) and `clocks` (those it started, stopped, moved or cancelled), judged on the day it was recorded.
    """
    items = {item["place"]: item for item in history_items(history, fields, calendars)}
    last = upto_place or len(history) + 1
    steps: list[Recorded | Adopted] = sorted([*history, *calendars_adopted(adoptions)], key=lambda each: (each.at, each.position))
    clocks, before = ClockState(), _stood(history, from_place - 1, fields)
    place = 0
    for each in steps:
        known, clocks = clocks, step(clocks, each)
        if isinstance(each, Adopted):
            moved = _clocks_changed(known, clocks, london_date(each.at), calendars)
            if moved and from_place <= place < last:
                yield present(at=instant(each.at), sentence=_adopted(each), clocks=moved)
            continue
        if each.place > last:
            return
        place = each.place
        if place < from_place:
            continue
        after = _stood(history, place, fields)
        told = {key: items[place][key] for key in KEPT if key in items[place]}
        yield {
            **told,
            "stage": after["stage"],
            "changed": [*_changes(before, after)],
            "clocks": _clocks_changed(known, clocks, london_date(each.at), calendars),
        }
        before = after


def _stood(history: Sequence[Recorded], place: int, fields: Fields) -> dict[str, Any]:
    """The case at a glance as it stood at a place, judged on the day that was recorded."""
    then = history[:place]
    told = overview(then, fields, london_date(then[-1].at) if then else date.min) if then else {"stage": None}
    return {key: value for key, value in told.items() if key not in UNTOLD}


def _adopted(what: Adopted) -> str:
    return f"The calendar {what.calendar.edition} was adopted; what was still open was counted again (CAL-7)."


# --- what changed of the case


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """An item of a list that is new, or gone, is one change; of one that is still there, each fact that differs."""
    was, now = _facts(before), _facts(after)
    for path in [*now, *(path for path in was if path not in now)]:
        old, new = was.get(path), now.get(path)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from (
                {"what": f"{path}.{key}", **present(before=old.get(key), after=new.get(key))}
                for key in dict.fromkeys([*new, *old])
                if old.get(key) != new.get(key)
            )
        elif old != new:
            yield {"what": path, **present(before=old, after=new)}


def _facts(value: Any, path: str = "") -> dict[str, Any]:
    """Every fact with where it stands: `stage`, `parties.facilitator.role`; an item of a list is one, `holds.hold-1`."""
    if isinstance(value, Mapping):
        return {k: v for key, inner in value.items() for k, v in _facts(inner, f"{path}.{key}" if path else key).items()}
    if isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        return {f"{path}.{_called(item, n)}": item for n, item in enumerate(value)}
    if value is None or value == [] or value == ():
        return {}
    return {path: list(value) if isinstance(value, tuple) else value}


def _called(item: Any, n: int) -> str:
    words = [str(item[key]) for key in CALLED if isinstance(item, Mapping) and item.get(key) is not None]
    return " ".join(words[:2]) if words else str(n + 1)


# --- what changed of its clocks


def _clocks_changed(before: ClockState, after: ClockState, today: date, calendars: Mapping[str, Calendar]) -> list[dict[str, Any]]:
    if before is after:
        return []
    known = {clock.id: clock for clock in before.clocks}
    changed = []
    for clock in after.clocks:
        change = _change(known.get(clock.id), clock)
        if change:
            item = clock_item(clock, today, calendars)
            item.pop("arithmetic", None)
            changed.append({"change": change, "sentence": _said(change, item), **item})
    return changed


def _change(was: Clock | None, now: Clock) -> str | None:
    if was is None:
        return "started" if now.state == "live" else now.state
    if was.state != now.state:
        return now.state
    if was.done != now.done:
        return "stopped" if now.done else "opened-again"
    if (was.due, was.since) != (now.due, now.since):
        return "moved"
    return None


def _named(clock: str, about: str | None) -> str:
    return clock.replace("-", " ").capitalize() + (f" ({about})" if about else "")


def _said(change: str, item: Mapping[str, Any]) -> str:
    name = _named(item["clock"], item.get("about"))
    due = f"due {_day(item['due'])}" if item.get("due") else "with no day by which it is due"
    match change:
        case "started" if item.get("done"):
            return f"{name} counts, {due}, and was done {_day(item['done'])}: {_verdict(item)}."
        case "started":
            return f"{name} begins to count, {due}; owed by {item['owed_by'].replace('-', ' ')}."
        case "stopped":
            return f"{name} was done {_day(item['done'])}, {due}: {_verdict(item)}."
        case "opened-again":
            return f"{name} is open again, {due}."
        case "moved":
            return f"{name} was counted again: {due}."
        case _:
            return f"{name} is {change}" + (f": {item['why']}" if item.get("why") else ".")


def _verdict(item: Mapping[str, Any]) -> str:
    days = item.get("late_by")
    return f"{item['verdict'].replace('-', ' ')} by {days}" if days else str(item["verdict"]).replace("-", " ")


def _day(iso: str) -> str:
    on = date.fromisoformat(iso)
    return f"{on:%A} {on.day} {on:%B %Y}"
