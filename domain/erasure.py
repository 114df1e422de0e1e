"""What is destroyed, by whom and why (R-20). Here only the deed is recorded; the keys are destroyed when it is seen.

Under a legal hold nothing is destroyed. What is left afterwards are dates, codes, decisions and proofs that still hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated

import msgspec
from pydantic import ConfigDict, Field, StringConstraints

from domain.corrections import effective
from domain.fields import leaves_at
from domain.holds import under_legal_hold
from domain.language import CaseEvent, Code, Command, Prose
from domain.people import PersonId, PersonRef
from domain.personal import Words
from domain.working_days import months_after, said

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case

Path = Annotated[str, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_:-]+)*$")]
"""A field of an entry, or a part of one: `narrative`, `facts.2.text`."""


class TextRedacted(CaseEvent, name="text-redacted"):
    """A text of this entry was taken out: its key is destroyed, and this may stand in its place."""

    event_place: int
    field: str
    replacement: Words | None = None


class RedactText(Command, name="redact-text"):
    """Take out one text of an entry, or every text below a field of it."""

    event_place: int = Field(ge=1)
    field: Path
    replacement: Prose | None = None
    because: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from under_legal_hold(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        entry = next((entry for entry in asking.history if entry.place == self.event_place), None)
        texts = leaves_at(entry.event, self.field) if entry else ()
        if entry is None:
            yield f"There is no entry at place {self.event_place} of this case (R-20)."
        elif not texts:
            yield f"The entry at place {self.event_place}, {entry.name}, has no text `{self.field}` that could be redacted (R-20)."
        elif any(text.person for text in texts):
            yield f"What stands in `{self.field}` lies under the key of a person: it goes when that person is erased (R-20)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield TextRedacted(event_place=self.event_place, field=self.field, replacement=self.replacement)


class RecordDisposed(CaseEvent, name="record-disposed"):
    """The period of a retention class has run out, and what belongs to it was disposed of."""

    class_: str = msgspec.field(name="class")


class DisposeRecord(Command, name="dispose-record"):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    class_: Code = Field(alias="class", description="A retention class of the procedure.")
    because: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from under_legal_hold(case)

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        rule = asking.procedure.retention.get(self.class_)
        if rule is None:
            yield f"The procedure knows no retention class {self.class_} (R-20)."
        elif rule.years is None or rule.counted_from is None:
            yield f"The retention of {self.class_} does not run out: it is kept (R-20)."
        else:
            yield from _not_run_out(self.class_, rule.years, rule.counted_from, case, asking)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield RecordDisposed(class_=self.class_)


class PersonalDataErased(CaseEvent, name="personal-data-erased"):
    """Everything kept under this person's key can no longer be read: the key is destroyed."""

    person: PersonId
    basis: Words


class ErasePerson(Command, name="erase-person"):
    person: PersonRef
    basis: Prose
    because: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        yield from under_legal_hold(case)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield PersonalDataErased(person=self.person, basis=self.basis)


# --- when retention has run out

COUNTED_FROM = {
    "opening": ("case-opened",),
    "closing": ("case-closed",),
    "publication": ("report-published", "learning-brief-published"),
}
"""The entries from which a period counts: the last of them on the case."""


def _not_run_out(kept: str, years: int, counted_from: str, case: Case, asking: Asking) -> Iterator[str]:
    since = _counted_from(counted_from, asking)
    if since is None:
        yield f"The retention of {kept} has not yet run out: it counts from the {counted_from}, of which there is none (R-20)."
    elif (until := months_after(since, 12 * years)) >= asking.today:
        yield f"The retention of {kept} has not yet run out: it does on {said(until)} (R-20)."
    if counted_from != "publication" and not case.closing.closed:
        yield f"The retention of {kept} has not yet run out: the case is not closed (R-20)."
    if any(not recommendation.assured for recommendation in case.learning.recommendations.values()):
        yield f"The retention of {kept} has not yet run out: a recommendation is still open (R-20)."


def _counted_from(what: str, asking: Asking) -> date | None:
    return max((entry.on for entry in effective(asking.history) if entry.name in COUNTED_FROM[what]), default=None)
