"""`docs/questions.md` tells the requests that the tests make; each question has a test of its number, each request a route."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from interfaces.api.app import make_app
from interfaces.databases import Databases
from interfaces.wiring import Service

CHECKOUT = Path(__file__).parents[3]
OF_ONE_CASE = ("test_auditors.py", "test_escalation_reviews.py")
ACROSS_CASES = (
    "tests/interfaces/api/test_figures.py", "tests/interfaces/api/test_themes.py", "tests/projections/test_themes.py",
    "tests/projections/test_suppression.py",
)  # fmt: skip

ROW = re.compile(r"^\| (Q[ATE]-\d+) [^|]*\| ([^|]*) \|", re.MULTILINE)
REQUEST = re.compile(r"`(/[^`?]*)(?:\?[^`]*)?`")
NUMBER = re.compile(r"test_(q[ate])_(\d+)_(?:and_(\d+)_)?")


def documented() -> dict[str, set[str]]:
    """The requests of each question, as the page tells them, without what is asked in them."""
    rows = ROW.findall((CHECKOUT / "docs/questions.md").read_text(encoding="utf-8"))
    assert len({question for question, _ in rows}) == len(rows)
    return {question: set(REQUEST.findall(requests)) for question, requests in rows}


def numbered(file: Path) -> dict[str, list[ast.AST]]:
    """The tests of a file, by the number in their names."""
    found: dict[str, list[ast.AST]] = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (number := NUMBER.match(node.name)):
            for n in filter(None, number.groups()[1:]):
                found.setdefault(f"{number[1].upper()}-{n}", []).append(node)
    return found


def asked_of_one_case() -> dict[str, set[str]]:
    """The requests that each test makes."""
    paths = {name: f"/{name}" for name in ("clocks", "decisions", "escalations", "absences", "history", "access")}
    paths |= {"overview": "/", "assumed": "/clocks", "case_file": "/case-file"}
    found: dict[str, set[str]] = {}
    for file in OF_ONE_CASE:
        for question, tests in numbered(Path(__file__).with_name(file)).items():
            calls = {n.func.attr for test in tests for n in ast.walk(test) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
            found[question] = {paths[name] for name in calls & {*paths}}
    return found


def test_the_page_tells_the_requests_that_the_tests_of_one_case_make() -> None:
    asked = asked_of_one_case()
    assert {question: documented()[question] for question in asked} == asked


def test_each_question_across_cases_has_a_test_of_its_number() -> None:
    tested = {question for file in ACROSS_CASES for question in numbered(CHECKOUT / file)}
    assert {*documented()} - {*asked_of_one_case()} == tested


def test_no_question_about_themes_is_left_out() -> None:
    assert {question for question in documented() if question.startswith("QT")} == {f"QT-{n}" for n in range(1, 16)}


@pytest.mark.anyio
async def test_each_request_of_the_page_has_a_route(places: Databases) -> None:
    routes = make_app(Service(places, boards=True)).openapi()["paths"]
    one_case = asked_of_one_case()
    for question, requests in documented().items():
        prefix = "/api/v1/cases/{case}" if question in one_case else "/api/v1"
        assert requests, question
        for request in requests:
            assert "get" in routes[f"{prefix}{request}".rstrip("/")], f"{question}: {request}"
