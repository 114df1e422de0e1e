"""Who asks in invented histories: those who hold the posts of each partnership, and those who belong to one case."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from random import Random

from domain.people import By, PersonId

AGENCIES = (
    "primary-school", "secondary-school", "health-visiting", "general-practice", "midwifery", "hospital", "social-care", "housing",
    "youth-justice", "mental-health", "probation", "early-help", "ambulance", "nursery", "substance-misuse", "fire-and-rescue",
)  # fmt: skip
AREAS = ("northmoor", "eastbrook", "southfell", "westmarsh", "ashenvale", "kingsholt", "rivermouth", "stonebridge")
"""Invented authorities of England, for cases that belong to no partnership whose procedure is known here."""

POSTS = (
    "business-manager", "partnership-officer", "lead-partner", "named-portal-user", "local-authority-practitioner",
    "designated-health-practitioner", "implementation-group-chair", "review-group-member", "scrutineer",
    "delegated-partner/local-authority", "delegated-partner/health", "delegated-partner/police",
    *(f"agency-author/{agency}" for agency in AGENCIES), *(f"partnership-member/{agency}" for agency in AGENCIES),
    *(f"reviewer//{number}" for number in range(1, 13)),
)  # fmt: skip
"""As scenario files write who asks: role, organisation, and what tells them from others."""


@cache
def holder(post: str, partnership: str) -> By:
    """Who holds this post in a partnership."""
    role, organisation, *_ = (*post.split("/"), "", "")
    person = f"person-{sha256(f'generated|{partnership}|{post}'.encode()).hexdigest()[:32]}"
    return By(person=person, role=role, organisation=organisation or None, partnership=partnership)


def new_person(chance: Random) -> PersonId:
    """Somebody of this case alone."""
    return f"person-{chance.getrandbits(128):032x}"
