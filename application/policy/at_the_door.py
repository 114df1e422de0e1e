"""Who may ask something of a case at all: whoever knows of it, and those whom a command itself admits.

For everybody else there is no such case, and what they are told costs as much as where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from application.policy.matrix import MATRIX, readings
from application.policy.membership import NEIGHBOURS, membership, those_that_link_back
from application.policy.on_a_case import ON_EVERY_CASE, Membership
from application.store.store import Store
from domain.case import Case
from domain.language import Command, Refused
from domain.people import NOTIFYING_ROLES, PARTNERS, By
from domain.recorded import Recorded
from domain.roles import ON_NO_CASE, PARTNER, WHO, holds, never_asks, not_for
from domain.stages.escalation import NOT_AN_ORGANISATION, PERSONS

KNOW_OF_EVERY_CASE = ON_EVERY_CASE - {*ON_NO_CASE}
BREAKS = "break-glass"


def refused_by_role(command: str, by: By) -> Refused | None:
    """What whoever asks in a role that is given this command on no case is told, without looking at any."""
    if command == "raise-challenge" and by.role in PERSONS:
        return Refused(NOT_AN_ORGANISATION)
    return not_for(command, by) if never_asks(command, by) else None


class Linking:
    """Which cases of other partnerships link back to a case. Asked at most once, and also where there is no case."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: dict[tuple[str, ...], Mapping[str, Sequence[Recorded]]] = {}

    async def member(self, history: Sequence[Recorded], by: By, posts: Sequence[By]) -> Membership:
        """What somebody is on the case; of a neighbour, with what links back to it."""
        found = membership(history, by.person, posts)
        if found.here or not any(post.role in NEIGHBOURS for post in posts):
            return found
        links = tuple(sorted(found.case.links))
        if links not in self._asked:
            self._asked[links] = await self._store.histories([f"case/{case}" for case in links])
        others = {stream.removeprefix("case/"): told for stream, told in self._asked[links].items()}
        case = history[0].stream.removeprefix("case/") if history else ""
        return membership(history, by.person, posts, those_that_link_back(case, others))


def on_every_case(posts: Sequence[By], case: Case) -> bool:
    """Whether somebody knows of the case by a post alone: also where they are shut out of it, for they are told why."""
    here = [post for post in posts if post.partnership == case.opening.partnership]
    return any(post.role in KNOW_OF_EVERY_CASE and (post.role != PARTNER or post.organisation in PARTNERS) for post in here)


def admits(command: Command, by: By, case: Case, *, in_earnest: bool = True) -> bool:
    """Whether the command itself lets in somebody who is not on the case: to break the glass, to notify, or to say of themselves, as
    a candidate, that they have an interest. A capacity that says nothing of them in particular admits nobody.

    Whoever only asks what would be (not `in_earnest`) breaks no glass: it is broken, which is told to others, or the case is none.
    """
    if not case.opening.opened or by.partnership != case.opening.partnership or (command.name == BREAKS and not in_earnest):
        return False
    return any(_admits(capacity, command, by, case) for capacity in WHO[command.name])


def may_name_candidate(by: By, partnership: str) -> bool:
    """Whether a candidate of this partnership is theirs to name: they read its themes by the row of their role, not totals alone."""
    return by.partnership == partnership and bool(readings("themes", MATRIX.row(by.role).cell("themes")) & {"full", "pseudonymised"})


def _admits(capacity: str, command: Command, by: By, case: Case) -> bool:
    match capacity:
        case "anyone with a post in the partnership":
            return holds(capacity, command, by, case)
        case "reviewer":
            return by.role == capacity and by.person in case.commissioning.interested
        case "anyone who notified" | "anyone heard" | "challenger":
            named = "challenger" if capacity == "anyone heard" else capacity
            return by.role not in PERSONS and holds(named, command, by, case)
        case _:
            return capacity in NOTIFYING_ROLES and holds(capacity, command, by, case)
