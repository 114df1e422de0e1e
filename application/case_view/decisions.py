"""The register of decisions of one case or candidate: who decided what, when, in what capacity, on which text, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from application.case_view.readable import Fields, present, with_corrections
from domain.corrections import effective
from domain.people import PARTNERS
from domain.recorded import Recorded
from domain.register import ENDORSING, Register
from domain.stages.reopening import DecisionConfirmed, DecisionReplaced
from domain.stages.threshold import ThresholdDecided


def decisions(history: Sequence[Recorded], fields: Fields) -> list[dict[str, Any]]:
    """Every decision in the order recorded, each with what it replaced or was replaced by.

    The kinds are `threshold` and `rapid-review-outcome`, and beside them `criteria-not-met` (the local authority's determination),
    `report-endorsement`, `publication` and `thematic-candidate`. `by` has the partners who do not oppose the outcome, an abstention
    included, `dissent` those who do; where no position of each is recorded, both are left out. `deciders` are those whose positions
    or endorsements make the decision, `recorded_by` whoever entered it. Words come from `fields`, and only those that stand there.
    """
    register = Register(with_corrections(history, fields))
    for recorded in effective(history):
        register.read(recorded)
    return register.entries


def endorsements(history: Iterable[Recorded]) -> int:
    """How many of the three partners endorse, with or without concerns, the text last circulated or presented."""
    register = Register({})
    for recorded in effective(history):
        register.read(recorded)
    return sum(said["position"] in ENDORSING for said in register.endorsing.values() if said.get("partner") in PARTNERS)


def positions_now(history: Iterable[Recorded]) -> Iterator[dict[str, Any]]:
    """The positions of each round that is not decided yet, and the endorsements of the text last circulated or presented."""
    register = Register({})
    concluded: set[str] = set()
    for recorded in effective(history):
        register.read(recorded)
        if isinstance(recorded.event, ThresholdDecided | DecisionConfirmed | DecisionReplaced):
            concluded.add(recorded.event.ref)
    for ref, positions in register.rounds.items():
        if ref not in concluded:
            yield from (present(ref=ref, **position) for position in positions.values())
    yield from (present(digest=register.text, **said) for said in register.endorsers())
