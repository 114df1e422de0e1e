"""Breaking the glass: who may, how long it lets them in, who is told of it, and until when it stands to be judged."""

from __future__ import annotations

import asyncio
import time as clock
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from interfaces.databases import Databases
from tests.interfaces.api.conftest import BM, LA, Desk
from tests.interfaces.letterbox import Letterbox
from tests.interfaces.reminding import asked, body, ended, found, impatient, reminding, until
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

NIGHT = "agency-author/ward/Night sister/bolton"
GOVERNANCE = "information-governance//Ida/bolton"
MANAGER = "business-manager//Bea Marsh/bolton"
WHY = {"because": "the twin is missing tonight"}


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Letterbox]:
    with impatient(monkeypatch) as running:
        yield running


async def opened(desk: Desk, at: str = "2026-06-01T09:00:00Z", **fields: Any) -> str:
    answer = await desk.ask("/cases", {**CASE, **fields}, LA, Casetrail_At=at)
    assert answer.status_code == 201, answer.text
    return f"/cases/{answer.json()['case']}"


# --- who is let in, and how long


async def test_whoever_has_a_post_is_let_in_until_the_time_is_over(desk: Desk):
    case = await opened(desk)
    assert (await desk.look(case, by=NIGHT, Casetrail_At="2026-06-02T22:00:00Z")).status_code == 404
    broken = await desk.ask(f"{case}/break-glass", WHY, NIGHT, Casetrail_At="2026-06-02T22:10:00Z")
    assert broken.json()["events"] == [{"name": "glass-broken", "place": 2, "ref": "grant-1"}]
    answer = await desk.look(f"{case}/history", by=NIGHT, Casetrail_At="2026-06-02T22:11:00Z")
    assert answer.json()["items"][0]["name"] == "case-opened"
    assert (await desk.look(case, by=NIGHT, Casetrail_At="2026-06-03T22:09:59Z")).status_code == 200
    over = await desk.look(case, by=NIGHT, Casetrail_At="2026-06-03T22:10:00Z")
    nowhere = await desk.look("/cases/nowhere", by=NIGHT, Casetrail_At="2026-06-03T22:10:00Z")
    assert (over.status_code, over.content) == (404, nowhere.content)
    looks = (await desk.look(f"{case}/access", by=GOVERNANCE, Casetrail_At="2026-06-04T09:00:00Z")).json()["items"]
    assert [(look["view"], look["outcome"], look["break_glass"]) for look in looks] == [
        ("overview", "refused", False), ("history", "shown", True), ("overview", "shown", True), ("overview", "refused", False),
    ]  # fmt: skip


async def test_it_ends_at_once_where_their_access_is_ended_and_may_be_broken_by_whom_that_befell(desk: Desk):
    case = await opened(desk)
    await desk.ask(f"{case}/break-glass", WHY, NIGHT, Casetrail_At="2026-06-02T22:10:00Z")
    assert (await desk.look(case, by=NIGHT, Casetrail_At="2026-06-02T22:11:00Z")).status_code == 200
    done = await desk.ask(f"{case}/end-access", {"person": NIGHT, "because": "it was not theirs"}, BM, Casetrail_At="2026-06-02T22:12:00Z")
    assert done.status_code == 200
    answer = await desk.look(case, by=NIGHT, Casetrail_At="2026-06-02T22:13:00Z")
    assert (answer.status_code, "was ended" in answer.text) == (403, True)
    await desk.ask(f"{case}/break-glass", WHY, NIGHT, Casetrail_At="2026-06-02T22:14:00Z")
    assert (await desk.look(case, by=NIGHT, Casetrail_At="2026-06-02T22:15:00Z")).status_code == 200


async def test_with_an_interest_it_is_not_theirs_to_break(desk: Desk):
    case = await opened(desk)
    who = "scrutineer//Hepzibah/bolton"
    declared = {"kind": "perceived", "nature": "lives next door"}
    await desk.ask(f"{case}/declare-interest", declared, who, Casetrail_At="2026-06-02T10:00:00Z")
    answer = await desk.ask(f"{case}/break-glass", WHY, who, Casetrail_At="2026-06-02T10:01:00Z")
    assert (answer.status_code, answer.json()["rule"]) == (403, "R-8")


# --- who learns of it


