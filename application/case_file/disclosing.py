"""What a reader may read of the words of a case: each sealed text opened, erased, or withheld from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from application.store import mapper
from application.store.store import Stored
from domain.people import By
from domain.recorded import Recorded

WITHHELD = "[withheld]"
"""What is read where words are not for this reader."""

State = Literal["opened", "erased", "withheld"]


def nothing_withheld(recorded: Recorded, path: str) -> bool:
    """For a reader from whom no words are kept."""
    return False


@dataclass(frozen=True)
class Reader:
    """Whom a case file is made for. `withheld` says whether the words at a stored path of an event are kept from them; those of a
    correction stand at `words.<path>` and `names.<n>.words`, whatever they correct."""

    by: By | None = None
    withheld: Callable[[Recorded, str], bool] = nothing_withheld


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
