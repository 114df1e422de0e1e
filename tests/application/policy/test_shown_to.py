"""A question about a case, from who asks to what they are shown, over histories that were really asked for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from application.policy.shown import Shown
from application.policy.shown_to import shown_to
from domain.people import By
from tests.in_memory import InMemory
from tests.playing import STORIES, played

WHO_IS_ON_A_CASE = next(path for path in STORIES if path.stem == "who-is-on-a-case-and-what-is-erased")
ACROSS = next(path for path in STORIES if path.stem == "cross-area-bolton-and-bury")


def told(story: Path) -> tuple[InMemory, dict[str, str]]:
    played_ = played(story)
    return played_.world, dict(played_.cases)


def seen_by(world: InMemory, stream: str, by: By, place: int | None = None) -> Shown:
    seen = world.run(world.looking.see(stream, place=place))
    return world.run(shown_to(world.looking, seen, by))


def somebody(role: str, partnership: str, **more: Any) -> By:
    return By(person="person-" + "e" * 32, role=role, partnership=partnership, **more)


def test_what_was_before_is_not_shown_to_whoever_declared_an_interest_since() -> None:
    world, cases = told(WHO_IS_ON_A_CASE)
    (stream,) = cases.values()
    declared = next(recorded for recorded in world.history(stream) if recorded.name == "interest-declared")
    assert seen_by(world, stream, declared.by, place=declared.place - 1).reader.barred is not None
    assert seen_by(world, stream, somebody("scrutineer", "bolton"), place=declared.place - 1).reader.knows


def test_an_inspector_is_in_from_the_grant_until_their_access_is_ended() -> None:
    world, cases = told(WHO_IS_ON_A_CASE)
    (stream,) = cases.values()
    history = world.history(stream)
    granted = next(recorded for recorded in history if recorded.name == "access-granted")
    inspector = By(person=granted.event.person, role="inspector")

    async def ask(place: int, later: timedelta) -> Shown:
        now = history[place - 1].at + later
        return await shown_to(world.looking, await world.looking.see(stream, now=now), inspector, now=now)

    assert world.run(ask(granted.place, timedelta(seconds=1))).reader.may("decisions").level == "full"
    assert not world.run(ask(granted.place - 1, timedelta(seconds=1))).reader.knows
    last = world.run(ask(len(history), timedelta(seconds=1)))
    assert last.reader.barred is not None, "their access was ended"


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
        neighbour = seen_by(world, stream, somebody("business-manager", theirs))
        assert neighbour.reader.knows == bool(back)
        assert neighbour.reader.may("notification").level == ("pseudonymised" if back else "none")
        assert seen_by(world, stream, somebody("business-manager", ours)).reader.may("notification").level == "full"
        assert not seen_by(world, stream, somebody("business-manager", "barnet")).reader.knows
