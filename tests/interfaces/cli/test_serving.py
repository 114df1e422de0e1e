"""`casetrail serve`: where it refuses to start, in one sentence; and that it serves until it is stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2 as httpx
import pytest
from typer.testing import CliRunner

from application.store import migrate
from interfaces import databases
from interfaces.cli.main import app
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from tests.conftest import PASSWORDS

CASETRAIL = Path(sys.executable).with_name("casetrail")


NOT_OURS: dict[str, str | None] = {name: None for name in os.environ if name.startswith("CASETRAIL_")}


def environment(places: Databases | None = None, home: Path | None = None) -> dict[str, str]:
    """The settings of a service over this store, or with a home of its own."""
    told = {"NO_COLOR": "1"} | ({"CASETRAIL_HOME": str(home)} if home else {})
    if places:
        told |= {
            "CASETRAIL_DATABASE_URL": places.record, "CASETRAIL_KEYS_URL": places.keys, "CASETRAIL_KEY_FILE": str(places.key_file),
            "CASETRAIL_PROJECTIONS_URL": places.projections, "CASETRAIL_LEDGER_URL": str(places.ledger),
        }  # fmt: skip
    return told


def refusal(arguments: list[str], places: Databases | None = None, home: Path | None = None) -> str:
    """The one sentence with which it refuses to start."""
    ended = CliRunner().invoke(app, ["serve", *arguments], env={**NOT_OURS, **environment(places, home)})
    assert ended.exit_code == 1, ended.output
    assert len(ended.output.strip().splitlines()) == 1, ended.output
    return ended.output


def test_without_a_provider_it_is_served_as_a_rehearsal_only(tmp_path: Path):
    assert "serve a rehearsal with --rehearsal" in refusal([], home=tmp_path / "home")
    assert not (tmp_path / "home").exists()  # nothing was begun


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_a_rehearsal_is_served_on_loopback_only(tmp_path: Path, host: str):
    assert host in refusal(["--rehearsal", "--host", host], home=tmp_path / "home")


def test_a_store_that_is_no_rehearsal_is_not_served(practice_server: LocalPostgres):
    with databases.throw_away(practice_server) as places:
        assert "not marked as a rehearsal" in refusal(["--rehearsal", "--port", "0"], places)


def test_a_database_that_is_not_there_is_said_so(places: Databases):
    away = replace(places, record=re.sub("host=[^ ]+", "host=/nowhere", places.record))
    assert "cannot be reached" in refusal(["--rehearsal", "--port", "0"], away)


def test_a_database_of_another_version_is_said_so(practice_server: LocalPostgres, tmp_path: Path):
    migrate.ensure_database(practice_server.dsn("postgres"), "empty_record")
    migrate.ensure_database(practice_server.dsn("postgres"), "empty_keys")
    places = databases.on_server(practice_server, PASSWORDS, tmp_path / "key", "empty_record", "empty_keys")
    owner = replace(places, record=places.owner_record, keys=places.owner_keys, projections=places.owner_record)
    assert "casetrail migrate" in refusal(["--rehearsal", "--port", "0"], owner)


def test_a_port_that_is_taken_is_said_so(places: Databases):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert "--port" in refusal(["--rehearsal", "--port", str(port)], places)


@contextmanager
def serving(places: Databases) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`casetrail serve` as a process of its own, and its address."""
    process = subprocess.Popen(
        [CASETRAIL, "serve", "--rehearsal", "--port", "0"],
        env={**os.environ, **environment(places)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = next(found.group() for line in process.stdout if (found := re.search(r"http://[0-9.:]+", line)))
        httpx.get(f"{address}/health/live", timeout=30)
        yield process, address
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_stopped(places: Databases, stop: signal.Signals):
    with serving(places) as (process, address):
        who = {"Casetrail-Person": "business-manager"}
        assert httpx.get(f"{address}/api/v1/procedures", headers=who).status_code == 200
        process.send_signal(stop)
        process.wait(20)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{address}/health/live")


def test_what_the_settings_limit_is_limited_by_the_process_that_serves(places: Databases, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CASETRAIL_ASKS_PER_MINUTE", "2")
    with serving(places) as (_, address):
        who = {"Casetrail-Person": "business-manager"}
        answers = [httpx.get(f"{address}/api/v1/procedures", headers=who, timeout=60) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert int(answers[-1].headers["retry-after"]) <= 30
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as held:
            held.sendall(b"GET / HTTP/1.1\r\nX-Long: " + 70 * 1024 * b"x")
            assert held.recv(100).startswith(b"HTTP/1.1 431 ")
