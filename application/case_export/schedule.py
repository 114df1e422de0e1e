"""The schedule of a case for disclosure: every item that exists, numbered, with its digest and who holds it, and no word of what it says.

All material of a review is potentially disclosable (BOL-148); whether an item is sensitive, the disclosure officer decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

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


def schedule(history: Sequence[Recorded], held: Mapping[str, Held], by: datetime) -> list[dict[str, Any]]:
    """Every entry in its order, then every document: those named on the case, held here or not, and those held without being named.

    `by`: what was kept later is not there yet.
    """
    case = recall(history)
    holds = [*_holds(case)]
    common = {"under_hold": "yes" if holds else "no", "holds": ", ".join(holds), "sensitive": None, "reason": None}
    here = HERE.format(partnership=(case.opening.partnership or "england").capitalize())
    entries = [_entry(recorded, here) for recorded in history]
    items = [*entries, *_documents(history, {digest: found for digest, found in held.items() if found.at <= by}, here)]
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


def _documents(history: Sequence[Recorded], kept: Mapping[str, Held], here: str) -> Iterator[dict[str, Any]]:
    by_place = {recorded.place: recorded for recorded in history}
    named = {document["digest"]: document["named"] for document in documents(effective(history))}
    for digest in (*named, *(digest for digest in kept if digest not in named)):
        found, at = kept.get(digest), [by_place[one["place"]] for one in named.get(digest, ())]
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
