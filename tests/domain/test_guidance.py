"""Rules of the guidance that are told nowhere else: who may notify and ask, the opening of a case, and the notification."""

from __future__ import annotations

from datetime import date

import pytest

from domain.candidate import DecideThematic
from domain.case import Case
from domain.guidance import EDITIONS
from domain.initiation import RapidReviewInitiated
from domain.interests import DeclareInterest, InterestDeclared
from domain.language import EVENTS, Command, NotAllowed
from domain.people import NOTIFYING_ROLES, PARTNERS
from domain.procedure import Procedure
from domain.roles import asked_by
from domain.stages.agency_reports import SubmitAgencyReport
from domain.stages.commissioning import CommissionReview, ReviewCommissioned
from domain.stages.learning import IssueRecommendation, RecommendationIssued
from domain.stages.notification import (
    SECURE,
    AcknowledgeNotification,
    ConfirmSeriousIncident,
    DiscussNotification,
    LocalAuthorityBecameAware,
    LocalFormSent,
    NotificationAcknowledged,
    NotificationConsentRecorded,
    NotificationDiscussed,
    NotificationReceived,
    NotificationShared,
    NotifierSupported,
    NotifyPanel,
    RecordNotificationConsent,
    SendLocalForm,
    SeriousIncidentConfirmed,
    SeriousIncidentNotified,
    ShareWithPartner,
    SubmitNotification,
    SupportNotifier,
)
from domain.stages.opening import (
    AddChild,
    AmendIncident,
    CaseOpened,
    CaseReferredToArea,
    CrossReferenceRecorded,
    IncidentAmended,
    OpenCase,
    RecordCrossReference,
    ReferToArea,
)
from domain.stages.participation import OfferSupport
from domain.stages.rapid_review import FacilitatorAssigned
from domain.stages.threshold import ConvenePartnerMeeting, RecordPartnerPosition
from tests.domain.given import HEALTH, IN_2024, MANAGER, THURSDAY, A, by, given, opened, person, somebody

CHILD = {"ref": "baby-w", "area_of_residence": "bolton", "age_band": "under-1", "harm": "seriously-harmed"}
INCIDENT = {"happened_on": date(2024, 10, 3), "area": "bolton", "harm": "seriously-harmed", "abuse_or_neglect": "suspected"}


def opening(**told: object) -> OpenCase:
    usual = {"partnership": "bolton", "label": "Baby W", "route": "organisation", "concern": "serious-incident"}
    return OpenCase.model_validate(usual | {"incident": INCIDENT, "children": [CHILD]} | told)


def form(**told: object) -> SubmitNotification:
    notifier = {"name": "Ward sister", "role_title": "sister", "organisation": "royal-infirmary"}
    return SubmitNotification.model_validate({"notifier": notifier, "narrative": "what was seen", "channel": "portal"} | told)


DISCUSSED = DiscussNotification(with_role="named-professional", lived_experience="seldom held", rationale="nobody explains the injury")
CONFIRMED = ConfirmSeriousIncident(basis="serious harm, abuse suspected")
NOTIFIED = NotifyPanel(portal_reference="SIN-1", children=("baby-w",))


def may(role: str, command: Command, case: Case | None = None) -> bool:
    """Whether the table lets this role ask it."""
    try:
        asked_by(command, somebody(role), case or Case())
    except NotAllowed:
        return False
    return True


class TestWhoNotifies:
    @pytest.mark.parametrize("role", NOTIFYING_ROLES)
    def test_each_of_six_roles_opens_a_case_and_hands_in_the_form(self, role: str) -> None:
        assert may(role, opening())
        assert may(role, form(), given(opened()).case)

    @pytest.mark.parametrize("concern", ["serious-incident", "learn-from-success", "local-learning"])
    @pytest.mark.parametrize("route", ["organisation", "parent", "community", "young-person"])
    def test_every_route_may_bring_every_concern(self, route: str, concern: str) -> None:
        given().when(opening(route=route, concern=concern)).then(CaseOpened)

    def test_the_portal_notification_is_the_named_users_alone(self) -> None:
        case = given(opened()).case
        assert may("named-portal-user", NOTIFIED, case)
        assert not any(may(role, NOTIFIED, case) for role in (MANAGER, HEALTH, "local-authority-practitioner", "partnership-officer"))


