"""The code set of the theme tracker: versioned data, in which a code may be retired or mapped but is never deleted (BOL-96)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent / "codes"


class Facet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A family of codes, known by its letter. `candidates`: whether its codes may raise a thematic candidate (R-22)."""

    letter: str
    name: str
    candidates: bool
    good_practice: bool = False


class PanelTheme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the National Panel's six practice themes."""

    number: int
    name: str


class Spotlight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the Panel's annual report of a year singled out, and the codes that speak of it."""

    report: str
    name: str
    codes: tuple[str, ...]


class ThemeCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One code. `panel` is its place among the Panel's six, `mirrors` the practice code of which it is the good side."""

    code: str
    name: str
    panel: int | None = None
    mirrors: str | None = None
    retired: bool = False
    mapped_to: tuple[str, ...] = ()

    @property
    def facet(self) -> str:
        return self.code[0]

    @property
    def parent(self) -> str | None:
        head, dot, _ = self.code.rpartition(".")
        return head if dot else None


class CodeSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of the codes."""

    version: str
    title: str
    facets: tuple[Facet, ...]
    panel: tuple[PanelTheme, ...]
    codes: tuple[ThemeCode, ...]
    spotlights: tuple[Spotlight, ...] = ()
    by_code: dict[str, ThemeCode] = {}

    def __post_init__(self) -> None:
        by_code = {code.code: code for code in self.codes}
        letters = {facet.letter for facet in self.facets}
        if len(by_code) < len(self.codes):
            raise ValueError(f"Code set {self.version} names a code twice.")
        for code in self.codes:
            if code.facet not in letters:
                raise ValueError(f"{code.code} belongs to no facet of code set {self.version}.")
            for other in (code.parent, code.mirrors, *code.mapped_to):
                if other is not None and other not in by_code:
                    raise ValueError(f"{code.code} speaks of {other}, which code set {self.version} does not have.")
        msgspec.structs.force_setattr(self, "by_code", by_code)

    def find(self, code: str) -> ThemeCode | None:
        """The code, retired or not; none where the set does not know it."""
        return self.by_code.get(code)

    def parent(self, code: str) -> str | None:
        """The code that this one is a part of."""
        found = self.find(code)
        return found.parent if found else None

    def facet(self, code: str) -> Facet | None:
        found = self.find(code)
        return next((facet for facet in self.facets if found and facet.letter == found.facet), None)

    def eligible(self, code: str) -> bool:
        """Whether it may raise a thematic candidate: in use, and of a facet that speaks of practice, harm, family or system (R-22)."""
        found, facet = self.find(code), self.facet(code)
        return bool(found and not found.retired and facet and facet.candidates)

    def good_practice(self, code: str) -> bool:
        """Whether it is for learn from success only and counts as nobody's harm (BOL-31)."""
        facet = self.facet(code)
        return bool(facet and facet.good_practice)

    def counts_towards(self, code: str) -> tuple[str, ...]:
        """The code, what it is mapped to, and the parents of these: each once, the code first."""
        found = self.find(code)
        towards = [code]
        for other in found.mapped_to if found else ():
            towards += self.counts_towards(other)
        if found and found.parent:
            towards.append(found.parent)
        return tuple(dict.fromkeys(towards))

    def panel_theme(self, code: str) -> PanelTheme | None:
        """Which of the Panel's six it speaks of, by itself, by its parent, or by the practice code it mirrors."""
        found = self.find(code)
        if found is None:
            return None
        if found.panel is not None:
            return next(theme for theme in self.panel if theme.number == found.panel)
        source = found.mirrors or found.parent
        return self.panel_theme(source) if source else None


def parsed(text: str) -> CodeSet:
    """A code set from the text of its file."""
    rows: dict[str, Any] = tomllib.loads(text)
    return msgspec.convert(rows, CodeSet)


@cache
def shipped() -> Mapping[str, CodeSet]:
    """Every version that comes with the software, oldest first."""
    sets = [parsed(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))]
    return {codes.version: codes for codes in sorted(sets, key=lambda codes: [int(part) for part in codes.version.split(".")])}


@cache
def newest() -> CodeSet:
    """The version in use for new assignments."""
    return [*shipped().values()][-1]
