"""Sentences of who is let onto a case."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import day, one, sentence_case
from domain.access import AccessEnded, AccessGranted, BreakGlassReviewed, GlassBroken
from domain.people import By
from domain.working_days import LONDON


@tells(AccessGranted)
def access_granted(event: AccessGranted, by: By) -> str:
    until = f" until {day(event.until)}" if event.until else ""
    return f"Somebody was given access to the case as {one(event.capacity)}{until}."


@tells(AccessEnded)
def access_ended(event: AccessEnded, by: By) -> str:
    return "Somebody's access to the case was ended."


@tells(GlassBroken)
def glass_broken(event: GlassBroken, by: By) -> str:
    until = event.until.astimezone(LONDON)
    who = sentence_case(one(by.role))
    return f"{who} took emergency access to the case, until {until:%H:%M} on {day(until.date())} ({event.ref})."


@tells(BreakGlassReviewed)
def break_glass_reviewed(event: BreakGlassReviewed, by: By) -> str:
    found = "justified" if event.outcome == "justified" else "not justified"
    return f"The emergency access {event.grant} was reviewed and found {found}."
