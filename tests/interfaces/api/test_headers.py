"""What every answer tells a browser to refuse: every route, errors, what leads nowhere, and our own failures."""

from __future__ import annotations

import re
import tomllib
from hashlib import sha256

import httpx2 as httpx
import pytest

from interfaces.api.app import make_app
from interfaces.api.headers import A_PAGE, ANYTHING_ELSE, EVERYTHING
from interfaces.api.static import FILES, FOLDER
from interfaces.databases import Databases
from interfaces.sign_in.configured import Client, SignIn
from interfaces.wiring import Service
from tests.interfaces.api.conftest import Desk

pytestmark = pytest.mark.anyio

BESIDES = [
    "/nowhere",
    "/api/v1/nowhere",
    "/api/v1/docs",
    "/api/v1/openapi.json",
    "/session",
    "/sign-in",
    "/signed-out",
    "/static/../pyproject.toml",
]


def must_be_guarded(answer: httpx.Response) -> None:
    where = f"{answer.request.method} {answer.request.url} {answer.status_code}"
    for name, value in EVERYTHING.items():
        assert answer.headers.get_list(name) == [value], f"{where}: {name}"
    page = answer.headers.get("content-type", "").startswith("text/html")
    assert answer.headers.get_list("content-security-policy") == [A_PAGE if page else ANYTHING_ELSE], where
    assert "cache-control" in answer.headers, where


def test_the_policy_has_no_exception():
    for policy in (A_PAGE, ANYTHING_ELSE):
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert not re.search(r"unsafe|data:|blob:|\*|https?:|strict-dynamic|nonce|sha\d", policy)


async def test_every_route_and_method_answers_with_them(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interfaces.wiring.PATIENCE", 0.01)  # for read models, which nobody makes here
    document = (await desk.look("/openapi.json")).json()
    beside = {path: {"get": {}, "head": {}} for path in (*BESIDES, *(f"/static/{name}" for name in FILES))}
    asked = 0
    for path, methods in (document["paths"] | beside).items():
        url = "http://casetrail" + re.sub(r"\{\w+\}", "none", path)
        for method in (*methods, "options"):
            must_be_guarded(await desk.client.request(method.upper(), url))
            must_be_guarded(await desk.look(url, method=method.upper()))
            asked += 2
    assert asked > 600


async def test_our_own_failures_are_guarded_as_well(places: Databases):
    app = make_app(Service(places))

    @app.get("/failing")
    async def failing() -> None:
        raise RuntimeError("of our own making")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://casetrail") as client:
        answer = await client.get("/failing")
    assert answer.status_code == 500
    must_be_guarded(answer)
    assert "strict-transport-security" not in answer.headers


async def test_no_route_can_weaken_them(places: Databases):
    app = make_app(Service(places))

    @app.get("/weaker")
    async def weaker() -> object:
        from fastapi.responses import HTMLResponse

        return HTMLResponse("", headers={"Content-Security-Policy": "default-src *", "Referrer-Policy": "unsafe-url"})

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://casetrail") as client:
        must_be_guarded(await client.get("/weaker"))


async def test_over_tls_browsers_are_told_to_stay_with_it(places: Databases):
    sign_in = SignIn("https://casetrail.example.org", Client("https://id.example.org", "casetrail"))
    app = make_app(Service(places, sign_in=sign_in))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://casetrail.example.org") as client:
        answer = await client.get("/health/live")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_page_that_somebody_attached_is_never_shown_as_one(desk: Desk):
    case = await desk.open()
    hostile = b"<script>alert(1)</script>"
    headers = {"Casetrail-Person": "business-manager", "Content-Type": "text/html"}
    kept = await desk.client.put(f"/cases/{case}/documents", content=hostile, headers=headers)

    given = await desk.look(f"/cases/{case}/documents/{kept.json()['digest']}")

    assert given.content == hostile
    assert given.headers["content-disposition"].startswith("attachment;")
    assert given.headers["content-security-policy"] == ANYTHING_ELSE
    assert "sandbox" in ANYTHING_ELSE


def test_what_comes_from_others_is_as_they_published_it():
    for told in tomllib.loads((FOLDER / "vendored.toml").read_text())["vendored"]:
        folder = FOLDER / told["folder"]
        assert {file.name for file in folder.iterdir()} == set(told["sha256"])
        for name, digest in told["sha256"].items():
            assert sha256((folder / name).read_bytes()).hexdigest() == digest, name
        assert told["licence"] == "Apache-2.0"
        assert "Apache License" in (folder / "LICENSE").read_text()


async def test_static_files_are_known_by_their_name_alone(desk: Desk):
    for name in ("vendored.toml", "swagger-ui/LICENSE", "../settings.py", "..%2Fsettings.py", "/etc/passwd", "", "swagger-ui"):
        assert (await desk.client.get(f"http://casetrail/static/{name}")).status_code in (404, 405), name
    first = await desk.client.get("http://casetrail/static/docs.js")
    again = await desk.client.get("http://casetrail/static/docs.js", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
