"""Posts: the role, organisation and partnership in which a person may ask. Some are given here, others the provider tells of."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import LiteralString, NamedTuple

from application.store.connections import Connections
from domain.people import PersonId

LAPSES_AFTER = timedelta(days=31)
"""A post that the provider told of ends when it has not told of it again for so long: somebody who left does not sign in any more."""


class Post(NamedTuple):
    """In what capacity somebody asks. As text: `role/organisation/partnership`, the organisation empty where there is none."""

    role: str
    organisation: str | None
    partnership: str

    def __str__(self) -> str:
        return f"{self.role}/{self.organisation or ''}/{self.partnership}"


@dataclass(frozen=True)
class PostHeld:
    """A post as the register has it."""

    id: int
    person: PersonId
    post: Post
    from_day: date
    until_day: date | None
    ended_at: datetime | None
    claimed: bool


OF_A_PERSON: LiteralString = "SELECT role, organisation, partnership FROM posts_held(%b, %b) ORDER BY id"
GIVEN_TO: LiteralString = "SELECT role, organisation, partnership FROM posts_held(%b, %b) WHERE NOT claimed ORDER BY id"
CLAIMED: LiteralString = "SELECT id, role, organisation, partnership FROM posts_held(%b, %b) WHERE claimed"
TAKEN: LiteralString = """
UPDATE posts SET ended_at = %b::timestamptz, until_day = least(coalesce(until_day, 'infinity'), greatest(from_day, %b::date))
 WHERE id = ANY(%b::bigint[]) AND ended_at IS NULL RETURNING id
"""
EXTENDED: LiteralString = "UPDATE posts SET until_day = %b::date WHERE id = ANY(%b::bigint[]) AND ended_at IS NULL AND until_day < %b::date"
GIVEN: LiteralString = """
INSERT INTO posts (person, role, organisation, partnership, from_day, until_day, claimed)
VALUES (%b::text, %b::text, %b::text, %b::text, %b::date, %b::date, %b::boolean) ON CONFLICT DO NOTHING RETURNING id
"""
LISTED: LiteralString = """
SELECT id, person, role, organisation, partnership, from_day, until_day, ended_at, claimed FROM posts
 WHERE partnership IS NOT NULL AND (%b::text IS NULL OR person = %b::text) ORDER BY id DESC LIMIT %b::bigint
"""


class Posts:
    """Who holds which post."""

    def __init__(self, database: Connections) -> None:
        self._database = database

    async def of(self, person: PersonId, today: date, *, given_only: bool = False) -> list[Post]:
        """The posts that a person holds on this day, each once; those given here alone, where a token itself tells of the others."""
        rows = await self._database.ask(GIVEN_TO if given_only else OF_A_PERSON, (person, today))
        return [*dict.fromkeys(Post(*row) for row in rows)]

    async def told_of(self, person: PersonId, told: Collection[Post], at: datetime, today: date) -> None:
        """What the provider tells at a sign-in: those posts are held from now on, and others that it told of before are not any more."""
        rows = await self._database.ask(CLAIMED, (person, today))
        known = {Post(*post): id_ for id_, *post in rows}
        gone = [id_ for id_, *post in rows if Post(*post) not in told]
        if gone:
            await self._database.ask(TAKEN, (at, today, gone))
        lapses = today + LAPSES_AFTER
        await self._database.ask(EXTENDED, (lapses, [known[post] for post in told if post in known], lapses))
        for post in told:
            if post not in known:
                await self._database.ask(GIVEN, (person, *post, today, lapses, True))

    async def give(self, person: PersonId, post: Post, from_day: date, until_day: date | None = None) -> int | None:
        """A post given here. None where the person was given it from that day already."""
        rows = await self._database.ask(GIVEN, (person, *post, from_day, until_day, False))
        return rows[0][0] if rows else None

    async def end(self, posts: Iterable[int], at: datetime, today: date) -> int:
        """Take posts away at once: how many were. The sessions of whoever held them end in the same statement."""
        return len(await self._database.ask(TAKEN, (at, today, [*posts])))

    async def listed(self, person: PersonId | None = None, most: int = 200) -> list[PostHeld]:
        """Posts, the latest first, those that ended among them."""
        rows = await self._database.ask(LISTED, (person, person, most))
        return [PostHeld(row[0], row[1], Post(*row[2:5]), *row[5:]) for row in rows]
