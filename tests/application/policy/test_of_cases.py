"""What somebody is on many cases at once is what they are on each, by its whole history, whatever was remembered of it before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from application.policy.membership import membership, those_that_link_back
from application.policy.of_cases import OnCases
from application.policy.on_a_case import Membership
from domain.people import ROLES, By
from domain.recorded import Recorded
from tests.in_memory import InMemory
from tests.playing import STORIES, played

NOBODY = "person-" + "e" * 32


def posts(histories: Mapping[str, list[Recorded]]) -> list[By]:
    """Everybody who asked anything, and somebody new in each role in two partnerships."""
    asked = {recorded.by for history in histories.values() for recorded in history}
    named = {
        By(person=person, role="inspector", partnership="bolton") for history in histories.values() for person in _persons(history)
    }  # fmt: skip
    return [*asked, *named, *(By(person=NOBODY, role=role, partnership=p) for role in ROLES for p in ("bolton", "bury"))]


def _persons(history: Iterable[Recorded]) -> set[str]:
    fields = ("person", "candidate", "participant", "deputy")
    return {person for recorded in history for field in fields if isinstance(person := getattr(recorded.event, field, None), str)}


def by_whole_history(histories: Mapping[str, list[Recorded]], case: str, by: By) -> Membership:
    """As it is found for one case."""
    found = membership(histories[case], by.person, (by,))
    others = {linked: histories[linked] for linked in found.case.links if linked in histories}
    return membership(histories[case], by.person, (by,), those_that_link_back(case, others)) if found.case.partnership else found


def told(world: InMemory) -> dict[str, list[Recorded]]:
    return {stream.removeprefix("case/"): world.history(stream) for stream in world.cases_there()}


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_it_is_what_the_whole_history_makes_of_them_at_every_step_of_every_story(path: Path) -> None:
    story = played(path)
    people = posts(told(story.world))
    on_cases = OnCases(story.world.store)
    for position in [*story.positions[1::7], story.positions[-1]]:
        world = story.world.upto(position)
        histories, now = told(world), world.store.rows[-1].at + timedelta(seconds=1)
        on_cases.store = world.store
        for by in people:
            found = world.run(on_cases.readers([*histories, "never-opened"], by, now))
            assert {*found} == {*histories}
            for case, reader in found.items():
                expected = by_whole_history(histories, case, by)
                if by.partnership == expected.case.partnership:
                    assert not reader.member.linked
                    expected = membership(histories[case], by.person, (by,))
                assert reader.member == expected, (case, by)


def test_who_asked_at_an_earlier_instant_of_a_rehearsal_is_judged_by_what_was_recorded_by_then() -> None:
    world = played(next(path for path in STORIES if path.stem == "who-is-on-a-case-and-what-is-erased")).world
    ((case, history),) = told(world).items()
    declared = next(recorded for recorded in history if recorded.name == "interest-declared")
    on_cases, before = OnCases(world.store), declared.at - timedelta(microseconds=1)
    then = world.run(on_cases.readers([case], declared.by, before, until=before))[case]
    since = world.run(on_cases.readers([case], declared.by, declared.at, until=declared.at))[case]
    assert (then.barred, since.barred is not None) == (None, True)


def test_in_a_rehearsal_somebody_may_leave_out_their_partnership() -> None:
    world = played(next(path for path in STORIES if path.stem == "cross-area-bolton-and-bury")).world
    histories, by = told(world), By(person=NOBODY, role="scrutineer")
    now = world.store.rows[-1].at
    everywhere = world.run(OnCases(world.store).readers(histories, by, now, of_each=True))
    assert {reader.by.partnership for reader in everywhere.values()} == {"bolton", "bury"}
    assert all(reader.knows for reader in everywhere.values())
    assert not any(reader.knows for reader in world.run(OnCases(world.store).readers(histories, by, now)).values())


def test_what_is_forgotten_is_read_again() -> None:
    world = played(next(path for path in STORIES if path.stem == "cross-area-bolton-and-bury")).world
    histories, by = told(world), By(person=NOBODY, role="scrutineer", partnership="bury")
    on_cases, now = OnCases(world.store, most=1), world.store.rows[-1].at
    first, again = (world.run(on_cases.readers(histories, by, now)) for _ in range(2))
    assert {case: reader.member for case, reader in first.items()} == {case: reader.member for case, reader in again.items()}
    assert len(on_cases._known) == 1
