"""Whoever receives a notification asks whether the child is known: on which cases, of those that are theirs to read.

The index only says where to look. Whether a child stands there is asked of the record, and what may be told of the policies, case by
case; so an entry that is left over misleads nobody, and a case that somebody may not know of is neither shown nor counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from application.children import naming
from application.children.index import Index
from application.children.standing import TELLING, Standing, opened, standing
from application.policy.matrix import MATRIX, readings
from application.policy.of_cases import OnCases
from application.policy.on_a_case import ON_EVERY_CASE
from application.store.store import Store
from domain.corrections import effective
from domain.language import NotAllowed
from domain.people import PARTNERS, ROLES, By
from domain.recorded import Recorded
from domain.roles import WHO, a, listed_or
from domain.stage import STAGES, stage
from domain.stages.opening import CaseOpened

MOST, WITHIN = 30, timedelta(minutes=10)
"""So often one person searches in so long: enough for a busy morning, and too little to try out names."""

EVENLY = 0.25
"""An answer comes at the end of a quarter of a second, so that how long it took tells little of what was not shown."""


def _receives(role: str) -> bool:
    reads = readings("notification", MATRIX.row(role).cell("notification"))
    return role in ON_EVERY_CASE and role in WHO["open-case"] and "full" in reads


SEARCHERS = tuple(role for role in ROLES if _receives(role))
"""Who opens cases and reads every notification of their partnership in full. Whoever only notifies would learn that a child is known."""


class TooOften(Exception):
    """This person has searched too often; `seconds` from now they may again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"You have searched {MOST} times in {WITHIN.seconds // 60} minutes; search again in a while.")
        self.seconds = seconds


@dataclass(frozen=True)
class Found:
    """A case on which the child stands, and as what."""

    case: str
    label: str
    partnership: str
    stage: str
    opened_on: date
    child: Standing

    def as_json(self) -> dict[str, Any]:
        child = self.child.child
        return {
            "case": self.case, "label": self.label, "partnership": self.partnership, "stage": STAGES.get(self.stage, self.stage),
            "stage_code": self.stage, "opened_on": self.opened_on.isoformat(), "child": child.ref, "harm": child.harm,
        }  # fmt: skip


class Answer(NamedTuple):
    """What was found, the case opened last first, and the position of the record at which that is true."""

    found: list[Found]
    position: int


class Searching:
    """Searches of one store."""

    def __init__(self, index: Index, store: Store, on_cases: OnCases, clock: Callable[[], float]) -> None:
        self._index = index
        self._store = store
        self._on_cases = on_cases
        self._clock = clock

    async def search(self, name: str, born_on: date, by: By, *, at: datetime | None = None, of_each: bool = False) -> Answer:
        """The cases of which this person may read the notification in full, on which a child of this very name and birth date stands.

        In a rehearsal only: `at`, a chosen instant; `of_each`, they are of the partnership of each case.

        Raises:
            NotAllowed: it is not for them to search.
            TooOften: they have searched too often.
            BeingMade: the index is not whole yet.
        """
        may_search(by)
        if wait := await self._index.wait(by.person, MOST, WITHIN):
            raise TooOften(wait)
        began = self._clock()
        settled = await self._store.settled()
        streams = await self._index.streams(name, born_on)
        cases = [stream.removeprefix("case/") for stream in streams]
        readers = await self._on_cases.readers(cases, by, at or settled.now, until=at, of_each=of_each)
        known = await self._known(streams, at)
        # the words of all are opened, also of what is not told: an answer takes as long with it as without
        there = await self._there(known, name, born_on)
        found = []
        for case, history in known.items():
            reader = readers.get(case)
            if reader is not None and reader.may("notification").level == "full":
                found += [_found(case, history, child) for child in there[case]]
        await asyncio.sleep(EVENLY - (self._clock() - began) % EVENLY)
        return Answer(sorted(found, key=lambda one: (one.opened_on, one.case, one.child.child.ref), reverse=True), settled.position)

    async def _known(self, streams: Sequence[str], at: datetime | None) -> dict[str, list[Recorded]]:
        """The histories of these cases, those that there are; of what was recorded by an instant."""
        histories = await self._store.histories(streams)
        found = {
            stream.removeprefix("case/"): [recorded for recorded in history if at is None or recorded.at <= at]
            for stream, history in histories.items()
        }
        return {case: history for case, history in found.items() if history}

    async def _there(self, known: Mapping[str, Sequence[Recorded]], name: str, born_on: date) -> dict[str, list[Standing]]:
        """The children of this name and birth date that stand on each case."""
        telling = {case: [recorded for recorded in history if recorded.name in TELLING] for case, history in known.items()}
        clear = iter(await opened([recorded for history in telling.values() for recorded in history], self._store.keys))
        return {
            case: [child for child in standing([next(clear) for _ in history]) if _is(child, name, born_on)]
            for case, history in telling.items()
        }


def may_search(by: By) -> None:
    """Refuses whoever does not receive notifications.

    Raises:
        NotAllowed: with the rule of the matrix.
    """
    if by.role not in SEARCHERS or (by.role == "delegated-partner" and by.organisation not in PARTNERS):
        raise NotAllowed(f"{a(by.role).capitalize()} may not search for a child; it is for {listed_or(SEARCHERS)} (permission matrix).")


def _is(child: Standing, name: str, born_on: date) -> bool:
    return naming.day(child.born_on) == born_on and naming.same(child.name, name)


def _found(case: str, history: Sequence[Recorded], child: Standing) -> Found:
    told = next(recorded for recorded in effective(history) if isinstance(recorded.event, CaseOpened))
    return Found(case, told.event.label, told.event.partnership, stage(history), told.on, child)
