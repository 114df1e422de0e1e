"""`casetrail replay CASE`: a case told again in the terminal, entry by entry, with what each changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from application.case_view.replay import CALLED
from domain.case import recall
from interfaces.cli.case_clocks import seen_of
from interfaces.cli.clocks import STYLES
from interfaces.cli.instants import recorded_by
from interfaces.cli.looks import noted
from interfaces.wiring import Service

BESIDE = frozenset({*CALLED, "on", "at"})
"""What of an item says where it stands; it is part of its name, or of the line above."""


@dataclass(frozen=True)
class Retold:
    """A case as recorded by an instant or up to a place, entry by entry."""

    case: str
    label: str
    partnership: str
    as_of: datetime | None
    items: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        known = {"as_of": self.as_of.isoformat()} if self.as_of else {}
        return {"case": self.case, "label": self.label, "partnership": self.partnership, **known, "items": self.items}


async def asked(service: Service, case: str, *, partnership: str | None, as_of: str | None, from_place: int, upto: int | None) -> Retold:
    """A case, named by its id or its label.

    Raises:
        CannotDo: there is no such case, or none by then; or several have this label.
    """
    then = await recorded_by(service, as_of)
    seen = await seen_of(service, case, partnership, then)
    items = await service.looking.replay(seen, from_place, upto)
    opening = recall(seen.history).opening
    await noted(service, "replay", streams=(seen.stream,), place=min(upto or seen.place, seen.place), as_of=then, position=seen.position)
    return Retold(seen.stream.removeprefix("case/"), opening.label or "", opening.partnership or "", then, items)


def told(console: Console, retold: Retold, pause: Callable[[], None] | None = None) -> None:
    """One entry after the other; `pause` waits between them."""
    known = f", as recorded by {retold.as_of.isoformat()}" if retold.as_of else ""
    _say(console, Text(f"{retold.label}, {retold.partnership.capitalize()}{known}", style="bold"))
    for n, item in enumerate(retold.items):
        if n and pause:
            pause()
        _say(console, Text())
        for line in _lines(item):
            _say(console, line)


def _lines(item: dict[str, Any]) -> list[Text]:
    recorded = datetime.fromisoformat(item["at"])
    when = f"{recorded:%Y-%m-%d %H:%M} UTC"
    if "place" not in item:
        lines = [Text(f"     {when}  {item['sentence']}", style="bold")]
    else:
        on = f", of {item['on']}" if item["on"] != item["at"][:10] else ""
        lines = [Text(f"{item['place']:>4} {when}{on}  ", style="dim").append(item["sentence"], style="bold not dim")]
        lines += [_indented(sentence, style) for sentence, style in _remarks(item)]
        lines += [_indented(_changed(change), "") for change in item["changed"]]
    return [*lines, *(_indented(clock["sentence"], STYLES.get(clock["verdict"], "")) for clock in item["clocks"])]


def _remarks(item: dict[str, Any]) -> list[tuple[str, str]]:
    by = item["by"]
    who = " of ".join(part for part in (by["role"].replace("-", " "), by.get("organisation")) if part)
    behalf = f", on behalf of {by['behalf_of']}" if by.get("behalf_of") else ""
    remarks = [(f"by {who}{behalf}", "dim")]
    if late := item.get("late_entry"):
        days = f"{late['working_days']} working days" if "working_days" in late else f"{late['days']} days"
        why = late.get("because") or late.get("explained_by")
        remarks.append((f"recorded {days} after it happened" + (f": {why}" if why else ", without a reason"), "yellow"))
    if "corrects" in item:
        remarks.append((f"corrects entry {item['corrects']}", "yellow"))
    if "corrected_by" in item:
        remarks.append((f"corrected later, by entry {', '.join(map(str, item['corrected_by']))}", "yellow"))
    return remarks


def _changed(change: dict[str, Any]) -> str:
    what = change["what"].replace(".", " · ").replace("_", " ")
    if "before" not in change:
        return f"+ {what}{_value(change['after'])}"
    if "after" not in change:
        return f"- {what}" if isinstance(change["before"], Mapping) else f"- {what}{_value(change['before'])}"
    return f"  {what}{_value(change['before'])} →{_value(change['after']).lstrip(':')}"


def _value(value: Any) -> str:
    """What follows a name; of an item its words, without what says where and when it was entered."""
    if isinstance(value, Mapping):
        return "".join(f" · {inner}" for key, inner in value.items() if key not in BESIDE and isinstance(inner, str))
    return f": {', '.join(map(str, value)) if isinstance(value, list) else value}"


def _indented(sentence: str, style: str) -> Text:
    return Text(f"       {sentence}", style=style)


def _say(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)
