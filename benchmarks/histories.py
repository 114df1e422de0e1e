"""Cases made up for measuring: what is asked over and over, a whole case of a hundred events, and a record full of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from uuid import uuid4

from application.store.store import Save, Store
from domain.initiation import RapidReviewInitiated
from domain.language import CaseEvent
from domain.people import By, Partner
from domain.recorded import Editions
from domain.stages.agency_reports import (
    AgencyAsked,
    AgencyDateChanged,
    AgencyReportReceived,
    ChronologyCollated,
    Judgement,
    PackDistributed,
)
from domain.stages.closing import CaseClosed
from domain.stages.notification import (
    DiscussNotification,
    LocalAuthorityBecameAware,
    LocalFormSent,
    NotificationAcknowledged,
    NotificationDiscussed,
    NotificationReceived,
    NotificationShared,
    Notifier,
    SeriousIncidentConfirmed,
    SeriousIncidentNotified,
)
from domain.stages.opening import CaseOpened, Child, CrossReferenceRecorded, Incident
from domain.stages.participation import EngagementRecorded, ParticipantInvited
from domain.stages.rapid_review import (
    FacilitatorAssigned,
    ImmediateActionRecorded,
    RapidReviewEndorsed,
    RapidReviewReportCirculated,
    RapidReviewReportDrafted,
)
from domain.stages.threshold import PartnerMeetingConvened, PartnerPositionRecorded, ThresholdDecided

PERSON = "person-" + "5" * 32
PRACTITIONER = By(person=PERSON, role="local-authority-practitioner", organisation="bolton", partnership="bolton")
PARTNERS: tuple[Partner, ...] = ("local-authority", "health", "police")
TEAMS = ("bolton", "bury", "barnet")
OURS = ("bolton",)
"""The team of the practitioner who asks."""

AGENCIES = ("school", "police", "health-visiting", "housing", "general-practice", "midwifery", "social-care", "youth-justice")
DIGEST = "5" * 64

_TEXT = (
    "child seen home visit mother father school nurse attended called evening injuries explained concern raised meeting strategy "
    "agreed plan shared information recorded supervision practitioner listened worried sibling neighbour hospital bruising statement"
)
_WORDS = _TEXT.split()


def words(chance: random.Random, length: int) -> str:
    """Made-up prose of about so many characters."""
    said = ""
    while len(said) < length:
        said += chance.choice(_WORDS) + " "
    return said.rstrip()


def discussions(n: int = 200) -> list[dict[str, str]]:
    """What is asked over and over (`discuss-notification`): some six hundred characters of prose in two fields."""
    chance = random.Random(7)
    return [{"with_role": "line-manager", "lived_experience": words(chance, 300), "rationale": words(chance, 300)} for _ in range(n)]


def asked() -> list[DiscussNotification]:
    """The same as commands."""
    return [DiscussNotification.model_validate(fields) for fields in discussions()]


def opened(team: str, label: str, chance: random.Random, on: date) -> CaseOpened:
    """A case on the organisation's route, with one child."""
    child = Child(
        ref="child", person=f"person-{uuid4().hex}", area_of_residence=team, age_band="1-4", harm="seriously-harmed",
        name=words(chance, 20), born_on="2021-05-05",
    )  # fmt: skip
    incident = Incident(
        happened_on=on - timedelta(days=1), area=team, in_england=True, harm="seriously-harmed", abuse_or_neglect="suspected",
        summary=words(chance, 300),
    )  # fmt: skip
    return CaseOpened(partnership=team, label=label, route="organisation", concern="serious-incident", incident=incident, children=(child,))  # type: ignore[arg-type]  # the teams are partnerships


