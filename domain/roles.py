"""Who may ask what: one table, the *who* of every command (the permission matrix is `docs/permissions.md`).

A capacity is a role (`business-manager`), a role with its organisation (`delegated-partner/local-authority`), or something
that the events of the case make somebody: its facilitator, a commissioner, a deputy, the challenger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from domain.language import Command, NotAllowed, replace
from domain.people import NOTIFYING_ROLES, PARTNERS, ROLES, By

if TYPE_CHECKING:
    from domain.case import Case

BM = "business-manager"
OFFICER = "partnership-officer"
PARTNER = "delegated-partner"
PORTAL = "named-portal-user"
LA = "local-authority-practitioner"
LA_PARTNER = "delegated-partner/local-authority"
ANY_PARTNER = (PARTNER, "deputy")
ANY_NOTIFYING = NOTIFYING_ROLES

WHO: Mapping[str, tuple[str, ...]] = {
    # 1 opening
    "open-case": (*ANY_NOTIFYING, BM, OFFICER, PARTNER),
    "amend-incident": (BM, PORTAL),
    "add-child": (BM, PORTAL),
    "record-cross-reference": (BM, PORTAL, PARTNER),
    "link-case": (BM,),
    "record-same-person": (BM,),
    "refer-to-area": (BM, PORTAL),
    # 2 notification
    "record-awareness": (LA, PORTAL, BM, LA_PARTNER),
    "discuss-notification": ("notifier", LA),
    "record-notification-consent": ("notifier", BM),
    "support-notifier": (BM, "notifier"),
    "submit-notification": (*ANY_NOTIFYING, BM),
    "acknowledge-notification": (BM, OFFICER),
    "share-with-partner": (BM, OFFICER),
    "confirm-serious-incident": (LA, PORTAL),
    "notify-panel": (PORTAL,),
    "send-local-form": (PORTAL, LA),
    "notify-looked-after-death": (PORTAL,),
    "notify-care-leaver-death": (PORTAL,),
    "mark-duplicate": (BM,),
    "withdraw-notification": (BM,),
    # 3 threshold
    "convene-partner-meeting": (BM,),
    "declare-interest": ("anybody on the case",),
    "resolve-interest": ("lead-partner", PARTNER),
    "appoint-deputy": (PARTNER,),
    "record-partner-position": (*ANY_PARTNER, BM),
    "decide-threshold": (BM,),
    "feed-back-decision": (BM, OFFICER),
    "reroute-to-serious": (PARTNER,),
    # 4 rapid review
    "initiate-rapid-review": (BM,),
    "assign-facilitator": (BM,),
    "ask-agency": ("facilitator",),
    "change-agency-date": ("facilitator",),
    "submit-agency-report": ("author of the agency", "facilitator"),
    "record-nil-return": ("author of the agency", "facilitator"),
    "collate-chronology": ("facilitator",),
    "distribute-pack": ("facilitator",),
    "record-immediate-action": (*ANY_PARTNER, "facilitator"),
    "hold-rapid-review-meeting": ("facilitator",),
    "draft-rapid-review-report": ("facilitator",),
    "circulate-for-endorsement": ("facilitator",),
    "endorse-rapid-review": ANY_PARTNER,
    # 5 outcome
    "decide-rapid-review-outcome": (BM, "facilitator"),
    "send-to-panel": (BM, "facilitator"),
    "receive-panel-feedback": (BM,),
    "record-panel-request": (BM,),
    "supply-information": (BM,),
    "receive-new-information": (BM, PARTNER),
    "determine-criteria-not-met": (PORTAL, LA_PARTNER),
    "reopen-decision": (PARTNER, BM),
    "confirm-decision": (BM,),
    "replace-decision": (BM,),
    "tell-panel-of-review": (BM,),
    # 6 challenge, representation, escalation
    "raise-challenge": ("anyone who notified",),
    "escalate-challenge": (BM, "challenger"),
    "record-escalation-view": ("anyone heard",),
    "resolve-challenge": ("anyone who hears the challenge",),
    "receive-representation": (BM,),
    "answer-representation": (BM,),
    # 7 commissioning
    "commission-review": ("commissioner",),
    "set-person-specification": ("commissioner",),
    "invite-expressions-of-interest": (BM,),
    "receive-expression-of-interest": (BM,),
    "withdraw-expression-of-interest": (BM,),
    "declare-reviewer-interest": (BM, "reviewer"),
    "assess-candidate": ("commissioner",),
    "hold-interview": ("commissioner",),
    "declare-none-suitable": ("commissioner",),
    "appoint-reviewer": ("commissioner",),
    "remove-reviewer": ("commissioner",),
    # 8 the review
    "agree-scope": ("commissioner", "reviewer of the case"),
    "invite-participant": ("reviewer of the case", BM),
    "record-participation": ("reviewer of the case", BM, "participant"),
    "record-engagement": ("reviewer of the case",),
    "offer-support": (BM,),
    "record-family-view": ("reviewer of the case", BM),
    "hold-progress-review": ("commissioner",),
    "raise-report-concern": (PARTNER, "partnership-member"),
    "resolve-report-concern": ("reviewer of the case", "commissioner"),
    "escalate-report-concern": (BM,),
    "submit-draft": ("reviewer of the case",),
    "quality-assure-report": ("review-group-member",),
    "present-report": (BM,),
    "record-endorsement": ("endorser of the organisation",),
    "conclude-endorsement": (BM,),
    "report-delay": (BM,),
    # 9 publication
    "plan-publication": (BM,),
    "send-pre-publication-copy": (BM,),
    "decide-publication": (BM,),
    "check-anonymisation": ("anybody on the case",),
    "publish-report": (BM,),
    "deposit-in-repository": (BM,),
    "publish-learning-brief": (BM,),
    "withdraw-learning-brief": (BM,),
    # 10 learning into practice
    "choose-learning-elements": (PARTNER, BM),
    "issue-recommendation": ("reviewer of the case", BM),
    "accept-recommendation": ("owner agency", BM),
    "submit-assurance": ("owner agency", BM),
    "judge-assurance": (PARTNER, BM),
    "invite-feedback": (BM,),
    "receive-feedback": (BM,),
    "include-in-annual-summary": (BM,),
    # 11 themes
    "assign-theme": (BM, "facilitator", "reviewer of the case", PARTNER),
    "withdraw-theme": (BM, "facilitator", "reviewer of the case", PARTNER),
    "raise-thematic-candidate": (PARTNER,),
    "decide-thematic": (BM,),
    # 12 holds, personal data, closing
    "place-hold": (BM,),
    "lift-hold": (BM,),
    "correct-record": (BM,),
    "redact-text": ("information-governance",),
    "dispose-record": ("information-governance",),
    "erase-person": ("information-governance",),
    "place-legal-hold": ("information-governance",),
    "lift-legal-hold": ("information-governance",),
    "close-case": (BM,),
    "reopen-case": (BM,),
    # 13 who is on a case
    "grant-access": ("granter",),
    "end-access": ("granter",),
    "break-glass": ("anyone with a post in the partnership",),
    "review-break-glass": ("information-governance",),
    # 14 calendars and procedures
    "adopt-calendar": ("administrator",),
    "adopt-procedure": ("adopter",),
}
"""The *who* column: for each command, the capacities that may ask it."""

TIME_BOXED = ("inspector", "escalation-reviewer")
"""Roles whose access the lead partner grants, and for a time only."""

NATIONAL_EDITIONS = "england-"


def asked_by(command: Command, by: By, case: Case) -> By:
    """Who asks, with the person on whose behalf filled in.

    Raises:
        NotAllowed: with the rule of the matrix, and nothing about the case.
    """
    if by.person in case.interests.unresolved:
        raise NotAllowed("You have declared an interest on this case that is not resolved, so you may ask nothing on it (R-8).")
    if by.person in case.commissioning.removed:
        raise NotAllowed("You were removed as reviewer, so you may ask nothing on this case (BOL-97).")
    if by.person in case.access.ended and command.name != "break-glass":
        raise NotAllowed("Your access to this case was ended, so you may ask nothing on it (permission matrix).")
    if case.opening.opened and by.partnership != case.opening.partnership:
        raise NotAllowed(f"This case belongs to another partnership; {a(by.role)} of this one may not ask {command.name} on it (X-3).")
    if command.name == "open-case" and by.role in (BM, OFFICER, PARTNER) and by.partnership != getattr(command, "partnership", None):
        raise NotAllowed(f"{a(by.role).capitalize()} opens cases of their own partnership; whoever notifies opens them anywhere (X-3).")
    capacities = WHO[command.name]
    if any(holds(capacity, command, by, case) for capacity in capacities):
        return replace(by, behalf_of=by.behalf_of or behalf(command, by, case))
    absent = case.interests.unresolved_in_role(BM)
    if absent and BM in capacities and (by.role == OFFICER or by.person == case.rapid_review.facilitator):
        return replace(by, behalf_of=absent)
    raise not_for(command.name, by)


def not_for(command: str, by: By) -> NotAllowed:
    """Who asks in this role is told whom the command is for, and nothing about any case."""
    return NotAllowed(f"{a(by.role).capitalize()} may not ask {command}; it is for {listed_or(WHO[command])} (permission matrix).")


def never_asks(command: str, by: By) -> bool:
    """Whether the table gives this role the command on no case whatever: told without looking at any."""
    # for a business manager with an interest the officer asks, or whoever facilitates
    instead = WHO[command] if BM not in WHO[command] else (*WHO[command], OFFICER, "facilitator")
    return not any(_ever(capacity, by) for capacity in instead)


def _ever(capacity: str, by: By) -> bool:
    if capacity in CAPACITIES:
        return by.role in HELD_BY[capacity] if capacity in HELD_BY else by.role not in ON_NO_CASE
    role, _, organisation = capacity.partition("/")
    return by.role == role and (not organisation or by.organisation == organisation)


def holds(capacity: str, command: Command, by: By, case: Case) -> bool:
    """Whether the asker has this capacity on this case, for this command."""
    found = CAPACITIES.get(capacity)
    if found:
        return found(command, by, case)
    role, _, organisation = capacity.partition("/")
    if role == PARTNER and by.organisation not in PARTNERS:
        return False
    return by.role == role and (not organisation or by.organisation == organisation)


def _commissioner(command: Command, by: By, case: Case) -> bool:
    review = getattr(command, "review", None) or case.commissioning.review
    if review == "practice-review":
        return by.partner is not None
    if review is None:
        return by.partner is not None or by.role in ("implementation-group-chair", BM)
    return by.role in ("implementation-group-chair", BM)


def _notified(command: Command, by: By, case: Case) -> bool:
    """Individuals pass as well, to be told that their way is a representation (X-16)."""
    if by.role in ("parent", "community-member", "young-person"):
        return True
    return any(by.person == person or of_organisation(by, organisation) for person, organisation in case.notification.notified_by)


def _challenger(command: Command, by: By, case: Case) -> bool:
    challenge = case.escalation.challenge(getattr(command, "challenge", ""))
    return bool(challenge and (by.person == challenge.raised_by or of_organisation(by, challenge.organisation)))


def _hears(command: Command, by: By, case: Case) -> bool:
    challenge = case.escalation.challenge(getattr(command, "challenge", ""))
    # a challenge that is not there, or has no level yet, is refused by the chapter with a sentence of its own
    return challenge is None or not challenge.heard_by or by.role in challenge.heard_by


def _owner(command: Command, by: By, case: Case) -> bool:
    return any(of_organisation(by, owner) for owner in case.learning.owners(getattr(command, "recommendation", "")))


def _granter(command: Command, by: By, case: Case) -> bool:
    capacity = getattr(command, "capacity", None) or case.access.capacity_of(getattr(command, "person", ""))
    return by.role == ("lead-partner" if capacity in TIME_BOXED else BM)


def _adopter(command: Command, by: By, case: Case) -> bool:
    national = str(getattr(command, "edition", "")).startswith(NATIONAL_EDITIONS)
    return by.role == ("administrator" if national else "lead-partner")


def of_organisation(by: By, organisation: str | None) -> bool:
    """Whether somebody stands for an organisation by their post: whoever speaks for themselves stands for none."""
    return by.role in POSTS and bool(by.organisation) and by.organisation == organisation


ON_NO_CASE = ("theme-analyst", "administrator")
"""Roles in which nobody is on a case, whatever its events say of the person."""

FOR_THEMSELVES = ("parent", "community-member", "young-person", "participant")
"""Roles in which somebody speaks for themselves: no post, whatever organisation is said with it."""

POSTS = tuple(role for role in ROLES if role not in (*ON_NO_CASE, *FOR_THEMSELVES))
"""Roles that are a post in a partnership or agency, by which somebody may come to a case."""

CAPACITIES: Mapping[str, Callable[[Command, By, Case], bool]] = {
    "anybody on the case": lambda command, by, case: by.role not in ON_NO_CASE,
    "anyone with a post in the partnership": lambda command, by, case: by.role in POSTS,
    "deputy": lambda command, by, case: case.threshold.deputy_for(by.person) is not None,
    "facilitator": lambda command, by, case: by.person == case.rapid_review.facilitator,
    "author of the agency": lambda command, by, case: by.role == "agency-author" and by.organisation == getattr(command, "agency", None),
    "anyone who notified": _notified,
    "challenger": _challenger,
    "anyone heard": lambda command, by, case: _hears(command, by, case) or _challenger(command, by, case),
    "anyone who hears the challenge": _hears,
    "commissioner": _commissioner,
    "reviewer of the case": lambda command, by, case: by.person in case.commissioning.reviewers,
    "participant": lambda command, by, case: by.person == getattr(command, "participant", None),
    "endorser of the organisation": lambda command, by, case: (
        by.role in (PARTNER, "partnership-member") and by.organisation == getattr(command, "organisation", None)
    ),
    "owner agency": _owner,
    "granter": _granter,
    "adopter": _adopter,
}
"""Capacities that are found from the events of the case, or from what is asked."""

HELD_BY: Mapping[str, tuple[str, ...]] = {
    "anyone with a post in the partnership": POSTS,
    "author of the agency": ("agency-author",),
    "commissioner": (PARTNER, "implementation-group-chair", BM),
    "endorser of the organisation": (PARTNER, "partnership-member"),
    "owner agency": POSTS,
    "granter": ("lead-partner", BM),
    "adopter": ("lead-partner", "administrator"),
}
"""In which roles such a capacity is ever held, where not in every role in which somebody may be on a case."""


def behalf(command: Any, by: By, case: Case) -> str | None:
    """On whose behalf somebody asks: a clerk for a partner or an author, a deputy for the partner who appointed them."""
    if command.name in ("record-partner-position", "endorse-rapid-review"):
        if by.role == BM or case.threshold.deputy_for(by.person):
            return f"{PARTNER}/{command.partner}"
    elif command.name in ("submit-agency-report", "record-nil-return") and by.role != "agency-author":
        return f"agency-author/{command.agency}"
    elif command.name == "submit-notification" and by.role == BM:
        return command.notifier.person or None
    return None


def a(role: str) -> str:
    """`an agency author`, `a business manager`."""
    words = role.replace("-", " ")
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


CALLED: Mapping[str, str] = {
    "anyone with a post in the partnership": "whoever holds a post in the partnership",
    "deputy": "a deputy whom the partner appointed",
    "facilitator": "the facilitator of this case",
    "author of the agency": "an author of that agency",
    "challenger": "whoever raised the challenge",
    "anyone heard": "whoever is heard",
    "anyone who hears the challenge": "whoever hears the challenge at its level",
    "commissioner": "whoever commissions it (the partners for a practice review, else the implementation group chair or business manager)",
    "reviewer of the case": "a reviewer appointed on this case",
    "participant": "the participant",
    "endorser of the organisation": "whoever speaks for that organisation",
    "owner agency": "an agency that owes the recommendation",
    "granter": "the business manager (for inspectors and escalation reviewers the lead partner)",
    "adopter": "the lead partner (for national editions the administrator)",
}
"""How a sentence names a capacity that is found from the events."""


def listed_or(capacities: tuple[str, ...]) -> str:
    """Who may ask, as a sentence names them."""
    *others, last = (CALLED.get(capacity) or _called(capacity) for capacity in capacities)
    return f"{', '.join(others)} or {last}" if others else last


def _called(capacity: str) -> str:
    role, _, organisation = capacity.partition("/")
    if capacity in CAPACITIES:
        return capacity
    return a(role) + (f" of the {organisation.replace('-', ' ')}" if organisation else "")
