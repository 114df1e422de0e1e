"""The provider of identities, asked over HTTPS: where it is signed in, with which keys it signs, and a code for a token."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
from authlib.common.urls import add_params_to_uri
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from application.sessions import Begun
from interfaces.sign_in.configured import Client, safe
from interfaces.sign_in.keys import SigningKeys

log = logging.getLogger("casetrail.sign-in")

PLAIN = re.compile(r"[!-~]+")

WELL_KNOWN = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
AT_MOST = 15.0
"""Seconds in all; and between two pieces:"""

PATIENCE = httpx.Timeout(10.0, connect=5.0)
LARGEST = 1024 * 1024

METADATA_LASTS = 3600.0
KEYS_LAST = 600.0
KEYS_LAST_WITHOUT_PROVIDER = 3600.0
"""Seconds for which known keys are good while the provider is away: not longer, as one of them may have been withdrawn."""
ASKED_AGAIN_AFTER = 30.0
"""Seconds between two askings for a key that is not known: nobody makes us flood the provider with invented ones."""
ASKED_IN_VAIN_AGAIN_AFTER = 3.0


class ProviderAway(Exception):
    """The provider does not answer, or not as it should."""


class CodeRefused(Exception):
    """The provider does not give a token for this code."""


class Provider:
    """One issuer. What it says of itself, and its keys, are remembered for a while."""

    def __init__(self, client: Client, callback: str, monotonic: Callable[[], float]) -> None:
        self.client = client
        self._callback = callback
        self._monotonic = monotonic
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, SigningKeys] | None = None
        self._asked_for_keys = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def address(self, begun: Begun) -> str:
        """Where a browser goes to sign in: the code flow, with PKCE by SHA-256.

        Raises:
            ProviderAway: nobody knows where that is.
        """
        metadata = await self._about()
        url: str = prepare_grant_uri(
            metadata["authorization_endpoint"], client_id=self.client.id, response_type="code", redirect_uri=self._callback,
            scope=self.client.scope, state=begun.state, nonce=begun.nonce,
            code_challenge=create_s256_code_challenge(begun.verifier), code_challenge_method="S256",
        )  # fmt: skip
        return url

    async def redeem(self, code: str, verifier: str) -> str:
        """The identity token for a code.

        Raises:
            CodeRefused: it was used, is too old, or was made for somebody else.
            ProviderAway: it could not be asked.
        """
        metadata = await self._about()
        try:
            async with self._oauth(metadata) as oauth:
                token = await oauth.fetch_token(
                    metadata["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier,
                    redirect_uri=self._callback,
                )  # fmt: skip
        except OAuthError as error:
            log.warning("the provider refused a code: %s", "invalid_grant" if error.error == "invalid_grant" else "otherwise")
            raise CodeRefused from None
        except (httpx.HTTPError, ValueError) as error:
            raise _away(error) from None
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise CodeRefused
        return id_token

    async def onward(self, afterwards: str) -> str:
        """Where a browser goes to end what the provider keeps as well (RP-initiated logout), and comes back `afterwards`; empty where
        it does not offer that. We keep no identity token that could be shown there: the provider may ask whether it is meant.

        Raises:
            ProviderAway: nobody knows.
        """
        endpoint = (await self._about()).get("end_session_endpoint")
        if not isinstance(endpoint, str) or not safe(endpoint) or not PLAIN.fullmatch(endpoint):
            return ""
        onward: str = add_params_to_uri(endpoint, [("client_id", self.client.id), ("post_logout_redirect_uri", afterwards)])
        return onward

    async def keys(self, kid: str | None) -> SigningKeys:
        """The keys that the provider signs with; asked for again where `kid` is not among those known, at most every half minute.

        Raises:
            ProviderAway: they are not known, and it does not answer.
        """
        now = self._monotonic()
        if self._keys is not None and now - self._keys[0] < KEYS_LAST and (self._keys[1].knows(kid) or self._asked_lately(now)):
            return self._keys[1]
        async with self._one_at_a_time:
            if self._asked_lately(self._monotonic()):
                if self._keys is not None and now - self._keys[0] < KEYS_LAST_WITHOUT_PROVIDER:
                    return self._keys[1]
                raise ProviderAway
            self._asked_for_keys = self._monotonic()
            try:
                about = await self._about()
                self._keys = (self._asked_for_keys, SigningKeys.read(await self._fetched(about["jwks_uri"])))
            except ProviderAway:
                if self._keys is None or now - self._keys[0] > KEYS_LAST_WITHOUT_PROVIDER:
                    self._asked_for_keys = now - ASKED_AGAIN_AFTER + ASKED_IN_VAIN_AGAIN_AFTER
                    raise
            return self._keys[1]

    def _asked_lately(self, now: float) -> bool:
        return now - self._asked_for_keys < ASKED_AGAIN_AFTER

    # --- how

    async def _about(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery)."""
        now = self._monotonic()
        if self._metadata is not None and now - self._metadata[0] < METADATA_LASTS:
            return self._metadata[1]
        told = await self._fetched(self.client.issuer.rstrip("/") + WELL_KNOWN)
        if told.get("issuer") != self.client.issuer:
            log.error("the provider calls itself otherwise than CASETRAIL_ISSUER does")
            raise ProviderAway
        if not all(isinstance(told.get(endpoint), str) and safe(told[endpoint]) for endpoint in ENDPOINTS):
            log.error("the provider names no addresses, or some without TLS")
            raise ProviderAway
        self._metadata = (now, told)
        return told

    async def _fetched(self, url: str) -> dict[str, Any]:
        content = b""
        try:
            async with (
                asyncio.timeout(AT_MOST),
                httpx.AsyncClient(timeout=PATIENCE) as http,
                http.stream("GET", url, headers={"Accept": "application/json"}) as answer,
            ):
                answer.raise_for_status()
                async for part in answer.aiter_bytes(65536):
                    content += part
                    if len(content) > LARGEST:
                        raise ProviderAway
            told = json.loads(content)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError, TimeoutError) as error:
            raise _away(error) from None
        if not isinstance(told, dict):
            raise ProviderAway
        return told

    def _oauth(self, metadata: dict[str, Any]) -> AsyncOAuth2Client:
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        return AsyncOAuth2Client(
            self.client.id, self.client.secret, token_endpoint_auth_method=method if self.client.secret else "none",
            redirect_uri=self._callback, timeout=PATIENCE,
        )  # fmt: skip


def _away(error: Exception) -> ProviderAway:
    log.warning("the provider cannot be asked: %s", type(error).__name__)
    return ProviderAway(type(error).__name__)
