"""Sentences of the candidates for a thematic review."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import counted
from domain.candidate import (
    ThematicCandidateCompleted,
    ThematicCandidateDecided,
    ThematicCandidateExtended,
    ThematicCandidateLinked,
    ThematicCandidateRaised,
)
from domain.people import By

DECIDED = {"undertake": "to undertake", "decline": "not to undertake", "defer": "to put off"}


@tells(ThematicCandidateRaised)
def thematic_candidate_raised(event: ThematicCandidateRaised, by: By) -> str:
    again = f"again (round {event.round}) " if event.round > 1 else ""
    if event.raised_by == "partners":
        return f"The theme {event.code} was raised {again}by the partners for a thematic review."
    children = counted(len(event.children), "child", "children")
    incidents = counted(event.incidents, "incident")
    return f"The theme {event.code} was raised {again}for a thematic review: {children} injured or dead in {incidents}."


@tells(ThematicCandidateDecided)
def thematic_candidate_decided(event: ThematicCandidateDecided, by: By) -> str:
    return f"The three partners decided {DECIDED[event.outcome]} a thematic review."


@tells(ThematicCandidateExtended)
def thematic_candidate_extended(event: ThematicCandidateExtended, by: By) -> str:
    return f"The candidate for a thematic review grew by {counted(len(event.children), 'child', 'children')}."


@tells(ThematicCandidateLinked)
def thematic_candidate_linked(event: ThematicCandidateLinked, by: By) -> str:
    return f"A later case joined the thematic review under way, with {counted(len(event.children), 'child', 'children')}."


@tells(ThematicCandidateCompleted)
def thematic_candidate_completed(event: ThematicCandidateCompleted, by: By) -> str:
    return "The thematic review was completed: its report is endorsed."
