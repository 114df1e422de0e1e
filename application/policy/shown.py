"""What of a case is shown to somebody: each answer of `application/case_view`, with what is not theirs to read taken out of it.

What is withheld from an entry is named in its `withheld`; an entry of which nothing may be read keeps its place, and is empty. Under
pseudonyms persons go by what they are to the case, and what would name them is replaced (`pseudonyms.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from application.policy.entries import Entries
from application.policy.kinds import KINDS, Kind
from application.policy.own import OF_AN_OUTCOME
from domain.recorded import Recorded

Item = dict[str, Any]

REACHED = ("information", "information_intact", "seen", "seen_confirmed", "shown", "shown_up_to", "opened", "sent", "existed_but_not_shown")
"""What a decider had before them: for whoever reads decisions in full."""


ENVELOPE_OF_A_PERSON = ("person", "role", "organisation", "partnership", "behalf_of")


class Shown(Entries):
    """One case, as one reader is shown it.

    `history` is as much of it as they asked for, and `whole` all there is, for a name that was recorded later stands in earlier words
    too; `fields` has the bodies of all, with every word in the clear.
    """

    # --- the overview

    def overview(self, told: Mapping[str, Any]) -> Item:
        """The case at a glance: of each part as much as its kind lets them read. Which kinds are withheld is said."""
        found: Item = {}
        withheld: set[Kind] = set()
        for part, value in told.items():
            if part == "documents":
                found[part] = self.documents(value)
            elif part == "parties":
                found[part] = {name: kept for name, inner in value.items() if (kept := self._part(f"parties.{name}", inner)) is not None}
                withheld |= {KINDS.overview[f"parties.{name}"] for name in value if name not in found[part]}
            elif (kept := self._part(part, value)) is not None:
                found[part] = kept
            else:
                withheld.add(KINDS.overview[part])
        return found | ({"withheld": sorted(withheld)} if withheld else {})

    def _part(self, part: str, value: Any) -> Any:
        """A part of the overview; none where nothing of it may be read. A list of what is theirs alone may be empty."""
        kind = KINDS.overview[part]
        access = self.reader.may(kind)
        if "full" in access.ways:
            return value
        if isinstance(value, list) and access.reads:
            kept = [self._one(item, kind) for item in value]
            return [item for item in kept if item is not None]
        if "pseudonymised" in access.ways:
            return self.pseudonyms.value(value)
        return value if "own" in access.ways and self._of_mine(value, kind) else None

    def _one(self, item: Any, kind: Kind) -> Any:
        access = self.reader.may(kind)
        if "own" in access.ways and self._of_mine(item, kind):
            return (
                item
                if self.reader.may("themes").reads or not isinstance(item, Mapping)
                else {k: v for k, v in item.items() if k != "themes"}
            )
        return self.pseudonyms.value(item) if "pseudonymised" in access.ways else None

    def _of_mine(self, item: Any, kind: Kind) -> bool:
        """Whether an item is one's own: by the entry at its place, or by whom or which agency it names."""
        if not isinstance(item, Mapping):
            return False
        if (recorded := self.at.get(item.get("place", 0))) is not None:
            return self.reader.owns(recorded, kind).fields is None and self.reader.owns(recorded, kind).mine
        if "agency" in item:
            return "agency-author" in self.reader.capacities and item["agency"] in self.reader.member.agencies
        opened = self.at.get(1)
        return "harm" in item and opened is not None and self.reader.owns(opened, kind).mine

    # --- what holds stored bytes

    def withholds_entry(self, recorded: Recorded) -> bool:
        """Whether the stored bytes of an entry are kept from them: they say every plain field of it, so each has to be theirs to read.

        Under pseudonyms will do: words are withheld one by one, and persons go by their ids. To those who read nothing of the
        notification, not even the id of who notified is told.
        """
        if recorded.place not in self.fields:
            return True  # what was not opened cannot be judged
        kinds = {KINDS.of_field(recorded.name, field) for field in self.fields[recorded.place]} | {self.kind(recorded)}
        notified = self.hides(recorded.by.person, recorded.by.role) and not self.reader.may("notification").reads
        return notified or not all(self._reads_bytes(recorded, kind) for kind in kinds)

    def _reads_bytes(self, recorded: Recorded, kind: Kind) -> bool:
        access, mine = self.reader.may(kind), self.reader.owns(recorded, kind)
        return bool(access.ways & {"full", "pseudonymised"}) or ("own" in access.ways and mine.mine and mine.fields is None)

    # --- lists

    def decisions(self, told: Iterable[Mapping[str, Any]]) -> list[Item]:
        """Each decision; of one's own the outcome and its rationale, and not who took which position."""
        found = []
        for decision in told:
            recorded = self.at.get(decision.get("place", 0))
            kind = KINDS.events[recorded.name] if recorded else "decisions"
            access = self.reader.may(kind)
            if "full" in access.ways:
                found.append(self.in_full(decision))
            elif "pseudonymised" in access.ways:
                found.append(self._under_pseudonyms(decision))
            elif recorded and "own" in access.ways and (mine := self.reader.owns(recorded, kind)).mine:
                kept = OF_AN_OUTCOME if mine.fields else decision.keys()
                found.append({name: _only(value) for name, value in decision.items() if name in kept})
            elif "metadata" in access.ways:
                found.append({name: decision[name] for name in ("on", "at", "place") if name in decision})
        return found

    def in_full(self, value: Any) -> Any:
        """All that something says, but for who notified where that is not theirs to know."""
        if isinstance(value, Mapping):
            told = {key: self.in_full(below) for key, below in value.items()}
            return self._who(told, lambda by: self.by(by, in_full=True))
        return [self.in_full(below) for below in value] if isinstance(value, list | tuple) else value

    def _under_pseudonyms(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            told = {key: self._under_pseudonyms(below) for key, below in value.items() if key not in REACHED and key != "born_on"}
            return self._who(told, self.pseudonyms.by)
        if isinstance(value, list | tuple):
            return [self._under_pseudonyms(below) for below in value]
        return self.pseudonyms.value(value)

    def _who(self, told: Item, said: Callable[[Item], Item]) -> Item:
        """Whatever names a person in a role, with that said as it may be, and the rest as it is."""
        if not {"person", "role"} <= told.keys():
            return told
        by = {name: told[name] for name in ENVELOPE_OF_A_PERSON if name in told}
        return {**{name: value for name, value in told.items() if name not in by}, **said(by)}

    def clocks(self, told: Iterable[Mapping[str, Any]]) -> list[Item]:
        """The clocks of what they may read; of one's own, those that rest on an entry that is."""
        return [kept for clock in told if (kept := self._resting(clock, {KINDS.clocks[clock["clock"]]})) is not None]

    def assumed(self, told: Mapping[str, Any]) -> Item:
        """Clocks as they would be, each beside the one that is recorded (`application/under.py`)."""
        beside = (self._under_assumption(one, self.reader.may(KINDS.clocks[one["clock"]]).ways) for one in told["beside"])
        return {**told, "items": self.clocks(told["items"]), "beside": [one for one in beside if one is not None]}

    def _under_assumption(self, one: Mapping[str, Any], ways: frozenset[str]) -> Item | None:
        if "full" in ways:
            return dict(one)
        told: Item | None = self.pseudonyms.value(one) if "pseudonymised" in ways else None
        return told

    def absences(self, told: Iterable[Mapping[str, Any]]) -> list[Item]:
        """What is expected and absent, of what they may read."""
        names = {place: recorded.name for place, recorded in self.at.items()}
        return [kept for absence in told if (kept := self._resting(absence, KINDS.of_absence(absence, names))) is not None]

    def _resting(self, item: Mapping[str, Any], kinds: Iterable[Kind]) -> Item | None:
        """An item that rests on entries of these kinds, as far as every one of them may be read."""
        levels = [(kind, self.reader.may(kind)) for kind in kinds]
        if all("full" in access.ways for _, access in levels):
            return dict(item)
        if all(access.ways & {"full", "pseudonymised"} for _, access in levels):
            told: Item = self.pseudonyms.value(item)
            return told
        if all(access.level in ("full", "pseudonymised", "metadata") for _, access in levels):
            return {name: value for name, value in item.items() if name not in ("about", "why", "sentence") and value != item.get("about")}
        entries = [self.at[place] for place in item.get("events", ()) if place in self.at]
        mine = (self.reader.owns(recorded, kind).mine for kind, access in levels if "own" in access.ways for recorded in entries)
        return dict(item) if any(mine) else None

    def allowed(self, told: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """Which commands they may ask; a refusal that rests on what they may not read says no more than its rule."""
        refused = ({**one, "sentence": " ".join(self.reader.refusal(one["command"], [one["sentence"]]))} for one in told["refused"])
        return {"allowed": [*told["allowed"]], "refused": [*refused]}

    def escalations(self, told: Iterable[Mapping[str, Any]]) -> list[Item]:
        """Challenges, representations and concerns about a report."""
        found = []
        for raised in told:
            kind = KINDS.escalations[raised["kind"]]
            ways = self.reader.may(kind).ways
            recorded = self.at.get(raised["raised"]["place"])
            if "full" in ways or ("own" in ways and recorded and self.reader.owns(recorded, kind).mine):
                found.append(self.in_full(self._besides(raised)))
            elif "pseudonymised" in ways:
                found.append(self._under_pseudonyms(self._besides(raised)))
        return found

    def _besides(self, raised: Mapping[str, Any]) -> Item:
        """With what was recorded meanwhile, and of which review it came, as far as they may know those entries."""
        told = dict(raised)
        for part in ("did_not_wait", "came_after"):
            told[part] = [entry for entry in raised.get(part, ()) if self._may_name_at(entry.get("place"))]
        if not self._may_name_at(told.get("after_progress_review", {}).get("place")):
            told.pop("after_progress_review", None)
        return told

    def _may_name_at(self, place: int | None) -> bool:
        return place is None or (place in self.at and self.may_name(self.at[place]))

    def looks(self, told: Iterable[Mapping[str, Any]]) -> list[Item]:
        """Who looked: all of it, or one's own looks."""
        ways = self.reader.may("audit-trail").ways
        if "full" in ways:
            return [self._look(look) for look in told]
        if "pseudonymised" in ways:
            return [self._under_pseudonyms(self._look(look)) for look in told]
        return [dict(look) for look in told if "own" in ways and look["by"]["person"] == self.reader.by.person]

    def _look(self, look: Mapping[str, Any]) -> Item:
        """A look; of somebody who notified, and is not to be known, neither as what they were let in nor why."""
        if not self.hides(look["by"]["person"], look["by"]["role"]):
            return dict(look)
        return {name: value for name, value in look.items() if name not in ("capacity", "because")} | {"by": self.pseudonyms.by(look["by"])}

    def steps(self, told: Iterable[Mapping[str, Any]]) -> list[Item]:
        """The case told again (`replay`): of each step the entry, what it changed of the case, and its clocks, as far as they may read."""
        found = []
        for step in told:
            item = self.item(step) if "place" in step else dict(step)
            for change in ("stage", "changed", "clocks"):
                item.pop(change, None)
            changed = [self._change(one) for one in step.get("changed", ())]
            parts = {"changed": [one for one in changed if one is not None], "clocks": self.clocks(step.get("clocks", ()))}
            stage = {"stage": step["stage"]} if "stage" in step and self.reader.may("outline").reads else {}
            found.append(item | stage | {name: part for name, part in parts.items() if name in step})
        return found

    def _change(self, change: Mapping[str, Any]) -> Item | None:
        first, _, rest = change["what"].partition(".")
        part = f"parties.{rest.partition('.')[0]}" if first == "parties" else first
        if part == "documents":
            sides = {side: kept for side in ("before", "after") if (kept := self._document(change.get(side)))}
            return {"what": change["what"], **sides} if sides else None
        ways = self.reader.may(KINDS.overview[part]).ways
        if "full" in ways:
            return dict(change)
        return self._under_pseudonyms(change) if "pseudonymised" in ways else None

    def _document(self, side: Any) -> Any:
        """A document, or where one is named, before or after a change."""
        if isinstance(side, Mapping):
            return next(iter(self.documents([side])), None)
        return [one for one in side or () if self._naming(one).reads]


def _only(value: Any) -> Any:
    """Of a part of one's own decision, the words, and not who recorded them."""
    if isinstance(value, Mapping):
        return {name: _only(below) for name, below in value.items() if name in OF_AN_OUTCOME}
    return [_only(below) for below in value] if isinstance(value, list) else value
