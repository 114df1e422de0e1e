"""One's own looks, at whatever case it was: what is recorded of somebody's looking is theirs to know."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from application.access import Wanted
from application.policy.reading import Reader
from interfaces.api.answers import MEANT, Cursor, Limit, listed, told
from interfaces.api.identity import Asking, instant, service
from interfaces.api.queries import Since, Until, View
from interfaces.api.shapes import LookNoted, Page
from projections.paging import BadCursor

router = APIRouter(prefix="/access", tags=["looking"], dependencies=MEANT)

OF_ANY_CASE = ("look", "number", "at", "by", "capacity", "because", "view", "outcome", "policy", "break_glass")
"""What they are told of a look at a case that they may no longer know of: that they looked, and not at what."""


class OwnLook(LookNoted):
    """A look of one's own. At a case that one may not know of any more, it says when and at what view, and not which case it was."""

    cases: list[str] = Field(default=[], description="The cases that it showed or asked for, those that the asker may know of now.")
    candidates: list[str] = Field(default=[], description="The candidates likewise.")


class OwnLooks(Page):
    items: list[OwnLook]


@router.get("", name="own-access", responses=told(OwnLooks, 400, 401, 422, 503))
async def mine(
    request: Request, asker: Asking, since: Since = None, until: Until = None, view: View = (), cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """The looks of whoever asks, at every case and in every post, in the order noted; also those that were refused.

    Asking this is a look itself, which the next answer tells of.
    """
    running = service(request)
    if cursor is not None and not re.fullmatch(r"[0-9]{1,18}", cursor):
        raise BadCursor
    wanted = Wanted(instant("from", since), instant("until", until), view)
    position = await running.store.settled_position()
    found, last = await running.looks.of_person(asker.by.person, wanted, after=int(cursor or 0), limit=limit)
    cases = {stream.removeprefix("case/") for _, streams in found for stream in streams if stream.startswith("case/")}
    now = asker.at or await running.store.now()
    readers = await running.on_cases.readers(cases, asker.by, now, until=asker.at, of_each=asker.by.partnership is None)
    items = [_told(item, streams, readers) for item, streams in found]
    return listed(items, {"Position": str(position)}, None if last is None else str(last))


def _told(item: dict[str, Any], streams: tuple[str, ...], readers: dict[str, Reader]) -> dict[str, Any]:
    kinds = [stream.partition("/") for stream in streams]
    cases = [ref for kind, _, ref in kinds if kind == "case"]
    known = [case for case in cases if case in readers and readers[case].knows]
    candidates = [ref for kind, _, ref in kinds if kind == "candidate"]
    if len(known) < len(cases) or (item["outcome"] == "refused" and not known):  # there was no such case, or none for them: all one
        item = {name: item[name] for name in OF_ANY_CASE if name in item}
    named = {"cases": known, "candidates": candidates}
    return item | {name: refs for name, refs in named.items() if refs}
