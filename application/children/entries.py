"""The entries of children as they are kept: an HMAC, the stream it leads to, and the key that it goes with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from application.children import naming
from application.children.standing import Standing


class Rows(NamedTuple):
    """Entries side by side, as the database takes them."""

    entries: list[bytes]
    streams: list[str]
    persons: list[str]


def rows_of(key: bytes, told: Iterable[tuple[str, Standing]]) -> Rows:
    """The entries of these children, each on its stream."""
    found = dict.fromkeys(_entries(key, told))
    return Rows([entry for entry, _, _ in found], [stream for _, stream, _ in found], [person for _, _, person in found])


def _entries(key: bytes, told: Iterable[tuple[str, Standing]]) -> Iterator[tuple[bytes, str, str]]:
    for stream, standing in told:
        born_on = naming.day(standing.born_on)
        for entry in naming.entries(key, standing.name, born_on) if born_on else ():
            yield entry, stream, standing.child.person
