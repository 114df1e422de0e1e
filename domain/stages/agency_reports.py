"""Stage 2, what the agencies know. Each is asked for its own report and chronology by a date of its own; what comes back is
collated and goes to the rapid review group (BOL-75…79, BOL-156…161)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from domain.language import CaseEvent, Code, Command, Digest, Field, Model, Part, Prose, Spoken, blank, listed, replace
from domain.people import PersonOrGroup
from domain.personal import Words

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

Answer = Literal["awaited", "reported", "nothing-to-report"]


def no_rapid_review(case: Case, rule: str = "BOL-75") -> Iterator[str]:
    """Whether there is a rapid review to work on: one that has begun and was not discontinued."""
    if case.rapid_review.discontinued:
        yield f"The rapid review was discontinued; there is no rapid review to go on with ({rule})."
    elif not case.rapid_review.initiated:
        yield f"There is no rapid review on this case ({rule})."


def answered(case: Case, agency: str, answer: Answer) -> Case:
    """The case with this being the agency's answer."""
    return replace(case, rapid_review=replace(case.rapid_review, agencies={**case.rapid_review.agencies, agency: answer}))


# --- asking


class AgencyAsked(CaseEvent, name="agency-asked"):
    """An agency that supported the child or the family was asked for its report and chronology, by a date (BOL-76, BOL-77)."""

    agency: str
    due_on: date
    template_version: Words | None = None
    period_from: date | None = None
    period_to: date | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        rapid_review = replace(
            case.rapid_review,
            period_from=self.period_from or case.rapid_review.period_from,
            period_to=self.period_to or case.rapid_review.period_to,
        )
        return answered(replace(case, rapid_review=rapid_review), self.agency, "awaited")


class AskAgency(Command, name="ask-agency"):
    """Ask an agency for its report. The period under review, once given, is kept for the next request."""

    agency: Code
    due_on: date
    template_version: Prose | None = None
    period_from: date | None = None
    period_to: date | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> AskAgency:
        if self.period_from and self.period_to and self.period_to < self.period_from:
            raise ValueError("period_to lies before period_from")
        return self

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from no_rapid_review(case)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield AgencyAsked(
            agency=self.agency,
            due_on=self.due_on,
            template_version=self.template_version,
            period_from=self.period_from or case.rapid_review.period_from,
            period_to=self.period_to or case.rapid_review.period_to,
        )


class AgencyDateChanged(CaseEvent, name="agency-date-changed"):
    """An agency's date was moved, with a reason; the clock of the earlier date stays readable (CLK-08)."""

    agency: str
    due_on: date


class ChangeAgencyDate(Command, name="change-agency-date"):
    agency: Code
    due_on: date
    because: Prose

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.agency not in case.rapid_review.agencies:
            yield f"The agency {self.agency} has not been asked for a report, so it has no date to change (BOL-77)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield AgencyDateChanged(agency=self.agency, due_on=self.due_on)


# --- answering


class Judgement(Part):
    """A clear, evidence-based judgement on the agency's own practice, and the difference it made (BOL-160)."""

    about: Words
    quality: Words
    impact: Words


class JudgementGiven(Model):
    about: Prose
    quality: Prose
    impact: Prose


class AgencyReportReceived(CaseEvent, name="agency-report-received"):
    """An agency handed in its report, quality assured by a line manager or nominated lead (BOL-161)."""

    agency: str
    report_digest: str
    chronology_digest: str | None = None
    quality_assured_by: Words
    involvement: Words | None = None
    judgements: tuple[Judgement, ...] = ()

    def apply(self, case: Case, then: Recorded) -> Case:
        return answered(case, self.agency, "reported")


class SubmitAgencyReport(Command, name="submit-agency-report"):
    agency: Code
    report_digest: Digest
    chronology_digest: Digest | None = None
    quality_assured_by: Spoken = None
    involvement: Prose | None = None
    judgements: tuple[JudgementGiven, ...] = ()

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if blank(self.quality_assured_by):
            yield "There is no quality assurer: a line manager or nominated lead assures a report before it is handed in (BOL-161)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield AgencyReportReceived(
            agency=self.agency,
            report_digest=self.report_digest,
            chronology_digest=self.chronology_digest,
            quality_assured_by=self.quality_assured_by or "",
            involvement=self.involvement,
            judgements=tuple(Judgement(about=j.about, quality=j.quality, impact=j.impact) for j in self.judgements),
        )


class NilReturnRecorded(CaseEvent, name="nil-return-recorded"):
    """An agency confirmed that it had no involvement in the period (BOL-76)."""

    agency: str

    def apply(self, case: Case, then: Recorded) -> Case:
        return answered(case, self.agency, "nothing-to-report")


class RecordNilReturn(Command, name="record-nil-return"):
    agency: Code

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield NilReturnRecorded(agency=self.agency)


# --- putting it together


class ChronologyCollated(CaseEvent, name="chronology-collated"):
    """The submissions were brought into one multi-agency chronology; agencies still outstanding are named (BOL-78)."""

    digest: str
    missing: tuple[str, ...] = ()

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, rapid_review=replace(case.rapid_review, collated=True))


class CollateChronology(Command, name="collate-chronology"):
    digest: Digest
    missing: tuple[Code, ...] | None = None

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from no_rapid_review(case)
        if "reported" not in case.rapid_review.agencies.values():
            yield "There is no submission to collate: no agency has handed in its report (BOL-78)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if unnamed := [agency for agency in case.rapid_review.outstanding if agency not in (self.missing or ())]:
            yield f"The list of those missing does not name every outstanding agency; still awaited: {listed(unnamed)} (BOL-78)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ChronologyCollated(digest=self.digest, missing=self.missing or ())


class PackDistributed(CaseEvent, name="pack-distributed"):
    """Chronology and single agency reports went to the members of the rapid review group (BOL-79)."""

    members: tuple[str, ...]
    what: tuple[str, ...] = ()


class DistributePack(Command, name="distribute-pack"):
    members: tuple[PersonOrGroup, ...] = Field(min_length=1)
    what: tuple[Digest | int, ...] = Field(default=(), description="Digests and places sent.")

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from no_rapid_review(case)
        if not case.rapid_review.collated:
            yield "The chronology is not collated (BOL-79)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield PackDistributed(members=self.members, what=tuple(str(item) for item in self.what))
