"""The report of a case stands alone, says what the record says in plain English, and repeats nothing that is not for its reader."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import pairwise

import pytest

from domain.people import By
from domain.stages.notification import DiscussNotification
from tests.application.test_stories import STORIES, told

pytestmark = pytest.mark.anyio

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """A page read tag by tag: what it has, and whether every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if not {"style", "title"} & {*self._open}:
            self.words += f" {data}"

    def count(self, tag: str) -> int:
        return sum(found == tag for found, _ in self.tags)

    def __contains__(self, words: str) -> bool:
        return " ".join(words.split()) in " ".join(self.words.split())


async def page(service, make, story: str, handle: str) -> Page:
    case = (await told(STORIES[story], service)).cases[handle]
    return Page((await make(case)).text("data/report.html"))


async def test_it_needs_nothing_but_itself_and_can_be_read_aloud(service, make):
    read = await page(service, make, "practice-review-to-the-last-recommendation", "infant-p")

    assert read.count("h1") == read.count("main") == 1
    assert read.count("caption") == read.count("table") > 10
    assert all("scope" in found for tag, found in read.tags if tag == "th")
    assert not {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe", "form", "object"}
    assert [found["lang"] for tag, found in read.tags if tag == "html"] == ["en-GB"]
    ids = [found["id"] for _, found in read.tags if "id" in found]
    assert len(ids) == len({*ids})
    links = {found["href"] for tag, found in read.tags if tag == "a"}
    assert {link[1:] for link in links} <= {*ids}
    assert not any(name in found for _, found in read.tags for name in ("src", "style", "onclick"))
    headings = [int(tag[1]) for tag, _ in read.tags if tag in ("h1", "h2", "h3", "h4")]
    assert all(after <= before + 1 for before, after in pairwise(headings))


async def test_a_correction_stands_beside_what_it_corrects_and_late_entries_are_visible(service, make):
    read = await page(service, make, "corrections-late-awareness-and-amendments", "child-h")

    assert "The day it happened: was 6 February 2024; should have been 7 February 2024" in read
    assert "It corrects entry 3" in read
    assert "Recorded late , six working days after it happened. Reason given: found only now" in read


async def test_clocks_are_counted_in_words(service, make):
    read = await page(service, make, "corrections-late-awareness-and-amendments", "child-h")

    assert "Mon 5 Feb is day 0. Working days: Tue 6 Feb (1), Wed 7 Feb (2), Thu 8 Feb (3), Fri 9 Feb (4), Mon 12 Feb (5)." in read
    assert "Not counted: Sat 10 Feb, Sun 11 Feb (weekend)." in read
    assert "What it rests on was corrected (place 9). Replaced by a count to 8 February 2024." in read


async def test_decisions_have_positions_reasons_and_what_was_before_them(service, make):
    read = await page(service, make, "challenge-upheld", "baby-w")

    assert "It was replaced by threshold-2." in read
    assert "It replaces threshold-1 because of challenge-1 (challenge upheld)" in read
    assert "Rationale: serious harm, abuse suspected" in read
    assert "What was before them when they spoke" in read
    assert "Was sent entry 8" in read
    assert "Challenge-1 (on threshold-1)" in read


async def test_dissent_is_told(service, make):
    read = await page(service, make, "practice-review-to-the-last-recommendation", "infant-p")

    assert "Dissent: Education." in read


async def test_whatever_somebody_wrote_is_shown_as_words(service, make):
    case = (await told(STORIES["corrections-late-awareness-and-amendments"], service)).cases["child-i"]
    wrote = '<script>alert(1)</script> & "quoted" {{ 7 * 7 }} </q></style><img src=x onerror=alert(2)>'
    notifier = By(person="person-" + "2" * 32, role="notifier", organisation="hospital-trust", partnership="bolton")
    command = DiscussNotification(with_role="named-professional", lived_experience=wrote, rationale=wrote)
    await service.cases.do(command, notifier, stream=f"case/{case}", at=await service.last_instant())

    text = (await make(case)).text("data/report.html")

    assert wrote in Page(text)
    assert "<script" not in text
    assert "<img" not in text
