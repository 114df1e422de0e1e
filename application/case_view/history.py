"""The history of a stream as it was recorded: every entry with its envelope, what the reader may read of it, and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from application.case_view.readable import Fields, editions, instant, present, said_by
from application.case_view.sentences import sentence
from domain.corrections import RecordCorrected
from domain.recorded import Recorded
from domain.working_days import NEWEST, SHIPPED, BeyondCalendar, Calendar, london_date

PROMPT = 2
"""Working days within which an entry counts as made when it happened (QA-3)."""


def history_items(history: Sequence[Recorded], fields: Fields, calendars: Mapping[str, Calendar] = SHIPPED) -> list[dict[str, Any]]:
    """Every entry in order, as `docs/api.md` says; nothing is left out or put in another's place.

    A correction stands where it was recorded and names what it `corrects`; the entry it corrects stays as it was and says by which
    places it is `corrected_by`. An entry made more than two working days after the day it tells of is a `late_entry`, with the
    working days between and the reason given, if one was and the reader may read it; or that it is `explained_by` transcription.
    """
    corrections: dict[int, list[int]] = {}
    for recorded in history:
        if isinstance(recorded.event, RecordCorrected):
            corrections.setdefault(recorded.event.event_place, []).append(recorded.place)
    reasons = {recorded.header.command: fields.get(recorded.place, {}).get("because") for recorded in reversed(history)}
    return [
        present(
            place=recorded.place,
            position=recorded.position or None,
            name=recorded.name,
            at=instant(recorded.at),
            on=recorded.on.isoformat(),
            by=said_by(recorded.by),
            seen=recorded.header.seen,
            procedure=editions(recorded.procedure),
            calendar=recorded.header.calendar,
            command=recorded.header.command,
            fields=dict(fields[recorded.place]) if recorded.place in fields else None,
            sentence=sentence(recorded),
            corrects=recorded.event.event_place if isinstance(recorded.event, RecordCorrected) else None,
            corrected_by=corrections.get(recorded.place),
            transcribed_by=recorded.header.transcribed_by,
            late_entry=_late_entry(recorded, calendars, reasons[recorded.header.command]),
        )
        for recorded in history
    ]


def _late_entry(recorded: Recorded, calendars: Mapping[str, Calendar], because: object) -> dict[str, Any] | None:
    """How late it was entered, and why: the reason given, or that it is history transcribed from elsewhere."""
    recorded_on = london_date(recorded.at)
    calendar = calendars.get(recorded.header.calendar, NEWEST)
    explained_by = "transcription" if recorded.header.transcribed_by else None
    try:
        late = calendar.working_days_between(recorded.on, recorded_on)
    except BeyondCalendar:
        days = (recorded_on - recorded.on).days
        return present(days=days, because=because, explained_by=explained_by) if days > PROMPT else None
    return present(working_days=late, because=because, explained_by=explained_by) if late > PROMPT else None
