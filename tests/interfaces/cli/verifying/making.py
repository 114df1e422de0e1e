"""Small case files, made from docs/ledger.md alone. Everybody in them is invented."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CASE = "3f1c9a52-0b7e-4c55-9a0e-2f4e7b1d6c11"
OTHER = "9b0de7c4-51aa-4f0e-8f55-0c6f5a1d2e33"
ORIGIN = "ledger.example/record"
LOG, WITNESS = b"\x01", b"\x04"
TOML = b'name = "england-2025"\nclocks = []\n'
BOLTON = b"# the partnership's own\n"
HOLIDAYS = ["2026-12-25", "2026-01-01", "2026-12-28"]


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def lines(values: list[Any]) -> bytes:
    return "".join(compact(value) + "\n" for value in values).encode()


@dataclass(frozen=True)
class Words:
    """A personal text, to be sealed in the body."""

    text: str


@dataclass(frozen=True)
class Signer:
    name: str
    kind: bytes = LOG
    seed: int = 1

    @property
    def private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(sha(self.name.encode(), bytes([self.seed])))

    @property
    def public(self) -> bytes:
        return self.kind + self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return sha(self.name.encode(), b"\n", self.public)[:4]

    @property
    def key(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.public).decode()}"

    def line(self, signed: bytes) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + signed).decode()}\n"

    def sign(self, text: str) -> str:
        return self.line(self.private.sign(text.encode()))

    def cosign(self, text: str, seconds: int = 1_772_535_600) -> str:
        signed = self.private.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
        return self.line(seconds.to_bytes(8, "big") + signed)


THE_LOG = Signer(ORIGIN)
WITNESSES = [Signer(f"witness-{name}.example", WITNESS) for name in ("alder", "birch", "cedar")]


@dataclass(frozen=True)
class Stored:
    stream: str
    place: int
    position: int
    index: int
    previous: bytes
    header: str
    body: str
    hash: bytes
    words: tuple[tuple[str, bytes, str], ...]

    @property
    def line(self) -> dict[str, Any]:
        return {"place": self.place, "position": self.position, "header": self.header, "body": self.body, "hash": self.hash.hex()}


@dataclass
class Record:
    """A log of record, with as many other entries before each event as `between` says."""

    seed: int = 1
    between: int = 0
    leaves: list[bytes] = field(default_factory=list)
    heads: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    streams: dict[str, list[Stored]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.salts: dict[str, bytes] = {}
        self.position = 0
        self.rewrite: Callable[[str, str], tuple[str, str]] = lambda header, body: (header, body)

    def salt(self, stream: str) -> bytes:
        return self.salts.setdefault(stream, sha(b"salt", stream.encode()))

    def blinded(self, stream: str) -> bytes:
        return sha(b"\x04", self.salt(stream), stream.encode())

    def elsewhere(self, events: int) -> None:
        """Events of streams that are none of our business."""
        for _ in range(events):
            self.leaves.append(self.random.randbytes(32))
        for _ in range(events // 100 + 1):
            self.heads[self.random.randbytes(32)] = (self.random.randrange(1, 99), self.random.randbytes(32))
        self.position += 2 * events

    def append(self, stream: str, name: str, fields: dict[str, Any], **said: Any) -> Stored:
        self.elsewhere(self.between)
        before = self.streams.setdefault(stream, [])
        place = len(before) + 1
        self.position += self.random.randrange(1, 4)
        opened: list[tuple[str, bytes, str]] = []
        at = datetime(2026, 3, 3, 10, 15) + timedelta(seconds=len(self.leaves), microseconds=417)  # noqa: DTZ001
        header = compact(
            {"v": 1, "stream": stream, "place": place, "name": name, "schema": 1, "on": "2026-03-03"}
            | {"by": {"person": "person-77777777777777777777777777777777", "role": "business-manager", "partnership": "bolton"}}
            | said
            | {"command": "0d9f8c1e-6a2b-4f7d-8e3c-5b4a39281706", "at": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"}
        )
        header, body = self.rewrite(header, compact(self.seal(fields, (), opened)))
        previous = before[-1].hash if before else bytes(32)
        head, rest = header.encode(), body.encode()
        hashed = sha(b"\x01", previous, struct.pack(">I", len(head)), head, struct.pack(">I", len(rest)), rest)
        stored = Stored(stream, place, self.position, len(self.leaves), previous, header, body, hashed, tuple(opened))
        entry = sha(b"\x02", self.blinded(stream), struct.pack(">Q", place), previous, hashed)
        self.leaves.append(sha(b"\x00", entry))
        self.heads[self.blinded(stream)] = (place, hashed)
        before.append(stored)
        return stored

    def seal(self, value: Any, way: tuple[str, ...], opened: list[tuple[str, bytes, str]]) -> Any:
        if isinstance(value, Words):
            salt = self.random.randbytes(16)
            opened.append((".".join(way), salt, value.text))
            cipher = base64.b64encode(self.random.randbytes(44 + len(value.text))).decode()
            return {"c": sha(salt, value.text.encode()).hex(), "e": cipher, "k": "text-5b1f0c2d9e8a7746-0"}
        if isinstance(value, dict):
            return {name: self.seal(below, (*way, name), opened) for name, below in value.items()}
        if isinstance(value, list):
            return [self.seal(below, (*way, str(number)), opened) for number, below in enumerate(value)]
        return value

    def levels(self) -> list[list[bytes]]:
        levels = [self.leaves]
        while len(levels[-1]) > 1:
            below = levels[-1]
            above = [sha(b"\x01", below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
            levels.append(above + below[len(above) * 2 :])
        return levels

    def value(self, streams: list[bytes], depth: int = 0) -> bytes:
        if not streams:
            return bytes(32)
        if len(streams) == 1:
            place, hashed = self.heads[streams[0]]
            return sha(b"\x00", streams[0], struct.pack(">Q", place), hashed)
        zeros = [one for one in streams if not bit(one, depth)]
        ones = [one for one in streams if bit(one, depth)]
        return sha(b"\x01", self.value(zeros, depth + 1), self.value(ones, depth + 1))

    def siblings(self, blinded: bytes) -> list[bytes]:
        found, streams, depth = [], list(self.heads), 0
        while len(streams) > 1:
            found.append(self.value([one for one in streams if bit(one, depth) != bit(blinded, depth)], depth + 1))
            streams = [one for one in streams if bit(one, depth) == bit(blinded, depth)]
            depth += 1
        return found

    def text(self, origin: str = ORIGIN) -> str:
        tree, heads = (base64.b64encode(root).decode() for root in (self.levels()[-1][0], self.value(list(self.heads))))
        access = base64.b64encode(sha(b"access")).decode()
        return f"{origin}\n{len(self.leaves)}\n{tree}\nheads {len(self.heads)} {heads}\naccess 12 {access}\nat 2026-05-01T09:00:00Z\n"

    def files(
        self, case: str = CASE, log: Signer = THE_LOG, witnesses: list[Signer] = WITNESSES, quorum: int = 2, withheld: Collection[int] = (),
    ) -> dict[str, bytes]:  # fmt: skip
        """The entries of the case file but for bagit.txt, bag-info.txt and the manifests; without the events at the places withheld."""
        stream, levels, text = f"case/{case}", self.levels(), self.text(log.name)
        events = self.streams[stream]
        shown = [event for event in events if event.place not in withheld]
        hidden = [{"place": event.place, "hash": event.hash.hex()} for event in events if event.place in withheld]
        supporting = [event for name, those in self.streams.items() if not name.startswith("case/") for event in those]

        def path(index: int) -> list[str]:
            return [level[(index >> up) ^ 1].hex() for up, level in enumerate(levels) if (index >> up) ^ 1 < len(level)]

        def supported(event: Stored) -> dict[str, Any]:
            return {
                "stream": event.stream, "stream_salt": self.salt(event.stream).hex(), "place": event.place, "position": event.position,
                "previous": event.previous.hex(), "header": event.header, "body": event.body, "hash": event.hash.hex(),
                "index": event.index, "path": path(event.index),
            }  # fmt: skip

        siblings = [sibling.hex() for sibling in self.siblings(self.blinded(stream))]
        proofs = {
            "origin": log.name, "size": len(self.leaves), "stream": stream, "stream_salt": self.salt(stream).hex(),
            "events": [{"place": event.place, "index": event.index, "path": path(event.index)} for event in events],
            "head": {"place": len(events), "hash": events[-1].hash.hex(), "siblings": siblings},
        }  # fmt: skip
        opened = [
            {"place": event.place, "path": way, "salt": salt.hex(), "words": words} for event in shown for way, salt, words in event.words
        ]
        checkpoint = text + "\n" + log.sign(text) + "".join(witness.cosign(text) for witness in witnesses)
        keys = {"log": log.key, "witnesses": [witness.key for witness in witnesses], "quorum": quorum}
        return {
            "data/README.txt": b"A case file. Check it with verify.py.\n",
            "data/verify.py": b"# stands in for the verifier\n",
            "data/ledger.md": b"# stands in for the page\n",
            "data/events.jsonl": lines([event.line for event in shown]),
            **({"data/withheld.jsonl": lines(hidden)} if hidden else {}),
            "data/words.jsonl": lines(opened),
            "data/proofs.json": lines([proofs]),
            "data/checkpoint.txt": checkpoint.encode(),
            "data/keys.json": lines([keys]),
            "data/supporting.jsonl": lines([supported(event) for event in sorted(supporting, key=lambda event: event.position)]),
            "data/editions/procedures/bolton.toml": BOLTON,
            "data/editions/procedures/england-2025.toml": TOML,
            "data/editions/calendars/england-2026.json": lines([{"edition": "england-2026", "holidays": sorted(HOLIDAYS)}]),
            **{f"data/schemas/{name}.json": b"{}\n" for name in sorted({str(json.loads(event.header)["name"]) for event in shown})},
            "data/report.html": b"<!doctype html><title>A case</title>\n",
        }


def bit(blinded: bytes, depth: int) -> int:
    return blinded[depth // 8] >> (7 - depth % 8) & 1


def a_record(events: int = 6, between: int = 3, words: str = "the school told the family", others: int = 2) -> Record:
    """A record with one case of so many events, another of two, and the adoptions of what they name."""
    record = Record(between=between)
    record.append("procedure/england", "procedure-edition-adopted", {"edition": "england-2025", "digest": sha(TOML).hex()})
    record.append("calendar/england", "calendar-edition-adopted", {"edition": "england-2026", "holidays": HOLIDAYS})
    record.append("procedure/bolton", "procedure-edition-adopted", {"edition": "bolton", "digest": sha(BOLTON).hex()})
    named: dict[str, Any] = {"procedure": ["bolton", "england-2025"], "calendar": "england-2026"}
    for number in range(1, events + 1):
        fields = {"to": Words(f"{words} {number}"), "children": [{"name": Words("Robin Ashgrove"), "area": "bolton"}], "channel": "post"}
        record.append(f"case/{CASE}", "notification-received" if number == 1 else "notification-acknowledged", fields, **named)
        if number <= others:
            record.append(f"case/{OTHER}", "notification-received", {"to": Words("the clinic"), "channel": "post"}, **named)
    record.elsewhere(between)
    return record
