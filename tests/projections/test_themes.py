"""What partners ask the tracker of themes (QT-1 to QT-15), each answered with its evidence: cases, children, entries and the rule."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from domain.candidate import ThematicCandidateDecided
from domain.guidance import EDITIONS
from domain.procedure import Procedure
from domain.stages.learning import (
    AssuranceAccepted,
    AssuranceSubmitted,
    IncludedInAnnualSummary,
    RecommendationAccepted,
    RecommendationIssued,
)
from domain.stages.opening import CaseLinked, SamePersonRecorded
from domain.stages.publication import LearningBriefPublished
from interfaces.theme_answers import ThemeAnswers
from interfaces.theme_learning import annual, recurred, withdrawn
from interfaces.theme_totals import changes, quarters, told_as, totals
from projections.paging import NotMade
from projections.periods import period, periods
from projections.rebuild import rebuild
from projections.theme_counts import Asked
from projections.theme_questions import latest
from projections.theme_spans import busiest, covering, first_of
from projections.themes import VIEW
from projections.view import Connection
from tests.projections.telling import ToldLog, asked, following, notified, received
from tests.projections.theme_telling import CODES, Told, any_themes, assigned, case, child, decided, person
from tests.projections.theme_telling import withdrawn as theme_withdrawn

ALL = Asked(CODES)
BOLTON = Asked(CODES, "bolton")


class Tracker:
    """A log of themes, the read model that follows it, and somebody who asks."""

    def __init__(self, connection: Connection, database: str, log: ToldLog | None = None) -> None:
        self.log = log or Told()
        self.database = database
        self.kept = following(VIEW, self.log, connection)

    def on(self, name: str, *events: Any, **more: Any) -> Any:
        recorded = self.log.on(name, *events, **more)
        cast(Told, self.log).follow()
        return recorded

    def ask(self, question: Callable[[ThemeAnswers], Coroutine[Any, Any, Any]]) -> Any:
        """A question to the answers, over a connection of its own."""
        self.kept.catch_up()

        async def over(connection: Any) -> Any:
            async def answer(question: Callable[[Any], Awaitable[Any]]) -> Any:
                return await question(connection)

            procedure = Procedure(EDITIONS["bolton"], EDITIONS["england-2023"])
            return await question(ThemeAnswers(cast(Any, SimpleNamespace(answer=answer)), cast(Any, Words(self.log)), CODES, procedure))

        return asked(self.database, over)

    def figures(self, wanted: Asked = BOLTON) -> dict[str, Any]:
        return {item["code"]: item for item in self.ask(lambda answers: answers.figures(wanted)).items}

    def counts(self, code: str, wanted: Asked = BOLTON) -> tuple[int, int]:
        found = self.figures(wanted).get(code, {"children": 0, "incidents": 0})
        return found["children"], found["incidents"]

    def three(self, code: str = "P5", **more: Any) -> list[Any]:
        """Three children in three incidents, a day apart."""
        return [
            self.on(f"{code}-{n}", case(child("one", 10 + n), label=f"Child {n}", on=date(2024, 1, n), **more), assigned(code, "one"))
            for n in (1, 2, 3)
        ]


class Words:
    """The record where words are asked for."""

    def __init__(self, log: ToldLog) -> None:
        self._log = log

    async def history(self, stream: str, *, after_place: int = 0, upto_place: int | None = None) -> list[Any]:
        history = self._log.history(stream, self._log.end())
        return [recorded for recorded in history if after_place < recorded.place <= (upto_place or recorded.place)]

    async def bodies(self, stream: str, history: list[Any]) -> dict[int, dict[str, Any]]:
        return {
            recorded.place: {name: getattr(recorded.event, name, None) for name in ("rationale", "impact", "because")}
            for recorded in history
        }


@pytest.fixture
def tracker(connection: Connection, database: str) -> Tracker:
    return Tracker(connection, database)


def test_qt_1_which_themes_involve_three_children_how_many_incidents_and_since_when(tracker: Tracker):
    told = tracker.three("P5.1")
    tracker.on("other", case(child("one", 1)), assigned("F1", "one"))
    found = tracker.figures()
    assert {code: item["recurs"] for code, item in found.items()} == {"P5.1": True, "P5": True, "F1": False}
    assert found["P5"] | {"cases": 0} == {
        "partnership": "bolton", "code": "P5", "name": "Information sharing", "children": 3, "incidents": 3, "notifications": 0,
        "provisional": 3, "confirmed": 0, "first": "2024-01-01", "last": "2024-01-03", "cases": 0, "recurs": True,
    }  # fmt: skip
    one, position = tracker.ask(lambda answers: answers.one(BOLTON, "P5"))
    assert (one["rule"]["children"], one["rule"]["incidents"], one["rule"]["source"]) == (3, 2, "BOL-36, BOL-37")
    assert one["counted"] == ["P5", "P5.1", "P5.2", "P5.3", "P5.4"]
    assert position == tracker.log.end()
    behind = tracker.ask(lambda answers: answers.behind(BOLTON, "P5")).items
    assert [item["case"] for item in behind] == ["P5.1-1", "P5.1-2", "P5.1-3"]
    assert [item["children"][0]["codes"] for item in behind] == [["P5.1"]] * 3
    assert told[0].position in behind[0]["events"]
    none, _ = tracker.ask(lambda answers: answers.one(BOLTON, "H1"))
    assert (none["children"], none["incidents"], none["cases"]) == (0, 0, [])


def test_qt_2_on_which_date_by_which_case_a_theme_reached_the_threshold_and_what_was_decided_why(tracker: Tracker):
    tracker.three()
    tracker.on("candidate/bolton-P5", ThematicCandidateDecided(outcome="decline", rationale="a reason", round=1))
    (item,) = tracker.ask(lambda answers: answers.candidates("bolton", None)).items
    assert (item["candidate"], item["state"], item["round"], item["raised_by"]) == ("bolton-P5", "declined", 1, "rule")
    assert [(entry["name"], entry.get("rationale")) for entry in item["history"]] == [
        ("thematic-candidate-raised", None), ("thematic-candidate-decided", "a reason"),
    ]  # fmt: skip
    raised = item["history"][0]
    assert {one["case"] for one in raised["children"]} == {"P5-1", "P5-2", "P5-3"}
    assert (item["decided"]["outcome"], item["decided"]["rationale"], item["children"]) == ("decline", "a reason", 3)
    tracker.on("fourth", case(child("one", 4)), assigned("P5", "one"))
    (item,) = tracker.ask(lambda answers: answers.candidates(None, None)).items
    assert (item["state"], item["round"], item["children"]) == ("open", 2, 4)


def test_qt_3_what_the_tracker_showed_at_a_past_meeting(tracker: Tracker):
    *_, third = tracker.three()
    meeting = third.at
    fourth = tracker.on("fourth", case(child("one", 4)), assigned("P5", "one", standing="confirmed"))
    tracker.on("P5-1", theme_withdrawn("P5"))
    assert tracker.counts("P5", replace(BOLTON, as_of=meeting)) == (3, 3)
    assert tracker.counts("P5", replace(BOLTON, as_of=meeting - timedelta(microseconds=1))) == (2, 2)
    assert tracker.counts("P5", replace(BOLTON, as_of=fourth.at)) == (4, 4)
    assert tracker.counts("P5") == (3, 3)
    (then,) = tracker.ask(lambda answers: answers.candidates(None, meeting)).items
    assert (then["state"], len(then["history"]), then["children"]) == ("open", 1, 3)
    assert tracker.ask(lambda answers: answers.candidates(None, meeting - timedelta(seconds=1))).items == []


def years(tracker: Tracker) -> None:
    """Four children by the end of one financial year, eleven by the end of the next."""
    for n in range(11):
        at = datetime(2024, 2, 1, 9, tzinfo=UTC) if n < 4 else datetime(2024, 5 + n - 4, 1, 9, tzinfo=UTC)
        tracker.on(f"{n}", case(child("one", 10 + n), on=at.date(), label=f"Child {n}"), assigned("P5", "one"), at=at)


def test_qt_4_which_themes_rose_between_two_financial_years_with_small_numbers_suppressed(tracker: Tracker):
    years(tracker)
    first, second = period("2023/24"), period("2024/25")
    assert first is not None
    assert second is not None

    async def change(answers: ThemeAnswers) -> Any:
        spans, _ = await quarters(answers, "bolton", second.end)
        return await changes(answers, "bolton", spans, first, second)

    by_code = {item.get("code"): item for item in tracker.ask(change)}
    assert (by_code["P5"]["before"], by_code["P5"]["after"], by_code["P5"]["change"]) == (None, 10, None)
    exact = tracker.ask(lambda answers: answers.trend(BOLTON, "P5", "financial-year", first.first, second.last, second.end)).items
    assert [(item["period"], item["children"], item["known_at_its_end"]["children"]) for item in exact] == [
        ("2023/24", 4, 4), ("2024/25", 7, 11),
    ]  # fmt: skip
    quarterly = tracker.ask(lambda answers: answers.trend(BOLTON, "P5", "quarter", date(2024, 1, 1), date(2024, 12, 31), second.end)).items
    assert [item["children"] for item in quarterly] == [4, 2, 3, 2]


def test_qt_4_totals_are_told_in_fives_and_restated_only_by_five(tracker: Tracker):
    years(tracker)

    async def at(answers: ThemeAnswers, name: str) -> Any:
        span = period(name)
        assert span is not None
        spans, _ = await quarters(answers, "bolton", span.end)
        told = await totals(answers, "bolton", spans)
        return {item.get("code") or item.get("facet") or "all": item for item in told_as(answers, "bolton", span, told)}

    told = [tracker.ask(partial(at, name=name)) for name in ("2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4")]
    assert [(one["P5"]["children"], one["P5"].get("restated_at")) for one in told] == [
        (None, None), (5, "2024-06-30"), (5, "2024-06-30"), (10, "2024-12-31"),
    ]  # fmt: skip
    assert told[0]["all"] == {
        "partnership": "bolton", "name": "All children of the tracker", "children": None, "incidents": None, "suppressed": True,
        "at_the_end_of": "2024-Q1",
    }  # fmt: skip
    assert (told[0]["H"]["children"], told[0]["H1"]["children"]) == (0, None), "that there are none is told of facets only"
    assert told[3]["P5"]["per_cent"] == 100


def test_qt_5_which_reviews_confirm_a_theme_and_which_are_provisional_only(tracker: Tracker):
    tracker.three()
    tracker.on("P5-2", assigned("P5", "one", standing="confirmed"))
    behind = tracker.ask(lambda answers: answers.behind(BOLTON, "P5")).items
    assert {item["case"]: item["standing"] for item in behind} == {"P5-1": "provisional", "P5-2": "confirmed", "P5-3": "provisional"}
    (only,) = tracker.ask(lambda answers: answers.behind(BOLTON, "P5", "confirmed")).items
    assert only["case"] == "P5-2"
    found = tracker.figures()["P5"]
    assert (found["provisional"], found["confirmed"]) == (2, 1)


def test_qt_6_which_themes_recur_where_the_serious_threshold_was_not_met(tracker: Tracker):
    tracker.three()
    tracker.three("F1")
    for n in (1, 2, 3):
        tracker.on(f"P5-{n}", decided("not-met"))
        tracker.on(f"F1-{n}", decided("met"))
    assert {code: item["recurs"] for code, item in tracker.figures(replace(BOLTON, met=False)).items()} == {"P5": True}
    assert {*tracker.figures(replace(BOLTON, met=True))} == {"F1"}
    assert {item["threshold"] for item in tracker.ask(lambda answers: answers.behind(BOLTON, "P5")).items} == {"not-met"}


def learned(tracker: Tracker, name: str, *themes: str, assured: date = date(2024, 6, 1)) -> None:
    issued = RecommendationIssued(ref="one", what="…", owners=("gp",), by_when=date(2024, 5, 1), themes=themes)
    tracker.on(name, issued, RecommendationAccepted(recommendation="one"))
    tracker.on(name, AssuranceSubmitted(recommendation="one", evidence="…", difference_made="…"))
    tracker.on(name, AssuranceAccepted(recommendation="one", rationale="…"), on=assured)


def test_qt_7_which_recommendations_address_a_theme_that_recurred_after_they_were_completed(tracker: Tracker):
    tracker.three()
    learned(tracker, "P5-1", "P5")
    tracker.on("day-of", case(child("one", 50), on=date(2024, 6, 1)), assigned("P5", "one"))
    assert tracker.ask(lambda answers: recurred(answers, BOLTON)).items == []
    again = tracker.on("after", case(child("one", 51), child("two", 52), on=date(2024, 6, 2)), assigned("P5.2", "one", "two"))
    (item,) = tracker.ask(lambda answers: recurred(answers, BOLTON)).items
    assert (item["case"], item["recommendation"], item["completed_on"], item["children"], item["incidents"]) == (
        "P5-1", "one", "2024-06-01", 2, 1,
    )  # fmt: skip
    assert [(row["case"], row["child"], row["code"]) for row in item["since"]] == [("after", "one", "P5"), ("after", "two", "P5")]
    assert again.position in item["since"][0]["events"]


def test_qt_8_what_strengths_recur_and_whether_they_mirror_weaknesses(tracker: Tracker):
    tracker.three("P2")
    for n in (1, 2):
        success = case(child("one", 60 + n, "none"), concern="learn-from-success", label=f"Success {n}")
        tracker.on(f"success-{n}", success, assigned("G2", "one", standing="confirmed"), assigned("G7", "one"))
    tracker.on("success-2", theme_withdrawn("G7"))
    found = {item["code"]: item for item in tracker.ask(lambda answers: answers.strengths(BOLTON)).items}
    assert found["G2"]["strengths"]["cases"] == ["success-1", "success-2"]
    assert (found["G2"]["mirrors"], found["G2"]["weaknesses"]["children"]) == ("P2", 3)
    assert (found["G7"]["strengths"]["children"], found["G7"]["mirrors"]) == (1, None)
    assert {*tracker.figures()} == {"P2"}, "good practice is nobody's harm"


def test_qt_9_how_our_themes_map_to_the_panels_six_and_its_spotlights(tracker: Tracker):
    tracker.on("one", case(child("one", 1)), assigned("P1.2", "one"), assigned("P1", "one"), assigned("H5.1", "one"))
    items = tracker.ask(lambda answers: answers.panel(BOLTON)).items
    six = {item["panel"]: item for item in items if "panel" in item}
    assert len(six) == 6
    assert six[1]["codes"] == ["P1", "P1.1", "P1.2", "P1.3"]
    assert [figures["children"] for figures in six[1]["figures"]] == [1]
    assert six[2]["figures"] == []
    lights = {(item["spotlight"], item["name"]): item["figures"] for item in items if "spotlight" in item}
    assert [figures["children"] for figures in lights["2023/24", "Extra-familial harm"]] == [1]
    assert len(lights) == 15


def test_qt_10_three_siblings_in_one_incident_raise_no_candidate_and_two_incidents_with_three_children_do(tracker: Tracker):
    tracker.on("siblings", case(child("one", 1), child("two", 2), child("three", 3)), assigned("P5", "one", "two", "three"))
    assert tracker.counts("P5") == (3, 1)
    assert not tracker.figures()["P5"]["recurs"]
    assert tracker.ask(lambda answers: answers.candidates(None, None)).items == []
    tracker.on("alone", case(child("one", 4)), assigned("P5", "one"))
    (item,) = tracker.ask(lambda answers: answers.candidates(None, None)).items
    assert (item["candidate"], item["children"], item["incidents"]) == ("bolton-P5", 4, 2)


def test_qt_12_a_theme_in_two_partnerships_cases_of_one_incident_counts_the_child_once(tracker: Tracker):
    tracker.on("here", case(child("one", 1)), assigned("S2", "one"), assigned("P5", "one"))
    tracker.on("there", case(child("one", 2), partnership="bury"), assigned("S2", "one"))
    assert tracker.ask(lambda answers: answers.shared(ALL)).items == []
    tracker.on("here", CaseLinked(case="there", relation="same-incident"), SamePersonRecorded(person=person(1), other=person(2), basis="…"))
    tracker.on("there", CaseLinked(case="here", relation="same-incident"))
    (item,) = tracker.ask(lambda answers: answers.shared(ALL)).items
    assert item == {"incident": "here", "code": "S2", "partnerships": ["bolton", "bury"], "cases": ["here", "there"], "children": 1}
    assert tracker.counts("S2", replace(ALL, together=True)) == (1, 1)
    assert (tracker.counts("S2"), tracker.counts("S2", replace(BOLTON, partnership="bury"))) == ((1, 1), (1, 1))


def test_qt_13_what_a_withdrawn_code_would_change_and_that_answers_as_of_then_stay(tracker: Tracker):
    at = datetime(2024, 2, 1, 9, tzinfo=UTC)
    tracker.on("one", case(child("one", 1)), assigned("H7", "one"), at=at)
    before = tracker.figures(replace(BOLTON, as_of=at))
    gone = tracker.on("one", theme_withdrawn("H7"), at=at + timedelta(days=200))
    (item,) = tracker.ask(lambda answers: withdrawn(answers, BOLTON)).items
    assert (item["case"], item["code"], item["child"], item["would_change"]) == ("one", "H7", "one", ["2024-Q1", "2024-Q2"])
    assert gone.position in item["events"]
    assert tracker.figures() == {}
    assert tracker.figures(replace(BOLTON, as_of=at)) == before
    assert tracker.ask(lambda answers: withdrawn(answers, replace(BOLTON, as_of=at))).items == []


def test_qt_14_which_cases_coded_one_thing_lack_another(tracker: Tracker):
    tracker.on("one", case(child("one", 1)), assigned("H1.1", "one"))
    tracker.on("two", case(child("one", 2)), assigned("H1.1", "one"), assigned("P2.2", "one"))
    tracker.on("three", case(child("one", 3)), assigned("P2.2", "one"))
    (item,) = tracker.ask(lambda answers: answers.completeness(BOLTON, "H1.1", "P2.2")).items
    assert (item["case"], item["children"], len(item["events"])) == ("one", ["one"], 1)
    assert [item["case"] for item in tracker.ask(lambda answers: answers.completeness(BOLTON, "H1", "P2")).items] == ["one"]
    tracker.on("two", theme_withdrawn("P2.2"))
    assert [item["case"] for item in tracker.ask(lambda answers: answers.completeness(BOLTON, "H1.1", "P2.2")).items] == ["one", "two"]


def test_qt_15_which_themes_the_annual_summary_is_to_name_with_brief_response_and_impact(tracker: Tracker):
    tracker.three("P5.1")
    tracker.on("lone", case(child("one", 1), on=date(2024, 1, 9)), assigned("F1", "one"))
    learned(tracker, "P5.1-1", "P5")
    tracker.on("P5.1-2", LearningBriefPublished(digest="b" * 64), IncludedInAnnualSummary(year="2023-24", impact="less of it"))
    span = period("2023/24")
    assert span is not None
    found = {item["code"]: item for item in tracker.ask(lambda answers: annual(answers, BOLTON, span)).items}
    assert {*found} == {"P5", "P5.1"}
    assert found["P5"]["in_the_year"] == {"children": 3, "incidents": 3}
    assert [(brief["case"], brief["digest"]) for brief in found["P5"]["briefs"]] == [("P5.1-2", "b" * 64)]
    assert [(one["recommendation"], one["state"]) for one in found["P5"]["response"]] == [("one", "assured")]
    assert [(one["case"], one["impact"]) for one in found["P5"]["impact"]] == [("P5.1-2", "less of it")]
    assert [one["candidate"] for one in found["P5.1"]["candidates"]] == ["bolton-P5.1"]


# --- windows, crossings and what is kept


def test_windows_and_crossings(tracker: Tracker):
    tracker.three()
    tracker.on("P5-2", assigned("F1", "one"), received(), notified())
    tracker.on("apart", case(child("one", 90)), assigned("F1", "one"))
    assert tracker.counts("P5", replace(BOLTON, first=date(2024, 1, 2), last=date(2024, 1, 2))) == (1, 1)
    assert tracker.counts("P5", replace(BOLTON, cross="F1")) == (1, 1)
    assert {code: item["children"] for code, item in tracker.figures(replace(BOLTON, cross="F1")).items()} == {"F1": 2, "P5": 1}
    assert tracker.counts("P5", replace(BOLTON, cross="H1")) == (0, 0)


def test_the_latest_of_one_code(tracker: Tracker):
    tracker.three()
    tracker.kept.catch_up()
    found = asked(tracker.database, lambda connection: latest(connection, "P5", limit=2))
    assert [one.case for one in found.items] == ["P5-3", "P5-2"]
    assert [one.case for one in asked(tracker.database, lambda c: latest(c, "P5", partnership="bury")).items] == []


@pytest.mark.parametrize("seed", [3, 4])
def test_the_sums_by_days_weeks_quarters_and_years_are_those_of_the_rows(seed: int, connection: Connection, database: str):
    log = any_themes(cases=9, entries=90, seed=seed)
    tracker = Tracker(connection, database, ToldLog())
    for recorded in log.recorded:
        tracker.log.recorded.append(recorded)
        tracker.kept.catch_up()
    rows = connection.execute("SELECT partnership, code, day FROM projections.themes WHERE known_until IS NULL AND counts").fetchall()
    assert len(rows) > 20
    day = date(2023, 5, 1)
    for first, last in ((day, date(2024, 12, 31)), (date(2024, 1, 1), date(2024, 3, 31)), (day, day + timedelta(days=89)), (day, day)):
        for partnership in (None, "bolton"):
            wanted: dict[str, int] = {}
            for whose, code, on in rows:
                if first <= on <= last and partnership in (None, whose):
                    wanted[code] = wanted.get(code, 0) + 1
            found = asked(database, partial(busiest, first=first, last=last, partnership=partnership)).items
            assert dict(found) == wanted
            assert [n for _, n in found] == sorted(wanted.values(), reverse=True)


@pytest.mark.parametrize("seed", range(5, 9))
def test_a_rebuild_of_histories_full_of_themes_is_the_live_view(seed: int, connection: Connection):
    whole = any_themes(cases=9, entries=90, seed=seed)
    log = ToldLog()
    kept = following(VIEW, log, connection, page=6)
    for recorded in whole.recorded:
        log.recorded.append(recorded)
        log.places[recorded.stream] = recorded.place
        if recorded.position % 9 == 0:
            kept.catch_up()
    kept.catch_up()
    done = rebuild(VIEW, log, connection)
    assert done.compared is not None
    assert done.compared.differences == ()
    assert done.switched
    assert done.compared.rows > 100


def test_windows_are_covered_by_kept_spans_without_gaps():
    for first in (date(2023, 1, 1), date(2023, 4, 1), date(2024, 2, 28), date(2024, 12, 30)):
        for days in (0, 1, 6, 7, 30, 89, 400, 900):
            last = first + timedelta(days=days)
            day, spans = first, [*covering(first, last)]
            for unit, begins in spans:
                assert begins == day
                assert first_of(unit, day) == day
                while first_of(unit, day) == begins:
                    day += timedelta(days=1)
            assert day == last + timedelta(days=1)
            assert len(spans) <= 40


def test_periods():
    assert [one.name for one in periods("quarter", date(2024, 12, 31), date(2025, 4, 1))] == ["2024-Q4", "2025-Q1", "2025-Q2"]
    assert [one.name for one in periods("financial-year", date(2025, 3, 31), date(2025, 4, 1))] == ["2024/25", "2025/26"]
    summer = period("2025-Q2")
    assert summer is not None
    assert (summer.first, summer.last) == (date(2025, 4, 1), date(2025, 6, 30))
    assert summer.end == datetime(2025, 6, 30, 22, 59, 59, 999999, tzinfo=UTC), "midnight in London, in summer"
    assert period("1999/00") is None
    assert period("2024/26") is None
    assert period("2099/00") is not None


def test_a_view_that_was_never_made_says_so(connection: Connection, database: str):
    async def never(connection: Any) -> Any:
        return await latest(connection, "P5")

    with pytest.raises(NotMade):
        asked(database, never)
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("DROP SCHEMA projections CASCADE")
    with pytest.raises(NotMade):
        asyncio.run(_fresh(database, never))


async def _fresh(database: str, question: Callable[[Any], Awaitable[Any]]) -> Any:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        return await question(connection)
