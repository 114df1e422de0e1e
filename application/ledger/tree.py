"""The Merkle tree of RFC 9162 over the entries of a log: roots, inclusion and consistency, made from tiles of 256 hashes.

Nothing here knows where hashes come from: `Tree` asks a function for the hashes of a tile. Checking needs no tree at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

HEIGHT = 8
WIDTH = 1 << HEIGHT
"""A tile holds so many hashes of one level, levels being counted in steps of `HEIGHT`."""

EMPTY = sha256(b"").digest()
"""The root over nothing."""

TileHashes = Callable[[int, int], Sequence[bytes]]
"""The hashes of tile `n` of a level, as many as there are: of level 0 the leaves, of level 1 the roots of whole tiles of level 0 …"""


class Unproved(Exception):
    """A proof does not lead to the root; the sentence says which."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """The largest power of two below a size of two or more."""
    return 1 << ((size - 1).bit_length() - 1)


def folded(hashes: Sequence[bytes]) -> bytes:
    """The root of a whole subtree of 1, 2, 4, 8 … hashes of one level."""
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


class Growing:
    """A tree that only grows, kept as the roots of its whole subtrees, the largest first: all that its root needs."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        if len(self.peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} has {size.bit_count()} whole subtrees, not {len(self.peaks)}")

    def add(self, leaf: bytes) -> None:
        """One more leaf, by its hash."""
        rest = self.size
        while rest & 1:
            leaf = node_hash(self.peaks.pop(), leaf)
            rest >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self.peaks:
            return EMPTY
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


class Tree:
    """A tree over tiles that are fetched as they are needed. Sizes up to that of the tiles may be asked about."""

    def __init__(self, tile: TileHashes, *, kept: int = 4096) -> None:
        """`kept`: how many tiles are remembered, of 16 kB each."""
        self._tile = tile
        self._most = kept
        self._kept: dict[tuple[int, int], list[bytes]] = {}
        self._edges: dict[tuple[int, int], bytes] = {}

    def root(self, size: int) -> bytes:
        """The root over the first entries."""
        return self._over(0, size) if size else EMPTY

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The path from a leaf up to the root over `size` entries."""
        if not 0 <= index < size:
            raise ValueError(f"there is no entry {index} among the first {size}")
        return [self._over(low, high) for low, high in _beside(index, size)]

    def consistency(self, first: int, size: int) -> list[bytes]:
        """What shows that the tree of `first` entries is the beginning of that of `size`."""
        if not 0 < first <= size:
            raise ValueError(f"a tree of {first} is not the beginning of one of {size}")
        return [self._over(low, high) for low, high in _consistent(first, 0, size, True)]

    def _over(self, low: int, high: int) -> bytes:
        """The root over a run of leaves that a split of the tree makes."""
        size = high - low
        if size & (size - 1) == 0:
            return self._node(size.bit_length() - 1, low // size)
        if (known := self._edges.get((low, high))) is None:
            if len(self._edges) > 10_000:
                self._edges.clear()  # of sizes long past
            middle = low + split(size)
            known = self._edges[low, high] = node_hash(self._over(low, middle), self._over(middle, high))
        return known

    def _node(self, height: int, index: int) -> bytes:
        """The root of a whole subtree of 2**height leaves."""
        level, within = divmod(height, HEIGHT)
        tile, place = divmod(index << within, WIDTH)
        rows = self._kept.get((level, tile))
        if rows is None or len(rows[0]) < (place + (1 << within)) * 32:  # not fetched yet, or grown since
            if len(self._kept) >= self._most:
                self._kept.clear()
            rows = self._kept[level, tile] = self._made(level, tile)
        first = (place >> within) * 32
        return rows[within][first : first + 32]

    def _made(self, level: int, tile: int) -> list[bytes]:
        """All whole subtrees within a tile, by their height in it, one hash after the other."""
        rows = [b"".join(self._tile(level, tile))]
        while len(rows[-1]) > 32:
            below = rows[-1]
            rows.append(b"".join(sha256(b"\x01" + below[i : i + 64]).digest() for i in range(0, len(below) - 63, 64)))
        return rows


def _beside(index: int, size: int) -> Iterator[tuple[int, int]]:
    """The runs of leaves beside the way from a leaf to the root, from the leaf up."""
    beside = []
    low, high = 0, size
    while high - low > 1:
        middle = low + split(high - low)
        if index < middle:
            beside.append((middle, high))
            high = middle
        else:
            beside.append((low, middle))
            low = middle
    return reversed(beside)


def _consistent(first: int, low: int, high: int, whole: bool) -> Iterator[tuple[int, int]]:
    """The runs of leaves of SUBPROOF (RFC 9162, 2.1.4.1); `whole`: nothing of the old tree stands to the left of this run."""
    if first == high - low:
        if not whole:
            yield low, high
        return
    middle = low + split(high - low)
    if first <= middle - low:
        yield from _consistent(first, low, middle, whole)
        yield middle, high
    else:
        yield from _consistent(first - (middle - low), middle, high, False)
        yield low, middle


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raises Unproved unless the path leads from this leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise Unproved(f"there is no entry {index} among {size}")
    first, last, value = index, size - 1, leaf
    for beside in path:
        if last == 0:
            raise Unproved("the path is too long")
        if first & 1 or first == last:
            value = node_hash(beside, value)
            while first and not first & 1:
                first >>= 1
                last >>= 1
        else:
            value = node_hash(value, beside)
        first >>= 1
        last >>= 1
    if last or value != root:
        raise Unproved("the path does not lead to the root")


def check_consistency(first: int, size: int, path: Sequence[bytes], old: bytes, new: bytes) -> None:
    """Raises Unproved unless the tree of `first` entries is the beginning of that of `size` (RFC 9162, 2.1.4.2)."""
    if first == size:
        if path or old != new:
            raise Unproved("two trees of one size differ")
        return
    if not 0 < first < size or not path:
        raise Unproved(f"nothing shows that {first} is the beginning of {size}")
    steps = [old, *path] if first & (first - 1) == 0 else list(path)
    node, last = first - 1, size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    before = after = steps[0]
    for beside in steps[1:]:
        if last == 0:
            raise Unproved("the path is too long")
        if node & 1 or node == last:
            before, after = node_hash(beside, before), node_hash(beside, after)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            after = node_hash(after, beside)
        node >>= 1
        last >>= 1
    if last or before != old or after != new:
        raise Unproved("the path does not lead from one root to the other")
