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
from datetime import datetime, timedelta
from typing import Literal, LiteralString

from application.posts import CURRENT, Post, Posts
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
FOUND: LiteralString = f"""
SELECT number, person, role, organisation, partnership, seen_at, ends_at,
       coalesce((SELECT jsonb_agg(jsonb_build_array(p.role, p.organisation, p.partnership) ORDER BY p.id)
                   FROM posts p WHERE p.person = s.person AND p.{CURRENT.strip().replace(" AND ", " AND p.").replace("(until_day", "(p.until_day").replace("OR until", "OR p.until").replace("p.(p.", "(p.")}), '[]')
  FROM sessions s WHERE id = %b AND ended_at IS NULL AND ends_at > %b::timestamptz AND seen_at > %b::timestamptz
"""
