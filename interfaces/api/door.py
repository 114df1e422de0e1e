"""Somebody at the door of a case with a command: whether there is such a case for them, and what of its answer is theirs to read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from application.cases import Moved, NoSuchCase, WouldDo
from application.policy.at_the_door import Linking, admits
from application.policy.reader_of import reader_of
from application.policy.reading import Reader
from application.policy.shown import Shown
from domain.case import Case
from domain.language import Command, NotAllowed, Refused, replace
from domain.people import By
from domain.recorded import Recorded
from domain.roles import ON_NO_CASE
from interfaces.api.identity import Asker
from interfaces.api.problems import MissedEvent, MovedOn
from interfaces.wiring import Service

KEPT_BY = "Documents are kept by anybody on the case, and you are not on it (permission matrix)."


class Door:
    """One asking. It is judged by each state of the case on which it is decided; what is answered is judged by the last of them."""

    def __init__(self, running: Service, command: Command, posts: Sequence[By] = ()) -> None:
        """`posts` are all that the asker holds (default: the one they act in)."""
        self._running = running
        self._command = command
        self._posts = posts
        self._linking = Linking(running.store)
        self._history: Sequence[Recorded] = ()
        self._by: By | None = None
        self.reader: Reader | None = None

    async def admit(self, by: By, history: Sequence[Recorded], case: Case, now: datetime) -> None:
        """Let them come before the case.

        Raises:
            NoSuchCase: there is none, or none that they may know of and may ask this of.
        """
        member = await self._linking.member(history, by, self._posts or (by,))
        reader = Reader(by, member, now)
        known = reader.knows  # asked also where there is no case
        if not history or not (known or admits(self._command, by, case)):
            raise NoSuchCase
        self._by, self._history, self.reader = by, history, reader

    def said(self, refused: Refused) -> Refused:
        """A refusal as far as it is theirs to hear."""
        if self.reader is None or isinstance(refused, NotAllowed):
            return refused
        return Refused(*self.reader.refusal(self._command.name, refused.sentences))

    async def missed(self, moved: Moved) -> MovedOn:
        """How many events they missed, and which, as far as they may know that; judged by what was missed as well.

        Raises:
            NoSuchCase, NotAllowed: what was missed shut them out.
        """
        if self.reader is None or self._by is None:
            return MovedOn(len(moved.missed), [_named(recorded) for recorded in moved.missed])
        behind = [recorded for recorded in self._history if not moved.missed or recorded.place < moved.missed[0].place]
        whole = [*behind, *moved.missed]
        member = await self._linking.member(whole, self._by, self._posts or (self._by,))
        known, reader = self.reader.knows, Reader(self._by, member, self.reader.now)
        self.reader = reader
        if known and not reader.knows:
            raise NoSuchCase
        if reader.barred is not None:
            raise NotAllowed(reader.barred)
        shown = Shown(reader, whole, {})
        return MovedOn(len(moved.missed), [_named(recorded) for recorded in moved.missed if shown.may_name(recorded)])

    async def clocks(self, would: WouldDo) -> list[dict[str, Any]]:
        """The clocks that would start, as far as they would be theirs to read."""
        told = await self._running.clocks_started(would)
        if self.reader is None:
            return told
        fields = await self._running.store.bodies(would.stream, would.history)
        return Shown(self.reader, [*would.history, *would.imagined], fields).clocks(told)


async def keeper_of(running: Service, stream: str, asker: Asker) -> Reader:
    """Who wants to keep a document with a case. Anybody on it may; whoever was let in only to read may not.

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
    return reader


def _named(recorded: Recorded) -> MissedEvent:
    return MissedEvent(name=recorded.name, place=recorded.place)
