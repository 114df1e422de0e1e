"""Who is let near a case with a command, and what they are told of it: nothing that is not theirs to know."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx
import pytest

from application.store.connections import Connections
from application.store.line import Line
from tests.interfaces.api.conftest import BM, LA, PORTAL, Desk
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

AWARE = {"authority": "bolton", "how": "the hospital rang"}
INTEREST = {"kind": "perceived", "nature": "lives next door"}
THERE_IS_NONE = "There is no such case, or none that you may know of."
HOLD = {"scope": "interview", "asked_by": "police", "basis": "b", "review_on": "2030-01-01"}
STRANGERS = (
    ("declare-interest", INTEREST, "inspector//Unknown/bolton"),
    ("declare-interest", INTEREST, "parent//Mother/bolton"),
    ("check-anonymisation", {"digest": "a" * 64}, "designated-health-practitioner//Dr Nobody/bolton"),
    ("submit-agency-report", {"agency": "ward", "report_digest": "a" * 64, "quality_assured_by": "head"}, "agency-author/ward/Ann/bolton"),
    ("record-participation", {"participant": "participant//Eve/bolton", "outcome": "agreed"}, "participant//Eve/bolton"),
    ("escalate-challenge", {"challenge": "challenge-1", "level": 2, "heard_by": ["lead-partner"]}, "notifier/ward/Nan/bolton"),
    ("record-escalation-view", {"challenge": "challenge-1", "view": "v"}, "reviewer//Rae/bolton"),
    ("withdraw-notification", {"because": "b"}, "business-manager///bury"),
    ("break-glass", {"because": "curious"}, "business-manager///bury"),
    ("place-hold", HOLD, "designated-health-practitioner//Dr Nobody/bolton"),
)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement that is put to a database."""
    found: list[str] = []
    with monkeypatch.context() as patched:
        for kind in (Connections, Line):
            real: Any = kind.ask

            async def ask(self: Any, query: str, params: Any = (), real: Any = real) -> Any:
                found.append(query)
                return await real(self, query, params)

            patched.setattr(kind, "ask", ask)
        yield found


async def cost(desk: Desk, monkeypatch: pytest.MonkeyPatch, path: str, fields: dict[str, Any], by: str) -> tuple[httpx.Response, list[str]]:
    """The answer, and the fewest statements that it took: now and then the time there is asked anew, whatever was asked."""
    tries = []
    for _ in range(3):
        with counted(monkeypatch) as statements:
            answer = await desk.ask(path, fields, by)
        tries.append((len(statements), statements, answer))
    _, statements, answer = min(tries, key=lambda one: one[0])
    return answer, statements


def same(one: httpx.Response, other: httpx.Response) -> bool:
    return (one.status_code, one.content, one.headers) == (other.status_code, other.content, other.headers)


# --- whether there is such a case


@pytest.mark.parametrize("dry_run", ["", "?dry_run=true"])
async def test_a_case_one_may_not_know_of_is_no_case(desk: Desk, monkeypatch: pytest.MonkeyPatch, dry_run: str):
    ours, theirs = await desk.open("Ours"), await desk.open("Theirs")
    linked = await desk.ask(f"/cases/{ours}/link-case", {"case": theirs, "relation": "cross-area"})
    assert linked.status_code == 200, linked.text
    nowhere = "0f9d3b52-6f0e-4d0e-9d57-1f0a51c1b8a1"
    for command, fields, by in STRANGERS:
        there, paid = await cost(desk, monkeypatch, f"/cases/{ours}/{command}{dry_run}", fields, by)
        away, paid_there = await cost(desk, monkeypatch, f"/cases/{nowhere}/{command}{dry_run}", fields, by)
        assert (there.status_code, there.json().get("detail")) == (404, THERE_IS_NONE), (command, by, there.text)
        assert same(there, away), (command, by)
        assert sorted(paid) == sorted(paid_there), (command, by)


