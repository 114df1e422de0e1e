"""Which editions a case answers to, and what they say together: its partnership's own, with the national one behind it (CAL-10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, cached_property
from typing import Any, NamedTuple, Protocol

from domain.guidance import (
    EDITIONS,
    Aim,
    BadProcedure,
    ClockRow,
    Deviation,
    Edition,
    LearningElement,
    Level,
    OpenDecision,
    RecurringTheme,
    RetentionClass,
    ReviewerCriteria,
    When,
    Within,
)
from domain.recorded import Editions


class MergedRow(NamedTuple):
    """A clock as a case answers to it: the partnership's row, the national one, or both as one, with both editions and sources."""

    row: ClockRow
    rule: str
    editions: tuple[str, ...]
    source: str


class Procedure:
    """The two editions that a case answers to: looked up in the partnership's own first, with the national one behind it."""

    def __init__(self, local: Edition | None, national: Edition) -> None:
        self.local = local
        self.national = national

    def __repr__(self) -> str:
        return f"Procedure({', '.join(self.names)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The editions, the partnership's own first."""
        return tuple(edition.edition for edition in self.editions)

    @property
    def editions(self) -> tuple[Edition, ...]:
        return (self.local, self.national) if self.local else (self.national,)

    @cached_property
    def clocks(self) -> tuple[MergedRow, ...]:
        """Every clock once. One that stands in both editions names both, and both sources."""
        rows: dict[str, list[tuple[Edition, ClockRow]]] = {}
        for edition in self.editions:
            for row in edition.clocks:
                rows.setdefault(row.due, []).append((edition, row))
        return tuple(
            MergedRow(
                row=found[0][1],
                rule=found[0][1].rule,
                editions=tuple(edition.edition for edition, _ in found),
                source="; ".join(dict.fromkeys(row.source for _, row in found)),
            )
            for found in rows.values()
        )

    def clock(self, due: str) -> ClockRow | None:
        """The row of this clock, if the case has it."""
        return next((merged.row for merged in self.clocks if merged.row.due == due), None)

    @cached_property
    def aims(self) -> tuple[Aim, ...]:
        """The aims that the rapid review meeting minutes: the partnership's, and those the national edition adds (X-18)."""
        return tuple({aim.aim: aim for edition in reversed(self.editions) for aim in edition.aims}.values())

    @property
    def regulation_criteria(self) -> tuple[str, ...]:
        """What a decision on a local review considers, one by one (X-10)."""
        return tuple(row.criterion for row in self._first("criteria"))

    def reviewer_criteria(self, review: str) -> Mapping[str, str]:
        """What a reviewer of this type of review is assessed against: rule number and short words (BOL-98…103, BOL-125…132)."""
        criteria: ReviewerCriteria = self._first("reviewer")
        return criteria.practice_review if review == "practice-review" else criteria.other

    @property
    def escalation_levels(self) -> tuple[Level, ...]:
        """Levels of escalation, lowest first (R-14)."""
        return self._first("escalation")  # type: ignore[no-any-return]  # the type of the field

    @property
    def report_parts(self) -> tuple[tuple[str, str], ...]:
        """What a report contains at the least, with the rule that asks for it (BOL-162…164)."""
        return tuple((row.part, row.rule) for row in self._first("report"))

    @property
    def learning_elements(self) -> tuple[LearningElement, ...]:
        """The ways in which learning is taken into practice (BOL-175…180)."""
        return self._first("learning")  # type: ignore[no-any-return]  # the type of the field

    @property
    def retention(self) -> Mapping[str, RetentionClass]:
        """How long each class of record is kept (R-20)."""
        return {row.name: row for edition in reversed(self.editions) for row in edition.retention}

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        return tuple(row for edition in self.editions for row in edition.deviations)

    @property
    def break_glass(self) -> timedelta:
        """How long access lasts that somebody took in an emergency."""
        return timedelta(hours=self._first("break_glass").hours)

    @property
    def publication_guard(self) -> int:
        """How many working days before publication the copy goes to the Panel (CLK-11)."""
        row = self.clock("pre-publication-copy")
        return row.within.n if row else 0

    def open_decision(self, rule: str) -> OpenDecision:
        """A value that somebody still has to decide on, by its id (`R-7`)."""
        return next(edition.open_decisions[rule] for edition in self.editions if rule in edition.open_decisions)

    @property
    def majority(self) -> int:
        """How many of the three partners make a decision (R-7)."""
        return int(self.open_decision("R-7").value)  # type: ignore[arg-type]  # checked by a test for every edition

    @property
    def recurring_theme(self) -> RecurringTheme:
        """How many children in how many incidents raise a candidate (R-21)."""
        return self.open_decision("R-21").value  # type: ignore[return-value]  # checked by a test for every edition

    @property
    def eligible_facets(self) -> tuple[str, ...]:
        """Facets whose codes may raise a candidate (R-22)."""
        return self.open_decision("R-22").value  # type: ignore[return-value]  # checked by a test for every edition

    @property
    def suppress_below(self) -> int:
        """Counts below this are withheld from aggregate readers (R-23)."""
        return int(self.open_decision("R-23").value)  # type: ignore[arg-type]  # checked by a test for every edition

    def _first(self, part: str) -> Any:
        return next(said for edition in self.editions if (said := getattr(edition, part)))


