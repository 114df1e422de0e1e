"""Sentences of the three partners' decision on the threshold."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import REVIEWS, day, each, is_person, plainly, say, sentence_case
from domain.people import By
from domain.stages.threshold import (
    CaseReroutedToSerious,
    DecisionFedBack,
    DeputyAppointed,
    LearningConsidered,
    PartnerMeetingConvened,
    PartnerPositionRecorded,
    ThresholdDecided,
)

QUESTIONS = {
    "serious": "serious",
    "learn-from-success": "learning from success",
    "local-learning": "local learning",
    "thematic": "thematic",
    "local-review": "local review",
}
STANCES = {"met": "took the position met", "not-met": "took the position not met", "abstain": "abstained"}
THRESHOLDS = {
    "serious": "for a serious case",
    "learn-from-success": "for learning from success",
    "local-learning": "for local learning",
    "thematic": "for a thematic review",
    "local-review": "for a local review",
}
OUTCOMES = {"met": "is met", "not-met": "is not met"}


@tells(PartnerMeetingConvened)
def partner_meeting_convened(event: PartnerMeetingConvened, by: By) -> str:
    return f"The partners were called to meet on {day(event.meets_on)}: {each(event.attendees)}."


@tells(DeputyAppointed)
def deputy_appointed(event: DeputyAppointed, by: By) -> str:
    return f"{partner(event.partner)} appointed a deputy to speak for them on this case."


@tells(PartnerPositionRecorded)
def partner_position_recorded(event: PartnerPositionRecorded, by: By) -> str:
    return f"{partner(event.partner)} {STANCES[event.position]} on the question {QUESTIONS[event.question]}{spoken_by(by)} ({event.ref})."


def partner(code: str) -> str:
    """A partner at the beginning of a sentence: `Police`, `Health`, `The local authority`."""
    return sentence_case(plainly(code) if code == "police" else say(code))


def spoken_by(by: By) -> str:
    """Who spoke for the partner, where it was not its own delegated partner."""
    if not by.behalf_of:
        return ""
    through_deputy = by.role != "business-manager" and not is_person(by.behalf_of)
    return ", through their deputy" if through_deputy else ", written down for them by the business manager"


@tells(ThresholdDecided)
def threshold_decided(event: ThresholdDecided, by: By) -> str:
    then = f"; {REVIEWS[event.then]} follows" if event.then != "none" else ""
    return f"The three partners decided that the threshold {THRESHOLDS[event.threshold]} {OUTCOMES[event.outcome]}{then} ({event.ref})."


@tells(LearningConsidered)
def learning_considered(event: LearningConsidered, by: By) -> str:
    decision = f" ({event.decision})" if event.decision else ""
    return f"Although the threshold is not met, what can be learnt was considered{decision}."


@tells(DecisionFedBack)
def decision_fed_back(event: DecisionFedBack, by: By) -> str:
    rationale = "with its rationale" if event.rationale_included else "without its rationale, so that it is still owed"
    return f"The decision {event.decision} was fed back to the referrer {rationale}."


@tells(CaseReroutedToSerious)
def case_rerouted_to_serious(event: CaseReroutedToSerious, by: By) -> str:
    return "The case goes on as a serious incident, because the statutory test appears to be met."
