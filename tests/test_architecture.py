"""Which way the arrows point, what the domain may touch, and that nothing personal is stored in the clear by an oversight."""

from __future__ import annotations

import ast
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from application.case_view.sentences.telling import TOLD
from application.commands import COMMANDS
from domain.corrections import RecordCorrected
from domain.language import Command
from domain.personal import Personal
from domain.roles import CAPACITIES, WHO
from tests.docs_blocks import CHECKOUT
from tests.examples import stored_events

DOMAIN = sorted((CHECKOUT / "domain").rglob("*.py"))
CODE = [file for folder in ("domain", "application", "projections", "interfaces", "tests") for file in (CHECKOUT / folder).rglob("*.py")]

MAY_IMPORT = {
    # the project and the two libraries that records are made with
    "domain", "msgspec", "pydantic",
    # of the standard library, what neither tells the time nor reaches outside
    "__future__", "bisect", "calendar", "collections", "dataclasses", "datetime", "enum", "functools", "hashlib", "importlib", "itertools",
    "math", "operator", "re", "types", "typing", "zoneinfo",
    # the rules that come with the software, read once
    "pathlib", "tomllib",
}  # fmt: skip
"""What a module of the domain may import. Another name here is a decision."""

NEVER_CALLED = {
    "now", "today", "utcnow", "monotonic", "open", "input", "print", "getenv", "environ", "uuid1", "uuid4", "urandom", "random",
    "choice", "token_bytes", "token_hex",
}  # fmt: skip
"""What would make a decision depend on the clock on the wall, on chance, or on what is outside."""

READ_AT_THE_START = {"guidance.py", "themes.py", "working_days.py"}
"""Chapters that read the files beside them: procedures, codes and calendars."""


def named(file: Path) -> str:
    return file.relative_to(CHECKOUT).as_posix()


# --- imports


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(file)} imports relatively"
            yield node.module or ""


@pytest.mark.parametrize("file", DOMAIN, ids=named)
def test_the_domain_imports_only_what_it_may(file: Path) -> None:
    assert {name.split(".")[0] for name in imported(file)} <= MAY_IMPORT


