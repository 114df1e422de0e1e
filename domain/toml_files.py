"""Files in TOML, as people write them: read, or refused with a sentence, whatever stands in them."""

from __future__ import annotations

import re
import tomllib
from typing import Any

DEEPEST = 32
MANY_DOTS = re.compile(rf"(?<![\w-])(?:(?:[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{DEEPEST},}}")
"""A key of so many parts takes the reader the square of their number."""


class BadToml(ValueError):
    """What is wrong with a file, and where."""


def read_toml(text: str) -> dict[str, Any]:
    """What a file says.

    Raises:
        BadToml: with what is wrong and where.
    """
    if found := MANY_DOTS.search(text):
        raise BadToml(f"A key has more than {DEEPEST} parts (at line {text.count(chr(10), 0, found.start()) + 1})")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise BadToml("It is nested too deeply") from None
    except ValueError as error:  # also of numbers that are too long
        raise BadToml(str(error) if isinstance(error, tomllib.TOMLDecodeError) else "A number is too long") from None
