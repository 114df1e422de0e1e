"""Closing: nothing on the case is left undone, and what is not published has its reason (BOL-91, BOL-94, BOL-167, BOL-176)."""

import pytest

from domain.initiation import RapidReviewInitiated
from domain.stages.closing import CaseClosed, CaseReopened, CloseCase, ReopenCase
from domain.stages.commissioning import ReviewCommissioned
from domain.stages.outcome import RapidReviewDiscontinued, RapidReviewOutcomeDecided, RapidReviewSentToPanel
from domain.stages.publication import LearningBriefPublished, LearningBriefWithdrawn
from domain.stages.review import ReportEndorsed
from domain.stages.threshold import ThresholdDecided
from tests.domain.given import A, B, given, opened

BRIEF = LearningBriefPublished(digest=B)
SENT = RapidReviewSentToPanel(digest=A)
REASON = CloseCase(because="not one of the five types; the partners wrote to the referrer")


def threshold(then, outcome="not-met", question="serious"):
    return ThresholdDecided(ref="threshold-1", threshold=question, outcome=outcome, rationale="r", then=then)


def outcome(what):
    return RapidReviewOutcomeDecided(ref="outcome-1", outcome=what, rationale="r", criteria=(), national_review_view="none")


def endorsed(review):
    return ReportEndorsed(digest=A, outcome="endorsed", review=review)


def test_a_case_with_a_brief_is_closed_and_re_opened():
    story = given(opened(), RapidReviewInitiated(), SENT, BRIEF).when(CloseCase(because="actions handed over")).then(CaseClosed)
    assert story.case.closing.closed
    assert story.events[0].because == "actions handed over"
    story.when(CloseCase(because="again")).then_refused("closed already")
    story = story.when(ReopenCase(because="new information")).then(CaseReopened)
    assert not story.case.closing.closed


def test_a_brief_needs_no_reason_and_a_reason_no_brief():
    given(opened(), BRIEF).when(CloseCase()).then(CaseClosed)
    given(opened()).when(REASON).then(CaseClosed)


@pytest.mark.parametrize("because", [None, "", "   "])
def test_neither_brief_nor_reason_is_refused(because):
    given(opened()).when(CloseCase(because=because)).then_refused("no learning brief published and no reason given", "BOL-176")
    withdrawn = LearningBriefWithdrawn(digest=B)
    given(opened(), BRIEF, withdrawn).when(CloseCase(because=because)).then_refused("no learning brief published")


def test_a_blank_reason_is_not_kept():
    (event,) = given(opened(), BRIEF).when(CloseCase(because="  ")).events
    assert event.because is None


def test_a_rapid_review_is_sent_or_discontinued_first():
    under_way = given(opened(), RapidReviewInitiated(), BRIEF)
    under_way.when(CloseCase()).then_refused("rapid review neither sent", "nor discontinued")
    under_way.given(RapidReviewDiscontinued()).when(CloseCase()).then(CaseClosed)
    under_way.given(SENT).when(CloseCase()).then(CaseClosed)


@pytest.mark.parametrize(
    ("decision", "review"),
    [
        (threshold("local-learning"), "local-learning"),
        (threshold("learn-from-success", "met", "learn-from-success"), "learn-from-success"),
        (outcome("local-review"), "practice-review"),
        (outcome("local-learning"), "local-learning"),
    ],
)
def test_a_review_undertaken_has_its_report_endorsed_first(decision, review):
    story = given(opened(), decision, BRIEF)
    story.when(CloseCase()).then_refused("review undertaken", "report is not endorsed")
    story.given(endorsed(review)).when(CloseCase()).then(CaseClosed)


def test_another_reviews_report_does_not_stand_for_it():
    given(opened(), threshold("local-learning"), BRIEF, endorsed("practice-review")).when(CloseCase()).then_refused("local learning")


@pytest.mark.parametrize("decision", [threshold("none"), outcome("no-further-action"), outcome("local-review-recommended")])
def test_where_no_review_was_decided_none_is_awaited(decision):
    given(opened(), decision, BRIEF).when(CloseCase()).then(CaseClosed)


def test_a_thematic_review_that_was_commissioned_is_endorsed_first():
    commissioned = ReviewCommissioned(review="thematic", commissioners=("implementation-group-chair", "business-manager"))
    story = given(opened("partners", "thematic"), commissioned, BRIEF)
    story.when(CloseCase()).then_refused("thematic review")
    story.given(endorsed("thematic")).when(CloseCase()).then(CaseClosed)


def test_every_rule_that_refuses_is_named():
    story = given(opened(), RapidReviewInitiated(), threshold("local-learning"))
    story.when(CloseCase()).then_refused("BOL-91", "BOL-167", "BOL-176")


def test_only_a_closed_case_is_re_opened():
    given(opened()).when(ReopenCase(because="b")).then_refused("not closed")
