"""Sentences of stage 1: somebody notifies the partners, the local authority notifies the Panel."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import counted, each, one, place_name, say
from domain.language import listed
from domain.people import By
from domain.stages.notification import (
    CareLeaverDeathNotified,
    LocalAuthorityBecameAware,
    LocalFormSent,
    LookedAfterDeathNotified,
    NotificationAcknowledged,
    NotificationConsentRecorded,
    NotificationDiscussed,
    NotificationFoundDuplicate,
    NotificationReceived,
    NotificationShared,
    NotificationWithdrawn,
    NotifierSupported,
    SeriousIncidentConfirmed,
    SeriousIncidentNotified,
)

FAMILY = {
    "mother": "the mother",
    "father": "the father",
    "carer": "the carer",
    "other-family": "another member of the family",
    "child": "the child",
}


@tells(LocalAuthorityBecameAware)
def local_authority_became_aware(event: LocalAuthorityBecameAware, by: By) -> str:
    return f"The local authority of {place_name(event.authority)} became aware of the incident."


@tells(NotificationDiscussed)
def notification_discussed(event: NotificationDiscussed, by: By) -> str:
    with_whom = "somebody in an equivalent role" if event.with_role == "equivalent" else one(event.with_role)
    return f"Whether to notify was talked through with {with_whom}."


@tells(NotificationConsentRecorded)
def notification_consent_recorded(event: NotificationConsentRecorded, by: By) -> str:
    who = FAMILY[event.subject]
    match event.outcome:
        case "given":
            return f"Consent to the notification was given by {who}."
        case "refused":
            return f"Consent to the notification was refused by {who}; this does not stop it."
        case "withdrawn":
            return f"Consent to the notification was withdrawn by {who}; this does not stop it."
        case "not-sought":
            return f"Consent of {who} was not sought, and the reason was recorded."


@tells(NotifierSupported)
def notifier_supported(event: NotifierSupported, by: By) -> str:
    return f"The person notifying was helped with the form{', with an interpreter' if event.interpreter else ''}."


@tells(NotificationReceived)
def notification_received(event: NotificationReceived, by: By) -> str:
    source = f" from {say(event.notifier.organisation)}" if event.notifier.organisation else ""
    enough = "; the business manager found it sufficient for the partners to decide" if event.sufficient else ""
    urgent = "; it was urgent, so no discussion came first" if event.overrode else ""
    return f"The notification was received{source} {_by(event.channel)}{enough}{urgent}."


@tells(NotificationAcknowledged)
def notification_acknowledged(event: NotificationAcknowledged, by: By) -> str:
    return f"The notification was acknowledged {_by(event.channel)}."


@tells(NotificationShared)
def notification_shared(event: NotificationShared, by: By) -> str:
    return f"A copy went to {say(event.partner)} {_by(event.channel)}."


@tells(SeriousIncidentConfirmed)
def serious_incident_confirmed(event: SeriousIncidentConfirmed, by: By) -> str:
    return "The local authority confirmed that the incident meets the statutory test."


@tells(SeriousIncidentNotified)
def serious_incident_notified(event: SeriousIncidentNotified, by: By) -> str:
    told = f", for {each(event.recipients)}" if event.recipients else ""
    return (
        f"The serious incident was notified through the portal{told}, naming {counted(len(event.children), 'child', 'children')} "
        f"({listed(event.children)}); the reference is {event.portal_reference}."
    )


@tells(LocalFormSent)
def local_form_sent(event: LocalFormSent, by: By) -> str:
    return f"The local form was sent to {each(event.recipients)}."


@tells(LookedAfterDeathNotified)
def looked_after_death_notified(event: LookedAfterDeathNotified, by: By) -> str:
    return f"The death of a looked-after child was notified; the reference is {event.reference}."


@tells(CareLeaverDeathNotified)
def care_leaver_death_notified(event: CareLeaverDeathNotified, by: By) -> str:
    return f"The death of a care leaver was notified; the reference is {event.reference}."


@tells(NotificationFoundDuplicate)
def notification_found_duplicate(event: NotificationFoundDuplicate, by: By) -> str:
    return "The notification was found to repeat one already made" + (" on another case." if event.of else ".")


@tells(NotificationWithdrawn)
def notification_withdrawn(event: NotificationWithdrawn, by: By) -> str:
    return "The notification was withdrawn; the local authority's own duty stands."


def _by(channel: str) -> str:
    return "through the portal" if channel == "portal" else f"by {say(channel)}"
