"""Events to bytes and back. Whatever the domain marks as personal is sealed on the way in, and stays sealed on the way out until
somebody asks for the words and has the keys (`docs/ledger.md`, `docs/personal-data.md`).
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from types import UnionType
from typing import Annotated, Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from application.store.upcasts import brought_up, stored_path
from domain.language import EVENTS, CaseEvent
from domain.personal import Personal, Sealed
from domain.recorded import Header, Recorded

ERASED = "[erased]"
"""What is read where the key is gone."""

STORED_FORM = 1
SALT, NONCE = 16, 12

NO_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands in a header whose instant the database has yet to say."""

_TAIL = len(b'1970-01-01T00:00:00Z"}')

_encode = msgspec.json.Encoder().encode
_header = msgspec.json.Decoder(Header).decode
_fields = msgspec.json.Decoder(dict[str, Any]).decode

Change = Callable[[str, Any, str | None], Any]
"""Called for each leaf with its path, its value and the person named beside it (None: a key of its own)."""

Leaf = tuple[str, Any, str | None]
"""Path, value, and the person whose key it is under (None: a key of its own)."""

T = TypeVar("T")


class Broken(Exception):
    """Stored words are not what was committed to: they, or their place, were tampered with."""


class UnknownEvent(LookupError):
    """An event of a name that this version does not know."""


# --- where the personal words of an event stand ------------------------------------------------------------------------------


class _Leaf(NamedTuple):
    of_person: bool


class _Each(NamedTuple):
    step: _Step


class _Values(NamedTuple):
    step: _Step


class _Record(NamedTuple):
    fields: tuple[tuple[str, _Step], ...]


_Step = _Leaf | _Each | _Values | _Record


@cache
def personal_fields(record: type[msgspec.Struct]) -> _Record | None:
    """Where the personal words of a record stand, from its type hints; None where it has none."""
    hints = get_type_hints(record, include_extras=True)
    found = [(name, step) for name in record.__struct_fields__ if (step := _step(hints[name])) is not None]
    return _Record(tuple(found)) if found else None


def _step(hint: Any) -> _Step | None:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        for mark in args[1:]:
            if isinstance(mark, Personal):
                return _Leaf(mark.of_person)
        return _step(args[0])
    if origin in (Union, UnionType):
        steps = [step for arg in args if (step := _step(arg)) is not None]
        if len(steps) > 1:
            raise TypeError(f"{hint} may hold personal words in more than one way: give each a field of its own.")
        return steps[0] if steps else None
    if origin in (tuple, list, frozenset, set):
        inner = next((found for arg in args if (found := _step(arg)) is not None), None)
        return None if inner is None else _Each(inner)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        inner = _step(args[1])
        return None if inner is None else _Values(inner)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and hint is not Sealed:
        return personal_fields(hint)
    return None


def _changed(step: _Step, value: Any, path: str, person: str | None, change: Change) -> Any:
    """The value with `change` made at every leaf, the very same object where nothing changed."""
    if value is None:
        return None
    if isinstance(step, _Leaf):
        return change(path, value, person if step.of_person else None)
    if isinstance(step, _Record):
        person = getattr(value, "person", None)
        prefix = path and f"{path}."
        changes = {}
        for name, below in step.fields:
            old = getattr(value, name)
            if type(below) is _Leaf:
                if old is not None and (new := change(prefix + name, old, person if below.of_person else None)) is not old:
                    changes[name] = new
            elif old and (new := _changed(below, old, prefix + name, person, change)) is not old:
                changes[name] = new
        return msgspec.structs.replace(value, **changes) if changes else value
    if isinstance(step, _Each):
        items = [_changed(step.step, item, f"{path}.{i}", person, change) for i, item in enumerate(value)]
        return value if all(map(_same, items, value)) else type(value)(items)
    values = {key: _changed(step.step, item, f"{path}.{key}", person, change) for key, item in value.items()}
    return value if all(map(_same, values.values(), value.values())) else values


def _same(a: object, b: object) -> bool:
    return a is b


def changed(event: T, change: Change) -> T:
    """An event, or a record, with `change` made at each of its personal words."""
    step = personal_fields(cast("type[msgspec.Struct]", type(event)))
    return event if step is None else cast(T, _changed(step, event, "", None, change))


