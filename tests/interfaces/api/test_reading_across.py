"""Every list across cases shows somebody the cases that they may know of, of these the rows they may read, and no trace of the rest."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

import psycopg
import pytest

from application.outbox import Outbox
from application.reminders import Reminder
from application.store.store import Save, Store
from domain.access import AccessEnded, AccessGranted, GlassBroken
from domain.interests import InterestDeclared, InterestResolved
from domain.language import CaseEvent
from domain.stages.agency_reports import AgencyAsked
from domain.stages.commissioning import ReviewerAppointed, ReviewerRemoved
from domain.stages.notification import NotificationReceived, Notifier
from domain.stages.opening import CaseLinked, IncidentAmended
from domain.stages.participation import ParticipantInvited
from domain.stages.rapid_review import FacilitatorAssigned
from domain.stages.reopening import DecisionReopened
from domain.stages.threshold import DeputyAppointed, ThresholdDecided
from domain.working_days import NEWEST
from interfaces.api import events as feed
from interfaces.api.identity import Asker, who
from interfaces.databases import Databases
from interfaces.postman import Postman, Reminding
from projections.week import week
from tests.interfaces.api.conftest import Desk
from tests.interfaces.api.test_boards import three_cases
from tests.interfaces.api.test_exports import made
from tests.interfaces.api.test_themes import SUMMER, told

pytestmark = pytest.mark.anyio

BM, SCRUTINEER, LEAD = "business-manager//B Manager/bolton", "scrutineer//S/bolton", "lead-partner//L/bolton"
OFFICER, MEMBER, GOVERNANCE = "partnership-officer//O/bolton", "partnership-member/school/M/bolton", "information-governance//G/bolton"
REVIEWER, INSPECTOR, FACILITATOR = "reviewer//R/bolton", "inspector//I/bolton", "designated-health-practitioner//F/bolton"
BURY = "business-manager//B Manager/bury"
LISTS = ("/cases", "/clocks", "/clocks.csv", "/clocks.ics", "/events?limit=500")


async def recorded(desk: Desk, case: str, by: str, *happened: CaseEvent) -> str:
    """Something that happened on a case, and the position it was recorded at."""
    store = desk.service.store
    last = (await store.history(f"case/{case}"))[-1].header
    save = Save(
        stream=f"case/{case}", expected_place=last.place, on=last.on, by=await who(desk.service, by), procedure=last.procedure,
        calendar=last.calendar, command=str(uuid.uuid4()), events=happened,
    )  # fmt: skip
    return str((await store.append(save)).position)


async def person(desk: Desk, by: str) -> str:
    return (await who(desk.service, by)).person


async def seen(desk: Desk, path: str, by: str, cases: list[str], **headers: str) -> set[int]:
    """Which of these cases an answer says anything of, by their numbers."""
    answer = await desk.look(path, by, **headers)
    assert answer.status_code == 200, answer.text
    text = answer.text.replace("\r\n ", "")
    return {n for n, case in enumerate(cases) if case in text}


async def everywhere(desk: Desk, by: str, cases: list[str], query: str = "", **headers: str) -> list[set[int]]:
    """The same of each list; without words about the other partnership where none is asked about."""
    found = []
    for path in LISTS:
        found.append(await seen(desk, f"{path}{'&' if '?' in path else '?'}{query}", by, cases, **headers))
    return found


async def three(desk: Desk) -> list[str]:
    """Two cases of Bolton and, between them, one of Bury; every list knows of them."""
    cases, position = await three_cases(desk)
    for path in ("/cases", "/clocks", "/decisions"):
        assert (await desk.look(f"{path}?after={position}")).status_code == 200
    return cases


async def notifications_of_the_year(desk: Desk) -> int:
    """How many notifications the yearly figures count for the business manager."""
    items = (await desk.look("/figures?year=2026", BM)).json()["items"]
    return sum(item["clocks"] for item in items if item["clock"] == "serious-incident-notification")


async def test_whoever_declares_an_interest_is_out_of_every_list_with_the_next_question(followed: Desk, places: Databases):
    cases = await three(followed)
    _, path = await made(followed, BM, "partnership")
    assert await everywhere(followed, BM, cases) == [{0, 2}] * len(LISTS)
    found = (await followed.look("/clocks/week", BM)).json()
    today, overdue = date.fromisoformat(found["today"]), found["overdue"]
    sums = await followed.service.read_models.answer(lambda connection: week(connection, today, today=today, partnership="bolton"))
    assert found == sums.item(), "whoever reads them all is told the sums that are kept"

    assert await notifications_of_the_year(followed) == 2

    declared = await followed.ask(f"/cases/{cases[0]}/declare-interest", {"kind": "real", "nature": "a cousin"}, BM)
    assert declared.status_code == 200, declared.text

    assert await everywhere(followed, BM, cases) == [{2}] * len(LISTS)
    assert cases[0] not in (await followed.client.get(path)).text.replace("\r\n ", "")
    assert (await followed.look("/clocks/week", BM)).json()["overdue"] < overdue
    assert await notifications_of_the_year(followed) == 1
    assert await everywhere(followed, SCRUTINEER, cases) == [{0, 2}, {0, 2}, {0, 2}, {0, 2}, {0}], "of the events one may be theirs"
    await followed.look("/cases", BM)
    with psycopg.connect(places.owner_record) as owner:
        ((look,),) = owner.execute("SELECT record FROM looks ORDER BY number DESC LIMIT 1").fetchall()
    assert json.loads(bytes(look))["streams"] == [f"case/{cases[2]}"]

    await recorded(followed, cases[0], LEAD, InterestResolved(person=await person(followed, BM), how="the cousin moved"))
    assert await seen(followed, "/cases", BM, cases) == {0, 2}


async def test_a_page_is_full_and_says_nothing_of_what_is_left_out(followed: Desk):
    cases = await three(followed)
    third = await followed.open("Infant 3")
    await recorded(followed, cases[2], BM, InterestDeclared(kind="real", nature="a cousin"))
    position = await recorded(followed, third, LEAD, AccessEnded(person="person-" + "d" * 32))
    await followed.look(f"/cases?after={position}")
    first = (await followed.look("/cases?limit=1", BM)).json()
    second = (await followed.look(f"/cases?limit=1&cursor={first['next']}", BM)).json()
    assert [item["case"] for item in (*first["items"], *second["items"])] == [third, cases[0]]
    assert second["next"] is None
    await recorded(followed, cases[0], BM, InterestDeclared(kind="real", nature="a cousin"))
    assert (await followed.look("/cases?limit=1", BM)).json() | {"items": []} == {"items": [], "next": None}


async def test_a_page_takes_one_question_more_than_its_rows(followed: Desk, monkeypatch: pytest.MonkeyPatch):
    cases = await three(followed)
    asked: list[str] = []
    for name in ("behind", "entries", "histories"):
        question = getattr(Store, name)

        async def counted(self: Store, *which: Any, question: Any = question, name: str = name) -> Any:
            asked.append(name)
            return await question(self, *which)

        monkeypatch.setattr(Store, name, counted)
    for path, by in (("/cases", BM), ("/clocks?limit=200", BM), ("/decisions", BM), ("/clocks", SCRUTINEER), ("/cases", INSPECTOR)):
        asked.clear()
        await seen(followed, path, by, cases)
        assert asked in (["behind"], []), (path, by)
    asked.clear()
    await seen(followed, "/cases?partnership=bolton", BURY, cases)
    assert asked == [], "nothing is linked, so nothing is looked at"


async def test_another_partnership_sees_what_both_have_linked_and_of_that_its_kinds(followed: Desk):
    bolton, bury, other = await three(followed)
    cases = [bolton, bury, other]
    asked = "partnership=bolton"
    for by in (BURY, "scrutineer//S/bury", "information-governance//G/bury", "lead-partner//L/bury", "theme-analyst//T/bury"):
        assert await everywhere(followed, by, cases, asked) == [set()] * len(LISTS), by
    await recorded(followed, bury, BURY, CaseLinked(case=bolton, relation="same-incident"))
    assert await everywhere(followed, BURY, cases, asked) == [set()] * len(LISTS), "one side's link opens nothing"
    position = await recorded(followed, bolton, BM, CaseLinked(case=bury, relation="same-incident"))
    waiting = f"{asked}&after={position}"
    assert await seen(followed, f"/cases?{waiting}", BURY, cases) == {0}
    assert await seen(followed, f"/clocks?{waiting}", BURY, cases) == {0}
    assert await seen(followed, f"/events?{asked}", BURY, cases) == set(), "a neighbour reads nothing in full"
    assert await seen(followed, f"/cases?{waiting}", "scrutineer//S/bury", cases) == set()
    (item,) = (await followed.look(f"/cases?{waiting}", BURY)).json()["items"]
    assert item["case"] == bolton


async def test_who_is_let_in_by_an_event_sees_that_case_until_they_are_out(followed: Desk):
    cases = await three(followed)
    inspector, glass = await person(followed, INSPECTOR), "administrator//A/bolton"
    assert await everywhere(followed, INSPECTOR, cases) == [set()] * len(LISTS)
    position = await recorded(followed, cases[0], LEAD, AccessGranted(person=inspector, capacity="inspector", until=date(2026, 3, 20)))
    march, april = {"Casetrail_At": "2026-03-19T10:00:00+00:00"}, {"Casetrail_At": "2026-03-21T10:00:00+00:00"}
    await followed.look(f"/cases?after={position}")
    now = await followed.service.store.now()
    if now.date() <= date(2026, 3, 20):
        assert await everywhere(followed, INSPECTOR, cases) == [{0}] * len(LISTS)
    assert await everywhere(followed, INSPECTOR, cases, **april) == [set()] * len(LISTS)
    assert await everywhere(followed, INSPECTOR, cases, **march) == [set()] * len(LISTS), "it was recorded later than that"

    position = await recorded(followed, cases[0], LEAD, AccessGranted(person=inspector, capacity="inspector", until=date(2099, 1, 1)))
    assert await everywhere(followed, INSPECTOR, cases) == [{0}] * len(LISTS)
    await recorded(followed, cases[0], BM, AccessEnded(person=inspector))
    assert await everywhere(followed, INSPECTOR, cases) == [set()] * len(LISTS)
    until = (await followed.service.store.now()).replace(year=2099)
    position = await recorded(followed, cases[2], glass, GlassBroken(ref="g-1", until=until))
    assert await seen(followed, f"/cases?after={position}", glass, cases) == {2}


async def test_those_whom_an_event_names_see_their_case_and_a_removed_reviewer_none(followed: Desk):
    cases = await three(followed)
    everybody = {
        REVIEWER: ReviewerAppointed(candidate=await person(followed, REVIEWER), part="lead", source="external"),
        FACILITATOR: FacilitatorAssigned(role="designated-health-practitioner", person=await person(followed, FACILITATOR)),
        "participant//P/bolton": ParticipantInvited(
            participant=await person(followed, "participant//P/bolton"), kind="practitioner", information_given="a leaflet"
        ),
        "agency-author/hospital-trust/A/bolton": AgencyAsked(agency="hospital-trust", due_on=date(2026, 3, 20)),
        "notifier//Deputy/bolton": DeputyAppointed(
            partner="health", deputy=await person(followed, "notifier//Deputy/bolton"), delegation="on leave"
        ),
    }  # fmt: skip
    for by, event in everybody.items():
        assert await seen(followed, "/cases", by, cases) == set(), by
        position = await recorded(followed, cases[2], BM, event)
        assert await seen(followed, f"/cases?after={position}", by, cases) == {2}, by
    assert await seen(followed, "/cases", "agency-author/school/A/bolton", cases) == set()
    (report,) = (await followed.look(f"/clocks?after={position}", "agency-author/hospital-trust/A/bolton")).json()["items"]
    assert (report["clock"], report["case"]) == ("agency-report", cases[2]), "of their own agency, and of no other kind"
    assert await seen(followed, "/clocks", FACILITATOR, cases) == {2}

    await recorded(followed, cases[2], BM, ReviewerRemoved(candidate=await person(followed, REVIEWER)))
    assert await everywhere(followed, REVIEWER, cases) == [set()] * len(LISTS)


async def test_rows_of_a_kind_that_is_not_theirs_are_not_there(followed: Desk):
    cases = await three(followed)
    decided = ThresholdDecided(ref="threshold-1", threshold="serious", outcome="met", rationale="it was", then="rapid-review")
    position = await recorded(followed, cases[0], BM, decided, AgencyAsked(agency="hospital-trust", due_on=date(2026, 3, 20)))
    bm = (await followed.look(f"/clocks?after={position}&limit=200", BM)).json()["items"]
    assert {"serious-incident-notification", "agency-report"} <= {row["clock"] for row in bm}

    assert (await followed.look("/clocks?limit=200", MEMBER)).json()["items"] == []
    assert await seen(followed, "/cases", MEMBER, cases) == {0, 2}
    governed = (await followed.look("/clocks?limit=200", GOVERNANCE)).json()["items"]
    assert {row["clock"] for row in governed} >= {"agency-report"}
    assert not any("about" in row or "why" in row for row in governed)
    officer = {row["clock"] for row in (await followed.look("/clocks?limit=200", OFFICER)).json()["items"]}
    assert "serious-incident-notification" in officer
    for by in ("theme-analyst//T/bolton", "administrator//A/bolton", "notifier//N/bolton"):
        assert await everywhere(followed, by, cases) == [set()] * len(LISTS), by

    (area,) = {item.get("area") for item in (await followed.look("/cases", BM)).json()["items"]}
    assert area == "bolton"
    assert not any("area" in item for item in (await followed.look("/cases", MEMBER)).json()["items"])


async def test_a_decision_is_shown_as_on_its_case_and_not_found_by_what_is_hidden(followed: Desk):
    cases = await three(followed)
    decided = ThresholdDecided(ref="threshold-1", threshold="serious", outcome="met", rationale="it was", then="rapid-review")
    position = await recorded(followed, cases[0], BM, decided)
    manager = await person(followed, BM)

    async def register(by: str, query: str = "") -> list[dict[str, Any]]:
        answer = await followed.look(f"/decisions?after={position}{query}", by)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    (full,) = await register(BM)
    assert full["recorded_by"]["person"] == manager
    assert await register(BM, f"&decider={manager}") == [full]
    (under,) = await register(OFFICER)
    assert (under["outcome"], manager in json.dumps(under)) == ("met", False)
    assert under["recorded_by"]["person"].startswith("business-manager-")
    assert await register(OFFICER, f"&decider={manager}") == []
    (metadata,) = await register(GOVERNANCE)
    assert metadata.keys() == {"case", "label", "partnership", "position", "known_from", "events", "on", "at", "place"}
    assert await register(GOVERNANCE, "&outcome=met") == []
    assert await register(MEMBER) == await register("scrutineer//S/bury", "&partnership=bolton") == []


async def test_the_register_tells_of_a_notifier_only_to_whoever_reads_who_notified(followed: Desk):
    cases = await three(followed)
    ward = "notifier/hospital-trust/Ward/bolton"
    decided = ThresholdDecided(ref="threshold-1", threshold="serious", outcome="met", rationale="it was", then="rapid-review")
    await recorded(followed, cases[0], BM, decided)
    reopened = DecisionReopened(decision="threshold-1", trigger="new-information", cites="information-1")
    position = await recorded(followed, cases[0], ward, reopened)
    notifier = await person(followed, ward)

    async def by(reader: str) -> Any:
        (row,) = (await followed.look(f"/decisions?after={position}", reader)).json()["items"]
        assert row["recorded_by"]["person"] == await person(followed, BM)
        return row["reopened"][0]["by"]

    assert (await by(BM))["person"] == notifier
    assert await by(SCRUTINEER) == {"person": "notifier-2", "role": "notifier", "partnership": "bolton"}


async def test_a_count_or_a_calendar_finds_nothing_by_what_its_reader_is_not_shown(followed: Desk):
    cases = await three(followed)
    position = await recorded(followed, cases[0], BM, AgencyAsked(agency="hospital-trust", due_on=date(2026, 3, 20)))

    async def found(by: str, query: str) -> tuple[int, int, int]:
        rows = (await followed.look(f"/clocks?after={position}&{query}", by)).json()["items"]
        days = await followed.look(f"/clocks.ics?{query}", by)
        sums = (await followed.look(f"/clocks/week?of=2026-03-20&{query}", by)).json()
        return len(rows), days.text.count("BEGIN:VEVENT"), sum(day["due"] for day in sums["days"])

    for query in ("q=hospital-trust", "owed_by=hospital-trust"):
        assert await found(BM, query) == (1, 1, 1), query
        assert await found(GOVERNANCE, query) == (0, 0, 0), query
    assert await found(GOVERNANCE, "q=agency-report") == (1, 1, 1)
    (row,) = (await followed.look("/clocks?q=agency-report", GOVERNANCE)).json()["items"]
    assert "hospital-trust" not in json.dumps(row)


async def test_a_case_list_does_not_tell_that_an_area_was_amended(followed: Desk):
    cases = await three(followed)
    before = {by: (await followed.look("/cases?q=Infant%200", by)).json()["items"][0] for by in (BM, MEMBER)}
    position = await recorded(followed, cases[0], BM, IncidentAmended(area="wigan"))
    after = {by: (await followed.look(f"/cases?q=Infant%200&after={position}", by)).json()["items"][0] for by in (BM, MEMBER)}
    assert after[BM]["area"] == "wigan"
    assert after[BM]["known_from"] > before[BM]["known_from"]
    assert after[MEMBER]["known_from"] == before[MEMBER]["known_from"] == before[BM]["known_from"]
    assert not {"area", "events", "known_until"} & after[MEMBER].keys()


async def test_events_are_told_field_by_field_to_whoever_reads_their_kind(followed: Desk):
    cases = await three(followed)
    ward, glass = "notifier/hospital-trust/Ward/bolton", "scrutineer//Glass/bolton"
    form = NotificationReceived(
        notifier=Notifier(person=await person(followed, ward), name="Ottoline Brack", role_title="matron"), narrative="…", channel="portal"
    )  # fmt: skip
    await recorded(followed, cases[0], ward, form)
    until = (await followed.service.store.now()).replace(year=2099)
    last = await recorded(followed, cases[0], glass, GlassBroken(ref="g-1", until=until))

    async def form_as_told(by: str) -> dict[str, Any] | None:
        answer = await followed.look("/events?limit=500", by)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Position"] == last, "the position moves for everybody alike"
        found = [event["data"] for event in answer.json() if event["data"]["name"] == "notification-received"]
        return found[0] if found else None

    full = await form_as_told(BM)
    assert full is not None
    assert (full["by"]["person"], full["withheld"]) == (await person(followed, ward), ["notifier.name", "notifier.role_title", "narrative"])
    hidden = await form_as_told(glass)
    assert hidden is not None, "whoever broke the glass reads the notification, and not who notified"
    assert hidden["by"] == {"person": "notifier", "role": "notifier", "partnership": "bolton"}
    assert "notifier" in hidden["withheld"]
    assert await person(followed, ward) not in json.dumps(hidden)
    own = await form_as_told(ward)
    assert own is not None
    assert own["by"]["person"] == await person(followed, ward)
    for by in (SCRUTINEER, MEMBER, GOVERNANCE, REVIEWER):
        assert await form_as_told(by) is None, by


async def test_a_live_feed_goes_silent_for_whoever_is_shut_out(followed: Desk):
    cases = await three(followed)
    asker, at = Asker(by=await who(followed.service, BM), at=None), await followed.service.store.settled_position()
    live = feed._live(followed.service, asker, "bolton", at, None)
    assert await anext(live) == feed.AGAIN
    await recorded(followed, cases[0], SCRUTINEER, AgencyAsked(agency="hospital-trust", due_on=date(2026, 3, 20)))
    assert b"agency-asked" in await anext(live)
    await recorded(followed, cases[0], BM, InterestDeclared(kind="real", nature="a cousin"))
    await recorded(followed, cases[0], SCRUTINEER, AgencyAsked(agency="police", due_on=date(2026, 3, 20)))
    position = await recorded(followed, cases[2], SCRUTINEER, AgencyAsked(agency="police", due_on=date(2026, 3, 20)))
    after = await anext(live)
    while f"id: {position}\n".encode() not in after:
        assert b"data" not in after
        after = await anext(live)
    assert cases[2].encode() in after
    assert cases[0].encode() not in after
    await live.aclose()


async def test_a_live_feed_ends_for_whoever_is_not_in_that_post_any_more(followed: Desk):
    await followed.open()
    by = await who(followed.service, BM)

    async def in_another() -> Asker:
        return Asker(by=await who(followed.service, SCRUTINEER), at=None)

    live = feed._live(followed.service, Asker(by=by, at=None), None, 0, None, in_another)
    assert [part async for part in live] == [feed.AGAIN]


async def test_a_digest_names_no_case_that_its_reader_is_shut_out_of(followed: Desk):
    portal = "named-portal-user//P/bolton"
    cases = await three(followed)
    by = await who(followed.service, portal)
    reminder = Reminder(by.person, by.role, None, "bolton", None, await followed.service.store.now(), None, held=True)
    how = Reminding(server=None, at=None, base_url="")  # type: ignore[arg-type]  # nothing is sent
    post = Postman(followed.service, Outbox(followed.service.places.record), how)

    async def named() -> set[str]:
        due = await post.due(reminder, date(2026, 3, 6), NEWEST)
        return {row.case for row in (*due.overdue, *due.due)}

    assert await named() == {cases[0], cases[2]}
    await recorded(followed, cases[0], portal, InterestDeclared(kind="real", nature="a cousin"))
    assert await named() == {cases[2]}


async def test_themes_are_counted_and_opened_of_the_cases_that_they_may_read(followed: Desk):
    cases = await told(followed, 3, "2025-02-03T10:00:00+00:00")
    at = {"Casetrail_At": SUMMER}

    async def figure(by: str) -> tuple[int, set[str]]:
        answer = await followed.look("/themes/P5", by, **at)
        assert answer.status_code == 200, answer.text
        return answer.json()["children"], {*answer.json()["cases"]}

    assert await figure(BM) == (3, {*cases})
    declared = await followed.ask(f"/cases/{cases[0]}/declare-interest", {"kind": "real", "nature": "a cousin"}, BM, **at)
    assert declared.status_code == 200, declared.text
    assert await figure(BM) == (2, {*cases[1:]})
    for path in ("/themes", "/themes/P5/cases", "/themes/candidates", "/themes/completeness?code=P5&lacks=H1"):
        assert cases[0] not in (await followed.look(path, BM, **at)).text, path
        assert cases[1] in (await followed.look(path, BM, **at)).text, path
    assert (await followed.look("/themes/busiest?from=2025-01-01&until=2025-03-31", BM, **at)).json()["items"][0]["assigned"] == 2
    assert (await figure(SCRUTINEER))[0] == 3
    assert (await figure(REVIEWER))[0] == 0, "on none of them"
    assert (await followed.look("/themes?partnership=bolton", BURY, **at)).json()["items"] == []
    assert (await followed.look("/themes/changes?before=2025-Q1&then=2025-Q2&partnership=bolton", BURY, **at)).status_code == 403
    (candidate,) = (await followed.look("/themes/candidates", BM, **at)).json()["items"]
    assert (candidate["children"], "incidents" in candidate["history"][0]) == (2, False)
    behind = (await followed.look("/themes/P5/cases", "rapid-review-member//M/bolton", **at)).json()["items"]
    assert {child["counted_as"] for item in behind for child in item["children"]} == {"infant"}, "under pseudonyms"
    refused = await followed.look("/themes", "notifier//N/bolton", **at)
    assert (refused.status_code, "permission matrix" in refused.json()["detail"]) == (403, True)


async def test_whoever_may_not_read_a_notification_is_told_the_month_of_an_incident(followed: Desk):
    await told(followed, 3, "2025-02-03T10:00:00+00:00")
    at, group = {"Casetrail_At": SUMMER}, "review-group-member//G/bolton"

    async def items(path: str, by: str) -> list[dict[str, Any]]:
        answer = await followed.look(path, by, **at)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    for by in (BM, "rapid-review-member//M/bolton"):
        assert {item["day"] for item in await items("/themes/P5/cases", by)} == {"2025-01-12"}, by
        assert [len(await items(f"/themes/P5/cases?from={day}", by)) for day in ("2025-01-12", "2025-01-13")] == [3, 0], by
    assert {item["month"] for item in await items("/themes/P5/cases", group)} == {"2025-01"}
    for path in ("/themes", "/themes/P5/cases", "/themes/panel", "/themes/candidates", "/themes/annual?year=2024/25"):
        assert "2025-01-12" not in json.dumps(await items(path, group)), path
    assert (await items("/themes", group))[0]["first_month"] == "2025-01"
    for window, many in (("from=2025-01-13", 3), ("until=2025-01-11", 3), ("from=2025-02-01", 0), ("until=2024-12-31", 0)):
        assert len(await items(f"/themes/P5/cases?{window}", group)) == many, window
