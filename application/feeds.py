"""Calendars that people subscribe to: whose deadlines they show, under a token that can be withdrawn and ends with their post.

Whoever has the token reads the calendar, as calendar programs cannot sign in: so it says when something is due and nothing of whom.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, LiteralString

from application.store.connections import Connections
from domain.language import NotAllowed
from domain.people import By

Kind = Literal["person", "partnership"]

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
MOST = 20
"""Feeds that one person may have at a time: one for each calendar program they use."""

OF_THEIR_OWN = frozenset(
    {
        "business-manager", "partnership-officer", "delegated-partner", "lead-partner", "named-portal-user", "local-authority-practitioner",
        "implementation-group-chair", "agency-author",
    }
)  # fmt: skip
"""Roles to which deadlines fall, whichever the case."""

OF_THE_PARTNERSHIP = frozenset({"business-manager", "partnership-officer", "delegated-partner", "lead-partner", "scrutineer"})
"""Roles that read the deadlines of every case of their partnership."""


NOT_HELD = "The register does not know whoever asks in this post: what is made for a post begins and ends with it."


@dataclass(frozen=True)
class Feed:
    """A calendar: of what falls to a person in their role, or of all deadlines of a partnership."""

    id: uuid.UUID
    kind: Kind
    person: str
    role: str
    organisation: str | None
    partnership: str
    made_at: datetime
    withdrawn_at: datetime | None


MADE: LiteralString = """
INSERT INTO calendar_feeds (id, token, kind, person, role, organisation, partnership)
SELECT %b::uuid, %b::bytea, %b::text, %b::text, %b::text, %b::text, %b::text WHERE holds_post(%b, %b, %b::text, %b)
ON CONFLICT (id) DO NOTHING
"""
SELECT: LiteralString = "SELECT id, kind, person, role, organisation, partnership, made_at, withdrawn_at FROM calendar_feeds"
OF_A_PERSON: LiteralString = f"{SELECT} WHERE person = %b ORDER BY made_at, id"
OF_A_TOKEN: LiteralString = f"{SELECT} WHERE token = %b AND withdrawn_at IS NULL AND holds_post(person, role, organisation, partnership)"
WITHDRAWN: LiteralString = """
UPDATE calendar_feeds SET withdrawn_at = coalesce(withdrawn_at, clock_timestamp())
 WHERE id = %b AND (person = %b OR partnership = %b::text) RETURNING id
"""


class Feeds:
    """The feeds of a store. Tokens are random, shown once, and kept only as their SHA-256."""

    def __init__(self, url: str) -> None:
        self._database = Connections(url, most=2, application="casetrail-feeds")

    async def open(self) -> None:
        await self._database.open()

    async def close(self) -> None:
        await self._database.close()

    async def make(self, by: By, partnership: str, kind: Kind) -> tuple[Feed, str]:
        """A new feed for whoever asks, and its token.

        Raises:
            NotAllowed: nothing falls to this role, it does not read all deadlines of a partnership, or the post is not theirs.
        """
        if kind == "person" and (by.role not in OF_THEIR_OWN or (by.role == "agency-author" and not by.organisation)):
            raise NotAllowed("A calendar of one's own is for roles to which deadlines fall, for an agency's author with their agency.")
        if kind == "partnership" and by.role not in OF_THE_PARTNERSHIP:
            raise NotAllowed("The calendar of a partnership is for those who read the deadlines of all its cases.")
        if by.partnership not in (None, partnership):
            raise NotAllowed("A calendar is of one's own partnership (X-3).")
        if sum(feed.withdrawn_at is None for feed in await self.of(by.person)) >= MOST:
            raise NotAllowed(f"Nobody has more than {MOST} calendars: withdraw one that is no longer used.")
        token = secrets.token_urlsafe(32)
        post = (by.person, by.role, by.organisation, partnership)
        await self._database.ask(MADE, (uuid.uuid4(), _kept(token), kind, *post, *post))
        made = await self.found(token)
        if made is None:
            raise NotAllowed(NOT_HELD)
        return made, token

    async def of(self, person: str) -> list[Feed]:
        """The feeds of a person, those that were withdrawn among them."""
        rows = await self._database.ask(OF_A_PERSON, (person,))
        return [Feed(*row) for row in rows]

    async def found(self, token: str) -> Feed | None:
        """The feed of a token that was not withdrawn, while its person holds the post it was made for."""
        if not TOKEN.fullmatch(token):
            return None
        rows = await self._database.ask(OF_A_TOKEN, (_kept(token),))
        return Feed(*rows[0]) if rows else None

    async def withdraw(self, feed: uuid.UUID, by: By) -> bool:
        """Withdraw a feed of one's own; a business manager any of their partnership. False where there is none such."""
        whose = by.partnership if by.role == "business-manager" else None
        rows = await self._database.ask(WITHDRAWN, (feed, by.person, whose))
        return bool(rows)


def _kept(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
