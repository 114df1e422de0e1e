"""The one door: everything that changes a case goes through `Cases.do`."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel

from application.access import NOTHING, Looks, Shown
from application.information import CARRIED_BY, enters_for_another, information_set
from application.marked import marks_anywhere, rewritten
from application.people import Person, Register
from application.remembered import Cached, TimeThere
from application.rulebook import Rulebook
from application.store.keys import KeyDestroyed
from application.store.store import AlreadyAsked, Appended, Conflict, LabelTaken, Save, Store
from domain.adoption import recall_calendars, recall_procedures
from domain.asking import Asking
from domain.candidate import Candidate, candidate_parts, recall_candidate
from domain.case import Case, recall
from domain.language import CaseEvent, Command, NotAllowed, Refused, replace
from domain.people import NOTIFYING_ROLES, PARTNERS, ROLES, By, NamesPerson, PersonId
from domain.recorded import Editions, Header, Recorded
from domain.roles import asked_by
from domain.stages.opening import OpenCase
from domain.working_days import london_date

ATTEMPTS = 4
"""How often it is decided: once, and after a lost race three times again on the reloaded case."""

RECALL: Mapping[str, Callable[[Iterable[Recorded]], Any]] = {
    "case": recall,
    "candidate": recall_candidate,
    "calendar": recall_calendars,
    "procedure": recall_procedures,
}
"""How each kind of stream is recalled from its history."""


class Admits(Protocol):
    """Who stands at the door, for those who come from outside."""

    async def admit(self, by: By, history: Sequence[Recorded], case: Case, now: datetime) -> None:
        """Whether somebody may know of a case: asked of every state of it that is decided on, and where there is none; raises what is
        answered."""

    async def may_name(self, by: By, stream: str, history: Sequence[Recorded], now: datetime) -> bool:
        """Whether they may know of another case, or a candidate, that they name; asked where there is none as well."""


class NoSuchCase(Exception):
    """There is no such case, or none that the asker may know of."""


class KeyReused(Exception):
    """The idempotency key was used before, with another body."""


@dataclass
class Moved(Exception):
    """The case has moved on since the asker was shown it. `missed` are the events they had not seen."""

    missed: Sequence[Recorded]


@dataclass(frozen=True)
class Done:
    """What was recorded: where the stream and the log stand, and the events in order. `again` marks a first answer given again."""

    stream: str
    place: int
    position: int
    recorded: tuple[Recorded, ...]
    again: bool = False


@dataclass(frozen=True)
class WouldDo:
    """What would be recorded (`dry_run`): nothing of it is. `history` is what it would be added to."""

    stream: str
    history: Sequence[Recorded]
    imagined: tuple[Recorded, ...]
    at: datetime

    @property
    def place(self) -> int:
        return len(self.history) + len(self.imagined)


@dataclass(frozen=True)
class Asked:
    """What goes with an asking beside its command: which asking it is, what the asker had seen, who entered it for whom."""

    command: str
    request: str
    key: str | None = None
    seen: int | None = None
    at: datetime | None = None
    transcribed_by: PersonId | None = None


@dataclass(frozen=True)
class Prepared:
    """A command, and everything its decision needs."""

    stream: str
    history: Sequence[Recorded]
    state: Any
    command: Command
    asking: Asking
    editions: Editions
    people: Sequence[Person]
    partnership: str

    @property
    def place(self) -> int:
        """Where the stream stands: what the decision expects to find when it is recorded."""
        return self.history[-1].place if self.history else 0

    def judged(self) -> tuple[CaseEvent, ...]:
        """What follows.

        Raises:
            Refused: with every sentence that stands against it.
        """
        return self.command.judged(self.state, self.asking)

    def save(self, events: tuple[CaseEvent, ...], asked: Asked, shown: Shown = NOTHING) -> Save:
        """What is to be recorded, for the store. `shown` is what the asker has been shown of this stream."""
        by = self.asking.by
        opens = self.command if isinstance(self.command, OpenCase) else None
        information = None
        if _decide(events):
            known = information_set(self.history, self.stream, by, asked.seen, shown.looks, shown.opened)
            information = tuple(known if event.stored_name() in CARRIED_BY else None for event in events)
        return Save(
            stream=self.stream, expected_place=self.place, on=self.asking.on, by=by, procedure=self.editions,
            calendar=self.asking.calendar.edition, command=asked.command, events=events, seen=asked.seen, key=asked.key,
            information=information, at=asked.at, claims_label=(opens.partnership, opens.label) if opens else None,
            request_digest=asked.request, transcribed_by=asked.transcribed_by,
        )  # fmt: skip

    def imagined(self, events: tuple[CaseEvent, ...]) -> tuple[Recorded, ...]:
        """The events as they would stand in the history, for a dry run."""
        return tuple(
            Recorded(
                Header(
                    v=0, stream=self.stream, place=self.place + n, name=event.stored_name(), schema=event.schema_version(),
                    on=self.asking.on, by=self.asking.by, procedure=self.editions, calendar=self.asking.calendar.edition,
                    command="", at=self.asking.at,
                ),
                event,
            )
            for n, event in enumerate(events, start=1)
        )  # fmt: skip


class Cases:
    """Cases, and the small streams beside them, behind one door. `new_id` gives random identifiers."""

    def __init__(
        self,
        store: Store,
        register: Register,
        rulebook: Rulebook,
        new_id: Callable[[], str],
        *,
        cached: Cached | None = None,
        time_there: TimeThere | None = None,
        looks: Looks | None = None,
    ) -> None:
        """`cached` and `time_there` are what a service remembers between commands; without them everything is read each time.

        Without `looks` nobody counts as having been shown anything.
        """
        self.store = store
        self.looks = looks
        self._cached = cached
        self._time_there = time_there
        self.register = register
        self.rulebook = rulebook
        self.new_id = new_id
        self.heeding: Callable[[Sequence[Recorded]], Awaitable[None]] | None = None
        """What follows from what was just recorded, before it is answered: keys that are to be destroyed."""

    # --- asking

    async def do(
        self,
        command: Command,
        by: By,
        *,
        stream: str | None = None,
        seen: int | None = None,
        key: str | None = None,
        path: str = "",
        at: datetime | None = None,
        transcribed_by: PersonId | None = None,
        admit: Admits | None = None,
    ) -> Done:
        """Ask for something to happen, and record it if it may.

        `seen` is the place of the case the asker had been shown (`If-Match`): if the case has moved on, nothing is done.
        `key` with `path` makes asking again safe. `at` is a chosen instant of recording, in a rehearsal only.
        `transcribed_by` enters now what `by` did then. `admit` stands at the door, for those who come from outside.

        Raises:
            KeyReused, NoSuchCase, NotAllowed, Moved, Refused: in this order.
        """
        request = hashlib.sha256(command.model_dump_json(exclude_none=True).encode()).hexdigest()
        stream = stream or self.stream_of(command)
        command_id, key_digest = self._command_id(by, path, key)
        asked = Asked(command_id, request, key_digest, seen, at, transcribed_by)
        # before anything is judged: what was recorded may have changed what the asker may ask (an interest declared)
        if key and (first := await self.store.first_answer(command_id)):
            return _again(first, request)
        for attempt in range(1, ATTEMPTS + 1):
            prepared, events = await self._decided(command, by, stream, seen, at, admit, behind=attempt == 1)
            await self.register.keep(prepared.people)
            try:
                appended = await self.store.append(prepared.save(events, asked, await self._shown(prepared, events, at)))
            except Conflict:
                if key and (first := await self.store.first_answer(command_id)):
                    return _again(first, request)
                if seen is not None or attempt == ATTEMPTS:
                    raise Moved(await self.store.history(stream, after_place=prepared.place)) from None
                continue
            except LabelTaken:
                raise Refused("This label is already used in the partnership; each case has a label of its own (TOOL-12).") from None
            except AlreadyAsked as earlier:
                return _again(earlier.answer, request)
            except KeyDestroyed:
                raise Refused(
                    "The personal data of a person named here was erased; nothing more is recorded under their name (R-20)."
                ) from None
            self.rulebook.heed(appended.recorded)
            self._heed(prepared, appended)
            if self.heeding:
                await self.heeding(appended.recorded)
            return Done(stream, appended.place, appended.position, appended.recorded)
        raise AssertionError("the last attempt returns or raises")

    async def _decided(
        self, command: Command, by: By, stream: str, seen: int | None, at: datetime | None, admit: Admits | None, *, behind: bool
    ) -> tuple[Prepared, tuple[CaseEvent, ...]]:
        """What the command leads to, on the case as remembered if that may be `behind`; before it is refused, on the case as it stands."""
        behind = behind and self._cached is not None and self._cached.knows(stream)
        while True:
            try:
                prepared = await self.prepare(command, by, stream, at, admit, fresh=not behind)
                if seen is not None and seen != prepared.place:
                    raise Moved(prepared.history[seen:])
                return prepared, prepared.judged()
            except (Refused, Moved, NoSuchCase):
                if not behind:
                    raise
                behind = False

    async def would_do(
        self, command: Command, by: By, *, stream: str | None = None, seen: int | None = None, at: datetime | None = None,
        admit: Admits | None = None,
    ) -> WouldDo:  # fmt: skip
        """What would happen, refused exactly as the real thing; nothing is recorded."""
        prepared = await self.prepare(command, by, stream or self.stream_of(command), at, admit)
        if seen is not None and seen != prepared.place:
            raise Moved(prepared.history[seen:])
        if isinstance(command, OpenCase) and await self.store.label_taken(command.partnership, command.label):
            raise Refused("This label is already used in the partnership; each case has a label of its own (TOOL-12).")
        return WouldDo(prepared.stream, prepared.history, prepared.imagined(prepared.judged()), prepared.asking.at)

    async def answered(self, by: By, path: str, key: str) -> Done | None:
        """What came of this key before, also where its asker may no longer ask: for what is asked again as a whole."""
        first = await self.store.first_answer(self._command_id(by, path, key)[0])
        return Done(first.stream, first.place, first.position, first.recorded, again=True) if first else None

    def stream_of(self, command: Command) -> str:
        """The stream a command without a case is asked of: a new case, a candidate, the calendar, a procedure."""
        return f"case/{self.new_id()}" if isinstance(command, OpenCase) else command.stream()

    async def prepare(
        self, command: Command, by: By, stream: str, at: datetime | None, admit: Admits | None = None, *, fresh: bool = True
    ) -> Prepared:
        """Everything a decision needs, loaded; persons named by words settled (provisionally, until something is recorded).

        Unless it must be `fresh`, a case that is remembered is not read again.
        """
        kind, _, ref = stream.partition("/")
        history, state = await self._standing(kind, stream, fresh=fresh)
        if command.stream_kind != kind:
            raise NoSuchCase(stream)
        case = state if kind == "case" else Case()
        now = at or await self._now()
        named = candidate_parts(ref)[0] if kind == "candidate" else getattr(command, "partnership", None)
        partnership = case.opening.partnership or named or by.partnership or "england"
        if by.partnership is None:
            by = replace(by, partnership=partnership)
        elif kind == "candidate" and by.partnership != partnership:
            raise NotAllowed("This candidate belongs to another partnership (X-3).")
        if kind == "case" and not isinstance(command, OpenCase):
            if admit:
                await admit.admit(by, history, case, now)
            if not history:
                raise NoSuchCase(stream)
        today = london_date(now)
        await self.register.holds(by, today)
        command, people = await self._settled(command, by, stream, case)
        by = asked_by(command, by, case)
        on = command.on or today
        if on > today:
            raise Refused(
                f"The day {on.day} {on:%B %Y} lies in the future; what is recorded has happened by the day it is recorded (CAL-2)."
            )
        elsewhere = await self._elsewhere(command, by, case, now, admit)
        asking = await self.asking(by, partnership, at=now, on=on, elsewhere=elsewhere, history=history)
        editions = self.rulebook.editions(partnership, on, as_of=now)
        return Prepared(stream, history, state, command, asking, editions, people, partnership)

    # --- what is remembered

    async def _standing(self, kind: str, stream: str, *, fresh: bool) -> tuple[Sequence[Recorded], Any]:
        """The history of a stream, and what it is recalled to."""
        if kind == "case" and self._cached is not None:
            remembered = await self._cached.case(stream, fresh=fresh)
            return remembered.history, remembered.case
        history = await self.store.history(stream)
        return history, RECALL[kind](history)

    async def _shown(self, prepared: Prepared, events: tuple[CaseEvent, ...], at: datetime | None) -> Shown:
        """What whoever decides has been shown by now, frozen with their decision; by a chosen instant, in a rehearsal."""
        by = prepared.asking.by
        if self.looks is None or not _decide(events) or enters_for_another(by):
            return NOTHING
        return await self.looks.shown(by.person, prepared.stream, until=at)

    async def _now(self) -> datetime:
        return await (self._time_there.now() if self._time_there else self.store.now())

    def _heed(self, prepared: Prepared, appended: Appended) -> None:
        if self._time_there:
            self._time_there.heed(appended.at)
        if self._cached and prepared.stream.startswith("case/"):
            self._cached.heed(prepared.stream, prepared.place, appended.recorded)

    async def asking(
        self,
        by: By,
        partnership: str,
        *,
        at: datetime,
        on: date | None = None,
        elsewhere: Mapping[str, Case | Candidate] | None = None,
        history: Sequence[Recorded] = (),
    ) -> Asking:
        """The circumstances of an asking at this instant, about this day (default: today in London)."""
        await self.rulebook.refresh()
        today = london_date(at)
        return Asking(
            by=by, at=at, today=today, on=on or today, procedure=self.rulebook.procedure(partnership, on or today, as_of=at),
            calendar=self.rulebook.calendar(as_of=at), codes=self.rulebook.codes, elsewhere=elsewhere or {}, history=history,
        )  # fmt: skip

    async def _elsewhere(
        self, command: Command, by: By, case: Case, now: datetime, admit: Admits | None
    ) -> Mapping[str, Case | Candidate]:  # fmt: skip
        """What the case came from, and what the command names: of that, what the asker may not know of is not there."""
        origin = f"candidate/{case.opening.candidate}" if case.opening.candidate else None
        found: dict[str, Case | Candidate] = {}
        for stream in dict.fromkeys([*command.refers_to(), *([origin] if origin else [])]):
            history = await self.store.history(stream)
            if (admit is None or stream == origin or await admit.may_name(by, stream, history, now)) and history:
                found[stream] = RECALL[stream.partition("/")[0]](history)
        return found

    async def _settled(self, command: Command, by: By, stream: str, case: Case) -> tuple[Command, list[Person]]:
        """The command with person ids where words named somebody, and the persons that would be new."""
        if not marks_anywhere(type(command), NamesPerson):
            return command, []
        values = _with_persons_to_make(command, by)
        wanted: list[tuple[str, bool]] = []

        def note(mark: NamesPerson, word: str) -> str:
            wanted.append((word, mark.or_group))
            return word

        rewritten(type(command), values, NamesPerson, note)
        groups = frozenset({*PARTNERS, *case.rapid_review.agencies})
        found: dict[tuple[str, bool], str] = {}
        people: list[Person] = []
        for word, or_group in dict.fromkeys(wanted):
            if or_group and (word in groups or word in ROLES):
                found[word, or_group] = word
                continue
            person = await self.register.resolve(
                word, scope=stream, partnership=by.partnership, among=people, holding=getattr(command, "role", None)
            )
            found[word, or_group] = person.id
            if person.provisional:
                people.append(person)
        values = rewritten(type(command), values, NamesPerson, lambda mark, word: found[word, mark.or_group])
        return type(command).model_validate(values), people

    def _command_id(self, by: By, path: str, key: str | None) -> tuple[str, str | None]:
        """A random id; with an idempotency key the one that the same person, path and key always give."""
        if key is None:
            return self.new_id(), None
        digest = hashlib.sha256("\x1f".join((by.person, path, key)).encode()).digest()
        return str(UUID(bytes=digest[:16], version=5)), digest.hex()

    # --- looking

    async def history(self, stream: str) -> list[Recorded]:
        """The history of a stream.

        Raises:
            NoSuchCase: there is none.
        """
        history = await self.store.history(stream)
        if not history:
            raise NoSuchCase(stream)
        return history


def _decide(events: Iterable[CaseEvent]) -> bool:
    return any(event.stored_name() in CARRIED_BY for event in events)


def _again(first: Appended, request: str) -> Done:
    if first.request_digest != request:
        raise KeyReused
    return Done(first.stream, first.place, first.position, first.recorded, again=True)


def _made_by(part: Any, by: By) -> str:
    """A child is known by its ref within the case; a notifier is whoever asks, or somebody new whom the asker helps."""
    word = part.known_by()
    if word is not None:
        return str(Register.OF_THIS_CASE + word)
    return by.person if by.role in NOTIFYING_ROLES else Register.SOMEBODY_NEW


def _with_persons_to_make(command: Command, by: By) -> dict[str, Any]:
    """The command's values, with a word for each person it makes without naming one: a child by its ref, a notifier who asks."""

    def told(value: Any) -> Any:
        if isinstance(value, BaseModel):
            values = {name: told(getattr(value, name)) for name in type(value).model_fields}
            if "person" in values and values["person"] is None and hasattr(value, "known_by"):
                values["person"] = _made_by(value, by)
            return values
        if isinstance(value, tuple):
            return [told(item) for item in value]
        return value

    return {name: told(getattr(command, name)) for name in type(command).model_fields}
