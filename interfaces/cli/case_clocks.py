"""`casetrail clocks CASE`: the clocks of one case, each with the days that were counted and those that were skipped, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from application.cases import NoSuchCase
from application.looking import Seen
from domain.case import recall
from interfaces.cli.clocks import STYLES
from interfaces.cli.instants import recorded_by
from interfaces.cli.looks import noted
from interfaces.cli.saying import CannotDo
from interfaces.wiring import Service


@dataclass(frozen=True)
class Found:
    """The clocks of a case as recorded by an instant, judged on London's date of that instant."""

    case: str
    label: str
    partnership: str
    judged_on: date
    as_of: datetime | None
    items: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        known = {"as_of": self.as_of.isoformat()} if self.as_of else {}
        told = {"case": self.case, "label": self.label, "partnership": self.partnership, "judged_on": self.judged_on.isoformat()}
        return {**told, **known, "items": self.items}


async def asked(service: Service, case: str, *, partnership: str | None, clock: str | None, as_of: str | None) -> Found:
    """The clocks of a case, named by its id or its label.

    Raises:
        CannotDo: there is no such case, or none by then; or several have this label.
    """
    then = await recorded_by(service, as_of)
    seen = await seen_of(service, case, partnership, then)
    opening = recall(seen.history).opening
    items = [item for item in service.looking.clocks(seen) if clock in (None, item["clock"])]
    await noted(service, "clocks", streams=(seen.stream,), place=seen.place, as_of=then, position=seen.position)
    return Found(seen.stream.removeprefix("case/"), opening.label or "", opening.partnership or "", seen.today, then, items)


async def seen_of(service: Service, case: str, partnership: str | None, as_of: datetime | None) -> Seen:
    if re.fullmatch(r"[A-Za-z0-9-]{1,80}", case):
        try:
            return await service.looking.see(f"case/{case}", as_of=as_of)
        except NoSuchCase:
            pass
    found = [c["case"] for c in (await service.read_models.cases(q=case, partnership=partnership, as_of=as_of, limit=500)).items
             if c["label"].casefold() == case.casefold()]  # fmt: skip
    if len(found) > 1:
        raise CannotDo("Several partnerships have a case of this label: name one with --partnership.")
    if not found:
        raise CannotDo(f"There is no case of this id or label{' by then' if as_of else ''}.")
    return await service.looking.see(f"case/{found[0]}", as_of=as_of)


def table(console: Console, found: Found) -> None:
    """One line for each clock, and below its name the rule and its source."""
    known = f", as recorded by {found.as_of.isoformat()}" if found.as_of else ""
    made = Table(
        title=f"{found.label}, {found.partnership.capitalize()}: clocks, judged on {found.judged_on.isoformat()}{known}",
        title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    made.add_column("Clock", ratio=3)
    for heading in ("From", "Due", "Done", "Verdict"):
        made.add_column(heading, no_wrap=True)
    made.add_column("Day by day", ratio=4)
    made.add_column("Rests on", ratio=1)
    for item in found.items:
        days = item.get("late_by") or item.get("overdue_by")
        made.add_row(
            _named(item),
            *(item.get(key, "–") for key in ("from", "due", "done")),
            Text(item["verdict"] + (f" by {days}" if days else ""), style=STYLES.get(item["verdict"], "dim")),
            Text(day_by_day(item.get("arithmetic", []))),
            Text(", ".join(map(str, item["events"]))),
        )
    console.print(made)
    console.print(Text(f"{len(found.items)} shown. Each rests on the entries of the case with these places."))


def _named(item: Mapping[str, Any]) -> Text:
    about = f" ({item['about']})" if item.get("about") else ""
    told = Text(item["clock"].replace("-", " ") + about)
    told.append(f"\n{item['rule']}; {item['source']}; calendar {item['calendar']}", style="dim")
    if item.get("why"):
        told.append(f"\n{item['why']}", style="dim")
    return told


def day_by_day(days: list[dict[str, Any]]) -> str:
    """`Tue 24 Nov 1, Wed 25 Nov 2, …`; a day that is skipped says why."""
    told = ((date.fromisoformat(day["date"]), day.get("skipped") or day.get("count", "")) for day in days)
    return ", ".join(f"{on:%a} {on.day} {on:%b} {what}".strip() for on, what in told)
