"""Publication: planned, sent ahead, read by a second person, published and deposited (CLK-10P…12, BOL-93, BOL-146, BOL-176, TOOL-16)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Literal

from domain.language import CaseEvent, Command, Digest, Prose, Ref, State, next_ref, replace
from domain.people import PersonId
from domain.personal import Words
from domain.working_days import BeyondCalendar

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

Form = Literal["full", "improvements-only", "withheld"]


class Publication(State, frozen=True):
    """What has been planned, sent ahead, checked and published.

    `copies` has the earliest day on which a copy of each text was sent; `checked` who checked each text for anonymity.
    """

    plans: tuple[str, ...] = ()
    publish_on: date | None = None
    copies: dict[str, date] = {}
    form: Form | None = None
    checked: dict[str, frozenset[PersonId]] = {}
    reports: tuple[str, ...] = ()
    briefs: tuple[str, ...] = ()

    @property
    def report_published(self) -> bool:
        return bool(self.reports)

    @property
    def brief_published(self) -> bool:
        """Whether a learning brief is published and has not been withdrawn."""
        return bool(self.briefs)


def _nothing_endorsed(case: Case) -> Iterator[str]:
    if not case.review.endorsed:
        yield "The report is not endorsed (BOL-167)."


def _another_endorsed(case: Case, digest: str) -> Iterator[str]:
    if case.review.endorsed and not case.review.has_endorsed(digest):
        yield "The digest is not endorsed: the partnership endorsed another text (BOL-167)."


def _publication_hold(case: Case) -> Iterator[str]:
    if case.holds.publication:
        yield "There is a publication hold on this case (BOL-146)."


# --- before


class PublicationPlanned(CaseEvent, name="publication-planned"):
    """The day of publication was planned; an earlier plan is superseded (CLK-11)."""

    ref: str
    publish_on: date

    def apply(self, case: Case, then: Recorded) -> Case:
        publication = case.publication
        return replace(case, publication=replace(publication, plans=(*publication.plans, self.ref), publish_on=self.publish_on))


class PlanPublication(Command, name="plan-publication"):
    publish_on: date
    ref: Ref | None = None

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _nothing_endorsed(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.ref in case.publication.plans:
            yield f"The ref {self.ref} is already used for a plan of publication on this case (CLK-11)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield PublicationPlanned(ref=self.ref or next_ref("publication", case.publication.plans), publish_on=self.publish_on)


class PrePublicationCopySent(CaseEvent, name="pre-publication-copy-sent"):
    """A copy of the endorsed report went to the Panel, the Secretary of State and Ofsted ahead of publication (CLK-11)."""

    digest: str
    recipients: tuple[Words, ...]

    def apply(self, case: Case, then: Recorded) -> Case:
        copies = case.publication.copies
        earliest = min(copies.get(self.digest, then.on), then.on)
        return replace(case, publication=replace(case.publication, copies={**copies, self.digest: earliest}))


class SendPrePublicationCopy(Command, name="send-pre-publication-copy"):
    digest: Digest
    recipients: tuple[Prose, ...]

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _nothing_endorsed(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _another_endorsed(case, self.digest)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield PrePublicationCopySent(digest=self.digest, recipients=self.recipients)


class PublicationDecided(CaseEvent, name="publication-decided"):
    """The three partners decided to publish in full, or the improvements only, or not at all, and why."""

    form: Form
    rationale: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, publication=replace(case.publication, form=self.form))


class DecidePublication(Command, name="decide-publication"):
    """Record the decision of the three. What the family think of it is considered, never a veto."""

    form: Form
    rationale: Prose

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield PublicationDecided(form=self.form, rationale=self.rationale)


class AnonymisationChecked(CaseEvent, name="anonymisation-checked"):
    """A second person checked that this exact text does not lead back to the child (TOOL-16)."""

    digest: str

    def apply(self, case: Case, then: Recorded) -> Case:
        checked = case.publication.checked
        checkers = checked.get(self.digest, frozenset()) | {then.by.person}
        return replace(case, publication=replace(case.publication, checked={**checked, self.digest: checkers}))


class CheckAnonymisation(Command, name="check-anonymisation"):
    digest: Digest

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if case.review.authors.get(self.digest) == asking.by.person:
            yield "You are the same person as the author: a second person checks for anonymity (TOOL-16)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield AnonymisationChecked(digest=self.digest)


# --- the report


class ReportPublished(CaseEvent, name="report-published"):
    """The report was published, and where; it stays available for at least a year (CLK-10P, CLK-12)."""

    digest: str
    location: Words
    family_told: bool

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, publication=replace(case.publication, reports=(*case.publication.reports, self.digest)))


class PublishReport(Command, name="publish-report"):
    digest: Digest
    location: Prose
    family_told: bool

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _publication_hold(case)
        yield from _nothing_endorsed(case)
        if case.publication.form == "withheld":
            yield "The three partners decided that this report is withheld (BOL-146)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _another_endorsed(case, self.digest)
        guard = asking.procedure.publication_guard
        sent = case.publication.copies.get(self.digest)
        try:
            if sent is None or sent > asking.calendar.before(asking.on, guard):
                yield (
                    f"The copy was sent fewer than {guard} working days before: "
                    f"{f'on {sent}' if sent else 'none of this text has been sent'} (CLK-11)."
                )
        except BeyondCalendar as beyond:
            yield str(beyond)
        if not case.publication.checked.get(self.digest):
            yield "This text is not checked for anonymity: no second person has read it for anonymisation (TOOL-16)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReportPublished(digest=self.digest, location=self.location, family_told=self.family_told)


class ReportDeposited(CaseEvent, name="report-deposited"):
    """The report was given to a national repository, with the partnership's name or without."""

    repository: Words
    named: bool


