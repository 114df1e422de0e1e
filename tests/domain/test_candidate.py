"""A thematic candidate: raised, decided with a reason, raised again; and never open twice."""

import pytest

from domain.candidate import (
    Candidate,
    DecideThematic,
    QualifyingChild,
    RaiseThematicCandidate,
    ThematicCandidateCompleted,
    ThematicCandidateDecided,
    ThematicCandidateExtended,
    ThematicCandidateLinked,
    candidate_parts,
    recall_candidate,
)
from tests.domain.given import person
from tests.domain.telling import NOON, asked, raised, recorded, refusal


def told(*events) -> Candidate:
    return recall_candidate(recorded(*events, stream="candidate/bolton-P4"))


def qualifying(n, case="one"):
    return QualifyingChild(case=case, child=f"child-{n}", person=person(f"child-{n}"), incident=case, standing="provisional")


RAISED = raised(raised_by="rule", children=(qualifying(1), qualifying(2)), incidents=1, provisional=2)
raise_it = RaiseThematicCandidate(partnership="bolton", code="P4", because="we see it in our audits too")


def decided(outcome):
    return ThematicCandidateDecided(outcome=outcome, rationale="r", round=1)


def test_its_ref_is_partnership_and_code_whoever_raised_it():
    assert raise_it.stream() == "candidate/bolton-P4"
    assert DecideThematic(candidate="bolton-H1.1", outcome="defer").stream() == "candidate/bolton-H1.1"
    assert candidate_parts("bolton-H1.1") == ("bolton", "H1.1")
    assert told(RAISED).ref == "bolton-P4"


def test_the_partners_raise_one_with_fewer_than_three():
    (event,) = asked(raise_it, Candidate())
    candidate = told(event)
    assert (event.raised_by, candidate.state, candidate.round, candidate.by_rule) == ("partners", "open", 1, False)


@pytest.mark.parametrize(("code", "says"), [("P9", "unknown"), ("C4", "R-22"), ("G1", "R-22")])
def test_a_code_that_speaks_of_no_practice_issue_raises_none(code, says):
    assert says in refusal(RaiseThematicCandidate(partnership="bolton", code=code, because="b"), Candidate())


def test_an_open_or_running_one_is_not_raised_again():
    assert "open already" in refusal(raise_it, told(RAISED))
    assert "under way" in refusal(raise_it, told(RAISED, decided("undertake")))


@pytest.mark.parametrize("ended", [decided("decline"), decided("defer"), ThematicCandidateCompleted(case="review")])
def test_raising_again_starts_the_next_round_under_the_same_ref(ended):
    (event,) = asked(raise_it, told(RAISED, ended))
    assert event.round == 2
    assert told(RAISED, ended, event).state == "open"


@pytest.mark.parametrize(("outcome", "state"), [("undertake", "undertaken"), ("decline", "declined"), ("defer", "deferred")])
def test_the_partners_decide_with_a_reason(outcome, state):
    (event,) = asked(DecideThematic(candidate="bolton-P4", outcome=outcome, rationale="local learning would benefit"), told(RAISED))
    assert told(RAISED, event).state == state


@pytest.mark.parametrize("rationale", [None, "", "  "])
def test_an_empty_rationale_is_refused(rationale):
    sentence = refusal(DecideThematic(candidate="bolton-P4", outcome="defer", rationale=rationale), told(RAISED))
    assert "rationale" in sentence
    assert "BOL-37" in sentence


def test_only_an_open_one_is_decided():
    decide = DecideThematic(candidate="bolton-P4", outcome="decline", rationale="r")
    assert "not open" in refusal(decide, Candidate())
    assert "not open: it is deferred" in refusal(decide, told(RAISED, decided("defer")))


def test_both_rules_are_named_where_both_refuse():
    sentences = refusal(DecideThematic(candidate="bolton-P4", outcome="decline"), Candidate())
    assert "not open" in sentences
    assert "rationale" in sentences


def test_it_remembers_every_child_and_case_it_named():
    linked = ThematicCandidateLinked(case="three", children=(qualifying(4, "three"),))
    candidate = told(RAISED, ThematicCandidateExtended(children=(qualifying(3, "two"),)), decided("undertake"), linked)
    assert candidate.children == {person("child-1"), person("child-2"), person("child-3"), person("child-4")}
    assert candidate.cases == {"one", "two", "three"}
    assert candidate.undertaken
    assert candidate.raised_at
    assert candidate.raised_at > NOON
    assert told(RAISED, decided("undertake"), ThematicCandidateCompleted(case="review")).state == "completed"
