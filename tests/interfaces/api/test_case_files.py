"""The case file over HTTP: asked for by whoever may look, noted as a look, and as far as a checkpoint covers the case."""

from __future__ import annotations

import io
import zipfile

import pytest

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
