"""`casetrail clocks`: the deadline board in the terminal, as a table for people or as JSON for programs."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import date, datetime
from typing import Any

import structlog
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.working_days import london_date
from interfaces import databases, wiring, worker
from interfaces.cli.looks import noted
from interfaces.cli.saying import CannotDo
from interfaces.settings import Settings
from projections.board import VERDICTS
from projections.owing import owing
from projections.paging import NotMade

PATIENCE = 60.0
"""Seconds in which the board is to have read as far as the record goes."""

STYLES = {"overdue": "bold red", "late": "red", "running": "cyan", "on-time": "green"}


@asynccontextmanager
async def with_board() -> AsyncIterator[wiring.Service]:
    """The service, once its deadline board has read all that is recorded. Another worker may be following it already.

    Raises:
        CannotDo: it did not get there.
    """
    with quietly(), databases.configured(Settings(), stay=False) as (places, _), worker.following(places.projections):
        async with wiring.Service(places, boards=True) as service:
            await up_to_date(service)
            yield service


@contextmanager
def quietly() -> Iterator[None]:
    """Only what goes wrong is logged, and never among what was asked for."""
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    try:
        yield
    finally:
        structlog.configure(**before)


async def up_to_date(service: wiring.Service) -> None:
    """Wait until the deadline board has read all that is recorded.

    Raises:
        CannotDo: it did not get there.
    """
    position = await service.store.settled_position()
    if await service.read_models.reached("deadlines", position, PATIENCE) is None:
        raise CannotDo("The deadline board has not read the whole record: see casetrail worker for what it waits for.")


async def asked(
    service: wiring.Service, *, limit: int, role: str | None, as_of: datetime | None = None, **filters: Any
) -> tuple[list[dict[str, Any]], date, bool]:
    """The next clocks as recorded by now or `as_of`, the day they are judged on, and whether there are more."""
    today = london_date(as_of or await service.store.now())
    falls_to = owing(role) if role else None
    try:
        page = await service.read_models.clocks(
            today=today, calendars=service.rulebook.calendars(as_of=as_of), limit=limit, falls_to=falls_to, as_of=as_of, **filters
        )
    except NotMade:
        raise CannotDo("The deadline board has not been made yet: casetrail rebuild deadlines makes it.") from None
    await noted(service, "board", page.items, as_of=as_of, position=page.position)
    return page.items, today, page.next is not None


def verdict_of(word: str | None) -> str | None:
    """The verdict that was named.

    Raises:
        CannotDo: there is none such.
    """
    if word is not None and word not in VERDICTS:
        raise CannotDo(f"There is no verdict {word}: there are {', '.join(VERDICTS)}.")
    return word


def table(console: Console, items: list[dict[str, Any]], today: date, *, more: bool, as_of: str | None = None) -> None:
    """One line for each clock, sorted by what is next."""
    known = f", as recorded by {as_of}" if as_of else ""
    made = Table(
        title=f"Deadlines, judged on {today.isoformat()}{known}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for heading in ("Due", "Verdict"):
        made.add_column(heading, no_wrap=True)
    made.add_column("Clock", ratio=3)
    made.add_column("Case", ratio=2)
    made.add_column("Owed by", ratio=2)
    roomy = console.width >= 120
    if roomy:
        made.add_column("From", no_wrap=True)
        made.add_column("Source", style="dim", ratio=2)
    for item in items:
        made.add_row(*_row(item), *((item.get("from", ""), Text(item["source"])) if roomy else ()))
    console.print(made)
    console.print(Text(f"{len(items)} shown{', and there are more: --limit' if more else ''}."))


def _row(item: Mapping[str, Any]) -> tuple[Any, ...]:
    days = item.get("late_by") or item.get("overdue_by")
    about = f" ({item['about']})" if item.get("about") else ""
    return (
        item.get("due", "–"),
        Text(item["verdict"] + (f" by {days}" if days else ""), style=STYLES.get(item["verdict"], "dim")),
        Text(item["clock"].replace("-", " ") + about),
        Text(f"{item['label']}, {item['partnership'].capitalize()}"),
        Text(item["owed_by"].replace("-", " ")),
    )
