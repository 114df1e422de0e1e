"""The rule of three: what counts, what does not, and what follows from it (BOL-36, BOL-37, R-21, R-22)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from domain.candidate import (
    Candidate,
    Cause,
    ThematicCandidateDecided,
    ThematicCandidateExtended,
    ThematicCandidateLinked,
    ThematicCandidateRaised,
    recall_candidate,
)
from domain.recorded import Recorded
from domain.rule_of_three import follows
from domain.stages.notification import (
    NotificationFoundDuplicate,
    NotificationReceived,
    NotificationWithdrawn,
    Notifier,
    SeriousIncidentNotified,
)
from domain.stages.opening import CaseLinked, CaseOpened, ChildAdded, IncidentAmended, SamePersonRecorded
from domain.stages.review import ReportEndorsed
from domain.stages.theme_assignment import ThemeAssigned, ThemeWithdrawn
from domain.stages.threshold import CaseReroutedToSerious
from domain.themes import newest
from domain.tracker import CaseFacts, HarmedChild, Survey, facts, survey
from tests.domain.given import person
from tests.domain.telling import NOON, child, happened, opened, raised, recorded

CODES = newest()


def assigned(code, *children, standing="provisional"):
    return ThemeAssigned(code=code, version="1", children=children, standing=standing, basis="notification")


def case(name, *events) -> CaseFacts:
    return facts(name, recorded(*events, stream=f"case/{name}"))


def of_one(n, *codes, name=None, **more) -> CaseFacts:
    """A case of one injured child with these codes."""
    return case(name or f"case-{n}", opened(child(n), **more), *(assigned(code, f"child-{n}") for code in codes))


class Tracker:
    """The tracker and the candidates' streams: look, and remember what followed, an hour after the entry before."""

    def __init__(self) -> None:
        self.cases: dict[str, CaseFacts] = {}
        self.streams: dict[str, list[Recorded]] = {}
        self.hour = 0

    @property
    def candidates(self) -> dict[str, Candidate]:
        return {ref: recall_candidate(history) for ref, history in self.streams.items()}

    @property
    def survey(self) -> Survey:
        return survey(self.cases.values(), CODES)

    def sees(self, *cases: CaseFacts) -> list[tuple[str, str]]:
        """What follows on having seen these cases as they now are: refs and events."""
        self.cases |= {case.case: case for case in cases}
        happened = follows(self.survey, self.candidates, CODES)
        for ref, event in happened:
            self.remembers(ref, event)
        assert follows(self.survey, self.candidates, CODES) == (), "asked again, nothing follows"
        return [(ref, type(event).stored_name()) for ref, event in happened]

    def remembers(self, ref, event):
        self.hour += 1
        self.streams.setdefault(ref, []).extend(recorded(event, stream=f"candidate/{ref}", at=NOON + timedelta(hours=self.hour)))

    def raised_by_the_partners(self, partnership, code):
        self.remembers(f"{partnership}-{code}", raised(code, partnership))

    def decides(self, ref, outcome):
        self.remembers(ref, ThematicCandidateDecided(outcome=outcome, rationale="r", round=self.candidates[ref].round))

    def last(self, ref) -> Any:
        return self.streams[ref][-1].event

    def state(self, ref):
        return self.candidates[ref].state if ref in self.streams else None

    def count(self, code, partnership="bolton"):
        found = self.survey.count(partnership, code)
        return len(found.children), len(found.incidents)


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


# --- counting


def test_a_code_without_children_counts_nought(tracker):
    assert tracker.count("G5") == (0, 0)
    tracker.sees(case("one", opened(child(1, harm="none")), assigned("P4", "child-1")))
    tracker.sees(case("two", opened(child(2, harm="harmed-another")), assigned("P4", "child-2")))
    assert tracker.count("P4") == (0, 0)