def test_the_arrows_point_as_the_contracts_say() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    if not lint.exists():
        pytest.skip("import-linter is not installed")
    told = subprocess.run([lint, "--no-cache"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


# --- time and the outside are passed in


def called(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Whatever is called, or read from a module, by its last name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            yield node.lineno, function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        elif isinstance(node, ast.Attribute) and node.attr == "environ":
            yield node.lineno, node.attr


@pytest.mark.parametrize("file", DOMAIN, ids=named)
def test_the_domain_asks_no_clock_no_chance_and_no_file(file: Path) -> None:
    found = [(line, name) for line, name in called(ast.parse(file.read_text(encoding="utf-8"))) if name in NEVER_CALLED]
    assert not found
    reads = {"read_text", "read_bytes", "iterdir", "glob"} & {name for _, name in called(ast.parse(file.read_text(encoding="utf-8")))}
    assert not reads or file.name in READ_AT_THE_START


def test_deciding_and_remembering_read_no_file() -> None:
    """The files of the software are read by functions, at the start, and by no method of an event or a command."""
    for file in DOMAIN:
        for kind in (node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.ClassDef)):
            assert not {"read_text", "read_bytes", "iterdir", "glob"} & {name for _, name in called(kind)}, f"{named(file)}: {kind.name}"


@pytest.mark.parametrize("file", CODE, ids=named)
def test_bank_holidays_are_those_of_england(file: Path) -> None:
    """Scotland and Northern Ireland have others: the calendar of the United Kingdom as a whole is nobody's."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("country_holidays", "CountryHoliday", "UnitedKingdom", "GB", "GBR"):
                subdivision = next((keyword.value for keyword in node.keywords if keyword.arg == "subdiv"), None)
                assert isinstance(subdivision, ast.Constant), f"{named(file)}:{node.lineno} names no subdivision"
                assert subdivision.value == "ENG", f"{named(file)}:{node.lineno}"


# --- commands


TESTS = "\n".join(
    file.read_text(encoding="utf-8")
    for file in sorted((CHECKOUT / "tests").rglob("*"))
    if file.suffix in (".py", ".yaml") and file.name not in ("test_architecture.py", "any_asking.py", "test_invariants.py")
)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_a_command_has_a_row_a_test_and_decides_for_itself(command: type[Command]) -> None:
    assert WHO.get(command.name), "domain/roles.py: nobody may ask it"
    assert command.__name__ in TESTS or f"do: {command.name}" in TESTS, "no test asks it"
    assert command.decide is not Command.decide


def test_nobody_else_may_be_asked_for() -> None:
    assert set(WHO) == set(COMMANDS)
    for name, capacities in WHO.items():
        for capacity in capacities:
            role = capacity.partition("/")[0]
            assert capacity in CAPACITIES or role.replace("-", "").isalpha(), f"{name}: {capacity}"


@pytest.mark.parametrize("kind", stored_events().values(), ids=lambda kind: kind.stored_name())
def test_an_event_has_its_sentence_and_says_what_it_is(kind: Any) -> None:
    assert kind in TOLD, "application/case_view/sentences: the history has no sentence for it"
    said = (kind.__doc__ or "").strip().partition("\n\n")[0]
    assert said.endswith("."), "its docstring is a sentence a practitioner would sign"


# --- what may be stored in the clear

REFS = {
    "ref", "decision", "cites", "challenge", "concern", "recommendation", "representation", "grant", "child", "children", "incident",
}  # fmt: skip
PERSONS = {"person", "other", "candidate", "deputy", "participant", "panel"}
PEOPLE_OR_GROUPS = {"attendees", "members", "commissioners", "heard_by"}
ORGANISATIONS = {"agency", "organisation", "employer", "authority", "area", "area_of_residence", "owners", "missing", "recipients"}
CASES = {"case", "linked_cases", "of"}
DIGESTS = {"digest", "report_digest", "chronology_digest", "what"}
REVIEWED = (
    {"label", "portal_reference", "reference"}
    | {"code", "themes", "emerging_themes", "version", "edition", "form_version", "class", "year", "overrode"}
    | {"field", "path"}  # the names of fields
)
MAY_BE_PLAIN = REFS | PERSONS | PEOPLE_OR_GROUPS | ORGANISATIONS | CASES | DIGESTS | REVIEWED
"""Texts that are stored in the clear, because clocks and decisions need them. Every other text is `Words` or `PersonWords`."""


def plain_texts(kind: Any) -> Iterator[str]:
    """The stored names of the texts of a record that are not sealed."""
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        yield from _plain(hints[field.name], field.encode_name)


def _plain(hint: Any, name: str) -> Iterator[str]:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        if not any(isinstance(mark, Personal) for mark in inner[1:]):
            yield from _plain(inner[0], name)
    elif origin in (Union, types.UnionType, tuple, list, frozenset, set):
        for option in inner:
            yield from _plain(option, name)
    elif origin is dict:
        yield from _plain(inner[1], name)
    elif origin is not Literal and isinstance(hint, msgspec.StructMeta):
        yield from plain_texts(hint)
    elif hint is str or hint is Any:
        yield name


@pytest.mark.parametrize("kind", stored_events().values(), ids=lambda kind: kind.stored_name())
def test_a_text_is_personal_unless_it_was_reviewed(kind: Any) -> None:
    # the plain values of a correction are those of the entry it corrects: domain/corrections.py takes the texts out of them
    unsealed = {*plain_texts(kind)} - ({"correction"} if kind is RecordCorrected else set())
    assert unsealed <= MAY_BE_PLAIN, (
        f"{kind.stored_name()} would store {', '.join(sorted(unsealed - MAY_BE_PLAIN))} in the clear, for ever: mark it as Words or "
        "PersonWords, or, if no free text can ever stand there, review it and name it here."
    )


def test_every_name_that_was_reviewed_is_still_in_use() -> None:
    assert {name for kind in stored_events().values() for name in plain_texts(kind)} - {"correction"} == MAY_BE_PLAIN
