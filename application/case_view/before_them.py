"""What each decider had before them, side by side: what they said they had seen, had been shown, had opened, had been sent, and what
existed then and had not reached them (QE-1, QE-3). The information set is frozen with the decision; the rest is derived from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from application.case_view.overview import documents
from application.case_view.readable import present
from application.information import hash_of
from domain.recorded import Recorded

PARTS = ("deciders", "confirmed", "reopened")
"""The parts of a decision that tell of an entry of their own."""


def looks_of(history: Iterable[Recorded]) -> Iterator[str]:
    """The ids of the looks that the information sets of a history rest on."""
    for recorded in history:
        yield from (recorded.header.information or {}).get("shown", ())


def with_what_reached(entries: Iterable[dict[str, Any]], history: Sequence[Recorded], looks: Mapping[str, int]) -> list[dict[str, Any]]:
    """The decisions, each and each of its deciders with what was before them. `looks` tells up to which place a look showed the case."""
    there = {recorded.place: recorded for recorded in history}
    named = {document["digest"]: {one["place"] for one in document["named"]} for document in documents(history)}

    def told(entry: dict[str, Any]) -> dict[str, Any]:
        parts = {part: [told(one) for one in entry[part]] for part in PARTS if part in entry}
        recorded = there.get(entry.get("place", 0))
        information = recorded.header.information if recorded else None
        return entry | parts | (before_them(information, history, named, looks) if information else {})

    return [told(entry) for entry in entries]


def before_them(
    information: Mapping[str, Any], history: Sequence[Recorded], named: Mapping[str, set[int]], looks: Mapping[str, int]
) -> dict[str, Any]:
    """One information set, and what follows from it. Of a clerk's entry there is no more than what was sent.

    What somebody recorded themselves had reached them, and so had what was sent: the entry that says so, the form of which a copy went,
    and what it names, entries by their places and documents by their digests. `named`: the places that name each document.
    """
    found: dict[str, Any] = {"information": information}
    if "hash" in information:
        found["information_intact"] = information["hash"] == hash_of(information)
    sent = information.get("sent", [])
    found["sent"] = sent
    if "person" not in information:
        return found
    seen, shown, opened = information.get("seen"), information.get("shown", []), information.get("opened", [])
    reached = max((looks.get(look, 0) for look in shown), default=0)
    found |= {
        **present(seen=seen, seen_confirmed=None if seen is None else reached >= seen, shown_up_to=reached or None),
        "shown": shown,
        "opened": opened,
    }
    existed = [recorded for recorded in history if recorded.place <= information.get("place", 0)]
    then = {recorded.place for recorded in existed}
    came = {recorded.place for recorded in existed if recorded.place in sent or recorded.by.person == information["person"]}
    came |= {place for recorded in existed if recorded.place in sent for place in sent_with(recorded, existed)}
    found["existed_but_not_shown"] = {
        "places": sorted(place for place in then - came if place > reached),
        "documents": [digest for digest, places in named.items() if places & then and not places & came and digest not in opened],
    }
    return found


def sent_with(sending: Recorded, history: Iterable[Recorded]) -> Iterator[int]:
    """The places of the entries that went to somebody with this one: those it names, and the form of which it was a copy."""
    for what in getattr(sending.event, "what", ()):
        if what.isdecimal() and len(what) < 10:
            yield int(what)
    if sending.name == "notification-shared":
        yield from (recorded.place for recorded in history if recorded.name == "notification-received" and recorded.place < sending.place)
