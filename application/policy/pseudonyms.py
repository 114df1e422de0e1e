"""Under pseudonyms: who somebody is, is told by what they are to this case, the same throughout it and nothing outside it.

A child goes by their ref, a practitioner by their role, everybody else by a number. A name that is known here is replaced wherever
it stands, in free text too; a birth date is left out, for the age band stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import msgspec

from domain.corrections import RecordCorrected
from domain.people import NOTIFYING_ROLES, PERSON_ID, THE_SOFTWARE, PersonId
from domain.recorded import Recorded
from domain.stages.opening import CaseOpened, Child, ChildAdded
from domain.told import Fields, present, words_at

SHORTEST = 3
"""A part of a name with fewer letters is no name to look for: it stands in other words too."""

ERASED = "[erased]"
A_PERSON = re.compile(PERSON_ID.strip("^$"))
NOTIFIER = "notifier"
BORN, CONTACT, FAMILY_NAME = "[date of birth]", "[contact]", "[family name]"
"""What stands in the place of a birth date, of how a notifier is reached, and of a name that several may bear. A notifier's role and
relationship stand in fields of their own: to look for those words in every text would say who is meant."""

CHILD_PARTS = ("name", "born_on")


class Pseudonyms:
    """The pseudonyms of one case, from its whole history and the words of its entries; numbers are in the order of first mention.

    `called`: names of persons from the register, where they are known to whoever asks for this.
    """

    def __init__(self, history: Iterable[Recorded], fields: Fields, called: Mapping[PersonId, str] | None = None) -> None:
        self._of: dict[PersonId, str] = {THE_SOFTWARE: "the software"}
        self._words: dict[str, str] = {}
        entries = [*history]
        for recorded in entries:
            for child, path in _children(recorded):
                self._of[child.person] = child.ref
                for part in CHILD_PARTS:
                    self._learn(words_at(fields, recorded.place, *path, part), child.ref if part == "name" else BORN)
            if notifier := getattr(recorded.event, "notifier", None):
                self._of.setdefault(notifier.person, NOTIFIER)
                self._learn(words_at(fields, recorded.place, "notifier", "name"), NOTIFIER)
                self._learn(words_at(fields, recorded.place, "notifier", "contact"), CONTACT)
            for n, corrected in enumerate(recorded.event.names if isinstance(recorded.event, RecordCorrected) else ()):
                last = corrected.path.rpartition(".")[2]
                instead = {"born_on": BORN, "contact": CONTACT, "name": self.person(corrected.person)}.get(last)
                self._learn(words_at(fields, recorded.place, "names", n, "words"), instead)
        counted: dict[str, int] = {}
        for person, role in _mentioned(entries):
            if person not in self._of:
                counted[role] = counted.get(role, 0) + 1
                self._of[person] = f"{role}-{counted[role]}"
        for person, name in (called or {}).items():
            self._learn(name, self.person(person))
        names = sorted(self._words, key=len, reverse=True)
        self._known = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)") if names else None

    def _learn(self, words: Any, instead: str | None) -> None:
        """A name and those of its parts that are long enough to be a name; of a date every way of writing it."""
        if instead is None or not isinstance(words, str) or not words.strip() or words == ERASED:
            return
        self._words.setdefault(words.strip(), instead)
        for said in _dates(words):
            self._words.setdefault(said, instead)
        if instead not in (BORN, CONTACT):
            for n, part in enumerate(re.findall(r"[^\W\d_]+", words)):
                if len(part) >= SHORTEST and part[0].isupper():
                    self._words.setdefault(part, instead if n == 0 else FAMILY_NAME)

    def person(self, person: PersonId) -> str:
        """The pseudonym of a person; one who is not of this case is nobody in particular. What is a pseudonym already stays one."""
        return self._of.get(person, "somebody") if A_PERSON.fullmatch(person) else person

    def everybody(self) -> list[dict[str, PersonId]]:
        """Who stands behind each pseudonym: for those to whom nobody on the case is to be hidden."""
        return [{"pseudonym": pseudonym, "person": person} for person, pseudonym in self._of.items() if person != THE_SOFTWARE]

    def text(self, words: str) -> str:
        """The words with every name known here replaced, and every person's id."""
        hidden = self._known.sub(lambda found: self._words[found.group()], words) if self._known else words
        return A_PERSON.sub(lambda found: self.person(found.group()), hidden)

    def value(self, value: Any) -> Any:
        """Whatever stands in a field, or below it: birth dates are left out, a child's name is their ref, texts as `text` has them."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(below) for key, below in value.items() if key != "born_on"}
        if isinstance(value, list | tuple):
            return [self.value(below) for below in value]
        return value

    def by(self, by: Mapping[str, Any]) -> dict[str, Any]:
        """Who asked, by what they are to the case. Of a notifier not even which kind: a relationship is an identity."""
        if by.get("role") in NOTIFYING_ROLES and by.get("role") != "named-portal-user":
            return present(person=self.person(by["person"]), role=NOTIFIER, partnership=by.get("partnership"))
        told = {**by, "person": self.person(by["person"])}
        return told | ({"behalf_of": self.text(by["behalf_of"])} if by.get("behalf_of") else {})


def _children(recorded: Recorded) -> Iterator[tuple[Child, tuple[str | int, ...]]]:
    if isinstance(recorded.event, CaseOpened):
        yield from ((child, ("children", n)) for n, child in enumerate(recorded.event.children))
    elif isinstance(recorded.event, ChildAdded):
        yield recorded.event.child, ("child",)


NAMED_AS = {"participant": "participant", "candidate": "candidate", "deputy": "deputy"}
"""What somebody is to the case whom an event names in this field."""


def _mentioned(entries: Iterable[Recorded]) -> Iterator[tuple[PersonId, str]]:
    """Every person in the order of first mention, with what they are to the case there."""
    for recorded in entries:
        by = recorded.by
        private = by.role in NOTIFYING_ROLES and by.role != "named-portal-user"
        yield by.person, NOTIFIER if private else by.role
        for field, value in msgspec.structs.asdict(recorded.event).items():
            for person in _persons(value):
                yield person, NAMED_AS.get(field, "person")


def _persons(value: Any) -> Iterator[PersonId]:
    if isinstance(value, str):
        yield from (value,) if A_PERSON.fullmatch(value) else ()
    elif isinstance(value, msgspec.Struct):
        yield from (person for below in msgspec.structs.asdict(value).values() for person in _persons(below))
    elif isinstance(value, Mapping):
        yield from (person for below in value.values() for person in _persons(below))
    elif isinstance(value, list | tuple):
        yield from (person for below in value for person in _persons(below))


def _dates(words: str) -> Iterator[str]:
    """A birth date as people write it."""
    try:
        day = date.fromisoformat(words.strip())
    except ValueError:
        return
    yield from (
        f"{day.day} {day:%B %Y}",
        f"{day.day} {day:%b %Y}",
        f"{day:%d/%m/%Y}",
        f"{day.day}/{day.month}/{day.year}",
        f"{day:%d.%m.%Y}",
    )
