"""Looking across cases: the case list from its read model; and what such questions have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BeforeValidator
from starlette.convertors import Convertor, register_url_convertor

from application.policy.across import Across
from domain.stages.opening import Partnership
from interfaces import shown_lists
from interfaces.api import shapes
from interfaces.api.answers import MEANT, After, AsOf, Cursor, Limit, listed, told
from interfaces.api.commands import CODE
from interfaces.api.identity import Asker, Asking, instant, service
from interfaces.api.looks import looks_at
from interfaces.api.problems import NotYet, Unfit
from interfaces.boards import Listed

router = APIRouter(tags=["looking"], dependencies=MEANT)
ELSE = (400, 401, 422, 503)


def _written_out(day: object) -> object:
    """A date as people write it; a bare number is none."""
    if isinstance(day, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        raise ValueError("is a day such as 2026-03-18")
    return day


OfPartnership = Annotated[Partnership | None, Query(description="Default: the partnership of the asker; of none, all.")]


class CodeInPath(Convertor[str]):
    """A code of the code set, in a path."""

    regex = CODE

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("code", CodeInPath())
Code = Annotated[str, Path(pattern=f"^{CODE}$", description="A code of the code set, such as `H1.1`.")]
Word = Query(max_length=60, pattern=r"^[a-z0-9-]+$")
Day = Annotated[date, BeforeValidator(_written_out)]
Text = Query(max_length=120, pattern=r"^[^\x00]*$")


class Asked(NamedTuple):
    """When a question is asked of: as known `as_of` (None: as known now), its days judged at `present`, and whoever asks at `now`."""

    as_of: datetime | None
    present: datetime
    now: datetime


async def asked_at(request: Request, asker: Asker, as_of: str | None) -> Asked:
    """The instants of a question."""
    then = instant("as_of", as_of)
    looks_at(request, as_of=then)
    now = asker.at or await service(request).store.now()
    if then is not None and then > now:
        raise Unfit("as_of", "lies in the future; nobody knows yet what will be recorded by then")
    return Asked(then or asker.at, then or now, now)


def across(request: Request, asker: Asker, now: datetime) -> Across:
    """Who asks, to be judged on each case that the question comes upon, as they stand there now."""
    running = service(request)
    return Across(running.on_cases, asker.by, now, until=asker.at, of_each=running.rehearsal)


async def read_as_far(request: Request, views: Sequence[str], after: int | None, asked: Asked) -> None:
    """Wait, a bounded time, until the read models know what the question is about.

    Raises:
        NotYet: when it did not get there.
    """
    running = service(request)
    position = after or 0
    if asked.as_of is not None:
        # whatever was recorded by then must have been read, or the same question would be answered twice over
        position = max(position, await running.store.settled_position())
    for view in views if position else ():
        if not await running.view_reached(view, position):
            raise NotYet


def page_of(page: Listed) -> Response:
    """A page of a read model, and since when it is stale, if it is."""
    more: dict[str, Any] = {}
    if page.fault is not None:
        more["stale"] = {"before_position": page.fault.position, "since": page.fault.since}
    return listed(page.items, {"Position": str(page.position)}, page.next, **more)


# --- read models


@router.get("/cases", name="cases", responses=told(shapes.CaseList, *ELSE))
async def cases(
    request: Request, asker: Asking, partnership: OfPartnership = None,
    stage: Annotated[str | None, Word] = None, concern: Annotated[str | None, Word] = None,
    q: Annotated[str | None, Text] = None, as_of: AsOf = None, after: After = None, cursor: Cursor = None, limit: Limit = 50,
) -> Response:  # fmt: skip
    """The cases that the asker may know of. `q` is part of a label."""
    asked = await asked_at(request, asker, as_of)
    await read_as_far(request, ("case_list", "on_cases"), after, asked)
    return page_of(await shown_lists.cases(
        service(request).read_models, across(request, asker, asked.now), partnership=partnership or asker.by.partnership, stage=stage,
        concern=concern, q=q, as_of=asked.as_of, cursor=cursor, limit=limit,
    ))  # fmt: skip
