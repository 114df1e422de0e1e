"""Stage 2. The rapid review: begun, facilitated, met upon, written down and endorsed by the three (BOL-74…91, X-1, X-18)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, model_validator

from domain.decisions import Criterion, CriterionGiven, Unsaid, YesNo, as_considered, conflict_of, conflicted, does_not_speak_for
from domain.initiation import RapidReviewInitiated
from domain.language import CaseEvent, Command, Digest, Field, Model, Part, Prose, Spoken, State, blank, replace
from domain.people import PARTNERS, Partner, PersonId, PersonOrGroup, PersonRef
from domain.personal import Words
from domain.stages.agency_reports import Answer, no_rapid_review

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

FacilitatorRole = Literal["business-manager", "designated-health-practitioner", "other"]
ForWhom = Literal["linked-children", "wider-population"]
Standing = Literal["established", "alleged", "suspected", "appears", "unknown"]
NextSteps = Literal["local-review", "no-further-action", "other-local-review"]


class Endorsement(State, frozen=True):
    """What one partner said of the circulated report, and who said it."""

    endorses: bool
    person: PersonId
    local_review: YesNo


class RapidReview(State, frozen=True):
    """How far the rapid review has come. `agencies` has the answer of each agency asked; endorsements are of `circulated`."""

    initiated: bool = False
    discontinued: bool = False
    sent: bool = False
    facilitator: PersonId | None = None
    period_from: date | None = None
    period_to: date | None = None
    agencies: dict[str, Answer] = {}
    collated: bool = False
    meeting_held: bool = False
    drafted: str | None = None
    circulated: str | None = None
    endorsements: dict[str, Endorsement] = {}

    @property
    def stands(self) -> bool:
        """Whether there is a rapid review, going on or sent, that has not been discontinued."""
        return self.initiated and not self.discontinued

    @property
    def under_way(self) -> bool:
        """Whether a rapid review has begun and has been neither sent nor discontinued."""
        return self.stands and not self.sent

    @property
    def outstanding(self) -> tuple[str, ...]:
        """Agencies asked that have neither reported nor said that they have nothing to report."""
        return tuple(agency for agency, answer in self.agencies.items() if answer == "awaited")

    @property
    def not_endorsing(self) -> tuple[str, ...]:
        """Partners who do not endorse the circulated report, be it that they withhold or have not spoken."""
        return tuple(partner for partner in PARTNERS if not (said := self.endorsements.get(partner)) or not said.endorses)

    @property
    def endorsed(self) -> str | None:
        """The digest that all three endorse, if there is one."""
        return None if self.not_endorsing else self.circulated


# --- it begins


class InitiateRapidReview(Command, name="initiate-rapid-review"):
    """Begin a rapid review by hand: where the Panel was notified, on another route, before the partners decided."""

    period_from: date | None = None
    period_to: date | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> InitiateRapidReview:
        if self.period_from and self.period_to and self.period_to < self.period_from:
            raise ValueError("period_to lies before period_from")
        return self

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not (case.notification.panel_notified or case.threshold.met("serious")):
            yield "The case is neither notified to the Panel nor decided met as a serious one (X-9)."
        if case.rapid_review.stands:
            yield "A rapid review is already under way, or has been sent (X-9)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield RapidReviewInitiated(period_from=self.period_from, period_to=self.period_to)


class FacilitatorAssigned(CaseEvent, name="facilitator-assigned"):
    """Somebody was charged with facilitating: the business manager, or in a conflict of interest another (BOL-87, BOL-88)."""

    role: FacilitatorRole
    person: PersonId
    overrode: tuple[str, ...] = ()

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, rapid_review=replace(case.rapid_review, facilitator=self.person))


class AssignFacilitator(Command, name="assign-facilitator"):
    """Say who facilitates. `because` with role other is the override where no designated practitioner is conflicted (R-17)."""

    model_config = ConfigDict(populate_by_name=True)

    role: FacilitatorRole
    person: PersonRef = Field(alias="name", description="A person; for a role that is held, whoever holds it.")

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.role != "business-manager" and not case.interests.declared_by_role("business-manager"):
            yield (
                "Not the business manager, without a declared interest of the business manager: the business manager facilitates unless "
                "conflicted (BOL-87, BOL-88)."
            )
        if self.role == "other" and not self._practitioner_conflicted(case) and blank(self.because):
            yield (
                "Other, without a conflicted designated practitioner: a designated health practitioner facilitates in the business "
                "manager's place, unless the partners name another and say why (BOL-88, R-17)."
            )
        if self.person in case.interests.unresolved:
            yield "This person has declared an interest on the case that is not resolved, so they do not facilitate (BOL-88, R-8)."

    @staticmethod
    def _practitioner_conflicted(case: Case) -> bool:
        return case.interests.unresolved_in_role("designated-health-practitioner") is not None

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        overriding = self.role == "other" and not self._practitioner_conflicted(case)
        yield FacilitatorAssigned(role=self.role, person=self.person, overrode=("R-17",) if overriding else ())


# --- children are kept safe meanwhile


class ImmediateActionRecorded(CaseEvent, name="immediate-action-recorded"):
    """Something was done at once to keep children safe: those linked to the event, or the wider population (BOL-82)."""

    for_whom: ForWhom
    action: Words
    owner: Words
    done_on: date | None = None


class RecordImmediateAction(Command, name="record-immediate-action"):
    """Record what is done for children's safety. At any time: nothing on a case stands in its way."""

    model_config = ConfigDict(populate_by_name=True)

    for_whom: ForWhom = Field(alias="for")
    action: Prose
    owner: Prose
    done_on: date | None = None

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ImmediateActionRecorded(for_whom=self.for_whom, action=self.action, owner=self.owner, done_on=self.done_on)


