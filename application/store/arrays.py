"""Arrays in PostgreSQL's binary form, as the append takes and gives them: its driver's own way asks each element for its type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct, pack, unpack_from
from typing import TypeVar

_HEAD = Struct("!iiIii")  # dimensions, whether there are nulls, type of the elements, how many, index of the first
_HEAD_SIZE = 20
_SIZE = Struct("!i")
_LONG = Struct("!q")
_NULL = b"\xff\xff\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

T = TypeVar("T")

BYTEA, INT8, INT4, TEXT, TIMESTAMPTZ, UUID = 17, 20, 23, 25, 1184, 2950


def texts(items: Sequence[str | None]) -> bytes | None:
    """A text[]; null where every element is."""
    return _array(TEXT, items, str.encode)


def blobs(items: Sequence[bytes | None]) -> bytes | None:
    """A bytea[]; null where every element is."""
    return _array(BYTEA, items, bytes)


def uuids(items: Sequence[str]) -> bytes | None:
    """A uuid[] from 32 hexadecimal digits each."""
    return _array(UUID, items, bytes.fromhex)


def instants(items: Sequence[datetime | None]) -> bytes | None:
    """A timestamptz[]; null where every element is."""
    return _array(TIMESTAMPTZ, items, moment)


def long(item: int) -> bytes:
    """An int8."""
    return _LONG.pack(item)


def moment(at: datetime) -> bytes:
    """A timestamptz."""
    return _LONG.pack((at - _EPOCH) // _MICROSECOND)


def ints(items: Sequence[int]) -> bytes:
    """An int4[]."""
    return _HEAD.pack(1, 0, INT4, len(items), 1) + pack("!" + "ii" * len(items), *(part for item in items for part in (4, item)))


def longs(items: Sequence[int]) -> bytes:
    """An int8[]."""
    return _HEAD.pack(1, 0, INT8, len(items), 1) + pack("!" + "iq" * len(items), *(part for item in items for part in (8, item)))


def longs_or_none(items: Sequence[int | None]) -> bytes | None:
    """An int8[]; null where every element is."""
    return _array(INT8, items, long)


def _array(kind: int, items: Sequence[T | None], as_bytes: Callable[[T], bytes]) -> bytes | None:
    parts = [b""]
    nulls = 0
    for item in items:
        if item is None:
            nulls += 1
            parts.append(_NULL)
        else:
            data = as_bytes(item)
            parts += (_SIZE.pack(len(data)), data)
    if nulls == len(items):
        return None
    parts[0] = _HEAD.pack(1, 1 if nulls else 0, kind, len(items), 1)
    return b"".join(parts)


def read_texts(data: bytes | None) -> list[str | None]:
    """The elements of a text[]."""
    return [None if item is None else item.decode() for item in read_blobs(data)]


def read_blobs(data: bytes | None) -> list[bytes | None]:
    """The elements of a bytea[], or the bytes of those of any array."""
    if data is None or len(data) <= _HEAD_SIZE:
        return []
    found: list[bytes | None] = []
    at = _HEAD_SIZE
    end = len(data)
    while at < end:
        (size,) = _SIZE.unpack_from(data, at)
        at += 4
        if size < 0:
            found.append(None)
        else:
            found.append(data[at : at + size])
            at += size
    return found


def read_longs(data: bytes | None) -> list[int]:
    """The elements of an int8[] without nulls."""
    if data is None:
        return []
    return list(unpack_from("!" + "4xq" * ((len(data) - _HEAD_SIZE) // 12), data, _HEAD_SIZE))


def read_instants(data: bytes | None) -> list[datetime | None]:
    """The elements of a timestamptz[]."""
    return [None if item is None else _EPOCH + int.from_bytes(item, "big", signed=True) * _MICROSECOND for item in read_blobs(data)]


__all__ = [
    "blobs", "instants", "ints", "long", "longs", "longs_or_none", "moment", "read_blobs", "read_instants", "read_longs",
    "read_texts", "texts", "uuids",
]  # fmt: skip