@pytest.mark.parametrize("harm", ["died", "seriously-harmed", "injured"])
def test_injured_and_dead_children_count(tracker, harm):
    tracker.sees(case("one", opened(child(1, harm=harm)), assigned("P4", "child-1")))
    assert tracker.count("P4") == (1, 1)


def test_only_the_children_to_whom_the_code_is_assigned_count(tracker):
    tracker.sees(case("one", opened(child(1), child(2)), assigned("P4", "child-2")))
    assert tracker.count("P4") == (1, 1)


def test_a_sub_code_counts_towards_its_parent_a_child_once(tracker):
    tracker.sees(of_one(1, "P4.1", "P4.2", "P4"), of_one(2, "P4.2"))
    assert tracker.count("P4") == (2, 2)
    assert tracker.count("P4.1") == (1, 1)
    assert tracker.count("P4.2") == (2, 2)


def test_partnerships_are_counted_apart(tracker):
    tracker.sees(of_one(1, "P4"), of_one(2, "P4", partnership="bury"))
    assert tracker.count("P4") == (1, 1)
    assert tracker.count("P4", "bury") == (1, 1)


def test_one_person_in_two_incidents_is_one_child_and_two_incidents(tracker):
    told = SamePersonRecorded(person=person("child-1"), other=person("child-2"), basis="same birth date")
    tracker.sees(of_one(1, "P4"), case("two", opened(child(2)), assigned("P4", "child-2"), told))
    assert tracker.count("P4") == (1, 2)


def test_one_person_in_three_cases_is_one_child_whichever_pairs_were_recorded(tracker):
    told = SamePersonRecorded(person=person("child-3"), other=person("child-2"), basis="b")
    also = SamePersonRecorded(person=person("child-3"), other=person("child-1"), basis="b")
    tracker.sees(of_one(1, "P4"), of_one(2, "P4"), case("three", opened(child(3)), assigned("P4", "child-3"), told, also))
    assert tracker.count("P4") == (1, 3)


def test_cases_of_one_incident_are_one_incident_and_keep_their_children(tracker):
    linked = CaseLinked(case="case-1", relation="same-incident")
    tracker.sees(of_one(1, "P4"), case("two", opened(child(2)), assigned("P4", "child-2"), linked))
    assert tracker.count("P4") == (2, 1)


def test_another_relation_joins_no_incidents(tracker):
    linked = CaseLinked(case="case-1", relation="sibling")
    tracker.sees(of_one(1, "P4"), case("two", opened(child(2)), assigned("P4", "child-2"), linked))
    assert tracker.count("P4") == (2, 2)


def test_a_cross_border_incident_is_found_to_be_one_through_the_other_partnership(tracker):
    there = case("there", opened(child(9), partnership="bury"), CaseLinked(case="case-1", relation="same-incident"))
    here = case("here", opened(child(2)), assigned("P4", "child-2"), CaseLinked(case="there", relation="same-incident"))
    tracker.sees(of_one(1, "P4"), here, there)
    assert tracker.count("P4") == (2, 1)


@pytest.mark.parametrize(
    "event",
    [
        NotificationFoundDuplicate(of="case-2"),
        NotificationWithdrawn(),
        ThemeWithdrawn(code="P4"),
        ThemeWithdrawn(code="P4", children=("child-1",)),
    ],
)
def test_duplicates_and_what_was_withdrawn_do_not_count(tracker, event):
    tracker.sees(case("one", opened(child(1)), assigned("P4", "child-1"), event))
    assert tracker.count("P4") == (0, 0)


def received():
    return NotificationReceived(notifier=Notifier(person=person("notifier"), name="n", role_title="t"), narrative="n", channel="portal")


def test_notified_again_after_it_was_withdrawn_it_counts_again(tracker):
    tracker.sees(case("one", opened(child(1)), assigned("P4", "child-1"), received(), NotificationWithdrawn(), received()))
    assert tracker.count("P4") == (1, 1)


