"""Stage 3. A review is commissioned and a reviewer found: by the partners for a local child safeguarding practice review, by the
implementation group chair and the business manager together for any other (BOL-97…108, BOL-124…135, X-12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from domain.interests import Kind
from domain.language import CaseEvent, Code, Command, Prose, Spoken, State, blank, replace
from domain.people import PARTNERS, Partner, PersonId, PersonRef, Role
from domain.personal import Words

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

ReviewType = Literal["practice-review", "learn-from-success", "local-learning", "thematic"]
REVIEWS: tuple[ReviewType, ...] = ("practice-review", "learn-from-success", "local-learning", "thematic")
Source = Literal["partner-agencies", "greater-manchester-pool", "national-pool", "external"]
ReviewerPart = Literal["lead", "support"]
RuleNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,8}-\d{1,4}[a-z]?$")]

BOTH_COMMISSIONERS = ("implementation-group-chair", "business-manager")
"""Who commissions and supervises every review but a practice review (BOL-124)."""


class Commissioning(State, frozen=True):
    """Which review is commissioned, who might undertake it, and who does.

    `interested`, `assessed` and `appointed` belong to this commission; `reviewers` and `removed` to the case, whichever review
    they were appointed to. `real` have declared a real interest; `unmitigated` a perceived one that nothing mitigates yet.
    """

    review: ReviewType | None = None
    commissioners: tuple[str, ...] = ()
    closes_on: date | None = None
    interested: frozenset[PersonId] = frozenset()
    assessed: frozenset[PersonId] = frozenset()
    none_suitable: bool = False
    appointed: frozenset[PersonId] = frozenset()
    real: frozenset[PersonId] = frozenset()
    unmitigated: frozenset[PersonId] = frozenset()
    reviewers: frozenset[PersonId] = frozenset()
    removed: frozenset[PersonId] = frozenset()

    def rule(self, of_practice_reviews: str, of_others: str) -> str:
        """Which of two rules of the guidance speaks here: it has one for practice reviews and one for the others."""
        return of_practice_reviews if self.review == "practice-review" else of_others


def _not_commissioned(case: Case) -> Iterator[str]:
    if case.commissioning.review is None:
        yield "No review has been commissioned on this case (BOL-97)."


def decided(review: ReviewType, case: Case, asking: Asking) -> bool:
    """Whether the three partners have decided that this review is undertaken, and the decision stands."""
    if review == "practice-review":
        return case.outcome.local_review_decided
    if review == "thematic":
        candidate = asking.elsewhere.get(f"candidate/{case.opening.candidate}")
        return getattr(candidate, "undertaken", False) or case.threshold.met("thematic")
    return case.threshold.decided_for(review) or case.outcome.decided_for(review)


# --- the commission


class ReviewCommissioned(CaseEvent, name="review-commissioned"):
    """A review was commissioned, in the name of those who will supervise it (BOL-97, BOL-124)."""

    review: ReviewType
    commissioners: tuple[str, ...]

    def apply(self, case: Case, then: Recorded) -> Case:
        before = case.commissioning
        # the same review commissioned again, after a reviewer was removed, goes on with the candidates it has
        kept = before if self.review == before.review else Commissioning(real=before.real, unmitigated=before.unmitigated)
        return replace(
            case,
            commissioning=replace(
                kept,
                review=self.review,
                commissioners=self.commissioners,
                reviewers=before.reviewers,
                removed=before.removed,
            ),
        )


class CommissionReview(Command, name="commission-review"):
    """Commission a review that has been decided. Either of the two commissioners of a non-statutory review asks, naming both."""

    review: ReviewType
    commissioners: tuple[Partner | Role, ...] = Field(default=(), description="For a practice review the three partners unless named.")

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not any(decided(review, case, asking) for review in REVIEWS):
            yield "A review is not decided on this case, so none can be commissioned (BOL-97)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if not decided(self.review, case, asking) and any(decided(review, case, asking) for review in REVIEWS):
            yield f"This review is not decided: another is, but no decision for a {self.review.replace('-', ' ')} stands (BOL-97)."
        if self.review != "practice-review" and not {*BOTH_COMMISSIONERS} <= {*self.commissioners}:
            yield (
                "A review that is not statutory is commissioned by both commissioners together: name the implementation group chair "
                "and the business manager (BOL-124)."
            )

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReviewCommissioned(review=self.review, commissioners=self.commissioners or PARTNERS)


# --- candidates


class PersonSpecificationSet(CaseEvent, name="person-specification-set"):
    """What this review asks of its reviewer beyond the criteria of the guidance (BOL-105, BOL-133)."""

    criteria: tuple[Words, ...]


class SetPersonSpecification(Command, name="set-person-specification"):
    criteria: Prose | tuple[Prose, ...] = Field(description="One text, or a list.")

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _not_commissioned(case)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield PersonSpecificationSet(criteria=(self.criteria,) if isinstance(self.criteria, str) else self.criteria)


class ExpressionsOfInterestInvited(CaseEvent, name="expressions-of-interest-invited"):
    """Agencies and pools were asked who might undertake the review, until the closing day (BOL-106, BOL-107, BOL-134)."""

    opens_on: date
    closes_on: date
    sources: tuple[Source, ...]

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, commissioning=replace(case.commissioning, closes_on=self.closes_on))


class InviteExpressionsOfInterest(Command, name="invite-expressions-of-interest"):
    opens_on: date
    closes_on: date
    sources: tuple[Source, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> InviteExpressionsOfInterest:
        if self.closes_on < self.opens_on:
            raise ValueError("closes_on lies before opens_on")
        return self

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ExpressionsOfInterestInvited(opens_on=self.opens_on, closes_on=self.closes_on, sources=self.sources)


class ExpressionOfInterestReceived(CaseEvent, name="expression-of-interest-received"):
    """Somebody would undertake the review (BOL-106, BOL-134)."""

    candidate: PersonId
    source: Source
    employer: str

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, commissioning=replace(case.commissioning, interested=case.commissioning.interested | {self.candidate}))


class ReceiveExpressionOfInterest(Command, name="receive-expression-of-interest"):
    candidate: PersonRef
    source: Source
    employer: Code

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        commissioning = case.commissioning
        if commissioning.closes_on and asking.on > commissioning.closes_on:
            yield (
                f"This is after closing: expressions of interest were invited until {commissioning.closes_on} "
                f"({commissioning.rule('BOL-106', 'BOL-134')})."
            )

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ExpressionOfInterestReceived(candidate=self.candidate, source=self.source, employer=self.employer)


class ExpressionOfInterestWithdrawn(CaseEvent, name="expression-of-interest-withdrawn"):
    """A candidate stands back."""

    candidate: PersonId

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, commissioning=replace(case.commissioning, interested=case.commissioning.interested - {self.candidate}))


class WithdrawExpressionOfInterest(Command, name="withdraw-expression-of-interest"):
    candidate: PersonRef
    because: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.commissioning.interested:
            rule = case.commissioning.rule("BOL-106", "BOL-134")
            yield f"There is none received that could be withdrawn: no expression of interest stands ({rule})."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if case.commissioning.interested and self.candidate not in case.commissioning.interested:
            yield f"There is none received from this candidate that could be withdrawn ({case.commissioning.rule('BOL-106', 'BOL-134')})."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ExpressionOfInterestWithdrawn(candidate=self.candidate)


class ReviewerInterestDeclared(CaseEvent, name="reviewer-interest-declared"):
    """A conflict of interest of a candidate or reviewer, real or perceived, however late it came to light (BOL-103, BOL-132).

    A real one bars them from the case until the partners resolve it; a perceived one wants a mitigation.
    """

    candidate: PersonId
    kind: Kind
    nature: Words
    mitigation: Words | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        who, commissioning, interests = {self.candidate}, case.commissioning, case.interests
        if self.mitigation is not None:
            commissioning = replace(commissioning, unmitigated=commissioning.unmitigated - who)
        elif self.kind == "perceived":
            commissioning = replace(commissioning, unmitigated=commissioning.unmitigated | who)
        if self.kind == "real":
            commissioning = replace(commissioning, real=commissioning.real | who)
            interests = replace(interests, unresolved=interests.unresolved | who)
        return replace(case, commissioning=commissioning, interests=interests)


class DeclareReviewerInterest(Command, name="declare-reviewer-interest"):
    """At any time. Declared again with its mitigation, a perceived interest no longer stands in the way."""

    candidate: PersonRef
    kind: Kind
    nature: Prose
    mitigation: Spoken = None

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReviewerInterestDeclared(
            candidate=self.candidate,
            kind=self.kind,
            nature=self.nature,
            mitigation=None if blank(self.mitigation) else self.mitigation,
        )


class CandidateAssessed(CaseEvent, name="candidate-assessed"):
    """A candidate was considered against every criterion of the review's type, one answer each (BOL-104, BOL-125…132)."""

    candidate: PersonId
    answers: dict[str, Words]

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, commissioning=replace(case.commissioning, assessed=case.commissioning.assessed | {self.candidate}))


