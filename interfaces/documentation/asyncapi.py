"""`docs/asyncapi.json`: the feed for other systems as AsyncAPI 3, each type of event with the fields that are told of it."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from application.commands import EVENTS
from application.event_feed import SOURCES, TYPE
from domain.adoption import CalendarEditionAdopted, ProcedureEditionAdopted
from domain.candidate import CandidateEvent
from domain.language import CaseEvent
from interfaces.api.shapes import CloudEvent
from interfaces.documentation.markdown import said

REF = "#/components/schemas/{name}"
SEALED = REF.format(name="Sealed")


def document(checkout: Path) -> str:
    kinds = [kind for _, kind in sorted(EVENTS.items()) if kind.__module__.startswith("domain.")]
    fields, components = msgspec.json.schema_components(kinds, ref_template=REF)
    schemas = {name: _without_words(schema) for name, schema in sorted(components.items()) if name != "Sealed"}
    schemas["CloudEvent"] = CloudEvent.model_json_schema(ref_template="#/components/schemas/{model}")
    messages = {kind.stored_name(): _message(kind, shape) for kind, shape in zip(kinds, fields, strict=True)}
    told = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Casetrail: the feed for other systems",
            "version": version("casetrail"),
            "description": "What was recorded, in the order of the log: ids, codes, dates and plain fields, as CloudEvents 1.0. Words are "
            "left out, and named in `withheld`. Members that are not described here may be there: ignore them.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "events": {
                "address": "/api/v1/events",
                "description": "With `Accept: text/event-stream` live, the position as `id`; else page by page "
                "(`application/cloudevents-batch+json`), `Position` being the `after` of the next page.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "tell": {"action": "send", "channel": {"$ref": "#/channels/events"}, "summary": "Every event that the asker may know of, once."}
        },
        "components": {"messages": messages, "schemas": schemas},
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def kind_of(event: type[CaseEvent]) -> str:
    """The kind of stream that an event stands in."""
    if issubclass(event, CandidateEvent):
        return "candidate"
    return {CalendarEditionAdopted: "calendar", ProcedureEditionAdopted: "procedure"}.get(event, "case")


def _message(event: type[CaseEvent], fields: dict[str, Any]) -> dict[str, Any]:
    kind = kind_of(event)
    name = TYPE.format(kind=kind, name=event.stored_name(), schema=event.schema_version())
    of_type = {
        "properties": {"type": {"const": name}, "source": {"const": SOURCES[kind]}, "data": {"properties": {"fields": fields}}},
    }
    payload = {"allOf": [{"$ref": REF.format(name="CloudEvent")}, of_type]}
    return {"name": name, "summary": said(event), "payload": payload}


def _without_words(schema: dict[str, Any]) -> dict[str, Any]:
    """The shape of a record without the fields that hold words."""
    properties = {name: shape for name, shape in schema.get("properties", {}).items() if not _of_words(shape)}
    told = {name: value for name, value in schema.items() if name not in ("properties", "required")}
    required = [name for name in schema.get("required", ()) if name in properties]
    return {**told, **({"properties": properties} if properties else {}), **({"required": required} if required else {})}


def _of_words(shape: Any) -> bool:
    """Whether words stand here, alone, in a list, or by name."""
    if isinstance(shape, dict):
        return shape.get("$ref") == SEALED or any(_of_words(inner) for key, inner in shape.items() if key != "default")
    return isinstance(shape, list) and any(map(_of_words, shape))
