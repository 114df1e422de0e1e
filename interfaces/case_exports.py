"""One case in the forms that other people's tools read: made the same for the API and for the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Literal, get_args

import msgspec

from application.case_export.provenance import provenance
from application.case_export.schedule import schedule
from application.looking import Seen
from application.policy.shown import Shown
from interfaces.exports.schedule import schedule_as_csv, schedule_as_xlsx
from interfaces.exports.spreadsheet import CSV, XLSX
from interfaces.wiring import Service

Form = Literal["jsonl", "prov", "disclosure-schedule"]
FORMS: tuple[Form, ...] = get_args(Form)

JSONL = "application/jsonl"
PROV = "application/json"


async def lines(service: Service, seen: Seen, shown: Shown | None = None) -> Iterator[bytes]:
    """One entry a line: envelope, the fields that may be read, and the sentence. Without `shown` all of it, for whoever has the keys."""
    items = await service.looking.history(seen)
    items = shown.items(items) if shown else items
    return (msgspec.json.encode(item) + b"\n" for item in items)


async def told_as_prov(seen: Seen, shown: Shown | None = None) -> bytes:
    """Where everything came from, as PROV-JSON: of what may be read."""
    withheld = {recorded.place for recorded in seen.history if shown.withholds_entry(recorded)} if shown else ()
    return msgspec.json.format(msgspec.json.encode(await asyncio.to_thread(provenance, seen.history, withheld)), indent=1) + b"\n"


async def disclosure_schedule(service: Service, seen: Seen, form: str, shown: Shown | None = None) -> bytes:
    """The schedule of every item that they may know of, as `CSV` or `XLSX`."""
    held = await service.documents.held(seen.stream)
    items: list[dict[str, Any]] = await asyncio.to_thread(schedule, seen.history, held, seen.at, shown)
    if form == CSV:
        return await asyncio.to_thread(schedule_as_csv, items)
    about = {
        "Casetrail": "Disclosure schedule: every item that exists, and no word of what it says",
        "case": seen.stream.removeprefix("case/"),
        "up to entry": seen.place,
        "true at position": seen.position,
        "digest": "of an entry, the hash that chains it to all before it; of a document, SHA-256 of its bytes",
    }
    return await asyncio.to_thread(schedule_as_xlsx, items, about)


__all__ = ["CSV", "FORMS", "JSONL", "PROV", "XLSX", "Form", "disclosure_schedule", "lines", "told_as_prov"]
