"""Looking at one case: the questions that are answered from its own history, by replay.

What you just wrote is there, and `as_of` is a slice of the history by the instant of recording, judged on London's date
of that instant. Nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from application.case_view.absences import absences
from application.case_view.allowed import allowed
from application.case_view.before_them import looks_of, with_what_reached
from application.case_view.clock_items import clock_items
from application.case_view.decisions import decisions, endorsements
from application.case_view.escalations import escalations
from application.case_view.history import history_items
from application.case_view.overview import overview
from application.case_view.replay import replay
from application.cases import Cases, NoSuchCase, WouldDo
from domain.case import recall
from domain.clocks import ClockState, fold_clocks
from domain.people import By
from domain.recorded import Recorded
from domain.working_days import london_date

Fields = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True)
class Seen:
    """A history as it was known at an instant, and the day on which it is judged. `fields`: its bodies, where they are open already."""

    stream: str
    history: Sequence[Recorded]
    at: datetime
    position: int
    fields: Fields | None = None

    @property
    def today(self) -> date:
        return london_date(self.at)

    @property
    def place(self) -> int:
        return self.history[-1].place


@dataclass(frozen=True)
class Whole:
    """All that is recorded in a stream at present; nothing, where there is no such stream."""

    stream: str
    history: Sequence[Recorded]
    present: datetime
    position: int

    def part(self, *, as_of: datetime | None = None, place: int | None = None) -> Seen:
        """As much of it as was known at `as_of` (default: now), or up to a place.

        Raises:
            NoSuchCase: when nothing was recorded by then.
            LaterThanNow: when `as_of` lies in the future.
        """
        if as_of is not None and as_of > self.present:
            raise LaterThanNow
        by_then = (recorded for recorded in self.history if as_of is None or recorded.at <= as_of)
        history = [recorded for recorded in by_then if place is None or recorded.place <= place]
        if not history:
            raise NoSuchCase(self.stream)
        at = as_of or (history[-1].at if place is not None else self.present)
        return Seen(self.stream, history, at, self.position)


class LaterThanNow(Exception):
    """`as_of` lies in the future: nobody knows yet what will have been recorded."""


class Looking:
    """The read side of one case."""

    def __init__(self, cases: Cases) -> None:
        self.cases = cases
        self.store = cases.store
        self.rulebook = cases.rulebook

    async def whole(self, stream: str, *, now: datetime | None = None) -> Whole:
        """All of a stream, also where there is nothing: asking costs the same. `now` is chosen in a rehearsal only."""
        position = await self.store.settled_position()
        present = now or await self.store.now()
        await self.rulebook.refresh()
        return Whole(stream, await self.store.history(stream, as_of=now), present, position)

    async def see(self, stream: str, *, now: datetime | None = None, as_of: datetime | None = None, place: int | None = None) -> Seen:
        """The history of a stream as known at `as_of` (default: now), or up to a place.

        Raises:
            NoSuchCase, LaterThanNow: as `Whole.part`.
        """
        return (await self.whole(stream, now=now)).part(as_of=as_of, place=place)

    async def fields(self, seen: Seen) -> Fields:
        """The body of each event, by place, with its words in the clear or "[erased]"."""
        return seen.fields if seen.fields is not None else await self.store.bodies(seen.stream, seen.history)

    async def overview(self, seen: Seen) -> dict[str, Any]:
        return overview(seen.history, await self.fields(seen), seen.today)

    async def history(self, seen: Seen, from_place: int = 1) -> list[dict[str, Any]]:
        items = history_items(seen.history, await self.fields(seen))
        return [item for item in items if item["place"] >= from_place]

    async def replay(self, seen: Seen, from_place: int = 1, upto_place: int | None = None) -> list[dict[str, Any]]:
        """The case told again, entry by entry, from one place to another: what each changed of it and of its clocks."""
        adoptions, calendars = self.rulebook.adoptions(as_of=seen.at), self.rulebook.calendars(as_of=seen.at)
        return [*replay(seen.history, await self.fields(seen), adoptions, calendars, from_place=from_place, upto_place=upto_place)]

    async def decisions(self, seen: Seen) -> list[dict[str, Any]]:
        """Each decision, and what each decider had before them."""
        looks = self.cases.looks
        places = await looks.places(seen.stream, looks_of(seen.history)) if looks else {}
        return with_what_reached(decisions(seen.history, await self.fields(seen)), seen.history, places)

    def endorsements(self, seen: Seen) -> int:
        return endorsements(seen.history)

    def clock_state(self, seen: Seen) -> ClockState:
        """The clocks of a case: a fold over its events and the calendars adopted by then, in recorded order."""
        return fold_clocks(seen.history, self.rulebook.adoptions(as_of=seen.at))

    def clocks(self, seen: Seen) -> list[dict[str, Any]]:
        return clock_items(self.clock_state(seen), seen.today, self.rulebook.calendars(as_of=seen.at))

    def clocks_started(self, would: WouldDo) -> list[dict[str, Any]]:
        """The clocks that run after what would happen and did not before."""
        after = Seen(would.stream, [*would.history, *would.imagined], would.at, 0)
        before = {
            (clock["clock"], clock.get("about"), clock.get("from"), clock.get("due"))
            for clock in self.clocks(replace(after, history=would.history))
        }
        return [
            clock for clock in self.clocks(after) if (clock["clock"], clock.get("about"), clock.get("from"), clock.get("due")) not in before
        ]

    async def escalations(self, seen: Seen) -> list[dict[str, Any]]:
        return escalations(seen.history, seen.today, self.rulebook.calendar(as_of=seen.at))

    async def absences(self, seen: Seen) -> list[dict[str, Any]]:
        return absences(seen.history, self.clocks(seen), seen.today)

    async def allowed(self, seen: Seen, by: By) -> dict[str, Any]:
        """Which commands this person may ask now; for the others the sentence that refuses them whatever their fields."""
        case = recall(seen.history)
        return allowed(case, by, await self.cases.asking(by, case.opening.partnership, at=seen.at))
