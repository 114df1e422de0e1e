"""Which procedures and calendars this store has adopted: the rules a decision is taken under, and those known at a past instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from application.store.store import Store
from domain.adoption import CalendarEditionAdopted, ProcedureEditionAdopted
from domain.guidance import EDITIONS
from domain.procedure import Procedure, editions_in_force, procedure_of
from domain.recorded import Editions, Recorded
from domain.themes import CodeSet, newest
from domain.working_days import NEWEST, SHIPPED, Calendar, adopted

FRESH = 1.0
"""Seconds for which what another process adopted may not be known here yet; this process knows its own adoptions at once."""


MOST_ASKED = 5000
"""Days and partnerships whose editions are kept in memory."""


BEFORE_ANY = [
    ProcedureEditionAdopted(edition=edition.edition, digest=edition.digest, in_force_from=edition.in_force_from)
    for edition in EDITIONS.values()
    if edition.national and edition.in_force_from
]
"""What the very first entries of a store, its adoptions, are made under."""


class Rulebook:
    """The adoptions of a store, in recorded order, kept in memory. `clock` gives seconds that only ever grow."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._adoptions: tuple[Recorded, ...] = ()
        self._instants: list[datetime] = []
        self._calendars: dict[int, Mapping[str, Calendar]] = {}
        self._editions: dict[tuple[int, str, date], Editions] = {}
        self._asked_at = float("-inf")

    @property
    def codes(self) -> CodeSet:
        """The code set that themes are assigned from."""
        return newest()

    def over(self, store: Store) -> Rulebook:
        """The same rules over another store: what is adopted there is not known here."""
        other = Rulebook(store, self._clock)
        other._keep(self._adoptions)
        return other

    async def refresh(self, *, now: bool = False) -> None:
        """Learn what was adopted elsewhere, at most once a second unless it must be `now`."""
        if not now and self._clock() - self._asked_at < FRESH:
            return
        self._asked_at = self._clock()
        found: list[Recorded] = []
        for stream in [*await self._store.streams("calendar/"), *await self._store.streams("procedure/")]:
            found += await self._store.history(stream)
        self._keep(found)

    def heed(self, recorded: Iterable[Recorded]) -> None:
        """Take in what was just recorded, if it is an adoption."""
        fresh = [r for r in recorded if isinstance(r.event, CalendarEditionAdopted | ProcedureEditionAdopted)]
        if fresh:
            known = {r.position for r in self._adoptions}
            self._keep([*self._adoptions, *(r for r in fresh if r.position not in known)])

    def _keep(self, adoptions: Iterable[Recorded]) -> None:
        self._adoptions = tuple(sorted(adoptions, key=lambda r: r.position))
        self._instants = [r.at for r in self._adoptions]
        self._calendars, self._editions = {}, {}

    # --- what is in force

    def adoptions(self, as_of: datetime | None = None) -> tuple[Recorded, ...]:
        """Every adoption of a calendar or a procedure recorded by then, in recorded order."""
        return self._adoptions[: self._known_by(as_of)]

    def _known_by(self, as_of: datetime | None) -> int:
        """How many adoptions were recorded by then: what they come to is worked out once for each number."""
        return len(self._instants) if as_of is None else bisect_right(self._instants, as_of)

    def calendars(self, as_of: datetime | None = None) -> Mapping[str, Calendar]:
        """The editions of the calendar adopted by then, oldest first."""
        known = self._known_by(as_of)
        if known not in self._calendars:
            self._calendars[known] = self._calendars_adopted(as_of)
        return self._calendars[known]

    def _calendars_adopted(self, as_of: datetime | None) -> Mapping[str, Calendar]:
        calendars: dict[str, Calendar] = {}
        before: Calendar | None = None
        for recorded in self.adoptions(as_of):
            if isinstance(event := recorded.event, CalendarEditionAdopted):
                before = calendars[event.edition] = calendar_adopted(event, before)
        return calendars

    def calendar(self, as_of: datetime | None = None) -> Calendar:
        """The edition of the calendar in force then."""
        return [NEWEST, *self.calendars(as_of).values()][-1]

    def editions(self, partnership: str, on: date, as_of: datetime | None = None) -> Editions:
        """The two editions that govern a deed of this day."""
        asked = self._known_by(as_of), partnership, on
        if asked not in self._editions:
            if len(self._editions) > MOST_ASKED:
                self._editions.clear()
            self._editions[asked] = editions_in_force(self._procedures(as_of) or BEFORE_ANY, partnership, on)
        return self._editions[asked]

    def procedure(self, partnership: str, on: date, as_of: datetime | None = None) -> Procedure:
        """What a case answers to on this day."""
        return procedure_of(self.editions(partnership, on, as_of))

    def _procedures(self, as_of: datetime | None = None) -> list[ProcedureEditionAdopted]:
        return [r.event for r in self.adoptions(as_of) if isinstance(r.event, ProcedureEditionAdopted)]

    # --- rules as data

    def editions_listed(self) -> list[dict[str, Any]]:
        """The editions shipped: title, whose, and since when in force here."""
        in_force = {event.edition: event.in_force_from for event in self._procedures()}
        return [
            {
                "edition": edition.edition,
                "title": edition.title,
                "partnership": edition.partnership,
                "in_force_from": in_force[name].isoformat() if name in in_force else None,
                "digest": edition.digest,
            }
            for name, edition in EDITIONS.items()
        ]

    def calendars_listed(self) -> list[dict[str, Any]]:
        """The editions of the calendar adopted here, each with its bank holidays."""
        return [
            {
                "edition": calendar.edition,
                "source": calendar.source,
                "holidays": [{"date": day.isoformat(), "name": name} for day, name in sorted(calendar.holidays.items())],
            }
            for calendar in self.calendars().values()
        ]


def calendar_adopted(event: CalendarEditionAdopted, before: Calendar | None) -> Calendar:
    """The calendar once this edition is adopted; one that comes with the software keeps the years it covers and its source."""
    shipped = SHIPPED.get(event.edition)
    if shipped and tuple(sorted(shipped.holidays)) == event.holidays:
        return shipped
    return adopted(event.edition, f"adopted here as {event.edition}", event.holidays, before)
