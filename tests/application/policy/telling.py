"""Cases told for whoever reads them: one case, what made somebody part of it, and the reader that they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from application.policy.membership import membership
from application.policy.on_a_case import Membership
from application.policy.reading import Reader
from application.policy.shown import Shown
from domain.access import AccessEnded, AccessGranted, GlassBroken
from domain.holds import HoldPlaced, Scope
from domain.interests import InterestDeclared
from domain.language import CaseEvent
from domain.people import By
from domain.recorded import Recorded
from domain.stages.agency_reports import AgencyAsked
from domain.stages.commissioning import ReviewCommissioned, ReviewerAppointed, ReviewerRemoved
from domain.stages.escalation import ChallengeRaised, EscalationLevelEntered
from domain.stages.learning import RecommendationIssued
from domain.stages.notification import NotificationReceived, Notifier
from domain.stages.opening import CaseLinked
from domain.stages.participation import ParticipantInvited
from domain.stages.rapid_review import FacilitatorAssigned
from domain.stages.threshold import DeputyAppointed
from tests.application.case_view.histories import BM, HEALTH, Happened, asker, happened, history, in_clear
from tests.application.case_view.stories import opened

NOW = datetime(2024, 12, 2, 12, 0, tzinfo=UTC)
THEN = "2024-10-10 10:00"

WHO: dict[str, By] = {
    "notifier": asker("notifier/hospital-trust"),
    "agency-author": asker("agency-author/hospital-trust"),
    "delegated-partner": HEALTH,
    "partnership-member": asker("partnership-member/housing"),
}


def of(role: str) -> By:
    """Somebody in this role."""
    return WHO.get(role) or asker(role)


def it(by: By, *events: CaseEvent, at: str = THEN) -> Happened:
    return happened(at, by, *events)


def case(*more: Happened, by: By = BM, **about: Any) -> list[Recorded]:
    """A serious incident, opened by the business manager, and what happened since."""
    return history(happened("2024-10-04 09:00", by, opened(**about)), *more)


def notified(by: By) -> Happened:
    form = NotificationReceived(
        notifier=Notifier(person=by.person, name="Ottoline Brack", role_title="ward manager", contact="0161 496 0000"),
        narrative="Ottoline Brack saw Wilfred Oake, born 1 May 2024, with a fracture", channel="secure-email",
    )  # fmt: skip
    return it(by, form)


def granted(person: str, capacity: Any, until: date | None = None) -> Happened:
    return it(asker("lead-partner"), AccessGranted(person=person, capacity=capacity, until=until))


INDIVIDUALS = ("notifier", "local-authority-practitioner", "parent", "community-member", "young-person")
MADE_BY: dict[str, Callable[[By], tuple[Happened, ...]]] = {
    **{role: lambda by: (notified(by),) for role in INDIVIDUALS},
    "designated-health-practitioner": lambda by: (
        it(BM, FacilitatorAssigned(role="designated-health-practitioner", person=by.person)),
    ),
    "agency-author": lambda by: (it(BM, AgencyAsked(agency=str(by.organisation), due_on=date(2024, 10, 20))),),
    "reviewer": lambda by: (it(BM, ReviewerAppointed(candidate=by.person, part="lead", source="external")),),
    "participant": lambda by: (it(BM, ParticipantInvited(participant=by.person, kind="practitioner", information_given="a leaflet")),),
    "inspector": lambda by: (granted(by.person, "inspector", date(2024, 12, 2)),),
    "escalation-reviewer": lambda by: (granted(by.person, "escalation-reviewer", date(2024, 12, 31)),),
}  # fmt: skip
"""What makes somebody part of a case whose row of the matrix is limited to some cases."""


def member(told: list[Recorded], *posts: By) -> Membership:
    return membership(told, posts[0].person, posts)


def reader(told: list[Recorded], *posts: By, now: datetime = NOW) -> Reader:
    return Reader(posts[0], member(told, *posts), now)


def shown(told: list[Recorded], *posts: By, now: datetime = NOW) -> Shown:
    return Shown(reader(told, *posts, now=now), told, in_clear(told))


OFFICER, OUTSIDER = asker("partnership-officer"), asker("business-manager", partnership="bury")
DEPUTY = asker("rapid-review-member/health/Deputy")
REVIEWER, PARTICIPANT = of("reviewer"), of("participant")
HEARD = ChallengeRaised(ref="c-1", decision="threshold-1", organisation="hospital-trust", grounds="not all was read")


def held(scope: Scope) -> Happened:
    """A hold of this scope, on nobody in particular."""
    hold = HoldPlaced(ref=scope, scope=scope, asked_by="the police", basis="an investigation", review_on=date(2025, 1, 1))
    return it(BM, hold)


ELSE: dict[str, tuple[list[Recorded], By]] = {
    "the acting manager": (case(it(BM, InterestDeclared(kind="real", nature="a cousin"))), OFFICER),
    "a deputy": (case(it(HEALTH, DeputyAppointed(partner="health", deputy=DEPUTY.person, delegation="for this case"))), DEPUTY),
    "who hears a challenge": (
        case(it(of("notifier"), HEARD), it(BM, EscalationLevelEntered(challenge="c-1", level=1, heard_by=("notifier",)))),
        asker("notifier/hospital-trust/Matron"),
    ),
    "who owes a recommendation": (
        case(it(BM, RecommendationIssued(ref="r-1", what="a lock", owners=("housing",), by_when=date(2025, 1, 1)))),
        asker("notifier/housing"),
    ),
    "who broke the glass": (
        case(it(asker("inspector"), GlassBroken(ref="g-1", until=datetime(2024, 12, 2, 12, 1, tzinfo=UTC)))), asker("inspector")
    ),
    "let in for a complaint": (case(granted(asker("information-governance").person, "information-governance", date(2024, 12, 2))),
        asker("information-governance")),
    "in conflict": (case(it(BM, InterestDeclared(kind="perceived", nature="next door"))), BM),
    "removed": (case(*MADE_BY["reviewer"](OFFICER), it(BM, ReviewerRemoved(candidate=OFFICER.person))), OFFICER),
    "whose access was ended": (case(it(BM, AccessEnded(person=OFFICER.person))), OFFICER),
    "of another partnership": (case(), OUTSIDER),
    "a parent who notified": (case(notified(of("parent"))), of("parent")),
    "a mother who has a post": (
        case(it(BM, ParticipantInvited(participant=OFFICER.person, kind="family", information_given="a leaflet"))), OFFICER,
    ),
    "a reviewer who is the manager": (case(*MADE_BY["reviewer"](BM)), BM),
    "a held participant": (case(*MADE_BY["participant"](PARTICIPANT), held("interview")), PARTICIPANT),
    "under a disclosure hold": (case(*MADE_BY["participant"](PARTICIPANT), held("disclosure")),
        PARTICIPANT),
    "under a publication hold": (case(*MADE_BY["participant"](PARTICIPANT), held("publication")),
        PARTICIPANT),
    "the chair of no practice review": (
        case(it(BM, ReviewCommissioned(review="local-learning", commissioners=())), concern="local-learning"),
        of("implementation-group-chair"),
    ),
}  # fmt: skip
"""Who else there is on a case, each with the case."""


def neighbours() -> Membership:
    """The business manager of another partnership, on a case that both have linked."""
    ours = case(it(BM, CaseLinked(case="theirs", relation="cross-area")))
    return membership(ours, OUTSIDER.person, (OUTSIDER,), {"theirs": "bury"})
