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
from application.cases import Cases, WouldDo
from domain.case import recall
from domain.clocks import ClockState, fold_clocks
from domain.people import By
from domain.recorded import Recorded
from domain.working_days import london_date


@dataclass(frozen=True)
class Seen:
    """A history as it was known at an instant, and the day on which it is judged."""

    stream: str
    history: Sequence[Recorded]
    at: datetime
    position: int

    @property
    def today(self) -> date:
        return london_date(self.at)

    @property
    def place(self) -> int:
        return self.history[-1].place


class LaterThanNow(Exception):
    """`as_of` lies in the future: nobody knows yet what will have been recorded."""


class Looking:
    """The read side of one case."""

    def __init__(self, cases: Cases) -> None:
        self.cases = cases
        self.store = cases.store
        self.rulebook = cases.rulebook

    async def see(self, stream: str, *, now: datetime | None = None, as_of: datetime | None = None, place: int | None = None) -> Seen:
        """The history of a stream as known at `as_of` (default: now), or up to a place.

        Raises:
            NoSuchCase: when nothing was recorded by then.
            LaterThanNow: when `as_of` lies in the future.
        """
        position = await self.store.settled_position()
        present = now or await self.store.now()
        if as_of is not None and as_of > present:
            raise LaterThanNow
        history = await self.cases.history(stream, as_of=as_of or (now if now else None), upto_place=place)
        await self.rulebook.refresh()
        at = as_of or (history[-1].at if place is not None else present)
        return Seen(stream, history, at, position)

    async def fields(self, seen: Seen) -> Mapping[int, Mapping[str, Any]]:
        """The body of each event, by place, with its words in the clear or "[erased]"."""
        return await self.store.bodies(seen.stream, seen.history)

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
