"""What the answers look like: for OpenAPI, and for the tests that hold every answer against it. Further fields may be there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """Part of an answer; what is absent is left out."""

    model_config = ConfigDict(extra="allow")


# --- asking


class EventNamed(Shape):
    """An event that was recorded, or would be."""

    name: str = Field(description="The stored name, such as `threshold-decided`.")
    place: int = Field(description="Its place in the case.")
    ref: str = Field(default="", description="What it may be referred to by, where it has a ref.")


class Answer(Shape):
    """What was recorded: where the case and the log stand now. In a dry run what would be, with the clocks that would start."""

    case: str = Field(description="The part of the stream after `case/`; of a candidate, calendar or procedure, its name.")
    place: int
    position: int = Field(default=0, description="The place in the whole log; not in a dry run.")
    events: list[EventNamed]
    clocks: list[ClockItem] = Field(default=[], description="In a dry run: the clocks that would start.")
    dry_run: bool = False


# --- one case


class Who(Shape):
    """Who asked, in what capacity, and on whose behalf."""

    person: str = Field(description="An opaque id; names are looked up, never copied.")
    role: str
    organisation: str = ""
    partnership: str = ""
    behalf_of: str = ""


class Counted(Shape):
    """One day of the arithmetic: counted, or skipped and why."""

    date: date
    count: int = 0
    skipped: str = ""


class ClockItem(Shape):
    """A clock, judged on a day: what is due, counted from which day, by when, stopped when, owed by whom, on whose authority."""

    clock: str
    about: str = Field(default="", description="Which of several: an agency, a recommendation, a request.")
    from_: date = Field(default=date.min, alias="from")
    due: date = date.max
    done: date = date.max
    verdict: Literal["running", "overdue", "on-time", "late", "cancelled", "superseded", "elapsed"]
    late_by: int = Field(default=0, description="Working days; calendar days for clocks in months.")
    overdue_by: int = 0
    took: int = Field(default=0, description="Working days from the day counted from to the day it was done.")
    ahead_by: int = Field(default=0, description="Working days from the day it was done to the day counted back from.")
    owed_by: str
    rule: str = Field(description="The rule in words.")
    source: str
    procedure: list[str]
    calendar: str
    events: list[int] = Field(description="The places of the events it rests on.")
    arithmetic: list[Counted] = []
    replaced_by: dict[str, Any] = {}
    why: str = Field(default="", description="What superseded or cancelled it.")


class HistoryItem(Shape):
    """A recorded event: its envelope, what the asker may read of it, and one plain sentence."""

    place: int
    position: int = 0
    name: str
    at: datetime = Field(description="When it was recorded.")
    on: date = Field(description="The day in the world.")
    by: Who
    seen: int = Field(default=0, description="The place of the case that they had last been shown.")
    procedure: dict[str, str]
    calendar: str
    command: str
    fields: dict[str, Any] = {}
    sentence: str


class DocumentNamed(Shape):
    """A document of the case: named by its digest, and held here or not."""

    digest: str
    named: list[dict[str, Any]] = Field(description="The places that name it, and as what.")
    held: bool = Field(description="Whether its bytes are kept here; if not, it is on paper or in another system, or was destroyed.")
    size: int = 0
    destroyed: bool = False


class Overview(Shape):
    """The case at a glance."""

    case: str
    place: int
    label: str = Field(default="", description="The pseudonym.")
    partnership: str = ""
    stage: str
    closed: bool
    children: list[dict[str, Any]]
    parties: dict[str, Any]
    positions: list[dict[str, Any]]
    endorsements: dict[str, Any]
    holds: list[dict[str, Any]]
    documents: list[DocumentNamed]


class Decision(Shape):
    """A decision: who made it in what capacity, with which dissent, what it replaced or was replaced by."""

    decision: str
    on: date
    at: datetime
    place: int
    outcome: str = ""
    replaced: bool


class Escalation(Shape):
    """A challenge, a representation or a concern about a report."""

    kind: str


class Absence(Shape):
    """Something the procedure asks for and the record lacks."""

    absent: str
    sentence: str
    rule: str


class RefusedNow(Shape):
    """A command that would be this person's to ask, and the sentence that refuses it now whatever its fields."""

    command: str
    sentence: str
    rule: str = ""


class Allowed(Shape):
    """What this person may ask now."""

    allowed: list[str]
    refused: list[RefusedNow]


# --- across cases


class ListedCase(Shape):
    """A case in the list. `place`, `position` and `at` are of the last event recorded on it."""

    case: str
    partnership: str
    label: str
    route: str
    concern: str
    stage: str
    opened_on: date
    place: int
    position: int
    at: datetime


class BoardItem(ClockItem):
    """A clock on the board, and the case it is of."""

    case: str
    label: str
    partnership: str
    known_from: datetime


class ThemeFigures(Shape):
    """What stands behind a code in a partnership, sub-codes included."""

    partnership: str
    code: str
    children: int
    incidents: int
    notifications: int
    provisional: int
    confirmed: int
    cases: list[str]


class CandidateItem(ThemeFigures):
    """A candidate for a thematic review."""

    candidate: str
    state: Literal["open", "undertaken", "declined", "deferred", "completed"]
    round: int
    history: list[dict[str, Any]]


class Stale(Shape):
    """Why a read model stands still, and since when: what follows is true at `Position` only."""

    before_position: int
    since: datetime


# --- lists


class Page(Shape):
    """Part of a list: `next` is the cursor that goes on where it ends, null at the end."""

    next: str | None
    stale: Stale | None = None


class Beside(Shape):
    """A clock as it is recorded beside what it would be; null where there is none."""

    clock: str
    about: str = ""
    recorded: dict[str, Any] | None
    assumed: dict[str, Any] | None
    differs: bool
    sentence: str


class Clocks(Page):
    items: list[ClockItem]
    evidence: bool = Field(default=True, description="False where something was assumed: nothing of it is recorded.")
    assumed: dict[str, Any] = Field(default={}, description="What was assumed: editions of the procedure, a calendar, a day.")
    beside: list[Beside] = []


class History(Page):
    items: list[HistoryItem]


class Decisions(Page):
    items: list[Decision]


class Escalations(Page):
    items: list[Escalation]


class Absences(Page):
    items: list[Absence]


class CaseList(Page):
    items: list[ListedCase]


class Board(Page):
    items: list[BoardItem]


class Themes(Page):
    items: list[ThemeFigures]


class Candidates(Page):
    items: list[CandidateItem]


# --- rules as data, documents, operating


class EditionListed(Shape):
    """An edition of a procedure that the software holds, and since when it is in force here."""

    edition: str
    title: str
    in_force_from: date | None
    digest: str


class Editions(Page):
    items: list[EditionListed]


class CalendarEdition(Shape):
    """An edition of the calendar of England, with its bank holidays."""

    edition: str
    source: str
    holidays: list[dict[str, str]]


class CalendarEditions(Page):
    items: list[CalendarEdition]


class DocumentKept(Shape):
    """A document that is held: found by the SHA-256 of its bytes."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")
    size: int


class Live(Shape):
    """The process answers."""

    status: Literal["live"]


class Readiness(Shape):
    """Whether database and read models are there."""

    ready: bool
    database: str


Answer.model_rebuild()
