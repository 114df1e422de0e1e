# --- decisions, and the reviews they undertake


def _decided(facts: Facts, counts: Callable[[Taken], bool], review: str | None = None) -> Iterator[Moment]:
    """A moment for each decision that counts. Replaced, it ends; its successor is the one in its place, if that counts too."""
    heirs = {taken.instead_of: taken for taken in facts.decisions if taken.instead_of}
    for taken in facts.decisions:
        if counts(taken):
            heir = heirs.get(taken.ref)
            successor = heir.ref if heir and counts(heir) else None
            yield at(taken.recorded, taken.ref, ended=heir.recorded if heir else None, successor=successor, review=review)


@start("decision-to-feed-back", "the partners decided, or decided again", *DECISIONS)
def _(facts: Facts) -> Iterator[Moment]:
    """The outcome of a rapid review is fed back only where it was decided again (BOL-71, BOL-121)."""
    return _decided(facts, lambda taken: taken.kind == "threshold" or taken.instead_of is not None)


@stop("decision-fed-back-with-rationale", "that decision was fed back with its rationale", "decision-fed-back")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(facts.first("decision-fed-back", moment.since, decision=moment.key, rationale_included=True))


def _undertaken(name: str, words: str, review: str) -> None:
    @start(name, words, *DECISIONS)
    def _(facts: Facts) -> Iterator[Moment]:
        return _decided(facts, lambda taken: review in taken.reviews, review)


_undertaken("local-review-decided", "the three partners jointly decided to carry out a local review", "practice-review")
_undertaken("learn-from-success-undertaken", "it was decided to undertake a learn from success review", "learn-from-success")
_undertaken("local-learning-undertaken", "it was decided to undertake a local learning review", "local-learning")


@stop("panel-told-of-review", "the Panel was told of the review")
def _(facts: Facts, moment: Moment) -> Stopped | None:
    return stopped_by(facts.first("panel-told-of-review", moment.since))
