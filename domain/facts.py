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

ASKS_FOR = {"serious": "rapid-review", "learn-from-success": "learn-from-success", "local-learning": "local-learning"}
"""The review that a question asks for where it is met and nothing else is said to follow."""


def when(recorded: Recorded) -> tuple[date, int]:
    """The order of things in the world: by the day, and on one day as recorded."""
    return recorded.on, recorded.place


class Taken(NamedTuple):
    """A decision of the three partners, and the reviews it undertakes. `instead_of` is the ref of the one it replaced."""

    recorded: Recorded
    ref: str
    kind: str
    question: str | None
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
        return tuple(r for r in found if all(getattr(r.event, key) == value for key, value in like.items())) if like else found

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
        return self.opened.event.route if self.opened else None

    @cached_property
    def incident(self) -> Any:
        """The incident as it is now known: each amendment in the order recorded."""
        known = self.opened.event.incident if self.opened else None
        for amendment in sorted(self.all("incident-amended"), key=lambda r: r.place):
            known = amendment.event.amended(known) if known else None
        return known

    @cached_property
    def children(self) -> tuple[Any, ...]:
        first = self.opened.event.children if self.opened else ()
        return (*first, *(added.event.child for added in self.all("child-added")))

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
        by_ref: dict[str, Taken] = {}
        events = (*self.all("threshold-decided"), *self.all("rapid-review-outcome-decided"), *self.all("decision-replaced"))
        for recorded in sorted(events, key=lambda r: r.place):
            taken = _taken(recorded, by_ref)
            by_ref[taken.ref] = taken
        return tuple(by_ref.values())

    @property
    def standing(self) -> tuple[Taken, ...]:
        """The decisions that no other has replaced."""
        replaced = {taken.instead_of for taken in self.decisions}
        return tuple(taken for taken in self.decisions if taken.ref not in replaced)

    @cached_property
    def rapid_reviews(self) -> tuple[RapidReview, ...]:
        """Each rapid review, by the decision that started it; where none did, by its initiation.

        One ends before its time when it is discontinued, or when the decision it rests on is replaced by another that asks
        for none. Once the Panel was notified a replaced decision no longer ends it (X-9).
        """
        return tuple(_rapid_reviews(self))


def _taken(recorded: Recorded, before: Mapping[str, Taken]) -> Taken:
    event: Any = recorded.event
    if recorded.name == "decision-replaced":
        old = before.get(event.decision)
        kind, question = (old.kind, old.question) if old else ("threshold", None)
        return Taken(recorded, event.ref, kind, question, _undertaken(event, kind, question), event.decision)
    kind, question = ("threshold", event.threshold) if recorded.name == "threshold-decided" else ("rapid-review-outcome", None)
    return Taken(recorded, event.ref, kind, question, _undertaken(event, kind, question))


def _undertaken(event: Any, kind: str, question: str | None) -> frozenset[str]:
    """The reviews that follow: what is said to follow, or what the question or the outcome asks for."""
    then = getattr(event, "then", None)
    of_itself = FOLLOWS.get(event.outcome) if kind == "rapid-review-outcome" else None
    if then is None and event.outcome == "met" and question:
        then = ASKS_FOR.get(question)
    return frozenset(review for review in (then, of_itself) if review and review != "none")


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