def leaves(event: object) -> list[Leaf]:
    """Path, value and person (None: a key of its own) of each of its personal words."""
    step = personal_fields(cast("type[msgspec.Struct]", type(event)))
    found: list[Leaf] = []
    if step is not None:
        _gather(step, event, "", None, found)
    return found


def _gather(step: _Step, value: Any, path: str, person: str | None, found: list[Leaf]) -> None:
    if isinstance(step, _Record):
        person = getattr(value, "person", None)
        prefix = path and f"{path}."
        for name, below in step.fields:
            item = getattr(value, name)
            if type(below) is _Leaf:
                if item is not None:
                    found.append((prefix + name, item, person if below.of_person else None))
            elif item:
                _gather(below, item, prefix + name, person, found)
    elif isinstance(step, _Each):
        for i, item in enumerate(value):
            _gather(step.step, item, f"{path}.{i}", person, found)
    elif isinstance(step, _Leaf):
        if value is not None:
            found.append((path, value, person if step.of_person else None))
    else:
        for key, item in value.items():
            _gather(step.step, item, f"{path}.{key}", person, found)


# --- one seal ------------------------------------------------------------------------------------------------------------------


def bound_to(stream: str, place: int, name: str, path: str, schema: int) -> bytes:
    """What a seal is bound to: moved anywhere else, it does not open."""
    return f"{stream}|{place}|{name}|{path}|{schema}".encode()


def seal(words: str, key_id: str, key: bytes, bound: bytes) -> Sealed:
    """Words as commitment, ciphertext and key id."""
    try:
        text = words.encode()
    except UnicodeEncodeError:
        raise ValueError("The text holds half of a surrogate pair, which is no character.") from None
    fresh = os.urandom(SALT + NONCE)
    salted = fresh[:SALT] + text
    nonce = fresh[SALT:]
    e = base64.b64encode(nonce + AESGCM(key).encrypt(nonce, salted, bound)).decode()
    return Sealed(c=sha256(salted).hexdigest(), e=e, k=key_id)


def unseal(sealed: Sealed, key: bytes | None, bound: bytes) -> str:
    """The words, or `[erased]` where there is no key any more.

    Raises:
        Broken: they were not sealed here, or are not what was committed to.
    """
    return ERASED if key is None else _salted(sealed, key, bound)[SALT:].decode()


def _salted(sealed: Sealed, key: bytes, bound: bytes) -> bytes:
    """Salt and words, as they were committed to."""
    try:
        stored = base64.b64decode(sealed.e, validate=True)
        salted = AESGCM(key).decrypt(stored[:NONCE], stored[NONCE:], bound)
    except (InvalidTag, ValueError):
        raise Broken(f"Words sealed under {sealed.k} do not open where they stand ({bound.decode()}).") from None
    if sha256(salted).hexdigest() != sealed.c:
        raise Broken(f"Words sealed under {sealed.k} are not those that were committed to ({bound.decode()}).")
    return salted


# --- events to bytes -----------------------------------------------------------------------------------------------------------


def needs(leaves: Iterable[Leaf]) -> tuple[int, set[str]]:
    """How many keys of free text, and the keys of which persons, it takes to seal these."""
    texts = 0
    persons: set[str] = set()
    for _, _, person in leaves:
        if person is None:
            texts += 1
        else:
            persons.add(person)
    return texts, persons


def sealed(header: Header, event: T, persons: Mapping[str, bytes], texts: Iterator[tuple[str, bytes]]) -> T:
    """The event as it is stored: every personal word sealed, under its person's key or the next key for a text."""

    def closed(path: str, value: Any, person: str | None) -> Sealed:
        if type(value) is not str:
            raise ValueError(f"{header.name}: {path} holds no words in the clear.")
        key_id, key = next(texts) if person is None else (person, persons[person])
        return seal(value, key_id, key, bound_to(header.stream, header.place, header.name, path, header.schema))

    return changed(event, closed)


def header_bytes(header: Header) -> bytes:
    """The stored header up to and including `,"at":"`: the database adds the instant."""
    raw = _encode(header)
    return raw[:-_TAIL]


def body_bytes(event: object) -> bytes:
    """The stored body of an event that is sealed."""
    return _encode(event)


# --- and back ------------------------------------------------------------------------------------------------------------------


@cache
def _decoder(name: str) -> tuple[int, Callable[[bytes], CaseEvent]]:
    event = EVENTS.get(name)
    if event is None:
        raise UnknownEvent(f"This version of Casetrail knows no event {name!r}: use the version that recorded it, or a newer one.")
    return event.schema_version(), msgspec.json.Decoder(event).decode


