"""Somebody at the door of a case with a command: whether there is such a case for them, and what of its answer is theirs to read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from application.cases import Moved, NoSuchCase, WouldDo
from application.policy.at_the_door import BREAKS, Linking, admits, may_name_candidate, on_every_case
from application.policy.reader_of import reader_of
from application.policy.reading import Reader
from application.policy.shown import Shown
from domain.candidate import candidate_parts
from domain.case import Case
from domain.language import Command, NotAllowed, Refused, replace
from domain.people import By
from domain.recorded import Recorded
from domain.roles import ON_NO_CASE
from domain.stages.opening import LinkCase
from interfaces.api.identity import Asker
from interfaces.api.problems import MissedEvent, MovedOn
from interfaces.wiring import Service

KEPT_BY = "Documents are kept by anybody on the case, and you are not on it (permission matrix)."


class Door:
    """One asking. It is judged by each state of the case on which it is decided; what is answered is judged by the last of them."""

    def __init__(self, running: Service, command: Command, posts: Sequence[By] = (), *, in_earnest: bool = True) -> None:
        """`posts` are all that the asker holds (default: the one they act in). Not `in_earnest`: they ask what would be, or only if
        nothing happened since."""
        self._in_earnest = in_earnest
        self._running = running
        self._command = command
        self._posts = posts
        self._linking = Linking(running.store)
        self._let_in: tuple[By, Sequence[Recorded], datetime] | None = None
        self._reader: Reader | None = None

    async def admit(self, by: By, history: Sequence[Recorded], case: Case, now: datetime) -> None:
        """Let them come before the case.

        Raises:
            NoSuchCase: there is none, or none that they may know of and may ask this of.
        """
        self._reader = None
        # most are on every case, or come with what admits them: for those nobody has to ask what each event makes of them
        if not (history and (on_every_case(self._posts or (by,), case) or self._admits(by, case))):
            self._reader = await self._as_reader(by, history, now)
            if not self._reader.knows or not history:
                raise NoSuchCase
        self._let_in = by, history, now

    def _admits(self, by: By, case: Case) -> bool:
        return admits(self._command, by, case, in_earnest=self._in_earnest)

    async def may_name(self, by: By, stream: str, history: Sequence[Recorded], now: datetime) -> bool:
        """A candidate is named by those who read the themes of its partnership, a case by those who know of it. A link is recorded by
        each side for itself, before the other's case is theirs to know of (X-3)."""
        kind, _, ref = stream.partition("/")
        if kind == "candidate":
            return may_name_candidate(by, candidate_parts(ref)[0])
        return isinstance(self._command, LinkCase) or (await self._as_reader(by, history, now)).knows

    async def reader(self) -> Reader | None:
        """Who was let in, as the reader that they are; nobody where no case was asked."""
        if self._reader is None and self._let_in is not None:
            self._reader = await self._as_reader(*self._let_in)
        return self._reader

    async def said(self, refused: Refused) -> Refused:
        """A refusal as far as it is theirs to hear.

        Raises:
            NoSuchCase: they do not know of the case, and would learn of it by a glass that was not broken.
        """
        if isinstance(refused, NotAllowed) or (reader := await self.reader()) is None:
            return refused
        if self._command.name == BREAKS and not reader.knows:
            raise NoSuchCase
        return Refused(*reader.refusal(self._command.name, refused.sentences))

    async def missed(self, moved: Moved) -> MovedOn:
        """How many events they missed, and which, as far as they may know that; judged by what was missed as well.

        Raises:
            NoSuchCase, NotAllowed: what was missed shut them out.
        """
        before = await self.reader()
        if before is None or self._let_in is None:
            return MovedOn(len(moved.missed), [_named(recorded) for recorded in moved.missed])
        by, history, now = self._let_in
        whole = [*(one for one in history if not moved.missed or one.place < moved.missed[0].place), *moved.missed]
        self._let_in, self._reader = (by, whole, now), await self._as_reader(by, whole, now)
        if before.knows and not self._reader.knows:
            raise NoSuchCase
        if self._reader.barred is not None:
            raise NotAllowed(self._reader.barred)
        shown = Shown(self._reader, whole, {})
        return MovedOn(len(moved.missed), [_named(recorded) for recorded in moved.missed if shown.may_name(recorded)])

    async def clocks(self, would: WouldDo) -> list[dict[str, Any]]:
        """The clocks that would start, as far as they would be theirs to read."""
        told = await self._running.clocks_started(would)
        if (reader := await self.reader()) is None:
            return told
        fields = await self._running.store.bodies(would.stream, would.history)
        return Shown(reader, [*would.history, *would.imagined], fields).clocks(told)

    async def _as_reader(self, by: By, history: Sequence[Recorded], now: datetime) -> Reader:
        return Reader(by, await self._linking.member(history, by, self._posts or (by,)), now)


async def keeper_of(running: Service, stream: str, asker: Asker) -> Shown:
    """The case as it is shown to who wants to keep a document with it. Anybody on it may; whoever was let in only to read may not.

    Raises:
        NoSuchCase: there is none, or none that they may know of. Both cost the same.
        NotAllowed: their role is on no case, they are shut out, or they are not on this one.
    """
    if asker.by.role in ON_NO_CASE:
        raise NotAllowed(KEPT_BY)
    whole = await running.looking.whole(stream, now=asker.at)
    by = asker.by
    if by.partnership is None and whole.history:
        by = replace(by, partnership=getattr(whole.history[0].event, "partnership", None))
    reader = await reader_of(running.looking, whole, by)
    if reader.barred is not None:
        raise NotAllowed(reader.barred)
    if not reader.member.here or not reader.capacities or reader.member.ended_since is not None:
        raise NotAllowed(KEPT_BY)
    return Shown(reader, whole.history, {})


def _named(recorded: Recorded) -> MissedEvent:
    return MissedEvent(name=recorded.name, place=recorded.place)
