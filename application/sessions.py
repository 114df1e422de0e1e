"""Who is signed in: sessions that can be ended at any time, and sign-ins under way, each good for one answer of the provider.

A browser holds random words; here only their SHA-256 is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, LiteralString

from application.posts import Post, Posts
from application.store.connections import Connections
from domain.people import PersonId
from domain.working_days import london_date

How = Literal["provider", "demo"]
Why = Literal["signed-out", "signed-in-again", "revoked", "post-ended", "erased"]

SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
SIGN_IN_LASTS = timedelta(minutes=10)
ENDED_ARE_KEPT = timedelta(days=30)
"""So long it can be seen that a session was, and how it ended."""


@dataclass(frozen=True)
class Lasting:
    """How long a session lasts: unused, and at all."""

    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)


@dataclass(frozen=True)
class Begun:
    """A sign-in under way. `state` goes to the provider and back, `browser` stays in the browser that began it."""

    state: str
    browser: str
    nonce: str
    verifier: str
    back_to: str


@dataclass(frozen=True)
class Session:
    """Somebody signed in, with the posts they hold now. `token` is what a page of ours knows, and a page of others does not."""

    number: int
    person: PersonId
    post: Post | None
    posts: tuple[Post, ...]
    ends_at: datetime
    token: str


@dataclass(frozen=True)
class SessionTold:
    """A session as operators see it."""

    number: int
    person: PersonId
    how: How
    post: Post | None
    began_at: datetime
    seen_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    why: Why | None


BEGUN: LiteralString = """
INSERT INTO sign_ins (state, browser, nonce, verifier, back_to, begun_at) VALUES (%b, %b, %b::text, %b::text, %b::text, %b::timestamptz)
"""
TAKEN: LiteralString = """
DELETE FROM sign_ins WHERE state = %b AND browser = %b AND begun_at > %b::timestamptz RETURNING nonce, verifier, back_to
"""
STARTED: LiteralString = """
INSERT INTO sessions (id, person, how, role, organisation, partnership, began_at, seen_at, ends_at)
VALUES (%b, %b::text, %b::text, %b::text, %b::text, %b::text, %b::timestamptz, %b::timestamptz, %b::timestamptz)
"""
FOUND: LiteralString = """
SELECT number, person, role, organisation, partnership, seen_at, ends_at,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(p.role, p.organisation, p.partnership) ORDER BY p.id), '[]')
          FROM posts_held(s.person, %b) p)
  FROM sessions s WHERE id = %b AND ended_at IS NULL AND ends_at > %b::timestamptz AND seen_at > %b::timestamptz
"""
SEEN: LiteralString = "UPDATE sessions SET seen_at = %b::timestamptz WHERE number = %b AND ended_at IS NULL AND seen_at < %b::timestamptz"
CHOSEN: LiteralString = """
UPDATE sessions SET role = %b::text, organisation = %b::text, partnership = %b::text WHERE number = %b AND ended_at IS NULL
"""
ENDED: LiteralString = "UPDATE sessions SET ended_at = %b::timestamptz, why = %b::text WHERE ended_at IS NULL AND"
ENDED_BY_ID: LiteralString = f"{ENDED} id = %b RETURNING number"
ENDED_BY_NUMBER: LiteralString = f"{ENDED} number = %b RETURNING number"
ENDED_BY_PERSON: LiteralString = f"{ENDED} (%b::text IS NULL OR person = %b::text) RETURNING number"
LISTED: LiteralString = """
SELECT number, person, how, role, organisation, partnership, began_at, seen_at, ends_at, ended_at, why FROM sessions
 ORDER BY ended_at IS NOT NULL, number DESC LIMIT %b::bigint
