"""The three partners decide: their meeting, their positions, the decision, and what the referrer hears."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.initiation import RapidReviewInitiated
from domain.interests import InterestDeclared
from domain.people import PARTNERS
from domain.stages.notification import NotificationShared
from domain.stages.threshold import (
    AppointDeputy,
    CaseReroutedToSerious,
    ConvenePartnerMeeting,
    DecisionFedBack,
    DeputyAppointed,
    FeedBackDecision,
    LearningConsidered,
    PartnerMeetingConvened,
    PartnerPositionRecorded,
    RecordPartnerPosition,
    RerouteToSerious,
    ThresholdDecided,
)
from tests.domain.given import HEALTH, LOCAL_AUTHORITY, MANAGER, POLICE, by, given, opened, person, somebody
from tests.domain.stages.partners import NOTIFIED, decided, position, three

SHARED_WITH_ALL = [NotificationShared(partner=partner, channel="portal") for partner in ("local-authority", "health", "police")]
MEET = ConvenePartnerMeeting(meets_on=date(2024, 10, 14), attendees=PARTNERS)


class TestTheMeeting:
    def test_is_convened_once_the_notification_is_with_all_three(self) -> None:
        given(opened(), SHARED_WITH_ALL).when(MEET).then(PartnerMeetingConvened)

    def test_is_too_early_while_a_partner_has_no_copy(self) -> None:
        given(opened(), SHARED_WITH_ALL[:2]).when(MEET).then_refused("not yet shared with all three", "police")


class TestADeputy:
    APPOINTED = AppointDeputy(partner="health", deputy=person("deputy"), delegation="letter of 9 October")
    DEPUTY = "designated-health-practitioner"

    def test_is_appointed_by_the_partner_they_speak_for(self) -> None:
        given(opened()).when(self.APPOINTED, by=HEALTH).then(DeputyAppointed)

    def test_is_not_appointed_by_another_partner(self) -> None:
        given(opened()).when(self.APPOINTED, by=POLICE).then_refused("BOL-67")

    def test_speaks_for_that_partner(self) -> None:
        appointed = DeputyAppointed(partner="health", deputy=person(self.DEPUTY), delegation="letter")
        told = position(HEALTH).what
        given(opened(), by(HEALTH, appointed)).when(told, by=self.DEPUTY).then(PartnerPositionRecorded)  # type: ignore[arg-type]

    def test_speaks_for_no_other(self) -> None:
        appointed = DeputyAppointed(partner="health", deputy=person(self.DEPUTY), delegation="letter")
        told = position(POLICE).what
        given(opened(), by(HEALTH, appointed)).when(told, by=self.DEPUTY).then_refused("do not speak for police", "BOL-67")  # type: ignore[arg-type]


class TestAPosition:
    ASKED = RecordPartnerPosition(partner="health", question="serious", position="met", rationale="will scar")

    def test_opens_a_round_whose_ref_the_decision_will_bear(self) -> None:
        story = given(opened()).when(self.ASKED, by=HEALTH)
        story.then(PartnerPositionRecorded(partner="health", question="serious", position="met", rationale="will scar", ref="threshold-1"))

    def test_joins_the_open_round_of_its_question(self) -> None:
        story = given(opened(), position(POLICE, ref="first")).when(self.ASKED, by=HEALTH)
        story.then(PartnerPositionRecorded(partner="health", question="serious", position="met", rationale="will scar", ref="first"))

    def test_is_the_partners_own(self) -> None:
        given(opened()).when(self.ASKED, by=POLICE).then_refused("do not speak for health", "BOL-67")

    def test_may_be_written_down_by_the_business_manager_as_clerk(self) -> None:
        given(opened()).when(self.ASKED, by=MANAGER).then(PartnerPositionRecorded)

    def test_may_be_written_down_by_whoever_acts_for_a_conflicted_business_manager(self) -> None:
        story = given(opened(), InterestDeclared(kind="real", nature="my neighbour"))
        story.when(self.ASKED, by=somebody("partnership-officer", person(MANAGER))).then(PartnerPositionRecorded)

    def test_is_not_written_down_by_just_anybody(self) -> None:
        given(opened()).when(self.ASKED, by="partnership-officer").then_refused("BOL-67")

    def test_is_taken_once_in_a_round(self) -> None:
        given(opened(), position(HEALTH)).when(self.ASKED, by=HEALTH).then_refused("second position of the same partner in one round")

    def test_is_taken_once_in_a_round_whoever_writes_it_down(self) -> None:
        given(opened(), position(HEALTH)).when(self.ASKED, by=MANAGER).then_refused("second position of the same partner in one round")

    def test_does_not_split_an_open_round(self) -> None:
        elsewhere = self.ASKED.model_copy(update={"ref": "another"})
        given(opened(), position(POLICE)).when(elsewhere, by=HEALTH).then_refused("threshold-1", "still open")

    def test_does_not_bear_the_ref_of_another_question(self) -> None:
        borrowed = self.ASKED.model_copy(update={"ref": "threshold-1"})
        given(opened(), position(POLICE, question="thematic")).when(borrowed, by=HEALTH).then_refused("another question")

    def test_on_another_question_opens_a_round_of_its_own(self) -> None:
        story = given(opened(), position(HEALTH)).given(position(HEALTH, question="local-learning"))
        assert list(story.case.threshold.rounds) == ["threshold-1", "threshold-2"]

    def test_opens_a_new_round_where_there_was_no_majority(self) -> None:
        story = given(opened(), three("met", "not-met", "abstain")).when(self.ASKED, by=HEALTH)
        story.then(PartnerPositionRecorded(partner="health", question="serious", position="met", rationale="will scar", ref="threshold-2"))

    def test_waits_where_a_majority_awaits_its_decision(self) -> None:
        given(opened(), three("met", "met", "abstain")).when(self.ASKED, by=HEALTH).then_refused("second position")

    def test_is_not_taken_again_after_the_decision(self) -> None:
        story = given(opened(), three("met", "met", "met"), decided())
        story.when(self.ASKED, by=HEALTH).then_refused("second position of the same partner in one round", "threshold-1")

    def test_on_a_local_review_waits_for_a_re_opened_outcome(self) -> None:
        asked = self.ASKED.model_copy(update={"question": "local-review"})
        given(opened()).when(asked, by=HEALTH).then_refused("re-opened", "BOL-27")

    def test_is_not_taken_by_somebody_with_an_unresolved_interest(self) -> None:
        story = given(opened(), by(HEALTH, InterestDeclared(kind="perceived", nature="treated the father")))
        story.when(self.ASKED, by=HEALTH).then_refused("conflicted", "R-8")

    def test_is_not_written_down_for_somebody_with_an_unresolved_interest(self) -> None:
        interest = by(HEALTH, InterestDeclared(kind="perceived", nature="treated the father"))
        story = given(opened(), interest)
        story.when(self.ASKED, by=MANAGER).then_refused("conflicted", "R-8")

    def test_may_be_taken_by_the_deputy_of_a_conflicted_partner(self) -> None:
        story = given(
            opened(),
            by(HEALTH, DeputyAppointed(partner="health", deputy=person("designated-health-practitioner"), delegation="letter")),
            by(HEALTH, InterestDeclared(kind="perceived", nature="treated the father")),
        )
        story.when(self.ASKED, by="designated-health-practitioner").then(PartnerPositionRecorded)


class TestTheDecision:
    def test_met_on_serious_starts_a_rapid_review(self) -> None:
        story = given(opened(), three("met", "met", "met")).when(decided())
        rationale = "as the three see it"
        story.then(
            ThresholdDecided(ref="threshold-1", threshold="serious", outcome="met", rationale=rationale, then="rapid-review"),
            RapidReviewInitiated(decision="threshold-1"),
        )
        assert story.case.threshold.met("serious")
        assert story.case.rapid_review.under_way

    def test_starts_no_second_rapid_review(self) -> None:
        given(opened(), NOTIFIED, RapidReviewInitiated(), three("met", "met", "met")).when(decided()).then(ThresholdDecided)

    def test_starts_no_rapid_review_where_the_three_say_that_something_else_follows(self) -> None:
        given(opened(), three("met", "met", "met")).when(decided(then="none")).then(ThresholdDecided)

    @pytest.mark.parametrize("review", ["learn-from-success", "local-learning", "thematic"])
    def test_met_undertakes_the_review_that_the_question_asks_for(self, review: Any) -> None:
        story = given(opened(), three("met", "met", "abstain", question=review)).when(decided(question=review)).then(ThresholdDecided)
        assert story.case.threshold.decided_for(review)
        assert not story.case.threshold.met("serious")

    def test_not_met_is_not_the_end_of_learning(self) -> None:
        story = given(opened(), three("not-met", "not-met", "abstain")).when(decided("not-met", then="local-learning"))
        story.then(ThresholdDecided, LearningConsidered)
        assert story.case.threshold.decided_for("local-learning")
        assert not story.case.threshold.met("serious")

    def test_not_met_needs_learning_considered(self) -> None:
        silent = decided("not-met", learning_considered="  ")
        given(opened(), three("not-met", "not-met", "abstain")).when(silent).then_refused("not-met without learning_considered", "BOL-68")

    def test_is_too_early_with_fewer_than_three_positions(self) -> None:
        given(opened(), three("met", "met", "met")[:2]).when(decided()).then_refused("fewer than three positions")

    def test_is_too_early_before_anybody_has_spoken(self) -> None:
        given(opened()).when(decided()).then_refused("fewer than three positions")

    def test_counts_the_positions_on_its_own_question_only(self) -> None:
        given(opened(), three("met", "met", "met", question="thematic")).when(decided()).then_refused("fewer than three positions")

    def test_is_the_majoritys(self) -> None:
        given(opened(), three("not-met", "not-met", "abstain")).when(decided("met")).then_refused("not the majority", "R-7")

    @pytest.mark.parametrize("split", [("met", "not-met", "abstain"), ("met", "abstain", "abstain"), ("abstain", "abstain", "abstain")])
    def test_needs_a_majority(self, split: tuple[str, ...]) -> None:
        given(opened(), three(*split)).when(decided()).then_refused("no majority", "new round or escalate")

    def test_of_a_second_round_is_counted_afresh(self) -> None:
        story = given(opened(), three("met", "not-met", "abstain"), three("met", "met", "abstain")).when(decided())
        story.then(ThresholdDecided, RapidReviewInitiated)
        assert story.case.threshold.decision("threshold-2")

    @pytest.mark.parametrize("rationale", [None, "", " \n"])
    def test_needs_a_rationale(self, rationale: str | None) -> None:
        given(opened(), three("met", "met", "met")).when(decided(rationale=rationale)).then_refused("empty rationale")

    def test_is_taken_once(self) -> None:
        given(opened(), three("met", "met", "met"), decided()).when(decided()).then_refused("has been decided")

    def test_not_met_starts_no_rapid_review(self) -> None:
        wanted = decided("not-met", then="rapid-review")
        given(opened(), three("not-met", "not-met", "met")).when(wanted).then_refused("rapid review follows only", "BOL-22")


class TestFeedback:
    FED_BACK = FeedBackDecision(decision="threshold-1", to="hospital-trust", rationale_included=True)

    def test_goes_to_the_referrer(self) -> None:
        given(opened(), three("met", "met", "met"), decided()).when(self.FED_BACK).then(DecisionFedBack)

    def test_is_too_early_before_a_decision(self) -> None:
        given(opened()).when(self.FED_BACK).then_refused("nothing has been decided")

    def test_is_of_a_decision_that_was_taken(self) -> None:
        another = self.FED_BACK.model_copy(update={"decision": "threshold-9"})
        given(opened(), three("met", "met", "met"), decided()).when(another).then_refused("no decision threshold-9")

    @pytest.mark.parametrize("route", ["local-authority", "partners"])
    def test_has_nobody_to_go_to_where_there_is_no_referrer(self, route: str) -> None:
        given(opened(route), three("met", "met", "met"), decided()).when(self.FED_BACK).then_refused("R-10")


class TestReroutingToSerious:
    def test_makes_a_case_for_learning_a_serious_one(self) -> None:
        story = given(opened(concern="local-learning")).when(RerouteToSerious(because="the fracture was inflicted"), by=LOCAL_AUTHORITY)
        story.then(CaseReroutedToSerious(because="the fracture was inflicted"))
        assert story.case.opening.concern == "serious-incident"

    def test_is_refused_where_the_case_is_serious_already(self) -> None:
        given(opened()).when(RerouteToSerious(because="again"), by=LOCAL_AUTHORITY).then_refused("already serious")
