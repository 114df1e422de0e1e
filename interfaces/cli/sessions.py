"""`casetrail sessions`: who is signed in, and ending it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from application.sessions import SessionTold
from domain.working_days import LONDON
from interfaces import wiring
from interfaces.cli.saying import CannotDo, failing_in_a_sentence
from interfaces.settings import Settings


async def asked(settings: Settings, most: int) -> list[SessionTold]:
    """Sessions, those that last first."""
    async with wiring.configured(settings) as service:
        return await service.sessions.listed(most)


async def revoke(settings: Settings, number: int | None, person: str | None, *, everybody: bool) -> int:
    """End one session, all of a person, or all there are: how many ended.

    Raises:
        CannotDo: not exactly one of these was named, or there is none such.
    """
    if (number is not None) + (person is not None) + everybody != 1:
        raise CannotDo("Name either a session by its number, or a person with --person, or say --all.")
    async with wiring.configured(settings) as service:
        ended = int(await service.sessions.end(number)) if number is not None else await service.sessions.end_of(person)
    if not ended:
        raise CannotDo("There is no such session that lasts.")
    return ended


def told(sessions: Sequence[SessionTold]) -> dict[str, Any]:
    """As programs read them."""
    return {
        "items": [
            {
                "session": s.number, "person": s.person, "how": s.how, "post": str(s.post) if s.post else None,
                "began_at": s.began_at.isoformat(), "seen_at": s.seen_at.isoformat(), "ends_at": s.ends_at.isoformat(),
                "ended_at": s.ended_at and s.ended_at.isoformat(), "why": s.why,
            }
            for s in sessions
        ]
    }  # fmt: skip


def table(console: Console, sessions: Sequence[SessionTold]) -> None:
    """As people read them."""
    if not sessions:
        console.print("Nobody has signed in yet.")
        return
    shown = Table(box=box.SIMPLE, pad_edge=False)
    for column in ("session", "person", "post", "began", "last seen", "state"):
        shown.add_column(column, no_wrap=column == "session")
    for s in sessions:
        state = (
            Text(s.why.replace("-", " "), style="dim")
            if s.why
            else Text(f"until {s.ends_at.astimezone(LONDON):%d %b %H:%M}", style="green")
        )
        began, seen = (f"{at.astimezone(LONDON):%d %b %H:%M}" for at in (s.began_at, s.seen_at))
        shown.add_row(str(s.number), s.person, str(s.post or ""), began, seen, state)
    console.print(shown)


def commands(console: Console, errors: Console) -> typer.Typer:
    """`casetrail sessions` and what stands below it."""
    sessions = typer.Typer(help="Who is signed in, and ending it.", no_args_is_help=True)

    @sessions.command("list")
    def show(
        limit: Annotated[int, typer.Option(min=1, max=1000, help="The most that are shown.")] = 50,
        as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
    ) -> None:
        """Sessions, those that last first; those that ended are shown for thirty days."""
        with failing_in_a_sentence(errors):
            found = asyncio.run(asked(Settings(), limit))
            if as_json:
                print(json.dumps(told(found), ensure_ascii=False, indent=2))
            else:
                table(console, found)

    @sessions.command("revoke")
    def end(
        session: Annotated[int | None, typer.Argument(help="Its number, as `sessions list` tells it.")] = None,
        person: Annotated[str | None, typer.Option(help="All sessions of this person.")] = None,
        everybody: Annotated[bool, typer.Option("--all", help="All sessions there are.")] = False,
    ) -> None:
        """End a session, all of a person, or all there are, at once."""
        with failing_in_a_sentence(errors):
            ended = asyncio.run(revoke(Settings(), session, person, everybody=everybody))
            console.print(f"{ended} session{'' if ended == 1 else 's'} ended.")

    return sessions