@pytest.mark.parametrize("by", ["parent//Mother/bolton", "business-manager///bury", "theme-analyst///bolton"])
async def test_so_it_is_for_whoever_looks(desk: Desk, monkeypatch: pytest.MonkeyPatch, by: str):
    ours, theirs = await desk.open("Ours"), await desk.open("Theirs")
    await desk.ask(f"/cases/{ours}/link-case", {"case": theirs, "relation": "cross-area"})
    for page in ("", "/history", "/allowed", "/access", "/clocks", f"/documents/{'a' * 64}"):
        paid = {}
        for case in (ours, "nowhere"):
            tries = []
            for _ in range(3):
                with counted(monkeypatch) as statements:
                    answer = await desk.look(f"/cases/{case}{page}", by=by)
                tries.append((len(statements), sorted(statements), answer))
            paid[case] = min(tries, key=lambda one: one[0])
        assert paid[ours][2].status_code == 404, page
        assert same(paid[ours][2], paid["nowhere"][2]), page
        assert paid[ours][1] == paid["nowhere"][1], page


async def test_it_costs_the_same_for_a_service_that_has_not_read_the_case_yet(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    case = await desk.open()
    desk.service.cases._cached._known.clear()
    stranger = "agency-author/ward/Ann/bolton"
    await desk.ask("/cases/elsewhere/place-hold", HOLD, stranger)  # whoever asks for the first time is written into the register
    with counted(monkeypatch) as there:
        await desk.ask(f"/cases/{case}/place-hold", HOLD, stranger)
    with counted(monkeypatch) as away:
        await desk.ask("/cases/nowhere/place-hold", HOLD, stranger)
    assert [s for s in there if "settled" not in s] == [s for s in away if "settled" not in s]


async def test_a_role_that_is_given_a_command_on_no_case_is_told_so_without_looking(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    case = await desk.open()
    for by in ("theme-analyst", "administrator"):
        fields = {"portal_reference": "P-1", "children": ["infant-x"]}
        there, paid = await cost(desk, monkeypatch, f"/cases/{case}/notify-panel", fields, by)
        away, paid_there = await cost(desk, monkeypatch, "/cases/nowhere/notify-panel", fields, by)
        assert there.status_code == 403
        assert "it is for a named portal user (permission matrix)." in there.json()["detail"]
        assert same(there, away)
        assert paid == paid_there
    health = await desk.ask(
        f"/cases/{case}/determine-criteria-not-met", {"evidence": "e", "panel_informed": True}, "delegated-partner/health"
    )
    assert health.status_code == 403
    persons = [await desk.ask(f"/cases/{c}/raise-challenge", {"decision": "d", "organisation": "o", "grounds": "g"}, "parent//M")
               for c in (case, "nowhere")]  # fmt: skip
    assert [(a.status_code, a.json()["rule"]) for a in persons] == [(409, "X-16")] * 2
    assert same(*persons)


async def test_whoever_knows_the_case_is_told_the_rule(desk: Desk):
    case = await desk.open()
    answer = await desk.ask(f"/cases/{case}/place-hold", HOLD, "scrutineer")
    assert answer.status_code == 403
    assert "it is for a business manager (permission matrix)." in answer.json()["detail"]
    assert "Infant" not in answer.text


async def test_whom_the_command_itself_admits_goes_on(desk: Desk):
    case = await desk.open()
    assert (await desk.ask(f"/cases/{case}/break-glass", {"because": "missing tonight"}, "agency-author/ward/Ann")).status_code == 200
    assert (await desk.ask(f"/cases/{case}/record-awareness", AWARE, f"{LA}//Somebody else")).status_code == 200
    candidate = "reviewer//Rae Thorne"
    declared = {"candidate": candidate, **INTEREST}
    assert (await desk.ask(f"/cases/{case}/declare-reviewer-interest", declared, candidate)).status_code == 404
    interested = {"candidate": candidate, "source": "external", "employer": "herself"}
    await desk.ask(f"/cases/{case}/receive-expression-of-interest", interested)
    assert (await desk.ask(f"/cases/{case}/declare-reviewer-interest", declared, candidate)).status_code == 200


@pytest.mark.parametrize("role", ["participant/family", "parent", "community-member", "young-person", "theme-analyst", "administrator"])
async def test_who_has_no_post_breaks_no_glass(desk: Desk, role: str):
    case = await desk.open()
    why = {"because": "curious"}
    there, away = [await desk.ask(f"/cases/{one}/break-glass", why, f"{role}/Eve") for one in (case, "nowhere")]
    assert there.status_code == 403
    assert same(there, away)


async def test_a_glass_that_is_not_broken_tells_no_stranger_of_a_case(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    case, why, night = await desk.open(), {"because": "curious"}, "agency-author/ward/Night"
    for query, fields, headers in (
        ("?dry_run=true", {}, {}),
        ("", {}, {"if_match": '"7"'}),
        ("", {}, {"if_match": '"1"'}),
        ("", {"on": "2999-01-01"}, {}),
    ):
        there, away = [await desk.ask(f"/cases/{one}/break-glass{query}", why | fields, night, **headers) for one in (case, "nowhere")]
        assert (there.status_code, there.json()["detail"]) == (404, THERE_IS_NONE)
        assert same(there, away)
    other = "agency-author/ward/Other"
    assert (await desk.ask(f"/cases/{case}/break-glass", why, other)).status_code == 200
    assert (await desk.ask(f"/cases/{case}/break-glass", why | {"ref": "grant-1"}, night)).status_code == 404
    officer = "partnership-officer"
    assert (await desk.ask(f"/cases/{case}/break-glass?dry_run=true", why, officer)).status_code == 200
    assert [one.name for one in await desk.service.store.history(f"case/{case}")] == ["case-opened", "glass-broken"]


async def test_what_one_may_not_know_of_is_not_there_to_be_named(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    raised = {"partnership": "bolton", "code": "P5", "because": "b"}
    assert (await desk.ask("/themes/raise-thematic-candidate", raised, "delegated-partner/health")).status_code == 200
    case = await desk.open()
    manager = "business-manager//Bea/bolton"
    strangers = ("parent//Mother/bolton", "business-manager///bury", f"{LA}//Somebody else/bolton")
    for by in strangers:
        answers = []
        for field, ref in (("candidate", "bolton-P5"), ("candidate", "bolton-P6"), ("linked_cases", case), ("linked_cases", "nowhere")):
            named: dict[str, Any] = {field: ref if field == "candidate" else [ref]}
            theirs = {**CASE, "partnership": by.rpartition("/")[2], "label": "Another", **named}
            answer, paid = await cost(desk, monkeypatch, "/cases?dry_run=true", theirs, by)
            answers.append((answer.status_code, answer.json()["detail"].replace(ref, "R"), sorted(paid)))
        assert [status for status, _, _ in answers] == [409] * 4
        assert answers[0] == answers[1], by
        assert answers[2] == answers[3], by
    named = {"candidate": "bolton-P5", "linked_cases": [case]}
    assert (await desk.ask("/cases?dry_run=true", {**CASE, "label": "Another", **named}, manager)).status_code == 200
    assert (await desk.ask("/cases?dry_run=true", {**CASE, "label": "Another", "linked_cases": [case]}, LA)).status_code == 200


async def test_whose_access_was_ended_asks_nothing_but_to_break_the_glass(desk: Desk):
    case = await desk.open()
    officer = "partnership-officer//Officer"
    await desk.ask(f"/cases/{case}/end-access", {"person": officer, "because": "has moved on"})
    answer = await desk.ask(f"/cases/{case}/share-with-partner", {"partner": "police", "channel": "secure-email"}, officer)
    assert (answer.status_code, "Your access to this case was ended" in answer.text) == (403, True)
    assert (await desk.ask(f"/cases/{case}/break-glass", {"because": "tonight"}, officer)).status_code == 200


# --- what is said of it


async def test_a_refusal_that_rests_on_what_one_may_not_read_says_only_its_rule(desk: Desk):
    case = await desk.open()
    missing = {"evidence": "post-mortem", "panel_informed": False, "learning_considered": "l"}
    for dry_run in ("", "?dry_run=true"):
        manager = await desk.ask(f"/cases/{case}/acknowledge-notification{dry_run}", {"to": "ward", "channel": "phone"})
        assert (manager.status_code, manager.json()["rule"]) == (409, "BOL-57")
        assert "cannot be done at present" not in manager.text
        hidden = await desk.ask(f"/cases/{case}/determine-criteria-not-met{dry_run}", missing, PORTAL)
        assert hidden.status_code == 409
        assert "This cannot be done at present; ask the Business Manager (X-6)." in hidden.json()["detail"]


async def test_412_counts_all_and_names_what_one_may_know_of(desk: Desk):
    case = await desk.open()
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    await desk.ask(f"/cases/{case}/place-hold", HOLD)
    for dry_run in ("", "?dry_run=true"):
        path = f"/cases/{case}/record-awareness{dry_run}"
        author = (await desk.ask(path, AWARE, LA, If_Match='"1"')).json()
        assert (author["missed"], [event["name"] for event in author["events"]]) == (2, ["local-authority-became-aware"])
        another = (await desk.ask(path, AWARE, f"{LA}//Somebody else", If_Match='"1"')).json()
        assert (another["missed"], another["events"]) == (2, [])
        manager = (await desk.ask(path, AWARE, BM, If_Match='"1"')).json()
        assert [event["name"] for event in manager["events"]] == ["local-authority-became-aware", "hold-placed"]


async def test_the_clocks_of_a_dry_run_are_those_one_may_read(desk: Desk):
    case = await desk.open()
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    await desk.ask(f"/cases/{case}/confirm-serious-incident", {"basis": "he died"}, LA)
    asked = (f"/cases/{case}/notify-panel?dry_run=true", {"portal_reference": "SIN-1", "children": ["infant-x"]}, PORTAL)
    answer = await desk.ask(*asked)
    assert answer.status_code == 200, answer.text
    told = {clock["clock"] for clock in answer.json()["clocks"]}
    assert (await desk.ask(asked[0].partition("?")[0], *asked[1:])).status_code == 200
    started = {clock["clock"] for clock in (await desk.look(f"/cases/{case}/clocks")).json()["items"]}
    assert "rapid-review-meeting" in started
    assert not {clock for clock in told if clock.startswith("rapid-review")}


# --- asked again, and asked at once


async def test_whoever_is_shut_out_by_now_is_given_their_own_first_answer_and_no_more(desk: Desk):
    case = await desk.open()
    asked = (f"/cases/{case}/declare-interest", INTEREST, BM)
    first = await desk.ask(*asked, Idempotency_Key="k")
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    again = await desk.ask(*asked, Idempotency_Key="k")
    assert (again.status_code, again.json(), again.headers["ETag"]) == (200, first.json(), '"2"')
    assert again.headers["Position"] == first.headers["Position"]
    assert (await desk.ask(*asked)).status_code == 403
    other = await desk.ask(asked[0], {**INTEREST, "nature": "other"}, BM, Idempotency_Key="k")
    assert (other.status_code, [error["field"] for error in other.json()["errors"]]) == (422, ["Idempotency-Key"])


@pytest.mark.parametrize("if_match", [{}, {"if_match": '"1"'}])
async def test_an_interest_declared_in_between_shuts_out(desk: Desk, monkeypatch: pytest.MonkeyPatch, if_match: dict[str, str]):
    case = await desk.open()
    decided, declared = asyncio.Event(), asyncio.Event()
    append = desk.service.store.append

    async def when_declared(save: Any) -> Any:
        if save.events[0].stored_name() == "hold-placed" and not declared.is_set():
            decided.set()
            await declared.wait()
        return await append(save)

    monkeypatch.setattr(desk.service.store, "append", when_declared)
    holding = asyncio.create_task(desk.ask(f"/cases/{case}/place-hold", HOLD, BM, **if_match))
    await decided.wait()
    assert (await desk.ask(f"/cases/{case}/declare-interest", INTEREST, BM)).status_code == 200
    declared.set()
    answer = await holding
    assert (answer.status_code, answer.json()["rule"]) == (403, "R-8")
    assert "events" not in answer.json()
    history = await desk.service.store.history(f"case/{case}")
    assert [recorded.name for recorded in history] == ["case-opened", "interest-declared"]


async def test_an_access_ended_in_between_shuts_out(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    case = await desk.open()
    officer = "partnership-officer//Officer"
    await desk.look(f"/cases/{case}", by=officer)
    append, ended = desk.service.store.append, []

    async def when_ended(save: Any) -> Any:
        if save.by.role == "partnership-officer" and not ended:
            ended.append(await desk.ask(f"/cases/{case}/end-access", {"person": officer, "because": "has moved on"}))
        return await append(save)

    monkeypatch.setattr(desk.service.store, "append", when_ended)
    answer = await desk.ask(f"/cases/{case}/declare-interest", INTEREST, officer)
    assert [done.status_code for done in ended] == [200]
    assert (answer.status_code, "was ended" in answer.text) == (403, True)


async def test_opening_is_not_asked_of_a_case(desk: Desk):
    assert (await desk.ask("/cases", CASE, "theme-analyst")).status_code == 403
    assert (await desk.ask("/cases", CASE, LA)).status_code == 201
