"""The tracker of recurring themes over HTTP. Whoever reads themes is told figures of the cases that they may read; whoever may see
totals sees nothing else (R-23).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from application.policy.kinds import KINDS
from application.policy.matrix import MATRIX, readings
from domain.language import NotAllowed
from domain.stages.opening import Partnership
from domain.working_days import london_date
from interfaces import theme_learning as learning
from interfaces import theme_totals as totals
from interfaces.api import theme_shapes as shapes
from interfaces.api.answers import MEANT, After, AsOf, answered, listed, told
from interfaces.api.boards import ELSE, Asked, Code, Day, OfPartnership, across, asked_at
from interfaces.api.identity import Asking, service
from interfaces.api.looks import looks_at
from interfaces.api.problems import NotYet, Unfit
from interfaces.theme_answers import ThemeAnswers
from projections.asking import Answer
from projections.periods import PATTERN, Period, Unit, financial_year, period, quarter
from projections.theme_counts import Asked as Wanted

router = APIRouter(prefix="/themes", tags=["looking"], dependencies=MEANT)
MAY = (403, *ELSE)

A_PERIOD = "A quarter (`2025-Q1`, January to March) or a financial year (`2024/25`)."
PeriodName = Annotated[str | None, Query(pattern=PATTERN, description=f"As known at its end. {A_PERIOD}")]
From = Annotated[Day | None, Query(alias="from", description="Only incidents of this day or later.")]
Until = Annotated[Day | None, Query(description="Only incidents of this day or earlier.")]
CODE = r"^[A-Z][0-9]{1,2}(\.[0-9]{1,2})?$"
Cross = Annotated[str | None, Query(pattern=CODE, description="Only children who have this code as well.")]
Threshold = Annotated[
    Literal["met", "not-met"] | None, Query(description="Only cases in which the serious threshold was found met, or not met.")
]

LONG_AGO = date(1980, 1, 1)
"""Before anything that is counted here."""


@dataclass(frozen=True)
class Question:
    """Who asks what of whom: with answers of the cases that they may read, or of a partnership and its last quarter for those who see
    totals.
    """

    answers: ThemeAnswers
    wanted: Wanted
    instants: Asked
    totals: bool

    def cases(self) -> Question:
        """What shows cases, or could.

        Raises:
            NotAllowed: to those who see totals only.
        """
        if self.totals:
            raise NotAllowed("Whoever sees totals only is shown no cases, no candidates and no other windows (R-23).")
        return self

    def of(self, name: str) -> str:
        """The code asked about, which there must be."""
        if self.answers.codes.find(name) is None:
            raise Unfit("code", "There is no such code in the code set.", 404)
        return name


async def question(
    request: Request, asker: Asking, partnership: OfPartnership = None, as_of: AsOf = None,
    at_the_end_of: PeriodName = None, after: After = None,
) -> Question:  # fmt: skip
    """Who asks, what they may see, and the read model as far as the record has come."""
    role, own = asker.by.role, asker.by.partnership
    ways = readings("themes", MATRIX.row(role).cell("themes"))
    if not ways:
        raise NotAllowed(f"What you asked for is not for you to read: {KINDS.kinds['themes']} (permission matrix).")
    only_totals = ways == {"aggregates"}
    instants = await asked_at(request, asker, as_of)
    if at_the_end_of is not None:
        end = _ended(at_the_end_of, instants).end
        instants = Asked(end, end, instants.now)
        looks_at(request, as_of=instants.as_of)
    chosen: Partnership | str | None = partnership or own
    if only_totals:
        if as_of is not None:
            raise NotAllowed("Totals are told as they were at the end of a quarter, and of no other instant (R-23).")
        if own is not None and chosen != own:
            raise NotAllowed("These are totals of another partnership (X-3).")
        if chosen is None:
            raise NotAllowed("Totals are told of one partnership: which, is to be said (R-23).")
    running = service(request)
    settled = await running.store.settled_position()
    for view in ("themes",) if only_totals else ("themes", "case_list", "on_cases"):
        if not await running.view_reached(view, max(after or 0, settled)):
            raise NotYet
    rulebook = running.cases.rulebook
    procedure = rulebook.procedure(chosen or "england", london_date(instants.present), as_of=instants.present)
    whoever = None if only_totals else across(request, asker, instants.now)
    answers = ThemeAnswers(running.read_models, running.store, rulebook.codes, procedure, whoever)
    wanted = Wanted(rulebook.codes, chosen, instants.as_of)
    return Question(answers, await answers.of_whose(wanted), instants, only_totals)


Questioned = Annotated[Question, Depends(question)]


def _ended(name: str, instants: Asked) -> Period:
    found = period(name)
    if found is None or found.end > instants.present:
        raise Unfit("at_the_end_of", "There is no such period, or it has not ended yet.", 404)
    return found


def _window(asked: Question, first: date | None, last: date | None, cross: str | None = None, threshold: str | None = None) -> Wanted:
    if cross is not None:
        asked.of(cross)
    met = None if threshold is None else threshold == "met"
    first, last = asked.answers.within(first, last)
    return replace(asked.wanted, first=first, last=last, cross=cross, met=met)


def _page(found: Answer[dict[str, Any]], **more: Any) -> Response:
    if found.fault is not None:
        more["stale"] = {"before_position": found.fault.position, "since": found.fault.since}
    return listed(found.items, {"Position": str(found.position)}, **more)


# --- figures


@router.get("", name="themes", responses=told(shapes.Figures, *MAY, 404))
async def themes(
    asked: Questioned, first: From = None, until: Until = None, cross: Cross = None, threshold: Threshold = None,
    recurring: Annotated[bool, Query(description="Only those that are a series by the rule (BOL-36, BOL-37).")] = False,
) -> Response:  # fmt: skip
    """The tracker: every code with a child behind it, with children, incidents and notifications. Without `as_of` as known now."""
    wanted = _window(asked, first, until, cross, threshold)
    if asked.totals:
        if first or until or threshold or recurring:
            asked.cases()
        return await _totals(asked, cross)
    found = await asked.answers.figures(wanted)
    if recurring:
        found = replace(found, items=[item for item in found.items if item["recurs"]])
    return _page(found, code_set=asked.answers.codes.version)


async def _totals(asked: Question, cross: str | None, code: str | None = None) -> Response:
    partnership, version = asked.wanted.partnership or "", asked.answers.codes.version
    spans, position = await totals.quarters(asked.answers, partnership, asked.instants.present)
    told_of = await totals.totals(asked.answers, partnership, spans, cross)
    at = spans[-1] if spans else quarter(london_date(asked.instants.present))
    items = totals.told_as(asked.answers, partnership, at, told_of, [code] if code else None)
    headers = {"Position": str(position)}
    return answered(items[0] | {"code_set": version}, headers) if code else listed(items, headers, code_set=version)


@router.get("/candidates", name="candidates", responses=told(shapes.ThematicCandidates, *MAY, 404))
async def candidates(asked: Questioned) -> Response:
    """Every candidate for a thematic review ever raised: on which day and by which case, what was decided, and why."""
    asked.cases()
    return _page(await asked.answers.candidates(asked.wanted.partnership, asked.wanted.as_of, only=asked.wanted.only))


@router.get("/changes", name="theme-changes", responses=told(shapes.Changes, *MAY, 404))
async def changes(
    asked: Questioned,
    before: Annotated[str, Query(pattern=PATTERN, description=A_PERIOD)],
    then: Annotated[str, Query(pattern=PATTERN, description=A_PERIOD)],
) -> Response:
    """Which themes rose between the ends of two periods, with small numbers protected, as totals are told."""
    early, late = _ended(before, asked.instants), _ended(then, asked.instants)
    if asked.wanted.partnership is None:
        raise Unfit("partnership", "Whose themes, is to be said.", 404)
    if asked.answers.across and asked.answers.across.by.partnership not in (None, asked.wanted.partnership):
        raise NotAllowed("These are totals of another partnership (X-3).")
    spans, position = await totals.quarters(asked.answers, asked.wanted.partnership, late.end)
    items = await totals.changes(asked.answers, asked.wanted.partnership, spans, early, late)
    return _page(Answer(items, position))


@router.get("/annual", name="themes-of-a-year", responses=told(shapes.AnnualThemes, *MAY, 404))
async def annual(
    asked: Questioned, year: Annotated[str | None, Query(pattern=r"^20\d\d/\d\d$", description="`2024/25`; default: the last.")] = None
) -> Response:
    """Which themes the annual summary is to name, with learning brief, response and impact for each."""
    asked.cases()
    today = london_date(asked.instants.present)
    span = financial_year(today.replace(day=1) - timedelta(days=364)) if year is None else period(year)
    if span is None:
        raise Unfit("year", "There is no such year.", 404)
    found = await learning.annual(asked.answers, asked.wanted, span)
    return _page(found, year=span.name, code_set=asked.answers.codes.version)


@router.get("/completeness", name="theme-completeness", responses=told(shapes.Completeness, *MAY, 404))
async def completeness(
    asked: Questioned,
    code: Annotated[str, Query(pattern=CODE, description="What the cases are coded.")],
    lacks: Annotated[str, Query(pattern=CODE, description="What nobody has said of them.")],
) -> Response:
    """The cases coded one thing of which nobody has said another: coding may be incomplete."""
    asked.cases()
    return _page(await asked.answers.completeness(asked.wanted, asked.of(code), asked.of(lacks)))


@router.get("/recommendations", name="themes-recurred", responses=told(shapes.RecurredSince, *MAY, 404))
async def recommendations(asked: Questioned) -> Response:
    """The recommendations whose theme has befallen a child again since they were completed."""
    asked.cases()
    return _page(await learning.recurred(asked.answers, asked.wanted))


@router.get("/strengths", name="theme-strengths", responses=told(shapes.Strengths, *MAY, 404))
async def strengths(asked: Questioned, first: From = None, until: Until = None) -> Response:
    """The strengths that recur in Learn from Success, each beside the weakness that it mirrors."""
    asked.cases()
    return _page(await asked.answers.strengths(_window(asked, first, until)))


@router.get("/panel", name="themes-of-the-panel", responses=told(shapes.PanelView, *MAY, 404))
async def panel(asked: Questioned, first: From = None, until: Until = None) -> Response:
    """Our themes under the Panel's six and under the spotlights of its annual reports, with the version of the code set."""
    asked.cases()
    return _page(await asked.answers.panel(_window(asked, first, until)), code_set=asked.answers.codes.version)


