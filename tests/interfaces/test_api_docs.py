"""The contract as people read it, in a real browser: under the strict policy, and without any other host."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from interfaces.databases import Databases
from tests.conftest import expected_or_skip
from tests.interfaces.served import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", e => window.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}`));
"""


@dataclass
class Seen:
    """A page in a browser, and what happened while it was shown."""

    page: Any
    url: str
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture
def seen(places: Databases) -> Iterator[Seen]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        expected_or_skip("chromium", "There is no Chromium here.")
    from playwright.sync_api import sync_playwright

    outside = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with served(places) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", outside])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        found = Seen(page, url)
        page.on("request", lambda sent: found.asked.append(sent.url))
        page.on("console", lambda message: found.said.append(message.text))
        page.on("pageerror", lambda error: found.said.append(str(error)))
        page.add_init_script(VIOLATIONS)
        yield found
        browser.close()


def test_every_route_is_shown_and_nothing_is_asked_of_anybody_else(seen: Seen):
    document = httpx.get(f"{seen.url}/api/v1/openapi.json", timeout=60).json()
    page = seen.page

    page.goto(f"{seen.url}/api/v1/docs")
    page.locator(".opblock").first.wait_for()
    page.locator(".opblock-summary-control").first.click()
    opened = page.locator(".opblock.is-open .opblock-body")
    opened.get_by_text("Responses").first.wait_for()

    assert "429" in opened.inner_text()
    assert page.locator(".try-out__btn").count() == 0
    routes = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert _scrolled_through(page, len(routes)) == routes
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 1000})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
    assert page.evaluate("window.violations") == []
    assert seen.said == []
    assert {urlsplit(url).netloc for url in seen.asked} == {urlsplit(seen.url).netloc}
    _a_script_that_comes_in_is_not_run(page)


def _scrolled_through(page: Any, most: int) -> set[tuple[str, str]]:
    """Method and path of each operation, as somebody sees them who reads to the end: what is out of sight is not drawn."""
    found: set[tuple[str, str]] = set()
    for _ in range(3):  # a busy machine draws late
        page.evaluate("window.scrollTo(0, 0)")
        end = False
        while not end and len(found) < most:
            page.wait_for_timeout(250)
            for block in page.locator(".opblock-summary").all_inner_texts():
                method, path, *_ = block.replace("\u200b", "").split("\n")
                found.add((method.strip(), path.strip()))
            end = page.evaluate("() => { const y = scrollY; window.scrollBy(0, 600); return scrollY === y }")
    return found


def _a_script_that_comes_in_is_not_run(page: Any) -> None:
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);"
        " document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">'); }"
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None
    assert any(told.startswith("script-src") for told in page.evaluate("window.violations"))
