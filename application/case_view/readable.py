"""What a reader may read of each event: the bodies with words in the clear, and how they are said as JSON."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from domain.corrections import RecordCorrected
from domain.people import By
from domain.recorded import Editions, Recorded

Fields = Mapping[int, Mapping[str, Any]]
"""By place: the body of the event with the words its reader may read in the clear, erased ones as "[erased]". What they may not
read is not there."""


def present(**values: Any) -> dict[str, Any]:
    """A record without what is absent."""
    return {name: value for name, value in values.items() if value is not None}


def said_by(by: By) -> dict[str, Any]:
    """Who asked, as the API names it."""
    return present(person=by.person, role=by.role, organisation=by.organisation, partnership=by.partnership, behalf_of=by.behalf_of)


def editions(procedure: Editions) -> dict[str, Any]:
    """The two editions bound when it was recorded."""
    return present(local=procedure.local, national=procedure.national)


def instant(at: datetime) -> str:
    """An instant as it is stored: UTC, to the microsecond."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def entry(recorded: Recorded) -> dict[str, Any]:
    """Where something stands in the record: when it happened, when it was recorded, at which place, by whom."""
    return {"on": recorded.on.isoformat(), "at": instant(recorded.at), "place": recorded.place, "by": said_by(recorded.by)}


def words_at(fields: Fields, place: int, *path: str | int) -> Any:
    """What stands at this path of the entry, if it is there to be read."""
    here: Any = fields.get(place)
    for step in path:
        if isinstance(here, Mapping):
            here = here.get(str(step))
        elif isinstance(here, list | tuple) and isinstance(step, int) and step < len(here):
            here = here[step]
        else:
            return None
    return here


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
