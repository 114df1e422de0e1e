"""The register of persons: opaque ids, names sealed under each person's own key, and the words by which somebody is known.

A word (a candidate's name, a child's ref) is never kept: only an HMAC of it, under a key of the key store, so that the register
can be asked "is this one known?" and not "who is known?". In a rehearsal the `by` strings of a scenario are such words too.
"""

from __future__ import annotations

import hmac
import json
import secrets
import uuid
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from re import fullmatch
from typing import NamedTuple

from application.store.connections import Connections
from application.store.keys import Keys
from application.store.mapper import seal, unseal
from domain.language import Refused
from domain.people import PERSON_ID, ROLES, By, PersonId
from domain.personal import Sealed

NAME_OF_A_PERSON = b"register|name"
"""What a sealed name is bound to beside its person."""


@dataclass(frozen=True)
class Person:
    """Somebody. Provisional until kept: then the words they are known by, and what they are called, are to be stored."""

    id: PersonId
    provisional: bool = False
    called: str | None = None
    known_as: tuple[bytes, ...] = ()
    asks: bytes | None = None


class Scopes(NamedTuple):
    """Under which scope a text names who asks, a plain word somebody, the last part of such a text them, and a ref a child."""

    by: str
    word: str
    name: str
    child: str


REHEARSED = Scopes("by", "", "name", "child")
ACCOUNTS = Scopes("account", "account|word", "account|name", "account|child")


def _told_of(partnership: str | None, file: str) -> Scopes:
    told_of = f"told of|{partnership}"
    return Scopes(told_of, f"{told_of}|word", f"{told_of}|name", f"{told_of}|child|{file}")


