"""What is stored is final: the shape of each event is the one that was approved in `tests/approved/events`.

An approved file has the event's fields, each with its type and, where it may be left out, its default: `words` lie sealed under a
key of their own, `words of the person` under that of the `person` beside them. Then an example of the stored body, in which these
words stand in the clear. The file of a new event is written by

    .venv/bin/python -m tests.test_event_shapes

which never touches one that is there already.
"""

from __future__ import annotations

import json
import types
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import msgspec
import pytest

from application.store import mapper
from application.store.upcasts import brought_up
from domain.language import CaseEvent
from domain.personal import Personal
from tests.examples import example, stored_events

APPROVED = Path(__file__).parent / "approved" / "events"
A_DECISION = (
    "Events that are stored already have the approved shape, for ever. To change it is a decision: raise `schema` where the event is "
    "declared and write an upcast (application/store/upcasts.py), or give the new shape a new name; then approve it by hand in {file}. "
    "A field may be added if it may be left out. A default may never change: it is not stored, so it would change what was said."
)

PLAIN = {str: "text", bool: "true or false", int: "whole number", float: "number", date: "date", datetime: "instant", Any: "anything"}


def shape(kind: Any, parts: dict[str, Any]) -> dict[str, str]:
    """Each field by its stored name: its type in words, and after `=` what it means where it is not stored. Parts go into `parts`."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.encode_name: in_words(hints[field.name], parts) + default(field) for field in msgspec.structs.fields(kind)}


def default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return "" if value is msgspec.NODEFAULT else f" = {json.dumps(msgspec.to_builtins(value))}"


def in_words(hint: Any, parts: dict[str, Any]) -> str:
    """`date?` (or nothing), `words`, `list of text`, `yes | no`; a part by its name."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        mark = next((mark for mark in inner[1:] if isinstance(mark, Personal)), None)
        return in_words(inner[0], parts) if mark is None else "words of the person" if mark.of_person else "words"
    if origin in (Union, types.UnionType):
        options = " or ".join(in_words(option, parts) for option in inner if option is not type(None))
        return f"{options}?" if type(None) in inner else options
    if origin is Literal:
        return f"({' | '.join(str(value) for value in inner)})"
    if origin in (tuple, list, frozenset, set):
        return f"list of {in_words(inner[0], parts)}"
    if origin is dict:
        return f"by name, {in_words(inner[1], parts)}"
    if isinstance(hint, msgspec.StructMeta):
        parts[hint.__name__] = shape(hint, parts)
        return hint.__name__
    return PLAIN[hint]


def told(kind: type[CaseEvent]) -> dict[str, Any]:
    """What is approved of an event."""
    parts: dict[str, Any] = {}
    return {
        "name": kind.stored_name(),
        "schema": kind.schema_version(),
        "fields": shape(kind, parts),
        "parts": parts,
        "example": json.loads(mapper.body_bytes(example(kind))),
    }


ALL = [*stored_events().values()]
EACH = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.stored_name())


def file_of(kind: type[CaseEvent]) -> Path:
    return APPROVED / f"{kind.stored_name()}.json"


def approved(kind: type[CaseEvent]) -> dict[str, Any]:
    file = file_of(kind)
    assert file.exists(), f"{file.name} is a new event: write what is to be approved with `python -m tests.test_event_shapes`"
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


@EACH
def test_an_event_is_stored_in_the_approved_shape(kind: type[CaseEvent]) -> None:
    now, then = told(kind), approved(kind)
    for part in ("name", "schema", "fields", "parts"):
        assert now[part] == then[part], A_DECISION.format(file=file_of(kind).name)


@EACH
def test_an_event_stored_when_it_was_approved_is_read_and_written_the_same_today(kind: type[CaseEvent]) -> None:
    then = approved(kind)
    body = then["example"]
    event = msgspec.convert(brought_up(then["name"], then["schema"], kind.schema_version(), body), kind)
    assert event == example(kind), A_DECISION.format(file=file_of(kind).name)
    if then["schema"] == kind.schema_version():
        assert json.loads(mapper.body_bytes(event)) == body, A_DECISION.format(file=file_of(kind).name)


@EACH
def test_a_field_left_out_is_not_stored_and_means_what_was_approved(kind: type[CaseEvent]) -> None:
    """Every optional field of the event itself, left out: nothing is stored of it, and it reads as its approved default."""
    then = approved(kind)
    optional = {name: json.loads(field.partition(" = ")[2]) for name, field in then["fields"].items() if " = " in field}
    event = msgspec.convert({name: value for name, value in then["example"].items() if name not in optional}, kind)
    stored = json.loads(mapper.body_bytes(event))
    assert not stored.keys() & optional.keys()
    names = {field.encode_name: field.name for field in msgspec.structs.fields(cast(Any, kind))}
    assert {name: json.loads(msgspec.json.encode(getattr(event, names[name]))) for name in optional} == optional


def test_nothing_is_approved_that_no_event_is_stored_as() -> None:
    """An event that was ever stored keeps its class for ever, so that its history can be read."""
    assert sorted(file.stem for file in APPROVED.glob("*.json")) == [*stored_events()]


@EACH
def test_unknown_fields_of_a_newer_version_stop_nothing(kind: type[CaseEvent]) -> None:
    assert msgspec.convert({**approved(kind)["example"], "a-field-of-next-year": ["anything"]}, kind) == example(kind)


def write_new() -> None:
    """The files of events that have none."""
    APPROVED.mkdir(parents=True, exist_ok=True)
    for kind in ALL:
        if not file_of(kind).exists():
            file_of(kind).write_text(json.dumps(told(kind), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            print(f"written: {file_of(kind)}")


if __name__ == "__main__":
    write_new()
