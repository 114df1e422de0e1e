"""An issuer of tokens on loopback: it publishes its keys over HTTP, and signs whatever a story asks of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

MADE: dict[str, Callable[[str], Key]] = {
    "RS256": lambda kid: RSAKey.generate_key(2048, {"kid": kid}),
    "ES256": lambda kid: ECKey.generate_key("P-256", {"kid": kid}),
    "EdDSA": lambda kid: OKPKey.generate_key("Ed25519", {"kid": kid}),
}


FIRST = MADE["RS256"]("rsa-1")
"""Made once: nothing takes longer here."""


class Issuer:
    """`keys` are those it publishes; `asked` counts how often it was asked for them; `away`: it answers nothing of use."""

    def __init__(self) -> None:
        self.keys = {"rsa-1": FIRST}
        self.asked = 0
        self.away = False
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        issuer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told = issuer._told(self.path)
                body = json.dumps(told).encode()
                self.send_response(503 if issuer.away else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _told(self, path: str) -> dict[str, Any]:
        if path == "/jwks":
            self.asked += 1
            return {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "secret"}, *(key.as_dict(private=False) for key in self.keys.values())]}
        return {
            "issuer": self.address, "authorization_endpoint": f"{self.address}/authorize", "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
        }  # fmt: skip

    def claims(self, **other: Any) -> dict[str, Any]:
        """What a good token says; None takes a claim away."""
        now = int(self.clock().timestamp())
        told = {
            "iss": self.address, "aud": "casetrail-api", "sub": "pat", "name": "Pat Quirke", "groups": ["bolton-managers"],
            "iat": now, "nbf": now, "exp": now + 300,
        } | other  # fmt: skip
        return {name: value for name, value in told.items() if value is not None}

    def token(self, algorithm: str = "RS256", kid: str | None = "rsa-1", header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token signed with its key of this name."""
        key = self.keys[kid or "rsa-1"]
        told = {"alg": algorithm, "typ": "at+jwt"} | ({"kid": kid} if kid else {}) | (header or {})
        return jwt.encode(told, self.claims(**claims), key, algorithms=[algorithm])
