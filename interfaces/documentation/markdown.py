"""Markdown, as far as these documents need it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

MADE = "<!-- Made from the code by `python -m interfaces.documentation`; a test compares. Change the code, not this file. -->"


def page(title: str, *blocks: str) -> str:
    """A document: a title, where it comes from, and its blocks."""
    return "\n\n".join([f"# {title}", MADE, *(block for block in blocks if block)]) + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; nothing where it has no rows."""
    told = [_row(row) for row in rows]
    return "\n".join([_row(headings), _row("---" for _ in headings), *told]) if told else ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def code(*names: str) -> str:
    """`a`, `b`."""
    return ", ".join(f"`{name}`" for name in names)


def said(thing: object) -> str:
    """The docstring in one line, if the thing has one of its own."""
    own = vars(thing).get("__doc__") if isinstance(thing, type) else getattr(thing, "__doc__", None)
    return " ".join(inspect.cleandoc(own).split()) if own else ""


def sentence(thing: object) -> str:
    """The first sentence of the docstring, without its full stop."""
    return re.split(r"(?<=[a-z)`])\.\s", said(thing) + " ")[0].rstrip(". ")


def chapter(module: str) -> str:
    """What a module says of itself, before its first aside."""
    doc = inspect.getdoc(__import__(module, fromlist=["x"])) or ""
    return " ".join(doc.split("\n\n")[0].split())


def file_of(thing: type, checkout: Path) -> str:
    """The file in which a class stands, seen from the checkout."""
    return Path(inspect.getsourcefile(thing) or "").resolve().relative_to(checkout.resolve()).as_posix()


def link(path: str) -> str:
    """A link to a file of the checkout, from a document in `docs/`."""
    return f"[{path}](../{path})"
