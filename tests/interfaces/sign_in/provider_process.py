"""A provider of identities for the tests, run as a process of its own: Authlib's authorization server decides what is refused, and
this keeps only what it has to remember. PKCE by SHA-256, a nonce and the client's secret are required; its keys change when told to."""

from __future__ import annotations

import json
import secrets
import sys
import time
from dataclasses import dataclass, field
from re import fullmatch
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationCodeGrant, AuthorizationCodeMixin, ClientMixin, InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, UserInfo
from flask import Flask, Response, jsonify, redirect, request, session, url_for
from joserfc.jwk import ECKey, Key, RSAKey
from markupsafe import escape

CLIENTS = {"casetrail": "a-secret", "casetrail-public": None}
CALLBACK = r"https?://127\.0\.0\.1:\d+/sign-in/callback"
AFTERWARDS = r"https?://127\.0\.0\.1:\d+/signed-out"
CODES_LAST = 60


@dataclass
class Client(ClientMixin):
    """A client as it is registered; one without a secret is public."""

    id: str

    def get_client_id(self) -> str:
        return self.id

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(part for part in scope.split() if part in ("openid", "profile"))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return fullmatch(CALLBACK, redirect_uri) is not None

    def check_client_secret(self, client_secret: str) -> bool:
        wanted = CLIENTS[self.id]
        return wanted is not None and secrets.compare_digest(wanted, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == ("none" if CLIENTS[self.id] is None else "client_secret_basic")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    """A code under way."""

    client_id: str
    redirect_uri: str
    scope: str
    nonce: str
    subject: str
    code_challenge: str
    code_challenge_method: str
    made_at: float = field(default_factory=time.monotonic)

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class CodeFlow(AuthorizationCodeGrant):
    """The one flow that there is."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "none"]

    def save_authorization_code(self, code: str, request: Any) -> None:
        told = request.payload.data
        CODES[code] = Code(
            request.client.id, request.payload.redirect_uri, request.payload.scope, told["nonce"], request.user,
            told["code_challenge"], told["code_challenge_method"],
        )  # fmt: skip

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found = CODES.get(code)
        return found if found and found.client_id == client.id and time.monotonic() - found.made_at < CODES_LAST else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        for code in [code for code, made in CODES.items() if made is authorization_code]:
            del CODES[code]

    def authenticate_user(self, authorization_code: Code) -> str:
        return authorization_code.subject


class BySHA256(CodeChallenge):
    """PKCE, required of every client, and never `plain`."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: CodeFlow, redirect_uri: str) -> None:
        if grant.request.payload.data.get("code_challenge_method") != "S256" or not grant.request.payload.data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge' by S256.", redirect_uri=redirect_uri)
        super().validate_code_challenge(grant, redirect_uri)


class Identity(OpenIDCode):
    """The identity token, signed with the newest key."""

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return any(code.nonce == nonce for code in CODES.values())

    def get_client_algorithm(self, client: Client) -> str:
        return str(KEYS[-1].alg)

    def get_encode_header(self, client: Client) -> dict[str, Any]:
        return {"alg": KEYS[-1].alg, "kid": KEYS[-1].kid, "typ": "JWT"}

    def resolve_client_private_key(self, client: Client) -> Key:
        return KEYS[-1]

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": ISSUER}

    def generate_user_info(self, user: str, scope: str) -> UserInfo:
        return UserInfo(sub=user, **PEOPLE.get(user, {}))


def made(algorithm: str) -> Key:
    kid = secrets.token_hex(4)
    if algorithm == "RS256":
        return RSAKey.generate_key(2048, {"kid": kid, "alg": "RS256", "use": "sig"})
    return ECKey.generate_key("P-256", {"kid": kid, "alg": "ES256", "use": "sig"})


PORT, PEOPLE = int(sys.argv[1]), json.loads(sys.argv[2])
ISSUER = f"http://127.0.0.1:{PORT}"
CODES: dict[str, Code] = {}
KEYS: list[Key] = [made("RS256")]

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)
app.config["SESSION_COOKIE_NAME"] = "provider"  # cookies know no ports: it must not be named as ours
server = AuthorizationServer(app, query_client=lambda id_: Client(id_) if id_ in CLIENTS else None, save_token=lambda token, request: None)
server.register_grant(CodeFlow, [BySHA256(required=True), Identity(require_nonce=True)])

PAGE = """<!doctype html><html lang="en"><title>Provider</title><h1>Who are you?</h1>
<form method="post"><label>Name <input name="sub"></label> <label><input type="checkbox" name="stay" value="yes"> Stay signed in</label>
<button>Sign in</button> <button name="deny" value="yes">Cancel</button></form>"""


@app.get("/.well-known/openid-configuration")
def about() -> Response:
    return jsonify(
        issuer=ISSUER, jwks_uri=f"{ISSUER}/jwks", response_types_supported=["code"], code_challenge_methods_supported=["S256"],
        token_endpoint_auth_methods_supported=["client_secret_basic", "none"], subject_types_supported=["public"],
        id_token_signing_alg_values_supported=["RS256", "ES256"], grant_types_supported=["authorization_code"],
        **{endpoint: ISSUER + url_for(endpoint) for endpoint in ("authorization_endpoint", "token_endpoint", "end_session_endpoint")},
    )  # fmt: skip


@app.get("/jwks")
def jwks() -> Response:
    return jsonify(keys=[key.as_dict(private=False) for key in KEYS])


@app.route("/authorize", methods=["GET", "POST"])
def authorization_endpoint() -> Any:
    try:
        grant = server.get_consent_grant(end_user=session.get("subject"))
    except OAuth2Error as error:
        return server.handle_error_response(None, error) if error.redirect_uri else (str(escape(error)), 400)
    if request.form.get("deny"):
        return server.create_authorization_response(grant=grant, grant_user=None)
    subject = request.form.get("sub") or session.get("subject")
    if subject is None:
        return PAGE
    if request.form.get("stay"):
        session["subject"] = subject
    return server.create_authorization_response(grant=grant, grant_user=subject)


@app.post("/token")
def token_endpoint() -> Any:
    return server.create_token_response()


@app.get("/end-session")
def end_session_endpoint() -> Any:
    """RP-initiated logout: only for a client that is known, and back only to where it registered."""
    back = request.args.get("post_logout_redirect_uri", "")
    if request.args.get("client_id") not in CLIENTS or not fullmatch(AFTERWARDS, back):
        return "unknown client or address", 400
    session.clear()
    return redirect(back)


@app.post("/keys/<algorithm>")
def another_key(algorithm: str) -> Response:
    """For stories: from now on it signs with another key; the one before stays published."""
    KEYS[:] = [KEYS[-1], made(algorithm)]
    return jsonify(kid=KEYS[-1].kid)


if __name__ == "__main__":
    app.run("127.0.0.1", PORT, threaded=True)
