"""A log for stories across cases: `on(case, event, …)` records, at the next minute unless an instant is given."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import psycopg
from psycopg import sql

from application.store import mapper
from application.store.recorder import Entry, RecordApplication
from domain.adoption import CalendarEditionAdopted
from domain.corrections import RecordCorrected
from domain.language import CaseEvent, replace
from domain.people import By
from domain.recorded import Editions, Header, Recorded
from domain.stages.agency_reports import AgencyAsked, AgencyDateChanged, NilReturnRecorded
from domain.stages.closing import CaseClosed, CaseReopened
from domain.stages.commissioning import ReviewCommissioned
from domain.stages.notification import (
    LocalAuthorityBecameAware,
    NotificationAcknowledged,
    NotificationReceived,
    NotificationShared,
    Notifier,
    NotifierSupported,
    SeriousIncidentNotified,
)
from domain.stages.opening import CaseOpened, Child, Incident, IncidentAmended
from domain.stages.publication import PublicationPlanned, ReportPublished
from domain.stages.reopening import DecisionReopened
from domain.stages.threshold import CaseReroutedToSerious, DecisionFedBack, ThresholdDecided
from domain.working_days import SHIPPED
from projections.following import Following
from projections.paging import AsyncConnection
from projections.rebuild import ensure
from projections.view import Build, Connection, View

T = TypeVar("T")
BEGINNING = datetime(2025, 3, 3, 9, tzinfo=UTC)
MANAGER = By(person="person-" + "0" * 32, role="business-manager", partnership="bolton")


class ToldLog:
    """Everything recorded so far, in memory. `poison` names a position whose event cannot be read."""

    def __init__(self) -> None:
        self.recorded: list[Recorded] = []
        self.places: dict[str, int] = {}
        self.now = BEGINNING
        self.poison: int | None = None

    def on(self, stream: str, *events: CaseEvent, at: datetime | None = None, on: date | None = None) -> Recorded:
        """One command, and what it led to."""
        self.now = at or self.now + timedelta(minutes=1)
        stream = stream if "/" in stream else f"case/{stream}"
        for event in events:
            self.places[stream] = self.places.get(stream, 0) + 1
            header = Header(
                v=1, stream=stream, place=self.places[stream], name=event.stored_name(), schema=1, on=on or self.now.date(), by=MANAGER,
                procedure=Editions("bolton", "england-2023"), calendar="england-2026", command="-", at=self.now,
            )  # fmt: skip
            self.recorded.append(Recorded(header, event, 2 * len(self.recorded) + 1))
        return self.recorded[-1]

    # --- as projections read it

    def end(self) -> int:
        return self.recorded[-1].position if self.recorded else 0

    def page(self, after: int, limit: int, reads: Collection[str] | None = None) -> Sequence[Recorded]:
        page = [recorded for recorded in self.recorded if recorded.position > after][:limit]
        if any(recorded.position == self.poison for recorded in page):
            raise LookupError("an event of a name that nobody knows")
        return [_read(recorded, reads) for recorded in page]

    def history(self, stream: str, upto: int, reads: Collection[str] | None = None) -> Sequence[Recorded]:
        return [_read(recorded, reads) for recorded in self.recorded if recorded.stream == stream and recorded.position <= upto]

    def histories(self, kind: str, upto: int, reads: Collection[str] | None = None) -> Iterator[Sequence[Recorded]]:
        for stream in sorted(stream for stream in self.places if stream.startswith(f"{kind}/")):
            if history := self.history(stream, upto, reads):
                yield history


def _read(recorded: Recorded, reads: Collection[str] | None) -> Recorded:
    """Of what is not wanted, the envelope only."""
    return recorded if reads is None or recorded.name in reads else replace(recorded, event=None)


def opened(label: str, *, partnership: Any = "bolton", concern: Any = "serious-incident", area: str = "bolton") -> CaseOpened:
    incident = Incident(happened_on=date(2025, 2, 27), area=area, in_england=True, harm="seriously-harmed", abuse_or_neglect="suspected")
    child = Child(ref="child", person="person-" + "1" * 32, area_of_residence=area, age_band="under-1", harm="seriously-harmed")
    return CaseOpened(partnership=partnership, label=label, route="organisation", concern=concern, incident=incident, children=(child,))


def aware() -> LocalAuthorityBecameAware:
    return LocalAuthorityBecameAware(authority="bolton")


def received() -> NotificationReceived:
    return NotificationReceived(notifier=Notifier(person=MANAGER.person, name="…", role_title="…"), narrative="…", channel="portal")


def acknowledged() -> NotificationAcknowledged:
    return NotificationAcknowledged(to="…", channel="portal")


def shared(partner: Any) -> NotificationShared:
    return NotificationShared(partner=partner, channel="portal")


def notified(reference: str = "SIN-1") -> SeriousIncidentNotified:
    return SeriousIncidentNotified(portal_reference=reference, children=("child",), recipients=("panel",))


def asks_agency(agency: str, due_on: date) -> AgencyAsked:
    return AgencyAsked(agency=agency, due_on=due_on)


def amended(area: str) -> IncidentAmended:
    return IncidentAmended(area=area)


def corrected(place: int, **correction: Any) -> RecordCorrected:
    return RecordCorrected(event_place=place, correction=correction)


def adopting(edition: str, *more: date) -> CalendarEditionAdopted:
    """The newest calendar under another name, with further days off."""
    *_, newest = SHIPPED.values()
    return CalendarEditionAdopted(edition=edition, source="gov.uk", holidays=tuple(sorted({*newest.holidays, *more})))


def decided_and_reopened(log: ToldLog, case: str) -> None:
    """A decision, its feedback, and why it is open again."""
    log.on(case, ThresholdDecided(ref="threshold-1", threshold="serious", outcome="not-met", rationale="…", then="none"))
    log.on(case, DecisionFedBack(decision="threshold-1", to="…", rationale_included=True))
    log.on(case, DecisionReopened(decision="threshold-1", trigger="new-information", cites="information-1"))


def anything(cases: int, events: int, seed: int) -> ToldLog:
    """Cases whose histories run side by side, as chance has it; calendars adopted in between, several things at one instant."""
    log, chance = ToldLog(), random.Random(seed)
    day = date(2025, 2, 20)
    for n in range(events):
        case = f"{chance.randrange(cases):04}"
        at = log.now + timedelta(minutes=chance.choice((0, 1, 500, 3000)))
        on = max(day, at.date() - timedelta(days=chance.randrange(4)))
        place = log.places.get(f"case/{case}", 0)
        if not place:
            log.on(case, opened(f"Infant {case}", partnership=chance.choice(("bolton", "bury"))), at=at, on=on)
        elif chance.random() < 0.02:
            log.on("calendar/england", adopting(f"edition-{n}", at.date() + timedelta(days=chance.randrange(1, 9))), at=at)
        else:
            agency, due = chance.choice(("gp", "school", "police")), at.date() + timedelta(days=chance.randrange(12))
            something: Sequence[tuple[CaseEvent, ...]] = (
                (aware(),), (received(),), (acknowledged(),), (shared("health"), shared("police"), shared("local-authority")),
                (notified(f"SIN-{n}"),), (asks_agency(agency, due),), (AgencyDateChanged(agency=agency, due_on=due),),
                (NilReturnRecorded(agency=agency),), (amended(chance.choice(("bolton", "wigan"))),), (CaseReroutedToSerious(), aware()),
                (corrected(chance.randrange(1, place + 1), on=on.isoformat()),), (CaseClosed(),), (CaseReopened(),),
                (NotifierSupported(help="…"),), (ReviewCommissioned(review="practice-review", commissioners=("health",)),),
                (PublicationPlanned(ref=f"plan-{n}", publish_on=due),), (ReportPublished(digest="0" * 64, location="…", family_told=True),),
            )  # fmt: skip
            log.on(case, *chance.choice(something), at=at, on=on)
    return log


# --- keeping a view up


def following(view: View, log: Any, connection: Connection, page: int = 1000) -> Following:
    return Following(ensure(view, log, connection), log, connection, page=page)


def asked(database: str, question: Callable[[AsyncConnection], Coroutine[Any, Any, T]]) -> T:
    """The answer to a question put over a connection of its own."""

    async def ask() -> T:
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
            return await question(connection)

    return asyncio.run(ask())


def rows(connection: Connection, build: Build) -> list[tuple[Any, ...]]:
    """All rows of a build, table by table, in the order of its key."""
    everything = sql.SQL("SELECT * FROM {} t ORDER BY t")
    return [row for table in build.view.tables for row in connection.execute(everything.format(build.table(table))).fetchall()]


def recording(url: str, log: ToldLog, after: int = 0) -> None:
    """Put what the log tells into a real record, stream by stream as it was told."""
    application = RecordApplication.at(url)
    try:
        for recorded in log.recorded[after:]:
            header, body = mapper.header_bytes(recorded.header), mapper.body_bytes(recorded.event)
            entry = Entry(recorded.stream, recorded.place - 1, uuid4().hex, [recorded.name], [header], [body])
            assert application.recorder.append([entry])[0].what == "recorded"
    finally:
        application.close()
