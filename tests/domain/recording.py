"""Histories for tests of clocks: what happened on which day, and what the clocks then show, each in one line.

history = told(day("2023-10-26", opened(), aware()), day("2023-11-01", notified("child-1")))
assert shown(history, "2023-11-20", "serious-incident-notification") == ["from 2023-10-26 due 2023-11-02 done 2023-11-01: on-time"]
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from msgspec import structs

import domain.stages
from domain.adoption import CalendarEditionAdopted
from domain.clocks import Clock, ClockState, calendars_adopted, clock_item, fold_clocks
from domain.corrections import RecordCorrected
from domain.guidance import EDITIONS
from domain.initiation import RapidReviewInitiated
from domain.language import EVENTS, CaseEvent, replace
from domain.people import PARTNERS, By
from domain.procedure import editions_in_force
from domain.recorded import Header, Recorded
from domain.stages.opening import CaseOpened, Child, ChildAdded, Incident, IncidentAmended
from domain.working_days import NEWEST, SHIPPED

BY = By(person=f"person-{0:032x}", role="business-manager", partnership="bolton")
for chapter in pkgutil.iter_modules(domain.stages.__path__, "domain.stages."):
    importlib.import_module(chapter.name)  # so that every event is known by its name
INCIDENT = Incident(happened_on=date(2023, 10, 25), area="bolton", in_england=True, harm="seriously-harmed", abuse_or_neglect="suspected")


@dataclass(frozen=True)
class Adopted:
    edition: str
    in_force_from: date


ADOPTED = [Adopted(edition.edition, edition.in_force_from or date(2018, 6, 29)) for edition in EDITIONS.values()]


@dataclass(frozen=True)
class Entry:
    """What one asking recorded: events of a day, recorded that day or, said so, later."""

    on: date
    events: tuple[CaseEvent, ...]
    recorded: date


def day(on: str, *events: CaseEvent, recorded: str | None = None) -> Entry:
    return Entry(date.fromisoformat(on), events, date.fromisoformat(recorded or on))


def told(*entries: Entry) -> tuple[Recorded, ...]:
    """The history, in this order; nothing is recorded before what stands before it."""
    first = entries[0].events[0]
    partnership = first.partnership if isinstance(first, CaseOpened) else "bolton"
    history: list[Recorded] = []
    at = datetime.min.replace(tzinfo=UTC)
    for n, entry in enumerate(entries):
        at = max(datetime.combine(entry.recorded, time(12), UTC), at + timedelta(microseconds=1))
        for event in entry.events:
            header = Header(
                v=1,
                stream="case/one",
                place=len(history) + 1,
                name=type(event).stored_name(),
                schema=1,
                on=entry.on,
                by=BY,
                procedure=editions_in_force(ADOPTED, partnership, entry.on),
                calendar=NEWEST.edition,
                command=f"command-{n}",
                at=at,
            )
            history.append(Recorded(header=header, event=event, position=len(history) + 1))
    return tuple(history)


def adoption(edition: str, *holidays: date, recorded: str) -> Recorded:
    """A calendar adopted in the store; without dates, the one shipped under this name."""
    event = CalendarEditionAdopted(edition=edition, source="a test", holidays=holidays or tuple(SHIPPED[edition].holidays))
    at = datetime.combine(date.fromisoformat(recorded), time(9), UTC)
    header = Header(
        v=1, stream="calendar/england", place=1, name="calendar-edition-adopted", schema=1, on=at.date(), by=BY,
        procedure=editions_in_force(ADOPTED, "england", at.date()), calendar=edition, command="adopt", at=at,
    )  # fmt: skip
    return Recorded(header=header, event=event)


# --- events, in few words


def opened(
    *children: Child, route: Any = "organisation", partnership: Any = "bolton", concern: Any = "serious-incident", **incident: Any
) -> CaseOpened:
    """A case of these children, or of one who was seriously harmed; what is said of the incident changes the usual one."""
    known = replace(INCIDENT, area=incident.pop("area", partnership), **incident)
    who = children or (child("child-1", known.harm),)
    return CaseOpened(partnership=partnership, label="Child A", route=route, concern=concern, incident=known, children=who)


def child(ref: str, harm: Any = "seriously-harmed", area: str = "bolton", **more: Any) -> Child:
    return Child(ref=ref, person=f"person-{ref}", area_of_residence=area, age_band=more.pop("age_band", "1-4"), harm=harm, **more)


def event(name: str, **fields: Any) -> CaseEvent:
    """An event by its stored name; words nobody asks about are filled in."""
    cls = EVENTS[name]
    required = {field.name for field in _fields(cls) if field.required}
    return cls(**{**{field: _filler(field) for field in required}, **fields})


def _fields(cls: type) -> Any:
    return structs.fields(cls)


def _filler(field: str) -> Any:
    lists = {"recipients": (), "attendees": (), "facts": (), "criteria": (), "commissioners": (), "owners": ()}
    return lists.get(field, True if field in ("reviewer_named", "family_told", "panel_informed") else "words")


def aware(authority: str = "bolton") -> CaseEvent:
    return event("local-authority-became-aware", authority=authority)


def notified(*children: str) -> CaseEvent:
    return event("serious-incident-notified", portal_reference="SIN", children=children)


def shared(*partners: str) -> tuple[CaseEvent, ...]:
    return tuple(event("notification-shared", partner=partner, channel="secure-email") for partner in partners or PARTNERS)


def decided(
    ref: str = "threshold-1", outcome: str = "met", then: str = "rapid-review", threshold: str = "serious"
) -> tuple[CaseEvent, ...]:
    """The threshold decided; where a rapid review follows, it begins."""
    decision = event("threshold-decided", ref=ref, threshold=threshold, outcome=outcome, then=then)
    return (decision, RapidReviewInitiated(decision=ref)) if then == "rapid-review" else (decision,)


def outcome(what: str, ref: str = "outcome-1") -> CaseEvent:
    return event("rapid-review-outcome-decided", ref=ref, outcome=what)


def replaced(decision: str, outcome: str, ref: str, then: str = "none") -> CaseEvent:
    kind, question = ("threshold", "serious") if decision.startswith("threshold") else ("rapid-review-outcome", "local-review")
    return event(
        "decision-replaced", decision=decision, outcome=outcome, ref=ref, then=then, kind=kind, question=question, trigger="new-information"
    )


def corrected(place: int, **fields: Any) -> CaseEvent:
    return RecordCorrected(event_place=place, correction=fields)


def amended(**fields: Any) -> CaseEvent:
    return IncidentAmended(**fields)


def added(who: Child) -> CaseEvent:
    return ChildAdded(child=who)


# --- what the clocks show


def state(history: Iterable[Recorded], *adoptions: Recorded) -> ClockState:
    return fold_clocks(history, adoptions)


def items(history: Iterable[Recorded], today: str, *adoptions: Recorded) -> list[dict[str, Any]]:
    calendars = {adopted.calendar.edition: adopted.calendar for adopted in calendars_adopted(adoptions)}
    return [clock_item(clock, date.fromisoformat(today), calendars) for clock in state(history, *adoptions).clocks]


def shown(history: Iterable[Recorded], today: str, clock: str, *adoptions: Recorded) -> list[str]:
    """Each clock of this name as of a day: `gp-practice due 2026-04-02 done 2026-04-08: late by 2`."""
    return [line(item) for item in items(history, today, *adoptions) if item["clock"] == clock]


def line(item: dict[str, Any]) -> str:
    about = [item["about"]] if "about" in item else []
    days = [f"{word} {item[word]}" for word in ("from", "due", "done") if word in item]
    by = item.get("late_by", item.get("overdue_by"))
    return " ".join([*about, *days]) + f": {item['verdict']}" + (f" by {by}" if by is not None else "")


def names(history: Iterable[Recorded]) -> set[str]:
    """The names of all clocks of the case."""
    return {clock.clock for clock in state(history).clocks}


def bare(clocks: Iterable[Clock]) -> list[tuple[Any, ...]]:
    """Clocks without what depends on the order of recording: places, and keys made of them."""
    return sorted(
        (c.clock, c.about or "", c.since or date.min, c.due or date.min, c.done or date.min, c.state, c.procedure, c.calendar)
        for c in clocks
    )
