"""Stage 1. Somebody notifies the partners; the local authority notifies the Panel (BOL-40…65, BOL-109…119, X-3, X-5, X-7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from domain.initiation import RapidReviewInitiated
from domain.language import CaseEvent, Code, Command, Digest, Model, Part, Prose, Ref, State, blank, listed, replace
from domain.people import PARTNERS, Partner, PersonId, PersonRef
from domain.personal import PersonWords, Words
from domain.stages.opening import CaseRef

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

Channel = Literal["secure-email", "portal", "post", "phone"]
SECURE = ("secure-email", "portal")
WithRole = Literal["line-manager", "designated-professional", "named-professional", "equivalent"]
Subject = Literal["mother", "father", "carer", "other-family", "child"]
SUPPORTED_ROUTES = ("parent", "community", "young-person")
"""Routes on which the business manager helps with the form and vouches for it (BOL-62, BOL-63)."""
PORTAL_RECIPIENTS = ("panel", "ofsted", "dfe")


class Notification(State, frozen=True):
    """How far the notification has come, and what the local authority has told the Panel."""

    discussed: bool = False
    received: bool = False
    notified_by: frozenset[tuple[PersonId, str | None]] = frozenset()
    shared_with: frozenset[str] = frozenset()
    authorities_aware: frozenset[str] = frozenset()
    test_confirmed: bool = False
    portal_references: tuple[str, ...] = ()
    children_notified: frozenset[str] = frozenset()
    local_form_sent: bool = False
    duplicate: bool = False
    withdrawn: bool = False

    @property
    def panel_notified(self) -> bool:
        """Whether a portal notification stands: the Panel gave a reference (X-6)."""
        return bool(self.portal_references)

    @property
    def shared_with_all(self) -> bool:
        return self.shared_with >= set(PARTNERS)


# --- the local authority becomes aware


class LocalAuthorityBecameAware(CaseEvent, name="local-authority-became-aware"):
    """A local authority learnt of the incident on this day; from it the statutory five working days count (BOL-46, X-5)."""

    authority: str
    how: Words | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        aware = case.notification.authorities_aware | {self.authority.casefold()}
        return replace(case, notification=replace(case.notification, authorities_aware=aware))


class RecordAwareness(Command, name="record-awareness"):
    authority: Code
    how: Prose

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield LocalAuthorityBecameAware(authority=self.authority, how=self.how)


# --- before the form


class NotificationDiscussed(CaseEvent, name="notification-discussed"):
    """Whether to notify was talked through first, with the child's lived experience in view (BOL-42, BOL-52)."""

    with_role: WithRole
    lived_experience: Words
    rationale: Words
    domains: tuple[Words, ...] = ()

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, notification=replace(case.notification, discussed=True))


class DiscussNotification(Command, name="discuss-notification"):
    with_role: WithRole
    lived_experience: Prose
    rationale: Prose
    domains: tuple[Prose, ...] = ()

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield NotificationDiscussed(
            with_role=self.with_role, lived_experience=self.lived_experience, rationale=self.rationale, domains=self.domains
        )


class NotificationConsentRecorded(CaseEvent, name="notification-consent-recorded"):
    """What the family said, or why they were not asked. It never changes what is allowed (BOL-54, X-13, R-12)."""

    subject: Subject
    outcome: Literal["given", "refused", "not-sought", "withdrawn"]
    how_asked: Words | None = None
    told_by: Words | None = None
    lawful_basis: Words


class RecordNotificationConsent(Command, name="record-notification-consent"):
    subject: Subject
    outcome: Literal["given", "refused", "not-sought", "withdrawn"]
    how_asked: Prose | None = None
    told_by: Prose | None = None
    lawful_basis: Prose

    @model_validator(mode="after")
    def _reason_unless_given(self) -> RecordNotificationConsent:
        if self.outcome != "given" and blank(self.because):
            raise ValueError("because is required unless consent was given")
        return self

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield NotificationConsentRecorded(
            subject=self.subject,
            outcome=self.outcome,
            how_asked=self.how_asked,
            told_by=self.told_by,
            lawful_basis=self.lawful_basis,
        )


class NotifierSupported(CaseEvent, name="notifier-supported"):
    """A parent, community member or young person was helped to notify (BOL-61, BOL-62)."""

    help: Words
    interpreter: bool | None = None


class SupportNotifier(Command, name="support-notifier"):
    help: Prose
    interpreter: bool | None = None

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if case.opening.route not in SUPPORTED_ROUTES:
            yield "Support is recorded where the route is parent, community or young person; on this route it is not (BOL-62)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield NotifierSupported(help=self.help, interpreter=self.interpreter)


# --- the form


