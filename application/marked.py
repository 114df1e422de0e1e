"""Finding the fields of a command that name a person, a case or a document, however deep they lie.

Such fields carry a mark in their annotation (`NamesPerson`, `NamesCase`, `OfDocument`); whoever stands before the door
rewrites what is written there: a word becomes a person id, a handle a case id, a short word a digest.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

Rewrite = Callable[[Any, str], str]
"""From the mark and what is written there to what shall stand there."""


def rewritten(model: type[BaseModel], values: Mapping[str, Any], mark: type, rewrite: Rewrite) -> dict[str, Any]:
    """The values with every marked string rewritten; anything else, fitting or not, stays as it is for validation to judge."""
    if not marks_anywhere(model, mark):
        return dict(values)
    hints = _hints(model)
    return {name: _value(hints[name], value, mark, rewrite) if name in hints else value for name, value in values.items()}


@lru_cache(maxsize=1024)
def marks_anywhere(annotation: Any, mark: type) -> bool:
    """Whether this type, or anything inside it, carries the mark."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(marks_anywhere(hint, mark) for hint in _hints(annotation).values())
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return any(isinstance(item, mark) for item in metadata) or marks_anywhere(inner, mark)
    return any(marks_anywhere(inner, mark) for inner in get_args(annotation) if not isinstance(inner, str))


@lru_cache(maxsize=512)
def _hints(model: type[BaseModel]) -> dict[str, Any]:
    return {name: hint for name, hint in get_type_hints(model, include_extras=True).items() if name in model.model_fields}


def _value(annotation: Any, value: Any, mark: type, rewrite: Rewrite) -> Any:
    if value is None or not marks_anywhere(annotation, mark):
        return value
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return rewritten(annotation, value, mark, rewrite) if isinstance(value, Mapping) else value
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        found = next((item for item in inner[1:] if isinstance(item, mark)), None)
        if found is not None and isinstance(value, str):
            return rewrite(found, value)
        return _value(inner[0], value, mark, rewrite)
    if origin in (Union, types.UnionType):
        fitting = (option for option in inner if marks_anywhere(option, mark) and _fits(option, value))
        return _value(next(fitting, None), value, mark, rewrite)
    if origin in (tuple, list, frozenset, set) and isinstance(value, list | tuple):
        return [_value(inner[0], item, mark, rewrite) for item in value]
    if origin is dict and isinstance(value, Mapping):
        return {key: _value(inner[1], item, mark, rewrite) for key, item in value.items()}
    return value


def _fits(annotation: Any, value: Any) -> bool:
    """Which branch of a union a written value means: a string for the strings, a mapping for the records."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if isinstance(value, str):
        return annotation is str
    if isinstance(value, Mapping):
        return (isinstance(annotation, type) and issubclass(annotation, BaseModel)) or get_origin(annotation) is dict
    return isinstance(value, list | tuple) and get_origin(annotation) in (tuple, list, frozenset, set)
