"""Every look is noted before it is answered: by any route, shown or refused; and whoever asks is told who looked."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest

from application.policy.policies import Policies
from application.rehearsal import digest
from interfaces.databases import Databases
from interfaces.publishing import publish_now
from projections import VIEWS
from tests.interfaces.api.conftest import BM, LA, PORTAL, Desk
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

AWARE = {"authority": "bolton", "how": "the hospital rang"}
PAPER = b"the scan"
NOTIFIER = {"name": "N", "role_title": "t", "organisation": "ward"}

LOOKS_AT_NOTHING = (
    "/api/v1/procedures", "/api/v1/procedures/{edition}", "/api/v1/calendars", "/api/v1/calendar-feeds", "/api/v1/reminders",
)  # fmt: skip
"""Rules, calendars and what somebody set up themselves; and everything of the ledger."""

PARAMETERS: dict[str, dict[str, str]] = {
    "/api/v1/figures": {"year": "2026"},
    "/api/v1/themes/changes": {"before": "2025-Q1", "then": "2025-Q2", "partnership": "bolton"},
    "/api/v1/themes/completeness": {"code": "H1.1", "lacks": "P2.2"},
    "/api/v1/themes/busiest": {"from": "2025-01-01", "until": "2026-12-31"},
    "/api/v1/themes/{code}": {"partnership": "bolton"},
    "/api/v1/themes/{code}/trend": {"partnership": "bolton"},
}

Asked = Callable[[], list[dict[str, Any]]]


@pytest.fixture
async def noted(places: Databases) -> AsyncIterator[Asked]:
    """The looks of the store, in the order noted."""
    with psycopg.connect(places.owner_record, autocommit=True) as owner:
        yield lambda: [json.loads(bytes(r)) for (r,) in owner.execute("SELECT record FROM looks ORDER BY number").fetchall()]


async def put(desk: Desk, case: str, content: bytes = PAPER) -> str:
    await desk.client.put(f"/cases/{case}/documents", content=content, headers={"Casetrail-Person": BM})
    return hashlib.sha256(content).hexdigest()


async def caught_up(desk: Desk) -> None:
    """Once the read models know what is recorded."""
    position = await desk.service.store.settled_position()
    for view in VIEWS:
        assert await desk.service.read_models.reached(view.name, position, 30) is not None


# --- no route can leave it out


async def test_each_route_notes_a_look_or_shows_nothing_of_a_case(followed: Desk, noted: Asked, places: Databases):
    case = await followed.open()
    token = (await followed.client.post("/calendar-feeds?of=partnership&partnership=bolton", headers={"Casetrail-Person": BM})).json()[
        "path"
    ]
    at = {
        "case": case, "digest": await put(followed, case), "code": "H1", "edition": "england-2025", "candidate": "bolton-H1",
        "token": token.rpartition("/")[2].removesuffix(".ics"),
    }  # fmt: skip
    await caught_up(followed)
    await asyncio.to_thread(publish_now, places)  # for the case file
    paths = (await followed.look("/openapi.json")).json()["paths"]
    views = set()
    for path, methods in paths.items():
        if "get" not in methods or path.startswith("/api/v1/ledger"):
            continue
        before = len(noted())  # what stands outside /api/v1 is for operators and for signing in
        url = f"http://casetrail{path.format(**at)}"
        headers = {"Casetrail-Person": f"{BM}///bolton"} if "{token}" not in path else {}
        answer = await followed.client.get(url, params=PARAMETERS.get(path, {}), headers=headers)
        found = noted()[before:]
        if path in LOOKS_AT_NOTHING or not path.startswith("/api/v1/"):
            assert found == [], path
            continue
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), (path, answer.text)
        assert len(found) == 1, path
        (look,) = found
        assert (look["outcome"], look["position"]) == ("shown", int(answer.headers["Position"])), path
        if "{case}" in path:
            assert look["streams"] == [f"case/{case}"], path
        views.add(look["view"])
    assert {"overview", "history", "clocks", "decisions", "access", "document", "cases", "board", "register", "themes", "feed"} <= views


async def test_what_shows_a_case_says_which_in_every_form(followed: Desk, noted: Asked):
    cases = {f"case/{await followed.open(f'Infant {n}')}" for n in range(3)}
    for case in cases:
        await followed.ask(f"/cases/{case.removeprefix('case/')}/record-awareness", AWARE, LA)
    position = (await followed.look("/cases")).headers["Position"]
    for page in ("/cases", "/clocks", "/clocks.csv", "/clocks.xlsx", "/clocks.ics"):
        answer = await followed.look(f"{page}?after={position}&partnership=bolton", Casetrail_Because="the board meets")
        assert answer.status_code == 200, page
        look = noted()[-1]
        assert {*look["streams"]} == cases, page
        assert len(look["streams"]) == 3
        assert "place" not in look
        assert {*look["reason"]} == {"c", "e", "k"}


# --- what a look says


async def test_a_look_is_told_with_who_when_why_and_how_far(desk: Desk, noted: Asked):
    case = await desk.open()
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    why = "die Großmutter fragte nach"
    headers = {b"Casetrail-Person": b"delegated-partner/police", b"Casetrail-Because": why.encode()}
    assert (await desk.client.get(f"/cases/{case}/history", headers=headers)).status_code == 200
    items = (await desk.look(f"/cases/{case}/access")).json()["items"]
    (look,) = items
    assert (look["view"], look["outcome"], look["place"], look["break_glass"]) == ("history", "shown", 2, False)
    assert (look["capacity"], look["policy"], look["because"]) == ("delegated-partner", Policies.shipped().edition, why)
    assert look["by"]["organisation"] == "police"
    assert why not in json.dumps(noted(), ensure_ascii=False)
    # asking who looked was a look as well
    again = (await desk.look(f"/cases/{case}/access")).json()["items"]
    assert [item["view"] for item in again] == ["history", "access"]
    assert "place" not in again[1]


async def test_who_looked_is_asked_by_time_view_and_person_page_by_page(desk: Desk):
    case = await desk.open()
    people = ("scrutineer//Ada", "scrutineer//Bea")
    for by in people:
        for page in ("", "/history", "/clocks"):
            await desk.look(f"/cases/{case}{page}", by=by)
    every = (await desk.look(f"/cases/{case}/access")).json()["items"]
    assert len(every) == 6
    of = {item["by"]["person"] for item in every}
    assert len(of) == 2
    one = every[0]["by"]["person"]
    assert len((await desk.look(f"/cases/{case}/access?person={one}")).json()["items"]) == 3
    both = (await desk.look(f"/cases/{case}/access?view=overview&view=clocks")).json()["items"]
    assert [item["view"] for item in both] == ["overview", "clocks"] * 2
    between = f"from={every[1]['at']}&until={every[2]['at']}"
    assert [item["look"] for item in (await desk.look(f"/cases/{case}/access?{between}")).json()["items"]] == [
        e["look"] for e in every[1:3]
    ]
    paged, cursor = [], ""
    while cursor is not None:
        page = (
            await desk.look(f"/cases/{case}/access?view=overview&view=history&view=clocks&limit=4{cursor and f'&cursor={cursor}'}")
        ).json()
        paged += page["items"]
        cursor = page["next"]
    assert [item["look"] for item in paged] == [item["look"] for item in every]
    for wrong in ("cursor=here", "from=monday", "person=Ada"):
        assert (await desk.look(f"/cases/{case}/access?{wrong}")).status_code == 422


async def test_the_past_that_was_asked_about_is_told(desk: Desk, noted: Asked):
    case = await desk.open()
    opened = (await desk.look(f"/cases/{case}/history")).json()["items"][0]["at"]
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    await desk.look(f"/cases/{case}?as_of={opened}")
    await desk.look(f"/cases/{case}?place=1")
    then, place = noted()[-2:]
    assert (then["as_of"], then["place"], place["place"]) == (opened, 1, 1)
    assert "as_of" not in place


async def test_head_and_304_count(desk: Desk, noted: Asked):
    case = await desk.open()
    await desk.look(f"/cases/{case}", method="HEAD")
    etag = (await desk.look(f"/cases/{case}/clocks")).headers["ETag"]
    assert (await desk.look(f"/cases/{case}/clocks", If_None_Match=etag)).status_code == 304
    assert [look["view"] for look in noted()] == ["overview", "clocks", "clocks"]


async def test_a_reason_longer_than_a_reason_is_refused(desk: Desk, noted: Asked):
    case = await desk.open()
    answer = await desk.look(f"/cases/{case}", Casetrail_Because="x" * 1001)
    assert answer.status_code == 422
    assert noted() == []


# --- tries


async def test_what_is_done_is_no_look_and_what_is_refused_or_missed_is_one(desk: Desk, noted: Asked):
    case = await desk.open()
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    assert noted() == []
    tries = [
        (await desk.ask(f"/cases/{case}/acknowledge-notification", {"to": "ward", "channel": "secure-email"}), 409),
        (await desk.ask(f"/cases/{case}/declare-interest", {"nature": "n"}, "theme-analyst", Casetrail_Because="by mistake"), None),
        (await desk.ask(f"/cases/{case}/notify-panel", {"portal_reference": "P", "children": ["infant-x"]}, "theme-analyst"), 403),
        (await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA, if_match='"1"'), 412),
        (await desk.ask(f"/cases/{case}/record-awareness?dry_run=true", AWARE, LA), 200),
        (await desk.ask("/cases", CASE, LA), 409),
        (await desk.look(f"/cases/{case}/documents/{'a' * 64}"), 404),
        (await desk.look(f"/cases/{case}?as_of=2020-01-01T00:00:00Z"), 404),
    ]
    assert all(status in (None, answer.status_code) for answer, status in tries)
    found = [
        (look["view"], look["outcome"], look.get("streams"), look.get("place")) for look in noted() if look["view"] != "declare-interest"
    ]
    this = [f"case/{case}"]
    assert found == [
        ("acknowledge-notification", "refused", this, None),
        ("notify-panel", "refused", this, None),
        ("record-awareness", "shown", this, None),
        ("record-awareness", "shown", this, None),
        ("open-case", "refused", None, None),
        ("document", "refused", this, None),
        ("overview", "refused", this, None),
    ]
    assert all("documents" not in look for look in noted())


async def test_nothing_is_fetched_ahead_and_nothing_noted_for_it(desk: Desk, noted: Asked):
    case = await desk.open()
    assert (await desk.look(f"/cases/{case}/access", Sec_Purpose="prefetch")).status_code == 400
    assert noted() == []


# --- calendars that programs fetch


async def test_a_calendar_that_is_unchanged_is_one_look_a_day(followed: Desk, noted: Asked):
    case = await followed.open()
    await caught_up(followed)
    made = await followed.client.post("/calendar-feeds?of=partnership&partnership=bolton", headers={"Casetrail-Person": BM})
    feed = f"http://casetrail{made.json()['path']}"
    for _ in range(3):
        assert (await followed.client.get(feed)).status_code == 200
    empty = noted()
    assert len(empty) == 1
    told = await followed.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    await followed.look(f"/clocks?after={told.headers['Position']}")
    for _ in range(3):
        etag = (await followed.client.get(feed)).headers["ETag"]
        assert (await followed.client.get(feed, headers={"If-None-Match": etag})).status_code == 304
    feeds = [look for look in noted() if look["view"] == "feed"]
    assert len(feeds) == 2
    assert feeds[1]["streams"] == [f"case/{case}"]
    assert feeds[1]["by"]["role"] == "business-manager"


# --- what cannot be noted


async def test_a_look_that_cannot_be_noted_is_not_answered(followed: Desk, noted: Asked, places: Databases):
    case = await followed.open()
    paper = await put(followed, case)
    await caught_up(followed)
    pages = [
        f"/cases/{case}",
        f"/cases/{case}/history",
        f"/cases/{case}/documents/{paper}",
        "/cases?partnership=bolton",
        f"/cases/{case}/access",
    ]
    for page in pages:
        assert (await followed.look(page)).status_code == 200
    followed.service.looks._noting._patience = 0.3
    with psycopg.connect(places.owner_record) as hanging:
        hanging.execute("LOCK TABLE looks IN EXCLUSIVE MODE")
        answers = [await followed.look(page) for page in pages]
        answers.append(await followed.ask(f"/cases/{case}/record-awareness", AWARE, LA, if_match='"9"'))
        answers.append(await followed.ask(f"/cases/{case}/record-awareness?dry_run=true", AWARE, LA))
        done = await followed.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    assert done.status_code == 200  # what is done is recorded, and no look
    for answer in answers:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert not {"Position", "ETag", "Content-Disposition"} & {*answer.headers}
        assert all(word not in answer.text for word in ("Infant", case, "scan", "record-awareness"))
    followed.service.looks._noting._patience = 5.0
    assert (await followed.look(f"/cases/{case}")).status_code == 200


async def test_looks_of_many_share_commits(desk: Desk, noted: Asked):
    case = await desk.open()
    await desk.look(f"/cases/{case}")
    before = desk.service.looks._noting.batches
    answers = await asyncio.gather(*(desk.look(f"/cases/{case}/clocks") for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(noted()) == 41
    assert desk.service.looks._noting.batches - before < 40


# --- what those who decide had before them


async def test_what_they_had_been_shown_is_frozen_with_their_decision(desk: Desk, noted: Asked):
    case = await desk.open(route="organisation")
    health, paper = "delegated-partner/health", await put(desk, case)
    for command, fields, by in (
        ("discuss-notification", {"with_role": "named-professional", "lived_experience": "l", "rationale": "r"}, "notifier/ward"),
        ("record-notification-consent", {"subject": "mother", "outcome": "given", "lawful_basis": "b"}, "notifier/ward"),
        ("submit-notification", {"notifier": NOTIFIER, "narrative": "n", "channel": "secure-email"}, "notifier/ward"),
        ("share-with-partner", {"partner": "health", "channel": "secure-email", "what": [paper]}, BM),
    ):  # fmt: skip
        answer = await desk.ask(f"/cases/{case}/{command}", fields, by)
        assert answer.status_code == 200, answer.text
    place = int((await desk.look(f"/cases/{case}", by=health)).headers["ETag"].strip('"'))
    await desk.look(f"/cases/{case}/documents/{paper}", by=health)
    await desk.look(f"/cases/{case}/documents/{digest('another')}", by=health)  # not held: not opened
    await desk.look(f"/cases/{case}", by="delegated-partner/police")
    mine = [look["id"] for look in noted() if look["by"].get("organisation") == "health" and look["outcome"] == "shown"]
    position = {"partner": "health", "question": "serious", "position": "met", "rationale": "r", "ref": "threshold-1"}
    answer = await desk.ask(f"/cases/{case}/record-partner-position", position, health, if_match=f'"{place}"')
    assert answer.status_code == 200, answer.text
    history = await desk.service.store.history(f"case/{case}")
    information = history[-1].header.information
    assert information is not None
    assert (information["shown"], information["opened"], information["seen"]) == (mine, [paper], place)
    assert len(mine) == 2


async def test_a_list_of_nothing_is_a_look_all_the_same(followed: Desk, noted: Asked):
    assert (await followed.look("/cases?after=1", by=PORTAL)).json()["items"] == []
    (look,) = noted()
    assert (look["view"], look["capacity"]) == ("cases", "named-portal-user")
    assert "streams" not in look
