"""What kind of information each part of a case is (`kinds.toml`): every event and field, overview, clock, absence, and refusal."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from domain.corrections import RecordCorrected
from domain.erasure import TextRedacted
from domain.recorded import Recorded

Kind = str


@dataclass(frozen=True)
class Kinds:
    """The tables of `kinds.toml`: what each kind is, and of which kind everything is."""

    kinds: Mapping[Kind, str]
    events: Mapping[str, Kind]
    fields: Mapping[str, Kind]
    overview: Mapping[str, Kind]
    clocks: Mapping[str, Kind]
    escalations: Mapping[str, Kind]
    rules: Mapping[str, Sequence[Kind]]
    commands: Mapping[str, Sequence[Kind]]

    def of_field(self, event: str, path: str) -> Kind:
        """Of a field of an event by its path (`notifier.name`), or of what stands below it.

        Raises:
            KeyError: the event has no kind, so nobody reads it.
        """
        return self.fields.get(f"{event}.{path.partition('.')[0]}", self.events[event])

    def of_absence(self, absence: Mapping[str, object], names: Mapping[int, str]) -> frozenset[Kind]:
        """What waits for a clock is of the clock's kind; any other absence is of the kinds of the entries that give rise to it.

        `names`: the events of the case by their places.
        """
        clock = absence.get("clock") or absence.get("absent")
        if clock in self.clocks:
            return frozenset({self.clocks[str(clock)]})
        places = absence.get("events")
        found = {self.events[names[place]] for place in places if place in names} if isinstance(places, Iterable) else set()
        return frozenset(found or {"decisions"})

    def of_entry(self, recorded: Recorded, history: Mapping[int, Recorded]) -> Kind:
        """The kind of an entry. One that corrects or redacts another is of that other's kind, for it repeats its words."""
        return self.events[about(recorded, history).name]


def about(recorded: Recorded, history: Mapping[int, Recorded]) -> Recorded:
    """The entry that an entry speaks of: the one it corrects or redacts, else itself."""
    while isinstance(recorded.event, RecordCorrected | TextRedacted):
        before = history.get(recorded.event.event_place)
        if before is None or before.place >= recorded.place:
            break
        recorded = before
    return recorded


KINDS = Kinds(**tomllib.loads(files(__package__).joinpath("kinds.toml").read_text(encoding="utf-8")))
