"""Sentences of publication: planned, sent ahead, checked, published."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import day, text_of
from domain.people import By
from domain.stages.publication import (
    AnonymisationChecked,
    LearningBriefPublished,
    LearningBriefWithdrawn,
    PrePublicationCopySent,
    PublicationDecided,
    PublicationPlanned,
    ReportDeposited,
    ReportPublished,
)

FORMS = {
    "full": "that the report is published in full",
    "improvements-only": "that only the improvements are published",
    "withheld": "that the report is not published",
}


@tells(PublicationPlanned)
def publication_planned(event: PublicationPlanned, by: By) -> str:
    return f"Publication was planned for {day(event.publish_on)} ({event.ref})."


@tells(PrePublicationCopySent)
def pre_publication_copy_sent(event: PrePublicationCopySent, by: By) -> str:
    return f"A copy of the report went out ahead of publication ({text_of(event.digest)})."


@tells(PublicationDecided)
def publication_decided(event: PublicationDecided, by: By) -> str:
    return f"The three partners decided {FORMS[event.form]}."


@tells(AnonymisationChecked)
def anonymisation_checked(event: AnonymisationChecked, by: By) -> str:
    return f"A second person checked that nobody can be recognised in the text to be published ({text_of(event.digest)})."


@tells(ReportPublished)
def report_published(event: ReportPublished, by: By) -> str:
    family = "the family had been told" if event.family_told else "the family had not been told"
    return f"The report was published; {family} ({text_of(event.digest)})."


@tells(ReportDeposited)
def report_deposited(event: ReportDeposited, by: By) -> str:
    named = "under the partnership's name" if event.named else "without the partnership's name"
    return f"The report was deposited in a national repository, {named}."


@tells(LearningBriefPublished)
def learning_brief_published(event: LearningBriefPublished, by: By) -> str:
    return f"A learning brief was published ({text_of(event.digest)})."


@tells(LearningBriefWithdrawn)
def learning_brief_withdrawn(event: LearningBriefWithdrawn, by: By) -> str:
    return f"The learning brief was withdrawn{f' ({text_of(event.digest)})' if event.digest else ''}."
