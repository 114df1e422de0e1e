"""What the rapid review leads to, what the Panel hears and answers, and how a rapid review ends unfinished."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.initiation import RapidReviewInitiated
from domain.language import CaseEvent
from domain.stages.outcome import (
    DetermineCriteriaNotMet,
    InformationSupplied,
    PanelAskedForInformation,
    PanelFeedbackReceived,
    PanelToldOfReview,
    RapidReviewDiscontinued,
    RapidReviewOutcomeDecided,
    RapidReviewSentToPanel,
    ReceivePanelFeedback,
    RecordPanelRequest,
    SendToPanel,
    SeriousIncidentFoundNotToMeetCriteria,
    SupplyInformation,
    TellPanelOfReview,
)
from domain.stages.threshold import LearningConsidered, ThresholdDecided
from tests.domain.given import HEALTH, LOCAL_AUTHORITY, POLICE, A, B, Telling, given, opened
from tests.domain.stages.partners import (
    CIRCULATED,
    CRITERIA,
    DRAFTED,
    MET,
    NOTIFIED,
    all_endorsing,
    considered,
    decided,
    endorsing,
    outcome,
    position,
    three,
)

INITIATED = RapidReviewInitiated()
CIRCULATING: Telling = (opened(), NOTIFIED, INITIATED, MET, DRAFTED, CIRCULATED)
ENDORSED: Telling = (*CIRCULATING, *all_endorsing())
DECIDED: Telling = (*ENDORSED, outcome())
SENT: Telling = (*DECIDED, RapidReviewSentToPanel(digest=A))


class TestTheOutcome:
    def test_is_decided_on_the_report_that_all_three_endorse(self) -> None:
        story = given(*ENDORSED).when(outcome("no-further-action")).then(RapidReviewOutcomeDecided)
        assert story.case.outcome.decided
        assert not story.case.outcome.local_review_decided

    def test_bears_its_ref_and_the_digest_decided_upon(self) -> None:
        happened: Any = given(*ENDORSED).when(outcome()).events[0]
        assert (happened.ref, happened.digest) == ("outcome-1", A)

    def test_waits_for_all_three_endorsements(self) -> None:
        story = given(*CIRCULATING, endorsing(HEALTH), endorsing(POLICE)).when(outcome())
        story.then_refused("not all three endorsed the circulated digest", "local-authority", "BOL-90")

    def test_counts_a_withheld_endorsement_against_it(self) -> None:
        withheld = endorsing(LOCAL_AUTHORITY, position="withhold")
        given(*CIRCULATING, endorsing(HEALTH), endorsing(POLICE), withheld).when(outcome()).then_refused("BOL-90")

    def test_is_too_early_without_a_rapid_review(self) -> None:
        given(opened()).when(outcome("local-review")).then_refused("no rapid review", "BOL-27")

    @pytest.mark.parametrize("left_out", CRITERIA)
    def test_considers_each_criterion_of_the_regulations(self, left_out: str) -> None:
        rest = considered(*(criterion for criterion in CRITERIA if criterion != left_out))
        given(*ENDORSED).when(outcome(criteria=rest)).then_refused("regulation criterion left unconsidered", left_out, "X-10")

    @pytest.mark.parametrize("silence", [{"why": ""}, {"why": None}, {"met": None}, {"met": ""}])
    def test_says_of_each_criterion_whether_and_why(self, silence: dict[str, Any]) -> None:
        criteria = [*considered(*CRITERIA[1:]), {"criterion": CRITERIA[0], "met": "no", "why": "small", **silence}]
        given(*ENDORSED).when(outcome(criteria=criteria)).then_refused("criterion", "X-10")

    def test_considers_criteria_where_none_are_given(self) -> None:
        given(*ENDORSED).when(outcome(criteria=None)).then_refused("criterion", "X-10")

    def test_is_decided_once(self) -> None:
        given(*DECIDED).when(outcome()).then_refused("already decided", "outcome-1")

    def test_only_recommended_is_decided_again_without_re_opening(self) -> None:
        story = given(*ENDORSED, outcome("local-review-recommended"))
        assert not story.case.outcome.local_review_decided
        story = story.when(outcome("local-review")).then(RapidReviewOutcomeDecided)
        assert story.case.outcome.local_review_decided

    def test_bears_a_ref_of_its_own(self) -> None:
        given(*ENDORSED, position(HEALTH)).when(outcome(ref="threshold-1")).then_refused("already used")

    @pytest.mark.parametrize("review", ["local-learning", "learn-from-success", "thematic"])
    def test_may_be_another_review(self, review: str) -> None:
        story = given(*ENDORSED).when(outcome(review))
        assert story.case.outcome.decided_for(review)
        assert not story.case.outcome.decided_for("practice-review")


class TestTellingThePanelOfAReview:
    def test_follows_the_decision_for_a_local_review(self) -> None:
        given(*ENDORSED, outcome("local-review")).when(TellPanelOfReview(reviewer_named=False)).then(PanelToldOfReview)

    def test_is_too_early_before_a_decision(self) -> None:
        given(*ENDORSED).when(TellPanelOfReview(reviewer_named=False)).then_refused("no local review decided")

    def test_does_not_follow_a_mere_recommendation(self) -> None:
        story = given(*ENDORSED, outcome("local-review-recommended")).when(TellPanelOfReview(reviewer_named=True))
        story.then_refused("no local review decided")


class TestSending:
    def test_carries_the_text_that_all_three_endorse(self) -> None:
        story = given(*DECIDED).when(SendToPanel(digest=A)).then(RapidReviewSentToPanel)
        assert story.case.rapid_review.sent
        assert not story.case.rapid_review.under_way

    def test_is_enough_on_a_recommendation(self) -> None:
        given(*ENDORSED, outcome("local-review-recommended")).when(SendToPanel(digest=A)).then(RapidReviewSentToPanel)

    def test_needs_a_portal_reference(self) -> None:
        unnotified = [told for told in DECIDED if told is not NOTIFIED]
        given(*unnotified).when(SendToPanel(digest=A)).then_refused("no portal reference", "X-6")

    def test_needs_an_outcome(self) -> None:
        given(*ENDORSED).when(SendToPanel(digest=A)).then_refused("outcome undecided")

    def test_needs_three_endorsements(self) -> None:
        given(*CIRCULATING, endorsing(HEALTH), endorsing(POLICE)).when(SendToPanel(digest=A)).then_refused(
            "not endorsed by all three", "BOL-90"
        )

    def test_carries_no_other_text(self) -> None:
        given(*DECIDED).when(SendToPanel(digest=B)).then_refused("not endorsed by all three", "BOL-90")

    def test_carries_no_text_whose_endorsements_a_later_draft_has_voided(self) -> None:
        later = DRAFTED.__class__(digest=B)
        given(*DECIDED, later).when(SendToPanel(digest=A)).then_refused("not endorsed by all three", "BOL-90")


class TestThePanelsAnswer:
    AGREES = ReceivePanelFeedback(kind="agrees", summary="the Panel agrees")

    def test_is_received(self) -> None:
        given(*SENT).when(self.AGREES).then(PanelFeedbackReceived(ref="panel-feedback-1", kind="agrees", summary="the Panel agrees"))

    def test_is_too_early_before_anything_was_sent(self) -> None:
        given(*DECIDED).when(self.AGREES).then_refused("nothing sent")

    def test_bears_a_ref_of_its_own(self) -> None:
        twice = self.AGREES.model_copy(update={"ref": "panel-feedback-1"})
        given(*SENT, self.AGREES).when(twice).then_refused("already used")


class TestThePanelsRequest:
    ASKED = RecordPanelRequest(ref="request-1", due_on=date(2024, 11, 1), what="the chronology")

    def test_is_recorded_with_its_date(self) -> None:
        given(opened()).when(self.ASKED).then(PanelAskedForInformation)

    def test_bears_a_ref_of_its_own(self) -> None:
        given(opened(), self.ASKED).when(self.ASKED).then_refused("already used")

    def test_is_met(self) -> None:
        given(opened(), self.ASKED).when(SupplyInformation(ref="request-1")).then(InformationSupplied)

    def test_cannot_be_met_before_it_was_made(self) -> None:
        given(opened()).when(SupplyInformation(ref="request-1")).then_refused("asked for no information")

    def test_is_met_by_its_ref(self) -> None:
        given(opened(), self.ASKED).when(SupplyInformation(ref="request-2")).then_refused("no request request-2")


class TestCriteriaFoundNotMet:
    FOUND = DetermineCriteriaNotMet(evidence="a bone disease", panel_informed=True, learning_considered="how the hospital tests for it")
    DISCONTINUED: tuple[type[CaseEvent], ...] = (SeriousIncidentFoundNotToMeetCriteria, RapidReviewDiscontinued, LearningConsidered)
    PORTAL = "named-portal-user"

    def test_discontinues_the_rapid_review(self) -> None:
        story = given(opened("local-authority"), NOTIFIED, INITIATED).when(self.FOUND, by=self.PORTAL).then(*self.DISCONTINUED)
        assert story.case.rapid_review.discontinued
        assert not story.case.rapid_review.under_way

    def test_is_too_early_before_the_panel_was_notified(self) -> None:
        given(opened()).when(self.FOUND, by=self.PORTAL).then_refused("nothing notified", "X-6")

    def test_is_too_late_once_the_rapid_review_is_sent(self) -> None:
        given(*SENT).when(self.FOUND, by=self.PORTAL).then_refused("rapid review already sent", "X-6")

    @pytest.mark.parametrize("informed", [False, None])
    def test_is_told_to_the_panel(self, informed: bool | None) -> None:
        untold = self.FOUND.model_copy(update={"panel_informed": informed})
        given(opened(), NOTIFIED, INITIATED).when(untold, by=self.PORTAL).then_refused("Panel is not informed")

    def test_is_not_the_end_of_learning(self) -> None:
        silent = self.FOUND.model_copy(update={"learning_considered": ""})
        given(opened(), NOTIFIED, INITIATED).when(silent, by=self.PORTAL).then_refused("learning_considered", "BOL-68")

    def test_lets_what_was_decided_in_the_rapid_review_lapse(self) -> None:
        story = given(*ENDORSED, outcome("local-review")).when(self.FOUND, by=self.PORTAL)
        assert not story.case.outcome.local_review_decided

    def test_is_followed_by_a_decision_on_another_question(self) -> None:
        story = given(opened(), NOTIFIED, INITIATED).given(self.FOUND, three("met", "met", "met", question="local-learning"))
        story.when(decided(question="local-learning")).then(ThresholdDecided)

    def test_lets_the_three_be_asked_anew_whether_the_case_is_serious(self) -> None:
        story = given(opened(), three("met", "met", "met"), decided(), NOTIFIED, self.FOUND, three("not-met", "not-met", "not-met"))
        story = story.when(decided("not-met", then="local-learning")).then(ThresholdDecided, LearningConsidered)
        assert not story.case.threshold.met("serious")
