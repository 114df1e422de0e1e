"""Challenge and escalation. An organisation may challenge a decision and take it from level to level; a person makes a representation
(BOL-72, BOL-122, X-16, R-14). Neither suspends a safeguarding step, nor edits the decision it is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import ConfigDict

from domain.decisions import Unsaid, decisions_on, no_such_decision, ref_is_taken
from domain.language import CaseEvent, Code, Command, Field, Prose, Ref, State, next_ref, replace
from domain.people import By, PersonId, Role
from domain.personal import Words

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

Resolution = Literal["upheld", "not-upheld", "withdrawn"]
PERSONS = ("parent", "community-member", "young-person")
"""Who notifies as a person, for no organisation (X-16)."""


class Challenge(State, frozen=True):
    """An organisation's challenge: what it is about, the level it has reached, who hears it there and who has been heard."""

    ref: str
    decision: str
    raised_by: PersonId
    organisation: str
    level: int = 0
    heard_by: tuple[str, ...] = ()
    heard: tuple[By, ...] = ()
    outcome: Resolution | None = None

    @property
    def closed(self) -> bool:
        return self.outcome is not None

    def challenger(self, by: By) -> bool:
        """Whether this is who raised it, or somebody of their organisation."""
        return by.person == self.raised_by or by.organisation == self.organisation


class Escalation(State, frozen=True):
    """The challenges and the representations made on the case."""

    challenges: dict[str, Challenge] = {}
    representations: tuple[str, ...] = ()

    def challenge(self, ref: str) -> Challenge | None:
        return self.challenges.get(ref)

    @property
    def upheld(self) -> tuple[str, ...]:
        """The refs of challenges that were upheld: each may re-open a decision."""
        return tuple(challenge.ref for challenge in self.challenges.values() if challenge.outcome == "upheld")


def _with(case: Case, challenge: Challenge) -> Case:
    return replace(case, escalation=replace(case.escalation, challenges={**case.escalation.challenges, challenge.ref: challenge}))


def _no_challenge(case: Case) -> Iterator[str]:
    if not case.escalation.challenges:
        yield "No challenge has been raised on this case (BOL-72)."


def _no_such_challenge(case: Case, ref: str) -> Iterator[str]:
    if case.escalation.challenges and ref not in case.escalation.challenges:
        yield f"There is no challenge {ref} on this case (BOL-72)."


# --- an organisation's challenge


class ChallengeRaised(CaseEvent, name="challenge-raised"):
    """An organisation that notified challenged a decision of the partners, on stated grounds (BOL-72, BOL-122)."""

    ref: str
    decision: str
    organisation: str
    grounds: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return _with(case, Challenge(ref=self.ref, decision=self.decision, raised_by=then.by.person, organisation=self.organisation))


class RaiseChallenge(Command, name="raise-challenge"):
    decision: Ref
    organisation: Annotated[Code | None, Unsaid] = None
    grounds: Prose
    ref: Ref | None = None

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if asking.by.role in PERSONS or case.opening.route != "organisation":
            yield NOT_AN_ORGANISATION
        if not decisions_on(case):
            yield "Nothing has been decided that could be challenged (BOL-72)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.organisation is None:
            yield NOT_AN_ORGANISATION
        yield from no_such_decision(case, self.decision)
        yield from ref_is_taken(case, self.ref)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ChallengeRaised(
            ref=self.ref or next_ref("challenge", case.escalation.challenges),
            decision=self.decision,
            organisation=self.organisation or "",
            grounds=self.grounds,
        )


NOT_AN_ORGANISATION = (
    "The asker is not an organisation, or the route is not organisation: a challenge is an organisation's, a person makes a "
    "representation (X-16)."
)


class EscalationLevelEntered(CaseEvent, name="escalation-level-entered"):
    """The challenge was taken to a level, where these roles hear it (R-14)."""

    challenge: str
    level: int
    heard_by: tuple[str, ...]

    def apply(self, case: Case, then: Recorded) -> Case:
        challenge = case.escalation.challenge(self.challenge)
        return _with(case, replace(challenge, level=self.level, heard_by=self.heard_by, heard=())) if challenge else case


