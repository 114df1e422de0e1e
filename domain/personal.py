"""The mark that says "these words identify a person, or may".

What is marked here is never stored in the clear: the store seals it under a key that can be destroyed
(`docs/personal-data.md`). The domain only declares where such words stand; it never reads them back:
no `apply` and no later `decide` looks into them, so that a case whose keys are all gone is still the same case.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec


class Sealed(msgspec.Struct, frozen=True):
    """Words as they are stored: commitment, ciphertext and the id of the key that opens them.

    `c` is the lowercase hex SHA-256 of salt and UTF-8 bytes; `e` the base64 of nonce, ciphertext and tag;
    `k` the id of the key. Destroying that key removes the words and the salt, while `c` and every proof over it hold.
    """

    c: str
    e: str
    k: str


@dataclass(frozen=True)
class Personal:
    """Marks a field. `of_person` says whose key seals it: that of the `person` named beside it, else a key of its own."""

    of_person: bool = False


Words = Annotated[str | Sealed, Personal()]
"""Free text, under a key of its own."""

PersonWords = Annotated[str | Sealed, Personal(of_person=True)]
"""A name, a birth date, an address: under the key of the person named by the field `person` of the same record."""
