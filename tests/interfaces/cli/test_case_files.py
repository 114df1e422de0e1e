"""Case files on the command line: of a case in the configured store, and of every case of a rehearsal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from application.rehearsal import Told
from interfaces import databases, wiring
from interfaces.cli import case_files, rehearse, verify
from interfaces.cli.saying import CannotDo
from interfaces.publishing import publish_now, publishing
from interfaces.settings import Settings
from tests.application.test_stories import STORIES, told

pytestmark = pytest.mark.anyio

STORY = "organisation-christmas-2025"


@pytest.fixture
def settings(places, monkeypatch, key_file) -> Settings:
    """The settings of a service over a rehearsal store of one's own."""
    for name, said in {
        "DATABASE_URL": places.record, "KEYS_URL": places.keys, "KEY_FILE": places.key_file, "PROJECTIONS_URL": places.projections,
        "LEDGER_URL": places.ledger, "LEDGER_KEY_FILE": places.ledger_key,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"CASETRAIL_{name}", str(said))
    return Settings()


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


async def recorded(settings: Settings) -> str:
    with databases.configured(settings, stay=False) as (places, _):
        async with wiring.Service(places) as service:
            return next(iter((await told(STORIES[STORY], service)).cases.values()))


async def test_where_nobody_publishes_the_command_does_and_tells_how_to_check(settings, console, tmp_path) -> None:
    case = await recorded(settings)
    output = tmp_path / "case.zip"

    await case_files.write(console, settings, case, output)

    assert verify.verify(output.read_bytes()).fault is None
    assert output.stat().st_mode & 0o777 == 0o600
    said = console.file.getvalue()
    assert f"Wrote {output}: " in said
    assert f"python3 -I verify.py {output}" in said
    assert [file.name for file in tmp_path.iterdir()] == ["case.zip"]


async def test_where_a_worker_publishes_it_is_asked(settings, console, places, tmp_path) -> None:
    case = await recorded(settings)

    with publishing(places, every=3600):
        await case_files.write(console, settings, case, tmp_path / "case.zip")

    assert verify.verify((tmp_path / "case.zip").read_bytes()).fault is None


async def test_a_service_without_the_signing_key_makes_them_all_the_same(settings, console, places, monkeypatch, tmp_path) -> None:
    case = await recorded(settings)
    publish_now(places)
    monkeypatch.delenv("CASETRAIL_LEDGER_KEY_FILE")

    await case_files.write(console, Settings(), case, tmp_path / "case.zip")

    assert verify.verify((tmp_path / "case.zip").read_bytes()).fault is None


async def test_what_cannot_be_made_or_written_is_a_sentence(settings, console, tmp_path) -> None:
    case = await recorded(settings)

    with pytest.raises(CannotDo, match="no case"):
        await case_files.write(console, settings, "00000000-0000-4000-8000-000000000000", tmp_path / "x.zip")
    with pytest.raises(CannotDo, match="Nothing can be written"):
        await case_files.write(console, settings, case, tmp_path / "no" / "x.zip")
    (tmp_path / "file").touch()
    with pytest.raises(CannotDo, match="cannot be written"):
        case_files.Folder(tmp_path / "file")


async def test_a_rehearsal_writes_the_file_of_each_case_and_says_where(console, tmp_path) -> None:
    story = Path("tests/stories") / "corrections-late-awareness-and-amendments.yaml"

    found = await rehearse.rehearse(
        console, [story, story], keep=False, api=None, quiet=True, case_files=case_files.Folder(tmp_path / "files")
    )

    first, second = found.as_json()["files"]
    assert {*first["case_files"]} == {*first["cases"]} == {"child-h", "child-h2", "child-i"}
    assert Path(first["case_files"]["child-h"]).name == "child-h.zip"
    assert Path(second["case_files"]["child-h"]).name == "corrections-late-awareness-and-amendments-child-h.zip"
    for file in (*first["case_files"].values(), *second["case_files"].values()):
        content = Path(file).read_bytes()
        assert verify.verify(content).fault is None
        assert b"Time limits are judged as of 22 February 2024." in content


async def test_a_rehearsal_in_the_configured_store_writes_them_too(settings, console, tmp_path) -> None:
    story = Path("tests/stories") / f"{STORY}.yaml"

    found = await rehearse.rehearse(console, [story], keep=True, api=None, quiet=False, case_files=case_files.Folder(tmp_path))

    (file,) = found.files[0].case_files.values()
    assert verify.verify(Path(file).read_bytes()).fault is None
    assert f"The case file of infant-r: {file}" in console.file.getvalue()


def test_a_handle_never_leads_out_of_the_folder(tmp_path) -> None:
    folder, told = case_files.Folder(tmp_path), Told(file="x.yaml", scenario="x")

    folder._keep(told, "../../etc/passwd", b"1")

    assert [file.name for file in tmp_path.iterdir()] == ["-..-etc-passwd.zip"]


def _entry(file: Path, name: str) -> bytes:
    return next(content for path, content in verify.unzip(file.read_bytes()).items() if path.endswith(name))