class Register:
    """The register over a record and its keys. In a rehearsal words are known across the whole store."""

    SOMEBODY_NEW = "\x00somebody new"
    """Stands where a command makes a person whom no word names."""

    OF_THIS_CASE = "\x01"
    """Before a word that names somebody within this case only: a child's ref is not the child of that ref elsewhere."""

    def __init__(self, url: str, keys: Keys) -> None:
        self._database = Connections(url, most=2, application="casetrail-register")
        self._keys = keys
        self._index = b""
        self._rehearsal = False
        self._asked: dict[tuple[str, str], PersonId] = {}
        self._posts: set[tuple[str, str, str | None, str | None]] = set()
        self._imagined: dict[bytes, tuple[PersonId, bool]] | None = None
        self._telling: str | None = None
        self._holders: dict[tuple[str, str | None], PersonId] = {}

    async def open(self, *, rehearsal: bool) -> None:
        self._rehearsal = rehearsal
        await self._database.open()
        self._index = await self._keys.secret("blind-index")

    async def close(self) -> None:
        await self._database.close()

    def imagining(self) -> Register:
        """The same register, in which new persons are only imagined."""
        other = copy(self)
        other._asked = dict(self._asked)
        other._holders = dict(self._holders)
        other._imagined = {}
        return other

    def telling(self, file: str) -> Register:
        """The same register while it is told of history: words name persons as in a rehearsal, but within their partnership.

        A child is known by its ref within the `file` that tells of it.
        """
        other = copy(self)
        other._asked, other._holders, other._telling = {}, {}, file
        return other

    def _scopes(self, partnership: str | None) -> Scopes | None:
        """Under which scopes words are known beyond their case; nowhere, unless history is rehearsed or told."""
        if self._rehearsal:
            return REHEARSED
        return None if self._telling is None else _told_of(partnership, self._telling)

    # --- words that name somebody

    async def resolve(
        self, word: str, *, scope: str, partnership: str | None, among: Iterable[Person] = (), holding: str | None = None
    ) -> Person:
        """Who is meant by this word on the stream `scope`: a person id, somebody known by the word, or somebody new.

        `among` are persons that this very command makes. `holding` is a role: where the word names nobody known, whoever
        holds it in the partnership is meant.

        Raises:
            Refused: a person id that the register does not know.
        """
        if fullmatch(PERSON_ID, word):
            imagined = self._imagined is not None and any(word == person for person, _ in self._imagined.values())
            if not imagined and not await self._database.ask("SELECT FROM persons WHERE person = %b", (word,)):
                raise Refused("There is no person of this id in the register (TOOL-12).")
            return Person(word)
        if word == self.SOMEBODY_NEW:
            return Person(_new_id(), provisional=True)
        own = word.startswith(self.OF_THIS_CASE)
        word = word.removeprefix(self.OF_THIS_CASE)
        within = self._blind(scope, word)
        scopes = self._scopes(partnership)
        everywhere = tuple(self._blind(known, word) for known in scopes) if scopes and not own else ()
        for made in among:
            if within in made.known_as or set(everywhere) & set(made.known_as):
                return Person(made.id)
        for alias in (within, *everywhere):
            if found := await self._known(alias):
                return Person(found)
        if not own and scopes and word.split("/")[0] in ROLES:
            return Person(await self._asking(word, scopes))
        if holding and (holder := await self.holder(holding, partnership)):
            return Person(holder)
        # a child's ref finds the child from another case too, where nobody there is known by it (record-same-person)
        known_as = (within, self._blind(scopes.child if own else scopes.word, word)) if scopes else (within,)
        return Person(_new_id(), provisional=True, called=word, known_as=known_as)

    async def keep(self, people: Sequence[Person]) -> None:
        """Store persons that were provisional. Keys first: a person whose key is not durable is not kept."""
        if not people:
            return
        if self._imagined is not None:
            for person in people:
                self._imagined |= {alias: (person.id, False) for alias in person.known_as if alias not in self._imagined}
                self._imagined |= {person.asks: (person.id, True)} if person.asks else {}
            return
        keys = await self._keys.of_persons(person.id for person in people)
        for person in people:
            name = None
            if person.called:
                sealed = seal(person.called, person.id, keys[person.id], NAME_OF_A_PERSON + person.id.encode())
                name = json.dumps({"c": sealed.c, "e": sealed.e, "k": sealed.k})
            await self._database.ask(
                "INSERT INTO persons (person, name) VALUES (%b::text, %b::text::jsonb) ON CONFLICT DO NOTHING", (person.id, name)
            )
            for alias in person.known_as:
                await self._database.ask(
                    "INSERT INTO aliases (alias, person, asks) VALUES (%b, %b, false) ON CONFLICT DO NOTHING", (alias, person.id)
                )
            if person.asks:
                await self._database.ask(
                    "INSERT INTO aliases (alias, person, asks) VALUES (%b, %b, true) ON CONFLICT DO NOTHING", (person.asks, person.id)
                )

    async def forget(self, person: PersonId) -> None:
        """Nobody is found by the words of this person any more; their name is gone, and the address they were reminded at."""
        await self._database.ask("DELETE FROM aliases WHERE person = %b", (person,))
        await self._database.ask("UPDATE persons SET name = NULL WHERE person = %b", (person,))
        await self._database.ask("UPDATE reminder_addresses SET address = NULL WHERE person = %b", (person,))
        await self._database.ask(
            "UPDATE sessions SET ended_at = clock_timestamp(), why = 'erased' WHERE person = %b AND ended_at IS NULL", (person,)
        )
        self._asked = {text: asked for text, asked in self._asked.items() if asked != person}
        self._holders = {role: holder for role, holder in self._holders.items() if holder != person}

    # --- who asks, where they sign in

    async def signed_in(self, issuer: str, subject: str, called: str | None = None) -> PersonId:
        """The person whom an issuer tells of under this subject, known from now on; only a blind index of the two is kept.

        What they are `called` is sealed when they first come.
        """
        alias = self._blind("signs in", json.dumps([issuer, subject]))
        if found := await self._known(alias):
            return found
        person = Person(_new_id(), provisional=True, called=called, asks=alias)
        await self.keep([person])
        return await self._known(alias) or person.id

    async def known(self, person: PersonId) -> bool:
        """Whether there is such a person."""
        return bool(await self._database.ask("SELECT FROM persons WHERE person = %b", (person,)))

    async def called(self, persons: Iterable[PersonId]) -> dict[PersonId, str]:
        """What these persons are called, those of whom a name can be opened."""
        rows = await self._database.ask(
            "SELECT person, name FROM persons WHERE person = ANY(%b::text[]) AND name IS NOT NULL", ([*persons],)
        )
        keys = await self._keys.get(person for person, _ in rows)
        return {
            person: unseal(Sealed(**name), key, NAME_OF_A_PERSON + person.encode())
            for person, name in rows
            if (key := keys[person]) is not None
        }

    # --- who asks, in a rehearsal

    async def rehearsed(self, text: str) -> PersonId:
        """The person that `role[/organisation[/name[/partnership]]]` stands for: one for each distinct text.

        A name that a plain word named before (a candidate who is now the reviewer) is that person, unless somebody else
        already asks under it.
        """
        return await self._asking(text, REHEARSED)

    async def of_account(self, name: str) -> PersonId:
        """Whoever works under this account of the operating system."""
        return await self._asking(name.replace("/", "-"), ACCOUNTS)

    async def told_of(self, text: str, partnership: str) -> PersonId:
        """Whoever history tells of under these words: one person for each distinct text in the partnership."""
        return await self._asking(text, self._scopes(partnership) or _told_of(partnership, ""))

    async def _asking(self, text: str, scopes: Scopes) -> PersonId:
        if (scopes.by, text) in self._asked:
            return self._asked[scopes.by, text]
        asks = self._blind(scopes.by, text)
        found = await self._known(asks)
        if found is None:
            _, _, name, *_ = (*text.split("/"), "", "")
            claimed = await self._unclaimed(self._blind(scopes.word, name)) if name else None
            person = Person(
                claimed or _new_id(), provisional=True, called=None if claimed else text, asks=asks,
                known_as=(self._blind(scopes.name, name),) if name else (),
            )  # fmt: skip
            await self.keep([person])
            found = await self._known(asks) or person.id
        self._asked[scopes.by, text] = found
        return found

    async def holds(self, by: By, on: date) -> None:
        """In a rehearsal, remember that somebody was seen in this post: who holds a role in a partnership can be asked for."""
        post = (by.person, by.role, by.organisation, by.partnership)
        self._holders.setdefault((by.role, by.partnership), by.person)
        if post in self._posts or not self._rehearsal or self._imagined is not None:
            return
        await self._database.ask("INSERT INTO persons (person) VALUES (%b) ON CONFLICT DO NOTHING", (by.person,))
        await self._database.ask(
            "INSERT INTO posts (person, role, organisation, partnership, from_day) SELECT %b::text, %b::text, %b::text, %b::text, %b::date"
            " WHERE NOT EXISTS (SELECT FROM posts WHERE person = %b AND role = %b AND organisation IS NOT DISTINCT FROM %b::text"
            " AND partnership IS NOT DISTINCT FROM %b::text AND ended_at IS NULL)",
            (*post, on, *post),
        )
        self._posts.add(post)

    async def leaves(self, person: PersonId, role: str, partnership: str | None, until: date) -> bool:
        """Somebody leaves a post: this day was their last in it, and what was made for it ends. False where they did not hold it."""
        rows = await self._database.ask(
            "UPDATE posts SET until_day = greatest(from_day, %b::date) WHERE person = %b AND role = %b"
            " AND partnership IS NOT DISTINCT FROM %b::text AND ended_at IS NULL"
            " AND (until_day IS NULL OR claimed AND until_day > %b::date) RETURNING id",
            (until, person, role, partnership, until),
        )
        self._holders = {post: holder for post, holder in self._holders.items() if holder != person}
        return bool(rows)

    async def holder(self, role: str, partnership: str | None) -> PersonId | None:
        """Who holds this role in the partnership: the one seen in it first, where there are several."""
        if (self._telling is not None or self._imagined is not None) and (role, partnership) in self._holders:
            return self._holders[role, partnership]
        rows = await self._database.ask(
            "SELECT person FROM posts WHERE role = %b AND partnership IS NOT DISTINCT FROM %b::text AND ended_at IS NULL"
            " AND (until_day IS NULL OR claimed AND until_day >= (clock_timestamp() AT TIME ZONE 'Europe/London')::date)"
            " ORDER BY id LIMIT 1",
            (role, partnership),
        )
        return rows[0][0] if rows else None

    # --- how

    def _blind(self, scope: str, word: str) -> bytes:
        return hmac.digest(self._index, f"{scope}\x1f{word}".encode(), "sha256")

    async def _known(self, alias: bytes) -> PersonId | None:
        if self._imagined and alias in self._imagined:
            return self._imagined[alias][0]
        rows = await self._database.ask("SELECT person FROM aliases WHERE alias = %b", (alias,))
        return rows[0][0] if rows else None

    async def _unclaimed(self, alias: bytes) -> PersonId | None:
        if self._imagined and alias in self._imagined:
            person, _ = self._imagined[alias]
            return None if any(other == person and asks for other, asks in self._imagined.values()) else person
        rows = await self._database.ask(
            "SELECT person FROM aliases a WHERE alias = %b AND NOT EXISTS (SELECT FROM aliases b WHERE b.person = a.person AND b.asks)",
            (alias,),
        )
        return rows[0][0] if rows else None


def _new_id() -> PersonId:
    return f"person-{uuid.UUID(bytes=secrets.token_bytes(16), version=4).hex}"
