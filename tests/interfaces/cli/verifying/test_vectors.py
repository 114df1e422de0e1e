"""Ed25519 and Merkle trees are those of the published vectors."""

from __future__ import annotations

import random

import pytest

from interfaces.cli import verify as verifier
from tests.interfaces.cli.verifying.making import Record, Signer
from tests.interfaces.cli.verifying.vectors import FIRST_LEAF, LEAVES, PATH_OF_FIRST_LEAF, RFC_8032, TREE_OF_8


@pytest.mark.parametrize("test", RFC_8032)
def test_signatures_of_rfc_8032(test):
    key, text, signed = map(bytes.fromhex, RFC_8032[test])
    assert verifier.signed_by(key, text, signed)
    assert not verifier.signed_by(key, text + b"!", signed)
    assert not verifier.signed_by(key, text, signed[:-1])
    for at in 0, 31, 32, 63:
        assert not verifier.signed_by(key, text, signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :])


def test_a_signature_is_canonical():
    key, _, signature = RFC_8032["1"]
    signed = bytes.fromhex(signature)
    beyond = int.from_bytes(signed[32:], "little") + verifier.ORDER
    assert not verifier.signed_by(bytes.fromhex(key), b"", signed[:32] + beyond.to_bytes(32, "little"))


def test_a_point_is_canonical():
    prime = verifier.P
    assert verifier.point((1).to_bytes(32, "little")) == (0, 1, 1, 0)
    for none in prime, prime + 1, 2**255 - 1, 1 + 2**255, 2:  # beyond the prime; minus zero; not on the curve
        assert verifier.point(none.to_bytes(32, "little")) is None


def test_a_key_of_small_order_signs_nothing():
    neutral = (1).to_bytes(32, "little")
    assert not verifier.signed_by(neutral, b"anything", neutral + bytes(32))


def test_signatures_agree_with_another_implementation():
    chance = random.Random(8032)
    for number in range(20):
        signer, message = Signer(f"signer-{number}"), chance.randbytes(number * 7)
        assert verifier.signed_by(signer.public[1:], message, signer.private.sign(message))


def tree(size: int) -> Record:
    return Record(leaves=[verifier.sha256(b"\0" + bytes.fromhex(leaf)).digest() for leaf in LEAVES[:size]])


def test_the_published_tree_of_rfc_6962():
    levels = tree(8).levels()
    assert levels[-1][0].hex() == TREE_OF_8
    for index in range(8):
        path = [level[(index >> up) ^ 1] for up, level in enumerate(levels[:-1])]
        assert verifier.leads_to(bytes.fromhex(TREE_OF_8), levels[0][index], index, 8, path)
        assert not verifier.leads_to(bytes.fromhex(TREE_OF_8), levels[0][index], index ^ 1, 8, path)
        assert not verifier.leads_to(bytes.fromhex(TREE_OF_8), levels[0][index], index + 8, 8, path)


def test_a_published_path_of_rfc_6962():
    leaf, *path = map(bytes.fromhex, [FIRST_LEAF, *PATH_OF_FIRST_LEAF])
    assert verifier.leads_to(bytes.fromhex(TREE_OF_8), leaf, 0, 8, path)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 64, 65, 100])
def test_paths_fit_one_index_and_one_size_only(size):
    record = Record(leaves=[verifier.sha256(bytes([leaf])).digest() for leaf in range(size)])
    levels = record.levels()
    root = levels[-1][0]
    for index in range(size):
        path = [level[(index >> up) ^ 1] for up, level in enumerate(levels) if (index >> up) ^ 1 < len(level)]
        assert verifier.leads_to(root, record.leaves[index], index, size, path)
        assert not any(verifier.leads_to(root, record.leaves[index], other, size, path) for other in range(size) if other != index)
        assert not verifier.leads_to(root, record.leaves[index], index, size, [*path, bytes(32)])
        assert not verifier.leads_to(root, record.leaves[index], index, size, path[:-1]) or not path
