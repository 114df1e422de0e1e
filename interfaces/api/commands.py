"""Asking for something to happen: the body is the command itself, and every command goes through the one door."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec
from fastapi import Request, Response
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Route

from application.cases import Moved
from application.commands import COMMANDS
from application.policy.at_the_door import refused_by_role
from application.store.store import InstantNotAllowed
from domain.adoption import AdoptCalendar, AdoptProcedure
from domain.candidate import DecideThematic, RaiseThematicCandidate
from domain.language import Command, Refused
from domain.recorded import Recorded
from domain.stages.opening import OpenCase
from interfaces.api.body import command_from, json_body
from interfaces.api.door import Door
from interfaces.api.identity import PARTNERSHIPS, Asker, asker_of, service
from interfaces.api.looks import looks_at
from interfaces.api.problems import Unfit

CASE = r"[A-Za-z0-9-]{1,80}"
CODE = r"[A-Z][0-9]{0,3}(?:\.[0-9]{1,3})?"
CANDIDATE = rf"(?:{'|'.join(PARTNERSHIPS)})-{CODE}"
KEY = re.compile(r"[\x20-\x7e]{1,200}")
PLACE = re.compile(r'(?:W/)?("?)([0-9]{1,9})\1')
OF_A_CASE = sorted(name for name, model in COMMANDS.items() if model.stream_kind == "case" and model is not OpenCase)


class CommandName(Convertor[str]):
    """The commands that are asked of a case, in a path."""

    regex = "|".join(OF_A_CASE)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("command", CommandName())


class How(NamedTuple):
    """What goes with an asking beside its command."""

    seen: int | None
    key: str | None
    dry_run: bool


async def open_case(request: Request) -> Response:
    """Open a case under a pseudonym."""
    return await asked(request, OpenCase, None)


async def of_case(request: Request) -> Response:
    """Ask a command of a case."""
    case = request.path_params["case"]
    if not re.fullmatch(CASE, case):
        raise Unfit("case", "is not the id of a case: letters, digits and hyphens, at most 80")
    return await asked(request, COMMANDS[request.path_params["command"]], f"case/{case}")


async def raise_candidate(request: Request) -> Response:
    """The partners raise a theme themselves, on what they know (BOL-116)."""
    return await asked(request, RaiseThematicCandidate, None)


async def decide_candidate(request: Request) -> Response:
    """What the three decided about a candidate, with their reason (BOL-37)."""
    candidate = request.path_params["candidate"]
    if not re.fullmatch(CANDIDATE, candidate):
        raise Unfit("candidate", "is not a candidate, such as bolton-H1.1")
    return await asked(request, DecideThematic, f"candidate/{candidate}", candidate=candidate)


async def adopt_calendar(request: Request) -> Response:
    """Adopt an edition of the calendar of England."""
    return await asked(request, AdoptCalendar, None)


async def adopt_procedure(request: Request) -> Response:
    """Adopt an edition of a procedure."""
    return await asked(request, AdoptProcedure, None)


def routes(prefix: str) -> list[Route]:
    """Every way to ask; `description.py` describes each command. The one asked most often stands first, as routes are tried in turn."""
    return [
        Route(prefix + path, endpoint, methods=["POST"], include_in_schema=False)
        for path, endpoint in (
            ("/cases/{case}/{command:command}", of_case),
            ("/cases", open_case),
            ("/themes/raise-thematic-candidate", raise_candidate),
            ("/themes/candidates/{candidate}/decide-thematic", decide_candidate),
            ("/calendars", adopt_calendar),
            ("/procedures", adopt_procedure),
        )
    ]


# --- one command through the door


async def asked(request: Request, model: type[Command], stream: str | None, **of_the_path: str) -> Response:
    """The command that was sent, asked, and answered.

    Who asks in a role that is given it on no case is told so without looking at any. What was answered under a key before is answered
    again, whatever has become of its asker: it tells of their own deed, and of nothing since.
    """
    request.state.command = model.name
    running = service(request)
    asker = await asker_of(request)
    how = _how(request)
    command = command_from(model, await json_body(request), **of_the_path)
    if model.stream_kind in ("case", "candidate"):
        streams = (stream,) if stream else () if model is OpenCase else (command.stream(),)
        looks_at(request, view=model.name, streams=streams, deed=not how.dry_run)
    if refused := refused_by_role(model.name, asker.by):
        raise refused
    door = Door(running, command, in_earnest=not how.dry_run and how.seen is None)
    try:
        answer = _would if how.dry_run else _done
        return await answer(request, door, command, asker, stream, how)
    except Moved as error:
        answered = await door.missed(error)
        await _looked(request, door)
        raise answered from None
    except Refused as error:
        await _looked(request, door)
        raise await door.said(error) from None


async def _looked(request: Request, door: Door) -> None:
    """As whom they came before the case, for the record of looks."""
    if (reader := await door.reader()) is not None:
        looks_at(request, reader=reader)


async def _would(request: Request, door: Door, command: Command, asker: Asker, stream: str | None, how: How) -> Response:
    running = service(request)
    if asker.at is not None and asker.at < await running.last_instant():
        raise InstantNotAllowed
    would = await running.cases.would_do(command, asker.by, stream=stream, seen=how.seen, at=asker.at, admit=door)
    told: dict[str, Any] = {
        "case": would.stream.partition("/")[2],
        "place": would.place,
        "events": [_named(recorded) for recorded in would.imagined],
        "clocks": await door.clocks(would),
        "dry_run": True,
    }
    await _looked(request, door)
    return _answer(told, 200, {"Position": str(await running.store.settled_position())})


async def _done(request: Request, door: Door, command: Command, asker: Asker, stream: str | None, how: How) -> Response:
    running = service(request)
    done = await running.cases.do(
        command, asker.by, stream=stream, seen=how.seen, key=how.key, path=request.scope["path"], at=asker.at, admit=door
    )
    if not done.again:
        request.app.state.metrics.recorded(command.name)
    await running.followed(done)
    ref = done.stream.partition("/")[2]
    headers = {"ETag": f'"{done.place}"', "Position": str(done.position)}
    if done.again:
        headers["Idempotent-Replayed"] = "true"  # the first answer again: nothing was recorded now
    if isinstance(command, OpenCase):
        headers["Location"] = f"/api/v1/cases/{ref}"
    told = {"case": ref, "place": done.place, "position": done.position, "events": [_named(recorded) for recorded in done.recorded]}
    return _answer(told, 201 if isinstance(command, OpenCase) else 200, headers)


def _named(recorded: Recorded) -> dict[str, Any]:
    ref = getattr(recorded.event, "ref", None)
    return {"name": recorded.name, "place": recorded.place} | ({"ref": ref} if ref else {})


def _answer(told: dict[str, Any], status: int, headers: dict[str, str]) -> Response:
    headers["Cache-Control"] = "no-store"
    return Response(msgspec.json.encode(told), status, headers, "application/json")


# --- what goes with it


def _how(request: Request) -> How:
    key = request.headers.get("idempotency-key")
    if key is not None and not KEY.fullmatch(key):
        raise Unfit("Idempotency-Key", "is 1 to 200 printable characters")
    dry_run = request.query_params.get("dry_run", "false") if request.scope["query_string"] else "false"
    if dry_run not in ("true", "false"):
        raise Unfit("dry_run", "is true or false")
    return How(place_of(request.headers.get("if-match")), key, dry_run == "true")


def place_of(if_match: str | None) -> int | None:
    """The place that `If-Match` names; none where it is left out or `*`."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = PLACE.fullmatch(if_match.strip())
    if not found:
        raise Unfit("If-Match", 'is not a place in quotes, such as "7"')
    return int(found.group(2))
