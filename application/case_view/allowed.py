"""What somebody may ask on a case now; and of the rest of what is theirs to ask, the sentence that refuses it whatever its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.asking import Asking
from domain.case import Case
from domain.language import COMMANDS, RULE, Command
from domain.people import By
from domain.roles import BM, OFFICER, PARTNER, WHO, holds, of_organisation
from domain.stages.commissioning import BOTH_COMMISSIONERS

BEFORE_THERE_IS_A_CASE = "open-case"


def allowed(case: Case, by: By, asking: Asking) -> dict[str, list[Any]]:
    """`allowed`: names of commands. `refused`: `command`, `sentence` and `rule` of each that this person might ask but not now.

    A command that is not theirs to ask in any capacity is in neither. Where a capacity hangs on a field (whose agency, which
    challenge), it is listed if some field would do. Somebody with an unresolved interest, and a reviewer who was removed, may
    ask nothing: every command that would be theirs is refused with that sentence.
    """
    barred = _barred(case, by)
    found: dict[str, list[Any]] = {"allowed": [], "refused": []}
    if case.opening.opened and by.partnership != case.opening.partnership:
        return found
    for name, command in sorted(COMMANDS.items()):
        if command.stream_kind != "case" or (name == BEFORE_THERE_IS_A_CASE) == case.opening.opened or not might_ask(name, by, case):
            continue
        sentences = [barred] if barred else [*dict.fromkeys(command.refusals(case, asking))]
        if sentences:
            found["refused"].append(_refusal(name, " ".join(sentences)))
        else:
            found["allowed"].append(name)
    return found


def might_ask(name: str, by: By, case: Case) -> bool:
    """Whether some command of this name, with fields to suit, is this person's to ask on this case."""
    capacities = WHO.get(name, ())
    if name == "commission-review" and (by.partner is not None or by.role in BOTH_COMMISSIONERS):
        return True  # who commissions hangs on the review that is named
    if any(_might_hold(capacity, by, case) for capacity in capacities):
        return True
    acts_for_the_manager = by.role == OFFICER or by.person == case.rapid_review.facilitator
    return BM in capacities and acts_for_the_manager and case.interests.unresolved_in_role(BM) is not None


def _barred(case: Case, by: By) -> str | None:
    if by.person in case.interests.unresolved:
        return "You have declared an interest on this case that is not resolved, so you may ask nothing on it (R-8)."
    if by.person in case.commissioning.removed:
        return "You were removed as reviewer, so you may ask nothing on this case (BOL-97)."
    return None


def _refusal(name: str, sentence: str) -> dict[str, str]:
    rule = RULE.search(sentence)
    return {"command": name, "sentence": sentence} | ({"rule": rule.group()} if rule else {})


class _SomeCommand(Command):
    """A command whose fields are not known yet: for capacities that do not hang on one."""


SOME = _SomeCommand()


def _might_hold(capacity: str, by: By, case: Case) -> bool:
    if generously := HANGING_ON_A_FIELD.get(capacity):
        return generously(by, case)
    return holds(capacity, SOME, by, case)


def _of_a_challenge(by: By, case: Case) -> bool:
    return any(by.person == c.raised_by or of_organisation(by, c.organisation) for c in case.escalation.challenges.values())


def _hears_a_challenge(by: By, case: Case) -> bool:
    return any(by.role in c.heard_by for c in case.escalation.challenges.values())


HANGING_ON_A_FIELD: Mapping[str, Callable[[By, Case], bool]] = {
    "author of the agency": lambda by, case: by.role == "agency-author",
    "challenger": _of_a_challenge,
    "anyone heard": lambda by, case: _hears_a_challenge(by, case) or _of_a_challenge(by, case),
    "anyone who hears the challenge": _hears_a_challenge,
    "participant": lambda by, case: by.role == "participant" or by.person in case.participation.invited,
    "endorser of the organisation": lambda by, case: by.role in (PARTNER, "partnership-member"),
    "owner agency": lambda by, case: any(
        of_organisation(by, owner) for recommendation in case.learning.recommendations.values() for owner in recommendation.owners
    ),
    "granter": lambda by, case: by.role in (BM, "lead-partner"),
    "adopter": lambda by, case: by.role in ("administrator", "lead-partner"),
}
"""Capacities that hang on what is asked, each held if some field would give it."""
