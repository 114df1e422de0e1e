"""`casetrail serve` with a provider: which combinations start, and that somebody signs in at the real thing and asks."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import psycopg
import pytest
from typer.testing import CliRunner

from interfaces import databases
from interfaces.cli.main import app
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from tests.interfaces.cli.test_serving import CASETRAIL, NOT_OURS, environment
from tests.interfaces.served import CASE

CLAIMS = """
[[post]]
claim = "groups"
values = ["bolton-managers"]
role = "business-manager"
partnership = "bolton"
"""
SIGN_IN = {"CASETRAIL_ISSUER": "http://127.0.0.1:9", "CASETRAIL_CLIENT_ID": "casetrail"}


def told(arguments: list[str], environ: dict[str, str], code: int = 1) -> str:
    """The one sentence that a command ends with."""
    ended = CliRunner().invoke(app, arguments, env={**NOT_OURS, **environ})
    assert ended.exit_code == code, ended.output
    assert code == 0 or len(ended.output.strip().splitlines()) == 1, ended.output
    return ended.output


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        (["--rehearsal"], SIGN_IN, "leave out either"),
        ([], {"CASETRAIL_ISSUER": "http://127.0.0.1:9"}, "CASETRAIL_CLIENT_ID is missing"),
        ([], SIGN_IN | {"CASETRAIL_ISSUER": "http://provider.example"}, "CASETRAIL_ISSUER must begin with https://"),
        ([], SIGN_IN | {"CASETRAIL_BASE_URL": "http://casetrail.example"}, "CASETRAIL_BASE_URL must begin with https://"),
        ([], SIGN_IN | {"CASETRAIL_CLAIMS": "/nowhere.toml"}, "cannot be read"),
        ([], SIGN_IN | {"CASETRAIL_SESSION_IDLE": "5"}, "CASETRAIL_SESSION_IDLE"),
        ([], {}, "CASETRAIL_ISSUER"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_begins(
    tmp_path: Path, arguments: list[str], settings: dict[str, str], sentence: str
):
    assert sentence in told(["serve", *arguments], environment(home=tmp_path / "home") | settings)
    assert not (tmp_path / "home").exists()


def test_a_store_for_practice_is_not_served_with_sign_in(places: Databases, practice_server: LocalPostgres):
    assert "one for practice" in told(["serve", "--port", "0"], environment(places) | SIGN_IN)
    with databases.throw_away(practice_server, "demo") as demo:
        assert "one for practice" in told(["serve", "--port", "0"], environment(demo) | SIGN_IN)


def test_a_store_for_real_cases_is_not_served_as_a_rehearsal(real_places: Databases):
    assert "served with sign-in only" in told(["serve", "--rehearsal", "--port", "0"], environment(real_places))


def test_no_demonstration_is_made_where_people_sign_in(tmp_path: Path):
    assert "anybody may be anybody" in told(["demo"], environment(home=tmp_path / "home") | SIGN_IN)
    assert not (tmp_path / "home").exists()


@contextmanager
def serving(places: Databases, provider: str, folder: Path) -> Iterator[str]:
    """`casetrail serve` as a process of its own, on any address of this machine; its secret is a file."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "secrets").mkdir()
    (folder / "secrets" / "casetrail_client_secret").write_text("a-secret\n")
    (folder / "claims.toml").write_text(CLAIMS)
    settings = SIGN_IN | {
        "CASETRAIL_ISSUER": provider, "CASETRAIL_BASE_URL": f"http://127.0.0.1:{port}", "CASETRAIL_CLAIMS": str(folder / "claims.toml"),
        "CASETRAIL_SECRETS_DIR": str(folder / "secrets"),
    }  # fmt: skip
    process = subprocess.Popen(
        [CASETRAIL, "serve", "--host", "0.0.0.0", "--port", str(port)],
        env={**os.environ, **environment(places), **settings}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert any("sign-in at" in line for line in process.stdout)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        logged = process.communicate(timeout=20)[0]
        assert "Quirke" not in logged
        assert "code=" not in logged


@pytest.mark.slow
def test_somebody_signs_in_and_asks_until_they_are_signed_out_by_the_operator(real_places: Databases, provider: str, tmp_path: Path):
    with serving(real_places, provider, tmp_path) as url, httpx.Client(timeout=60, headers={"Sec-Fetch-Site": "same-origin"}) as browser:
        assert httpx.get(f"{url}/api/v1/cases").status_code == 401
        page = browser.get(f"{url}/sign-in", follow_redirects=True)
        session = browser.post(str(page.url), data={"sub": "pat"}, follow_redirects=True).json()
        assert session["post"] == "business-manager//bolton"
        made = browser.post(f"{url}/api/v1/cases", json=CASE, headers={"Casetrail-Token": session["token"]})
        assert made.status_code == 201, made.text
        assert browser.get(f"{url}/api/v1/cases/{made.json()['case']}/history").status_code == 200
        assert browser.get(f"{url}/api/v1/cases", headers={"Casetrail-Person": "administrator"}).status_code == 400
        listed = told(["sessions", "list", "--json"], environment(real_places), 0)
        number = re.search(r'"session": (\d+)', listed)[1]
        assert "1 session ended" in told(["sessions", "revoke", number], environment(real_places), 0)
        assert browser.get(f"{url}/api/v1/cases").status_code == 401


def test_posts_are_given_listed_and_taken_away(real_places: Databases):
    here = environment(real_places) | SIGN_IN
    given = told(["posts", "give", "lead-partner", "bury", "--subject", "somebody@example.org"], here, 0)
    person = re.search(r"person-[0-9a-f]{32}", given)[0]
    told(["posts", "give", "delegated-partner", "bolton", "--organisation", "police", "--person", person], here, 0)
    assert '"role": "lead-partner"' in told(["posts", "list", "--json", "--person", person], here, 0)
    assert "given this post from that day already" in told(["posts", "give", "lead-partner", "bury", "--person", person], here)
    assert "There is no role" in told(["posts", "give", "magician", "bury", "--person", person], here)
    assert "--organisation" in told(["posts", "give", "delegated-partner", "bury", "--person", person], here)
    assert "no person of this id" in told(["posts", "give", "lead-partner", "bury", "--person", "person-" + "0" * 32], here)
    with psycopg.connect(real_places.owner_record) as conn:
        ((number,),) = conn.execute("SELECT min(id) FROM posts").fetchall()
        assert "example.org" not in str(conn.execute("SELECT row_to_json(p)::text FROM persons p").fetchall())
    assert "taken away" in told(["posts", "end", str(number)], here, 0)
    assert "taken away before" in told(["posts", "end", str(number)], here)
    assert "no such session" in told(["sessions", "revoke", "--person", person], here)
    for named in ([], ["1", "--all"], ["--person", person, "--all"]):
        assert "Name either" in told(["sessions", "revoke", *named], here)
    assert "no such session" in told(["sessions", "revoke", "--all"], here)
