"""The guidance as data: what an edition says of clocks, aims, criteria, levels and retention, read from its file.

An edition is one file in `domain/procedures/`. A file with an error is refused when the program starts, with its row and the reason.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from domain.moments import STARTS, STOPS
from domain.toml_files import BadToml, read_toml


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
        time = {
            "same-day": "On the day when",
            "set-date": "By the date set when",
            "none": "No time is set; counted from when",
            "working-days-before": f"{self.within.words.capitalize()} the day for which",
        }.get(self.within.unit, f"{self.within.words.removesuffix(', runs out')} from when")
        stop = f"stopped when {STOPS[self.until].words}" if self.until else "then it has run out"
        return f"{time} {STARTS[self.after].words}; {stop}."


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


# --- the files


def read_edition(file: str, content: bytes) -> Edition:
    """An edition from the bytes of its file.

    Raises:
        BadProcedure: with a sentence for every row that is wrong: the file, the row and the reason.
    """
    try:
        rows = read_toml(content.decode("utf-8"))
    except (UnicodeDecodeError, BadToml) as error:
        raise BadProcedure(f"{file} is no TOML: {error}.") from error
    try:
        edition = Edition.model_validate({**rows, "digest": hashlib.sha256(content).hexdigest()})
    except ValidationError as error:
        raise BadProcedure(" ".join(_told(file, rows, found) for found in error.errors())) from error
    if f"{edition.edition}.toml" != file:
        raise BadProcedure(f"{file} holds the edition {edition.edition}; a file is called after its edition.")
    return edition


NAMES = ("due", "aim", "criterion", "level", "part", "element", "class")


def _told(file: str, rows: dict[str, Any], error: Any) -> str:
    """`bolton.toml, clocks, row 6 (rapid-review-meeting), within: …`."""
    place, at = [], rows
    for part in error["loc"]:
        at = at[part] if (isinstance(at, dict) and part in at) or (isinstance(at, list) and isinstance(part, int)) else {}
        named = next((at[key] for key in NAMES if key in at), None) if isinstance(at, dict) else None
        place.append((f"row {part + 1}" + (f" ({named})" if named else "")) if isinstance(part, int) else str(part))
    return f"{file}, {', '.join(place) or 'as a whole'}: {error['msg'].removeprefix('Value error, ')}."


def _shipped() -> dict[str, Edition]:
    files = [file for file in resources.files("domain").joinpath("procedures").iterdir() if file.name.endswith(".toml")]
    editions = [read_edition(file.name, file.read_bytes()) for file in files]
    in_order = sorted(editions, key=lambda edition: (edition.in_force_from or date.max, edition.edition))
    return {edition.edition: edition for edition in in_order}


EDITIONS: Mapping[str, Edition] = _shipped()
"""The editions that come with this software, by name: the national ones in order, then the partnerships'. Read once, at the start."""
