"""`docs/permissions.md`: who may ask what, from the one table; and what each role is meant to read."""

from __future__ import annotations

from pathlib import Path

from domain.people import ROLES
from domain.roles import CAPACITIES, WHO
from interfaces.documentation.markdown import code, page, table

INTRODUCTION = """\
Who may ask what is one table, `WHO` in [domain/roles.py](../domain/roles.py). A capacity is a role, a role with its organisation
(`delegated-partner/local-authority`), or something that the events of a case make somebody, such as its facilitator. Before any rule
of a stage is looked at, three sentences refuse:

- whoever has declared an interest on the case that is not resolved may ask nothing on it (R-8);
- a reviewer who was removed may ask nothing on it;
- a case belongs to one partnership, and nobody else's role counts on it (X-3).

Where the business manager has such an interest, the facilitator and the partnership officer may ask whatever the business manager
may, and the event says on whose behalf (R-26)."""

FOUND: dict[str, str] = {
    "anybody on the case": "everybody but a theme analyst and an administrator",
    "anyone with a post in the partnership": "whoever holds a post there",
    "deputy": "appointed by a partner on this case",
    "facilitator": "the one last assigned",
    "author of the agency": "an agency author whose organisation is the agency",
    "anyone who notified": "who submitted a notification on the case, or is of the same organisation",
    "challenger": "who raised the challenge, or is of the same organisation",
    "anyone heard": "who hears the challenge, and the challenger",
    "anyone who hears the challenge": "who holds one of the roles that hear it at its level",
    "commissioner": "a delegated partner for a practice review; for any other the implementation group chair or the business manager",
    "reviewer of the case": "appointed, and not removed",
    "participant": "the person of whom the participation is recorded",
    "endorser of the organisation": "a delegated partner or partnership member of the organisation named",
    "owner agency": "of an organisation that owes the recommendation",
    "granter": "the lead partner for inspectors and escalation reviewers, the business manager for all others",
    "adopter": "the administrator for national editions, the lead partner for their partnership's own",
}
"""What makes somebody hold each capacity that is found from events, in words."""

LETTERS = """\
What each role is meant to read and do. **C** creates or acts · **D** decides or endorses · **F** reads in full · **P** reads under
pseudonyms · **O** own items only · **A** aggregates only · – nothing. Until there is sign-in the service runs as a rehearsal, where
whoever asks is believed: what is asked is held to the table above already, reading is not yet held to this one."""

MATRIX_HEADINGS = (
    "role", "notification form", "consent, participants", "agency reports", "rapid review report", "decisions", "commissioning",
    "review drafts", "published", "themes", "audit trail",
)  # fmt: skip

MATRIX: tuple[tuple[str, ...], ...] = (
    ("notifier, local-authority-practitioner", "C, O", "C, O", "–", "–", "of their own", "–", "–", "read", "–", "–"),
    ("parent, community-member, young-person", "C, O", "O", "–", "–", "of their own", "–", "own part", "read", "–", "–"),
    ("named-portal-user", "C, F", "F", "P", "–", "P", "–", "–", "read", "–", "O"),
    ("business-manager", "C, F", "C, F", "F", "C, F", "records", "C, F", "F", "C", "C, F", "F"),
    ("partnership-officer", "C, F", "C", "F", "P", "P", "C", "–", "C", "P", "–"),
    ("delegated-partner", "F", "P", "F", "D, F", "D, F", "D", "F", "D", "C, F", "F"),
    ("lead-partner", "F", "P", "P", "F", "D on escalation", "F", "F", "D", "F", "F"),
    ("rapid-review-member", "P", "–", "F", "F", "P", "–", "–", "read", "P", "–"),
    ("designated-health-practitioner", "F", "P", "F", "C, F", "records", "–", "–", "read", "P", "–"),
    ("agency-author", "–", "–", "own agency", "–", "–", "–", "own facts", "read", "–", "O"),
    ("implementation-group-chair", "P", "P", "P", "–", "P", "D", "F", "D", "F", "P"),
    ("reviewer", "P", "F of this review", "F", "F", "P", "O", "C, F", "–", "P", "–"),
    ("review-group-member", "–", "P", "F", "F", "P", "–", "D", "read", "P", "–"),
    ("partnership-member", "–", "–", "–", "–", "–", "–", "final draft, D", "read", "A", "–"),
    ("participant", "–", "O", "–", "–", "–", "–", "own part", "read", "–", "O"),
    ("scrutineer", "P", "P", "P", "F", "F", "F", "F", "read", "F", "F"),
    ("inspector, escalation-reviewer", "F while granted", "P", "F", "F", "F", "F", "F", "read", "F", "F"),
    ("information-governance", "metadata", "F for a complaint", "metadata", "metadata", "metadata", "metadata", "–", "read", "–", "F"),
    ("theme-analyst", "–", "–", "–", "–", "–", "–", "–", "read", "A", "–"),
    ("administrator", "–", "–", "–", "–", "–", "–", "–", "–", "–", "technical log"),
)


def document(checkout: Path) -> str:
    return page(
        "Permissions",
        INTRODUCTION,
        "## Who may ask what",
        table(("command", "capacities"), ((f"`{command}`", code(*who)) for command, who in WHO.items())),
        "## Capacities found from events",
        table(("capacity", "who holds it"), ((f"`{name}`", FOUND[name]) for name in CAPACITIES)),
        "## Roles",
        code(*ROLES),
        "## Who is meant to read what",
        LETTERS,
        table(MATRIX_HEADINGS, MATRIX),
    )
