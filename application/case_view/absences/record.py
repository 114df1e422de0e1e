"""A history asked by kind of event, and how an absence is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar, overload

from application.case_view.readable import present
from domain.initiation import RapidReviewInitiated
from domain.recorded import Recorded
from domain.stages.notification import (
    NotificationFoundDuplicate,
    NotificationWithdrawn,
)
from domain.stages.opening import CaseOpened, CaseReferredToArea
from domain.stages.outcome import RapidReviewDiscontinued
from domain.stages.review import (
    ReportEndorsed,
    ReportReturned,
)

E = TypeVar("E")


class Record:
    """A history, asked by kind of event."""

    def __init__(self, entries: Sequence[Recorded]) -> None:
        self.entries = entries

    @overload
    def all(self, kind: type[E], /) -> list[tuple[Recorded, E]]: ...

    @overload
    def all(self, *kinds: type[Any]) -> list[tuple[Recorded, Any]]: ...

    def all(self, *kinds: type[Any]) -> list[tuple[Recorded, Any]]:
        """Every event of these kinds in the order recorded."""
        return [(recorded, recorded.event) for recorded in self.entries if isinstance(recorded.event, kinds)]

    @overload
    def last(self, kind: type[E], /) -> tuple[Recorded, E] | None: ...

    @overload
    def last(self, *kinds: type[Any]) -> tuple[Recorded, Any] | None: ...

    def last(self, *kinds: type[Any]) -> tuple[Recorded, Any] | None:
        """The one of these kinds recorded last."""
        found = self.all(*kinds)
        return found[-1] if found else None

    def after(self, recorded: Recorded, *kinds: type[Any]) -> list[tuple[Recorded, Any]]:
        """Those recorded after this one."""
        return [(other, event) for other, event in self.all(*kinds) if other.place > recorded.place]

    @property
    def opened(self) -> CaseOpened | None:
        found = self.last(CaseOpened)
        return found[1] if found else None

    @property
    def route(self) -> str:
        return self.opened.route if self.opened else ""

    @property
    def set_aside(self) -> bool:
        """Whether the case is another area's, or its notification a duplicate or withdrawn: nothing further is asked here."""
        return bool(self.all(CaseReferredToArea, NotificationFoundDuplicate, NotificationWithdrawn))

    @property
    def rapid_review(self) -> Recorded | None:
        """The beginning of the rapid review, unless it was discontinued."""
        begun = self.last(RapidReviewInitiated)
        return begun[0] if begun and not self.after(begun[0], RapidReviewDiscontinued) else None

    def review_done_since(self, day: str) -> bool:
        """Whether a report was endorsed on or after this day: its progress need no longer be looked at."""
        return any(recorded.on.isoformat() >= day for recorded, _ in self.endorsed)

    @property
    def endorsed(self) -> list[tuple[Recorded, ReportEndorsed]]:
        """The reports endorsed and not returned since."""
        return [
            (r, e) for r, e in self.all(ReportEndorsed) if not any(back.digest == e.digest for _, back in self.after(r, ReportReturned))
        ]


def absent(
    what: str, sentence: str, rule: str, *because_of: Recorded, since: date | None = None, about: str | None = None
) -> dict[str, Any]:
    day = since or max(recorded.on for recorded in because_of)
    places = [recorded.place for recorded in because_of]
    return present(absent=what, about=about, sentence=f"{sentence}.", rule=rule, since=day.isoformat(), events=places)
