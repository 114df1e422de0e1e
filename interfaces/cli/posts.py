"""`casetrail posts`: in which role, of which organisation and partnership a person may ask."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, get_args

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from application.posts import Post, PostHeld
from domain.people import PARTNERS, ROLES
from domain.stages.opening import Partnership
from domain.working_days import london_date
from interfaces import wiring
from interfaces.cli.saying import CannotDo, failing_in_a_sentence
from interfaces.settings import Settings

PARTNERSHIPS = get_args(Partnership)


def post(role: str, organisation: str | None, partnership: str) -> Post:
    """A post as it was named.

    Raises:
        CannotDo: there is none such.
    """
    if role not in ROLES:
        raise CannotDo(f"There is no role {role}: there are {', '.join(ROLES)}.")
    if partnership not in PARTNERSHIPS:
        raise CannotDo(f"There is no partnership {partnership}: there are {', '.join(PARTNERSHIPS)}.")
    if role == "delegated-partner" and organisation not in PARTNERS:
        raise CannotDo(f"A delegated-partner is of the organisation {', '.join(PARTNERS)}: say so with --organisation.")
    return Post(role, organisation or None, partnership)


async def give(settings: Settings, person: str | None, subject: str | None, wanted: Post, first: date | None, last: date | None) -> str:
    """Give a post to a person of the register, or to whoever the provider tells of under this subject: the id of the person.

    Raises:
        CannotDo: neither or both were named, nobody is known by the id, or they hold it already.
    """
    if (person is None) == (subject is None):
        raise CannotDo("Name either a person of the register with --person, or with --subject whom the provider tells of.")
    if subject is not None and settings.issuer is None:
        raise CannotDo("A subject is somebody to a provider: CASETRAIL_ISSUER is not set.")
    async with wiring.configured(settings) as service:
        if person is not None and not await service.register.known(person):
            raise CannotDo("There is no person of this id in the register.")
        whose = person or await service.register.signed_in(str(settings.issuer), str(subject))
        begins = first or london_date(await service.store.now())
        if last is not None and last < begins:
            raise CannotDo("The post would end before it begins.")
        if await service.sessions.posts.give(whose, wanted, begins, last) is None:
            raise CannotDo("This person was given this post from that day already.")
        return whose


async def end(settings: Settings, number: int) -> None:
    """Take a post away, and with it the sessions of whoever held it.

    Raises:
        CannotDo: there is no such post, or it ended before.
    """
    async with wiring.configured(settings) as service:
        now = await service.store.now()
        if not await service.sessions.posts.end([number], now, london_date(now)):
            raise CannotDo("There is no such post, or it was taken away before.")


def told(posts: Sequence[PostHeld]) -> dict[str, Any]:
    """As programs read them."""
    return {
        "items": [
            {
                "post": p.id, "person": p.person, "role": p.post.role, "organisation": p.post.organisation,
                "partnership": p.post.partnership, "from": str(p.from_day), "until": p.until_day and str(p.until_day),
                "ended_at": p.ended_at and p.ended_at.isoformat(), "by": "provider" if p.claimed else "register",
            }
            for p in posts
        ]
    }  # fmt: skip


def table(console: Console, posts: Sequence[PostHeld]) -> None:
    """As people read them."""
    if not posts:
        console.print("Nobody holds a post yet.")
        return
    shown = Table(box=box.SIMPLE, pad_edge=False)
    for column in ("post", "person", "role", "organisation", "partnership", "from", "until", "told by"):
        shown.add_column(column, no_wrap=column == "post")
    for p in posts:
        until = f"{p.ended_at:%Y-%m-%d} (taken away)" if p.ended_at else str(p.until_day or "")
        by = "provider" if p.claimed else "register"
        shown.add_row(str(p.id), p.person, p.post.role, p.post.organisation or "", p.post.partnership, str(p.from_day), until, by)
    console.print(shown)


def commands(console: Console, errors: Console) -> typer.Typer:
    """`casetrail posts` and what stands below it."""
    posts = typer.Typer(help="In which roles, of which organisation and partnership, people may ask.", no_args_is_help=True)

    @posts.command("list")
    def show(
        person: Annotated[str | None, typer.Option(help="Of this person alone.")] = None,
        limit: Annotated[int, typer.Option(min=1, max=1000, help="The most that are shown.")] = 100,
        as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
    ) -> None:
        """Posts, the latest first, those that ended among them."""

        async def asked() -> list[PostHeld]:
            async with wiring.configured(Settings()) as service:
                return await service.sessions.posts.listed(person, limit)

        with failing_in_a_sentence(errors):
            found = asyncio.run(asked())
            if as_json:
                print(json.dumps(told(found), ensure_ascii=False, indent=2))
            else:
                table(console, found)

    @posts.command("give")
    def new(
        role: Annotated[str, typer.Argument(help="Such as business-manager.")],
        partnership: Annotated[str, typer.Argument(help="Such as bolton.")],
        organisation: Annotated[str | None, typer.Option(help="Of a delegated-partner: local-authority, health or police.")] = None,
        person: Annotated[str | None, typer.Option(help="A person of the register, by id.")] = None,
        subject: Annotated[str | None, typer.Option(help="Whoever the provider tells of under this subject.")] = None,
        first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="From this day; default: today.")] = None,
        until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its last day; default: until it is ended.")] = None,
    ) -> None:
        """Give a post to somebody."""
        with failing_in_a_sentence(errors):
            wanted = post(role, organisation, partnership)
            whose = asyncio.run(give(Settings(), person, subject, wanted, first and first.date(), until and until.date()))
            console.print(f"Given to {whose}.", soft_wrap=True)

    @posts.command("end")
    def ended(number: Annotated[int, typer.Argument(metavar="POST", help="Its number, as `posts list` tells it.")]) -> None:
        """Take a post away at once; the sessions of whoever held it end."""
        with failing_in_a_sentence(errors):
            asyncio.run(end(Settings(), number))
            console.print("The post is taken away, and the sessions of its person have ended.")

    return posts
