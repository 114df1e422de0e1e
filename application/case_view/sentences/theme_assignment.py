"""Sentences of the theme tracker's codes on a case."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import say
from domain.language import listed
from domain.people import By
from domain.stages.theme_assignment import ThemeAssigned, ThemeWithdrawn

RESTING_ON = {
    "notification": "on the notification",
    "rapid-review": "on the rapid review",
    "report": "on the report",
    "other": "on other grounds",
}


@tells(ThemeAssigned)
def theme_assigned(event: ThemeAssigned, by: By) -> str:
    return f"The theme {event.code}{_of(event.children)} was noted as {say(event.standing)}, resting {RESTING_ON[event.basis]}."


@tells(ThemeWithdrawn)
def theme_withdrawn(event: ThemeWithdrawn, by: By) -> str:
    return f"The theme {event.code} was withdrawn{_of(event.children)}."


def _of(children: tuple[str, ...]) -> str:
    return f" for {listed(children)}" if children else ""
