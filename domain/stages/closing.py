"""Stage 11. A case is closed when nothing on it is left undone, and re-opened when it must be (BOL-94, BOL-176)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from domain.language import CaseEvent, Command, Prose, Spoken, State, blank, replace
from domain.stages.commissioning import REVIEWS, ReviewType, decided

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded


NAMES: dict[ReviewType, str] = {
    "practice-review": "the local child safeguarding practice review",
    "learn-from-success": "the learn from success review",
    "local-learning": "the local learning review",
    "thematic": "the thematic review",
}


class Closing(State, frozen=True):
    """Whether the case is closed."""

    closed: bool = False


class CaseClosed(CaseEvent, name="case-closed"):
    """Every review of the case is done, its learning is out or somebody said why not, and actions are handed over."""

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, closing=replace(case.closing, closed=True))


class CloseCase(Command, name="close-case"):
    """Close the case. Without a published learning brief, `because` is the reason why there is none."""

    because: Annotated[Spoken, AfterValidator(lambda words: None if blank(words) else words)] = None

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if case.closing.closed:
            yield "The case is closed already (BOL-94)."
        if case.rapid_review.under_way:
            yield "There is a rapid review neither sent to the Panel nor discontinued (BOL-91)."
        for review in undertaken(case, asking):
            if not case.review.completed(review):
                yield f"There is a review undertaken, {NAMES[review]}, whose report is not endorsed (BOL-167)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if not case.publication.brief_published and blank(self.because):
            yield "There is no learning brief published and no reason given why there is none (BOL-176)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield CaseClosed()


class CaseReopened(CaseEvent, name="case-reopened"):
    """The case is open again; what was decided on it stands until it is decided again."""

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, closing=replace(case.closing, closed=False))


class ReopenCase(Command, name="reopen-case"):
    because: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.closing.closed:
            yield "The case is not closed, so there is nothing to re-open (BOL-94)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield CaseReopened()


def undertaken(case: Case, asking: Asking) -> Iterator[ReviewType]:
    """The reviews that somebody decided to carry out, and the thematic one where it is commissioned."""
    for review in REVIEWS:
        if decided(review, case, asking) or review == case.commissioning.review == "thematic":
            yield review
