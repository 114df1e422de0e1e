"""A question about a case, from who asks to what they are shown, over histories that were really asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from application.cases import NoSuchCase
from application.policy.reader_of import reader_of
from application.policy.reading import Reader
from domain.people import By
from tests.in_memory import InMemory
from tests.playing import STORIES, played

WHO_IS_ON_A_CASE = next(path for path in STORIES if path.stem == "who-is-on-a-case-and-what-is-erased")
ACROSS = next(path for path in STORIES if path.stem == "cross-area-bolton-and-bury")


def told(story: Path) -> tuple[InMemory, dict[str, str]]:
    played_ = played(story)
    return played_.world, dict(played_.cases)


async def asking(world: InMemory, stream: str, by: By, now: datetime | None = None) -> Reader | None:
    try:
        return await reader_of(world.looking, await world.looking.whole(stream, now=now), by)
    except NoSuchCase:
        return None


def asks(world: InMemory, stream: str, by: By) -> Reader | None:
    return world.run(asking(world, stream, by))


def somebody(role: str, partnership: str, **more: Any) -> By:
    return By(person="person-" + "e" * 32, role=role, partnership=partnership, **more)


def test_whoever_declared_an_interest_is_shut_out() -> None:
    world, cases = told(WHO_IS_ON_A_CASE)
    (stream,) = cases.values()
    declared = next(recorded for recorded in world.history(stream) if recorded.name == "interest-declared")
    shut_out, scrutineer = asks(world, stream, declared.by), asks(world, stream, somebody("scrutineer", "bolton"))
    assert shut_out is not None
    assert shut_out.barred is not None
    assert scrutineer is not None
    assert scrutineer.barred is None


def test_an_inspector_is_in_from_the_grant_until_their_access_is_ended() -> None:
    world, cases = told(WHO_IS_ON_A_CASE)
    (stream,) = cases.values()
    history = world.history(stream)
    granted = next(recorded for recorded in history if recorded.name == "access-granted")
    inspector = By(person=granted.event.person, role="inspector")

    def asked(place: int) -> Reader | None:
        return world.run(asking(world, stream, inspector, history[place - 1].at + timedelta(seconds=1)))

    assert asked(granted.place - 1) is None
    let_in, last = asked(granted.place), asked(len(history))
    assert let_in is not None
    assert let_in.may("decisions").level == "full"
    assert last is not None
    assert last.barred is not None, "their access was ended"


def test_a_case_that_there_is_not_is_nobodys() -> None:
    world, _ = told(WHO_IS_ON_A_CASE)
    assert asks(world, "case/none", somebody("business-manager", "bolton")) is None


def test_two_partnerships_read_of_each_others_case_what_both_have_linked() -> None:
    world, _ = told(ACROSS)
    for stream in world.cases_there():
        history = world.history(stream)
        ours = history[0].event.partnership
        theirs = {"bolton": "bury", "bury": "bolton"}[ours]
        links = {recorded.event.case for recorded in history if recorded.name == "case-linked"}
        back = {
            other for other in links for recorded in world.history(f"case/{other}")
            if recorded.name == "case-linked" and f"case/{recorded.event.case}" == stream
        }  # fmt: skip
        neighbour = asks(world, stream, somebody("business-manager", theirs))
        manager = asks(world, stream, somebody("business-manager", ours))
        assert (neighbour and neighbour.may("notification").level) == ("pseudonymised" if back else None)
        assert manager is not None
        assert manager.may("notification").level == "full"
        assert asks(world, stream, somebody("business-manager", "barnet")) is None
