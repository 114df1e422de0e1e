"""The case list: which cases there are, how each stands, and how each stood at any instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, LiteralString

import msgspec
import psycopg
from msgspec.structs import replace
from psycopg import sql

from domain.corrections import RecordCorrected, effective
from domain.language import EVENTS
from domain.recorded import Recorded
from domain.stage import MOVED_BY, Standing, after
from domain.stages.closing import CaseClosed, CaseReopened
from domain.stages.opening import CaseOpened, Incident, IncidentAmended
from domain.stages.threshold import CaseReroutedToSerious
from projections import paging
from projections.known import HEADS, KNOWN
from projections.on_cases import Whose
from projections.paging import AsyncConnection, Page, Where
from projections.per_case import Rows, per_case
from projections.view import Table, View

CASES = Table(
    name="case_list",
    columns=KNOWN
    + """,
    partnership     text COLLATE "C" NOT NULL,
    label           text NOT NULL,
    route           text NOT NULL,
    concern         text NOT NULL,
    stage           text NOT NULL,
    area            text,
    opened_on       date NOT NULL,
    closed_on       date,
    opened_position bigint NOT NULL,
    events          bigint[] NOT NULL,
    """
    + HEADS,
    key="stream, key, known_from",
    indexes=(
        "(partnership, opened_position DESC) WHERE known_until IS NULL",
        "(opened_position DESC) WHERE known_until IS NULL",
        "(partnership, opened_position DESC, known_from)",
    ),
)


TOLD_BY = MOVED_BY | {IncidentAmended, CaseReroutedToSerious}


class _Case(msgspec.Struct, frozen=True):
    """What the list says of a case. `rests` are the positions of the events that said so, by what they said."""

    kept: tuple[Recorded, ...] = ()
    standing: Standing = Standing()
    opened: CaseOpened | None = None
    opened_on: date | None = None
    closed_on: date | None = None
    concern: str = ""
    incident: Incident | None = None
    rests: dict[str, int] = {}


class CaseList:
    """From the events of a case to its one row."""

    kind = "case"
    everywhere = ()
    unsettled: LiteralString = "false"

    def begin(self) -> _Case:
        return _Case()

    def step(self, state: _Case, recorded: Recorded) -> _Case:
        event = recorded.event
        if isinstance(event, RecordCorrected):
            if all(event.event_place != kept.place for kept in state.kept):
                return state
            kept, state = (*state.kept, recorded), _Case(rests={f"correction-{recorded.place}": recorded.position})
            for entry in effective(kept):
                state = _told(state, entry)
            return replace(state, kept=kept)
        if type(event) not in TOLD_BY:
            return state
        told = _told(state, recorded)
        return told if told is state else replace(told, kept=(*state.kept, recorded))

    def rows(self, state: _Case) -> Rows:
        if state.opened is None:
            return {}
        return {
            "": (
                state.opened.partnership, state.opened.label, state.opened.route, state.concern, state.standing.stage,
                state.incident.area if state.incident else None, state.opened_on, state.closed_on,
                state.rests["opened"], sorted(set(state.rests.values())),
            )
        }  # fmt: skip


def _told(state: _Case, recorded: Recorded) -> _Case:
    """What the list says once this has happened: the very same where it says nothing of it."""
    event, rests = recorded.event, dict(state.rests)
    standing = after(state.standing, recorded)
    if standing.stage != state.standing.stage:
        rests["stage"] = recorded.position
    match event:
        case CaseOpened():
            rests["opened"] = recorded.position
            state = replace(state, opened=event, opened_on=recorded.on, concern=event.concern, incident=event.incident)
        case IncidentAmended():
            if event.area is not None:
                rests["area"] = recorded.position
            state = replace(state, incident=event.amended(state.incident))
        case CaseReroutedToSerious():
            rests["concern"] = recorded.position
            state = replace(state, concern="serious-incident")
        case CaseClosed():
            rests["closed"] = recorded.position
            state = replace(state, closed_on=recorded.on)
        case CaseReopened():
            rests["closed"] = recorded.position
            state = replace(state, closed_on=None)
        case _ if standing is state.standing:
            return state
    return replace(state, standing=standing, rests=rests)


VIEW = View(
    name="case_list",
    version=1,
    tables=(CASES,),
    begin=per_case(CaseList()),
    reads=frozenset(name for name, event in EVENTS.items() if event in TOLD_BY or event is RecordCorrected),
)


# --- asking


class ListedCase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A case as the list shows it. `place`, `position` and `at` are of the last event recorded on it by then; `events` the positions
    of those that the other fields rest on."""

    case: str
    partnership: str
    label: str
    route: str
    concern: str
    stage: str
    area: str | None = None
    opened_on: date
    closed_on: date | None = None
    place: int
    position: int
    at: datetime
    known_from: datetime
    known_until: datetime | None = None
    events: list[int]


LATEST: LiteralString = "cardinality(heads_at)"
BY_THEN: LiteralString = "width_bucket(%(as_of)s, heads_at)"
LISTED: LiteralString = (
    "SELECT opened_position, stream, partnership, label, route, concern, stage, area, opened_on, closed_on,"
    " heads_place[{n}] AS place, heads_position[{n}] AS position, heads_at[{n}] AS at, known_from, known_until, events"
    " FROM projections.case_list"
)


async def cases(
    connection: AsyncConnection,
    *,
    partnership: str | None = None,
    stage: str | None = None,
    concern: str | None = None,
    q: str | None = None,
    as_of: datetime | None = None,
    partnerships: Sequence[str] | None = None,
    among: Sequence[str] = (),
    whose: Whose | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ListedCase]:
    """The cases opened last, first; `q` is part of a label. `partnerships` and `among` (cases) limit it to what the asker may know of,
    as `whose` does.

    Raises:
        BadCursor, NotMade.
    """
    where = Where()
    where.known(as_of)
    where.seen_by(partnerships, among)
    if whose is not None:
        whose.narrowed(where)
    where.also("partnership = %(partnership)s", partnership=partnership)
    where.also("stage = %(stage)s", stage=stage)
    where.also("concern = %(concern)s", concern=concern)
    where.also("strpos(lower(label), lower(%(q)s)) > 0", q=q)
    digest = where.digest()
    if cursor is not None:
        where.also("opened_position < %(after)s", after=paging.after(cursor, digest, int))
    select = LISTED.replace("{n}", LATEST if as_of is None else BY_THEN)
    return await paging.page(connection, "case_list", select, "opened_position DESC", where, limit, digest, _key, _listed)


OF_SOMEBODY: LiteralString = "SELECT stream FROM projections.case_list WHERE known_until IS NULL"


async def streams(connection: AsyncConnection, *, partnership: str | None = None, whose: Whose | None = None) -> list[str]:
    """All cases that there are, or those of a partnership; `whose` limits it to what somebody may know of.

    Raises:
        NotMade.
    """
    where = Where()
    where.also("partnership = %(partnership)s", partnership=partnership)
    if whose is not None:
        whose.narrowed(where)
    query = sql.SQL(" AND ").join(map(sql.SQL, (OF_SOMEBODY, *where.conditions)))
    try:
        found = await (await connection.execute(query, where.parameters, prepare=True)).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise paging.NotMade("case_list") from None
    return [stream for (stream,) in found]


def _key(row: tuple[Any, ...]) -> int:
    return int(row[0])


def _listed(row: tuple[Any, ...]) -> ListedCase:
    _, stream, *rest = row
    return ListedCase(case=stream.partition("/")[2], **dict(zip(ListedCase.__struct_fields__[1:], rest, strict=True)))
