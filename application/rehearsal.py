"""Running scenario files: each step is asked at its own instant, each expectation is held against what is found.

The same runner works in this process and over HTTP: it knows the world only through `World`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

import application.commands  # noqa: F401  # every chapter's commands register themselves
from application.marked import rewritten
from application.scenario import Expectation, Scenario, Step
from domain.language import COMMANDS, OfDocument
from domain.stages.opening import NamesCase

Result = Literal["done", "refused", "failed", "not-built"]
Held = Literal["holds", "missed", "not-built"]


@dataclass(frozen=True)
class Answer:
    """What came of asking: done, with its events; or refused, with the sentence."""

    done: bool
    sentence: str = ""
    events: tuple[Mapping[str, Any], ...] = ()
    case: str | None = None
    again: bool = False


class World(Protocol):
    """A store in rehearsal, in this process or behind the HTTP API. Cases are named by their ids."""

    async def ask(
        self,
        command: str,
        fields: Mapping[str, Any],
        *,
        case: str | None,
        by: str,
        partnership: str,
        at: datetime,
        seen: int | None,
        key: str | None,
    ) -> Answer: ...
    async def look(self, case: str, *, document: str | None, by: str, partnership: str, at: datetime) -> Answer:
        """Somebody is shown the case, or opens the document that this word, or digest, stands for."""
        ...

    async def clocks(self, case: str, at: datetime, as_of: datetime | None) -> Sequence[Mapping[str, Any]]: ...
    async def decisions(self, case: str, at: datetime, as_of: datetime | None) -> Sequence[Mapping[str, Any]]: ...
    async def endorsements(self, case: str, at: datetime, as_of: datetime | None) -> int: ...
    async def event_names(self, case: str, at: datetime, as_of: datetime | None) -> Sequence[str]: ...
    async def candidates(self, partnership: str, at: datetime, as_of: datetime | None) -> Sequence[Mapping[str, Any]]: ...
    async def tracker(self, partnership: str, code: str, at: datetime, as_of: datetime | None) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class StepTold:
    line: int
    at: datetime
    case: str | None
    by: str | None
    do: str | None
    result: Result
    sentence: str
    events: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "line": self.line, "at": self.at.isoformat(), "case": self.case, "by": self.by, "do": self.do, "result": self.result,
            "sentence": self.sentence, "events": list(self.events),
        }  # fmt: skip


@dataclass(frozen=True)
class ExpectationTold:
    line: int
    case: str | None
    kind: str
    result: Held
    wanted: Any
    found: Any

    def as_json(self) -> dict[str, Any]:
        return {"line": self.line, "case": self.case, "result": self.result, "wanted": {self.kind: self.wanted}, "found": self.found}


@dataclass
class Told:
    """How a scenario went."""

    file: str
    scenario: str
    steps: list[StepTold] = field(default_factory=list)
    expectations: list[ExpectationTold] = field(default_factory=list)
    cases: dict[str, str] = field(default_factory=dict)
    case_files: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    already_there: bool = False

    @property
    def exit(self) -> int:
        """0: all holds; 1: something fell short, or the file is in error; 2: nothing fell short but something is not built."""
        if self.error or any(s.result == "failed" for s in self.steps) or any(e.result == "missed" for e in self.expectations):
            return 1
        if any(s.result == "not-built" for s in self.steps) or any(e.result == "not-built" for e in self.expectations):
            return 2
        return 0

    def as_json(self) -> dict[str, Any]:
        told = {
            "file": self.file,
            "scenario": self.scenario,
            "steps": [step.as_json() for step in self.steps],
            "expectations": [expectation.as_json() for expectation in self.expectations],
            "cases": self.cases,
            **({"case_files": self.case_files} if self.case_files else {}),
        }
        return told | ({"error": self.error} if self.error else {}) | ({"already_there": True} if self.already_there else {})


Heard = Callable[[StepTold | ExpectationTold], None]


class Rehearsal:
    """One scenario being run in a world. Steps are taken one by one, so that several files can be merged by `at`."""

    def __init__(self, scenario: Scenario, world: World, heard: Heard = lambda told: None) -> None:
        self.scenario = scenario
        self.world = world
        self.told = Told(file=scenario.file, scenario=scenario.title)
        self._heard = heard
        self._partnerships: dict[str, str] = {}
        self._unbuilt: set[str] = set()
        content = "\n".join(f"{s.at}|{s.case}|{s.by}|{s.do}|{sorted(s.fields.items(), key=str)}" for s in scenario.steps)
        self._key = hashlib.sha256(f"{scenario.title}\n{content}".encode()).hexdigest()

    def unknown_words(self) -> str | None:
        """The first step that asks for something no chapter knows, as an error of the file."""
        for step in self.scenario.steps:
            if step.do and step.do not in COMMANDS:
                return f"line {step.line}: unknown command {step.do!r}"
        return None

    async def take(self, number: int) -> None:
        """Take the step of this number (from 0)."""
        step = self.scenario.steps[number]
        if step.expect:
            for expectation in step.expect:
                await self._expect(expectation, step)
        elif step.look is not None:
            await self._look(step)
        else:
            await self._ask(step, number)

    # --- steps

    async def _ask(self, step: Step, number: int) -> None:
        if step.do is None or step.by is None:
            return
        opening = step.do == "open-case"
        fields = dict(step.fields)
        if opening:
            fields.setdefault("partnership", self.scenario.partnership)
            partnership = fields["partnership"]
        else:
            partnership = self._partnership(step, fields)
        case = None
        if not opening and step.case is not None:
            case = self.told.cases.get(step.case)
            if case is None:
                unbuilt = step.case in self._unbuilt
                self._tell(step, "not-built" if unbuilt else self._fell(step), f"The case {step.case} has not been opened.")
                return
        elif not opening and COMMANDS[step.do].stream_kind == "case":
            self._tell(step, self._fell(step), "The step names no case.")
            return
        model = COMMANDS[step.do]
        fields = rewritten(model, fields, OfDocument, lambda mark, word: digest(word))
        fields = rewritten(model, fields, NamesCase, lambda mark, handle: self.told.cases.get(handle, handle))
        answer = await self.world.ask(
            step.do, fields, case=case, by=step.by, partnership=str(partnership), at=step.at, seen=step.seen, key=f"{self._key}:{number}"
        )
        if answer.again and opening:
            self.told.already_there = True
        if answer.done and opening and step.case and answer.case:
            self.told.cases[step.case] = answer.case
            self._partnerships[step.case] = str(partnership)
        self._judge(step, answer)

    async def _look(self, step: Step) -> None:
        """Somebody is shown a case, or opens a document; the look is noted, and nothing is recorded on the case."""
        case = self.told.cases.get(step.case or "")
        if case is None:
            sentence = f"The case {step.case} has not been opened." if step.case else "The step names no case."
            self._tell(step, "not-built" if step.case in self._unbuilt else self._fell(step), sentence)
            return
        document = None if step.look == "all" else step.look
        by, partnership = str(step.by), self._partnership(step, {})
        self._judge(step, await self.world.look(case, document=document, by=by, partnership=partnership, at=step.at))

    def _judge(self, step: Step, answer: Answer) -> None:
        """Whether what came of it is what the step says."""
        if answer.done:
            names = tuple(str(event["name"]) for event in answer.events)
            if step.refused is not None:
                self._tell(step, "failed", f"This should have been refused ({step.refused}), and was done.", names)
            else:
                self._tell(step, "done", "", names)
            return
        wanted = step.refused
        if wanted is None:
            self._tell(step, "failed", answer.sentence)
        elif wanted is True or str(wanted).casefold() in answer.sentence.casefold():
            self._tell(step, "refused", answer.sentence)
        else:
            self._tell(step, "failed", f"Refused, but not with the words {wanted!r}: {answer.sentence}")

    def _partnership(self, step: Step, fields: Mapping[str, Any]) -> str:
        if step.case in self._partnerships:
            return self._partnerships[step.case]
        named = fields.get("partnership") or str(fields.get("candidate", "")).partition("-")[0]
        return str(named or self.scenario.partnership)

    @staticmethod
    def _fell(step: Step) -> Result:
        return "refused" if step.refused is True else "failed"

    def _tell(self, step: Step, result: Result, sentence: str, events: tuple[str, ...] = ()) -> None:
        told = StepTold(step.line, step.at, step.case, step.by, step.do or f"look: {step.look}", result, sentence, events)
        self.told.steps.append(told)
        self._heard(told)

    # --- expectations

    async def _expect(self, expectation: Expectation, step: Step) -> None:
        if expectation.case is None:
            result, found = await self._themes(expectation, step.at)
        elif (case := self.told.cases.get(expectation.case)) is None:
            result, found = "missed", f"the case {expectation.case} has not been opened"
        else:
            result, found = await self._of_case(expectation, case, step.at)
        told = ExpectationTold(expectation.line, expectation.case, expectation.kind, result, expectation.wanted, found)
        self.told.expectations.append(told)
        self._heard(told)

    async def _of_case(self, expectation: Expectation, case: str, at: datetime) -> tuple[Held, Any]:
        wanted, as_of = expectation.wanted, expectation.as_of
        match expectation.kind:
            case "clocks":
                clocks = await self.world.clocks(case, at, as_of)
                return matched(wanted, clocks, related=lambda item, clock: item.get("clock") == clock.get("clock"))
            case "no_clocks":
                there = [dict(clock) for clock in await self.world.clocks(case, at, as_of) if clock["clock"] in wanted]
                return ("missed" if there else "holds"), there
            case "decisions":
                wanted = [
                    {**item, **({"digest": digest(item["digest"])} if isinstance(item.get("digest"), str) else {})} for item in wanted
                ]
                decisions = await self.world.decisions(case, at, as_of)
                return matched(wanted, decisions, related=lambda item, decision: item.get("decision") == decision.get("decision"))
            case "endorsements":
                count = await self.world.endorsements(case, at, as_of)
                return ("holds" if count == wanted else "missed"), count
            case "events":
                names = await self.world.event_names(case, at, as_of)
                left = iter(names)
                return ("holds" if all(name in left for name in wanted) else "missed"), list(names)
            case _:
                there_too = [name for name in await self.world.event_names(case, at, as_of) if name in wanted]
                return ("missed" if there_too else "holds"), there_too

    async def _themes(self, expectation: Expectation, at: datetime) -> tuple[Held, Any]:
        wanted, as_of = expectation.wanted, expectation.as_of
        if expectation.kind == "candidates":
            results: list[tuple[Held, Any]] = []
            for item in wanted:
                candidates = await self.world.candidates(self._of(item), at, as_of)
                results.append(matched([item], candidates, related=lambda item, other: item.get("code") == other.get("code")))
            return _all(results)
        if expectation.kind == "no_candidates":
            there = []
            for item in wanted:
                code = item if isinstance(item, str) else item.get("code")
                there += [dict(c) for c in await self.world.candidates(self._of(item), at, as_of) if c["code"] == code]
            return ("missed" if there else "holds"), there
        results = []
        for item in wanted:
            row = await self.world.tracker(self._of(item), str(item.get("code")), at, as_of)
            results.append(matched([item], [row], related=lambda item, other: True))
        return _all(results)

    def _of(self, item: Any) -> str:
        """The partnership an item speaks of: its own, else the file's."""
        return str(item.get("partnership", self.scenario.partnership)) if isinstance(item, dict) else self.scenario.partnership