# --- the meeting


class Fact(Part):
    """A fact with the standing it has in its source: thought to be is not known to be (TOOL-14)."""

    text: Words
    standing: Standing | None = None


class FactGiven(Model):
    text: Prose
    standing: Standing


class RapidReviewMeetingHeld(CaseEvent, name="rapid-review-meeting-held"):
    """The rapid review group met and minuted each of its aims (BOL-81…84, X-18)."""

    attendees: tuple[str, ...]
    facts: tuple[Fact, ...]
    immediate_action: Words
    improvements: Words
    next_steps: NextSteps
    inequalities: Words | None = None
    national_review_view: Words
    criteria: tuple[Criterion, ...] = ()

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, rapid_review=replace(case.rapid_review, meeting_held=True))


class HoldRapidReviewMeeting(Command, name="hold-rapid-review-meeting"):
    """Minute the meeting. Which aims it must speak to is a matter of the edition in force (X-18)."""

    attendees: tuple[PersonOrGroup, ...] = Field(min_length=1)
    facts: Spoken | tuple[FactGiven, ...] = None
    immediate_action: Spoken = None
    improvements: Spoken = None
    next_steps: Annotated[NextSteps | None, Unsaid] = None
    inequalities: Spoken = None
    national_review_view: Prose
    criteria: tuple[CriterionGiven, ...] = ()

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from no_rapid_review(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        wanted = ALWAYS | {aim.aim.replace("-", "_"): aim.source for aim in asking.procedure.aims}
        for aim, source in wanted.items():
            if unsaid(getattr(self, aim, None)):
                yield f"There is one of the aims of the edition in force not minuted: {aim} ({source})."

    def _facts(self) -> tuple[Fact, ...]:
        """Facts told in one go have no standing of their own."""
        if isinstance(self.facts, str):
            return (Fact(text=self.facts),)
        return tuple(Fact(text=fact.text, standing=fact.standing) for fact in self.facts or ())

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield RapidReviewMeetingHeld(
            attendees=self.attendees,
            facts=self._facts(),
            **{aim: getattr(self, aim) for aim in ("immediate_action", "improvements", "next_steps")},
            inequalities=None if blank(self.inequalities) else self.inequalities,
            national_review_view=self.national_review_view,
            criteria=as_considered(self.criteria),
        )


ALWAYS = {"facts": "BOL-81", "immediate_action": "BOL-82", "improvements": "BOL-83", "next_steps": "BOL-84"}
"""The aims that every edition has, with the rule that asks for each; an edition may name more."""


def unsaid(minuted: Any) -> bool:
    """Whether nothing was minuted: neither words, nor a choice, nor a list."""
    return blank(minuted) if isinstance(minuted, str) else not minuted


# --- the report


class RapidReviewReportDrafted(CaseEvent, name="rapid-review-report-drafted"):
    """The report was written. A text of another digest voids what was endorsed before (BOL-89)."""

    digest: str

    def apply(self, case: Case, then: Recorded) -> Case:
        rapid_review = case.rapid_review
        if self.digest == rapid_review.drafted:
            return case
        return replace(case, rapid_review=replace(rapid_review, drafted=self.digest, circulated=None, endorsements={}))


class DraftRapidReviewReport(Command, name="draft-rapid-review-report"):
    digest: Digest

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from no_rapid_review(case)
        if not case.rapid_review.meeting_held:
            yield "The report is drafted once the meeting is held: meeting not held (BOL-89)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield RapidReviewReportDrafted(digest=self.digest)


class RapidReviewReportCirculated(CaseEvent, name="rapid-review-report-circulated"):
    """The report went to each of the three for quality assurance and endorsement (BOL-90)."""

    digest: str
    what: tuple[str, ...] = ()

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, rapid_review=replace(case.rapid_review, circulated=self.digest))


