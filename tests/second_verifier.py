"""A second verifier of case files, written from docs/ledger.md alone: it shares no line with the one that lies in every file.

It is plain where the other is careful: it claims what the page says and lets everything else fall over, which is a fault too.
The trees are checked by pymerkle, the signatures by OpenSSL.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InclusionProof
from pymerkle.core import _inclusion_path_layout

BEFORE = "bagit.txt bag-info.txt data/README.txt data/verify.py data/ledger.md data/events.jsonl data/words.jsonl data/proofs.json "
BEFORE += "data/checkpoint.txt data/keys.json data/supporting.jsonl"
EDITIONS = ("data/editions/procedures/", ".toml"), ("data/editions/calendars/", ".json"), ("data/schemas/", ".json")
AFTER = "data/report.html manifest-sha256.txt tagmanifest-sha256.txt"
TAGS = "Source-Organization", "External-Identifier", "Bagging-Date", "Payload-Oxum", "Casetrail-Up-To"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SMALL = [0, 1, 2**255 - 20, *(int.from_bytes(bytes.fromhex(y), "little") for y in (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
))]  # fmt: skip
"""The second coordinates of the points of small order."""

Entries = dict[str, bytes]


def claim(truth: object, otherwise: str) -> None:
    if not truth:
        raise ValueError(otherwise)


def H(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def b64(text: str) -> bytes:
    found = base64.b64decode(text, validate=True)
    claim(base64.b64encode(found).decode() == text, "base64 written in a second way")
    return found


def hexed(text: str, length: int = 32) -> bytes:
    claim(re.fullmatch(f"[0-9a-f]{{{2 * length}}}", text), f"{length} bytes in lowercase hex were expected")
    return bytes.fromhex(text)


def decimal(text: str) -> int:
    claim(re.fullmatch("0|[1-9][0-9]*", text), f"{text} is no number")
    return int(text)


def parsed(text: str | bytes, members: str = "") -> Any:
    """JSON with no member twice; `members` names those that it has."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        claim(len(dict(pairs)) == len(pairs), "a member stands twice")
        return dict(pairs)

    found = json.loads(text.decode() if isinstance(text, bytes) else text, object_pairs_hook=once, parse_constant=float.fromhex)
    claim(not members or set(found) == set(members.split()), f"members other than {members}")
    claim(all(type(found[n]) is int and found[n] >= 0 for n in ("place", "position", "index", "size") if n in (members and found)), "no number")
    return found


def lines(data: bytes, *members: str) -> list[Any]:
    claim(data == b"" or data.endswith(b"\n"), "the last line does not end")
    return [next(_shaped(line, members)) for line in data.decode().split("\n")[:-1]]


def _shaped(line: str, shapes: Sequence[str]) -> Iterator[Any]:
    has = set(parsed(line))
    yield parsed(line, next(shape for shape in shapes if set(shape.split()) == has))


def zipped(entries: Entries) -> bytes:
    """The one zip of these entries."""
    files = directory = b""
    for name, data in entries.items():
        both = struct.pack("<5H3I2H", 20, 0x0800, 0, 0, 0x0021, zlib.crc32(data), len(data), len(data), len(name.encode()), 0)
        directory += b"PK\1\2" + struct.pack("<H", 0x0314) + both + struct.pack("<3H2I", 0, 0, 0, 0x81A40000, len(files)) + name.encode()
        files += b"PK\3\4" + both + name.encode() + data
    return files + directory + b"PK\5\6" + struct.pack("<4H2IH", 0, 0, len(entries), len(entries), len(directory), len(files), 0)


def manifests(entries: Entries) -> Entries:
    """The two manifests over the entries, named without the id of the case."""

    def listed(names: list[str]) -> bytes:
        return "".join(f"{sha256(found[name]).hexdigest()}  {name}\n" for name in names).encode()

    found = dict(entries)
    found["manifest-sha256.txt"] = listed([name for name in found if name.startswith("data/")])
    found["tagmanifest-sha256.txt"] = listed(["bagit.txt", "bag-info.txt", "manifest-sha256.txt"])
    return found


