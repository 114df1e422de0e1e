"""`casetrail serve`, `migrate`, `worker` and `rebuild`: what runs a store."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import Sequence

import uvicorn
from rich.console import Console
from rich.text import Text

from domain.working_days import NEWEST, SHIPPED
from interfaces import databases, wiring, worker
from interfaces.api.app import make_app
from interfaces.cli.saying import CannotDo
from interfaces.databases import Databases
from interfaces.settings import Settings


def say(console: Console, sentence: str) -> None:
    console.print(Text(sentence), soft_wrap=True)


def migrate(console: Console, *, rehearsal: bool, calendar: str | None) -> None:
    """Bring both databases up to this version; a new store adopts the shipped procedures and calendar as its first events."""
    with databases.configured(Settings(), lambda sentence: say(console, sentence), stay=False) as (places, passwords):
        asyncio.run(ready(console, places, passwords, *(("rehearsal",) if rehearsal else ()), calendar=calendar))
        say(console, "The store is ready.")


async def ready(console: Console, places: Databases, passwords: databases.Passwords, *marks: str, calendar: str | None = None) -> None:
    """Migrate, and adopt what a new store adopts: the newest calendar, or this one."""
    if calendar is not None and calendar not in SHIPPED:
        raise CannotDo(f"There is no calendar edition {calendar}: there are {', '.join(SHIPPED)}.")
    if databases.prepare(places, passwords, *marks):
        say(console, f"A new store: adopting the shipped procedures and the calendar {calendar or NEWEST.edition}.")
    async with wiring.Service(places) as service:
        if not service.rulebook.adoptions():
            await wiring.adopt(service, calendar=calendar, at=wiring.BEGINNING if service.rehearsal else None)
        elif "rehearsal" in marks and not service.rehearsal:
            raise CannotDo("This store is not marked as a rehearsal, and it holds events: it cannot become one.")
        elif calendar is not None and calendar not in service.rulebook.calendars():
            raise CannotDo("This store began with another calendar; --calendar is for a new store.")


def serve(console: Console, *, rehearsal: bool, host: str, port: int, calendar: str | None) -> None:
    """Serve the API until stopped."""
    if not rehearsal:
        raise CannotDo("There is no sign-in yet, so the service runs only as a rehearsal: casetrail serve --rehearsal.")
    if not loopback(host):
        raise CannotDo(f"A rehearsal names its persons by a header, so it is served on loopback only; {host} is not.")
    settings = Settings()
    with databases.configured(settings, lambda sentence: say(console, sentence), stay=True) as (places, passwords):
        if settings.local:
            asyncio.run(ready(console, places, passwords, "rehearsal", calendar=calendar))
        run(console, places, host=host, port=port, largest_document=settings.largest_document)


def run(console: Console, places: Databases, *, host: str, port: int, largest_document: int = wiring.LARGEST_DOCUMENT) -> None:
    """The API over these databases, with the read models followed in the same process, until SIGINT or SIGTERM."""
    service = wiring.Service(places, boards=True, largest_document=largest_document)
    asyncio.run(must_be_rehearsal(service))
    listening = listen(host, port)
    taken = listening.getsockname()[1]
    with worker.following(places.projections):
        say(console, f"Serving http://{host if ':' not in host else f'[{host}]'}:{taken}/api/v1 (rehearsal). Stop with Ctrl-C.")
        config = uvicorn.Config(make_app(service), log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=5)
        uvicorn.Server(config).run(sockets=[listening])


async def must_be_rehearsal(service: wiring.Service) -> None:
    async with wiring.Service(service.places) as asked:
        if not asked.rehearsal:
            raise CannotDo("This store is not marked as a rehearsal; until there is sign-in nothing else is served.")


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens, or a sentence that says why not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(2048)  # who is told the address may call at once: they wait until it is answered
    except OSError as error:
        made.close()
        raise CannotDo(
            f"Nothing can be served on {host}:{port}: {os.strerror(error.errno or 0)}. Another port is chosen with --port."
        ) from None
    return made


def loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def work(console: Console) -> None:
    """Keep the read models up to date until stopped."""
    with databases.configured(Settings(), lambda sentence: say(console, sentence), stay=True) as (places, _):
        worker.run(places.projections)


def rebuild(console: Console, views: Sequence[str], *, compare: bool) -> int:
    """Fill each read model anew beside the live one, compare, and switch."""
    with databases.configured(Settings(), lambda sentence: say(console, sentence), stay=False) as (places, _):
        return worker.rebuild(console, places, views, compare=compare)
