"""What one person is on each of many cases: exact at every question, for it is read from the record itself and from no read model.

    on_cases = OnCases(store)
    readers = await on_cases.readers(cases, by, now)

Whoever declared an interest, or was removed, is out with the next question. Of each case the few events are remembered on which
reading depends; what was recorded since is read with every question.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from application.policy.membership import NEIGHBOURS, NOTIFYING, READ, membership, those_that_link_back
from application.policy.on_a_case import Membership
from application.policy.policies import Policies
from application.policy.pseudonyms import Pseudonyms
from application.policy.reading import Reader
from application.store.store import Store
from domain.corrections import RecordCorrected
from domain.language import EVENTS
from domain.language import replace as replaced
from domain.people import By
from domain.recorded import Recorded

MATTERS = frozenset(name for name, event in EVENTS.items() if event in READ or event is RecordCorrected) | NOTIFYING
"""The events on which it depends who may read a case: those that `membership` reads, and what corrects them."""

MOST_EVENTS = 50_000
"""Of all cases that are remembered together; those asked of longest ago are forgotten first."""

MOST_NAMES = 2_000
"""Cases of which it is remembered who goes by what, up to the place to which they were read."""

MOST_PEOPLE = 8
"""Of whom it is remembered what they are on a case, until something is recorded there on which that depends."""


class CaseKnown:
    """A case up to a place: the events that matter, and what those who asked last are by them."""

    __slots__ = ("_members", "events", "place")

    def __init__(self, place: int = 0, events: tuple[Recorded, ...] = (), members: dict[By, Membership] | None = None) -> None:
        self.place = place
        self.events = events
        self._members = {} if members is None else members

    def then(self, place: int, events: Sequence[Recorded]) -> CaseKnown:
        """With what was recorded up to a later place."""
        if not events:
            return self if place == self.place else CaseKnown(place, self.events, self._members)
        return CaseKnown(place, (*self.events, *map(_slim, events)))

    def by(self, until: datetime) -> CaseKnown:
        """As it was known at an earlier instant."""
        return CaseKnown(self.place, tuple(recorded for recorded in self.events if recorded.at <= until))

    def member(self, by: By) -> Membership:
        """What they are on the case, but for what links it with others."""
        found = self._members.get(by)
        if found is None:
            if len(self._members) >= MOST_PEOPLE:
                self._members.clear()
            found = self._members[by] = membership(self.events, by.person, (by,))
        return found

    def here(self, by: By) -> By:
        """Somebody who left out their partnership, as of that of the case."""
        return replaced(by, partnership=getattr(self.events[0].event, "partnership", None))


NOTHING = CaseKnown()


class OnCases:
    """Who is on which case, as one process knows it."""

    def __init__(self, store: Store, most: int = MOST_EVENTS, policies: Policies | None = None) -> None:
        self.store = store
        self._most = most
        self._policies = policies or Policies.shipped()
        self._events = 0
        self._known: OrderedDict[str, CaseKnown] = OrderedDict()
        self._names: OrderedDict[tuple[str, int, datetime | None], Pseudonyms] = OrderedDict()

    async def readers(
        self, cases: Iterable[str], by: By, now: datetime, *, until: datetime | None = None, of_each: bool = False
    ) -> dict[str, Reader]:
        """This person, in the post in which they ask, as the reader that they are of each of these cases at this instant.

        In a rehearsal only: `of_each`, they are of the partnership of each case; `until`, only what was recorded by then counts.
        That is one query; and one more, whatever it finds, where somebody is asked of whom another partnership may have linked a case.
        """
        known = await self._known_of(cases, until)
        who = {case: one.here(by) if of_each else by for case, one in known.items()}
        found = {case: one.member(who[case]) for case, one in known.items()}
        if by.role in NEIGHBOURS and not of_each:
            found |= await self._linked({case: one for case, one in found.items() if one.case.partnership != by.partnership}, until)
        return {case: Reader(who[case], member, now, self._policies) for case, member in found.items()}

    async def pseudonyms(self, cases: Iterable[str], until: datetime | None = None) -> dict[str, Pseudonyms]:
        """Who goes by what on these cases, as far as they were asked about: persons only, for no words are opened here.

        It takes one query, and none where nothing was recorded since.
        """
        wanted = [*dict.fromkeys(cases)]
        found = {case: names for case in wanted if (names := self._names.get((case, self._place(case), until))) is not None}
        streams = [f"case/{case}" for case in wanted if case not in found]
        for stream, history in (await self.store.histories(streams) if streams else {}).items():
            case = stream.removeprefix("case/")
            known = [recorded for recorded in history if until is None or recorded.at <= until]
            found[case] = self._names[case, history[-1].place, until] = Pseudonyms(known, {})
            while len(self._names) > MOST_NAMES:
                self._names.popitem(last=False)
        return found

    def _place(self, case: str) -> int:
        return self._known.get(case, NOTHING).place

    async def _linked(self, strange: Mapping[str, Membership], until: datetime | None) -> dict[str, Membership]:
        """What they are on cases of other partnerships by what both sides have linked."""
        if not strange:
            return {}
        others = await self._known_of((linked for member in strange.values() for linked in member.case.links), until)
        found = {}
        for case, member in strange.items():
            theirs = those_that_link_back(case, {one: others[one].events for one in member.case.links if one in others})
            linked = any(post.role in NEIGHBOURS and post.partnership in theirs.values() for post in member.posts)
            found[case] = replace(member, linked=linked)
        return found

    async def _known_of(self, cases: Iterable[str], until: datetime | None) -> dict[str, CaseKnown]:
        """These cases with all that was recorded by now; nothing of one that there is not."""
        before = {case: self._known.get(case, NOTHING) for case in cases}
        more = await self.store.behind({f"case/{case}": known.place for case, known in before.items()}, MATTERS)
        found = {}
        for case, known in before.items():
            now = known.then(*more.get(f"case/{case}", (known.place, ())))
            if now.events:
                self._keep(case, now)
                found[case] = now if until is None else now.by(until)
        return {case: known for case, known in found.items() if known.events}

    def _keep(self, case: str, known: CaseKnown) -> None:
        before = self._known.pop(case, NOTHING)
        if before.place > known.place:
            known = before  # read before it, and answered after
        self._known[case] = known
        self._events += len(known.events) - len(before.events)
        while self._events > self._most and len(self._known) > 1:
            _, forgotten = self._known.popitem(last=False)
            self._events -= len(forgotten.events)


def _slim(recorded: Recorded) -> Recorded:
    """Without what deciders had before them: no reading depends on it."""
    return recorded if recorded.header.information is None else replaced(recorded, header=replaced(recorded.header, information=None))
