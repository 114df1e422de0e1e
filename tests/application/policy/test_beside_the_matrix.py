"""What events of a case make of somebody beside the roles of the matrix: kind by kind, no more and no less."""

from __future__ import annotations

import pytest

from application.policy.kinds import KINDS
from application.policy.policies import Policies
from tests.application.policy.telling import ELSE, NOW, member, neighbours, reader

ALL_THE_MANAGER_READS = dict.fromkeys(KINDS.kinds, "full")
A_PARTNER = dict.fromkeys(
    ("outline", "notification", "notifier-identity", "agency-reports", "rapid-review", "decisions", "commissioning", "interests",
     "review-drafts", "published", "themes", "audit-trail"), "full",
) | {"participants": "pseudonymised"}  # fmt: skip
A_PARTICIPANT = {
    "outline": "full", "participants": "own", "support": "own", "review-drafts": "own", "published": "full", "audit-trail": "own",
}  # fmt: skip
THE_OFFICER = {
    "outline": "full", "notification": "full", "notifier-identity": "full", "participants": "own", "agency-reports": "full",
    "rapid-review": "pseudonymised", "decisions": "pseudonymised", "commissioning": "own", "interests": "own", "published": "full",
    "themes": "pseudonymised",
}  # fmt: skip

READ: dict[str, dict[str, str]] = {
    "the acting manager": ALL_THE_MANAGER_READS,
    "a deputy": A_PARTNER,
    "who hears a challenge": {"outline": "full", "decisions": "pseudonymised"},
    "who owes a recommendation": {"outline": "full", "review-drafts": "own"},
    "who broke the glass": {
        "outline": "full", "notification": "full", "participants": "pseudonymised", "agency-reports": "full", "rapid-review": "full",
        "decisions": "full",
    },
    "let in for a complaint": {
        "outline": "full", "notification": "metadata", "participants": "full", "agency-reports": "metadata", "rapid-review": "metadata",
        "decisions": "metadata", "commissioning": "metadata", "interests": "metadata", "published": "full", "audit-trail": "full",
    },
    "in conflict": {},
    "removed": {},
    "whose access was ended": {},
    "of another partnership": {},
    "a parent who notified": {
        "outline": "full", "notification": "own", "notifier-identity": "own", "participants": "own", "decisions": "own",
        "review-drafts": "own", "published": "full",
    },
    "a mother who has a post": A_PARTICIPANT | THE_OFFICER | {"notifier-identity": "none"},
    "a reviewer who is the manager": ALL_THE_MANAGER_READS | {"support": "none"},
    "a held participant": A_PARTICIPANT | {"review-drafts": "none"},
    "under a disclosure hold": A_PARTICIPANT | {"review-drafts": "none"},
    "under a publication hold": A_PARTICIPANT | {"published": "none"},
    "the chair of no practice review": {
        "outline": "full", "notification": "pseudonymised", "participants": "pseudonymised", "agency-reports": "pseudonymised",
        "decisions": "pseudonymised", "commissioning": "full", "interests": "full", "review-drafts": "full", "published": "full",
        "themes": "full", "audit-trail": "pseudonymised",
    },
}  # fmt: skip


@pytest.mark.parametrize("who", ELSE)
def test_it_is_so_much_and_no_more(who: str) -> None:
    told, by = ELSE[who]
    through = reader(told, by)
    assert {kind: through.may(kind).level for kind in KINDS.kinds} == dict.fromkeys(KINDS.kinds, "none") | READ[who]


def test_a_neighbour_reads_what_both_have_in_common_under_pseudonyms() -> None:
    read = {kind: Policies.shipped().may(neighbours(), kind, NOW).level for kind in KINDS.kinds}
    in_common = dict.fromkeys(("notification", "rapid-review", "decisions"), "pseudonymised")
    assert read == dict.fromkeys(KINDS.kinds, "none") | in_common | {"outline": "full", "published": "full"}


def test_each_answer_names_the_policies_it_rests_on() -> None:
    told, by = ELSE["who hears a challenge"]
    assert Policies.shipped().may(member(told, by), "decisions", NOW).policies == ("hears-the-challenge",)
    told, by = ELSE["in conflict"]
    assert Policies.shipped().may(member(told, by), "decisions", NOW).policies == ("declared-interest",)
    told, by = ELSE["who owes a recommendation"]
    assert Policies.shipped().may(member(told, by), "support", NOW).policies == ()
