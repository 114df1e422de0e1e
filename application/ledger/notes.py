"""Checkpoints as signed notes (C2SP), signed by the log and cosigned by witnesses, with Ed25519."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from application.ledger.entries import Log

Kind = Literal["log", "witness"]
_ALGORITHM: dict[Kind, bytes] = {"log": b"\x01", "witness": b"\x04"}
_KINDS = {mark: kind for kind, mark in _ALGORITHM.items()}

_NAME = re.compile(r"[^\s+]{1,200}")
_COUNT = re.compile(r"[1-9][0-9]{0,17}")
MOST_BYTES = 64 * 1024
"""Of a note: more is none of ours."""

MOST_WITNESSES = 100

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_SMALL = {
    0, 1, _P - 1,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
}  # fmt: skip
"""The y of the points of small order: a key that is one of them signs anything."""


class Unsound(Exception):
    """A note, a key or a signature is not what it should be; the sentence says what."""


@dataclass(frozen=True)
class Key:
    """A public key with its name, as it is told to others: `<name>+<id>+<base64>`."""

    kind: Kind
    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ALGORITHM[self.kind] + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(_ALGORITHM[self.kind] + self.public)}"

    @classmethod
    def read(cls, text: str) -> Key:
        """A key as it is told.

        Raises:
            Unsound: it is none.
        """
        name, _, rest = text.partition("+")
        identity, _, encoded = rest.partition("+")
        bytes_ = _from_base64(encoded, "a key")
        kind = _KINDS.get(bytes_[:1])
        if not _NAME.fullmatch(name) or not name.isprintable() or kind is None or len(bytes_) != 33:
            raise Unsound("This is not a key of a log or a witness: <name>+<id>+<base64> is expected.")
        if not _a_point(bytes_[1:]):
            raise Unsound(f"The key of {name} is no public key of Ed25519, or one that signs anything.")
        key = cls(kind, name, bytes_[1:])
        if identity != key.id.hex():
            raise Unsound(f"The id in the key of {name} is not that of its bytes: a letter was changed.")
        return key

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key signed the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A private key with its name."""

    kind: Kind
    name: str
    private: bytes

    @property
    def key(self) -> Key:
        return Key(self.kind, self.name, Ed25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The signature line of a log for the text of a checkpoint."""
        return _line(self.key, Ed25519PrivateKey.from_private_bytes(self.private).sign(text.encode()))

    def cosign(self, text: str, at: datetime) -> str:
        """The signature line of a witness."""
        seconds = int(at.timestamp())
        signature = Ed25519PrivateKey.from_private_bytes(self.private).sign(_cosigned(text, seconds))
        return _line(self.key, seconds.to_bytes(8, "big") + signature)


@dataclass(frozen=True)
class Checkpoint:
    """What a log says of itself at a size. `heads`: how many streams, and the root of their map; `other`: the other log, size and root."""

    origin: str
    size: int
    root: bytes
    at: datetime
    heads: tuple[int, bytes] | None = None
    other: tuple[Log, int, bytes] | None = None

    @property
    def text(self) -> str:
        """What is signed."""
        lines = [self.origin, str(self.size), _base64(self.root)]
        if self.heads:
            lines.append(f"heads {self.heads[0]} {_base64(self.heads[1])}")
        if self.other:
            lines.append(f"{self.other[0]} {self.other[1]} {_base64(self.other[2])}")
        lines.append(f"at {self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
        return "\n".join(lines) + "\n"

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """A checkpoint from its text.

        Raises:
            Unsound: it is none, or is written otherwise than we write them.
        """
        lines = text.split("\n")[:-1]
        try:
            origin, size, root, *more = lines
            heads: tuple[int, bytes] | None = None
            other: tuple[Log, int, bytes] | None = None
            for line in more[:-1]:
                word, count, value = line.split(" ")
                if not _COUNT.fullmatch(count):
                    raise ValueError
                if word == "heads":
                    heads = int(count), _from_base64(value, "a root")
                elif word == "record" or word == "access":
                    other = word, int(count), _from_base64(value, "a root")  # type: ignore[assignment]  # one of the two
            word, _, instant = more[-1].partition(" ")
            at = datetime.strptime(instant, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            if word != "at" or not _COUNT.fullmatch(size) or not _NAME.fullmatch(origin):
                raise ValueError
            found = cls(origin, int(size), _from_base64(root, "a root"), at, heads, other)
        except (ValueError, IndexError):
            raise Unsound("This is not a checkpoint of ours: lines are missing or are not what they should be.") from None
        if found.text != text:
            raise Unsound("This checkpoint is written otherwise than a checkpoint is.")
        return found


@dataclass(frozen=True)
class Signature:
    """One signature line, taken apart."""

    name: str
    id: bytes
    bytes: bytes
    line: str

    @classmethod
    def read(cls, line: str) -> Signature:
        """A line.

        Raises:
            Unsound: it is none.
        """
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        found = _from_base64(encoded, "a signature")
        if dash != "\u2014" or not _NAME.fullmatch(name) or len(found) < 4 + 64:
            raise Unsound("This is not a signature line: — <name> <base64> is expected.")
        return cls(name, found[:4], found[4:], line)

    def by(self, key: Key, text: str) -> bool:
        """Whether it is that of this key over the text of a checkpoint."""
        if (self.name, self.id) != (key.name, key.id):
            return False
        if key.kind == "log":
            return key.signed(text.encode(), self.bytes)
        if len(self.bytes) != 8 + 64:
            return False
        return key.signed(_cosigned(text, int.from_bytes(self.bytes[:8], "big")), self.bytes[8:])


@dataclass(frozen=True)
class Note:
    """A checkpoint and its signatures, that of the log first."""

    checkpoint: Checkpoint
    signatures: tuple[Signature, ...]

    @property
    def text(self) -> str:
        return f"{self.checkpoint.text}\n" + "".join(f"{signature.line}\n" for signature in self.signatures)

    @classmethod
    def read(cls, note: str) -> Note:
        """A note.

        Raises:
            Unsound: it is none.
        """
        text, gap, lines = note.partition("\n\n")
        if not gap or not lines.endswith("\n") or len(note) > MOST_BYTES:
            raise Unsound("This is not a signed note: a text, an empty line and signatures are expected.")
        return cls(Checkpoint.read(text + "\n"), tuple(Signature.read(line) for line in lines[:-1].split("\n")))

    def signed_by(self, key: Key) -> bool:
        """Whether this key signed it."""
        return any(signature.by(key, self.checkpoint.text) for signature in self.signatures)

    def cosigned_by(self, witnesses: Iterable[Key]) -> list[str]:
        """The names of those of these witnesses who cosigned it, each once."""
        return [key.name for key in dict.fromkeys(witnesses) if self.signed_by(key)]


@dataclass(frozen=True)
class Policy:
    """Who are witnesses, and how many of them must have cosigned."""

    witnesses: tuple[Key, ...] = ()
    quorum: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.quorum <= len(self.witnesses):
            raise Unsound(f"{self.quorum} witnesses are asked for, and {len(self.witnesses)} are known.")
        if any(key.kind != "witness" for key in self.witnesses):
            raise Unsound("A key of a log is no key of a witness.")
        if len({key.public for key in self.witnesses}) < len(self.witnesses) or len({key.name for key in self.witnesses}) < len(
            self.witnesses
        ):
            raise Unsound("Two witnesses have one key, or one name.")
        if len(self.witnesses) > MOST_WITNESSES:
            raise Unsound(f"At most {MOST_WITNESSES} witnesses are counted.")

    @classmethod
    def of(cls, keys: Sequence[str], quorum: int) -> Policy:
        """From keys as they are told."""
        return cls(tuple(Key.read(key) for key in keys), quorum)

    def witnessed(self, note: Note) -> bool:
        """Whether enough have cosigned. Where nobody is asked for, nothing counts as witnessed."""
        return 0 < self.quorum <= len(note.cosigned_by(self.witnesses))


def _a_point(encoded: bytes) -> bool:
    """Whether these bytes are a point of the curve, encoded in the one way there is, and not of small order (RFC 8032, 5.1.3)."""
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    if y >= _P or y in _SMALL:
        return False
    squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    return pow(squared, (_P - 1) // 2, _P) == 1


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _line(key: Key, signature: bytes) -> str:
    return f"\u2014 {key.name} {_base64(key.id + signature)}"


def _base64(found: bytes) -> str:
    return base64.b64encode(found).decode()


def _from_base64(text: str, what: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unsound(f"This is not {what}: it is not base64.") from None
    if _base64(found) != text:
        raise Unsound(f"This is not {what}: its base64 has spare bits.")
    return found
