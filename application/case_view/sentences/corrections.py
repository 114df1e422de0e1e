"""Sentences of entries put right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from application.case_view.sentences.telling import tells
from application.case_view.words import day
from domain.corrections import RecordCorrected
from domain.language import listed
from domain.people import By


@tells(RecordCorrected)
def record_corrected(event: RecordCorrected, by: By) -> str:
    paths = [*_paths(event.correction), *event.words, *(name.path for name in event.names)]
    changed = [_field(path) for path in dict.fromkeys(paths) if path != "on"]
    if isinstance(on := event.correction.get("on"), str):
        changed.insert(0, f"the day it happened is {_day(on)}")
    what = f": {listed(dict.fromkeys(changed))}" if changed else ""
    return f"The entry at place {event.event_place} was corrected{what}."


def _paths(given: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for key, value in given.items():
        if isinstance(value, Mapping) and value:
            yield from _paths(value, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def _field(path: str) -> str:
    named = next((step for step in reversed(path.split(".")) if not step.isdecimal()), path)
    return f"its {named.replace('_', ' ').replace('-', ' ')}"


def _day(on: str) -> str:
    try:
        return day(date.fromisoformat(on))
    except ValueError:
        return "another"
