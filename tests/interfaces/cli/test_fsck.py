"""`casetrail fsck` at the terminal."""

from __future__ import annotations

import asyncio
import io
import json
import os
from pathlib import Path

import psycopg
import pytest
from rich.console import Console
from typer.testing import CliRunner

from application.ledger.reading import Ledger
from interfaces import worker
from interfaces.boards import Boards
from interfaces.cli.fsck import checked
from interfaces.cli.main import app
from interfaces.cli.saying import CannotDo
from interfaces.databases import Databases
from interfaces.publishing import publish_now, signing
from interfaces.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def terminal() -> Console:
    return Console(record=True, file=io.StringIO(), width=300)


def said(terminal: Console) -> str:
    return terminal.export_text()


def kept(places: Databases, folder: Path) -> Path:
    """The last checkpoint, as a partner keeps it."""
    ledger = Ledger(places.record)
    (folder / "kept.txt").write_text(ledger.checkpoint().text)
    ledger.close()
    return folder / "kept.txt"


def as_owner(places: Databases, *deeds: str) -> None:
    with psycopg.connect(places.owner_record, autocommit=True) as owner:
        for deed in ("ALTER TABLE events DISABLE TRIGGER ALL", "ALTER TABLE commands DISABLE TRIGGER ALL", *deeds):
            owner.execute(deed)


def test_a_store_that_nobody_touched_holds(places, terminal, tmp_path):
    publish_now(places)
    assert checked(terminal, places, Settings(), kept=[kept(places, tmp_path)]) == 0
    told = said(terminal)
    assert "compared with 1 that was kept" in told
    assert "Everything holds." in told


def test_every_fault_is_told_with_its_place_and_the_exit_says_so(places, terminal):
    publish_now(places)
    as_owner(places, "UPDATE events SET state = state || ' ' WHERE notification_id = 3")
    assert checked(terminal, places, Settings()) == 1
    told = said(terminal)
    assert "(position 3): its hash is not that of its bytes" in told
    assert "1 fault." in told


def test_as_json_for_scripts(places, terminal, capsys):
    publish_now(places)
    assert checked(terminal, places, Settings(), as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["faults"] == []


def test_with_keys_known_from_elsewhere(places, terminal):
    publish_now(places)
    keys = [str(signer.key) for signer in signing(places).values()]
    assert checked(terminal, places, Settings(), log_keys=keys) == 0
    with pytest.raises(CannotDo, match="Both keys"):
        checked(terminal, places, Settings(), log_keys=keys[:1])


def test_what_is_no_checkpoint_is_told(places, terminal, tmp_path):
    (tmp_path / "kept.txt").write_text("nothing of the kind")
    with pytest.raises(CannotDo, match="is not a checkpoint that was kept"):
        checked(terminal, places, Settings(), kept=[tmp_path / "kept.txt"])


async def test_a_read_model_that_read_what_is_no_longer_there(places, terminal):
    with worker.following(places.projections):
        async with Boards(places.record) as boards:
            with psycopg.connect(places.owner_record) as owner:
                ((end,),) = owner.execute("SELECT max(notification_id) FROM events").fetchall()
            assert await boards.reached("case_list", end, 20) is not None
    as_owner(places, f"DELETE FROM events WHERE notification_id = {end}", f"DELETE FROM commands WHERE position = {end}")
    assert checked(terminal, places, Settings()) == 1
    assert f"has read up to position {end}" in said(terminal)


async def test_an_auditor_has_one_address_and_needs_nothing_else(places, monkeypatch):
    publish_now(places)
    keys = [word for signer in signing(places).values() for word in ("--log-key", str(signer.key))]
    with worker.following(places.projections):
        async with Boards(places.record) as boards:
            assert await boards.reached("case_list", 1, 20) is not None
    for name in [name for name in os.environ if name.startswith("CASETRAIL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CASETRAIL_AUDITOR_URL", places.auditor)
    ended = await asyncio.to_thread(CliRunner().invoke, app, ["fsck", *keys])
    assert ended.exit_code == 0, ended.output
    assert "Everything holds." in ended.output
