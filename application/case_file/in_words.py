"""Days, instants, persons, verdicts and counting, as the report of a case says them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from application.case_view.words import counted, day, is_person, plainly, role, say, sentence_case, text_of
from domain.language import listed
from domain.people import ROLES, THE_SOFTWARE
from domain.working_days import LONDON

DAY = re.compile(r"\d{4}-\d\d-\d\d")
DIGEST = re.compile(r"[0-9a-f]{64}")

VERDICTS = {
    "running": "still running",
    "overdue": "overdue",
    "on-time": "done on time",
    "late": "done late",
    "cancelled": "cancelled",
    "superseded": "replaced by another count",
    "elapsed": "its time has run out",
    "end-not-shown": "no entry shown ends it",
}
NAMED = {"because": "reason given", "born_on": "born on", "happened_on": "happened on", "on": "the day it happened"}
"""Fields whose name is not how they are said."""


class Persons:
    """The persons of a case, numbered in the order in which the report comes to them: the record has ids, and no names of theirs."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._posts: dict[str, dict[str, None]] = {}

    def named(self, person: str) -> str:
        """`person 3`."""
        if person == THE_SOFTWARE:
            return "the software"
        return f"person {self._numbers.setdefault(person, len(self._numbers) + 1)}"

    def who(self, by: Mapping[str, Any]) -> str:
        """`business manager, person 2`; and in whose place they acted, if not in their own."""
        post = plainly(by["role"]) + (f" for {plainly(by['organisation'])}" if by.get("organisation") else "")
        self._posts.setdefault(by["person"], {})[post] = None
        instead = f", on behalf of {self.behalf(by['behalf_of'])}" if by.get("behalf_of") else ""
        if by["person"] == THE_SOFTWARE:
            return f"the software{instead}"
        return f"{post}, {self.named(by['person'])}{instead}"

    def behalf(self, of: str) -> str:
        return self.named(of) if is_person(of) else role(of)

    def said(self, code: str) -> str:
        """A person, a post or a body."""
        return self.named(code) if is_person(code) else role(code) if code in ROLES else say(code)

    def listed(self) -> list[dict[str, Any]]:
        """Every person that was named, with the posts in which they acted."""
        return [
            {"number": number, "id": person, "posts": listed(self._posts[person]) if person in self._posts else ""}
            for person, number in self._numbers.items()
        ]


def on(text: str | None) -> str:
    """A day in full, or that there is none."""
    return day(date.fromisoformat(text)) if text else "–"


def read(words: str) -> str:
    """Words as they were given, a day in full."""
    return on(words) if DAY.fullmatch(words) else words


def moment(at: str | datetime) -> str:
    """`7 February 2024, 09:20`, in London."""
    then = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(LONDON)
    return f"{day(then.date())}, {then:%H:%M}"


def field(path: str) -> str:
    """A field by its path: `children.0.name` is children 1, name."""
    parts: list[str] = []
    for part in path.split("."):
        if part.isdecimal() and parts:
            parts[-1] += f" {int(part) + 1}"
        else:
            parts.append(NAMED.get(part, part.replace("_", " ").replace("-", " ")))
    return sentence_case(", ".join(parts))


def value(told: Any, persons: Persons) -> str:
    """A field's value, whatever it is."""
    if told is None:
        return "nothing"
    if isinstance(told, bool):
        return "yes" if told else "no"
    if isinstance(told, list | tuple):
        return listed(value(item, persons) for item in told) if told else "nothing"
    if isinstance(told, dict):
        return "; ".join(f"{field(key).lower()}: {value(item, persons)}" for key, item in told.items())
    text = str(told)
    if DAY.fullmatch(text):
        return on(text)
    return persons.named(text) if is_person(text) else text_of(text) if DIGEST.fullmatch(text) else text


def places(numbers: Iterable[int]) -> str:
    """`entries 1 to 4, 7 and 9`."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    runs = [f"{run[0]} to {run[-1]}" if len(run) > 2 else " and ".join(map(str, run)) for run in found]
    if not runs:
        return "none"
    return f"{'entry' if sum(map(len, found)) == 1 else 'entries'} {listed(runs)}"


# --- clocks


def verdict(clock: Mapping[str, Any]) -> str:
    """`done late, by two working days`."""
    said = VERDICTS[clock["verdict"]]
    if clock["verdict"] == "elapsed" and "due" not in clock:
        return "no time is set for it"
    past = clock.get("late_by") or clock.get("overdue_by")
    return said if past is None else f"{said}, by {counted(past, 'day' if _in_months(clock) else 'working day')}"


def _in_months(clock: Mapping[str, Any]) -> bool:
    return re.match(r"\d+ months?\b", clock["rule"]) is not None


def counting(clock: Mapping[str, Any]) -> list[str]:
    """How the due date was counted, in sentences."""
    days: list[Mapping[str, Any]] = clock.get("arithmetic", [])
    if not days:
        return []
    start = clock.get("from")
    if [d.get("count") for d in days] == [0]:
        return ["It is due on the same day."]
    if _in_months(clock):
        last = days[-1]
        return [f"Counted in months from {on(start)}: {counted(last['count'], 'month')} on is {on(last['date'])}."]
    if start and days[0]["date"] > start:
        told = [f"{_weekday(start)} is day 0."]
    elif days[0]["date"] > days[-1]["date"]:
        told = ["Counted backwards, the day itself not counted."]
    else:
        told = []
    working = [f"{_weekday(d['date'])} ({d['count']})" for d in days if "count" in d]
    told.append(f"Working days: {', '.join(working)}.")
    skipped: dict[str, list[str]] = {}
    for d in days:
        if "skipped" in d:
            skipped.setdefault("weekend" if d["skipped"] in ("Saturday", "Sunday") else d["skipped"], []).append(_weekday(d["date"]))
    if skipped:
        told.append(f"Not counted: {'; '.join(', '.join(those) + f' ({why})' for why, those in skipped.items())}.")
    return told


def _weekday(text: str) -> str:
    then = date.fromisoformat(text)
    return f"{then:%a} {then.day} {then:%b}"
