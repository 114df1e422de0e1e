"""How a case stands and what one person is on it, as far as reading depends on them: what `membership` finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.access import TIME_BOXED
from domain.people import NOTIFYING_ROLES, PARTNERS, By, PersonId
from domain.roles import BM, OFFICER

ON_EVERY_CASE = frozenset(
    {
        "named-portal-user", BM, OFFICER, "delegated-partner", "lead-partner", "rapid-review-member", "implementation-group-chair",
        "review-group-member", "partnership-member", "scrutineer", "information-governance", "theme-analyst",
    }
)  # fmt: skip
"""Posts that stand on every case of their partnership; all others are on those to which an event brought them."""


@dataclass(frozen=True)
class Standing:
    """How the case stands, as far as reading depends on it."""

    partnership: str = ""
    concern: str = ""
    route: str = ""
    review: str = ""
    drafted: str = ""
    presented: frozenset[str] = frozenset()
    holds: Mapping[str, tuple[str, PersonId | None]] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    facilitator: PersonId | None = None
    managers_away: frozenset[PersonId] = frozenset()

    def held(self, scope: str) -> bool:
        return any(of == scope for of, _ in self.holds.values())


@dataclass(frozen=True)
class Membership:
    """What one person is on one case, and since which place they are kept from it."""

    person: PersonId
    posts: tuple[By, ...]
    case: Standing = Standing()
    notified_as: frozenset[str] = frozenset()
    deputy_of: frozenset[str] = frozenset()
    reviewer: str | None = None
    participant: str | None = None
    agencies: frozenset[str] = frozenset()
    owes: frozenset[str] = frozenset()
    challenges: Mapping[str, tuple[str | None, tuple[str, ...]]] = field(default_factory=dict)
    granted: str | None = None
    granted_until: datetime | None = None
    glass_until: datetime | None = None
    conflicted_since: int | None = None
    removed_since: int | None = None
    ended_since: int | None = None
    linked: bool = False

    @property
    def here(self) -> tuple[By, ...]:
        """Their posts in the partnership of the case."""
        return tuple(post for post in self.posts if post.partnership == self.case.partnership)

    @property
    def by_name(self) -> frozenset[str]:
        """What events of this case made of this very person, beside a grant."""
        found = {*self.notified_as}
        found |= {"deputy"} if self.deputy_of else set()
        found |= {"reviewer"} if self.reviewer else set()
        found |= {"participant"} if self.participant else set()
        found |= {"facilitator"} if self.case.facilitator == self.person else set()
        return frozenset(found)

    def capacities(self, now: datetime) -> frozenset[str]:
        """All that they are on this case. A grant that has run out makes them nothing; one to a role that is only ever let in for a
        time stays here, and the policies ask for its last instant."""
        found = {*self.by_name}
        if self.granted and (self.granted in TIME_BOXED or self.granted_until is None or now < self.granted_until):
            found.add(self.granted)
        for post in self.here:
            if post.role in ON_EVERY_CASE and (post.role != "delegated-partner" or post.organisation in PARTNERS):
                found.add(post.role)
            if post.role == "agency-author" and post.organisation in self.agencies:
                found.add("agency-author")
            if self._hears(post):
                found.add("hears-the-challenge")
        if self.owes:
            found.add("owes-a-recommendation")
        if self.case.managers_away and found & {OFFICER, "facilitator"}:
            found.add("acting-business-manager")
        if self.linked:
            found.add("neighbour")
        return frozenset(found)

    def _hears(self, post: By) -> bool:
        """Of roles that notify, only the challenger's own organisation is heard; whoever is let in for a time reads by that."""
        heard_by = (roles for by, roles in self.challenges.values() if post.role not in NOTIFYING_ROLES or post.organisation == by)
        return post.role not in TIME_BOXED and any(post.role in roles for roles in heard_by)

    @property
    def family(self) -> bool:
        return self.participant in ("family", "child") or "parent" in self.notified_as

    @property
    def interview_held(self) -> bool:
        """Whether they may not be interviewed. A hold that names nobody holds everybody who takes part."""
        return any(of == "interview" and (who == self.person or (who is None and self.participant)) for of, who in self.case.holds.values())
