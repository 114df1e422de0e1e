"""JSON web tokens of the provider: believed where signed by one of its keys, for this service, and now; else refused with a sentence."""

from __future__ import annotations

import base64
import hmac
import json
import warnings
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError, SecurityWarning
from joserfc.jws import JWSRegistry
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from interfaces.sign_in.keys import ALGORITHMS
from interfaces.sign_in.provider import Provider

LONGEST = 16 * 1024
LEEWAY = 30
"""Seconds by which two clocks may differ."""

TYPES = frozenset({"JWT", "AT+JWT", "APPLICATION/AT+JWT"})
BRINGS_ITS_KEY = ("jwk", "jku", "x5c", "x5u", "crit", "b64", "zip", "enc")
"""A token that says by what it is to be checked, or that it is to be read otherwise, is refused whatever it says."""


class Unbelievable(Exception):
    """A token that is not believed; the sentence says why, and nothing of it."""


class Signed(JWSRegistry):
    """What joserfc takes as a signature: no larger parts than a token may have."""

    max_header_length = 2048
    max_payload_length = LONGEST
    max_signature_length = 2048


class Tokens:
    """Reads tokens of one provider."""

    def __init__(self, provider: Provider, clock: Callable[[], datetime]) -> None:
        self._provider = provider
        self._clock = clock

    async def bearer(self, token: str) -> dict[str, Any]:
        """The claims of a token that a program brings.

        Raises:
            Unbelievable: it is none for this service.
            ProviderAway: nobody knows by what it is to be checked.
        """
        audience = self._provider.client.audience
        if audience is None:
            raise Unbelievable("This service takes no tokens: CASETRAIL_AUDIENCE is not set.")
        claims = await self._signed(token)
        self._hold(claims, audience, nbf={"essential": True})
        if "nonce" in claims:
            raise Unbelievable("This is the token of a sign-in, not one for asking with.")
        return claims

    async def of_sign_in(self, token: str, nonce: str) -> dict[str, Any]:
        """The claims of the identity token that ends a sign-in.

        Raises:
            Unbelievable, ProviderAway: as above.
        """
        claims = await self._signed(token)
        client = self._provider.client.id
        self._hold(claims, client, iat={"essential": True})
        others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if others else client) != client:
            raise Unbelievable("The token was made for another client.")
        if not isinstance(claims.get("nonce"), str) or not hmac.compare_digest(claims["nonce"].encode(), nonce.encode()):
            raise Unbelievable("The token belongs to another sign-in.")
        return claims

    async def _signed(self, token: str) -> dict[str, Any]:
        if len(token) > LONGEST:
            raise Unbelievable(f"The token is longer than {LONGEST} bytes.")
        header = _header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise Unbelievable(f"The token is not signed with {', '.join(ALGORITHMS)}.")
        if any(name in header for name in BRINGS_ITS_KEY):
            raise Unbelievable("The token says by what it is to be checked; only the keys of the provider count.")
        if str(header.get("typ", "JWT")).upper() not in TYPES:
            raise Unbelievable("The token is of another type.")
        if kid is not None and not isinstance(kid, str):
            raise Unbelievable("The token names no key of the provider.")
        key = (await self._provider.keys(kid)).of(kid, algorithm)
        if key is None:
            raise Unbelievable("The token names no key of the provider.")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SecurityWarning)  # "EdDSA" is what providers still call Ed25519
                read = jwt.decode(token, key, registry=Signed(algorithms=[algorithm], strict_check_header=False))
        except (JoseError, ValueError, RecursionError):
            raise Unbelievable("The token is not signed by the provider.") from None
        return read.claims

    def _hold(self, claims: dict[str, Any], audience: str, **more: ClaimsOption) -> None:
        """Whether the claims hold here and now."""
        now = int(self._clock().timestamp())
        registry = JWTClaimsRegistry(
            now=now, leeway=LEEWAY, iss={"essential": True, "value": self._provider.client.issuer},
            aud={"essential": True, "value": audience}, exp={"essential": True}, sub={"essential": True}, **more,
        )  # fmt: skip
        try:
            registry.validate(claims)
        except ExpiredTokenError:
            raise Unbelievable("The token has expired.") from None
        except MissingClaimError as error:
            raise Unbelievable(f"The token lacks {error.claim}.") from None
        except InvalidClaimError as error:
            raise Unbelievable(f"The token does not hold here: {error.claim}.") from None
        except (JoseError, OverflowError):
            raise Unbelievable("The token does not hold here.") from None


def _header(token: str) -> Mapping[str, Any]:
    """The header, which nobody has signed yet: read only to find the key."""
    parts = token.split(".")
    try:
        if len(parts) != 3 or not all(parts):
            raise ValueError
        read = json.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise Unbelievable("This is no signed token.")
    return read
