"""Rows of the lists across cases as one person is shown them: in full, less, or not at all. Each list says it of its own rows.

A row is looked for by what somebody may read of it, and by nothing else: a filter is asked again of what is left of a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeVar

import msgspec

from application.policy.kinds import KINDS, Kind
from application.policy.policies import Access
from application.policy.reading import OUTLINE, Reader
from application.policy.shown import Shown
from domain.clock import Clock
from domain.people import NOTIFYING_ROLES
from domain.working_days import Calendar
from projections.board import BoardRow
from projections.case_list import ListedCase
from projections.decisions import RegisteredDecision
from projections.owing import Owing

R = TypeVar("R", contravariant=True)
T = TypeVar("T", covariant=True)
Item = dict[str, Any]

IN_FULL = frozenset({"full", "pseudonymised"})


class Rows(Protocol[R, T]):
    """What is told of a row."""

    def case(self, row: R) -> str:
        """The case that it is of."""

    def kind(self, row: R) -> Kind | None:
        """The kind of information that it is; none where nobody knows, so that it is read by nobody."""

    def rests_on(self, row: R, reader: Reader, access: Access) -> Sequence[int]:
        """The places of the entries by which somebody with such access is shown it."""

    def names(self, row: R, reader: Reader, access: Access) -> bool:
        """Whether it names persons, and they are to go by pseudonyms."""

    def told(self, row: R, reader: Reader, access: Access, shown: Shown | None) -> T | None:
        """The row as this reader is shown it; none where it is not theirs to read. `shown`: the case, with the entries that it rests on."""


# --- the case list

OPENING = (1,)
BY_AN_AMENDMENT = frozenset({"area", "events", "known_from", "known_until"})
"""What of a row changes when it is amended where the incident was."""


class CaseRows:
    """That there is a case is of the outline; where its incident was, and that this was amended, of the notification."""

    def case(self, row: ListedCase) -> str:
        return row.case

    def kind(self, row: ListedCase) -> Kind:
        return OUTLINE

    def rests_on(self, row: ListedCase, reader: Reader, access: Access) -> Sequence[int]:
        return () if self._entire(reader) else OPENING

    def names(self, row: ListedCase, reader: Reader, access: Access) -> bool:
        return False

    def told(self, row: ListedCase, reader: Reader, access: Access, shown: Shown | None) -> Item:
        told: Item = msgspec.to_builtins(row)
        if not self._entire(reader):
            told = {name: value for name, value in told.items() if name not in BY_AN_AMENDMENT}
            for opening in shown.at.values() if shown else ():
                told["known_from"] = msgspec.to_builtins(opening.at)
        return told

    @staticmethod
    def _entire(reader: Reader) -> bool:
        return bool(reader.may(KINDS.overview["incident"]).ways & IN_FULL)


# --- the deadline board


@dataclass(frozen=True)
class ClockRows:
    """A clock is of the kind of what it waits for. It holds neither words nor persons, so there is nothing in it to hide under
    pseudonyms. `text`, `owed_by`, `falls_to`: what was asked for."""

    today: date
    calendars: Mapping[str, Calendar]
    text: str | None = None
    owed_by: str | None = None
    falls_to: Owing | None = None

    def case(self, row: BoardRow) -> str:
        return row.case

    def kind(self, row: BoardRow) -> Kind | None:
        return KINDS.clocks.get(row.clock.clock)

    def rests_on(self, row: BoardRow, reader: Reader, access: Access) -> Sequence[int]:
        return row.clock.places if "own" in access.ways and not access.ways & IN_FULL else ()

    def names(self, row: BoardRow, reader: Reader, access: Access) -> bool:
        return False

    def told(self, row: BoardRow, reader: Reader, access: Access, shown: Shown | None) -> Item | None:
        if self.entire(row, reader, access, shown):
            return row.item(self.today, self.calendars)
        if not self.found_by_metadata(row, access):
            return None
        hidden = ("about", "why", *(["owed_by"] if _owing_says_of_whom(row.clock) else []))
        return {name: value for name, value in row.item(self.today, self.calendars).items() if name not in hidden}

    def entire(self, row: BoardRow, reader: Reader, access: Access, shown: Shown | None) -> bool:
        """Whether all of it is theirs to read: by its kind, or as it rests on an entry of their own."""
        if access.ways & IN_FULL:
            return True
        kind = KINDS.clocks[row.clock.clock]
        return shown is not None and any(reader.owns(entry, kind).mine for entry in shown.at.values())

    def found_by_metadata(self, row: BoardRow, access: Access) -> bool:
        """Whether somebody may read the metadata of it, and what was asked for is found in these."""
        clock = row.clock
        owed_by = None if _owing_says_of_whom(clock) else clock.owed_by
        said = " ".join(filter(None, (row.label, clock.clock, owed_by))).lower()
        return (
            "metadata" in access.ways
            and (self.text is None or self.text.lower() in said)
            and self.owed_by in (None, owed_by)
            and (self.falls_to is None or owed_by in self.falls_to.owed_by or clock.clock in self.falls_to.clocks)
        )


class WholeClocks(ClockRows):
    """The clocks themselves, for what tells no more of them than that they are due: a calendar, a mail, a count."""

    def told(self, row: BoardRow, reader: Reader, access: Access, shown: Shown | None) -> BoardRow | None:  # type: ignore[override]  # another form
        return row if self.entire(row, reader, access, shown) or self.found_by_metadata(row, access) else None


def _owing_says_of_whom(clock: Clock) -> bool:
    """Whether it is owed by the very agency that it is about."""
    about, owed_by = clock.about or "", clock.owed_by or ""
    return bool(about and owed_by) and (about in owed_by or owed_by in about)


# --- the register of decisions

MADE_BY: Mapping[str, str] = {
    "threshold": "threshold-decided", "rapid-review-outcome": "rapid-review-outcome-decided",
    "criteria-not-met": "serious-incident-found-not-to-meet-criteria", "report-endorsement": "report-endorsed",
    "publication": "publication-decided",
}  # fmt: skip
"""The event that makes a decision of each kind, at first."""

OF_THE_LIST = ("case", "label", "partnership", "position", "known_from")


@dataclass(frozen=True)
class DecisionRows:
    """A decision is of the kind of the event that made it. `asked`: by what else than days it was looked for."""

    asked: Mapping[str, str | None] = field(default_factory=dict)

    def case(self, row: RegisteredDecision) -> str:
        return row.case

    def kind(self, row: RegisteredDecision) -> Kind | None:
        return KINDS.events.get(MADE_BY.get(row.told["decision"], ""))

    def rests_on(self, row: RegisteredDecision, reader: Reader, access: Access) -> Sequence[int]:
        return () if "full" in access.ways else (row.told["place"],)

    def names(self, row: RegisteredDecision, reader: Reader, access: Access) -> bool:
        if "full" in access.ways:
            return "full" not in reader.may("notifier-identity").ways and _by_a_notifier(row.told)
        return "pseudonymised" in access.ways

    def told(self, row: RegisteredDecision, reader: Reader, access: Access, shown: Shown | None) -> Item | None:
        if "full" in access.ways:
            if shown is None:
                return row.item()
            known: Item = shown.in_full(row.item())
            return known if self._found_by(known) else None
        kept = shown.decisions([row.told]) if shown else []
        if not kept:
            return None
        item = row.item()
        told = {**{name: item[name] for name in OF_THE_LIST}, "events": [row.told["place"]], **kept[0]}
        return told if self._found_by(told) else None

    def _found_by(self, told: Mapping[str, Any]) -> bool:
        deciders = [person for made in (told, *told.get("confirmed", ())) for person in _deciders(made)]
        shown = {"kind": [told.get("decision")], "outcome": [told.get("outcome")], "decider": deciders}
        return all(value is None or value in shown[name] for name, value in self.asked.items())


def _deciders(made: Mapping[str, Any]) -> list[str | None]:
    return [decider.get("person") for decider in made.get("deciders", ())] or [made.get("recorded_by", {}).get("person")]


def _by_a_notifier(told: Any) -> bool:
    """Whether anything in it was said by somebody in a role that notifies."""
    if isinstance(told, Mapping):
        return told.get("role") in NOTIFYING_ROLES or any(map(_by_a_notifier, told.values()))
    return isinstance(told, list | tuple) and any(map(_by_a_notifier, told))
