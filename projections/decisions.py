"""The register of decisions across cases: who decided what, when, in what capacity, what became of it, and what was known of it when.

It holds ids, codes, dates and places, and no words: those are read on the case itself. The decisions are `domain.register`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, LiteralString

import msgspec
from msgspec.structs import replace

from domain.corrections import RecordCorrected, effective
from domain.language import EVENTS
from domain.recorded import Recorded
from domain.register import Register
from domain.stages.opening import CaseOpened
from domain.stages.outcome import RapidReviewDiscontinued, RapidReviewOutcomeDecided, SeriousIncidentFoundNotToMeetCriteria
from domain.stages.publication import PublicationDecided
from domain.stages.rapid_review import (
    RapidReviewEndorsed,
    RapidReviewEndorsementWithheld,
    RapidReviewReportCirculated,
    RapidReviewReportDrafted,
)
from domain.stages.reopening import DecisionConfirmed, DecisionReopened, DecisionReplaced
from domain.stages.review import ReportDrafted, ReportEndorsed, ReportEndorsementRecorded, ReportPresented, ReportReturned
from domain.stages.threshold import DecisionFedBack, DeputyAppointed, LearningConsidered, PartnerPositionRecorded, ThresholdDecided
from projections import paging
from projections.known import KNOWN, Content
from projections.on_cases import Whose
from projections.paging import AsyncConnection, Page, Where
from projections.per_case import Rows, per_case
from projections.view import Table, View

DECISIONS = Table(
    name="decisions",
    columns=KNOWN
    + """,
    partnership text COLLATE "C" NOT NULL,
    label       text NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    outcome     text COLLATE "C" NOT NULL,
    on_day      date NOT NULL,
    position    bigint NOT NULL,
    deciders    text[] NOT NULL,
    shown       text NOT NULL
    """,
    key="stream, key, known_from",
    indexes=(
        "(partnership, position DESC) WHERE known_until IS NULL",
        "(position DESC) WHERE known_until IS NULL",
        "USING gin (deciders)",
        "(partnership, position DESC, known_from)",
    ),
)

DECIDING = {
    CaseOpened, ThresholdDecided, RapidReviewOutcomeDecided, DecisionReopened, DecisionConfirmed, DecisionReplaced,
    RapidReviewDiscontinued, LearningConsidered, DecisionFedBack, SeriousIncidentFoundNotToMeetCriteria, ReportEndorsed,
    ReportReturned, PublicationDecided, RecordCorrected,
}  # fmt: skip
"""What makes a decision, or says more of one."""

GATHERED = {
    DeputyAppointed, PartnerPositionRecorded, RapidReviewReportDrafted, RapidReviewReportCirculated, RapidReviewEndorsed,
    RapidReviewEndorsementWithheld, ReportDrafted, ReportPresented, ReportEndorsementRecorded,
}  # fmt: skip
"""What a later decision rests on; beside it whatever bears a ref may be cited."""

READ = DECIDING | GATHERED | {event for event in EVENTS.values() if "ref" in event.__struct_fields__}


class _Known(msgspec.Struct, frozen=True):
    """What decisions rest on, and the rows that they show."""

    kept: tuple[Recorded, ...] = ()
    rows: Mapping[str, Content] = {}


class Decisions:
    """From the events of a case to one row for each of its decisions."""

    kind = "case"
    everywhere = ()
    unsettled: LiteralString = "false"

    def begin(self) -> _Known:
        return _Known()

    def step(self, state: _Known, recorded: Recorded) -> _Known:
        event = recorded.event
        if type(event) not in READ:
            return state
        if isinstance(event, RecordCorrected) and all(event.event_place != kept.place for kept in state.kept):
            return state
        kept = (*state.kept, recorded)
        return _Known(kept, dict(_rows(kept))) if type(event) in DECIDING else replace(state, kept=kept)

    def rows(self, state: _Known) -> Rows:
        return state.rows


def _rows(kept: Sequence[Recorded]) -> Iterator[tuple[str, Content]]:
    register = Register({})
    opened = None
    for recorded in effective(kept):
        opened = recorded.event if isinstance(recorded.event, CaseOpened) else opened
        register.read(recorded)
    if opened is None:
        return
    positions = {recorded.place: recorded.position for recorded in kept}
    for entry in register.entries:
        told = without_information(entry)
        told["events"] = sorted(set(_places(told)))
        content = (
            opened.partnership, opened.label, entry["decision"], entry["outcome"], date.fromisoformat(entry["on"]),
            positions[entry["place"]], sorted(set(_deciders(entry))), msgspec.json.encode(told).decode(),
        )  # fmt: skip
        yield f"{entry['place']:06}", content


def without_information(told: Any) -> Any:
    """A decision without what each decider had before them, which is told on the case."""
    if isinstance(told, dict):
        return {name: without_information(value) for name, value in told.items() if name != "information"}
    return [without_information(value) for value in told] if isinstance(told, list) else told


def _places(told: Any) -> Iterator[int]:
    """The places of the entries that a decision rests on."""
    for name, value in told.items():
        if name == "place":
            yield value
        elif isinstance(value, dict):
            yield from _places(value)
        elif isinstance(value, list):
            for inner in value:
                if isinstance(inner, dict):
                    yield from _places(inner)


def _deciders(entry: Mapping[str, Any]) -> Iterator[str]:
    """Whose own word made it, at first or when it was confirmed; where nobody's is recorded, who recorded it."""
    for made in (entry, *entry.get("confirmed", ())):
        deciders = made.get("deciders")
        yield from (decider["person"] for decider in deciders) if deciders else (made["recorded_by"]["person"],)


