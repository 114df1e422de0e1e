"""The policies (`*.cedar`), checked against their schema when they are loaded, and asked: in which ways may somebody read a kind?

    policies = Policies.shipped()
    policies.may(member, "decisions", now).level

Each answer names the policies that it rests on, by the `@id` that stands in their text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import cedarpy

from application.policy.on_a_case import Membership

FILES = ("by-role.cedar", "for-a-time.cedar", "never.cedar")
WAYS = ("full", "pseudonymised", "own", "metadata", "aggregates")
"""In which ways something is read, the first the most. Beside a weaker one, one's own items are read in full."""

ACTIONS = {
    "full": "read-in-full", "pseudonymised": "read-pseudonymised", "own": "read-own", "metadata": "read-metadata",
    "aggregates": "read-aggregates",
}  # fmt: skip
REMEMBERED = 4096
"""Answers kept: one for each kind and each way of standing on a case that was asked about."""


class Unfit(Exception):
    """The policies do not fit their schema: nothing is decided by them."""


@dataclass(frozen=True)
class Access:
    """In which ways a kind may be read, and the policies by which it may, or which forbid it. Neither: no policy permits it."""

    ways: frozenset[str] = frozenset()
    policies: tuple[str, ...] = ()

    @property
    def level(self) -> str:
        """The most that is permitted: full, pseudonymised, own, metadata, aggregates, or none."""
        return next((way for way in WAYS if way in self.ways), "none")

    @property
    def reads(self) -> bool:
        """Whether it lets one read anything of what an entry says."""
        return bool(self.ways & {"full", "pseudonymised", "own"})


class Policies:
    """Policies and schema, parsed once. Answers are remembered by all that a policy may ask about, never by person."""

    def __init__(self, text: str, schema: str) -> None:
        """Raises: Unfit: a policy names what the schema does not know, or has no `@id` of its own."""
        checked = cedarpy.validate_policies(text, schema)
        if not checked.validation_passed:
            raise Unfit("; ".join(str(error) for error in checked.errors))
        told = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
        self.ids: Mapping[str, str] = {inner: policy.get("annotations", {}).get("id", "") for inner, policy in told.items()}
        if not all(self.ids.values()) or len(set(self.ids.values())) != len(self.ids):
            raise Unfit("A policy has no @id, or one that another has.")
        self.edition = hashlib.sha256(f"{schema}\0{text}".encode()).hexdigest()[:12]
        self._policies = cedarpy.PolicySet.from_str(text)
        self._schema = cedarpy.Schema.from_str(schema)
        self._remembered: dict[tuple[Any, ...], Access] = {}

    @classmethod
    @cache
    def shipped(cls) -> Policies:
        """Those that come with this version."""
        return cls("\n".join(shipped(name) for name in FILES), shipped("schema.cedarschema"))

    def may(self, member: Membership, kind: str, now: datetime, stands: tuple[Any, ...] | None = None) -> Access:
        """In which ways somebody may read what the case holds of this kind, at this instant. `stands`: as `standing` has it."""
        asked = (kind, stands or standing(member, now))
        if (known := self._remembered.get(asked)) is None:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            known = self._remembered[asked] = self.decided(member, kind, now)
        return known

    def decided(self, member: Membership, kind: str, now: datetime) -> Access:
        """The same, asked of the policies anew."""
        entities = cedarpy.Entities.from_json_str(json.dumps(_entities(member, kind, now)), self._schema)
        answers: dict[str, cedarpy.AuthzResult] = {}
        for ways in (WAYS[:1], WAYS[1:]):  # whoever reads in full needs no weaker way
            asked = [_request(way, kind, now) for way in ways]
            told = cedarpy.is_authorized_batch(asked, self._policies, entities, schema=self._schema)
            answers |= zip(ways, told, strict=True)
            if errors := [str(error) for answer in told for error in answer.diagnostics.errors]:
                raise Unfit("; ".join(errors))
            if any(answer.allowed for answer in told):
                break
        permitted = frozenset(way for way, answer in answers.items() if answer.allowed)
        reasons = {self.ids[r] for a in answers.values() if a.allowed or not permitted for r in a.diagnostics.reasons}
        return Access(permitted, tuple(sorted(reasons)))


def shipped(name: str) -> str:
    """The text of a file of policies, or of the schema."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def as_person(member: Membership, now: datetime) -> tuple[frozenset[str], dict[str, Any]]:
    """What the policies may ask of a person: their capacities on this case, and the rest of the schema's `Person`."""
    until = {"granted_until": member.granted_until, "glass_until": member.glass_until}
    return member.capacities(now), {
        "of_this_partnership": bool(member.here),
        "named_here": bool(member.by_name or member.granted or member.glass_until),
        "linked": member.linked,
        "conflicted": member.conflicted_since is not None,
        "removed": member.removed_since is not None,
        "ended": member.ended_since is not None,
        "family": member.family,
        "interview_held": member.interview_held,
        **{name: milliseconds(instant) for name, instant in until.items() if instant is not None},
    }


def as_information(member: Membership) -> dict[str, Any]:
    """What the policies may ask of the case."""
    case = member.case
    return {
        "concern": case.concern,
        "review": case.review,
        "disclosure_hold": case.held("disclosure"),
        "publication_hold": case.held("publication"),
    }


def milliseconds(instant: datetime) -> int:
    """An instant as the policies count: a number, for they know no dates. Cut, never rounded up: nothing lasts longer for it."""
    return int(instant.timestamp() * 1000)


def standing(member: Membership, now: datetime) -> tuple[Any, ...]:
    """All that an answer depends on. Of instants the policies ask one thing only, whether they are still to come (a test reads them)."""
    capacities, person = as_person(member, now)
    at = milliseconds(now)
    told = tuple(at < value if name.endswith("_until") else value for name, value in person.items())
    return (capacities, *told, *(name for name in person if name.endswith("_until")), *as_information(member).values())


def _entities(member: Membership, kind: str, now: datetime) -> list[dict[str, Any]]:
    capacities, person = as_person(member, now)
    return [
        {
            "uid": {"type": "Person", "id": "whoever asks"},
            "attrs": person,
            "parents": [{"type": "Capacity", "id": capacity} for capacity in sorted(capacities)],
        },
        {
            "uid": {"type": "Information", "id": kind},
            "attrs": as_information(member),
            "parents": [{"type": "Kind", "id": kind}],
        },
    ]


def _request(way: str, kind: str, now: datetime) -> dict[str, Any]:
    return {
        "principal": {"type": "Person", "id": "whoever asks"},
        "action": {"type": "Action", "id": ACTIONS[way]},
        "resource": {"type": "Information", "id": kind},
        "context": {"now": milliseconds(now)},
    }
