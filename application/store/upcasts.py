"""Old shapes to new, oldest first. What is stored is never changed: an old body is brought up when it is read.

    @upcasts("agency-asked", schema=1, moved={"note": "remark"})
    def remark_became_note(fields: Fields) -> None:
        fields["note"] = fields.pop("remark", None)

brings a body of schema 1 to schema 2, in place. `moved` says which path of sealed words came from which: the old path is part of
what their seal is bound to. `*` stands for an index or a key (`children.*.called`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Fields = dict[str, Any]
Change = Callable[[Fields], None]


@dataclass(frozen=True)
class Upcast:
    """One step: how a body changes, and under which paths its sealed words were stored before."""

    change: Change
    moved: Mapping[str, str] = field(default_factory=dict)


UPCASTS: dict[tuple[str, int], Upcast] = {}
"""By event name and the schema version they bring up."""


def upcasts(name: str, *, schema: int, moved: Mapping[str, str] | None = None) -> Callable[[Change], Change]:
    """Register a function that brings a body of `name` from `schema` to the next."""

    def register(change: Change) -> Change:
        if (name, schema) in UPCASTS:
            raise TypeError(f"Two upcasts bring up schema {schema} of {name!r}.")
        UPCASTS[name, schema] = Upcast(change, moved or {})
        return change

    return register


def brought_up(name: str, schema: int, current: int, fields: Fields) -> Fields:
    """The body in its current shape.

    Raises:
        LookupError: no upcast for a version on the way, or a version later than the one this code knows.
    """
    for version in _on_the_way(name, schema, current):
        UPCASTS[name, version].change(fields)
    return fields


def stored_path(name: str, schema: int, current: int, path: str) -> str:
    """Under which path words that now stand at `path` were sealed."""
    for version in reversed(_on_the_way(name, schema, current)):
        path = _moved_from(UPCASTS[name, version].moved, path)
    return path


def _on_the_way(name: str, schema: int, current: int) -> range:
    if schema > current:
        raise LookupError(f"{name!r} is stored in schema {schema}; this version of Casetrail knows {current}: use a newer one.")
    missing = [v for v in range(schema, current) if (name, v) not in UPCASTS]
    if missing:
        raise LookupError(f"No upcast brings {name!r} from schema {missing[0]} to {missing[0] + 1}.")
    return range(schema, current)


def _moved_from(moved: Mapping[str, str], path: str) -> str:
    parts = path.split(".")
    for now, before in moved.items():
        pattern = now.split(".")
        if len(pattern) <= len(parts) and all(p in ("*", q) for p, q in zip(pattern, parts, strict=False)):
            stars = iter(q for p, q in zip(pattern, parts, strict=False) if p == "*")
            return ".".join([next(stars) if b == "*" else b for b in before.split(".")] + parts[len(pattern) :])
    return path
