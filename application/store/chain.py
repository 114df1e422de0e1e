"""The chain of each stream, and what would show that stored bytes are not those that were recorded (`docs/ledger.md`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

import msgspec

from domain.recorded import Header

VERSION = b"\x01"
ORIGIN = bytes(32)
"""What the first event of a stream is chained to."""

_LENGTH = Struct(">I")
_header = msgspec.json.Decoder(Header).decode


class Row(NamedTuple):
    """One event as it is stored."""

    position: int
    stream: str
    place: int
    name: str
    header: bytes
    body: bytes
    at: datetime
    hash: bytes


class Fault(NamedTuple):
    """Where what is stored is not what was recorded, and how it shows."""

    position: int
    stream: str
    place: int
    what: str


def framed(header: bytes, body: bytes) -> bytes:
    """Header and body, each behind its length as four bytes, big-endian."""
    return b"".join((_LENGTH.pack(len(header)), header, _LENGTH.pack(len(body)), body))


def unframed(state: bytes) -> tuple[bytes, bytes]:
    """Header and body of a frame."""
    (size,) = _LENGTH.unpack_from(state)
    return state[4 : 4 + size], state[8 + size :]


def link(previous: bytes, header: bytes, body: bytes) -> bytes:
    """The hash of an event: over the version, the hash before it in the stream, and the framed bytes."""
    return sha256(b"".join((VERSION, previous, framed(header, body)))).digest()


def faults(rows: Iterable[Row]) -> Iterator[Fault]:
    """Read a whole log in order of position and yield what does not fit: a place left out, a hash that is not that of its
    bytes, columns that differ from the header, an instant that goes back."""
    heads: dict[str, tuple[int, bytes]] = {}
    last = datetime.min.replace(tzinfo=UTC)
    for row in rows:
        place, previous = heads.get(row.stream, (0, ORIGIN))
        for what in _faults(row, place, previous, last):
            yield Fault(row.position, row.stream, row.place, what)
        heads[row.stream] = row.place, row.hash
        last = max(last, row.at)


def _faults(row: Row, place: int, previous: bytes, last: datetime) -> Iterator[str]:
    if row.place != place + 1:
        yield f"stands after place {place}"
    if link(previous, row.header, row.body) != row.hash:
        yield "its hash is not that of its bytes and the event before it"
    if row.at < last:
        yield "was recorded before the event before it in the log"
    try:
        header = _header(row.header)
    except msgspec.ValidationError as wrong:
        yield f"its header cannot be read: {wrong}"
        return
    if (header.stream, header.place, header.name, header.at) != (row.stream, row.place, row.name, row.at):
        yield "its header says another stream, place, name or instant than its row"
    if header.v != VERSION[0]:
        yield f"is of stored form {header.v}"
