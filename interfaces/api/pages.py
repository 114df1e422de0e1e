"""The few pages that people see while they sign in or out: plain, without a script, readable on a telephone."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader

FOLDER = Path(__file__).with_name("templates")
PAGES = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True)


class ForPeople(APIRoute):
    """Where people come with a browser: what cannot be answered is told them as a page, and a program as it is everywhere."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                told = _teller(request, error) if wants_a_page(request) else None
                if told is None:
                    raise
                return as_page(await told(request, error))

        return answer


def wants_a_page(request: Request) -> bool:
    """Whether whoever asks reads pages: browsers say so."""
    named = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    return "text/html" in named and "application/json" not in named and "application/problem+json" not in named


def as_page(told: Response) -> Response:
    """A problem as a page."""
    problem = json.loads(bytes(told.body))
    heading = "There is a problem" if told.status_code < 500 else "Sorry, there is a problem with signing in"
    page = HTMLResponse(PAGES.get_template("problem.html").render(heading=heading, detail=problem["detail"]), told.status_code)
    page.headers.update({name: value for name, value in told.headers.items() if name not in ("content-type", "content-length")})
    page.headers["Vary"] = "Accept"
    return page


def _teller(request: Request, error: Exception) -> Callable[[Request, Any], Awaitable[Response]] | None:
    """How this error is told; none where it is a fault of ours, which has its own way into the log."""
    handlers = request.app.exception_handlers
    return next((handlers[kind] for kind in type(error).__mro__ if kind in handlers and kind is not Exception), None)
