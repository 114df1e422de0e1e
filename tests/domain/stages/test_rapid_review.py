"""The rapid review: begun, facilitated, reported to, met upon, written down and endorsed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.initiation import RapidReviewInitiated
from domain.interests import InterestDeclared
from domain.stages.agency_reports import (
    AgencyAsked,
    AgencyDateChanged,
    AgencyReportReceived,
    AskAgency,
    ChangeAgencyDate,
    ChronologyCollated,
    CollateChronology,
    DistributePack,
    NilReturnRecorded,
    PackDistributed,
    RecordNilReturn,
    SubmitAgencyReport,
)
from domain.stages.outcome import RapidReviewDiscontinued
from domain.stages.rapid_review import (
    AssignFacilitator,
    CirculateForEndorsement,
    DraftRapidReviewReport,
    EndorseRapidReview,
    FacilitatorAssigned,
    HoldRapidReviewMeeting,
    ImmediateActionRecorded,
    InitiateRapidReview,
    RapidReviewEndorsed,
    RapidReviewEndorsementWithheld,
    RapidReviewMeetingHeld,
    RapidReviewReportCirculated,
    RapidReviewReportDrafted,
    RecordImmediateAction,
)
from domain.stages.threshold import DeputyAppointed
from tests.domain.given import HEALTH, IN_2024, IN_2025, LOCAL_AUTHORITY, MANAGER, POLICE, A, B, Telling, by, digest, given, opened, person
from tests.domain.stages.partners import (
    CIRCULATED,
    COLLATED,
    DRAFTED,
    MET,
    NOTIFIED,
    REPORTED,
    all_endorsing,
    asked,
    decided,
    endorsing,
    three,
)

INITIATED = RapidReviewInitiated()
PRACTITIONER = "designated-health-practitioner"


class TestBeginning:
    def test_by_hand_where_the_panel_was_notified_before_a_decision(self) -> None:
        story = given(opened(), NOTIFIED).when(InitiateRapidReview(period_from=date(2023, 1, 1)))
        story.then(RapidReviewInitiated(period_from=date(2023, 1, 1)))
        assert story.case.rapid_review.under_way

    def test_is_too_early_before_a_notification_or_a_decision(self) -> None:
        given(opened()).when(InitiateRapidReview()).then_refused("neither notified to the Panel nor decided met", "X-9")

    def test_happens_once(self) -> None:
        given(opened(), three("met", "met", "met"), decided()).when(InitiateRapidReview()).then_refused("already under way")

    def test_happens_again_after_a_rapid_review_was_discontinued(self) -> None:
        story = given(opened(), NOTIFIED, INITIATED, MET, DRAFTED, RapidReviewDiscontinued()).when(InitiateRapidReview())
        story.then(RapidReviewInitiated)
        assert story.case.rapid_review.drafted is None

    def test_ends_its_period_after_it_begins(self) -> None:
        with pytest.raises(ValueError, match="period_to"):
            InitiateRapidReview(period_from=date(2024, 1, 2), period_to=date(2024, 1, 1))


class TestTheFacilitator:
    CONFLICTED = by(MANAGER, InterestDeclared(kind="perceived", nature="my sister's case"))
    PRACTITIONER_CONFLICTED = by(PRACTITIONER, InterestDeclared(kind="real", nature="treated the child"))
    PRACTITIONER_ASSIGNED = AssignFacilitator(role="designated-health-practitioner", person=person(PRACTITIONER))
    OTHER_ASSIGNED = AssignFacilitator(role="other", person=person("scrutineer"))
    OFFICER = "partnership-officer"

    def test_is_the_business_manager(self) -> None:
        story = given(opened(), INITIATED).when(AssignFacilitator(role="business-manager", person=person(MANAGER)))
        story.then(FacilitatorAssigned(role="business-manager", person=person(MANAGER)))
        assert story.case.rapid_review.facilitator == person(MANAGER)

    def test_is_named_in_the_vocabularys_word(self) -> None:
        command = AssignFacilitator.model_validate({"role": "other", "name": person("scrutineer")})
        assert command.person == person("scrutineer")

    def test_is_a_designated_practitioner_where_the_business_manager_has_an_interest(self) -> None:
        given(opened(), INITIATED, self.CONFLICTED).when(self.PRACTITIONER_ASSIGNED, by=self.OFFICER).then(FacilitatorAssigned)

    @pytest.mark.parametrize("assigned", [PRACTITIONER_ASSIGNED, OTHER_ASSIGNED])
    def test_is_nobody_else_without_a_declared_interest_of_the_business_manager(self, assigned: AssignFacilitator) -> None:
        story = given(opened(), INITIATED).when(assigned.model_copy(update={"because": "on leave"}))
        story.then_refused("without a declared interest of the business manager", "BOL-88")

    def test_is_another_where_the_practitioner_is_conflicted_too(self) -> None:
        story = given(opened(), INITIATED, self.CONFLICTED, self.PRACTITIONER_CONFLICTED).when(self.OTHER_ASSIGNED, by=self.OFFICER)
        story.then(FacilitatorAssigned(role="other", person=person("scrutineer")))

    def test_is_not_another_without_a_conflicted_practitioner(self) -> None:
        story = given(opened(), INITIATED, self.CONFLICTED).when(self.OTHER_ASSIGNED, by=self.OFFICER)
        story.then_refused("without a conflicted designated practitioner", "R-17")

    def test_is_another_all_the_same_where_the_partners_say_why(self) -> None:
        named = self.OTHER_ASSIGNED.model_copy(update={"because": "no practitioner is in post"})
        story = given(opened(), INITIATED, self.CONFLICTED).when(named, by=self.OFFICER)
        story.then(FacilitatorAssigned(role="other", person=person("scrutineer"), overrode=("R-17",), because="no practitioner is in post"))

    def test_is_nobody_with_an_unresolved_interest(self) -> None:
        assigned = AssignFacilitator(role="business-manager", person=person(MANAGER))
        given(opened(), INITIATED, self.CONFLICTED).when(assigned, by=self.OFFICER).then_refused("not resolved", "BOL-88")


class TestAnAgency:
    ASKED = AskAgency(agency="gp-practice", due_on=date(2024, 10, 24))
    SUBMITTED = SubmitAgencyReport(agency="gp-practice", report_digest=A, quality_assured_by="nominated lead")

    def test_is_asked_for_its_report(self) -> None:
        story = given(opened(), INITIATED).when(self.ASKED).then(AgencyAsked)
        assert story.case.rapid_review.outstanding == ("gp-practice",)

    def test_is_not_asked_without_a_rapid_review(self) -> None:
        given(opened()).when(self.ASKED).then_refused("no rapid review", "BOL-75")

    def test_is_not_asked_after_the_rapid_review_was_discontinued(self) -> None:
        given(opened(), INITIATED, RapidReviewDiscontinued()).when(self.ASKED).then_refused("no rapid review")

    def test_hears_the_period_under_review_that_the_last_was_told(self) -> None:
        before = asked("police", period_from=date(2023, 1, 1), period_to=date(2024, 10, 3))
        story = given(opened(), INITIATED, before).when(self.ASKED)
        period = {"period_from": date(2023, 1, 1), "period_to": date(2024, 10, 3)}
        story.then(AgencyAsked(agency="gp-practice", due_on=date(2024, 10, 24), **period))  # type: ignore[arg-type]

    def test_is_given_another_date(self) -> None:
        moved = ChangeAgencyDate(agency="gp-practice", due_on=date(2024, 10, 28), because="on leave")
        given(opened(), INITIATED, asked("gp-practice")).when(moved).then(AgencyDateChanged)

    def test_has_no_date_to_change_before_it_was_asked(self) -> None:
        moved = ChangeAgencyDate(agency="gp-practice", due_on=date(2024, 10, 28), because="on leave")
        given(opened(), INITIATED, asked("police")).when(moved).then_refused("gp-practice has not been asked")

    def test_reports(self) -> None:
        story = given(opened(), INITIATED, asked("gp-practice")).when(self.SUBMITTED, by="agency-author/gp-practice")
        story.then(AgencyReportReceived)
        assert story.case.rapid_review.outstanding == ()

    def test_reports_its_judgements(self) -> None:
        judged = {"about": "oversight", "quality": "cannot be said from the record", "impact": "unknown"}
        submitted = SubmitAgencyReport.model_validate(self.SUBMITTED.model_dump() | {"judgements": [judged]})
        story = given(opened(), INITIATED, asked("gp-practice")).when(submitted, by="agency-author/gp-practice")
        assert story.events[0].judgements[0].quality == judged["quality"]  # type: ignore[attr-defined]

    @pytest.mark.parametrize("assurer", [None, "", "  "])
    def test_reports_nothing_without_a_quality_assurer(self, assurer: str | None) -> None:
        unassured = self.SUBMITTED.model_copy(update={"quality_assured_by": assurer})
        story = given(opened(), INITIATED, asked("gp-practice")).when(unassured, by="agency-author/gp-practice")
        story.then_refused("no quality assurer", "BOL-161")

    def test_has_nothing_to_report(self) -> None:
        story = given(opened(), INITIATED, asked("gp-practice")).when(RecordNilReturn(agency="gp-practice"), by="agency-author/gp-practice")
        story.then(NilReturnRecorded)
        assert story.case.rapid_review.outstanding == ()


class TestTheChronology:
    REPORTED: Telling = (INITIATED, asked("gp-practice"), asked("police"), REPORTED)

    def test_is_collated_from_what_came_in_with_the_missing_named(self) -> None:
        given(opened(), *self.REPORTED).when(CollateChronology(digest=A, missing=("police",))).then(ChronologyCollated)

    @pytest.mark.parametrize("missing", [None, (), ("school",)])
    def test_names_every_outstanding_agency(self, missing: Any) -> None:
        story = given(opened(), *self.REPORTED).when(CollateChronology(digest=A, missing=missing))
        story.then_refused("missing does not name every outstanding agency", "police")

    def test_is_too_early_without_a_submission(self) -> None:
        nothing = NilReturnRecorded(agency="gp-practice")
        given(opened(), INITIATED, asked("gp-practice"), nothing).when(CollateChronology(digest=A, missing=())).then_refused(
            "no submission"
        )

    def test_goes_to_the_rapid_review_group(self) -> None:
        pack = DistributePack(members=("health", person("member")), what=(A, 7))
        given(opened(), *self.REPORTED, COLLATED).when(pack).then(PackDistributed(members=("health", person("member")), what=(A, "7")))

    def test_goes_to_nobody_before_it_is_collated(self) -> None:
        given(opened(), *self.REPORTED).when(DistributePack(members=("health",))).then_refused("not collated", "BOL-79")


class TestImmediateAction:
    def test_is_recorded_at_any_time(self) -> None:
        told = {"for": "linked-children", "action": "a home visit today", "owner": "children's social care"}
        given(opened()).when(RecordImmediateAction.model_validate(told), by=POLICE).then(ImmediateActionRecorded)


class TestTheMeeting:
    MINUTED = {
        "attendees": ("local-authority", "health", "police"),
        "facts": "three agencies heard",
        "immediate_action": "daily visits from today",
        "improvements": "who sees a small child between visits",
        "next_steps": "no-further-action",
        "national_review_view": "not needed",
    }

    def test_minutes_each_of_its_aims(self) -> None:
        given(opened(), INITIATED).when(HoldRapidReviewMeeting(**self.MINUTED)).then(RapidReviewMeetingHeld)

    def test_is_not_held_without_a_rapid_review(self) -> None:
        given(opened()).when(HoldRapidReviewMeeting(**self.MINUTED)).then_refused("no rapid review")

    @pytest.mark.parametrize("aim", ["facts", "immediate_action", "improvements", "next_steps"])
    @pytest.mark.parametrize("silence", [None, "", " "])
    def test_is_not_held_with_an_aim_not_minuted(self, aim: str, silence: str | None) -> None:
        story = given(opened(), INITIATED).when(HoldRapidReviewMeeting(**self.MINUTED | {aim: silence}))
        story.then_refused("one of the aims of the edition in force not minuted", aim)

    def test_speaks_to_inequalities_since_2025(self) -> None:
        silent, spoken = HoldRapidReviewMeeting(**self.MINUTED), HoldRapidReviewMeeting(**self.MINUTED, inequalities="one heated room")
        story = given(opened(), INITIATED)
        story.when(silent, under=IN_2024).then(RapidReviewMeetingHeld)
        story.when(silent, under=IN_2025).then_refused("inequalities", "X-18")
        story.when(spoken, under=IN_2025).then(RapidReviewMeetingHeld)

    def test_keeps_the_standing_of_each_fact(self) -> None:
        facts = [{"text": "found in the bath", "standing": "established"}, {"text": "left alone", "standing": "alleged"}]
        story = given(opened(), INITIATED).when(HoldRapidReviewMeeting(**self.MINUTED | {"facts": facts}))
        assert [fact.standing for fact in story.events[0].facts] == ["established", "alleged"]  # type: ignore[attr-defined]


class TestTheReport:
    def test_is_drafted_after_the_meeting(self) -> None:
        given(opened(), INITIATED, MET).when(DraftRapidReviewReport(digest=A)).then(RapidReviewReportDrafted)

    def test_is_not_drafted_before_the_meeting(self) -> None:
        given(opened(), INITIATED).when(DraftRapidReviewReport(digest=A)).then_refused("meeting not held")

    def test_voids_earlier_endorsements_with_a_new_digest(self) -> None:
        story = given(opened(), INITIATED, MET, DRAFTED, CIRCULATED, all_endorsing())
        assert story.case.rapid_review.endorsed == A
        assert story.given(DraftRapidReviewReport(digest=A)).case.rapid_review.endorsed == A
        assert story.given(DraftRapidReviewReport(digest=B)).case.rapid_review.endorsed is None

    def test_is_circulated_to_the_three(self) -> None:
        given(opened(), INITIATED, MET, DRAFTED).when(CirculateForEndorsement(digest=A)).then(RapidReviewReportCirculated)

    def test_is_not_circulated_before_it_is_drafted(self) -> None:
        given(opened(), INITIATED, MET).when(CirculateForEndorsement(digest=A)).then_refused("not drafted")

    def test_is_circulated_as_last_drafted(self) -> None:
        later = RapidReviewReportDrafted(digest=B)
        given(opened(), INITIATED, MET, DRAFTED, later).when(CirculateForEndorsement(digest=A)).then_refused("not drafted")


class TestEndorsing:
    BEGUN: Telling = (opened(), INITIATED, MET, DRAFTED, CIRCULATED)

    @staticmethod
    def said(partner: Any = "health", text: str = A, position: Any = "endorse") -> EndorseRapidReview:
        return EndorseRapidReview(partner=partner, digest=text, position=position, local_review="no", national_review="unsure")

    def test_is_of_the_circulated_text(self) -> None:
        story = given(*self.BEGUN).when(self.said(), by=HEALTH)
        story.then(RapidReviewEndorsed(partner="health", digest=A, local_review="no", national_review="unsure"))

    def test_may_be_withheld(self) -> None:
        story = given(*self.BEGUN, endorsing(LOCAL_AUTHORITY), endorsing(POLICE)).when(self.said(position="withhold"), by=HEALTH)
        story.then(RapidReviewEndorsementWithheld)
        assert story.case.rapid_review.not_endorsing == ("health",)

    def test_may_follow_after_it_was_withheld(self) -> None:
        story = given(*self.BEGUN, endorsing(LOCAL_AUTHORITY), endorsing(POLICE), endorsing(HEALTH, position="withhold"))
        assert story.given(endorsing(HEALTH)).case.rapid_review.endorsed == A

    def test_is_not_of_another_text(self) -> None:
        story = given(*self.BEGUN).when(self.said(text=digest("another")), by=HEALTH)
        story.then_refused("digest is not the circulated one", "BOL-90")

    def test_is_too_early_before_the_report_went_round(self) -> None:
        given(*self.BEGUN[:-1]).when(self.said(), by=HEALTH).then_refused("circulated")

    def test_is_the_partners_own(self) -> None:
        given(*self.BEGUN).when(self.said(), by=POLICE).then_refused("do not speak for health", "BOL-67")

    def test_has_no_clerk(self) -> None:
        given(*self.BEGUN).when(self.said(), by=MANAGER).then_refused("do not speak for health", "BOL-67")

    def test_may_be_said_by_a_deputy(self) -> None:
        appointed = DeputyAppointed(partner="health", deputy=person(PRACTITIONER), delegation="letter")
        given(*self.BEGUN, by(HEALTH, appointed)).when(self.said(), by=PRACTITIONER).then(RapidReviewEndorsed)

    def test_is_not_said_by_somebody_with_an_unresolved_interest(self) -> None:
        story = given(*self.BEGUN, by(HEALTH, InterestDeclared(kind="real", nature="treated the child")))
        story.when(self.said(), by=HEALTH).then_refused("conflicted", "R-8")
