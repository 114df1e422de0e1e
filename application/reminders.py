"""Who wants to be reminded by e-mail: for which post, and where to. One digest a working day goes to each (`application.outbox`).

The address is sealed under the key of its person, as their name in the register is: erasing the person takes it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import msgspec

from application.feeds import NOT_HELD, OF_THEIR_OWN
from application.store.connections import Connections
from application.store.keys import KeyDestroyed, Keys
from application.store.mapper import seal, unseal
from domain.language import NotAllowed
from domain.people import By
from domain.personal import Sealed

ADDRESS_OF_A_PERSON = b"reminders|address"
"""What a sealed address is bound to beside its person."""

ADDRESS = (
    r"^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$"
)
"""An address that every mail server takes: ASCII, with a domain of two parts or more."""

LONGEST = 254


@dataclass(frozen=True)
class Reminder:
    """What somebody asked for: digests of what falls to them in this post. `address` is None once withdrawn or erased."""

    person: str
    role: str
    organisation: str | None
    partnership: str
    sealed: Any
    asked_at: datetime
    withdrawn_at: datetime | None
    held: bool


SELECT: LiteralString = """
SELECT person, role, organisation, partnership, address, asked_at, withdrawn_at,
       holds_post(person, role, organisation, partnership) AS held
  FROM reminder_addresses
"""
OF_A_PERSON: LiteralString = f"{SELECT} WHERE person = %b"
WANTED: LiteralString = f"{SELECT} WHERE address IS NOT NULL AND holds_post(person, role, organisation, partnership) ORDER BY person"
ASKED: LiteralString = """
INSERT INTO reminder_addresses (person, role, organisation, partnership, address)
SELECT %b::text, %b::text, %b::text, %b::text, %b::text::jsonb WHERE holds_post(%b, %b, %b::text, %b)
ON CONFLICT (person) DO UPDATE
   SET role = excluded.role, organisation = excluded.organisation, partnership = excluded.partnership, address = excluded.address,
       asked_at = clock_timestamp(), withdrawn_at = NULL
RETURNING person
"""
WITHDRAWN: LiteralString = """
UPDATE reminder_addresses SET withdrawn_at = clock_timestamp(), address = NULL
 WHERE person = %b AND withdrawn_at IS NULL RETURNING person
"""
COUNTED: LiteralString = """
SELECT state, count(*)::int FROM digests WHERE state IN ('to-send', 'sending', 'in-doubt', 'refused') GROUP BY state
"""


class Reminders:
    """Who asked for digests in this store. Addresses are opened one at a time, when a digest goes out."""

    def __init__(self, url: str, keys: Keys) -> None:
        self._database = Connections(url, most=2, application="casetrail-reminders")
        self._keys = keys

    async def open(self) -> None:
        await self._database.open()

    async def close(self) -> None:
        await self._database.close()

    async def ask(self, by: By, partnership: str, address: str) -> Reminder:
        """Remind whoever asks, in this post, at this address; what they had asked for before is replaced.

        Raises:
            NotAllowed: nothing falls to this role, the post is not theirs, or they were erased.
        """
        if by.role not in (*OF_THEIR_OWN, "information-governance") or (by.role == "agency-author" and not by.organisation):
            raise NotAllowed("Reminders are for roles to which something falls, for an agency's author with their agency.")
        if by.partnership not in (None, partnership):
            raise NotAllowed("Reminders are of one's own partnership (X-3).")
        if not re.fullmatch(ADDRESS, address) or len(address) > LONGEST:
            raise ValueError("no address that mail can be sent to")
        try:
            key = (await self._keys.of_persons([by.person]))[by.person]
        except KeyDestroyed:
            raise NotAllowed("The personal data of this person was erased: no address can be kept for them.") from None
        sealed = seal(address, by.person, key, _bound(by.person))
        kept = json.dumps({"c": sealed.c, "e": sealed.e, "k": sealed.k})
        post = (by.person, by.role, by.organisation, partnership)
        if not await self._database.ask(ASKED, (*post, kept, *post)):
            raise NotAllowed(NOT_HELD)
        made = await self.of(by.person)
        assert made is not None  # noqa: S101  # it was just kept
        return made

    async def of(self, person: str) -> Reminder | None:
        """What this person asked for, withdrawn or not; None where they never did."""
        rows = await self._database.ask(OF_A_PERSON, (person,))
        return Reminder(*rows[0]) if rows else None

    async def wanted(self) -> list[Reminder]:
        """Whoever wants to be reminded, and still holds the post they asked for."""
        return [Reminder(*row) for row in await self._database.ask(WANTED)]

    async def withdraw(self, person: str) -> bool:
        """No digests any more, and the address is gone. False where nothing was asked for."""
        return bool(await self._database.ask(WITHDRAWN, (person,)))

    async def address(self, reminder: Reminder, *, fresh: bool = False) -> str | None:
        """The address in the clear; None where it was withdrawn, or erased with the key of its person.

        `fresh`: as the keys are now, not as they were half a minute ago.
        """
        if reminder.sealed is None:
            return None
        if fresh:
            self._keys.forget(reminder.person)
        key = (await self._keys.get([reminder.person]))[reminder.person]
        return None if key is None else unseal(msgspec.convert(reminder.sealed, Sealed), key, _bound(reminder.person))

    async def standing(self) -> dict[str, int]:
        """How many digests wait, are being sent, are in doubt and were refused."""
        return {"to-send": 0, "sending": 0, "in-doubt": 0, "refused": 0} | dict(await self._database.ask(COUNTED))


def _bound(person: str) -> bytes:
    return ADDRESS_OF_A_PERSON + person.encode()
