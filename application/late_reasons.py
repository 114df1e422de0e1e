"""Why something was late, as far as anybody recorded a reason: it explains, and never excuses (X-2).

A reason is the `because` of an entry that the clock rests on, and of a delay that was reported while a review ran.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from application.store.store import Store
from domain.clock import Clock
from domain.recorded import Recorded

DELAY = "delay-reported"


def explaining(clock: Clock, history: Sequence[Recorded]) -> list[Recorded]:
    """The entries that may say why this clock was late."""
    start = clock.since or clock.set_for
    reviewed = clock.within.unit == "months"
    return [
        entry
        for entry in history
        if entry.place in clock.places
        or (reviewed and entry.name == DELAY and start is not None and start <= entry.on and (clock.done is None or entry.on <= clock.done))
    ]


def reasons(entries: Sequence[Recorded], fields: Mapping[int, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The reasons recorded in these entries. `fields`: what each says, by place, words in the clear or "[erased]"."""
    return [
        {"place": entry.place, "name": entry.name, "on": entry.on.isoformat(), "because": because}
        for entry in entries
        if (because := fields.get(entry.place, {}).get("because"))
    ]


async def reasons_of(store: Store, stream: str, clocks: Sequence[Clock], as_of: datetime | None) -> list[list[dict[str, Any]]]:
    """The reasons recorded for each of these clocks of one case, the case being read once."""
    history = await store.history(stream, as_of=as_of)
    found = [explaining(clock, history) for clock in clocks]
    places = [entry.place for entries in found for entry in entries]
    between = [entry for entry in history if places and min(places) <= entry.place <= max(places)]
    fields = await store.bodies(stream, between)
    return [reasons(entries, fields) for entries in found]