def test_learn_from_success_never_counts_until_it_is_rerouted(tracker):
    events = (opened(child(1), concern="learn-from-success"), assigned("P4", "child-1"), assigned("G1", "child-1"))
    tracker.sees(case("one", *events))
    assert tracker.count("P4") == (0, 0)
    tracker.sees(case("one", *events, CaseReroutedToSerious()))
    assert tracker.count("P4") == (1, 1)
    assert tracker.count("G1") == (0, 0)


def test_a_thematic_case_tells_of_no_incident_of_its_own(tracker):
    tracker.sees(
        case(
            "t",
            CaseOpened(partnership="bolton", label="T", route="partners", concern="thematic", children=(child(1),)),
            assigned("P4", "child-1"),
        )
    )
    assert tracker.count("P4") == (0, 0)


def test_children_are_provisional_until_one_assignment_is_confirmed(tracker):
    tracker.sees(
        case("one", opened(child(1)), assigned("P4", "child-1"), assigned("P4.1", "child-1", standing="confirmed")),
        of_one(2, "P4"),
    )
    count = tracker.survey.count("bolton", "P4")
    assert (count.provisional, count.confirmed) == (1, 1)


def test_three_counts_and_the_days_stand_side_by_side(tracker):
    early = happened(date(2022, 12, 24), date(2022, 12, 26))
    tracker.sees(
        case("one", opened(child(1), incident=early), received(), received(), assigned("P4", "child-1")),
        case("two", opened(child(2), child(3)), received(), assigned("P4", "child-2", "child-3")),
    )
    count = tracker.survey.count("bolton", "P4")
    assert (len(count.children), len(count.incidents), count.notifications) == (3, 2, 3)
    assert (count.first_on, count.last_on) == (date(2022, 12, 24), date(2024, 2, 20))


def test_on_the_local_authoritys_route_its_portal_notifications_are_the_notifications():
    told = SeriousIncidentNotified(portal_reference="SIN-1", children=("child-1",), recipients=("panel",))
    assert case("one", opened(child(1), route="local-authority"), told).times_notified == 1
    assert case("one", opened(child(1)), received(), told).times_notified == 1


def test_an_amended_incident_and_an_added_child_are_read(tracker):
    amended = IncidentAmended(happened_on=date(2024, 1, 2))
    told = case("one", opened(child(1)), amended, ChildAdded(child=child(2, harm="died")), assigned("P4", "child-1", "child-2"))
    tracker.sees(told)
    assert tracker.count("P4") == (2, 1)
    assert tracker.survey.count("bolton", "P4").first_on == date(2024, 1, 2)
    assert told.incident.summary is None


def test_a_person_who_was_not_named_is_told_apart_by_case_and_ref(tracker):
    nameless = [CaseFacts(case=name, partnership="bolton", concern="local-learning", incident=opened().incident,
                          children={"child": HarmedChild(person="", injured_or_dead=True)}, assigned={"P4": {"child": "provisional"}})
                for name in ("one", "two")]  # fmt: skip
    tracker.sees(*nameless)
    assert tracker.count("P4") == (2, 2)


# --- the rule


def test_three_children_in_two_incidents_are_enough(tracker):
    assert tracker.sees(of_one(1, "P4")) == []
    two = case("two", opened(child(2), child(3)), assigned("P4", "child-2", "child-3"))
    assert tracker.sees(two) == [("bolton-P4", "thematic-candidate-raised")]
    event = tracker.last("bolton-P4")
    assert (len(event.children), event.incidents, event.provisional, event.confirmed, event.raised_by) == (3, 2, 3, 0, "rule")
    assert {(child.case, child.child) for child in event.children} == {("case-1", "child-1"), ("two", "child-2"), ("two", "child-3")}


def test_three_siblings_in_one_incident_do_not_alone_raise_one(tracker):
    assert tracker.sees(case("one", opened(child(1), child(2), child(3)), assigned("F5", "child-1", "child-2", "child-3"))) == []


