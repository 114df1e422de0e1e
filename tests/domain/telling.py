"""Whole histories, for what is told of more than one case, of a candidate, or of the entries of a case by their places."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import convert, to_builtins

from domain.asking import Asking
from domain.candidate import ThematicCandidateRaised
from domain.case import recall
from domain.language import Command, Refused
from domain.people import By
from domain.recorded import Editions, Header, Recorded
from domain.stages.opening import CaseOpened, Child, Incident
from domain.themes import CodeSet, newest
from domain.working_days import london_date
from tests.domain.given import IN_2024, MANAGER, Story, person, somebody

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


def recorded(*events: Any, stream: str = "case/one", at: datetime = NOON) -> tuple[Recorded, ...]:
    """A history of these events, a minute apart; one that happened on another day comes as `(event, on)`."""
    history = []
    for place, told in enumerate(events, start=1):
        event, on = told if isinstance(told, tuple) else (told, None)
        instant = at + timedelta(minutes=place)
        header = Header(
            v=1,
            stream=stream,
            place=place,
            name=event.stored_name(),
            schema=1,
            on=on or london_date(instant),
            by=somebody(MANAGER),
            procedure=Editions("bolton", "england-2023"),
            calendar="england",
            command=f"asking-{place}",
            at=instant,
        )
        history.append(Recorded(header, event, place))
    return tuple(history)


def asking(history: tuple[Recorded, ...] = (), *, by: By | None = None, at: datetime = NOON + timedelta(days=30), **more: Any) -> Any:
    """The circumstances of an asking, a month after the history began."""
    today = london_date(at)
    given: dict[str, Any] = {
        "by": by or somebody(MANAGER),
        "at": at,
        "today": today,
        "on": today,
        "procedure": IN_2024,
        "calendar": None,
        "codes": newest(),
    }
    if "history" in {field.name for field in fields(Asking)}:
        return Asking(**given | {"history": history} | more)
    return SimpleNamespace(elsewhere={}, history=history, **given | more)


def asked(command: Command, of: Any, **more: Any) -> tuple[Any, ...]:
    """What follows on a history, or on the state of another stream.

    Raises:
        Refused: with every sentence against it.
    """
    if isinstance(of, tuple):
        return command.judged(recall(of), asking(of, **more))
    return command.judged(of, asking(**more))


def only(story: Story) -> Any:
    """The one event that followed."""
    (event,) = story.events
    return event


def refusal(command: Command, of: Any, **more: Any) -> str:
    """The sentences by which it is refused."""
    with pytest.raises(Refused) as refused:
        asked(command, of, **more)
    assert all(sentence.endswith(").") for sentence in refused.value.sentences), refused.value.sentences
    return refused.value.sentence


def child(n: int, harm: Any = "injured") -> Child:
    return Child(ref=f"child-{n}", person=person(f"child-{n}"), area_of_residence="bolton", age_band="5-9", harm=harm)


def happened(on: date | None, until: date | None = None) -> Incident:
    return Incident(
        happened_on=on, happened_until=until, area="bolton", in_england=True, harm="injured", abuse_or_neglect="suspected", summary="a fall"
    )


def opened(*children: Child, concern: Any = "local-learning", **more: Any) -> CaseOpened:
    """A case of these children; of one injured child unless told otherwise."""
    incident = happened(date(2024, 2, 20))
    told: dict[str, Any] = {"partnership": "bolton", "label": "Child A", "route": "organisation", "incident": incident, **more}
    return CaseOpened(concern=concern, children=children or (child(1),), **told)


def raised(code: str = "P4", partnership: Any = "bolton", **more: Any) -> ThematicCandidateRaised:
    """A candidate raised by the partners, unless told otherwise."""
    told: dict[str, Any] = {"raised_by": "partners", "round": 1, "incidents": 0, "provisional": 0, "confirmed": 0, **more}
    return ThematicCandidateRaised(partnership=partnership, code=code, version="1", **told)


def retiring(code: str, mapped_to: str) -> CodeSet:
    """The next version of the code set, in which one code has gone into another."""
    rows = to_builtins(newest())
    rows.pop("by_code")
    codes = [{**row, "retired": True, "mapped_to": [mapped_to]} if row["code"] == code else row for row in rows["codes"]]
    return convert({**rows, "version": "2", "codes": codes}, CodeSet)
