"""The description of the feed fits what the feed tells, of every kind of event."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from application.event_feed import cloud_event
from application.store import mapper
from application.store.store import Stored
from domain.language import CaseEvent
from domain.people import By
from domain.personal import Sealed
from domain.recorded import Editions, Header
from interfaces.documentation.asyncapi import document, kind_of
from tests.docs_blocks import CHECKOUT
from tests.examples import PERSON, guises, stored_events
from tests.interfaces.cloud_events import must_be

DOCUMENT: dict[str, Any] = json.loads(document(CHECKOUT))


def told(event: CaseEvent, kind: str) -> dict[str, Any]:
    """An example as the feed tells it."""
    header = Header(
        v=1, stream=f"{kind}/1", place=1, name=event.stored_name(), schema=event.schema_version(), on=date(2026, 3, 2),
        by=By(person=PERSON, role="business-manager"), procedure=Editions(None, "england-2025"), calendar="england-2026", command="c",
        at=datetime(2026, 3, 2, 10, tzinfo=UTC),
    )  # fmt: skip
    sealed = mapper.changed(event, lambda path, value, person: Sealed(c="0" * 64, e="AA==", k="k"))
    return cloud_event(Stored(7, msgspec.json.encode(header), mapper.body_bytes(sealed), b""), "bolton")


def test_it_names_every_event_once_and_every_reference_leads_somewhere():
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert [*DOCUMENT["components"]["messages"]] == sorted(stored_events())
    assert {*DOCUMENT["channels"]["events"]["messages"]} == {*stored_events()}
    refs = {part.split('"')[0] for part in json.dumps(DOCUMENT).split('"$ref": "#/')[1:]}
    for ref in refs:
        found: Any = DOCUMENT
        for step in ref.split("/"):
            found = found[step]
        assert found
    assert "Sealed" not in json.dumps(DOCUMENT)


@pytest.mark.parametrize("name", [*stored_events()])
def test_what_is_told_of_an_event_is_what_is_described(name: str):
    kind = stored_events()[name]
    schema = {**DOCUMENT["components"]["messages"][name]["payload"], "components": DOCUMENT["components"]}
    fields = schema["allOf"][1]["properties"]["data"]["properties"]["fields"]
    described = DOCUMENT["components"]["schemas"][fields["$ref"].rpartition("/")[2]].get("properties", {})
    validator = jsonschema_rs.validator_for(schema)
    for event in guises(kind):
        one = told(event, kind_of(kind))
        must_be(one)
        validator.validate(one)
        assert {name for name, value in one["data"]["fields"].items() if value not in ([], {})} <= {*described}
