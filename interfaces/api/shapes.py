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
    owed_by: str = ""
    rule: str = Field(description="The rule in words.")
    source: str
    procedure: list[str]
    calendar: str
    events: list[int] = Field(description="The places of the events it rests on.")
    arithmetic: list[Counted] = []
    replaced_by: dict[str, Any] = {}
    why: str = Field(default="", description="What superseded or cancelled it.")


WITHHELD: Any = Field(default=[], description="What is not for the asker to read: names of fields or kinds; `*`: nothing of it is.")


class HistoryItem(Shape):
    """A recorded event: its envelope, what the asker may read of it, and one plain sentence. Where nothing is theirs its place stays."""

    place: int
    position: int = 0
    name: str = ""
    at: datetime | None = Field(default=None, description="When it was recorded.")
    on: date = Field(default=date.min, description="The day in the world.")
    by: Who | None = None
    seen: int = Field(default=0, description="The place of the case that they had last been shown.")
    procedure: dict[str, str] = {}
    calendar: str = ""
    command: str = ""
    fields: dict[str, Any] = {}
    sentence: str = ""
    withheld: list[str] = WITHHELD


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
    children: list[dict[str, Any]] = []
    parties: dict[str, Any] = {}
    positions: list[dict[str, Any]] = []
    endorsements: dict[str, Any] = {}
    holds: list[dict[str, Any]] = []
    documents: list[DocumentNamed] = []
    withheld: list[str] = WITHHELD


class NotShown(Shape):
    """What existed when somebody decided and had not reached them: not shown, not opened, not sent, and not their own."""

    places: list[int]
    documents: list[str]


class Decider(Shape):
    """Somebody whose position or endorsement makes a decision, and what they had before them. A clerk's entry has `sent` only."""

    position: str = ""
    information: dict[str, Any] = Field(default={}, description="The information set as it was frozen.")
    information_intact: bool = Field(default=True, description="Whether it still has the hash it was frozen with.")
    seen: int = Field(default=0, description="The place of the case that they said they had seen.")
    seen_confirmed: bool = Field(default=False, description="Whether a look agrees: they had been shown as much.")
    shown: list[str] = Field(default=[], description="Their looks at the case by then.")
    shown_up_to: int = Field(default=0, description="The last place that any of those looks reached.")
    opened: list[str] = Field(default=[], description="The documents they had opened.")
    sent: list[int] = Field(default=[], description="The places at which something was sent to them.")
    existed_but_not_shown: NotShown | None = None


class Decision(Shape):
    """A decision: who made it in what capacity, with which dissent, what it replaced or was replaced by, and on what information."""

    decision: str = ""
    on: date
    at: datetime
    place: int
    outcome: str = ""
    replaced: bool = False
    deciders: list[Decider] = []
    existed_but_not_shown: NotShown | None = None


class RegisteredDecision(Decision):
    """A decision, the case it is of, and the places of the entries that it rests on. No words: those are read on the case."""

    case: str
    label: str
    partnership: str
    position: int
    events: list[int]
    known_from: datetime


class LookNoted(Shape):
    """Somebody looked, or tried to: when, in what capacity, why, and what they were shown."""

    look: str = Field(description="Its id, as information sets name it.")
    number: int
    at: datetime
    by: Who
    capacity: str = Field(default="", description="In what capacity they were let in.")
    because: str = Field(default="", description="Why, in their words, or `[erased]`.")
    view: str = Field(description="What was asked for, or the command that was tried.")
    outcome: Literal["shown", "refused"]
    place: int = Field(default=0, description="The last place of the case that they were shown up to.")
    as_of: str = Field(default="", description="The instant asked about, where it was not then.")
    documents: list[str] = Field(default=[], description="The documents they opened.")
    withheld: list[str] = Field(default=[], description="Kinds of field that were held back.")
    policy: str = Field(default="", description="The edition of the policy that decided.")
    break_glass: bool = Field(description="Whether they took access by breaking the glass.")
    streams: int = Field(default=1, description="How many cases and candidates a list showed.")


class Pseudonym(Shape):
    """By what a person goes on this case, and no other, and who they are."""

    pseudonym: str
    person: str = Field(description="An opaque id; names are looked up, never copied.")


