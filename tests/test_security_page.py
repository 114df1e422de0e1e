"""What SECURITY.md and docs/operations.md promise is what is there."""

from __future__ import annotations

import re

import pytest

from interfaces.api import body, connection, limited
from interfaces.cli import serving
from tests.docs_blocks import CHECKOUT
from tests.test_docs import _exists

NAMED = re.findall(r"`(tests/[\w./-]+::\w+)`", (CHECKOUT / "SECURITY.md").read_text("utf-8"))


@pytest.mark.parametrize("test", NAMED)
def test_each_test_that_the_threat_model_names_exists(test: str):
    assert _exists(test)


def test_nobody_of_the_five_is_left_without_a_test():
    chapters = re.split(r"^### ", (CHECKOUT / "SECURITY.md").read_text("utf-8").partition("## Besides")[0], flags=re.MULTILINE)[1:]
    assert [chapter.partition("\n")[0] for chapter in chapters] == [
        "A curious partner", "A conflicted manager", "An operator", "A stolen laptop", "A hostile notifier"
    ]  # fmt: skip
    for chapter in chapters:
        rows = [line for line in chapter.splitlines() if line.startswith("| ") and "---" not in line][1:]
        assert len(rows) >= 5
        assert all("::test_" in row for row in rows)
        assert "\nRemains: " in chapter


def test_the_limits_that_are_told_are_those_that_hold():
    told = (CHECKOUT / "docs/operations.md").read_text("utf-8").partition("## What is limited")[2].partition("\n## ")[0]
    for sentence in (
        f"| {serving.ASKS} a minute (`CASETRAIL_ASKS_PER_MINUTE`)",
        f"| {serving.SIGN_INS} a minute (`CASETRAIL_SIGN_INS_PER_MINUTE`)",
        f"| {serving.OPEN} a minute (`CASETRAIL_OPEN_PER_MINUTE`)",
        f"| {body.LARGEST_JSON // 1024**2} MiB, {body.MOST_ITEMS} items in a list, {body.DEEPEST} lists in one another",
        f"| {limited.LONGEST_ADDRESS} bytes; {limited.LARGEST_HEAD // 1024} KiB",
        f"| {limited.PATIENCE:.0f} seconds of waiting, and a second more for every {limited.SLOWEST // 1000} kB",
        f"| {connection.HEAD_WITHIN:.0f} seconds; {connection.TAKEN_WITHIN:.0f} seconds",
    ):
        assert sentence in told, sentence
