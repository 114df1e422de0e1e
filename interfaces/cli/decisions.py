"""`casetrail decisions`: the register of decisions across cases in the terminal, as a table for people or as JSON for programs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from interfaces import databases, wiring, worker
from interfaces.cli.clocks import PATIENCE, quietly
from interfaces.cli.saying import CannotDo
from interfaces.settings import Settings
from projections.decisions import VIEW


@asynccontextmanager
async def with_register() -> AsyncIterator[wiring.Service]:
    """The service, once the register has read all that is recorded. Another worker may be following it already.

    Raises:
        CannotDo: it did not get there.
    """
    with quietly(), databases.configured(Settings(), stay=False) as (places, _), worker.following(places.projections, (VIEW,)):
        async with wiring.Service(places, boards=True) as service:
            if await service.read_models.reached(VIEW.name, await service.store.settled_position(), PATIENCE) is None:
                raise CannotDo("The register of decisions has not read the whole record: see casetrail worker for what it waits for.")
            yield service


def table(console: Console, items: list[dict[str, Any]], *, more: bool, as_of: datetime | None) -> None:
    """One line for each decision, recorded last first."""
    known = f"as recorded by {as_of.isoformat()}" if as_of else "as recorded by now"
    made = Table(title=f"Decisions, {known}", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("Day", no_wrap=True)
    for heading, ratio in (("Decision", 2), ("Outcome", 2), ("Case", 2), ("Deciders", 3), ("What became of it", 3), ("Entries", 1)):
        made.add_column(heading, ratio=ratio)
    for item in items:
        made.add_row(item["on"], *map(Text, (
            _said(item["decision"]) + (f" {item['ref']}" if item.get("ref") else ""),
            _said(item["outcome"]),
            f"{item['label']}, {item['partnership'].capitalize()}",
            ", ".join(map(_decider, item.get("deciders", []))) or f"recorded by {_said(item['recorded_by']['role'])}",
            "; ".join(_became(item)),
            ", ".join(map(str, item["events"])),
        )))  # fmt: skip
    console.print(made)
    console.print(Text(f"{len(items)} shown{', and there are more: --limit' if more else ''}."))


def _decider(decider: Mapping[str, Any]) -> str:
    capacity = "" if decider["capacity"] == "delegated-partner" else f" ({_said(decider['capacity'])})"
    return f"{_said(decider['partner'])}{capacity} {_said(decider['position'])}"


def _became(item: Mapping[str, Any]) -> list[str]:
    told = [f"replaces {item['replaces']}, {_said(item['cause'])}"] if item.get("replaces") else []
    told += [f"re-opened on {again['on']}, {_said(again['trigger'])}" for again in item.get("reopened", [])]
    told += [f"confirmed on {again['on']}" for again in item.get("confirmed", [])]
    told += [f"replaced by {item['replaced_by']}"] if item.get("replaced_by") else []
    return [*told, "lapsed"] if item.get("lapsed") else told


def _said(code: str) -> str:
    return code.replace("-", " ")
