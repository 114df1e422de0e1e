"""The rules that the events of a case were made under: the editions that they name, and the shapes of the events themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from domain.adoption import CalendarEditionAdopted, ProcedureEditionAdopted
from domain.guidance import EDITIONS
from domain.language import EVENTS
from domain.personal import Sealed
from domain.recorded import Recorded
from domain.working_days import SHIPPED


@dataclass(frozen=True)
class Rules:
    """The editions named by a history, as far as they are held here: the texts of procedures, the days of calendars, each by its
    edition in the order of names; their adoptions in the order recorded; and the procedures that were adopted in another text."""

    procedures: Mapping[str, bytes]
    calendars: Mapping[str, bytes]
    adoptions: Sequence[Recorded]
    not_held: Sequence[str]


def rules_of(history: Iterable[Recorded], adoptions: Iterable[Recorded]) -> Rules:
    """The editions that these events name. What was adopted counts with the text that was adopted, or not at all."""
    procedures: set[str] = set()
    calendars: set[str] = set()
    for recorded in history:
        procedures |= {edition for edition in (recorded.procedure.local, recorded.procedure.national) if edition}
        calendars.add(recorded.header.calendar)
    texts = {edition: _text(edition) for edition in sorted(procedures) if edition in EDITIONS}
    days = {edition: [*sorted(SHIPPED[edition].holidays)] for edition in sorted(calendars) if edition in SHIPPED}
    kept: list[Recorded] = []
    elsewhere: set[str] = set()
    for recorded in adoptions:
        match recorded.event:
            case CalendarEditionAdopted(edition=edition, holidays=holidays) if edition in calendars:
                days[edition] = sorted(holidays)
                kept.append(recorded)
            case ProcedureEditionAdopted(edition=edition, digest=digest) if edition in procedures:
                if digest == hashlib.sha256(texts.get(edition, b"")).hexdigest():
                    kept.append(recorded)
                else:
                    elsewhere.add(edition)
    not_held = sorted(elsewhere - {recorded.event.edition for recorded in kept})
    return Rules(
        {edition: text for edition, text in texts.items() if edition not in not_held},
        {edition: _calendar(edition, days[edition]) for edition in sorted(days)},
        kept,
        not_held,
    )


def _text(edition: str) -> bytes:
    return resources.files("domain").joinpath("procedures", f"{edition}.toml").read_bytes()


def _calendar(edition: str, days: Sequence[Any]) -> bytes:
    return msgspec.json.encode({"edition": edition, "holidays": days}) + b"\n"


def shapes_of(history: Iterable[Recorded]) -> dict[str, bytes]:
    """The shape of each kind of event that occurs, by its name in order: a JSON Schema of the body, as this version stores it."""
    return {name: shape(name) for name in sorted({recorded.name for recorded in history})}


@cache
def shape(name: str) -> bytes:
    """The shape of one kind of event."""
    event = EVENTS[name]
    told = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        "$comment": f"The body of {name}, schema {event.schema_version()}.",
        **_as_stored(msgspec.json.schema(event)),
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n"


def _as_stored(shape: Any) -> Any:
    """Where words may stand, what is stored is always sealed."""
    if isinstance(shape, list):
        return [_as_stored(item) for item in shape]
    if not isinstance(shape, dict):
        return shape
    options = shape.get("anyOf")
    if options and any(option.get("$ref", "").endswith(f"/{Sealed.__name__}") for option in options):
        options = [option for option in options if option.get("type") != "string"]
        return options[0] if len(options) == 1 else {"anyOf": options}
    return {key: _as_stored(value) for key, value in shape.items()}
