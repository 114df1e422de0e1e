"""Deciding again: a decision is re-opened for something new, looked at in a round of its own, and confirmed or replaced."""

from __future__ import annotations

from typing import Any

import pytest

from domain.initiation import RapidReviewInitiated
from domain.language import Command
from domain.stages.escalation import ChallengeRaised, ChallengeResolved
from domain.stages.outcome import PanelFeedbackReceived, RapidReviewDiscontinued, RapidReviewSentToPanel, TellPanelOfReview
from domain.stages.reopening import (
    ConfirmDecision,
    DecisionConfirmed,
    DecisionReopened,
    DecisionReplaced,
    NewInformationReceived,
    ReceiveNewInformation,
    ReopenDecision,
    ReplaceDecision,
)
from domain.stages.threshold import DecideThreshold, LearningConsidered
from tests.domain.given import HEALTH, A, Telling, given, opened
from tests.domain.stages.partners import CIRCULATED, DRAFTED, MET, NOTIFIED, all_endorsing, considered, decided, outcome, position, three

NEW = ReceiveNewInformation(source="hospital", summary="the X-ray was read again")
NOT_MET: Telling = (opened(), *three("not-met", "not-met", "abstain"), decided("not-met"))
RECOMMENDED: Telling = (opened(), NOTIFIED, RapidReviewInitiated(), MET, DRAFTED, CIRCULATED, *all_endorsing(local_review="yes"))
NO_ACTION: Telling = (*RECOMMENDED, outcome("no-further-action"), RapidReviewSentToPanel(digest=A))
DISAGREES = PanelFeedbackReceived(ref="panel-feedback-1", kind="disagrees", summary="a local review is called for")


def reopening(decision: str = "threshold-1", trigger: Any = "new-information", cites: str = "new-information-1") -> ReopenDecision:
    return ReopenDecision(decision=decision, trigger=trigger, cites=cites)


def replacing(outcome: Any = "met", decision: str = "threshold-1", **more: Any) -> ReplaceDecision:
    return ReplaceDecision(decision=decision, outcome=outcome, rationale="the picture has changed", **more)


REOPENED: Telling = (*NOT_MET, NEW, reopening())
OUTCOME_REOPENED: Telling = (*NO_ACTION, DISAGREES, reopening("outcome-1", "panel-feedback", "panel-feedback-1"))


class TestNewInformation:
    def test_is_received(self) -> None:
        given(opened()).when(NEW, by=HEALTH).then(
            NewInformationReceived(ref="new-information-1", source="hospital", summary="the X-ray was read again")
        )

    def test_bears_a_ref_of_its_own(self) -> None:
        given(opened(), NEW).when(NEW.model_copy(update={"ref": "new-information-1"})).then_refused("already used")


class TestReopening:
    def test_cites_new_information(self) -> None:
        story = given(*NOT_MET, NEW).when(reopening(), by=HEALTH)
        story.then(DecisionReopened(decision="threshold-1", trigger="new-information", cites="new-information-1"))

    def test_cites_the_panels_feedback(self) -> None:
        given(*NO_ACTION, DISAGREES).when(reopening("outcome-1", "panel-feedback", "panel-feedback-1")).then(DecisionReopened)

    def test_cites_a_challenge_that_was_upheld(self) -> None:
        raised = ChallengeRaised(ref="challenge-1", decision="threshold-1", organisation="hospital-trust", grounds="force")
        upheld = ChallengeResolved(challenge="challenge-1", outcome="upheld", rationale="suspicion is enough")
        story = given(*NOT_MET, raised)
        story.when(reopening(trigger="challenge-upheld", cites="challenge-1")).then_refused("cited trigger is not on the case")
        story.given(upheld).when(reopening(trigger="challenge-upheld", cites="challenge-1")).then(DecisionReopened)

    def test_needs_its_trigger_on_the_case(self) -> None:
        given(*NOT_MET).when(reopening()).then_refused("cited trigger is not on the case", "BOL-94")

    def test_is_too_early_before_a_decision(self) -> None:
        given(opened(), NEW).when(reopening()).then_refused("nothing has been decided")

    def test_is_of_a_decision_of_the_case(self) -> None:
        given(*NOT_MET, NEW).when(reopening("threshold-9")).then_refused("no decision threshold-9")

    def test_is_done_once(self) -> None:
        given(*REOPENED).when(reopening()).then_refused("already re-opened")

    def test_is_of_the_decision_that_stands(self) -> None:
        story = given(*REOPENED, three("met", "met", "met"), replacing(), NEW)
        story.when(reopening(cites="new-information-2")).then_refused("no longer stands", "threshold-2")

    def test_leaves_the_decision_standing_meanwhile(self) -> None:
        story = given(opened(), three("met", "met", "met"), decided(), NEW, reopening())
        assert story.case.threshold.met("serious")


