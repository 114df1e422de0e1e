"""The feed for other systems: what was recorded, in order, as CloudEvents; page by page, or live as it happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Annotated, Any

import msgspec
import psycopg
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from application.access import look
from application.event_feed import Told
from application.policy.across import Across
from application.store.connections import StoreAway
from interfaces.api import shapes
from interfaces.api.answers import MEANT, NO_STORE
from interfaces.api.boards import OfPartnership
from interfaces.api.identity import Asker, Asking, asker_of, service
from interfaces.api.looks import looks_at
from interfaces.api.problems import NotSignedIn, NotYet, Unfit, documented
from interfaces.wiring import Service

router = APIRouter(tags=["looking"], dependencies=MEANT)

BATCH = "application/cloudevents-batch+json"
LIVE = "text/event-stream"

HEARTBEAT = 15.0
"""Seconds of silence after which whoever follows is told that the line still stands."""

AGAIN = b"retry: 2000\n\n"
"""Milliseconds after which whoever follows is to ask again, once the line is lost."""

AT_ONCE = 100
"""Events noted and sent together to whoever follows."""

Behind = Annotated[int, Query(ge=0, le=2**53 - 1, description="Events behind this position; 0: from the beginning.")]
AtMost = Annotated[int, Query(ge=1, le=500, description="The longest page wanted.")]
LastId = Annotated[
    str | None, Header(alias="Last-Event-ID", pattern="^[0-9]{1,15}$", description="Where a live feed broke off; goes before `after`.")
]
TOLD: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events, each a CloudEvent. `Position` is the place up to which these are all: the `after` of the next page.",
        "content": {
            BATCH: {"schema": {"type": "array", "items": shapes.CloudEvent.model_json_schema()}},
            LIVE: {"schema": {"type": "string"}},
        },
    }
}


@router.get("/events", name="events", response_class=Response, responses=TOLD | documented(400, 401, 422, 503))
async def events(
    request: Request, asker: Asking, after: Behind = 0, partnership: OfPartnership = None, limit: AtMost = 100, last_event_id: LastId = None
) -> Response:
    """What was recorded on the cases that the asker may know of, in the order of the log, as CloudEvents: ids, codes, dates, plain fields.

    An event is told to whoever may read it in full, as they stand on its case now; fields of another kind, and words, are left out, and
    named in `withheld`. What is not told moves the position all the same.

    With `Accept: text/event-stream` the feed goes on as things happen.
    """
    running = service(request)
    behind = after if last_event_id is None else int(last_event_id)
    if not await running.reached(behind):
        raise NotYet
    whose = partnership or asker.by.partnership
    if LIVE in request.headers.get("accept", ""):
        because = getattr(request.state, "because", None)
        headers = {**NO_STORE, "Position": str(behind), "X-Accel-Buffering": "no"}
        return StreamingResponse(_live(running, asker, whose, behind, because, lambda: asker_of(request, again=True)), 200, headers, LIVE)
    told = await running.events.page(across=await _across(running, asker), after=behind, limit=limit, partnership=whose)
    looks_at(request, streams=told.streams)
    return Response(msgspec.json.encode(told.events), 200, {**NO_STORE, "Position": str(told.position), **_next(request, told)}, BATCH)


def _next(request: Request, told: Told) -> dict[str, str]:
    if not told.more:
        return {}
    query = request.url.include_query_params(after=told.position).query
    return {"Link": f'<{request.url.path}?{query}>; rel="next"'}


async def _across(running: Service, asker: Asker) -> Across:
    """Who asks, as they stand at this instant: judged anew for each lot."""
    now = asker.at or await running.store.now()
    return Across(running.on_cases, asker.by, now, until=asker.at, of_each=running.rehearsal)


async def _live(
    running: Service,
    asker: Asker,
    whose: str | None,
    position: int,
    because: str | None,
    still: Callable[[], Awaitable[Asker]] | None = None,
) -> AsyncGenerator[bytes]:
    """Events as they become known, until whoever asked goes, or the service does. Each lot is noted as a look before it is sent.

    Whoever is not signed in any more, or not in this post (`still`), is told nothing more. Where the database goes away the feed ends:
    whoever follows asks again from the last id it had.
    """
    yield AGAIN
    try:
        while True:
            told = await running.events.page(across=await _across(running, asker), after=position, limit=AT_ONCE, partnership=whose)
            if told.events and still is not None and (await still()).by != asker.by:
                return
            if told.events:
                seen = look(asker.by, "events", streams=told.streams, reason=because, position=told.position)
                await running.looks.note(seen, at=asker.at)
                yield b"".join(map(_sent, told.events))
            if told.position != position and (not told.events or told.events[-1]["position"] != told.position):
                yield f"id: {told.position}\n\n".encode()  # no event, but where to go on from
            position = told.position
            if not told.more and not await running.events.goes_on(position, HEARTBEAT, running.leaving):
                if running.leaving():
                    return
                yield b": still here\n\n"
    except (NotSignedIn, Unfit, StoreAway, psycopg.Error, OSError, TimeoutError):
        return


def _sent(event: dict[str, Any]) -> bytes:
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event["position"], event["type"].encode(), msgspec.json.encode(event))
