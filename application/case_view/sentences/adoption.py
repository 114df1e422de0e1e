"""Sentences of calendars and procedures adopted."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import counted, day, place_name
from domain.adoption import CalendarEditionAdopted, ProcedureEditionAdopted
from domain.people import By


@tells(CalendarEditionAdopted)
def calendar_edition_adopted(event: CalendarEditionAdopted, by: By) -> str:
    holidays = counted(len(event.holidays), "bank holiday")
    return f"The calendar {place_name(event.edition)} was adopted, with {holidays}; what is still open is counted by it."


@tells(ProcedureEditionAdopted)
def procedure_edition_adopted(event: ProcedureEditionAdopted, by: By) -> str:
    return f"The procedure {place_name(event.edition)} was adopted, in force from {day(event.in_force_from)}."
