"""What clocks rest on: the few events of a history that start or stop one, with corrected facts in their place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, TypeVar

from domain.recorded import Editions, Recorded

T = TypeVar("T")

NO_DAY = (date.min, 0)
"""Earlier than anything."""

FOLLOWS = {"local-review": "practice-review", "learn-from-success": "learn-from-success", "local-learning": "local-learning"}
"""The review that an outcome of a rapid review asks for; `local-review-recommended` asks for none yet (X-2)."""


def when(recorded: Recorded) -> tuple[date, int]:
    """The order of things in the world: by the day, and on one day as recorded."""
    header = recorded.header
    return header.on, header.place


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


CASE = ("case-opened",)
INCIDENT = (*CASE, "incident-amended")
DECIDED = ("threshold-decided", "rapid-review-outcome-decided", "decision-replaced")
REVIEWING = ("rapid-review-initiated", "rapid-review-discontinued", "serious-incident-notified")


@dataclass(frozen=True)
class Facts:
    """Events by name, each kind in the order of the world. `editions` are those the events are bound to."""

    events: Mapping[str, tuple[Recorded, ...]] = field(default_factory=dict)
    editions: tuple[Editions, ...] = ()
    _known: dict[object, tuple[Collection[str], Any]] = field(default_factory=dict, compare=False, repr=False)

    def known(self, what: object, reads: Collection[str], found: Callable[[], T]) -> T:
        """What follows from the events of these names: found once, and kept until there is another of them."""
        kept = self._known.get(what)
        if kept is None:
            kept = self._known[what] = reads, found()
        return kept[1]

    def all(self, name: str, **like: Any) -> tuple[Recorded, ...]:
        """Every event of this name whose fields are so, in the order of the world."""
        found = self.events.get(name, ())
        if not found or not like:
            return found
        keys = tuple(like)
        return self.known((name, keys), (name,), lambda: _sorted_by(keys, found)).get(tuple(like.values()), ())

    def first(self, name: str, since: tuple[date, int] = NO_DAY, **like: Any) -> Recorded | None:
        """The first such event that is not before `since`."""
        found = self.events.get(name)
        if found and like:
            found = self.all(name, **like)
        for recorded in found or ():
            header = recorded.header
            if (header.on, header.place) >= since:
                return recorded
        return None

    def along(self, *names: str) -> list[Recorded]:
        """Events of these names together, in the order of the world."""
        return sorted((r for name in names for r in self.all(name)), key=when)

    def at_place(self, place: int) -> Recorded | None:
        return next((r for found in self.events.values() for r in found if r.place == place), None)

    def having(self, recorded: Recorded) -> Facts:
        """The facts with this event among them, in the place of an earlier reading of it if there is one."""
        name = recorded.name
        others = (r for r in self.events.get(name, ()) if r.place != recorded.place)
        events = {**self.events, name: tuple(sorted((*others, recorded), key=when))}
        bound = self.editions if recorded.procedure in self.editions else (*self.editions, recorded.procedure)
        return Facts(events, bound, {what: kept for what, kept in self._known.items() if name not in kept[0]})

    # --- the case

    @property
    def opened(self) -> Recorded | None:
        return self.first("case-opened")

    @property
    def route(self) -> str | None:
        return told(self.opened).route if self.opened else None

    @property
    def incident(self) -> Any:
        """The incident as it is now known: each amendment in the order recorded."""
        return self.known("incident", INCIDENT, self._incident)

    def _incident(self) -> Any:
        known = told(self.opened).incident if self.opened else None
        for amendment in sorted(self.all("incident-amended"), key=lambda r: r.place):
            known = told(amendment).amended(known) if known else None
        return known

    @property
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

    @property
    def decisions(self) -> tuple[Taken, ...]:
        """Every decision, in the order recorded, those that were replaced among them."""
        return self.known(
            "decisions", DECIDED, lambda: tuple(_taken(r) for r in sorted((r for name in DECIDED for r in self.all(name)), key=_place))
        )

    @property
    def rapid_reviews(self) -> tuple[RapidReview, ...]:
        """Each rapid review, by the decision that started it; where none did, by its initiation.

        One ends before its time when it is discontinued, or when the decision it rests on is replaced by another that asks
        for none. Once the Panel was notified a replaced decision no longer ends it (X-9).
        """
        return self.known("rapid reviews", (*DECIDED, *REVIEWING), lambda: tuple(_rapid_reviews(self)))


def _sorted_by(keys: tuple[str, ...], events: tuple[Recorded, ...]) -> dict[tuple[Any, ...], tuple[Recorded, ...]]:
    """These events by the values of some of their fields."""
    found: dict[tuple[Any, ...], tuple[Recorded, ...]] = {}
    for recorded in events:
        values = tuple([getattr(recorded.event, key) for key in keys])
        found[values] = (*found.get(values, ()), recorded)
    return found


def _place(recorded: Recorded) -> int:
    return recorded.place


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
