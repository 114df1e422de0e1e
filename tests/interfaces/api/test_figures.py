"""The yearly figures over HTTP: late ones with the reason recorded, and totals for those who do not read the cases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from application.rehearsal import Rehearsal, rehearse
from application.scenario import read_scenario
from application.world import InProcess
from tests.interfaces.api.conftest import BM, Desk

pytestmark = pytest.mark.anyio
STORY = Path(__file__).parents[2] / "stories" / "practice-review-to-the-last-recommendation.yaml"
NOW = datetime(2026, 5, 22, 12, tzinfo=UTC).isoformat()


async def tell(desk: Desk) -> str:
    """The history of Infant P, and the position it ends at."""
    rehearsal = Rehearsal(read_scenario(STORY), InProcess(desk.service.looking, desk.service.themes))
    await rehearse([rehearsal])
    assert rehearsal.told.exit == 0
    return str(await desk.service.store.settled_position())


async def test_qa_14_the_late_ones_are_explained_and_the_fifteen_days_stay_apart(followed: Desk):
    position = await tell(followed)

    answer = (await followed.look(f"/figures?year=2025&after={position}", BM, Casetrail_At=NOW)).json()
    before = (await followed.look("/figures?year=2024", BM, Casetrail_At=NOW)).json()

    assert (answer["year"], answer["protected"], answer["explained"]) == (2025, False, len(answer["late"]))
    (review,) = [late for late in answer["late"] if late["clock"] == "practice-review-published"]
    delays = [reason for reason in review["reasons"] if reason["name"] == "delay-reported"]
    assert delays
    assert all(reason["because"] and reason["place"] for reason in delays)
    names = [item["clock"] for item in before["items"]]
    assert {"rapid-review-local", "rapid-review-national"} <= set(names)
    assert names.index("rapid-review-local") < names.index("rapid-review-national")
    assert all(item["median"] is not None for item in before["items"] if item["on_time"] + item["late"])


async def test_whoever_does_not_read_the_cases_is_told_totals_only(followed: Desk):
    position = await tell(followed)
    for by in ("theme-analyst///bolton", "partnership-member///bolton", "business-manager///bury"):
        of = "&partnership=bolton" if by.endswith("bury") else ""
        answer = await followed.look(f"/figures?year=2024&after={position}{of}", by, Casetrail_At=NOW)
        told = answer.json()
        assert (told["protected"], told["items"], "late" in told) == (True, [], False), by
        assert "infant" not in answer.text.casefold()


async def test_totals_are_of_years_that_are_over_and_of_one_instant(followed: Desk):
    await tell(followed)
    early = (await followed.look("/figures?year=2026", "theme-analyst///bolton", Casetrail_At=NOW)).json()
    assert (early["items"], early["known_by"][:10]) == ([], "2027-03-31")
    answers = await asyncio.gather(
        *(followed.look(f"/figures?year=2024{as_of}", "theme-analyst///bolton", Casetrail_At=NOW)
          for as_of in ("", "&as_of=2025-06-30T00:00:00Z", "&as_of=2026-01-31T00:00:00Z"))
    )  # fmt: skip
    assert len({answer.text for answer in answers}) == 1