def recorded(position: int, header: bytes, body: bytes, hash_: bytes) -> Recorded:
    """One stored event as it is remembered, its words still sealed. No key is needed."""
    then = _header(header)
    schema, decode = _decoder(then.name)
    event = decode(body) if then.schema == schema else decode(_encode(brought_up(then.name, then.schema, schema, _fields(body))))
    return Recorded(then, event, position, hash_)


def key_ids(recorded: Recorded) -> set[str]:
    """The keys that its sealed words are under."""
    return {value.k for _, value, _ in leaves(recorded.event) if type(value) is Sealed}


def open_words(recorded: Recorded, keys: Mapping[str, bytes | None]) -> Recorded:
    """The same event with its words in the clear, or `[erased]`.

    Raises:
        Broken: words that do not open, or are not what was committed to.
    """
    then = recorded.header
    current = type(recorded.event).schema_version() if isinstance(recorded.event, CaseEvent) else then.schema

    def opened(path: str, value: Any, person: str | None) -> Any:
        if type(value) is not Sealed:
            return value
        return unseal(value, keys.get(value.k), bound_to(then.stream, then.place, then.name, _path(then, current, path), then.schema))

    event = changed(recorded.event, opened)
    return recorded if event is recorded.event else Recorded(then, event, recorded.position, recorded.hash)


def _path(then: Header, current: int, path: str) -> str:
    return path if then.schema == current else stored_path(then.name, then.schema, current, path)


# --- the raw fields, for reading a history as it was stored ----------------------------------------------------------------------


def body_keys(body: bytes) -> set[str]:
    """The keys that the sealed words of a stored body are under, found without knowing the event."""
    found: set[str] = set()

    def note(path: str, value: Sealed) -> str:
        found.add(value.k)
        return ""

    _told(_fields(body), "", note)
    return found


def fields(header: bytes, body: bytes, keys: Mapping[str, bytes | None]) -> dict[str, Any]:
    """All fields of a stored event, those that this version does not know among them, with the words in the clear or `[erased]`.

    Raises:
        Broken: as `open_words`.
    """
    then = _header(header)

    def opened(path: str, value: Sealed) -> str:
        return unseal(value, keys.get(value.k), bound_to(then.stream, then.place, then.name, path, then.schema))

    return _in_the_clear(then, body, opened)


class Opened(NamedTuple):
    """Words as they may be shown to somebody who checks them: `c` is the SHA-256 of salt and words. Without words the key is gone."""

    path: str
    salt: bytes
    words: str | None


def disclosed(header: bytes, body: bytes, keys: Mapping[str, bytes | None]) -> list[Opened]:
    """Each sealed text of a stored event by its stored path, in the order in which they stand in its body.

    Raises:
        Broken: as `open_words`.
    """
    then = _header(header)
    found: list[Opened] = []

    def note(path: str, value: Sealed) -> str:
        key = keys.get(value.k)
        salted = b"" if key is None else _salted(value, key, bound_to(then.stream, then.place, then.name, path, then.schema))
        found.append(Opened(path, salted[:SALT], None if key is None else salted[SALT:].decode()))
        return ""

    _told(_fields(body), "", note)
    return found


def fields_with(header: bytes, body: bytes, words: Mapping[str, str]) -> dict[str, Any]:
    """As `fields`, with these words, by their stored path, in the place of those that are sealed."""
    return _in_the_clear(_header(header), body, lambda path, value: words[path])


def _in_the_clear(then: Header, body: bytes, opened: Callable[[str, Sealed], str]) -> dict[str, Any]:
    told: dict[str, Any] = _told(_fields(body), "", opened)
    event = EVENTS.get(then.name)
    return told if event is None else brought_up(then.name, then.schema, event.schema_version(), told)


def _told(value: Any, path: str, opened: Callable[[str, Sealed], str]) -> Any:
    if type(value) is dict:
        if value.keys() == {"c", "e", "k"} and all(type(part) is str for part in value.values()):
            return opened(path, Sealed(**value))
        prefix = path and f"{path}."
        return {key: _told(item, prefix + key, opened) for key, item in value.items()}
    if type(value) is list:
        return [_told(item, f"{path}.{i}", opened) for i, item in enumerate(value)]
    return value
