"""`docs/clocks.md`: every clock of every edition, as its procedure file has it."""

from __future__ import annotations

from pathlib import Path

from domain.guidance import EDITIONS, ClockRow, Edition
from interfaces.documentation.markdown import code, link, page, table

INTRODUCTION = """\
A clock says what is due, within what time, counted from which moment, stopped by which, owed by whom and on whose authority. Each is
a row of data in a procedure file. A case answers to its partnership's edition and to the national one in force on the day of each
event; a clock that stands in both is one clock with both sources. How days are counted is told in [process.md](process.md#counting)
(CAL-1 … CAL-10).

A verdict is made when somebody asks, for the day they ask about: *running*, *overdue*, *on-time*, *late*, *cancelled* (with why),
*superseded* (with what replaced it and why), or *elapsed* (no time is set, or a period has run out). Working-day clocks and set dates
are late by working days, month clocks by calendar days.

A source marked [K] is known by its practice, and is still to be compared with the original text."""


def document(checkout: Path) -> str:
    return page(
        "Clocks",
        INTRODUCTION,
        "## Editions",
        table(("edition", "title", "in force from", "file"), (_edition(edition) for edition in EDITIONS.values())),
        "## Every clock",
        *(f"### {due}\n\n{_rows(due)}" for due in dict.fromkeys(row.due for edition in EDITIONS.values() for row in edition.clocks)),
        "## Where a partnership's words differ",
        table(
            ("edition", "rule", "what is done"),
            ((edition.edition, row.rule, row.words) for edition in EDITIONS.values() for row in edition.deviations),
        ),
    )


def _edition(edition: Edition) -> tuple[str, ...]:
    since = edition.in_force_from.isoformat() if edition.in_force_from else "its adoption in the store"
    return f"`{edition.edition}`", edition.title, since, link(f"domain/procedures/{edition.edition}.toml")


def _rows(due: str) -> str:
    rows = [(edition, row) for edition in EDITIONS.values() for row in edition.clocks if row.due == due]
    rules = dict.fromkeys(row.rule for _, row in rows)
    told = table(
        ("edition", "within", "owed by", "on which cases", "source"),
        ((f"`{edition.edition}`", row.within.words, row.owed_by.replace("-", " "), _when(row), row.source) for edition, row in rows),
    )
    return "\n\n".join((*rules, told))


def _when(row: ClockRow) -> str:
    return "; ".join(f"{key}: {code(*words)}" for key, words in row.when if words) or "all"
