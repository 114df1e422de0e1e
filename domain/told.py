"""How what is recorded is told to others, as JSON: what is absent is left out, words only as far as their reader may read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.people import By
from domain.recorded import Recorded

Fields = Mapping[int, Mapping[str, Any]]
"""By place: the body of the event with the words its reader may read in the clear, erased ones as "[erased]". What they may not
read is not there."""


def present(**values: Any) -> dict[str, Any]:
    """A record without what is absent."""
    return {name: value for name, value in values.items() if value is not None}


def said_by(by: By) -> dict[str, Any]:
    """Who asked, as the API names it."""
    return present(person=by.person, role=by.role, organisation=by.organisation, partnership=by.partnership, behalf_of=by.behalf_of)


def instant(at: datetime) -> str:
    """An instant as it is stored: UTC, to the microsecond."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


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
