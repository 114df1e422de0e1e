"""What the tracker answers to those who see totals only: one partnership, at the end of a quarter, small numbers protected (R-23)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from interfaces.theme_answers import Item, ThemeAnswers
from projections import theme_counts as counts
from projections import theme_questions as questions
from projections.periods import Period, ended
from projections.suppression import EVERYBODY, WITHHELD, Counts, Told, changed, counted, crossed, share, table
from projections.theme_counts import Asked

Series = dict[str, list[Counts]]


async def quarters(answers: ThemeAnswers, partnership: str, until: datetime) -> tuple[list[Period], int]:
    """The quarters that have ended since there is anything to tell, by an instant; and the position that is true at."""
    found = await answers.ask(lambda connection: questions.began(connection, partnership))
    (first,) = found.items
    return ended(first, until) if first else [], found.position


async def totals(answers: ThemeAnswers, partnership: str, spans: list[Period], cross: str | None = None) -> dict[str, Told]:
    """What is told at the end of the last of these quarters."""
    codes, below = answers.codes, answers.procedure.suppress_below
    ends = [one.last for one in spans]
    if not spans:
        return dict.fromkeys(counted(codes), WITHHELD)
    everybody = await _series(answers, Asked(codes, partnership), spans)
    told = table(everybody, ends, codes, below)
    if cross is not None:
        series = await _series(answers, Asked(codes, partnership, cross=cross), spans)
        told = crossed(told, cross, series, ends, codes, below)
    return told


async def _series(answers: ThemeAnswers, asked: Asked, spans: list[Period]) -> Series:
    """The counts of everything that a table needs at the end of each quarter, as they were known then."""
    instants = {one.end: n for n, one in enumerate(spans)}
    groups = counted(asked.codes)
    found = await answers.ask(lambda connection: counts.stock(connection, asked, groups, [*instants]))
    series: Series = {label: [(0, 0)] * len(spans) for label in groups}
    for at, figures in found.items:
        series[figures.code][instants[at]] = figures.children, figures.incidents
    return series


def told_as(answers: ThemeAnswers, partnership: str, at: Period, told: Mapping[str, Told], codes: list[str] | None = None) -> list[Item]:
    """A table as JSON: everybody, the facets, the codes."""
    items = []
    for label, one in told.items():
        if codes is None or label in codes:
            items.append({"partnership": partnership, **_named(answers, label), **_told(one, told), "at_the_end_of": at.name})
    return items


def _named(answers: ThemeAnswers, label: str) -> Item:
    if label == EVERYBODY:
        return {"name": "All children of the tracker"}
    if (facet := next((one for one in answers.codes.facets if one.letter == label), None)) is not None:
        return {"facet": label, "name": facet.name}
    named = answers.codes.find(label)
    return {"code": label, "name": named.name if named else label}


def _told(one: Told, told: Mapping[str, Told]) -> dict[str, Any]:
    if one.none_at_all:
        return {"children": 0, "incidents": 0}
    if one.children is None or one.as_at is None:
        return {"children": None, "incidents": None, "suppressed": True}
    part = share(one, told[EVERYBODY])
    return {
        "children": one.children, "incidents": one.incidents, "restated_at": one.as_at.isoformat(),
        **({} if part is None else {"per_cent": part}),
    }  # fmt: skip


async def changes(answers: ThemeAnswers, partnership: str, spans: list[Period], before: Period, after: Period) -> list[Item]:
    """Which themes rose between the ends of two periods: by nought or by five and more, where both figures are told (QT-4)."""
    then = await totals(answers, partnership, [one for one in spans if one.last <= before.last])
    now = await totals(answers, partnership, [one for one in spans if one.last <= after.last])
    items = []
    for label, one in now.items():
        moved = changed(then[label], one)
        items.append({
            "partnership": partnership, **_named(answers, label), "from": before.name, "until": after.name,
            "before": then[label].children, "after": one.children, "change": moved, **({"suppressed": True} if moved is None else {}),
        })  # fmt: skip
    return items
