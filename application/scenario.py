"""Scenario files: case histories told step by step, and what must be true at points along the way.

Files are read as YAML 1.2 (core schema): `on`, `off`, `yes` and `no` are words, dates and times are text until a field
wants them. Every error names the line of the file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

LONDON = ZoneInfo("Europe/London")
LARGEST = 8 * 1024 * 1024
"""Bytes; a history of some thousand steps has a few hundred thousand."""
DEEPEST = 40
TOO_DEEP = f"nested deeper than {DEEPEST} levels"
MOST_VALUES = 200_000
"""Values of a file, keys among them; the same history has some ten thousand."""

STEP_KEYS = {"at", "case", "by", "do", "with", "refused", "seen", "look", "expect"}


class ScenarioError(Exception):
    """A scenario file that cannot be run, with the line that says why."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(f"line {line}: {sentence}")
        self.line = line
        self.sentence = sentence


@dataclass(frozen=True)
class Step:
    """One thing asked, looked at or expected, at an instant of London time."""

    line: int
    at: datetime
    case: str | None = None
    by: str | None = None
    do: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    refused: str | bool | None = None
    seen: int | None = None
    look: str | None = None
    expect: tuple[Expectation, ...] = ()


@dataclass(frozen=True)
class Expectation:
    """One thing that must be true: of a case (`clocks`, `decisions`, …) or of the themes (`candidates`, `tracker`, …)."""

    line: int
    case: str | None
    kind: str
    wanted: Any
    as_of: datetime | None = None


@dataclass(frozen=True)
class Scenario:
    """A whole file."""

    file: str
    title: str
    partnership: str
    calendar: str | None
    steps: tuple[Step, ...]


CASE_KINDS = ("clocks", "no_clocks", "decisions", "endorsements", "events", "no_events")
THEME_KINDS = ("candidates", "no_candidates", "tracker")


