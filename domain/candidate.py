"""A candidate for a thematic review: one per partnership and code, with a stream of its own (BOL-36, BOL-37, BOL-116).

The tracker raises it by the rule of three (`domain/tracker.py`), or the partners do so themselves; the partners decide; and it
follows the review until its report is endorsed. Raising it again starts the next round under the same ref.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from domain.language import CaseEvent, Code, Command, Part, Prose, Ref, Spoken, State, blank, replace
from domain.people import PersonId
from domain.personal import Words
from domain.stages.opening import Partnership
from domain.stages.theme_assignment import Standing, not_to_be_assigned

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

CandidateState = Literal["", "open", "undertaken", "declined", "deferred", "completed"]
Outcome = Literal["undertake", "decline", "defer"]
DECIDED: dict[Outcome, CandidateState] = {"undertake": "undertaken", "decline": "declined", "defer": "deferred"}


class QualifyingChild(Part):
    """A child injured or dead to whom the code is assigned: where it stands, and which incident befell it."""

    case: str
    child: str
    person: PersonId
    incident: str
    standing: Standing

    @property
    def key(self) -> str:
        """What tells this child from others, until two persons are recorded as one."""
        return self.person or f"{self.case}/{self.child}"


class Cause(Part):
    """The entry that made the tracker act: a case and the place in it."""

    case: str
    place: int


class Candidate(State, frozen=True):
    """A candidate as decisions see it. Never raised: its state is empty."""

    partnership: str = ""
    code: str = ""
    state: CandidateState = ""
    round: int = 0
    by_rule: bool = False
    children: frozenset[str] = frozenset()
    cases: frozenset[str] = frozenset()
    raised_at: datetime | None = None

    @property
    def ref(self) -> str:
        return candidate_ref(self.partnership, self.code)

    @property
    def ever_raised(self) -> bool:
        return self.state != ""

    @property
    def undertaken(self) -> bool:
        """Whether the thematic review was decided on and is under way (BOL-37)."""
        return self.state == "undertaken"


def candidate_ref(partnership: str, code: str) -> str:
    """`bolton-H1.1`, whoever raised it."""
    return f"{partnership}-{code}"


def candidate_parts(ref: str) -> tuple[str, str]:
    """The partnership and the code of a ref."""
    partnership, _, code = ref.partition("-")
    return partnership, code


# --- what happens to a candidate


class CandidateEvent(CaseEvent):
    """Something that happened to a candidate: remembered on a Candidate, where other events are remembered on a Case."""

    def apply(self, candidate: Candidate, then: Recorded) -> Candidate:  # type: ignore[override]  # its stream holds no other events
        return self.remembered(candidate, then.at)

    def remembered(self, candidate: Candidate, at: datetime | None) -> Candidate:
        """The candidate with this remembered; `at` is none while the tracker only considers what would follow."""
        return candidate


class ThematicCandidateRaised(CandidateEvent, name="thematic-candidate-raised"):
    """A practice issue recurs in the injuries or deaths of children: the partners are to decide on a thematic review (BOL-36).

    By the rule, with the children and the incidents that made three; by the partners on what they see themselves (BOL-116): the
    tracker then adds the children it knows of.
    """

    partnership: Partnership
    code: str
    version: str
    raised_by: Literal["rule", "partners"]
    round: int
    children: tuple[QualifyingChild, ...] = ()
    incidents: int
    provisional: int
    confirmed: int
    first_on: date | None = None
    last_on: date | None = None
    cause: Cause | None = None

    def remembered(self, candidate: Candidate, at: datetime | None) -> Candidate:
        return replace(
            candidate,
            partnership=self.partnership,
            code=self.code,
            state="open",
            round=self.round,
            by_rule=self.raised_by == "rule",
            raised_at=at,
            **_children(candidate, self.children),
        )


class ThematicCandidateDecided(CandidateEvent, name="thematic-candidate-decided"):
    """The three partners decided, with their reason, whether local learning would benefit from a thematic review (BOL-37)."""

    outcome: Outcome
    rationale: Words
    round: int

    def remembered(self, candidate: Candidate, at: datetime | None) -> Candidate:
        return replace(candidate, state=DECIDED[self.outcome])


class ThematicCandidateExtended(CandidateEvent, name="thematic-candidate-extended"):
    """Further children injured or dead belong to this candidate; it is not raised a second time."""

    children: tuple[QualifyingChild, ...]
    cause: Cause | None = None

    def remembered(self, candidate: Candidate, at: datetime | None) -> Candidate:
        return replace(candidate, **_children(candidate, self.children))


class ThematicCandidateLinked(CandidateEvent, name="thematic-candidate-linked"):
    """A later case joins the thematic review that is under way."""

    case: str
    children: tuple[QualifyingChild, ...]
    cause: Cause | None = None

    def remembered(self, candidate: Candidate, at: datetime | None) -> Candidate:
        return replace(candidate, **_children(candidate, self.children))


class ThematicCandidateCompleted(CandidateEvent, name="thematic-candidate-completed"):
    """The report of the thematic review was endorsed."""

    case: str
    cause: Cause | None = None

    def remembered(self, candidate: Candidate, at: datetime | None) -> Candidate:
        return replace(candidate, state="completed")


def _children(candidate: Candidate, children: Iterable[QualifyingChild]) -> dict[str, Any]:
    listed = tuple(children)
    return {
        "children": candidate.children | {child.key for child in listed},
        "cases": candidate.cases | {child.case for child in listed},
    }


def recall_candidate(history: Iterable[Recorded]) -> Candidate:
    """The candidate from the history of its stream."""
    candidate = Candidate()
    for recorded in history:
        candidate = cast(CandidateEvent, recorded.event).apply(candidate, recorded)
    return candidate


# --- what is asked of a candidate


class CandidateCommand(Command):
    """A command asked of a candidate: what `judged` is given as the case is a `Candidate`, and so is what the rules look at."""

    stream_kind: ClassVar[str] = "candidate"

    def stream(self) -> str:
        """The stream it is asked of: `candidate/bolton-H1.1`."""
        raise NotImplementedError(self.name)


class RaiseThematicCandidate(CandidateCommand, name="raise-thematic-candidate"):
    """The partners see a recurring issue themselves, also where the tracker has counted fewer than three (BOL-116)."""

    partnership: Partnership
    code: Code
    because: Prose

    def stream(self) -> str:
        return f"candidate/{candidate_ref(self.partnership, self.code)}"

    def objections(self, case: Case | Candidate, asking: Asking) -> Iterator[str]:
        candidate = cast(Candidate, case)
        yield from not_to_be_assigned(self.code, asking.codes)
        if asking.codes.find(self.code) and not asking.codes.eligible(self.code):
            yield f"The code {self.code} speaks of no practice issue that could recur, so it raises no thematic candidate (R-22)."
        if candidate.state == "open":
            yield f"The candidate {candidate.ref} is open already: new children are added to it and the partners decide (BOL-37)."
        if candidate.state == "undertaken":
            yield f"The thematic review of {candidate.ref} is under way: later cases join it (BOL-37)."

    def decide(self, case: Case | Candidate, asking: Asking) -> Iterator[CaseEvent]:
        yield ThematicCandidateRaised(
            partnership=self.partnership,
            code=self.code,
            version=asking.codes.version,
            raised_by="partners",
            round=cast(Candidate, case).round + 1,
            incidents=0,
            provisional=0,
            confirmed=0,
        )


class DecideThematic(CandidateCommand, name="decide-thematic"):
    """Recorded by the business manager for the three partners: both limbs of BOL-37, the number and the benefit."""

    candidate: Ref
    outcome: Outcome
    rationale: Spoken = None

    def stream(self) -> str:
        return f"candidate/{self.candidate}"

    @classmethod
    def refusals(cls, case: Case | Candidate, asking: Asking) -> Iterator[str]:
        candidate = cast(Candidate, case)
        if not candidate.ever_raised:
            yield "The candidate is not open: none was raised for this partnership and code (BOL-37)."
        elif candidate.state != "open":
            yield f"The candidate is not open: it is {candidate.state} (BOL-37)."

    def objections(self, case: Case | Candidate, asking: Asking) -> Iterator[str]:
        if blank(self.rationale):
            yield "The rationale is empty: the partners say why local learning would benefit from it or not (BOL-37)."

    def decide(self, case: Case | Candidate, asking: Asking) -> Iterator[CaseEvent]:
        yield ThematicCandidateDecided(
            outcome=self.outcome,
            rationale=self.rationale,  # type: ignore[arg-type]  # an empty one is refused
            round=cast(Candidate, case).round,
        )
