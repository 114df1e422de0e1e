"""What a reader may read of a case: which entries are withheld whole, and of the others each sealed text opened, erased or withheld."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from application.store import mapper
from application.store.store import Stored
from domain.corrections import RecordCorrected
from domain.erasure import TextRedacted
from domain.people import By
from domain.recorded import Recorded

WITHHELD = "[withheld]"
"""What is read where words are not for this reader."""

State = Literal["opened", "erased", "withheld"]


def nothing_withheld(recorded: Recorded, path: str) -> bool:
    """For a reader from whom no words are kept."""
    return False


def no_entry_withheld(recorded: Recorded) -> bool:
    """For a reader from whom no entry is kept."""
    return False


@dataclass(frozen=True)
class Reader:
    """Whom a case file is made for. `withheld` says whether the words at a stored path of an event are kept from them; those of a
    correction stand at `words.<path>` and `names.<n>.words`, whatever they correct. `withheld_entry` says whether an entry is, with all
    that is in it."""

    by: By | None = None
    withheld: Callable[[Recorded, str], bool] = nothing_withheld
    withheld_entry: Callable[[Recorded], bool] = no_entry_withheld


class Text(NamedTuple):
    """A sealed text of an event, as far as the reader may read it."""

    path: str
    state: State
    salt: bytes = b""
    words: str = ""

    @property
    def shown(self) -> str:
        """What is read in its place."""
        return {"opened": self.words, "erased": mapper.ERASED, "withheld": WITHHELD}[self.state]


@dataclass(frozen=True)
class Disclosed:
    """An event as it is stored, and its texts in the order in which they stand in it."""

    stored: Stored
    recorded: Recorded
    texts: Sequence[Text]

    def fields(self) -> dict[str, Any]:
        """All its fields, with what is read in the place of its words."""
        return mapper.fields_with(self.stored.header, self.stored.body, {text.path: text.shown for text in self.texts})


def places_withheld(events: Sequence[Stored], reader: Reader) -> frozenset[int]:
    """The places of a stream of which this reader is shown nothing: what is kept from them, and what would give it away.

    That is what corrects or redacts it; and, where there is nothing sealed in it, the other entries of its command: their headers have
    the one thing in its own that cannot be guessed, so that a guess at the rest could be held against its hash (`docs/ledger.md`, 5).
    """
    history = [(mapper.recorded(*stored), bool(mapper.body_keys(stored.body))) for stored in events]
    found = {recorded.place for recorded, _ in history if reader.withheld_entry(recorded)}
    while True:
        guessable = {recorded.header.command for recorded, sealed in history if recorded.place in found and not sealed}
        more = {one.place for one, _ in history if one.header.command in guessable or _about(one) in found} - found
        if not more:
            return frozenset(found)
        found |= more


def _about(recorded: Recorded) -> int | None:
    """The place that an entry puts right, or takes a text out of."""
    return recorded.event.event_place if isinstance(recorded.event, RecordCorrected | TextRedacted) else None


def disclosed(events: Iterable[Stored], keys: Mapping[str, bytes | None], reader: Reader) -> Iterator[Disclosed]:
    """The events with what this reader may read.

    Raises:
        Broken: words that are not what was committed to.
    """
    for stored in events:
        recorded = mapper.recorded(*stored)
        opened = mapper.disclosed(stored.header, stored.body, keys)
        yield Disclosed(stored, recorded, [_text(recorded, one, reader) for one in opened])


def _text(recorded: Recorded, opened: mapper.Opened, reader: Reader) -> Text:
    if opened.words is None:
        return Text(opened.path, "erased")
    if reader.withheld(recorded, opened.path):
        return Text(opened.path, "withheld")
    return Text(opened.path, "opened", opened.salt, opened.words)