def read_scenario(path: Path) -> Scenario:
    """The scenario in this file.

    Raises:
        ScenarioError: with the line and a sentence.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise ScenarioError(0, f"the file cannot be read: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise ScenarioError(0, f"the file is larger than {LARGEST // 1024 // 1024} MiB")
    return parse_scenario(raw, path.name)


def parse_scenario(raw: bytes, name: str) -> Scenario:
    """The scenario in these bytes; `name` is what the file is called in messages."""
    top = Reader(raw).mapping()
    known = {"scenario", "partnership", "calendar", "steps", "description"}
    for key, line in top.lines.items():
        if key not in known:
            raise ScenarioError(line, f"unknown key {key!r}; a scenario has {', '.join(sorted(known))}")
    if "steps" not in top.values:
        raise ScenarioError(1, "the file tells no steps")
    title = top.values.get("scenario", name)
    partnership = top.values.get("partnership", "england")
    for key, value in (("scenario", title), ("partnership", partnership)):
        if not isinstance(value, str):
            raise ScenarioError(top.lines.get(key, 1), f"{key} must be text")
    calendar = top.values.get("calendar")
    if calendar is not None and not isinstance(calendar, str):
        raise ScenarioError(top.lines["calendar"], "calendar must be the name of an edition")
    given = top.nodes["steps"]
    if not isinstance(given, SequenceNode) or not given.value:
        raise ScenarioError(top.lines["steps"], "steps must be a list of at least one step")
    steps: list[Step] = []
    for node in given.value:
        step = _step(node)
        if steps and step.at < steps[-1].at:
            raise ScenarioError(step.line, f"this step stands before the one above it in time ({step.at:%Y-%m-%d %H:%M})")
        steps.append(step)
    return Scenario(file=name, title=title, partnership=partnership, calendar=calendar, steps=tuple(steps))


def _step(node: Node) -> Step:
    line = node.start_mark.line + 1
    if not isinstance(node, MappingNode):
        raise ScenarioError(line, "a step is a mapping with at, and do, look or expect")
    entry = Entry(node)
    for key, at_line in entry.lines.items():
        if key not in STEP_KEYS:
            raise ScenarioError(at_line, f"unknown key {key!r} in a step; it has {', '.join(sorted(STEP_KEYS))}")
    values = entry.values
    if "at" not in values:
        raise ScenarioError(line, "the step does not say at what time it happens (at)")
    at = instant(values["at"], entry.lines["at"])
    kinds = [kind for kind in ("do", "look", "expect") if kind in values]
    if len(kinds) != 1:
        raise ScenarioError(line, "a step has one of do, look and expect")
    for key in ("case", "by", "do", "look"):
        if key in values and not isinstance(values[key], str):
            raise ScenarioError(entry.lines[key], f"{key} must be text")
    if "expect" in values:
        return Step(line=line, at=at, expect=tuple(_expectations(entry.nodes["expect"])))
    if "by" not in values:
        raise ScenarioError(line, "the step does not say by whom (by)")
    fields = values.get("with") or {}
    if not isinstance(fields, dict):
        raise ScenarioError(entry.lines["with"], "with must be a mapping of fields")
    refused = values.get("refused")
    if refused is not None and not (refused is True or isinstance(refused, str)):
        raise ScenarioError(entry.lines["refused"], "refused must be true or words of the sentence")
    seen = values.get("seen")
    if seen is not None and (not isinstance(seen, int) or isinstance(seen, bool)):
        raise ScenarioError(entry.lines["seen"], "seen must be a place: a whole number")
    return Step(
        line=line, at=at, case=values.get("case"), by=values["by"], do=values.get("do"), fields=fields, refused=refused, seen=seen,
        look=values.get("look"),
    )  # fmt: skip


def _expectations(node: Node) -> list[Expectation]:
    line = node.start_mark.line + 1
    if not isinstance(node, MappingNode):
        raise ScenarioError(line, "expect must be a mapping of cases, candidates, no_candidates and tracker")
    entry = Entry(node)
    as_of = instant(entry.values["as_of"], entry.lines["as_of"]) if "as_of" in entry.values else None
    found: list[Expectation] = []
    for key, value in entry.values.items():
        if key == "as_of":
            continue
        if key in THEME_KINDS:
            _listed(value, key, entry.lines[key])
            found.append(Expectation(line=entry.lines[key], case=None, kind=key, wanted=value, as_of=as_of))
            continue
        case = entry.nodes[key]
        if not isinstance(case, MappingNode):
            raise ScenarioError(entry.lines[key], f"what is expected of {key} must be a mapping")
        inner = Entry(case)
        case_as_of = instant(inner.values["as_of"], inner.lines["as_of"]) if "as_of" in inner.values else as_of
        for kind, wanted in inner.values.items():
            if kind == "as_of":
                continue
            if kind not in CASE_KINDS:
                raise ScenarioError(inner.lines[kind], f"unknown expectation {kind!r}; of a case one expects {', '.join(CASE_KINDS)}")
            if kind == "endorsements":
                if not isinstance(wanted, int) or isinstance(wanted, bool):
                    raise ScenarioError(inner.lines[kind], "endorsements must be a whole number")
            else:
                _listed(wanted, kind, inner.lines[kind])
            found.append(Expectation(line=inner.lines[kind], case=key, kind=kind, wanted=wanted, as_of=case_as_of))
    return found


def _listed(wanted: Any, kind: str, line: int) -> None:
    """Each item of these lists is a mapping (of keys that must agree), or a plain name."""
    names = kind in ("no_clocks", "events", "no_events", "no_candidates")
    if not isinstance(wanted, list):
        raise ScenarioError(line, f"{kind} must be a list")
    if not all(isinstance(item, str if names else dict) or (kind == "no_candidates" and isinstance(item, dict)) for item in wanted):
        raise ScenarioError(line, f"each item of {kind} must be {'a name' if names else 'a mapping'}")


AT = re.compile(r"^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$")


def instant(value: Any, line: int) -> datetime:
    """London local time; without a time, 12:00. A time that the clocks skip or repeat is taken as the first reading."""
    found = AT.match(value) if isinstance(value, str) else None
    if not found:
        raise ScenarioError(line, f"{value!r} is not a time such as 2023-10-26 14:00")
    year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups())
    try:
        return datetime(
            year or 0, month or 0, day or 0, 12 if hour is None else hour, minute or 0, second or 0, tzinfo=LONDON
        )  # fmt: skip
    except ValueError as error:
        raise ScenarioError(line, f"{value!r} is not a time: {error}") from error


# --- YAML 1.2, core schema, with lines

INT = re.compile(r"^[-+]?[0-9]+$")
FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")


class Entry:
    """A mapping of a file: its values, and the line each key stands on."""

    def __init__(self, node: MappingNode) -> None:
        self.values: dict[str, Any] = {}
        self.lines: dict[str, int] = {}
        self.nodes: dict[str, Node] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = str(key_node.value) if isinstance(key_node, ScalarNode) else ""
            if not key:
                raise ScenarioError(line, "a key must be plain text")
            if key in self.values:
                raise ScenarioError(line, f"the key {key!r} stands here twice")
            self.lines[key] = line
            self.nodes[key] = value_node
            self.values[key] = plain(value_node)


class Reader:
    """Composes the node tree of a file, so that each value keeps its line."""

    def __init__(self, raw: bytes) -> None:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ScenarioError(raw[: error.start].count(b"\n") + 1, "the file is not UTF-8 text") from error
        if "\x00" in text:
            raise ScenarioError(text[: text.index("\x00")].count("\n") + 1, "the file holds a NUL character")
        try:
            self.node = _composed(YAML(typ="safe", pure=True).parse(io.StringIO(text)))
        except ScenarioError:
            raise
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise ScenarioError(mark.line + 1 if mark else 1, f"not readable as YAML: {error.problem or error.context}") from error
        except RecursionError as error:
            raise ScenarioError(1, TOO_DEEP) from error
        except Exception as error:  # the reader of ruamel raises bare errors of several kinds on broken bytes
            raise ScenarioError(1, f"not readable as YAML: {error}") from error

    def mapping(self) -> Entry:
        """The whole file as a mapping."""
        if not isinstance(self.node, MappingNode):
            raise ScenarioError(1, "the file is not a mapping with scenario, partnership and steps")
        return Entry(self.node)


def _composed(events: Iterable[Event]) -> Node | None:
    """The tree of the events of a file: no deeper and no larger than a history is, and nothing in it twice."""
    root: Node | None = None
    above: list[tuple[CollectionStartEvent, list[Node]]] = []
    for count, event in enumerate(events):
        line = event.start_mark.line + 1
        if count > MOST_VALUES:
            raise ScenarioError(line, f"the file holds more than {MOST_VALUES:,} values")
        if isinstance(event, NodeEvent) and event.anchor:
            raise ScenarioError(line, "anchors and aliases are not read; write the value out")
        if isinstance(event, DocumentStartEvent) and root is not None:
            raise ScenarioError(line, "the file holds a second document")
        if isinstance(event, CollectionStartEvent):
            if len(above) > DEEPEST:
                raise ScenarioError(line, TOO_DEEP)
            if _at_a_key(above):
                raise ScenarioError(line, "a key must be plain text")
            above.append((event, []))
            continue
        if isinstance(event, ScalarEvent):
            node: Node = ScalarNode(None, event.value, event.start_mark, event.end_mark, style=event.style)
        elif isinstance(event, CollectionEndEvent):
            begun, values = above.pop()
            node = _collection(begun, values, event)
        else:
            continue
        if above:
            above[-1][1].append(node)
        else:
            root = node
    return root


def _at_a_key(above: list[tuple[CollectionStartEvent, list[Node]]]) -> bool:
    return bool(above) and isinstance(above[-1][0], MappingStartEvent) and len(above[-1][1]) % 2 == 0


def _collection(begun: CollectionStartEvent, values: list[Node], ended: Event) -> Node:
    if isinstance(begun, MappingStartEvent):
        return MappingNode(None, [*zip(values[::2], values[1::2], strict=True)], begun.start_mark, ended.end_mark)
    return SequenceNode(None, values, begun.start_mark, ended.end_mark)


def plain(node: Node) -> Any:
    """The value of a node by the core schema."""
    if isinstance(node, ScalarNode):
        return _scalar(node)
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.value]
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in values:
            raise ScenarioError(key_node.start_mark.line + 1, f"the key {key!r} stands here twice")
        values[key] = plain(value_node)
    return values


def _scalar(node: ScalarNode) -> Any:
    value: str = node.value
    if node.style in ("'", '"', "|", ">"):
        return value
    if value in ("", "~", "null", "Null", "NULL"):
        return None
    if value in ("true", "True", "TRUE"):
        return True
    if value in ("false", "False", "FALSE"):
        return False
    if INT.match(value) and len(value) < 19:
        return int(value)
    if FLOAT.match(value) and len(value) < 40:
        number = float(value)
        return number if isfinite(number) else value
    return value
