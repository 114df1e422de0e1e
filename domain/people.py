"""Who acts and who is written about: identifiers, posts, and the capacity in which somebody asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from pydantic import StringConstraints

PersonId = str
"""`person-` and 32 hexadecimal digits, random: never made from a name, an e-mail address or a sign-in."""

THE_SOFTWARE: PersonId = "person-" + 32 * "0"
"""Who asks where nobody does: the rule of three raising a candidate, the setting up of a store."""

PERSON_ID = r"^person-[0-9a-f]{32}$"

Role = Literal[
    "notifier", "local-authority-practitioner", "named-portal-user", "parent", "community-member", "young-person",
    "business-manager", "partnership-officer", "delegated-partner", "lead-partner", "designated-health-practitioner",
    "rapid-review-member", "agency-author", "implementation-group-chair", "reviewer", "review-group-member", "partnership-member",
    "participant", "scrutineer", "escalation-reviewer", "inspector", "information-governance", "theme-analyst", "administrator",
]  # fmt: skip
ROLES: tuple[str, ...] = Role.__args__  # type: ignore[attr-defined]  # typing.Literal keeps its values there
NOTIFYING_ROLES = ROLES[:6]

Partner = Literal["local-authority", "health", "police"]
PARTNERS: tuple[str, ...] = Partner.__args__  # type: ignore[attr-defined]  # as above


class By(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who asked, in what capacity, and on whose behalf (a deputy, a clerk, an acting business manager)."""

    person: PersonId
    role: str
    organisation: str | None = None
    partnership: str | None = None
    behalf_of: str | None = None

    @property
    def partner(self) -> str | None:
        """The statutory partner they speak for by their own post."""
        return self.organisation if self.role == "delegated-partner" and self.organisation in PARTNERS else None


@dataclass(frozen=True)
class NamesPerson:
    """Marks a field of a command that names somebody: a person id, or a word that makes one. The door puts the id in its place.

    `or_group`: a partner, a role or an agency may stand there too, and stays as it is.
    """

    or_group: bool = False


PersonRef = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S"), NamesPerson()]
PersonOrGroup = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S"), NamesPerson(or_group=True)]
