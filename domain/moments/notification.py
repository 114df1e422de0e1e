# --- the notification and what it sets going


@start(
    "responsible-authority-became-aware",
    "the authority responsible for the incident became aware of it",
    *INCIDENT,
    "local-authority-became-aware",
)
def _(facts: Facts) -> Iterator[Moment]:
    """The earliest awareness of the authority in whose area it happened, while the statutory test is met (X-3, X-5, X-7)."""
    if facts.incident is None or not facts.incident.meets_statutory_test:
        return
    aware = (r for r in facts.all("local-authority-became-aware") if r.event.authority.casefold() in facts.responsible)
    if earliest := next(aware, None):
        yield at(earliest, "statutory", since=NO_DAY)


@stop("last-notification-needed", "the last notification needed was made through the portal", *INCIDENT, "serious-incident-notified")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    """One naming each child who died, and one naming any who was seriously harmed; where no child is so marked, the first."""
    notified = facts.all("serious-incident-notified")
    died = [{child.ref} for child in facts.children if child.harm == "died"]
    harmed = {child.ref for child in facts.children if child.harm == "seriously-harmed"}
    needed = [*died, *([harmed] if harmed else [])]
    if not needed:
        return stopped_by(notified[0] if notified else None)
    return stopped_by(*(next((r for r in notified if named & {*r.event.children}), None) for named in needed))


@start("serious-incident-notified", "a notification was made through the portal")
def _(facts: Facts) -> Iterator[Moment]:
    return (at(r) for r in facts.all("serious-incident-notified"))


@stop("local-form-sent", "the local form was sent to the partners")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    """The first on or after the day of the notification: one form may go with several made that day (CAL-9)."""
    return stopped_by(facts.first("local-form-sent", (moment.since[0], 0)))


@start("notification-received", "the notification was received", "notification-received", *TAKEN_BACK)
def _(facts: Facts) -> Iterator[Moment]:
    back = facts.along(*TAKEN_BACK)
    return (at(r, ended=next((b for b in back if when(b) > when(r)), None)) for r in facts.all("notification-received"))


@stop("notification-acknowledged", "it was acknowledged")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(facts.first("notification-acknowledged", moment.since))


@stop("shared-with-all-three", "it was shared with each of the three partners", "notification-shared")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(*(facts.first("notification-shared", moment.since, partner=partner) for partner in PARTNERS))


@start("incident-happened", "the incident happened, or was last known to go on", *INCIDENT)
def _(facts: Facts) -> Iterator[Moment]:
    """The last possible day, where it is known at all (X-4)."""
    day = facts.incident and (facts.incident.happened_until or facts.incident.happened_on)
    if facts.opened and day:
        yield at(facts.opened, "incident", on=day, since=NO_DAY)


@stop("notification-received", "the notification was received")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(facts.first("notification-received", moment.since))


def _death(name: str, words: str, event: str, told: str, of: Callable[[Any], bool]) -> None:
    """A duty that stands whether or not abuse or neglect is suspected (CLK-18, CLK-19)."""

    @start(name, words, *INCIDENT, "local-authority-became-aware")
    def _(facts: Facts) -> Iterator[Moment]:
        earliest = facts.first("local-authority-became-aware")
        if earliest and any(child.harm == "died" and of(child) for child in facts.children):
            yield at(earliest, "death", since=NO_DAY)

    @stop(event, told)
    def _(facts: Facts, moment: Moment) -> Stopped | None:
        return stopped_by(facts.first(event, moment.since))


_death(
    "looked-after-child-death-known", "a local authority became aware of the death of a looked-after child",
    "looked-after-death-notified", "that death was notified", lambda child: bool(child.looked_after),
)  # fmt: skip
_death(
    "care-leaver-death-known", "a local authority became aware of the death of a care leaver",
    "care-leaver-death-notified", "that death was notified", lambda child: bool(child.care_leaver),
)  # fmt: skip