def conflicts(local: Edition, national: Edition) -> tuple[str, ...]:
    """Sentences on clocks that stand in both editions and count differently: one clock cannot be two. Each names both.

    A partnership may set a time where the national edition sets none.
    """
    return tuple(_conflicts(local, national))


def _conflicts(local: Edition, national: Edition) -> Iterator[str]:
    theirs = {row.due: row for row in national.clocks}
    for row in local.clocks:
        other = theirs.get(row.due)
        if other is None:
            continue
        for part in ("within", "after", "until", "when"):
            mine, yours = getattr(row, part), getattr(other, part)
            if mine != yours and not (part == "within" and yours.unit == "none"):
                yield (
                    f"The editions {local.edition} and {national.edition} conflict on {row.due}: {part} is {_words(mine)} in "
                    f"{local.edition} ({row.source}) and {_words(yours)} in {national.edition} ({other.source}) (CAL-10)."
                )


def _words(value: object) -> str:
    if isinstance(value, Within):
        return value.words
    if isinstance(value, When):
        return " and ".join(f"{key} {' or '.join(words)}" for key, words in value if words) or "on every case"
    return str(value or "nothing")


# --- which editions are in force


class Adoption(Protocol):
    """An edition adopted in the store, and the day from which it is in force."""

    @property
    def edition(self) -> str: ...
    @property
    def in_force_from(self) -> date: ...


def editions_in_force(adoptions: Iterable[Adoption], partnership: str, on: date) -> Editions:
    """The two editions in force on that day; before the first of its line, that first one. Adoptions in the order recorded.

    A partnership whose own edition has not been adopted, and `england`, answer to the national one alone.
    """
    lines: dict[str | None, list[Adoption]] = {}
    for adoption in adoptions:
        if adoption.edition in EDITIONS:
            lines.setdefault(EDITIONS[adoption.edition].partnership, []).append(adoption)
    if None not in lines:
        raise BadProcedure("No national procedure has been adopted in this store; a case always answers to one (CAL-10).")
    local = lines.get(partnership)
    return Editions(local=_in_force(local, on) if local else None, national=_in_force(lines[None], on))


def _in_force(adoptions: Sequence[Adoption], on: date) -> str:
    by_day = sorted(adoptions, key=lambda adoption: adoption.in_force_from)  # stable: the later adopted wins a day
    begun = [adoption for adoption in by_day if adoption.in_force_from <= on]
    return (begun[-1] if begun else by_day[0]).edition


@cache
def procedure_of(editions: Editions) -> Procedure:
    """The procedure of these two editions."""
    return Procedure(edition_named(editions.local) if editions.local else None, edition_named(editions.national))


def edition_named(name: str) -> Edition:
    """The edition of this name.

    Raises:
        BadProcedure: where this software has no such edition.
    """
    if name not in EDITIONS:
        raise BadProcedure(f"There is no such edition as {name}; known are {', '.join(EDITIONS)}.")
    return EDITIONS[name]


def edition_as_data(edition: Edition) -> dict[str, Any]:
    """An edition whole, as its file has it: each row with its source, durations in words; and the digest of the file."""
    data = edition.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    data["clocks"] = [
        {**row, "within": row["within"]["words"], "rule": clock.rule} for row, clock in zip(data["clocks"], edition.clocks, strict=True)
    ]
    return data
