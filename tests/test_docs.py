"""The documents are true: what is made from code equals the code, what is shown runs, what is named exists."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
import typer
from rich.console import Console

from application.scenario import read_scenario
from domain.guidance import EDITIONS
from domain.language import COMMANDS
from domain.people import ROLES
from domain.roles import CAPACITIES, WHO
from interfaces.api.app import make_app
from interfaces.cli import rehearse
from interfaces.cli.main import app
from interfaces.documentation import DOCUMENTS as MADE
from interfaces.documentation import permissions, process
from interfaces.settings import Settings
from tests.docs_blocks import CHECKOUT, DOCUMENTS, Block, blocks, named

RULES = process.read(CHECKOUT)
SOURCES = {"BOL": 189, "WEB": 15, "FACT": 29, "BUR": 21, "TOOL": 16, "CAL": 10, "X": 18, "CLK": 26}
"""How many rules each source has."""

CODE = [
    file
    for folder in ("domain", "application", "projections", "interfaces", "tests")
    for file in sorted((CHECKOUT / folder).rglob("*"))
    if file.suffix in (".py", ".toml", ".yaml") and "__pycache__" not in file.parts
]


# --- what is made from the code


@pytest.mark.parametrize("name", [*MADE])
def test_a_document_made_from_the_code_stands_as_it_is_made_now(name: str) -> None:
    made = MADE[name](CHECKOUT)
    assert (CHECKOUT / name).read_text(encoding="utf-8") == made, "run: python -m interfaces.documentation"


def test_every_command_has_capacities_that_are_told_in_words() -> None:
    assert set(WHO) == set(COMMANDS)
    assert set(permissions.FOUND) == set(CAPACITIES)


def test_the_matrix_names_roles_that_exist_each_once() -> None:
    rows = [role.strip() for row in permissions.MATRIX for role in row[0].split(",")]
    assert sorted(rows) == sorted(ROLES)
    assert {len(row) for row in permissions.MATRIX} == {len(permissions.MATRIX_HEADINGS)}


# --- the guidance beside the code


def test_every_rule_of_the_guidance_has_its_row_in_order() -> None:
    ids = [rule.id for part in RULES.part for rule in part.rule]
    assert len(ids) == len(set(ids))
    for source, n in SOURCES.items():
        found = [id_ for id_ in ids if id_.startswith(f"{source}-")]
        numbers = [int(id_.partition("-")[2]) for id_ in found]
        assert sorted(numbers) == list(range(1, n + 1)), source


@pytest.mark.parametrize("rule", [*RULES.by_id.values()], ids=lambda rule: rule.id)
def test_what_a_rule_names_exists(rule: process.Rule) -> None:
    for name in rule.where:
        assert process.home(name, CHECKOUT, rule.id)
    for test in rule.tests:
        assert _exists(test), f"{rule.id} names {test}"
    if not rule.context and not {"document", "guidance"} >= set(rule.does):
        assert rule.tests, f"{rule.id} says that the software does something about it, and no test shows it"


def _exists(test: str) -> bool:
    """`tests/….py::function`, `tests/….py::Class::function`, or a file."""
    name, *inside = test.split("::")
    file = CHECKOUT / name
    if not inside or not file.is_file():
        return file.is_file()
    body: list[ast.stmt] = ast.parse(file.read_text(encoding="utf-8")).body
    for step in inside:
        found = [n for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and n.name == step]
        if not found:
            return False
        body = found[0].body
    return True


CITED = re.compile(r"\b(BOL|WEB|FACT|BUR|TOOL|CAL|CLK|X|R)-(\d+)(?:[…–](?:[A-Z]+-)?(\d+)|\s…\s(?:[A-Z]+-)?(\d+))?")


@pytest.mark.parametrize("file", [*CODE, *DOCUMENTS], ids=named)
def test_every_rule_that_is_cited_is_a_rule(file: Path) -> None:
    known = {*RULES.by_id, *(rule for edition in EDITIONS.values() for rule in edition.open_decisions)}
    for source, first, *last in CITED.findall(file.read_text(encoding="utf-8")):
        for number in range(int(first), int("".join(last) or first) + 1):
            id_ = f"{source}-{number:02}" if source == "CLK" else f"{source}-{number}"
            assert id_ in known, f"{named(file)} cites {id_}"


# --- what is shown runs


def test_python_that_is_shown_runs() -> None:
    """Document by document, its blocks one after another, in a process of its own; tests that are shown are run as well."""
    programs: dict[Path, list[str]] = {}
    for block in blocks("python"):
        programs.setdefault(block.document, []).append("\n" * block.line + block.text)
    for document, texts in programs.items():
        program = (
            f"import builtins\nnamespace = {{'__name__': 'shown'}}\n"
            f"for text in {texts!r}:\n    exec(compile(text, {named(document)!r}, 'exec'), namespace)\n"
            "for name, shown in list(namespace.items()):\n    if name.startswith('test_'):\n        shown()\n"
        )
        ran = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("block", [*blocks("sh")], ids=str)
def test_commands_that_are_shown_exist(block: Block) -> None:
    for line in block.text.splitlines():
        program, *words = line.split()
        if program == "make":
            assert re.search(rf"^{words[0]}:", (CHECKOUT / "Makefile").read_text(), re.MULTILINE), line
        elif program.endswith("casetrail"):
            _understood(words)
        elif program == "curl":
            assert _served(words[-1]), line
        elif words[:1] == ["-I"]:
            assert (CHECKOUT / words[1]).is_file(), line
        else:
            assert line == ".venv/bin/python -m interfaces.documentation", f"{block}: who checks {line!r}?"


def _understood(words: list[str]) -> None:
    """The command line takes these words; files that they name exist."""
    group = typer.main.get_command(app)
    command = group.commands[words[0]]  # type: ignore[attr-defined]  # a group has commands
    context = command.make_context(words[0], words[1:], resilient_parsing=True)
    assert context is not None
    for word in words[1:]:
        assert not word.startswith("tests/") or (CHECKOUT / word).is_file()


def _served(url: str) -> bool:
    path = re.sub(r"^https?://[^/]+|\?.*$", "", url)
    known = make_app(None).openapi()["paths"]  # type: ignore[arg-type]  # described, not served
    return any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route), path) for route in known)


def test_scenarios_that_are_shown_hold(tmp_path: Path) -> None:
    files = []
    for n, block in enumerate(blocks("yaml")):
        if block.text.startswith("scenario:"):
            files.append(tmp_path / f"{n}.yaml")
            files[-1].write_text(block.text, encoding="utf-8")
            assert read_scenario(files[-1]).steps
    told = asyncio.run(rehearse.rehearse(Console(file=open(os.devnull, "w")), files, keep=False, api=None, quiet=True))  # noqa: SIM115
    assert told.exit == 0, told.as_json()


def test_what_the_demonstration_is_said_to_print_it_prints() -> None:
    """The excerpt in the README, line by line, in order, leaving out whatever stands between."""
    home = Path(tempfile.gettempdir()) / f"casetrail-{secrets.token_hex(6)}"
    environment = {**os.environ, "CASETRAIL_HOME": str(home), "COLUMNS": "220", "TERM": "dumb", "NO_COLOR": "1"}
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "interfaces.cli.main", "demo", "--no-serve"],
            cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
    finally:
        shutil.rmtree(home, ignore_errors=True)
    assert ran.returncode == 0, ran.stderr
    printed = iter(_bare(ran.stdout + ran.stderr))
    for block in blocks("console"):
        for line in _bare(block.text):
            assert line == "…" or line in printed, f"{block}: {line}"


def _bare(text: str) -> list[str]:
    """Lines without frames and with single spaces."""
    return [" ".join(line.split()) for line in re.sub(r"[─━│┃┏┓┗┛┡┩├┤┼╇┴┬└┘┐┌]", " ", text).splitlines() if line.strip()]


# --- what is named exists


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_and_paths_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("http:", "https:", "mailto:")):
            path, _, anchor = target.partition("#")
            found = (document.parent / path) if path else document
            assert found.exists(), f"{named(document)} links to {target}"
            assert not anchor or anchor in _anchors(found), f"{named(document)} links to {target}"
    for path in re.findall(r"`((?:domain|application|projections|interfaces|tests|docs|requirements|\.ci)/[\w./-]+)`", text):
        assert (CHECKOUT / path).exists(), f"{named(document)} names {path}"


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_document_speaks_of_this_project_alone(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.`(])/(?:home|work|root|tmp|Users)/", text), "an absolute path"
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_every_setting_is_told() -> None:
    told = set(re.findall(r"^\| `(CASETRAIL_\w+)`", (CHECKOUT / "docs/operations.md").read_text(), re.MULTILINE))
    read = {f"CASETRAIL_{name.upper()}" for name in Settings.model_fields}
    besides = {"CASETRAIL_SECRETS_DIR", "CASETRAIL_PG_BINDIR"}
    assert told == read | besides


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = {re.match(r"[\w.-]+", line)[0] for line in project["dependencies"]}
    told = set(re.findall(r"^\| `([\w.-]+)` \|", (CHECKOUT / "docs/decisions/0014-dependencies.md").read_text(), re.MULTILINE))
    assert told == wanted


def test_decisions_are_numbered_and_keep_their_form() -> None:
    files = sorted((CHECKOUT / "docs/decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(file.name[:4])}. ")
        assert [text.index(f"**{part}.**") for part in ("Context", "Decision", "Consequence")] == sorted(
            text.index(f"**{part}.**") for part in ("Context", "Decision", "Consequence")
        )
        assert len(text.splitlines()) <= 50, file.name


def test_the_tree_in_the_readme_is_the_tree() -> None:
    shown = re.search(r"## The tree\n\n```text\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)[1]
    for folder in re.findall(r"^(\w+/)", shown, re.MULTILINE):
        assert (CHECKOUT / folder).is_dir()
