"""Sentences of holds: what waits while proceedings run, and what may not be destroyed."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import called, day, sentence_case
from domain.holds import HoldLifted, HoldPlaced, LegalHoldLifted, LegalHoldPlaced
from domain.people import By

WAITING = {"interview": "interviews", "disclosure": "disclosure", "publication": "publication"}


@tells(HoldPlaced)
def hold_placed(event: HoldPlaced, by: By) -> str:
    whose = " with one person" if event.person and event.scope == "interview" else ""
    return f"A hold was placed on {WAITING[event.scope]}{whose}, to be looked at again on {day(event.review_on)} ({event.ref})."


@tells(HoldLifted)
def hold_lifted(event: HoldLifted, by: By) -> str:
    return f"{sentence_case(called('hold', event.ref))} was lifted."


@tells(LegalHoldPlaced)
def legal_hold_placed(event: LegalHoldPlaced, by: By) -> str:
    return f"A legal hold was placed: nothing of this case is destroyed ({event.ref})."


@tells(LegalHoldLifted)
def legal_hold_lifted(event: LegalHoldLifted, by: By) -> str:
    return f"The legal hold {event.ref} was lifted."