def test_there_is_no_window(tracker):
    def years_ago(n):
        return happened(date(2024 - n, 1, 5))

    seen = [tracker.sees(of_one(n, "S1", incident=years_ago(n))) for n in (20, 10, 0)]
    assert seen == [[], [], [("bolton-S1", "thematic-candidate-raised")]]


@pytest.mark.parametrize("code", ["C1", "C4"])
def test_codes_that_describe_children_raise_none(tracker, code):
    assert tracker.sees(*(of_one(n, code) for n in range(1, 5))) == []


def test_a_sub_code_is_considered_before_its_parent_which_then_says_nothing_more(tracker):
    assert tracker.sees(*(of_one(n, "H1.1") for n in (1, 2, 3))) == [("bolton-H1.1", "thematic-candidate-raised")]
    assert tracker.sees(of_one(4, "H1")) == [("bolton-H1", "thematic-candidate-raised")]


@pytest.mark.parametrize("outcome", ["decline", "defer", "undertake"])
def test_the_parent_says_nothing_more_whatever_the_state_of_the_sub_codes_candidate(tracker, outcome):
    tracker.sees(*(of_one(n, "H1.1") for n in (1, 2, 3)))
    tracker.decides("bolton-H1.1", outcome)
    assert tracker.sees(of_one(9)) == []
    # a fourth child under the sub-code is the sub-code's alone
    follows_now = {"undertake": "thematic-candidate-linked"}.get(outcome, "thematic-candidate-raised")
    assert tracker.sees(of_one(4, "H1.1")) == [("bolton-H1.1", follows_now)]


def test_a_parent_is_raised_of_children_that_no_sub_code_gathers(tracker):
    assert tracker.sees(of_one(1, "P4.1"), of_one(2, "P4.2"), of_one(3, "P4")) == [("bolton-P4", "thematic-candidate-raised")]


def test_children_moved_from_a_sub_code_to_its_parent_do_not_raise_the_parent(tracker):
    tracker.sees(*(of_one(n, "H1.1") for n in (1, 2, 3)))
    assert tracker.sees(of_one(3, "H1")) == []


def test_while_it_is_open_new_children_are_added_and_none_is_raised(tracker):
    tracker.sees(*(of_one(n, "P4") for n in (1, 2, 3)))
    assert tracker.sees(of_one(4, "P4")) == [("bolton-P4", "thematic-candidate-extended")]
    assert len(tracker.candidates["bolton-P4"].children) == 4


@pytest.mark.parametrize("outcome", ["decline", "defer"])
def test_declined_or_deferred_it_rises_again_with_the_next_new_child_only(tracker, outcome):
    tracker.sees(*(of_one(n, "P4") for n in (1, 2, 3)))
    tracker.decides("bolton-P4", outcome)
    assert tracker.sees(of_one(3, "P4.1"), of_one(5)) == []
    assert tracker.sees(of_one(3)) == []  # a code withdrawn …
    assert tracker.sees(of_one(3, "P4")) == []  # … and assigned again is no new child
    assert tracker.sees(of_one(4, "P4")) == [("bolton-P4", "thematic-candidate-raised")]
    assert (tracker.state("bolton-P4"), tracker.candidates["bolton-P4"].round) == ("open", 2)
    assert len(tracker.last("bolton-P4").children) == 4


def test_once_undertaken_later_cases_are_linked_and_none_is_raised(tracker):
    tracker.sees(*(of_one(n, "P4") for n in (1, 2, 3)))
    tracker.decides("bolton-P4", "undertake")
    assert tracker.sees(of_one(4, "P4")) == [("bolton-P4", "thematic-candidate-linked")]
    assert tracker.last("bolton-P4").case == "case-4"
    again = case("case-4", opened(child(4), child(5)), assigned("P4", "child-4", "child-5"))
    assert tracker.sees(again) == [("bolton-P4", "thematic-candidate-extended")]
    assert tracker.state("bolton-P4") == "undertaken"


