"""What stands in the two logs: 32 bytes for an event, bound to where it stands, and 32 bytes for a look."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from struct import Struct
from typing import Literal, NamedTuple

Log = Literal["record", "access"]
LOGS: tuple[Log, ...] = ("record", "access")

SALT = 32
_STEP = Struct(">32sQ32s32s")
STEP_BYTES = _STEP.size


class Step(NamedTuple):
    """How an event moves the head of its stream: what an entry of the record is made of, and what a witness is given."""

    blinded: bytes
    place: int
    previous: bytes
    hash: bytes

    def packed(self) -> bytes:
        """As witnesses are given it."""
        return _STEP.pack(*self)

    def entry(self) -> bytes:
        """The entry of the log."""
        return entry_of(*self)


def entry_of(key: bytes, place: int, previous: bytes, hash_: bytes) -> bytes:
    """The entry of an event, from what stands for its stream, its place, and the hashes before and after it."""
    return sha256(b"\x02" + _STEP.pack(key, place, previous, hash_)).digest()


def blinded(salt: bytes, stream: str) -> bytes:
    """What stands for a stream where its name must not be told."""
    return sha256(b"\x04" + salt + stream.encode()).digest()


def steps(packed: bytes) -> Iterator[Step]:
    """The steps in bytes, one after the other.

    Raises:
        ValueError: they end within one.
    """
    if len(packed) % STEP_BYTES:
        raise ValueError("the entries end within one")
    return (Step(*found) for found in _STEP.iter_unpack(packed))


def look_hash(record: bytes) -> bytes:
    """The hash of a look, which is its entry."""
    return sha256(b"\x03" + record).digest()
