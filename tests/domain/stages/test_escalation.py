"""Challenges go from level to level and are resolved by others than those who decided; persons make representations."""

from __future__ import annotations

from typing import Any

import pytest

from domain.stages.escalation import (
    AnswerRepresentation,
    ChallengeRaised,
    ChallengeResolved,
    EscalateChallenge,
    EscalationLevelEntered,
    EscalationViewRecorded,
    RaiseChallenge,
    ReceiveRepresentation,
    RecordEscalationView,
    RepresentationAnswered,
    RepresentationReceived,
    ResolveChallenge,
)
from domain.stages.rapid_review import ImmediateActionRecorded, RecordImmediateAction
from tests.domain.given import HEALTH, MANAGER, POLICE, Telling, by, given, opened, person
from tests.domain.stages.partners import NOTIFIED, decided, three

TRUST = "notifier/hospital-trust"
NOT_MET: Telling = (opened(), *three("not-met", "not-met", "abstain"), decided("not-met"))
RAISED = RaiseChallenge(decision="threshold-1", organisation="hospital-trust", grounds="the account does not explain the force")
CHALLENGED: Telling = (*NOT_MET, by(TRUST, RAISED))


def to_level(level: int, *heard_by: Any, challenge: str = "challenge-1") -> EscalateChallenge:
    return EscalateChallenge(challenge=challenge, level=level, heard_by=heard_by or ("delegated-partner", "scrutineer"))


def resolving(outcome: Any = "upheld") -> ResolveChallenge:
    return ResolveChallenge(challenge="challenge-1", outcome=outcome, rationale="suspicion is enough")


VIEW = RecordEscalationView(challenge="challenge-1", view="suspicion is enough")
AT_LEVEL_ONE: Telling = (*CHALLENGED, to_level(1))


class TestRaisingAChallenge:
    def test_is_an_organisations_right(self) -> None:
        story = given(*NOT_MET).when(RAISED, by=TRUST)
        grounds = "the account does not explain the force"
        story.then(ChallengeRaised(ref="challenge-1", decision="threshold-1", organisation="hospital-trust", grounds=grounds))
        challenge = story.case.escalation.challenge("challenge-1")
        assert challenge is not None
        assert challenge.raised_by == person(TRUST)

    @pytest.mark.parametrize("who", ["parent/father", "community-member", "young-person"])
    def test_is_not_a_persons(self, who: str) -> None:
        given(*NOT_MET).when(RAISED, by=who).then_refused("the asker is not an organisation", "representation", "X-16")

    @pytest.mark.parametrize("route", ["parent", "community", "young-person", "local-authority", "partners"])
    def test_is_of_the_organisation_route(self, route: str) -> None:
        story = given(opened(route), *NOT_MET[1:]).when(RAISED, by=TRUST)
        story.then_refused("the route is not organisation", "X-16")

    @pytest.mark.parametrize("organisation", [None, "", " "])
    def test_names_the_organisation(self, organisation: str | None) -> None:
        nameless = RaiseChallenge.model_validate({**RAISED.model_dump(), "organisation": organisation})
        given(*NOT_MET).when(nameless, by=TRUST).then_refused("X-16")

    def test_is_too_early_before_a_decision(self) -> None:
        given(opened()).when(RAISED, by=TRUST).then_refused("nothing has been decided")

    def test_is_of_a_decision_of_the_case(self) -> None:
        given(*NOT_MET).when(RAISED.model_copy(update={"decision": "threshold-9"}), by=TRUST).then_refused("no decision threshold-9")

    def test_bears_a_ref_of_its_own(self) -> None:
        given(*NOT_MET).when(RAISED.model_copy(update={"ref": "threshold-1"}), by=TRUST).then_refused("already used")

    def test_leaves_the_decision_as_it_is(self) -> None:
        story = given(*CHALLENGED)
        assert story.case.threshold == given(*NOT_MET).case.threshold

    def test_suspends_no_safeguarding_step(self) -> None:
        action = RecordImmediateAction(for_whom="linked-children", action="a home visit today", owner="social care")
        given(*AT_LEVEL_ONE).when(action, by=POLICE).then(ImmediateActionRecorded)
        assert given(*AT_LEVEL_ONE, NOTIFIED).case.notification.panel_notified


class TestEscalating:
    def test_goes_from_level_to_level(self) -> None:
        story = given(*AT_LEVEL_ONE).when(to_level(2, "lead-partner"), by=TRUST)
        story.then(EscalationLevelEntered(challenge="challenge-1", level=2, heard_by=("lead-partner",)))

    def test_begins_at_the_first(self) -> None:
        given(*CHALLENGED).when(to_level(1)).then(EscalationLevelEntered)

    def test_skips_no_level(self) -> None:
        given(*CHALLENGED).when(to_level(2)).then_refused("skips a level", "R-14")

    def test_enters_a_level_once(self) -> None:
        given(*AT_LEVEL_ONE).when(to_level(1)).then_refused("entered level 1 already")

    def test_ends_with_the_last_level_of_the_procedure(self) -> None:
        given(*AT_LEVEL_ONE, to_level(2), to_level(3)).when(to_level(4)).then_refused("no level 4")

    def test_ends_when_the_challenge_is_closed(self) -> None:
        given(*AT_LEVEL_ONE, by("scrutineer", resolving())).when(to_level(2)).then_refused("closed")

    def test_is_too_early_before_a_challenge(self) -> None:
        given(*NOT_MET).when(to_level(1)).then_refused("no challenge has been raised")

    def test_is_of_a_challenge_of_the_case(self) -> None:
        given(*CHALLENGED).when(to_level(1, challenge="challenge-9")).then_refused("no challenge challenge-9")


