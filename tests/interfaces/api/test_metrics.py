"""What operators watch: numbers by command, rule, route and read model, and nothing that could name a person or a case."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from interfaces import worker
from interfaces.api.app import make_app
from interfaces.databases import Databases
from interfaces.metrics import ACCESS, Metrics
from interfaces.publishing import publish_now
from projections import VIEWS, deadlines
from projections.per_case import per_case
from tests.interfaces.api.conftest import LA, Desk, desk, followed
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

__all__ = ["desk", "followed"]

SAID = "told by Jane of 4 Elm Street"


async def numbers(desk: Desk) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every number, by its name and labels."""
    text = (await desk.client.get("http://casetrail/metrics")).text
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}


async def number(desk: Desk, name: str, **labels: str) -> float | None:
    return (await numbers(desk)).get((name, tuple(sorted(labels.items()))))


async def soon(true: Callable[[], Awaitable[bool]]) -> None:
    until = time.monotonic() + 20
    while not await true():
        assert time.monotonic() < until, "not in time"
        await asyncio.sleep(0.02)


async def test_it_is_the_text_format_and_asks_for_nobody(desk: Desk):
    answer = await desk.client.get("http://casetrail/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "# TYPE casetrail_request_seconds histogram" in answer.text


async def test_commands_are_counted_as_recorded_or_refused_by_rule(desk: Desk):
    case = await desk.open()
    key = {"idempotency_key": "once"}
    for _ in range(2):  # the second is the first again
        assert (await desk.ask(f"/cases/{case}/record-awareness", {"authority": "bolton", "how": SAID}, LA, **key)).status_code == 200
    refused = (await desk.ask(f"/cases/{case}/close-case", {})).json()
    assert refused["status"] == 409
    not_allowed = (await desk.ask(f"/cases/{case}/record-awareness", {"authority": "bolton", "how": SAID}, "scrutineer")).json()
    assert not_allowed["status"] == 403
    await desk.ask(f"/cases/{case}/close-case?dry_run=true", {})  # only asked what would be

    assert await number(desk, "casetrail_commands_recorded_total", command="open-case") == 1
    assert await number(desk, "casetrail_commands_recorded_total", command="record-awareness") == 1
    assert await number(desk, "casetrail_commands_refused_total", command="close-case", rule=refused["rule"]) == 1
    assert await number(desk, "casetrail_commands_refused_total", command="record-awareness", rule=not_allowed.get("rule", "")) == 1


async def test_commands_on_access_and_interests_are_counted_together(desk: Desk):
    case = await desk.open()
    night = "scrutineer//Night"
    assert (await desk.ask(f"/cases/{case}/break-glass", {"because": SAID}, night)).status_code == 200
    assert (await desk.ask(f"/cases/{case}/declare-interest", {"kind": "real", "nature": SAID}, night)).status_code == 200
    assert (await desk.ask(f"/cases/{case}/break-glass", {"because": SAID}, night)).status_code == 403
    assert await number(desk, "casetrail_commands_recorded_total", command="access") == 2
    assert await number(desk, "casetrail_commands_refused_total", command="access", rule="") == 1
    text = (await desk.client.get("http://casetrail/metrics")).text
    assert not [name for name in ACCESS if name in text]


async def test_what_waits_to_be_published_is_told(desk: Desk, places: Databases):
    await desk.open()
    assert await number(desk, "casetrail_ledger_published", log="record") == 0
    publish_now(places)
    waits = await number(desk, "casetrail_ledger_waiting", log="record")
    await desk.open("Infant Elm")
    assert (waits, await number(desk, "casetrail_ledger_waiting", log="record")) == (0, 1)


async def test_requests_are_measured_by_the_template_of_their_path(desk: Desk):
    case = await desk.open("Infant Elm")
    await desk.look(f"/cases/{case}")
    await desk.look(f"/cases/{case}", method="HEAD")
    await desk.ask(f"/cases/{case}/record-awareness", {"authority": "bolton", "how": SAID}, LA)
    await desk.look("/nowhere/Jane")
    await desk.client.request("JANE", "/cases")

    told = {labels: value for (name, labels), value in (await numbers(desk)).items() if name == "casetrail_request_seconds_count"}
    by = {tuple(dict(labels).values()): value for labels, value in told.items()}
    assert by == {
        ("POST", "/api/v1/cases", "2xx"): 1,
        ("GET", "/api/v1/cases/{case}", "2xx"): 2,
        ("POST", "/api/v1/cases/{case}/record-awareness", "2xx"): 1,
        ("GET", "none", "4xx"): 1,
        ("other", "none", "4xx"): 1,
    }


async def test_nothing_in_it_names_anybody_or_a_case(followed: Desk):
    case = await followed.open("Infant Elm")
    await followed.ask(f"/cases/{case}/record-awareness", {"authority": "bolton", "how": SAID}, LA)
    await followed.look(f"/cases/{case}/history")
    await followed.look("/clocks?q=Elm")
    text = (await followed.client.get("http://casetrail/metrics")).text
    for word in (case, "Elm", "Jane", "person-", "Infant"):
        assert word not in text


async def test_how_far_each_read_model_is_behind_and_what_is_overdue(desk: Desk, places: Databases):
    assert await number(desk, "casetrail_view_made", view="deadlines") == 0
    assert await number(desk, "casetrail_deadlines_overdue") is None
    march = {"casetrail_at": "2026-03-02T09:00:00Z"}
    case = (await desk.ask("/cases", {**CASE, "label": "Infant W"}, LA, **march)).json()["case"]
    await desk.ask(f"/cases/{case}/record-awareness", {"authority": "bolton", "how": "a call"}, LA, **march)
    with worker.following(places.projections):
        for view in VIEWS:
            assert await desk.service.view_reached(view.name, await desk.service.store.settled_position())
        assert await number(desk, "casetrail_view_followed", view="deadlines") == 1
    for view in VIEWS:
        assert await number(desk, "casetrail_view_made", view=view.name) == 1
        assert await number(desk, "casetrail_view_behind_positions", view=view.name) == 0
        assert await number(desk, "casetrail_view_behind_seconds", view=view.name) == 0
    assert await number(desk, "casetrail_view_followed", view="deadlines") == 0
    assert await number(desk, "casetrail_deadlines_overdue") == 1  # the notification, since 9 March 2026

    await desk.open("Infant Y")
    await asyncio.sleep(0.1)
    assert (await number(desk, "casetrail_view_behind_positions", view="deadlines") or 0) >= 1
    assert 0.1 <= (await number(desk, "casetrail_view_behind_seconds", view="deadlines") or 0) < 60


async def test_the_outbox_is_counted_by_state(desk: Desk):
    assert await number(desk, "casetrail_digests", state="to-send") == 0
    assert await number(desk, "casetrail_digests", state="in-doubt") == 0


class Stumbling(deadlines.Deadlines):
    """A fold that stumbles over an awareness, until it is mended."""

    mended = False

    def step(self, state: Any, recorded: Any) -> Any:
        if recorded.name == "local-authority-became-aware" and not self.mended:
            raise KeyError(SAID)
        return super().step(state, recorded)


async def test_a_poisoned_event_is_told_everywhere_until_it_is_mended(desk: Desk, places: Databases, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("projections.following.AGAIN", (0.1, 0.2))
    fold = Stumbling()
    poisoned = [replace(view, begin=per_case(fold)) if view.name == "deadlines" else view for view in VIEWS]
    running = desk.service
    with worker.following(places.projections, poisoned):
        case = await desk.open("Infant before")
        assert await running.view_reached("deadlines", await running.store.settled_position())
        await desk.ask(f"/cases/{case}/record-awareness", {"authority": "bolton", "how": SAID}, LA)
        stuck = await running.store.settled_position()
        await desk.open("Infant after")

        async def stands_still() -> bool:
            return await number(desk, "casetrail_view_stands_still", view="deadlines") == 1

        await soon(stands_still)
        assert await number(desk, "casetrail_view_stands_still", view="case_list") == 0
        assert (await number(desk, "casetrail_view_behind_positions", view="deadlines") or 0) >= 1
        ready = await desk.client.get("http://casetrail/health/ready")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert f"stands still before position {stuck}" in ready.json()["views"]["deadlines"]["fault"]
        board = (await desk.look("/clocks")).json()
        assert board["stale"]["before_position"] == stuck
        assert board["items"] == []
        assert "stale" not in (await desk.look("/cases")).json()
        assert SAID not in ready.text + str(board) + (await desk.client.get("http://casetrail/metrics")).text

        fold.mended = True
        assert await running.view_reached("deadlines", await running.store.settled_position())
        assert not await stands_still()
        assert (await desk.client.get("http://casetrail/health/ready")).status_code == 200
        board = (await desk.look("/clocks")).json()
        assert "stale" not in board
        assert "serious-incident-notification" in {item["clock"] for item in board["items"]}


async def test_a_database_that_is_away_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    async def away() -> None:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(desk.service.store, "now", away)
    assert await number(desk, "casetrail_database_up") == 0


async def test_a_rule_that_somebody_made_up_is_none(desk: Desk):
    """The rule is read from a sentence, which may repeat a ref that was sent."""
    metrics = Metrics()
    metrics.refused("reopen-decision", "-".join(("BOL", "9999")))
    told = (await metrics.told(desk.service)).decode()
    assert 'casetrail_commands_refused_total{command="reopen-decision",rule=""} 1.0' in told


async def test_each_application_counts_for_itself(desk: Desk):
    await desk.open()
    other = make_app(desk.service)
    assert "open-case" not in (await other.state.metrics.told(desk.service)).decode()


async def test_who_waits_for_a_connection_is_counted(followed: Desk) -> None:
    await followed.service.view_reached("case_list", await followed.service.store.settled_position())
    await asyncio.gather(*(followed.service.read_models.cases() for _ in range(20)))
    assert (await number(followed, "casetrail_connection_waits_total", pool="read-models") or 0) > 0
