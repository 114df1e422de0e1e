"""Stories of themes: cases of children injured or dead, the codes on them, and what becomes of both."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.candidate import recall_candidate
from domain.language import CaseEvent
from domain.rule_of_three import follows
from domain.stages.notification import NotificationFoundDuplicate, NotificationWithdrawn
from domain.stages.opening import CaseLinked, CaseOpened, Child, ChildAdded, Incident, IncidentAmended, SamePersonRecorded
from domain.stages.theme_assignment import ThemeAssigned, ThemeWithdrawn
from domain.stages.threshold import CaseReroutedToSerious, ThresholdDecided
from domain.themes import newest
from domain.tracker import CaseFacts, facts, survey
from tests.projections.telling import ToldLog, corrected, notified, received

CODES = newest()
HARMS = ("died", "seriously-harmed", "injured", "injured", "injured", "injured", "injured", "none", "harmed-another")


def person(n: int) -> str:
    return f"person-{n:032x}"


def child(ref: str, n: int, harm: Any = "injured") -> Child:
    return Child(ref=ref, person=person(n) if n else "", area_of_residence="bolton", age_band="5-9", harm=harm)


def case(*children: Child, on: date | None = date(2024, 2, 20), partnership: Any = "bolton", **more: Any) -> CaseOpened:
    incident = Incident(happened_on=on, area=partnership, in_england=True, harm="injured", abuse_or_neglect="suspected")
    told: dict[str, Any] = {"label": "Child A", "route": "organisation", "concern": "local-learning", "incident": incident, **more}
    return CaseOpened(partnership=partnership, children=children, **told)


def assigned(code: str, *children: str, standing: Any = "provisional") -> ThemeAssigned:
    return ThemeAssigned(code=code, version="1", children=children, standing=standing, basis="notification")


def withdrawn(code: str, *children: str) -> ThemeWithdrawn:
    return ThemeWithdrawn(code=code, children=children)


def decided(outcome: Any) -> ThresholdDecided:
    return ThresholdDecided(ref="decision", threshold="serious", outcome=outcome, rationale="…", then="none")


class Told(ToldLog):
    """A log in which the rule of three follows what is told, as the tracker records it."""

    def follow(self) -> None:
        cases: dict[str, CaseFacts] = {}
        for stream in self.places:
            if stream.startswith("case/"):
                ref = stream.removeprefix("case/")
                cases[ref] = facts(ref, self.history(stream, self.end()))
        for ref, event in follows(survey(cases.values(), CODES), self.candidates(), CODES):
            self.on(f"candidate/{ref}", event, at=self.now)

    def candidates(self) -> dict[str, Any]:
        streams = [stream for stream in self.places if stream.startswith("candidate/")]
        return {stream.removeprefix("candidate/"): recall_candidate(self.history(stream, self.end())) for stream in streams}


def any_themes(
    cases: int,
    entries: int,
    seed: int,
    *,
    codes: Sequence[str] = ("P4", "P4.1", "P4.2", "H1", "H1.1", "C1", "F1", "G1"),
    begins: datetime = datetime(2024, 3, 1, 9, tzinfo=UTC),
    hours: Sequence[int] = (0, 1, 20, 200),
    partnerships: Sequence[Any] = ("bolton", "bolton", "bury"),
    follow: bool = True,
) -> Told:
    """Cases whose histories run side by side, as chance has it; several things at one instant; identities found out late."""
    log, chance = Told(), random.Random(seed)
    log.now = begins
    for n in range(entries):
        at = log.now + timedelta(hours=chance.choice(hours))
        name = f"{chance.randrange(cases):02}"
        place = log.places.get(f"case/{name}", 0)
        events = tuple(_something(chance, log, name, place, n, cases, codes, partnerships))
        if events:
            log.on(name, *events, at=at)
            if follow:
                log.follow()
    return log


def _something(
    chance: random.Random, log: ToldLog, name: str, place: int, n: int, cases: int, codes: Sequence[str], partnerships: Sequence[Any]
) -> Iterator[CaseEvent]:
    day = log.now.date() - timedelta(days=chance.randrange(300))
    refs = ("one", "two", "three")
    if not place:
        children = [
            child(ref, chance.choice((0, n + 1, n + 1, chance.randrange(1, 6))), chance.choice(HARMS))
            for ref in refs[: chance.choice((1, 1, 2, 3))]
        ]
        concern = chance.choice(("local-learning", "local-learning", "serious-incident", "serious-incident", "learn-from-success"))
        yield case(
            *children, on=chance.choice((day, day, None)), partnership=chance.choice(partnerships), label=f"Child {name}", concern=concern
        )
        yield assigned(chance.choice(codes), *refs[: len(children)])
        return
    some = tuple(ref for ref in refs if chance.random() < 0.5)
    yield chance.choice((
        *[assigned(chance.choice(codes), *some, standing=chance.choice(("provisional", "confirmed"))) for _ in range(30)],
        withdrawn(chance.choice(codes), *some), withdrawn(chance.choice(codes)), *[received() for _ in range(6)], notified(f"SIN-{n}"),
        NotificationWithdrawn(), NotificationFoundDuplicate(of="00"), CaseReroutedToSerious(),
        decided(chance.choice(("met", "not-met"))),
        ChildAdded(child=child("three", n + 1)), IncidentAmended(happened_on=day), IncidentAmended(happened_until=log.now.date()),
        CaseLinked(case=f"{chance.randrange(cases):02}", relation=chance.choice(("same-incident", "theme"))),
        SamePersonRecorded(person=person(chance.randrange(1, n + 2)), other=person(chance.randrange(1, n + 2)), basis="…"),
        corrected(1, incident={"happened_on": day.isoformat()}), corrected(chance.randrange(1, place + 1), on=day.isoformat()),
    ))  # fmt: skip
