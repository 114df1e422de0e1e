"""Stage 10. Themes are assigned to a case and its children, provisionally or confirmed, and withdrawn (BOL-96, BOL-116)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from domain.language import CaseEvent, Code, Command, Prose, Ref, State, replace

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded
    from domain.themes import CodeSet

Standing = Literal["provisional", "confirmed"]
Basis = Literal["notification", "rapid-review", "report", "other"]


class ThemeAssignment(State, frozen=True):
    """Which codes stand on the case, and for which children with what standing. No child: the code is the case's as a whole."""

    assigned: dict[str, dict[str, Standing]] = {}


class ThemeAssigned(CaseEvent, name="theme-assigned"):
    """A code of the theme tracker speaks of these children: provisional until a report that was endorsed confirms it."""

    code: str
    version: str
    children: tuple[str, ...] = ()
    standing: Standing
    basis: Basis

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, themes=replace(case.themes, assigned=self.assigned(case.themes.assigned)))

    def assigned(self, before: dict[str, dict[str, Standing]]) -> dict[str, dict[str, Standing]]:
        """The codes with this one beside them. What was once confirmed is not made provisional again."""
        children = dict(before.get(self.code, {}))
        for child in self.children:
            children[child] = "confirmed" if children.get(child) == "confirmed" else self.standing
        return {**before, self.code: children}


class AssignTheme(Command, name="assign-theme"):
    """Assign codes of the version in use to the children of the case: to all of them unless some are named."""

    codes: tuple[Code, ...] = Field(min_length=1)
    children: tuple[Ref, ...] | None = Field(default=None, description="The refs of the children; left out, all of the case.")
    standing: Standing
    basis: Basis

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        for code in self.codes:
            yield from not_to_be_assigned(code, asking.codes)
            if asking.codes.good_practice(code) and not _learns_from_success(case):
                yield f"The code {code} speaks of good practice and is for learn from success only (BOL-31)."
        for child in self.children or ():
            if child not in case.opening.children:
                yield f"There is no child {child} on this case (TOOL-12)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        children = tuple(dict.fromkeys(self.children or case.opening.children))
        for code in dict.fromkeys(self.codes):
            yield ThemeAssigned(code=code, version=asking.codes.version, children=children, standing=self.standing, basis=self.basis)


class ThemeWithdrawn(CaseEvent, name="theme-withdrawn"):
    """A code does not speak of this case after all, or not of these children. The assignment stays readable and is not counted."""

    code: str
    children: tuple[str, ...] = ()

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, themes=replace(case.themes, assigned=self.without(case.themes.assigned)))

    def without(self, before: dict[str, dict[str, Standing]]) -> dict[str, dict[str, Standing]]:
        """The codes without this one, or without the children named."""
        left = {child: standing for child, standing in before.get(self.code, {}).items() if self.children and child not in self.children}
        others = {code: children for code, children in before.items() if code != self.code}
        return {**others, self.code: left} if left else others


class WithdrawTheme(Command, name="withdraw-theme"):
    codes: tuple[Code, ...] = Field(min_length=1)
    children: tuple[Ref, ...] | None = Field(default=None, description="Only for these children; left out, altogether.")
    because: Prose

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        if not case.themes.assigned:
            yield "No theme is on this case: what is not assigned cannot be withdrawn (BOL-96)."

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        for code in self.codes:
            assigned = case.themes.assigned.get(code)
            if assigned is None:
                yield f"The code {code} is not assigned on this case (BOL-96)."
            for child in self.children or ():
                if assigned is not None and child not in assigned:
                    yield f"The code {code} is not assigned to the child {child} (BOL-96)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        for code in dict.fromkeys(self.codes):
            yield ThemeWithdrawn(code=code, children=tuple(dict.fromkeys(self.children or ())))


def not_to_be_assigned(code: str, codes: CodeSet) -> Iterator[str]:
    """Why a code may not be used any more, or never could."""
    found = codes.find(code)
    if found is None:
        yield f"The code {code} is unknown in version {codes.version} of the themes (BOL-96)."
    elif found.retired:
        instead = f"; its place is taken by {', '.join(found.mapped_to)}" if found.mapped_to else ""
        yield f"The code {code} is retired in version {codes.version} of the themes{instead} (BOL-96)."


def _learns_from_success(case: Case) -> bool:
    """Whether the case was brought for its success, or its review is a learn from success review."""
    return "learn-from-success" in (case.opening.concern, case.commissioning.review)
