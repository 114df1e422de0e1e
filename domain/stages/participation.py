"""The review and those who take part in it: invited, free to decline, supported, and heard (BOL-136…155)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from domain.language import CaseEvent, Command, Prose, State, replace
from domain.people import PersonId, PersonRef
from domain.personal import Words

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

ParticipantKind = Literal["practitioner", "manager", "service-lead", "child", "family"]
Choice = Literal["agreed", "declined", "withdrawn"]
Shown = Literal["emerging-findings", "recommendations", "progress"]
Support = Literal["counselling", "interpreting", "other"]


class Participation(State, frozen=True):
    """Who was invited to take part, and what they chose last. Nothing is inferred from either choice (BOL-138)."""

    invited: frozenset[PersonId] = frozenset()
    choices: dict[PersonId, Choice] = {}

    def declined(self, person: PersonId) -> bool:
        return self.choices.get(person) == "declined"

    def withdrew(self, person: PersonId) -> bool:
        return self.choices.get(person) == "withdrawn"


def _declined(case: Case, person: PersonId) -> Iterator[str]:
    if case.participation.declined(person):
        yield "This participant declined to take part, and that is respected (BOL-138)."


class ParticipantInvited(CaseEvent, name="participant-invited"):
    """Somebody directly involved was invited to take part, with information to choose upon (BOL-136, BOL-139, BOL-141)."""

    participant: PersonId
    kind: ParticipantKind
    information_given: Words
    adjustments: Words | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        invited = case.participation.invited | {self.participant}
        return replace(case, participation=replace(case.participation, invited=invited))


class InviteParticipant(Command, name="invite-participant"):
    """Invite a practitioner, manager, service lead, child or family member, with the adjustments they need (BOL-149…153)."""

    participant: PersonRef
    kind: ParticipantKind
    information_given: Prose
    adjustments: Prose | None = None

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if case.holds.interview_of(self.participant):
            yield "There is an interview hold on that person: the police interview is not pre-empted (BOL-148)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ParticipantInvited(
            participant=self.participant, kind=self.kind, information_given=self.information_given, adjustments=self.adjustments
        )


class ParticipationRecorded(CaseEvent, name="participation-recorded"):
    """Somebody agreed to take part, declined, or withdrew. No inference is drawn (BOL-138)."""

    participant: PersonId
    outcome: Choice

    def apply(self, case: Case, then: Recorded) -> Case:
        choices = {**case.participation.choices, self.participant: self.outcome}
        return replace(case, participation=replace(case.participation, choices=choices))


class RecordParticipation(Command, name="record-participation"):
    participant: PersonRef
    outcome: Choice

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ParticipationRecorded(participant=self.participant, outcome=self.outcome)


class EngagementRecorded(CaseEvent, name="engagement-recorded"):
    """The reviewer talked with somebody, or with a group, and showed how far the review has come (BOL-144, BOL-145)."""

    participant: PersonId | None = None
    how: Words
    shown: Shown


class RecordEngagement(Command, name="record-engagement"):
    """Without a participant it was with a group."""

    participant: PersonRef | None = None
    how: Prose
    shown: Shown

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.participant is not None:
            yield from _declined(case, self.participant)
            if case.participation.withdrew(self.participant):
                yield "This participant withdrew from taking part, and that is respected (BOL-138)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield EngagementRecorded(participant=self.participant, how=self.how, shown=self.shown)


class SupportOffered(CaseEvent, name="support-offered"):
    """Free counselling, an interpreter or other help was offered through the business manager. The reviewer never reads of it
    (BOL-152, BOL-154, BOL-155)."""

    participant: PersonId
    kind: Support
    taken_up: bool | None = None


class OfferSupport(Command, name="offer-support"):
    participant: PersonRef
    kind: Support
    taken_up: bool | None = None

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield SupportOffered(participant=self.participant, kind=self.kind, taken_up=self.taken_up)


class FamilyViewRecorded(CaseEvent, name="family-view-recorded"):
    """What the child or the family think of the findings, or of publishing them: considered, never a veto (BOL-145, BOL-147)."""

    participant: PersonId
    about: Literal["findings", "publication"]
    view: Words
    impact: Words | None = None


class RecordFamilyView(Command, name="record-family-view"):
    participant: PersonRef
    about: Literal["findings", "publication"]
    view: Prose
    impact: Prose | None = None

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _declined(case, self.participant)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield FamilyViewRecorded(participant=self.participant, about=self.about, view=self.view, impact=self.impact)