def thematic_review(hour=None) -> CaseFacts:
    """The case of the thematic review; its report endorsed at that hour, if at one."""
    begun = CaseOpened(partnership="bolton", label="T", route="partners", concern="thematic", candidate="bolton-P4")
    endorsed = ReportEndorsed(digest="0" * 64, outcome="endorsed", review="thematic")
    at = NOON + timedelta(hours=hour or 0)
    return facts("thematic", recorded(begun, *([] if hour is None else [endorsed]), stream="case/thematic", at=at))


def test_the_endorsed_report_completes_it_and_the_next_child_starts_afresh(tracker):
    tracker.sees(*(of_one(n, "P4") for n in (1, 2, 3)))
    tracker.decides("bolton-P4", "undertake")
    assert tracker.sees(thematic_review()) == []
    assert tracker.sees(thematic_review(hour=tracker.hour)) == [("bolton-P4", "thematic-candidate-completed")]
    assert tracker.state("bolton-P4") == "completed"
    # the review of the first round does not complete the second
    assert tracker.sees(of_one(4, "P4")) == [("bolton-P4", "thematic-candidate-raised")]
    assert (tracker.state("bolton-P4"), tracker.candidates["bolton-P4"].round) == ("open", 2)


def test_a_review_endorsed_before_a_candidate_was_raised_does_not_complete_it(tracker):
    tracker.raised_by_the_partners("bolton", "P4")
    assert tracker.sees(thematic_review(hour=0)) == []
    assert tracker.state("bolton-P4") == "open"


def test_partners_raised_it_with_fewer_and_its_children_are_added(tracker):
    tracker.raised_by_the_partners("bolton", "S1")
    twins = case("twins", opened(child(1), child(2)), assigned("S1", "child-1", "child-2"))
    assert tracker.sees(twins) == [("bolton-S1", "thematic-candidate-extended")]
    assert tracker.count("S1") == (2, 1)
    assert not tracker.survey.no_longer_three(tracker.candidates["bolton-S1"])


def test_what_is_withdrawn_never_closes_an_open_candidate_but_shows_no_longer_three(tracker):
    tracker.sees(*(of_one(n, "P4") for n in (1, 2, 3)))
    assert not tracker.survey.no_longer_three(tracker.candidates["bolton-P4"])
    assert tracker.sees(of_one(3)) == []
    assert tracker.state("bolton-P4") == "open"
    assert tracker.survey.no_longer_three(tracker.candidates["bolton-P4"])


def test_two_children_found_to_be_one_are_not_new(tracker):
    tracker.sees(*(of_one(n, "P4") for n in (1, 2, 3)))
    tracker.decides("bolton-P4", "decline")
    same = case(
        "case-4",
        opened(child(4)),
        assigned("P4", "child-4"),
        SamePersonRecorded(person=person("child-4"), other=person("child-1"), basis="b"),
    )
    assert tracker.sees(same) == []


def test_only_the_candidates_of_one_partnership_are_looked_at_when_asked(tracker):
    cases = [of_one(n, "P4") for n in (1, 2, 3)] + [of_one(n, "P4", partnership="bury") for n in (4, 5, 6)]
    counted = survey(cases, CODES)
    cause = Cause(case="case-3", place=2)
    ((ref, event),) = follows(counted, {}, CODES, partnership="bury", cause=cause)
    assert isinstance(event, ThematicCandidateRaised)
    assert (ref, event.cause) == ("bury-P4", cause)
    assert follows(counted, {}, CODES, children=4) == ()


# --- properties

SOME_CODES = st.sampled_from(["P4", "P4.1", "P4.2", "H1", "H1.1", "F5", "C4", "G1"])
ASSIGNMENTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), SOME_CODES), max_size=24)
"""Of which case, to which of its three children, which code."""


