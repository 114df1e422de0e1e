"""A scenario file that cannot be run says why, with the line."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.scenario import Scenario, ScenarioError, parse_scenario

LONDON = ZoneInfo("Europe/London")


def read(text: str) -> Scenario:
    return parse_scenario(text.encode(), "story.yaml")


def steps(*lines: str) -> str:
    return "scenario: A story\npartnership: bolton\nsteps:\n" + "".join(f"  - {line}\n" for line in lines)


OPEN = "{at: 2024-05-01 10:00, case: x, by: business-manager, do: open-case, with: {label: X}}"


def test_a_step_is_read_with_its_line_and_its_time_in_london():
    (step,) = read(steps(OPEN)).steps
    assert (step.line, step.at) == (4, datetime(2024, 5, 1, 10, tzinfo=LONDON))


def test_without_a_time_it_is_noon():
    (step,) = read(steps("{at: 2024-01-05, case: x, by: scrutineer, do: close-case}")).steps
    assert step.at == datetime(2024, 1, 5, 12, tzinfo=LONDON)


def test_on_and_yes_and_dates_are_words():
    (step,) = read(steps("{at: 2024-05-01, case: x, by: b, do: d, with: {on: 2024-04-30, yes: no, off: 1e, n: 3}}")).steps
    assert step.fields == {"on": "2024-04-30", "yes": "no", "off": "1e", "n": 3}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (steps(OPEN, "{at: 2024-04-30, case: x, by: b, do: d}"), 5, "before the one above"),
        (steps("{at: 2024-05-01, case: x, by: b, do: d, if: y}"), 4, "unknown key 'if'"),
        (steps("{at: soon, case: x, by: b, do: d}"), 4, "is not a time"),
        (steps("{at: 2024-02-30, case: x, by: b, do: d}"), 4, "is not a time"),
        (steps("{case: x, by: b, do: d}"), 4, "at what time"),
        (steps("{at: 2024-05-01, case: x, do: d}"), 4, "by whom"),
        (steps("{at: 2024-05-01, case: x, by: b}"), 4, "one of do, look and expect"),
        (steps("{at: 2024-05-01, case: x, by: b, do: d, with: 3}"), 4, "mapping of fields"),
        (steps("{at: 2024-05-01, case: x, by: b, do: d, seen: two}"), 4, "whole number"),
        (steps("{at: 2024-05-01, at: 2024-05-02, case: x, by: b, do: d}"), 4, "twice"),
        (steps("{at: 2024-05-01, expect: {x: {clock: []}}}"), 4, "unknown expectation"),
        (steps("{at: 2024-05-01, expect: {x: {endorsements: many}}}"), 4, "whole number"),
        ("scenario: A\nsteps: []\n", 2, "at least one step"),
        ("scenario: A\n", 1, "no steps"),
        ("- a\n", 1, "not a mapping"),
        ("scenario: [A\n", 2, "YAML"),
        ("a: &x 1\nb: *x\n", 1, "anchors"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, words: str):
    with pytest.raises(ScenarioError) as refused:
        read(text)
    assert refused.value.line == line
    assert words in str(refused.value)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_scenario_or_an_error_with_a_line(raw: bytes):
    with suppress(ScenarioError):
        parse_scenario(raw, "noise.yaml")
