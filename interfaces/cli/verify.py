"""Check a case file of Casetrail: is it the record that was published, whole and unaltered?

    python3 -I verify.py FILE.zip [--log-key KEY] [--witness KEY]... [--quorum N] [--json]

Everything is recomputed from the bytes of the file, as docs/ledger.md says and in the order of its "All holds if": (1) to (8) below.
It ends with 0 only if all holds, with 1 at the first fault, with 2 if it was asked wrongly; and with 3 if the file is intact as far as it
is shown, because entries of the case are withheld from it. Python 3.9 or later and its standard library are all it needs. A copy lies in
every case file; whoever doubts a file takes the verifier, and the keys, from somewhere else.
"""

from __future__ import annotations

import binascii
import hashlib
import json
import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from io import BytesIO
from itertools import count, islice, zip_longest
from typing import Any, NamedTuple

LARGEST = 64 * 2**20  # bytes: no case file comes near it, and nothing larger is read
MOST_DIGITS = 1000
MOST_WITNESSES = 100
LONGEST_NOTE = 2**16
NOTHING_BEFORE = bytes(32)
sha256, sha512 = hashlib.sha256, hashlib.sha512


class Fault(Exception):
    """The first thing found wrong: a place and a sentence."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


class Report:
    """What was checked, by which keys, what was not checked, which places are withheld, and the first fault if there is one."""

    def __init__(self) -> None:
        self.fault: str | None = None
        self.stream = ""
        self.places = 0
        self.withheld: list[int] = []
        self.checked: list[str] = []
        self.keys: list[str] = []
        self.not_checked: list[str] = []
        self.counts: dict[str, int] = {}

    @property
    def holds(self) -> bool:
        """Whether all holds: there is no fault, and nothing withheld that was not looked at."""
        return self.fault is None and not self.withheld

    @property
    def verdict(self) -> str:
        if self.fault is not None:
            return "a fault was found"
        return "intact, as far as shown" if self.withheld else "all holds"

    def note(self, sentence: str, **counts: int) -> None:
        self.checked.append(sentence)
        self.counts.update(counts)


def need(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise Fault(where, what)


def quoted(said: Any) -> str:
    """What a file says, fit to be printed: short, and without control characters."""
    text = json.dumps(said)
    return text if len(text) <= 80 else f"{text[:77]}..."


def counted(number: int, one: str, more: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"


# Reading: JSON that can be understood in one way only, and members of the kind that they should be


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands twice in one object")
    "".join(members).encode()  # ValueError where a name holds half a surrogate pair
    return members


def integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError("a number is too long")
    return int(digits)


def no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


JSON = json.JSONDecoder(object_pairs_hook=once, parse_int=integer, parse_constant=no_number)


def read_text(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Fault(where, "it is not UTF-8") from None


def read_json(data: bytes, where: str) -> Any:
    text = read_text(data, where)
    try:
        value, end = JSON.raw_decode(text)
    except RecursionError:
        raise Fault(where, "its JSON is nested too deeply") from None
    except ValueError as wrong:
        raise Fault(where, f"it is not sound JSON ({wrong})") from None
    need(text[end:] in ("", "\n"), where, "something stands behind its JSON")
    return value


def read_lines(data: bytes, where: str, each: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(BytesIO(data), 1):
        need(line.endswith(b"\n"), where, "its last line is not ended")
        yield f"{each} {number}", read_json(line, f"{where}, line {number}")


Kinds = dict[str, Callable[[Any], Any]]


def take(value: Any, kinds: Kinds, where: str) -> list[Any]:
    """The values of an object that has exactly these members, each read as its kind."""
    need(isinstance(value, dict) and value.keys() == kinds.keys(), where, "its members are not those that it should have")
    values = []
    for member, kind in kinds.items():
        try:
            values.append(kind(value[member]))
        except (TypeError, ValueError):
            raise Fault(where, f"its {member} is not as it should be written") from None
    return values


def text(value: Any) -> bytes:
    if type(value) is not str:
        raise TypeError("it is not a text")
    return value.encode()  # ValueError where it holds half a surrogate pair


def name(value: Any) -> str:
    return text(value).decode()


def instant(value: Any) -> str:
    datetime.fromisoformat(name(value)[:19])  # ValueError where the calendar has no such day
    return name(value)


def whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError
    return value


def many(value: Any) -> list[Any]:
    if type(value) is not list:
        raise TypeError
    return value


def digest(value: Any, length: int = 32) -> bytes:
    raw = bytes.fromhex(value)
    if len(raw) != length or raw.hex() != value:
        raise ValueError
    return raw


def salt16(value: Any) -> bytes:
    return digest(value, 16)


def digests(value: Any) -> list[bytes]:
    joined = digest("".join(many(value)), 32 * len(value))
    if len(value) > 256 or not {64}.issuperset(map(len, value)):
        raise ValueError
    return [joined[at : at + 32] for at in range(0, len(joined), 32)]


def base64(value: str) -> bytes:
    """The bytes; none where the text is not what they would be written as."""
    try:
        raw = binascii.a2b_base64(value.encode())
    except ValueError:
        return b""
    return raw if binascii.b2a_base64(raw, newline=False) == value.encode() else b""


# (1) The file is a zip that could not be otherwise, and everything in it has its hash in the manifests

LOCAL, CENTRAL, END = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I"), struct.Struct("<4s4H2IH")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FIRST = ["bagit.txt", "bag-info.txt", "data/README.txt", "data/verify.py", "data/ledger.md", "data/events.jsonl", "data/words.jsonl"]
FIRST += ["data/proofs.json", "data/checkpoint.txt", "data/keys.json", "data/supporting.jsonl"]
WITHHELD = "data/withheld.jsonl"  # behind the events, in form 2 only
PROCEDURE = re.compile(r"data/editions/procedures/([A-Za-z0-9][A-Za-z0-9._-]*)\.toml")
CALENDAR = re.compile(r"data/editions/calendars/([A-Za-z0-9][A-Za-z0-9._-]*)\.json")
SCHEMA = re.compile(r"data/schemas/([A-Za-z0-9][A-Za-z0-9._-]*)\.json")
LAST = ["data/report.html", "manifest-sha256.txt", "tagmanifest-sha256.txt"]
BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
BAG_INFO = re.compile(
    r"Source-Organization: [^\r\n]+\nExternal-Identifier: ([^\r\n]+)\nBagging-Date: [0-9]{4}-[0-9]{2}-[0-9]{2}\n"
    r"Payload-Oxum: ([0-9]+\.[0-9]+)\nCasetrail-Up-To: (0|[1-9][0-9]{0,18})\n(?:Casetrail-Form: 2\n)?"
)
FORM = re.compile(rb"\nCasetrail-Form: ([^\n]*)\n")


def unzip(data: bytes) -> dict[str, bytes]:
    """Walk the entries from the first byte on, write the directory that belongs to them, and compare it with what follows."""
    entries: dict[str, bytes] = {}
    directory, at = bytearray(), 0
    while data[at : at + 4] == b"PK\x03\x04":
        where = f"zip, entry {len(entries) + 1}"
        need(at + LOCAL.size <= len(data) and len(entries) < 0xFFFF, where, "it is cut off, or one too many")
        *fixed, crc, size, again, letters, extra = LOCAL.unpack_from(data, at)
        need(fixed[1:] == [20, 0x0800, 0, 0, 0x0021] and size == again and extra == 0, where, "its header is not as it should be")
        start = at + LOCAL.size + letters
        raw, content = data[at + LOCAL.size : start], data[start : start + size]
        need(len(content) == size and zlib.crc32(content) == crc, where, "its content is not of its length and checksum")
        named = read_text(raw, where)
        need(named not in entries, where, "its name stands twice")
        entries[named] = content
        directory += CENTRAL.pack(b"PK\1\2", 0x0314, 20, 0x0800, 0, 0, 0x0021, crc, size, size, letters, 0, 0, 0, 0, 0x81A40000, at) + raw
        at = start + size
    need(bool(entries), "zip", "this is not a case file")
    directory += END.pack(b"PK\5\6", 0, 0, len(entries), len(entries), len(directory), at, 0)
    need(data[at:] == directory, "zip", "what follows the entries is not the directory that belongs to them")
    return entries


def check_bag(data: bytes, report: Report) -> dict[str, bytes]:
    """The entries by their names, without the id of the case that all names begin with."""
    need(len(data) <= LARGEST, "zip", f"the file is larger than {LARGEST:,} bytes")
    entries = unzip(data)
    case = next(iter(entries)).partition("/")[0]
    need(UUID.fullmatch(case) is not None, "zip, entry 1", "its name does not begin with the id of a case")
    files = {path[len(case) + 1 :]: content for path, content in entries.items() if path.startswith(f"{case}/")}
    need(len(files) == len(entries), "zip", "not all names begin with the id of the case")
    form = FORM.search(files.get("bag-info.txt", b""))
    if form is not None and form[1] != b"2":
        raise Fault("bag-info.txt", f"it is of form {quoted(read_text(form[1], 'bag-info.txt'))}; only forms 1 and 2 are known here")
    first = FIRST if form is None else [*FIRST[:6], WITHHELD, *FIRST[6:]]
    middle = [path for kind in (PROCEDURE, CALENDAR, SCHEMA) for path in sorted(files) if kind.fullmatch(path)]
    for path, wanted in zip_longest(files, first + middle + LAST):
        if path != wanted:
            raise Fault("zip", f"{quoted(path)} stands where {quoted(wanted)} should" if path else f"{wanted} is missing")

    payload = [path for path in files if path.startswith("data/")]
    for manifest, paths in ((LAST[1], payload), (LAST[2], ["bagit.txt", "bag-info.txt", LAST[1]])):
        lines = [f"{sha256(files[path]).hexdigest()}  {path}\n".encode() for path in paths]
        for path, line, said in zip_longest(paths, lines, files[manifest].splitlines(keepends=True)):
            need(line == said, manifest, f"its line is not the hash of {path}" if path else "it names what is not in the file")

    need(files["bagit.txt"] == BAGIT, "bagit.txt", "it does not declare BagIt 1.0 in UTF-8")
    info = BAG_INFO.fullmatch(read_text(files["bag-info.txt"], "bag-info.txt"))
    oxum = f"{sum(len(files[path]) for path in payload)}.{len(payload)}"
    told = info is not None and (info[1], info[2]) == (f"case/{case}", oxum)
    need(told, "bag-info.txt", "it is not as it should be written, or not about this case and this payload")
    report.stream = f"case/{case}"
    report.note(f"the file is exactly the zip of its {len(files)} entries, and each has its hash in the manifests", entries=len(files))
    return files


# Ed25519 (RFC 8032, 5.1): points of the curve as X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z

Point = tuple[int, int, int, int]
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
NEUTRAL: Point = (0, 1, 1, 0)


def add(one: Point, other: Point) -> Point:
    (x1, y1, z1, t1), (x2, y2, z2, t2) = one, other
    a, b, c, d = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P, 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def double(one: Point) -> Point:
    x, y, z, _ = one
    a, b = x * x % P, y * y % P
    h, g = a + b, a - b
    e, f = h - (x + y) ** 2 % P, 2 * z * z % P + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def point(encoded: bytes) -> Point | None:
    """The point that these bytes encode (5.1.3), or None if they encode none."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if len(encoded) != 32 or y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    if (v * x * x + u) % P == 0:
        x = x * ROOT_OF_MINUS_1 % P
    if (v * x * x - u) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def key_point(public: bytes) -> Point | None:
    """The point of a public key, or None if it is none or of small order: such a key signs anything."""
    key = point(public)
    return None if key is None or double(double(double(key)))[0] == 0 else key