def digest(word: str) -> str:
    """A digest as it stands, or the SHA-256 of a short word that stands for one."""
    if len(word) == 64 and all(c in "0123456789abcdef" for c in word):
        return word
    return hashlib.sha256(word.encode()).hexdigest()


def matched(
    wanted: Sequence[Mapping[str, Any]],
    actual: Sequence[Mapping[str, Any]],
    related: Callable[[Mapping[str, Any], Mapping[str, Any]], bool],
) -> tuple[Held, list[dict[str, Any]]]:
    """Whether for each item wanted some actual item agrees on every key given; what is found is told for those that miss."""
    found: list[dict[str, Any]] = []
    held = True
    for item in wanted:
        agreeing = [dict(other) for other in actual if all(_agrees(value, other.get(key)) for key, value in item.items())]
        if not agreeing:
            held = False
        found += [_told(item, other) for other in agreeing[:1]] or [_told(item, other) for other in actual if related(item, other)]
    return ("holds" if held else "missed"), found


def _told(item: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    keys = {*item, "clock", "about", "decision", "ref", "code", "from", "due", "done", "verdict", "late_by", "overdue_by"}
    return {key: value for key, value in other.items() if key in keys}


def _agrees(wanted: Any, found: Any) -> bool:
    """Lists are compared as sets, dates by their text."""
    if isinstance(wanted, list) and isinstance(found, list | tuple | set | frozenset):
        return {str(item) for item in wanted} == {str(item) for item in found}
    if isinstance(wanted, bool) or wanted is None:
        return (found or False) is wanted if isinstance(wanted, bool) else found is None
    return str(wanted) == str(found)


def _all(results: Sequence[tuple[Held, Any]]) -> tuple[Held, Any]:
    found = [item for _, items in results for item in items]
    return ("missed" if any(result == "missed" for result, _ in results) else "holds"), found


async def rehearse(rehearsals: Sequence[Rehearsal]) -> None:
    """Take the steps of one or more files in the order of their instants; a file in error takes none."""
    for rehearsal in rehearsals:
        rehearsal.told.error = rehearsal.unknown_words()
    steps = [
        (step.at, order, number)
        for order, rehearsal in enumerate(rehearsals)
        if not rehearsal.told.error and not rehearsal.told.already_there
        for number, step in enumerate(rehearsal.scenario.steps)
    ]
    for _, order, number in sorted(steps):
        # what was recorded before from this very file is there already, with everything that the file goes on to tell
        if not rehearsals[order].told.already_there:
            await rehearsals[order].take(number)
