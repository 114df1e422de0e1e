"""`docs/events.md`: every event with its fields, and every command with who may ask it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel

from domain.language import CaseEvent, Command
from domain.personal import Personal, Sealed
from domain.roles import WHO
from interfaces.documentation.chapters import chapters, commands_of, events_of, yields
from interfaces.documentation.markdown import chapter, code, file_of, link, page, said, sentence, table

INTRODUCTION = """\
Every event and every command, in the order of the guidance. An event is what happened: its sentence, the name it is stored under,
the version of its stored shape, its fields, and the commands that yield it. A command is what somebody asks: its fields, and who
may ask it. Every event may also carry `because`, the reason that was given, sealed; every command may carry `on`, the day it
happened (default: today in London), and `because`.

How a field is stored: *plain* as it is; *sealed* under a key of its own; *sealed for the person* under the key of the person named
beside it ([personal-data.md](personal-data.md)). The envelope that every event has besides is described in
[ledger.md](ledger.md), who has which capacity in [permissions.md](permissions.md)."""


def document(checkout: Path) -> str:
    return page("Events and commands", INTRODUCTION, *_chapters(checkout))


def _chapters(checkout: Path) -> Iterator[str]:
    for module in chapters():
        declared = [*events_of(module), *commands_of(module)]
        told = chapter(module)
        yield f"## {_heading(told)}\n\n{told}\n\n{link(file_of(declared[0], checkout))}"
        for event in events_of(module):
            yield _event(event)
        for command in commands_of(module):
            yield _command(command)


def _heading(told: str) -> str:
    """A chapter in a few words: what it says of itself, up to its first pause."""
    found = re.match(r"(?:Stage \d+\. )?[^.:;(]+", told)
    return found.group().strip() if found else told


# --- events


def _event(event: type[CaseEvent]) -> str:
    name = event.stored_name()
    by = code(*yields().get(name, ())) or "the tracker"
    told = table(("field", "what it holds", "stored"), event_fields(event))
    head = f"### {name}\n\n{said(event)}\n\nSchema {event.schema_version()} · yielded by {by}"
    return f"{head}\n\n{told}" if told else f"{head} · no fields of its own"


def event_fields(event: Any, prefix: str = "") -> list[tuple[str, str, str]]:
    """Each field with what it holds and how it is stored; those of its parts beneath it."""
    rows = []
    hints = get_type_hints(event, include_extras=True)
    for field in msgspec.structs.fields(event):
        if field.name == "because" and not prefix:
            continue
        hint = hints[field.name]
        part = _part(hint)
        left_out = "" if field.required else ", may be left out"
        stored = "" if part else _stored(hint)
        rows.append((f"`{prefix}{field.name}`", BY_NAME.get(field.name, kind(hint)) + left_out, stored))
        if part:
            rows += event_fields(part, f"{prefix}{field.name}.")
    return rows


def _part(hint: Any) -> Any:
    """The part of an event that stands in this field, alone or in a list."""
    if isinstance(hint, msgspec.StructMeta) and hint is not Sealed:
        return hint
    if _mark(hint):
        return None
    return next((found for arg in get_args(hint) if (found := _part(arg)) is not None), None)


def _mark(hint: Any) -> Personal | None:
    if get_origin(hint) is Annotated and (mark := next((m for m in get_args(hint)[1:] if isinstance(m, Personal)), None)):
        return mark
    return next((found for arg in get_args(hint) if not isinstance(arg, str) and (found := _mark(arg)) is not None), None)


def _stored(hint: Any) -> str:
    mark = _mark(hint)
    return "plain" if mark is None else "sealed for the person" if mark.of_person else "sealed"


# --- what a field holds, in words

BY_NAME = {
    "person": "a person",
    "participant": "a person",
    "digest": "a digest",
    "report_digest": "a digest",
    "chronology_digest": "a digest",
}
WORDS = {"str": "a word", "int": "a number", "bool": "yes or no", "date": "a date", "datetime": "an instant", "object": "anything"}


def kind(hint: Any) -> str:
    """A type in words."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return "words" if _mark(hint) else _annotated(args)
    if origin is Literal:
        return " · ".join(f"`{choice}`" for choice in args)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(kind(arg) for arg in args if arg is not NoneType))
    if origin in (tuple, frozenset, list):
        return f"a list: {kind(args[0])}"
    if origin is dict:
        return f"by {kind(args[0])}: {kind(args[1])}"
    if isinstance(hint, msgspec.StructMeta) or (isinstance(hint, type) and issubclass(hint, BaseModel)):
        return sentence(hint) or hint.__name__.lower().removesuffix("given")
    return WORDS.get(getattr(hint, "__name__", ""), str(getattr(hint, "__name__", hint)))


def _annotated(args: tuple[Any, ...]) -> str:
    for mark in args[1:]:
        name = type(mark).__name__
        if name == "NamesPerson":
            return "a person, partner, role or agency" if mark.or_group else "a person"
        if name in ("NamesCase", "OfDocument"):
            return "a case" if name == "NamesCase" else "a digest"
        if name == "StringConstraints" and mark.max_length == 20_000:
            return "words"
        if name == "StringConstraints" and "._:-" in (mark.pattern or ""):
            return "a ref"
    return kind(args[0])


# --- commands


def _command(command: type[Command]) -> str:
    who = code(*WHO[command.name]) if command.name in WHO else "nobody"
    made = code(*(event for event, names in yields().items() if command.name in names)) or "nothing"
    told = table(("field", "what it holds", "wanted"), _fields(command))
    sentence = said(command)
    head = f"#### Command {command.name}\n\n" + (f"{sentence}\n\n" if sentence else "") + f"Asked by {who} · yields {made}"
    return f"{head}\n\n{told}" if told else head


def _fields(command: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    hints = get_type_hints(command, include_extras=True)
    for name, field in command.model_fields.items():
        if name == "on" or (name == "because" and not field.is_required()):
            continue
        about = f" ({field.description.rstrip('.')})" if field.description else ""
        yield f"`{field.alias or name}`", kind(hints[name]) + about, "always" if field.is_required() else ""
