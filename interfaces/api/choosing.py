"""In a demonstration, on this machine alone: its invented persons, to sign in as one of them."""

from __future__ import annotations

from collections.abc import Mapping
from re import fullmatch

from fastapi import Request

from application.posts import Post, PostHeld
from application.sessions import Begun
from domain.people import PERSON_ID
from domain.working_days import london_date
from interfaces.api.pages import PAGES
from interfaces.api.problems import NotSignedIn, Unfit
from interfaces.sign_in.configured import loopback
from interfaces.sign_in.entrance import Entrance, chosen, loopback_name
from interfaces.wiring import Service

MOST = 500


def must_be_loopback(request: Request) -> None:
    """A page of another site could come to be called by a name of its own that leads to this machine: it is refused.

    Raises:
        Unfit: 403.
    """
    if not loopback(loopback_name(request)):
        raise Unfit("Host", "A person is chosen on this machine alone, at 127.0.0.1 or localhost.", 403)


async def page(running: Service, begun: Begun) -> str:
    """The persons of the demonstration, by partnership, each as often as they have posts."""
    held = await _held(running)
    called = await running.register.called({row.person for row in held})
    names = {person: parts[2] if len(parts := text.split("/")) > 2 else "" for person, text in called.items()}
    partnerships = [
        (partnership, sorted((row for row in held if row.post.partnership == partnership), key=lambda row: str(row.post)))
        for partnership in sorted({row.post.partnership for row in held})
    ]
    return PAGES.get_template("choose.html").render(state=begun.state, partnerships=partnerships, names=names)


async def admitted(running: Service, entrance: Entrance, request: Request, form: Mapping[str, str]) -> str:
    """Somebody of the demonstration was chosen: the words of a new session in the post that was chosen with them.

    Raises:
        NotSignedIn: there is no such person here.
    """
    sessions = entrance.sessions
    person = form.get("person", "")
    posts = await sessions.posts.of(person, london_date(sessions.clock())) if fullmatch(PERSON_ID, person) else []
    if not posts:
        raise NotSignedIn("There is nobody like this in the demonstration.")
    return await sessions.start(person, "demo", chosen(posts, form.get("post", "")), entrance.words(request))


async def _held(running: Service) -> list[PostHeld]:
    sessions = running.sessions
    today = london_date(sessions.clock())
    seen: dict[tuple[str, Post], PostHeld] = {}
    for row in await sessions.posts.listed(most=MOST):
        if row.ended_at is None and row.from_day <= today and (row.until_day is None or row.until_day >= today):
            seen.setdefault((row.person, row.post), row)
    return [*seen.values()]
