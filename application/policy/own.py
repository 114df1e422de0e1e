"""What is one's own on a case: what one entered, and what is about oneself, one's agency, or the decision on what one notified."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from application.policy.on_a_case import Membership
from domain.recorded import Recorded

OUTCOMES = frozenset(
    {
        "threshold-decided", "decision-confirmed", "decision-replaced", "rapid-review-outcome-decided", "learning-considered",
        "serious-incident-found-not-to-meet-criteria", "rapid-review-discontinued", "decision-fed-back",
    }
)  # fmt: skip
"""What was decided on a notification, and that it was fed back."""

OF_AN_OUTCOME = frozenset(
    {
        "ref", "decision", "kind", "question", "threshold", "outcome", "then", "rationale", "evidence", "learning_considered",
        "rationale_included", "replaces", "replaced", "replaced_by", "lapsed", "on", "at", "place", "words",
    }
)  # fmt: skip
"""What a notifier reads of it: the outcome and its rationale, and not who took which position (BOL-71)."""

FINAL_DRAFT = frozenset({"report-presented", "report-quality-assured", "report-endorsed", "report-returned"})
"""What members of the partnership are shown of a report: that it was presented, on what text, and what came of it."""


class Own(NamedTuple):
    """Whether an entry is one's own, and if not all of it, which fields are."""

    mine: bool
    fields: frozenset[str] | None = None

    def has(self, field: str) -> bool:
        return self.mine and (self.fields is None or field in self.fields)


NOT_MINE, MINE = Own(False), Own(True)


def own(recorded: Recorded, kind: str, member: Membership, capacities: frozenset[str]) -> Own:
    """Whether what an entry says of this kind is this person's own."""
    if member.person in (recorded.by.person, recorded.by.behalf_of):
        return MINE
    found = OWN.get(kind)
    return found(recorded.event, recorded, member, capacities) if found else NOT_MINE


def _notified(event: Any, recorded: Recorded, m: Membership, capacities: frozenset[str]) -> Own:
    notifier = getattr(event, "notifier", None)
    return Own(notifier is not None and notifier.person == m.person)


def _about_me(event: Any, recorded: Recorded, m: Membership, capacities: frozenset[str]) -> Own:
    named = (getattr(event, field, None) for field in ("participant", "candidate", "person"))
    return Own(m.person in named)


def _decided(event: Any, recorded: Recorded, m: Membership, capacities: frozenset[str]) -> Own:
    return Own(True, OF_AN_OUTCOME) if recorded.name in OUTCOMES and m.notified_as & capacities else NOT_MINE


def _of_my_agency(event: Any, recorded: Recorded, m: Membership, capacities: frozenset[str]) -> Own:
    return Own("agency-author" in capacities and getattr(event, "agency", None) in m.agencies)


def _drafted(event: Any, recorded: Recorded, m: Membership, capacities: frozenset[str]) -> Own:
    if getattr(event, "participant", None) == m.person or _of_my_agency(event, recorded, m, capacities).mine:
        return MINE
    if {getattr(event, "ref", None), getattr(event, "recommendation", None)} & m.owes and "recommendation" in recorded.name + _of(event):
        return MINE
    if "partnership-member" in capacities:
        presented = getattr(event, "digest", None) in m.case.presented
        theirs = any(getattr(event, "organisation", None) == post.organisation is not None for post in m.here)
        return Own((presented and recorded.name in FINAL_DRAFT) or theirs)
    return NOT_MINE


def _of(event: Any) -> str:
    """An acceptance or an assurance is of a recommendation, and says so in a field."""
    return " recommendation" if getattr(event, "recommendation", None) else ""


OWN: Mapping[str, Callable[[Any, Recorded, Membership, frozenset[str]], Own]] = {
    "notification": _notified,
    "notifier-identity": _notified,
    "participants": _about_me,
    "support": _about_me,
    "agency-reports": _of_my_agency,
    "decisions": _decided,
    "commissioning": _about_me,
    "interests": _about_me,
    "review-drafts": _drafted,
    "audit-trail": _about_me,
}
"""For each kind, what is somebody's own beside what they entered themselves."""
