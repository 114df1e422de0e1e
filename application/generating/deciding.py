"""The three partners decide; what they decide is fed back, challenged, and now and then decided again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from application.generating.telling import Telling
from domain.decisions import Question
from domain.people import PARTNERS, By
from domain.stages.escalation import (
    AnswerRepresentation,
    EscalateChallenge,
    RaiseChallenge,
    ReceiveRepresentation,
    RecordEscalationView,
    ResolveChallenge,
)
from domain.stages.reopening import ConfirmDecision, ReopenDecision, ReplaceDecision
from domain.stages.threshold import WITHOUT_REFERRER, ConvenePartnerMeeting, DecideThreshold, FeedBackDecision, RecordPartnerPosition

LEVELS: tuple[tuple[Any, ...], ...] = (("business-manager",), ("delegated-partner",), ("lead-partner", "scrutineer"))


def positions(t: Telling, question: Question, outcome: str) -> None:
    """Each of the three says where they stand; now and then one dissents."""
    other = "not-met" if outcome == "met" else "met"
    dissenting = t.chance.choice(PARTNERS) if t.may(16) else None
    for partner in PARTNERS:
        position: Any = other if partner == dissenting else outcome
        who: Any = partner
        t.ask(f"delegated-partner/{partner}", RecordPartnerPosition(partner=who, question=question, position=position, rationale=t.says(3)))


def decided(t: Telling, question: Question, outcome: Any) -> str:
    """They meet and decide; whoever notified hears of it. The ref of the decision."""
    t.wait(t.chance.choices((1, 3, 5, 9), (20, 45, 25, 10))[0])
    t.ask("business-manager", ConvenePartnerMeeting(meets_on=t.today + timedelta(days=3), attendees=PARTNERS))
    t.wait(t.between(1, 5))
    positions(t, question, outcome)
    considered = t.says() if outcome == "not-met" else None
    t.ask("business-manager", DecideThreshold(threshold=question, outcome=outcome, rationale=t.says(3), learning_considered=considered))
    ref = [*t.case.threshold.decisions][-1]
    fed_back(t, ref)
    return ref


def fed_back(t: Telling, ref: str) -> None:
    """The decision goes back to whoever notified, now and then late, now and then first without its reasons."""
    if t.case.opening.route in WITHOUT_REFERRER or t.may(3):
        return
    t.wait(t.chance.choices((1, 3, 5, 12), (30, 35, 25, 10))[0])
    if t.may(6):
        t.ask("business-manager", FeedBackDecision(decision=ref, to=t.says(1), rationale_included=False))
        t.wait(t.between(1, 4))
    t.ask("business-manager", FeedBackDecision(decision=ref, to=t.says(1), rationale_included=True))


def challenged(t: Telling, by: By, decision: str) -> str | None:
    """An organisation takes the decision from level to level. The ref of the challenge, if it was upheld."""
    t.wait(t.between(2, 15))
    t.ask(by, RaiseChallenge(decision=decision, organisation=by.organisation, grounds=t.says(3)))
    ref = [*t.case.escalation.challenges][-1]
    last = t.chance.choices((1, 2, 3), (55, 30, 15))[0]
    for level in range(1, last + 1):
        t.wait(t.between(2, 10))
        t.ask("business-manager", EscalateChallenge(challenge=ref, level=level, heard_by=LEVELS[level - 1]))
        heard = t.by("delegated-partner/health" if level == 2 else LEVELS[level - 1][0])
        t.ask(by, RecordEscalationView(challenge=ref, view=t.says()))
        t.ask(heard, RecordEscalationView(challenge=ref, view=t.says()))
    upheld = last > 1 and t.may(50)
    t.wait(t.between(1, 5))
    # at the second level the business manager, who took no position, gives a view so that no partner decides alone
    resolver = "lead-partner" if last == 3 else "business-manager" if last == 1 else None
    if resolver is None:
        t.ask("business-manager", EscalateChallenge(challenge=ref, level=3, heard_by=LEVELS[2]))
        resolver = "lead-partner"
    t.ask(resolver, ResolveChallenge(challenge=ref, outcome="upheld" if upheld else "not-upheld", rationale=t.says(2)))
    return ref if upheld else None


def decided_again(t: Telling, decision: str, challenge: str) -> str | None:
    """A challenge that was upheld opens the decision again. The ref of what was decided instead, if it was."""
    t.wait(t.between(1, 6))
    t.ask("delegated-partner/health", ReopenDecision(decision=decision, trigger="challenge-upheld", cites=challenge))
    was = t.case.threshold.decisions[decision]
    instead: Any = "met" if was.outcome == "not-met" else "not-met"
    replaced = t.may(70)
    t.wait(t.between(1, 6))
    question: Any = was.question
    positions(t, question, instead if replaced else str(was.outcome))
    if not replaced:
        t.ask("business-manager", ConfirmDecision(decision=decision, rationale=t.says(2)))
        return None
    considered = t.says() if instead == "not-met" else None
    t.ask("business-manager", ReplaceDecision(decision=decision, outcome=instead, rationale=t.says(2), learning_considered=considered))
    ref = [*t.case.threshold.decisions][-1]
    fed_back(t, ref)
    return ref


def represented(t: Telling) -> None:
    """A person, not an organisation, says how they see it, and is answered."""
    t.ask("business-manager", ReceiveRepresentation(from_whom=t.says(1), about=t.says(1), summary=t.says()))
    t.wait(t.between(2, 12))
    t.ask("business-manager", AnswerRepresentation(representation=t.case.escalation.representations[-1], answer=t.says()))
