"""Signed notes, keys and tokens: believed as they were signed, refused with a sentence in every other form."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OKPKey

from application.ledger.notes import Key, Note, Signature, Unsound
from application.ledger.tree import Unproved, check_consistency, check_inclusion
from interfaces.sign_in.configured import Client
from interfaces.sign_in.keys import SigningKeys
from interfaces.sign_in.provider import Provider
from interfaces.sign_in.tokens import Tokens, Unbelievable
from tests.application.ledger.test_notes import BOLTON, LOG, note

# --- notes

GOOD = note(BOLTON).text


@settings(max_examples=300, deadline=None)
@example(GOOD.replace("17", "1" * 5000), 0, "")
@example("\n\n".join(["a"] * 30_000), 0, "")
@example("— " * 30_000 + "\n\n— a\n", 0, "")
@given(st.just(GOOD) | st.text(max_size=200), st.integers(0, len(GOOD)), st.text(max_size=8))
def test_a_note_is_read_as_it_is_written_or_refused(text: str, at: int, inserted: str):
    for changed in (text[:at] + inserted + text[at:], text[:at] + inserted + text[at + len(inserted) :], text[:at]):
        with suppress(Unsound):
            assert Note.read(changed).text == changed


@settings(max_examples=300, deadline=None)
@example("a+" + "0" * 8 + "+" + "A" * 1_000_000)
@example("\ud800+00000000+AA==")
@given(st.just(str(LOG.key)) | st.text(max_size=100))
def test_a_key_or_a_line_is_read_or_refused(text: str):
    for changed in (text, text[::-1], text[:-1], f"{text}=", text.replace("+", " ")):
        with suppress(Unsound):
            assert str(Key.read(changed)) == changed
        with suppress(Unsound):
            Signature.read(changed)


HASHES = st.lists(st.binary(max_size=40), max_size=70)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40), st.integers(-5, 2**70), st.integers(-5, 2**70), HASHES, st.binary(max_size=40))
def test_a_proof_that_is_made_up_proves_nothing(leaf: bytes, first: int, size: int, path: list[bytes], root: bytes):
    with pytest.raises(Unproved):
        check_inclusion(leaf, first, size, path, root)
    with suppress(Unproved):
        check_consistency(first, size, path, leaf, root)
        assert first in (0, size)


# --- tokens

NOW = datetime(2026, 3, 3, 10, 15, tzinfo=UTC)
MINE = OKPKey.generate_key("Ed25519", {"kid": "mine"})
CLAIMS = {
    "iss": "https://provider.example", "aud": "casetrail-api", "sub": "pat", "iat": int(NOW.timestamp()), "nbf": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 300,
}  # fmt: skip
CLIENT = Client("https://provider.example", "casetrail", "a-secret", audience="casetrail-api")


def tokens() -> Tokens:
    """Reads tokens of a provider whose keys are known already."""
    provider = Provider(CLIENT, "https://here.example/sign-in/callback", time.monotonic)
    provider._keys = (time.monotonic(), SigningKeys.read({"keys": [MINE.as_dict(private=False)]}))
    provider._asked_for_keys = time.monotonic()
    return Tokens(provider, lambda: NOW)


def part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(claims: str, header: str = '{"alg": "EdDSA", "kid": "mine", "typ": "JWT"}') -> str:
    """Signed by the provider's own key, whatever it says."""
    told = f"{part(header.encode())}.{part(claims.encode('utf-8', 'surrogatepass'))}"
    key: Any = MINE.private_key
    return f"{told}.{part(key.sign(told.encode()))}"


def refused(token: str) -> str:
    with pytest.raises(Unbelievable) as told:
        asyncio.run(tokens().bearer(token))
    return str(told.value)


def test_a_token_as_it_should_be_is_believed():
    assert asyncio.run(tokens().bearer(signed(json.dumps(CLAIMS))))["sub"] == "pat"
    assert asyncio.run(tokens().bearer(jwt.encode({"alg": "Ed25519", "kid": "mine"}, CLAIMS, MINE, algorithms=["Ed25519"])))["sub"] == "pat"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3), max_leaves=5,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "sub", "nonce", "cnf", "jti"]), ANYTHING, min_size=1))
def test_claims_of_any_shape_are_believed_as_they_hold_or_refused(changed: dict[str, Any]):
    with suppress(Unbelievable):
        read = asyncio.run(tokens().bearer(signed(json.dumps(CLAIMS | changed))))
        now = int(NOW.timestamp())
        assert read["iss"] == CLAIMS["iss"]
        assert "casetrail-api" in (read["aud"] if isinstance(read["aud"], list) else [read["aud"]])
        assert now - 31 < read["exp"]
        assert read["nbf"] < now + 31
        assert "nonce" not in read


@pytest.mark.parametrize(
    "claims",
    [
        "[" * 3000, "{" + '"a":{' * 2000, "1", "null", '"pat"', "[]", "", "{}", "\ud800", '{"exp": 1' + "0" * 5000 + "}", "NaN",
        '{"iss": "\\ud800"}',
    ],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_what_is_signed_and_makes_no_sense_is_refused(claims: str):
    refused(signed(claims))


def test_of_two_claims_of_one_name_none_helps():
    told = json.dumps(CLAIMS)[1:-1]
    refused(signed('{"aud": "casetrail-api", ' + told.replace("casetrail-api", "another") + "}"))
    refused(signed("{" + told + ', "aud": "another"}'))


@settings(max_examples=400, deadline=None)
@example("..", "", "")
@given(
    st.text(max_size=60) | st.sampled_from([signed(json.dumps(CLAIMS))]),
    st.text(alphabet=".=-_aA0é\x00\ud800", max_size=8),
    st.dictionaries(st.sampled_from(["alg", "kid", "typ", "jku", "x5u", "jwk", "crit", "b64", "zip"]), ANYTHING).map(json.dumps),
)
def test_no_text_but_the_token_itself_is_believed(text: str, inserted: str, header: str):
    good = signed(json.dumps(CLAIMS))
    _, claims, signature = good.split(".")
    for token in (text[:20] + inserted + text[20:], f"{part(header.encode())}.{claims}.{signature}", text + inserted, inserted.join(text)):
        if token != good:
            refused(token)


def test_a_huge_token_is_refused_unread():
    assert "longer than" in refused("a" * 10_000_000)
    assert "longer than" in refused(signed(json.dumps(CLAIMS | {"padding": "x" * 20_000})))
