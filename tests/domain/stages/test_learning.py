"""Learning into practice: who owes what by when, and what shows that it was done (BOL-164, BOL-171…180)."""

from datetime import date

import pytest
from pydantic import ValidationError

from domain.stages.learning import (
    AcceptRecommendation,
    AssuranceAccepted,
    AssuranceRejected,
    AssuranceSubmitted,
    ChooseLearningElements,
    FeedbackInvited,
    FeedbackReceived,
    IncludedInAnnualSummary,
    IncludeInAnnualSummary,
    InviteFeedback,
    IssueRecommendation,
    JudgeAssurance,
    LearningElementsChosen,
    ReceiveFeedback,
    RecommendationAccepted,
    RecommendationIssued,
    SubmitAssurance,
)
from domain.themes import newest
from tests.domain.given import given, opened, person
from tests.domain.telling import only

DUE = date(2024, 9, 30)
issued = RecommendationIssued(ref="recommendation-1", what="ask every parent", owners=("health-visiting",), by_when=DUE)
submitted = AssuranceSubmitted(recommendation="recommendation-1", evidence="an audit", difference_made="asked in nine of ten")


def test_the_partners_choose_all_or_some_elements_and_say_why():
    story = given(opened()).when(ChooseLearningElements(elements=["learning-brief", "agency-assurance"], rationale="three agencies"))
    assert only(story.then(LearningElementsChosen)).elements == ("learning-brief", "agency-assurance")


@pytest.mark.parametrize("command", [ChooseLearningElements(rationale="r"), ChooseLearningElements(elements=[], rationale="r")])
def test_choosing_none_is_no_choice(command):
    given(opened()).when(command).then_refused("none", "chosen", "BOL-175")


def test_a_recommendation_says_what_of_whom_and_by_when():
    command = IssueRecommendation(what="ask every parent", owners=["health-visiting", "gp-practice"], by_when=DUE, themes=["P2.2"])
    story = given(opened()).when(command, codes=newest())
    assert only(story.then(RecommendationIssued)).ref == "recommendation-1"
    assert story.case.learning.owners("recommendation-1") == {"health-visiting", "gp-practice"}
    assert story.case.learning.owners("recommendation-9") == frozenset()


def test_a_recommendation_without_owner_or_date_is_refused_for_both():
    story = given(opened()).when(IssueRecommendation(ref="r", what="do better"))
    story.then_refused("no owner", "no date", "BOL-164")


def test_a_ref_is_used_once_and_its_themes_are_known():
    command = IssueRecommendation(ref="recommendation-1", what="w", owners=["a"], by_when=DUE, themes=["P9"])
    given(opened(), issued).when(command, codes=newest()).then_refused("already used", "unknown")


def test_assurance_is_submitted_then_judged_and_submitted_is_not_accepted():
    story = given(opened(), issued).when(AcceptRecommendation(recommendation="recommendation-1")).then(RecommendationAccepted)
    story.when(JudgeAssurance(recommendation="recommendation-1", outcome="accepted", rationale="r")).then_refused("nothing submitted")
    story = story.when(SubmitAssurance(recommendation="recommendation-1", evidence="e", difference_made="d")).then(AssuranceSubmitted)
    assert not story.case.learning.recommendation("recommendation-1").assured
    story = story.when(JudgeAssurance(recommendation="recommendation-1", outcome="accepted", rationale="r")).then(AssuranceAccepted)
    assert story.case.learning.recommendation("recommendation-1").assured


def test_rejected_evidence_is_judged_once_and_may_be_followed_by_more():
    story = given(opened(), issued, submitted).when(JudgeAssurance(recommendation="recommendation-1", outcome="rejected", rationale="r"))
    story = story.then(AssuranceRejected).when(JudgeAssurance(recommendation="recommendation-1", outcome="accepted", rationale="r"))
    story = story.then_refused("nothing submitted").when(
        SubmitAssurance(recommendation="recommendation-1", evidence="e", difference_made="d")
    )
    story.when(JudgeAssurance(recommendation="recommendation-1", outcome="accepted", rationale="r")).then(AssuranceAccepted)


def test_nothing_submitted_for_this_one_though_for_another():
    other = RecommendationIssued(ref="recommendation-2", what="w", owners=("a",), by_when=DUE)
    story = given(opened(), issued, other, submitted)
    story.when(JudgeAssurance(recommendation="recommendation-2", outcome="accepted", rationale="r")).then_refused("nothing submitted")


@pytest.mark.parametrize(
    "command",
    [
        AcceptRecommendation(recommendation="r-9"),
        SubmitAssurance(recommendation="r-9", evidence="e", difference_made="d"),
        JudgeAssurance(recommendation="r-9", outcome="accepted", rationale="r"),
    ],
)
def test_a_recommendation_that_was_never_issued_is_not_there(command):
    given(opened(), issued, submitted).when(command).then_refused("no recommendation r-9")


def test_whoever_contributed_is_invited_and_their_feedback_received():
    given(opened()).when(InviteFeedback(participant=person("baby-w"))).then(FeedbackInvited)
    given(opened()).when(InviteFeedback(agency="gp-practice")).then(FeedbackInvited)
    given(opened()).when(ReceiveFeedback(about="the conversations", feedback="felt heard")).then(FeedbackReceived)
    with pytest.raises(ValidationError, match="either"):
        InviteFeedback()


@pytest.mark.parametrize("year", ["2024/25", "2024-25", "2024"])
def test_the_learning_stands_in_the_summary_of_a_year(year):
    given(opened()).when(IncludeInAnnualSummary(year=year, impact="fewer missed visits")).then(IncludedInAnnualSummary)
