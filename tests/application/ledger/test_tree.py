"""The tree of RFC 9162, against its own definition, published vectors, and an implementation that is not ours."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.ledger.tree import (
    EMPTY,
    WIDTH,
    Growing,
    Tree,
    Unproved,
    check_consistency,
    check_inclusion,
    folded,
    leaf_hash,
    node_hash,
    split,
)

PUBLISHED = [bytes.fromhex(leaf) for leaf in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
"""The eight leaves that Certificate Transparency publishes with their roots."""

ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
}


def naive(leaves: Sequence[bytes]) -> bytes:
    """The definition, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return node_hash(naive(leaves[:middle]), naive(leaves[middle:]))


def leaves(size: int) -> list[bytes]:
    return [leaf_hash(n.to_bytes(4, "big")) for n in range(size)]


def tree_of(hashes: Sequence[bytes]) -> Tree:
    """A tree over tiles that are made as they are asked for."""

    def tile(level: int, n: int) -> Sequence[bytes]:
        if level == 0:
            return hashes[n * WIDTH : (n + 1) * WIDTH]
        below = [tile(level - 1, i) for i in range(n * WIDTH, min((n + 1) * WIDTH, len(hashes) // WIDTH**level))]
        return [folded(found) for found in below]

    return Tree(tile)


def test_the_published_roots():
    hashes = [leaf_hash(entry) for entry in PUBLISHED]
    assert [tree_of(hashes).root(size).hex() for size in range(1, 9)] == list(ROOTS)


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_published_paths(index, size):
    hashes = [leaf_hash(entry) for entry in PUBLISHED]
    assert [step.hex() for step in tree_of(hashes).inclusion(index, size)] == INCLUSION[index, size]


def test_nothing_has_the_root_of_nothing():
    assert tree_of([]).root(0) == Growing().root() == EMPTY == sha256().digest()


def test_every_entry_of_every_small_tree_is_proved_and_no_other():
    hashes = leaves(70)
    tree = tree_of(hashes)
    for size in range(1, 71):
        root = naive(hashes[:size])
        assert tree.root(size) == root
        for index in range(size):
            path = tree.inclusion(index, size)
            check_inclusion(hashes[index], index, size, path, root)
            with pytest.raises(Unproved):
                check_inclusion(hashes[(index + 1) % 70], index, size, path, root)


def test_every_small_tree_is_the_beginning_of_every_larger():
    hashes = leaves(70)
    tree = tree_of(hashes)
    for size in range(1, 71):
        for first in range(1, size + 1):
            check_consistency(first, size, tree.consistency(first, size), tree.root(first), tree.root(size))


@given(st.data())
def test_a_proof_with_anything_else_in_it_proves_nothing(data):
    size = data.draw(st.integers(2, 600))
    hashes = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    path, leaf, root = tree_of(hashes).inclusion(index, size), hashes[index], naive(hashes)
    match data.draw(st.sampled_from(["flip", "drop", "add", "index", "leaf", "beyond"])):
        case "flip":
            at = data.draw(st.integers(0, len(path) - 1))
            path[at] = bytes([path[at][0] ^ 1]) + path[at][1:]
        case "drop":
            path.pop(data.draw(st.integers(0, len(path) - 1)))
        case "add":
            path.append(root)
        case "index":
            index = (index + data.draw(st.integers(1, size - 1))) % size
        case "leaf":
            leaf = hashes[(index + data.draw(st.integers(1, size - 1))) % size]
        case "beyond":
            size = index
    with pytest.raises(Unproved):
        check_inclusion(leaf, index, size, path, root)


@given(st.integers(2, 700), st.data())
def test_a_fork_is_not_consistent(size, data):
    first = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, first - 1))
    hashes = leaves(size)
    forked = [*hashes]
    forked[changed] = leaf_hash(b"another")
    path = tree_of(forked).consistency(first, size)
    with pytest.raises(Unproved):
        check_consistency(first, size, path, naive(hashes[:first]), naive(forked))


@given(st.integers(0, 3000))
def test_a_growing_tree_has_the_root_of_the_whole(size):
    growing = Growing()
    hashes = leaves(size)
    for leaf in hashes:
        growing.add(leaf)
    assert growing.root() == tree_of(hashes).root(size)
    assert Growing(size, growing.peaks).root() == growing.root()


def test_tiles_of_three_levels():
    hashes = leaves(WIDTH * WIDTH + 3 * WIDTH + 17)
    tree = tree_of(hashes)
    root = naive(hashes)
    assert tree.root(len(hashes)) == root
    for index in (0, 255, 256, 65_535, 65_536, 66_000, len(hashes) - 1):
        check_inclusion(hashes[index], index, len(hashes), tree.inclusion(index, len(hashes)), root)


def test_a_tile_that_has_grown_is_asked_for_again():
    hashes = leaves(10)
    tree = tree_of(hashes)
    assert tree.root(10) == naive(hashes)
    hashes.extend(leaves(300)[10:])
    assert tree.root(300) == naive(hashes)
