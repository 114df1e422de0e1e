"""`docs/process.md`: the guidance beside the code. Rule, what happens, file, test; the rows are `docs/process/rules.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from application.commands import COMMANDS, EVENTS
from domain.guidance import EDITIONS
from domain.people import ROLES
from interfaces.documentation.markdown import code, file_of, link, page, table

ROWS = "docs/process/rules.toml"

Does = Literal["event", "refusal", "clock", "document", "role", "guidance", "reading", "context"]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Row):
    """A rule of the guidance, what the software does about it, where, and what shows it."""

    id: Annotated[str, Field(pattern=r"^[A-Z]+-\d+$")]
    kind: str
    words: str
    does: Annotated[tuple[Does, ...], Field(min_length=1)]
    how: str
    where: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Rule:
        if ("context" in self.does) != (self.does == ("context",) and not self.where):
            raise ValueError(f"{self.id}: where there is nothing to do, nothing else is said to be done, and no place is named")
        if self.does != ("context",) and not self.where:
            raise ValueError(f"{self.id}: it says what is done and not where")
        return self

    @property
    def context(self) -> bool:
        """Whether there is nothing to do; `how` says why."""
        return self.does == ("context",)


class Part(_Row):
    """A part of a source."""

    source: str
    title: str
    rule: tuple[Rule, ...]


class Rules(_Row):
    """All rules, part by part."""

    sources: Mapping[str, str]
    part: tuple[Part, ...]

    @property
    def by_id(self) -> dict[str, Rule]:
        return {rule.id: rule for part in self.part for rule in part.rule}


@cache
def read(checkout: Path) -> Rules:
    """The rows."""
    return Rules.model_validate(tomllib.loads((checkout / ROWS).read_text(encoding="utf-8")))


INTRODUCTION = """\
Every rule, duty, deadline, role and gap of the guidance that Casetrail is built on, in our words, with what the software does about
it, where, and the test or story that shows it. The texts themselves stay with the partnerships that published them.

What happens is one or more of these. *Event*: it is recorded. *Refusal*: what goes against it is refused, with a sentence. *Clock*: it
is counted. *Document*: a text is known by the digest of its bytes. *Role*: somebody in particular may ask it. *Guidance*: it is data or
words that people are shown. *Reading*: a question across the record is answered. A rule that asks for nothing is *context*, and says
why.

The ids are those that refusals, docstrings and procedure files cite. Open decisions (R-…) stand at the end, from the procedure
editions; which events, commands and clocks there are is told in [events.md](events.md) and [clocks.md](clocks.md)."""


def document(checkout: Path) -> str:
    return page("The guidance beside the code", INTRODUCTION, *_parts(read(checkout), checkout), *_open_decisions())


def _parts(rules: Rules, checkout: Path) -> Iterator[str]:
    source = None
    for part in rules.part:
        if part.source != source:
            source = part.source
            yield f"## {rules.sources[source]}"
        yield f"### {part.title}"
        yield table(
            ("rule", "in short", "what happens", "where", "shown by"),
            ((rule.id, f"*{rule.kind}*: {rule.words}", _what(rule), _where(rule, checkout), _tests(rule)) for rule in part.rule),
        )


def _what(rule: Rule) -> str:
    if rule.context:
        return f"**Context: nothing to do.** {rule.how}"
    return f"**{', '.join(rule.does).capitalize()}.** {rule.how}"


def _where(rule: Rule, checkout: Path) -> str:
    files: dict[str, list[str]] = {}
    for name in rule.where:
        files.setdefault(home(name, checkout, rule.id), []).append(name)
    return "<br>".join(link(file) + (f": {code(*named)}" if named != [file] else "") for file, named in files.items())


OWN = {"BOL": "bolton", "WEB": "bolton", "FACT": "bolton", "BUR": "bury", "TOOL": "barnet"}
"""Whose edition is looked at first for a rule of this source."""


def home(name: str, checkout: Path, rule: str = "") -> str:
    """The file in which something named stands: a command, an event, a clock, a role, or the file itself.

    A clock stands in the edition of the rule's own partnership, if it is there, else in the newest that has it.

    Raises:
        LookupError: there is nothing of this name.
    """
    editions = [edition.edition for edition in EDITIONS.values() if any(row.due == name for row in edition.clocks)]
    if name in COMMANDS:
        return file_of(COMMANDS[name], checkout)
    if editions:
        own = OWN.get(rule.partition("-")[0])
        return f"domain/procedures/{own if own in editions else _newest(editions)}.toml"
    if name in EVENTS:
        return file_of(EVENTS[name], checkout)
    if name in ROLES:
        return "domain/roles.py"
    if "/" in name and (checkout / name).is_file():
        return name
    raise LookupError(f"{name} is no command, event, clock, role or file.")


def _newest(editions: list[str]) -> str:
    national = [edition for edition in editions if EDITIONS[edition].national]
    return (national or editions)[-1]


def _tests(rule: Rule) -> str:
    return "<br>".join(_test(*test.split("::")) for test in rule.tests)


def _test(file: str, *names: str) -> str:
    """A test as it is read aloud: `the chronology: goes to nobody before it is collated`."""
    words = [re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removeprefix("Test")).lower() for name in names[:-1]]
    words += [name.removeprefix("test_").replace("_", " ") for name in names[-1:]]
    return f"{link(file)} {': '.join(words)}".strip()


def _open_decisions() -> Iterator[str]:
    """What no source decides, as the newest national edition has it; a partnership's edition may say otherwise."""
    newest = [edition for edition in EDITIONS.values() if edition.national][-1]
    yield f"## Open decisions\n\nThe value in {link(f'domain/procedures/{newest.edition}.toml')}, used until its owner decides."
    yield table(
        ("decision", "name", "value", "in words"),
        ((rule, row.name.replace("-", " "), _value(row.value), row.words) for rule, row in newest.open_decisions.items()),
    )


def _value(value: object) -> str:
    if isinstance(value, BaseModel):
        return ", ".join(f"{n} {name}" for name, n in value)
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