@router.get("/shared", name="themes-across-borders", responses=told(shapes.SharedThemes, *MAY, 404))
async def shared(asked: Questioned) -> Response:
    """The themes that two partnerships see in one incident; each child counts once. With a partnership: its own incidents."""
    asked.cases()
    own = asked.wanted.partnership
    found = await asked.answers.shared(await asked.answers.across_borders(asked.wanted))
    return _page(replace(found, items=[item for item in found.items if own is None or own in item["partnerships"]]))


@router.get("/withdrawn", name="themes-withdrawn", responses=told(shapes.WithdrawnThemes, *MAY, 404))
async def withdrawn(asked: Questioned) -> Response:
    """The codes that were withdrawn, and the ends of quarters that had counted them: those answers stay as they were."""
    asked.cases()
    return _page(await learning.withdrawn(asked.answers, asked.wanted))


@router.get("/busiest", name="busiest-themes", responses=told(shapes.Busiest, *MAY, 404))
async def busiest(
    asked: Questioned,
    first: Annotated[Day, Query(alias="from", description="The first day of the incidents.")],
    until: Annotated[Day, Query(description="The last.")],
) -> Response:
    """The twenty codes assigned most often for incidents of these days, as known now."""
    asked.cases()
    days = asked.answers.within(max(first, LONG_AGO), min(until, london_date(asked.instants.present)))
    return _page(await asked.answers.busiest(*days, asked.wanted))


