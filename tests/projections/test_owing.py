"""Whose clocks they are."""

from __future__ import annotations

from domain.guidance import EDITIONS
from domain.people import ROLES
from projections.owing import FALLS_TO, Owing, owing


def test_every_word_of_the_procedures_for_whom_a_clock_is_owed_by_falls_to_some_role():
    words = {row.owed_by for edition in EDITIONS.values() for row in edition.clocks}
    assert words - {word for words in FALLS_TO.values() for word in words} == {"commissioner"}  # each clock says which of two it is
    assert set(FALLS_TO) <= set(ROLES)


def test_each_clock_is_owed_by_the_same_in_every_edition():
    owed: dict[str, set[str]] = {}
    for edition in EDITIONS.values():
        for row in edition.clocks:
            owed.setdefault(row.due, set()).add(row.owed_by)
    assert all(len(words) == 1 for words in owed.values()), owed


def test_what_falls_to_a_role():
    assert owing("implementation-group-chair").owed_by == ("implementation-group-chair",)
    assert owing("agency-author", "gp-practice") == Owing(("gp-practice",))
    assert {"agency-report", "recommendation"} <= set(owing("agency-author").clocks)
    assert owing("delegated-partner", "local-authority").owed_by == ("partners", "local-authority")
    assert "rapid-review-meeting" in owing("partnership-officer").clocks
    assert owing("theme-analyst").clocks == ()
