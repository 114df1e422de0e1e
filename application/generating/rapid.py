"""The rapid review: agencies are asked and answer, the group meets, the report is endorsed and goes to the Panel, which answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from application.generating.asides import theme_withdrawn, themes
from application.generating.people import AGENCIES
from application.generating.telling import Telling
from domain.interests import DeclareInterest, ResolveInterest
from domain.people import PARTNERS
from domain.stages.agency_reports import AskAgency, ChangeAgencyDate, CollateChronology, DistributePack, RecordNilReturn, SubmitAgencyReport
from domain.stages.outcome import (
    DecideRapidReviewOutcome,
    DetermineCriteriaNotMet,
    ReceivePanelFeedback,
    RecordPanelRequest,
    SendToPanel,
    SupplyInformation,
    TellPanelOfReview,
)
from domain.stages.rapid_review import (
    AssignFacilitator,
    CirculateForEndorsement,
    DraftRapidReviewReport,
    EndorseRapidReview,
    HoldRapidReviewMeeting,
    RecordImmediateAction,
)

OUTCOMES: Mapping[Any, int] = {
    "no-further-action": 50, "local-review": 36, "local-review-recommended": 4, "local-learning": 6, "learn-from-success": 4,
}  # fmt: skip
STANDINGS = ("established", "alleged", "suspected", "appears", "unknown")


def rapid_review(t: Telling) -> str | None:
    """From the facilitator to the Panel's answer. The outcome; none where the criteria were found not to be met."""
    t.wait(t.between(0, 2))
    facilitator = _facilitator(t)
    _agencies(t, facilitator)
    if t.may(4):
        t.ask("named-portal-user", DetermineCriteriaNotMet(evidence=t.says(), panel_informed=True, learning_considered=t.says()))
        return None
    themes(t, t.between(6, 14), "rapid-review", by=facilitator)
    _meeting(t, facilitator)
    outcome = _endorsed_and_decided(t, facilitator)
    if t.may(30):
        theme_withdrawn(t)
    return outcome


def _facilitator(t: Telling) -> str:
    """The business manager, or in a conflict of interest the designated health practitioner."""
    if not t.may(6):
        t.ask("business-manager", AssignFacilitator(role="business-manager", person=t.by("business-manager").person))
        return "business-manager"
    t.ask("business-manager", DeclareInterest(kind="perceived", nature=t.says(1)))
    t.ask("lead-partner", ResolveInterest(person=t.by("business-manager").person, how=t.says(1)))
    practitioner = "designated-health-practitioner"
    t.ask("business-manager", AssignFacilitator(role="designated-health-practitioner", person=t.by(practitioner).person))
    return practitioner


def _agencies(t: Telling, facilitator: str) -> None:
    asked = t.chance.sample(AGENCIES, t.between(9, 15))
    begun = t.today
    for agency in asked:
        due = begun + timedelta(days=t.between(5, 10))
        t.ask(facilitator, AskAgency(agency=agency, due_on=due, period_from=begun - timedelta(days=730), period_to=begun))
    for _ in range(t.between(2, 7)):
        action = RecordImmediateAction(for_whom=t.chance.choice(("linked-children", "wider-population")), action=t.says(), owner=t.says(1))
        t.ask(facilitator, action)
    t.wait(t.between(3, 6))
    for agency in asked:
        if t.may(12):
            moved = t.today + timedelta(days=t.between(2, 5))
            t.ask(facilitator, ChangeAgencyDate(agency=agency, due_on=moved, because=t.says(1)))
        if t.may(4):
            continue  # never heard of again
        if t.may(25):
            t.wait(1)
        author = f"agency-author/{agency}"
        if t.may(14):
            t.ask(author, RecordNilReturn(agency=agency))
        else:
            judgements: Any = tuple({"about": t.says(1), "quality": t.says(1), "impact": t.says(1)} for _ in range(t.between(0, 2)))
            t.ask(
                author,
                SubmitAgencyReport(
                    agency=agency, report_digest=t.text(), chronology_digest=t.text(), quality_assured_by=t.says(1), judgements=judgements
                ),
            )
    if "reported" not in t.case.rapid_review.agencies.values():
        t.ask(f"agency-author/{asked[0]}", SubmitAgencyReport(agency=asked[0], report_digest=t.text(), quality_assured_by=t.says(1)))
    t.ask(facilitator, CollateChronology(digest=t.text(), missing=t.case.rapid_review.outstanding))
    t.ask(facilitator, DistributePack(members=PARTNERS, what=(t.text(),)))


def _meeting(t: Telling, facilitator: str) -> None:
    t.wait(t.chance.choices((1, 2, 3, 6), (25, 35, 30, 10))[0])
    facts: Any = tuple({"text": t.says(1), "standing": t.chance.choice(STANDINGS)} for _ in range(t.between(2, 6)))
    t.ask(
        facilitator,
        HoldRapidReviewMeeting(
            attendees=PARTNERS, facts=facts, immediate_action=t.says(), improvements=t.says(2), next_steps="no-further-action",
            inequalities=t.says(), national_review_view=t.says(1), criteria=_criteria(t),
        ),
    )  # fmt: skip


def _criteria(t: Telling) -> Any:
    names = t.asking_now().regulation_criteria
    return tuple({"criterion": name, "met": "yes" if t.may(45) else "no", "why": t.says(1)} for name in names)


def _endorsed_and_decided(t: Telling, facilitator: str) -> str:
    outcome = t.chance.choices([*OUTCOMES], [*OUTCOMES.values()])[0]
    wanted: Any = "yes" if outcome.startswith("local-review") else "no"
    withheld = t.chance.choice(PARTNERS) if t.may(12) else None
    while True:
        t.wait(t.between(0, 2))
        report = t.text()
        t.ask(facilitator, DraftRapidReviewReport(digest=report))
        t.ask(facilitator, CirculateForEndorsement(digest=report, what=(report,)))
        t.wait(t.between(0, 3))
        for partner in PARTNERS:
            who: Any = partner
            position: Any = "withhold" if partner == withheld else "endorse"
            t.ask(
                f"delegated-partner/{partner}",
                EndorseRapidReview(
                    partner=who,
                    digest=report,
                    position=position,
                    local_review=wanted,
                    national_review="no",
                    concerns=t.says() if t.may(40) else None,
                ),
            )
        if withheld is None:
            break
        withheld = None
    t.ask(
        facilitator,
        DecideRapidReviewOutcome(outcome=outcome, rationale=t.says(3), criteria=_criteria(t), national_review_view=t.says(1)),
    )
    t.wait(t.chance.choices((0, 1, 4), (50, 40, 10))[0])
    t.ask(facilitator, SendToPanel(digest=report))
    _the_panel_answers(t, outcome)
    return str(outcome)


def _the_panel_answers(t: Telling, outcome: str) -> None:
    if t.may(20):
        t.wait(t.between(2, 10))
        ref = f"panel-request-{len(t.case.outcome.requests) + 1}"
        t.ask("business-manager", RecordPanelRequest(ref=ref, due_on=t.today + timedelta(days=10), what=t.says()))
        if t.may(90):
            t.wait(t.between(2, 9))
            t.ask("business-manager", SupplyInformation(ref=ref))
    if t.may(85):
        t.wait(t.between(10, 25))
        kind: Any = t.chance.choices(("agrees", "queries", "more-information"), (80, 12, 8))[0]
        t.ask("business-manager", ReceivePanelFeedback(kind=kind, summary=t.says()))
    if outcome == "local-review" and t.may(92):
        t.ask("business-manager", TellPanelOfReview(reviewer_named=t.may(40)))
