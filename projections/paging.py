"""Asking a read model: a page of rows, the position it is true at, and where the next page begins.

A page and the position of its view come from one statement, so from one snapshot. A cursor holds the last sort key and a digest of
what was asked: it goes on where the page ended whatever was inserted before, and only with the same filters.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, LiteralString, TypeVar

import msgspec
import psycopg
from psycopg import sql

from projections.view import Fault

T = TypeVar("T")

AsyncConnection = psycopg.AsyncConnection[tuple[Any, ...]]

MOST = 500
"""The longest page."""


class BadCursor(ValueError):
    """A cursor that was not given out here, or for another question."""

    def __init__(self) -> None:
        super().__init__("This is no cursor of this list with these filters: begin again without one.")


class NotMade(LookupError):
    """The read model has not been made yet: its worker has never run, or fills it for the first time."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Part of a list. `position` is the place in the log it is true at; `fault`, if any, says since when it is stale, and why.

    `after` is the cursor that goes on behind the item of this number, for whoever leaves out some of them.
    """

    items: list[T]
    next: str | None
    position: int
    fault: Fault | None = None
    after: Callable[[int], str] | None = field(default=None, compare=False, repr=False)


class Where:
    """The conditions of a question, and the parameters they speak of. What is not asked for adds nothing."""

    def __init__(self, **parameters: Any) -> None:
        self.conditions: list[LiteralString] = []
        self.parameters: dict[str, Any] = parameters

    def also(self, condition: LiteralString, **parameters: Any) -> None:
        """One more condition, unless what it compares with was left out."""
        if all(value is not None for value in parameters.values()):
            self.conditions.append(condition)
            self.parameters |= parameters

    def known(self, as_of: datetime | None) -> None:
        """What is known now, or was as of an instant, that instant included."""
        if as_of is None:
            self.conditions.append("known_until IS NULL")
        else:
            self.also("known_from <= %(as_of)s AND (known_until IS NULL OR known_until > %(as_of)s)", as_of=as_of)

    def seen_by(self, partnerships: Sequence[str] | None, cases: Sequence[str]) -> None:
        """What somebody may know of: everything of these partnerships, and these cases. None: everything."""
        if partnerships is not None:
            self.also(
                "(partnership = ANY(%(partnerships)s) OR stream = ANY(%(streams)s))",
                partnerships=[*partnerships],
                streams=[f"case/{case}" for case in cases],
            )

    def digest(self) -> str:
        """What was asked, in a few letters."""
        asked = msgspec.json.encode([self.conditions, sorted(self.parameters.items())], enc_hook=str)
        return hashlib.sha256(asked).hexdigest()[:16]


def after(cursor: str, digest: str, kind: type[T]) -> T:
    """The sort key that a cursor holds.

    Raises:
        BadCursor: it is none of this question.
    """
    try:
        asked, key = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=tuple[str, kind])  # type: ignore[valid-type]
    except (ValueError, msgspec.MsgspecError):
        raise BadCursor from None
    if asked != digest:
        raise BadCursor
    return key


def cursor_after(key: Any, digest: str) -> str:
    """The cursor of a page that ends with this sort key."""
    return base64.urlsafe_b64encode(msgspec.json.encode((digest, key))).rstrip(b"=").decode()


ASKED: LiteralString = (
    "SELECT b.position,"
    " CASE WHEN b.fault_position IS NOT NULL THEN json_build_array(b.fault_position, b.fault, b.fault_since)::text END AS fault,"
    " r.* FROM projections.builds b"
    " LEFT JOIN LATERAL ({select} WHERE {conditions} ORDER BY {order} LIMIT {limit}) r ON true"
    " WHERE b.live AND b.view = %(view)s"
)


@lru_cache(maxsize=1000)
def _asked(select: LiteralString, order: LiteralString, conditions: tuple[LiteralString, ...], limit: int) -> bytes:
    """The statement, composed once, so that the server recognises it as one it has prepared.

    The limit stands in it: as a parameter the server would not know how few rows are wanted, and would plan anew each time.
    """
    composed = sql.SQL(ASKED).format(
        select=sql.SQL(select),
        order=sql.SQL(order),
        conditions=sql.SQL(" AND ").join(map(sql.SQL, conditions)),
        limit=sql.Literal(limit),
    )
    return composed.as_bytes(None)


async def page(
    connection: AsyncConnection,
    view: str,
    select: LiteralString,
    order: LiteralString,
    where: Where,
    limit: int,
    digest: str,
    key: Callable[[tuple[Any, ...]], Any],
    item: Callable[[tuple[Any, ...]], T],
) -> Page[T]:
    """The next rows of a view that meet the conditions. `select` begins `SELECT … FROM …`; `key` and `item` read one of its rows.

    Raises:
        NotMade: there are no tables of this view yet.
    """
    limit = max(1, min(limit, MOST))
    asked = _asked(select, order, tuple(where.conditions), limit + 1)
    parameters: Mapping[str, Any] = {**where.parameters, "view": view}
    try:
        cursor = await connection.cursor(binary=True).execute(asked, parameters, prepare=True)
    except psycopg.errors.UndefinedTable:
        raise NotMade(view) from None
    found = await cursor.fetchall()
    if not found:
        raise NotMade(view)
    position, stale = found[0][:2]
    kept = [row[2:] for row in found if row[2] is not None]
    more = len(kept) > limit
    kept = kept[:limit]
    return Page(
        items=[item(row) for row in kept],
        next=cursor_after(key(kept[-1]), digest) if more else None,
        position=position,
        fault=Fault(*msgspec.json.decode(stale, type=tuple[int, str, datetime])) if stale else None,
        after=lambda n: cursor_after(key(kept[n]), digest),
    )
