"""The whole store as files: written out of one snapshot, and checked with nothing but what `docs/export.md` shows."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console

from application.store_export import CannotExport, export_store
from domain.people import By
from domain.stages.opening import OpenCase
from interfaces.cli.exporting import exported, pages
from interfaces.cli.saying import CannotDo
from interfaces.databases import Databases
from interfaces.publishing import publish_now
from interfaces.wiring import Service
from tests.docs_blocks import CHECKOUT, blocks
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

PAGE = CHECKOUT / "docs" / "export.md"


@pytest.fixture
def checked(tmp_path: Path) -> Callable[[Path, str], subprocess.CompletedProcess[str]]:
    """What the documented example says of a folder: by itself, or with another call at its end."""
    example, tree = [block.text for block in blocks("python") if block.document == PAGE]
    program = tmp_path / "check.py"

    def run(folder: Path, more: str = "") -> subprocess.CompletedProcess[str]:
        program.write_text(f"{tree if more else ''}\n{example}\n{more}")
        return subprocess.run([sys.executable, "-I", program, folder], capture_output=True, text=True, check=False)

    return run


@pytest.fixture
async def store(service: Service, tmp_path: Path) -> Path:
    """A store with a case, a document and a look, published; and where it is exported to."""
    by = By(person=await service.register.rehearsed("local-authority-practitioner"), role="local-authority-practitioner")
    for n in range(3):
        await service.cases.do(OpenCase.model_validate({**CASE, "label": f"Infant {n}"}), by)
    stream = (await service.store.streams("case/"))[0]

    async def content() -> Any:
        yield b"the scan"

    await service.documents.keep(stream, content(), by.person)
    from application.access import look

    await service.looks.note(look(by, "overview", streams=(stream,), reason="the parents rang"))
    publish_now(service.places)
    return tmp_path / "everything"


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    with gzip.open(folder / f"{name}.jsonl.gz", "rt") as read:
        return [json.loads(line) for line in read]


def signed_anew(folder: Path) -> None:
    """The manifest made to fit whatever lies in the folder now."""
    names = [line.partition("  ")[2] for line in (folder / "MANIFEST").read_text().splitlines()]
    (folder / "MANIFEST").write_text("".join(f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names))


def rewritten(folder: Path, change: Callable[[list[bytes]], list[bytes]], name: str = "record") -> None:
    """A file changed by somebody who also mends the manifest."""
    file = folder / f"{name}.jsonl.gz"
    file.write_bytes(gzip.compress(b"".join(change(gzip.decompress(file.read_bytes()).splitlines(keepends=True)))))
    signed_anew(folder)


TREE = "check_tree(pathlib.Path(sys.argv[1]))"


async def test_what_was_written_is_checked_with_the_documented_example_alone(store: Path, places: Databases, checked: Any):
    said = io.StringIO()
    exported(Console(file=said, width=200), places, store, documents=True)
    ran = checked(store)
    assert (ran.returncode, ran.stdout) == (0, f"{len(lines(store, 'ledger-streams'))} streams hold.\n"), ran.stderr
    assert checked(store, TREE).returncode == 0
    assert "No key is in it" in said.getvalue()
    assert "Left out" not in said.getvalue()
    ran = subprocess.run(["sha256sum", "--check", "--quiet", "MANIFEST"], cwd=store, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    listed = {line.partition("  ")[2] for line in (store / "MANIFEST").read_text().splitlines()}
    assert {str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()} == listed | {"MANIFEST"}
    assert {oct(path.stat().st_mode & 0o777) for path in store.rglob("*") if path.is_file()} == {"0o600"}


async def test_every_row_is_there_as_it_is_stored_and_nothing_opens_it(store: Path, places: Databases):
    exported(Console(file=io.StringIO()), places, store, documents=True)
    with psycopg.connect(places.owner_record) as owner:
        events = owner.execute("SELECT notification_id, header, state, hash FROM events ORDER BY notification_id").fetchall()
        found = [(r["position"], r["header"].encode(), r["body"].encode(), bytes.fromhex(r["hash"])) for r in lines(store, "record")]
        assert found == events
        for name, table in (("looks", "looks"), ("commands", "commands"), ("labels", "labels"), ("persons", "persons"), ("posts", "posts")):
            ((count,),) = owner.execute(f"SELECT count(*) FROM {table}").fetchall()
            assert len(lines(store, name)) == count
            assert count or name == "posts"
    assert [note["note"].count("\u2014") for note in lines(store, "checkpoints")] == [1, 1]
    assert len(lines(store, "document-chunks")) == len(lines(store, "documents")) == 1
    whole = b"".join(
        gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in store.rglob("*") if path.is_file()
    )
    for words in (b"Quirke", b"parents rang", b"the scan", places.key_file.read_text().strip().encode()):
        assert words not in whole
    with psycopg.connect(places.owner_keys) as keys:
        for (wrapped,) in keys.execute("SELECT wrapped FROM keys WHERE wrapped IS NOT NULL LIMIT 50"):
            assert bytes(wrapped).hex().encode() not in whole


async def test_it_is_the_same_bytes_each_time(store: Path, places: Databases, tmp_path: Path):
    exported(Console(file=io.StringIO()), places, store)
    exported(Console(file=io.StringIO()), places, tmp_path / "again")
    for file in ("record.jsonl.gz", "looks.jsonl.gz", "checkpoints.jsonl.gz"):
        assert (store / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


@pytest.mark.parametrize("name", ["record.jsonl.gz", "looks.jsonl.gz", "calendars/england-2026.json", "ledger.md", "store.json"])
async def test_a_byte_that_was_changed_is_found(name: str, store: Path, places: Databases, checked: Any):
    exported(Console(file=io.StringIO()), places, store)
    content = bytearray((store / name).read_bytes())
    content[len(content) // 2] ^= 1
    (store / name).write_bytes(content)
    ran = checked(store)
    assert ran.returncode == 1
    assert f"{name} is not what was written" in ran.stderr


async def test_whoever_mends_the_manifest_too_is_found_by_the_chain(store: Path, places: Databases, checked: Any):
    exported(Console(file=io.StringIO()), places, store)
    rewritten(store, lambda rows: [*rows[:-1], rows[-1].replace(b"bolton", b"bury")])
    assert "was changed" in checked(store).stderr
    rewritten(store, lambda rows: [*rows[:-1], rows[-1].replace(b"bury", b"bolton")])
    assert checked(store).returncode == 0
    rewritten(store, lambda rows: [re.sub(rb"shown", rb"shows", row) for row in rows], "looks")
    assert "look 1 was changed" in checked(store).stderr


async def test_an_end_that_was_cut_off_is_found_by_the_checkpoint(store: Path, places: Databases, checked: Any):
    exported(Console(file=io.StringIO()), places, store)
    rewritten(store, lambda rows: rows[:-1])
    assert checked(store).returncode == 0
    assert "the end of the record was cut off" in checked(store, TREE).stderr


async def test_an_auditor_has_all_but_the_register(store: Path, places: Databases):
    with psycopg.connect(places.owner_record, autocommit=True) as connection:
        connection.execute("SET ROLE casetrail_auditor")
        done = export_store(connection, store, pages(), documents=True)
    assert done.left_out == ["persons", "posts", "document-chunks"]
    assert done.rows["record"] == len(lines(store, "record"))
    assert json.loads((store / "store.json").read_text())["left_out"] == done.left_out


async def test_it_is_told_how_far_it_has_come(store: Path, places: Databases, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("application.store_export.PAGE", 2)
    told: list[tuple[str, int, int]] = []
    with psycopg.connect(places.owner_record, autocommit=True) as connection:
        export_store(connection, store, {}, told=lambda *one: told.append(one))
    events = [(written, count) for what, written, count in told if what == "record"]
    assert events[0][0] == 2
    assert events[-1][0] == events[-1][1] == len(lines(store, "record"))


async def test_nothing_is_written_over(places: Databases, tmp_path: Path):
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(CannotDo, match="is not empty"):
        exported(Console(file=io.StringIO()), places, tmp_path)
    with psycopg.connect(places.owner_record, autocommit=True) as connection, pytest.raises(CannotExport, match="cannot be written"):
        export_store(connection, tmp_path / "kept" / "below", {})