class Notifier(Part):
    """Who notifies. Name, contact and relationship lie under their own key."""

    person: PersonId
    name: PersonWords
    role_title: PersonWords
    organisation: str | None = None
    contact: PersonWords | None = None
    relationship: PersonWords | None = None


class NotifierGiven(Model):
    name: Prose
    role_title: Prose
    organisation: Code | None = None
    contact: Prose | None = None
    relationship: Prose | None = None
    person: PersonRef | None = Field(default=None, description="A person already known here; left out, one is made.")

    def known_by(self) -> str | None:
        """A new person unless one is named: two notifiers of one name are not one person."""
        return self.person


class NotificationReceived(CaseEvent, name="notification-received"):
    """The completed form reached the partnership (BOL-55, BOL-56, BOL-63)."""

    notifier: Notifier
    narrative: Words
    lived_experience: Words | None = None
    form_version: str | None = None
    channel: Channel
    sufficient: bool | None = None
    overrode: tuple[str, ...] = ()

    def apply(self, case: Case, then: Recorded) -> Case:
        notification = case.notification
        who = (then.by.person, self.notifier.organisation or then.by.organisation)
        return replace(case, notification=replace(notification, received=True, notified_by=notification.notified_by | {who}))


class SubmitNotification(Command, name="submit-notification"):
    """Hand in the form. `because` on the organisation route without a recorded discussion is the override *urgent*."""

    notifier: NotifierGiven
    narrative: Prose
    lived_experience: Prose | None = None
    form_version: Code | None = None
    channel: Channel
    sufficient: bool | None = None

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if case.opening.route == "organisation" and not case.notification.discussed and blank(self.because):
            yield (
                "No discussion with a line manager or a designated or named professional is recorded; it comes before an "
                "organisation's notification, unless it is urgent and the reason is given (BOL-52)."
            )
        if case.opening.route in SUPPORTED_ROUTES and not (self.sufficient and asking.by.role in VOUCHING):
            yield "The business manager has not confirmed that the form is sufficient for the partners to decide (BOL-63)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        urgent = case.opening.route == "organisation" and not case.notification.discussed
        yield NotificationReceived(
            notifier=Notifier(**self.notifier.model_dump() | {"person": self.notifier.person or ""}),
            narrative=self.narrative,
            lived_experience=self.lived_experience,
            form_version=self.form_version,
            channel=self.channel,
            sufficient=self.sufficient,
            overrode=("BOL-52",) if urgent else (),
        )


VOUCHING = ("business-manager", "partnership-officer", "designated-health-practitioner")
"""The business manager, or whoever acts for them where they have an interest (R-26): the roles table lets nobody else in."""


class NotificationAcknowledged(CaseEvent, name="notification-acknowledged"):
    """The notifier was told that the form arrived (BOL-57)."""

    to: Words
    channel: Channel


class AcknowledgeNotification(Command, name="acknowledge-notification"):
    to: Prose
    channel: Channel

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _nothing_received(case)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield NotificationAcknowledged(to=self.to, channel=self.channel)


class NotificationShared(CaseEvent, name="notification-shared"):
    """A copy of the form went to one of the three partners by a secure channel (BOL-65, BOL-119)."""

    partner: Partner
    channel: Channel
    what: tuple[str, ...] = ()

    def apply(self, case: Case, then: Recorded) -> Case:
        shared = case.notification.shared_with | {self.partner}
        return replace(case, notification=replace(case.notification, shared_with=shared))


class ShareWithPartner(Command, name="share-with-partner"):
    """Send a copy to a partner. The local authority is aware from then at the latest (X-5, R-6)."""

    partner: Partner
    channel: Channel
    what: tuple[Digest | int, ...] = Field(default=(), description="Digests and places sent.")

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _nothing_received(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.channel not in SECURE:
            yield "The channel is not secure: a copy goes by secure e-mail or through the portal (BOL-65)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield NotificationShared(partner=self.partner, channel=self.channel, what=tuple(str(item) for item in self.what))
        authority = case.opening.authority
        if self.partner == "local-authority" and authority.casefold() not in case.notification.authorities_aware:
            yield LocalAuthorityBecameAware(authority=authority)


def _nothing_received(case: Case) -> Iterator[str]:
    if not case.notification.received:
        yield "Nothing has been received: no notification is recorded (BOL-57, BOL-65)."


# --- the statutory notification


class SeriousIncidentConfirmed(CaseEvent, name="serious-incident-confirmed"):
    """The local authority confirmed the statutory test: abuse or neglect known or suspected, died or seriously harmed (BOL-44, X-7)."""

    basis: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, notification=replace(case.notification, test_confirmed=True))


