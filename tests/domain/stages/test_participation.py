"""Those who take part in a review: invited, free to decline, supported, and heard."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.holds import HoldLifted, HoldPlaced
from domain.stages.participation import (
    EngagementRecorded,
    FamilyViewRecorded,
    InviteParticipant,
    OfferSupport,
    ParticipantInvited,
    ParticipationRecorded,
    RecordEngagement,
    RecordFamilyView,
    RecordParticipation,
    SupportOffered,
)
from tests.domain.given import given, opened, person

MOTHER, NURSE = person("mother"), person("nurse")
REVIEWER = "reviewer/college/reviewer-k"


def chose(outcome: Any, who: str = MOTHER) -> ParticipationRecorded:
    return ParticipationRecorded(participant=who, outcome=outcome)


def hold(person: str | None = None, scope: Any = "interview") -> HoldPlaced:
    return HoldPlaced(ref="hold-1", scope=scope, asked_by="police", basis="witness", review_on=date(2025, 1, 10), person=person)


class TestAnInvitation:
    ASKED = InviteParticipant(participant=MOTHER, kind="family", information_given="leaflet", adjustments="an evening, at home")

    def test_comes_with_information_and_what_the_person_needs(self) -> None:
        given(opened()).when(self.ASKED, by=REVIEWER).then(
            ParticipantInvited(participant=MOTHER, kind="family", information_given="leaflet", adjustments="an evening, at home")
        )

    def test_waits_for_the_police_interview(self) -> None:
        given(opened(), hold(MOTHER)).when(self.ASKED, by=REVIEWER).then_refused("interview hold on that person", "BOL-148")

    def test_waits_where_nobody_may_be_interviewed(self) -> None:
        given(opened(), hold()).when(self.ASKED, by=REVIEWER).then_refused("interview hold", "BOL-148")

    def test_of_somebody_else_does_not_wait(self) -> None:
        given(opened(), hold(NURSE)).when(self.ASKED, by=REVIEWER).then(ParticipantInvited)

    def test_does_not_wait_for_a_hold_of_another_kind(self) -> None:
        given(opened(), hold(MOTHER, "publication")).when(self.ASKED, by=REVIEWER).then(ParticipantInvited)

    def test_goes_ahead_once_the_hold_is_lifted(self) -> None:
        given(opened(), hold(MOTHER), HoldLifted(ref="hold-1")).when(self.ASKED, by=REVIEWER).then(ParticipantInvited)


class TestTakingPart:
    def test_is_a_choice_that_is_recorded_and_nothing_more(self) -> None:
        given(opened()).when(RecordParticipation(participant=MOTHER, outcome="declined")).then(chose("declined"))

    def test_may_be_chosen_otherwise_later(self) -> None:
        given(opened(), chose("declined"), chose("agreed")).when(
            RecordEngagement(participant=MOTHER, how="at home", shown="progress")
        ).then(EngagementRecorded)


class TestEngagement:
    ASKED = RecordEngagement(participant=MOTHER, how="at home", shown="emerging-findings")

    def test_is_recorded_with_what_was_shown(self) -> None:
        given(opened(), chose("agreed")).when(self.ASKED, by=REVIEWER).then(
            EngagementRecorded(participant=MOTHER, how="at home", shown="emerging-findings")
        )

    def test_respects_that_somebody_declined(self) -> None:
        given(opened(), chose("declined")).when(self.ASKED, by=REVIEWER).then_refused("participant declined", "BOL-138")

    def test_respects_that_somebody_withdrew(self) -> None:
        given(opened(), chose("agreed"), chose("withdrawn")).when(self.ASKED, by=REVIEWER).then_refused("withdrew", "BOL-138")

    def test_with_a_group_needs_no_participant(self) -> None:
        given(opened(), chose("declined")).when(RecordEngagement(how="a workshop", shown="progress"), by=REVIEWER).then(EngagementRecorded)

    def test_with_others_goes_on(self) -> None:
        given(opened(), chose("declined", NURSE)).when(self.ASKED, by=REVIEWER).then(EngagementRecorded)


class TestSupport:
    def test_is_offered_whatever_somebody_chose(self) -> None:
        asked = OfferSupport(participant=MOTHER, kind="counselling", taken_up=True)
        given(opened(), chose("declined")).when(asked).then(SupportOffered(participant=MOTHER, kind="counselling", taken_up=True))


class TestTheFamilysView:
    ASKED = RecordFamilyView(participant=MOTHER, about="publication", view="not on his birthday", impact="grief")

    def test_is_recorded(self) -> None:
        given(opened()).when(self.ASKED).then(FamilyViewRecorded)

    def test_is_not_recorded_of_somebody_who_declined(self) -> None:
        given(opened(), chose("declined")).when(self.ASKED).then_refused("participant declined", "BOL-138")

    def test_of_somebody_who_withdrew_later_is_recorded_all_the_same(self) -> None:
        given(opened(), chose("withdrawn")).when(self.ASKED).then(FamilyViewRecorded)
