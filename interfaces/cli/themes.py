"""`casetrail themes`: the tracker of recurring themes in the terminal, as a table for people or as JSON for programs.

Whoever runs it reads the store itself, so it shows what those see who may see cases.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.stages.opening import Partnership
from domain.working_days import london_date
from interfaces import databases, wiring, worker
from interfaces.cli.clocks import PATIENCE, quietly
from interfaces.cli.instants import recorded_by
from interfaces.cli.looks import noted
from interfaces.cli.saying import CannotDo
from interfaces.settings import Settings
from interfaces.theme_answers import ThemeAnswers
from projections.theme_counts import Asked
from projections.themes import VIEW

STYLES = {"open": "bold red", "undertaken": "cyan", "completed": "green"}


@dataclass(frozen=True)
class Wanted:
    """What is asked for on the command line."""

    partnership: str | None = None
    code: str | None = None
    candidates: bool = False
    as_of: str | None = None
    cross: str | None = None


@dataclass(frozen=True)
class Found:
    """What there is: figures, the cases behind one, or candidates."""

    kind: str
    items: list[dict[str, Any]]
    position: int
    code_set: str
    as_of: datetime | None

    def as_json(self) -> dict[str, Any]:
        known = {"as_of": self.as_of.isoformat()} if self.as_of else {}
        return {"kind": self.kind, "position": self.position, "code_set": self.code_set, **known, "items": self.items}


@asynccontextmanager
async def with_tracker() -> AsyncIterator[wiring.Service]:
    """The service, once the tracker has read all that is recorded. Another worker may be following it already.

    Raises:
        CannotDo: it did not get there.
    """
    with quietly(), databases.configured(Settings(), stay=False) as (places, _), worker.following(places.projections, (VIEW,)):
        async with wiring.Service(places, boards=True) as service:
            position = await service.store.settled_position()
            if await service.read_models.reached(VIEW.name, position, PATIENCE) is None:
                raise CannotDo("The tracker of themes has not read the whole record: see casetrail worker for what it waits for.")
            yield service


async def asked(service: wiring.Service, wanted: Wanted) -> Found:
    """The tracker, the cases behind one code, or the candidates.

    Raises:
        CannotDo: there is no such code, partnership or instant.
    """
    codes = service.rulebook.codes
    for code in (wanted.code, wanted.cross):
        if code is not None and codes.find(code) is None:
            raise CannotDo(f"There is no code {code} in version {codes.version} of the code set.")
    if wanted.partnership is not None and wanted.partnership not in get_args(Partnership):
        raise CannotDo(f"There is no partnership {wanted.partnership}: there are {', '.join(get_args(Partnership))}.")
    as_of = await recorded_by(service, wanted.as_of)
    present = as_of or await service.store.now()
    procedure = service.rulebook.procedure(wanted.partnership or "england", london_date(present), as_of=as_of)
    answers = ThemeAnswers(service.read_models, service.store, codes, procedure)
    tracker = Asked(codes, wanted.partnership, as_of, cross=wanted.cross)
    if wanted.candidates:
        kind, found = "candidates", await answers.candidates(wanted.partnership, as_of)
    elif wanted.code is not None:
        kind, found = "cases", await answers.behind(tracker, wanted.code)
    else:
        kind, found = "themes", await answers.figures(tracker)
    items = [item for item in found.items if not wanted.candidates or wanted.code in (None, item["code"])]
    await noted(service, {"cases": "theme-cases"}.get(kind, kind), items, as_of=as_of, position=found.position)
    return Found(kind, items, found.position, codes.version, as_of)


def table(console: Console, found: Found) -> None:
    """One line for each theme, case or candidate."""
    known = f"as known at {found.as_of.isoformat()}" if found.as_of else "as known now"
    made = Table(
        title=f"{found.kind.capitalize()}, {known}, code set {found.code_set}", title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    heads, row = {"themes": (THEMES, _theme), "cases": (CASES, _case), "candidates": (CANDIDATES, _candidate)}[found.kind]
    for heading in heads:
        made.add_column(heading, justify="right" if heading in NUMBERS else "left", no_wrap=heading not in ("Theme", "Children"))
    for item in found.items:
        made.add_row(*row(item))
    console.print(made)
    console.print(Text(f"{len(found.items)} shown, at position {found.position} of the record."))


NUMBERS = {"Injured or dead", "Incidents", "Notified", "Confirmed"}
COUNTS = ("Injured or dead", "Incidents", "Notified", "Confirmed", "First", "Last")
THEMES = ("Code", "Theme", "Whose", *COUNTS, "Series")
CANDIDATES = ("Candidate", "State", "Round", "Injured or dead", "Incidents", "Notified", "First", "Last", "Decided")
CASES = ("Case", "Whose", "Day", "Standing", "Children", "Entries")


def _counts(item: dict[str, Any]) -> tuple[str, ...]:
    numbers = (str(item[name]) for name in ("children", "incidents", "notifications", "confirmed"))
    return (*numbers, item.get("first", "–"), item.get("last", "–"))


def _theme(item: dict[str, Any]) -> tuple[Any, ...]:
    series = Text("recurs", style="bold red") if item["recurs"] else Text("")
    return (item["code"], Text(item["name"]), item["partnership"].capitalize(), *_counts(item), series)


def _candidate(item: dict[str, Any]) -> tuple[Any, ...]:
    state = Text(item["state"] + (", no longer three" if item["no_longer_three"] else ""), style=STYLES.get(item["state"], ""))
    last = item.get("decided", {})
    decided = f"{last['outcome']} on {last['on']}" if last.get("round") == item["round"] else ""
    children, incidents, notified, _, first, until = _counts(item)
    return (item["candidate"], state, str(item["round"]), children, incidents, notified, first, until, decided)


def _case(item: dict[str, Any]) -> tuple[Any, ...]:
    children = ", ".join(f"{child['child']} ({', '.join(child['codes'])})" for child in item["children"])
    entries = ", ".join(map(str, item["events"][:6])) + (" …" if len(item["events"]) > 6 else "")
    return (Text(item["label"]), item["partnership"].capitalize(), item["day"], item["standing"], Text(children), entries)
