"""A review: commissioned, a reviewer found, those who take part heard, the report drafted, assured and endorsed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from application.generating.asides import confirmed, themes
from application.generating.people import AGENCIES
from application.generating.telling import Telling
from domain.people import PARTNERS
from domain.stages.commissioning import (
    BOTH_COMMISSIONERS,
    AppointReviewer,
    AssessCandidate,
    CommissionReview,
    DeclareNoneSuitable,
    DeclareReviewerInterest,
    HoldInterview,
    InviteExpressionsOfInterest,
    ReceiveExpressionOfInterest,
    RemoveReviewer,
    ReviewType,
    SetPersonSpecification,
    WithdrawExpressionOfInterest,
)
from domain.stages.participation import InviteParticipant, OfferSupport, RecordEngagement, RecordFamilyView, RecordParticipation
from domain.stages.review import (
    AgreeScope,
    ConcludeEndorsement,
    HoldProgressReview,
    PresentReport,
    QualityAssureReport,
    RaiseReportConcern,
    RecordEndorsement,
    ReportDelay,
    ResolveReportConcern,
    SubmitDraft,
)

KINDS = ("practitioner", "practitioner", "practitioner", "manager", "service-lead", "child", "family", "family")


def reviewed(t: Telling, review: ReviewType) -> str:
    """From the commission to the endorsed report, whose digest is returned."""
    commissioner = "delegated-partner/local-authority" if review == "practice-review" else "implementation-group-chair"
    both: Any = BOTH_COMMISSIONERS
    t.wait(t.between(2, 12))
    t.ask(commissioner, CommissionReview(review=review, commissioners=() if review == "practice-review" else both))
    reviewer = _found(t, review, commissioner)
    _scoped(t, reviewer)
    _heard(t, review, reviewer, commissioner)
    return _endorsed(t, reviewer, commissioner)


def _found(t: Telling, review: ReviewType, commissioner: str) -> str:
    """The reviewer: invited, assessed, interviewed and appointed."""
    t.ask(commissioner, SetPersonSpecification(criteria=(t.says(1), t.says(1))))
    closes = t.today + timedelta(days=t.between(28, 40))
    t.ask(
        "business-manager", InviteExpressionsOfInterest(opens_on=t.today, closes_on=closes, sources=("partner-agencies", "national-pool"))
    )
    t.wait(t.between(2, 8))
    posts = [f"reviewer//{n}" for n in t.chance.sample(range(1, 13), t.between(2, 4))]
    for post in posts:
        who = t.by(post).person
        source: Any = t.chance.choice(("partner-agencies", "national-pool"))
        t.ask("business-manager", ReceiveExpressionOfInterest(candidate=who, source=source, employer=t.chance.choice(AGENCIES)))
    if len(posts) > 2:
        t.ask("business-manager", WithdrawExpressionOfInterest(candidate=t.by(posts.pop()).person, because=t.says(1)))
    if t.may(20):
        perceived = t.by(posts[0]).person
        t.ask("business-manager", DeclareReviewerInterest(candidate=perceived, kind="perceived", nature=t.says(1), mitigation=t.says(1)))
    t.wait(t.between(8, 20))
    panel = (t.by("business-manager").person, t.by("implementation-group-chair").person)
    for post in posts:
        answers: Any = {rule: t.says(1) for rule in t.asking_now().reviewer_criteria(review)}
        t.ask(commissioner, AssessCandidate(candidate=t.by(post).person, answers=answers))
        t.ask(commissioner, HoldInterview(candidate=t.by(post).person, panel=panel, outcome=t.says(1)))
    if t.may(8):
        t.ask(commissioner, DeclareNoneSuitable(because=t.says(1)))
    t.ask(commissioner, AppointReviewer(candidate=t.by(posts[0]).person, part="lead", source="partner-agencies"))
    if t.may(3):
        t.wait(t.between(10, 40))
        t.ask(commissioner, RemoveReviewer(candidate=t.by(posts[0]).person, because=t.says(1)))
        t.ask(commissioner, AppointReviewer(candidate=t.by(posts[1]).person, part="lead", source="partner-agencies"))
        return posts[1]
    return posts[0]


def _scoped(t: Telling, reviewer: str) -> None:
    t.wait(t.between(2, 10))
    period = {"period_from": t.ago(900), "period_to": t.ago(60)}
    t.ask(reviewer, AgreeScope(methodology=t.says(2), key_lines=tuple(t.says(1) for _ in range(t.between(2, 5))), **period))


def _heard(t: Telling, review: ReviewType, reviewer: str, commissioner: str) -> None:
    """Those who take part, with the progress reviews between; the longest part of a review."""
    rounds, groups = (
        (t.between(6, 10), t.between(20, 32)) if review in ("practice-review", "thematic") else (t.between(4, 7), t.between(14, 24))
    )
    people = [(t.person(), t.chance.choice(KINDS)) for _ in range(groups)]
    agreed: list[tuple[str, str]] = []
    for person, kind in people:
        kind_of: Any = kind
        t.ask(
            reviewer,
            InviteParticipant(participant=person, kind=kind_of, information_given=t.says(1), adjustments=t.says(1) if t.may(15) else None),
        )
    t.wait(t.between(3, 10))
    for person, kind in people:
        outcome: Any = t.chance.choices(("agreed", "declined"), (86, 14))[0]
        t.ask(reviewer, RecordParticipation(participant=person, outcome=outcome))
        if outcome == "agreed":
            agreed.append((person, kind))
            if t.may(35):
                support: Any = t.chance.choice(("counselling", "interpreting", "other"))
                t.ask("business-manager", OfferSupport(participant=person, kind=support, taken_up=t.may(40)))
    for n in range(rounds):
        for person, kind in agreed:
            if t.may(72):
                shown: Any = "progress" if n < rounds - 1 else "emerging-findings"
                day = t.today
                if t.may(3):
                    t.wait(t.between(3, 6))  # written up only days later
                t.ask(reviewer, RecordEngagement(participant=person, how=t.says(2), shown=shown, on=day))
            if kind in ("family", "child") and n == rounds - 1:
                t.ask(reviewer, RecordFamilyView(participant=person, about="findings", view=t.says(2), impact=t.says(1)))
        if t.may(10):
            t.ask(reviewer, RecordEngagement(how=t.says(2), shown="progress"))
        t.wait(t.between(8, 20))
        t.ask(commissioner, HoldProgressReview(summary=t.says(2), emerging_themes=tuple(t.case.themes.assigned)[:3]))
        if t.may(12):
            told: Any = ("panel",)
            t.ask("business-manager", ReportDelay(because=t.says(1), told=told))
            t.wait(t.between(5, 25))
    themes(t, t.between(1, 3), "report", by=reviewer)


def _endorsed(t: Telling, reviewer: str, commissioner: str) -> str:
    for _ in range(t.between(1, 3)):
        t.ask(reviewer, SubmitDraft(digest=t.text(), final=False))
        t.wait(t.between(2, 8))
        if t.may(30):
            t.ask("partnership-member/housing", RaiseReportConcern(about="accuracy", passage=t.says(1), concern=t.says(1)))
            t.wait(t.between(1, 6))
            concern = [*t.case.review.concerns][-1]
            t.ask(commissioner, ResolveReportConcern(concern=concern, outcome="changed", rationale=t.says(1), because=t.says(1)))
    returned = t.may(8)
    while True:
        report = t.text()
        t.ask(reviewer, SubmitDraft(digest=report, final=True))
        t.wait(t.between(1, 5))
        t.ask("review-group-member", QualityAssureReport(digest=report, markers=(t.says(1), t.says(1), t.says(1))))
        contains: Any = tuple(part for part, _ in t.asking_now().report_parts)
        t.ask("business-manager", PresentReport(digest=report, contains=contains))
        t.wait(t.between(1, 6))
        for organisation in (*PARTNERS, *t.chance.sample(AGENCIES, t.between(2, 6))):
            post = f"{'delegated-partner' if organisation in PARTNERS else 'partnership-member'}/{organisation}"
            position: Any = t.chance.choices(("endorse", "endorse-with-concerns"), (85, 15))[0]
            concerns = t.says() if position != "endorse" else None
            t.ask(post, RecordEndorsement(organisation=organisation, digest=report, position=position, concerns=concerns))
        t.ask("business-manager", ConcludeEndorsement(digest=report, outcome="returned" if returned else "endorsed"))
        if not returned:
            confirmed(t)
            return report
        returned = False
        t.wait(t.between(5, 15))
