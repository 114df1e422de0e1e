"""Who reads, and what of it is theirs to read: of each kind of information, and of each refusal.

reader = Reader(by, membership(history, by.person, [by]), now)
reader.may("decisions").level
shown = Shown(reader, history, fields)         # what of the case is shown to them: `shown.py`
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from application.policy.kinds import KINDS, Kind
from application.policy.on_a_case import Membership
from application.policy.own import Own, own
from application.policy.policies import Access, Policies, standing
from domain.language import RULE, NotAllowed
from domain.people import By
from domain.recorded import Recorded
from domain.roles import PARTNER

AT_PRESENT = "This cannot be done at present; ask the Business Manager"
ABOUT_THE_ASKER = ("You have declared", "You have a declared", "You were removed", "The Panel is not informed")
"""Sentences about the asker, or about what they said in their asking: they tell nothing of the case."""
OUTLINE = "outline"

BARRED = (
    ("declared-interest", "You have declared an interest on this case that is not resolved, so you may read nothing of it (R-8)."),
    ("removed-reviewer", "You were removed as reviewer, so you may read nothing of this case (BOL-97)."),
    ("access-ended", "Your access to this case was ended, so you may read nothing of it (permission matrix)."),
)
"""Why somebody who was on the case is shut out of it, by the policy that forbids it."""


class Reader:
    """One person, as they are on one case now."""

    def __init__(self, by: By, member: Membership, now: datetime, policies: Policies | None = None) -> None:
        self.by = by
        self.member = member
        self.now = now
        self.policies = policies or Policies.shipped()
        self._stands = standing(member, now)
        self.capacities: frozenset[str] = self._stands[0]
        self._may: dict[Kind, Access] = {}

    def may(self, kind: Kind) -> Access:
        """In which ways they may read what is of this kind, and by which policies."""
        if kind not in self._may:
            self._may[kind] = self.policies.may(self.member, kind, self.now, self._stands)
        return self._may[kind]

    @property
    def knows(self) -> bool:
        """Whether they may know of the case at all: if not, there is no such case for them (404)."""
        return self.may(OUTLINE).reads or self.barred is not None

    @property
    def barred(self) -> str | None:
        """The sentence by which somebody who was on the case is shut out of it (403)."""
        forbidden = self.may(OUTLINE).policies if not self.may(OUTLINE).reads else ()
        return next((sentence for policy, sentence in BARRED if policy in forbidden), None)

    def may_not(self, kind: Kind) -> NotAllowed | None:
        """What is said where they may read nothing of a kind: the rule of the matrix, and nothing about the case."""
        if self.may(kind).level != "none":
            return None
        return NotAllowed(self.barred or f"What you asked for is not for you to read: {KINDS.kinds[kind]} (permission matrix).")

    @property
    def capacity(self) -> str:
        """As what they read, for the record of looks: the one they act in, else what the case made of them."""
        return self.by.role if self.by.role in self.capacities else ", ".join(sorted(self.capacities)) or self.by.role

    @property
    def behalf_of(self) -> str | None:
        """On whose behalf they read, for the record of looks: a deputy for a partner, whoever acts for a manager in conflict for them."""
        if "deputy" in self.capacities:
            return f"{PARTNER}/{min(self.member.deputy_of)}"
        return min(self.member.case.managers_away) if "acting-business-manager" in self.capacities else None

    @property
    def withheld(self) -> tuple[Kind, ...]:
        """Of the kinds that were asked about, those of which they read nothing, for the record of looks."""
        return tuple(sorted(kind for kind, access in self._may.items() if not access.reads))

    @property
    def broke_glass(self) -> bool:
        """Whether they read what they read because they broke the glass."""
        return any(policy.startswith("broken-glass") for policy in self.may("notification").policies)

    def owns(self, recorded: Recorded, kind: Kind) -> Own:
        return own(recorded, kind, self.member, self.capacities)

    # --- refusals

    def may_read_rule_facts(self, command: str, sentence: str) -> bool:
        """Whether they may read every kind of fact that a refusal rests on."""
        return all(self.may(kind).reads for kind in rests_on(command, sentence))

    def refusal(self, command: str, sentences: Iterable[str]) -> tuple[str, ...]:
        """A refusal as it is said to them. Where one rests on what they may not read, it says no more than its rule."""
        said = (one if self.may_read_rule_facts(command, one) else at_present(one) for one in sentences)
        return tuple(dict.fromkeys(said))


def rests_on(command: str, sentence: str) -> tuple[Kind, ...]:
    """The kinds of fact a refusal rests on: those of the rules it cites, where they say more than the command does.

    One that is about the asker rests on nothing that they do not know.
    """
    if sentence.startswith(ABOUT_THE_ASKER):
        return ()
    cited = [kind for rule in RULE.findall(sentence) for kind in KINDS.rules.get(rule, ())]
    return tuple(dict.fromkeys(cited or KINDS.commands[command]))


def at_present(sentence: str) -> str:
    """`This cannot be done at present; ask the Business Manager (BOL-90).`"""
    rules = ", ".join(dict.fromkeys(RULE.findall(sentence)))
    return f"{AT_PRESENT} ({rules})." if rules else f"{AT_PRESENT}."
