"""The information set: what somebody had before them when they took a position, endorsed or decided.

Frozen when recorded, and made of ids, places and digests only. What existed but had not reached them
is derived by whoever asks later, never stored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.people import By
from domain.recorded import Recorded

CARRIED_BY = frozenset({
    "partner-position-recorded", "threshold-decided", "rapid-review-endorsed", "rapid-review-endorsement-withheld",
    "rapid-review-outcome-decided", "decision-confirmed", "decision-replaced", "report-endorsement-recorded", "report-endorsed",
    "report-returned", "publication-decided", "thematic-candidate-decided", "serious-incident-found-not-to-meet-criteria",
    "challenge-resolved", "case-rerouted-to-serious", "decision-reopened",
})  # fmt: skip
"""Events of positions, endorsements and decisions."""


def information_set(
    history: Sequence[Recorded], stream: str, by: By, seen: int | None, shown: Iterable[str] = (), opened: Iterable[str] = ()
) -> dict[str, Any]:
    """What this person had before them, and its SHA-256 over the sorted, compact JSON of the rest.

    `shown` are the ids of their looks at this stream, `opened` the digests of documents they opened. A clerk's entry has `sent` only:
    what a clerk had seen says nothing of the person they wrote down.
    """
    last = history[-1] if history else None
    known: dict[str, Any] = {"sent": sent_to(history, by)}
    if not enters_for_another(by):
        known |= {
            "case": stream,
            "place": last.place if last else 0,
            "head": last.hash.hex() if last else "",
            "person": by.person,
            "seen": seen,
            "shown": list(shown),
            "opened": list(opened),
        }
    return {**known, "hash": hash_of(known)}


def enters_for_another(by: By) -> bool:
    """Whether a clerk enters what somebody else decided."""
    return by.behalf_of is not None and by.role == "business-manager"


def hash_of(information: Mapping[str, Any]) -> str:
    """The SHA-256 of an information set without its hash."""
    known = {name: value for name, value in information.items() if name != "hash"}
    return hashlib.sha256(json.dumps(known, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def sent_to(history: Iterable[Recorded], by: By) -> list[int]:
    """The places at which something was sent to this person, or to the partner they speak for."""
    spoken_for = (by.behalf_of or "").removeprefix("delegated-partner/")
    mine = {by.person, by.organisation, spoken_for} - {None, ""}
    places = []
    for recorded in history:
        event = recorded.event
        match recorded.name:
            case "notification-shared":
                reached = event.partner in mine
            case "pack-distributed":
                reached = bool(mine & set(event.members)) or by.role in event.members
            case "rapid-review-report-circulated":
                reached = by.role == "delegated-partner" or bool(spoken_for)
            case "report-presented":
                reached = by.role in ("delegated-partner", "partnership-member")
            case _:
                reached = False
        if reached:
            places.append(recorded.place)
    return places
