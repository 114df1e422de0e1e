"""Canonical examples of every event, made from its declaration: one with every field said, and many guises of it in which each
enumeration shows its every value and each optional field is there and not there."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from application.commands import EVENTS
from domain.language import CaseEvent
from domain.personal import Personal

SECRET = "Hester Vale said so"
PERSON = "person-0123456789abcdef0123456789abcdef"
DIGEST = "3f2a91bc" * 8


def stored_events() -> dict[str, type[CaseEvent]]:
    """Every event of the domain by its stored name; those made up by tests are not among them."""
    return {name: kind for name, kind in sorted(EVENTS.items()) if kind.__module__.startswith("domain.")}


def example(kind: type[CaseEvent]) -> CaseEvent:
    """The canonical example: every field said, each enumeration with its first value."""
    event: CaseEvent = next(guises(kind))
    return event


def guises(kind: type) -> Iterator[Any]:
    """Instances that between them show every value of every field, beside instances without what may be left out."""
    choices = {field.name: [*_values(field)] for field in msgspec.structs.fields(kind)}
    longest = max(map(len, choices.values()), default=1)
    for n in range(longest):
        yield kind(**{name: values[n % len(values)] for name, values in choices.items()})
    optional = [field.name for field in msgspec.structs.fields(kind) if not field.required]
    for n in range(longest):
        yield kind(**{name: values[n % len(values)] for name, values in choices.items() if name not in optional})
    for left_out in optional:
        yield kind(**{name: values[0] for name, values in choices.items() if name != left_out})
    for name, values in choices.items():
        for value in values:
            yield kind(**{other: others[0] for other, others in choices.items()} | {name: value})


def _values(field: msgspec.structs.FieldInfo) -> Iterator[Any]:
    owner = field.type
    yield from _of(owner, field.name)


def _of(hint: Any, name: str) -> Iterator[Any]:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        if any(isinstance(mark, Personal) for mark in inner[1:]):
            yield SECRET
        else:
            yield from _of(inner[0], name)
    elif origin in (Union, types.UnionType):
        for option in inner:
            yield from _of(option, name) if option is not type(None) else [None]
    elif origin is Literal:
        yield from inner
    elif origin in (tuple, list, frozenset, set):
        items = [*_of(inner[0], name)]
        yield origin(items[:1])
        yield origin(items[:3])
        for item in items[1:]:
            yield origin([item])
        yield origin()
    elif origin is dict:
        yield {"BOL-125": next(_of(inner[1], name))}
    elif isinstance(hint, msgspec.StructMeta):
        yield from guises(hint)
    elif hint is str:
        yield from _text(name)
    elif hint is bool:
        yield from (True, False)
    elif hint is int:
        yield from (1, 2, 12)
    elif hint is date:
        yield date(2024, 10, 9)
    elif hint is datetime:
        yield datetime(2024, 10, 9, 12, 0, tzinfo=UTC)
    elif hint is Any:
        yield "2024-10-09"
    else:
        raise TypeError(f"{name}: no example of {hint}")


PERSONS = {"person", "deputy", "candidate", "participant", "other", "facilitator", "name"}
GROUPS = {"attendees", "members", "commissioners", "recipients", "told", "heard_by", "owners", "missing"}


def _text(name: str) -> Iterator[str]:
    if name in PERSONS:
        yield PERSON
    elif "digest" in name:
        yield DIGEST
    elif name in GROUPS:
        yield from ("local-authority", "business-manager", "gp-practice", PERSON)
    elif name in ("agency", "organisation", "employer"):
        yield from ("gp-practice", "local-authority", "health", "hospital-trust", "police")
    elif name in ("authority", "area", "area_of_residence", "partnership"):
        yield from ("bolton", "greater-manchester")
    elif name in ("code", "codes", "emerging_themes"):
        yield "H2.2"
    elif name == "year":
        yield "2024/25"
    elif name == "overrode":
        yield "BOL-52"
    else:
        yield f"{name}X1"


def stored(kind: type[CaseEvent]) -> str:
    return f"{kind.stored_name()} ({sys.modules[kind.__module__].__name__})"
