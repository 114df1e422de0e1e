"""`docs/api.md`: the routes, from the OpenAPI document that the service itself gives out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from application.commands import COMMANDS, EVENTS
from interfaces.api.app import make_app
from interfaces.documentation.chapters import yields
from interfaces.documentation.markdown import code, page, said, sentence, table
from interfaces.wiring import Service

INTRODUCTION = """\
JSON over HTTP. The service gives out the whole contract as OpenAPI 3.1 at `/api/v1/openapi.json`; this is its table of contents.

- A refusal is `409` with the sentence that refuses, and its rule; who may not ask gets `403`; malformed fields get `422`, each named;
  an unknown case gets `404`. Errors are `application/problem+json`.
- `If-Match: "7"` says which place of the case the asker had been shown. If the case has moved on, `412` says what was missed.
- `Idempotency-Key` makes asking again safe: the same key and body give the first answer again.
- `?dry_run=true` answers as if, and records nothing.
- Every answer about cases carries `Position`, the place in the whole log at which it is true; `?after=` waits for one.
- People sign in with their browser at `/sign-in`; programs bring an access token of the same provider (`Authorization: Bearer …`).
  Whoever holds several posts says by `Casetrail-Post` in which they ask. What a browser's session changes needs `Casetrail-Token`.
- In a rehearsal, on loopback, `Casetrail-Person: role/organisation/name` says who asks, and `Casetrail-At` may choose the instant."""

GROUPS = {
    "signing in": "Signing in",
    "asking": "Asking for something to happen",
    "looking": "Looking",
    "documents": "Documents",
    "rules": "Procedures and calendars",
    "operating": "Operating",
}


def document(checkout: Path) -> str:
    # the routes are known before anything is started: describing them needs no service behind them
    described = make_app(cast(Service, None)).openapi()
    return page("The HTTP API", INTRODUCTION, *_groups(described))


def _groups(described: dict[str, Any]) -> Iterator[str]:
    routes = [(method, path, told) for path, methods in described["paths"].items() for method, told in methods.items()]
    tags = dict.fromkeys([*GROUPS, *(told.get("tags", [""])[0] for _, _, told in routes)])
    for tag in tags:
        rows = [_row(*route) for route in routes if route[2].get("tags", [""])[0] == tag]
        if rows:
            yield f"## {GROUPS.get(tag, tag.capitalize() or 'Besides')}"
            yield table(("method", "path", "purpose", "may be given", "answers"), rows)


def _row(method: str, path: str, told: dict[str, Any]) -> tuple[str, ...]:
    given = [p["name"] for p in told.get("parameters", ()) if p["in"] == "query"]
    return method.upper(), f"`{path}`", _purpose(path, told), code(*given), " ".join(sorted(told["responses"]))


def _purpose(path: str, told: dict[str, Any]) -> str:
    """What the route says of itself; before it, for a command that has no sentence of its own, what happens if it is not refused."""
    purpose = " ".join(told.get("description", "").split("\n\n")[0].split())
    asked = path.rsplit("/", 1)[-1]
    happens = next((event for event, commands in yields().items() if asked in commands), None)
    if happens and not said(COMMANDS[asked]):
        purpose = f"{sentence(EVENTS[happens])}. {purpose}".strip()
    return purpose or str(told.get("summary", ""))
