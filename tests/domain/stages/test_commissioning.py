"""A review is commissioned and a reviewer found: what must be decided first, who is considered, and what stands in the way."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.candidate import Candidate
from domain.interests import InterestDeclared, InterestResolved
from domain.people import PARTNERS
from domain.stages.commissioning import (
    AppointReviewer,
    AssessCandidate,
    CandidateAssessed,
    CommissionReview,
    DeclareNoneSuitable,
    DeclareReviewerInterest,
    ExpressionOfInterestReceived,
    ExpressionOfInterestWithdrawn,
    ExpressionsOfInterestInvited,
    HoldInterview,
    InterviewHeld,
    InviteExpressionsOfInterest,
    NoSuitableReviewerFound,
    PersonSpecificationSet,
    ReceiveExpressionOfInterest,
    RemoveReviewer,
    ReviewCommissioned,
    ReviewerAppointed,
    ReviewerInterestDeclared,
    ReviewerRemoved,
    SetPersonSpecification,
    WithdrawExpressionOfInterest,
)
from domain.stages.opening import CaseOpened
from domain.stages.outcome import RapidReviewOutcomeDecided
from domain.stages.review import ReportEndorsed
from domain.stages.threshold import ThresholdDecided
from tests.domain.given import A, by, given, opened, person

CHAIR = "implementation-group-chair"
BOTH = (CHAIR, "business-manager")
CANDIDATE = person("reviewer/college/reviewer-k")
RIVAL = person("reviewer/public-health/reviewer-s")

SIX = {f"BOL-{n}": "as the file shows" for n in range(98, 104)}
EIGHT = {f"BOL-{n}": "as the file shows" for n in range(125, 133)}


def outcome(which: Any) -> RapidReviewOutcomeDecided:
    return RapidReviewOutcomeDecided(ref="outcome-1", outcome=which, rationale="so agreed", criteria=(), national_review_view="no")


def threshold(question: Any, met: Any, then: Any, ref: str = "threshold-1") -> ThresholdDecided:
    return ThresholdDecided(ref=ref, threshold=question, outcome=met, rationale="so agreed", then=then)


def commission(review: Any, *commissioners: Any) -> CommissionReview:
    return CommissionReview(review=review, commissioners=commissioners)


LOCAL_REVIEW = outcome("local-review")
PRACTICE_REVIEW = ReviewCommissioned(review="practice-review", commissioners=PARTNERS)
LEARNING_REVIEW = ReviewCommissioned(review="local-learning", commissioners=BOTH)
ASSESSED = CandidateAssessed(candidate=CANDIDATE, answers={})
APPOINTED = ReviewerAppointed(candidate=CANDIDATE, part="lead", source="partner-agencies")
INVITED = ExpressionsOfInterestInvited(opens_on=date(2024, 10, 1), closes_on=date(2024, 10, 10), sources=("partner-agencies",))


def interest(kind: Any = "perceived", mitigation: str | None = None) -> ReviewerInterestDeclared:
    return ReviewerInterestDeclared(candidate=CANDIDATE, kind=kind, nature="worked at the clinic", mitigation=mitigation)


class TestAPracticeReview:
    def test_is_commissioned_by_the_three_partners_once_they_have_decided_on_a_local_review(self) -> None:
        given(opened(), LOCAL_REVIEW).when(commission("practice-review")).then(
            ReviewCommissioned(review="practice-review", commissioners=("local-authority", "health", "police"))
        )

    def test_is_not_decided_by_a_recommendation(self) -> None:
        given(opened(), outcome("local-review-recommended")).when(commission("practice-review")).then_refused("not decided", "BOL-97")

    def test_is_too_early_before_any_decision(self) -> None:
        given(opened()).when(commission("practice-review")).then_refused("not decided", "BOL-97")

    def test_is_not_decided_where_another_review_is(self) -> None:
        given(opened(), outcome("local-learning")).when(commission("practice-review")).then_refused("not decided", "BOL-97")


class TestAReviewThatIsNotStatutory:
    def test_is_commissioned_by_the_implementation_group_chair_and_the_business_manager(self) -> None:
        given(opened(), threshold("learn-from-success", "met", "learn-from-success")).when(commission("learn-from-success", *BOTH)).then(
            ReviewCommissioned
        )

    @pytest.mark.parametrize("named", [(), (CHAIR,), ("business-manager",), ("local-authority", "health", "police")])
    def test_is_refused_unless_both_are_named(self, named: tuple[str, ...]) -> None:
        story = given(opened(), threshold("local-learning", "met", "local-learning")).when(commission("local-learning", *named))
        story.then_refused("both commissioners", "BOL-124")

    def test_may_follow_a_serious_threshold_that_is_not_met(self) -> None:
        given(opened(), threshold("serious", "not-met", "local-learning")).when(commission("local-learning", *BOTH)).then(
            ReviewCommissioned
        )

    def test_may_follow_a_rapid_review(self) -> None:
        given(opened(), outcome("learn-from-success")).when(commission("learn-from-success", *BOTH)).then(ReviewCommissioned)

    def test_does_not_follow_a_threshold_from_which_nothing_follows(self) -> None:
        given(opened(), threshold("serious", "not-met", "none")).when(commission("local-learning", *BOTH)).then_refused("not decided")

    def test_is_refused_for_every_rule_it_breaks(self) -> None:
        given(opened()).when(commission("local-learning")).then_refused("not decided", "BOL-97", "both commissioners", "BOL-124")


class TestAThematicReview:
    THEMATIC = opened(route="partners", concern="thematic")
    ASKED = commission("thematic", *BOTH)

    def asked_with(self, state: Any) -> Any:
        of_a_candidate = CaseOpened(
            partnership="bolton", label="P4", route="partners", concern="thematic", linked_cases=("one",), candidate="bolton-P4"
        )
        return given(of_a_candidate).when(
            self.ASKED, elsewhere={"candidate/bolton-P4": Candidate(partnership="bolton", code="P4", state=state)}
        )

    def test_is_decided_where_its_candidate_is_undertaken(self) -> None:
        self.asked_with("undertaken").then(ReviewCommissioned)

    @pytest.mark.parametrize("state", ["open", "deferred", "declined", "completed"])
    def test_is_not_decided_where_its_candidate_is_not(self, state: str) -> None:
        self.asked_with(state).then_refused("not decided", "BOL-97")

    def test_is_decided_where_the_threshold_is_met(self) -> None:
        given(self.THEMATIC, threshold("thematic", "met", "thematic")).when(self.ASKED).then(ReviewCommissioned)

    def test_is_too_early_without_either(self) -> None:
        given(self.THEMATIC).when(self.ASKED).then_refused("not decided", "BOL-97")


class TestACommissionedReview:
    def test_commissioned_again_goes_on_with_its_candidates(self) -> None:
        story = given(opened(), LOCAL_REVIEW, PRACTICE_REVIEW, ASSESSED, PRACTICE_REVIEW)
        assert story.case.commissioning.assessed == {CANDIDATE}

    def test_followed_by_another_finds_its_own_candidates(self) -> None:
        story = given(opened(), LEARNING_REVIEW, ASSESSED, APPOINTED, PRACTICE_REVIEW)
        assert not story.case.commissioning.assessed
        assert not story.case.commissioning.appointed

    def test_followed_by_another_keeps_who_reviews_the_case_and_who_no_longer_may(self) -> None:
        removed = ReviewerRemoved(candidate=RIVAL)
        story = given(opened(), LEARNING_REVIEW, APPOINTED, removed, PRACTICE_REVIEW)
        assert story.case.commissioning.reviewers == {CANDIDATE}
        assert story.case.commissioning.removed == {RIVAL}


class TestThePersonSpecification:
    @pytest.mark.parametrize("criteria", ["knows diabetes care", ("knows diabetes care", "has chaired conversations")])
    def test_adds_criteria_in_one_text_or_several(self, criteria: Any) -> None:
        given(opened(), PRACTICE_REVIEW).when(SetPersonSpecification(criteria=criteria)).then(PersonSpecificationSet)

    def test_is_too_early_without_a_review(self) -> None:
        given(opened()).when(SetPersonSpecification(criteria="knows diabetes care")).then_refused("No review", "BOL-97")


class TestExpressionsOfInterest:
    RECEIVED = ReceiveExpressionOfInterest(candidate=CANDIDATE, source="partner-agencies", employer="college")
    WITHDRAWN = WithdrawExpressionOfInterest(candidate=CANDIDATE, because="no time")

    def test_are_invited_for_a_period(self) -> None:
        asked = InviteExpressionsOfInterest(opens_on=date(2024, 10, 1), closes_on=date(2024, 10, 1), sources=("national-pool",))
        given(opened(), PRACTICE_REVIEW).when(asked).then(ExpressionsOfInterestInvited)

    def test_are_not_invited_to_a_period_that_ends_before_it_begins(self) -> None:
        with pytest.raises(ValidationError):
            InviteExpressionsOfInterest(opens_on=date(2024, 10, 2), closes_on=date(2024, 10, 1), sources=("external",))

    def test_are_received_until_the_closing_day(self) -> None:
        on_the_day = self.RECEIVED.model_copy(update={"on": date(2024, 10, 10)})
        given(opened(), PRACTICE_REVIEW, INVITED).when(on_the_day).then(ExpressionOfInterestReceived)

    def test_are_not_received_after_closing(self) -> None:
        a_day_late = self.RECEIVED.model_copy(update={"on": date(2024, 10, 11)})
        given(opened(), PRACTICE_REVIEW, INVITED).when(a_day_late).then_refused("after closing", "BOL-106")

    def test_after_closing_cite_the_rule_of_their_review(self) -> None:
        a_day_late = self.RECEIVED.model_copy(update={"on": date(2024, 10, 11)})
        given(opened(), LEARNING_REVIEW, INVITED).when(a_day_late).then_refused("after closing", "BOL-134")

    def test_are_received_again_where_invited_again(self) -> None:
        again = ExpressionsOfInterestInvited(opens_on=date(2024, 10, 11), closes_on=date(2024, 10, 31), sources=("national-pool",))
        a_day_late = self.RECEIVED.model_copy(update={"on": date(2024, 10, 11)})
        given(opened(), PRACTICE_REVIEW, INVITED, again).when(a_day_late).then(ExpressionOfInterestReceived)

    def test_are_withdrawn(self) -> None:
        given(opened(), PRACTICE_REVIEW, self.RECEIVED).when(self.WITHDRAWN).then(
            ExpressionOfInterestWithdrawn(candidate=CANDIDATE, because="no time")
        )

    def test_cannot_be_withdrawn_where_none_was_received(self) -> None:
        given(opened(), PRACTICE_REVIEW).when(self.WITHDRAWN).then_refused("none received")

    def test_cannot_be_withdrawn_by_somebody_from_whom_none_was_received(self) -> None:
        other = self.RECEIVED.model_copy(update={"candidate": RIVAL})
        given(opened(), PRACTICE_REVIEW, other).when(self.WITHDRAWN).then_refused("none received")

    def test_cannot_be_withdrawn_twice(self) -> None:
        given(opened(), PRACTICE_REVIEW, self.RECEIVED, self.WITHDRAWN).when(self.WITHDRAWN).then_refused("none received")


class TestAnAssessment:
    def test_of_a_practice_reviewer_answers_six_criteria(self) -> None:
        given(opened(), PRACTICE_REVIEW).when(AssessCandidate(candidate=CANDIDATE, answers=SIX)).then(CandidateAssessed)

    def test_of_any_other_reviewer_answers_eight(self) -> None:
        given(opened(), LEARNING_REVIEW).when(AssessCandidate(candidate=CANDIDATE, answers=EIGHT)).then(
            CandidateAssessed(candidate=CANDIDATE, answers={**EIGHT})
        )

    @pytest.mark.parametrize("left_out", EIGHT)
    def test_names_a_criterion_left_unanswered(self, left_out: str) -> None:
        answers = {rule: answer for rule, answer in EIGHT.items() if rule != left_out}
        story = given(opened(), LEARNING_REVIEW).when(AssessCandidate(candidate=CANDIDATE, answers=answers)).then_refused("unanswered")
        assert story.refused is not None
        assert story.refused.rule == left_out

    @pytest.mark.parametrize("nothing", [None, "", "  "])
    def test_a_blank_answer_is_none(self, nothing: str | None) -> None:
        asked = AssessCandidate(candidate=CANDIDATE, answers={**SIX, "BOL-99": nothing})
        given(opened(), PRACTICE_REVIEW).when(asked).then_refused("unanswered", "BOL-99")

    def test_names_every_criterion_left_unanswered(self) -> None:
        given(opened(), PRACTICE_REVIEW).when(AssessCandidate(candidate=CANDIDATE)).then_refused(*SIX)

    def test_by_the_criteria_of_the_other_type_of_review_is_none(self) -> None:
        given(opened(), PRACTICE_REVIEW).when(AssessCandidate(candidate=CANDIDATE, answers=EIGHT)).then_refused(*SIX)

    def test_is_keyed_by_rule_numbers_only(self) -> None:
        with pytest.raises(ValidationError):
            AssessCandidate(candidate=CANDIDATE, answers={"Ottoline Brack": "a name would be stored in the clear"})

    def test_is_too_early_without_a_review(self) -> None:
        given(opened()).when(AssessCandidate(candidate=CANDIDATE, answers=SIX)).then_refused("No review", "BOL-97")


class TestAnInterview:
    def held_by(self, *panel: str) -> HoldInterview:
        return HoldInterview(candidate=CANDIDATE, panel=tuple(person(who) for who in panel), outcome="suitable")

    def test_is_held_by_two_who_are_free_of_conflicts(self) -> None:
        given(opened(), PRACTICE_REVIEW).when(self.held_by("chair", "education")).then(InterviewHeld)

    @pytest.mark.parametrize("panel", [(), ("chair",), ("chair", "chair")])
    def test_is_not_held_by_fewer_than_two(self, panel: tuple[str, ...]) -> None:
        given(opened(), PRACTICE_REVIEW).when(self.held_by(*panel)).then_refused("fewer than two on the panel", "BOL-106")

    def test_is_not_held_by_somebody_with_an_unresolved_interest_on_the_case(self) -> None:
        story = given(opened(), PRACTICE_REVIEW, by("chair", InterestDeclared(kind="perceived", nature="my neighbour")))
        story.when(self.held_by("chair", "education")).then_refused("conflicted panel member", "BOL-106")

    def test_is_not_held_by_a_candidate_with_a_declared_interest(self) -> None:
        rival = ReviewerInterestDeclared(candidate=RIVAL, kind="perceived", nature="worked at the clinic")
        asked = HoldInterview(candidate=CANDIDATE, panel=(RIVAL, person("chair")), outcome="suitable")
        given(opened(), LEARNING_REVIEW, rival).when(asked).then_refused("conflicted panel member", "BOL-134")

    def test_is_not_held_by_the_candidate(self) -> None:
        asked = HoldInterview(candidate=CANDIDATE, panel=(CANDIDATE, person("chair")), outcome="suitable")
        given(opened(), PRACTICE_REVIEW).when(asked).then_refused("conflicted panel member")

    def test_is_held_by_somebody_whose_interest_is_resolved(self) -> None:
        story = given(
            opened(),
            PRACTICE_REVIEW,
            by("chair", InterestDeclared(kind="perceived", nature="my neighbour")),
            InterestResolved(person=person("chair"), how="moved away years ago"),
        )
        story.when(self.held_by("chair", "education")).then(InterviewHeld)

    def test_is_too_early_without_a_review(self) -> None:
        given(opened()).when(self.held_by("chair", "education")).then_refused("No review", "BOL-97")


class TestWhereNobodyIsSuitable:
    def test_that_is_declared_with_its_reason(self) -> None:
        given(opened(), PRACTICE_REVIEW).when(DeclareNoneSuitable(because="both pools are full")).then(
            NoSuitableReviewerFound(because="both pools are full")
        )

    def test_it_is_not_declared_without_a_reason(self) -> None:
        with pytest.raises(ValidationError):
            DeclareNoneSuitable()  # type: ignore[call-arg]

    def test_it_is_too_early_without_a_review(self) -> None:
        given(opened()).when(DeclareNoneSuitable(because="both pools are full")).then_refused("No review", "BOL-97")


class TestAReviewersInterest:
    def test_is_declared_at_any_time(self) -> None:
        asked = DeclareReviewerInterest(candidate=CANDIDATE, kind="perceived", nature="worked at the clinic")
        given(opened(), PRACTICE_REVIEW, APPOINTED).when(asked).then(ReviewerInterestDeclared)

    def test_says_that_there_is_no_mitigation_rather_than_a_blank_one(self) -> None:
        asked = DeclareReviewerInterest(candidate=CANDIDATE, kind="perceived", nature="worked at the clinic", mitigation=" ")
        given(opened(), PRACTICE_REVIEW).when(asked).then(interest())

    def test_that_is_real_bars_them_from_the_case_until_the_partners_resolve_it(self) -> None:
        assert CANDIDATE in given(opened(), APPOINTED, interest("real")).case.interests.unresolved


class TestAnAppointment:
    def asked(self, source: Any = "partner-agencies", part: Any = "lead") -> AppointReviewer:
        return AppointReviewer(candidate=CANDIDATE, part=part, source=source)

    def test_makes_an_assessed_candidate_the_reviewer_of_the_case(self) -> None:
        story = given(opened(), PRACTICE_REVIEW, ASSESSED).when(self.asked()).then(APPOINTED)
        assert story.case.commissioning.reviewers == {CANDIDATE}

    def test_is_too_early_before_anybody_is_assessed(self) -> None:
        given(opened(), PRACTICE_REVIEW).when(self.asked()).then_refused("not assessed", "BOL-104")

    def test_is_refused_where_another_was_assessed(self) -> None:
        rival = CandidateAssessed(candidate=RIVAL, answers={})
        given(opened(), LEARNING_REVIEW, rival).when(self.asked()).then_refused("not assessed", "BOL-125")

    def test_is_refused_without_a_review(self) -> None:
        given(opened()).when(self.asked()).then_refused("No review", "BOL-97")

    def test_is_refused_while_a_real_conflict_is_unresolved(self) -> None:
        given(opened(), PRACTICE_REVIEW, ASSESSED, interest("real")).when(self.asked()).then_refused("unresolved real conflict", "BOL-103")

    def test_is_refused_where_a_real_conflict_is_merely_mitigated(self) -> None:
        story = given(opened(), PRACTICE_REVIEW, ASSESSED, interest("real", "somebody else meets the clinic")).when(self.asked())
        story.then_refused("unresolved real conflict")

    def test_goes_ahead_once_the_partners_have_resolved_it(self) -> None:
        resolved = InterestResolved(person=CANDIDATE, how="the support reviewer meets the clinic")
        given(opened(), PRACTICE_REVIEW, ASSESSED, interest("real"), resolved).when(self.asked()).then(ReviewerAppointed)

    def test_is_refused_while_an_interest_they_declared_on_the_case_is_unresolved(self) -> None:
        declared = by("reviewer/college/reviewer-k", InterestDeclared(kind="real", nature="my neighbour"))
        given(opened(), LEARNING_REVIEW, ASSESSED, declared).when(self.asked()).then_refused("unresolved", "BOL-132")

    def test_is_refused_while_a_perceived_conflict_has_no_mitigation(self) -> None:
        given(opened(), LEARNING_REVIEW, ASSESSED, interest()).when(self.asked()).then_refused("without mitigation", "BOL-132")

    def test_goes_ahead_once_a_perceived_conflict_is_mitigated(self) -> None:
        story = given(opened(), PRACTICE_REVIEW, ASSESSED, interest(), interest(mitigation="the support reviewer meets the clinic"))
        story.when(self.asked()).then(ReviewerAppointed)

    def test_of_somebody_external_is_refused_before_none_suitable_was_found(self) -> None:
        story = given(opened(), PRACTICE_REVIEW, ASSESSED).when(self.asked("external", "support"))
        story.then_refused("external before none-suitable", "BOL-108")

    def test_of_somebody_external_goes_ahead_after_that(self) -> None:
        given(opened(), LEARNING_REVIEW, ASSESSED, NoSuitableReviewerFound()).when(self.asked("external")).then(ReviewerAppointed)

    @pytest.mark.parametrize("pool", ["greater-manchester-pool", "national-pool"])
    def test_of_somebody_from_a_pool_needs_no_such_finding(self, pool: str) -> None:
        given(opened(), PRACTICE_REVIEW, ASSESSED).when(self.asked(pool)).then(ReviewerAppointed)

    def test_is_refused_for_every_rule_it_breaks(self) -> None:
        story = given(opened(), PRACTICE_REVIEW, interest()).when(self.asked("external"))
        story.then_refused("not assessed", "without mitigation", "external before none-suitable")


class TestARemoval:
    ASKED = RemoveReviewer(candidate=CANDIDATE, because="has moved away")

    def test_ends_what_the_reviewer_may_do_on_the_case(self) -> None:
        story = given(opened(), PRACTICE_REVIEW, APPOINTED).when(self.ASKED).then(ReviewerRemoved)
        assert story.case.commissioning.removed == {CANDIDATE}
        assert not story.case.commissioning.reviewers

    def test_is_undone_by_a_new_appointment(self) -> None:
        story = given(opened(), PRACTICE_REVIEW, APPOINTED, self.ASKED, APPOINTED)
        assert not story.case.commissioning.removed

    def test_is_refused_for_somebody_who_is_no_reviewer(self) -> None:
        given(opened(), PRACTICE_REVIEW, APPOINTED).when(self.ASKED.model_copy(update={"candidate": RIVAL})).then_refused("not a reviewer")

    def test_is_too_early_where_nobody_was_appointed(self) -> None:
        given(opened(), PRACTICE_REVIEW).when(self.ASKED).then_refused("no reviewer", "R-18")


def test_the_completed_review_is_the_one_that_was_commissioned() -> None:
    story = given(opened(), LEARNING_REVIEW, ReportEndorsed(digest=A, outcome="endorsed", review="local-learning"), PRACTICE_REVIEW)
    assert story.case.review.completed("local-learning")
    assert not story.case.review.completed("practice-review")