class Escalation(Shape):
    """A challenge, a representation or a concern about a report."""

    kind: str


class Absence(Shape):
    """Something the procedure asks for and the record lacks."""

    absent: str
    sentence: str = ""
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


class DecisionRegister(Page):
    items: list[RegisteredDecision]


class Access(Page):
    items: list[LookNoted]


class PseudonymsOfCase(Page):
    items: list[Pseudonym]


class Escalations(Page):
    items: list[Escalation]


class Absences(Page):
    items: list[Absence]


class CaseList(Page):
    items: list[ListedCase]


class Board(Page):
    items: list[BoardItem]


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
    reminders: dict[str, int] | None = Field(default=None, description="Digests that wait, are in doubt or were refused.")
    ledger: dict[str, dict[str, int]] | None = Field(default=None, description="By log: entries published, and those that wait for it.")
    children: str | None = Field(default=None, description="`whole`, or `being made`: until then a search for a child is answered 503.")


Answer.model_rebuild()


# --- the case told again


class ReplayedChange(Shape):
    """A fact of the overview that an entry changed: what it was before, what it is after; left out where it was not there."""

    what: str = Field(description="Where it stands in the overview, such as `parties.facilitator.role`.")


class ReplayedClock(Shape):
    """A clock that an entry started, stopped, moved, superseded or cancelled, judged on the day it was recorded."""

    change: str
    clock: str
    sentence: str


class Replayed(Shape):
    """An entry, and what it changed. Where no place is named it is a calendar that was adopted between two entries."""

    at: datetime | None = None
    sentence: str = ""
    place: int = 0
    stage: str = Field(default="", description="The stage the case was in afterwards.")
    changed: list[ReplayedChange] = Field(default=[])
    clocks: list[ReplayedClock] = []
    withheld: list[str] = WITHHELD


class Replay(Shape):
    """The case told again, entry by entry."""

    items: list[Replayed]
    next: str | None


# --- the ledger


class Inclusion(BaseModel):
    """Where something stands in a log, and the path from its leaf to the root (RFC 9162)."""

    log: str
    index: int
    size: int
    entry: str
    path: list[str]


class Consistency(BaseModel):
    """What shows that a log is the beginning of a later one (RFC 9162)."""

    log: str
    from_: int = Field(alias="from")
    to: int
    path: list[str]


class HeadOfCase(BaseModel):
    """Where a case stood at a published size, or 0 where it had not begun; the values beside its way through the map, from depth 0."""

    stream: str
    salt: str
    blinded: str
    size: int
    place: int
    siblings: list[str]
    end: dict[str, Any] | None = Field(description="The leaf at the end of the way: its own, or that of another stream.")


class LogStanding(BaseModel):
    """How far a log has come: `waiting` entries are recorded but not published, the oldest of them since `since`."""

    sequenced: int
    published: int
    witnessed: int
    number: int
    waiting: int
    since: datetime | None
    waited: float = Field(description="Seconds since the oldest that waits was recorded.")
    published_at: datetime | None


class LedgerStatus(BaseModel):
    """How far both logs have come, and who must have cosigned."""

    record: LogStanding
    access: LogStanding
    quorum: int
    witnesses: list[str]


class CosignatureTaken(BaseModel):
    """A cosignature was taken in."""

    witness: str
    size: int


# --- the feed for other systems


class CloudEvent(Shape):
    """An event as other systems are told of it: CloudEvents 1.0. `docs/asyncapi.json` has the fields of each type."""

    specversion: Literal["1.0"]
    id: str = Field(description="The position, as text.")
    source: str = Field(description="Below which address it is asked about: `/api/v1/cases`.")
    type: str = Field(description="`uk.casetrail.case.threshold-decided.v1`.")
    subject: str = Field(description="The case; of a candidate, calendar or procedure, its name.")
    time: datetime = Field(description="When it was recorded.")
    datacontenttype: Literal["application/json"]
    partnership: str | None = Field(default=None, description="Whose it is; left out where it is nobody's.")
    place: int = Field(description="Its place in the case.")
    position: int = Field(description="Its place in the whole log.")
    data: dict[str, Any] = Field(description="The envelope, `fields` without their words, and the paths `withheld`.")
