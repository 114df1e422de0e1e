"""Who looked: every look at a case is noted before it is answered (`docs/ledger.md`, 2), and found again by case and by person.

await looks.note(look(by, "history", streams=("case/…",), place=14, reason="the parents rang"))
(await looks.shown(by.person, "case/…")).place
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, LiteralString, NamedTuple

import msgspec

from application.case_view.readable import instant, present, said_by
from application.store import mapper
from application.store.connections import Connections
from application.store.keys import Keys
from application.store.noting import Noted, Noting
from domain.people import By, PersonId
from domain.personal import Sealed

STORED_FORM = 1
_encode = msgspec.json.Encoder().encode
_TAIL = len(b'1970-01-01T00:00:00Z"}')

Outcome = Literal["shown", "refused"]


class Look(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One look, in the order of its stored bytes; what says nothing is left out.

    `place` is the last place of the one stream that it was shown up to, `as_of` the instant asked about where it was not now,
    `position` that of the record at which the answer was true. `reason` is sealed as it is noted.
    """

    v: int
    id: str
    by: By
    capacity: str | None = None
    reason: str | Sealed | None = None
    view: str
    outcome: Outcome
    streams: tuple[str, ...] = ()
    place: int | None = None
    as_of: str | None = None
    documents: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    policy: str | None = None
    break_glass: bool = False
    position: int | None = None
    at: datetime


class Judged(NamedTuple):
    """What somebody was let in as, under which edition of the policies, which kinds were withheld, and whether by breaking the glass."""

    capacity: str
    policy: str | None = None
    withheld: tuple[str, ...] = ()
    break_glass: bool = False


def look(
    by: By,
    view: str,
    *,
    outcome: Outcome = "shown",
    streams: Iterable[str] = (),
    place: int | None = None,
    as_of: datetime | None = None,
    documents: Iterable[str] = (),
    reason: str | None = None,
    position: int | None = None,
    id: str | None = None,
    judged: Judged | None = None,
) -> Look:
    """A look that is yet to be noted. Nothing is said of what was shown where nothing was; nor of a policy where none was asked."""
    shown = outcome == "shown"
    judged = judged or Judged(by.role)
    return Look(
        v=STORED_FORM, id=id or str(uuid.uuid4()), by=by, capacity=judged.capacity, reason=reason or None, view=view, outcome=outcome,
        streams=tuple(dict.fromkeys(streams)), place=place if shown else None, as_of=instant(as_of) if as_of else None,
        documents=tuple(documents) if shown else (), withheld=judged.withheld if shown else (), policy=judged.policy,
        break_glass=judged.break_glass, position=position if shown else None, at=mapper.NO_INSTANT,
    )  # fmt: skip


class Shown(NamedTuple):
    """What somebody has been shown of a stream: the ids of their looks, the last place any of them reached, and what they opened."""

    looks: tuple[str, ...] = ()
    place: int = 0
    opened: tuple[str, ...] = ()


NOTHING = Shown()


class Wanted(NamedTuple):
    """Which looks are asked for: noted from one instant until another, both included; of these views; by this person."""

    since: datetime | None = None
    until: datetime | None = None
    views: Sequence[str] = ()
    person: PersonId | None = None


SHOWN: LiteralString = """
SELECT l.id::text, s.place, s.documents FROM look_streams s JOIN looks l USING (number)
 WHERE s.stream = %b AND s.person = %b AND s.outcome = 'shown' AND (%b::timestamptz IS NULL OR s.at <= %b::timestamptz)
   AND (s.place IS NOT NULL OR s.documents IS NOT NULL OR NOT starts_with(s.stream, 'case/'))
 ORDER BY s.number
"""
PLACES: LiteralString = """
SELECT l.id::text, s.place FROM looks l JOIN look_streams s USING (number)
 WHERE l.id = ANY(%b::text[]::uuid[]) AND s.stream = %b AND s.place IS NOT NULL
"""
OF_A_STREAM: LiteralString = """
SELECT s.number, l.record FROM look_streams s JOIN looks l USING (number)
 WHERE s.stream = %b AND s.number > %b
   AND (%b::timestamptz IS NULL OR s.at >= %b::timestamptz) AND (%b::timestamptz IS NULL OR s.at <= %b::timestamptz)
   AND (%b::text[] IS NULL OR l.view = ANY(%b::text[])) AND (%b::text IS NULL OR s.person = %b::text)
 ORDER BY s.number LIMIT %b
"""
OF_A_PERSON: LiteralString = """
SELECT number, record FROM looks
 WHERE person = %b AND number > %b
   AND (%b::timestamptz IS NULL OR at >= %b::timestamptz) AND (%b::timestamptz IS NULL OR at <= %b::timestamptz)
   AND (%b::text[] IS NULL OR view = ANY(%b::text[]))
 ORDER BY number LIMIT %b
"""


