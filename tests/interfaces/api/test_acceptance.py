"""Deadlines and themes as people meet them: a bank holiday moved, the tracker asked for last March, and an attempt to unmask a child."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest

from domain.working_days import NEWEST
from tests.interfaces.api.conftest import BM, LA, Desk
from tests.interfaces.api.test_themes import ANALYST, items, told
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

MONDAY = "2026-03-23T09:00:00+00:00"
WEDNESDAY = "2026-03-25T09:00:00+00:00"
THURSDAY = "2026-03-26T09:00:00+00:00"


async def aware(desk: Desk, label: str, at: str) -> str:
    """A case of whose incident the authority became aware at that instant."""
    case = (await desk.ask("/cases", {**CASE, "label": label}, LA, Casetrail_At=at)).json()["case"]
    done = await desk.ask(f"/cases/{case}/record-awareness", {"authority": "bolton", "how": "a call"}, LA, Casetrail_At=at)
    assert done.status_code == 200, done.text
    return str(case)


async def notifications(desk: Desk, at: str, query: str = "") -> dict[str, list[tuple[str, str]]]:
    """By label: the days on which notifications are due, and how that stands."""
    position = await desk.service.store.settled_position()
    path = f"/clocks?clock=serious-incident-notification&after={position}{query}"
    answer = await desk.look(path, Casetrail_At=at)
    assert answer.status_code == 200, answer.text
    found: dict[str, list[tuple[str, str]]] = {}
    for item in answer.json()["items"]:
        found.setdefault(item["label"], []).append((item["due"], item["verdict"]))
    return {label: sorted(days) for label, days in found.items()}


async def test_a_bank_holiday_moved(followed: Desk):
    """From Good Friday to the Tuesday before: what is open moves, what is done stays, and what was known before is known as it was."""
    notified = await aware(followed, "Infant notified", MONDAY)
    open_ = await aware(followed, "Infant open", WEDNESDAY)
    await followed.ask(f"/cases/{notified}/confirm-serious-incident", {"basis": "An infant died."}, LA, Casetrail_At=WEDNESDAY)
    sent = await followed.ask(
        f"/cases/{notified}/notify-panel",
        {"portal_reference": "SIN-1", "children": ["infant-x"], "recipients": ["panel", "ofsted", "dfe"]},
        "named-portal-user", Casetrail_At=WEDNESDAY,
    )  # fmt: skip
    assert sent.status_code == 200, sent.text
    before = await notifications(followed, WEDNESDAY)
    assert before == {"Infant notified": [("2026-03-30", "on-time")], "Infant open": [("2026-04-01", "running")]}

    moved = sorted({*NEWEST.holidays, date(2026, 3, 31)} - {date(2026, 4, 3)})
    adopting = {"edition": "moved", "source": "gov.uk", "holidays": [day.isoformat() for day in moved], "because": "It was moved."}
    adopted = await followed.ask("/calendars", adopting, "administrator", Casetrail_At=THURSDAY)
    assert adopted.status_code == 200, adopted.text

    assert await notifications(followed, THURSDAY) == {
        "Infant notified": [("2026-03-30", "on-time")],
        "Infant open": [("2026-04-01", "superseded"), ("2026-04-02", "running")],
    }
    clocks = (await followed.look(f"/cases/{open_}/clocks", Casetrail_At=THURSDAY)).json()["items"]
    was, now = sorted((c for c in clocks if c["clock"] == "serious-incident-notification"), key=lambda clock: clock["due"])
    assert (was["replaced_by"]["due"], now["calendar"], was["calendar"]) == ("2026-04-02", "moved", NEWEST.edition)
    days = {day["date"]: day for day in now["arithmetic"]}
    assert ("skipped" in days["2026-03-31"], "skipped" in days["2026-03-30"]) == (True, False)
    as_of = WEDNESDAY.replace("+", "%2B")
    assert await notifications(followed, THURSDAY, f"&as_of={as_of}") == before


async def test_the_tracker_asked_for_last_march(followed: Desk):
    """What was said at the end of March is said of it for ever, whatever was withdrawn and added since."""
    cases = await told(followed, 3, "2025-03-03T10:00:00+00:00")
    march, summer = "2025-03-31T23:30:00%2B01:00", {"Casetrail_At": "2025-08-04T10:00:00+00:00"}
    then = await items(followed, "/themes", Casetrail_At="2025-03-31T22:30:00+00:00")
    withdrawn = {"codes": ["P5"], "because": "The post-mortem found natural causes."}
    for case in cases[:2]:
        done = await followed.ask(f"/cases/{case}/withdraw-theme", withdrawn, BM, Casetrail_At="2025-05-06T10:00:00+00:00")
        assert done.status_code == 200, done.text
    await told(followed, 2, "2025-06-02T10:00:00+00:00", first=3)

    now = {item["code"]: item for item in await items(followed, "/themes", **summer)}
    asked = [await items(followed, f"/themes?as_of={march}", **summer) for _ in range(2)]
    (candidate,) = await items(followed, f"/themes/candidates?as_of={march}", **summer)

    assert asked == [then, then]
    assert [(item["children"], item["recurs"]) for item in then if item["code"] == "P5"] == [(3, True)]
    assert now["P5"]["children"] == 3
    assert {item["case"] for item in await items(followed, f"/themes/P5/cases?as_of={march}", **summer)} == {*cases}
    assert {item["case"] for item in await items(followed, "/themes/P5/cases", **summer)} & {*cases} == {cases[2]}
    assert (candidate["state"], candidate["children"]) == ("open", 3)
    assert await items(followed, f"/themes?as_of={march.replace('-03-31', '-02-28').replace('%2B01', '%2B00')}", **summer) == []


async def test_an_attempt_to_unmask_one_child_with_aggregate_queries(followed: Desk):
    """Six children share a theme; a seventh dies. Nothing that an analyst may ask is another because of that one child."""
    summer = {"Casetrail_At": "2025-08-04T10:00:00+00:00"}
    await told(followed, 6, "2025-02-03T10:00:00+00:00")
    await told(followed, 1, "2025-05-06T10:00:00+00:00", first=6, code="P5")
    before, then = "at_the_end_of=2025-Q1", "at_the_end_of=2025-Q2"

    # the two ends of quarters between which the child died, asked in every way that is open, and subtracted
    for path in ("/themes", "/themes?cross=P5", "/themes?cross=H1"):
        joint = "&" if "?" in path else "?"
        table, later = [await items(followed, f"{path}{joint}{end}", ANALYST, **summer) for end in (before, then)]
        assert [_without_its_end(item) for item in table] == [_without_its_end(item) for item in later]
    for code, cross in itertools.product(("P5", "P", "H1", "H"), ("", "&cross=P5", "&cross=P", "&cross=H1")):
        one, other = [await followed.look(f"/themes/{code}?{end}{cross}", ANALYST, **summer) for end in (before, then)]
        assert one.status_code == other.status_code, code
        if one.status_code == 200:
            assert _numbers(one.json()) == _numbers(other.json())
            assert all(number % 5 == 0 for number in _numbers(one.json()))
    assert {item["change"] for item in await items(followed, "/themes/changes?before=2025-Q1&then=2025-Q2", ANALYST, **summer)} <= {None, 0}
    # finer windows, cases and instants of their own choice are not open at all
    for path in (
        "/themes?from=2025-05-06", "/themes?until=2025-05-05", "/themes?as_of=2025-05-06T10:00:00Z", "/themes?as_of=2025-05-06T09:59:59Z",
        "/themes/P5/cases", "/themes/P5/trend", "/themes/candidates", "/themes?threshold=not-met", "/themes?partnership=bury",
    ):  # fmt: skip
        assert (await followed.look(path, ANALYST, **summer)).status_code == 403, path


def _without_its_end(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "at_the_end_of"}


def _numbers(answer: dict[str, Any]) -> list[int]:
    return [answer[name] for name in ("children", "incidents", "notifications") if answer.get(name) is not None]
