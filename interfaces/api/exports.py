"""Calendars that people subscribe to: made by somebody signed in, read by whoever has the token, until it is withdrawn or the
post it was made for ends."""

from __future__ import annotations

import hashlib
import uuid
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from application.feeds import Feed, Kind
from application.policy.across import Across
from domain.people import By
from domain.working_days import london_date
from interfaces import shown_lists
from interfaces.api.answers import MEANT, NO_STORE, answered, listed, told
from interfaces.api.boards import OfPartnership
from interfaces.api.deadline_shapes import FeedMade, Feeds
from interfaces.api.deadlines import as_calendar
from interfaces.api.description import PREFIX
from interfaces.api.identity import Asking, service
from interfaces.api.looks import looks_at
from interfaces.api.problems import Unfit, documented
from interfaces.api.reminders import in_post
from interfaces.exports.calendar_feed import ICS, MOST_EVENTS, deadlines_as_calendar
from projections.owing import owing

router = APIRouter(tags=["feeds"])

Of = Annotated[Kind, Query(description="What falls to whoever asks, in their role; or all deadlines of the partnership.")]
Token = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{43}$", description="What `path` ended with when the calendar was made.")]
FeedId = Annotated[uuid.UUID, Path(description="The `id` of a calendar.")]


MADE: dict[int | str, dict[str, Any]] = {201: {"description": "The calendar, and its token.", "model": FeedMade}}


@router.post("/calendar-feeds", name="make-feed", status_code=201, responses=MADE | documented(400, 401, 403, 422, 503))
async def make(request: Request, asker: Asking, of: Of = "person", partnership: OfPartnership = None) -> Response:
    """A calendar to subscribe to. The token in its `path` is told this once."""
    request.state.command = "make-feed"
    chosen = partnership or asker.by.partnership
    if chosen is None:
        raise Unfit("partnership", "is wanted: a calendar is of one partnership")
    await in_post(request, asker, chosen)
    feed, token = await service(request).feeds.make(asker.by, chosen, of)
    path = f"{PREFIX}/feeds/{token}.ics"
    return answered({**_told(feed), "path": path}, {"Location": path}, 201)


@router.get("/calendar-feeds", name="feeds", responses=told(Feeds, 400, 401, 422, 503))
async def mine(request: Request, asker: Asking) -> Response:
    """The calendars that whoever asks has made, those withdrawn among them. Tokens are not told again."""
    return listed([_told(feed) for feed in await service(request).feeds.of(asker.by.person)], {})


@router.delete("/calendar-feeds/{feed}", name="withdraw-feed", status_code=204,
               responses={204: {"description": "Nobody reads it any more."}, **documented(400, 401, 404, 422, 503)})  # fmt: skip
async def withdraw(request: Request, asker: Asking, feed: FeedId) -> Response:
    """Withdraw a calendar: from now on its token shows nothing."""
    if not await service(request).feeds.withdraw(feed, asker.by):
        raise Unfit("feed", "There is no such calendar, or none of yours.", 404)
    return Response(status_code=204, headers=NO_STORE)


@router.get("/feeds/{token}.ics", name="feed", dependencies=MEANT,
            responses={200: {"description": "The deadlines that are waited for.", "content": {ICS: {"schema": {"type": "string"}}}},
                       304: {"description": "As it was known already."}, **documented(400, 404, 422, 503)})  # fmt: skip
async def read(request: Request, token: Token) -> Response:
    """The calendar of a token: when something is due and of which case, and not a word of the case. It shows what whoever made it may
    read in their post as they stand on each case now."""
    running = service(request)
    feed = await running.feeds.found(token)
    if feed is None:
        raise Unfit("token", "There is no such calendar; it may have been withdrawn, or the post it was made for has ended.", 404)
    own = owing(feed.role, feed.organisation) if feed.kind == "person" else None
    await running.rulebook.refresh()
    now = await running.store.now()
    today = london_date(now)
    by = By(person=feed.person, role=feed.role, organisation=feed.organisation, partnership=feed.partnership)
    found = await shown_lists.waited_for(
        running.read_models, Across(running.on_cases, by, now), most=MOST_EVENTS, today=today, calendars=running.rulebook.calendars(),
        partnership=feed.partnership, falls_to=own,
    )  # fmt: skip
    name = f"Deadlines, {feed.partnership.capitalize()}" + (f", {feed.role.replace('-', ' ')}" if own else "")
    rows = found.items
    content = deadlines_as_calendar(rows, name)
    looks_at(request, by=by, streams=[f"case/{row.case}" for row in rows], id=_once_a_day(feed, content, today))
    return as_calendar(request, content, found.position)


def _once_a_day(feed: Feed, content: bytes, today: date) -> str:
    """The id of the look at a calendar: programs fetch it every few minutes, and while it is unchanged that is one look a day."""
    told = hashlib.sha256(b"|".join((b"feed", feed.id.bytes, today.isoformat().encode(), hashlib.sha256(content).digest()))).digest()
    return str(uuid.UUID(bytes=told[:16], version=5))


def _told(feed: Feed) -> dict[str, Any]:
    return {
        "id": str(feed.id), "of": feed.kind, "role": feed.role, "partnership": feed.partnership, "made_at": feed.made_at,
        "withdrawn_at": feed.withdrawn_at,
    }  # fmt: skip
