"""The tracker over HTTP: figures that open for those who see cases, totals for those who do not, and no way from one to the other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interfaces.api.conftest import BM, Desk

pytestmark = pytest.mark.anyio

ANALYST = "theme-analyst///bolton"
SPRING = "2025-02-03T10:00:00+00:00"
SUMMER = "2025-08-04T10:00:00+00:00"


async def told(desk: Desk, many: int, at: str, *, first: int = 0, code: str = "P5") -> list[str]:
    """So many infants who died, each in an incident of its own, and what the cases have in common."""
    cases = []
    for n in range(first, first + many):
        incident = {"happened_on": "2025-01-12", "area": "bolton", "harm": "died", "abuse_or_neglect": "suspected"}
        opened = await desk.ask(
            "/cases",
            {
                "partnership": "bolton", "label": f"Infant {n}", "route": "local-authority", "concern": "serious-incident",
                "incident": incident,
                "children": [{"ref": "infant", "area_of_residence": "bolton", "age_band": "under-1", "harm": "died"}],
            },
            BM, Casetrail_At=at,
        )  # fmt: skip
        assert opened.status_code == 201, opened.text
        cases.append(opened.json()["case"])
        themed = {"codes": [code], "standing": "provisional", "basis": "notification"}
        assert (await desk.ask(f"/cases/{cases[-1]}/assign-theme", themed, BM, Casetrail_At=at)).status_code == 200
    return cases


async def items(desk: Desk, path: str, by: str = "business-manager///bolton", **headers: str) -> list[dict[str, Any]]:
    answer = await desk.look(path, by, **headers)
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["Position"]) > 0
    return list(answer.json()["items"])


async def test_figures_open_to_the_cases_and_entries_behind_them(followed: Desk):
    cases = await told(followed, 3, SPRING)
    found = {item["code"]: item for item in await items(followed, "/themes", Casetrail_At=SPRING)}
    assert (found["P5"]["children"], found["P5"]["incidents"], found["P5"]["recurs"]) == (3, 3, True)
    behind = await items(followed, "/themes/P5/cases", Casetrail_At=SPRING)
    assert {item["case"] for item in behind} == {*cases}
    assert all(item["events"] and item["standing"] == "provisional" for item in behind)
    one = (await followed.look("/themes/P5", "business-manager///bolton", Casetrail_At=SPRING)).json()
    assert (one["rule"]["children"], one["code_set"], one["children"]) == (3, "1", 3)
    (candidate,) = await items(followed, "/themes/candidates?partnership=bolton", BM, Casetrail_At=SPRING)
    assert {name: candidate[name] for name in ("code", "partnership", "children", "incidents", "state")} == {
        "code": "P5", "partnership": "bolton", "children": 3, "incidents": 3, "state": "open",
    }  # fmt: skip
    decided = {"outcome": "decline", "rationale": "Each of them is understood."}
    assert (await followed.ask("/themes/candidates/bolton-P5/decide-thematic", decided, Casetrail_At=SUMMER)).status_code == 200
    (later,) = await items(followed, "/themes/candidates", BM, Casetrail_At=SUMMER)
    assert (later["state"], later["decided"]["rationale"]) == ("declined", "Each of them is understood.")
    (then,) = await items(followed, "/themes/candidates?as_of=2025-02-03T10:00:00Z", BM, Casetrail_At=SUMMER)
    assert (then["state"], "decided" in then) == ("open", False)
    for path in ("recommendations", "strengths", "panel", "shared", "withdrawn", "annual", "completeness?code=P5&lacks=H1", "P5/trend"):
        await items(followed, f"/themes/{path}", Casetrail_At=SUMMER)
    assert [item["code"] for item in await items(followed, "/themes/busiest?from=2025-01-01&until=2025-03-31", Casetrail_At=SUMMER)] == [
        "P5"
    ]
    assert await items(followed, "/themes?from=2025-01-13", Casetrail_At=SUMMER) == []
    assert await items(followed, "/themes?cross=H1", Casetrail_At=SUMMER) == []


@pytest.mark.parametrize(
    "path",
    [
        "/themes?as_of=2025-02-03T10:00:00Z", "/themes/P5?as_of=2025-03-31T22:59:59Z", "/themes?from=2025-01-01",
        "/themes?until=2025-01-31",
        "/themes?threshold=met", "/themes?recurring=true", "/themes/P5?from=2025-01-12", "/themes/G1", "/themes/candidates",
        "/themes/P5/cases", "/themes/P5/trend", "/themes/recommendations", "/themes/strengths", "/themes/panel", "/themes/shared",
        "/themes/withdrawn", "/themes/annual", "/themes/completeness?code=P5&lacks=H1", "/themes/busiest?from=2025-01-01&until=2025-03-31",
        "/themes?partnership=bury",
    ],
)  # fmt: skip
async def test_qt_11_who_sees_totals_cannot_ask_for_what_could_be_subtracted(path: str, followed: Desk):
    for role in (ANALYST, "partnership-member/school//bolton"):
        answer = await followed.look(path, role, Casetrail_At=SUMMER)
        assert answer.status_code == 403, (role, answer.text)
        assert answer.json()["rule"] in ("R-23", "X-3")


async def test_qt_4_totals_at_the_ends_of_quarters_in_fives(followed: Desk):
    await told(followed, 4, SPRING)
    await told(followed, 7, "2025-05-06T10:00:00+00:00", first=4)
    at = {"Casetrail_At": SUMMER}

    async def of(path: str) -> Any:
        return (await followed.look(path, ANALYST, **at)).json()["children"]

    assert await of("/themes/P5?at_the_end_of=2025-Q1") is None
    assert await of("/themes/P5?at_the_end_of=2025-Q2") == 10
    assert await of("/themes/P5?at_the_end_of=2024/25") is None
    assert await of("/themes/P5") == 10
    assert await of("/themes/P5?cross=H1") is None
    assert (await followed.look("/themes/P5?at_the_end_of=2025-Q3", ANALYST, **at)).status_code == 404
    table = {item.get("code") or item.get("facet") or "all": item for item in await items(followed, "/themes", ANALYST, **at)}
    assert (table["all"]["children"], table["P"]["children"], table["H"]["children"], table["H1"]["children"]) == (10, 10, 0, None)
    assert not any("cases" in item for item in table.values())
    moved = await items(followed, "/themes/changes?before=2025-Q1&then=2025-Q2", ANALYST, **at)
    assert {item["change"] for item in moved} == {None}


@pytest.mark.parametrize("role", ["parent", "agency-author", "administrator", "information-governance", "named-portal-user"])
async def test_who_has_no_part_in_the_tracker_sees_nothing_of_it(role: str, followed: Desk):
    for path in ("/themes", "/themes/P5", "/themes/candidates"):
        assert (await followed.look(path, f"{role}///bolton")).status_code == 403


async def test_a_code_or_a_period_that_there_is_not(followed: Desk):
    for path in ("/themes/P99", "/themes?cross=P99", "/themes/completeness?code=P99&lacks=P1", "/themes?at_the_end_of=2024/26"):
        assert (await followed.look(path, "business-manager///bolton")).status_code == 404, path
    assert (await followed.look("/themes/P5")).status_code == 422
    assert (await followed.look("/themes?at_the_end_of=yesterday")).status_code == 422
