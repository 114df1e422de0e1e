"""Single events as somebody may read them outside their case: in full or not at all, without words, and field by field."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from application.case_view.readable import said_by
from application.policy.across import Across
from application.policy.kinds import KINDS, Kind
from application.policy.reading import OUTLINE
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


WITH_OTHERS: Mapping[str, frozenset[Kind]] = {
    name: frozenset(kind for field, kind in KINDS.fields.items() if field.partition(".")[0] == name)
    for name in {field.partition(".")[0] for field in KINDS.fields}
}  # fmt: skip
"""The events that have fields of another kind, and of which."""


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
        self._lot: dict[int, tuple[Stored, Header, Recorded | None]] = {}
        self._whole: Mapping[str, Sequence[Recorded]] = {}

    async def look_at(self, lot: Sequence[tuple[Stored, Header]]) -> None:
        """Find out who they are on the cases of these events, and what is to be known of those cases."""
        events = [(stored, then, _recorded(stored)) for stored, then in lot]
        candidates = [recorded for _, then, recorded in events if recorded and then.stream.startswith("candidate/")]
        of_cases = [(then.stream.removeprefix("case/"), recorded) for _, then, recorded in events if then.stream.startswith("case/")]
        await self._across.judge([*(case for case, _ in of_cases), *(case for one in candidates for case in cases_named(one))])
        theirs = [(case, recorded) for case, recorded in of_cases if recorded and self._across.reader(case) is not None]
        await self._across.learn_names(case for case, recorded in theirs if self._names(case, recorded))
        self._whole = await self._across.histories(case for case, recorded in theirs if recorded.name in SPEAKS_OF_ANOTHER)
        self._lot = {stored.position: (stored, then, recorded) for stored, then, recorded in events}

    def _names(self, case: str, recorded: Recorded) -> bool:
        """Whether it was asked by, or names, somebody whom they may not know by name."""
        ways = self._across.may(case, KINDS.events.get(recorded.name, OUTLINE)).ways
        if not ways & {"full", "own"}:
            return False
        notifier = recorded.by.role in NOTIFYING_ROLES and "full" not in self._across.may(case, "notifier-identity").ways
        others = (self._across.may(case, kind).ways for kind in WITH_OTHERS.get(recorded.name, ()))
        named = any("pseudonymised" in of and "full" not in of for of in others)
        return named or (recorded.by.person != self._across.by.person and (notifier or "full" not in ways))

    def told(self, position: int) -> Readable | None:
        """The event at this position; none where it is not theirs to read in full."""
        if position not in self._lot:
            return None
        stored, then, recorded = self._lot[position]
        kind, _, name = then.stream.partition("/")
        if kind == "case":
            return self._of_a_case(stored, name, recorded) if recorded else None
        if kind not in OF_NOBODY and not (recorded and self._reads_candidate(name, recorded)):
            return None
        return in_full(stored, then)

    def _of_a_case(self, stored: Stored, case: str, recorded: Recorded) -> Readable | None:
        whole = self._whole.get(case, ()) if recorded.name in SPEAKS_OF_ANOTHER else ()
        shown = self._across.shown(case, more=[*(one for one in whole if one.place < recorded.place), recorded])
        if shown is None or recorded.name not in KINDS.events:
            return None
        kind = shown.kind(recorded)
        ways, mine = shown.reader.may(kind).ways, shown.reader.owns(recorded, kind)
        if not ("full" in ways or ("own" in ways and mine.mine and mine.fields is None)):
            return None
        fields, withheld = plain(stored)
        item = shown.item({"place": recorded.place, "by": said_by(recorded.by), "fields": fields})
        transcribed_by = recorded.header.transcribed_by if "full" in ways else None
        return Readable(item["by"], item["fields"], [*withheld, *item.get("withheld", ())], transcribed_by)

    def _reads_candidate(self, name: str, recorded: Recorded) -> bool:
        """A candidate is read by whoever reads the themes of every case that the entry names."""
        whose = name.partition("-")[0]
        return self._across.reads_themes(whose) and all("full" in self._across.may(case, "themes").ways for case in cases_named(recorded))


SPEAKS_OF_ANOTHER = frozenset({RecordCorrected.stored_name(), TextRedacted.stored_name()})


def cases_named(recorded: Recorded) -> Collection[str]:
    """The cases that an entry of a candidate names."""
    event = recorded.event
    found = [getattr(event, "case", None), getattr(getattr(event, "cause", None), "case", None)]
    found += [child.case for child in getattr(event, "children", ())]
    return [*dict.fromkeys(case for case in found if case)]


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
