"""The review: scope, progress, concerns about the report, its drafts, and the endorsement of one exact text."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.people import PARTNERS
from domain.stages.commissioning import ReviewCommissioned, ReviewerAppointed
from domain.stages.review import (
    AgreeScope,
    ConcludeEndorsement,
    DelayReported,
    EscalateReportConcern,
    HoldProgressReview,
    PresentReport,
    ProgressReviewHeld,
    QualityAssureReport,
    RaiseReportConcern,
    RecordEndorsement,
    ReportConcernEscalated,
    ReportConcernRaised,
    ReportConcernResolved,
    ReportDelay,
    ReportDrafted,
    ReportEndorsed,
    ReportEndorsementRecorded,
    ReportPresented,
    ReportQualityAssured,
    ReportReturned,
    ResolveReportConcern,
    ScopeAgreed,
    SubmitDraft,
)
from tests.domain.given import ALL_THREE, HEALTH, LOCAL_AUTHORITY, POLICE, A, B, Tellable, Told, by, given, opened, person

REVIEWER = "reviewer/college/reviewer-k"
GROUP = "review-group-member"
ALL_PARTS: Any = ("summary", "analysis", "recommendations")

COMMISSIONED = ReviewCommissioned(review="practice-review", commissioners=PARTNERS)
APPOINTED = ReviewerAppointed(candidate=person(REVIEWER), part="lead", source="national-pool")
CONCERN = ReportConcernRaised(ref="concern-1", about="accuracy", passage="page 4", concern="the clinic was open")
RESOLVED = ReportConcernResolved(concern="concern-1", outcome="changed", rationale="the rota shows it")
ESCALATED = ReportConcernEscalated(concern="concern-1", level=2)


def draft(digest: str = A, final: bool = True) -> Told:
    return by(REVIEWER, ReportDrafted(digest=digest, final=final))


def assured(digest: str = A) -> Told:
    return by(GROUP, ReportQualityAssured(digest=digest, markers=("child at the centre",)))


def presented(digest: str = A) -> ReportPresented:
    return ReportPresented(digest=digest, contains=ALL_PARTS)


def position(who: str, stance: Any = "endorse", digest: str = A) -> Told:
    return by(who, ReportEndorsementRecorded(organisation=who.split("/")[1], digest=digest, position=stance))


def positions(*stances: Any, digest: str = A) -> list[Told]:
    """Local authority, health and police on this text, in this order."""
    return [position(who, stance, digest) for who, stance in zip(ALL_THREE, stances, strict=True)]


ON_THE_TABLE: list[Tellable] = [opened(), COMMISSIONED, APPOINTED, draft(), assured(), presented()]
ALL_ENDORSE = positions("endorse", "endorse", "endorse")
ENDORSED = ReportEndorsed(digest=A, outcome="endorsed", review="practice-review")


class TestTheScope:
    ASKED = AgreeScope(methodology="conversations", period_from=date(2023, 9, 1), period_to=date(2024, 10, 3), key_lines=("who knew",))

    def test_is_agreed_with_the_reviewer(self) -> None:
        given(opened(), COMMISSIONED, APPOINTED).when(self.ASKED, by=REVIEWER).then(ScopeAgreed)

    def test_is_too_early_while_there_is_no_reviewer(self) -> None:
        given(opened(), COMMISSIONED).when(self.ASKED).then_refused("no reviewer", "BOL-97")

    def test_covers_no_period_that_ends_before_it_begins(self) -> None:
        with pytest.raises(ValidationError):
            AgreeScope(methodology="m", period_from=date(2024, 1, 2), period_to=date(2024, 1, 1), key_lines=())


class TestAProgressReview:
    ASKED = HoldProgressReview(summary="on course", emerging_themes=("P6.1",))

    def test_is_held_while_the_review_runs(self) -> None:
        given(opened(), COMMISSIONED).when(self.ASKED).then(ProgressReviewHeld(summary="on course", emerging_themes=("P6.1",)))

    def test_is_too_early_without_a_review(self) -> None:
        given(opened()).when(self.ASKED).then_refused("No review", "BOL-165")


class TestADelay:
    def test_is_reported_with_its_reason(self) -> None:
        asked = ReportDelay(because="the trial", told=("panel", "secretary-of-state"))
        given(opened(), COMMISSIONED).when(asked).then(DelayReported(because="the trial", told=("panel", "secretary-of-state")))

    def test_is_not_reported_without_one(self) -> None:
        with pytest.raises(ValidationError):
            ReportDelay(told=("panel",))  # type: ignore[call-arg]


class TestAConcern:
    ASKED = RaiseReportConcern(about="accuracy", passage="page 4", concern="the clinic was open")
    RESOLVE = ResolveReportConcern(concern="concern-1", outcome="changed", rationale="the rota shows it")
    ESCALATE = EscalateReportConcern(concern="concern-1", level=2)

    def test_is_raised_and_given_a_ref(self) -> None:
        given(opened()).when(self.ASKED, by=HEALTH).then(CONCERN)

    def test_is_numbered_past_refs_that_were_chosen(self) -> None:
        story = given(opened(), CONCERN).when(self.ASKED, by=HEALTH)
        assert story.case.review.open_concerns == ("concern-1", "concern-2")

    def test_bears_a_ref_of_its_own(self) -> None:
        again = self.ASKED.model_copy(update={"ref": "concern-1"})
        given(opened(), CONCERN).when(again, by=HEALTH).then_refused("already used", "BOL-168")

    def test_is_resolved_by_changing_the_report_or_not(self) -> None:
        given(opened(), CONCERN).when(self.RESOLVE, by=REVIEWER).then(RESOLVED)

    def test_is_resolved_after_escalation_too(self) -> None:
        given(opened(), CONCERN, ESCALATED).when(self.RESOLVE, by=REVIEWER).then(ReportConcernResolved)

    def test_is_escalated_where_it_stays_unresolved(self) -> None:
        given(opened(), CONCERN).when(self.ESCALATE).then(ESCALATED)

    @pytest.mark.parametrize("asked", [RESOLVE, ESCALATE])
    def test_is_settled_only_once_raised(self, asked: Any) -> None:
        given(opened()).when(asked).then_refused("No concern", "BOL-168")

    @pytest.mark.parametrize("asked", [RESOLVE, ESCALATE])
    def test_is_settled_by_its_ref(self, asked: Any) -> None:
        given(opened(), CONCERN).when(asked.model_copy(update={"concern": "concern-9"})).then_refused("no concern concern-9")

    @pytest.mark.parametrize("asked", [RESOLVE, ESCALATE])
    def test_is_settled_once(self, asked: Any) -> None:
        given(opened(), CONCERN, RESOLVED).when(asked).then_refused("already resolved")


class TestADraft:
    def test_is_submitted(self) -> None:
        given(opened(), COMMISSIONED, APPOINTED).when(SubmitDraft(digest=A, final=False), by=REVIEWER).then(
            ReportDrafted(digest=A, final=False)
        )

    def test_of_another_text_voids_the_positions_on_the_earlier_one(self) -> None:
        story = given(ON_THE_TABLE, ALL_ENDORSE, draft(B)).when(ConcludeEndorsement(digest=A, outcome="endorsed"))
        story.then_refused("not the presented one", "no position")

    def test_of_another_text_voids_the_endorsement(self) -> None:
        assert not given(ON_THE_TABLE, ENDORSED, draft(B)).case.review.completed("practice-review")

    def test_of_another_text_voids_no_endorsement_of_an_earlier_review(self) -> None:
        before = ReportEndorsed(digest=A, outcome="endorsed", review="local-learning")
        assert given(opened(), before, COMMISSIONED, draft(B)).case.review.completed("local-learning")

    def test_of_the_same_text_voids_nothing(self) -> None:
        given(ON_THE_TABLE, ALL_ENDORSE, draft(A)).when(ConcludeEndorsement(digest=A, outcome="endorsed")).then(ReportEndorsed)


class TestQualityAssurance:
    ASKED = QualityAssureReport(digest=A, markers=("child at the centre",))

    def test_is_of_the_final_draft(self) -> None:
        given(opened(), COMMISSIONED, draft()).when(self.ASKED, by=GROUP).then(ReportQualityAssured)

    def test_is_of_no_other_text(self) -> None:
        given(opened(), COMMISSIONED, draft(B)).when(self.ASKED, by=GROUP).then_refused("not the final draft", "BOL-166")

    def test_is_of_no_earlier_final_draft(self) -> None:
        given(opened(), COMMISSIONED, draft(A), draft(B)).when(self.ASKED, by=GROUP).then_refused("not the final draft")

    def test_is_too_early_for_a_draft_that_is_not_final(self) -> None:
        given(opened(), COMMISSIONED, draft(final=False)).when(self.ASKED, by=GROUP).then_refused("not the final draft", "BOL-166")

    def test_is_too_early_once_the_report_is_being_drafted_again(self) -> None:
        given(opened(), COMMISSIONED, draft(A), draft(B, final=False)).when(self.ASKED, by=GROUP).then_refused("not the final draft")


class TestPresenting:
    def asked(self, *contains: Any, digest: str = A) -> PresentReport:
        return PresentReport(digest=digest, contains=contains)

    def test_is_of_the_assured_text_with_its_three_parts(self) -> None:
        given(opened(), COMMISSIONED, draft(), assured()).when(self.asked(*ALL_PARTS)).then(presented())

    def test_is_too_early_before_the_review_group_assured_it(self) -> None:
        given(opened(), COMMISSIONED, draft()).when(self.asked(*ALL_PARTS)).then_refused("not quality assured", "BOL-166")

    def test_is_refused_for_a_text_that_was_not_assured(self) -> None:
        given(opened(), draft(), assured()).when(self.asked(*ALL_PARTS, digest=B)).then_refused("not quality assured", "BOL-166")

    def test_is_refused_once_a_later_draft_is_in(self) -> None:
        given(opened(), draft(), assured(), draft(B)).when(self.asked(*ALL_PARTS)).then_refused("not quality assured")

    @pytest.mark.parametrize(("part", "rule"), [("summary", "BOL-162"), ("analysis", "BOL-163"), ("recommendations", "BOL-164")])
    def test_needs_each_part(self, part: str, rule: str) -> None:
        story = given(opened(), draft(), assured()).when(self.asked(*(p for p in ALL_PARTS if p != part)))
        story.then_refused("missing", part, rule)
        assert story.refused is not None
        assert story.refused.rule == rule

    def test_without_any_part_names_each(self) -> None:
        given(opened(), draft(), assured()).when(self.asked()).then_refused("BOL-162", "BOL-163", "BOL-164")


class TestAPosition:
    def asked(self, organisation: str = "health", digest: str = A, stance: Any = "endorse") -> RecordEndorsement:
        return RecordEndorsement(organisation=organisation, digest=digest, position=stance)

    def test_is_taken_on_the_presented_text(self) -> None:
        given(ON_THE_TABLE).when(self.asked(), by=HEALTH).then(
            ReportEndorsementRecorded(organisation="health", digest=A, position="endorse")
        )

    def test_is_taken_by_relevant_agencies_too(self) -> None:
        given(ON_THE_TABLE).when(self.asked("education"), by="partnership-member/education").then(ReportEndorsementRecorded)

    def test_of_a_statutory_partner_is_its_delegated_partners(self) -> None:
        given(ON_THE_TABLE).when(self.asked("health"), by="partnership-member/health").then_refused("delegated partner", "BOL-167")

    def test_is_taken_on_no_other_text(self) -> None:
        given(ON_THE_TABLE).when(self.asked(digest=B), by=HEALTH).then_refused("not the presented one", "BOL-167")

    def test_is_too_early_before_anything_is_presented(self) -> None:
        given(opened(), draft(), assured()).when(self.asked(), by=HEALTH).then_refused("not the presented one", "BOL-167")

    def test_may_change_and_the_last_one_counts(self) -> None:
        story = given(ON_THE_TABLE, position(HEALTH, "withhold"), position(HEALTH, "endorse"))
        assert story.case.review.positions == {"health": "endorse"}

    def test_is_void_once_another_text_is_presented(self) -> None:
        story = given(ON_THE_TABLE, ALL_ENDORSE, draft(B), assured(B), presented(B))
        assert story.case.review.silent_partners == PARTNERS


class TestTheConclusion:
    def asked(self, outcome: Any = "endorsed", digest: str = A) -> ConcludeEndorsement:
        return ConcludeEndorsement(digest=digest, outcome=outcome)

    def test_endorses_the_report_and_completes_the_review(self) -> None:
        story = given(ON_THE_TABLE, ALL_ENDORSE).when(self.asked()).then(ENDORSED)
        assert story.case.review.completed("practice-review")

    def test_may_note_concerns(self) -> None:
        story = given(ON_THE_TABLE, positions("endorse", "endorse-with-concerns", "withhold")).when(self.asked("endorsed-with-concerns"))
        story.then(ReportEndorsed(digest=A, outcome="endorsed-with-concerns", review="practice-review"))

    def test_may_return_the_report(self) -> None:
        story = given(ON_THE_TABLE, positions("withhold", "withhold", "endorse")).when(self.asked("returned")).then(ReportReturned)
        assert not story.case.review.completed("practice-review")

    @pytest.mark.parametrize("silent", [LOCAL_AUTHORITY, HEALTH, POLICE])
    def test_waits_for_each_statutory_partner(self, silent: str) -> None:
        spoken = [position(who) for who in ALL_THREE if who != silent]
        given(ON_THE_TABLE, spoken).when(self.asked()).then_refused("statutory partner has no position", silent.split("/")[1], "BOL-167")

    def test_does_not_wait_for_relevant_agencies(self) -> None:
        given(ON_THE_TABLE, ALL_ENDORSE, position("partnership-member/education", "withhold")).when(self.asked()).then(ReportEndorsed)

    def test_is_refused_while_a_concern_is_open_and_not_escalated(self) -> None:
        given(ON_THE_TABLE, ALL_ENDORSE, CONCERN).when(self.asked()).then_refused("open concern not escalated", "concern-1", "BOL-169")

    def test_goes_ahead_over_a_concern_that_is_escalated(self) -> None:
        given(ON_THE_TABLE, ALL_ENDORSE, CONCERN, ESCALATED).when(self.asked("endorsed-with-concerns")).then(ReportEndorsed)

    def test_goes_ahead_once_a_concern_is_resolved(self) -> None:
        given(ON_THE_TABLE, ALL_ENDORSE, CONCERN, RESOLVED).when(self.asked()).then(ReportEndorsed)

    def test_is_of_the_presented_text(self) -> None:
        given(ON_THE_TABLE, ALL_ENDORSE).when(self.asked(digest=B)).then_refused("not the presented one")

    def test_is_too_early_before_anything_is_presented(self) -> None:
        given(opened(), draft(), assured()).when(self.asked()).then_refused("not the presented one", "BOL-167")

    def test_is_refused_for_every_rule_it_breaks(self) -> None:
        given(ON_THE_TABLE, CONCERN).when(self.asked()).then_refused("local-authority, health and police", "BOL-167", "BOL-169")