class TestReplacing:
    def test_follows_three_positions_of_the_new_round(self) -> None:
        story = given(*REOPENED, three("met", "met", "met")).when(replacing())
        replaced = DecisionReplaced(
            decision="threshold-1",
            ref="threshold-2",
            kind="threshold",
            question="serious",
            outcome="met",
            then="rapid-review",
            trigger="new-information",
            cites="new-information-1",
            rationale="the picture has changed",
        )
        story.then(replaced, RapidReviewInitiated(decision="threshold-2"))
        assert story.case.threshold.met("serious")
        assert story.case.threshold.decisions["threshold-1"].replaced_by == "threshold-2"

    def test_starts_no_second_rapid_review(self) -> None:
        story = given(*REOPENED, NOTIFIED, RapidReviewInitiated(), three("met", "met", "met")).when(replacing())
        story.then(DecisionReplaced)

    def test_needs_the_decision_re_opened(self) -> None:
        given(*NOT_MET).when(replacing()).then_refused("not re-opened")

    @pytest.mark.parametrize("spoken", [(), three("met", "met", "met")[:2]])
    def test_is_too_early_without_three_positions(self, spoken: Any) -> None:
        given(*REOPENED, spoken).when(replacing()).then_refused("not three positions of the new round")

    def test_follows_the_majority(self) -> None:
        given(*REOPENED, three("not-met", "not-met", "met")).when(replacing()).then_refused("not the majority", "R-7")

    def test_waits_for_a_majority(self) -> None:
        given(*REOPENED, three("not-met", "abstain", "met")).when(replacing()).then_refused("no majority", "new round or escalate")

    def test_may_follow_a_further_round(self) -> None:
        story = given(*REOPENED, three("not-met", "abstain", "met"), three("met", "abstain", "met")).when(replacing())
        story.then(DecisionReplaced, RapidReviewInitiated(decision="threshold-3"))

    def test_by_not_met_is_not_the_end_of_learning(self) -> None:
        story = given(opened(), three("met", "met", "met"), decided(), NOTIFIED, NEW, reopening(), three("not-met", "not-met", "met"))
        story.when(replacing("not-met")).then_refused("learning_considered", "BOL-68")
        story.when(replacing("not-met", learning_considered="testing for bone disease")).then(DecisionReplaced, LearningConsidered)

    def test_ends_a_rapid_review_that_rested_on_the_decision_alone(self) -> None:
        story = given(opened(), three("met", "met", "met"), decided(), NEW, reopening(), three("not-met", "not-met", "met"))
        story = story.when(replacing("not-met", learning_considered="testing for bone disease"))
        story.then(DecisionReplaced, LearningConsidered, RapidReviewDiscontinued)

    def test_starts_no_rapid_review_by_not_met(self) -> None:
        story = given(*REOPENED, three("not-met", "not-met", "met"))
        story.when(replacing("not-met", learning_considered="none", then="rapid-review")).then_refused("rapid review follows only")

    def test_bears_the_ref_of_its_round(self) -> None:
        given(*REOPENED, three("met", "met", "met")).when(replacing(ref="another")).then_refused("threshold-2", "new round")

    def test_is_not_done_by_deciding_once_more(self) -> None:
        given(*REOPENED, three("met", "met", "met")).when(decided()).then_refused("confirmed or replaced")

    def test_answers_the_question_that_was_decided(self) -> None:
        given(*REOPENED, three("met", "met", "met")).when(replacing("no-further-action")).then_refused("does not answer")


