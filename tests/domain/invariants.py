"""The twelve invariants of the process, each a function that looks at one step of a case: what was recorded and what stood before.

They read events alone, in words of their own, so that they do not repeat what the chapters do. What was recorded is judged on what
was known when it was: a later correction judges no old decision anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from application.case_view.allowed import allowed
from application.case_view.decisions import decisions
from application.information import CARRIED_BY
from domain.asking import Asking
from domain.case import Case, recall
from domain.clocks import ClockState, fold_clocks, made, step
from domain.corrections import effective
from domain.people import PARTNERS, By
from domain.recorded import Recorded
from domain.tracker import CaseFacts, facts, survey
from domain.working_days import london_date

Invariant = Callable[["Step"], None]

THREE = frozenset(PARTNERS)
LOCAL_REVIEW = ("local-review", "local-review-recommended")


@dataclass(frozen=True)
class Step:
    """What one asking recorded on a case. Histories are as they are stored, words sealed; `fields` has the words, by place.

    What is folded anew from the beginning is looked at on a `thorough` step only.
    """

    before: Sequence[Recorded]
    after: Sequence[Recorded]
    fields: Mapping[int, Mapping[str, Any]]
    stored: bytes
    secret: str
    clocks_before: ClockState
    clocks_after: ClockState
    adoptions: Sequence[Recorded]
    asking: Asking
    others: Sequence[CaseFacts] = ()
    thorough: bool = True
    askers: Sequence[By] = ()

    @property
    def new(self) -> Sequence[Recorded]:
        return self.after[len(self.before) :]

    @cached_property
    def known(self) -> tuple[Recorded, ...]:
        """What stood before, corrected values in their place."""
        return effective(self.before)

    @cached_property
    def case_before(self) -> Case:
        return recall(self.before)

    @cached_property
    def case(self) -> Case:
        return recall(self.after)

    def happened(self, *names: str) -> list[Recorded]:
        """What stood before of these names."""
        return [recorded for recorded in self.known if recorded.name in names]

    def recorded(self, *names: str) -> list[Recorded]:
        """What this step recorded of these names."""
        return [recorded for recorded in self.new if recorded.name in names]

    def said(self, recorded: Recorded, field: str) -> str:
        """A text of an entry, in the clear."""
        return str(self.fields[recorded.place].get(field) or "")


def no_local_review_without_a_rapid_review(step: Step) -> None:
    """1: no local review is decided, told of or commissioned without an outcome of a rapid review on the same case (BOL-27)."""
    outcomes = step.happened("rapid-review-outcome-decided")
    for decided in step.recorded("rapid-review-outcome-decided"):
        begun = step.happened("rapid-review-initiated")
        ended = step.happened("rapid-review-discontinued")
        assert begun, "an outcome of a rapid review that never began"
        assert not ended or max(b.place for b in begun) > max(e.place for e in ended), f"{decided.place}: the review was discontinued"
    for recorded in step.recorded("decision-replaced"):
        assert recorded.event.outcome not in LOCAL_REVIEW or outcomes
    assert not step.recorded("panel-told-of-review") or outcomes
    for recorded in step.recorded("review-commissioned"):
        assert recorded.event.review != "practice-review" or outcomes


def a_threshold_is_decided_on_three_positions(step: Step) -> None:
    """2: every threshold decided rests on just three positions, each of another partner, and on a rationale (BOL-66, R-7)."""
    for decided in step.recorded("threshold-decided", "decision-replaced", "decision-confirmed"):
        positions = [r.event for r in step.happened("partner-position-recorded") if r.event.ref == decided.event.ref]
        assert sorted(position.partner for position in positions) == sorted(THREE), decided.event.ref
        assert {position.question for position in positions} == {getattr(decided.event, "threshold", None) or decided.event.question}
        assert step.said(decided, "rationale").strip()
        if decided.name == "threshold-decided":
            stances = [position.position for position in positions]
            assert stances.count(decided.event.outcome) >= 2


def not_met_is_never_the_end_of_learning(step: Step) -> None:
    """3: with every not-met, learning is considered in the same asking (BOL-68)."""
    not_met = [r for r in step.recorded("threshold-decided", "decision-replaced") if r.event.outcome == "not-met"]
    for decided in (*not_met, *step.recorded("serious-incident-found-not-to-meet-criteria")):
        considered = [r for r in step.recorded("learning-considered") if r.header.command == decided.header.command]
        assert len(considered) == 1
        assert step.said(considered[0], "learning_considered").strip()


def the_business_manager_facilitates_unless_conflicted(step: Step) -> None:
    """4: somebody else facilitates only after the business manager declared an interest; another only by an override (BOL-88, R-17)."""
    for assigned in step.recorded("facilitator-assigned"):
        if assigned.event.role == "business-manager":
            continue
        declared = [r.by.role for r in step.happened("interest-declared")]
        assert "business-manager" in declared
        if assigned.event.role == "other":
            assert "designated-health-practitioner" in declared or "R-17" in assigned.event.overrode


def the_panel_has_seven_working_days_before_publication(step: Step) -> None:
    """5: a report is published seven working days or more after a copy of that very text was sent (CLK-11)."""
    for published in step.recorded("report-published"):
        copies = [r.on for r in step.happened("pre-publication-copy-sent") if r.event.digest == published.event.digest]
        assert copies
        days = [min(copies) + timedelta(days=n) for n in range(min((published.on - min(copies)).days, 60))]
        assert len(days) == 60 or sum(step.asking.calendar.is_working_day(day) for day in days) >= 7


def consent_changes_nothing_that_is_allowed(step: Step) -> None:
    """6: what the family said changes neither the case nor what anybody may ask on it (BOL-54, R-12)."""
    if step.recorded("notification-consent-recorded"):
        assert step.case == step.case_before
        for by in step.askers:
            assert allowed(step.case, by, step.asking) == allowed(step.case_before, by, step.asking)


def success_is_nobodys_harm(step: Step) -> None:
    """7: a case brought for its success never adds to a count of children harmed (BOL-31)."""
    told = facts("case/one", step.after)
    if told.concern == "learn-from-success":
        others = survey(step.others, step.asking.codes).counts
        assert survey([*step.others, told], step.asking.codes).counts == others
    for count in survey([*step.others, told], step.asking.codes).counts.values():
        assert not step.asking.codes.good_practice(count.code)


def replay_needs_no_clock_on_a_wall(step: Step) -> None:
    """8: folded event by event or at once, the clocks are the same, and each is what its events and its calendar make it."""
    if not step.thorough:
        return
    whole = fold_clocks(step.after, step.adoptions)
    assert whole.clocks == step.clocks_after.clocks
    adopted_since = any(r.name == "calendar-edition-adopted" and r.at > step.after[0].at for r in step.adoptions)
    for name, live in whole.live.items() if not adopted_since else ():
        now = made(name, whole.facts, whole.calendar)
        assert {(c.key, c.since, c.set_for, c.done) for c in live} == {(c.key, c.since, c.set_for, c.done) for c in now}


def a_decision_says_who_when_and_on_what(step: Step) -> None:
    """9: no decision is without who decided, in what capacity, when, when it was recorded, and what was before them."""
    for recorded in step.new:
        assert recorded.by.person
        assert recorded.by.role
        assert recorded.on <= london_date(recorded.at)
        assert (recorded.header.information is not None) == (recorded.name in CARRIED_BY)
    for decision in decisions(step.after, step.fields) if step.recorded(*CARRIED_BY) else ():
        assert decision["recorded_by"]["person"]
        assert decision["recorded_by"]["role"]
        assert decision["on"]
        assert decision["at"]
        for decider in decision.get("deciders", ()):
            assert decider["capacity"]
            assert decider["on"]
            assert "sent" in decider["information"]


def reopening_stops_no_clock(step: Step) -> None:
    """10: re-opening leaves every clock as it was; new ones start only from the new decision, and old ones stay readable (BOL-94)."""
    shown = {(clock.id, clock.since, clock.set_for) for clock in step.clocks_before.clocks}
    now = {(clock.id, clock.since, clock.set_for) for clock in step.clocks_after.clocks}
    assert shown <= now, "a clock once shown is shown for good"
    if step.recorded("decision-reopened", "decision-confirmed"):
        assert step.clocks_before.clocks == step.clocks_after.clocks
    if replaced := step.recorded("decision-replaced"):
        places = {recorded.place for recorded in step.new}
        fresh = [clock for clock in step.clocks_after.clocks if (clock.id, clock.since, clock.set_for) not in shown]
        assert all(places & {*clock.places} and clock.since == replaced[0].on for clock in fresh)


def an_endorsement_is_of_one_exact_text(step: Step) -> None:
    """11: what goes on is the text that all three endorsed since it was last another (BOL-90, BOL-167)."""
    for recorded in step.recorded("rapid-review-outcome-decided", "rapid-review-sent-to-panel"):
        endorsing = last_said(
            step.known, recorded.event.digest, "rapid-review-report-drafted", "rapid-review-endorsed", "rapid-review-endorsement-withheld"
        )
        assert {partner for partner, said in endorsing.items() if said.name == "rapid-review-endorsed"} == THREE
    for recorded in step.recorded("report-endorsed", "report-returned"):
        positions = last_said(step.known, recorded.event.digest, "report-drafted", "report-endorsement-recorded")
        assert {*positions} >= THREE
    if step.recorded("report-published"):
        assert step.recorded("report-published")[0].event.digest in {r.event.digest for r in step.happened("report-endorsed")}
    rapid_review = step.case.rapid_review
    if rapid_review.endorsed:
        assert rapid_review.endorsed == rapid_review.drafted == rapid_review.circulated


def last_said(history: Iterable[Recorded], digest: str, drafted: str, *said: str) -> dict[str, Recorded]:
    """By partner or organisation, what each said last of this text since the draft was another, or a new rapid review began."""
    endorsing: dict[str, Recorded] = {}
    for recorded in history:
        another_text = recorded.name == drafted and recorded.event.digest != digest
        if another_text or (drafted.startswith("rapid") and recorded.name == "rapid-review-initiated"):
            endorsing = {}
        elif recorded.name in said and recorded.event.digest == digest:
            endorsing[getattr(recorded.event, "partner", None) or recorded.event.organisation] = recorded
    return endorsing


def no_name_outside_the_vault(step: Step) -> None:
    """12: no text that somebody wrote stands in the clear in what is stored, nor in the case that decisions are taken on."""
    assert step.secret.encode() not in step.stored
    assert step.secret not in repr(step.case)
    assert "Sealed" not in repr(step.case), "the case that decides remembers words"
    assert step.secret not in repr(step.clocks_after.clocks)


INVARIANTS: tuple[Invariant, ...] = (
    no_local_review_without_a_rapid_review,
    a_threshold_is_decided_on_three_positions,
    not_met_is_never_the_end_of_learning,
    the_business_manager_facilitates_unless_conflicted,
    the_panel_has_seven_working_days_before_publication,
    consent_changes_nothing_that_is_allowed,
    success_is_nobodys_harm,
    replay_needs_no_clock_on_a_wall,
    a_decision_says_who_when_and_on_what,
    reopening_stops_no_clock,
    an_endorsement_is_of_one_exact_text,
    no_name_outside_the_vault,
)
"""Number one to number twelve."""


def stepped(state: ClockState, new: Iterable[Recorded]) -> ClockState:
    """The clocks with these events known as well, one after another."""
    for recorded in new:
        state = step(state, recorded)
    return state
