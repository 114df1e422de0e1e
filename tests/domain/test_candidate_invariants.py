"""Whatever is told of cases and their themes, in any order, the rule of three raises just what it should, and the partners decide.

What the tracker says is held against a count made here in the plainest way, from the events alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from pydantic import ValidationError

from application.cases import NoSuchCase
from application.commands import COMMANDS
from application.tracker import Themes
from domain.candidate import Candidate, recall_candidate
from domain.corrections import effective
from domain.language import Refused
from domain.recorded import Recorded
from domain.themes import newest
from domain.tracker import Survey, facts, survey
from tests.any_asking import SECRET, Draw, Fields, Scene
from tests.in_memory import BEGINNING, InMemory
from tests.playing import every_key_gone, set_up

CHILDREN, INCIDENTS = 3, 2
CODES = ("P4", "P4.1", "P4.2", "S1", "C4", "G1")
PLACES = ("bolton", "bolton", "bury")
MOVES: Mapping[str, tuple[str, ...]] = {
    "thematic-candidate-raised": ("", "declined", "deferred", "completed"),
    "thematic-candidate-decided": ("open",),
    "thematic-candidate-extended": ("open", "undertaken"),
    "thematic-candidate-linked": ("undertaken",),
    "thematic-candidate-completed": ("open", "undertaken", "declined", "deferred"),
}
"""In which states of a candidate each event may happen to it."""
OF_A_CASE = (
    "add-child", "amend-incident", "record-same-person", "link-case", "mark-duplicate", "withdraw-notification", "withdraw-theme",
    "reroute-to-serious", "correct-record",
)  # fmt: skip
"""What may change a count."""


class Series(RuleBasedStateMachine):
    """Several cases, their children and themes, and the candidates that come of them."""

    world: InMemory
    at: datetime
    behind: bool

    @initialize(behind=st.booleans())
    def begins(self, behind: bool) -> None:
        """The tracker follows at once, or it lags behind and reads all of it in one go."""
        self.behind = behind
        self.world = set_up().upto(len(set_up().store.rows))
        self.at = BEGINNING + timedelta(days=2000)

    def ask(self, name: str, fields: dict[str, Any], by: str = "business-manager", case: str | None = None, place: str = "bolton") -> None:
        """Ask, let the tracker follow, and look. A refusal is an answer."""
        self.at += timedelta(hours=7)
        try:
            command = COMMANDS[name].model_validate(fields)
            self.world.run(self.world.cases.do(command, self.world.by(by, place), stream=case, at=self.at))
        except (Refused, ValidationError, NoSuchCase):
            return
        if not self.behind:
            self.world.run(self.world.themes.follow())
            self.looks()

    def partnership(self, case: str) -> str:
        return str(self.world.history(case)[0].event.partnership)

    # --- what happens

    @rule(data=st.data())
    def a_case_is_opened(self, data: st.DataObject) -> None:
        draw = Draw(data)
        place, n = draw.one(PLACES), len(self.world.cases_there())
        harm = ("injured", "died", "seriously-harmed", "none")
        children = [
            {"ref": f"child-{i}", "area_of_residence": place, "age_band": "5-9", "harm": draw.one(harm), "name": SECRET}
            for i in range(draw.number(1, 3))
        ]
        incident = {"area": place, "harm": "injured", "abuse_or_neglect": "suspected", "happened_on": "2020-03-04", "summary": SECRET}
        concern = "local-learning" if draw.chance(80) else "learn-from-success"
        given = {"partnership": place, "label": f"Child {n}", "route": "organisation", "concern": concern, "children": children}
        self.ask("open-case", {**given, "incident": incident if draw.chance(90) else None}, place=place)
        if cases := self.world.cases_there():
            self.theme(draw, cases[-1])

    @rule(data=st.data())
    def a_theme_is_assigned(self, data: st.DataObject) -> None:
        draw = Draw(data)
        if cases := self.world.cases_there():
            self.theme(draw, draw.one(cases[::-1]))

    def theme(self, draw: Draw, case: str) -> None:
        codes = draw.some(CODES, 2) or ["P4"]
        fields = {"codes": codes, "standing": draw.one(("provisional", "confirmed")), "basis": "other"}
        self.ask("assign-theme", fields, case=case, place=self.partnership(case))

    @rule(data=st.data())
    def something_is_known_otherwise(self, data: st.DataObject) -> None:
        """A child more, another harm, a duplicate, one incident under two names, a withdrawn code, a correction."""
        draw = Draw(data)
        if not (cases := self.world.cases_there()):
            return
        case = draw.one(cases)
        name = draw.one(OF_A_CASE)
        scene = Scene(self.world, case, self.at, self.world.history(case))
        try:
            fields = Fields(data, scene, name).drawn().model_dump()
        except ValidationError:
            return
        by = "delegated-partner/health" if name == "reroute-to-serious" else "business-manager"
        self.ask(name, fields, by, case, self.partnership(case))

    @rule(data=st.data())
    def the_partners_decide(self, data: st.DataObject) -> None:
        draw = Draw(data)
        known = self.candidates()
        if known and draw.chance(80):
            ref = draw.one([*known])
            fields = {"candidate": ref, "outcome": draw.one(("decline", "defer", "undertake")), "rationale": SECRET}
            self.ask("decide-thematic", fields, place=ref.partition("-")[0])
        else:
            fields = {"partnership": draw.one(PLACES), "code": draw.one(CODES), "because": SECRET}
            self.ask("raise-thematic-candidate", fields, "delegated-partner/health", place=fields["partnership"])

    # --- what must be so

    def candidates(self) -> dict[str, list[Recorded]]:
        streams = self.world.run(self.world.store.streams("candidate/"))
        return {stream.removeprefix("candidate/"): self.world.history(stream) for stream in streams}

    def looks(self) -> None:
        counted = survey([facts(case.removeprefix("case/"), self.world.history(case)) for case in self.world.cases_there()], newest())
        behind = self.counted_plainly(counted)
        for (place, code), children in behind.items():
            count = counted.count(place, code)
            assert {counted.persons.of(child.key) for child in count.children} == {person for person, _ in children}
            assert len(count.incidents) == len({incident for _, incident in children})
        for ref, history in self.candidates().items():
            moves_as_it_may(ref, history)
            candidate = recall_candidate(history)
            assert candidate.ref == ref
            assert newest().eligible(candidate.code)
            if (
                not self.behind
                and history[-1].at == self.at
                and history[-1].name == "thematic-candidate-raised"
                and history[-1].event.raised_by == "rule"
            ):
                children = behind[candidate.partnership, candidate.code]
                assert len({person for person, _ in children}) >= CHILDREN
                assert len({incident for _, incident in children}) >= INCIDENTS
        self.nobody_is_forgotten(behind)

    def counted_plainly(self, counted: Survey) -> dict[tuple[str, str], set[tuple[str, str]]]:
        """Children injured or dead behind each code, each with the incident, as anybody would count them by hand."""
        linked: list[set[str]] = []
        for case in self.world.cases_there():
            here = {case.removeprefix("case/")}
            here |= {
                r.event.case for r in effective(self.world.history(case)) if r.name == "case-linked" and r.event.relation == "same-incident"
            }
            joined = [group for group in linked if group & here]
            linked = [group for group in linked if not group & here] + [here.union(*joined)]
        found: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for case in self.world.cases_there():
            history = effective(self.world.history(case))
            opened = history[0].event
            names = [recorded.name for recorded in history]
            rerouted = "case-rerouted-to-serious" in names
            told = [*opened.children, *(recorded.event.child for recorded in history if recorded.name == "child-added")]
            success = opened.concern == "learn-from-success" and not rerouted
            if opened.incident is None or success or {"notification-found-duplicate", "notification-withdrawn"} & {*names}:
                continue
            assigned: dict[str, set[str]] = {}
            for recorded in history:
                if recorded.name == "theme-assigned":
                    assigned.setdefault(recorded.event.code, set()).update(recorded.event.children)
                elif recorded.name == "theme-withdrawn":
                    gone = {*recorded.event.children} or assigned.get(recorded.event.code, set())
                    assigned[recorded.event.code] = assigned.get(recorded.event.code, set()) - gone
            incident = min(next(group for group in linked if case.removeprefix("case/") in group))
            for code, refs in assigned.items():
                for child in told:
                    if child.ref in refs and child.harm in ("died", "seriously-harmed", "injured") and not newest().good_practice(code):
                        for towards in newest().counts_towards(code):
                            found.setdefault((opened.partnership, towards), set()).add((counted.persons.of(child.person), incident))
        return found

    def nobody_is_forgotten(self, behind: Mapping[tuple[str, str], set[tuple[str, str]]]) -> None:
        """Where three children in two incidents stand behind a code that may be raised, it was raised, or a code under it was."""
        raised = {*self.candidates()}
        for (place, code), children in behind.items():
            three = len({person for person, _ in children}) >= CHILDREN and len({incident for _, incident in children}) >= INCIDENTS
            if three and newest().eligible(code):
                below = [f"{place}-{sub.code}" for sub in newest().codes if sub.parent == code]
                assert {f"{place}-{code}", *below} & raised, f"{place}-{code} was not raised"

    def teardown(self) -> None:
        """Followed again from the beginning nothing more happens; nothing needs a key; no past answer changes."""
        if not hasattr(self, "world"):
            return
        if self.behind:
            self.world.run(self.world.themes.follow())
            self.looks()
        world, log = self.world, len(self.world.store.rows)
        with every_key_gone(world):
            anew = Themes(world.store, world.cases)
            world.run(anew.follow())
        assert len(world.store.rows) == log, "what had happened already happened again"
        assert anew._known.candidates == world.themes._known.candidates
        for place in {*PLACES}:
            told = world.run(world.themes.candidates(place, as_of=self.at))
            assert SECRET not in repr(told)
        assert SECRET.encode() not in b"".join(row.header + row.body for row in world.store.rows)


def moves_as_it_may(ref: str, history: list[Recorded]) -> None:
    """Each event finds the candidate in a state in which it may happen, and no child is named twice in one round."""
    candidate, named = Candidate(), set[str]()
    for recorded in history:
        assert candidate.state in MOVES[recorded.name], f"{ref}: {recorded.name} while {candidate.state!r}"
        if recorded.name == "thematic-candidate-raised":
            assert recorded.event.round == candidate.round + 1
            named = set()
        keys = [child.key for child in getattr(recorded.event, "children", ())]
        assert len(keys) == len({*keys})
        assert not named & {*keys}, f"{ref}: a child is named twice"
        named |= {*keys}
        candidate = recorded.event.apply(candidate, recorded)


class TestSeries(Series.TestCase):  # type: ignore[misc, valid-type]  # made by hypothesis
    """The same series every day."""

    settings = settings(max_examples=60, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])


@pytest.mark.slow
@pytest.mark.fuzz
@pytest.mark.timeout(1800)
class TestSeriesAtLength(Series.TestCase):  # type: ignore[misc, valid-type]  # made by hypothesis
    """Longer series, the same ones every time: what they find is found on every machine."""

    settings = settings(max_examples=100, stateful_step_count=40, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])


def test_codes_assigned_together_raise_a_candidate_once_however_far_behind_the_tracker_is() -> None:
    for behind in (False, True):
        series = Series.__new__(Series)
        Series.begins(series, behind)
        for n in range(3):
            child = {"ref": "child", "area_of_residence": "bolton", "age_band": "5-9", "harm": "injured"}
            incident = {"area": "bolton", "harm": "injured", "abuse_or_neglect": "suspected"}
            told = {"partnership": "bolton", "label": f"Child {n}", "route": "organisation", "concern": "local-learning"}
            series.ask("open-case", {**told, "incident": incident, "children": [child]})
            fields = {"codes": ["P4", "C4"], "standing": "provisional", "basis": "other"}
            series.ask("assign-theme", fields, case=series.world.cases_there()[-1])
        series.world.run(series.world.themes.follow())
        raised = {ref: [recorded.name for recorded in history] for ref, history in series.candidates().items()}
        assert raised["bolton-P4"] == ["thematic-candidate-raised"]
