"""The public keys of the provider: which of them may have signed a token, by algorithm and kind of key together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

ALGORITHMS = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519")}
"""What tokens may be signed with, and the kind of key that goes with each: no other kind is ever tried. No secret is among them, so
that nobody signs with what is public."""

KINDS: Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
PUBLIC = ("kty", "n", "e", "crv", "x", "y", "kid", "alg", "use")
SHORTEST_MODULUS = 342
"""Characters of a modulus of 2048 bits."""


@dataclass(frozen=True)
class SigningKey:
    """One key, and the algorithms it may be used with."""

    kid: str | None
    algorithms: frozenset[str]
    key: Key


class SigningKeys:
    """The keys of one answer of the provider."""

    def __init__(self, keys: tuple[SigningKey, ...]) -> None:
        self.keys = keys

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> SigningKeys:
        """From a set of JSON web keys; those that cannot sign a token here are left out."""
        found = told.get("keys")
        keys = (_key(jwk) for jwk in found) if isinstance(found, list) else ()
        return cls(tuple(key for key in keys if key is not None))

    def knows(self, kid: str | None) -> bool:
        """Whether a key of this name is among them."""
        return kid is None or any(key.kid == kid for key in self.keys)

    def of(self, kid: str | None, algorithm: str) -> Key | None:
        """The one key that a token with this header may have been signed with."""
        fit = [key.key for key in self.keys if algorithm in key.algorithms and kid in (None, key.kid)]
        return fit[0] if len(fit) == 1 else None


def _key(jwk: Any) -> SigningKey | None:
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    kind, curve = jwk.get("kty"), jwk.get("crv")
    algorithms = frozenset(name for name, (kty, crv) in ALGORITHMS.items() if kty == kind and crv in (None, curve))
    if "alg" in jwk:
        algorithms &= {"EdDSA", "Ed25519"} if jwk["alg"] in ("EdDSA", "Ed25519") else {str(jwk["alg"])}
    if not algorithms or (kind == "RSA" and len(str(jwk.get("n", ""))) < SHORTEST_MODULUS):
        return None
    kid = jwk.get("kid")
    try:
        key = KINDS[str(kind)].import_key({name: jwk[name] for name in PUBLIC if isinstance(jwk.get(name), str)})
        key.public_key  # noqa: B018  # parses it: a point beside its curve is known here
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    return SigningKey(kid if isinstance(kid, str) else None, algorithms, key)
