"""What every answer about cases has in common: never stored on the way, never fetched ahead, true at a position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel

from interfaces.api.identity import AN_INSTANT
from interfaces.api.looks import Showing
from interfaces.api.problems import DOCUMENTED, Unfit, documented

NO_STORE = {"Cache-Control": "no-store"}

AsOf = Annotated[
    str | None,
    Query(description="As recorded by this instant (ISO 8601 with offset); later than now is refused.", json_schema_extra=AN_INSTANT),
]
After = Annotated[int | None, Query(ge=0, le=2**62, description="Answer from this position of the log or later (read your own writes).")]
Cursor = Annotated[str | None, Query(max_length=600, description="Where the page before ended: its `next`.")]
Limit = Annotated[int, Query(ge=1, le=200, description="The longest page wanted.")]


async def not_prefetched(
    sec_purpose: Annotated[str | None, Header(description="`prefetch` is refused: every look is recorded.")] = None,
) -> None:
    """A look is recorded, so nothing is looked at before somebody means to."""
    if sec_purpose and "prefetch" in sec_purpose:
        raise Unfit("Sec-Purpose", "Pages about cases are not fetched ahead: every look is recorded.", 400)


MEANT = [Depends(not_prefetched)]
"""For everything that shows a case."""


def answered(content: Any, headers: Mapping[str, str], status: int = 200) -> Response:
    """JSON that is true at its `Position`. Which cases it shows something of is read from it where the route does not say."""
    return Showing(content, msgspec.json.encode(content), status, {**NO_STORE, **headers})


def listed(items: Sequence[Any], headers: Mapping[str, str], next: str | None = None, **more: Any) -> Response:
    """A page of a list."""
    return answered({"items": items, "next": next, **more}, headers)


def unless_unchanged(request: Request, etag: str, response: Response) -> Response:
    """304 where the asker has this already. The look counts all the same."""
    response.headers["ETag"] = etag
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    return (
        Response(status_code=304, headers={**NO_STORE, "ETag": etag, "Position": response.headers["Position"]})
        if etag in known
        else response
    )


def told(shape: type[BaseModel], *statuses: int, media: Mapping[str, Any] | None = None) -> dict[int | str, dict[str, Any]]:
    """What an operation answers: its shape, and what else it may be, for OpenAPI."""
    success: dict[str, Any] = {"description": (shape.__doc__ or "").split("\n")[0], "model": shape}
    if media:
        success["content"] = dict(media)
    return {200: success, **documented(*statuses)}


__all__ = ["DOCUMENTED", "MEANT", "After", "AsOf", "Cursor", "Limit", "answered", "listed", "told", "unless_unchanged"]
