"""How a sentence is told: one small function per event, declared beside the class whose sentence it is.

A sentence speaks only of what is stored in the clear (codes, refs, dates, numbers) and of roles; what a person said, and who
a person is, stands beside it for those who may read it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from domain.people import By

E = TypeVar("E")

TOLD: dict[type, Callable[[Any, By], str]] = {}
"""The sentence of each event by its class."""


def tells(kind: type[E]) -> Callable[[Callable[[E, By], str]], Callable[[E, By], str]]:
    """Declares the sentence of an event, from its fields and who asked it."""

    def declared(told: Callable[[E, By], str]) -> Callable[[E, By], str]:
        if kind in TOLD:
            raise TypeError(f"Two sentences are told of {kind.__name__}.")
        TOLD[kind] = told
        return told

    return declared
