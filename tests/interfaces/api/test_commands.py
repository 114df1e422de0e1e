"""Asking over HTTP: what is recorded, what is refused and how, and what becomes of asking twice."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.interfaces.api.conftest import BM, LA, PORTAL, Desk
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

AWARE = {"authority": "bolton", "how": "the hospital rang"}
PROBLEM = "application/problem+json"


# --- what is recorded


async def test_a_case_is_opened_under_a_pseudonym(desk: Desk):
    answer = await desk.ask("/cases", CASE, LA)
    told = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/cases/{told['case']}"
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Position"] == str(told["position"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert told["events"] == [{"name": "case-opened", "place": 1}]
    assert told["place"] == 1


async def test_a_command_says_where_the_case_stands_now(desk: Desk):
    case = await desk.open()
    answer = await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    assert answer.json()["events"] == [{"name": "local-authority-became-aware", "place": 2}]


async def test_what_is_referred_to_later_has_a_ref(desk: Desk):
    case = await desk.open()
    answer = await desk.ask(
        f"/cases/{case}/place-hold", {"scope": "interview", "asked_by": "police", "basis": "b", "review_on": "2030-01-01"}
    )
    assert answer.json()["events"] == [{"name": "hold-placed", "place": 2, "ref": "hold-1"}]


# --- as if


async def test_a_dry_run_tells_what_would_happen_and_records_nothing(desk: Desk):
    case = await desk.open()
    answer = await desk.ask(f"/cases/{case}/record-awareness?dry_run=true", AWARE, LA)
    told = answer.json()
    assert answer.status_code == 200
    assert (told["dry_run"], told["place"]) == (True, 2)
    assert [event["name"] for event in told["events"]] == ["local-authority-became-aware"]
    assert [clock["clock"] for clock in told["clocks"]] == ["serious-incident-notification"]
    assert len((await desk.look(f"/cases/{case}/history")).json()["items"]) == 1


async def test_a_dry_run_is_refused_exactly_as_the_real_thing(desk: Desk):
    case = await desk.open()
    asked = (f"/cases/{case}/send-to-panel", {"digest": "a" * 64}, BM)
    real, as_if = await desk.ask(*asked), await desk.ask(f"{asked[0]}?dry_run=true", *asked[1:])
    assert real.status_code == as_if.status_code == 409
    assert real.json() == as_if.json()
    label = await desk.ask("/cases?dry_run=true", CASE, LA)
    assert (label.status_code, label.json()["rule"]) == (409, "TOOL-12")
    early = await desk.ask(f"/cases/{case}/record-awareness?dry_run=true", AWARE, LA, Casetrail_At="2020-01-01T00:00:00Z")
    assert early.status_code == 422


# --- refused


async def test_a_refusal_is_a_sentence_with_its_rule(desk: Desk):
    case = await desk.open()
    answer = await desk.ask(f"/cases/{case}/acknowledge-notification", {"to": "the ward", "channel": "phone"})
    told = answer.json()
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == PROBLEM
    assert told["command"] == "acknowledge-notification"
    assert told["rule"] in told["detail"]
    assert told["detail"].endswith(".")


async def test_who_may_not_ask_hears_the_rule_and_nothing_about_the_case(desk: Desk):
    case = await desk.open()
    answer = await desk.ask(f"/cases/{case}/notify-panel", {"portal_reference": "P-1", "children": ["infant-x"]}, LA)
    assert answer.status_code == 403
    assert "permission matrix" in answer.json()["detail"]
    assert "Infant X" not in answer.text


async def test_a_case_that_does_not_exist_is_not_found(desk: Desk):
    for path in ("/cases/nobody/record-awareness", "/cases/nobody/record-awareness?dry_run=true"):
        answer = await desk.ask(path, AWARE, LA)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, PROBLEM)


async def test_a_command_that_there_is_not_is_not_found(desk: Desk):
    assert (await desk.ask("/cases/nobody/make-tea")).status_code == 404
    assert (await desk.ask("/cases/nobody/open-case")).status_code == 404


async def test_a_day_in_the_future_is_refused(desk: Desk):
    case = await desk.open()
    answer = await desk.ask(f"/cases/{case}/record-awareness", {**AWARE, "on": "2999-01-01"}, LA)
    assert (answer.status_code, answer.json()["rule"]) == (409, "CAL-2")


async def test_a_path_takes_its_methods_and_says_which(desk: Desk):
    answer = await desk.look("/cases", method="DELETE")
    assert answer.status_code == 405
    assert {*answer.headers["Allow"].split(", ")} == {"GET", "HEAD", "POST"}
    assert (await desk.ask("/cases/nobody/history")).status_code == 405


# --- malformed: each field named, nothing repeated


async def malformed(desk: Desk, path: str, content: bytes, kind: str = "application/json", status: int = 422) -> dict[str, str]:
    answer = await desk.client.post(path, content=content, headers={"Casetrail-Person": LA, "Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == PROBLEM
    return {error["field"]: error["detail"] for error in answer.json().get("errors", [])}


async def test_each_missing_or_malformed_field_is_named(desk: Desk):
    wrong = {**CASE, "route": "pigeon", "children": [{"ref": "a", "age_band": "old", "harm": "died"}]}
    del wrong["label"]
    named = await malformed(desk, "/cases", json.dumps(wrong).encode())
    assert {"label", "route", "children.0.age_band", "children.0.area_of_residence"} <= {*named}


async def test_what_was_sent_is_never_repeated(desk: Desk):
    secret = "Zebedee Quirke of 4 Elm Row"
    case = await desk.open()
    for fields in (
        {"authority": secret * 9, "how": "h"},
        {"authority": "bolton", "how": "h", secret: "x"},
        {"authority": "bolton", "how": 5, "on": secret},
        {"authority": "bolton", "how": {"said": secret}},
    ):
        answer = await desk.ask(f"/cases/{case}/record-awareness", fields, LA)
        assert answer.status_code == 422
        assert "Quirke" not in answer.text
    answer = await desk.ask("/cases", {**CASE, "route": secret}, LA, Idempotency_Key="k")
    assert "Quirke" not in answer.text


async def test_a_field_given_twice_is_named(desk: Desk):
    content = b'{"partnership": "bolton", "label": "Infant X", "label": "Infant Y"}'
    answer = await desk.client.post("/cases", content=content, headers={"Casetrail-Person": BM, "Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "label", "detail": "is given twice"}]


async def test_an_unknown_field_is_named(desk: Desk):
    assert await malformed(desk, "/cases", json.dumps({**CASE, "colour": "red"}).encode()) == {"colour": "Extra inputs are not permitted"}


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "label"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'"a"', "body"),
        (b"{", "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 100_000, "body"),
        (json.dumps({**CASE, "label": "a\x00b"}).encode(), "label"),
        (json.dumps({**CASE, "label": "\ud800"}).encode(), "body"),
        (json.dumps({**CASE, "label": "x" * 30_000}).encode(), "label"),
        (json.dumps({**CASE, "incident": {**CASE["incident"], "happened_on": "30 February"}}).encode(), "incident.happened_on"),  # type: ignore[dict-item]
        (json.dumps({**CASE, "incident": {**CASE["incident"], "happened_on": 20_000}}).encode(), "incident.happened_on"),  # type: ignore[dict-item]
    ],
)
async def test_what_is_no_command_is_malformed(desk: Desk, content: bytes, field: str):
    assert field in await malformed(desk, "/cases", content)


@pytest.mark.parametrize("digest", ["", "A" * 64, "a" * 63, "a" * 65, "g" * 64, "sha256:" + "a" * 64])
async def test_a_wrong_digest_is_malformed(desk: Desk, digest: str):
    case = await desk.open()
    assert "digest" in await malformed(desk, f"/cases/{case}/send-to-panel", json.dumps({"digest": digest}).encode())


async def test_an_incident_before_the_birth_given_with_it_is_not_recorded(desk: Desk):
    child = {**CASE["children"][0], "born_on": "2026-02-01"}
    answer = await desk.ask("/cases", {**CASE, "children": [child]}, LA)
    assert answer.status_code in (409, 422)
    assert (await desk.ask("/cases", CASE, LA)).status_code == 201  # nor is its label taken


async def test_a_body_that_is_not_said_to_be_json_is_not_read(desk: Desk):
    await malformed(desk, "/cases", json.dumps(CASE).encode(), "text/plain", 415)
    await malformed(desk, "/cases", json.dumps(CASE).encode(), "multipart/form-data", 415)


async def test_a_body_larger_than_a_megabyte_is_not_read(desk: Desk):
    await malformed(desk, "/cases", b" " * (1024 * 1024 + 1), status=413)

    async def in_pieces():
        for _ in range(40):
            yield b" " * 64 * 1024

    answer = await desk.client.post("/cases", content=in_pieces(), headers={"Casetrail-Person": LA, "Content-Type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"If_Match": '"seven"'}, "If-Match"),
        ({"Idempotency_Key": ""}, "Idempotency-Key"),
        ({"Idempotency_Key": "k" * 201}, "Idempotency-Key"),
        ({"Casetrail_At": "yesterday"}, "Casetrail-At"),
        ({"Casetrail_At": "2026-01-01T00:00:00"}, "Casetrail-At"),
        ({"Casetrail_At": "2020-01-01T00:00:00Z"}, "Casetrail-At"),
    ],
)
async def test_a_header_that_cannot_be_used_is_named(desk: Desk, headers: dict[str, str], field: str):
    case = await desk.open()
    answer = await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA, **headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


# --- who asks


@pytest.mark.parametrize("person", ["magician", "delegated-partner", "delegated-partner/coastguard", "parent///atlantis", "notifier/\x07"])
async def test_a_person_is_of_a_role_that_there_is(desk: Desk, person: str):
    assert (await desk.ask("/cases", CASE, person)).status_code == 422


async def test_nobody_is_not_signed_in(desk: Desk):
    answer = await desk.client.post("/cases", json=CASE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, PROBLEM)


async def test_any_other_service_than_a_rehearsal_refuses_both_headers(desk: Desk):
    desk.service.rehearsal = False
    for headers in ({"Casetrail-Person": BM}, {"Casetrail-At": "2026-01-01T00:00:00Z"}):
        assert (await desk.client.post("/cases", json=CASE, headers=headers)).status_code == 400
        assert (await desk.client.get("/cases", headers=headers)).status_code == 400
    assert (await desk.client.get("/cases")).status_code == 401


async def test_the_whole_value_is_the_person(desk: Desk):
    case = await desk.open()
    for by in (LA, LA + "/hospital", LA + "/hospital/Noémi Szabó", LA + "/hospital/Noémi Szabó/bolton"):
        answer = await desk.client.post(
            f"/cases/{case}/record-awareness", json=AWARE, headers={b"Casetrail-Person": by.encode(), b"Idempotency-Key": b"k"}
        )
        assert answer.status_code == 200
    items = (await desk.look(f"/cases/{case}/history")).json()["items"]
    assert len({item["by"]["person"] for item in items}) == 4
    assert {item["by"]["partnership"] for item in items} == {"bolton"}


# --- what the asker had been shown


async def test_if_the_case_has_moved_on_what_was_missed_is_told(desk: Desk):
    case = await desk.open()
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA)
    await desk.ask(f"/cases/{case}/confirm-serious-incident", {"basis": "x"}, LA)
    answer = await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA, If_Match='"1"')
    told = answer.json()
    assert (answer.status_code, told["missed"]) == (412, 2)
    assert [event["name"] for event in told["events"]] == ["local-authority-became-aware", "serious-incident-confirmed"]


async def test_what_the_asker_had_seen_is_kept_with_the_event(desk: Desk):
    case = await desk.open()
    assert (await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA, If_Match='"1"')).status_code == 200
    await desk.ask(f"/cases/{case}/confirm-serious-incident", {"basis": "x"}, LA)
    items = (await desk.look(f"/cases/{case}/history")).json()["items"]
    assert [item.get("seen") for item in items] == [None, 1, None]


async def test_a_place_that_the_case_has_not_reached_is_told_so(desk: Desk):
    case = await desk.open()
    answer = await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA, If_Match='"9"')
    assert (answer.status_code, answer.json()["missed"]) == (412, 0)


async def test_of_two_who_were_shown_the_same_one_is_told_what_they_missed(desk: Desk):
    case = await desk.open()
    answers = await asyncio.gather(*(desk.ask(f"/cases/{case}/record-awareness", AWARE, LA, If_Match='"1"') for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412, 412]
    assert all(answer.json()["missed"] >= 1 for answer in answers if answer.status_code == 412)


async def test_two_who_do_not_say_what_they_saw_are_decided_one_after_the_other(desk: Desk):
    case = await desk.open()
    answers = await asyncio.gather(*(desk.ask(f"/cases/{case}/record-awareness", AWARE, LA) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["place"] for answer in answers) == [2, 3, 4]


async def test_of_two_who_decide_at_once_the_second_is_judged_on_what_the_first_did(desk: Desk):
    opened = await asyncio.gather(*(desk.ask("/cases", CASE, LA) for _ in range(4)))
    assert sorted(answer.status_code for answer in opened) == [201, 409, 409, 409]


# --- asking again


async def test_the_same_key_and_body_give_the_first_answer_again(desk: Desk):
    first = await desk.ask("/cases", CASE, LA, Idempotency_Key="k-1")
    again = await desk.ask("/cases", CASE, LA, Idempotency_Key="k-1")
    assert (again.status_code, again.json(), again.headers["ETag"]) == (201, first.json(), '"1"')
    case = first.json()["case"]
    asked = (f"/cases/{case}/record-awareness", AWARE, LA)
    once = await desk.ask(*asked, Idempotency_Key="k-1")
    await desk.ask(f"/cases/{case}/confirm-serious-incident", {"basis": "x"}, LA)
    assert (await desk.ask(*asked, Idempotency_Key="k-1")).json() == once.json()
    assert (await desk.ask(*asked, Idempotency_Key="k-1", If_Match='"1"')).json() == once.json()  # the key comes before what was seen
    assert len((await desk.look(f"/cases/{case}/history")).json()["items"]) == 3


async def test_the_first_answer_comes_again_where_the_case_would_refuse_by_now(desk: Desk):
    case = await desk.open()
    hold = {"ref": "h", "scope": "interview", "asked_by": "police", "basis": "b", "review_on": "2030-01-01"}
    first = await desk.ask(f"/cases/{case}/place-hold", hold, Idempotency_Key="k")
    assert first.status_code == 200
    assert (await desk.ask(f"/cases/{case}/place-hold", hold)).status_code == 409
    assert (await desk.ask(f"/cases/{case}/place-hold", hold, Idempotency_Key="k")).json() == first.json()


async def test_asked_with_one_key_at_the_same_moment_it_is_recorded_once(desk: Desk):
    case = await desk.open()
    answers = await asyncio.gather(*(desk.ask(f"/cases/{case}/record-awareness", AWARE, LA, Idempotency_Key="k") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["place"] for answer in answers} == {2}


async def test_a_key_with_another_body_is_refused_and_named(desk: Desk):
    case = await desk.open()
    await desk.ask(f"/cases/{case}/record-awareness", AWARE, LA, Idempotency_Key="k")
    answer = await desk.ask(f"/cases/{case}/record-awareness", {**AWARE, "how": "a letter"}, LA, Idempotency_Key="k")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]


async def test_a_key_is_of_one_person_and_one_path(desk: Desk):
    case = await desk.open()
    for by in (LA, PORTAL):
        assert (await desk.ask(f"/cases/{case}/record-awareness", AWARE, by, Idempotency_Key="k")).json()["place"] in (2, 3)
    assert (await desk.ask(f"/cases/{case}/confirm-serious-incident", {"basis": "x"}, LA, Idempotency_Key="k")).json()["place"] == 4


async def test_a_refusal_is_not_kept_under_its_key(desk: Desk):
    case = await desk.open()
    asked = (f"/cases/{case}/lift-hold", {"ref": "h", "because": "over"}, BM)
    assert (await desk.ask(*asked, Idempotency_Key="k")).status_code == 409
    await desk.ask(
        f"/cases/{case}/place-hold", {"ref": "h", "scope": "interview", "asked_by": "p", "basis": "b", "review_on": "2030-01-01"}
    )
    assert (await desk.ask(*asked, Idempotency_Key="k")).status_code == 200


# --- beside cases


async def test_a_candidate_is_named_by_the_path_alone(desk: Desk):
    raised = await desk.ask(
        "/themes/raise-thematic-candidate", {"partnership": "bolton", "code": "P5", "because": "b"}, "delegated-partner/health"
    )
    assert (raised.status_code, raised.json()["case"]) == (200, "bolton-P5")
    decided = await desk.ask("/themes/candidates/bolton-P5/decide-thematic", {"outcome": "decline", "rationale": "r"})
    assert [event["name"] for event in decided.json()["events"]] == ["thematic-candidate-decided"]
    other = await desk.ask(
        "/themes/candidates/bolton-P5/decide-thematic", {"candidate": "bolton-P6", "outcome": "decline", "rationale": "r"}
    )
    assert [error["field"] for error in other.json()["errors"]] == ["candidate"]


async def test_calendars_and_procedures_are_adopted(desk: Desk):
    fields = {"edition": "england-2027", "source": "gov.uk", "holidays": ["2027-01-01"], "because": "published"}
    assert (await desk.ask("/calendars", fields, "administrator")).status_code == 200
    assert (await desk.ask("/calendars", fields, "administrator")).status_code == 409
    listed = (await desk.look("/calendars")).json()["items"]
    assert "england-2027" in [calendar["edition"] for calendar in listed]
    assert (
        await desk.ask(
            "/procedures", {"edition": "atlantis", "digest": "a" * 64, "in_force_from": "2026-01-01", "because": "b"}, "lead-partner"
        )
    ).status_code == 409
