"""What happens beside the chapters: themes, corrections, holds, talk."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

from application.generating.telling import Telling
from domain.corrections import CorrectRecord
from domain.holds import LiftHold, PlaceHold
from domain.stages.rapid_review import RecordImmediateAction
from domain.stages.theme_assignment import AssignTheme, WithdrawTheme
from domain.themes import newest

FALLING = 0.93
"""Each code is said so much more seldom than the one before it."""

CORRECTABLE = frozenset({
    "local-authority-became-aware", "notification-received", "agency-report-received", "notification-shared", "rapid-review-meeting-held",
    "engagement-recorded", "progress-review-held", "recommendation-issued", "serious-incident-notified",
})  # fmt: skip


@cache
def _codes(good_practice: bool) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The codes that may be assigned, and how often each is: some far more often than others."""
    codes = newest()
    names = [code.code for code in codes.codes if not code.retired and codes.good_practice(code.code) == good_practice]
    names.sort(key=lambda code: (code[::-1], code))
    return tuple(names), tuple(FALLING**n for n in range(len(names)))


def themes(t: Telling, n: int, basis: Any, *, by: str = "business-manager", standing: Any = "provisional") -> None:
    """Codes on all children of the case, or on one of them."""
    names, weights = _codes(t.case.opening.concern == "learn-from-success")
    for code in dict.fromkeys(t.chance.choices(names, weights, k=n)):
        named = [*t.case.opening.children]
        children = None if t.may(80) or not named else (t.chance.choice(named),)
        t.ask(by, AssignTheme(codes=(code,), children=children, standing=standing, basis=basis))


def confirmed(t: Telling) -> None:
    """What an endorsed report bears out stands confirmed."""
    for code in [*t.case.themes.assigned]:
        if t.may(75):
            t.ask("business-manager", AssignTheme(codes=(code,), standing="confirmed", basis="report"))


def theme_withdrawn(t: Telling) -> None:
    """A code that does not speak of the case after all."""
    if t.case.themes.assigned:
        t.ask("business-manager", WithdrawTheme(codes=(t.chance.choice([*t.case.themes.assigned]),), because=t.says(1)))


def corrected(t: Telling) -> None:
    """An earlier entry bore the wrong day."""
    wrong = [one for one in t.history if one.name in CORRECTABLE]
    if wrong:
        entry = t.chance.choice(wrong)
        day = (entry.on - timedelta(days=t.between(1, 3))).isoformat()
        t.ask("business-manager", CorrectRecord(event_place=entry.place, correction={"on": day}, because=t.says(1)))


def held_up(t: Telling) -> None:
    """Proceedings make something wait, and then no more."""
    scope: Any = t.chance.choice(("disclosure", "publication"))
    t.ask("business-manager", PlaceHold(scope=scope, asked_by="the police", basis=t.says(1), review_on=t.today + timedelta(days=60)))
    t.wait(t.between(10, 60))
    t.ask("business-manager", LiftHold(ref=[*t.case.holds.placed][-1], because=t.says(1)))


def acted(t: Telling, n: int) -> None:
    """More is done at once for children's safety."""
    for _ in range(n):
        t.ask("delegated-partner/police", RecordImmediateAction(for_whom="wider-population", action=t.says(), owner=t.says(1)))
