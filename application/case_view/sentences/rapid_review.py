"""Sentences of the rapid review, from its beginning to the partners' endorsement of its report."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.sentences.threshold import partner, spoken_by
from application.case_view.words import day, each, say, sentence_case, text_of
from domain.initiation import RapidReviewInitiated
from domain.people import By
from domain.stages.agency_reports import (
    AgencyAsked,
    AgencyDateChanged,
    AgencyReportReceived,
    ChronologyCollated,
    NilReturnRecorded,
    PackDistributed,
)
from domain.stages.rapid_review import (
    FacilitatorAssigned,
    ImmediateActionRecorded,
    RapidReviewEndorsed,
    RapidReviewEndorsementWithheld,
    RapidReviewMeetingHeld,
    RapidReviewReportCirculated,
    RapidReviewReportDrafted,
)

NEXT = {
    "local-review": "a local review is proposed",
    "no-further-action": "no further action is proposed",
    "other-local-review": "another kind of local review is proposed",
}
LOCAL = {"yes": "for a local review", "no": "against a local review"}
NATIONAL = {"yes": "for a national one", "no": "against a national one", "unsure": "unsure about a national one"}


@tells(RapidReviewInitiated)
def rapid_review_initiated(event: RapidReviewInitiated, by: By) -> str:
    cause = f", as decided ({event.decision})" if event.decision else ""
    return f"A rapid review began{cause}."


@tells(FacilitatorAssigned)
def facilitator_assigned(event: FacilitatorAssigned, by: By) -> str:
    who = "Somebody other than the business manager" if event.role == "other" else f"The {event.role.replace('-', ' ')}"
    reason = "; a reason was given for it" if event.overrode else ""
    return f"{who} was assigned to facilitate the rapid review{reason}."


@tells(AgencyAsked)
def agency_asked(event: AgencyAsked, by: By) -> str:
    period = f", for the period from {day(event.period_from)} to {day(event.period_to)}" if event.period_from and event.period_to else ""
    return f"A report was asked of {say(event.agency)}, due on {day(event.due_on)}{period}."


@tells(AgencyDateChanged)
def agency_date_changed(event: AgencyDateChanged, by: By) -> str:
    return f"The date for the report of {say(event.agency)} was moved to {day(event.due_on)}."


@tells(AgencyReportReceived)
def agency_report_received(event: AgencyReportReceived, by: By) -> str:
    chronology = " and its chronology" if event.chronology_digest else ""
    return f"The report of {say(event.agency)}{chronology} came in, quality assured ({text_of(event.report_digest)})."


@tells(NilReturnRecorded)
def nil_return_recorded(event: NilReturnRecorded, by: By) -> str:
    return f"{sentence_case(say(event.agency))} confirmed having had no part in the period under review."


@tells(ChronologyCollated)
def chronology_collated(event: ChronologyCollated, by: By) -> str:
    missing = f"still missing: {each(event.missing)}" if event.missing else "nothing is missing"
    return f"The agencies' chronologies were brought together; {missing} ({text_of(event.digest)})."


@tells(PackDistributed)
def pack_distributed(event: PackDistributed, by: By) -> str:
    return f"The chronology and the agencies' reports went to the rapid review group: {each(event.members)}."


@tells(ImmediateActionRecorded)
def immediate_action_recorded(event: ImmediateActionRecorded, by: By) -> str:
    whom = "children linked to the incident" if event.for_whom == "linked-children" else "the wider population of children"
    done = f"; it was done on {day(event.done_on)}" if event.done_on else ""
    return f"Immediate action to safeguard {whom} was recorded{done}."


@tells(RapidReviewMeetingHeld)
def rapid_review_meeting_held(event: RapidReviewMeetingHeld, by: By) -> str:
    return f"The rapid review meeting was held with {each(event.attendees)}; {NEXT[event.next_steps]}."


@tells(RapidReviewReportDrafted)
def rapid_review_report_drafted(event: RapidReviewReportDrafted, by: By) -> str:
    return f"The report of the rapid review was drafted ({text_of(event.digest)})."


@tells(RapidReviewReportCirculated)
def rapid_review_report_circulated(event: RapidReviewReportCirculated, by: By) -> str:
    return f"The report of the rapid review went to the three partners for endorsement ({text_of(event.digest)})."


@tells(RapidReviewEndorsed)
def rapid_review_endorsed(event: RapidReviewEndorsed, by: By) -> str:
    return f"{partner(event.partner)} endorsed the report of the rapid review{_views(event, by)}."


@tells(RapidReviewEndorsementWithheld)
def rapid_review_endorsement_withheld(event: RapidReviewEndorsementWithheld, by: By) -> str:
    return f"{partner(event.partner)} withheld endorsement of the report of the rapid review{_views(event, by)}."


def _views(event: RapidReviewEndorsed | RapidReviewEndorsementWithheld, by: By) -> str:
    return f"{spoken_by(by)}: {LOCAL[event.local_review]}, {NATIONAL[event.national_review]} ({text_of(event.digest)})"
