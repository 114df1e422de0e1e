"""Sentences of the review: scope, progress, drafts, quality assurance, endorsement."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import counted, day, each, say, sentence_case, text_of
from domain.language import listed
from domain.people import By
from domain.stages.review import (
    DelayReported,
    ProgressReviewHeld,
    ReportConcernEscalated,
    ReportConcernRaised,
    ReportConcernResolved,
    ReportDrafted,
    ReportEndorsed,
    ReportEndorsementRecorded,
    ReportPresented,
    ReportQualityAssured,
    ReportReturned,
    ScopeAgreed,
)

POSITIONS = {
    "endorse": "endorsed the report",
    "endorse-with-concerns": "endorsed the report with concerns",
    "withhold": "withheld endorsement of the report",
}


@tells(ScopeAgreed)
def scope_agreed(event: ScopeAgreed, by: By) -> str:
    lines = counted(len(event.key_lines), "key line of enquiry", "key lines of enquiry")
    return f"The scope was agreed: the period from {day(event.period_from)} to {day(event.period_to)}, with {lines}."


@tells(ProgressReviewHeld)
def progress_review_held(event: ProgressReviewHeld, by: By) -> str:
    emerging = f"; themes emerging: {listed(event.emerging_themes)}" if event.emerging_themes else ""
    return f"The progress of the review was looked at with those who commissioned it{emerging}."


@tells(DelayReported)
def delay_reported(event: DelayReported, by: By) -> str:
    return f"The reasons for delay were given to {each(event.told)}; the clock keeps running."


@tells(ReportConcernRaised)
def report_concern_raised(event: ReportConcernRaised, by: By) -> str:
    organisation = f" by {say(by.organisation)}" if by.organisation else ""
    return f"A concern about the {event.about} of the report was raised{organisation} ({event.ref})."


@tells(ReportConcernResolved)
def report_concern_resolved(event: ReportConcernResolved, by: By) -> str:
    answer = "the report was changed" if event.outcome == "changed" else "the report was not changed"
    return f"The concern {event.concern} about the report was settled: {answer}."


@tells(ReportConcernEscalated)
def report_concern_escalated(event: ReportConcernEscalated, by: By) -> str:
    return f"The concern {event.concern} about the report was escalated to level {event.level}."


@tells(ReportDrafted)
def report_drafted(event: ReportDrafted, by: By) -> str:
    return f"The reviewer handed in {'the final draft' if event.final else 'a draft'} of the report ({text_of(event.digest)})."


@tells(ReportQualityAssured)
def report_quality_assured(event: ReportQualityAssured, by: By) -> str:
    markers = counted(len(event.markers), "quality marker")
    return f"The final draft was assured by the review group against {markers} ({text_of(event.digest)})."


@tells(ReportPresented)
def report_presented(event: ReportPresented, by: By) -> str:
    holding = f", with its {listed(event.contains)}" if event.contains else ""
    return f"The report was presented to the partnership for endorsement{holding} ({text_of(event.digest)})."


@tells(ReportEndorsementRecorded)
def report_endorsement_recorded(event: ReportEndorsementRecorded, by: By) -> str:
    return f"{sentence_case(say(event.organisation))} {POSITIONS[event.position]} ({text_of(event.digest)})."


@tells(ReportEndorsed)
def report_endorsed(event: ReportEndorsed, by: By) -> str:
    concerns = ", with concerns noted" if event.outcome == "endorsed-with-concerns" else ""
    return f"The partnership endorsed the report{concerns}; the review is complete ({text_of(event.digest)})."


@tells(ReportReturned)
def report_returned(event: ReportReturned, by: By) -> str:
    return f"The partnership returned the report to its reviewer ({text_of(event.digest)})."
