"""A wrong entry is put right by another entry: the old one stays, and every fold reads the corrected values in its place (CAL-8).

`effective` gives a history with the corrected values in their place. Decisions are not corrected but taken again (BOL-94), and
old decisions are not re-judged because something they rested on has been corrected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from domain.fields import MISFIT, Leaf, filled, inside, leaves, leaves_at, opened, paths, plain, strings, without
from domain.language import CaseEvent, Code, Command, Part, Prose, replace
from domain.people import PERSON_ID, PersonId
from domain.personal import PersonWords, Sealed, Words
from domain.recorded import Recorded
from domain.working_days import london_date

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case

DECISIONS = frozenset(
    {
        "partner-position-recorded", "threshold-decided", "decision-reopened", "decision-confirmed", "decision-replaced",
        "case-rerouted-to-serious", "rapid-review-endorsed", "rapid-review-endorsement-withheld", "rapid-review-outcome-decided",
        "serious-incident-found-not-to-meet-criteria", "challenge-resolved", "report-endorsement-recorded", "report-endorsed",
        "report-returned", "publication-decided",
    }
)  # fmt: skip
"""Positions, endorsements and decisions: the day of one can be corrected, what it says only by deciding again."""

ENVELOPE = ("by", "at", "stream", "place", "seen", "procedure", "calendar", "command", "key", "information")
"""What the record itself says of an entry: never corrected."""

NAMED_BY = ("ref", "partnership", "label")
"""By what later entries, other cases and people find it: never corrected."""

DIGEST = re.compile(r"[0-9a-f]{64}")
FITS: Mapping[str, TypeAdapter[str]] = {
    "words": TypeAdapter(Prose),
    "a short word": TypeAdapter(Code),
    "the id of a person": TypeAdapter(Annotated[str, StringConstraints(pattern=PERSON_ID)]),
    "a digest": TypeAdapter(Annotated[str, StringConstraints(pattern=DIGEST)]),
}


class CorrectedName(Part):
    """A corrected text of a person, under that person's key, as the one it corrects."""

    person: PersonId
    path: str
    words: PersonWords


class RecordCorrected(CaseEvent, name="record-corrected"):
    """An entry was wrong, and this is what should have stood there.

    `correction` has the plain values by field; a text in it is null there and stands in `words` or `names` by its path
    (`narrative`, `children.0.name`).
    """

    event_place: int
    correction: dict[str, Any]
    words: dict[str, Words] = {}
    names: tuple[CorrectedName, ...] = ()

    def corrected(self, wrong: Recorded) -> Recorded:
        """The entry as it should have stood. One that does not fit what the entry has become is left out: history is not refused."""
        given = dict(self.correction)
        on = given.pop("on", None)
        texts = [*self.words.items(), *((name.path, name.words) for name in self.names)]
        try:
            right = filled(wrong.event, given, texts) if given else wrong.event
            return replace(wrong, header=replace(wrong.header, on=date.fromisoformat(on)) if on else wrong.header, event=right)
        except MISFIT:
            return wrong


def effective(history: Iterable[Recorded]) -> tuple[Recorded, ...]:
    """The history with corrected values in their place. The corrections stand in it too, for whoever asks what was superseded."""
    entries = tuple(history)
    corrections = [(entry.stream, entry.event) for entry in entries if isinstance(entry.event, RecordCorrected)]
    if not corrections:
        return entries
    index = {(entry.stream, entry.place): n for n, entry in enumerate(entries)}
    corrected = list(entries)
    for stream, correction in corrections:
        n = index.get((stream, correction.event_place))
        if n is not None:
            corrected[n] = correction.corrected(corrected[n])
    return tuple(corrected)


class CorrectRecord(Command, name="correct-record"):
    """Put an entry right: `on`, or a field of that entry, by its name (`portal_reference`) or its path (`incident.area`,
    `children.child-j.harm`)."""

    event_place: int = Field(ge=1)
    correction: dict[str, Any] = Field(min_length=1)
    because: Prose

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        wrong = entry_at(self.event_place, asking)
        if wrong is None:
            yield f"There is no entry at place {self.event_place} of this case (CAL-8)."
        else:
            try:
                given = opened(self.correction, wrong.event)
                refused = [*_not_to_be_corrected(given, wrong)]
                yield from refused or _does_not_fit(given, wrong)
            except MISFIT as why:
                yield f"The corrected values do not fit the entry {wrong.name}: {why} (CAL-8)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        wrong = entry_at(self.event_place, asking)
        if wrong is not None:
            yield record_corrected(self.event_place, self.correction, wrong.event)


