"""The envelope: an event as it was recorded, with who asked it, when it happened and when it became known."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from domain.people import By, PersonId


class Editions(msgspec.Struct, frozen=True, array_like=True):
    """The procedure bound when recorded: the partnership's own edition, if it has one, and the national one."""

    local: str | None
    national: str


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every recorded event carries, in the order of its stored bytes (`docs/ledger.md`).

    `on` is the day in the world, `at` the UTC instant of recording, `place` counts within the stream from 1.
    `key` is the SHA-256 of an idempotency key, `information` the information set of a position, decision or endorsement,
    `transcribed_by` who entered now what `by` did then, from paper or another system.
    """

    v: int
    stream: str
    place: int
    name: str
    schema: int
    on: date
    by: By
    procedure: Editions
    calendar: str
    command: str
    seen: int | None = None
    key: str | None = None
    information: dict[str, Any] | None = None
    transcribed_by: PersonId | None = None
    at: datetime


class Recorded(msgspec.Struct, frozen=True):
    """One event (a `CaseEvent`) of a history. `position` is its place in the whole log (not hashed), `hash` that of the stream up to it."""

    header: Header
    event: Any
    position: int = 0
    hash: bytes = b""

    @property
    def stream(self) -> str:
        return self.header.stream

    @property
    def place(self) -> int:
        return self.header.place

    @property
    def name(self) -> str:
        return self.header.name

    @property
    def on(self) -> date:
        return self.header.on

    @property
    def at(self) -> datetime:
        return self.header.at

    @property
    def by(self) -> By:
        return self.header.by

    @property
    def procedure(self) -> Editions:
        return self.header.procedure
