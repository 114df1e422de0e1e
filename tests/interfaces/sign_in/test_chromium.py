"""A real browser: it keeps the cookies that it should and nothing else, signs in at the provider's page, and after signing out goes back
to nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from interfaces.databases import Databases
from tests.conftest import expected_or_skip
from tests.interfaces.served import CASE
from tests.interfaces.sign_in.over_tls import over_tls

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The Chromium of the system."""
    where = which("chromium") or which("chromium-browser") or which("google-chrome")
    if where is None:
        expected_or_skip("chromium", "There is no Chromium here.")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def url(real_places: Databases, provider: str, tmp_path: Path) -> Iterator[str]:
    with over_tls(real_places, provider, tmp_path) as address:
        yield address


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A telephone, 390 px wide."""
    context = chromium.new_context(ignore_https_errors=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()


def sign_in(page: Any, url: str, **query: str) -> None:
    page.goto(f"{url}/sign-in" + "".join(f"?{name}={value}" for name, value in query.items()))
    assert page.inner_text("h1") == "Who are you?"
    page.fill("[name=sub]", "pat")
    page.check("[name=stay]")
    page.click("text=Sign in")


def shown(page: Any) -> dict:
    return json.loads(page.inner_text("body"))


SENDS = """([path, fields]) => {
  const form = Object.assign(document.createElement("form"), {method: "post", action: path});
  for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement("input"), {name, value}));
  document.body.append(form);
  form.submit();
}"""


def test_signing_in_looking_signing_out_and_going_back(page: Any, url: str, provider: str):
    sign_in(page, url)
    assert page.url == f"{url}/session"
    session = shown(page)
    assert session["post"] == "business-manager//bolton"
    (cookie,) = [cookie for cookie in page.context.cookies(url) if cookie["name"].startswith("__Host-")]
    assert {name: cookie[name] for name in ("name", "httpOnly", "secure", "sameSite", "path", "expires")} == {
        "name": "__Host-casetrail", "httpOnly": True, "secure": True, "sameSite": "Lax", "path": "/", "expires": -1,
    }  # fmt: skip

    ours = {"Casetrail-Token": session["token"], "Origin": url}
    made = page.request.post(f"{url}/api/v1/cases", data=CASE, headers=ours)
    assert made.status == 201, made.text()
    case = f"{url}/api/v1/cases/{made.json()['case']}"
    looked = page.goto(case)
    assert looked.headers["cache-control"] == "no-store"
    assert "Infant X" in page.inner_text("body")

    page.goto(f"{url}/signed-out")  # a page of ours, from which forms may be sent
    assert page.evaluate("document.cookie") == ""
    page.evaluate(SENDS, ["/sign-out", {"token": session["token"]}])
    page.wait_for_url(f"{url}/signed-out")
    page.wait_for_selector("text=You are signed out")
    assert [cookie["name"] for cookie in page.context.cookies(url) if cookie["name"].startswith("__Host-")] == []

    seen = []
    for _ in range(6):
        page.go_back()
        seen.append((page.url, page.inner_text("body")))
    assert case in [address for address, _ in seen]
    for address, text in seen:
        assert "Infant X" not in text, address
        assert session["person"] not in text, address
    page.goto(f"{url}/sign-in")
    assert page.inner_text("h1") == "Who are you?"  # the provider has forgotten them as well
    assert page.complaints == []


def test_a_page_of_another_site_does_nothing_in_somebodys_name(page: Any, url: str, provider: str):
    sign_in(page, url)
    token = shown(page)["token"]
    page.goto(f"{provider}/authorize")  # another origin: even one that knew the token
    page.evaluate(SENDS, [f"{url}/sign-out", {"token": token}])
    page.wait_for_url(f"{url}/sign-out")
    assert page.inner_text("h1") == "There is a problem"
    page.goto(f"{url}/session")
    assert shown(page)["token"] == token


def test_a_problem_is_a_page_that_a_telephone_shows_whole(page: Any, url: str, provider: str):
    page.goto(f"{url}/sign-in")
    page.click("text=Cancel")
    assert page.url.startswith(f"{url}/sign-in/callback")
    assert "said no" in page.inner_text("main p")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith("Arial")
    page.click("text=Sign in")
    assert page.inner_text("h1") == "Who are you?"
    assert page.complaints == []
