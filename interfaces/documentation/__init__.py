"""The documents that are made from the code: pure functions, so that a test can compare what stands in `docs/` with what is made now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from interfaces.documentation import api, asyncapi, clocks, events, glossary, permissions, process

DOCUMENTS: Mapping[str, Callable[[Path], str]] = {
    "docs/api.md": api.document,
    "docs/asyncapi.json": asyncapi.document,
    "docs/clocks.md": clocks.document,
    "docs/events.md": events.document,
    "docs/glossary.md": glossary.document,
    "docs/permissions.md": permissions.document,
    "docs/process.md": process.document,
}
"""Each document by its file, and how it is made from a checkout."""


def write(checkout: Path) -> list[str]:
    """Write every document; the names of those that changed."""
    changed = []
    for name, make in DOCUMENTS.items():
        text, file = make(checkout), checkout / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(name)
    return changed
