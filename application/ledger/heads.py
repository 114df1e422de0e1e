"""The map of heads: for every stream, blinded, the place and hash of its last event, under one root.

A case file shows by it that nothing of a stream was left out. It is a binary tree in the order of the keys; there is one tree
for each map, whatever the order in which it was made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

NOTHING = bytes(32)
"""The value of no stream."""

_LEAF = Struct(">32sQ32s")


class Head(NamedTuple):
    """Where a stream stands: its last place and the hash there."""

    place: int
    hash: bytes


ORIGIN = Head(0, bytes(32))
"""Where a stream stands that has no event."""


@dataclass(frozen=True)
class Proof:
    """Where a stream stands in a map, or that it is not there: the values beside its way, and whose leaf is at its end."""

    siblings: tuple[bytes, ...]
    end: tuple[bytes, Head] | None


class _Leaf:
    __slots__ = ("blinded", "head", "value")

    def __init__(self, blinded: bytes, head: Head) -> None:
        self.blinded, self.head = blinded, head
        self.value = leaf_value(blinded, head)


class _Inner:
    __slots__ = ("ends", "made")

    def __init__(self, zero: _Node, one: _Node) -> None:
        self.ends: list[_Node] = [zero, one]
        self.made: bytes | None = None

    @property
    def value(self) -> bytes:
        if self.made is None:
            self.made = inner_value(_value(self.ends[0]), _value(self.ends[1]))
        return self.made


_Node = _Leaf | _Inner | None


def leaf_value(blinded: bytes, head: Head) -> bytes:
    """The value of one stream."""
    return sha256(b"\x00" + _LEAF.pack(blinded, head.place, head.hash)).digest()


def inner_value(zero: bytes, one: bytes) -> bytes:
    """The value of more than one."""
    return sha256(b"\x01" + zero + one).digest()


def bit(key: bytes, depth: int) -> int:
    """Which way a key goes at a depth."""
    return key[depth >> 3] >> (7 - (depth & 7)) & 1


def _value(node: _Node) -> bytes:
    return NOTHING if node is None else node.value


class Heads:
    """The map as it stands, changed stream by stream. Its root costs what has changed since the last."""

    def __init__(self) -> None:
        self._top: _Node = None
        self._known: dict[bytes, Head] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __getitem__(self, blinded: bytes) -> Head:
        return self._known.get(blinded, ORIGIN)

    def __iter__(self) -> Iterator[tuple[bytes, Head]]:
        return iter(self._known.items())

    def put(self, blinded: bytes, head: Head) -> None:
        """A stream stands here now."""
        self._known[blinded] = head
        leaf = _Leaf(blinded, head)
        above: _Inner | None = None
        node, depth = self._top, 0
        while isinstance(node, _Inner):
            node.made = None
            above, node = node, node.ends[bit(blinded, depth)]
            depth += 1
        grown: _Node = leaf if node is None or node.blinded == blinded else _apart(node, leaf, depth)
        if above is None:
            self._top = grown
        else:
            above.ends[bit(blinded, depth - 1)] = grown

    def root(self) -> bytes:
        """The value of the whole map."""
        return _value(self._top)

    def proof(self, blinded: bytes) -> Proof:
        """Where a stream stands, or that it is not there."""
        siblings = []
        node, depth = self._top, 0
        while isinstance(node, _Inner):
            way = bit(blinded, depth)
            siblings.append(_value(node.ends[1 - way]))
            node = node.ends[way]
            depth += 1
        return Proof(tuple(siblings), None if node is None else (node.blinded, node.head))


def _apart(one: _Leaf, other: _Leaf, depth: int) -> _Inner:
    """Two leaves under as many nodes as they have bits in common from this depth on."""
    way = bit(one.blinded, depth)
    if way != bit(other.blinded, depth):
        return _Inner(one, other) if way == 0 else _Inner(other, one)
    below = _apart(one, other, depth + 1)
    return _Inner(below, None) if way == 0 else _Inner(None, below)


def proves(root: bytes, blinded: bytes, head: Head, siblings: Sequence[bytes]) -> bool:
    """Whether these siblings show that the stream stands at this head."""
    return _up(leaf_value(blinded, head), blinded, siblings) == root


def proves_absent(root: bytes, blinded: bytes, proof: Proof) -> bool:
    """Whether a proof shows that the stream is not in the map."""
    if proof.end is None:
        return _up(NOTHING, blinded, proof.siblings) == root
    other, head = proof.end
    depth = len(proof.siblings)
    alike = all(bit(other, n) == bit(blinded, n) for n in range(depth))
    return other != blinded and alike and _up(leaf_value(other, head), blinded, proof.siblings) == root


def _up(value: bytes, blinded: bytes, siblings: Sequence[bytes]) -> bytes:
    for depth in range(len(siblings) - 1, -1, -1):
        beside = siblings[depth]
        value = inner_value(beside, value) if bit(blinded, depth) else inner_value(value, beside)
    return value
