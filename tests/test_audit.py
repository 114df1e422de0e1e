"""The audit of what we rest on: a weakness fails it, silence does not pass for good news, and the bill of materials is whole."""

from __future__ import annotations

import json
import os
import re
import runpy
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.docs_blocks import CHECKOUT

pytestmark = pytest.mark.slow

SCRIPT = CHECKOUT / "requirements/audit.py"
WEAK = {
    "id": "PYSEC-2099-1", "aliases": ["CVE-2099-0001"], "summary": "invented", "modified": "2099-01-01T00:00:00Z",
    "affected": [
        {"package": {"name": "weak", "ecosystem": "PyPI"},
         "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}], "versions": ["1.0"]}
    ],
}  # fmt: skip


@contextmanager
def database(status: int = 200) -> Iterator[str]:
    """A database of weaknesses as pip-audit asks one: it knows something of one package."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"vulns": [WEAK]} if asked["package"]["name"] == "weak" else {}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory):
    """Audit a lock of these packages: exit code and what was said."""
    folder = tmp_path_factory.mktemp("audit")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import audit, pathlib; sys.exit(audit.audit(pathlib.Path(sys.argv[2]), sys.argv[3]))"
    )

    def audit(url: str, *packages: str, expect: str = "") -> tuple[int, str]:
        lock = folder / "lock.txt"
        lock.write_text("".join(f"{package}==1.0 \\\n    --hash=sha256:{'0' * 64}\n" for package in packages))
        environment = {**os.environ, "CASETRAIL_EXPECT": expect}
        ran = subprocess.run(
            [sys.executable, "-c", program, SCRIPT.parent, lock, url], capture_output=True, text=True, env=environment, check=False
        )
        return ran.returncode, ran.stdout

    return audit


def test_where_nothing_is_known_it_passes_and_says_how_many_were_asked(audited):
    with database() as url:
        code, said = audited(url, "sound", "well-kept")
    assert (code, "2 of 2 locked packages were asked" in said, "0 have one" in said) == (0, True, True), said


def test_a_known_weakness_fails_it_by_name(audited):
    with database() as url:
        code, said = audited(url, "sound", "weak")
    assert code == 1
    assert "✗ weak 1.0: " in said
    assert "CVE-2099-0001" in said
    assert "better in 2.0" in said


def test_a_database_that_is_away_is_told_plainly_and_fails_only_where_it_is_expected(audited):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/v1/query"
    code, said = audited(nobody, "weak")
    assert (code, said.startswith("NOT AUDITED: the database of known weaknesses cannot be reached")) == (0, True), said
    assert audited(nobody, "weak", expect="advisories")[0] == 1
    with database(503) as failing:
        code, said = audited(failing, "weak")
    assert (code, said.startswith("NOT AUDITED")) == (0, True), said


def test_whatever_else_goes_wrong_is_no_excuse(audited):
    with database() as url:
        code, said = audited(url, "not a lock at all")
    assert code == 1
    assert "not because the database of weaknesses is away" in said


def test_the_bill_of_materials_names_all_that_is_served_with_its_hashes(tmp_path: Path):
    audit = SimpleNamespace(**runpy.run_path(str(SCRIPT), run_name="audit"))
    count = audit.bill_of_materials(audit.SERVED, tmp_path / "sbom.json")
    told = json.loads((tmp_path / "sbom.json").read_text())
    parts = {(re.sub(r"[-_.]+", "-", part["name"]).lower(), part["version"]): part for part in told["components"]}

    assert len(parts) == count
    assert {*audit.locked(audit.SERVED), ("swagger-ui-dist", "5.35.0")} == set(parts)
    for part in parts.values():
        hashes = [
            found["alg"] for one in (*part.get("externalReferences", []), *part.get("components", [])) for found in one.get("hashes", [])
        ]
        assert "SHA-256" in hashes, part["name"]
    assert told["metadata"]["component"]["name"] == "casetrail"
    assert told["bomFormat"] == "CycloneDX"
    assert "/simple" not in json.dumps(told)  # whatever index it came from is nobody's business