class TestWhoAsksWhat:
    def test_a_practice_review_is_commissioned_by_a_partner_and_any_other_by_chair_or_manager(self) -> None:
        case = given(opened()).case
        practice, learning = CommissionReview(review="practice-review"), CommissionReview(review="local-learning")
        assert may(HEALTH, practice, case)
        assert not may("implementation-group-chair", practice, case)
        assert may("implementation-group-chair", learning, case)
        assert may(MANAGER, learning, case)
        assert not may(HEALTH, learning, case)

    def test_support_is_the_business_managers_to_offer(self) -> None:
        case = given(opened()).case
        assert may(MANAGER, OfferSupport(participant="p", kind="counselling"), case)
        assert not may("reviewer", OfferSupport(participant="p", kind="counselling"), case)

    def test_an_agencys_report_is_its_own_authors_or_the_facilitators_as_clerk(self) -> None:
        manager = somebody(MANAGER)
        facilitated = FacilitatorAssigned(role="business-manager", person=manager.person)
        case = given(opened(), RapidReviewInitiated(), facilitated).case
        report = SubmitAgencyReport(agency="gp-practice", report_digest=A)
        assert may("agency-author/gp-practice", report, case)
        assert not may("agency-author/school", report, case)
        assert asked_by(report, manager, case).behalf_of == "agency-author/gp-practice"

    def test_a_partner_is_one_of_three_by_its_own_delegate(self) -> None:
        case = given(opened()).case
        asked = RecordPartnerPosition(partner="health", question="serious", position="met", rationale="suspicion is enough")
        assert PARTNERS == ("local-authority", "health", "police")
        assert may(HEALTH, asked, case)
        assert not may("delegated-partner/school", asked, case)

    def test_in_the_managers_conflict_the_officer_acts_and_the_event_says_for_whom(self) -> None:
        declared = by(MANAGER, InterestDeclared(kind="perceived", nature="a relative works there"))
        case = given(opened(), declared).case
        asked = ConvenePartnerMeeting(meets_on=THURSDAY, attendees=PARTNERS)
        assert not may(MANAGER, asked, case)
        assert asked_by(asked, somebody("partnership-officer"), case).behalf_of == person(MANAGER)

    def test_a_case_is_its_own_partnerships(self) -> None:
        elsewhere = somebody(MANAGER).__class__(person=person("x"), role=MANAGER, partnership="bury")
        with pytest.raises(NotAllowed, match="X-3"):
            asked_by(DeclareInterest(kind="real", nature="none"), elsewhere, given(opened()).case)

    def test_a_recommendation_is_owed_by_organisations_and_nobody_is_judged(self) -> None:
        issued = IssueRecommendation(what="write handovers down", owners=("royal-infirmary",), by_when=date(2025, 3, 1))
        given(opened()).when(issued).then(RecommendationIssued)
        fields = {field for event in EVENTS.values() for field in event.__struct_fields__}
        assert not {"blame", "fault", "culpability", "performance_of"} & fields


class TestOpening:
    def test_a_case_names_a_child_unless_it_is_thematic(self) -> None:
        given().when(opening(children=[])).then_refused("at least one child", "BOL-18")

    def test_a_thematic_case_names_the_cases_it_rests_on(self) -> None:
        given().when(opening(concern="thematic", children=[])).then_refused("at least one linked case", "BOL-37")

    def test_a_child_may_have_harmed_somebody_else(self) -> None:
        harmed = {"harm": "harmed-another"}
        given().when(opening(incident=INCIDENT | harmed, children=[CHILD | harmed])).then(CaseOpened)

    def test_nothing_happens_in_the_future_or_before_a_birth(self) -> None:
        given().when(opening(incident=INCIDENT | {"happened_on": date(2024, 10, 11)})).then_refused("future", "CAL-3")
        given().when(opening(children=[CHILD | {"born_on": date(2024, 10, 4)}])).then_refused("before the birth date", "CAL-3")

    def test_a_ref_names_one_child(self) -> None:
        given(opened()).when(AddChild.model_validate({"child": CHILD})).then_refused("already used", "TOOL-12")

    def test_another_process_is_named_and_its_content_stays_there(self) -> None:
        named = RecordCrossReference(process="child-death", reference="CDOP-7", status="open")
        given(opened()).when(named).then(CrossReferenceRecorded)
        told = RecordCrossReference(process="child-death", reference="CDOP-7", status="findings: " * 60)
        given(opened()).when(told).then_refused("not kept here", "WEB-13")

    def test_another_areas_case_is_referred_there(self) -> None:
        given(opened()).when(ReferToArea(authority="bury", because="it happened there")).then(CaseReferredToArea)

    def test_what_is_known_otherwise_later_is_an_amendment_with_its_reason(self) -> None:
        amended = AmendIncident(harm="injured", because="the injury was less grave than feared")
        story = given(opened()).when(amended).then(IncidentAmended)
        assert story.case.opening.incident is not None
        assert story.case.opening.incident.harm == "injured"

    def test_time_alone_takes_no_harm_back(self) -> None:
        incident = given(opened(), NotificationAcknowledged(to="the ward", channel="portal")).case.opening.incident
        assert incident is not None
        assert incident.meets_statutory_test


