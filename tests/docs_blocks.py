"""The documents of the project, and the blocks of code that stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).parents[1]

DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")])
"""Every document of the project, written by hand or made."""


class Block(NamedTuple):
    """A block of code in a document: its language, its text, and where it begins."""

    document: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(CHECKOUT)}:{self.line}"


def blocks(*languages: str) -> Iterator[Block]:
    """The blocks of these languages in every document, in order."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if found[1] in languages or not languages:
                yield Block(document, text.count("\n", 0, found.start()) + 1, found[1], found[2])


def named(document: Path) -> str:
    return document.relative_to(CHECKOUT).as_posix()
