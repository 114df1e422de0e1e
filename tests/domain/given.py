"""Stories about one case, in three words: what was *given*, *when* somebody asks, *then* what follows.

    given(opened(), met(HEALTH), met(POLICE)).when(decided("met")).then_refused("fewer than three positions", "BOL-66")

What is given may be events, which are remembered as they are, and commands, which are asked of the case told so far. Nobody's
name, no place and no instant need be said: the business manager asks, on a Thursday in October, unless the story says otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Any

from msgspec import to_builtins

from domain.asking import Asking
from domain.case import Case, remember
from domain.guidance import EDITIONS
from domain.language import RULE, CaseEvent, Command, Refused
from domain.people import By, PersonId
from domain.procedure import Procedure
from domain.recorded import Editions, Header, Recorded
from domain.stages.opening import CaseOpened, Child, Incident

MANAGER = "business-manager"
LOCAL_AUTHORITY = "delegated-partner/local-authority"
HEALTH = "delegated-partner/health"
POLICE = "delegated-partner/police"
ALL_THREE = (LOCAL_AUTHORITY, HEALTH, POLICE)

THURSDAY = date(2024, 10, 10)
IN_2024 = Procedure(EDITIONS["bolton"], EDITIONS["england-2023"])
IN_2025 = Procedure(EDITIONS["bolton"], EDITIONS["england-2025"])


def digest(word: str) -> str:
    """The SHA-256 for which a short word stands."""
    return hashlib.sha256(word.encode()).hexdigest()


A, B = digest("A"), digest("B")


def person(word: str) -> PersonId:
    """The id of whoever is known by this word: the same word, the same person."""
    return f"person-{digest(word)[:32]}"


def somebody(word: str, on_behalf_of: str | None = None) -> By:
    """Who asks, from `role/organisation/name` as scenario files write it."""
    role, organisation, _ = (*word.split("/", 2), "", "")[:3]
    return By(person=person(word), role=role, organisation=organisation or None, partnership="bolton", behalf_of=on_behalf_of)


@dataclass(frozen=True)
class Told:
    """An event or a command of somebody in particular, on a day of its own."""

    what: CaseEvent | Command
    by: By
    on: date | None = None


def by(who: str | By, what: CaseEvent | Command, on: date | None = None) -> Told:
    """The same, said by somebody else than the business manager."""
    return Told(what, somebody(who) if isinstance(who, str) else who, on)


Tellable = CaseEvent | Command | Told
Telling = tuple[Tellable, ...]
"""A beginning that several stories share."""


@dataclass(frozen=True)
class Story:
    """A case told so far, and what came of the last thing asked on it."""

    case: Case = field(default_factory=Case)
    place: int = 0
    events: tuple[CaseEvent, ...] = ()
    refused: Refused | None = None

    def given(self, *told: Tellable | Iterable[Tellable]) -> Story:
        """The story gone on with: what is asked here may not be refused."""
        story = self
        for item in told:
            story = story._told(item) if isinstance(item, CaseEvent | Command | Told) else story.given(*item)
        return story

    def _told(self, item: Tellable) -> Story:
        told = item if isinstance(item, Told) else by(MANAGER, item)
        if isinstance(told.what, CaseEvent):
            return self._remembering((told.what,), told.by, told.on or THURSDAY)
        after = self.when(told.what, told.by)
        assert after.refused is None, f"what is given was refused: {after.refused}"
        return after

    def when(self, command: Command, by: str | By = MANAGER, *, under: Procedure = IN_2024, **circumstances: Any) -> Story:
        """Ask. What follows joins the story; a refusal leaves the case as it was."""
        who = somebody(by) if isinstance(by, str) else by
        on = command.on or THURSDAY
        settled: dict[str, Any] = {"by": who, "at": noon(on), "today": on, "on": on, "procedure": under, "calendar": None, "codes": None}
        try:
            events = command.judged(self.case, Asking(**settled | circumstances))
        except Refused as refused:
            return replace(self, events=(), refused=refused)
        return self._remembering(events, who, on)

    def _remembering(self, events: tuple[CaseEvent, ...], who: By, on: date) -> Story:
        case, place = self.case, self.place
        for event in events:
            place += 1
            case = remember(case, recorded(event, place, who, on))
        return Story(case, place, events)

    def then(self, *expected: type[CaseEvent] | CaseEvent) -> Story:
        """Just these followed, in this order: each named by its kind, or told in full."""
        assert self.refused is None, f"refused: {self.refused}"
        assert len(self.events) == len(expected), self.events
        for event, wanted in zip(self.events, expected, strict=True):
            kind = wanted if isinstance(wanted, type) else type(wanted)
            assert type(event) is kind, event
            assert isinstance(wanted, type) or to_builtins(event) == to_builtins(wanted)
        return self

    def then_refused(self, *words: str) -> Story:
        """It was refused in sentences that hold these words; each of them cites its rule."""
        assert self.refused is not None, f"not refused: {self.events}"
        for word in words:
            assert word.casefold() in self.refused.sentence.casefold(), self.refused.sentence
        for sentence in self.refused.sentences:
            assert RULE.search(sentence), f"cites no rule: {sentence}"
            assert sentence[0].isupper(), f"does not begin as a sentence: {sentence}"
            assert sentence.endswith(")."), f"does not end with its rule: {sentence}"
        return self


def given(*told: Tellable | Iterable[Tellable]) -> Story:
    """A story begins."""
    return Story().given(*told)


def noon(on: date) -> datetime:
    return datetime.combine(on, time(12), UTC)


def recorded(event: CaseEvent, place: int = 1, by: By | None = None, on: date = THURSDAY, stream: str = "case/one") -> Recorded:
    """The event in its envelope."""
    header = Header(
        v=1,
        stream=stream,
        place=place,
        name=event.stored_name(),
        schema=event.schema_version(),
        on=on,
        by=by or somebody(MANAGER),
        procedure=Editions("bolton", "england-2023"),
        calendar="england",
        command=f"asking-{place}",
        at=noon(on),
    )
    return Recorded(header, event)


def opened(route: Any = "organisation", concern: Any = "serious-incident", **incident: Any) -> CaseOpened:
    """A case of one seriously harmed baby, abuse suspected, unless told otherwise."""
    usual = {"happened_on": date(2024, 10, 3), "area": "bolton", "in_england": True, "harm": "seriously-harmed"}
    told: dict[str, Any] = {**usual, "abuse_or_neglect": "suspected", **incident}
    baby = Child(ref="baby-w", person=person("baby-w"), area_of_residence="bolton", age_band="under-1", harm=told["harm"])
    return CaseOpened(partnership="bolton", label="Baby W", route=route, concern=concern, incident=Incident(**told), children=(baby,))