VIEW = View(
    name="decisions",
    version=1,
    tables=(DECISIONS,),
    begin=per_case(Decisions()),
    reads=frozenset(name for name, event in EVENTS.items() if event in READ),
)


# --- asking


class RegisteredDecision(msgspec.Struct, frozen=True):
    """A decision of a case as it was known from `known_from` on; `position` is that of the event that made it."""

    position: int
    case: str
    partnership: str
    label: str
    known_from: datetime
    known_until: datetime | None
    told: Mapping[str, Any]

    def item(self) -> dict[str, Any]:
        """The row as it is told to others."""
        case = {"case": self.case, "label": self.label, "partnership": self.partnership}
        return {**case, **self.told, "position": self.position, "known_from": self.known_from.isoformat()}


REGISTER: LiteralString = "SELECT position, stream, partnership, label, known_from, known_until, shown FROM projections.decisions"


async def decisions(
    connection: AsyncConnection,
    *,
    partnership: str | None = None,
    kind: str | None = None,
    outcome: str | None = None,
    decider: str | None = None,
    first: date | None = None,
    last: date | None = None,
    as_of: datetime | None = None,
    partnerships: Sequence[str] | None = None,
    among: Sequence[str] = (),
    whose: Whose | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[RegisteredDecision]:
    """The decisions recorded last, first; taken from the day `first` to the day `last`, both included. `decider` is a person.

    `partnerships` and `among` (cases) limit it to what the asker may know of, as `whose` does.

    Raises:
        BadCursor, NotMade.
    """
    where = Where()
    where.known(as_of)
    where.seen_by(partnerships, among)
    if whose is not None:
        whose.narrowed(where)
    where.also("partnership = %(partnership)s", partnership=partnership)
    where.also("kind = %(kind)s", kind=kind)
    where.also("outcome = %(outcome)s", outcome=outcome)
    where.also("deciders @> %(deciders)s", deciders=[decider] if decider else None)
    where.also("on_day >= %(first)s", first=first)
    where.also("on_day <= %(last)s", last=last)
    digest = where.digest()
    if cursor is not None:
        where.also("position < %(after)s", after=paging.after(cursor, digest, int))
    return await paging.page(connection, "decisions", REGISTER, "position DESC", where, limit, digest, _key, _registered)


def _key(row: tuple[Any, ...]) -> int:
    return int(row[0])


def _registered(row: tuple[Any, ...]) -> RegisteredDecision:
    position, stream, partnership, label, known_from, known_until, shown = row
    case = stream.partition("/")[2]
    return RegisteredDecision(position, case, partnership, label, known_from, known_until, msgspec.json.decode(shown))
