"""What somebody is on a case: a pure fold over its history, beside the posts they hold (`docs/permissions.md`).

    membership(history, person, posts).capacities(now)

On a case are the posts of its partnership whose row of the matrix is not limited to some cases, and whoever events make part of it.
What is read of an earlier day is judged by what somebody is now: fold the whole history for that, and show a part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from application.policy.on_a_case import Membership
from domain.access import AccessEnded, AccessGranted, GlassBroken
from domain.corrections import effective
from domain.holds import HoldLifted, HoldPlaced
from domain.interests import InterestDeclared, InterestResolved
from domain.people import NOTIFYING_ROLES, By, PersonId
from domain.recorded import Recorded
from domain.roles import BM, of_organisation
from domain.stages.agency_reports import AgencyAsked, AgencyReportReceived, NilReturnRecorded
from domain.stages.commissioning import ReviewCommissioned, ReviewerAppointed, ReviewerInterestDeclared, ReviewerRemoved
from domain.stages.escalation import ChallengeRaised, ChallengeResolved, EscalationLevelEntered
from domain.stages.learning import RecommendationIssued
from domain.stages.notification import NotificationReceived
from domain.stages.opening import CaseLinked, CaseOpened
from domain.stages.participation import ParticipantInvited
from domain.stages.rapid_review import FacilitatorAssigned
from domain.stages.review import ReportDrafted, ReportPresented
from domain.stages.threshold import CaseReroutedToSerious, DeputyAppointed
from domain.working_days import LONDON

NEIGHBOURS = frozenset({BM, "delegated-partner", "lead-partner"})
"""Who of another partnership reads a case that both have linked (X-3)."""

SHARED_BY = ("same-incident", "sibling", "cross-area")
"""Links by which two partnerships have a case in common; a shared theme is none of them."""

NOTIFYING = frozenset(
    {
        "case-opened", "notification-discussed", "notification-consent-recorded", "notifier-supported", "notification-received",
        "local-authority-became-aware", "serious-incident-confirmed", "local-form-sent", "challenge-raised",
    }
)  # fmt: skip
"""What somebody in a notifying role has done by which the case is theirs."""

BY_ROUTE = {
    "parent": "parent", "community": "community-member", "young-person": "young-person", "local-authority": "local-authority-practitioner",
}  # fmt: skip
"""As what somebody notified whose form another entered for them; on any other route as a notifier."""


def membership(
    history: Iterable[Recorded], person: PersonId, posts: Sequence[By], linked_back: Mapping[str, str] | None = None
) -> Membership:
    """What this person is on the case, with corrected facts in the place of those they correct.

    `posts` are those they hold now. `linked_back` has the cases of other partnerships that link to this one, with their partnership
    (`those_that_link_back`): one side's link opens nothing.
    """
    found = Membership(person=person, posts=tuple(posts))
    for recorded in effective(history):
        if read := READ.get(type(recorded.event)):
            found = read(found, recorded, recorded.event)
        if recorded.name in NOTIFYING and recorded.by.person == person and recorded.by.role in NOTIFYING_ROLES:
            found = replace(found, notified_as=found.notified_as | {recorded.by.role})
    theirs = {partnership for case, partnership in (linked_back or {}).items() if case in found.case.links}
    return replace(found, linked=any(post.role in NEIGHBOURS and post.partnership in theirs for post in found.posts))


def those_that_link_back(case: str, others: Mapping[str, Iterable[Recorded]]) -> dict[str, str]:
    """Of these cases, with their histories, those that link to this one as having something in common, with their partnership."""
    found = {other: membership(history, "", ()).case for other, history in others.items()}
    return {other: standing.partnership for other, standing in found.items() if case in standing.links}


def end_of(day: date) -> datetime:
    """The instant at which a day is over in London."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=LONDON)


# --- what each event makes of somebody

Read = Callable[[Membership, Recorded, Any], Membership]


def _case(m: Membership, **changes: Any) -> Membership:
    return replace(m, case=replace(m.case, **changes))


def _opened(m: Membership, recorded: Recorded, event: CaseOpened) -> Membership:
    return _case(m, partnership=event.partnership, concern=event.concern, route=event.route)


def _received(m: Membership, recorded: Recorded, event: NotificationReceived) -> Membership:
    mine = event.notifier.person == m.person and not (recorded.by.person == m.person and recorded.by.role in NOTIFYING_ROLES)
    return replace(m, notified_as=m.notified_as | {BY_ROUTE.get(m.case.route, "notifier")}) if mine else m


def _linked(m: Membership, recorded: Recorded, event: CaseLinked) -> Membership:
    return _case(m, links={**m.case.links, event.case: event.relation}) if event.relation in SHARED_BY else m


def _declared(m: Membership, recorded: Recorded, event: InterestDeclared) -> Membership:
    if recorded.by.role == BM:
        m = _case(m, managers_away=m.case.managers_away | {recorded.by.person})
    return replace(m, conflicted_since=m.conflicted_since or recorded.place) if recorded.by.person == m.person else m


