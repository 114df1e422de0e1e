"""Who asks: somebody who signed in, a program with a token, or in rehearsal whomever a header names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, get_args

from fastapi import Depends, Header, Request

from domain.people import PARTNERS, ROLES, By
from domain.stages.opening import Partnership
from interfaces.api.limits import count
from interfaces.api.problems import NotSignedIn, Unfit
from interfaces.wiring import Service

PERSON = re.compile(r"[^\x00-\x1f\x7f]{1,300}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?")
PARTNERSHIPS = get_args(Partnership)

# --- the headers of a rehearsal, as OpenAPI tells of them

NAMES_THE_PERSON = "In rehearsal only: `role/organisation/name[/partnership]`; trailing parts may be left off."
_PART = "[ !-.0-~]*"
_LAST = f"(?:/(?:{'|'.join(PARTNERSHIPS)})?)?"
A_PERSON = {
    "pattern": f"^(?:(?:{'|'.join(role for role in ROLES if role != 'delegated-partner')})(?:/{_PART}(?:/{_PART}{_LAST})?)?"
    f"|delegated-partner/(?:{'|'.join(PARTNERS)})(?:/{_PART}{_LAST})?)$",
    "maxLength": 300,
}
CHOOSES_THE_POST = "In which of several posts whoever signed in asks: `role/organisation/partnership`, as `/session` tells them."
IS_OUR_PAGE = "With a session, for what changes something: the token that `/session` tells."
SAYS_WHY = "Why this is looked at, in words (UTF-8). It is kept with the look, sealed."
LONGEST_REASON = 1000
CHOOSES_THE_INSTANT = "In rehearsal only: the instant of asking, ISO 8601 with offset. Never before the last event."
AN_INSTANT = {"format": "date-time"}


@dataclass(frozen=True)
class Asker:
    """The person who asks, and the instant they ask at (chosen, in a rehearsal; else None)."""

    by: By
    at: datetime | None


def service(request: Request) -> Service:
    """The service that this application was made for."""
    return request.app.state.service  # type: ignore[no-any-return]  # Starlette's state is untyped


async def asker_of(request: Request, *, again: bool = False) -> Asker:
    """Who asks. In a rehearsal a header may name them; everywhere else they signed in, or a token says who they are. `again`: whether
    whoever asked is still there, which nobody asks themselves: it counts for nothing, and keeps no session from being left idle.

    Raises:
        NotSignedIn: nobody is named, or not any more.
        TooMany: they asked too often.
        Unfit: when the headers cannot be used; 400 for those of a rehearsal where there is none, 403 without a post.
    """
    running = service(request)
    headers = request.headers
    person, at = headers.get("casetrail-person"), headers.get("casetrail-at")
    if not running.rehearsal and (person is not None or at is not None):
        raise Unfit("Casetrail-Person", "This service is not a rehearsal and refuses the headers Casetrail-Person and Casetrail-At.", 400)
    if person is None and running.entrance is None:
        raise NotSignedIn
    because = headers.get("casetrail-because", "")
    if len(because) > LONGEST_REASON:
        raise Unfit("Casetrail-Because", f"is longer than {LONGEST_REASON} bytes")
    request.state.because = _as_utf8(because).strip()
    if person is not None:
        by = await who(running, _as_utf8(person))
    elif running.entrance is not None:
        post = headers.get("casetrail-post")
        by = await running.entrance.asker(request, None if post is None else _as_utf8(post), again=again)
    if not again:
        count(request, by.person)
    request.state.asker = asker = Asker(by=by, at=instant("Casetrail-At", at))
    return asker


async def asker(
    request: Request,
    casetrail_person: Annotated[str | None, Header(description=NAMES_THE_PERSON, json_schema_extra=A_PERSON)] = None,
    casetrail_at: Annotated[str | None, Header(description=CHOOSES_THE_INSTANT, json_schema_extra=AN_INSTANT)] = None,
    casetrail_because: Annotated[str | None, Header(description=SAYS_WHY, max_length=LONGEST_REASON)] = None,
    casetrail_post: Annotated[str | None, Header(description=CHOOSES_THE_POST)] = None,
    casetrail_token: Annotated[str | None, Header(description=IS_OUR_PAGE)] = None,
) -> Asker:
    """The person who asks, as a dependency that OpenAPI describes."""
    return await asker_of(request)


Asking = Annotated[Asker, Depends(asker)]


async def who(running: Service, text: str) -> By:
    """The person that `role/organisation/name[/partnership]` stands for; the whole value is the person."""
    if not PERSON.fullmatch(text):
        raise Unfit("Casetrail-Person", "must be role/organisation/name[/partnership], in printable characters")
    role, organisation, _, partnership = (part or None for part in (*text.split("/", 3), "", "", "")[:4])
    if role not in ROLES:
        raise Unfit("Casetrail-Person", "begins with a role that there is not")
    if role == "delegated-partner" and organisation not in PARTNERS:
        raise Unfit("Casetrail-Person", "a delegated-partner is of the organisation local-authority, health or police")
    if partnership is not None and partnership not in PARTNERSHIPS:
        raise Unfit("Casetrail-Person", f"ends with a partnership that there is not; there are {', '.join(PARTNERSHIPS)}")
    person = await running.register.rehearsed(text)
    return By(person=person, role=role, organisation=organisation, partnership=partnership)


def _as_utf8(text: str) -> str:
    """A header value as UTF-8, where it is: HTTP itself speaks of Latin-1."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def instant(field: str, text: str | None) -> datetime | None:
    """An instant in ISO 8601 with an offset, as UTC."""
    if text is None:
        return None
    # a plus sign that was not escaped in a query arrives as a space; fractions beyond the microsecond say nothing here
    text = re.sub(r"(?<=\d) (?=\d\d:?\d\d$)", "+", text)
    text = re.sub(r"(\.\d{6})\d+", r"\1", text)
    try:
        at = datetime.fromisoformat(text.upper()) if INSTANT.fullmatch(text) else None
        if at is not None and at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        at = None
    raise Unfit(field, "is not an instant such as 2026-03-18T15:10:00+00:00" if at is None else "has no offset from UTC")
