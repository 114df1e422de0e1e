"""Single events as somebody may read them outside their case: in full or not at all, without words, and field by field."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from application.case_view.readable import said_by
from application.policy.across import Across
from application.policy.entries import Entries
from application.policy.kinds import KINDS
from application.policy.reading import OUTLINE, Reader
from application.store import mapper
from application.store.store import Stored
from domain.corrections import RecordCorrected
from domain.erasure import TextRedacted
from domain.people import NOTIFYING_ROLES, PersonId
from domain.recorded import Header, Recorded

SEALED = "\x00"
"""Stands where words were, while a body is taken apart: no text holds it."""

OF_NOBODY = frozenset({"calendar", "procedure"})
"""Streams that everybody may read."""


class Readable(NamedTuple):
    """What of an event may be read: who asked it, its fields without words, and the paths of what is withheld."""

    by: Mapping[str, Any]
    fields: Mapping[str, Any]
    withheld: Sequence[str]
    transcribed_by: PersonId | None = None


def in_full(stored: Stored, then: Header) -> Readable:
    """All of it but its words."""
    return Readable(said_by(then.by), *plain(stored), then.transcribed_by)


class ReadableEvents:
    """A lot of events, as one person may read them."""

    def __init__(self, across: Across) -> None:
        self._across = across
        self._lot: dict[int, tuple[Stored, Header]] = {}

    async def look_at(self, lot: Sequence[tuple[Stored, Header]]) -> None:
        """Find out who they are on the cases of these events."""
        self._lot = {stored.position: (stored, then) for stored, then in lot}
        of_cases = [then for _, then in lot if then.stream.startswith("case/")]
        candidates = [_recorded(stored) for stored, then in lot if then.stream.startswith("candidate/")]
        named = [case for recorded in candidates if recorded for case in cases_named(recorded)]
        await self._across.judge([*(_case(then) for then in of_cases), *named])
        await self._across.look_into(_case(then) for then in of_cases if self._rests(then))

    def _rests(self, then: Header) -> bool:
        """Whether more of its case is to be known: what it puts right, or what somebody goes by who is not named."""
        if self._across.reader(_case(then)) is None:
            return False
        hidden = then.by.role in NOTIFYING_ROLES and "full" not in self._across.may(_case(then), "notifier-identity").ways
        ways = self._across.may(_case(then), KINDS.events.get(then.name, OUTLINE)).ways
        return then.name in SPEAKS_OF_ANOTHER or ("full" in ways and hidden) or ("full" not in ways and "own" in ways)

    def told(self, position: int) -> Readable | None:
        """The event at this position; none where it is not theirs to read in full."""
        if position not in self._lot:
            return None
        stored, then = self._lot[position]
        kind = then.stream.partition("/")[0]
        if kind == "case":
            reader = self._across.reader(_case(then))
            return None if reader is None else self._of_a_case(stored, then, reader)
        if kind not in OF_NOBODY and not self._of_a_candidate(stored, then):
            return None
        return in_full(stored, then)

    def _of_a_case(self, stored: Stored, then: Header, reader: Reader) -> Readable | None:
        recorded = _recorded(stored)
        if recorded is None or then.name not in KINDS.events:
            return None
        fields, withheld = plain(stored)
        entries: Entries | None = self._across.shown(_case(then))
        entries = entries or Entries(reader, [recorded], {})
        kind = entries.kind(recorded)
        mine = reader.owns(recorded, kind)
        ways = reader.may(kind).ways
        if not ("full" in ways or ("own" in ways and mine.mine and mine.fields is None)):
            return None
        item = entries.item({"place": then.place, "by": said_by(then.by), "fields": fields})
        return Readable(item["by"], item["fields"], [*withheld, *item.get("withheld", ())], then.transcribed_by if "full" in ways else None)

    def _of_a_candidate(self, stored: Stored, then: Header) -> bool:
        """A candidate is read by whoever reads the themes of every case that the entry names."""
        recorded = _recorded(stored)
        named = cases_named(recorded) if recorded else ()
        whose = then.stream.partition("/")[2].partition("-")[0]
        return self._across.reads_themes(whose) and all("full" in self._across.may(case, "themes").ways for case in named)


SPEAKS_OF_ANOTHER = frozenset({RecordCorrected.stored_name(), TextRedacted.stored_name()})


def cases_named(recorded: Recorded) -> Collection[str]:
    """The cases that an entry of a candidate names."""
    event = recorded.event
    found = [getattr(event, "case", None), getattr(getattr(event, "cause", None), "case", None)]
    found += [child.case for child in getattr(event, "children", ())]
    return [*dict.fromkeys(case for case in found if case)]


def _case(then: Header) -> str:
    return then.stream.removeprefix("case/")


def _recorded(stored: Stored) -> Recorded | None:
    """The event; none where this version does not know it, so that nobody reads it."""
    try:
        return mapper.recorded(*stored)
    except mapper.UnknownEvent:
        return None


# --- without words


class _Sealed(dict[str, str]):
    """Whatever words are asked for, they are not told."""

    def __missing__(self, path: str) -> str:
        return SEALED


def plain(stored: Stored) -> tuple[dict[str, Any], list[str]]:
    """The fields of an event without its words, and the paths at which words were."""
    withheld: list[str] = []
    found: dict[str, Any] = _plain(mapper.fields_with(stored.header, stored.body, _Sealed()), "", withheld)
    return found, withheld


def _plain(value: Any, path: str, withheld: list[str]) -> Any:
    """What is left without words: of a part what else it says, of a list of nothing but words nothing (None)."""
    if value == SEALED:
        withheld.append(path)
        return None
    at = f"{path}." if path else ""
    if isinstance(value, dict):
        kept = {name: _plain(inner, f"{at}{name}", withheld) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner is not None or value[name] is None}
    if isinstance(value, list):
        items = [_plain(inner, f"{at}{n}", withheld) for n, inner in enumerate(value)]
        return items if not value or any(item is not None for item in items) else None
    return value
