"""When two ways of writing a name are one name: the letters count, and neither case, accents, punctuation nor spaces do.

A name has two forms: as it is written, all in one; and its parts in the order of the alphabet. Two names are one where either is the
same: `Ali, Sara` meets `Sara Ali`, `O Brien` meets `O'Brien`, `Łukasz` meets `Lukasz`. There is no likeness beyond that: no initials,
no nicknames, no misspellings.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterator
from datetime import date

FORM = 1
"""Of all that makes an entry: what changes gets another, and every entry is made again."""

WITHIN_A_PART = str.maketrans("", "", "'’‘ʼʻ‛`´′＇")
"""Apostrophes part nothing, however they are typed."""

WITHOUT_ACCENTS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i"})
"""Letters that Unicode does not take apart, as they are typed where there is no key for them."""


def parts(name: str) -> tuple[str, ...]:
    """The parts of a name in their order, each in plain letters."""
    folded = _folded(name)
    while (again := _folded(folded)) != folded:
        folded = again
    return tuple(folded.split())


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKD", text.translate(WITHIN_A_PART)).casefold()
    text = unicodedata.normalize("NFKD", text.translate(WITHOUT_ACCENTS)).translate(WITHIN_A_PART)
    return "".join(_letters(text))


def _letters(text: str) -> Iterator[str]:
    for letter in text:
        kind = unicodedata.category(letter)
        if kind[0] in "LN" or (kind[0] == "M" and not unicodedata.combining(letter)):  # signs of vowels are letters, accents are not
            yield letter
        elif kind not in ("Mn", "Cf"):
            yield " "


def forms(name: str) -> tuple[str, ...]:
    """The forms of a name; none where it has no letters."""
    found = parts(name)
    return (f"as written\x1f{''.join(found)}", f"in order\x1f{' '.join(sorted(found))}") if found else ()


def day(text: str) -> date | None:
    """A birth date as it was recorded; none where somebody wrote other words."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def same(one: str, other: str) -> bool:
    """Whether these are one name."""
    return not {*forms(one)}.isdisjoint(forms(other))


def entries(key: bytes, name: str, born_on: date) -> tuple[bytes, ...]:
    """The blind indexes of a name and birth date: HMAC-SHA-256 of each form."""
    return tuple(hmac.digest(key, f"{FORM}\x1f{form}\x1f{born_on.isoformat()}".encode(), "sha256") for form in forms(name))
