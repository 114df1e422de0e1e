"""The beginning of a case: opened, known to the authority, notified, and told to the Panel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from application.generating.people import AGENCIES, AREAS
from application.generating.plan import Planned, one_of
from application.generating.telling import Telling
from application.generating.words import named
from domain.people import NOTIFYING_ROLES, PARTNERS, By
from domain.stages.notification import (
    SUPPORTED_ROUTES,
    AcknowledgeNotification,
    ConfirmSeriousIncident,
    DiscussNotification,
    MarkDuplicate,
    NotifierGiven,
    NotifyCareLeaverDeath,
    NotifyLookedAfterDeath,
    NotifyPanel,
    RecordAwareness,
    RecordNotificationConsent,
    SendLocalForm,
    ShareWithPartner,
    SubmitNotification,
    SupportNotifier,
    WithdrawNotification,
)
from domain.stages.opening import (
    AddChild,
    AmendIncident,
    ChildGiven,
    IncidentGiven,
    LinkCase,
    OpenCase,
    RecordCrossReference,
    RecordSamePerson,
)

AGES: Mapping[Any, int] = {"unborn": 1, "under-1": 32, "1-4": 20, "5-9": 13, "10-15": 20, "16-17": 13, "18-24": 1}
HARMS: Mapping[Any, int] = {"died": 45, "seriously-harmed": 55}
LIGHTER: Mapping[Any, int] = {"injured": 40, "seriously-harmed": 25, "none": 35}
CHILDREN: Mapping[int, int] = {1: 74, 2: 19, 3: 7}
NOTIFIERS: Mapping[str, str] = {"parent": "parent", "community": "community-member", "young-person": "young-person"}
PROCESSES: Mapping[Any, int] = {"child-death": 30, "police": 40, "coroner": 15, "family-court": 15}


def opened(t: Telling, planned: Planned, other: Telling | None = None) -> By:
    """The case is opened; whoever notifies is returned. `other` tells of the same incident and child."""
    chance = t.chance
    area = chance.choice(AREAS) if planned.partnership == "england" else planned.partnership
    harm = one_of(chance, HARMS if planned.concern == "serious-incident" else LIGHTER)
    if planned.concern == "learn-from-success":
        harm = "none"
    happened = t.ago(chance.choice((0, 1, 1, 2, 3, 5, 9, 30)))
    by = _opener(t, planned)
    incident = IncidentGiven(
        happened_on=None if t.may(6) else happened, area=area, harm=harm, summary=t.says(),
        abuse_or_neglect="not-applicable" if harm == "none" else chance.choices(("known", "suspected"), (35, 65))[0],
    )  # fmt: skip
    children = tuple(_child(t, n, area, harm, happened) for n in range(1, one_of(chance, CHILDREN) + 1))
    t.ask(
        by,
        OpenCase(
            partnership=planned.partnership, label=planned.label, route=planned.route, concern=planned.concern, incident=incident,
            children=children,
        ),
    )  # fmt: skip
    if other is not None and other.case.opening.opened:
        t.elsewhere[other.stream] = other.case
        t.wait(t.between(1, 6))
        t.ask("business-manager", LinkCase(case=other.stream.partition("/")[2], relation="same-incident"))
        mine, theirs = (next(iter(one.case.opening.children.values())).person for one in (t, other))
        t.ask("business-manager", RecordSamePerson(person=mine, other=theirs, basis=t.says(1)))
    if t.may(30):
        t.ask("business-manager", RecordCrossReference(process=one_of(chance, PROCESSES), reference=f"REF-{planned.number}", status="open"))
    return by


def _opener(t: Telling, planned: Planned) -> By:
    match planned.route:
        case "local-authority":
            return t.by("local-authority-practitioner")
        case "partners":
            return t.by(f"delegated-partner/{t.chance.choice(PARTNERS)}")
        case "organisation":
            return By(person=t.person(), role="notifier", organisation=t.chance.choice(AGENCIES), partnership=planned.partnership)
        case route:
            return By(person=t.person(), role=NOTIFIERS[route], partnership=planned.partnership)


def _child(t: Telling, n: int, area: str, harm: Any, happened: date) -> ChildGiven:
    age = one_of(t.chance, AGES)
    years = {"under-1": 0, "1-4": 2, "5-9": 7, "10-15": 12, "16-17": 16, "18-24": 19}.get(age, 0)
    born = happened - timedelta(days=365 * years + t.between(10, 300))
    suffers = harm if n == 1 or t.may(50) else "none"
    return ChildGiven(
        ref=f"child-{n}", area_of_residence=area if t.may(93) else t.chance.choice(AREAS), age_band=age, harm=suffers,
        looked_after=t.may(9) or None, care_leaver=(age == "18-24") or None, name=named(t.chance),
        born_on=None if age == "unborn" or t.may(10) else born, person=t.person(),
    )  # fmt: skip


# --- the local authority and the Panel


def aware(t: Telling) -> None:
    """The authority learns of it, now and then entered late."""
    incident = t.case.opening.incident
    authority = incident.area if incident else t.partnership
    late = t.may(18)
    learnt = t.today
    if late:
        t.wait(t.between(2, 9))
    because = "Entered from the duty log." if late else None
    t.ask("local-authority-practitioner", RecordAwareness(authority=authority, how=t.says(1), on=learnt, because=because))


def told_to_the_panel(t: Telling) -> None:
    """The portal notifications, mostly within the five days; a rapid review begins where the authority's own route leads to one."""
    t.wait(t.chance.choices((0, 1, 2, 3, 4, 7), (10, 25, 25, 20, 12, 8))[0])
    if not t.case.threshold.met("serious"):
        t.ask("local-authority-practitioner", ConfirmSeriousIncident(basis=t.says()))
    children = t.case.opening.children
    died = [ref for ref, child in children.items() if child.harm == "died"]
    harmed = [ref for ref, child in children.items() if child.harm == "seriously-harmed"]
    for forms, refs in enumerate([*([ref] for ref in died), *([harmed] if harmed else [])] or [[next(iter(children))]]):
        t.ask("named-portal-user", NotifyPanel(portal_reference=f"SIN-{t.stream[5:13]}-{forms + 1}", children=tuple(refs)))
    if t.may(8):
        t.wait(t.between(1, 4))
    t.ask("named-portal-user", SendLocalForm())
    if any(child.looked_after and child.harm == "died" for child in children.values()):
        t.wait(t.between(0, 6))
        t.ask("named-portal-user", NotifyLookedAfterDeath(reference=f"LAC-{t.stream[5:13]}"))
    if any(child.care_leaver and child.harm == "died" for child in children.values()):
        t.wait(t.between(0, 6))
        t.ask("named-portal-user", NotifyCareLeaverDeath(reference=f"CL-{t.stream[5:13]}"))


