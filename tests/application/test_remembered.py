"""What a process remembers of the record is never what it answers with, where somebody else has been there since."""

from __future__ import annotations

from typing import Any

import pytest

from application.cases import Done, Moved
from application.remembered import Cached, TimeThere
from domain.case import recall
from domain.corrections import CorrectRecord
from domain.holds import LiftHold, PlaceHold
from domain.language import Refused
from domain.people import By
from domain.stages.notification import RecordAwareness
from domain.stages.opening import OpenCase
from interfaces import wiring
from interfaces.databases import Databases
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

AWARE = RecordAwareness(authority="bolton", how="h")
HOLD = PlaceHold.model_validate({"ref": "h", "scope": "interview", "asked_by": "p", "basis": "b", "review_on": "2030-01-01"})


async def ask(service: wiring.Service, command: Any, stream: str | None = None, seen: int | None = None) -> Done:
    by = By(person=await service.register.rehearsed("business-manager"), role="business-manager", partnership="bolton")
    return await service.cases.do(command, by, stream=stream, seen=seen)


async def test_two_processes_decide_on_what_the_other_recorded(places: Databases):
    async with wiring.Service(places) as one, wiring.Service(places) as other:
        stream = (await ask(one, OpenCase.model_validate(CASE))).stream
        await ask(other, AWARE, stream)
        assert (await ask(one, HOLD, stream)).place == 3  # decided again, past the other's entry
        with pytest.raises(Refused, match="h"):
            await ask(other, HOLD, stream)  # the other has not heard of the hold, and refuses it all the same
        assert (await ask(other, LiftHold(ref="h", because="over"), stream)).place == 4
        assert (await ask(one, HOLD.model_copy(update={"ref": "again"}), stream)).place == 5


async def test_nothing_is_refused_on_what_may_be_behind(places: Databases):
    async with wiring.Service(places) as one, wiring.Service(places) as other:
        stream = (await ask(one, OpenCase.model_validate(CASE))).stream
        await ask(one, AWARE, stream)
        await ask(other, HOLD, stream)
        assert (await ask(one, LiftHold(ref="h", because="over"), stream)).place == 4
        await ask(other, AWARE, stream)
        assert (await ask(one, AWARE, stream, seen=5)).place == 6  # the asker was shown what this process has not read yet


async def test_who_was_shown_less_is_told_all_they_missed(places: Databases):
    async with wiring.Service(places) as one, wiring.Service(places) as other:
        stream = (await ask(one, OpenCase.model_validate(CASE))).stream
        for _ in range(3):
            await ask(other, AWARE, stream)
        with pytest.raises(Moved) as moved:
            await ask(one, AWARE, stream, seen=1)
        assert [recorded.place for recorded in moved.value.missed] == [2, 3, 4]


async def test_what_is_remembered_is_what_would_be_recalled(service: wiring.Service):
    stream = (await ask(service, OpenCase.model_validate(CASE))).stream
    await ask(service, HOLD, stream)
    await ask(service, AWARE, stream)
    await ask(service, CorrectRecord(event_place=3, correction={"on": "2026-01-20"}, because="misread"), stream)
    await ask(service, AWARE, stream)
    remembered = await service.cases._cached.case(stream, fresh=False)
    history = await service.store.history(stream)
    assert list(remembered.history) == history
    assert remembered.case == recall(history)


async def test_cases_asked_of_longest_ago_are_forgotten_first(service: wiring.Service):
    streams = [(await ask(service, OpenCase.model_validate({**CASE, "label": f"Infant {n}"}))).stream for n in range(4)]
    cached = Cached(service.store, most=3)
    for stream in streams:
        await cached.case(stream, fresh=True)
    assert [cached.knows(stream) for stream in streams] == [False, True, True, True]


async def test_the_time_there_is_never_ahead_of_what_is_recorded_next(service: wiring.Service):
    import time

    there = TimeThere(service.store, time.monotonic)
    stream = (await ask(service, OpenCase.model_validate(CASE))).stream
    for _ in range(50):
        now = await there.now()
        recorded = (await ask(service, AWARE, stream)).recorded[0].at
        assert now < recorded
        there.heed(recorded)
        assert await there.now() >= recorded