class TestTheDiscussion:
    def test_is_recorded_with_lived_experience_domains_and_rationale(self) -> None:
        asked = DISCUSSED.model_copy(update={"domains": ("health", "home")})
        happened = given(opened("local-authority")).when(asked).then(NotificationDiscussed).events[0]
        assert isinstance(happened, NotificationDiscussed)
        assert (happened.lived_experience, happened.domains) == ("seldom held", ("health", "home"))

    def test_comes_before_an_organisations_form(self) -> None:
        given(opened()).when(form()).then_refused("no discussion", "BOL-52")
        given(opened(), DISCUSSED).when(form()).then(NotificationReceived)

    def test_comes_first_for_learning_too(self) -> None:
        given(opened(concern="local-learning")).when(form()).then_refused("no discussion", "BOL-52")

    def test_may_be_left_out_where_it_is_urgent_and_that_is_said(self) -> None:
        happened = given(opened()).when(form(because="the child is at risk tonight")).then(NotificationReceived).events[0]
        assert isinstance(happened, NotificationReceived)
        assert happened.overrode == ("BOL-52",)

    def test_is_no_condition_on_the_local_authoritys_route(self) -> None:
        given(opened("local-authority")).when(form()).then(NotificationReceived)


class TestConsent:
    @pytest.mark.parametrize("outcome", ["given", "refused", "not-sought", "withdrawn"])
    def test_is_recorded_and_never_stands_in_the_way(self, outcome: str) -> None:
        asked = RecordNotificationConsent.model_validate(
            {"subject": "mother", "outcome": outcome, "lawful_basis": "safeguarding task", "because": "as she said"}
        )
        story = given(opened(), DISCUSSED).when(asked).then(NotificationConsentRecorded)
        story.when(form()).then(NotificationReceived)


class TestTheForm:
    def test_keeps_its_version_and_the_way_it_came(self) -> None:
        happened = given(opened(), DISCUSSED).when(form(form_version="2024-3")).then(NotificationReceived).events[0]
        assert isinstance(happened, NotificationReceived)
        assert (happened.form_version, happened.channel) == ("2024-3", "portal")

    @pytest.mark.parametrize("route", ["parent", "community", "young-person"])
    def test_of_a_person_is_vouched_for_by_the_business_manager(self, route: str) -> None:
        given(opened(route)).when(form(), by="parent").then_refused("sufficient", "BOL-63")
        given(opened(route)).when(form(sufficient=True), by="parent").then_refused("sufficient", "BOL-63")
        given(opened(route)).when(form(sufficient=True)).then(NotificationReceived)

    def test_a_person_is_helped_with_it_and_an_organisation_is_not(self) -> None:
        help_given = SupportNotifier(help="went through the form together", interpreter=True)
        given(opened("parent")).when(help_given).then(NotifierSupported)
        given(opened()).when(help_given).then_refused("parent, community or young person", "BOL-62")

    def test_is_acknowledged_once_it_was_received(self) -> None:
        asked = AcknowledgeNotification(to="the ward", channel="secure-email")
        given(opened()).when(asked).then_refused("nothing has been received", "BOL-57")
        given(opened(), DISCUSSED, form()).when(asked).then(NotificationAcknowledged)

    def test_a_courtesy_receipt_may_be_recorded_for_a_parent(self) -> None:
        asked = AcknowledgeNotification(to="the mother", channel="post")
        given(opened("parent"), form(sufficient=True)).when(asked).then(NotificationAcknowledged)


