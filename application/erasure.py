"""Carrying out what was recorded: after an erasure, a redaction or a disposal, the keys are destroyed.

Nothing spans the record and the keys, so the deed comes first and is carried out after it: at once, and again at every start.
Doing so twice changes nothing. While a legal hold stands on the case nothing is destroyed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import LiteralString

from application.documents import Documents
from application.people import Register
from application.store import mapper
from application.store.connections import Connections, StoreAway
from application.store.keys import Keys
from application.store.store import Store
from domain.case import recall
from domain.corrections import RecordCorrected
from domain.erasure import PersonalDataErased, RecordDisposed, TextRedacted
from domain.fields import leaves, leaves_at
from domain.personal import Sealed
from domain.recorded import Recorded
from domain.stages.opening import CaseOpened, ChildAdded
from domain.stages.participation import SupportOffered
from domain.stages.publication import LearningBriefPublished, ReportPublished

log = logging.getLogger("casetrail.erasure")

Deed = PersonalDataErased | TextRedacted | RecordDisposed
DEEDS = frozenset(kind.stored_name() for kind in (PersonalDataErased, TextRedacted, RecordDisposed))

EVERY_DEED: LiteralString = (  # the names stand here as in the index `events_that_destroy`, so that it is used
    "SELECT notification_id, header, state, hash FROM events"
    " WHERE topic IN ('personal-data-erased', 'text-redacted', 'record-disposed') ORDER BY notification_id"
)

AGAIN = 5.0
"""Seconds after which what could not be carried out is tried again."""


class Erasure:
    """What destroys keys, once the deed is recorded."""

    def __init__(self, url: str, store: Store, register: Register, documents: Documents) -> None:
        self._database = Connections(url, most=1, application="casetrail-erasure")
        self._store = store
        self._keys: Keys = store.keys
        self._register = register
        self._documents = documents
        self._later: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Connect, and carry out what may have been left undone."""
        await self._database.open()
        await self.sweep()

    async def close(self) -> None:
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        await self._database.close()

    async def heed(self, recorded: Iterable[Recorded]) -> None:
        """Carry out what was just recorded, if it is such a deed. What fails is tried again until it is done."""
        deeds = [r for r in recorded if r.name in DEEDS]
        if not deeds:
            return
        try:
            await self._carry_out(deeds)
        except StoreAway:
            log.warning("keys could not be destroyed yet; it is tried again")
            task = asyncio.create_task(self._until_done(deeds))
            self._later.add(task)
            task.add_done_callback(self._later.discard)

    async def sweep(self) -> int:
        """Carry out every deed ever recorded, whatever became of it before. How many there were."""
        deeds = [mapper.recorded(*row) for row in await self._database.ask(EVERY_DEED)]
        await self._carry_out(deeds)
        return len(deeds)

    async def _until_done(self, deeds: Sequence[Recorded]) -> None:
        while True:
            await asyncio.sleep(AGAIN)
            try:
                return await self._carry_out(deeds)
            except StoreAway:
                continue

    async def _carry_out(self, deeds: Sequence[Recorded]) -> None:
        for stream in dict.fromkeys(deed.stream for deed in deeds):
            history = await self._store.history(stream)
            if recall(history).holds.legal:
                log.warning("a legal hold stands on a case whose erasure is not yet carried out")
                continue
            for deed in (d for d in deeds if d.stream == stream):
                await self._destroy(deed, [r for r in history if r.place < deed.place])

    async def _destroy(self, deed: Recorded, before: Sequence[Recorded]) -> None:
        match deed.event:
            case PersonalDataErased(person=person):
                await self._keys.destroy(person)
                await self._register.forget(person)
            case TextRedacted(event_place=place, field=field):
                for key in keys_of_text(before, place, field):
                    await self._keys.destroy(key)
            case RecordDisposed(class_=kept) if kept in CLASSES:
                for key in CLASSES[kept](before):
                    await self._keys.destroy(key)
                if kept in WITH_DOCUMENTS:
                    await self._documents.destroy(deed.stream, WITH_DOCUMENTS[kept](before))


# --- which keys a deed speaks of


def keys_of_text(history: Iterable[Recorded], place: int, field: str) -> Iterator[str]:
    """The keys of a text of an entry, and of every correction of it: they would be read in its place."""
    for recorded in history:
        if recorded.place == place:
            found = leaves_at(recorded.event, field)
            yield from (leaf.words.k for leaf in found if leaf.person is None and isinstance(leaf.words, Sealed))
        elif isinstance(recorded.event, RecordCorrected) and recorded.event.event_place == place:
            for path, words in recorded.event.words.items():
                if isinstance(words, Sealed) and (path == field or path.startswith(f"{field}.")):
                    yield words.k


def _content(history: Iterable[Recorded]) -> Iterator[str]:
    """Every text, and whatever lies under the keys of the children. What tells of an erasure stays readable."""
    for recorded in history:
        if recorded.name in DEEDS:
            continue
        match recorded.event:
            case CaseOpened(children=children):
                yield from (child.person for child in children if child.person)
            case ChildAdded(child=child) if child.person:
                yield child.person
        for leaf in leaves(recorded.event):
            if leaf.person is None and isinstance(leaf.words, Sealed):
                yield leaf.words.k


def _support(history: Iterable[Recorded]) -> Iterator[str]:
    for recorded in history:
        if isinstance(recorded.event, SupportOffered):
            yield from (leaf.words.k for leaf in leaves(recorded.event) if leaf.person is None and isinstance(leaf.words, Sealed))


def _nothing(history: Iterable[Recorded]) -> Iterator[str]:
    yield from ()


CLASSES: Mapping[str, Callable[[Iterable[Recorded]], Iterator[str]]] = {
    "case-content": _content,
    "participant-support": _support,
    "published-outputs": _nothing,
}
"""Which keys of a case belong to a retention class (R-20). The skeleton of decisions and the codes are kept for ever."""


def _all_documents(history: Iterable[Recorded]) -> None:
    """Every document of the case."""


def _published(history: Iterable[Recorded]) -> set[str]:
    return {r.event.digest for r in history if isinstance(r.event, ReportPublished | LearningBriefPublished)}


WITH_DOCUMENTS: Mapping[str, Callable[[Iterable[Recorded]], set[str] | None]] = {
    "case-content": _all_documents,
    "published-outputs": _published,
}
"""Which documents held here go with a class; none named: all of the case."""
