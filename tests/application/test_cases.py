"""The one door: what is asked is recorded once, or refused and nothing is left behind."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, date, datetime
from typing import Any

import pytest

from application.cases import Done, KeyReused, Moved, NoSuchCase
from application.commands import COMMANDS
from domain.language import NotAllowed, Refused
from domain.people import By
from domain.recorded import Recorded
from interfaces.wiring import Service

pytestmark = pytest.mark.anyio

NOON = datetime(2024, 5, 14, 12, tzinfo=UTC)
OPENED = {
    "partnership": "bolton",
    "label": "Infant Q",
    "route": "organisation",
    "concern": "serious-incident",
    "incident": {"happened_on": "2024-05-12", "area": "bolton", "harm": "seriously-harmed", "abuse_or_neglect": "suspected"},
    "children": [
        {"ref": "q", "area_of_residence": "bolton", "age_band": "under-1", "harm": "seriously-harmed", "name": "Petra Quill-Voss"}
    ],
}


class Desk:
    """Asks in somebody's name, by words, as scenario files do."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.cases = service.cases

    async def by(self, text: str) -> By:
        role, organisation, *_ = (*text.split("/"), None, None)
        person = await self.service.register.rehearsed(text)
        return By(person=person, role=role, organisation=organisation, partnership="bolton")

    async def ask(self, name: str, fields: dict[str, Any], by: str = "business-manager", **more: Any) -> Done:
        more.setdefault("at", NOON)
        return await self.cases.do(COMMANDS[name].model_validate(fields), await self.by(by), **more)

    async def opened(self, **fields: Any) -> str:
        return (await self.ask("open-case", OPENED | fields)).stream

    async def history(self, stream: str) -> list[Recorded]:
        return await self.cases.history(stream)


@pytest.fixture
def desk(service: Service) -> Desk:
    return Desk(service)


async def test_what_is_asked_is_recorded_with_who_asked_and_both_editions(desk: Desk):
    stream = await desk.opened()
    (opened,) = await desk.history(stream)
    assert (opened.name, opened.place, opened.at, opened.on) == ("case-opened", 1, NOON, date(2024, 5, 14))
    assert opened.by == await desk.by("business-manager")
    assert (opened.procedure.local, opened.procedure.national) == ("bolton", "england-2023")


async def test_a_name_is_not_in_what_is_stored(desk: Desk, service: Service):
    stream = await desk.opened()
    (opened,) = await desk.history(stream)
    assert "Petra" not in repr(opened)
    bodies = await service.store.bodies(stream, [opened])
    assert bodies[1]["children"][0]["name"] == "Petra Quill-Voss"


async def test_a_label_is_used_once_in_a_partnership(desk: Desk):
    await desk.opened()
    with pytest.raises(Refused, match="TOOL-12"):
        await desk.opened(label="INFANT q")


async def test_a_refusal_leaves_nothing_behind(desk: Desk, service: Service):
    stream = await desk.opened()
    before = await service.store.settled_position()
    with pytest.raises(Refused, match="BOL-57"):
        await desk.ask("acknowledge-notification", {"to": "ward", "channel": "portal"}, stream=stream)
    assert await service.store.settled_position() == before


async def test_who_may_not_ask_is_told_the_rule_and_nothing_of_the_case(desk: Desk):
    stream = await desk.opened()
    with pytest.raises(NotAllowed) as refused:
        await desk.ask("notify-panel", {"portal_reference": "SIN", "children": ["q"]}, stream=stream)
    assert "named portal user" in str(refused.value)
    assert "Infant Q" not in str(refused.value)


async def test_a_day_in_the_future_is_refused(desk: Desk):
    stream = await desk.opened()
    with pytest.raises(Refused, match="future"):
        await desk.ask("record-awareness", {"authority": "bolton", "how": "call", "on": "2024-05-15"}, stream=stream)


async def test_the_day_is_londons_also_just_after_midnight_there(desk: Desk):
    late = datetime(2024, 5, 14, 23, 30, tzinfo=UTC)
    stream = (await desk.ask("open-case", OPENED, at=late)).stream
    (opened,) = await desk.history(stream)
    assert opened.on == date(2024, 5, 15)


async def test_whoever_had_not_seen_the_last_entry_is_told_what_they_missed(desk: Desk):
    stream = await desk.opened()
    await desk.ask("record-awareness", {"authority": "bolton", "how": "call"}, stream=stream)
    with pytest.raises(Moved) as moved:
        await desk.ask("record-awareness", {"authority": "bury", "how": "letter"}, stream=stream, seen=1)
    assert [recorded.name for recorded in moved.value.missed] == ["local-authority-became-aware"]


async def test_what_they_had_seen_is_recorded(desk: Desk):
    stream = await desk.opened()
    await desk.ask("record-awareness", {"authority": "bolton", "how": "call"}, stream=stream, seen=1)
    assert (await desk.history(stream))[-1].header.seen == 1


async def test_a_lost_race_is_decided_again_on_what_is_there_now(desk: Desk):
    stream = await desk.opened()
    await asyncio.gather(*(desk.ask("record-awareness", {"authority": f"area {n}", "how": "call"}, stream=stream) for n in range(3)))
    assert [recorded.place for recorded in await desk.history(stream)] == [1, 2, 3, 4]