def unpacked(data: bytes) -> tuple[str, Entries]:
    """The id of the case, and the entries without it before their names: (1)."""
    claim(len(data) <= 64 << 20, "larger than 64 MiB")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        whole = {info.filename: archive.read(info) for info in archive.infolist()}
    claim(zipped(whole) == data, "not the one zip of its entries")
    case = next(iter(whole)).partition("/")[0]
    claim(UUID.fullmatch(case), "the names do not begin with the id of a case")
    claim(all(name.startswith(case + "/") for name in whole), "names of two cases")
    entries = {name[len(case) + 1 :]: held for name, held in whole.items()}
    kinds = [sorted(n for n in entries if n.startswith(head) and n.endswith(tail)) for head, tail in EDITIONS]
    claim(list(entries) == [*BEFORE.split(), *itertools.chain(*kinds), *AFTER.split()], "other entries, or in another order")
    for (head, tail), names in zip(EDITIONS, kinds, strict=True):
        claim(all(NAME.fullmatch(n[len(head) : -len(tail)]) for n in names), "a name of an edition or event that cannot be")
    claim(manifests(entries) == entries, "the manifests are others")
    claim(entries["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", "bagit.txt")
    tags = [line.partition(": ") for line in entries["bag-info.txt"].decode().removesuffix("\n").split("\n")]
    payload = [len(held) for name, held in entries.items() if name.startswith("data/")]
    claim(tuple(tag for tag, _, _ in tags) == TAGS, "bag-info.txt")
    claim((tags[1][2], tags[3][2]) == (f"case/{case}", f"{sum(payload)}.{len(payload)}"), "bag-info.txt tells of another bag")
    return case, entries


@dataclass
class Checkpoint:
    """What a checkpoint says, and who signed."""

    text: str
    origin: str
    size: int
    root: bytes
    heads: bytes
    signed: list[tuple[str, bytes]]

    @classmethod
    def read(cls, note: bytes) -> Checkpoint:
        text, _, after = note.decode().partition("\n\n")
        shape = r"(\S+/record)\n(\d+)\n(\S+)\nheads (\d+) (\S+)\n(?:access (\d+) (\S+)\n)?at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
        said = re.fullmatch(shape, text, re.ASCII)
        assert said, "the text of the checkpoint has other lines"
        claim("+" not in said[1] and len(b64(said[3])) == len(b64(said[5])) == len(b64(said[7] or said[5])) == 32, "an origin or root")
        datetime.fromisoformat(said[8]), decimal(said[4]), decimal(said[6] or "0")
        claim(after.endswith("\n"), "the last signature does not end")
        signed = [re.fullmatch(r"— ([^\s+]+) (\S+)", line) for line in after.split("\n")[:-1]]
        return cls(text + "\n", said[1], decimal(said[2]), b64(said[3]), b64(said[5]), [(s[1], b64(s[2])) for s in signed if s or claim(s, "line")])


def key(told: str, kind: int) -> tuple[str, bytes, bytes]:
    """Name, id and public key of a key as it is told to others."""
    name, number, both = told.split("+", 2)
    public = b64(both)[1:]
    claim(b64(both)[0] == kind and len(public) == 32 and H(name.encode(), b"\n", b64(both))[:4] == hexed(number, 4), f"{name} has another key")
    y = int.from_bytes(public, "little") & (1 << 255) - 1
    claim(y < 2**255 - 19 and y not in SMALL, f"the key of {name} is of small order or written in a second way")
    return name, bytes.fromhex(number), public


def signatures(note: Checkpoint, log: str, witnesses: Sequence[str], quorum: int | None) -> None:
    """(2), and who the witnesses are."""
    name, number, public = key(log, 1)
    (first, line), *others = note.signed
    claim((first, line[:4]) == (name, number) and name == note.origin, "the first signature is not by the key of the log")
    Ed25519PublicKey.from_public_bytes(public).verify(line[4:], note.text.encode())
    known = [key(witness, 4) for witness in witnesses]
    claim(len(known) <= 100, "more than 100 witnesses")
    claim(len({n for n, _, _ in known} | {name}) == len({p for _, _, p in known} | {public}) == len(known) + 1, "one witness stands twice")
    valid = set()
    for (by, at), (who, theirs, held) in itertools.product(others, known):
        if (by, at[:4]) == (who, theirs):
            said = f"cosignature/v1\ntime {int.from_bytes(at[4:12], 'big')}\n{note.text}".encode()
            Ed25519PublicKey.from_public_bytes(held).verify(at[12:], said)
            valid.add(who)
    claim(len(valid) >= (len(known) if quorum is None else quorum), f"{len(valid)} witnesses cosigned")


def stored(stream: str, line: dict[str, Any], previous: bytes) -> dict[str, Any]:
    """The header of an event that is what its line says: (3), (4) and (8)."""
    header = parsed(line["header"])
    claim((header["v"], header["stream"], header["place"]) == (1, stream, line["place"]), "the header names another place")
    claim(type(header["v"]) is type(header["place"]) is int and line["header"].endswith(f',"at":"{header["at"]}"}}'), "v or at")
    claim(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", header["at"], re.ASCII) and datetime.fromisoformat(header["at"]), "at")
    measured = (struct.pack(">I", len(part)) + part for part in (line["header"].encode(), line["body"].encode()))
    claim(H(b"\1", previous, *measured) == hexed(line["hash"]), f"place {line['place']} of {stream} has another hash")
    claim(isinstance(parsed(line["body"]), dict), "the body is no object")
    return dict(header)


def included(note: Checkpoint, salt: bytes, stream: str, line: dict[str, Any], proof: dict[str, Any], previous: bytes) -> None:
    """(5)"""
    entry = H(b"\2", H(b"\4", salt, stream.encode()), line["place"].to_bytes(8, "big"), previous, hexed(line["hash"]))
    leaf, index = H(b"\0", entry), proof["index"] + 1
    claim(index <= note.size, "an index beyond the checkpoint")
    rule, _ = _inclusion_path_layout(index, note.size)
    path = [leaf, *map(hexed, proof["path"])]
    InclusionProof("sha256", True, note.size, index, rule, path).verify(leaf, note.root, index, note.size, "sha256")


def headed(note: Checkpoint, blinded: bytes, head: dict[str, Any]) -> None:
    """(6)"""
    value = H(b"\0", blinded, head["place"].to_bytes(8, "big"), hexed(head["hash"]))
    claim(len(head["siblings"]) <= 256, "a way longer than the name of a stream")
    for depth, sibling in reversed(list(enumerate(map(hexed, head["siblings"])))):
        right = blinded[depth // 8] >> 7 - depth % 8 & 1
        value = H(b"\1", sibling, value) if right else H(b"\1", value, sibling)
    claim(value == note.heads, "the map of heads has another root")


def sealed(found: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Where something is sealed below a body, and the commitments."""
    keyed = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for name, below in keyed:
        claim("." not in str(name), "the key of a body holds a dot")
        way = f"{path}.{name}" if path else str(name)
        if isinstance(below, dict) and {"c", "e", "k"} <= set(below):
            claim(len(below) == 3 and isinstance(below["k"], str) and b64(below["e"]) and hexed(below["c"]), "something half sealed")
            yield way, below["c"]
        else:
            yield from sealed(below, way)


def worded(entries: Entries, events: Sequence[dict[str, Any]]) -> None:
    """(7)"""
    told = lines(entries["data/words.jsonl"], "place path salt words", "place path erased", "place path withheld")
    wanted = [(event["place"], *found) for event in events for found in sealed(parsed(event["body"]))]
    claim([(line["place"], line["path"]) for line in told] == [(place, path) for place, path, _ in wanted], "other words than what is sealed")
    for line, (place, path, commitment) in zip(told, wanted, strict=True):
        fits = H(hexed(line["salt"], 16), line["words"].encode()).hex() == commitment if "salt" in line else None
        claim(fits or line.get("erased") is True or line.get("withheld") is True, f"the words of {path} at place {place} are others")


def supported(entries: Entries, case: str, supporting: Sequence[dict[str, Any]], headers: Sequence[dict[str, Any]]) -> None:
    """(8)"""
    adopted = set()
    for line in supporting:
        claim(line["place"] > 1 or line["previous"] == "00" * 32, "something before the first")
        header, body = stored(line["stream"], line, hexed(line["previous"])), parsed(line["body"])
        kind, stem, tail = {"procedure-edition-adopted": ("procedure", *EDITIONS[0]), "calendar-edition-adopted": ("calendar", *EDITIONS[1])}[header["name"]]
        claim(line["stream"].startswith(kind + "/") and line["stream"] != case, f"adopted in {line['stream']}")
        adopted.add(file := f"{stem}{body['edition']}{tail}")
        if kind == "procedure":
            claim(sha256(entries[file]).digest() == hexed(body["digest"]), f"{file} is not what was adopted")
        else:
            days = parsed(entries[file], "edition holidays")
            claim((days["edition"], sorted(days["holidays"])) == (body["edition"], days["holidays"]), f"{file} is not sorted")
            claim(set(days["holidays"]) == set(body["holidays"]), f"{file} is not what was adopted")
    named = {EDITIONS[0][0] + edition + ".toml" for header in headers for edition in header.get("procedure", ()) if edition is not None}
    named |= {EDITIONS[1][0] + header["calendar"] + ".json" for header in headers if "calendar" in header}
    held = {name for name in entries if name.startswith("data/editions/")}
    claim(named <= adopted and held <= adopted, "an edition that nobody adopted")
    claim({f"data/schemas/{header['name']}.json" for header in headers} <= set(entries), "an event without its shape")


def checked(data: bytes, log: str | None, witnesses: Sequence[str], quorum: int | None) -> Iterator[tuple[str, Any]]:
    """What has to be done, part by part."""
    case, entries = unpacked(data)
    note, stream = Checkpoint.read(entries["data/checkpoint.txt"]), f"case/{case}"
    proofs = parsed(entries["data/proofs.json"], "origin size stream stream_salt events head")
    keys = parsed(entries["data/keys.json"], "log witnesses quorum")
    events = lines(entries["data/events.jsonl"], "place position header body hash")
    supporting = lines(entries["data/supporting.jsonl"], "stream stream_salt place position previous header body hash index path")
    claim((proofs["origin"], proofs["size"], proofs["stream"]) == (note.origin, note.size, stream), "proofs of another checkpoint or case")
    by = (witnesses, quorum) if witnesses else (keys["witnesses"], keys["quorum"] if quorum is None else quorum)
    yield "2", lambda: signatures(note, log or keys["log"], *by)
    befores = [b"\0" * 32, *(hexed(event["hash"]) for event in events)]
    claim([event["place"] for event in events] == list(range(1, len(befores))) and events, "places do not run 1, 2, 3 …")
    headers = [stored(stream, event, before) for event, before in zip(events, befores, strict=False)]
    rise = sorted((e["position"], p["index"]) for e, p in [*zip(events, proofs["events"], strict=True), *zip(supporting, supporting, strict=True)])
    claim(all(a < c and b < d for (a, b), (c, d) in itertools.pairwise(rise)), "positions and indexes do not rise together")
    claim(all(a["position"] < b["position"] for rows in (events, supporting) for a, b in itertools.pairwise(rows)), "positions do not rise")
    claim([header["at"] for header in headers] == sorted(header["at"] for header in headers), "instants fall")
    salt = hexed(proofs["stream_salt"])
    for event, proof, before in zip(events, proofs["events"], befores, strict=False):
        claim(set(proof) == {"place", "index", "path"} and proof["place"] == event["place"], "a proof of another event")
        included(note, salt, stream, event, proof, before)
    for line in supporting:
        included(note, hexed(line["stream_salt"]), line["stream"], line, line, hexed(line["previous"]))
    claim(set(proofs["head"]) == {"place", "hash", "siblings"}, "another head")
    claim((proofs["head"]["place"], proofs["head"]["hash"]) == (events[-1]["place"], events[-1]["hash"]), "not the last event of the case")
    yield "6", lambda: headed(note, H(b"\4", salt, stream.encode()), proofs["head"])
    yield "7", lambda: worded(entries, events)
    yield "8", lambda: supported(entries, stream, supporting, headers)


def faults(path_or_bytes: str | Path | bytes, log_key: str | None = None, witnesses: Sequence[str] = (), quorum: int | None = None) -> list[str]:
    """What does not hold, nothing if all does; the number is that of docs/ledger.md, part 5. What cannot be read ends it."""
    data, found = path_or_bytes if isinstance(path_or_bytes, bytes) else Path(path_or_bytes).read_bytes(), []
    try:
        for part, check in checked(data, log_key, witnesses, quorum):
            try:
                check()
            except Exception as wrong:
                found.append(f"({part}) {wrong!r}")
    except Exception as wrong:
        found.append(f"{wrong!r}")
    return found
