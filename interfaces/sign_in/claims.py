"""What the provider says of somebody, as posts: a file names the claims, their values, and the post that each stands for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from application.posts import Post
from domain.people import PARTNERS, Role
from domain.stages.opening import Partnership
from domain.toml_files import read_toml

LONGEST_NAME = 200


class ClaimsUnfit(Exception):
    """The file that maps claims to posts cannot be used; the sentence says why."""


class PostClaimed(BaseModel):
    """One row: whoever has one of these values in this claim holds this post."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    claim: str = Field(min_length=1, description="The name of a claim; a dot leads into one that has parts.")
    values: tuple[str, ...] = Field(min_length=1)
    role: Role
    organisation: str | None = Field(default=None, min_length=1, max_length=200, pattern=r"^[^/\x00-\x1f\x7f]+$")
    partnership: Partnership

    @model_validator(mode="after")
    def _a_partner(self) -> PostClaimed:
        if self.role == "delegated-partner" and self.organisation not in PARTNERS:
            raise ValueError(f"a delegated-partner is of the organisation {', '.join(PARTNERS)}")
        return self


class Mapped(BaseModel):
    """Which claims say who somebody is, what they are called, and which posts they hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str = Field(default="sub", min_length=1, description="The claim that stays the same for somebody for good.")
    name: str = Field(default="name", min_length=1)
    post: tuple[PostClaimed, ...] = ()

    def posts(self, claims: Mapping[str, Any]) -> tuple[Post, ...]:
        """The posts that these claims tell of."""
        held = (row for row in self.post if _values(claims, row.claim) & {*row.values})
        return tuple(dict.fromkeys(Post(row.role, row.organisation, row.partnership) for row in held))

    def subject_of(self, claims: Mapping[str, Any]) -> str | None:
        """Who somebody is to the provider."""
        found = _at(claims, self.subject)
        return found if isinstance(found, str) and 0 < len(found) <= 255 else None

    def called(self, claims: Mapping[str, Any]) -> str | None:
        """What somebody is called, where the provider says so."""
        found = _at(claims, self.name)
        text = " ".join("".join(c if c.isprintable() else " " for c in found).split()) if isinstance(found, str) else ""
        return text[:LONGEST_NAME] or None


def read_claims(file: Path) -> Mapped:
    """The mapping in this file, TOML or JSON by its name.

    Raises:
        ClaimsUnfit: with a sentence that names the row.
    """
    try:
        text = file.read_text("utf-8")
        told = json.loads(text) if file.suffix == ".json" else read_toml(text)
        return Mapped.model_validate(told)
    except OSError as error:
        raise ClaimsUnfit(f"CASETRAIL_CLAIMS: {file} cannot be read ({error.strerror}).") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ClaimsUnfit(f"CASETRAIL_CLAIMS: {file}: {where}: {first['msg'].removeprefix('Value error, ')}.") from None
    except RecursionError:
        raise ClaimsUnfit(f"CASETRAIL_CLAIMS: {file} is nested too deeply.") from None
    except ValueError as error:
        raise ClaimsUnfit(f"CASETRAIL_CLAIMS: {file} is not well formed: {error}.") from None


def _at(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, which may itself hold dots, or by a path through parts."""
    if name in claims:
        return claims[name]
    first, dot, rest = name.partition(".")
    inner = claims.get(first)
    return _at(inner, rest) if dot and isinstance(inner, Mapping) else None


def _values(claims: Mapping[str, Any], name: str) -> set[str]:
    found = _at(claims, name)
    if isinstance(found, str):
        return {found}
    return {value for value in found if isinstance(value, str)} if isinstance(found, list) else set()