def incidents(assignments) -> list[CaseFacts]:
    """Five incidents of three injured children each, with these assignments in this order."""
    told: dict[int, list[Any]] = {n: [] for n in range(5)}
    for n, sibling, code in assignments:
        told[n].append(assigned(code, f"child-{10 * n + sibling}"))
    return [case(f"case-{n}", opened(*(child(10 * n + sibling) for sibling in range(3))), *events) for n, events in told.items()]


def shape(counted: Survey):
    return {of: ({child.key for child in count.children}, count.incidents, count.confirmed) for of, count in counted.counts.items()}


@settings(deadline=None)
@for_all(ASSIGNMENTS, st.randoms(use_true_random=False))
def test_the_order_of_assignments_does_not_matter_for_the_counts(assignments, chance):
    shuffled = list(assignments)
    chance.shuffle(shuffled)
    assert shape(survey(incidents(assignments), CODES)) == shape(survey(reversed(incidents(shuffled)), CODES))


@settings(deadline=None)
@for_all(st.lists(SOME_CODES, max_size=8), st.integers(3, 6))
def test_siblings_in_one_incident_never_raise_one(codes, siblings):
    refs = [f"child-{n}" for n in range(siblings)]
    counted = survey([case("one", opened(*(child(n) for n in range(siblings))), *(assigned(code, *refs) for code in codes))], CODES)
    assert follows(counted, {}, CODES) == ()


@settings(deadline=None)
@for_all(ASSIGNMENTS)
def test_learn_from_success_never_counts(assignments):
    successes = [
        CaseFacts(**{f: getattr(told, f) for f in told.__struct_fields__} | {"concern": "learn-from-success"})
        for told in incidents(assignments)
    ]
    assert survey(successes, CODES).counts == {}


@settings(deadline=None)
@for_all(ASSIGNMENTS)
def test_a_parent_counts_each_child_of_its_sub_codes_once(assignments):
    counted = survey(incidents(assignments), CODES)
    for parent in ("P4", "H1"):
        family = {(n, sibling) for n, sibling, code in assignments if code == parent or code.startswith(f"{parent}.")}
        assert len(counted.count("bolton", parent).children) == len(family)
        assert len(counted.count("bolton", parent).incidents) == len({n for n, _ in family})


DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("assign"), st.integers(0, 4), st.integers(0, 2), SOME_CODES),
        st.tuples(st.just("withdraw"), st.integers(0, 4), SOME_CODES),
        st.tuples(st.just("decide"), st.sampled_from(["undertake", "decline", "defer"])),
    ),
    max_size=30,
)


@settings(deadline=None)
@for_all(DEEDS)
def test_never_are_two_open_for_one_code_and_none_is_raised_without_three(deeds):
    tracker = Tracker()
    told: dict[int, list[Any]] = {n: [] for n in range(5)}
    for deed in deeds:
        if deed[0] == "decide":
            still_open = [ref for ref, candidate in tracker.candidates.items() if candidate.state == "open"]
            for ref in still_open[:1]:
                tracker.decides(ref, deed[1])
            continue
        n = deed[1]
        told[n].append(assigned(deed[3], f"child-{10 * n + deed[2]}") if deed[0] == "assign" else ThemeWithdrawn(code=deed[2]))
        tracker.sees(case(f"case-{n}", opened(*(child(10 * n + sibling) for sibling in range(3))), *told[n]))
        for events in tracker.streams.values():
            state = "never"
            for event in (entry.event for entry in events):
                if isinstance(event, ThematicCandidateRaised):
                    assert state not in ("open", "undertake")
                    assert len(event.children) >= 3
                    assert event.incidents >= 2
                    assert CODES.eligible(event.code)
                    state = "open"
                elif isinstance(event, ThematicCandidateDecided):
                    state = event.outcome
                elif isinstance(event, ThematicCandidateLinked):
                    assert state == "undertake"
                else:
                    assert isinstance(event, ThematicCandidateExtended)
                    assert state in ("open", "undertake")
