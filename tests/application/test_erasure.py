"""Erasing: the deed is recorded, and then the keys go; whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from application.store.connections import StoreAway
from application.store.mapper import ERASED
from domain.corrections import CorrectRecord
from domain.erasure import DisposeRecord, ErasePerson, RedactText
from domain.holds import PlaceLegalHold
from domain.language import Refused
from domain.people import By
from domain.stages.closing import CloseCase
from domain.stages.notification import RecordAwareness
from domain.stages.opening import OpenCase
from domain.stages.participation import InviteParticipant, OfferSupport
from interfaces import wiring
from interfaces.databases import Databases
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

GOVERNANCE = "information-governance"


async def ask(service: wiring.Service, stream: str | None, command: Any, role: str, at: datetime | None = None):
    by = By(person=await service.register.rehearsed(role), role=role, partnership="bolton")
    return await service.cases.do(command, by, stream=stream, at=at)


async def opened(service: wiring.Service, at: datetime | None = None) -> str:
    """A case in which a child is named, and how the authority became aware."""
    done = await ask(service, None, OpenCase.model_validate(CASE), "local-authority-practitioner", at)
    await ask(service, done.stream, RecordAwareness(authority="bolton", how="a neighbour, Mrs Oates"), "business-manager", at)
    return done.stream


async def told(service: wiring.Service, stream: str) -> dict[int, Any]:
    return dict(await service.store.bodies(stream, await service.store.history(stream)))


async def child(service: wiring.Service, stream: str) -> str:
    return str((await service.store.history(stream))[0].event.children[0].person)


# --- right after recording


async def test_an_erased_person_can_no_longer_be_read_nor_found(service: wiring.Service):
    stream = await opened(service)
    person = await child(service, stream)
    await ask(service, stream, ErasePerson(person=person, basis="upheld", because="asked"), GOVERNANCE)
    bodies = await told(service, stream)
    assert bodies[1]["children"][0]["name"] == ERASED
    assert bodies[2]["how"] == "a neighbour, Mrs Oates"
    assert bodies[3]["because"] == "asked"
    assert (await service.store.keys.get([person]))[person] is None


async def test_the_name_and_the_words_somebody_was_known_by_go_too(service: wiring.Service):
    stream = await opened(service)
    somebody = await service.register.rehearsed("participant/home/Ada Byrne")
    await ask(service, stream, ErasePerson(person=somebody, basis="b", because="asked"), GOVERNANCE)
    assert await service.register.rehearsed("participant/home/Ada Byrne") != somebody


async def test_a_redacted_text_goes_and_so_do_its_corrections(service: wiring.Service):
    stream = await opened(service)
    correction = CorrectRecord(event_place=2, correction={"how": "a neighbour, Mrs Otis"}, because="misspelt")
    await ask(service, stream, correction, "business-manager")
    await ask(service, stream, RedactText(event_place=2, field="how", because="names a neighbour"), GOVERNANCE)
    bodies = await told(service, stream)
    assert bodies[2]["how"] == ERASED
    assert bodies[3]["words"]["how"] == ERASED
    assert bodies[3]["because"] == "misspelt"
    assert bodies[1]["children"][0]["name"] == "Zebedee Quirke"


async def test_a_class_that_is_disposed_of_takes_its_texts_and_no_others(service: wiring.Service):
    year = datetime(2019, 3, 4, 12, tzinfo=UTC)
    case = OpenCase.model_validate({**CASE, "incident": {**CASE["incident"], "happened_on": "2019-03-01"}})  # type: ignore[dict-item]
    stream = (await ask(service, None, case, "local-authority-practitioner", year)).stream
    invited = InviteParticipant(participant="mother", kind="family", information_given="a leaflet")
    await ask(service, stream, invited, "business-manager", year)
    await ask(service, stream, OfferSupport(participant="mother", kind="counselling", because="she asked"), "business-manager", year)
    await ask(service, stream, CloseCase(because="all done"), "business-manager", year)
    later = datetime(2021, 1, 4, 12, tzinfo=UTC)
    await ask(service, stream, DisposeRecord(**{"class": "participant-support", "because": "a year is over"}), GOVERNANCE, later)
    bodies = await told(service, stream)
    assert bodies[3]["because"] == ERASED
    assert bodies[2]["information_given"] == "a leaflet"
    assert bodies[5]["because"] == "a year is over"


async def test_under_a_legal_hold_nothing_is_erased(service: wiring.Service):
    stream = await opened(service)
    person = await child(service, stream)
    await ask(service, stream, PlaceLegalHold(ref="h", basis="an inquiry"), GOVERNANCE)
    with pytest.raises(Refused, match="legal hold"):
        await ask(service, stream, ErasePerson(person=person, basis="b", because="c"), GOVERNANCE)
    assert (await service.store.keys.get([person]))[person] is not None


# --- again at the start


async def test_doing_it_again_changes_nothing(service: wiring.Service):
    stream = await opened(service)
    await ask(service, stream, ErasePerson(person=await child(service, stream), basis="b", because="c"), GOVERNANCE)
    before = await told(service, stream)
    assert await service.erasure.sweep() == 1
    assert await service.erasure.sweep() == 1
    assert await told(service, stream) == before


async def test_while_the_keys_are_away_it_is_tried_again_until_it_is_done(service: wiring.Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("application.erasure.AGAIN", 0.05)
    stream = await opened(service)
    person = await child(service, stream)
    destroy, failures = service.store.keys.destroy, iter([True, True])

    async def away(key: str) -> bool:
        if next(failures, False):
            raise StoreAway("away")
        return await destroy(key)

    monkeypatch.setattr(service.store.keys, "destroy", away)
    await ask(service, stream, ErasePerson(person=person, basis="b", because="c"), GOVERNANCE)
    for task in [*service.erasure._later]:
        await task
    assert (await service.store.keys.get([person]))[person] is None


KILLED_IN_BETWEEN = """
import asyncio, os, pickle, signal, sys
from domain.erasure import ErasePerson
from interfaces import wiring
from tests.application.test_erasure import GOVERNANCE, ask

places, stream, person = pickle.loads(bytes.fromhex(sys.argv[1]))

async def die():
    async with wiring.Service(places) as service:
        async def killed(key):
            os.kill(os.getpid(), signal.SIGKILL)
        service.store.keys.destroy = killed
        await ask(service, stream, ErasePerson(person=person, basis="b", because="c"), GOVERNANCE)

asyncio.run(die())
"""


async def test_killed_between_the_deed_and_the_keys_it_is_carried_out_at_the_next_start(places: Databases):
    import pickle

    async with wiring.Service(places) as service:
        stream = await opened(service)
        person = await child(service, stream)
    told_to_die = pickle.dumps((places, stream, person)).hex()
    died = subprocess.run(
        [sys.executable, "-c", KILLED_IN_BETWEEN, told_to_die], check=False, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    assert died.returncode == -signal.SIGKILL
    async with wiring.Service(places) as service:
        assert [r.name for r in await service.store.history(stream)][-1] == "personal-data-erased"
        assert (await told(service, stream))[1]["children"][0]["name"] == ERASED