"""


class Sessions:
    """The sessions of a store."""

    def __init__(self, url: str, lasting: Lasting | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = Connections(url, most=4, application="casetrail-sessions")
        self.posts = Posts(self._database)
        self.lasting = lasting or Lasting()
        self.clock = clock

    async def open(self) -> None:
        await self._database.open()

    async def close(self) -> None:
        await self._database.close()

    # --- signing in

    async def begin(self, back_to: str) -> Begun:
        """A sign-in begins; what was begun long ago and came to nothing is forgotten."""
        now = self.clock()
        await self._database.ask("DELETE FROM sign_ins WHERE begun_at < %b::timestamptz", (now - SIGN_IN_LASTS,))
        state, browser, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
        begun = Begun(state, browser, nonce, verifier, back_to)
        row = (_kept(begun.state), _kept(begun.browser), begun.nonce, begun.verifier, back_to, now)
        await self._database.ask(BEGUN, row)
        return begun

    async def taken(self, state: str, browser: str) -> Begun | None:
        """The sign-in that this answer belongs to, once: none where another browser began it, it is too old, or was answered before."""
        if not (SECRET.fullmatch(state) and SECRET.fullmatch(browser)):
            return None
        rows = await self._database.ask(TAKEN, (_kept(state), _kept(browser), self.clock() - SIGN_IN_LASTS))
        return Begun(state, browser, *rows[0]) if rows else None

    async def start(self, person: PersonId, how: How, post: Post | None, before: str | None = None) -> str:
        """Somebody is signed in: the random words for their browser, never those that it held `before`, which are good for nothing now."""
        now = self.clock()
        if before is not None:
            await self.end_this(before, "signed-in-again")
        await self._database.ask("DELETE FROM sessions WHERE ends_at < %b::timestamptz", (now - ENDED_ARE_KEPT,))
        words = secrets.token_urlsafe(32)
        row = (_kept(words), person, how, *(post or (None, None, None)), now, now, now + self.lasting.longest)
        await self._database.ask(STARTED, row)
        return words

    # --- signed in

    async def found(self, words: str, *, in_use: bool = True) -> Session | None:
        """The session of these words, unless it ended, was left idle too long, or the post that it was for is not held any more.

        `in_use`: somebody asks in it, so it is not idle.
        """
        if not SECRET.fullmatch(words):
            return None
        now = self.clock()
        rows = await self._database.ask(FOUND, (london_date(now), _kept(words), now, now - self.lasting.idle))
        if not rows:
            return None
        number, person, role, organisation, partnership, seen_at, ends_at, held = rows[0]
        posts = tuple(dict.fromkeys(Post(*post) for post in held))
        post = Post(role, organisation, partnership) if role else None
        if post is not None and post not in posts:
            await self.end_of(person, "post-ended")
            return None
        if in_use and (stale := now - self.lasting.idle / 20) > seen_at:
            await self._database.ask(SEEN, (now, number, stale))
        return Session(number, person, post, posts, ends_at, token_of(words))

    async def choose(self, session: Session, post: Post) -> None:
        """From now on this session asks in this post."""
        await self._database.ask(CHOSEN, (*post, session.number))

    # --- ended

    async def end_this(self, words: str, why: Why) -> bool:
        """End the session of these words."""
        return bool(await self._database.ask(ENDED_BY_ID, (self.clock(), why, _kept(words))))

    async def end(self, number: int, why: Why = "revoked") -> bool:
        """End a session by its number."""
        return bool(await self._database.ask(ENDED_BY_NUMBER, (self.clock(), why, number)))

    async def end_of(self, person: PersonId | None, why: Why = "revoked") -> int:
        """End every session of a person, or of everybody: how many there were."""
        return len(await self._database.ask(ENDED_BY_PERSON, (self.clock(), why, person, person)))

    async def listed(self, most: int = 200) -> list[SessionTold]:
        """Sessions, those that last first."""
        rows = await self._database.ask(LISTED, (most,))
        return [SessionTold(row[0], row[1], row[2], Post(*row[3:6]) if row[3] else None, *row[6:]) for row in rows]


def token_of(words: str) -> str:
    """What a page of this session sends along with what it changes; nobody finds the session from it."""
    return hmac.digest(words.encode(), b"casetrail|token", "sha256").hex()


def _kept(words: str) -> bytes:
    return hashlib.sha256(words.encode()).digest()
