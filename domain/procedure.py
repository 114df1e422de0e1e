"""The guidance as data: what each edition says of clocks, aims, criteria and levels, and which editions a case answers to.

An edition is one file in `domain/procedures/`. A case answers to two at once: its partnership's own and the national one (CAL-10).
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, cached_property
from importlib import resources
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from domain.moments import STARTS, STOPS
from domain.recorded import Editions


class BadProcedure(ValueError):
    """A procedure file that cannot be used: each sentence names the file, the row and the reason."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# --- clocks

Unit = Literal["working-days", "working-days-before", "months", "same-day", "set-date", "none"]


class Within(_Row):
    """How long: so many working days or months, the same day, a date of its own, or no time at all.

    `runs_out`: a period that ends by itself, so that nobody is ever late.
    """

    unit: Unit
    n: int = 0
    runs_out: bool = False
    words: str

    @property
    def in_working_days(self) -> bool:
        """Whether lateness is told in working days; for months it is told in calendar days (CAL-6)."""
        return self.unit != "months"


DURATION = re.compile(r"(?P<n>[1-9]\d{0,2}) (?P<unit>working days?|months?)(?P<before> before)?(?P<runs_out>, runs out)?")


def within(words: object) -> Within:
    """`5 working days`, `7 working days before`, `6 months`, `12 months, runs out`, `same day`, `set date` or `none`."""
    if words in ("same day", "set date", "none"):
        return Within(unit="none" if words == "none" else "same-day" if words == "same day" else "set-date", words=str(words))
    found = DURATION.fullmatch(words) if isinstance(words, str) else None
    if found is None or (found["before"] and found["unit"].startswith("month")):
        raise ValueError(
            f"{words!r} is no duration: write “5 working days”, “7 working days before”, “6 months”, “12 months, runs out”, "
            "“same day”, “set date” or “none”"
        )
    unit: Unit = "months" if found["unit"].startswith("month") else "working-days-before" if found["before"] else "working-days"
    return Within(unit=unit, n=int(found["n"]), runs_out=bool(found["runs_out"]), words=str(words))


class When(_Row):
    """On which cases a row applies: those on one of these routes, those with one of these kinds of harm. Unnamed: on all."""

    route: tuple[Literal["local-authority", "organisation", "parent", "community", "young-person", "partners"], ...] = ()
    harm: tuple[Literal["died", "seriously-harmed", "injured", "none", "harmed-another"], ...] = ()


class ClockRow(_Row):
    """What is due, within what time, counted from which moment, stopped by which, owed by whom, on whose authority."""

    due: Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$")]
    within: Annotated[Within, BeforeValidator(within)]
    after: str
    until: str | None = None
    owed_by: str
    source: Annotated[str, Field(min_length=1)]
    when: When = When()

    @model_validator(mode="after")
    def _speaks_of_known_moments(self) -> ClockRow:
        if self.after not in STARTS:
            raise ValueError(f"nothing is counted from {self.after!r}; known are {', '.join(sorted(STARTS))}")
        if self.until is not None and self.until not in STOPS:
            raise ValueError(f"nothing is stopped by {self.until!r}; known are {', '.join(sorted(STOPS))}")
        if (self.within.unit in ("set-date", "working-days-before")) != STARTS[self.after].sets_a_date:
            raise ValueError(f"{self.after!r} and {self.within.words!r} do not go together: a date is set by some moments only")
        if self.until is None and not self.within.runs_out:
            raise ValueError("a clock that nothing stops must run out by itself: “12 months, runs out”")
        return self

    @property
    def rule(self) -> str:
        """The rule in words."""
        start, stop = STARTS[self.after].words, STOPS[self.until].words if self.until else ""
        time = {"set-date": "By the date set when", "none": "As soon as possible after", "same-day": "On the same day as"}
        opening = time.get(self.within.unit) or f"{self.within.words.removesuffix(', runs out').capitalize()} " + (
            "the day of which" if self.within.unit == "working-days-before" else "from when"
        )
        return f"{opening} {start}, until {stop}" if stop else f"{opening} {start}; then it has run out"


class MergedRow(_Row):
    """A clock as a case answers to it: the partnership's row, the national one, or both as one, with both editions and sources."""

    row: ClockRow
    editions: tuple[str, ...]
    source: str


# --- what else an edition says


class Aim(_Row):
    """An aim of the rapid review meeting. It is minuted in the field of `hold-rapid-review-meeting` that bears its name."""

    aim: Literal["facts", "immediate-action", "improvements", "next-steps", "inequalities"]
    source: str
    words: str

    @property
    def field(self) -> str:
        """The field of the command."""
        return self.aim.replace("-", "_")


class RegulationCriterion(_Row):
    """What the regulations ask to be considered before a local review is decided on or against (X-10)."""

    criterion: Literal["improvements", "recurrent-themes", "joint-working", "panel-view"]
    source: str
    words: str


class Level(_Row):
    """A level of escalation, and who hears a challenge there."""

    level: int
    source: str
    words: str


class ReportPart(_Row):
    """What a report contains at the least."""

    part: Literal["summary", "analysis", "recommendations"]
    source: str
    words: str

    @property
    def rule(self) -> str:
        """The rule that asks for it."""
        return self.source.partition(",")[0]


class LearningElement(_Row):
    """One of the ways in which learning is taken into practice."""

    element: Literal["learning-brief", "learning-model", "annual-summary", "quality-framework", "agency-assurance"]
    source: str
    words: str


