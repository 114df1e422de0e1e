"""One's own looks, at whatever case: told as far as one may still know of it; and what is noted of tries."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interfaces.api.conftest import BM, LA, PORTAL, Desk
from tests.interfaces.api.test_access import Asked, noted
from tests.interfaces.api.test_break_glass import NIGHT, WHY, opened

pytestmark = pytest.mark.anyio

__all__ = ["noted"]


async def own(desk: Desk, by: str, query: str = "", **headers: str) -> list[dict[str, Any]]:
    answer = await desk.look(f"/access{query}", by=by, **headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_a_person_is_told_of_their_own_looks_and_of_nobody_elses(desk: Desk):
    one, other = await desk.open("Infant 1"), await desk.open("Infant 2")
    await desk.look(f"/cases/{one}", by=PORTAL, Casetrail_Because="the ward rang")
    await desk.look(f"/cases/{other}/history", by=PORTAL)
    await desk.look(f"/cases/{other}/history", by=BM)
    refused = await desk.ask(
        f"/cases/{one}/place-hold", {"scope": "interview", "asked_by": "p", "basis": "b", "review_on": "2030-01-01"}, PORTAL
    )
    assert refused.status_code == 403
    items = await own(desk, PORTAL)
    assert [(item["view"], item["outcome"], item["cases"]) for item in items] == [
        ("overview", "shown", [one]), ("history", "shown", [other]), ("place-hold", "refused", [one]),
    ]  # fmt: skip
    assert (items[0]["because"], items[0]["place"], items[0]["capacity"]) == ("the ward rang", 1, "named-portal-user")
    again = await own(desk, PORTAL)
    assert (again[-1]["view"], sorted(again[-1]["cases"])) == ("own-access", sorted([one, other]))


async def test_page_by_page_by_time_and_by_view(desk: Desk):
    case = await desk.open()
    for page in ("", "/history", "/clocks", "/absences"):
        await desk.look(f"/cases/{case}{page}", by=PORTAL)
    every = await own(desk, PORTAL)
    assert [item["view"] for item in await own(desk, PORTAL, "?view=history&view=clocks")] == ["history", "clocks"]
    between = f"?from={every[1]['at']}&until={every[2]['at']}"
    assert [item["look"] for item in await own(desk, PORTAL, between)] == [item["look"] for item in every[1:3]]
    first = (await desk.look("/access?limit=3", by=PORTAL)).json()
    rest = (await desk.look(f"/access?limit=3&cursor={first['next']}", by=PORTAL)).json()
    assert [item["look"] for item in (*first["items"], *rest["items"])][:4] == [item["look"] for item in every]
    for wrong in ("cursor=here", "from=monday", "limit=0"):
        assert (await desk.look(f"/access?{wrong}", by=PORTAL)).status_code == 422


async def test_which_case_it_was_is_told_only_while_one_may_know_of_it(desk: Desk):
    case = await opened(desk)
    await desk.ask(f"{case}/break-glass", WHY, NIGHT, Casetrail_At="2026-06-02T22:10:00Z")
    await desk.look(case, by=NIGHT, Casetrail_At="2026-06-02T22:11:00Z")
    (item,) = await own(desk, NIGHT, Casetrail_At="2026-06-02T22:12:00Z")
    assert (item["cases"], item["place"], item["break_glass"]) == ([case.removeprefix("/cases/")], 2, True)
    over = {"Casetrail_At": "2026-06-04T09:00:00Z"}
    await desk.look(f"{case}?as_of=2026-06-03T09:00:00Z", by=NIGHT, **over)
    await desk.look("/cases/nowhere?as_of=2026-06-03T09:00:00Z", by=NIGHT, **over)
    items = await own(desk, NIGHT, "?view=overview", **over)
    assert [(item["view"], item["outcome"]) for item in items] == [("overview", "shown"), ("overview", "refused"), ("overview", "refused")]
    for item in items:
        assert not {"cases", "place", "position", "as_of"} & {*item}
    there, away = ({name: value for name, value in item.items() if name not in ("look", "number")} for item in items[1:])
    assert there == away


async def test_a_try_at_what_there_is_not_is_noted_and_names_nothing(desk: Desk, noted: Asked):
    for page in ("", "/history", "/access"):
        assert (await desk.look(f"/cases/john-smith{page}")).status_code == 404
    assert (await desk.ask("/cases/john-smith/record-awareness", {"authority": "bolton", "how": "h"}, LA)).status_code == 404
    assert (
        await desk.ask("/cases/john-smith/notify-panel", {"portal_reference": "P", "children": ["a"]}, "theme-analyst")
    ).status_code == 403
    looks = noted()
    assert [(look["view"], look["outcome"]) for look in looks] == [
        ("overview", "refused"), ("history", "refused"), ("access", "refused"), ("record-awareness", "refused"),
        ("notify-panel", "refused"),
    ]  # fmt: skip
    assert not any("streams" in look for look in looks)


async def test_a_look_says_under_which_edition_of_the_policies(desk: Desk, noted: Asked):
    case = await desk.open()
    await desk.look(f"/cases/{case}")
    await desk.look(f"/cases/{case}", by="parent//Nobody")
    assert len({look["policy"] for look in noted()}) == 1
    assert len(noted()[0]["policy"]) == 12
