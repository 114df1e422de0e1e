"""The review: its scope, its progress, its drafts, the review group's assurance and the partners' endorsement (BOL-156…169, BOL-185)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from domain.language import CaseEvent, Code, Command, Digest, Prose, Ref, State, listed, next_ref, replace
from domain.people import PARTNERS, PersonId
from domain.personal import Words
from domain.stages.commissioning import ReviewType

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

ReportPart = Literal["summary", "analysis", "recommendations"]
Position = Literal["endorse", "endorse-with-concerns", "withhold"]
Endorsed = Literal["endorsed", "endorsed-with-concerns"]
Told = Literal["panel", "secretary-of-state"]


class Review(State, frozen=True):
    """How far the report has come. Every assurance and position is of one exact text; another text voids it.

    `authors` says who first submitted each text. `concerns` are open, escalated or resolved. `endorsed` has the endorsed report of
    each review of the case.
    """

    final_draft: str | None = None
    assured: str | None = None
    presented: str | None = None
    positions: dict[str, Position] = {}
    endorsed: dict[str, str] = {}
    authors: dict[str, PersonId] = {}
    concerns: dict[str, Literal["open", "escalated", "resolved"]] = {}

    def has_endorsed(self, digest: str) -> bool:
        """Whether this text is the endorsed report of a review."""
        return digest in self.endorsed.values()

    def completed(self, review: ReviewType) -> bool:
        """Whether the report of this review is endorsed: that completes it."""
        return review in self.endorsed

    @property
    def silent_partners(self) -> tuple[str, ...]:
        """The statutory partners without a position on the presented text."""
        return tuple(partner for partner in PARTNERS if partner not in self.positions)

    @property
    def open_concerns(self) -> tuple[str, ...]:
        """Concerns about the report that are neither resolved nor escalated."""
        return tuple(ref for ref, state in self.concerns.items() if state == "open")


# --- scope and progress


class ScopeAgreed(CaseEvent, name="scope-agreed"):
    """Commissioner and reviewer agreed the methodology, the period under review and the key lines of enquiry (BOL-185)."""

    methodology: Words
    period_from: date
    period_to: date
    key_lines: tuple[Words, ...]


class AgreeScope(Command, name="agree-scope"):
    methodology: Prose
    period_from: date
    period_to: date
    key_lines: tuple[Prose, ...]

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> AgreeScope:
        if self.period_to < self.period_from:
            raise ValueError("period_to lies before period_from")
        return self

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.commissioning.appointed:
            yield "There is no reviewer: the scope is agreed between commissioner and reviewer (BOL-97)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ScopeAgreed(methodology=self.methodology, period_from=self.period_from, period_to=self.period_to, key_lines=self.key_lines)


class ProgressReviewHeld(CaseEvent, name="progress-review-held"):
    """Those who commissioned the review looked at its progress and sense-checked what emerges (BOL-165)."""

    summary: Words
    emerging_themes: tuple[str, ...] = ()


class HoldProgressReview(Command, name="hold-progress-review"):
    summary: Prose
    emerging_themes: tuple[Ref, ...] = Field(default=(), description="Theme codes.")

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if case.commissioning.review is None:
            yield "No review has been commissioned whose progress could be reviewed (BOL-165)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ProgressReviewHeld(summary=self.summary, emerging_themes=self.emerging_themes)


class DelayReported(CaseEvent, name="delay-reported"):
    """The Panel or the Secretary of State were told why the review takes longer. The clock keeps running (X-2)."""

    told: tuple[Told, ...]


class ReportDelay(Command, name="report-delay"):
    because: Prose
    told: tuple[Told, ...]

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield DelayReported(told=self.told)


# --- concerns about the report


class ReportConcernRaised(CaseEvent, name="report-concern-raised"):
    """A partner or relevant agency doubts the accuracy or the quality of a passage (BOL-168)."""

    ref: str
    about: Literal["accuracy", "quality"]
    passage: Words
    concern: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, review=replace(case.review, concerns={**case.review.concerns, self.ref: "open"}))


class RaiseReportConcern(Command, name="raise-report-concern"):
    about: Literal["accuracy", "quality"]
    passage: Prose
    concern: Prose
    ref: Ref | None = None

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.ref in case.review.concerns:
            yield f"The ref {self.ref} is already used for a concern on this case (BOL-168)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReportConcernRaised(
            ref=self.ref or next_ref("concern", case.review.concerns), about=self.about, passage=self.passage, concern=self.concern
        )


class ReportConcernResolved(CaseEvent, name="report-concern-resolved"):
    """Reviewer and commissioner settled a concern: the report was changed, or it was not, and why (BOL-168)."""

    concern: str
    outcome: Literal["changed", "not-changed"]
    rationale: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, review=replace(case.review, concerns={**case.review.concerns, self.concern: "resolved"}))


class ResolveReportConcern(Command, name="resolve-report-concern"):
    """Settle a concern; `because` says who agreed."""

    concern: Ref
    outcome: Literal["changed", "not-changed"]
    rationale: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _no_concern(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _not_to_settle(case, self.concern)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReportConcernResolved(concern=self.concern, outcome=self.outcome, rationale=self.rationale)


class ReportConcernEscalated(CaseEvent, name="report-concern-escalated"):
    """A concern that progress reviews did not settle went up through the partnership (BOL-169)."""

    concern: str
    level: int

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, review=replace(case.review, concerns={**case.review.concerns, self.concern: "escalated"}))


class EscalateReportConcern(Command, name="escalate-report-concern"):
    concern: Ref
    level: int = Field(ge=1, le=9)

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _no_concern(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _not_to_settle(case, self.concern)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReportConcernEscalated(concern=self.concern, level=self.level)


def _no_concern(case: Case) -> Iterator[str]:
    if not case.review.concerns:
        yield "No concern about the report has been raised on this case (BOL-168)."


def _not_to_settle(case: Case, concern: str) -> Iterator[str]:
    if case.review.concerns and concern not in case.review.concerns:
        yield f"There is no concern {concern} about the report on this case (BOL-168)."
    if case.review.concerns.get(concern) == "resolved":
        yield f"The concern {concern} is already resolved (BOL-168)."


# --- the report


class ReportDrafted(CaseEvent, name="report-drafted"):
    """The reviewer submitted a text. Assurance, positions and endorsement of any earlier text are void."""

    digest: str
    final: bool

    def apply(self, case: Case, then: Recorded) -> Case:
        review, under = case.review, case.commissioning.review
        same = self.digest == review.presented
        return replace(
            case,
            review=replace(
                review,
                final_draft=self.digest if self.final else None,
                assured=review.assured if self.digest == review.assured else None,
                presented=review.presented if same else None,
                positions=review.positions if same else {},
                endorsed={of: text for of, text in review.endorsed.items() if of != under or text == self.digest},
                authors={self.digest: then.by.person, **review.authors},
            ),
        )


class SubmitDraft(Command, name="submit-draft"):
    digest: Digest
    final: bool

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReportDrafted(digest=self.digest, final=self.final)


class ReportQualityAssured(CaseEvent, name="report-quality-assured"):
    """The review group assured the final draft against its quality markers (BOL-166, BOL-186)."""

    digest: str
    markers: tuple[Words, ...]

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, review=replace(case.review, assured=self.digest))


class QualityAssureReport(Command, name="quality-assure-report"):
    digest: Digest
    markers: tuple[Prose, ...]

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if case.review.final_draft is None:
            yield "The digest is not the final draft: none has been submitted as final (BOL-166)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if case.review.final_draft not in (None, self.digest):
            yield "The digest is not the final draft that was submitted last (BOL-166)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReportQualityAssured(digest=self.digest, markers=self.markers)


class ReportPresented(CaseEvent, name="report-presented"):
    """The assured report was put to the partnership members for endorsement (BOL-167)."""

    digest: str
    contains: tuple[ReportPart, ...]

    def apply(self, case: Case, then: Recorded) -> Case:
        positions = case.review.positions if self.digest == case.review.presented else {}
        return replace(case, review=replace(case.review, presented=self.digest, positions=positions))


class PresentReport(Command, name="present-report"):
    digest: Digest
    contains: tuple[ReportPart, ...] = ()

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if case.review.assured is None:
            yield "The report is not quality assured by the review group (BOL-166)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if case.review.assured not in (None, self.digest):
            yield "This text is not quality assured: the review group assured another (BOL-166)."
        for part, rule in asking.procedure.report_parts:
            if part not in self.contains:
                yield f"A part of the report is missing: {part} ({rule})."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReportPresented(digest=self.digest, contains=self.contains)


# --- endorsement


class ReportEndorsementRecorded(CaseEvent, name="report-endorsement-recorded"):
    """A partner or relevant agency endorsed the presented text, with or without concerns, or withheld (BOL-167)."""

    organisation: str
    digest: str
    position: Position
    concerns: Words | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        if self.digest != case.review.presented:
            return case
        positions = {**case.review.positions, self.organisation: self.position}
        return replace(case, review=replace(case.review, positions=positions))


class RecordEndorsement(Command, name="record-endorsement"):
    """One position of each organisation on one exact text; the last one counts."""

    organisation: Code
    digest: Digest
    position: Position
    concerns: Prose | None = None

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _not_presented(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _another_presented(case, self.digest)
        if self.organisation in PARTNERS and asking.by.role != "delegated-partner":
            yield "The position of a statutory partner is given by its delegated partner (BOL-167)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReportEndorsementRecorded(organisation=self.organisation, digest=self.digest, position=self.position, concerns=self.concerns)


class ReportEndorsed(CaseEvent, name="report-endorsed"):
    """The partnership endorsed the report, with or without concerns: the review is complete (BOL-167, CLK-10C, CLK-13, CLK-14)."""

    digest: str
    outcome: Endorsed
    review: ReviewType | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, review=replace(case.review, endorsed={**case.review.endorsed, self.review or "": self.digest}))


class ReportReturned(CaseEvent, name="report-returned"):
    """The partnership gave the report back to its reviewer (BOL-167)."""

    digest: str

    def apply(self, case: Case, then: Recorded) -> Case:
        endorsed = {of: text for of, text in case.review.endorsed.items() if text != self.digest}
        return replace(case, review=replace(case.review, endorsed=endorsed))


class ConcludeEndorsement(Command, name="conclude-endorsement"):
    digest: Digest
    outcome: Literal["endorsed", "endorsed-with-concerns", "returned"]

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        review = case.review
        yield from _not_presented(case)
        if review.silent_partners:
            yield f"A statutory partner has no position on the presented text: {listed(review.silent_partners)} (BOL-167)."
        if review.open_concerns:
            yield f"There is an open concern not escalated: {listed(review.open_concerns)} (BOL-169)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _another_presented(case, self.digest)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        if self.outcome == "returned":
            yield ReportReturned(digest=self.digest)
        else:
            yield ReportEndorsed(digest=self.digest, outcome=self.outcome, review=case.commissioning.review)


def _not_presented(case: Case) -> Iterator[str]:
    if case.review.presented is None:
        yield "The digest is not the presented one: no report stands presented for endorsement (BOL-167)."


def _another_presented(case: Case, digest: str) -> Iterator[str]:
    if case.review.presented not in (None, digest):
        yield "The digest is not the presented one: positions are taken on the exact text that was presented (BOL-167)."
