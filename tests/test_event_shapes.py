"""What is stored is final: the shape of each event is the one that was approved in `tests/approved/events`.

An approved file has the event's fields, each with its type and, where it may be left out, its default; and an example of the stored
body, with the words in the clear that are sealed in the store. The file of a new event is written by

    .venv/bin/python -m tests.test_event_shapes

which never touches one that is there already.
"""

from __future__ import annotations

import json
import types
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

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


def shape(kind: Any) -> dict[str, str | dict[str, Any]]:
    """Each field by its stored name, with its type in words, and its default where it has one."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.encode_name: {"type": in_words(hints[field.name]), **default(field)} for field in msgspec.structs.fields(kind)}


def default(field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    """What a field means where it is not stored."""
    if field.default_factory is not msgspec.NODEFAULT:
        return {"default": msgspec.to_builtins(field.default_factory())}
    return {} if field.default is msgspec.NODEFAULT else {"default": msgspec.to_builtins(field.default)}


def in_words(hint: Any) -> Any:
    """`date or nothing`, `words under a key of their own`, `list of …`; a part with fields of its own stands as these."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        mark = next((mark for mark in inner[1:] if isinstance(mark, Personal)), None)
        if mark is None:
            return in_words(inner[0])
        return "words under the key of the person" if mark.of_person else "words under a key of their own"
    if origin in (Union, types.UnionType):
        options = [in_words(option) for option in inner if option is not type(None)]
        options = options if len(options) > 1 else options[0]
        return {"one of or nothing" if type(None) in inner else "one of": options} if type(None) in inner or len(inner) > 2 else options
    if origin is Literal:
        return {"choice": [*inner]}
    if origin in (tuple, list, frozenset, set):
        return {"list of": in_words(inner[0])}
    if origin is dict:
        return {"by name": in_words(inner[1])}
    if isinstance(hint, msgspec.StructMeta):
        return {"part": shape(hint)}
    return PLAIN[hint]


def told(kind: type[CaseEvent]) -> dict[str, Any]:
    """What is approved of an event."""
    return {
        "name": kind.stored_name(),
        "schema": kind.schema_version(),
        "fields": shape(kind),
        "example": json.loads(mapper.body_bytes(example(kind))),
    }


ALL = [*stored_events().values()]


def file_of(kind: type[CaseEvent]) -> Path:
    return APPROVED / f"{kind.stored_name()}.json"


@pytest.fixture(params=ALL, ids=lambda kind: kind.stored_name())
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def approved(kind: type[CaseEvent]) -> dict[str, Any]:
    file = file_of(kind)
    assert file.exists(), f"{file.name} is a new event: write what is to be approved with `python -m tests.test_event_shapes`"
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


def test_an_event_is_stored_in_the_approved_shape(kind: type[CaseEvent], approved: dict[str, Any]) -> None:
    now = told(kind)
    for part in ("name", "schema", "fields"):
        assert now[part] == approved[part], A_DECISION.format(file=file_of(kind).name)


def test_an_event_stored_when_it_was_approved_is_read_and_written_the_same_today(kind: type[CaseEvent], approved: dict[str, Any]) -> None:
    body = approved["example"]
    event = msgspec.convert(brought_up(approved["name"], approved["schema"], kind.schema_version(), body), kind)
    assert event == example(kind), A_DECISION.format(file=file_of(kind).name)
    if approved["schema"] == kind.schema_version():
        assert json.loads(mapper.body_bytes(event)) == body, A_DECISION.format(file=file_of(kind).name)


def test_a_field_left_out_is_not_stored_and_means_what_was_approved(kind: type[CaseEvent], approved: dict[str, Any]) -> None:
    """Every optional field of the event itself, left out: nothing is stored of it, and it reads as its approved default."""
    optional = {name: field["default"] for name, field in approved["fields"].items() if "default" in field}
    event = msgspec.convert({name: value for name, value in approved["example"].items() if name not in optional}, kind)
    stored = json.loads(mapper.body_bytes(event))
    assert not stored.keys() & optional.keys()
    names = {field.encode_name: field.name for field in msgspec.structs.fields(kind)}
    assert {name: msgspec.to_builtins(getattr(event, names[name])) for name in optional} == optional


def test_nothing_is_approved_that_no_event_is_stored_as() -> None:
    """An event that was ever stored keeps its class for ever, so that its history can be read."""
    assert sorted(file.stem for file in APPROVED.glob("*.json")) == [*stored_events()]


def test_unknown_fields_of_a_newer_version_stop_nothing(kind: type[CaseEvent], approved: dict[str, Any]) -> None:
    assert msgspec.convert({**approved["example"], "a-field-of-next-year": ["anything"]}, kind) == example(kind)


def write_new() -> None:
    """The files of events that have none."""
    APPROVED.mkdir(parents=True, exist_ok=True)
    for kind in ALL:
        if not file_of(kind).exists():
            file_of(kind).write_text(json.dumps(told(kind), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            print(f"written: {file_of(kind)}")


if __name__ == "__main__":
    write_new()