# --- one code


@router.get("/{code:code}", name="theme", responses=told(shapes.OneTheme, *MAY, 404))
async def theme(
    asked: Questioned, code: Code, first: From = None, until: Until = None, cross: Cross = None, threshold: Threshold = None
) -> Response:
    """What stands behind one code in a partnership, sub-codes included, and the rule it is held to; nought where no child does."""
    wanted = _window(asked, first, until, cross, threshold)
    asked.of(code)
    if asked.totals:
        if first or until or threshold or asked.answers.codes.good_practice(code):
            asked.cases()
        return await _totals(asked, cross, code)
    _one_partnership(asked)
    figures, position = await asked.answers.one(wanted, code)
    return answered(figures, {"Position": str(position)})


@router.get("/{code:code}/cases", name="theme-cases", responses=told(shapes.CasesBehind, *MAY, 404))
async def cases(
    asked: Questioned, code: Code, first: From = None, until: Until = None, cross: Cross = None, threshold: Threshold = None,
    standing: Annotated[Literal["provisional", "confirmed"] | None, Query(description="Only cases that confirm it, or do not yet.")] = None,
) -> Response:  # fmt: skip
    """The cases behind a figure, each with its children and the entries that it rests on."""
    asked.cases()
    return _page(await asked.answers.behind(_window(asked, first, until, cross, threshold), asked.of(code), standing))


@router.get("/{code:code}/trend", name="theme-trend", responses=told(shapes.Trend, *MAY, 404))
async def trend(
    asked: Questioned, code: Code, by: Unit = "quarter", first: From = None, until: Until = None, cross: Cross = None
) -> Response:
    """One code over fixed periods: the two years up to now, unless other days are asked for; forty periods at most."""
    asked.cases()
    _one_partnership(asked)
    today = london_date(asked.instants.present)
    last = min(max(until or today, LONG_AGO), today)
    begins = max(first or date(last.year - 2, last.month, 1), date(last.year - (10 if by == "quarter" else 40), 4, 1))
    wanted = replace(_window(asked, None, None, cross), partnership=asked.wanted.partnership)
    return _page(await asked.answers.trend(wanted, asked.of(code), by, begins, last, asked.instants.present))


def _one_partnership(asked: Question) -> None:
    if asked.wanted.partnership is None:
        raise Unfit("partnership", "is wanted: the figures of a code are those of one partnership")
