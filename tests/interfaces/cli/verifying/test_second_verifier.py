"""Two verifiers that share nothing but docs/ledger.md come to the same: of a good file, and of one in which any byte is another."""

from __future__ import annotations

import random
from base64 import b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from interfaces.cli.verify import verify
from tests.interfaces.cli.verifying.making import THE_LOG
from tests.interfaces.cli.verifying.refusing import KEYS, good
from tests.second_verifier import faults, unpacked, zipped


def both(data: bytes, **keys) -> tuple[bool, bool]:
    return verify(data, **keys).holds, not faults(data, **keys)


def test_both_find_that_a_good_file_holds_by_its_own_keys():
    assert both(good()) == (True, True)


def test_both_find_that_it_holds_by_the_keys_the_partners_published():
    assert both(good(), log_key=THE_LOG.key, witnesses=KEYS) == (True, True)
    assert both(good(), log_key=THE_LOG.key, witnesses=KEYS, quorum=2) == (True, True)


def test_both_refuse_a_log_key_that_is_not_the_log_s():
    name = THE_LOG.key.split("+")[0]
    public = b"\1" + Ed25519PrivateKey.from_private_bytes(b"somebody else entirely, 32 bytes").public_key().public_bytes_raw()
    stranger = f"{name}+{sha256(name.encode() + bytes([10]) + public).hexdigest()[:8]}+{b64encode(public).decode()}"
    assert both(good(), log_key=stranger) == (False, False)


def test_the_second_reads_a_file_where_it_lies(tmp_path):
    file = tmp_path / "case.zip"
    file.write_bytes(good())
    assert faults(file) == faults(str(file)) == []


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_both_find_that_it_does_not_with_any_byte_another(start):
    data = good()
    for seed in range(start, start + 50):
        chance, flipped = random.Random(seed), bytearray(data)
        place = chance.randrange(len(data))
        flipped[place] ^= chance.randrange(1, 256)
        assert both(bytes(flipped)) == (False, False), f"seed {seed}: byte {place}"


def remade(entries: dict[str, bytes], case: str) -> bytes:
    """The file again, its manifests over what now stands in it: whoever changes a file can do that too."""

    def listed(names) -> bytes:
        return "".join(f"{sha256(entries[name]).hexdigest()}  {name}\n" for name in names).encode()

    entries["manifest-sha256.txt"] = listed(name for name in entries if name.startswith("data/"))
    entries["tagmanifest-sha256.txt"] = listed(["bagit.txt", "bag-info.txt", "manifest-sha256.txt"])
    return zipped({f"{case}/{name}": held for name, held in entries.items()})


def proves(name: str) -> bool:
    """Whether an entry is one that the page has checked."""
    return name.startswith("data/") and name.endswith((".jsonl", ".json", ".toml", "checkpoint.txt")) and "schemas" not in name


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_both_see_below_manifests_that_fit(start):
    case, entries = unpacked(good())
    assert remade(dict(entries), case) == good()
    proving, refused = [name for name in entries if proves(name)], 0
    for seed in range(start, start + 50):
        chance = random.Random(seed)
        name = chance.choice(proving)
        flipped = bytearray(entries[name])
        place = chance.randrange(len(flipped))
        flipped[place] ^= chance.randrange(1, 256)
        first, second = both(remade({**entries, name: bytes(flipped)}, case))
        assert first == second, f"seed {seed}: byte {place} of {name}"
        refused += not first
    assert refused > 45  # a position is in no hash: another digit may be as good