class ConfirmSeriousIncident(Command, name="confirm-serious-incident"):
    basis: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        incident = case.opening.incident
        if incident is None or incident.abuse_or_neglect not in ("known", "suspected"):
            yield "Abuse or neglect is ruled out, or not in question, on this case; the statutory test asks for known or suspected (X-7)."
        if incident is None or incident.harm not in ("died", "seriously-harmed"):
            yield "The harm on this case is neither died nor seriously harmed, as the statutory test asks (X-7)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield SeriousIncidentConfirmed(basis=self.basis)


class SeriousIncidentNotified(CaseEvent, name="serious-incident-notified"):
    """The named user notified the Panel through the portal, for these children (BOL-44, BOL-45)."""

    portal_reference: str
    children: tuple[str, ...]
    recipients: tuple[str, ...]

    def apply(self, case: Case, then: Recorded) -> Case:
        notification = case.notification
        return replace(
            case,
            notification=replace(
                notification,
                portal_references=(*notification.portal_references, self.portal_reference),
                children_notified=notification.children_notified | set(self.children),
            ),
        )


class NotifyPanel(Command, name="notify-panel"):
    """Record the portal notification. Partners never veto it; one form per child who died (X-5)."""

    portal_reference: Code
    children: tuple[Ref, ...] = Field(min_length=1)
    recipients: tuple[Code, ...] = PORTAL_RECIPIENTS

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not (case.notification.test_confirmed or case.threshold.met("serious")):
            yield (
                "The statutory test is not recorded as met: the local authority confirms it, or the partners decide it; "
                "suspicion is enough (X-7)."
            )

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        strangers = [ref for ref in self.children if ref not in case.opening.children]
        if strangers:
            yield f"There is no child {listed(strangers)} on this case (BOL-44)."
        if self.portal_reference in case.notification.portal_references:
            yield "This portal reference is already recorded: each form has its own (BOL-44)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield SeriousIncidentNotified(portal_reference=self.portal_reference, children=self.children, recipients=self.recipients)
        first = not case.notification.panel_notified
        if first and case.opening.route == "local-authority" and not case.rapid_review.under_way:
            yield RapidReviewInitiated()


class LocalFormSent(CaseEvent, name="local-form-sent"):
    """The same day, the local form told the safeguarding partners (BOL-47, CAL-9)."""

    recipients: tuple[str, ...]

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, notification=replace(case.notification, local_form_sent=True))


class SendLocalForm(Command, name="send-local-form"):
    recipients: tuple[Code, ...] = PARTNERS

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.notification.panel_notified:
            yield "There is no portal notification yet; the local form goes beside it, the same day (BOL-47)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield LocalFormSent(recipients=self.recipients)


# --- duties that stand whether or not abuse or neglect is suspected


class LookedAfterDeathNotified(CaseEvent, name="looked-after-death-notified"):
    """The death of a looked-after child was notified, whatever its cause (CLK-18)."""

    reference: str


class NotifyLookedAfterDeath(Command, name="notify-looked-after-death"):
    reference: Code

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not any(child.looked_after and child.harm == "died" for child in case.opening.children.values()):
            yield "There is no such child on the case: none that was looked after has died (CLK-18)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield LookedAfterDeathNotified(reference=self.reference)


class CareLeaverDeathNotified(CaseEvent, name="care-leaver-death-notified"):
    """The death of a care leaver up to the age of 24 was notified, whatever its cause (CLK-19)."""

    reference: str


class NotifyCareLeaverDeath(Command, name="notify-care-leaver-death"):
    reference: Code

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not any(child.care_leaver and child.harm == "died" for child in case.opening.children.values()):
            yield "There is no such child on the case: no care leaver has died (CLK-19)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield CareLeaverDeathNotified(reference=self.reference)


# --- a notification that should not count


class NotificationFoundDuplicate(CaseEvent, name="notification-found-duplicate"):
    """The same incident had already been notified; the tracker counts it once."""

    of: str | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, notification=replace(case.notification, duplicate=True))


class MarkDuplicate(Command, name="mark-duplicate"):
    of: CaseRef | None = None
    because: Prose

    def refers_to(self) -> Iterable[str]:
        if self.of:
            yield f"case/{self.of}"

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.of and f"case/{self.of}" not in asking.elsewhere:
            yield f"There is no case {self.of} of which this could be a duplicate (TOOL-12)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield NotificationFoundDuplicate(of=self.of)


class NotificationWithdrawn(CaseEvent, name="notification-withdrawn"):
    """Whoever notified took the notification back. The statutory duty of the local authority stands (X-5)."""

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, notification=replace(case.notification, withdrawn=True))


class WithdrawNotification(Command, name="withdraw-notification"):
    because: Prose

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield NotificationWithdrawn()
