"""A store that is only imagined: what is asked of it is judged on what is really there, and nothing of it is recorded."""

from __future__ import annotations

from datetime import datetime, timedelta

from application.cases import Cases
from application.store.store import AlreadyAsked, Appended, Conflict, LabelTaken, Save, Store, folded
from domain.recorded import Header, Recorded

IMAGINED = 10**15
"""Positions after this are imagined: no real log comes as far."""


def imagining(cases: Cases) -> Cases:
    """The same door, before an imagined store."""
    store = Imagined(cases.store)
    rulebook = cases.rulebook.over(store)
    return Cases(store, cases.register.imagining(), rulebook, cases.new_id)


class Imagined(Store):
    """What was recorded really, and after it what was only imagined."""

    def __init__(self, store: Store) -> None:
        self._real = store
        self._imagined: dict[str, list[Recorded]] = {}
        self._labels: set[tuple[str, str]] = set()
        self._answers: dict[str, Appended] = {}
        self._log: list[Recorded] = []

    async def append(self, save: Save) -> Appended:
        """As the real one, but nothing is written."""
        if (first := await self.first_answer(save.command)) is not None:
            raise AlreadyAsked(first, same_request=first.request_digest == save.request_digest)
        place = len(await self.history(save.stream))
        if place != save.expected_place:
            raise Conflict(save.stream, save.expected_place, place)
        if save.claims_label:
            partnership, label = save.claims_label
            if await self.label_taken(partnership, label):
                raise LabelTaken(partnership, label)
            self._labels.add((folded(partnership), folded(label)))
        at = save.at or await self.now()
        recorded = tuple(
            Recorded(
                Header(
                    v=0, stream=save.stream, place=place + n, name=event.stored_name(), schema=event.schema_version(), on=save.on,
                    by=save.by, procedure=save.procedure, calendar=save.calendar, command=save.command, seen=save.seen,
                    transcribed_by=save.transcribed_by, at=at,
                ),
                event,
                position=IMAGINED + len(self._log) + n,
            )
            for n, event in enumerate(save.events, start=1)
        )  # fmt: skip
        self._log.extend(recorded)
        self._imagined.setdefault(save.stream, []).extend(recorded)
        answer = Appended(save.stream, 0, place + len(recorded), at, recorded, save.request_digest)
        self._answers[save.command] = answer
        return answer

    async def first_answer(self, command: str) -> Appended | None:
        return self._answers.get(command) or await self._real.first_answer(command)

    async def history(
        self, stream: str, *, after_place: int = 0, upto_place: int | None = None, as_of: datetime | None = None
    ) -> list[Recorded]:
        history = [*await self._real.history(stream, as_of=as_of), *self._imagined.get(stream, [])]
        return history[after_place:upto_place]

    async def page(self, after: int, limit: int, upto: int | None = None) -> list[Recorded]:
        """The real log, and after its end what was only imagined."""
        real = await self._real.page(after, limit, upto) if after < IMAGINED else []
        return real or [recorded for recorded in self._log if recorded.position > after][:limit]

    async def streams(self, prefix: str = "") -> list[str]:
        return sorted({*await self._real.streams(prefix), *(stream for stream in self._imagined if stream.startswith(prefix))})

    async def label_taken(self, partnership: str, label: str) -> bool:
        return (folded(partnership), folded(label)) in self._labels or await self._real.label_taken(partnership, label)

    async def now(self) -> datetime:
        """A little after the last that was imagined, so that its order is that of its instants."""
        last = max((history[-1].at for history in self._imagined.values() if history), default=None)
        now = await self._real.now()
        return max(now, last + timedelta(microseconds=1)) if last else now

    async def marks(self) -> frozenset[str]:
        return await self._real.marks()