def history(team: str, label: str, chance: random.Random, begun: date) -> Iterator[tuple[date, CaseEvent]]:
    """A hundred events of a case, each on its day: eight agencies asked and heard, the three partners at each turn, and much talk."""

    def says(length: int = 300) -> str:
        return words(chance, length)

    def events() -> Iterator[CaseEvent]:
        yield opened(team, label, chance, begun)
        yield NotificationDiscussed(with_role="line-manager", lived_experience=says(), rationale=says())
        notifier = Notifier(person=PERSON, name=says(15), role_title=says(20), contact=says(20))
        yield NotificationReceived(notifier=notifier, narrative=says(800), lived_experience=says(), channel="portal")
        yield NotificationAcknowledged(to=says(30), channel="secure-email")
        yield from (NotificationShared(partner=partner, channel="portal") for partner in PARTNERS)
        yield LocalAuthorityBecameAware(authority=team, how=says(60))
        yield PartnerMeetingConvened(meets_on=begun + timedelta(days=8), attendees=PARTNERS)
        for partner in PARTNERS:
            yield PartnerPositionRecorded(partner=partner, question="serious", position="met", rationale=says(), ref="threshold-1")
        yield ThresholdDecided(ref="threshold-1", threshold="serious", outcome="met", rationale=says(), then="rapid-review")
        yield RapidReviewInitiated(decision="threshold-1")
        yield SeriousIncidentConfirmed(basis=says(100))
        yield SeriousIncidentNotified(portal_reference=f"SIN-{label}", children=("child",), recipients=("panel",))
        yield LocalFormSent(recipients=PARTNERS)
        yield FacilitatorAssigned(role="business-manager", person=PERSON)
        yield from (AgencyAsked(agency=agency, due_on=begun + timedelta(days=20)) for agency in AGENCIES)
        yield AgencyDateChanged(agency="school", due_on=begun + timedelta(days=24), because=says(60))
        yield from (ImmediateActionRecorded(for_whom="linked-children", action=says(), owner=says(20)) for _ in range(4))
        yield from (CrossReferenceRecorded(process="police", reference=f"REF-{n}", status=says(40)) for n in range(3))
        for agency in AGENCIES:
            judgements = tuple(Judgement(about=says(40), quality=says(120), impact=says(120)) for _ in range(2))
            yield AgencyReportReceived(
                agency=agency, report_digest=DIGEST, quality_assured_by=says(20), involvement=says(400), judgements=judgements
            )
            yield NotificationDiscussed(with_role="equivalent", lived_experience=says(), rationale=says())
        yield ChronologyCollated(digest=DIGEST)
        yield PackDistributed(members=PARTNERS)
        yield RapidReviewReportDrafted(digest=DIGEST)
        yield RapidReviewReportCirculated(digest=DIGEST)
        for partner in PARTNERS:
            yield RapidReviewEndorsed(partner=partner, digest=DIGEST, local_review="yes", national_review="no", concerns=says(100))
        yield from (ParticipantInvited(participant=PERSON, kind="family", information_given=says(200)) for _ in range(4))
        while True:
            yield EngagementRecorded(how=says(600), shown="progress")

    for n, event in zip(range(99), events(), strict=False):
        yield begun + timedelta(days=n // 3), event
    yield begun + timedelta(days=60), CaseClosed()


def saved(
    stream: str, place: int, events: Sequence[CaseEvent], *, on: date, by: By = PRACTITIONER, editions: Editions | None = None
) -> Save:
    """Events to be recorded on a stream that stands at this place."""
    return Save(
        stream=stream, expected_place=place, on=on, by=by, procedure=editions or Editions("bolton", "england-2023"),
        calendar="england-2026", command=str(uuid4()), events=tuple(events),
    )  # fmt: skip


async def fill(
    store: Store, cases: int, events: int, told: Callable[[str], None], *, teams: Sequence[str] = TEAMS, at_once: int = 32
) -> list[str]:
    """Whole cases, or their first events, recorded ten events at a time side by side, so that streams interleave. Their streams."""
    chance = random.Random(11)
    streams = [f"case/{uuid4()}" for _ in range(cases)]
    done = 0

    async def one(n: int) -> None:
        nonlocal done
        begun = date(2025, 1, 6) + timedelta(days=chance.randrange(400))
        dated = list(history(teams[n % len(teams)], f"Child {n}", chance, begun))[:events]
        for place in range(0, len(dated), 10):
            block = dated[place : place + 10]
            await store.append(saved(streams[n], place, [event for _, event in block], on=block[0][0]))
            done += len(block)

    for first in range(0, cases, at_once):
        await asyncio.gather(*(one(n) for n in range(first, min(first + at_once, cases))))
        if first % (4 * at_once) == 0:
            told(f"  recorded {done:,} of {cases * events:,} events")
    return streams
