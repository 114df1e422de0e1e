"""What clocks rest on: the few events of a history that start or stop one, with corrected facts in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from domain.recorded import Editions, Recorded

NO_DAY = (date.min, 0)
"""Earlier than anything."""

FOLLOWS = {"local-review": "practice-review", "learn-from-success": "learn-from-success", "local-learning": "local-learning"}
"""The review that an outcome of a rapid review asks for; `local-review-recommended` asks for none yet (X-2)."""


def when(recorded: Recorded) -> tuple[date, int]:
    """The order of things in the world: by the day, and on one day as recorded."""
    return recorded.on, recorded.place


def told(recorded: Recorded) -> Any:
    """The event itself. Moments know events by their stored name, as the procedure files do, and not by their class."""
    return recorded.event


class Taken(NamedTuple):
    """A decision of the three partners, and the reviews it undertakes. `instead_of` is the ref of the one it replaced."""

    recorded: Recorded
    ref: str
    kind: str
    reviews: frozenset[str]
    instead_of: str | None = None


class RapidReview(NamedTuple):
    """A rapid review: what it counts from, and the event that ended it before its time, if one did."""

    key: str
    begun: Recorded
    ended: Recorded | None = None


@dataclass(frozen=True)
class Facts:
    """Events by name, each kind in the order of the world. `editions` are those the events are bound to."""

    events: Mapping[str, tuple[Recorded, ...]] = field(default_factory=dict)
    editions: tuple[Editions, ...] = ()

    def all(self, name: str, **like: Any) -> tuple[Recorded, ...]:
        """Every event of this name whose fields are so, in the order of the world."""
        found = self.events.get(name, ())
        return tuple(r for r in found if all(getattr(told(r), key) == value for key, value in like.items())) if like else found

    def first(self, name: str, since: tuple[date, int] = NO_DAY, **like: Any) -> Recorded | None:
        """The first such event that is not before `since`."""
        return next((r for r in self.all(name, **like) if when(r) >= since), None)

    def along(self, *names: str) -> list[Recorded]:
        """Events of these names together, in the order of the world."""
        return sorted((r for name in names for r in self.all(name)), key=when)

    def at_place(self, place: int) -> Recorded | None:
        return next((r for found in self.events.values() for r in found if r.place == place), None)

    def having(self, recorded: Recorded) -> Facts:
        """The facts with this event among them, in the place of an earlier reading of it if there is one."""
        others = (r for r in self.events.get(recorded.name, ()) if r.place != recorded.place)
        events = {**self.events, recorded.name: tuple(sorted((*others, recorded), key=when))}
        known = recorded.procedure in self.editions
        return Facts(events, self.editions if known else (*self.editions, recorded.procedure))

    # --- the case

    @cached_property
    def opened(self) -> Recorded | None:
        return self.first("case-opened")

    @property
    def route(self) -> str | None:
        return told(self.opened).route if self.opened else None

    @cached_property
    def incident(self) -> Any:
        """The incident as it is now known: each amendment in the order recorded."""
        known = told(self.opened).incident if self.opened else None
        for amendment in sorted(self.all("incident-amended"), key=lambda r: r.place):
            known = told(amendment).amended(known) if known else None
        return known

    @cached_property
    def children(self) -> tuple[Any, ...]:
        first = told(self.opened).children if self.opened else ()
        return (*first, *(told(added).child for added in self.all("child-added")))

    @property
    def responsible(self) -> frozenset[str]:
        """The authority in whose area the incident happened; outside England, that where a child of the case lives (X-3)."""
        if self.incident is None:
            return frozenset()
        areas = [self.incident.area] if self.incident.in_england else [child.area_of_residence for child in self.children]
        return frozenset(area.casefold() for area in areas)

    # --- decisions

    @cached_property
    def decisions(self) -> tuple[Taken, ...]:
        """Every decision, in the order recorded, those that were replaced among them."""
        names = ("threshold-decided", "rapid-review-outcome-decided", "decision-replaced")
        return tuple(_taken(r) for r in sorted((r for name in names for r in self.all(name)), key=lambda r: r.place))

    @cached_property
    def rapid_reviews(self) -> tuple[RapidReview, ...]:
        """Each rapid review, by the decision that started it; where none did, by its initiation.

        One ends before its time when it is discontinued, or when the decision it rests on is replaced by another that asks
        for none. Once the Panel was notified a replaced decision no longer ends it (X-9).
        """
        return tuple(_rapid_reviews(self))


def _taken(recorded: Recorded) -> Taken:
    event, replaces = told(recorded), recorded.name == "decision-replaced"
    kind = event.kind if replaces else "threshold" if recorded.name == "threshold-decided" else "rapid-review-outcome"
    asked_for = FOLLOWS.get(event.outcome) if kind == "rapid-review-outcome" else None
    reviews = frozenset(review for review in (asked_for, getattr(event, "then", None)) if review and review != "none")
    return Taken(recorded, event.ref, kind, reviews, event.decision if replaces else None)


def _rapid_reviews(facts: Facts) -> Iterator[RapidReview]:
    decisions = {taken.recorded.place: taken for taken in facts.decisions if taken.kind == "threshold"}
    names = ("threshold-decided", "decision-replaced", "rapid-review-initiated", "rapid-review-discontinued", "serious-incident-notified")
    current: RapidReview | None = None
    rests_on: str | None = None
    panel_notified = False
    for recorded in facts.along(*names):
        taken = decisions.get(recorded.place)
        if recorded.name == "serious-incident-notified":
            panel_notified = True
        elif recorded.name == "rapid-review-discontinued":
            if current:
                yield current._replace(ended=recorded)
            current, panel_notified = None, False
        elif recorded.name == "rapid-review-initiated":
            current, rests_on = (current, rests_on) if current else (RapidReview(f"place-{recorded.place}", recorded), None)
        elif taken and current is None and "rapid-review" in taken.reviews:
            current, rests_on = RapidReview(taken.ref, recorded), taken.ref
        elif taken and current and taken.instead_of is not None and taken.instead_of == rests_on:
            if "rapid-review" in taken.reviews or panel_notified:
                rests_on = taken.ref
            else:
                yield current._replace(ended=recorded)
                current = None
    if current:
        yield current