class RetentionClass(_Row):
    """How long a class of record is kept: `years` counted from opening, closing or publication; without years, for ever."""

    name: Annotated[str, Field(alias="class")]
    years: Annotated[int, Field(ge=1)] | None = None
    counted_from: Literal["opening", "closing", "publication"] | None = None
    proposal: bool
    source: str
    words: str

    @model_validator(mode="after")
    def _counts_from_something(self) -> RetentionClass:
        if (self.years is None) != (self.counted_from is None):
            raise ValueError("years and counted_from go together")
        return self


class ReviewerCriteria(_Row):
    """What a reviewer is assessed against, by the number of the rule."""

    practice_review: Annotated[dict[str, str], Field(alias="practice-review", min_length=1)]
    other: Annotated[dict[str, str], Field(min_length=1)]


class BreakGlass(_Row):
    hours: Annotated[int, Field(ge=1, le=24 * 7)]


class RecurringTheme(_Row):
    """How many children in how many incidents make a theme a candidate (R-21)."""

    children: Annotated[int, Field(ge=1)]
    incidents: Annotated[int, Field(ge=1)]


class OpenDecision(_Row):
    """A question that no source answers, and the value used until its owner does."""

    name: str
    value: RecurringTheme | int | bool | str | tuple[str, ...]
    words: str


class Deviation(_Row):
    """Where the words of a partnership differ from the statute or from sources beside them, and what is done (X-1 … X-18)."""

    rule: str
    words: str


class Edition(_Row):
    """One edition of a procedure, whole. `partnership` is none for a national one; `digest` is the SHA-256 of its file."""

    edition: Annotated[str, Field(pattern=r"^[a-z]+(-[a-z0-9]+)*$")]
    title: str
    partnership: str | None = None
    in_force_from: date | None = None
    digest: str = ""

    clocks: tuple[ClockRow, ...]
    aims: tuple[Aim, ...] = ()
    criteria: tuple[RegulationCriterion, ...] = ()
    escalation: tuple[Level, ...] = ()
    report: tuple[ReportPart, ...] = ()
    learning: tuple[LearningElement, ...] = ()
    retention: tuple[RetentionClass, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    break_glass: BreakGlass | None = None
    reviewer: ReviewerCriteria | None = None
    open_decisions: dict[Annotated[str, Field(pattern=r"^R-\d+$")], OpenDecision] = {}

    @model_validator(mode="after")
    def _hangs_together(self) -> Edition:
        names = [row.due for row in self.clocks]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"what is due stands in two rows: {', '.join(sorted(twice))}")
        if (self.partnership is None) != (self.in_force_from is not None):
            raise ValueError("a national edition says in_force_from; a partnership's is in force from its adoption")
        levels = self.open_decisions.get("R-14")
        if self.escalation and levels and len(self.escalation) != levels.value:
            raise ValueError(f"R-14 says {levels.value} levels of escalation, and {len(self.escalation)} are listed")
        if self.national and (silent := [part for part in WHOLE if not getattr(self, part)]):
            raise ValueError(f"a national edition is what others fall back on, so it may not be silent on {', '.join(silent)}")
        return self

    @property
    def national(self) -> bool:
        return self.partnership is None


WHOLE = ("clocks", "aims", "criteria", "escalation", "report", "learning", "retention", "break_glass", "reviewer", "open_decisions")
"""What a national edition must speak of."""


# --- what a case answers to


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
    return Procedure(EDITIONS[editions.local] if editions.local else None, EDITIONS[editions.national])


# --- the files


def read_edition(file: str, content: bytes) -> Edition:
    """An edition from the bytes of its file.

    Raises:
        BadProcedure: with a sentence for every row that is wrong: the file, the row and the reason.
    """
    try:
        rows = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadProcedure(f"{file} is no TOML: {error}.") from error
    try:
        edition = Edition.model_validate({**rows, "digest": hashlib.sha256(content).hexdigest()})
    except ValidationError as error:
        raise BadProcedure(" ".join(_told(file, rows, found) for found in error.errors())) from error
    if f"{edition.edition}.toml" != file:
        raise BadProcedure(f"{file} holds the edition {edition.edition}; a file is called after its edition.")
    return edition


def _told(file: str, rows: dict[str, Any], error: Any) -> str:
    """`bolton.toml, clocks, row 6 (rapid-review-meeting), within: …`."""
    place, at = [], rows
    for part in error["loc"]:
        at = at[part] if (isinstance(at, dict) and part in at) or (isinstance(at, list) and isinstance(part, int)) else {}
        named = next((at[key] for key in ("due", "aim", "criterion", "level", "part", "element", "class") if key in at), None)  # type: ignore[operator]
        place.append((f"row {part + 1}" + (f" ({named})" if named else "")) if isinstance(part, int) else str(part))
    return f"{file}, {', '.join(place) or 'as a whole'}: {error['msg'].removeprefix('Value error, ')}."


def _shipped() -> dict[str, Edition]:
    files = [file for file in resources.files("domain").joinpath("procedures").iterdir() if file.name.endswith(".toml")]
    editions = [read_edition(file.name, file.read_bytes()) for file in files]
    in_order = sorted(editions, key=lambda edition: (edition.in_force_from or date.max, edition.edition))
    return {edition.edition: edition for edition in in_order}


EDITIONS: Mapping[str, Edition] = _shipped()
"""The editions that come with this software, by name: the national ones in order, then the partnerships'. Read once, at the start."""
