"""Everything that is told of a case has a kind: what has none is read by nobody, and this fails."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from application.case_view.absences import WAITED_FOR
from application.case_view.overview import overview
from application.policy.kinds import KINDS, about
from domain.corrections import RecordCorrected
from domain.erasure import TextRedacted
from domain.guidance import EDITIONS
from domain.language import COMMANDS
from tests.application.case_view.histories import BM, in_clear
from tests.application.policy.telling import NOW, case, it, notified, of
from tests.examples import stored_events
from tests.playing import STORIES, played


def fields_of(event: str) -> tuple[msgspec.structs.FieldInfo, ...]:
    kind: Any = stored_events()[event]
    return msgspec.structs.fields(kind)


def test_every_event_has_a_kind_and_no_other_has() -> None:
    assert set(KINDS.events) == set(stored_events())
    assert {*KINDS.events.values(), *KINDS.fields.values(), *KINDS.overview.values()} <= set(KINDS.kinds)


@pytest.mark.parametrize("name", sorted(stored_events()))
def test_every_field_of_every_event_has_a_kind(name: str) -> None:
    for field in fields_of(name):
        assert KINDS.of_field(name, field.encode_name) in KINDS.kinds


def test_a_field_with_a_kind_of_its_own_exists() -> None:
    for path in KINDS.fields:
        event, _, field = path.partition(".")
        assert field in {known.encode_name for known in fields_of(event)}, path


def test_every_clock_and_every_command_has_a_kind() -> None:
    assert set(KINDS.clocks) >= set(WAITED_FOR)
    assert set(KINDS.clocks) == {row.due for edition in EDITIONS.values() for row in edition.clocks}
    assert set(KINDS.commands) == set(COMMANDS)
    for kinds in (*KINDS.commands.values(), *KINDS.rules.values()):
        assert set(kinds) <= set(KINDS.kinds)


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_every_part_of_an_overview_has_a_kind(path: Any) -> None:
    world = played(path).world
    for stream in world.cases_there():
        told = world.run(world.looking.overview(world.run(world.looking.see(stream))))
        parts = {f"parties.{name}" for name in told.pop("parties")} | told.keys() - {"documents"}
        assert parts <= KINDS.overview.keys()


def test_what_an_overview_may_ever_have_is_what_the_table_has() -> None:
    """A part that no story tells of would be missed above; one that no longer exists is found here."""
    told = overview(case(), in_clear(case()), NOW.date())
    told |= {f"parties.{name}": part for name, part in told["parties"].items()}
    seldom = {
        "candidate", "closed_on", "referred_to", "rerouted_on", "duplicate", "duplicate_of", "withdrawn", "portal_references",
        "publication_planned_for", "parties.facilitator", "parties.review",
    }  # fmt: skip
    assert set(KINDS.overview) - told.keys() == seldom


def test_a_correction_and_a_redaction_are_of_the_kind_of_what_they_speak_of() -> None:
    told = case(
        notified(of("notifier")),
        it(BM, RecordCorrected(event_place=2, correction={"channel": "post"})),
        it(BM, TextRedacted(event_place=3, field="narrative")),
        it(BM, RecordCorrected(event_place=9, correction={})),
    )
    at = {recorded.place: recorded for recorded in told}
    assert [about(recorded, at).place for recorded in told] == [1, 2, 2, 2, 5]
    assert KINDS.of_entry(told[3], at) == "notification"
