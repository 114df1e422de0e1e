"""Every role, every kind of information, every stage: what the policies give is what the matrix says, as each story goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from application.case_view.overview import overview
from application.policy.matrix import MATRIX, readings
from application.policy.membership import membership
from application.policy.on_a_case import ON_EVERY_CASE
from application.policy.reading import Reader
from domain.people import By
from domain.recorded import Recorded
from tests.playing import STORIES, played

ON_NO_CASE = "theme-analyst"
NOBODY = "person-" + "d" * 32
HANGS_ON_MORE = {("implementation-group-chair", "notification"), ("implementation-group-chair", "commissioning"),
                 ("delegated-partner", "commissioning"), ("information-governance", "participants")}  # fmt: skip
"""Cells that hold on a condition; `test_matrix` has them one by one."""


def stages(history: list[Recorded]) -> Iterator[tuple[str, list[Recorded]]]:
    """The case at the end of each stage that it was in, and as it stands."""
    before = None
    for place in range(1, len(history) + 1):
        told = history[:place]
        stage = overview(told, {}, told[-1].on)["stage"]
        if before is not None and stage != before[0]:
            yield before
        before = (stage, told)
    if before is not None:
        yield before


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_what_a_post_gives_at_every_stage_is_the_cell_of_the_matrix(story: Path) -> None:
    world = played(story).world
    for stream in world.cases_there():
        for stage, told in stages(world.history(stream)):
            standing = membership(told, NOBODY, ()).case
            for role in sorted(ON_EVERY_CASE):
                by = By(person=NOBODY, role=role, organisation="health", partnership=standing.partnership)
                reader = Reader(by, membership(told, NOBODY, (by,)), told[-1].at + timedelta(seconds=1))
                for name, column in MATRIX.columns.items():
                    cell = set(readings(name, MATRIX.row(role).cell(name)))
                    for kind in column.kinds:
                        found = {reader.may(kind).level} - {"none"}
                        given = cell if kind != "notifier-identity" or cell & {"full", "own"} else set()
                        acting = role == "partnership-officer" and bool(standing.managers_away)
                        if acting or (role, name) in HANGS_ON_MORE or standing.held("publication") or standing.held("disclosure"):
                            assert found <= given | ({"full"} if acting else set()) | {"metadata"}, (stage, role, kind)
                        else:
                            assert found == given, (stage, role, kind)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_whom_no_event_brought_onto_a_case_learns_nothing_at_any_stage(story: Path) -> None:
    world = played(story).world
    by_events = {role for row in MATRIX.rows for role in row.roles} - ON_EVERY_CASE | {ON_NO_CASE}
    for stream in world.cases_there():
        for stage, told in stages(world.history(stream)):
            partnership = membership(told, NOBODY, ()).case.partnership
            for role in sorted(by_events):
                by = By(person=NOBODY, role=role, organisation="an organisation of no case", partnership=partnership)
                member = membership(told, NOBODY, (by,))
                if "hears-the-challenge" in member.capacities(told[-1].at):
                    continue
                reader = Reader(by, member, told[-1].at + timedelta(seconds=1))
                assert not reader.knows, (stage, role)