class AssessCandidate(Command, name="assess-candidate"):
    """Answer every criterion, by its rule number: six for a practice review, eight for the others."""

    candidate: PersonRef
    answers: dict[RuleNumber, Spoken] = Field(default_factory=dict, json_schema_extra={"additionalProperties": False})

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _not_commissioned(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        review = case.commissioning.review
        if review is None:
            return
        for rule, criterion in asking.procedure.reviewer_criteria(review).items():
            if blank(self.answers.get(rule)):
                yield f"A criterion of this type of review is unanswered: {criterion} ({rule})."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        answers = {rule: answer for rule, answer in self.answers.items() if answer is not None and not blank(answer)}
        yield CandidateAssessed(candidate=self.candidate, answers=dict(answers))


class InterviewHeld(CaseEvent, name="interview-held"):
    """A panel of at least two, none of them conflicted, interviewed a candidate (BOL-106, BOL-134)."""

    candidate: PersonId
    panel: tuple[PersonId, ...]
    outcome: Words


class HoldInterview(Command, name="hold-interview"):
    candidate: PersonRef
    panel: tuple[PersonRef, ...] = ()
    outcome: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _not_commissioned(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        rule = case.commissioning.rule("BOL-106", "BOL-134")
        if len({*self.panel}) < 2:
            yield f"There are fewer than two on the panel ({rule})."
        if {*self.panel} & (case.interests.unresolved | case.commissioning.unmitigated):
            yield f"There is a conflicted panel member: an interest declared on this case is not resolved ({rule})."
        if self.candidate in self.panel:
            yield f"There is a conflicted panel member: nobody interviews themselves ({rule})."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield InterviewHeld(candidate=self.candidate, panel=self.panel, outcome=self.outcome)


class NoSuitableReviewerFound(CaseEvent, name="no-suitable-reviewer-found"):
    """Nobody available and suitable was found in the agencies and pools: somebody from outside may be asked (BOL-108, BOL-135)."""

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, commissioning=replace(case.commissioning, none_suitable=True))


class DeclareNoneSuitable(Command, name="declare-none-suitable"):
    because: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _not_commissioned(case)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield NoSuitableReviewerFound()


# --- the reviewer


class ReviewerAppointed(CaseEvent, name="reviewer-appointed"):
    """A reviewer was appointed to lead the review, or to support it (BOL-97, BOL-108, BOL-135)."""

    candidate: PersonId
    part: ReviewerPart
    source: Source

    def apply(self, case: Case, then: Recorded) -> Case:
        commissioning, who = case.commissioning, {self.candidate}
        return replace(
            case,
            commissioning=replace(
                commissioning,
                appointed=commissioning.appointed | who,
                reviewers=commissioning.reviewers | who,
                removed=commissioning.removed - who,
            ),
        )


class AppointReviewer(Command, name="appoint-reviewer"):
    """Appoint a candidate who has been assessed and whose conflicts of interest are settled."""

    candidate: PersonRef
    part: ReviewerPart
    source: Source

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _not_commissioned(case)
        if not case.commissioning.assessed:
            yield f"The candidate is not assessed: nobody has been, against the criteria ({case.commissioning.rule('BOL-104', 'BOL-125')})."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        commissioning = case.commissioning
        conflict = commissioning.rule("BOL-103", "BOL-132")
        if commissioning.assessed and self.candidate not in commissioning.assessed:
            yield f"This candidate is not assessed against the criteria ({commissioning.rule('BOL-104', 'BOL-125')})."
        if self.candidate in case.interests.unresolved:
            if self.candidate in commissioning.real:
                yield f"This candidate has an unresolved real conflict of interest ({conflict})."
            else:
                yield f"This candidate has declared an interest on the case that is unresolved ({conflict})."
        if self.candidate in commissioning.unmitigated:
            yield f"This candidate has a perceived conflict of interest without mitigation ({conflict})."
        if self.source == "external" and not commissioning.none_suitable:
            yield (
                "An external reviewer is appointed only after none suitable has been found in the agencies and pools: this would be "
                f"external before none-suitable ({commissioning.rule('BOL-108', 'BOL-135')})."
            )

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReviewerAppointed(candidate=self.candidate, part=self.part, source=self.source)


class ReviewerRemoved(CaseEvent, name="reviewer-removed"):
    """A reviewer no longer undertakes this review, and may ask nothing on the case. No clock starts again (R-18)."""

    candidate: PersonId

    def apply(self, case: Case, then: Recorded) -> Case:
        commissioning, who = case.commissioning, {self.candidate}
        return replace(
            case,
            commissioning=replace(
                commissioning,
                appointed=commissioning.appointed - who,
                reviewers=commissioning.reviewers - who,
                removed=commissioning.removed | who,
            ),
        )


class RemoveReviewer(Command, name="remove-reviewer"):
    candidate: PersonRef
    because: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.commissioning.reviewers:
            yield "There is no reviewer to remove (R-18)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if case.commissioning.reviewers and self.candidate not in case.commissioning.reviewers:
            yield "This person is not a reviewer of this case (R-18)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReviewerRemoved(candidate=self.candidate)
