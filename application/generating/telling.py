"""One case being told. Each command is judged on the case as it stands, as the door judges it; what follows is remembered and sealed.

Nothing here waits for a database: the case, its history and its chain are held in memory until all of it is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

from application.cases import Asked, Prepared
from application.generating.people import holder, new_person
from application.generating.plan import Plan
from application.generating.sealing import Deed, Sealing
from application.generating.words import said
from application.rulebook import Rulebook
from application.tracker import MATTERS
from domain.asking import Asking
from domain.candidate import Candidate
from domain.case import Case, recall, remember
from domain.language import CaseEvent, Command, Refused
from domain.people import By, PersonId
from domain.recorded import Recorded
from domain.roles import asked_by
from domain.working_days import LONDON, london_date


class Enough(Exception):
    """The days of the plan are over: the case is left as it stands."""


class Unaccepted(Exception):
    """A command of an invented history was refused. The histories are at fault, or a rule has changed and they have not."""


@dataclass
class Told:
    """All that is to be recorded of a case: its deeds in order, and the keys and persons that come with them."""

    stream: str
    deeds: list[Deed] = field(default_factory=list)
    keys: list[tuple[str, bytes]] = field(default_factory=list)
    persons: list[PersonId] = field(default_factory=list)

    @property
    def events(self) -> int:
        return sum(len(deed.entry.names) for deed in self.deeds)


class Telling:
    """A case as far as it has been told, and the instant that the telling has come to."""

    def __init__(
        self, plan: Plan, rules: Rulebook, sealing: Sealing, chance: Random, *, stream: str, partnership: str, at: datetime,
        elsewhere: Mapping[str, Case | Candidate] | None = None,
    ) -> None:  # fmt: skip
        self.chance = chance
        self.stream = stream
        self.partnership = partnership
        self.case = Case()
        self.history: list[Recorded] = []
        self.at = at
        self.told = Told(stream)
        self.elsewhere = dict(elsewhere or {})
        self._until = plan.until
        self._rules = rules
        self._sealing = sealing.of_case(chance, self.told)
        self.wait(0)

    # --- who and what

    def by(self, post: str) -> By:
        """Whoever holds this post in the partnership of the case."""
        return holder(post, self.partnership)

    def person(self) -> PersonId:
        """Somebody who belongs to this case."""
        made = new_person(self.chance)
        self.told.persons.append(made)
        return made

    def says(self, sentences: int = 2) -> str:
        return said(self.chance, sentences)

    def text(self) -> str:
        """The digest of some document."""
        return sha256(self.chance.randbytes(16)).hexdigest()

    def may(self, share: float) -> bool:
        """Whether something happens that happens in so many of a hundred."""
        return self.chance.random() * 100 < share

    def between(self, least: int, most: int) -> int:
        return self.chance.randint(least, most)

    # --- time

    @property
    def today(self) -> date:
        return london_date(self.at)

    def soon(self) -> None:
        """Some minutes later; after hours, on the next working day."""
        self.at += timedelta(seconds=self.chance.randint(40, 1500), microseconds=self.chance.randrange(1_000_000))
        if self.at.astimezone(LONDON).hour >= 18:
            self.wait(1)

    def wait(self, days: int) -> None:
        """So many working days later, in the course of the day; none: on this day, or the first working day after it."""
        calendar = self._rules.calendar(as_of=self.at)
        day = self.today
        while not calendar.is_working_day(day):
            day += timedelta(days=1)
        if days or day != self.today:
            day = calendar.add(day, days) if days else day
            self.at = datetime(
                day.year, day.month, day.day, 8, self.chance.randrange(60), self.chance.randrange(60), tzinfo=LONDON
            ).astimezone(UTC)
            self.at += timedelta(minutes=self.chance.randrange(420), microseconds=self.chance.randrange(1_000_000))

    def ago(self, days: int) -> date:
        """A day so many days back, not before the days that are told of."""
        return self.today - timedelta(days=days)

    # --- asking

    def ask(self, by: By | str, command: Command) -> tuple[CaseEvent, ...]:
        """Ask, and remember what follows.

        Raises:
            Enough: the days of the plan are over.
            Unaccepted: it was refused.
        """
        if self.at > self._until:
            raise Enough
        try:
            prepared = self._prepared(command, self.by(by) if isinstance(by, str) else by)
            events = prepared.judged()
        except Refused as refused:
            raise Unaccepted(f"{self.stream}, after place {len(self.history)}, {command.name}: {refused.sentence}") from None
        self._record(prepared, events)
        self.soon()
        return events

    def _prepared(self, command: Command, by: By) -> Prepared:
        by = asked_by(command, by, self.case)
        on, rules = command.on or self.today, self._rules
        if on > self.today:
            raise Refused(f"The day {on} lies in the future (CAL-2).")
        elsewhere = {name: self.elsewhere[name] for name in self._named(command) if name in self.elsewhere}
        asking = Asking(
            by=by, at=self.at, today=self.today, on=on, procedure=rules.procedure(self.partnership, on, as_of=self.at),
            calendar=rules.calendar(as_of=self.at), codes=rules.codes, elsewhere=elsewhere, history=self.history,
        )  # fmt: skip
        editions = rules.editions(self.partnership, on, as_of=self.at)
        return Prepared(self.stream, self.history, self.case, command, asking, editions, (), self.partnership)

    def _named(self, command: Command) -> Sequence[str]:
        candidate = self.case.opening.candidate
        return [*command.refers_to(), *([f"candidate/{candidate}"] if candidate else [])]

    def _record(self, prepared: Prepared, events: tuple[CaseEvent, ...]) -> None:
        seen = len(self.history) if self.history and self.may(40) else None
        command = str(UUID(int=self.chance.getrandbits(128), version=4))
        save = prepared.save(events, Asked(command, "", seen=seen, at=self.at))
        entry, recorded = self._sealing.sealed(save, self.history[-1].hash if self.history else b"")
        corrected = False
        for one in recorded:
            self.history.append(one)
            corrected = corrected or one.name == "record-corrected"
            self.case = remember(self.case, one)
        if corrected:
            self.case = recall(self.history)
        self.told.deeds.append(Deed(self.at, entry, tuple(one for one in recorded if one.name in MATTERS)))

    def asking_now(self) -> Any:
        """The procedure in force now: what it asks for is given."""
        return self._rules.procedure(self.partnership, self.today, as_of=self.at)
