"""The parts of a case file that a verifier reads, line by line and byte for byte (`docs/ledger.md`, 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from application.case_file.disclosing import Disclosed, Text
from application.ledger.heads import Head
from application.ledger.notes import Key, Note, Policy
from application.store.store import Stored

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class InTree:
    """Where an event stands in the tree, and the path from its leaf to the root."""

    index: int
    path: Sequence[bytes]


@dataclass(frozen=True)
class Proved:
    """What ties a stream to a checkpoint: its salt, each of its events in the tree, and its head in the map."""

    stream: str
    salt: bytes
    events: Sequence[InTree]
    head: Head
    siblings: Sequence[bytes]


@dataclass(frozen=True)
class Adoption:
    """An event of another stream: that an edition was adopted, and what ties it to the checkpoint."""

    stream: str
    salt: bytes
    place: int
    previous: bytes
    stored: Stored
    at: InTree


def lines(items: Iterable[Any]) -> bytes:
    """JSON, a line each."""
    return b"".join(_encode(item) + b"\n" for item in items)


def events(history: Iterable[Disclosed]) -> bytes:
    """`events.jsonl`"""
    return lines({"place": one.recorded.place, "position": one.stored.position, **_as_stored(one.stored)} for one in history)


def withheld(hashes: Mapping[int, bytes]) -> bytes:
    """`withheld.jsonl`"""
    return lines({"place": place, "hash": hash_.hex()} for place, hash_ in hashes.items())


def _as_stored(stored: Stored) -> dict[str, Any]:
    return {"header": stored.header.decode(), "body": stored.body.decode(), "hash": stored.hash.hex()}


def words(history: Iterable[Disclosed]) -> bytes:
    """`words.jsonl`"""
    return lines({"place": one.recorded.place, "path": text.path, **_said(text)} for one in history for text in one.texts)


def _said(text: Text) -> dict[str, Any]:
    return {"salt": text.salt.hex(), "words": text.words} if text.state == "opened" else {text.state: True}


def proofs(note: Note, proved: Proved) -> bytes:
    """`proofs.json`"""
    told = {
        "origin": note.checkpoint.origin,
        "size": note.checkpoint.size,
        "stream": proved.stream,
        "stream_salt": proved.salt.hex(),
        "events": [{"place": place, **_in_tree(at)} for place, at in enumerate(proved.events, start=1)],
        "head": {"place": proved.head.place, "hash": proved.head.hash.hex(), "siblings": _hex(proved.siblings)},
    }
    return lines([told])


def _in_tree(at: InTree) -> dict[str, Any]:
    return {"index": at.index, "path": _hex(at.path)}


def _hex(hashes: Iterable[bytes]) -> list[str]:
    return [one.hex() for one in hashes]


def keys(log_key: Key, policy: Policy) -> bytes:
    """`keys.json`"""
    return lines([{"log": str(log_key), "witnesses": [str(key) for key in policy.witnesses], "quorum": policy.quorum}])


def supporting(adoptions: Iterable[Adoption]) -> bytes:
    """`supporting.jsonl`"""
    return lines(
        {
            "stream": one.stream, "stream_salt": one.salt.hex(), "place": one.place, "position": one.stored.position,
            "previous": one.previous.hex(), **_as_stored(one.stored), **_in_tree(one.at),
        }
        for one in adoptions
    )  # fmt: skip


README = """\
This is the file of one case of a child safeguarding case review, {case}, kept by {whose}.
It has {what} of the case up to position {position} of the record, which a checkpoint of {at} covers.

  report.html       the case for people, to read or to print
  events.jsonl      the events as they were recorded, each chained to the one before it{withheld}
  words.jsonl       the words that whoever this file was made for may read; the events hold them sealed
  proofs.json       what ties the events to the checkpoint
  checkpoint.txt    what the log of the record signed, and who cosigned it
  keys.json         the keys that are said to have signed
  supporting.jsonl  the adoptions of the rules and calendars that the events were made under
  editions/         the texts of those rules, and the days of those calendars
  schemas/          the shape of each kind of event
  ledger.md         how all this is made, exactly enough to check it without our software
  verify.py         a programme that checks it

To check this file, before it is unpacked, with Python 3.9 or later and without a network:

  python3 -I verify.py {case}.zip --log-key KEY

Take verify.py, KEY and the keys of the witnesses (--witness) from those who published them rather than from this file: what comes
with a file proves nothing about who made it. The words in it are about children. Keep it as you keep the case itself.
"""

OF_WITHHELD = "\n  withheld.jsonl    place and hash of each event that is not for whoever this file was made for, and nothing else of it"


def readme(case: str, whose: str, position: str, at: str, places: int, withheld: int) -> bytes:
    """`README.txt`"""
    what = f"{places - withheld} of the {places} events" if withheld else "every event"
    more = OF_WITHHELD if withheld else ""
    return README.format(case=case, whose=whose, position=position, at=at, what=what, withheld=more).encode()
