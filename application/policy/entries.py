"""The entries of a case as somebody is shown them, field by field; and which documents they may open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from application.policy.kinds import KINDS, Kind, about
from application.policy.membership import membership
from application.policy.policies import Access
from application.policy.pseudonyms import Pseudonyms
from application.policy.reading import Reader
from domain.corrections import RecordCorrected
from domain.people import NOTIFYING_ROLES, PersonId
from domain.recorded import Recorded
from domain.told import Fields

ALL = "*"
"""Stands in `withheld` where nothing of an entry may be read."""

ENVELOPE = ("place", "position", "name", "at", "on")
"""What is known of an entry of which only the metadata may be read."""

ABOUT_THE_NOTIFIER = frozenset({"notification-received", "notifier-supported"})
"""Entries whose sentence says from where a notification came."""

THEMES = frozenset({"themes", "emerging_themes"})
"""Fields that the sentence of their entry repeats."""

AUDIT = "audit-trail"


class Entries:
    """The entries of one case for one reader."""

    def __init__(self, reader: Reader, history: Sequence[Recorded], fields: Fields, whole: Sequence[Recorded] = ()) -> None:
        self.reader = reader
        self.at = {recorded.place: recorded for recorded in history}
        self.fields = fields
        self._whole = whole or history
        self._first = {recorded.header.command: recorded for recorded in reversed(history)}

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        return Pseudonyms(self._whole, self.fields)

    def kind(self, recorded: Recorded) -> Kind:
        """The kind of an entry: of one that corrects or redacts another, that other's."""
        return KINDS.of_entry(recorded, self.at)

    # --- one entry

    def items(self, told: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The history: every place is there, whether or not it may be read."""
        return [self.item(item) for item in told]

    def item(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """An entry of the history with what may be read of it; what may not is named in `withheld`."""
        place = told["place"]
        recorded = self.at.get(place)
        if recorded is None:
            return {"place": place, "withheld": [ALL]}
        body, withheld = self._body(recorded, told.get("fields", {}))
        access, mine = self.reader.may(self.kind(recorded)), self.reader.owns(recorded, self.kind(recorded))
        entire = "full" in access.ways or ("own" in access.ways and mine.mine)
        if not entire and "pseudonymised" not in access.ways:
            if self._as_metadata(recorded, access):
                return {name: told[name] for name in ENVELOPE if name in told} | self._asked(told, access) | {"withheld": [ALL]}
            if not body or withheld:
                return self._glimpse(told, body, withheld)
        item = {name: value for name, value in told.items() if name not in ("fields", "late_entry", "transcribed_by")}
        if "sentence" in told:
            all_of_it = entire and mine.fields is None and not THEMES & {*withheld}
            item["sentence"] = self._sentence(recorded, told["sentence"], in_full=all_of_it)
        if "fields" in told:
            item["fields"] = body
        item |= self._asked(told, access) | self._late(recorded, told) | self._transcribed(told, access)
        return item | ({"withheld": withheld} if withheld else {})

    def _asked(self, told: Mapping[str, Any], access: Access) -> dict[str, Any]:
        return {"by": self.by(told["by"], in_full="full" in access.ways)} if "by" in told else {}

    def _as_metadata(self, recorded: Recorded, access: Access) -> bool:
        """A correction or redaction is of the audit trail as well, though what it speaks of may be another's to read."""
        audited = KINDS.events[recorded.name] == AUDIT and "full" in self.reader.may(AUDIT).ways
        return audited or "metadata" in access.ways

    def may_name(self, recorded: Recorded) -> bool:
        """Whether they may know what an entry is: of those that somebody missed, these are named and the others only counted."""
        access, mine = self.reader.may(self.kind(recorded)), self.reader.owns(recorded, self.kind(recorded)).mine
        return bool(access.ways & {"full", "pseudonymised"}) or self._as_metadata(recorded, access) or ("own" in access.ways and mine)

    def _glimpse(self, told: Mapping[str, Any], body: dict[str, Any], withheld: list[str]) -> dict[str, Any]:
        """An entry of which some fields of another kind may be read, or nothing at all."""
        if not any(body.values()):
            return {"place": told["place"], "withheld": [ALL]}
        named = {name: told[name] for name in ("place", "position", "name", "at", "on") if name in told}
        return named | {"fields": body, "withheld": withheld}

    def _body(self, recorded: Recorded, body: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        found: dict[str, Any] = {}
        withheld: list[str] = []
        for field, value in body.items():
            kept = self._field(recorded, field, value)
            if kept is None and value is not None:
                withheld.append(field)
            else:
                found[field] = kept
        return found, withheld

    def _field(self, recorded: Recorded, field: str, value: Any) -> Any:
        """What may be read of a field: itself, itself under pseudonyms, or nothing."""
        of = about(recorded, self.at)
        if isinstance(recorded.event, RecordCorrected) and of is not recorded and field in ("correction", "words", "names"):
            return self._correction(recorded, of, field, value)
        named = getattr(recorded.event, "field", field) if of is not recorded and field == "replacement" else field
        return self._read(recorded, of, KINDS.of_field(of.name, named), field, value)

    def _read(self, recorded: Recorded, of: Recorded, kind: Kind, field: str, value: Any) -> Any:
        ways = self.reader.may(kind).ways
        if "full" in ways or ("own" in ways and (self.reader.owns(of, kind).has(field) or self.reader.owns(recorded, kind).has(field))):
            return value
        return self.pseudonyms.value(value) if "pseudonymised" in ways else None

    def _correction(self, recorded: Recorded, of: Recorded, field: str, value: Any) -> Any:
        """What a correction puts in the place of each field is of that field's kind."""
        if field == "names":
            kept = [self._read(recorded, of, KINDS.of_field(of.name, name["path"]), name["path"], _named(name)) for name in value]
            return [name for name in kept if name is not None] or None
        found = {path: self._read(recorded, of, KINDS.of_field(of.name, path), path, below) for path, below in value.items()}
        return {path: below for path, below in found.items() if below is not None or value[path] is None} or None

    def by(self, by: Mapping[str, Any], *, in_full: bool) -> dict[str, Any]:
        """Who asked. A notifier only for those who may read who notified."""
        known = by["person"] == self.reader.by.person or (in_full and not self.hides(by["person"], by["role"]))
        return dict(by) if known else self.pseudonyms.by(by)

    def hides(self, person: PersonId, role: str) -> bool:
        """Whether somebody notified, and it is not for this reader to know who they are."""
        private = role in NOTIFYING_ROLES and role != "named-portal-user" and person != self.reader.by.person
        return private and "full" not in self.reader.may("notifier-identity").ways

    def _sentence(self, recorded: Recorded, sentence: str, *, in_full: bool) -> str:
        """The sentence of an entry speaks of nothing that is sealed, but it may say from where a notification came, or who decided how."""
        hidden = recorded.name in ABOUT_THE_NOTIFIER and not self.reader.may("notifier-identity").reads
        pseudonymised = "pseudonymised" in self.reader.may(self.kind(recorded)).ways
        if hidden or not (in_full or pseudonymised):
            return recorded.name.replace("-", " ").capitalize() + "."
        return sentence if in_full else self.pseudonyms.text(sentence)

    def _late(self, recorded: Recorded, told: Mapping[str, Any]) -> dict[str, Any]:
        """Why it was entered late was said once, with the first entry of the asking, and is of that one's kind."""
        if "late_entry" not in told:
            return {}
        late = dict(told["late_entry"])
        if "because" in late:
            because = self._field(self._first[recorded.header.command], "because", late.pop("because"))
            late |= {} if because is None else {"because": because}
        return {"late_entry": late}

    def _transcribed(self, told: Mapping[str, Any], access: Access) -> dict[str, Any]:
        if "transcribed_by" not in told:
            return {}
        by = told["transcribed_by"]
        return {"transcribed_by": by if "full" in access.ways else self.pseudonyms.person(by)}

    def withholds(self, recorded: Recorded, path: str) -> bool:
        """Whether the words at this path are kept from them in a case file: it is for checking, so nothing in it is under a pseudonym."""
        given = self.fields.get(recorded.place, {}).get(path.partition(".")[0])
        kept = self._field(recorded, path.partition(".")[0], given)
        return given is not None and kept != given

    # --- documents

    def documents(self, told: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The documents of the case that they may know of, each with where it is named as far as they may read that."""
        found = []
        for document in told:
            named = [one for one in document.get("named", ()) if self._naming(one).reads]
            if named or (not document.get("named") and self.reader.may("loose-documents").reads):
                found.append({**document, "named": named})
        return found

    def knows_document(self, document: Mapping[str, Any]) -> bool:
        """Whether they may know that there is this document."""
        return bool(self.documents([document]))

    def knows_holds(self) -> bool:
        """Whether they may know what is held while proceedings run."""
        return self.reader.may("decisions").level != "none"

    def may_open(self, document: Mapping[str, Any], kept_by: PersonId | None = None) -> bool:
        """Whether they may open a document: bytes have no pseudonyms, so only where something that names it is theirs in full.

        One that nothing names is opened by whoever keeps the case, and by whoever attached it. Naming a document opens it to nobody
        unless whoever named it could open it themselves: else a digest that one has seen would be a key.
        """
        if kept_by == self.reader.by.person and self.reader.may("outline").reads:
            return True
        if not document.get("named"):
            return self.reader.may("loose-documents").reads
        opening: list[Mapping[str, Any]] = []
        for named in sorted(document["named"], key=lambda one: one["place"]):
            if not opening or self._could_open(named, opening, kept_by):
                opening.append(named)
        return any(self._naming(one).level == "full" for one in opening)

    def _could_open(self, named: Mapping[str, Any], opening: Sequence[Mapping[str, Any]], kept_by: PersonId | None) -> bool:
        """Whether whoever named a document could open it when they did, by what named it before."""
        recorded = self.at.get(named["place"])
        if recorded is None:
            return False
        before = [one for one in self.at.values() if one.place < recorded.place]
        reader = Reader(recorded.by, membership(before, recorded.by.person, (recorded.by,)), recorded.at, self.reader.policies)
        author = Entries(reader, before, self.fields)
        return recorded.by.person == kept_by or any(author._naming(one).level == "full" for one in opening)

    def _naming(self, named: Mapping[str, Any]) -> Access:
        """How they may read the field that names a document: their own as in full."""
        recorded = self.at.get(named["place"])
        if recorded is None:
            return Access()
        kind = KINDS.of_field(about(recorded, self.at).name, named["as"])
        access = self.reader.may(kind)
        mine = self.reader.owns(recorded, kind)
        if "own" in access.ways and mine.mine and mine.fields is None:
            return Access(frozenset({"full"}), access.policies)
        return Access(access.ways - {"own"}, access.policies)


def _named(name: Mapping[str, Any]) -> dict[str, Any]:
    """A corrected name, with a birth date under the name by which it is left out of what stands under pseudonyms."""
    return {"born_on": name["words"], "path": name["path"]} if name["path"].endswith("born_on") else dict(name)
