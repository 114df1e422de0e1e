"""Who may be on which case: a list that only grows, to look up few cases in place of all. Who is on one is decided by the policies.

For somebody whose post does not stand on every case of their partnership (a reviewer, a notifier, whoever was let in) it says where
an event named them, their organisation or their role; and for a partnership, which cases of others are linked with one of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, LiteralString, NamedTuple

from psycopg import sql

from domain.access import AccessGranted, GlassBroken
from domain.corrections import RecordCorrected
from domain.language import EVENTS
from domain.people import NOTIFYING_ROLES
from domain.recorded import Recorded
from domain.stages.agency_reports import AgencyAsked, AgencyReportReceived, NilReturnRecorded
from domain.stages.commissioning import ReviewerAppointed
from domain.stages.escalation import EscalationLevelEntered
from domain.stages.learning import RecommendationIssued
from domain.stages.notification import NotificationReceived
from domain.stages.opening import CaseLinked, CaseOpened
from domain.stages.participation import ParticipantInvited
from domain.stages.rapid_review import FacilitatorAssigned
from domain.stages.threshold import DeputyAppointed
from projections.each_event import Statement, each_event
from projections.paging import Where
from projections.view import Build, Table, View

ON_CASES = Table(
    name="on_cases",
    columns="""
    what   text COLLATE "C" NOT NULL,
    who    text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL
    """,
    key="what, who, stream",
    indexes=("(stream, what)",),
)

What = Literal["person", "organisation", "role", "linked", "partnership"]
"""What is named: somebody, an agency, a role that hears a challenge, another case, or the partnership of the case itself."""


def named(recorded: Recorded) -> Iterator[tuple[What, str]]:
    """Whom an event of a case makes, or may make, part of it."""
    match recorded.event:
        case CaseOpened() as opened:
            yield "partnership", opened.partnership
        case NotificationReceived() as received:
            yield "person", received.notifier.person
        case DeputyAppointed() as appointed:
            yield "person", appointed.deputy
        case FacilitatorAssigned(person=person) | AccessGranted(person=person):
            yield "person", person
        case ReviewerAppointed() as appointed:
            yield "person", appointed.candidate
        case ParticipantInvited() as invited:
            yield "person", invited.participant
        case GlassBroken():
            yield "person", recorded.by.person
        case AgencyAsked(agency=agency) | AgencyReportReceived(agency=agency) | NilReturnRecorded(agency=agency):
            yield "organisation", agency
        case RecommendationIssued() as issued:
            yield from (("organisation", owner) for owner in issued.owners)
        case EscalationLevelEntered() as entered:
            yield from (("role", role) for role in entered.heard_by)
        case CaseLinked() as linked:
            yield "linked", f"case/{linked.case}"
        case RecordCorrected() as corrected:
            for text in _texts(corrected.correction):
                yield "person", text
                yield "organisation", text
                yield "linked", f"case/{text}"
    if recorded.by.role in NOTIFYING_ROLES and recorded.stream.startswith("case/"):
        yield "person", recorded.by.person


def _texts(value: Any) -> Iterator[str]:
    """Whatever a correction puts in the place of something may be who is meant."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for below in value.values() for text in _texts(below))
    elif isinstance(value, list | tuple):
        yield from (text for below in value for text in _texts(below))


def _naming(build: Build) -> Callable[[Recorded], Iterator[Statement]]:
    add = sql.SQL("INSERT INTO {} (what, who, stream) VALUES (%b, %b, %b) ON CONFLICT DO NOTHING").format(build.table(ON_CASES))

    def statements(recorded: Recorded) -> Iterator[Statement]:
        if recorded.stream.startswith("case/"):
            yield from ((add, (what, who, recorded.stream)) for what, who in dict.fromkeys(named(recorded)))

    return statements


VIEW = View(
    name="on_cases",
    version=1,
    tables=(ON_CASES,),
    begin=each_event(_naming),
    reads=frozenset(
        name
        for name, event in EVENTS.items()
        if event
        in {
            CaseOpened, NotificationReceived, DeputyAppointed, FacilitatorAssigned, AccessGranted, ReviewerAppointed, ParticipantInvited,
            GlassBroken, AgencyAsked, AgencyReportReceived, NilReturnRecorded, RecommendationIssued, EscalationLevelEntered, CaseLinked,
            RecordCorrected,
        }
    ),
)  # fmt: skip


# --- asking


class Whose(NamedTuple):
    """Which cases somebody may at most be on who is not on all of them: by name, by organisation, by role, by links of both sides."""

    person: str
    organisation: str | None = None
    role: str | None = None
    neighbour: str | None = None

    def narrowed(self, where: Where, column: LiteralString = "stream") -> None:
        """One more condition: only those cases."""
        found: Sequence[LiteralString] = [
            BY_NAME, *([BY_ORGANISATION] if self.organisation else []), *([BY_ROLE] if self.role else []),
            *([BY_LINKS] if self.neighbour else []),
        ]  # fmt: skip
        where.conditions.append(f"{column} IN ({' UNION ALL '.join(found)})")
        where.parameters |= {f"on_{name}": value for name, value in self._asdict().items() if value is not None}


BY_NAME: LiteralString = "SELECT o.stream FROM projections.on_cases o WHERE o.what = 'person' AND o.who = %(on_person)s"
BY_ORGANISATION: LiteralString = "SELECT o.stream FROM projections.on_cases o WHERE o.what = 'organisation' AND o.who = %(on_organisation)s"
BY_ROLE: LiteralString = "SELECT o.stream FROM projections.on_cases o WHERE o.what = 'role' AND o.who = %(on_role)s"
BY_LINKS: LiteralString = (
    "SELECT o.stream FROM projections.on_cases m"
    " JOIN projections.on_cases b ON b.stream = m.stream AND b.what = 'linked'"
    " JOIN projections.on_cases o ON o.what = 'linked' AND o.who = b.stream AND o.stream = b.who"
    " WHERE m.what = 'partnership' AND m.who = %(on_neighbour)s"
)
"""Cases that link to one of the partnership, which links back."""
