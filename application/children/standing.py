"""The children of a case as they stand by its record: what a correction says in the place of what it corrects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from application.store import mapper
from application.store.keys import Keys
from domain.corrections import RecordCorrected, effective
from domain.language import CaseEvent
from domain.recorded import Recorded
from domain.stages.opening import CaseOpened, Child, ChildAdded

TELLING = ("case-opened", "child-added", "record-corrected")
"""The events that tell of children, or put right what was told of them."""


class Standing(NamedTuple):
    """A child of a case of whom name and birth date are known; both lie under the key of the person that the child is."""

    child: Child
    name: str
    born_on: str


def tells(event: CaseEvent) -> bool:
    """Whether an event may change which children are known."""
    return isinstance(event, CaseOpened | ChildAdded) or corrects(event)


def corrects(event: CaseEvent) -> bool:
    """Whether an event puts right what was told of a child."""
    if not isinstance(event, RecordCorrected):
        return False
    return any(path.split(".")[0] in ("children", "child") for path in (*event.correction, *(name.path for name in event.names)))


def standing(history: Iterable[Recorded]) -> Iterator[Standing]:
    """The children of a history whose words are opened."""
    for child in _children(history):
        name, born_on = child.name, child.born_on
        if isinstance(name, str) and isinstance(born_on, str) and mapper.ERASED not in (name, born_on):
            yield Standing(child, name, born_on)


async def opened(history: Sequence[Recorded], keys: Keys) -> list[Recorded]:
    """These events with their words in the clear or `[erased]`. What was tampered with stays sealed: `casetrail fsck` tells of it."""
    found = await keys.get({id_ for recorded in history for id_ in mapper.key_ids(recorded)})
    return [_opened(recorded, found) for recorded in history]


def _opened(recorded: Recorded, keys: Mapping[str, bytes | None]) -> Recorded:
    try:
        return mapper.open_words(recorded, keys)
    except mapper.Broken:
        return recorded


def _children(history: Iterable[Recorded]) -> Iterator[Child]:
    for recorded in effective(history):
        match recorded.event:
            case CaseOpened(children=children):
                yield from children
            case ChildAdded(child=child):
                yield child
