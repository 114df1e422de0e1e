"""The candidates for thematic reviews that invented cases give rise to: raised by the rule, decided on, reviewed, completed.

What the rule says is asked of `domain/rule_of_three.py`, as the theme tracker asks it, under the same command ids: a tracker that
follows the log afterwards finds nothing left to record. Only the cases that may matter to an answer are counted, not all there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from application.cases import Asked, Prepared
from application.generating import stories
from application.generating.people import holder
from application.generating.plan import Plan, one_of
from application.generating.sealing import CaseSealing, Deed, Sealing
from application.generating.telling import Telling, Told
from application.generating.words import said
from application.rulebook import Rulebook
from application.store.store import Save
from application.tracker import BY_RULE, Known, command_of
from domain.asking import Asking
from domain.candidate import Candidate, Cause, DecideThematic, Outcome
from domain.case import Case
from domain.people import By
from domain.recorded import Recorded
from domain.roles import asked_by
from domain.rule_of_three import follows
from domain.tracker import CaseFacts, survey
from domain.working_days import london_date

OUTCOMES: Mapping[Outcome, int] = {"undertake": 60, "defer": 20, "decline": 20}
UNDER_WAY = ("open", "undertaken")
"""What further children are added to, one by one."""


class Tracking:
    """What the tracker knows of the cases recorded so far, and what is to be decided when."""

    def __init__(self, plan: Plan, rules: Rulebook, sealing: Sealing) -> None:
        self._plan = plan
        self._rules = rules
        self._sealing = sealing
        self._codes = rules.codes
        self._known = Known()
        self._coded: dict[tuple[str, str], dict[str, None]] = {}
        self._linked: dict[str, set[str]] = {}
        self._sealings: dict[str, CaseSealing] = {}
        self._may_be_raised: dict[str, bool] = {}
        self.told = Told("candidates")
        self.begun: list[Telling] = []
        self.to_decide: list[tuple[datetime, str, int]] = []

    def heed(self, deed: Deed) -> Iterator[Deed]:
        """What follows from a deed, to be recorded right after it. `told` has the keys, `to_decide` what comes later."""
        for because_of in deed.heeded:
            if because_of.name == "record-corrected":
                continue  # of days alone, which the tracker does not read
            self._known.take(because_of)
            case = self._known.cases[because_of.stream.partition("/")[2]]
            self._note(case)
            if not self._may_follow(case):
                continue
            yield from self._consequences(because_of, case)

    # --- the rule

    def _note(self, case: CaseFacts) -> None:
        for code in case.assigned:
            for counted in self._codes.counts_towards(code):
                self._coded.setdefault((case.partnership, counted), {})[case.case] = None
        for other in case.same_incident:
            self._linked.setdefault(case.case, set()).add(other)
            self._linked.setdefault(other, set()).add(case.case)

    def _may_follow(self, case: CaseFacts) -> bool:
        """Whether it is worth counting: not where each code's candidate is under way and names the children already, nor where
        there are too few cases behind a code to be a series. Where persons or incidents are said to be one, it always is."""
        if case.endorsed_at or case.same_person or case.case in self._linked:
            return True
        for code, children in case.assigned.items():
            keys = {child.person for ref in children if (child := case.children.get(ref)) and child.injured_or_dead}
            for counted in self._codes.counts_towards(code):
                candidate = self._known.candidates.get(f"{case.partnership}-{counted}")
                if candidate is not None:
                    if not keys <= candidate.children:
                        return True
                elif self._eligible(counted) and len(self._coded[case.partnership, counted]) > 1:
                    return True
        return False

    def _eligible(self, code: str) -> bool:
        if code not in self._may_be_raised:
            self._may_be_raised[code] = self._codes.eligible(code)
        return self._may_be_raised[code]

    def _consequences(self, because_of: Recorded, case: CaseFacts) -> Iterator[Deed]:
        known, partnership = self._known, case.partnership
        on = london_date(because_of.at)
        rule = self._rules.procedure(partnership, on, as_of=because_of.at).recurring_theme
        happened = follows(
            survey(self._concerned(case), self._codes), known.candidates, self._codes, children=rule.children, incidents=rule.incidents,
            partnership=partnership, cause=Cause(case=case.case, place=because_of.place),
        )  # fmt: skip
        for number, (ref, event) in enumerate(happened):
            save = Save(
                stream=f"candidate/{ref}", expected_place=len(known.raised.get(ref, ())), on=on,
                by=By(person=BY_RULE.person, role=BY_RULE.role, partnership=partnership),
                procedure=self._rules.editions(partnership, on, as_of=because_of.at),
                calendar=self._rules.calendar(as_of=because_of.at).edition, command=command_of(because_of, ref, number, event),
                events=(event,), at=because_of.at,
            )  # fmt: skip
            yield self._recorded(ref, save)
            if event.stored_name() == "thematic-candidate-raised":
                self._schedule(ref, because_of.at)

    def _concerned(self, case: CaseFacts) -> list[CaseFacts]:
        """The case, and where a candidate may be raised all that stands behind its code; with every case of the same incident."""
        wanted = {case.case: None}
        for counted in dict.fromkeys(counted for code in case.assigned for counted in self._codes.counts_towards(code)):
            candidate = self._known.candidates.get(f"{case.partnership}-{counted}")
            if self._eligible(counted) and (candidate is None or candidate.state not in UNDER_WAY):
                wanted |= self._coded[case.partnership, counted]
        waiting = [*wanted]
        while waiting:
            for other in self._linked.get(waiting.pop(), ()):
                if other not in wanted:
                    wanted[other] = None
                    waiting.append(other)
        return [self._known.cases[name] for name in wanted if name in self._known.cases]

    # --- the partners

    def _schedule(self, ref: str, at: datetime) -> None:
        round_ = self._known.candidates[ref].round
        chance = self._plan.chance("deciding", ref, round_)
        days = chance.choices((chance.randint(15, 90), chance.randint(200, 700), 0), (15, 35, 50))[0]
        if days:
            self.to_decide.append((at + timedelta(days=days), ref, round_))

    def decide(self, at: datetime, ref: str, round_: int) -> Iterator[Deed]:
        """The partners decide on a candidate. The review that they undertake is told at once and left in `begun`."""
        candidate = self._known.candidates[ref]
        chance = self._plan.chance("decided", ref, round_)
        by = holder("business-manager", candidate.partnership)
        command = DecideThematic(candidate=ref, outcome=one_of(chance, OUTCOMES), rationale=said(chance, 3))
        today, rules = london_date(at), self._rules
        asking = Asking(
            by=asked_by(command, by, Case()), at=at, today=today, on=today,
            procedure=rules.procedure(candidate.partnership, today, as_of=at), calendar=rules.calendar(as_of=at), codes=rules.codes,
        )  # fmt: skip
        editions = rules.editions(candidate.partnership, today, as_of=at)
        history = self._known.raised[ref]
        prepared = Prepared(f"candidate/{ref}", history, candidate, command, asking, editions, (), candidate.partnership)
        asked = Asked(str(UUID(int=chance.getrandbits(128), version=4)), "", at=at)
        yield self._recorded(ref, prepared.save(prepared.judged(), asked))
        after: Candidate = self._known.candidates[ref]
        if after.undertaken:
            self.begun.append(stories.thematic(self._plan, after, rules, self._sealing, at=at))

    def _recorded(self, ref: str, save: Save) -> Deed:
        if ref not in self._sealings:
            self._sealings[ref] = self._sealing.of_case(self._plan.chance("keys", ref), self.told)
        history = self._known.raised.get(ref, ())
        entry, recorded = self._sealings[ref].sealed(save, history[-1].hash if history else b"")
        for one in recorded:
            self._known.heed(one)
        return Deed(recorded[0].at, entry, ())

    @property
    def candidates(self) -> int:
        """How many candidates were ever raised."""
        return len(self._known.candidates)