def entry_at(place: int, asking: Asking) -> Recorded | None:
    """The entry at this place of the case, as it stands with the corrections so far."""
    return next((entry for entry in effective(asking.history) if entry.place == place), None)


def record_corrected(place: int, correction: Mapping[str, Any], wrong: Any) -> RecordCorrected:
    """The correction with its texts taken out of the plain values, so that each lies under a key."""
    given = opened(correction, wrong)
    on = given.pop("on", None)
    right = filled(wrong, given)
    texts = [leaf for path in paths(given) for leaf in leaves_at(right, path)]
    others: dict[str, Any] = without(given, {leaf.path for leaf in texts})
    return RecordCorrected(
        event_place=place,
        correction=others if on is None else {"on": on, **others},
        words={leaf.path: leaf.words for leaf in texts if leaf.person is None},
        names=tuple(CorrectedName(person=leaf.person, path=leaf.path, words=leaf.words) for leaf in texts if leaf.person is not None),
    )


def _not_to_be_corrected(given: Mapping[str, Any], wrong: Recorded) -> Iterator[str]:
    if isinstance(wrong.event, RecordCorrected):
        yield f"That entry is itself a correction: correct the entry at place {wrong.event.event_place} again (CAL-8)."
        return
    for path in paths(given):
        field, last = path.split(".")[0], path.split(".")[-1]
        if field in ENVELOPE:
            yield f"The field `{field}` says who entered it, when or under which rules: it is never corrected (CAL-8)."
        elif field != "on" and wrong.name in DECISIONS:
            yield f"The field `{field}` is part of a decision, and a decision is not corrected: re-open it (BOL-94)."
        elif last in NAMED_BY:
            yield f"The field `{last}` is what other entries and cases find it by: it is not corrected (TOOL-12)."
        elif field != "on" and field not in type(wrong.event).__struct_encode_fields__:
            yield f"The entry at place {wrong.place}, {wrong.name}, has no field `{field}` (CAL-8)."


def _does_not_fit(given: dict[str, Any], wrong: Recorded) -> Iterator[str]:
    on = given.pop("on", None)
    if on is not None and date.fromisoformat(on) > london_date(wrong.at):
        yield "The corrected `on` lies after the day on which the entry was recorded (CAL-3)."
    elif on is None and not given:
        yield "Nothing of the entry is corrected (CAL-8)."
    right = filled(wrong.event, given)
    texts = {leaf.path for path in paths(given) for leaf in leaves_at(right, path)}
    was, becomes = plain(wrong.event), plain(right)
    if lost := sorted({*_names(was)} - {*_names(becomes)}):
        yield f"The field `{lost[0][0]}` is what other entries and cases find it by: it is not corrected (TOOL-12)."
    if unsaid := [leaf.path for leaf in leaves(right) if isinstance(leaf.words, Sealed) and _is_given(leaf, texts, wrong.event)]:
        yield f"The text `{unsaid[0]}` is corrected by its words, and none are given (CAL-8)."
    for path, value in strings(given):
        if inside(becomes, path) is None:
            yield f"The entry at place {wrong.place}, {wrong.name}, has no field `{path}` (CAL-8)."
            continue
        if path.endswith(("happened_on", "happened_until")) and value > london_date(wrong.at).isoformat():
            yield "The incident would lie after the day on which the entry was recorded (CAL-3)."
        kind = "words" if path in texts else _kind(path, str(inside(was, path)))
        try:
            FITS[kind].validate_python(value)
        except ValidationError:
            yield f"The corrected value of `{path}` is not {kind} that could stand there (CAL-8)."


def _names(record: Any) -> Iterator[tuple[str, str]]:
    """What others find the entry, or a part of it, by."""
    return ((path, value) for path, value in strings(record) if path.split(".")[-1] in NAMED_BY)


def _is_given(leaf: Leaf, texts: set[str], wrong: Any) -> bool:
    """Whether this sealed text is not simply the one that stood there: nobody corrects by what only looks like a seal."""
    return leaf.path in texts or leaf not in leaves(wrong)


def _kind(path: str, was: str) -> str:
    """What a plain value must be like: a person stays a person and a digest a digest."""
    last = path.split(".")[-1]
    if last == "person" or (re.fullmatch(PERSON_ID, was) and not last.isdecimal()):
        return "the id of a person"
    return "a digest" if DIGEST.fullmatch(was) else "a short word"
