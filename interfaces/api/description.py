"""The OpenAPI document: what FastAPI knows of its routes, and an operation for each command, made from the command itself."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema
from starlette.types import Scope

from application.commands import COMMANDS
from domain.adoption import AdoptCalendar, AdoptProcedure
from domain.candidate import DecideThematic, RaiseThematicCandidate
from domain.language import Command
from domain.roles import WHO, listed_or
from domain.stages.learning import InviteFeedback
from domain.stages.opening import OpenCase
from interfaces.api.commands import CANDIDATE, CASE, OF_A_CASE
from interfaces.api.identity import (
    A_PERSON,
    AN_INSTANT,
    CHOOSES_THE_INSTANT,
    CHOOSES_THE_POST,
    IS_OUR_PAGE,
    LONGEST_REASON,
    NAMES_THE_PERSON,
    SAYS_WHY,
)
from interfaces.api.problems import Problem, documented
from interfaces.api.shapes import Answer

SCHEMAS = "#/components/schemas/{model}"
PREFIX = "/api/v1"


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string", **schema}}


def _in_path(name: str, pattern: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "pattern": f"^{pattern}$"},
    }


PERSON = _header("Casetrail-Person", NAMES_THE_PERSON, **A_PERSON)
INSTANT = _header("Casetrail-At", CHOOSES_THE_INSTANT, **AN_INSTANT)
BECAUSE = _header("Casetrail-Because", SAYS_WHY, maxLength=LONGEST_REASON)
POST = _header("Casetrail-Post", CHOOSES_THE_POST)
TOKEN = _header("Casetrail-Token", IS_OUR_PAGE)
IF_MATCH = _header(
    "If-Match", 'The place of the case the person had been shown, quoted: `"7"`.', pattern='^(?:W/)?(?:"[0-9]{1,9}"|[0-9]{1,9})$'
)
KEY = _header("Idempotency-Key", "The same key and body again gives the first answer again.", pattern="^[ -~]{1,200}$", minLength=1)
DRY_RUN = {
    "name": "dry_run", "in": "query", "required": False, "description": "Answer as if: nothing is recorded.",
    "schema": {"type": "boolean", "default": False},
}  # fmt: skip
CASE_ID = _in_path("case", CASE, "The part of the stream after `case/`.")
CANDIDATE_REF = _in_path("candidate", CANDIDATE, "`<partnership>-<code>`.")


ONE_OF_TWO = [
    {"required": [one], "properties": {one: {"type": "string"}, other: {"type": "null"}}}
    for one, other in (("participant", "agency"), ("agency", "participant"))
]
"""Either a participant or an agency is invited to give feedback, which the model says in code."""


def _operations() -> Iterator[tuple[str, type[Command], list[dict[str, Any]]]]:
    """The path of each command, and the parameters of that path."""
    yield "/cases", OpenCase, []
    for name in OF_A_CASE:
        yield f"/cases/{{case}}/{name}", COMMANDS[name], [CASE_ID, IF_MATCH]
    yield "/themes/raise-thematic-candidate", RaiseThematicCandidate, []
    yield "/themes/candidates/{candidate}/decide-thematic", DecideThematic, [CANDIDATE_REF, IF_MATCH]
    yield "/calendars", AdoptCalendar, []
    yield "/procedures", AdoptProcedure, []


def _operation(model: type[Command], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    opens = model is OpenCase
    statuses = (400, 401, 403, 409, 413, 415, 422, 503) if opens else (400, 401, 403, 404, 409, 412, 413, 415, 422, 503)
    done = {"description": "What was recorded.", "content": {"application/json": {"schema": {"$ref": SCHEMAS.format(model="Answer")}}}}
    success = {"201": done, "200": {**done, "description": "A dry run: what would be recorded."}} if opens else {"200": done}
    said = " ".join((model.__doc__ or "").split()) if model.__doc__ != Command.__doc__ else ""
    bare = model is not InviteFeedback and all(not field.is_required() for field in model.model_fields.values())
    return {
        "tags": ["asking"],
        "summary": model.name.replace("-", " ").capitalize(),
        "description": " ".join(filter(None, (said, f"For {listed_or(WHO[model.name])}."))),
        "operationId": model.name,
        "parameters": [*parameters, KEY, DRY_RUN, PERSON, INSTANT, BECAUSE, POST, TOKEN],
        "requestBody": {
            "required": not bare,
            "content": {"application/json": {"schema": {"$ref": SCHEMAS.format(model=model.__name__)}}},
        },
        "responses": success | {str(status): told for status, told in documented(*statuses).items()},
    }


TEMPLATES = {model.name: PREFIX + path for path, model, _ in _operations()}


def template_of(scope: Scope) -> str:
    """The template of the path of a request, once it was answered; `none` where it leads nowhere. Never the path: that names a case."""
    if (command := scope.get("state", {}).get("command")) in TEMPLATES:
        return TEMPLATES[command]
    if (route := scope.get("route")) is None:
        return "none"
    # of a route that was included, FastAPI tells the path without the prefix
    return f"{PREFIX if scope['path'].startswith(PREFIX) else ''}{route.path}"


def methods_of(app: FastAPI, path: str) -> list[str]:
    """The methods that a path takes, for `Allow`."""
    for described, operations in app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(described)), path):
            return [*dict.fromkeys(m for method in operations for m in (method.upper(), *(["HEAD"] if method == "get" else [])))]
    return []


WAYS_IN = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "For programs: an access token of the provider."},
    "session": {
        "type": "apiKey", "in": "cookie", "name": "__Host-casetrail",
        "description": "For browsers: made by `/sign-in`. What changes something needs `Casetrail-Token` as well.",
    },
    "rehearsal": {"type": "apiKey", "in": "header", "name": "Casetrail-Person", "description": NAMES_THE_PERSON},
}  # fmt: skip
"""How it can be said who asks; where nobody has to be signed in, none of them is asked for."""


def _signed_in(document: dict[str, Any]) -> None:
    """Whoever may answer that nobody is signed in says how to sign in, and that a person may hold no post."""
    document["components"]["securitySchemes"] = WAYS_IN
    for methods in document["paths"].values():
        for told in methods.values():
            if "401" in told["responses"]:
                told["security"] = [{way: []} for way in WAYS_IN]
                for status, answer in documented(400, 403).items():
                    told["responses"].setdefault(str(status), answer)


RETRY = {"Retry-After": {"description": "In so many seconds it may be asked again.", "schema": {"type": "integer", "minimum": 1}}}


def _limited(document: dict[str, Any]) -> None:
    """Whatever may be asked may be asked at too great a length; too often, but by whoever watches the service; and a body may come too
    slowly, or be too large."""
    for path, methods in document["paths"].items():
        watched = path.startswith(("/health/", "/metrics"))
        for told in methods.values():
            if not watched:
                told["responses"]["429"] = documented(429)[429] | {"headers": RETRY}
            for status, answer in documented(414, 431, *((408, 413) if "requestBody" in told and not watched else ())).items():
                told["responses"].setdefault(str(status), answer)


def describe(app: FastAPI) -> None:
    """Make the application give out the whole document."""
    of_fastapi = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema and "Problem" in app.openapi_schema["components"]["schemas"]:
            return app.openapi_schema
        document = of_fastapi()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        operations = [*_operations()]
        models: list[Any] = [Problem, Answer, *(model for _, model, _ in operations)]
        _, made = models_json_schema([(model, "validation") for model in models], ref_template=SCHEMAS)
        schemas |= copy.deepcopy(made["$defs"])
        schemas[InviteFeedback.__name__]["oneOf"] = ONE_OF_TWO
        # the path names the candidate already
        schemas[DecideThematic.__name__]["required"].remove("candidate")
        for path, model, parameters in operations:
            document["paths"].setdefault(PREFIX + path, {})["post"] = _operation(model, parameters)
        document["paths"] = dict(sorted(document["paths"].items()))
        _signed_in(document)
        _limited(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI documents replacing it so