class Looks:
    """The looks of a store, noted in shared commits."""

    def __init__(self, url: str, keys: Keys) -> None:
        self._noting = Noting(url)
        self._database = Connections(url, most=2, application="casetrail-access")
        self._keys = keys

    async def open(self) -> None:
        await self._database.open()
        self._noting.start()

    async def close(self) -> None:
        await self._noting.close()
        await self._database.close()

    async def note(self, look: Look, *, at: datetime | None = None) -> None:
        """Returns once the look is durable; one of the same id that was noted before changes nothing. `at` is chosen in a rehearsal only.

        Raises:
            StoreAway: it could not be noted in time.
        """
        if isinstance(look.reason, str):
            ((key_id, key),) = await self._keys.take(1)
            look = msgspec.structs.replace(look, reason=mapper.seal(look.reason, key_id, key, bound_to(look.id)))
        await self._keep(
            Noted(look.id, _encode(look)[:-_TAIL], look.by.person, look.view, look.outcome, look.streams, look.place, look.documents, at)
        )

    async def shown(self, person: PersonId, stream: str, *, until: datetime | None = None) -> Shown:
        """What this person was shown of a stream, by this instant.

        A list of cases names a case and shows nothing of what was recorded on it: whoever looks at their board each day would carry
        every such look in everything they decide. It is told by `of_stream`, and counts here only where there is no other way to
        look: at a candidate.
        """
        return shown_by(await self._shown(person, stream, until))

    async def places(self, stream: str, looks: Iterable[str]) -> Mapping[str, int]:
        """Up to which place of the stream each of these looks was shown it; those that showed none are left out."""
        wanted = list(dict.fromkeys(looks))
        return await self._places(stream, wanted) if wanted else {}

    async def of_stream(self, stream: str, wanted: Wanted, *, after: int = 0, limit: int = 50) -> tuple[list[dict[str, Any]], int | None]:
        """A page of the looks at a stream in the order noted, their reasons opened; and the number after which the next begins."""
        rows = await self._of_stream(stream, wanted, after, limit + 1)
        found, last = await self._opened(rows, limit)
        return [item for item, _ in found], last

    async def of_person(
        self, person: PersonId, wanted: Wanted, *, after: int = 0, limit: int = 50
    ) -> tuple[list[tuple[dict[str, Any], tuple[str, ...]]], int | None]:
        """A page of the looks of a person at whatever it was, each with the streams it showed or asked for."""
        since, until, views = wanted[:3]
        asked = (since, since, until, until, list(views) or None, list(views) or None)
        return await self._opened(await self._database.ask(OF_A_PERSON, (person, after, *asked, limit + 1)), limit)

    # --- how

    async def _opened(
        self, rows: Sequence[tuple[int, bytes]], limit: int
    ) -> tuple[list[tuple[dict[str, Any], tuple[str, ...]]], int | None]:
        found = [(number, _decode(record)) for number, record in rows[:limit]]
        keys = await self._keys.get({one.reason.k for _, one in found if isinstance(one.reason, Sealed)})
        told_of = [(told(number, one, keys), one.streams) for number, one in found]
        return told_of, rows[limit - 1][0] if len(rows) > limit else None

    async def _keep(self, noted: Noted) -> None:
        await self._noting.note(noted)

    async def _shown(self, person: PersonId, stream: str, until: datetime | None) -> Iterable[tuple[str, int | None, list[str] | None]]:
        return [(row[0], row[1], row[2]) for row in await self._database.ask(SHOWN, (stream, person, until, until))]

    async def _places(self, stream: str, looks: list[str]) -> Mapping[str, int]:
        return {row[0]: row[1] for row in await self._database.ask(PLACES, (looks, stream))}

    async def _of_stream(self, stream: str, wanted: Wanted, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        since, until, views, person = wanted
        asked = (since, since, until, until, list(views) or None, list(views) or None, person, person)
        return [(row[0], row[1]) for row in await self._database.ask(OF_A_STREAM, (stream, after, *asked, limit))]


_decode = msgspec.json.Decoder(Look).decode


def bound_to(look: str) -> bytes:
    """What the reason of a look is sealed to: moved to another, it does not open."""
    return f"look|{look}|reason|1".encode()


def shown_by(looks: Iterable[tuple[str, int | None, Iterable[str] | None]]) -> Shown:
    """What these looks showed together: id, place and documents of each, in the order noted."""
    ids, place, opened = [], 0, dict[str, None]()
    for id_, reached, documents in looks:
        ids.append(id_)
        place = max(place, reached or 0)
        opened |= dict.fromkeys(documents or ())
    return Shown(tuple(ids), place, tuple(opened))


def told(number: int, look: Look, keys: Mapping[str, bytes | None]) -> dict[str, Any]:
    """A look as it is told to those who ask who looked. Of a list it says how many streams it showed, not which others."""
    reason = look.reason
    because = mapper.unseal(reason, keys.get(reason.k), bound_to(look.id)) if isinstance(reason, Sealed) else None
    return {
        "look": look.id,
        "number": number,
        "at": instant(look.at),
        "by": said_by(look.by),
        "view": look.view,
        "outcome": look.outcome,
        "break_glass": look.break_glass,
        **present(capacity=look.capacity, because=because, place=look.place, as_of=look.as_of, policy=look.policy, position=look.position),
        **{name: list(value) for name, value in (("documents", look.documents), ("withheld", look.withheld)) if value},
        **({"streams": len(look.streams)} if len(look.streams) > 1 else {}),
    }
