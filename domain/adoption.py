"""Calendars and procedures are adopted, edition by edition, as entries of their own streams (CAL-7, CAL-10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from domain.guidance import EDITIONS
from domain.language import CaseEvent, Code, Command, Digest, Prose, State, replace
from domain.personal import Words
from domain.procedure import conflicts
from domain.working_days import weekend_days

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

CALENDAR = "calendar/england"
"""The one stream of calendars."""


# --- calendars


class Calendars(State, frozen=True):
    """The editions of the calendar adopted so far, in order."""

    editions: tuple[str, ...] = ()


class CalendarEditionAdopted(CaseEvent, name="calendar-edition-adopted"):
    """The bank holidays of England are known anew. What was due is recalculated for whatever is still open (CAL-7)."""

    edition: str
    source: Words
    holidays: tuple[date, ...]

    def apply(self, calendars: Calendars, then: Recorded) -> Calendars:  # type: ignore[override]  # its stream holds no other events
        return replace(calendars, editions=(*calendars.editions, self.edition))


class AdoptCalendar(Command, name="adopt-calendar"):
    """Adopt the bank holidays as an edition lists them; a single day proclaimed late may be adopted alone."""

    stream_kind: ClassVar[str] = "calendar"

    edition: Code
    source: Prose
    holidays: tuple[date, ...] = Field(min_length=1)
    because: Prose

    def stream(self) -> str:
        """The stream it is asked of."""
        return CALENDAR

    def objections(self, case: Case | Calendars, asking: Asking) -> Iterator[str]:
        if self.edition in cast(Calendars, case).editions:
            yield f"The edition {self.edition} is already adopted: give this one a name of its own (CAL-7)."
        yield from weekend_days(self.holidays)

    def decide(self, case: Case | Calendars, asking: Asking) -> Iterator[CaseEvent]:
        yield CalendarEditionAdopted(edition=self.edition, source=self.source, holidays=tuple(sorted(set(self.holidays))))


# --- procedures


class Procedures(State, frozen=True):
    """The editions of one line of procedures adopted so far, in order: the national ones, or those of a partnership."""

    editions: tuple[str, ...] = ()


class ProcedureEditionAdopted(CaseEvent, name="procedure-edition-adopted"):
    """A procedure is in force from this day. Entries already made keep the edition they were made under (CAL-10)."""

    edition: str
    digest: str
    in_force_from: date

    def apply(self, procedures: Procedures, then: Recorded) -> Procedures:  # type: ignore[override]  # its stream holds no other events
        return replace(procedures, editions=(*procedures.editions, self.edition))


class AdoptProcedure(Command, name="adopt-procedure"):
    """Adopt an edition that the software holds. `digest` is the SHA-256 of the text that was adopted."""

    stream_kind: ClassVar[str] = "procedure"

    edition: Code
    digest: Digest
    in_force_from: date
    because: Prose

    def stream(self) -> str:
        """The stream it is asked of: `procedure/bolton`, and `procedure/england` for the national editions."""
        return procedure_stream(self.edition)

    def objections(self, case: Case | Procedures, asking: Asking) -> Iterator[str]:
        edition = EDITIONS.get(self.edition)
        if edition is None:
            yield f"There is no such edition as {self.edition}: the software holds {', '.join(EDITIONS)} (CAL-10)."
        elif edition.national:
            for local in EDITIONS.values():
                yield from () if local.national else conflicts(local, edition)
        else:
            yield from conflicts(edition, asking.procedure.national)

    def decide(self, case: Case | Procedures, asking: Asking) -> Iterator[CaseEvent]:
        yield ProcedureEditionAdopted(edition=self.edition, digest=self.digest, in_force_from=self.in_force_from)


def procedure_stream(edition: str) -> str:
    """The stream of the line to which an edition belongs."""
    return f"procedure/{edition.split('-')[0]}"


def recall_calendars(history: Iterable[Recorded]) -> Calendars:
    """The calendars adopted, from the history of their stream."""
    calendars = Calendars()
    for recorded in history:
        calendars = cast(CalendarEditionAdopted, recorded.event).apply(calendars, recorded)
    return calendars


def recall_procedures(history: Iterable[Recorded]) -> Procedures:
    """The procedures adopted, from the history of their stream."""
    procedures = Procedures()
    for recorded in history:
        procedures = cast(ProcedureEditionAdopted, recorded.event).apply(procedures, recorded)
    return procedures
