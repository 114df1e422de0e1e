"""The OpenAPI document: complete, and said in words."""

from __future__ import annotations

from typing import Any, cast

import pytest

from application.commands import COMMANDS
from interfaces.api.app import make_app
from interfaces.wiring import Service

DOCUMENT = make_app(cast(Service, None)).openapi()
OPERATIONS = {(path, method): told for path, methods in DOCUMENT["paths"].items() for method, told in methods.items()}
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_it_is_openapi_3_1():
    assert DOCUMENT["openapi"].startswith("3.1")
    assert DOCUMENT["info"]["title"] == "Casetrail"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_an_operation_whose_body_is_the_command(name: str):
    (told,) = [told for told in OPERATIONS.values() if told.get("operationId") == name]
    schema = told["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert schema == COMMANDS[name].__name__
    fields = {field.alias or key for key, field in COMMANDS[name].model_fields.items()}
    assert {*SCHEMAS[schema]["properties"]} == fields
    assert SCHEMAS[schema]["additionalProperties"] is False


def test_every_operation_says_what_it_is_for_and_what_may_come_of_it():
    for (path, method), told in OPERATIONS.items():
        assert told.get("description"), (path, method)
        assert {status[0] for status in told["responses"]} >= {"2"}, (path, method)


def test_every_problem_has_its_media_type():
    for (path, method), told in OPERATIONS.items():
        for status, answer in told["responses"].items():
            if status[0] in "45" and not path.startswith("/health"):
                assert [*answer["content"]] == ["application/problem+json"], (path, method, status)


NEEDS_NOBODY = "/api/v1/ledger/"
"""Whoever checks the ledger need not say who they are: nothing there says whose case an entry is of."""


def test_what_needs_a_person_says_so():
    for (path, method), told in OPERATIONS.items():
        if path.startswith("/api/v1/") and not path.startswith(NEEDS_NOBODY) and "{token}" not in path:  # a feed is asked for by its token
            assert "401" in told["responses"], (path, method)
            assert {"Casetrail-Person", "Casetrail-Post"} <= _headers(told), (path, method)
            assert told["security"] == [{"token": []}, {"session": []}, {"rehearsal": []}], (path, method)


def _headers(told: dict[str, Any]) -> set[str]:
    return {"-".join(word.capitalize() for word in p["name"].split("-")) for p in told.get("parameters", ()) if p["in"] == "header"}


def test_every_reference_leads_somewhere():
    def refs(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(refs(inner) for inner in value.values()))
        return set().union(*(refs(inner) for inner in value)) if isinstance(value, list) else set()

    assert {ref.rpartition("/")[2] for ref in refs(DOCUMENT)} <= {*SCHEMAS}
