"""The theme tracker at work: it follows the log and asks the candidates what the rule of three says.

What follows is decided by `domain/tracker.py`; here it is recorded, once: each consequence has a command id made of its cause,
so that following the log again, or twice at once, records nothing twice.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from application.cases import Cases
from application.store.store import AlreadyAsked, Conflict, Save, Store
from domain.candidate import Candidate, Cause, candidate_parts
from domain.people import THE_SOFTWARE, By
from domain.recorded import Recorded
from domain.rule_of_three import follows
from domain.tracker import CaseFacts, Survey, facts, survey, told
from domain.working_days import london_date

PAGE = 1000

MATTERS = frozenset({
    "case-opened", "incident-amended", "child-added", "case-rerouted-to-serious", "case-linked", "same-person-recorded",
    "notification-received", "serious-incident-notified", "notification-withdrawn", "notification-found-duplicate", "theme-assigned",
    "theme-withdrawn", "report-endorsed", "record-corrected", "thematic-candidate-decided", "thematic-candidate-raised",
    "thematic-candidate-extended", "thematic-candidate-linked", "thematic-candidate-completed",
})  # fmt: skip
"""Events after which the tracker looks again."""

BY_RULE = By(person=THE_SOFTWARE, role="theme-tracker")


class Known:
    """What the tracker knows once it has read the log up to somewhere: the facts of each case, and the candidates."""

    def __init__(self) -> None:
        self.position = 0
        self.cases: dict[str, CaseFacts] = {}
        self.candidates: dict[str, Candidate] = {}
        self.raised: dict[str, list[Recorded]] = {}

    def take(self, recorded: Recorded) -> None:
        """One more event of the log."""
        self.position = recorded.position
        kind, _, ref = recorded.stream.partition("/")
        if kind == "case":
            self.cases[ref] = told(self.cases.get(ref, CaseFacts(case=ref)), recorded)
        elif kind == "candidate":
            self.heed(recorded)

    def heed(self, recorded: Recorded) -> None:
        """What happened to a candidate, known as soon as it is recorded: when the log brings it again, it changes nothing."""
        ref = recorded.stream.partition("/")[2]
        if recorded.place == len(self.raised.get(ref, ())) + 1:
            self.raised.setdefault(ref, []).append(recorded)
            self.candidates[ref] = recorded.event.apply(self.candidates.get(ref, Candidate()), recorded)


class Themes:
    """The tracker over one record."""

    def __init__(self, store: Store, cases: Cases) -> None:
        self._store = store
        self._cases = cases
        self._known = Known()
        self._last_at: datetime | None = None
        self._one_at_a_time = asyncio.Lock()

    # --- following

    async def follow(self, recorded: Sequence[Recorded] | None = None) -> None:
        """Read on to the end of the log, recording what follows. Given what was just recorded, only if some of it matters."""
        if recorded is not None and not any(r.name in MATTERS for r in recorded):
            return
        async with self._one_at_a_time:
            while page := await self._store.page(self._known.position, PAGE):
                self._last_at = page[-1].at
                for event in page:
                    await self._take(self._known, event)
                    if event.name in MATTERS:
                        await self._consequences(event)

    async def _take(self, known: Known, event: Recorded) -> None:
        known.take(event)
        if event.name == "record-corrected":
            history = await self._store.history(event.stream, upto_place=event.place)
            known.cases[event.stream.partition("/")[2]] = facts(event.stream.partition("/")[2], history)

    async def _consequences(self, because_of: Recorded) -> None:
        """Record what the rule says after this event; the log brings it back here, where it changes nothing any more."""
        known = self._known
        kind, _, ref = because_of.stream.partition("/")
        partnership = known.cases[ref].partnership if kind == "case" else candidate_parts(ref)[0]
        cause = Cause(case=ref, place=because_of.place) if kind == "case" else None
        codes = self._cases.rulebook.codes
        on = london_date(because_of.at)
        procedure = self._cases.rulebook.procedure(partnership, on, as_of=because_of.at)
        rule = procedure.recurring_theme
        happened = follows(
            survey(known.cases.values(), codes), known.candidates, codes,
            children=rule.children, incidents=rule.incidents, partnership=partnership, cause=cause,
        )  # fmt: skip
        for number, (candidate, event) in enumerate(happened):
            await self._record_once(because_of, candidate, number, event, partnership)

    async def _record_once(self, because_of: Recorded, candidate: str, number: int, event: Any, partnership: str) -> None:
        stream = f"candidate/{candidate}"
        command = command_of(because_of, candidate, number, event)
        known = self._known
        if first := await self._store.first_answer(command):
            for recorded in first.recorded:
                known.heed(recorded)
            return
        rulebook = self._cases.rulebook
        on = london_date(because_of.at)
        # a tracker that was behind records in a rehearsal, too, after what it has read, never before it
        chosen = (self._last_at or because_of.at) if "rehearsal" in await self._store.marks() else None
        try:
            appended = await self._store.append(
                Save(
                    stream=stream, expected_place=len(known.raised.get(candidate, ())), on=on,
                    by=By(person=BY_RULE.person, role=BY_RULE.role, partnership=partnership),
                    procedure=rulebook.editions(partnership, on, as_of=because_of.at),
                    calendar=rulebook.calendar(as_of=because_of.at).edition, command=command, events=(event,), at=chosen,
                )
            )  # fmt: skip
        except (AlreadyAsked, Conflict):
            # another tracker was first, or the partners decided meanwhile: the log tells, and it is looked at again
            return
        for recorded in appended.recorded:
            known.heed(recorded)

    # --- looking

    async def _as_of(self, as_of: datetime) -> Known:
        known = Known()
        while page := await self._store.page(known.position, PAGE):
            for event in page:
                if event.at > as_of:
                    return known
                await self._take(known, event)
        return known

    async def candidates(self, partnership: str | None, *, as_of: datetime) -> list[dict[str, Any]]:
        """Every candidate ever raised by then, with what stands behind it and what was decided."""
        known = await self._as_of(as_of)
        counted = survey(known.cases.values(), self._cases.rulebook.codes)
        return [
            _candidate(known.candidates[ref], counted, known.raised[ref])
            for ref in sorted(known.candidates)
            if partnership is None or known.candidates[ref].partnership == partnership
        ]

    async def figures(self, partnership: str, code: str, *, as_of: datetime) -> dict[str, Any]:
        """What stands behind one code in one partnership, sub-codes included; a code without children counts nought."""
        known = await self._as_of(as_of)
        return _figures(survey(known.cases.values(), self._cases.rulebook.codes), partnership, code)

    async def all_figures(self, partnership: str, *, as_of: datetime) -> list[dict[str, Any]]:
        """Every code with a child behind it."""
        known = await self._as_of(as_of)
        counted = survey(known.cases.values(), self._cases.rulebook.codes)
        return [_figures(counted, partnership, code) for of, code in sorted(counted.counts) if of == partnership]


def command_of(because_of: Recorded, candidate: str, number: int, event: Any) -> str:
    """The id under which this consequence of an entry is recorded, whoever finds it."""
    name = f"{because_of.stream}|{because_of.place}|{candidate}|{number}|{event.stored_name()}"
    return str(UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=5))


def _figures(counted: Survey, partnership: str, code: str) -> dict[str, Any]:
    count = counted.count(partnership, code)
    return {
        "partnership": partnership,
        "code": code,
        "children": len(count.children),
        "incidents": len(count.incidents),
        "notifications": count.notifications,
        "provisional": count.provisional,
        "confirmed": count.confirmed,
        **({"first": count.first_on.isoformat()} if count.first_on else {}),
        **({"last": count.last_on.isoformat()} if count.last_on else {}),
        "cases": sorted(count.cases),
    }


def _candidate(candidate: Candidate, counted: Survey, history: Iterable[Recorded]) -> dict[str, Any]:
    history = list(history)
    figures: Mapping[str, Any] = _figures(counted, candidate.partnership, candidate.code)
    return {
        **figures,
        "candidate": candidate.ref,
        "state": candidate.state,
        "round": candidate.round,
        "raised_at": candidate.raised_at.isoformat() if candidate.raised_at else None,
        "no_longer_three": counted.no_longer_three(candidate),
        "history": [{"place": r.place, "name": r.name, "on": r.on.isoformat(), "at": r.at.isoformat()} for r in history],
    }
