"""Events made up for the tests of the store: every place where personal words may stand, and an older shape."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from application.store import mapper
from application.store.store import Save
from application.store.upcasts import Fields, upcasts
from domain.language import CaseEvent, Part
from domain.people import By
from domain.personal import PersonWords, Words
from domain.recorded import Editions, Recorded

MEG = "person-" + "a" * 32
TOM = "person-" + "b" * 32


class Child(Part):
    ref: str
    person: str | None = None
    called: PersonWords | None = None
    remarks: tuple[Words, ...] = ()


class StoryTold(CaseEvent, name="test-story-told"):
    """Somebody told what happened."""

    kind: str = "short"
    told: Words | None = None
    children: tuple[Child, ...] = ()
    answers: dict[str, Words] = {}
    first: Child | None = None

    def apply(self, case: Any, then: Any) -> Any:
        return case


class NoteKept(CaseEvent, name="test-note-kept", schema=3):
    """A note. Schema 1 called its words `remark`; schema 2 had them in a list, of which there was only ever one."""

    note: Words
    children: tuple[Child, ...] = ()


@upcasts("test-note-kept", schema=1, moved={"remarks.0": "remark"})
def one_remark_became_a_list(fields: Fields) -> None:
    fields["remarks"] = [fields.pop("remark")]


@upcasts("test-note-kept", schema=2, moved={"note": "remarks.0", "children.*.called": "children.*.name"})
def the_list_became_a_note(fields: Fields) -> None:
    (fields["note"],) = fields.pop("remarks")
    for child in fields.get("children", ()):
        child["called"] = child.pop("name")


def asker(person: str = MEG) -> By:
    return By(person=person, role="business-manager", partnership="bolton")


def save(stream: str = "case/1", expected: int = 0, *events: CaseEvent, **other: Any) -> Save:
    """A save as the door would make it."""
    return Save(
        stream=stream,
        expected_place=expected,
        events=events or (StoryTold(told="a fall on the stairs"),),
        **{
            "on": date(2026, 3, 2),
            "by": asker(),
            "procedure": Editions("bolton", "england-2025"),
            "calendar": "england-2026",
            "command": str(uuid4()),
            **other,
        },
    )


def plain(*recorded: Recorded) -> list[Any]:
    """Recorded events as plain data, to be compared."""
    return [(r.header, mapper.body_bytes(r.event), r.position, r.hash) for r in recorded]
