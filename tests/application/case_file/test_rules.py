"""Of the rules that a case was made under only those are told whose text is the one that was adopted."""

from __future__ import annotations

import json
from datetime import date

import msgspec

from application.case_file.rules import rules_of, shapes_of
from domain.adoption import CalendarEditionAdopted, ProcedureEditionAdopted
from domain.guidance import EDITIONS
from domain.language import EVENTS
from domain.recorded import Editions
from domain.working_days import SHIPPED
from tests.application.case_view.histories import BM, happened, history
from tests.application.case_view.stories import opened, received


def told(*events):
    return history(happened("2024-03-05T10:00", BM, *events))


def with_header(recorded, **changes):
    return msgspec.structs.replace(recorded, header=msgspec.structs.replace(recorded.header, **changes))


def made_under(local: str | None, national: str, calendar: str):
    (recorded,) = told(opened())
    return [with_header(recorded, procedure=Editions(local, national), calendar=calendar)]


def adopted(edition: str, digest: str | None = None):
    return ProcedureEditionAdopted(edition=edition, digest=digest or EDITIONS[edition].digest, in_force_from=date(2024, 1, 1))


def test_editions_that_came_with_the_software_have_their_text_and_no_adoption():
    rules = rules_of(made_under("bolton", "england-2023", "england-2026"), [])

    assert [*rules.procedures] == ["bolton", "england-2023"]
    assert json.loads(rules.calendars["england-2026"])["holidays"] == [day.isoformat() for day in sorted(SHIPPED["england-2026"].holidays)]
    assert (rules.adoptions, rules.not_held) == ([], [])


def test_only_the_adoptions_of_editions_that_are_named_are_told():
    there = told(adopted("bolton"), adopted("bury"), CalendarEditionAdopted(edition="mine", source="x", holidays=(date(2024, 1, 1),)))

    rules = rules_of(made_under("bolton", "england-2023", "mine"), there)

    assert [recorded.event.edition for recorded in rules.adoptions] == ["bolton", "mine"]
    assert json.loads(rules.calendars["mine"]) == {"edition": "mine", "holidays": ["2024-01-01"]}


def test_a_procedure_adopted_in_another_text_is_named_and_not_told():
    rules = rules_of(made_under("bolton", "england-2023", "england-2026"), told(adopted("bolton", "0" * 64)))

    assert rules.not_held == ["bolton"]
    assert [*rules.procedures] == ["england-2023"]
    assert rules.adoptions == []


def test_what_this_version_stores_has_the_shape_that_is_told():
    shapes = {name: json.loads(shape) for name, shape in shapes_of(told(opened(), received())).items()}

    assert [*shapes] == ["case-opened", "notification-received"]
    received_as = shapes["notification-received"]["$defs"]["NotificationReceived"]
    assert received_as["properties"]["narrative"]["$ref"] == "#/$defs/Sealed"
    assert shapes["case-opened"]["$comment"] == "The body of case-opened, schema 1."


def test_every_event_can_be_told_by_its_shape():
    (recorded,) = told(opened())
    named = [with_header(recorded, name=name) for name in EVENTS]

    shapes = {name: json.loads(shape) for name, shape in shapes_of(named).items()}

    assert shapes.keys() == EVENTS.keys()
    assert {name: shape["title"] for name, shape in shapes.items()} == {name: name for name in EVENTS}
    assert not [shape for shape in shapes.values() if '"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Sealed"}' in json.dumps(shape)]
