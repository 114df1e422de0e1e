"""Moments of deciding: what the three partners decided, and decided again (CLK-05, CLK-10, CLK-13, CLK-14, CLK-17)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from domain.facts import Facts, Taken, when
from domain.language import replace
from domain.moments.grammar import Moment, Stopped, at, start, stop, stop_at_first, stopped_by

DISCONTINUED = "rapid-review-discontinued"
DECISIONS = ("threshold-decided", "rapid-review-outcome-decided", "decision-replaced")


def _decided(facts: Facts, counts: Callable[[Taken], bool]) -> Iterator[Moment]:
    """A moment for each decision that counts. Replaced, it ends; its successor is the one in its place, if that counts too."""
    heirs = {taken.instead_of: taken for taken in facts.decisions if taken.instead_of}
    for taken in facts.decisions:
        if counts(taken):
            heir = heirs.get(taken.ref)
            successor = heir.ref if heir and counts(heir) else None
            yield at(taken.recorded, taken.ref, ended=heir.recorded if heir else None, successor=successor)


@start("decision-to-feed-back", "the partners decided, or decided again", *DECISIONS)
def _(facts: Facts) -> Iterator[Moment]:
    """Each decision is owed its own feedback, one that was replaced since no less (BOL-71, BOL-121, QE-6).

    The outcome of a rapid review is fed back only where it was decided again.
    """
    owed = _decided(facts, lambda taken: taken.kind == "threshold" or taken.instead_of is not None)
    return (replace(moment, ended=None, successor=None) for moment in owed)


@stop("decision-fed-back-with-rationale", "that decision was fed back with its rationale", "decision-fed-back")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(facts.first("decision-fed-back", moment.since, decision=moment.key, rationale_included=True))


def _undertaken(name: str, words: str, review: str) -> None:
    @start(name, words, *DECISIONS, DISCONTINUED)
    def _(facts: Facts) -> Iterator[Moment]:
        """Each decision to undertake it. What was decided in a rapid review lapses with it, if that is discontinued (X-6)."""
        lapses = {taken.ref for taken in facts.decisions if taken.kind == "rapid-review-outcome"}
        for moment in _decided(facts, lambda taken: review in taken.reviews):
            discontinued = facts.first(DISCONTINUED, moment.since) if moment.key in lapses else None
            ended = min((end for end in (moment.ended, discontinued) if end), key=when, default=None)
            yield replace(moment, review=review, ended=ended, successor=moment.successor if ended is moment.ended else None)


_undertaken("local-review-decided", "the three partners jointly decided to carry out a local review", "practice-review")
_undertaken("learn-from-success-undertaken", "it was decided to undertake a learn from success review", "learn-from-success")
_undertaken("local-learning-undertaken", "it was decided to undertake a local learning review", "local-learning")
stop_at_first("panel-told-of-review", "the Panel was told of the review")
