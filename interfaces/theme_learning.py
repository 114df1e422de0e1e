"""Whether learning held: recommendations beside the themes that should have ended, the annual summary, and what was withdrawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from interfaces.theme_answers import Item, ThemeAnswers
from projections import theme_counts as counts
from projections import theme_questions as questions
from projections.asking import Answer
from projections.periods import Period, ended
from projections.theme_counts import Asked, Figures
from projections.theme_questions import Learned, Since, Withdrawn
from projections.themes import Learning, Recommendation


async def recurred(answers: ThemeAnswers, asked: Asked) -> Answer[Item]:
    """The recommendations whose theme has befallen a child after they were completed (QT-7). A child once for each of them."""
    found = _readable(answers, await answers.ask(lambda connection: questions.learning(connection, asked)))
    done = questions.completed(found.items)
    codes = {theme for _, one in done for theme in one.themes}
    if not done:
        return Answer([], found.position, found.fault)
    first = min(one.assured_on for _, one in done if one.assured_on) + timedelta(days=1)
    later = replace(asked, first=max(first, asked.first or first))
    rows = (await answers.ask(lambda connection: questions.since(connection, later, codes))).items
    items = []
    for learned, one in done:
        again = [row for row in rows if row.code in one.themes and one.assured_on and row.day > one.assured_on]
        if again:
            items.append(_recurred(answers, learned, one, again))
    return Answer(items, found.position, found.fault)


def _readable(answers: ThemeAnswers, found: Answer[Learned]) -> Answer[Learned]:
    """Of what was learned as much as they may read: recommendations are of the review, briefs and summaries of what was published."""

    def of(one: Learned) -> Learning:
        drafts, published = answers.may(one.case, "review-drafts"), answers.may(one.case, "published")
        return Learning(
            one.learning.recommendations if drafts else (), one.learning.briefs if published else (),
            one.learning.summaries if published else (),
        )  # fmt: skip

    return replace(found, items=[replace(one, learning=of(one)) for one in found.items])


def _recurred(answers: ThemeAnswers, learned: Learned, one: Recommendation, again: list[Since]) -> Item:
    return {
        **_recommendation(learned, one),
        "children": len({row.one_child for row in again}),
        "incidents": len({row.incident for row in again}),
        "since": [
            {
                "case": row.case, "label": row.label, "child": row.child, "code": row.code,
                **answers.day(row.case, row.day), "standing": row.standing, "events": [*row.events],
            }
            for row in again
        ],
    }  # fmt: skip


def _recommendation(learned: Learned, one: Recommendation) -> Item:
    return {
        "case": learned.case, "label": learned.label, "recommendation": one.ref, "themes": [*one.themes], "owners": [*one.owners],
        "by_when": one.by_when.isoformat(), "issued_on": one.issued_on.isoformat(), "state": one.state,
        **({"completed_on": one.assured_on.isoformat()} if one.assured_on else {}), "events": [*one.events],
    }  # fmt: skip


async def annual(answers: ThemeAnswers, asked: Asked, year: Period) -> Answer[Item]:
    """What the summary of a year is to name: each theme that recurs or was reviewed then, with its learning briefs, the response to
    it and the impact recorded (QT-15)."""
    within = replace(asked, first=year.first, last=year.last)
    ever = await answers.ask(lambda connection: counts.figures(connection, asked))
    then = {(one.partnership, one.code): one for one in (await answers.ask(lambda c: counts.figures(c, within))).items}
    found = _readable(answers, await answers.ask(lambda connection: questions.learning(connection, asked)))
    listed = await answers.candidates(asked.partnership, asked.as_of, only=asked.only)
    named = {(one.partnership, code) for one, _ in questions.in_summary(found.items, year.name) for code in _towards(answers, one.codes)}
    items = []
    for one in ever.items:
        of = one.partnership, one.code
        candidates = [item for item in listed.items if (item["partnership"], item["code"]) == of]
        if (of in then and one.recurs(answers.rule.children, answers.rule.incidents)) or of in named or candidates:
            items.append(await _named(answers, one, then.get(of), candidates, found.items, year.name))
    return Answer(items, min(ever.position, found.position), ever.fault)


async def _named(
    answers: ThemeAnswers, ever: Figures, then: Figures | None, candidates: list[Item], found: list[Learned], year: str
) -> Item:
    of = [one for one in found if one.partnership == ever.partnership and ever.code in _towards(answers, one.codes)]
    summaries = questions.in_summary(of, year)
    return {
        **answers.figure(ever),
        "in_the_year": {"children": then.children if then else 0, "incidents": then.incidents if then else 0},
        "briefs": [{"case": one.case, "digest": brief.digest, "on": brief.on.isoformat()} for one in of for brief in one.learning.briefs],
        "response": [
            _recommendation(one, each)
            for one in found if one.partnership == ever.partnership
            for each in one.learning.recommendations if ever.code in _towards(answers, each.themes)
        ],
        "candidates": [{name: item[name] for name in ("candidate", "state", "round")} for item in candidates],
        "impact": [
            {"case": one.case, "on": each.on.isoformat(), "position": each.event, "impact": await _impact(answers, one.case, each.place)}
            for one, each in summaries
        ],
    }  # fmt: skip


async def _impact(answers: ThemeAnswers, case: str, place: int) -> Any:
    """The words of the summary, in the clear or "[erased]"."""
    stream = f"case/{case}"
    history = await answers.store.history(stream, after_place=place - 1, upto_place=place)
    return (await answers.store.bodies(stream, history))[place].get("impact")


def _towards(answers: ThemeAnswers, codes: tuple[str, ...]) -> set[str]:
    return {counted for code in codes for counted in answers.codes.counts_towards(code)}


async def withdrawn(answers: ThemeAnswers, asked: Asked) -> Answer[Item]:
    """What was withdrawn, and the ends of quarters whose figures had counted it: those stay as they were told then (QT-13)."""
    found = await answers.ask(lambda connection: questions.withdrawn(connection, asked))
    return Answer([_withdrawn(one, asked.as_of) for one in found.items], found.position, found.fault)


def _withdrawn(one: Withdrawn, as_of: datetime | None) -> Item:
    counted = [(began, min(until, as_of) if as_of else until) for began, until in one.counted]
    reports = dict.fromkeys(quarter.name for began, until in counted for quarter in ended(began, until))
    return {
        "case": one.case, "label": one.label, "code": one.code, **({"child": one.child} if one.child else {}),
        "withdrawn_on": one.withdrawn_on.isoformat(), "events": [*one.events],
        "counted": [{"from": began.isoformat(), "until": until.isoformat()} for began, until in counted],
        "would_change": [*reports],
    }  # fmt: skip
