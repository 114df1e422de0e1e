"""What is told of a case of which entries are withheld: what those that are shown say, and never that something has not happened.

The views are made from the entries shown alone, so nothing of the others is in them; but what they miss may be in one that is withheld.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from application.case_file.report import AsRead

Told = Mapping[str, Any]

OPEN = ("running", "overdue", "elapsed")
NOT_DONE = ("verdict", "overdue_by", "late_by")
AS_SHOWN = {"as_far_as_shown": True}


def as_far_as_shown(case: AsRead) -> AsRead:
    """The case without what only the entries withheld could tell."""
    recommendations = [_without(one, "past_its_date") for one in case.overview["recommendations"]]
    holds = [_without(one, "review_overdue") for one in case.overview["holds"]]
    return replace(
        case,
        overview={**case.overview, "recommendations": recommendations, "holds": holds},
        entries=[{**one, "late_entry": {**one["late_entry"], **AS_SHOWN}} if "late_entry" in one else one for one in case.entries],
        decisions=[_decision(one) for one in case.decisions],
        clocks=[_unended(one) if one["verdict"] in OPEN else one for one in case.clocks],
        escalations=[_escalation(one) for one in case.escalations],
        absences=[_absence(one) for one in case.absences],
    )


def _unended(told: Told) -> Told:
    return {**_without(told, *NOT_DONE), "verdict": "end-not-shown"}


def _absence(told: Told) -> Told:
    sentence = f"As far as is shown: {told['sentence']}"
    return {**(_unended(told) if "verdict" in told else told), "sentence": sentence}


def _decision(told: Told) -> Told:
    """Where no dissent is shown it is not said that there was none. What had not reached whoever decided is not told at all: an entry that
    is withheld may have brought it to them."""
    kept = _without(told, "existed_but_not_shown", *([] if told.get("dissent") else ["dissent"]))
    return {**kept, **AS_SHOWN} | {part: [_decision(one) for one in told[part]] for part in ("deciders", "confirmed") if part in told}


def _escalation(told: Told) -> Told:
    ended: Told = {} if "resolved" in told else AS_SHOWN
    levels = [one if "until" in one else {**one, **AS_SHOWN} for one in told["levels"]]
    steps = [one if "on" in one else {**one, **AS_SHOWN} for one in told["came_after"]]
    return {**told, **ended, "levels": levels, "came_after": steps}


def _without(told: Told, *names: str) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in names}
