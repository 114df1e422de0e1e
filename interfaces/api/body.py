"""Reading what was sent: no more than is allowed, and only what it says it is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from pydantic_core import from_json, to_json
from starlette.exceptions import HTTPException

from domain.language import Command
from interfaces.api.problems import NAME, FieldError, Malformed

LARGEST_JSON = 1024 * 1024
"""Bytes of a JSON body; documents have a limit of their own."""

MOST_ITEMS = 1000
"""Items of one list, or members of one object, in a body; some ten times what anybody had cause to send."""

DEEPEST = 20
"""Lists and objects within one another, in a body."""


async def chunks(request: Request, most: int) -> AsyncIterator[bytes]:
    """The body as it arrives.

    Raises:
        HTTPException: 413, as soon as it is known to be larger than `most`.
    """
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > most:
        raise HTTPException(413)
    read = 0
    async for chunk in request.stream():
        read += len(chunk)
        if read > most:
            raise HTTPException(413)
        yield chunk


async def json_body(request: Request) -> bytes:
    """A JSON body as it was sent; `{}` where nothing was.

    Raises:
        HTTPException: 413 too large, 415 not said to be JSON.
    """
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and len(announced) < 7:
        body = await request.body()  # the server hands over no more than was announced
    else:
        body = b"".join([chunk async for chunk in chunks(request, LARGEST_JSON)])
    if not body:
        return b"{}"
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415)
    must_be_modest(body)
    must_say_once(body)
    return body


def must_be_modest(body: bytes) -> None:
    """No list without end, and nothing folded into itself: what reads a body later may take as long as it likes over each item.

    Raises:
        Malformed: which of the two.
    """
    if body.count(b",") < MOST_ITEMS and body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    try:
        _weigh(from_json(body), 1)
    except ValueError:
        return  # it is no JSON, which its command says better


def must_say_once(body: bytes) -> None:
    """No field twice: which of two was meant nobody could tell afterwards.

    Raises:
        Malformed: the first that is.
    """
    try:
        json.loads(body.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return  # it is no JSON, which its command says better


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for n, name in enumerate(names) if name in names[:n])
        raise Malformed([FieldError(field=twice if NAME.fullmatch(twice) else "(unknown)", detail="is given twice")])
    return found


def _weigh(value: Any, depth: int) -> None:
    if not isinstance(value, list | dict):
        return
    if depth > DEEPEST:
        raise Malformed([FieldError(field="body", detail=f"nests more than {DEEPEST} lists and objects in one another")])
    if len(value) > MOST_ITEMS:
        raise Malformed([FieldError(field="body", detail=f"has a list of more than {MOST_ITEMS} items")])
    for inner in value.values() if isinstance(value, dict) else value:
        _weigh(inner, depth + 1)


def command_from(model: type[Command], body: bytes, **of_the_path: str) -> Command:
    """The command that was sent. `of_the_path` are fields that the path has named already: they may be left out of the body.

    Raises:
        Malformed: naming each field that is missing or malformed.
    """
    try:
        return model.model_validate_json(_completed(body, of_the_path) if of_the_path else body)
    except ValidationError as error:
        raise Malformed.from_pydantic(error) from None


def _completed(body: bytes, of_the_path: dict[str, str]) -> bytes:
    try:
        values = from_json(body)
    except ValueError:
        return body
    if not isinstance(values, dict):
        return body
    for field, value in of_the_path.items():
        if values.setdefault(field, value) != value:
            raise Malformed([FieldError(field=field, detail="names another than the path does")])
    return to_json(values)