def multiples(one: Point) -> list[Point]:
    """None, one … fifteen of a point: all that four bits of a factor can ask for."""
    table = [NEUTRAL]
    while len(table) < 16:
        table.append(add(table[-1], one))
    return table


BASE = multiples(point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or NEUTRAL)


def signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether R = [S]B - [k]A (5.1.7, without the cofactor): S below the order, R and A encoded in the one way there is."""
    key, s = key_point(public), int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or s >= ORDER:
        return False
    k = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % ORDER
    x, y, z, t = key
    minus_key, both = multiples((P - x, y, z, P - t)), NEUTRAL
    for shift in range(252, -1, -4):
        both = double(double(double(double(both))))
        both = add(add(both, BASE[s >> shift & 15]), minus_key[k >> shift & 15])
    x, y, z, _ = both
    over = pow(z, P - 2, P)
    return (y * over % P | (x * over % P & 1) << 255).to_bytes(32, "little") == signature[:32]


# (2) The checkpoint: a signed note, the keys it is held against, and who cosigned it

LOG, WITNESS = 0x01, 0x04
NUMBER, ROOT = "[1-9][0-9]{0,17}", "([A-Za-z0-9+/]{43}=)"
SECOND = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
CHECKPOINT = re.compile(rf"(\S+/record)\n({NUMBER})\n{ROOT}\nheads {NUMBER} {ROOT}\n(?:access {NUMBER} {ROOT}\n)?at ({SECOND}Z)\n")
SIGNATURE = re.compile("— ([^\\s+]+) ([A-Za-z0-9+/]+={0,2})")


class Key(NamedTuple):
    name: str
    id: bytes
    public: bytes


class Policy(NamedTuple):
    """Whose signatures count, how many witnesses are needed, and whether log and witnesses were given by the asker."""

    log: Key
    witnesses: list[Key]
    quorum: int
    log_given: bool
    witnesses_given: bool


class Checkpoint(NamedTuple):
    size: int
    root: bytes
    heads: bytes
    at: str


def read_key(told: str, kind: int) -> Key:
    """A key told as `name+id+base64`; a ValueError says what is wrong with it."""
    named, _, rest = told.partition("+")
    key_id, _, encoded = rest.partition("+")
    if not named.isprintable() or " " in named or not named or not encoded:
        raise ValueError("a key is told as name+id+base64")
    raw = base64(encoded)
    if len(raw) != 33 or raw[0] != kind or sha256(named.encode() + b"\n" + raw).digest()[:4].hex() != key_id:
        raise ValueError(f"the key of {named} is not the Ed25519 key of a {'log' if kind == LOG else 'witness'} that has this id")
    if key_point(raw[1:]) is None:
        raise ValueError(f"the key of {named} is no point of the curve, or of small order")
    return Key(named, bytes.fromhex(key_id), raw[1:])


def read_witnesses(told: Iterable[str]) -> list[Key]:
    """The keys of different witnesses: one who stood there twice, under two names or with two keys, would count twice."""
    keys = [read_key(each, WITNESS) for each in islice(told, MOST_WITNESSES + 1)]
    if len(keys) > MOST_WITNESSES:
        raise ValueError(f"there are more than {MOST_WITNESSES} witnesses")
    if len({key.name for key in keys}) < len(keys) or len({key.public for key in keys}) < len(keys):
        raise ValueError("a witness is named twice")
    return keys


def settle_policy(files: dict[str, bytes], log: Key | None, witnesses: list[Key], quorum: int | None) -> Policy:
    """The keys that were given, else those that came with the file. Given witnesses must all have cosigned, unless a quorum is given."""
    where = "keys.json"
    said = read_json(files["data/keys.json"], where)
    log_said, witnesses_said, quorum_said = take(said, {"log": name, "witnesses": many, "quorum": whole}, where)
    try:
        log_there, witnesses_there = read_key(log_said, LOG), read_witnesses(map(name, witnesses_said))
    except (TypeError, ValueError) as wrong:
        raise Fault(where, f"its keys are not sound ({wrong})") from None
    need(quorum_said <= len(witnesses_there), where, "its quorum is above the number of its witnesses")
    if quorum is None:
        quorum = len(witnesses) if witnesses else quorum_said
    policy = Policy(log or log_there, witnesses or witnesses_there, quorum, log is not None, bool(witnesses))
    for own, others in (log_there, witnesses_there), (policy.log, policy.witnesses):
        apart = all(key.name != own.name and key.public != own.public for key in others)
        need(apart, where, "the log's own name or key stands among the witnesses")
    return policy


def read_signatures(lines: str, where: str) -> Iterator[tuple[str, bytes, bytes]]:
    """Key name, key id and signature of each line."""
    for number, line in enumerate(lines.split("\n")[:-1], 1):
        match = SIGNATURE.fullmatch(line)
        raw = base64(match[2]) if match else b""
        if match is None or len(raw) < 5:
            raise Fault(where, f"signature line {number} is none")
        yield match[1], raw[:4], raw[4:]


def check_checkpoint(files: dict[str, bytes], policy: Policy, origin: str, size: int, report: Report) -> Checkpoint:
    where, log = "checkpoint.txt", policy.log
    need(len(files["data/checkpoint.txt"]) <= LONGEST_NOTE, where, f"it is longer than {LONGEST_NOTE:,} bytes")
    note, _, ending = read_text(files["data/checkpoint.txt"], where).partition("\n\n")
    message = f"{note}\n".encode()
    said = CHECKPOINT.fullmatch(f"{note}\n")
    if said is None:
        raise Fault(where, "its lines are not those of a checkpoint of record")
    take({"at": said[6]}, {"at": instant}, where)
    need(said[1] == origin and int(said[2]) == size, where, "its origin or size is not that of proofs.json")
    root, heads, other = (base64(each or "") for each in said.group(3, 4, 5))
    need(bool(root and heads and (other or not said[5])), where, "a root in it is not as it should be written")

    need(ending.endswith("\n"), where, "its signatures are missing or cut off")
    (signer, key_id, signature), *others = read_signatures(ending, where)
    need(log.name == origin, where, f"it is of {quoted(origin)}, but the key is that of {log.name}")
    need((signer, key_id) == (log.name, log.id), where, f"its first signature is not by the key {log.name}+{log.id.hex()}")
    need(signed_by(log.public, message, signature), where, "the signature of the log does not fit its text")

    known = {(key.name, key.id): key for key in policy.witnesses}
    cosigned: list[str] = []
    for witness, key_id, signature in others:
        key = known.get((witness, key_id))
        if key is not None:
            cosignature = f"cosignature/v1\ntime {int.from_bytes(signature[:8], 'big')}\n".encode() + message
            sound = len(signature) == 72 and signed_by(key.public, cosignature, signature[8:])
            need(sound, where, f"the cosignature of {witness} does not fit its text")
            cosigned += [witness] if witness not in cosigned else []
    need(len(cosigned) >= policy.quorum, where, f"{policy.quorum} known witnesses should have cosigned it; {len(cosigned)} did")
    unknown = sum((witness, key_id) not in known for witness, key_id, _ in others)

    entries = counted(size, "entry", "entries")
    report.note(f"the checkpoint of {origin}, {entries}, made at {said[6]}, has the signature of the log", signatures=1)
    names = f", by {' and '.join(cosigned)}" if cosigned else ""
    report.note(f"{counted(len(cosigned), 'cosignature')}{names}; needed: {policy.quorum}", cosignatures=len(cosigned))
    worth = "came with the file, which proves nothing about who holds it: give the one that was published, with "
    report.keys.append(f"log {log.name}+{log.id.hex()}: " + ("you gave it" if policy.log_given else f"{worth}--log-key"))
    for key in policy.witnesses:
        report.keys.append(f"witness {key.name}+{key.id.hex()}: " + ("you gave it" if policy.witnesses_given else f"{worth}--witness"))
    if unknown:
        report.not_checked.append(f"{counted(unknown, 'signature')} under the checkpoint by keys that are not known here")
    if not cosigned:
        report.not_checked.append("whether the log shows the same history to everybody: no known witness cosigned")
    return Checkpoint(size, root, heads, said[6])


# (3) The events: each at its place, in the order of recording

EVENT: Kinds = {"place": whole, "position": whole, "header": text, "body": text, "hash": digest}
HEADER: Kinds = {"v": whole, "stream": name, "place": whole, "name": name, "at": instant}
INSTANT = re.compile(rf"{SECOND}\.[0-9]{{6}}Z")


class Event(NamedTuple):
    where: str  # how it is called in a fault
    stream: str
    place: int
    position: int
    header: bytes
    body: bytes
    hash: bytes
    said: dict[str, Any]  # what the header says
    fields: dict[str, Any]  # what the body says


class Withheld(NamedTuple):
    """What a file has of an entry that it does not show."""

    where: str
    place: int
    hash: bytes


def read_event(where: str, stream: str, place: int, position: int, header: bytes, body: bytes, hashed: bytes) -> Event:
    said, fields = read_json(header, f"{where}, header"), read_json(body, f"{where}, body")
    objects = isinstance(said, dict) and isinstance(fields, dict) and not body.endswith(b"\n")
    need(objects, where, "its header or its body is not an object alone")
    form, stream_said, place_said, _, at = take({member: said.get(member) for member in HEADER}, HEADER, f"{where}, header")
    need(form == 1, where, "its stored form is not 1, the only one that is known here")
    need(stream_said == stream, where, "its header names another stream")
    need(place_said == place, where, "its header names another place")
    ended = INSTANT.fullmatch(at) and header.endswith(f',"at":"{at}"}}'.encode())
    need(bool(ended), where, "its header does not end with the instant of recording")
    return Event(where, stream, place, position, header, body, hashed, said, fields)


def read_withheld(files: dict[str, bytes]) -> dict[int, Withheld]:
    found: dict[int, Withheld] = {}
    before = 0
    for where, line in read_lines(files.get(WITHHELD, b""), "withheld.jsonl", "withheld.jsonl, line"):
        place, hashed = take(line, {"place": whole, "hash": digest}, where)
        need(place > before, where, "its place is not behind that of the line before it")
        found[place] = Withheld(f"withheld place {place}", place, hashed)
        before = place
    need(bool(found) or WITHHELD not in files, "withheld.jsonl", "it withholds nothing: the file should be of form 1")
    return found


def check_history(files: dict[str, bytes], report: Report) -> tuple[list[Event], list[Event | Withheld]]:
    """The events that are shown, and every place of the case in order, shown or withheld."""
    withheld = read_withheld(files)
    free = (place for place in count(1) if place not in withheld)
    events: list[Event] = []
    at, position = "", -1
    for _, line in read_lines(files["data/events.jsonl"], "events.jsonl", "event"):
        wanted = next(free)
        where = f"event {wanted}"
        place, *rest = take(line, EVENT, where)
        need(place == wanted, where, f"it says that its place is {place}")
        event = read_event(where, report.stream, place, *rest)
        need(event.position > position, where, "its position is not behind that of the event before it")
        need(event.said["at"] >= at, where, "its instant is before that of the event before it")
        events.append(event)
        at, position = event.said["at"], event.position
    need(bool(events), "events.jsonl", "there is no event")
    up_to = int(files["bag-info.txt"].rpartition(b"Casetrail-Up-To: ")[2].split()[0])
    need(up_to >= position, "bag-info.txt", "Casetrail-Up-To is before the last event")
    missing = next(free)
    need(not withheld or max(withheld) < missing, "events.jsonl", f"place {missing} is neither shown nor withheld")
    report.places, report.withheld = missing - 1, list(withheld)
    there = counted(len(events), "event") + (f" and {counted(len(withheld), 'place')} withheld" if withheld else "")
    report.note(f"{there}: no place is missing, positions rise and instants do not fall", events=len(events))
    shown = iter(events)
    return events, [withheld.get(place) or next(shown) for place in range(1, missing)]


# (4) The chain


def chained(previous: bytes, header: bytes, body: bytes) -> bytes:
    parts = b"\x01", previous, len(header).to_bytes(4, "big"), header, len(body).to_bytes(4, "big"), body
    return sha256(b"".join(parts)).digest()


def check_chain(places: list[Event | Withheld], report: Report) -> None:
    previous, made = NOTHING_BEFORE, 0
    for each in places:
        if isinstance(each, Event):
            made += 1
            fits = chained(previous, each.header, each.body) == each.hash
            need(fits, each.where, "its hash is not that of its bytes and the event before it")
        previous = each.hash
    report.note(f"{counted(made, 'hash', 'hashes')} made again: each is that of the event and of all before it", hashes=made)


# (5) The tree of the log (RFC 9162, 2.1)

PROOF: Kinds = {"place": whole, "index": whole, "path": digests}


def leads_to(root: bytes, leaf: bytes, index: int, size: int, path: list[bytes]) -> bool:
    """Whether this path leads from the leaf at the index to the root of a tree of this size (RFC 9162, 2.1.3.2).

    Up to where the ways of this leaf and of the last leaf meet, the bits of the index tell on which side a sibling stands; above it
    all siblings stand on the left.
    """
    meeting = (index ^ (size - 1)).bit_length()
    if not 0 <= index < size or len(path) != meeting + bin(index >> meeting).count("1"):
        return False
    value, on_the_left = leaf, index | -1 << meeting
    for level, sibling in enumerate(path):
        value = sha256(b"\x01" + sibling + value if on_the_left >> level & 1 else b"\x01" + value + sibling).digest()
    return value == root


def blind(salt: bytes, stream: str) -> bytes:
    return sha256(b"\x04" + salt + stream.encode()).digest()


def check_entry(event: Event | Withheld, blinded: bytes, previous: bytes, index: int, path: list[bytes], checkpoint: Checkpoint) -> None:
    entry = sha256(b"\x02" + blinded + event.place.to_bytes(8, "big") + previous + event.hash).digest()
    there = leads_to(checkpoint.root, sha256(b"\x00" + entry).digest(), index, checkpoint.size, path)
    need(there, event.where, "its proof does not lead to the root of the checkpoint")


def check_tree(places: list[Event | Withheld], blinded: bytes, proofs: list[Any], checkpoint: Checkpoint, report: Report) -> dict[int, int]:
    """The index of each position. A place that is withheld has its proof like any other: the log has its hash, where it says."""
    indexes: dict[int, int] = {}
    previous, before = NOTHING_BEFORE, -1
    for each, proof in zip_longest(places, proofs):
        need(each is not None, "proofs.json", "it proves more events than there are")
        need(proof is not None, "proofs.json", f"{each.where} has no proof")
        place, index, path = take(proof, PROOF, f"proofs.json, {each.where}")
        need(place == each.place, f"proofs.json, {each.where}", f"it is about place {place}")
        need(index > before, each.where, "its index in the log is not behind that of the event before it")
        check_entry(each, blinded, previous, index, path, checkpoint)
        if isinstance(each, Event):
            indexes[each.position] = index
        previous, before = each.hash, index
    proved = "each place, shown or withheld, is in the log" if report.withheld else "each event is in the log"
    report.note(f"{counted(len(places), 'proof')}: {proved} under the checkpoint, in this order", proofs=len(places))
    return indexes


# (6) The map of heads

HEAD: Kinds = {"place": whole, "hash": digest, "siblings": digests}


def check_head(last: Event | Withheld, blinded: bytes, head: Any, checkpoint: Checkpoint, report: Report) -> None:
    where = "proofs.json, head"
    place, hashed, siblings = take(head, HEAD, where)
    need((place, hashed) == (last.place, last.hash), where, f"it is not the place and hash of {last.where}, the last in the file")
    value = sha256(b"\x00" + blinded + place.to_bytes(8, "big") + hashed).digest()
    bits = int.from_bytes(blinded, "big")
    for depth in range(len(siblings) - 1, -1, -1):
        bit = bits >> (255 - depth) & 1
        value = sha256(b"\x01" + (siblings[depth] + value if bit else value + siblings[depth])).digest()
    need(value == checkpoint.heads, where, "it does not lead to the root of the map in the checkpoint")
    report.note(f"the map of heads ends this case with place {place}: nothing was cut off")


# (7) The words behind the commitments

OPENED: Kinds = {"place": whole, "path": name, "salt": salt16, "words": text}
SEAL: Kinds = {"c": digest, "e": lambda said: base64(name(said)), "k": text}
LEAST_SEALED = 12 + 16 + 16  # nonce, salt and tag


def sealed(value: Any, where: str, way: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
    """Path and commitment of each sealed object, in the order in which they stand."""
    if isinstance(value, dict) and SEAL.keys() <= value.keys():
        path = ".".join(way)
        at = f"{where}, {quoted(path)}"
        commitment, cipher, key = take(value, SEAL, at)
        need(bool(way and key) and len(cipher) >= LEAST_SEALED, at, "it is not as words are sealed")
        yield path, commitment
        return
    for key, below in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(below, (dict, list)):
            yield from sealed(below, where, (*way, str(key)))


def check_words(files: dict[str, bytes], events: list[Event], report: Report) -> None:
    lines = read_lines(files["data/words.jsonl"], "words.jsonl", "words.jsonl, line")
    tally = {"opened": 0, "erased": 0, "withheld": 0}
    for event in events:
        for path, commitment in sealed(event.fields, event.where):
            where, line = next(lines, ("words.jsonl", {}))
            if not isinstance(line, dict) or type(line.get("place")) is not int or (line["place"], line.get("path")) != (event.place, path):
                raise Fault(where, f"here should stand {quoted(path)} of {event.where}")
            if "words" in line:
                state = "opened"
                _, _, salt, words = take(line, OPENED, where)
                if sha256(salt + words).digest() != commitment:
                    raise Fault(event.where, f"the words of {quoted(path)} are not those of the commitment")
            else:
                state = "erased" if "erased" in line else "withheld"
                need(line.keys() == {"place", "path", state} and line[state] is True, where, "it neither opens words nor says why not")
            tally[state] += 1
    extra = next(lines, None)
    need(extra is None, extra[0] if extra else "", "it belongs to no sealed words of any event")
    opened, erased, withheld = tally.values()
    states = f"{opened:,} opened, just as committed to; {erased:,} said to be erased; {withheld:,} said to be withheld"
    report.note(f"{counted(opened + erased + withheld, 'personal text')}: {states}", **tally)
    if erased or withheld:
        report.not_checked.append(f"{counted(erased + withheld, 'personal text')} that cannot be read here, and whether that is why")


# (8) Supporting events: the adoptions of procedures and calendars, and the texts adopted

SUPPORTING: Kinds = {"stream": name, "stream_salt": digest, "place": whole, "position": whole, "previous": digest, "header": text}
SUPPORTING |= {"body": text, "hash": digest, "index": whole, "path": digests}
ADOPTION = re.compile(r"procedure/[A-Za-z0-9][A-Za-z0-9._-]* procedure-edition-adopted|calendar/england calendar-edition-adopted")
Editions = dict[str, dict[str, int]]  # by their kind: the position where each is first named, or adopted


def check_supporting(files: dict[str, bytes], events: list[Event], indexes: dict[int, int], checkpoint: Checkpoint, report: Report) -> None:
    adopted: Editions = {"procedures": {}, "calendars": {}}
    last: dict[str, tuple[bytes, int, bytes]] = {}
    for where, line in read_lines(files["data/supporting.jsonl"], "supporting.jsonl", "supporting event"):
        stream, salt, place, position, previous, header, body, hashed, index, path = take(line, SUPPORTING, where)
        event = read_event(where, stream, place, position, header, body, hashed)
        its_salt, its_place, its_hash = last.get(stream, (salt, 0, NOTHING_BEFORE))
        follows = place > its_place + 1 or (place == its_place + 1 and previous == its_hash)
        need(salt == its_salt and follows, where, "its place, or the hash or salt before it, cannot be")
        last[stream] = salt, place, hashed
        need(chained(previous, header, body) == hashed, where, "its hash is not that of its bytes and the event before it")
        check_entry(event, blind(salt, stream), previous, index, path, checkpoint)
        need(position not in indexes, where, "its position is that of another event")
        indexes[position] = index
        check_adoption(files, event, adopted)
    those = [*indexes][len(events) :]
    need(those == sorted(those), "supporting.jsonl", "its lines are not in the order of positions")
    in_order = [indexes[position] for position in sorted(indexes)]
    need(in_order == sorted(set(in_order)), "supporting.jsonl", "positions and indexes are not in the same order")

    named = named_editions(events)
    for kind, pattern in ("procedures", PROCEDURE), ("calendars", CALENDAR):
        there = {match[1] for match in map(pattern.fullmatch, files) if match}
        stray = sorted(there - named[kind].keys() - adopted[kind].keys())
        unproven = sorted(each for each, position in named[kind].items() if adopted[kind].get(each, position) >= position)
        need(not stray, f"data/editions/{kind}", f"no event names {quoted(stray)}")
        need(not unproven, "supporting.jsonl", f"nothing shows that {quoted(unproven)} was adopted before an event named it")
    shapes = {match[1] for match in map(SCHEMA.fullmatch, files) if match}
    shapeless = sorted({event.said["name"] for event in events} - shapes)
    need(not shapeless, "data/schemas", f"the shape of {quoted(shapeless)} is missing")
    editions = sum(map(len, adopted.values()))
    texts = f"{counted(editions, 'edition')} of procedures and calendars just as adopted"
    report.note(f"{counted(len(those), 'supporting event')} in the log, {texts}", supporting=len(those), editions=editions)


def check_adoption(files: dict[str, bytes], event: Event, adopted: Editions) -> None:
    where, edition, kind = event.where, event.fields.get("edition"), event.stream.partition("/")[0]
    list(sealed(event.fields, where))  # of words here only the form is looked at
    if type(edition) is not str:
        raise Fault(where, "it does not name an edition")
    need(ADOPTION.fullmatch(f"{event.stream} {event.said['name']}") is not None, where, "it is not an adoption")
    path = f"data/editions/{kind}s/{edition}.{'toml' if kind == 'procedure' else 'json'}"
    need(path in files, where, f"the edition {quoted(edition)} is not in the file")
    if kind == "procedure":
        same = sha256(files[path]).hexdigest() == event.fields.get("digest")
    else:
        days = event.fields.get("holidays", [])
        said = read_json(files[path], path)
        once_each = isinstance(days, list) and all(type(day) is str for day in days) and len(set(days)) == len(days)
        same = once_each and said == {"edition": edition, "holidays": sorted(days)}
    need(same, where, f"the edition {quoted(edition)} in the file is not what was adopted")
    adopted[f"{kind}s"].setdefault(edition, event.position)


def named_editions(events: list[Event]) -> Editions:
    named: Editions = {"procedures": {}, "calendars": {}}
    for event in events:
        procedures, calendar = event.said.get("procedure", [None, None]), event.said.get("calendar")
        need(isinstance(procedures, list) and len(procedures) == 2, event.where, "its header does not name two procedures")
        for kind, editions in ("procedures", procedures), ("calendars", [calendar]):
            sound = all(edition is None or type(edition) is str for edition in editions)
            need(sound, event.where, "its header does not name an edition by its name")
            named[kind].update({each: event.position for each in editions if each is not None and each not in named[kind]})
    return named


# All together

PROOFS: Kinds = {"origin": name, "size": whole, "stream": name, "stream_salt": digest, "events": many, "head": lambda head: head}


def check_all(data: bytes, log: Key | None, witnesses: list[Key], quorum: int | None, report: Report) -> None:
    files = check_bag(data, report)
    policy = settle_policy(files, log, witnesses, quorum)
    said = read_json(files["data/proofs.json"], "proofs.json")
    origin, size, stream, salt, proofs, head = take(said, PROOFS, "proofs.json")
    need(stream == report.stream, "proofs.json", "it is about another stream")
    checkpoint = check_checkpoint(files, policy, origin, size, report)
    events, places = check_history(files, report)
    check_chain(places, report)
    blinded = blind(salt, stream)
    indexes = check_tree(places, blinded, proofs, checkpoint, report)
    check_head(places[-1], blinded, head, checkpoint, report)
    check_words(files, events, report)
    check_supporting(files, events, indexes, checkpoint, report)
    if report.withheld:
        at = counted(len(report.withheld), "place")
        report.not_checked.append(f"what stands at the {at} withheld, who withheld it, and whether there was reason to")
    report.not_checked += [
        "that the report, the schemas and the pages in the file say what the events say",
        "that what was recorded is true",
        f"what happened after the checkpoint, made at {checkpoint.at}",
        "the positions, which no hash covers: only that their order is that of the log",
    ]


def verify(data: bytes, log_key: str | None = None, witnesses: Sequence[str] = (), quorum: int | None = None) -> Report:
    """Check one case file. ValueError only if the keys or the quorum that are given make no sense."""
    log, given = None if log_key is None else read_key(log_key, LOG), read_witnesses(witnesses)
    if quorum is not None and (quorum < 0 or (given and quorum > len(given))):
        raise ValueError("the quorum should be from 0 to the number of witnesses")
    report = Report()
    try:
        check_all(data, log, given, quorum, report)
    except Fault as fault:
        report.fault = str(fault)
    except (RecursionError, MemoryError):
        report.fault = "file: it is nested too deeply, or too large, to be read"
    except Exception as surprise:  # what was not thought of is no reason to trust a file
        report.fault = f"file: it cannot be read (unforeseen: {type(surprise).__name__})"
    if report.fault:
        report.withheld = []  # what a faulty file says of itself is not worth repeating
        report.not_checked.append("anything behind this fault")
    return report


def ranges(numbers: list[int]) -> str:
    """`2, 5 to 8 and 11`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    said = [part for run in runs for part in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))]
    return f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else said[0]


