"""One question across cases: who asks, what they are on each case that it comes upon, and what of a case they are shown.

    across = Across(on_cases, by, now)
    await across.judge(cases)
    across.may(case, "decisions").level

Lists show a row of a case where the case is known to whoever asks, and the kind of that row is theirs to read.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from application.policy.kinds import Kind
from application.policy.matrix import MATRIX, readings
from application.policy.of_cases import OnCases
from application.policy.on_a_case import ON_EVERY_CASE
from application.policy.policies import Access
from application.policy.pseudonyms import Pseudonyms
from application.policy.reading import OUTLINE, Reader
from application.policy.shown import Shown
from domain.people import By
from domain.recorded import Recorded

NO_ACCESS = Access()


class Across:
    """One person, in the post in which they ask, at one instant: judged once on each case, for one question."""

    def __init__(
        self, on_cases: OnCases, by: By, now: datetime, *, until: datetime | None = None, of_each: bool = False
    ) -> None:  # fmt: skip
        """In a rehearsal only: `until`, as recorded by then; `of_each`, whoever left out their partnership is of that of each case."""
        self.by = by
        self.now = now
        self.until = until
        self._on_cases = on_cases
        self._of_each = of_each and by.partnership is None
        self._readers: dict[str, Reader | None] = {}
        self._entries: dict[tuple[str, int], Recorded] = {}
        self._names: dict[str, Pseudonyms] = {}

    def on_every_case(self, partnership: str | None) -> bool:
        """Whether their post stands on every case of this partnership; of all, where none is said."""
        return self.by.role in ON_EVERY_CASE and (self._of_each or (partnership is not None and partnership == self.by.partnership))

    def reads_themes(self, partnership: str) -> bool:
        """Whether the row of their role in the matrix reads the themes of this partnership in full."""
        here = self._of_each or partnership == self.by.partnership
        return here and "full" in readings("themes", MATRIX.row(self.by.role).cell("themes"))

    async def judge(self, cases: Iterable[str]) -> None:
        """Find out who they are on these cases."""
        new = [case for case in dict.fromkeys(cases) if case not in self._readers]
        if new:
            found = await self._on_cases.readers(new, self.by, self.now, until=self.until, of_each=self._of_each)
            self._readers |= {case: found.get(case) for case in new}

    def reader(self, case: str) -> Reader | None:
        """The reader they are of a case; none where there is no such case for them, they are shut out, or it was not judged."""
        reader = self._readers.get(case)
        return reader if reader is not None and reader.may(OUTLINE).reads else None

    @property
    def known(self) -> tuple[str, ...]:
        """Of the cases that were judged, those that they may know of."""
        return tuple(case for case in self._readers if self.reader(case) is not None)

    def may(self, case: str, kind: Kind) -> Access:
        """In which ways they may read what this case holds of a kind."""
        reader = self.reader(case)
        return NO_ACCESS if reader is None else reader.may(kind)

    async def look_at(self, places: Iterable[tuple[str, int]]) -> None:
        """Read these entries, by case and place, in one query: where it depends on an entry whether something is theirs."""
        new = [(f"case/{case}", place) for case, place in dict.fromkeys(places) if (case, place) not in self._entries]
        found = await self._on_cases.store.entries(new) if new else {}
        self._entries |= {(stream.removeprefix("case/"), place): recorded for (stream, place), recorded in found.items()}

    async def learn_names(self, cases: Iterable[str]) -> None:
        """Find out what everybody goes by on these cases."""
        new = [case for case in dict.fromkeys(cases) if case not in self._names]
        self._names |= await self._on_cases.pseudonyms(new, self.until)

    def shown(self, case: str, places: Iterable[int] = (), more: Iterable[Recorded] = ()) -> Shown | None:
        """These entries of a case as they are shown them, without words: those that were looked at, and names as far as learnt."""
        reader = self.reader(case)
        if reader is None:
            return None
        entries = [self._entries[case, place] for place in places if (case, place) in self._entries]
        shown = Shown(reader, [*entries, *more], {})
        if case in self._names:
            shown.pseudonyms = self._names[case]
        return shown

    async def histories(self, cases: Iterable[str]) -> dict[str, list[Recorded]]:
        """The whole of these cases, in one query."""
        streams = [f"case/{case}" for case in dict.fromkeys(cases)]
        found = await self._on_cases.store.histories(streams) if streams else {}
        return {stream.removeprefix("case/"): history for stream, history in found.items()}