class DepositInRepository(Command, name="deposit-in-repository"):
    repository: Prose
    named: bool

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.publication.report_published:
            yield "The report is not published, so it cannot be deposited (CLK-12)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ReportDeposited(repository=self.repository, named=self.named)


# --- the learning brief


class LearningBriefPublished(CaseEvent, name="learning-brief-published"):
    """The learning was summarised and published, for partners and agencies to reflect on (BOL-93, BOL-176)."""

    digest: str

    def apply(self, case: Case, then: Recorded) -> Case:
        briefs = (*(brief for brief in case.publication.briefs if brief != self.digest), self.digest)
        return replace(case, publication=replace(case.publication, briefs=briefs))


class PublishLearningBrief(Command, name="publish-learning-brief"):
    digest: Digest

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _publication_hold(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        checkers = case.publication.checked.get(self.digest, frozenset())
        if not checkers:
            yield "The brief is not checked for anonymity by a second person (TOOL-16)."
        elif self.digest not in case.review.authors and checkers <= {asking.by.person}:
            yield "The brief is not checked for anonymity by a second person: you checked it yourself (TOOL-16)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield LearningBriefPublished(digest=self.digest)


class LearningBriefWithdrawn(CaseEvent, name="learning-brief-withdrawn"):
    """A learning brief was taken back; all of them, unless one is named."""

    digest: str | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        briefs = tuple(brief for brief in case.publication.briefs if self.digest not in (None, brief))
        return replace(case, publication=replace(case.publication, briefs=briefs))


class WithdrawLearningBrief(Command, name="withdraw-learning-brief"):
    """Take back what was published; `digest` says which, where there are several."""

    digest: Digest | None = None
    because: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.publication.brief_published:
            yield "No learning brief is published that could be withdrawn (BOL-176)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.digest and case.publication.brief_published and self.digest not in case.publication.briefs:
            yield "This learning brief is not published (BOL-176)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield LearningBriefWithdrawn(digest=self.digest)
