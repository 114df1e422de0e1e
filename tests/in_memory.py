"""The service over a store in memory: the same door, the same bytes and seals, no database and no waiting.

    world = InMemory.set_up()
    world.run(world.cases.do(command, by, at=at))

What is recorded goes through `application/store/mapper.py` and is chained as in PostgreSQL; only the tables are lists.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple, TypeVar, cast
from unittest import mock
from uuid import UUID

from application import people
from application.access import Looks, Wanted
from application.adopting import adopt_shipped
from application.cases import Cases
from application.looking import Looking
from application.people import Person, Register
from application.rulebook import Rulebook
from application.store import mapper
from application.store.chain import ORIGIN, link
from application.store.committer import Committer
from application.store.keys import KEY_BYTES, KeyDestroyed, Keys
from application.store.noting import Noted
from application.store.recorder import Entry, Outcome
from application.store.store import Appended, Settled, Store, folded
from application.tracker import Themes
from application.world import InProcess
from domain.people import By, PersonId
from domain.recorded import Recorded
from domain.working_days import NEWEST

T = TypeVar("T")

BEGINNING = datetime(2018, 6, 29, tzinfo=UTC)
"""When such a store adopts its procedures and calendar: before anything that a story tells."""


class Row(NamedTuple):
    """One event as it is stored."""

    position: int
    stream: str
    at: datetime
    header: bytes
    body: bytes
    hash: bytes


class First(NamedTuple):
    """What a command led to when it was first asked."""

    request: str | None
    stream: str
    first: int
    last: int
    position: int


class MemoryKeys(Keys):
    """Keys in a dictionary, None where one was destroyed."""

    def __init__(self) -> None:
        self.held: dict[str, bytes | None] = {}

    async def get(self, ids: Iterable[str]) -> dict[str, bytes | None]:
        return {id_: self.held.get(id_) for id_ in ids}

    async def of_persons(self, persons: Iterable[str]) -> dict[str, bytes]:
        for person in (persons := dict.fromkeys(persons)):
            if self.held.setdefault(person, secrets.token_bytes(KEY_BYTES)) is None:
                raise KeyDestroyed(person)
        return {person: cast(bytes, self.held[person]) for person in persons}

    async def take(self, n: int) -> Sequence[tuple[str, bytes]]:
        fresh = [(f"text-{len(self.held) + i}", secrets.token_bytes(KEY_BYTES)) for i in range(n)]
        self.held.update(fresh)
        return fresh

    async def destroy(self, key: str) -> bool:
        there = self.held.get(key) is not None
        self.held[key] = None
        return there


class MemoryStore(Store, Committer):
    """The log as a list; what the database would do on appending is done here (`migrations/record/0002_append.sql`)."""

    keys: MemoryKeys

    def __init__(self, keys: MemoryKeys, rows: Sequence[Row] = (), commands: Mapping[str, First] | None = None) -> None:
        self.keys = keys
        self._committer = self
        self.rows: list[Row] = []
        self.by_stream: dict[str, list[Row]] = {}
        self.commands = dict(commands or {})
        self.labels: set[tuple[str | None, str]] = set()
        for row in rows:
            self._add(row)

    def _add(self, row: Row) -> None:
        self.rows.append(row)
        self.by_stream.setdefault(row.stream, []).append(row)

    def upto(self, position: int) -> MemoryStore:
        """The store as it stood at this position, to go on from there."""
        commands = {command: first for command, first in self.commands.items() if first.position <= position}
        other = MemoryStore(self.keys, [row for row in self.rows if row.position <= position], commands)
        other.labels = set(self.labels)
        return other

    # --- in

    async def save(self, entry: Entry) -> tuple[Outcome, bool]:
        before = self.by_stream.get(entry.stream, [])
        command = str(UUID(entry.command))
        last_at = self.rows[-1].at if self.rows else BEGINNING
        if command in self.commands:
            return Outcome("asked", len(before)), False
        if entry.expected_place != len(before):
            return Outcome("moved", len(before)), False
        if entry.label is not None and (entry.partnership, entry.label) in self.labels:
            return Outcome("label", len(before)), False
        if entry.chosen is not None and entry.chosen < last_at:
            return Outcome("early", len(before), last_at), False
        at = entry.chosen or max(datetime.now(UTC), last_at + timedelta(microseconds=1))
        tail = f'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"}}'.encode()
        previous, added = before[-1].hash if before else ORIGIN, []
        for header, body in zip(entry.headers, entry.bodies, strict=True):
            previous = link(previous, header + tail, body)
            added.append(Row(len(self.rows) + 1, entry.stream, at, header + tail, body, previous))
            self._add(added[-1])
        place, position = entry.expected_place + len(added), added[-1].position
        self.commands[command] = First(entry.request, entry.stream, entry.expected_place + 1, place, position)
        if entry.label is not None:
            self.labels.add((entry.partnership, entry.label))
        return Outcome("recorded", place, at, [row.position for row in added], [row.hash for row in added]), False

    async def first_answer(self, command: str) -> Appended | None:
        first = self.commands.get(command)
        if first is None:
            return None
        then = await self.history(first.stream, after_place=first.first - 1, upto_place=first.last)
        return Appended(first.stream, first.position, first.last, then[-1].at, tuple(then), first.request)

    # --- out

    async def _rows(self, stream: str, after: int, upto: int | None, as_of: datetime | None) -> list[tuple[int, bytes, bytes, bytes]]:
        found = self.by_stream.get(stream, [])[after:upto]
        return [(row.position, row.header, row.body, row.hash) for row in found if as_of is None or row.at <= as_of]

    async def page(self, after: int, limit: int, upto: int | None = None) -> list[Recorded]:
        found = self.rows[after:upto][:limit]
        return [mapper.recorded(row.position, row.header, row.body, row.hash) for row in found]

    async def behind(self, places: Mapping[str, int], names: Collection[str]) -> dict[str, tuple[int, list[Recorded]]]:
        found = {stream: (await self._place(stream), await self.history(stream, after_place=place)) for stream, place in places.items()}
        moved = {stream: more for stream, more in found.items() if more[0] > places[stream]}
        return {stream: (place, [recorded for recorded in events if recorded.name in names]) for stream, (place, events) in moved.items()}

    async def entries(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], Recorded]:
        found = [recorded for stream, place in places for recorded in await self.history(stream, after_place=place - 1, upto_place=place)]
        return {(recorded.stream, recorded.place): recorded for recorded in found}

    async def histories(self, streams: Sequence[str]) -> dict[str, list[Recorded]]:
        return {stream: await self.history(stream) for stream in streams if stream in self.by_stream}

    async def streams(self, prefix: str = "") -> list[str]:
        return sorted(stream for stream in self.by_stream if stream.startswith(prefix))

    async def label_taken(self, partnership: str, label: str) -> bool:
        return (folded(partnership), folded(label)) in self.labels

    async def marks(self) -> frozenset[str]:
        return frozenset({"rehearsal"})

    async def settled(self) -> Settled:
        now = datetime.now(UTC)
        return Settled(len(self.rows), max(now, self.rows[-1].at) if self.rows else now)

    async def _place(self, stream: str) -> int:
        return len(self.by_stream.get(stream, []))


class MemoryLooks(Looks):
    """Looks in a list, each with its instant and its whole record; what the database would do is done here
    (`migrations/record/0008_looks.sql`)."""

    def __init__(self, keys: MemoryKeys) -> None:
        self._keys = keys
        self.noted: list[tuple[datetime, bytes, Noted]] = []

    def copied(self) -> MemoryLooks:
        """The same looks, to go on from there."""
        other = MemoryLooks(cast(MemoryKeys, self._keys))
        other.noted = list(self.noted)
        return other

    async def _keep(self, noted: Noted) -> None:
        if all(noted.id != before.id for _, _, before in self.noted):
            at = noted.chosen or datetime.now(UTC)
            self.noted.append((at, noted.record + f'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"}}'.encode(), noted))

    async def _shown(self, person: PersonId, stream: str, until: datetime | None) -> Iterable[tuple[str, int | None, list[str] | None]]:
        of = [(at, one) for at, _, one in self.noted if stream in one.streams and (one.person, one.outcome) == (person, "shown")]
        of = [(at, one) for at, one in of if one.place is not None or one.documents or not stream.startswith("case/")]
        return [(one.id, one.place, list(one.documents)) for at, one in of if until is None or at <= until]

    async def _places(self, stream: str, looks: list[str]) -> Mapping[str, int]:
        return {one.id: one.place for _, _, one in self.noted if one.id in looks and stream in one.streams and one.place is not None}

    async def _of_stream(self, stream: str, wanted: Wanted, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        since, until, views, person = wanted
        return [
            (number, record)
            for number, (at, record, one) in enumerate(self.noted, start=1)
            if number > after and stream in one.streams and person in (None, one.person) and (not views or one.view in views)
            if (since is None or at >= since) and (until is None or at <= until)
        ][:limit]


class MemoryRegister(Register):
    """Persons, and the words they are known by, in dictionaries. Names are not kept."""

    def __init__(self) -> None:
        self._index = b"in memory"
        self._rehearsal = True
        self._imagined = None
        self._asked = {}
        self._posts = set()
        self.persons: dict[PersonId, None] = {}
        self.aliases: dict[bytes, PersonId] = {}
        self.asking: set[PersonId] = set()
        self.held: list[tuple[str, str | None, PersonId]] = []
        self._database = cast(Any, self)

    async def ask(self, query: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """The one question that is put to the database directly: whether there is such a person."""
        return [()] if params[0] in self.persons else []

    async def keep(self, people: Sequence[Person]) -> None:
        for person in people:
            self.persons[person.id] = None
            for alias in (*person.known_as, *([person.asks] if person.asks else [])):
                self.aliases.setdefault(alias, person.id)
            if person.asks:
                self.asking.add(person.id)

    async def holds(self, by: By, on: date) -> None:
        self.persons[by.person] = None
        if (post := (by.role, by.partnership, by.person)) not in self.held:
            self.held.append(post)

    async def holder(self, role: str, partnership: str | None) -> PersonId | None:
        return next((person for held, where, person in self.held if (held, where) == (role, partnership)), None)

    async def _known(self, alias: bytes) -> PersonId | None:
        return self.aliases.get(alias)

    async def _unclaimed(self, alias: bytes) -> PersonId | None:
        found = self.aliases.get(alias)
        return None if found in self.asking else found


class InMemory:
    """Everything behind the API, in memory. Ids are counted, so that a story told twice is the same."""

    def __init__(self, store: MemoryStore, register: MemoryRegister, looks: MemoryLooks | None = None) -> None:
        self.store = store
        self.register = register
        self.looks = looks or MemoryLooks(store.keys)
        self._seconds, self._ids, self._persons = count(), count(10**6 + len(store.rows)), count(len(register.persons) + 1)
        self._asking: dict[tuple[str, str | None], By] = {}
        self.rulebook = Rulebook(store, lambda: float(2 * next(self._seconds)))
        self.cases = Cases(store, register, self.rulebook, lambda: str(UUID(int=next(self._ids))), looks=self.looks)
        self.looking = Looking(self.cases)
        self.themes = Themes(store, self.cases)
        self.world = InProcess(self.looking, self.themes)
        self.run(self.rulebook.refresh(now=True))

    @classmethod
    def set_up(cls) -> InMemory:
        """A store that has adopted its procedures and its calendar."""
        made = cls(MemoryStore(MemoryKeys()), MemoryRegister())
        made.run(adopt_shipped(made.cases, calendar=NEWEST.edition, at=BEGINNING))
        return made

    def upto(self, position: int) -> InMemory:
        """Another, as this one stood at that position; persons met since are known to it all the same."""
        register = MemoryRegister()
        register.persons, register.aliases = dict(self.register.persons), dict(self.register.aliases)
        register.asking, register.held = set(self.register.asking), list(self.register.held)
        return InMemory(self.store.upto(position), register, self.looks.copied())

    def run(self, asked: Coroutine[Any, Any, T]) -> T:
        """What is asked, answered at once: in memory nothing ever waits."""
        with mock.patch.object(people, "_new_id", self._new_person):
            try:
                asked.send(None)
            except StopIteration as done:
                return cast(T, done.value)
        raise AssertionError("in memory nothing waits")

    def _new_person(self) -> PersonId:
        return f"person-{next(self._persons):032x}"

    # --- looking

    def history(self, stream: str) -> list[Recorded]:
        return self.run(self.store.history(stream))

    def cases_there(self) -> list[str]:
        """The streams of cases, in the order in which they were opened."""
        return [stream for stream in self.store.by_stream if stream.startswith("case/")]

    def by(self, text: str, partnership: str | None = None) -> By:
        """Who asks, from `role/organisation/name`, as scenarios say it."""
        if (text, partnership) not in self._asking:
            self._asking[text, partnership] = self._somebody(text, partnership)
        return self._asking[text, partnership]

    def _somebody(self, text: str, partnership: str | None) -> By:
        role, organisation, *_ = (*text.split("/"), None, None)
        person = self.run(self.register.rehearsed(text))
        return By(person=person, role=str(role), organisation=organisation or None, partnership=partnership)
