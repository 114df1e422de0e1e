"""Moments of the rapid review: its start, the agencies' reports, its meeting, its way to the Panel (CLK-06…08, CLK-24)."""

from __future__ import annotations

from collections.abc import Iterator

from domain.facts import NO_DAY, Facts, told, when
from domain.moments.grammar import Moment, Stopped, at, start, stop, stop_at_first, stopped_by
from domain.recorded import Recorded

ENDED = "rapid-review-discontinued"
NOTIFIED = "serious-incident-notified"
RAPID_REVIEWS = ("threshold-decided", "decision-replaced", "rapid-review-initiated", ENDED, NOTIFIED)


@start("rapid-review-started", "the rapid review was decided on, or initiated where no decision was needed", *RAPID_REVIEWS)
def _(facts: Facts) -> Iterator[Moment]:
    return (at(review.begun, review.key, ended=review.ended) for review in facts.rapid_reviews)


@start("first-serious-incident-notified", "the first notification was made through the portal", NOTIFIED, ENDED)
def _(facts: Facts) -> Iterator[Moment]:
    """The first; and after a rapid review was discontinued, the first since then."""
    ends: list[Recorded | None] = [*facts.all(ENDED), None]
    since = NO_DAY
    for n, ended in enumerate(ends, 1):
        first = facts.first(NOTIFIED, since)
        if first and (ended is None or when(first) < when(ended)):
            yield at(first, f"panel-{n}", since=since, ended=ended)
        since = when(ended) if ended else since


stop_at_first("rapid-review-meeting-held", "the rapid review meeting was held")
stop_at_first("rapid-review-sent-to-panel", "the endorsed rapid review was sent to the Panel")


@start("agency-asked", "the agency was asked for its report", "agency-asked", "agency-date-changed", *RAPID_REVIEWS, sets_a_date=True)
def _(facts: Facts) -> Iterator[Moment]:
    """Each request, by the date it was last given. Asked again, the agency owes the later request."""
    review_ends = [review.ended for review in facts.rapid_reviews if review.ended]
    for asked in facts.all("agency-asked"):
        agency = told(asked).agency
        again = next((r for r in facts.all("agency-asked", agency=agency) if when(r) > when(asked)), None)
        changes = [
            r for r in facts.all("agency-date-changed", agency=agency) if when(asked) <= when(r) and not (again and when(again) < when(r))
        ]
        last = max(changes, key=lambda r: r.place, default=asked)
        ended = min((end for end in (again, *review_ends) if end and when(end) > when(asked)), key=when, default=None)
        yield at(
            asked,
            on=None,
            due=told(last).due_on,
            about=agency,
            owed_by=agency,
            places=tuple(sorted({asked.place, last.place})),
            ended=ended,
            successor=f"place-{again.place}" if again and again is ended else None,
        )


@stop("agency-answered", "its report or nil return was received", "agency-report-received", "nil-return-recorded")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    answers = (facts.first(name, moment.since, agency=moment.about) for name in ("agency-report-received", "nil-return-recorded"))
    return stopped_by(min((answer for answer in answers if answer), key=when, default=None))


@start("panel-asked-for-information", "the Panel asked for information", sets_a_date=True)
def _(facts: Facts) -> Iterator[Moment]:
    for asked in facts.all("panel-asked-for-information"):
        yield at(asked, told(asked).ref, on=None, due=told(asked).due_on, about=told(asked).ref)


@stop("information-supplied", "it was supplied")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(facts.first("information-supplied", moment.since, ref=moment.key))
