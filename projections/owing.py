"""Whose clocks they are: what falls to somebody in a role, in the words that clocks say whom they are owed by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from domain.guidance import EDITIONS

FALLS_TO: Mapping[str, tuple[str, ...]] = {
    "business-manager": ("business-manager",),
    "partnership-officer": ("business-manager",),
    "delegated-partner": ("partners",),
    "lead-partner": ("partners",),
    "named-portal-user": ("local-authority",),
    "local-authority-practitioner": ("local-authority",),
    "implementation-group-chair": ("implementation-group-chair",),
    "agency-author": ("agency", "owner agency"),
    "notifier": ("notifier",),
}
"""What is owed by whom, for the roles to which anything falls; the words are those of the procedure files."""

AGENCIES = ("agency", "owner agency")
"""Stand in a procedure for an agency that each clock names."""


class Owing(NamedTuple):
    """Clocks that are owed by one of these, or that are of one of these names whoever owes them."""

    owed_by: tuple[str, ...] = ()
    clocks: tuple[str, ...] = ()


@cache
def owing(role: str, organisation: str | None = None) -> Owing:
    """What falls to this role: a role of people, or a word of the procedures (`partners`, `agency`). `organisation`: the agency, or
    the partner; a delegated partner of the local authority owes what the authority owes too."""
    words = FALLS_TO.get(role, (role,))
    if organisation and set(words) & set(AGENCIES):
        return Owing((organisation,))
    if role == "delegated-partner" and organisation == "local-authority":
        words = (*words, "local-authority")
    return Owing(words, tuple(sorted({row.due for edition in EDITIONS.values() for row in edition.clocks if row.owed_by in words})))
