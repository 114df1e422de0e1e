"""What a reader may read of each event: the bodies with words in the clear, and how they are said as JSON."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import date
from typing import Any

from domain.corrections import RecordCorrected
from domain.recorded import Editions, Recorded
from domain.told import Fields, entry, instant, present, said_by, words_at

__all__ = ["Fields", "editions", "entry", "instant", "iso", "present", "said_by", "with_corrections", "words_at"]


def editions(procedure: Editions) -> dict[str, Any]:
    """The two editions bound when it was recorded."""
    return present(local=procedure.local, national=procedure.national)


def iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def with_corrections(history: Iterable[Recorded], fields: Fields) -> dict[int, Any]:
    """The bodies with corrected texts in the place of those they correct; where the reader may not read one, nothing stands there."""
    bodies: dict[int, Any] = dict(fields)
    for recorded in history:
        correction = recorded.event
        if not isinstance(correction, RecordCorrected) or correction.event_place not in bodies:
            continue
        body = copy.deepcopy(bodies[correction.event_place])
        for path in correction.words:
            _put(body, path, words_at(fields, recorded.place, "words", path))
        for n, name in enumerate(correction.names):
            _put(body, name.path, words_at(fields, recorded.place, "names", n, "words"))
        bodies[correction.event_place] = body
    return bodies


def _put(body: Any, path: str, words: Any) -> None:
    *outer, last = path.split(".")
    for step in outer:
        body = body[int(step)] if isinstance(body, list) and step.isdecimal() and int(step) < len(body) else _inside(body, step)
    if isinstance(body, dict):
        body[last] = words
    elif isinstance(body, list) and last.isdecimal() and int(last) < len(body):
        body[int(last)] = words


def _inside(body: Any, step: str) -> Any:
    return body.setdefault(step, {}) if isinstance(body, dict) else None