def _candidate_declared(m: Membership, recorded: Recorded, event: ReviewerInterestDeclared) -> Membership:
    """A real one bars a candidate or reviewer; a perceived one wants a mitigation."""
    mine = event.kind == "real" and event.candidate == m.person
    return replace(m, conflicted_since=m.conflicted_since or recorded.place) if mine else m


def _resolved(m: Membership, recorded: Recorded, event: InterestResolved) -> Membership:
    m = _case(m, managers_away=m.case.managers_away - {event.person})
    return replace(m, conflicted_since=None) if event.person == m.person else m


def _deputy(m: Membership, recorded: Recorded, event: DeputyAppointed) -> Membership:
    return replace(m, deputy_of=m.deputy_of | {event.partner}) if event.deputy == m.person else m


def _agency(m: Membership, recorded: Recorded, event: Any) -> Membership:
    return replace(m, agencies=m.agencies | {event.agency}) if any(of_organisation(post, event.agency) for post in m.here) else m


def _owner(m: Membership, recorded: Recorded, event: RecommendationIssued) -> Membership:
    owing = any(of_organisation(post, owner) for post in m.here for owner in event.owners)
    return replace(m, owes=m.owes | {event.ref}) if owing else m


def _challenged(m: Membership, recorded: Recorded, event: ChallengeRaised) -> Membership:
    return replace(m, challenges={**m.challenges, event.ref: (event.organisation, ())})


def _heard(m: Membership, recorded: Recorded, event: EscalationLevelEntered) -> Membership:
    organisation, _ = m.challenges.get(event.challenge, (None, ()))
    return replace(m, challenges={**m.challenges, event.challenge: (organisation, event.heard_by)})


def _settled(m: Membership, recorded: Recorded, event: ChallengeResolved) -> Membership:
    return replace(m, challenges={ref: heard for ref, heard in m.challenges.items() if ref != event.challenge})


def _appointed(m: Membership, recorded: Recorded, event: ReviewerAppointed) -> Membership:
    return replace(m, reviewer=event.part, removed_since=None) if event.candidate == m.person else m


def _removed(m: Membership, recorded: Recorded, event: ReviewerRemoved) -> Membership:
    return replace(m, reviewer=None, removed_since=recorded.place) if event.candidate == m.person else m


def _invited(m: Membership, recorded: Recorded, event: ParticipantInvited) -> Membership:
    return replace(m, participant=event.kind) if event.participant == m.person else m


def _granted(m: Membership, recorded: Recorded, event: AccessGranted) -> Membership:
    if event.person != m.person:
        return m
    return replace(m, granted=event.capacity, granted_until=end_of(event.until) if event.until else None, ended_since=None)


def _ended(m: Membership, recorded: Recorded, event: AccessEnded) -> Membership:
    if event.person != m.person:
        return m
    glass = min(m.glass_until, recorded.at) if m.glass_until else None
    return replace(m, granted=None, granted_until=None, glass_until=glass, ended_since=recorded.place)


def _broken(m: Membership, recorded: Recorded, event: GlassBroken) -> Membership:
    mine = recorded.by.person == m.person
    return replace(m, glass_until=max(event.until, m.glass_until or event.until)) if mine else m


def _held(m: Membership, recorded: Recorded, event: HoldPlaced) -> Membership:
    return _case(m, holds={**m.case.holds, event.ref: (event.scope, event.person)})


def _lifted(m: Membership, recorded: Recorded, event: HoldLifted) -> Membership:
    return _case(m, holds={ref: hold for ref, hold in m.case.holds.items() if ref != event.ref})


def _drafted(m: Membership, recorded: Recorded, event: ReportDrafted) -> Membership:
    return _case(m, drafted=event.digest)


READ: Mapping[type, Read] = {
    CaseOpened: _opened,
    CaseReroutedToSerious: lambda m, recorded, event: _case(m, concern="serious-incident"),
    NotificationReceived: _received,
    CaseLinked: _linked,
    InterestDeclared: _declared,
    ReviewerInterestDeclared: _candidate_declared,
    InterestResolved: _resolved,
    DeputyAppointed: _deputy,
    FacilitatorAssigned: lambda m, recorded, event: _case(m, facilitator=event.person),
    AgencyAsked: _agency,
    AgencyReportReceived: _agency,
    NilReturnRecorded: _agency,
    RecommendationIssued: _owner,
    ChallengeRaised: _challenged,
    EscalationLevelEntered: _heard,
    ChallengeResolved: _settled,
    ReviewCommissioned: lambda m, recorded, event: _case(m, review=event.review),
    ReviewerAppointed: _appointed,
    ReviewerRemoved: _removed,
    ParticipantInvited: _invited,
    AccessGranted: _granted,
    AccessEnded: _ended,
    GlassBroken: _broken,
    HoldPlaced: _held,
    HoldLifted: _lifted,
    ReportDrafted: _drafted,
    ReportPresented: lambda m, recorded, event: _case(m, presented=m.case.presented | {event.digest}),
}
