"""The codes of the vocabulary as somebody would say them aloud: roles, partners, channels, days, numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from domain.language import listed
from domain.people import ROLES

SAID = {
    # who
    "local-authority": "the local authority",
    "police": "the police",
    "panel": "the Panel",
    "ofsted": "Ofsted",
    "dfe": "the Department for Education",
    "secretary-of-state": "the Secretary of State",
    "named-portal-user": "named user of the portal",
    "rapid-review-member": "member of the rapid review group",
    "agency-author": "author of an agency's report",
    "review-group-member": "member of the review group",
    "partnership-member": "member of the partnership",
    "scrutineer": "independent scrutineer",
    "information-governance": "information governance lead",
    # channels and routes
    "secure-email": "secure e-mail",
    "portal": "the portal",
    "phone": "telephone",
    "partners": "partners'",
    # questions and reviews
    "learn-from-success": "learning from success",
    "local-learning": "local learning",
    "local-review": "local review",
    "practice-review": "local child safeguarding practice review",
    "serious-incident": "serious incident",
    "none": "nothing further",
    # harm
    "harmed-another": "harmed another child",
    "under-1": "under one",
    "unborn": "not yet born",
    # what is not there
    "not-applicable": "not in question",
}
"""Where the words are not simply those of the code."""

AGES = {"1-4": "1 to 4", "5-9": "5 to 9", "10-15": "10 to 15", "16-17": "16 to 17", "18-24": "18 to 24"}
INITIALS = {"gp": "GP", "nhs": "NHS", "cps": "CPS", "icb": "ICB", "dfe": "DfE", "nspcc": "NSPCC", "la": "LA", "mp": "MP"}
ROLE_PLURALS = {"delegated-partner": "the delegated partners", "lead-partner": "the lead partners"}
"""Roles that three persons hold."""

SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def say(code: str) -> str:
    """A code in words: `secure-email` is secure e-mail, `gp-practice` GP practice."""
    said = SAID.get(code) or AGES.get(code)
    return said or " ".join(INITIALS.get(word, word) for word in code.replace("-", " ").split())


def plainly(code: str) -> str:
    """The same without its article, to stand after one or before a noun: `local authority`."""
    return say(code).removeprefix("the ")


def place_name(code: str) -> str:
    """An area or authority, as it is written: `greater-manchester` is Greater Manchester."""
    return code if any(letter.isupper() for letter in code) else plainly(code).title()


def sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def role(code: str, organisation: str | None = None) -> str:
    """Who acts, by role: `the business manager`, `the delegated partner for health`."""
    named, _, within = code.partition("/")
    organisation = organisation or within or None
    return f"the {plainly(named)} for {say(organisation)}" if organisation and named == "delegated-partner" else f"the {plainly(named)}"


def one(code: str) -> str:
    """`a delegated partner`, `an agency author`."""
    words = plainly(code)
    return f"an {words}" if words[:1].lower() in "aeiou" else f"a {words}"


def each(codes: Iterable[str]) -> str:
    """`the local authority, health and the business manager`; persons among them are counted, never named."""
    given = [*codes]
    persons = sum(is_person(code) for code in given)
    words = [ROLE_PLURALS.get(code) or (role(code) if code in ROLES else say(code)) for code in given if not is_person(code)]
    if persons:
        words.append(counted(persons, "other person" if words else "person", "other people" if words else "people"))
    return listed(words) if words else "nobody"


def is_person(code: str) -> bool:
    """Whether this is a person's id, which is looked up and never read aloud."""
    return code.startswith("person-")


def day(on: date) -> str:
    """`9 April 2026`."""
    return f"{on.day} {on:%B %Y}"


def counted(number: int, thing: str, things: str | None = None) -> str:
    """`one child`, `three children`, `12 places`."""
    words = SMALL[number] if 0 <= number < len(SMALL) else str(number)
    return f"{words} {thing if number == 1 else things or thing + 's'}"


def called(kind: str, ref: str) -> str:
    """Something by its ref: `challenge-1`, but `the challenge c-7` where the ref does not say what it is of."""
    return ref if ref.startswith(f"{kind}-") else f"the {kind} {ref}"


def text_of(digest: str) -> str:
    """A document by the first eight signs of its digest, enough to tell two versions apart."""
    return f"text {digest[:8]}"


REVIEWS = {
    "rapid-review": "a rapid review",
    "practice-review": "a local child safeguarding practice review",
    "learn-from-success": "a Learn from Success review",
    "local-learning": "a Local Learning Review",
    "thematic": "a thematic review",
    "none": "nothing further",
}
"""What may be started, by the code of `then`, `review` and of the outcomes of a rapid review."""