def told_withheld(report: Report) -> list[str]:
    one = len(report.withheld) == 1
    places = f"{len(report.withheld):,} of the {counted(report.places, 'place')} of this case {'is' if one else 'are'} withheld"
    at = "there" if one else "at each of them"
    return [
        f"{places} from whoever this file was made for: {'place' if one else 'places'} {ranges(report.withheld)}.",
        f"Something was recorded {at}, in this order and before the checkpoint: that was checked, and is so.",
        "What it was, who recorded it and when was not checked, for it is not in the file.",
    ]


def show(report: Report) -> None:
    print(f"{report.stream or 'This file'}: {report.verdict}.")
    if report.fault:
        print(f"\nThe first fault\n  {report.fault}")
    if report.withheld:
        print("\nWithheld", *told_withheld(report), sep="\n  ")
    for title, sentences in ("Checked", report.checked), ("By these keys", report.keys), ("Not checked", report.not_checked):
        if sentences:
            print(f"\n{title}", *sentences, sep="\n  - ")


def main() -> int:
    import argparse  # here, for those who import this file to check many

    asked = argparse.ArgumentParser(description="Check a case file of Casetrail.")
    asked.add_argument("file", metavar="FILE.zip")
    asked.add_argument("--log-key", metavar="KEY", help="the key of the log as it was published: name+id+base64")
    asked.add_argument("--witness", metavar="KEY", action="append", default=[], help="the key of a witness, likewise; as often as needed")
    asked.add_argument("--quorum", metavar="N", type=int, help="how many witnesses must have cosigned; without it, all that you give")
    asked.add_argument("--json", action="store_true", help="print the report as JSON")
    options = asked.parse_args()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")
    try:
        with open(options.file, "rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as wrong:
        print(f"The file cannot be read: {getattr(wrong, 'strerror', wrong)}.", file=sys.stderr)
        return 1
    try:
        report = verify(data, options.log_key, options.witness, options.quorum)
    except ValueError as wrong:
        asked.error(f"{wrong}")
    if options.json:
        print(json.dumps({"verdict": report.verdict, "holds": report.holds, **vars(report)}, indent=2))
    else:
        show(report)
    return 0 if report.holds else 3 if report.fault is None else 1


if __name__ == "__main__":
    sys.exit(main())
