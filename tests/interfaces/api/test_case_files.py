"""The case file over HTTP: asked for by whoever may look, noted as a look, and as far as a checkpoint covers the case."""

from __future__ import annotations

import io
import zipfile

import pytest

from interfaces import case_files
from interfaces.cli import verify
from interfaces.publishing import publish_now, publishing

pytestmark = pytest.mark.anyio


async def test_a_case_just_recorded_is_there_as_soon_as_it_is_published(desk, places) -> None:
    with publishing(places, every=3600):
        case = await desk.open()
        answer = await desk.look(f"/cases/{case}/case-file")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{case}.zip"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    found = verify.verify(answer.content)
    assert found.fault is None
    assert found.stream == f"case/{case}"
    assert int(answer.headers["Position"]) >= await desk.service.store.settled_position()


async def test_it_tells_whom_it_was_made_for_and_is_a_look(desk, places) -> None:
    case = await desk.open()
    publish_now(places)

    answer = await desk.look(f"/cases/{case}/case-file", "scrutineer//me/bolton")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as read:
        assert "Made for the independent scrutineer" in " ".join(read.read(f"{case}/data/report.html").decode().split())
    (look,) = [one for one in (await desk.look(f"/cases/{case}/access")).json()["items"] if one["view"] == "case-file"]
    assert look["by"]["role"] == "scrutineer"
    assert look["place"] == len((await desk.look(f"/cases/{case}/history")).json()["items"])
    assert look["position"] == int(answer.headers["Position"])


async def test_what_nobody_publishes_is_not_given_out(desk, monkeypatch) -> None:
    monkeypatch.setattr("interfaces.case_files.SOON", 0.0)
    case = await desk.open()

    answer = await desk.look(f"/cases/{case}/case-file")

    assert answer.status_code == 503
    assert "checkpoint" in answer.json()["detail"]


async def test_of_no_case_there_is_no_file(desk) -> None:
    assert (await desk.look("/cases/00000000-0000-4000-8000-000000000000/case-file")).status_code == 404


async def notified(desk, case: str) -> None:
    notifier = {"name": "Nora Quill", "role_title": "ward sister", "organisation": "hospital-trust"}
    for command, fields in (
        ("discuss-notification", {"with_role": "named-professional", "lived_experience": "l", "rationale": "r"}),
        ("record-notification-consent", {"subject": "mother", "outcome": "given", "lawful_basis": "b"}),
        ("submit-notification", {"notifier": notifier, "narrative": "n", "channel": "secure-email"}),
    ):
        answer = await desk.ask(f"/cases/{case}/{command}", fields, "notifier/hospital-trust")
        assert answer.status_code == 200, answer.text


async def test_whoever_may_not_read_who_notified_is_given_a_file_that_proves_all_but_that(desk, places) -> None:
    case = await desk.open(route="organisation")
    await notified(desk, case)
    publish_now(places)

    whole = (await desk.look(f"/cases/{case}/case-file")).content
    partly = (await desk.look(f"/cases/{case}/case-file", "scrutineer//me/bolton")).content

    assert verify.verify(whole).verdict == "all holds"
    found = verify.verify(partly)
    history = await desk.service.store.history(f"case/{case}")
    assert found.verdict == "intact, as far as shown"
    assert found.withheld == [recorded.place for recorded in history if recorded.name in ("notification-received", "notifier-supported")]
    assert b"Nora Quill" in whole
    assert b"Nora Quill" not in partly
    assert b'\\"name\\":\\"notification-received\\"' not in partly


async def test_what_is_recorded_after_they_were_judged_is_withheld(desk, places, monkeypatch) -> None:
    case = await desk.open()
    publish_now(places)
    made = case_files.made

    async def meanwhile(*args, **options):
        done = await desk.ask(f"/cases/{case}/record-cross-reference", {"process": "coroner", "reference": "INQ-7"})
        assert done.status_code == 200, done.text
        publish_now(places)
        return await made(*args, **options)

    monkeypatch.setattr("interfaces.api.case_files.case_files.made", meanwhile)
    found = verify.verify((await desk.look(f"/cases/{case}/case-file")).content)

    assert found.withheld == [found.places]


async def test_it_is_for_those_who_read_the_audit_trail(desk, places) -> None:
    case = await desk.open(route="organisation")
    await notified(desk, case)
    publish_now(places)

    answer = await desk.look(f"/cases/{case}/case-file", "notifier/hospital-trust")

    assert answer.status_code == 403
    assert "audit trail" in answer.json()["detail"]


async def test_of_what_is_withheld_whole_there_is_no_file(desk, places) -> None:
    case = await desk.open()
    publish_now(places)

    answer = await desk.look(f"/cases/{case}/case-file", "information-governance//me/bolton")

    assert answer.status_code == 403
    assert "No entry of this case is for you to read" in answer.json()["detail"]
