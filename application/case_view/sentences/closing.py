"""Sentences of closing and re-opening a case."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from domain.people import By
from domain.stages.closing import CaseClosed, CaseReopened


@tells(CaseClosed)
def case_closed(event: CaseClosed, by: By) -> str:
    return "The case was closed."


@tells(CaseReopened)
def case_reopened(event: CaseReopened, by: By) -> str:
    return "The case was opened again."
