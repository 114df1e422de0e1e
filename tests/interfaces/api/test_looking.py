"""Looking at one case: what you just wrote is there, the past is a slice, and every answer says the position it is true at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.interfaces.api.conftest import BM, LA, Desk
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

AWARE = {"authority": "bolton", "how": "the hospital rang"}
PAGES = ("", "/allowed", "/history", "/clocks", "/decisions", "/escalations", "/absences")


async def test_every_page_of_a_case_says_where_it_is_true_and_is_stored_nowhere(desk: Desk):
    case = await desk.open()
    for page in PAGES:
        answer = await desk.look(f"/cases/{case}{page}")
        assert answer.status_code == 200, page
        assert int(answer.headers["Position"]) >= 8
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["ETag"].startswith('"1')


async def test_what_you_just_wrote_is_there(desk: Desk):
    case = await desk.open()
    written = await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    answer = await desk.look(f"/cases/{case}/clocks?after={written.headers['Position']}")
    (clock,) = answer.json()["items"]
    assert clock["clock"] == "serious-incident-notification"
    assert {"from", "due", "verdict", "owed_by", "rule", "source", "procedure", "calendar", "events", "arithmetic"} <= {*clock}
    assert clock["events"] == [2]


async def test_a_history_item_has_its_envelope_its_fields_and_a_sentence(desk: Desk):
    case = await desk.open()
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    first, second = (await desk.look(f"/cases/{case}/history")).json()["items"]
    assert {"place", "position", "name", "at", "on", "by", "procedure", "calendar", "command", "fields", "sentence"} <= {*second}
    assert second["fields"]["how"] == "the hospital rang"
    assert second["procedure"] == {"local": "bolton", "national": "england-2025"}
    (only,) = (await desk.look(f"/cases/{case}/history?from_place=2")).json()["items"]
    assert only == second != first


async def test_the_past_is_a_slice_by_the_instant_of_recording(desk: Desk):
    case = await desk.open()
    opened = (await desk.look(f"/cases/{case}/history")).json()["items"][0]["at"]
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    then = (await desk.look(f"/cases/{case}/history?as_of={opened}")).json()["items"]
    assert [item["name"] for item in then] == ["case-opened"]  # as_of includes its instant
    assert (await desk.look(f"/cases/{case}/clocks?as_of={opened}")).json()["items"] == []
    assert (await desk.look(f"/cases/{case}?place=1")).json()["place"] == 1
    assert (await desk.look(f"/cases/{case}?place=1")).headers["ETag"] == '"1"'
    assert (await desk.look(f"/cases/{case}?as_of=2020-01-01T00:00:00Z")).status_code == 404


async def test_nobody_knows_what_will_have_been_recorded(desk: Desk):
    case = await desk.open()
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat().replace("+", "%2B")
    for page in (f"/cases/{case}", "/cases", "/clocks", "/themes"):
        answer = await desk.look(f"{page}?as_of={later}")
        assert answer.status_code == 422, page
        assert [error["field"] for error in answer.json()["errors"]] == ["as_of"]


async def test_in_a_rehearsal_one_may_look_at_a_chosen_instant(desk: Desk):
    at = "2026-03-02T10:00:00+00:00"
    opened = await desk.ask("/cases", CASE, LA, Casetrail_At=at)
    case = opened.json()["case"]
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA, Casetrail_At="2026-03-02T11:00:00+00:00")
    day = (await desk.look(f"/cases/{case}/clocks", Casetrail_At="2026-03-09T09:00:00+00:00")).json()["items"][0]
    later = (await desk.look(f"/cases/{case}/clocks", Casetrail_At="2026-03-12T09:00:00+00:00")).json()["items"][0]
    assert (day["due"], day["verdict"]) == ("2026-03-09", "running")
    assert (later["verdict"], later["overdue_by"]) == ("overdue", 3)
    before = await desk.look(f"/cases/{case}/history", Casetrail_At=at)
    assert len(before.json()["items"]) == 1


async def test_clocks_that_are_known_already_are_not_sent_again(desk: Desk):
    case = await desk.open()
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    first = await desk.look(f"/cases/{case}/clocks")
    again = await desk.look(f"/cases/{case}/clocks", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    await desk.ask(f"/cases/{case}/confirm-serious-incident", {"basis": "b"}, LA)
    assert (await desk.look(f"/cases/{case}/clocks", If_None_Match=first.headers["ETag"])).status_code == 200


async def test_head_is_get_without_its_body(desk: Desk):
    case = await desk.open()
    for page in (*PAGES, "/../../procedures", "/../../calendars"):
        head, get = await desk.look(f"/cases/{case}{page}", method="HEAD"), await desk.look(f"/cases/{case}{page}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == get.headers["Content-Length"]
        assert head.headers.get("ETag") == get.headers.get("ETag")


async def test_nothing_about_a_case_is_fetched_ahead(desk: Desk):
    case = await desk.open()
    for page in (f"/cases/{case}", f"/cases/{case}/history", "/cases", "/clocks", "/themes"):
        assert (await desk.look(page, Sec_Purpose="prefetch;prerender")).status_code == 400


async def test_a_position_that_is_not_there_in_time_is_asked_for_again(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interfaces.wiring.PATIENCE", 0.05)
    case = await desk.open()
    for page in (f"/cases/{case}", "/themes", "/cases", "/clocks"):
        answer = await desk.look(f"{page}?after=4000")
        assert answer.status_code == 503, page
        assert answer.headers["Retry-After"]


async def test_what_may_be_asked_now_and_what_refuses_the_rest(desk: Desk):
    case = await desk.open()
    told = (await desk.look(f"/cases/{case}/allowed", LA)).json()
    assert "record-awareness" in told["allowed"]
    assert "notify-panel" not in [*told["allowed"], *(refused["command"] for refused in told["refused"])]
    manager = (await desk.look(f"/cases/{case}/allowed", BM)).json()["refused"]
    assert all(refused["sentence"].endswith(".") and "rule" in refused for refused in manager)


async def test_a_case_that_does_not_exist_is_not_found(desk: Desk):
    for page in PAGES:
        assert (await desk.look(f"/cases/nobody{page}")).status_code == 404
    assert (await desk.look("/cases/no%00body")).status_code == 422
    assert (await desk.look(f"/cases/{'x' * 81}")).status_code == 422


async def test_rules_are_data(desk: Desk):
    editions = {edition["edition"]: edition for edition in (await desk.look("/procedures")).json()["items"]}
    assert editions["england-2025"]["in_force_from"] == "2025-06-01"
    bolton = (await desk.look("/procedures/bolton")).json()
    assert all(row["source"] and row["rule"] for row in bolton["clocks"])
    assert (await desk.look("/procedures/atlantis")).status_code == 404
    (calendar,) = (await desk.look("/calendars")).json()["items"]
    assert {"date": "2026-12-25", "name": "Christmas Day"} in calendar["holidays"]


async def test_the_tracker_counts_children_incidents_and_notifications(followed: Desk):
    for n in range(3):
        case = await followed.open(f"Infant {n}")
        await followed.ask(f"/cases/{case}/record-awareness", AWARE, LA)
        await followed.ask(f"/cases/{case}/confirm-serious-incident", {"basis": "b"}, LA)
        await followed.ask(f"/cases/{case}/notify-panel", {"portal_reference": f"P-{n}", "children": ["infant-x"]}, "named-portal-user")
        themed = await followed.ask(f"/cases/{case}/assign-theme", {"codes": ["P5"], "standing": "confirmed", "basis": "notification"})
        assert themed.status_code == 200, themed.text
    figures = (await followed.look("/themes/P5?partnership=bolton")).json()
    assert (figures["children"], figures["incidents"], figures["notifications"]) == (3, 3, 3)
    assert [item["code"] for item in (await followed.look("/themes", by="business-manager///bolton")).json()["items"]].count("P5") == 1
    (candidate,) = (await followed.look("/themes/candidates")).json()["items"]
    assert (candidate["candidate"], candidate["state"]) == ("bolton-P5", "open")
    assert (await followed.look("/themes/H1?partnership=bolton")).json()["children"] == 0
    assert (await followed.look("/themes/Z9?partnership=bolton")).status_code == 404
    assert (await followed.look("/themes/P5")).status_code == 422


async def test_health_says_what_is_wanting(desk: Desk):
    live = await desk.client.get("/../../health/live")
    assert live.json() == {"status": "live"}
    ready = await desk.client.get("/../../health/ready")
    assert ready.status_code == 503  # nobody follows the read models of this store
    assert ready.json()["database"] == "there"
    assert "made" in ready.json()["views"]["deadlines"]["fault"]


async def test_who_stands_behind_a_pseudonym_is_told_to_those_who_may_know_everybody(desk: Desk):
    case = await desk.open()
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    scrutineer = "scrutineer//Hepzibah/bolton"
    pseudonym = (await desk.look(f"/cases/{case}/history", by=scrutineer)).json()["items"][0]["by"]["person"]
    person = (await desk.look(f"/cases/{case}/history")).json()["items"][0]["by"]["person"]
    assert {"pseudonym": pseudonym, "person": person} in (await desk.look(f"/cases/{case}/pseudonyms")).json()["items"]
    assert (await desk.look(f"/cases/{case}/pseudonyms", by=scrutineer)).status_code == 403
