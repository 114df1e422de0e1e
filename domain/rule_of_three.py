"""The rule of three: when a recurring theme becomes a candidate for a thematic review, and what happens then (BOL-36, BOL-37).

For one partnership and one eligible code: three or more children injured or dead across two or more incidents, whenever they
happened. A candidate is not yet a review: whether local learning would benefit is for the partners to decide, with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from domain.candidate import (
    Candidate,
    CandidateEvent,
    Cause,
    QualifyingChild,
    ThematicCandidateCompleted,
    ThematicCandidateExtended,
    ThematicCandidateLinked,
    ThematicCandidateRaised,
    candidate_ref,
)
from domain.themes import CodeSet
from domain.tracker import CHILDREN, INCIDENTS, CaseFacts, Count, Survey


def follows(
    counted: Survey,
    candidates: Mapping[str, Candidate],
    codes: CodeSet,
    *,
    children: int = CHILDREN,
    incidents: int = INCIDENTS,
    partnership: str | None = None,
    cause: Cause | None = None,
) -> tuple[tuple[str, CandidateEvent], ...]:
    """What happens to which candidate now, in this order. Asked again after that has been recorded, nothing follows.

    `candidates` has those that were ever raised, by ref; `children` and `incidents` are the procedure's (R-21). With a
    `partnership`, only its candidates are looked at. `cause` is the entry that made the tracker look.
    """
    now = dict(candidates)
    happened: list[tuple[str, CandidateEvent]] = []

    def happens(ref: str, event: CandidateEvent) -> None:
        now[ref] = event.remembered(now.get(ref, Candidate()), None)
        happened.append((ref, event))

    for case in counted.reviews:
        candidate = now.get(case.candidate or "", Candidate())
        if (partnership is None or candidate.partnership == partnership) and _completes(case, candidate):
            happens(candidate.ref, ThematicCandidateCompleted(case=case.case, cause=cause))
    in_order = sorted(counted.counts.values(), key=lambda count: (count.partnership, codes.parent(count.code) is None, count.code))
    for count in in_order:
        if partnership is not None and count.partnership != partnership:
            continue
        ref = candidate_ref(count.partnership, count.code)
        candidate = now.get(ref, Candidate())
        listed = counted.listed(candidate)
        new = tuple(child for child in count.children if counted.persons.of(child.key) not in listed)
        if not new:
            continue
        if candidate.state == "open":
            happens(ref, ThematicCandidateExtended(children=new, cause=cause))
        elif candidate.state == "undertaken":
            for event in _joining(candidate, new, cause):
                happens(ref, event)
        elif codes.eligible(count.code) and count.recurs(children, incidents) and not _told_by_a_sub_code(count, counted, now, codes):
            happens(ref, _raised(count, codes.version, candidate.round + 1, cause))
    return tuple(happened)


def _completes(case: CaseFacts, candidate: Candidate) -> bool:
    """Whether the endorsed report of this review completes the candidate's present round."""
    raised_at, endorsed_at = candidate.raised_at, case.endorsed_at
    return candidate.state not in ("", "completed") and raised_at is not None and endorsed_at is not None and raised_at < endorsed_at


def _joining(candidate: Candidate, new: Iterable[QualifyingChild], cause: Cause | None) -> Iterator[CandidateEvent]:
    """Later cases join the review that is under way; a further child of a case that is in it already is added to it."""
    by_case: dict[str, list[QualifyingChild]] = {}
    for child in new:
        by_case.setdefault(child.case, []).append(child)
    for case, children in by_case.items():
        if case in candidate.cases:
            yield ThematicCandidateExtended(children=tuple(children), cause=cause)
        else:
            yield ThematicCandidateLinked(case=case, children=tuple(children), cause=cause)


def _told_by_a_sub_code(count: Count, counted: Survey, candidates: Mapping[str, Candidate], codes: CodeSet) -> bool:
    """Whether a sub-code's candidate, whatever its state, has exactly these children: the parent then says nothing more."""
    own = counted.keys(count.children)
    for sub_code in (code.code for code in codes.codes if code.parent == count.code):
        candidate = candidates.get(candidate_ref(count.partnership, sub_code), Candidate())
        behind = counted.keys(counted.count(count.partnership, sub_code).children)
        if candidate.ever_raised and own in (behind, counted.listed(candidate)):
            return True
    return False


def _raised(count: Count, version: str, round_: int, cause: Cause | None) -> ThematicCandidateRaised:
    return ThematicCandidateRaised(
        partnership=count.partnership,  # type: ignore[arg-type]  # that of its cases
        code=count.code,
        version=version,
        raised_by="rule",
        round=round_,
        children=count.children,
        incidents=len(count.incidents),
        provisional=count.provisional,
        confirmed=count.confirmed,
        first_on=count.first_on,
        last_on=count.last_on,
        cause=cause,
    )
