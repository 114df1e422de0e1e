"""A good case file, ways to change it, and what a refusal is."""

from __future__ import annotations

import json
from functools import cache

from interfaces.cli.verify import verify
from tests.interfaces.cli.verifying.making import WITNESSES, Record, a_record, lines
from tests.interfaces.cli.verifying.packing import pack
from tests.second_verifier import found

KEYS = [witness.key for witness in WITNESSES]
Files = dict[str, bytes]


@cache
def record() -> Record:
    return a_record()


@cache
def sound() -> Files:
    return record().files()


@cache
def good() -> bytes:
    return pack(sound())


def changed(name: str, content: bytes, files: Files | None = None) -> bytes:
    """The good file with another entry, and all sums made again."""
    return pack({**(files or sound()), f"data/{name}": content})


def relined(name: str, change, files: Files | None = None) -> bytes:
    """The good file with its lines of this name changed."""
    there = [json.loads(line) for line in (files or sound())[f"data/{name}"].splitlines()]
    return changed(name, lines(change(there)), files)


def refused(data: bytes, *words: str, **asked) -> None:
    report = verify(data, **asked)
    assert report.fault is not None
    assert "unforeseen" not in report.fault
    for word in words:
        assert word in report.fault, report.fault


def agreed(data: bytes, **asked) -> bool:
    """Whether all holds, of which two verifiers that share nothing think the same."""
    return verdict(data, **asked) == "all holds"


def verdict(data: bytes, **asked) -> str:
    """What two verifiers that share nothing both say of a file, and of which places that are withheld."""
    first, (second, withheld) = verify(data, **asked), found(data, **asked)
    assert (first.fault is None) == (not second), (first.fault, second)
    assert first.withheld == withheld
    assert "unforeseen" not in (first.fault or "")
    return first.verdict


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
