"""Moments of a review: its progress, its endorsed report, its publication and what is recommended (CLK-10…14, CLK-20, CLK-21)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from domain.facts import NO_DAY, Facts, told, when
from domain.moments.grammar import Moment, Stopped, at, start, start_at_each, stop, stopped_by
from domain.recorded import Recorded

REPORTS = ("report-endorsed", "report-returned")
PUBLISHED = "report-published"


# --- progress


@start(
    "progress-review-awaited", "the review was commissioned, or its progress last reviewed", "review-commissioned", "progress-review-held"
)
def _(facts: Facts) -> Iterator[Moment]:
    """Owed by those who supervise the review: the partners a practice review, the implementation group chair the others (X-12)."""
    owed_by = None
    line = facts.along("review-commissioned", "progress-review-held")
    for this, following in zip_longest(line, line[1:]):
        anew = following if following and following.name == "review-commissioned" else None
        if this.name == "review-commissioned":
            owed_by = "partners" if told(this).review == "practice-review" else "implementation-group-chair"
        yield at(this, owed_by=owed_by, ended=anew, successor=f"place-{anew.place}" if anew else None)


@stop("progress-review-held", "its progress was reviewed")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(next((r for r in facts.all("progress-review-held") if when(r) > moment.since), None))


# --- the report


def endorsed(facts: Facts) -> tuple[Recorded, ...]:
    """Reports endorsed, and not given back since."""
    returned = [(told(r).digest, when(r)) for r in facts.all("report-returned")]
    return tuple(r for r in facts.all("report-endorsed") if not any(digest == told(r).digest and day > when(r) for digest, day in returned))


@stop("report-endorsed", "its report was endorsed", *REPORTS)
def _(facts: Facts, moment: Moment) -> Stopped | None:
    own = (r for r in endorsed(facts) if told(r).review in (None, moment.review) and when(r) >= moment.since)
    return stopped_by(next(own, None))


@stop(PUBLISHED, "its report was published", PUBLISHED, *REPORTS)
def _(facts: Facts, moment: Moment) -> Stopped | None:
    review_of = {told(r).digest: told(r).review for r in endorsed(facts)}
    own = (r for r in facts.all(PUBLISHED) if review_of.get(told(r).digest) in (None, moment.review) and when(r) >= moment.since)
    return stopped_by(next(own, None))


start_at_each(PUBLISHED, "the report was published")


@start("publication-planned", "publication is planned", "publication-planned", PUBLISHED, *REPORTS, sets_a_date=True)
def _(facts: Facts) -> Iterator[Moment]:
    """The last plan for each publication: a later one takes the place of an earlier until the report is out."""
    published = sorted(r.place for r in facts.all(PUBLISHED))
    for n, (after, until) in enumerate(zip([0, *published], [*published, None], strict=True), 1):
        plans = [r for r in facts.all("publication-planned") if after < r.place and (until is None or r.place < until)]
        texts = [r for r in endorsed(facts) if until is None or r.place < until]
        if plans:
            plan = max(plans, key=lambda r: r.place)
            text = told(max(texts, key=lambda r: r.place)).digest if texts else None
            day = told(plan).publish_on
            yield at(plan, f"publication-{n}", on=None, due=day, about=day.isoformat(), digest=text, since=NO_DAY)


@stop("copy-of-endorsed-report-sent", "a copy of the endorsed report was sent", "pre-publication-copy-sent", *REPORTS)
def _(facts: Facts, moment: Moment) -> Stopped | None:
    """Also one that was sent before the plan was moved: the text counts, not the plan (CLK-11)."""
    return stopped_by(facts.first("pre-publication-copy-sent", moment.since, digest=moment.digest))


# --- recommendations


@start("recommendation-issued", "the recommendation was issued", sets_a_date=True)
def _(facts: Facts) -> Iterator[Moment]:
    for issued in facts.all("recommendation-issued"):
        ref, owners = told(issued).ref, ", ".join(told(issued).owners)
        yield at(issued, ref, on=None, due=told(issued).by_when, about=ref, owed_by=owners)


@stop("assurance-accepted", "the evidence was accepted")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(facts.first("assurance-accepted", moment.since, recommendation=moment.key))