class TestReplacingTheOutcomeOfARapidReview:
    ASKED = three("met", "met", "abstain", question="local-review")

    def test_by_a_local_review_decides_it(self) -> None:
        story = given(*OUTCOME_REOPENED, self.ASKED).when(replacing("local-review", "outcome-1", criteria=considered()))
        story.then(DecisionReplaced)
        assert story.case.outcome.local_review_decided
        assert story.case.outcome.decided_for("practice-review")
        story.given(TellPanelOfReview(reviewer_named=False))

    def test_is_asked_as_whether_to_carry_out_a_local_review(self) -> None:
        story = given(*OUTCOME_REOPENED, self.ASKED)
        assert story.case.threshold.rounds["outcome-2"].reopens == "outcome-1"

    def test_may_let_the_criteria_stand_as_they_were_considered(self) -> None:
        given(*OUTCOME_REOPENED, self.ASKED).when(replacing("local-review", "outcome-1")).then(DecisionReplaced)

    def test_considers_the_criteria_wholly_where_it_does(self) -> None:
        story = given(*OUTCOME_REOPENED, three("not-met", "not-met", "met", question="local-review"))
        story.when(replacing("local-learning", "outcome-1", criteria=considered("panel-view"))).then_refused("criterion", "X-10")

    def test_by_no_local_review_follows_the_majority(self) -> None:
        given(*OUTCOME_REOPENED, self.ASKED).when(replacing("local-learning", "outcome-1")).then_refused("not the majority's", "R-7")

    def test_by_another_review_undertakes_it(self) -> None:
        story = given(*OUTCOME_REOPENED, three("not-met", "not-met", "met", question="local-review"))
        story = story.when(replacing("local-learning", "outcome-1")).then(DecisionReplaced)
        assert story.case.outcome.decided_for("local-learning")

    def test_starts_no_further_action_over(self) -> None:
        story = given(*OUTCOME_REOPENED, self.ASKED, replacing("local-review", "outcome-1", criteria=considered()))
        story.when(outcome()).then_refused("already decided", "outcome-2")


class TestConfirming:
    CONFIRMED = ConfirmDecision(decision="threshold-1", rationale="nothing in it changes the picture")

    def test_follows_three_positions_of_the_new_round(self) -> None:
        story = given(*REOPENED, three("not-met", "not-met", "met")).when(self.CONFIRMED).then(DecisionConfirmed)
        assert story.case.threshold.current("serious") == story.case.threshold.decision("threshold-1")

    def test_needs_the_decision_re_opened(self) -> None:
        given(*NOT_MET).when(self.CONFIRMED).then_refused("not re-opened")

    def test_is_too_early_without_three_positions(self) -> None:
        given(*REOPENED).when(self.CONFIRMED).then_refused("not three positions of the new round")

    def test_follows_the_majority(self) -> None:
        given(*REOPENED, three("met", "met", "not-met")).when(self.CONFIRMED).then_refused("not the majority")

    def test_of_an_outcome_follows_the_majority(self) -> None:
        confirmed: Command = self.CONFIRMED.model_copy(update={"decision": "outcome-1"})
        story = given(*OUTCOME_REOPENED)
        story.given(three("met", "met", "met", question="local-review")).when(confirmed).then_refused("not the majority")
        story.given(three("not-met", "not-met", "met", question="local-review")).when(confirmed).then(DecisionConfirmed)

    def test_ends_the_round(self) -> None:
        story = given(*REOPENED, three("not-met", "not-met", "met"), self.CONFIRMED)
        story.when(*_asked(position(HEALTH))).then_refused("second position of the same partner in one round")

    def test_may_be_followed_by_another_re_opening(self) -> None:
        story = given(*REOPENED, three("not-met", "not-met", "met"), self.CONFIRMED, NEW, reopening(cites="new-information-2"))
        assert story.given(three("met", "met", "met"), replacing()).case.threshold.met("serious")


def _asked(told: Any) -> tuple[Any, Any]:
    return told.what, told.by


def test_a_decision_not_taken_anew_is_not_a_decision() -> None:
    again = DecideThreshold(threshold="local-review", outcome="met", rationale="as seen")
    given(*OUTCOME_REOPENED, three("met", "met", "met", question="local-review")).when(again).then_refused("confirmed or replaced")