class CirculateForEndorsement(Command, name="circulate-for-endorsement"):
    digest: Digest
    what: tuple[Digest | int, ...] = Field(default=(), description="Digests and places sent.")

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from no_rapid_review(case)
        if case.rapid_review.drafted is None:
            yield "The report is not drafted (BOL-89)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if case.rapid_review.drafted and self.digest != case.rapid_review.drafted:
            yield "This text is not drafted as the rapid review report: another digest is the draft (BOL-89)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield RapidReviewReportCirculated(digest=self.digest, what=tuple(str(item) for item in self.what))


class RapidReviewEndorsed(CaseEvent, name="rapid-review-endorsed"):
    """A partner endorsed the circulated report, and said how they see a local and a national review (BOL-90)."""

    partner: Partner
    digest: str
    local_review: YesNo
    national_review: Literal["yes", "no", "unsure"]
    concerns: Words | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        return _spoken(case, self.partner, Endorsement(endorses=True, person=then.by.person, local_review=self.local_review))


class RapidReviewEndorsementWithheld(CaseEvent, name="rapid-review-endorsement-withheld"):
    """A partner withheld endorsement of the circulated report (BOL-90)."""

    partner: Partner
    digest: str
    local_review: YesNo
    national_review: Literal["yes", "no", "unsure"]
    concerns: Words | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        return _spoken(case, self.partner, Endorsement(endorses=False, person=then.by.person, local_review=self.local_review))


def _spoken(case: Case, partner: str, said: Endorsement) -> Case:
    return replace(case, rapid_review=replace(case.rapid_review, endorsements={**case.rapid_review.endorsements, partner: said}))


class EndorseRapidReview(Command, name="endorse-rapid-review"):
    """Endorse the circulated report or withhold; a partner who changes their mind says so again."""

    partner: Partner
    digest: Digest
    position: Literal["endorse", "withhold"]
    local_review: YesNo
    national_review: Literal["yes", "no", "unsure"]
    concerns: Prose | None = None

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from no_rapid_review(case)
        if case.rapid_review.circulated is None:
            yield "The digest is not the circulated one: no report has been circulated for endorsement (BOL-90)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from does_not_speak_for(case, asking.by, self.partner)
        if conflicted(case, asking.by, self.partner):
            yield conflict_of(self.partner)
        if case.rapid_review.circulated and self.digest != case.rapid_review.circulated:
            yield "The digest is not the circulated one: an endorsement is of the very text that went round (BOL-90)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        happened = RapidReviewEndorsed if self.position == "endorse" else RapidReviewEndorsementWithheld
        yield happened(
            partner=self.partner,
            digest=self.digest,
            local_review=self.local_review,
            national_review=self.national_review,
            concerns=self.concerns,
        )
