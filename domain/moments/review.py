# --- the review, its report and what follows


@start(
    "progress-review-awaited", "the review was commissioned, or its progress last reviewed", "review-commissioned", "progress-review-held"
)
def _(facts: Facts) -> Iterator[Moment]:
    line = facts.along("review-commissioned", "progress-review-held")
    for this, following in zip(line, [*line[1:], None], strict=True):
        anew = following if following and following.name == "review-commissioned" else None
        yield at(this, ended=anew, successor=f"place-{anew.place}" if anew else None)


@stop("progress-review-held", "its progress was reviewed")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(next((r for r in facts.all("progress-review-held") if when(r) > moment.since), None))


def endorsed(facts: Facts) -> tuple[Recorded, ...]:
    """Reports endorsed and not given back since."""
    returned = facts.all("report-returned")
    return tuple(
        r for r in facts.all("report-endorsed") if not any(b.event.digest == r.event.digest and when(b) > when(r) for b in returned)
    )


@stop("report-endorsed", "its report was endorsed", *REPORTS)
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(next((r for r in endorsed(facts) if r.event.review in (None, moment.review) and when(r) >= moment.since), None))


@stop("report-published", "its report was published", "report-published", *REPORTS)
def _(facts: Facts, moment: Moment) -> Stopped | None:
    review_of = {r.event.digest: r.event.review for r in endorsed(facts)}
    published = facts.all("report-published")
    return stopped_by(
        next((r for r in published if review_of.get(r.event.digest) in (None, moment.review) and when(r) >= moment.since), None)
    )


@start("report-published", "the report was published")
def _(facts: Facts) -> Iterator[Moment]:
    return (at(r) for r in facts.all("report-published"))


@start("publication-planned", "publication is planned", "publication-planned", "report-published", *REPORTS, sets_a_date=True)
def _(facts: Facts) -> Iterator[Moment]:
    """The last plan for each publication: a later one takes the place of an earlier until the report is out."""
    published = sorted(r.place for r in facts.all("report-published"))
    for n, (after, until) in enumerate(zip([0, *published], [*published, None], strict=True), 1):
        plans = [r for r in facts.all("publication-planned") if after < r.place and (until is None or r.place < until)]
        texts = [r for r in endorsed(facts) if until is None or r.place < until]
        if plans:
            plan = max(plans, key=lambda r: r.place)
            text = max(texts, key=lambda r: r.place).event.digest if texts else None
            day = plan.event.publish_on
            yield at(plan, f"publication-{n}", on=None, due=day, about=day.isoformat(), digest=text, since=NO_DAY)


@stop("copy-of-endorsed-report-sent", "a copy of the endorsed report was sent", "pre-publication-copy-sent", *REPORTS)
def _(facts: Facts, moment: Moment) -> Stopped | None:
    """Also one that was sent before the plan was moved: the text counts, not the plan (CLK-11)."""
    return stopped_by(facts.first("pre-publication-copy-sent", moment.since, digest=moment.digest))


@start("recommendation-issued", "the recommendation was issued", sets_a_date=True)
def _(facts: Facts) -> Iterator[Moment]:
    for issued in facts.all("recommendation-issued"):
        ref, owners = issued.event.ref, ", ".join(issued.event.owners)
        yield at(issued, ref, on=None, due=issued.event.by_when, about=ref, owed_by=owners)


@stop("assurance-accepted", "the evidence was accepted")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(facts.first("assurance-accepted", moment.since, recommendation=moment.key))