async def test_it_stands_among_what_is_absent_until_it_is_judged(desk: Desk):
    case = await opened(desk)
    at = "2026-06-02T22:10:00Z"
    await desk.ask(f"{case}/break-glass", WHY, NIGHT, Casetrail_At=at)
    for by in (BM, GOVERNANCE):
        items = (await desk.look(f"{case}/absences", by=by, Casetrail_At=at)).json()["items"]
        (absent,) = [item for item in items if item["absent"] == "break-glass-review"]
        assert (absent["about"], absent["events"]) == ("grant-1", [2])
    for by in (NIGHT, "partnership-officer"):
        assert "break-glass-review" not in (await desk.look(f"{case}/absences", by=by, Casetrail_At=at)).text
    review = {"grant": "grant-1", "outcome": "justified", "because": "she was found by it"}
    done = await desk.ask(f"{case}/review-break-glass", review, GOVERNANCE, Casetrail_At="2026-06-03T09:00:00Z")
    assert done.status_code == 200, done.text
    assert "break-glass-review" not in (await desk.look(f"{case}/absences", by=BM, Casetrail_At="2026-06-03T10:00:00Z")).text


async def test_managers_and_governance_are_told_at_once_and_governance_each_day(followed: Desk, places: Databases, box: Letterbox):
    case = await opened(followed, "2026-03-30T09:00:00Z")
    conflicted = "business-manager//Con/bolton"
    people = (MANAGER, GOVERNANCE, conflicted, "business-manager///bury", "partnership-officer//Off/bolton")
    for n, person in enumerate(people):
        await asked(followed, person, f"p{n}@bolton.example")
    declared = {"kind": "perceived", "nature": "a cousin"}
    await followed.ask(f"{case}/declare-interest", declared, conflicted, Casetrail_At="2026-03-31T09:00:00Z")
    broken = await followed.ask(f"{case}/break-glass", WHY, NIGHT, Casetrail_At="2026-04-01T22:10:00Z")
    await followed.look(f"/clocks?partnership=bolton&after={broken.headers['Position']}")
    with reminding(places, box, datetime(2026, 4, 2, 6, 0, tzinfo=UTC)):  # before any digest
        end = clock.monotonic() + 20
        while len(box.letters) < 2:
            assert clock.monotonic() < end
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
    assert sorted(letter["To"] for letter in box.letters) == ["p0@bolton.example", "p1@bolton.example"]
    for letter in box.letters:
        assert letter["Subject"] == "Casetrail: somebody broke the glass"
        said = body(letter)
        assert "Wednesday 1 April 2026 at 23:10" in said
        assert f"https://casetrail.bolton.example/api/v1{case}/history?from_place=3" in said
        assert not [word for word in ("Infant", "Night", "twin", "ward", "person-", "Bea") if word in said]
    with reminding(places, box):
        rows = await until(places, ended)
    assert [(row.role, row.state, row.overdue, row.due) for row in rows] == [("information-governance", "sent", 0, 0)]
    digest = box.letters[-1]
    assert (digest["To"], digest["Subject"]) == ("p1@bolton.example", "Casetrail: 1 broken glass to judge")
    assert f"{case}/history?from_place=3" in body(digest)


async def test_what_was_judged_is_told_to_nobody(followed: Desk, places: Databases, box: Letterbox):
    case = await opened(followed, "2026-03-30T09:00:00Z")
    await asked(followed, GOVERNANCE)
    await followed.ask(f"{case}/break-glass", WHY, NIGHT, Casetrail_At="2026-04-01T22:10:00Z")
    review = {"grant": "grant-1", "outcome": "not-justified", "because": "nobody was at risk"}
    done = await followed.ask(f"{case}/review-break-glass", review, GOVERNANCE, Casetrail_At="2026-04-01T23:00:00Z")
    await followed.look(f"/clocks?partnership=bolton&after={done.headers['Position']}")
    with reminding(places, box):
        await asyncio.sleep(2)
    assert (await found(places), box.letters) == ([], [])


async def test_who_cannot_be_told_yet_is_told_later_under_the_same_id(followed: Desk, places: Databases, box: Letterbox):
    case = await opened(followed, "2026-03-30T09:00:00Z")
    await asked(followed, MANAGER)
    broken = await followed.ask(f"{case}/break-glass", WHY, NIGHT, Casetrail_At="2026-04-01T22:10:00Z")
    await followed.look(f"/clocks?partnership=bolton&after={broken.headers['Position']}")
    box.to_recipient = ["451 4.3.0 Try again later"]
    box.hang_up = True  # it is given the mail, and nobody hears what became of it
    with capture_logs() as logs, reminding(places, box, datetime(2026, 4, 2, 6, 0, tzinfo=UTC)):
        end = clock.monotonic() + 20
        while not any(line.get("state") == "sent" for line in logs if line["event"] == "broken-glass"):
            assert clock.monotonic() < end, logs
            box.hang_up = not box.letters
            await asyncio.sleep(0.05)
    told = [(line["state"], line.get("why")) for line in logs if line["event"] == "broken-glass"]
    assert told[0] == ("to-send", "smtp-451")
    assert ("to-send", "no-answer") in told
    assert len({letter["Message-ID"] for letter in box.letters}) == 1
    assert not any("bolton.example" in str(line.get("why")) or case in str(line) for line in logs if line["event"] == "broken-glass")
