"""Asking a read model a question that is not a page of a list: the whole answer, and the position it is true at, in one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, LiteralString, TypeVar

import msgspec
import psycopg
from psycopg import sql

from projections.paging import AsyncConnection, NotMade
from projections.view import Fault

T = TypeVar("T")

ASKED: LiteralString = (
    "SELECT b.position,"
    " CASE WHEN b.fault_position IS NOT NULL THEN json_build_array(b.fault_position, b.fault, b.fault_since)::text END AS fault,"
    " r.* FROM projections.builds b LEFT JOIN LATERAL (SELECT true AS there, q.* FROM ({query}) q) r ON true"
    " WHERE b.live AND b.view = 'themes'"
)


@dataclass(frozen=True)
class Answer(Generic[T]):
    """All there is. `position` is the place in the log it is true at; `fault`, if any, says since when it is stale, and why."""

    items: list[T]
    position: int
    fault: Fault | None = None


@lru_cache(maxsize=200)
def _asked(query: LiteralString) -> bytes:
    """The statement, composed once, so that the server recognises it as one it has prepared."""
    return sql.SQL(ASKED).format(query=sql.SQL(query)).as_bytes(None)


async def answered(
    connection: AsyncConnection, query: LiteralString, parameters: Mapping[str, Any], item: Callable[[tuple[Any, ...]], T]
) -> Answer[T]:
    """The rows of a question to the read model of themes, from one snapshot together with its position.

    Raises:
        NotMade: there are no tables of this view yet.
    """
    try:
        cursor = await connection.cursor(binary=True).execute(_asked(query), parameters, prepare=True)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise NotMade("themes") from None
    found = await cursor.fetchall()
    if not found:
        raise NotMade("themes")
    position, stale = found[0][:2]
    return Answer(
        items=[item(row[3:]) for row in found if row[2]],
        position=position,
        fault=Fault(*msgspec.json.decode(stale, type=tuple[int, str, datetime])) if stale else None,
    )
