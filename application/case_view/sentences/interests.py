"""Sentences of conflicts of interest."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import role, sentence_case
from domain.interests import InterestDeclared, InterestResolved
from domain.people import By


@tells(InterestDeclared)
def interest_declared(event: InterestDeclared, by: By) -> str:
    who = sentence_case(role(by.role, by.organisation))
    return f"{who} declared a {event.kind} conflict of interest, and asks nothing on this case until it is resolved."


@tells(InterestResolved)
def interest_resolved(event: InterestResolved, by: By) -> str:
    return f"A declared interest was resolved by {role(by.role, by.organisation)}; that person may take part again."