async def test_the_same_key_gives_the_first_answer_again(desk: Desk, service: Service):
    stream = await desk.opened()
    asked = {"authority": "bolton", "how": "call"}
    first = await desk.ask("record-awareness", asked, stream=stream, key="k", path="p")
    again = await desk.ask("record-awareness", asked, stream=stream, key="k", path="p")
    assert (again.place, again.position, again.again) == (first.place, first.position, True)
    assert len(await desk.history(stream)) == 2


async def test_the_same_key_opens_one_case(desk: Desk):
    first = await desk.ask("open-case", OPENED, key="k", path="/cases")
    again = await desk.ask("open-case", OPENED, key="k", path="/cases")
    assert again.stream == first.stream


async def test_the_same_key_with_another_body_is_refused(desk: Desk):
    stream = await desk.opened()
    await desk.ask("record-awareness", {"authority": "bolton", "how": "call"}, stream=stream, key="k", path="p")
    with pytest.raises(KeyReused):
        await desk.ask("record-awareness", {"authority": "bolton", "how": "letter"}, stream=stream, key="k", path="p")


async def test_a_key_is_somebodys_own(desk: Desk):
    stream = await desk.opened()
    asked = {"authority": "bolton", "how": "call"}
    await desk.ask("record-awareness", asked, stream=stream, key="k", path="p")
    await desk.ask("record-awareness", asked, by="named-portal-user", stream=stream, key="k", path="p")
    assert len(await desk.history(stream)) == 3


async def test_a_refusal_is_not_kept_under_its_key(desk: Desk):
    stream = await desk.opened()
    asked = {"basis": "harm"}
    with pytest.raises(NotAllowed):
        await desk.ask("confirm-serious-incident", asked, stream=stream, key="k", path="p")
    assert (await desk.ask("confirm-serious-incident", asked, by="named-portal-user", stream=stream, key="k", path="p")).place == 2


async def test_a_case_that_does_not_exist(desk: Desk):
    with pytest.raises(NoSuchCase):
        await desk.ask("record-awareness", {"authority": "bolton", "how": "call"}, stream="case/nowhere")


async def test_a_case_of_another_partnership_is_not_theirs_to_ask(desk: Desk):
    stream = await desk.opened()
    by = await desk.by("business-manager/bury")
    stranger = By(person=by.person, role="business-manager", organisation="bury", partnership="bury")
    refer = COMMANDS["refer-to-area"].model_validate({"authority": "bury", "because": "ours"})
    with pytest.raises(NotAllowed, match="X-3"):
        await desk.cases.do(refer, stranger, stream=stream, at=NOON)


async def test_a_dry_run_says_what_would_happen_and_records_nothing(desk: Desk, service: Service):
    stream = await desk.opened()
    command = COMMANDS["record-awareness"].model_validate({"authority": "bolton", "how": "call"})
    would = await desk.cases.would_do(command, await desk.by("business-manager"), stream=stream, at=NOON)
    assert [recorded.name for recorded in would.imagined] == ["local-authority-became-aware"]
    assert [clock["clock"] for clock in service.looking.clocks_started(would)] == ["serious-incident-notification"]
    assert len(await desk.history(stream)) == 1


async def test_a_word_names_the_same_person_throughout_a_case(desk: Desk, service: Service):
    stream = await desk.opened()
    resolved = await service.register.resolve("q", scope=stream, partnership="bolton")
    (opened,) = await desk.history(stream)
    assert resolved.id == opened.event.children[0].person


async def test_the_same_ref_elsewhere_is_another_child(desk: Desk):
    one, other = await desk.opened(), await desk.opened(label="Infant R")
    persons = {(await desk.history(stream))[0].event.children[0].person for stream in (one, other)}
    assert len(persons) == 2


async def test_a_position_keeps_what_was_before_whoever_took_it(desk: Desk):
    stream = await desk.opened()
    talk = {"with_role": "line-manager", "lived_experience": "x", "rationale": "y"}
    await desk.ask("discuss-notification", talk, by="notifier/ward", stream=stream)
    form = {"notifier": {"name": "Una Tarn", "role_title": "nurse", "organisation": "ward"}, "narrative": "n", "channel": "portal"}
    await desk.ask("submit-notification", form, by="notifier/ward", stream=stream)
    await desk.ask("share-with-partner", {"partner": "health", "channel": "portal"}, stream=stream)
    position = {"partner": "health", "question": "serious", "position": "met", "rationale": "harm"}
    await desk.ask("record-partner-position", position, by="delegated-partner/health", stream=stream, seen=4)
    *before, taken = await desk.history(stream)
    known = taken.header.information
    assert known is not None
    assert (known["place"], known["head"], known["seen"], known["sent"]) == (4, before[-1].hash.hex(), 4, [4])
    assert len(known["hash"]) == len(hashlib.sha256().hexdigest())


async def test_a_clerks_entry_says_only_what_was_sent(desk: Desk):
    stream = await desk.opened()
    position = {"partner": "health", "question": "serious", "position": "met", "rationale": "harm"}
    await desk.ask("record-partner-position", position, by="business-manager", stream=stream)
    taken = (await desk.history(stream))[-1]
    assert taken.by.behalf_of == "delegated-partner/health"
    assert taken.header.information is not None
    assert set(taken.header.information) == {"sent", "hash"}
