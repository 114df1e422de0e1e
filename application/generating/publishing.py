"""What is learned: published, recommended, assured by whoever owes it; and the case closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from application.generating.people import AGENCIES
from application.generating.telling import Telling
from domain.stages.closing import CloseCase
from domain.stages.learning import (
    AcceptRecommendation,
    ChooseLearningElements,
    IncludeInAnnualSummary,
    InviteFeedback,
    IssueRecommendation,
    JudgeAssurance,
    ReceiveFeedback,
    SubmitAssurance,
)
from domain.stages.publication import (
    CheckAnonymisation,
    DecidePublication,
    DepositInRepository,
    PlanPublication,
    PublishLearningBrief,
    PublishReport,
    SendPrePublicationCopy,
)

ELEMENTS = ("learning-brief", "learning-model", "annual-summary", "quality-framework", "agency-assurance")


def published(t: Telling, report: str) -> None:
    """Planned, sent ahead, read by a second person, published and deposited; a few are withheld."""
    if t.may(8):
        t.ask("business-manager", DecidePublication(form="withheld", rationale=t.says(2)))
        return
    t.ask("business-manager", DecidePublication(form="full", rationale=t.says(2)))
    t.ask("business-manager", PlanPublication(publish_on=t.today + timedelta(days=t.between(21, 40))))
    if t.may(20):
        t.wait(t.between(2, 8))
        t.ask("business-manager", PlanPublication(publish_on=t.today + timedelta(days=t.between(30, 60))))
    t.ask("business-manager", SendPrePublicationCopy(digest=report, recipients=("the Panel", "the Secretary of State", "Ofsted")))
    t.ask("partnership-officer", CheckAnonymisation(digest=report))
    t.wait(t.between(10, 30))
    t.ask("business-manager", PublishReport(digest=report, location="the partnership's pages", family_told=True))
    if t.may(80):
        t.wait(t.between(2, 10))
        t.ask("business-manager", DepositInRepository(repository="the national collection", named=t.may(70)))


def brief(t: Telling) -> None:
    """A learning brief, read by a second person first."""
    text = t.text()
    t.ask("partnership-officer", CheckAnonymisation(digest=text))
    t.ask("business-manager", PublishLearningBrief(digest=text))


def recommended(t: Telling, n: int) -> None:
    """Improvements, each owed by an agency by a day; most are assured in time, some late, some not at all."""
    owed: list[tuple[str, str]] = []
    themes: Any = tuple(t.case.themes.assigned)[:2]
    for number in range(1, n + 1):
        owner, ref = t.chance.choice(AGENCIES), f"rec-{len(t.case.learning.recommendations) + number - len(owed)}"
        due = t.today + timedelta(days=t.between(60, 240))
        t.ask(
            "business-manager",
            IssueRecommendation(ref=ref, what=t.says(), owners=(owner,), by_when=due, themes=themes if t.may(50) else ()),
        )
        owed.append((owner, ref))
    t.wait(t.between(3, 12))
    for owner, ref in owed:
        t.ask(f"agency-author/{owner}", AcceptRecommendation(recommendation=ref))
    t.wait(t.between(30, 80))
    for owner, ref in owed:
        if t.may(7):
            continue  # still owed
        if t.may(30):
            t.wait(t.between(2, 25))
        for _ in range(2 if t.may(20) else 1):
            evidence = SubmitAssurance(recommendation=ref, evidence=t.says(2), difference_made=t.says(1), remaining_difficulty=t.says(1))
            t.ask(f"agency-author/{owner}", evidence)
            t.wait(t.between(0, 4))
            submitted_again = t.case.learning.recommendations[ref].assured
            outcome: Any = "rejected" if _ == 0 and t.may(15) and not submitted_again else "accepted"
            t.ask("delegated-partner/health", JudgeAssurance(recommendation=ref, outcome=outcome, rationale=t.says(1)))


def taken_up(t: Telling) -> None:
    """What becomes of the learning as a whole."""
    t.ask("business-manager", ChooseLearningElements(elements=t.chance.sample(ELEMENTS, 3), rationale=t.says()))
    for agency in t.chance.sample(AGENCIES, t.between(2, 5)):
        t.ask("business-manager", InviteFeedback(agency=agency))
        if t.may(60):
            t.ask("business-manager", ReceiveFeedback(about=t.says(1), feedback=t.says(2)))
    year = t.today.year - (t.today.month < 4)
    t.ask("business-manager", IncludeInAnnualSummary(year=f"{year}/{(year + 1) % 100:02d}", impact=t.says(2)))


def closed(t: Telling) -> None:
    """Nothing is left undone, or somebody says why it ends here."""
    t.wait(t.between(3, 40))
    t.ask("business-manager", CloseCase(because=t.says(1)))
