"""`casetrail serve`, `migrate`, `worker` and `rebuild`: what runs a store."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import time

import uvicorn
from cryptography.x509 import Certificate
from rich.console import Console
from rich.text import Text

from domain.working_days import NEWEST, SHIPPED
from interfaces import databases, digests, wiring, worker
from interfaces.api.app import make_app
from interfaces.api.connection import Bounded
from interfaces.api.limits import Limits
from interfaces.cli.saying import CannotDo
from interfaces.databases import Databases
from interfaces.postman import Reminding
from interfaces.publishing import publishing
from interfaces.settings import Settings
from interfaces.sign_in.configured import SignIn, loopback
from interfaces.timestamping import Authority, roots_of, timestamping


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
        if not await service.children.whole():
            say(console, "Making the index of children from the record.")
            await service.children.made()


def serve(console: Console, *, rehearsal: bool, host: str, port: int, calendar: str | None) -> None:
    """Serve the API until stopped: with sign-in, or as a rehearsal on loopback."""
    settings = Settings()
    sign_in = settings.sign_in()
    if rehearsal and sign_in is not None:
        raise CannotDo("In a rehearsal a header says who asks, so nobody signs in: leave out either --rehearsal or CASETRAIL_ISSUER.")
    if not rehearsal and sign_in is None:
        raise CannotDo(
            "Nobody could sign in: name a provider by CASETRAIL_ISSUER and CASETRAIL_CLIENT_ID, or serve a rehearsal with --rehearsal."
        )
    if rehearsal and not loopback(host):
        raise CannotDo(f"A rehearsal names its persons by a header, so it is served on loopback only; {host} is not.")
    with databases.configured(settings, lambda sentence: say(console, sentence), stay=True) as (places, passwords):
        if settings.local:
            asyncio.run(ready(console, places, passwords, *(("rehearsal",) if rehearsal else ()), calendar=calendar))
        run(console, places, settings, sign_in, host=host, port=port)


def run(console: Console, places: Databases, settings: Settings, sign_in: SignIn | None = None, *, host: str, port: int) -> None:
    """The API over these databases, with the read models and the ledger kept up in the same process, until SIGINT or SIGTERM."""
    asyncio.run(must_fit(places, sign_in, host))
    listening = listen(host, port)
    taken = listening.getsockname()[1]
    if sign_in is not None and sign_in.client is None:
        sign_in = replace(sign_in, base_url=f"http://{host}:{taken}")
    service = wiring.Service(
        places, boards=True, largest_document=settings.largest_document, witnesses=settings.witness_policy(), sign_in=sign_in
    )
    with worker.following(places.projections), ledger_kept(places, settings):
        how = "rehearsal" if sign_in is None else f"sign-in at {sign_in.base_url}" if sign_in.client else "demonstration"
        say(console, f"Serving http://{host if ':' not in host else f'[{host}]'}:{taken}/api/v1 ({how}). Stop with Ctrl-C.")
        if sign_in is not None and sign_in.client is None:
            say(console, f"Choose a person at {sign_in.base_url}/sign-in.")
        config = uvicorn.Config(
            make_app(service, limits(settings, sign_in)), http=Bounded, ws="none", log_level="warning", access_log=False,
            server_header=False, timeout_graceful_shutdown=5, forwarded_allow_ips=settings.proxies.split(),
        )  # fmt: skip
        server = uvicorn.Server(config)
        service.leaving = lambda: server.should_exit
        server.run(sockets=[listening])


ASKS, SIGN_INS, OPEN = 1200, 300, 6000
"""In a minute, where the settings say nothing else: twenty a second of one person; an office's whole morning of one address."""


def limits(settings: Settings, sign_in: SignIn | None) -> Limits:
    """How often may be asked. In a rehearsal and a demonstration as often as anybody likes, unless the settings say otherwise."""
    practice = sign_in is None or sign_in.client is None
    given = (settings.asks_per_minute, settings.sign_ins_per_minute, settings.open_per_minute)
    return Limits.of(*(
        (0 if practice else usual) if wanted is None else wanted for wanted, usual in zip(given, (ASKS, SIGN_INS, OPEN), strict=True)
    ))  # fmt: skip


@contextmanager
def ledger_kept(places: Databases, settings: Settings) -> Iterator[None]:
    """The ledger integrated, published where there is a key, and time-stamped where somebody is named who does, as the settings say."""
    with (
        publishing(places, origin=settings.ledger_origin, every=settings.publish_every),
        timestamping(places, authority(settings)),
    ):
        yield


def authority(settings: Settings) -> Authority | None:
    """Who time-stamps checkpoints, where the settings name somebody."""
    if settings.timestamp_url is None:
        return None
    return Authority(settings.timestamp_url, timestamp_roots(settings), settings.timestamp_every)


def timestamp_roots(settings: Settings) -> tuple[Certificate, ...]:
    """The certificates that time-stamps must lead to.

    Raises:
        CannotDo: the file holds none.
    """
    try:
        return roots_of(settings.timestamp_roots)
    except ValueError as error:
        raise CannotDo(f"CASETRAIL_TIMESTAMP_ROOTS: {error}.") from None


async def must_fit(places: Databases, sign_in: SignIn | None, host: str) -> None:
    """Whether this store may be served so: who asks there, and how people come in, have to go together.

    Raises:
        CannotDo: they do not.
    """
    async with wiring.Service(places) as asked:
        marks = asked.marks
    if sign_in is not None and sign_in.client is not None:
        if marks & {"rehearsal", "demo"}:
            raise CannotDo("This store is one for practice, in which anybody could have asked as anybody: it is not served with sign-in.")
        return
    if "rehearsal" not in marks:
        raise CannotDo("This store is not marked as a rehearsal, so it is served with sign-in only (CASETRAIL_ISSUER).")
    if not loopback(host):
        raise CannotDo(f"A rehearsal is served on loopback only; {host} is not.")
    if sign_in is not None and "demo" not in marks:
        raise CannotDo("Persons are chosen in a store that casetrail demo made, and in no other.")


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


def work(console: Console) -> None:
    """Keep the read models up to date, and remind by e-mail, until stopped."""
    settings = Settings()
    with (
        databases.configured(settings, lambda sentence: say(console, sentence), stay=True) as (places, _),
        digests.sending(places, reminding(settings)),
        ledger_kept(places, settings),
    ):
        worker.run(places.projections)


def reminding(settings: Settings) -> Reminding | None:
    """How reminders are sent, where the settings name a mail server."""
    server = settings.mail_server()
    return Reminding(server, time.fromisoformat(settings.digest_at), settings.base_url) if server else None


def rebuild(console: Console, views: Sequence[str], *, compare: bool, accept: str | None, by: str | None, because: str | None) -> int:
    """Fill each read model anew beside the live one, compare, and switch; one that differs, only where exactly that is accepted.

    Raises:
        CannotDo: a difference is accepted of one read model, by somebody, for a reason.
    """
    accepted = None
    if accept is not None:
        if len(views) != 1 or compare:
            raise CannotDo("A difference is accepted of one read model, named, and not with --compare.")
        if not (by or "").strip() or not (because or "").strip():
            raise CannotDo("Whoever accepts a difference says who they are and why: --by and --because. Nothing was switched.")
        accepted = worker.Accepted(accept, " ".join(str(by).split())[:100], " ".join(str(because).split())[:300])
    with databases.configured(Settings(), lambda sentence: say(console, sentence), stay=False) as (places, _):
        return worker.rebuild(console, places, views, compare=compare, accepted=accepted)
