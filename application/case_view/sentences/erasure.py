"""Sentences of words taken out and records disposed of."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import say
from domain.erasure import PersonalDataErased, RecordDisposed, TextRedacted
from domain.people import By


@tells(TextRedacted)
def text_redacted(event: TextRedacted, by: By) -> str:
    instead = "; another text stands in its place" if event.replacement is not None else ""
    return f"A text of the entry at place {event.event_place} was taken out and can no longer be read{instead}."


@tells(RecordDisposed)
def record_disposed(event: RecordDisposed, by: By) -> str:
    return f"What is kept as {say(event.class_)} was disposed of, because its period has run out."


@tells(PersonalDataErased)
def personal_data_erased(event: PersonalDataErased, by: By) -> str:
    return "The personal data of one person was erased and can no longer be read."
