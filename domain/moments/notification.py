"""Moments of the notification: who became aware when, what was received, shared and told (CLK-01…04, CLK-16, CLK-18, CLK-19)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from domain.facts import NO_DAY, Facts, told, when
from domain.moments.grammar import Moment, Stopped, at, start, start_at_each, stop, stop_at_first, stopped_by
from domain.people import PARTNERS

INCIDENT = ("case-opened", "incident-amended", "child-added")
AWARE = "local-authority-became-aware"
NOTIFIED = "serious-incident-notified"
TAKEN_BACK = ("notification-withdrawn", "notification-found-duplicate")


# --- the statutory duty


@start("responsible-authority-became-aware", "the authority responsible for the incident became aware of it", *INCIDENT, AWARE)
def _(facts: Facts) -> Iterator[Moment]:
    """The earliest awareness of the authority in whose area it happened, while the statutory test is met (X-3, X-5, X-7)."""
    if facts.incident is None or not facts.incident.meets_statutory_test:
        return
    earliest = next((r for r in facts.all(AWARE) if told(r).authority.casefold() in facts.responsible), None)
    if earliest:
        yield at(earliest, "statutory", since=NO_DAY)


@stop("last-notification-needed", "the last notification needed was made through the portal", *INCIDENT, NOTIFIED)
def _(facts: Facts, moment: Moment) -> Stopped | None:
    """One naming each child who died, and one naming any who was seriously harmed; where no child is so marked, the first."""
    notified = facts.all(NOTIFIED)
    died = [{child.ref} for child in facts.children if child.harm == "died"]
    harmed = {child.ref for child in facts.children if child.harm == "seriously-harmed"}
    needed = [*died, *([harmed] if harmed else [])]
    if not needed:
        return stopped_by(notified[0] if notified else None)
    return stopped_by(*(next((r for r in notified if named & {*told(r).children}), None) for named in needed))


start_at_each(NOTIFIED, "a notification was made through the portal")


@stop("local-form-sent", "the local form was sent to the partners")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    """The first on or after the day of the notification: one form may go with several made that day (CAL-9)."""
    day, _ = moment.since
    return stopped_by(facts.first("local-form-sent", (day, 0)))


def _death(name: str, words: str, of: Callable[[Any], bool]) -> None:
    """A duty that stands whether or not abuse or neglect is suspected."""

    @start(name, words, *INCIDENT, AWARE)
    def _(facts: Facts) -> Iterator[Moment]:
        earliest = facts.first(AWARE)
        if earliest and any(child.harm == "died" and of(child) for child in facts.children):
            yield at(earliest, "death", since=NO_DAY)


_death(
    "looked-after-child-death-known",
    "a local authority became aware of a looked-after child's death",
    lambda child: bool(child.looked_after),
)
_death("care-leaver-death-known", "a local authority became aware of a care leaver's death", lambda child: bool(child.care_leaver))
stop_at_first("looked-after-death-notified", "that death was notified")
stop_at_first("care-leaver-death-notified", "that death was notified")


# --- the form


@start("notification-received", "the notification was received", "notification-received", *TAKEN_BACK)
def _(facts: Facts) -> Iterator[Moment]:
    """Each notification. Taken back, or found to be a duplicate, it no longer waits for anything."""
    back = facts.along(*TAKEN_BACK)
    return (at(r, ended=next((b for b in back if when(b) > when(r)), None)) for r in facts.all("notification-received"))


stop_at_first("notification-acknowledged", "it was acknowledged")


@stop("shared-with-all-three", "it was shared with each of the three partners", "notification-shared")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(*(facts.first("notification-shared", moment.since, partner=partner) for partner in PARTNERS))


@start("incident-happened", "the incident happened, or was last known to go on", *INCIDENT)
def _(facts: Facts) -> Iterator[Moment]:
    """The last possible day, where it is known at all (X-4)."""
    day = facts.incident and (facts.incident.happened_until or facts.incident.happened_on)
    if facts.opened and day:
        yield at(facts.opened, "incident", on=day, since=NO_DAY)


stop_at_first("notification-received", "the notification was received")
