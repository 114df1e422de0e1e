"""The courses that cases take, from the first day to the last."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from application.generating import asides, beginning, deciding, publishing, rapid, reviewing
from application.generating.plan import Plan, Planned, stream_of
from application.generating.sealing import Sealing
from application.generating.telling import Enough, Telling
from application.rulebook import Rulebook
from domain.candidate import Candidate
from domain.case import Case
from domain.people import By
from domain.stages.commissioning import ReviewType
from domain.stages.opening import OpenCase

REVIEWS: Mapping[str, ReviewType] = {
    "local-review": "practice-review", "local-learning": "local-learning", "learn-from-success": "learn-from-success",
}  # fmt: skip
"""Which review an outcome asks for."""


def case(plan: Plan, number: int, rules: Rulebook, sealing: Sealing) -> Telling:
    """A case of the plan, told to its end or to the end of the days. Asked again, it is the same but for keys and salts."""
    planned = plan.case(number)
    other = _beginning(plan, planned.other, rules, sealing) if planned.other is not None else None
    t = _telling(plan, planned, rules, sealing)
    with suppress(Enough):
        _told(t, planned, other)
    return t


def _telling(plan: Plan, planned: Planned, rules: Rulebook, sealing: Sealing) -> Telling:
    at = plan.begins(planned.number)
    return Telling(
        plan, rules, sealing, plan.chance(planned.number), stream=planned.stream, partnership=planned.partnership, at=at,
    )  # fmt: skip


def _beginning(plan: Plan, number: int, rules: Rulebook, sealing: Sealing) -> Telling | None:
    """How another case stood once it was opened: what a case that is linked to it is told of it."""
    planned = plan.case(number)
    t = _telling(plan, planned, rules, sealing)
    try:
        beginning.opened(t, planned._replace(other=None))
    except Enough:
        return None
    return t


def _told(t: Telling, planned: Planned, other: Telling | None) -> None:
    by = beginning.opened(t, planned, other)
    if planned.concern == "serious-incident":
        beginning.aware(t)
    if t.may(60):
        asides.themes(t, t.between(1, 4), "notification")
    if planned.route == "local-authority":
        beginning.told_to_the_panel(t)
        _rapid_review_and_on(t)
        return
    beginning.notified(t, by, planned.route)
    if beginning.falls_away(t):
        return
    _decided_and_on(t, planned, by)


def _decided_and_on(t: Telling, planned: Planned, by: By) -> None:
    question: Any = "serious" if planned.concern == "serious-incident" else planned.concern
    decision = deciding.decided(t, question, "met" if t.may(68) else "not-met")
    outcome = t.case.threshold.decisions[decision].outcome
    if planned.route == "organisation" and t.may(30 if outcome == "not-met" else 3):
        challenge = deciding.challenged(t, by, decision)
        if challenge:
            decision = deciding.decided_again(t, decision, challenge) or decision
    elif planned.route in beginning.NOTIFIERS and t.may(15):
        deciding.represented(t)
    outcome = t.case.threshold.decisions[decision].outcome
    if outcome == "not-met":
        asides.acted(t, t.between(0, 2))
        _learned(t, t.between(1, 6))
    elif question == "serious":
        beginning.told_to_the_panel(t)
        _rapid_review_and_on(t)
    else:
        _reviewed_and_on(t, question)


def _rapid_review_and_on(t: Telling) -> None:
    beginning.more_is_known(t)
    if not t.case.rapid_review.stands:
        return
    outcome = rapid.rapid_review(t)
    if t.may(25):
        asides.corrected(t)
    review = REVIEWS.get(outcome or "")
    if review:
        _reviewed_and_on(t, review)
    else:
        _learned(t, t.between(5, 12))


def _reviewed_and_on(t: Telling, review: ReviewType) -> None:
    if t.may(10):
        asides.held_up(t)
    report = reviewing.reviewed(t, review)
    if t.may(25):
        asides.corrected(t)
    if review in ("practice-review", "thematic"):
        publishing.published(t, report)
    publishing.taken_up(t)
    _learned(t, t.between(9, 18))


def _learned(t: Telling, recommendations: int) -> None:
    if t.may(75):
        publishing.brief(t)
    if recommendations:
        publishing.recommended(t, recommendations)
    if t.may(88):
        publishing.closed(t)


def thematic(plan: Plan, candidate: Candidate, rules: Rulebook, sealing: Sealing, *, at: datetime) -> Telling:
    """The review of a candidate that the partners decided to undertake, with the cases that gave rise to it."""
    chance = plan.chance("thematic", candidate.ref, candidate.round)
    linked = sorted(candidate.cases)[:12]
    # of the cases that it is linked to the rules ask only whether they are there
    elsewhere: dict[str, Case | Candidate] = {f"candidate/{candidate.ref}": candidate, **{f"case/{case}": Case() for case in linked}}
    t = Telling(
        plan, rules, sealing, chance, stream=stream_of(chance), partnership=candidate.partnership, at=at, elsewhere=elsewhere
    )  # fmt: skip
    with suppress(Enough):
        own: Any = candidate.partnership
        opening = OpenCase(
            partnership=own, label=f"Theme {plan.seed}-{candidate.ref}-{candidate.round}", route="partners", concern="thematic",
            linked_cases=tuple(linked), candidate=candidate.ref,
        )  # fmt: skip
        t.wait(chance.randint(3, 15))
        t.ask("delegated-partner/health", opening)
        _reviewed_and_on(t, "thematic")
    return t
