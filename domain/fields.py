"""The fields of an event by their paths (`narrative`, `children.0.name`): which of them are personal words, and what stands there.

An item of a list is found by its place in it, or by its ref: `children.child-j.harm`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from domain.personal import Personal, Sealed

Record = TypeVar("Record")

MISFIT = (msgspec.ValidationError, ValueError, LookupError, TypeError, AttributeError)
"""What `opened` and `filled` raise where a value does not fit the record."""


class Leaf(msgspec.Struct, frozen=True):
    """One personal text. `person`: the person under whose key it lies; none where it has a key of its own."""

    path: str
    words: str | Sealed
    person: str | None = None


def leaves(record: Any, before: str = "") -> Iterator[Leaf]:
    """Every personal text that an event, or a part of one, holds."""
    person = getattr(record, "person", None)
    kind: Any = type(record)
    for name, hint in _hints(kind).items():
        yield from _within(hint, getattr(record, name), f"{before}{name}", person)


def leaves_at(record: Any, path: str) -> tuple[Leaf, ...]:
    """The personal texts at this path or below it."""
    return tuple(leaf for leaf in leaves(record) if leaf.path == path or leaf.path.startswith(f"{path}."))


@cache
def _hints(record: type) -> Mapping[str, Any]:
    hints = get_type_hints(record, include_extras=True)
    return {name: hints[name] for name in record.__struct_fields__}  # type: ignore[attr-defined]  # every msgspec.Struct has them


def _within(hint: Any, value: Any, path: str, person: str | None) -> Iterator[Leaf]:
    origin = get_origin(hint)
    if origin is Annotated:
        mark = next((mark for mark in hint.__metadata__ if isinstance(mark, Personal)), None)
        if mark is not None and isinstance(value, str | Sealed):
            yield Leaf(path=path, words=value, person=person if mark.of_person else None)
        elif mark is None:
            yield from _within(get_args(hint)[0], value, path, person)
    elif origin in (Union, types.UnionType):
        for option in get_args(hint):
            yield from _within(option, value, path, person)
    elif hint is type(value) and isinstance(hint, msgspec.StructMeta):
        yield from leaves(value, f"{path}.")
    elif isinstance(value, tuple) and origin is tuple:
        items = get_args(hint)
        for n, item in enumerate(value):
            yield from _within(items[0] if items[-1] is ... else items[n], item, f"{path}.{n}", person)
    elif isinstance(value, dict) and origin is dict:
        for key, item in value.items():
            yield from _within(get_args(hint)[1], item, f"{path}.{key}", person)


# --- values by path, as the plain values of JSON


def plain(record: Any) -> Any:
    """The record as the values of JSON."""
    return msgspec.json.decode(msgspec.json.encode(record))


def inside(values: Any, path: str) -> Any:
    """What stands at a path; none where nothing does."""
    for step in path.split("."):
        if isinstance(values, list):
            values = values[int(step)] if step.isdecimal() and int(step) < len(values) else None
        else:
            values = values.get(step) if isinstance(values, dict) else None
    return values


def opened(given: Mapping[str, Any], record: Any) -> dict[str, Any]:
    """Paths opened up: `{"incident.area": "bury"}` is `{"incident": {"area": "bury"}}`, and items of a list are numbered."""
    nested: dict[str, Any] = {}
    for path, value in given.items():
        *outer, last = path.split(".")
        here = nested
        for step in outer:
            here = here.setdefault(step, {})
        here[last] = plain(value)
    numbered: dict[str, Any] = _numbered(nested, plain(record))
    return numbered


def _numbered(given: Any, was: Any) -> Any:
    if not isinstance(given, dict):
        return given
    steps = {key: _number(key, was) for key in given}
    return {steps[key]: _numbered(value, inside(was, steps[key])) for key, value in given.items()}


def _number(step: str, was: Any) -> str:
    if isinstance(was, list) and not step.isdecimal():
        return next((str(n) for n, item in enumerate(was) if isinstance(item, dict) and item.get("ref") == step), step)
    return step


def filled(record: Record, given: Mapping[str, Any], texts: Iterable[tuple[str, str | Sealed]] = ()) -> Record:
    """The record with these values in place of the old ones, and then these texts by their paths."""
    values = _merged(plain(record), given)
    for path, words in texts:
        outer, _, last = path.rpartition(".")
        here = inside(values, outer) if outer else values
        here[int(last) if isinstance(here, list) else last] = plain(words)
    return msgspec.convert(values, type(record))


def _merged(was: Any, given: Any) -> Any:
    if isinstance(given, Mapping) and isinstance(was, list):
        items = list(was)
        for step, value in given.items():
            items[int(step)] = _merged(items[int(step)], value)
        return items
    if isinstance(given, Mapping):
        kept = was if isinstance(was, dict) else {}
        return {**kept, **{key: _merged(kept.get(key), value) for key, value in given.items()}}
    return given


def paths(given: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """The path of each value given, a list being one value."""
    for key, value in given.items():
        if isinstance(value, Mapping) and value:
            yield from paths(value, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def strings(given: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string in what is given, by its path."""
    below = f"{path}." if path else ""
    if isinstance(given, str):
        yield path, given
    elif isinstance(given, Mapping):
        for key, value in given.items():
            yield from strings(value, f"{below}{key}")
    elif isinstance(given, list):
        for n, value in enumerate(given):
            yield from strings(value, f"{below}{n}")


def without(given: Any, texts: set[str], path: str = "") -> Any:
    """What is given, with null in the place of each of these texts."""
    if path in texts:
        return None
    below = f"{path}." if path else ""
    if isinstance(given, Mapping):
        return {key: without(value, texts, f"{below}{key}") for key, value in given.items()}
    if isinstance(given, list):
        return [without(value, texts, f"{below}{n}") for n, value in enumerate(given)]
    return given