# --- the form


def notified(t: Telling, by: By, route: str) -> None:
    """The form is talked through, handed in, acknowledged and shared with the three."""
    if route == "organisation":
        for _ in range(t.between(1, 3)):
            t.ask(
                by,
                DiscussNotification(
                    with_role=t.chance.choice(("line-manager", "named-professional")), lived_experience=t.says(), rationale=t.says()
                ),
            )
        outcome = t.chance.choice(("given", "given", "refused", "not-sought"))
        t.ask(by, RecordNotificationConsent(subject="mother", outcome=outcome, lawful_basis=t.says(1), because=t.says(1)))
        t.wait(t.between(0, 3))
    supported = route in SUPPORTED_ROUTES
    if supported:
        t.ask("business-manager", SupportNotifier(help=t.says(1), interpreter=t.may(20) or None))
        t.wait(t.between(1, 5))
    clerk = supported or route == "partners"
    person = by.person if by.role in NOTIFYING_ROLES else t.person()
    notifier = NotifierGiven(name=named(t.chance), role_title=by.role.replace("-", " "), organisation=by.organisation, person=person)
    t.ask(
        "business-manager" if clerk else by,
        SubmitNotification(
            notifier=notifier,
            narrative=t.says(5),
            lived_experience=t.says(),
            form_version="3",
            channel="portal",
            sufficient=supported or None,
        ),
    )
    t.wait(t.chance.choices((0, 1, 3), (45, 45, 10))[0])
    t.ask("partnership-officer" if t.may(30) else "business-manager", AcknowledgeNotification(to=t.says(1), channel="secure-email"))
    t.wait(t.chance.choices((0, 1, 2, 4), (45, 25, 20, 10))[0])
    for partner in PARTNERS:
        t.ask("business-manager", ShareWithPartner(partner=partner, channel="secure-email", what=(t.text(),)))


def falls_away(t: Telling) -> bool:
    """Whether the notification is taken back, or was made before."""
    if t.may(2):
        t.ask("business-manager", WithdrawNotification(because=t.says(1)))
        return True
    if t.may(2):
        t.ask("business-manager", MarkDuplicate(because=t.says(1)))
        return True
    return False


# --- what becomes known later


def more_is_known(t: Telling) -> None:
    """Facts of the incident are known otherwise, or another child belongs to the case."""
    incident = t.case.opening.incident
    if t.may(10) and incident is not None:
        if incident.harm == "seriously-harmed":
            t.ask("business-manager", AmendIncident(harm="died", because=t.says(1)))
        elif incident.happened_on is not None:
            t.ask("business-manager", AmendIncident(happened_on=incident.happened_on - timedelta(days=1), because=t.says(1)))
    if t.may(5):
        ref = f"child-{len(t.case.opening.children) + 1}"
        child = ChildGiven(ref=ref, area_of_residence=t.partnership, age_band="5-9", harm="none", name=named(t.chance), person=t.person())
        t.ask("business-manager", AddChild(child=child))
