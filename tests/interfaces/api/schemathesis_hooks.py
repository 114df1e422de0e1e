"""What schemathesis cannot know from the document, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import schemathesis

DEPENDS_ON_THE_STORE = {"casetrail-at", "as_of", "after", "cursor", "place"}
"""Instants, positions, places and cursors are well formed or not by their schema, but which of them there are only the store knows:
a valid one beyond its end is answered 422, or 503 once it has waited. As invalid data they are asked all the same."""

NOT_TOLD = ("\x00", "\x85", "\ufeff")
"""NUL is refused in every text, which the type `Prose` cannot say beside its pattern (test_commands.py asks it). Regular expressions
of JSON Schema and of Rust differ on whether the others are white space."""


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: Any) -> None:
    mode = case.meta.generation.mode if case.meta else None
    if mode is not None and mode.is_negative:
        return
    for container in (case.headers, case.query):
        for name in [name for name in container or () if name.lower() in DEPENDS_ON_THE_STORE]:
            del container[name]
    if isinstance(case.body, dict) and case.operation.path.endswith("/decide-thematic"):
        case.body.pop("candidate", None)  # the path names it; another one in the body is refused


@schemathesis.hook
def filter_body(ctx: Any, body: Any) -> bool:
    return not any(odd in text for text in _texts(body) for odd in NOT_TOLD)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


