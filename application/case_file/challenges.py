"""What the report says of challenges, representations and concerns, and of what is absent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from application.case_file.in_words import Persons, on, verdict
from application.case_file.sections import words
from application.case_view.words import called, counted, plainly, sentence_case
from domain.language import listed

Told = Mapping[str, Any]


def escalation_rows(escalations: Iterable[Told], persons: Persons) -> Iterator[dict[str, Any]]:
    """Each challenge, representation or concern: who raised it, its levels, how long they took, what came of it."""
    for one in escalations:
        about = [plainly(one["about"])] if "about" in one else []
        about += [f"on {one['decision']}"] if "decision" in one else []
        yield {
            "title": sentence_case(called(one["kind"], one["ref"])) + (f" ({', '.join(about)})" if about else ""),
            "raised": f"Raised on {on(one['raised']['on'])} by {persons.who(one['raised']['by'])} (entry {one['raised']['place']}).",
            "levels": [_level(level, persons) for level in one["levels"]],
            "ended": _ended(one),
            "did_not_wait": [f"{step['sentence']} (entry {step['place']})" for step in one["did_not_wait"]],
            "came_after": [_step(step) for step in one["came_after"]],
        }


def _ended(one: Told) -> str:
    if "resolved" in one:
        ended = one["resolved"]
        return f"{words(ended['outcome'])} on {on(ended['on'])} (entry {ended['place']}), after {_days(one)}."
    return "No entry shown ends it." if "as_far_as_shown" in one else f"Still open after {_days(one)}."


def _level(level: Told, persons: Persons) -> str:
    heard_by = f", heard by {listed(persons.said(one) for one in level['heard_by'])}" if level.get("heard_by") else ""
    name = f"Level {level['level']}" if level["level"] else "Before the first level"
    if "as_far_as_shown" in level:
        return f"{name}{heard_by}: from {on(level['from'])}."
    until = f"to {on(level['until'])}" if "until" in level else "and still there"
    return f"{name}{heard_by}: from {on(level['from'])} {until}, {_days(level)}."


def _days(told: Told) -> str:
    return counted(told["working_days"], "working day") if "working_days" in told else counted(told["calendar_days"], "day")


def _step(step: Told) -> str:
    since = f", which could have been since {on(step['could_have_been_since'])}" if step.get("could_have_been_since") else ""
    not_yet = "is in no entry shown" if "as_far_as_shown" in step else "has not come"
    then = f"came on {on(step['on'])} (entry {step['place']})" if "on" in step else not_yet
    return f"{words(step['name'])}{since}, {then}."


def absence_rows(absences: Iterable[Told]) -> Iterator[dict[str, Any]]:
    """What the procedure asks for and the record lacks."""
    for one in absences:
        about = f" ({plainly(one['about'])})" if one.get("about") else ""
        yield {
            "sentence": one["sentence"],
            "about": about,
            "rule": one["rule"],
            "since": on(one.get("since")),
            "due": on(one.get("due")),
            "late": sentence_case(verdict({"rule": one.get("within", ""), **one})) if "verdict" in one else "No time is set for it",
            "events": one.get("events", []),
        }
