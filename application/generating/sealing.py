"""What was decided, in bytes: words sealed under keys of their own, the chain made, nothing sent yet."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from application.store import mapper
from application.store.chain import ORIGIN, link
from application.store.keys import KEY_BYTES, KeyWrapper
from application.store.recorder import Entry
from application.store.store import Save, entry_of, header_of
from domain.people import PersonId
from domain.recorded import Recorded

if TYPE_CHECKING:
    from application.generating.telling import Told


class Deed(NamedTuple):
    """What one command led to: when, in bytes, and those of its events that the tracker of themes looks at."""

    at: datetime
    entry: Entry
    heeded: tuple[Recorded, ...]


class Sealing:
    """Seals what is personal, under keys that it makes and wraps."""

    def __init__(self, wrapper: KeyWrapper) -> None:
        self._wrapper = wrapper

    def of_case(self, chance: Random, told: Told) -> CaseSealing:
        """For one case. The ids of its keys are drawn; the keys themselves never are."""
        return CaseSealing(self._wrapper, f"text-{chance.getrandbits(64):016x}", told)


class CaseSealing:
    """The keys of one case, and its entries as they are stored."""

    def __init__(self, wrapper: KeyWrapper, block: str, told: Told) -> None:
        self._wrapper = wrapper
        self._block = block
        self._told = told
        self._texts = 0
        self._persons: dict[PersonId, bytes] = {}

    def sealed(self, save: Save, previous: bytes) -> tuple[Entry, tuple[Recorded, ...]]:
        """The entry of a save, and its events as they will stand once recorded at the instant that the save chose."""
        save = replace(save, request_digest=None)  # nobody asks this again
        at = save.at or mapper.NO_INSTANT
        tail = f'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"}}'.encode()
        headers = [header_of(save, i, event) for i, event in enumerate(save.events)]
        events = []
        for header, event in zip(headers, save.events, strict=True):
            leaves = mapper.leaves(event)
            keys = {person: self._of_person(person) for _, _, person in leaves if person is not None}
            events.append(mapper.sealed(header, event, keys, self._fresh()) if leaves else event)
        entry = entry_of(save, headers, events)
        recorded = []
        for n, (header, event) in enumerate(zip(headers, events, strict=True)):
            previous = link(previous or ORIGIN, entry.headers[n] + tail, entry.bodies[n])
            recorded.append(Recorded(replace(header, at=at), event, 0, previous))
        return entry, tuple(recorded)

    def _of_person(self, person: PersonId) -> bytes:
        if person not in self._persons:
            self._persons[person] = self._made(person)
        return self._persons[person]

    def _fresh(self) -> Iterator[tuple[str, bytes]]:
        while True:
            self._texts += 1
            name = f"{self._block}-{self._texts}"
            yield name, self._made(name)

    def _made(self, name: str) -> bytes:
        key = secrets.token_bytes(KEY_BYTES)
        self._told.keys.append((name, self._wrapper.wrap(key)))
        return key