class TestAView:
    def test_is_recorded_at_the_level_reached(self) -> None:
        story = given(*AT_LEVEL_ONE).when(VIEW, by="scrutineer")
        story.then(EscalationViewRecorded(challenge="challenge-1", level=1, view="suspicion is enough"))

    def test_is_too_early_before_a_challenge(self) -> None:
        given(*NOT_MET).when(VIEW, by="scrutineer").then_refused("no challenge has been raised")

    def test_is_of_a_challenge_of_the_case(self) -> None:
        elsewhere = VIEW.model_copy(update={"challenge": "challenge-9"})
        given(*AT_LEVEL_ONE).when(elsewhere, by="scrutineer").then_refused("no challenge challenge-9")


class TestResolving:
    def test_is_for_somebody_who_took_no_position(self) -> None:
        story = given(*AT_LEVEL_ONE).when(resolving(), by="scrutineer").then(ChallengeResolved)
        assert story.case.escalation.upheld == ("challenge-1",)

    def test_is_not_for_the_original_decision_maker_alone(self) -> None:
        given(*AT_LEVEL_ONE).when(resolving("not-upheld"), by=HEALTH).then_refused("original decision maker", "at this level")

    def test_may_be_done_by_an_original_decision_maker_once_another_was_heard(self) -> None:
        given(*AT_LEVEL_ONE, by("scrutineer", VIEW)).when(resolving(), by=HEALTH).then(ChallengeResolved)

    def test_hears_nobody_else_in_another_original_decision_maker(self) -> None:
        given(*AT_LEVEL_ONE, by(POLICE, VIEW)).when(resolving(), by=HEALTH).then_refused("original decision maker")

    def test_hears_nobody_else_in_the_challenger(self) -> None:
        given(*AT_LEVEL_ONE, by(TRUST, VIEW)).when(resolving(), by=HEALTH).then_refused("original decision maker")

    def test_counts_who_was_heard_at_this_level(self) -> None:
        story = given(*AT_LEVEL_ONE, by("scrutineer", VIEW), to_level(2)).when(resolving(), by=HEALTH)
        story.then_refused("original decision maker")

    def test_is_open_to_a_colleague_of_the_decision_maker(self) -> None:
        given(*AT_LEVEL_ONE).when(resolving(), by=f"{HEALTH}/Chief nurse").then(ChallengeResolved)

    def test_is_not_for_whoever_a_clerk_wrote_a_position_down_for(self) -> None:
        written = [by(MANAGER, told.what) for told in three("not-met", "not-met", "abstain")]
        story = given(opened(), written, decided("not-met"), by(TRUST, RAISED), to_level(1))
        story.when(resolving(), by=HEALTH).then_refused("original decision maker")

    def test_is_too_early_before_a_level_was_entered(self) -> None:
        given(*CHALLENGED).when(resolving(), by="scrutineer").then_refused("entered no level")

    def test_is_too_early_before_a_challenge(self) -> None:
        given(*NOT_MET).when(resolving(), by="scrutineer").then_refused("no challenge has been raised")

    def test_is_done_once(self) -> None:
        given(*AT_LEVEL_ONE, by("scrutineer", resolving())).when(resolving(), by="scrutineer").then_refused("closed")

    @pytest.mark.parametrize("outcome", ["not-upheld", "withdrawn"])
    def test_otherwise_than_upheld_re_opens_nothing(self, outcome: str) -> None:
        assert given(*AT_LEVEL_ONE, by("scrutineer", resolving(outcome))).case.escalation.upheld == ()


class TestARepresentation:
    RECEIVED = ReceiveRepresentation(from_whom="father", about="threshold-1", summary="it was serious to us")
    ANSWERED = AnswerRepresentation(representation="representation-1", answer="heard")

    def test_is_received(self) -> None:
        story = given(opened("parent")).when(self.RECEIVED)
        story.then(RepresentationReceived(ref="representation-1", from_whom="father", about="threshold-1", summary="it was serious to us"))

    def test_is_received_in_the_vocabularys_words(self) -> None:
        told = {"from": "father", "about": "threshold-1", "summary": "it was serious to us"}
        assert ReceiveRepresentation.model_validate(told) == self.RECEIVED

    def test_bears_a_ref_of_its_own(self) -> None:
        again = self.RECEIVED.model_copy(update={"ref": "representation-1"})
        given(opened("parent"), self.RECEIVED).when(again).then_refused("already used")

    def test_is_answered(self) -> None:
        given(opened("parent"), self.RECEIVED).when(self.ANSWERED).then(RepresentationAnswered)

    def test_cannot_be_answered_before_it_was_received(self) -> None:
        given(opened("parent")).when(self.ANSWERED).then_refused("no representation", "X-16")

    def test_is_answered_by_its_ref(self) -> None:
        another = self.ANSWERED.model_copy(update={"representation": "representation-9"})
        given(opened("parent"), self.RECEIVED).when(another).then_refused("no representation representation-9")
