"""The schedule of a case for disclosure: every item that exists, numbered, with its digest and who holds it, and no word of what it says.

All material of a review is potentially disclosable (BOL-148); whether an item is sensitive, the disclosure officer decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from application.case_view.overview import documents
from application.documents import Held
from domain.case import Case, recall
from domain.corrections import effective
from domain.recorded import Recorded
from domain.working_days import london_date

COLUMNS = (
    "number", "item", "kind", "entries", "date", "recorded_on", "digest", "held_by", "state", "under_hold", "holds", "sensitive", "reason",
)  # fmt: skip
"""The last two are left to the disclosure officer."""

HERE = "the safeguarding partners of {partnership}"


class Knows(Protocol):
    """What whoever asks may know of: which entries and documents there are, and that anything is held."""

    def may_name(self, recorded: Recorded) -> bool: ...

    def knows_document(self, document: Mapping[str, Any]) -> bool: ...

    def knows_holds(self) -> bool: ...


def schedule(history: Sequence[Recorded], held: Mapping[str, Held], by: datetime, knows: Knows | None = None) -> list[dict[str, Any]]:
    """Every entry in its order, then every document: those named on the case, held here or not, and those held without being named.

    `by`: what was kept later is not there yet. An entry that whoever asks may not know of keeps its place; a document is left out.
    """
    case = recall(history)
    tells_holds = knows is None or knows.knows_holds()
    holds = [*_holds(case)] if tells_holds else []
    common = {
        "under_hold": ("yes" if holds else "no") if tells_holds else None,
        "holds": ", ".join(holds),
        "sensitive": None,
        "reason": None,
    }
    here = HERE.format(partnership=(case.opening.partnership or "england").capitalize())
    entries = [_entry(recorded, here) if knows is None or knows.may_name(recorded) else _withheld(recorded) for recorded in history]
    items = [*entries, *_documents(history, {digest: found for digest, found in held.items() if found.at <= by}, here, knows)]
    return [{"number": number, **item, **common} for number, item in enumerate(items, start=1)]


def _entry(recorded: Recorded, here: str) -> dict[str, Any]:
    return {
        "item": "entry",
        "kind": recorded.name,
        "entries": str(recorded.place),
        "date": recorded.on,
        "recorded_on": london_date(recorded.at),
        "digest": recorded.hash.hex(),
        "held_by": here,
        "state": "held",
    }


def _withheld(recorded: Recorded) -> dict[str, Any]:
    """That there is an entry, and nothing of it."""
    there = {"item": "entry", "kind": "withheld", "entries": str(recorded.place), "date": None, "recorded_on": None}
    return there | {"digest": recorded.hash.hex(), "held_by": None, "state": "withheld"}


def _documents(history: Sequence[Recorded], kept: Mapping[str, Held], here: str, knows: Knows | None) -> Iterator[dict[str, Any]]:
    by_place = {recorded.place: recorded for recorded in history}
    named = {document["digest"]: document["named"] for document in documents(effective(history))}
    for digest in (*named, *(digest for digest in kept if digest not in named)):
        places = named.get(digest, ())
        if knows is not None and not knows.knows_document({"digest": digest, "named": places}):
            continue
        found, at = kept.get(digest), [by_place[one["place"]] for one in places]
        on: date | None = at[0].on if at else None
        yield {
            "item": "document",
            "kind": at[0].name if at else "attached",
            "entries": ", ".join(str(place) for place in dict.fromkeys(recorded.place for recorded in at)),
            "date": on,
            "recorded_on": london_date(found.at if found else at[0].at),
            "digest": digest,
            "held_by": here if found else _who(at[0]),
            "state": "not held here" if found is None else "destroyed" if found.destroyed else "held",
        }


def _who(recorded: Recorded) -> str:
    """Whoever named a document that is not held here is to be asked for it: by post, not by person."""
    by = recorded.by
    return f"{by.role} ({by.organisation})" if by.organisation else by.role


def _holds(case: Case) -> Iterator[str]:
    for ref, hold in case.holds.placed.items():
        if not hold.lifted:
            yield f"{hold.scope} ({ref})"
    if case.holds.legal:
        yield "legal"
