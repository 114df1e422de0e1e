"""One plain sentence for every event, readable aloud by a business manager: a module per stage, a small function per event."""

from __future__ import annotations

from application.case_view.sentences import (  # noqa: F401  # each declares its sentences
    access,
    adoption,
    candidate,
    closing,
    commissioning,
    corrections,
    erasure,
    escalation,
    holds,
    interests,
    learning,
    notification,
    opening,
    outcome,
    participation,
    publication,
    rapid_review,
    review,
    theme_assignment,
    threshold,
)
from application.case_view.sentences.telling import TOLD
from domain.recorded import Recorded


def sentence(recorded: Recorded) -> str:
    """What happened, in one sentence without a personal word in it. An event of a name no longer known is told by its name."""
    told = TOLD.get(type(recorded.event))
    if told is None:
        return f"{recorded.name.replace('-', ' ').capitalize()}."
    return told(recorded.event, recorded.by)