class TestTheCopies:
    def test_go_to_each_partner_by_a_secure_way(self) -> None:
        received = given(opened(), DISCUSSED, form())
        received.when(ShareWithPartner(partner="health", channel="post")).then_refused("not secure", "BOL-65")
        for channel in SECURE:
            received.when(ShareWithPartner.model_validate({"partner": "health", "channel": channel})).then(NotificationShared)

    def test_make_the_authority_aware_where_it_was_not(self) -> None:
        share = ShareWithPartner(partner="local-authority", channel="portal")
        given(opened(), DISCUSSED, form()).when(share).then(NotificationShared, LocalAuthorityBecameAware)
        aware = LocalAuthorityBecameAware(authority="Bolton")
        given(opened(), aware, DISCUSSED, form()).when(share).then(NotificationShared)


class TestTheStatutoryNotification:
    @pytest.mark.parametrize("harm", ["died", "seriously-harmed"])
    @pytest.mark.parametrize("suspicion", ["known", "suspected"])
    def test_known_or_suspected_and_died_or_seriously_harmed_is_enough(self, suspicion: str, harm: str) -> None:
        given(opened(harm=harm, abuse_or_neglect=suspicion)).when(CONFIRMED).then(SeriousIncidentConfirmed)

    def test_the_test_is_not_met_without_both(self) -> None:
        given(opened(abuse_or_neglect="ruled-out")).when(CONFIRMED).then_refused("ruled out", "X-7")
        given(opened(harm="injured")).when(CONFIRMED).then_refused("neither died nor seriously harmed", "X-7")

    def test_waits_for_the_test_and_for_nobodys_consent(self) -> None:
        given(opened()).when(NOTIFIED).then_refused("not recorded as met", "X-7")
        given(opened(), CONFIRMED).when(NOTIFIED).then(SeriousIncidentNotified)

    def test_names_children_of_the_case_and_a_reference_of_its_own(self) -> None:
        stranger = NotifyPanel(portal_reference="SIN-1", children=("somebody",))
        given(opened(), CONFIRMED).when(stranger).then_refused("no child somebody", "BOL-44")
        given(opened(), CONFIRMED, NOTIFIED).when(NOTIFIED).then_refused("already recorded", "BOL-44")

    def test_begins_the_rapid_review_on_the_local_authoritys_route(self) -> None:
        given(opened("local-authority"), CONFIRMED).when(NOTIFIED).then(SeriousIncidentNotified, RapidReviewInitiated)

    def test_goes_with_the_local_form_and_not_after_it(self) -> None:
        given(opened()).when(SendLocalForm()).then_refused("no portal notification yet", "BOL-47")
        given(opened(), CONFIRMED, NOTIFIED).when(SendLocalForm()).then(LocalFormSent)


class TestTheProcedures:
    def test_every_national_edition_stands_behind_every_partnerships_own(self) -> None:
        for national in (edition for edition in EDITIONS.values() if edition.national):
            for local in (edition for edition in EDITIONS.values() if not edition.national):
                clocks = {row.row.due for row in Procedure(local, national).clocks}
                assert {row.due for row in national.clocks} <= clocks
                assert {row.due for row in local.clocks} <= clocks

    def test_barnet_and_bury_show_where_their_words_differ(self) -> None:
        rules = {name: {row.rule for row in EDITIONS[name].deviations} for name in ("barnet", "bury", "bolton")}
        assert "X-14" in rules["barnet"]
        assert {"X-3", "X-4", "X-7", "X-12"} <= rules["bury"]
        assert {"X-5", "X-11", "X-16"} <= rules["bolton"]

    def test_publishing_a_rapid_review_is_off(self) -> None:
        assert IN_2024.open_decision("R-16").value is False


def test_a_thematic_review_is_decided_by_the_manager_for_the_three() -> None:
    asked = DecideThematic(candidate="bolton-P5", outcome="undertake", rationale="it recurs")
    assert may(MANAGER, asked)
    assert not may("theme-analyst", asked)


def test_a_review_commissioned_names_its_commissioners() -> None:
    happened = ReviewCommissioned(review="local-learning", commissioners=("implementation-group-chair", "business-manager"))
    assert given(opened(), happened).case.commissioning.commissioners == ("implementation-group-chair", "business-manager")


def test_a_deed_may_be_of_any_day_a_weekend_too() -> None:
    saturday = date(2024, 10, 5)
    assert saturday < THURSDAY
    given(opened(), by(MANAGER, DISCUSSED.model_copy(update={"on": saturday}))).when(form()).then(NotificationReceived)
