"""The tree against pymerkle, an implementation of RFC 9162 by others, at every size up to 300 and across more than one tile."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from pymerkle import InclusionProof, InmemoryTree, InvalidProof, verify_inclusion  # type: ignore[import-untyped]

from application.ledger.tree import EMPTY, HEIGHT, WIDTH, Growing, Tree, Unproved, check_inclusion, folded, leaf_hash

SIZES = range(1, 301)
ENTRIES = [random.Random(n).randbytes(32) for n in SIZES]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


@pytest.fixture(scope="module")
def theirs() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    tree.append_entries(ENTRIES)
    return tree


@pytest.fixture(scope="module")
def ours() -> Tree:
    def tile(level: int, n: int) -> Sequence[bytes]:
        if level == 0:
            return LEAVES[n * WIDTH : (n + 1) * WIDTH]
        return [folded(LEAVES[i * WIDTH : (i + 1) * WIDTH]) for i in range(len(LEAVES) >> HEIGHT)]

    return Tree(tile)


def sampled(size: int) -> list[int]:
    """The edges of a tree of this size, and some between."""
    return sorted({0, size // 2, size - 1, *random.Random(size).sample(range(size), min(size, 8))})


def test_leaves_are_hashed_alike(theirs):
    assert [theirs.get_leaf(size) for size in SIZES] == LEAVES


def test_every_size_has_the_same_root(theirs, ours):
    growing = Growing()
    assert growing.root() == ours.root(0) == theirs.get_root(0) == EMPTY
    for size in SIZES:
        growing.add(LEAVES[size - 1])
        assert growing.root() == ours.root(size) == theirs.get_root(size)


@pytest.mark.parametrize("decade", range(0, 300, 30))
def test_inclusion_is_proved_alike(theirs, ours, decade):
    for size in range(decade + 1, decade + 31):
        for index in sampled(size):
            leaf, *path = theirs.prove_inclusion(index + 1, size).path
            assert ours.inclusion(index, size) == path
            check_inclusion(leaf, index, size, path, theirs.get_root(size))


def test_their_check_takes_our_path_and_both_refuse_it_for_another_leaf(theirs, ours):
    for size in SIZES:
        for index in sampled(size):
            path, root = ours.inclusion(index, size), ours.root(size)
            proof = InclusionProof("sha256", True, size, index + 1, theirs.prove_inclusion(index + 1, size).rule, [LEAVES[index], *path])
            verify_inclusion(LEAVES[index], root, proof, index + 1, size, "sha256")
            other = LEAVES[index - 1] if size > 1 else EMPTY
            proof.path[0] = other
            with pytest.raises(InvalidProof):
                verify_inclusion(other, root, proof, index + 1, size, "sha256")
            with pytest.raises(Unproved):
                check_inclusion(other, index, size, path, root)