class EscalateChallenge(Command, name="escalate-challenge"):
    """Take a challenge to the next level. Levels are entered one after another, and are unclocked."""

    challenge: Ref
    level: int = Field(ge=1)
    heard_by: tuple[Role, ...] = Field(min_length=1)

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _no_challenge(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _no_such_challenge(case, self.challenge)
        if self.level > (last := len(asking.procedure.escalation_levels)):
            yield f"The procedure has no level {self.level}: its last is level {last} (R-14)."
        if (challenge := case.escalation.challenge(self.challenge)) is None:
            return
        if challenge.closed:
            yield f"The challenge {challenge.ref} is closed (R-14)."
        if self.level > challenge.level + 1:
            yield f"Level {self.level} skips a level: {challenge.ref} enters level {challenge.level + 1} next (R-14)."
        if self.level <= challenge.level:
            yield f"The challenge {challenge.ref} has entered level {challenge.level} already; a level is entered once (R-14)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield EscalationLevelEntered(challenge=self.challenge, level=self.level, heard_by=self.heard_by)


class EscalationViewRecorded(CaseEvent, name="escalation-view-recorded"):
    """Somebody who was heard gave their view of the challenge (R-14)."""

    challenge: str
    level: int
    view: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        challenge = case.escalation.challenge(self.challenge)
        return _with(case, replace(challenge, heard=(*challenge.heard, then.by))) if challenge else case


class RecordEscalationView(Command, name="record-escalation-view"):
    challenge: Ref
    view: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _no_challenge(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _no_such_challenge(case, self.challenge)
        if (challenge := case.escalation.challenge(self.challenge)) and challenge.level == 0:
            yield f"The challenge {challenge.ref} has entered no level yet, so nobody is heard (R-14)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        challenge = case.escalation.challenges[self.challenge]
        yield EscalationViewRecorded(challenge=challenge.ref, level=challenge.level, view=self.view)


class ChallengeResolved(CaseEvent, name="challenge-resolved"):
    """The challenge was upheld, not upheld or withdrawn. Upheld, it may re-open the decision; it never edits it."""

    challenge: str
    outcome: Resolution
    rationale: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        challenge = case.escalation.challenge(self.challenge)
        return _with(case, replace(challenge, outcome=self.outcome)) if challenge else case


class ResolveChallenge(Command, name="resolve-challenge"):
    """Resolve a challenge, by somebody who hears it; whoever took the decision does not do so alone."""

    challenge: Ref
    outcome: Resolution
    rationale: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from _no_challenge(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from _no_such_challenge(case, self.challenge)
        if (challenge := case.escalation.challenge(self.challenge)) is None:
            return
        if challenge.closed:
            yield f"The challenge {challenge.ref} is closed (R-14)."
        if challenge.level == 0:
            yield f"The challenge {challenge.ref} has entered no level yet, so nobody hears it (R-14)."
        if decided_alone(case, challenge, asking.by):
            yield (
                f"The original decision maker alone resolves it: you took a position in {challenge.decision}, and nobody who took none "
                "has been heard at this level (R-14)."
            )

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ChallengeResolved(challenge=self.challenge, outcome=self.outcome, rationale=self.rationale)


def decided_alone(case: Case, challenge: Challenge, by: By) -> bool:
    """Whether they took a position in the challenged decision, and nobody else was heard at this level but the challenger."""
    decision = decisions_on(case).get(challenge.decision)
    if decision is None or not decision.taken_by(by.person, by.partner):
        return False
    return all(decision.taken_by(heard.person, heard.partner) or challenge.challenger(heard) for heard in challenge.heard)


# --- a person's representation


class RepresentationReceived(CaseEvent, name="representation-received"):
    """A parent, a young person or somebody of the community said how they see a decision; it is considered and answered (X-16)."""

    ref: str
    from_whom: Words
    about: Words
    summary: Words

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, escalation=replace(case.escalation, representations=(*case.escalation.representations, self.ref)))


class ReceiveRepresentation(Command, name="receive-representation"):
    model_config = ConfigDict(populate_by_name=True)

    from_whom: Prose = Field(alias="from")
    about: Prose
    summary: Prose
    ref: Ref | None = None

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        yield from ref_is_taken(case, self.ref)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        ref = self.ref or next_ref("representation", case.escalation.representations)
        yield RepresentationReceived(ref=ref, from_whom=self.from_whom, about=self.about, summary=self.summary)


class RepresentationAnswered(CaseEvent, name="representation-answered"):
    """The person was answered (X-16)."""

    representation: str
    answer: Words


class AnswerRepresentation(Command, name="answer-representation"):
    representation: Ref
    answer: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.escalation.representations:
            yield "No representation has been received that could be answered (X-16)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if case.escalation.representations and self.representation not in case.escalation.representations:
            yield f"There is no representation {self.representation} on this case (X-16)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield RepresentationAnswered(representation=self.representation, answer=self.answer)
