"""The chapters of the guidance in their order, and which command yields which event."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from application.commands import COMMANDS, EVENTS
from domain.language import CaseEvent, Command
from domain.roles import WHO

BEFORE = ("domain.stages.opening", "domain.stages.notification", "domain.interests", "domain.stages.threshold", "domain.initiation")
"""Chapters stand where the first of their commands stands in the table of who may ask; these are told in this order."""


@cache
def chapters() -> tuple[str, ...]:
    """The modules that declare events or commands, in the order of the guidance."""
    modules = dict.fromkeys([*BEFORE, *(COMMANDS[name].__module__ for name in WHO if name in COMMANDS)])
    known = dict.fromkeys(cls.__module__ for cls in (*EVENTS.values(), *COMMANDS.values()))
    rest = dict.fromkeys(module for module in known if module.startswith("domain."))
    return tuple(dict.fromkeys([*modules, *rest]))


def commands_of(module: str) -> list[type[Command]]:
    """The commands declared in a module, in their order there."""
    return [cls for cls in COMMANDS.values() if cls.__module__ == module]


def events_of(module: str) -> list[type[CaseEvent]]:
    """The events declared in a module, in their order there."""
    return [cls for cls in EVENTS.values() if cls.__module__ == module]


@cache
def yields() -> Mapping[str, tuple[str, ...]]:
    """For each event the commands whose `decide` makes it, read from the source: also through a function of the same module."""
    found: dict[str, list[str]] = {}
    for command in COMMANDS.values():
        for event in _made_in(command.__module__, command.__name__):
            found.setdefault(event, []).append(command.name)
    return {event: tuple(names) for event, names in found.items()}


@cache
def _tree(module: str) -> Mapping[str, ast.AST]:
    file = inspect.getsourcefile(importlib.import_module(module)) or ""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _made_in(module: str, name: str) -> list[str]:
    """Stored names of the events that are called, or named, in the `decide` of this class, or in what it calls."""
    classes = {cls.__name__: stored for stored, cls in EVENTS.items()}
    start = next((n for n in ast.walk(_tree(module)[name]) if isinstance(n, ast.FunctionDef) and n.name == "decide"), None)
    todo: list[ast.AST] = [start] if start else []
    seen, made = {name}, []
    for node in todo:
        for word in (n.id for n in ast.walk(node) if isinstance(n, ast.Name)):
            if word in seen:
                continue
            seen.add(word)
            if word in classes and getattr(sys.modules[module], word, None) is EVENTS[classes[word]]:
                made.append(classes[word])
            elif isinstance(below := _tree(module).get(word), ast.FunctionDef):
                todo.append(below)
    return made
