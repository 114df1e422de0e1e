"""Who acts on a case and who only reads: deputies, neighbours, inspectors, each from when and until when."""

from __future__ import annotations

import pytest

from tests.interfaces.api.conftest import BM, Desk
from tests.interfaces.api.test_boards import INCIDENT
from tests.interfaces.api.test_break_glass import opened

pytestmark = pytest.mark.anyio

HEALTH = "delegated-partner/health/Harriet Low/bolton"
DEPUTY = "notifier/health/Dee Marlow/bolton"
HOLD = {"scope": "interview", "asked_by": "police", "basis": "b", "review_on": "2030-01-01"}
MET = {"partner": "health", "question": "serious", "position": "met", "rationale": "to the bone", "ref": "threshold-1"}


async def test_a_deputy_acts_and_reads_from_their_delegation_on(desk: Desk):
    case = await opened(desk)
    before = {"Casetrail_At": "2026-06-02T09:00:00Z"}
    for answer in (
        await desk.look(f"{case}/history", by=DEPUTY, **before),
        await desk.ask(f"{case}/record-partner-position", MET, DEPUTY, **before),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such case, or none that you may know of.")
    delegation = {"partner": "health", "deputy": DEPUTY, "delegation": "on leave until July"}
    another = await desk.ask(f"{case}/appoint-deputy", {**delegation, "partner": "police"}, HEALTH, **before)
    assert another.status_code == 409
    assert (await desk.ask(f"{case}/appoint-deputy", delegation, HEALTH, Casetrail_At="2026-06-02T10:00:00Z")).status_code == 200
    after = {"Casetrail_At": "2026-06-02T10:01:00Z"}
    assert (await desk.look(f"{case}/history", by=DEPUTY, **after)).status_code == 200
    done = await desk.ask(f"{case}/record-partner-position", MET, DEPUTY, **after)
    assert done.status_code == 200, done.text
    history = await desk.service.store.history(f"case/{case.removeprefix('/cases/')}")
    assert (history[-1].by.role, history[-1].by.behalf_of) == ("notifier", "delegated-partner/health")
    police = await desk.ask(f"{case}/record-partner-position", {**MET, "partner": "police"}, DEPUTY, **after)
    assert police.status_code in (403, 409)
    looks = (await desk.look(f"{case}/access", by=HEALTH, **after)).json()["items"]
    assert [(look["outcome"], look["by"].get("behalf_of")) for look in looks if look["view"] == "history"] == [
        ("refused", None), ("shown", "delegated-partner/health"),
    ]  # fmt: skip


async def test_a_neighbour_reads_once_both_have_linked_and_never_acts(desk: Desk):
    ours = await opened(desk)
    theirs = await opened(desk, "2026-06-01T09:01:00Z", label="Infant Y", partnership="bury", incident={**INCIDENT, "area": "bury"})
    one, other = ours.removeprefix("/cases/"), theirs.removeprefix("/cases/")
    neighbour = "business-manager//Nell Grove/bury"
    at = {"Casetrail_At": "2026-06-02T09:00:00Z"}
    assert (await desk.look(ours, by=neighbour, **at)).status_code == 404
    assert (
        await desk.ask(f"{ours}/link-case", {"case": other, "relation": "cross-area"}, "business-manager///bolton", **at)
    ).status_code == 200
    for answer in (await desk.look(ours, by=neighbour, **at), await desk.ask(f"{ours}/place-hold", HOLD, neighbour, **at)):
        assert answer.status_code == 404
    assert (await desk.ask(f"{theirs}/link-case", {"case": one, "relation": "cross-area"}, neighbour, **at)).status_code == 200
    assert (await desk.look(ours, by=neighbour, **at)).status_code == 200
    for command, fields in (("place-hold", HOLD), ("close-case", {"because": "b"}), ("break-glass", {"because": "b"})):
        answer = await desk.ask(f"{ours}/{command}", fields, neighbour, **at)
        assert (answer.status_code, answer.json()["rule"]) == (403, "X-3"), answer.text
    assert (await desk.client.put(f"{ours}/documents", content=b"x", headers={"Casetrail-Person": neighbour})).status_code == 403


async def test_an_inspector_is_let_in_until_midnight_in_london(desk: Desk):
    case = await opened(desk)
    inspector = "inspector/ofsted/Dame Inspector/bolton"
    assert (await desk.look(case, by=inspector, Casetrail_At="2026-06-02T09:00:00Z")).status_code == 404
    grant = {"person": inspector, "capacity": "inspector", "until": "2026-06-30", "because": "joint inspection"}
    manager = await desk.ask(f"{case}/grant-access", grant, BM, Casetrail_At="2026-06-02T09:01:00Z")
    assert manager.status_code == 403
    assert (await desk.ask(f"{case}/grant-access", grant, "lead-partner", Casetrail_At="2026-06-02T09:02:00Z")).status_code == 200
    for instant, status in (
        ("2026-06-02T09:03:00Z", 200), ("2026-06-30T22:59:59Z", 200), ("2026-06-30T23:00:00Z", 404), ("2026-07-01T09:00:00Z", 404),
    ):  # fmt: skip
        assert (await desk.look(case, by=inspector, Casetrail_At=instant)).status_code == status, instant
    assert (await desk.ask(f"{case}/place-hold", HOLD, inspector, Casetrail_At="2026-06-30T22:59:00Z")).status_code == 403
    assert (await desk.ask(f"{case}/place-hold", HOLD, inspector, Casetrail_At="2026-06-30T23:00:00Z")).status_code == 404


async def test_whoever_declares_an_interest_is_out_with_their_next_question(desk: Desk):
    case = await opened(desk)
    reader = "review-group-member//Rosa/bolton"
    assert (await desk.look(case, by=reader, Casetrail_At="2026-06-02T09:00:00Z")).status_code == 200
    declared = {"kind": "real", "nature": "her aunt"}
    await desk.ask(f"{case}/declare-interest", declared, reader, Casetrail_At="2026-06-02T09:01:00Z")
    for answer in (
        await desk.look(case, by=reader, Casetrail_At="2026-06-02T09:01:01Z"),
        await desk.look(f"{case}?as_of=2026-06-01T10:00:00Z", by=reader, Casetrail_At="2026-06-02T09:01:01Z"),
        await desk.ask(f"{case}/check-anonymisation", {"digest": "a" * 64}, reader, Casetrail_At="2026-06-02T09:01:01Z"),
    ):
        assert (answer.status_code, answer.json()["rule"]) == (403, "R-8"), answer.text
    resolved = {"person": reader, "how": "she does not read this draft"}
    await desk.ask(f"{case}/resolve-interest", resolved, "lead-partner", Casetrail_At="2026-06-03T09:00:00Z")
    assert (await desk.look(case, by=reader, Casetrail_At="2026-06-03T09:00:01Z")).status_code == 200
