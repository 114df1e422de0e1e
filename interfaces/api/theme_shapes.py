"""What the answers on themes look like."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from interfaces.api.shapes import Page, Shape


class Counts(Shape):
    """Three counts side by side; null where small numbers are protected."""

    children: int | None
    incidents: int | None
    notifications: int | None = None


class ThemeFigure(Counts):
    """What stands behind a code in a partnership, its sub-codes included."""

    partnership: str
    code: str | None = Field(default=None, description="Left out where it is a facet, or all children.")
    name: str
    provisional: int | None = None
    confirmed: int | None = None
    first: date | None = Field(default=None, description="The first day of these incidents.")
    last: date | None = None
    first_month: str | None = Field(default=None, description="Where the day is not for whoever asks to read.")
    last_month: str | None = None
    cases: list[str] | None = None
    recurs: bool | None = Field(default=None, description="Whether it is a series by the rule: children and incidents enough.")
    suppressed: bool | None = None
    restated_at: date | None = Field(default=None, description="Rounded down to fives; last restated at the end of this quarter.")
    per_cent: int | None = None
    at_the_end_of: str | None = None


class OneTheme(ThemeFigure):
    """One code, with its rule and what counts towards it."""

    rule: dict[str, Any] | None = None
    code_set: str
    counted: list[str] | None = None


class Figures(Page):
    """Every code with a child behind it; for those who see totals only, everybody, every facet and every code."""

    items: list[ThemeFigure]
    code_set: str


class Happened(Shape):
    """Something that happened to a candidate: by what entry of which case, and where the partners decided, why."""

    place: int
    position: int
    name: str
    on: date
    at: datetime


class ThematicCandidate(ThemeFigure):
    """A candidate for a thematic review, whatever has become of it."""

    candidate: str
    state: Literal["open", "undertaken", "declined", "deferred", "completed"]
    round: int
    raised_by: Literal["rule", "partners"]
    raised_at: datetime
    no_longer_three: bool
    history: list[Happened]


class ThematicCandidates(Page):
    """Every candidate ever raised."""

    items: list[ThematicCandidate]


class CaseBehind(Shape):
    """A case behind a figure: its children under their refs, and the entries it rests on."""

    case: str
    label: str
    partnership: str
    concern: str
    incident: str
    day: date | None = None
    month: str | None = Field(default=None, description="Where the day is not for whoever asks to read.")
    threshold: Literal["met", "not-met"] | None = None
    standing: Literal["provisional", "confirmed"]
    children: list[dict[str, Any]]
    events: list[int]


class CasesBehind(Page):
    """The cases behind a figure."""

    items: list[CaseBehind]


class PeriodFigures(Counts):
    """One period: what befell children in it, and what was known of all at its end."""

    period: str
    from_: date = Field(alias="from")
    until: date
    known_at_its_end: Counts | None = None


class Trend(Page):
    """One code over fixed periods."""

    items: list[PeriodFigures]


class Change(Shape):
    """How the children behind a code changed between the ends of two periods; null where small numbers are protected."""

    partnership: str
    name: str
    before: int | None
    after: int | None
    change: int | None


class Changes(Page):
    """Which themes rose, and which fell."""

    items: list[Change]


class Recurred(Counts):
    """A recommendation, and the children whom its theme has befallen since it was completed."""

    case: str
    recommendation: str
    themes: list[str]
    completed_on: date
    since: list[dict[str, Any]]


class RecurredSince(Page):
    """Learning that did not hold."""

    items: list[Recurred]


class Strength(Shape):
    """Good practice that recurs in Learn from Success, beside the weakness that it mirrors."""

    partnership: str
    code: str
    name: str
    mirrors: str | None
    strengths: dict[str, Any]
    weaknesses: dict[str, Any] | None = None


class Strengths(Page):
    """Strengths beside weaknesses."""

    items: list[Strength]


class OnThePanelsList(Shape):
    """One of the Panel's six themes, or what an annual report of it singled out, with our codes and their figures."""

    name: str
    codes: list[str]
    figures: list[dict[str, Any]]


class PanelView(Page):
    """Our themes as the Panel groups them."""

    items: list[OnThePanelsList]
    code_set: str


class Lacking(Shape):
    """A case whose coding may be incomplete."""

    case: str
    label: str
    children: list[str]
    events: list[int]


class Completeness(Page):
    """The cases coded one thing of which nobody has said another."""

    items: list[Lacking]


class SharedTheme(Shape):
    """A theme that two partnerships see in one incident; each child counts once."""

    incident: str
    code: str
    partnerships: list[str]
    cases: list[str]
    children: int


class SharedThemes(Page):
    """Themes across borders."""

    items: list[SharedTheme]


class WithdrawnTheme(Shape):
    """A code that was withdrawn, and the ends of quarters that had counted it: what was told then stays."""

    case: str
    label: str
    code: str
    withdrawn_on: date
    would_change: list[str]
    counted: list[dict[str, Any]]
    events: list[int]


class WithdrawnThemes(Page):
    """What was withdrawn."""

    items: list[WithdrawnTheme]


class ForTheSummary(ThemeFigure):
    """A theme that the annual summary is to name, with learning briefs, response and impact."""

    in_the_year: Counts
    briefs: list[dict[str, Any]]
    response: list[dict[str, Any]]
    candidates: list[dict[str, Any]]
    impact: list[dict[str, Any]]


class AnnualThemes(Page):
    """What an annual summary is to name."""

    items: list[ForTheSummary]
    year: str
    code_set: str


class Busy(Shape):
    """How often a code was assigned: a child with two sub-codes twice."""

    code: str
    assigned: int


class Busiest(Page):
    """The codes assigned most often."""

    items: list[Busy]
