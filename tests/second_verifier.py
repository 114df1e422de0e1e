"""A second verifier of case files, from docs/ledger.md alone: it claims what the page says, and lets all else fall over, a fault too."""

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
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace as Checkpoint
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InclusionProof  # type: ignore[import-untyped]
from pymerkle.core import _inclusion_path_layout  # type: ignore[import-untyped]

DATA = "README.txt verify.py ledger.md events.jsonl words.jsonl proofs.json checkpoint.txt keys.json supporting.jsonl"
KINDS = ("data/editions/procedures/", ".toml"), ("data/editions/calendars/", ".json"), ("data/schemas/", ".json")
EIGHTH = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
P = 2**255 - 19
D = -121665 * pow(121666, -1, P)
SMALL = 0, 1, P - 1, EIGHTH, P - EIGHTH
"""The second coordinates of the points of small order."""
ADOPTIONS = r"procedure/[A-Za-z0-9][A-Za-z0-9._-]* procedure-edition-adopted", "calendar/england calendar-edition-adopted"


def claim(truth: object, otherwise: str) -> None:
    if not truth:
        raise ValueError(otherwise)


def h(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def b64(text: str) -> bytes:
    found = base64.b64decode(text, validate=True)
    claim(base64.b64encode(found).decode() == text, "base64 written in a second way")
    return found


def hexed(text: str, length: int = 32) -> bytes:
    claim(re.fullmatch(f"[0-9a-f]{{{2 * length}}}", text), f"{length} bytes in lowercase hex were expected")
    return bytes.fromhex(text)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    claim(len(dict(pairs)) == len(pairs), "a member stands twice")
    "".join(dict(pairs)).encode()
    return dict(pairs)


def number(digits: str) -> int:
    claim(len(digits) <= 1000, "a number of more than 1,000 characters")
    return int(digits)


def parsed(text: str, *shapes: str) -> Any:
    """JSON with no member twice, and with the members of one of the shapes."""
    found, end = json.JSONDecoder(object_pairs_hook=once, parse_int=number, parse_constant=int).raw_decode(text)
    claim(end == len(text), "something stands behind the JSON")
    claim(not shapes or set(found) in [set(shape.split()) for shape in shapes], f"members other than {shapes}")
    numbers = [found[n] for n in ("place", "position", "index", "size", "quorum") if shapes and n in found]
    claim(all(type(n) is int and 0 <= n < 1 << 63 for n in numbers), "not a whole number from 0")
    listed = [found[n] for n in ("path", "siblings", "events", "witnesses") if shapes and n in found and "erased" not in str(shapes)]
    claim(all(isinstance(n, list) for n in listed), "not a list")
    return found


def lines(text: str, *shapes: str) -> list[Any]:
    return [parsed(line, *shapes) for line in (text + "!").removesuffix("\n!").split("\n") if text]


def zipped(entries: dict[str, bytes]) -> bytes:
    """The one zip of these entries."""
    files = directory = b""
    for name, data in entries.items():
        both = struct.pack("<5H3I2H", 20, 0x0800, 0, 0, 0x0021, zlib.crc32(data), len(data), len(data), len(name.encode()), 0)
        directory += b"PK\1\2" + struct.pack("<H", 0x0314) + both + struct.pack("<3H2I", 0, 0, 0, 0x81A40000, len(files)) + name.encode()
        files += b"PK\3\4" + both + name.encode() + data
    return files + directory + b"PK\5\6" + struct.pack("<4H2IH", 0, 0, len(entries), len(entries), len(directory), len(files), 0)


def unpacked(data: bytes) -> tuple[str, dict[str, bytes]]:
    """(1): the id of the case, and the entries without it before their names."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        whole = {name: archive.read(name) for name in archive.namelist()}
    claim(len(data) <= 64 << 20 and zipped(whole) == data, "not the one zip of its entries, or larger than 64 MiB")
    case = next(iter(whole))[:36]
    claim(re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", case), "the names do not begin with the id of a case")
    entries = {name[37:]: held for name, held in whole.items() if name[:37] == case + "/"}
    kinds = [name for a, z in KINDS for name in sorted(entries) if re.fullmatch(f"{a}[A-Za-z0-9][A-Za-z0-9._-]*{re.escape(z)}", name)]
    second = "data/withheld.jsonl" in entries
    names = [name for name in (*DATA.split()[:4], "withheld.jsonl", *DATA.split()[4:]) if second or name != "withheld.jsonl"]
    payload = [*("data/" + name for name in names), *kinds, "data/report.html"]
    tags = ["bagit.txt", "bag-info.txt", "manifest-sha256.txt"]
    claim(
        len(whole) == len(entries) and [*entries] == [*tags[:2], *payload, tags[2], "tagmanifest-sha256.txt"],
        "other entries, or in another order",
    )
    for manifest, names in (tags[2], payload), ("tagmanifest-sha256.txt", tags):
        claim(entries[manifest].decode() == "".join(f"{h(entries[name]).hex()}  {name}\n" for name in names), f"{manifest} tells of others")
    oxum = f"{sum(len(entries[name]) for name in payload)}[.]{len(payload)}"
    info = rf"BagIt-Version: 1[.]0\nTag-File-Character-Encoding: UTF-8\nSource-Organization: [^\r\n]+\nExternal-Identifier: case/{case}\n"
    info += rf"Bagging-Date: \d{{4}}-\d\d-\d\d\nPayload-Oxum: {oxum}\nCasetrail-Up-To: (?:0|[1-9]\d{{0,18}})\n"
    info += "Casetrail-Form: 2\n" if second else ""
    claim(re.fullmatch(info, (entries["bagit.txt"] + entries["bag-info.txt"]).decode(), re.ASCII), "bagit.txt or bag-info.txt")
    return case, entries


def checkpoint(note: str) -> Checkpoint:
    text, _, after = note.partition("\n\n")
    number, root = "([1-9][0-9]{0,17})", "([A-Za-z0-9+/]{43}=)"
    shape = rf"([^\s+]+/record)\n{number}\n{root}\nheads {number} {root}(?:\naccess {number} {root})?\nat ([-\d]{{10}}T[:\d]{{8}}Z)"
    [(origin, size, top, _, heads, _, access, at)] = re.findall(rf"\A{shape}\Z", text, re.ASCII)
    datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ"), b64(access)  # noqa: DTZ007
    claim(len(note.encode()) <= 1 << 16, "a note of more than 65,536 bytes")
    claim(re.fullmatch(r"(— [^\s+]+ \S+\n)+", after), "a line of a signature is none")
    signed = [(line.split()[1], b64(line.split()[2])) for line in after.splitlines()]
    claim(all(len(line) >= 5 for _, line in signed), "a signature of no bytes")
    return Checkpoint(text=text + "\n", origin=origin, size=int(size), root=b64(top), heads=b64(heads), signed=signed)


def key(told: str, kind: int) -> tuple[str, bytes, bytes]:
    """Name, id and public key of a key as it is told to others."""
    name, number, rest = told.split("+", 2)
    both, public = b64(rest), b64(rest)[1:]
    claim(name and name.isprintable() and " " not in name, "this is not the name of a key")
    claim(both[0] == kind and len(public) == 32 and h(name.encode(), b"\n", both)[:4] == hexed(number, 4), f"{name} has another key")
    y = int.from_bytes(public, "little") & (1 << 255) - 1
    on_the_curve = pow((y * y - 1) * (D * y * y + 1), (P - 1) // 2, P) == 1
    claim(y < P and y not in SMALL and on_the_curve, f"the key of {name} is no point, of small order or written in a second way")
    return name, bytes.fromhex(number), public


Known = tuple[str, bytes, bytes]


def different(log: str, witnesses: Sequence[str]) -> tuple[Known, list[Known]]:
    """The key of a log and those of its witnesses, who are not each other and not the log."""
    claim(len(witnesses) <= 100, "too many witnesses")
    ours, known = key(log, 1), [key(witness, 4) for witness in witnesses]
    names, _, publics = map(set, zip(ours, *known, strict=True))
    claim(len(names) == len(publics) == len(known) + 1, "witnesses that are not different")
    return ours, known


def signatures(note: Checkpoint, log: str, witnesses: Sequence[str], quorum: int | None) -> None:
    """(2), and who the witnesses are."""
    (name, number, public), known = different(log, witnesses)
    (first, line), *others = note.signed
    claim((first, line[:4]) == (name, number) and name == note.origin, "the first signature is not by the key of the log")
    Ed25519PublicKey.from_public_bytes(public).verify(line[4:], note.text.encode())
    valid = set()
    for (by, at), (who, theirs, held) in itertools.product(others, known):
        if (by, at[:4]) == (who, theirs):
            said = f"cosignature/v1\ntime {int.from_bytes(at[4:12], 'big')}\n{note.text}".encode()
            Ed25519PublicKey.from_public_bytes(held).verify(at[12:], said)
            valid.add(who)
    claim(len(valid) >= (len(known) if quorum is None else quorum), f"only {len(valid)} witnesses cosigned")


def stored(stream: str, line: dict[str, Any], before: bytes) -> dict[str, Any]:
    """(3), (4), (8): the header of an event that is what its line says."""
    header, body = parsed(line["header"]), parsed(line["body"])
    claim([json.dumps(header[n]) for n in ("v", "stream", "place")] == ["1", json.dumps(stream), str(line["place"])], "another place")
    [at] = re.findall(r',"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)"}\Z', line["header"], re.ASCII)
    claim(at == header["at"] and datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ") and isinstance(body, dict), "no instant, or no body")  # noqa: DTZ007
    claim(isinstance(header["name"], str) and isinstance([*sealed(body)], list), "no name, or words that are not sealed as they should be")
    measured = [struct.pack(">I", len(part.encode())) + part.encode() for part in (line["header"], line["body"])]
    claim(h(b"\1", before, *measured) == hexed(line["hash"]), f"place {line['place']} of {stream} has another hash")
    return dict(header)


def sealed(found: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Where something is sealed below a body, and the commitments."""
    claim(path or not isinstance(found, dict) or not {"c", "e", "k"} <= set(found), "a body that is a seal")
    for name, below in found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ():
        if isinstance(below, dict) and {"c", "e", "k"} <= set(below):
            claim(len(below) == 3 and below["k"].encode() and len(b64(below["e"])) >= 44 and hexed(below["c"]), "something half sealed")
            yield f"{path}{name}", below["c"]
        else:
            yield from sealed(below, f"{path}{name}.")


def checked(data: bytes, log: str | None, witnesses: Sequence[str], quorum: int | None) -> list[int]:
    """The places that are withheld of a file that is intact as far as it is shown."""
    case, entries = unpacked(data)
    held = {name: entries["data/" + name].decode() for name in DATA.split()}
    note, stream, keys = (
        checkpoint(held["checkpoint.txt"]),
        f"case/{case}",
        parsed(held["keys.json"].removesuffix("\n"), "log witnesses quorum"),
    )
    claim(keys["quorum"] <= len(different(keys["log"], keys["witnesses"])[1]), "a quorum above the number of witnesses")
    signatures(note, log or keys["log"], witnesses or keys["witnesses"], keys["quorum"] if quorum is None and not witnesses else quorum)
    proofs = parsed(held["proofs.json"].removesuffix("\n"), "origin size stream stream_salt events head")
    claim((proofs["origin"], proofs["size"], proofs["stream"]) == (note.origin, note.size, stream), "proofs of another checkpoint or case")
    events = lines(held["events.jsonl"], "place position header body hash")
    hidden = lines(entries.get("data/withheld.jsonl", b"").decode(), "place hash")
    claim(events and (hidden or "data/withheld.jsonl" not in entries), "nothing is shown, or nothing withheld")
    claim(all(a["place"] < b["place"] for some in (events, hidden) for a, b in itertools.pairwise(some)), "places do not rise")
    every = sorted([*events, *hidden], key=lambda one: int(one["place"]))
    supporting = lines(held["supporting.jsonl"], "place position header body hash stream stream_salt previous index path")
    ways = [parsed(json.dumps(way), "place index path") for way in proofs["events"]]
    parsed(json.dumps(proofs["head"]), "place hash siblings")
    claim([e["place"] for e in every] == [way["place"] for way in ways] == [*range(1, len(every) + 1)], "places do not run 1, 2, 3 …")
    claim(all(a["index"] < b["index"] for a, b in itertools.pairwise(ways)), "indexes do not rise with places")
    shown = [(event, ways[event["place"] - 1]) for event in events]
    rows = sorted((e["position"], way["index"]) for e, way in [*shown, *zip(supporting, supporting, strict=True)])
    claim(all(a < c and b < d for (a, b), (c, d) in itertools.pairwise(rows)), "positions and indexes do not rise together")
    claim(int(entries["bag-info.txt"].split()[-3 if hidden else -1]) >= events[-1]["position"], "Casetrail-Up-To is below the last event")
    claim(all(a["position"] < b["position"] for some in (events, supporting) for a, b in itertools.pairwise(some)), "positions do not rise")
    befores = [bytes(32), *(hexed(one["hash"]) for one in every)]
    headers = [stored(stream, event, befores[event["place"] - 1]) for event in events]
    claim([header["at"] for header in headers] == sorted(header["at"] for header in headers), "instants fall")
    leaves = [(h(b"\4", hexed(line["stream_salt"]), line["stream"].encode()), line, line, hexed(line["previous"])) for line in supporting]
    blinded, head = h(b"\4", hexed(proofs["stream_salt"]), stream.encode()), proofs["head"]
    for blind, event, way, before in [*leaves, *zip(itertools.repeat(blinded), every, ways, befores, strict=False)]:
        leaf = h(b"\0", h(b"\2", blind, event["place"].to_bytes(8, "big"), before, hexed(event["hash"])))
        rule, _ = _inclusion_path_layout(way["index"] + 1, note.size)
        InclusionProof("sha256", True, note.size, way["index"] + 1, rule, [leaf, *map(hexed, way["path"])]).verify(leaf, note.root)
    claim((head["place"], head["hash"]) == (len(every), befores[-1].hex()), "not the last event of the case")
    value = h(b"\0", blinded, head["place"].to_bytes(8, "big"), befores[-1])
    for depth, sibling in reversed([*enumerate(map(hexed, head["siblings"]))]):
        value = h(b"\1", sibling, value) if blinded[depth // 8] >> 7 - depth % 8 & 1 else h(b"\1", value, sibling)
    claim(value == note.heads, "the map of heads has another root")
    told = lines(held["words.jsonl"], "place path salt words", "place path erased", "place path withheld")
    wanted = [(event["place"], *found) for event in events for found in sealed(parsed(event["body"]))]
    for line, (place, path, commitment) in zip(told, wanted, strict=True):
        opened = "salt" in line and h(hexed(line["salt"], 16), line["words"].encode()).hex() == commitment
        gone = line.get("erased", line.get("withheld")) is True
        claim((opened or gone) and (line["place"], line["path"]) == (place, path), f"the words of {path} at place {place} are others")
    texts: dict[str, int] = {}
    lasts: dict[str, dict[str, Any]] = {}
    for line in supporting:
        header, body = stored(line["stream"], line, hexed(line["previous"])), parsed(line["body"])
        [kind] = [n for n, shape in enumerate(ADOPTIONS) if re.fullmatch(shape, f"{line['stream']} {header['name']}")]
        last = lasts.get(line["stream"], {**line, "place": 0, "hash": "00" * 32})
        lasts[line["stream"]] = line
        claim(line["stream_salt"] == last["stream_salt"] and line["place"] > last["place"], "another salt, or an earlier place")
        claim(line["place"] > last["place"] + 1 or line["previous"] == last["hash"], "it does not follow the event before it")
        texts.setdefault(file := body["edition"].join(KINDS[kind]), line["position"])
        days = (
            parsed(entries[file].decode().removesuffix("\n"), "edition holidays") if kind else {"edition": body["edition"], "holidays": []}
        )
        claim((days["edition"], sorted({*days["holidays"]})) == (body["edition"], days["holidays"]), f"{file} is not sorted, or another")
        told = body.get("holidays", [])
        fits = isinstance(told, list) and sorted(told) == days["holidays"] if kind else h(entries[file]) == hexed(body["digest"])
        claim("".join(days["holidays"]) is not None, "a day that is no text")
        claim(fits, f"{file} is not what was adopted")
    for header, event in zip(headers, events, strict=True):
        local, national = pair = header.get("procedure", [None, None])
        claim(isinstance(pair, list), "its two procedures are no list")
        both = [(KINDS[0], local), (KINDS[0], national), (KINDS[1], header.get("calendar"))]
        names = {edition.join(kind) for kind, edition in both if edition is not None}
        claim(all(texts[name] < event["position"] for name in names), "an edition that nobody had adopted")
    claim({name for name in entries if name.startswith("data/editions/")} <= {*texts}, "an edition that nobody adopted")
    claim({header["name"].join(KINDS[2]) for header in headers} <= set(entries), "an event without its shape")
    return [one["place"] for one in hidden]


def faults(path_or_bytes: Any, log_key: str | None = None, witnesses: Sequence[str] = (), quorum: int | None = None) -> list[str]:
    return found(path_or_bytes, log_key, witnesses, quorum)[0]


def found(
    path_or_bytes: Any, log_key: str | None = None, witnesses: Sequence[str] = (), quorum: int | None = None
) -> tuple[list[str], list[int]]:
    """The faults of a file, and of one that has none the places that are withheld: if there are any, it is intact as far as shown."""
    data = path_or_bytes if isinstance(path_or_bytes, bytes) else Path(path_or_bytes).read_bytes()
    try:
        return [], checked(data, log_key, witnesses, quorum)
    except Exception as wrong:
        return [f"{type(wrong).__name__}: {wrong}"], []
