"""Who asks. Until there is sign-in the service runs only in rehearsal, where a header names the person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Header, Request

from domain.people import PARTNERS, ROLES, By
from interfaces.api.problems import NotSignedIn, Unfit
from interfaces.wiring import Service

PERSON = re.compile(r"^[^\x00-\x1f]{1,300}$")


@dataclass(frozen=True)
class Asker:
    """The person who asks, and the instant they ask at (chosen, in a rehearsal; else None)."""

    by: By
    at: datetime | None


def service(request: Request) -> Service:
    """The service that this application was made for."""
    return request.app.state.service  # type: ignore[no-any-return]  # Starlette's state is untyped


async def asker(
    request: Request,
    casetrail_person: Annotated[
        str | None, Header(description="In rehearsal only: `role/organisation/name[/partnership]`; trailing parts may be left off.")
    ] = None,
    casetrail_at: Annotated[str | None, Header(description="In rehearsal only: the instant of asking, ISO 8601 with offset.")] = None,
) -> Asker:
    """The person named by the header of a rehearsal.

    Raises:
        NotSignedIn: when nobody is named.
        Unfit: when the headers cannot be used; 400 for any service that is not a rehearsal.
    """
    running = service(request)
    if not running.rehearsal:
        if casetrail_person is not None or casetrail_at is not None:
            raise Unfit(
                "Casetrail-Person", "This service is not a rehearsal and refuses the headers Casetrail-Person and Casetrail-At.", 400
            )
        raise NotSignedIn
    if casetrail_person is None:
        raise NotSignedIn
    return Asker(by=await who(running, casetrail_person), at=instant("Casetrail-At", casetrail_at))


Asking = Annotated[Asker, Depends(asker)]


async def who(running: Service, text: str) -> By:
    """The person that `role/organisation/name[/partnership]` stands for; the whole value is the person."""
    if not PERSON.match(text):
        raise Unfit("Casetrail-Person", "must be role/organisation/name[/partnership], in printable characters")
    role, organisation, _, partnership = (part or None for part in (*text.split("/", 3), "", "", "")[:4])
    if role not in ROLES:
        raise Unfit("Casetrail-Person", "begins with a role that there is not")
    if role == "delegated-partner" and organisation not in PARTNERS:
        raise Unfit("Casetrail-Person", "a delegated-partner is of the organisation local-authority, health or police")
    person = await running.register.rehearsed(text)
    return By(person=person, role=role, organisation=organisation, partnership=partnership)


def instant(field: str, text: str | None) -> datetime | None:
    """An instant in ISO 8601 with an offset, as UTC."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise Unfit(field, "is not an instant such as 2026-03-18T15:10:00+00:00") from None
    if at.tzinfo is None:
        raise Unfit(field, "has no offset from UTC")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise Unfit(field, "lies outside the years that can be told") from None
