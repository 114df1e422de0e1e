"""Small histories for stories: `happened("2024-10-10 10:00", BM, Event(...))` tells of one asking; `history(...)` puts them in order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from domain.language import CaseEvent
from domain.people import By
from domain.recorded import Editions, Header, Recorded
from domain.working_days import LONDON, london_date


def person(who: str) -> str:
    return f"person-{hashlib.sha256(who.encode()).hexdigest()[:32]}"


def asker(who: str, behalf_of: str | None = None, partnership: str = "bolton") -> By:
    """From `role/organisation/name`, as scenarios say it."""
    role, _, rest = who.partition("/")
    organisation = rest.partition("/")[0] or None
    return By(person=person(who), role=role, organisation=organisation, partnership=partnership, behalf_of=behalf_of)


BM = asker("business-manager")
OFFICER = asker("partnership-officer")
LA = asker("delegated-partner/local-authority")
HEALTH = asker("delegated-partner/health")
POLICE = asker("delegated-partner/police")
PORTAL = asker("named-portal-user")
WARD = asker("notifier/hospital-trust")
SCRUTINEER = asker("scrutineer")


@dataclass(frozen=True)
class Happened:
    at: datetime
    by: By
    events: tuple[CaseEvent, ...]
    on: date
    seen: int | None
    information: dict[str, Any] | None


def instant(at: str) -> datetime:
    return datetime.fromisoformat(at).replace(tzinfo=LONDON).astimezone(UTC)


def happened(
    at: str, by: By, *events: CaseEvent, on: str | None = None, seen: int | None = None, information: dict[str, Any] | None = None
) -> Happened:
    """One asking at a London time; `on` is the day of the deed where that is another day."""
    moment = instant(at)
    return Happened(moment, by, events, date.fromisoformat(on) if on else london_date(moment), seen, information)


def history(*told: Happened, stream: str = "case/c1", local: str | None = "bolton", national: str = "england-2023") -> list[Recorded]:
    recorded: list[Recorded] = []
    for n, asking in enumerate(told, 1):
        for event in asking.events:
            header = Header(
                v=1,
                stream=stream,
                place=len(recorded) + 1,
                name=event.stored_name(),
                schema=event.schema_version(),
                on=asking.on,
                by=asking.by,
                procedure=Editions(local=local, national=national),
                calendar="england-2026",
                command=f"command-{n}",
                seen=asking.seen,
                information=asking.information,
                at=asking.at,
            )
            recorded.append(Recorded(header=header, event=event, position=len(recorded) + 1))
    return recorded


def in_clear(told: list[Recorded]) -> dict[int, dict[str, Any]]:
    """The fields of each event with its words in the clear, as somebody reads them who may read all."""
    return {recorded.place: msgspec.json.decode(msgspec.json.encode(recorded.event)) for recorded in told}
