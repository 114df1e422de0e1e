"""What small histories are told of: an injured baby, three partners, a rapid review."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from domain.language import CaseEvent
from domain.stages.notification import LocalAuthorityBecameAware, NotificationReceived, NotificationShared, Notifier
from domain.stages.opening import CaseOpened, Child, Incident
from domain.stages.threshold import PartnerPositionRecorded, ThresholdDecided
from tests.application.case_view.histories import BM, HEALTH, LA, POLICE, WARD, Happened, happened, person


def digest(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


A, B = digest("A"), digest("B")


def opened(route: str = "organisation", concern: str = "serious-incident", **more: Any) -> CaseOpened:
    told: dict[str, Any] = {
        "partnership": "bolton",
        "label": "Baby W",
        "route": route,
        "concern": concern,
        "incident": Incident(
            happened_on=date(2024, 10, 3),
            area="bolton",
            in_england=True,
            harm="seriously-harmed",
            abuse_or_neglect="suspected",
            summary="Broken arm, account in doubt",
        ),
        "children": (
            Child(
                ref="baby-w",
                person=person("baby-w"),
                area_of_residence="bolton",
                age_band="under-1",
                harm="seriously-harmed",
                name="Wilfred Oake",
                born_on="2024-05-01",
            ),
        ),
    }
    return CaseOpened(**told | more)


def received() -> NotificationReceived:
    notifier = Notifier(person=person("ward"), name="Ottoline Brack", role_title="ward manager", organisation="hospital-trust")
    return NotificationReceived(notifier=notifier, narrative="fracture and doubtful account", channel="secure-email")


def shared(partner: Any) -> tuple[CaseEvent, ...]:
    sent = NotificationShared(partner=partner, channel="secure-email")
    return (sent, LocalAuthorityBecameAware(authority="bolton")) if partner == "local-authority" else (sent,)


NOTIFIED = (
    happened("2024-10-04 11:00", WARD, opened()),
    happened("2024-10-07 09:30", WARD, received()),
    happened("2024-10-08 10:00", BM, *shared("local-authority")),
    happened("2024-10-08 10:01", BM, *shared("health")),
    happened("2024-10-08 10:02", BM, *shared("police")),
)
"""A hospital trust notified Bolton's partners of Baby W."""


def position(partner: Any, stance: Any, ref: str = "threshold-1", question: Any = "serious", why: str = "") -> PartnerPositionRecorded:
    return PartnerPositionRecorded(
        partner=partner, question=question, position=stance, rationale=why or f"{partner} says {stance}", ref=ref
    )


def round_of(day: str, ref: str, question: Any = "serious", **stances: str) -> tuple[Happened, ...]:
    """The three take their positions at ten o'clock: `round_of("2024-10-10", "threshold-1", la="met", health="met", police="abstain")`."""
    partners = {"la": ("local-authority", LA), "health": ("health", HEALTH), "police": ("police", POLICE)}
    return tuple(
        happened(f"{day} 10:0{n}", partners[who][1], position(partners[who][0], stance, ref, question))
        for n, (who, stance) in enumerate(stances.items())
    )


def decided(outcome: Any, ref: str = "threshold-1", then: Any = "none") -> ThresholdDecided:
    return ThresholdDecided(ref=ref, threshold="serious", outcome=outcome, rationale=f"the three say {outcome}", then=then)
