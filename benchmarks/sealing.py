"""What the chain and the sealing of words add to an append: the same bytes with and without."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import psycopg

from application.store.store import Store
from benchmarks.append import all_at_once
from benchmarks.ground import Ground
from benchmarks.histories import discussions, saved
from benchmarks.measuring import Figures, interleaved
from domain.language import CaseEvent
from domain.stages.notification import NotificationDiscussed, NotificationShared
from interfaces import wiring
from interfaces.databases import Databases

CHAINED = "sha256('\\x01'::bytea || link || int4send(length(headers[j])) || headers[j] || int4send(length(bodies[j])) || bodies[j])"
SEALED: list[CaseEvent] = [NotificationDiscussed(**fields) for fields in discussions()]  # type: ignore[arg-type]  # a role among the roles
PLAIN: list[CaseEvent] = [NotificationShared(partner="health", channel="portal", what=("x" * 1150,))]
"""Nothing in it is personal, and it is as long as the others are once they are sealed."""


def unchain(places: Databases) -> None:
    """Let the append of this store make no chain."""
    with psycopg.connect(places.owner_record, autocommit=True) as connection:
        row = connection.execute("SELECT pg_get_functiondef('append_events'::regproc)").fetchone()
        text = str(row[0]) if row else ""
        if text.count(CHAINED) != 1:
            raise RuntimeError("the append makes its chain otherwise than this benchmark knows")
        connection.execute(text.replace(CHAINED, "link").encode())


async def appending(store: Store, events: list[CaseEvent], seconds: float, at_once: int) -> Figures:
    """Events of this kind, by so many at once."""

    class Stream:
        def __init__(self) -> None:
            self.name, self.place = f"case/{uuid4()}", 0

        async def append(self, n: int) -> None:
            save = saved(self.name, self.place, [events[n % len(events)]], on=date(2026, 1, 5))
            self.place = (await store.append(save)).place

    figures = await all_at_once([Stream().append for _ in range(at_once)], seconds)
    return {"us": 1e6 / figures["rate"]}


async def run(ground: Ground) -> None:
    """Measure it."""
    ground.told("Chain and seals: a store, and one whose append makes no chain")
    other = await ground.store()
    unchain(other)
    seconds = ground.sizes.slice
    async with wiring.Service(await ground.store()) as chained, wiring.Service(other) as unchained:
        contenders = {
            f"{what}, {at_once} in flight": (lambda store=store, events=events, at_once=at_once: appending(store, events, seconds, at_once))
            for at_once in (1, 64)
            for what, store, events in (
                ("chained and sealed", chained.store, SEALED),
                ("chained", chained.store, PLAIN),
                ("sealed", unchained.store, SEALED),
                ("neither", unchained.store, PLAIN),
            )
        }
        found = await interleaved(contenders, ground.sizes.rounds, ground.told)
    for at_once in (1, 64):
        neither = found[f"neither, {at_once} in flight"]
        for what in ("chained and sealed", "chained", "sealed"):
            ground.sheet.compare(
                f"time of an append, {what}, {at_once} in flight, to neither (microseconds)",
                found[f"{what}, {at_once} in flight"],
                neither,
                "us",
            )
