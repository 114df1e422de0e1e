"""The example of docs/ledger.md, checked as a stranger would: from the document, with the standard library, and then with our code."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from application.store import chain, mapper
from domain.personal import Sealed
from domain.recorded import Header

DOCUMENT = (Path(__file__).parents[3] / "docs" / "ledger.md").read_text()


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    (text,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    return json.loads(text)


def test_the_hashes_are_what_the_document_says_they_are(example: dict[str, Any]):
    previous = bytes(32)
    for event in example["events"]:
        header, body = event["header"].encode(), event["body"].encode()
        covered = b"\x01" + previous + len(header).to_bytes(4, "big") + header + len(body).to_bytes(4, "big") + body
        assert sha256(covered).hexdigest() == event["hash"]
        assert chain.link(previous, header, body).hex() == event["hash"]
        previous = bytes.fromhex(event["hash"])


def test_the_words_open_as_the_document_says(example: dict[str, Any]):
    opened = example["opened"]
    sealed = json.loads(example["events"][-1]["body"])["to"]
    salted = bytes.fromhex(opened["salt"]) + opened["words"].encode()
    assert sha256(salted).hexdigest() == sealed["c"]
    stored = b64decode(sealed["e"])
    key = bytes.fromhex(opened["key"])
    assert AESGCM(key).decrypt(stored[:12], stored[12:], opened["bound to"].encode()) == salted
    assert mapper.unseal(Sealed(**sealed), key, opened["bound to"].encode()) == opened["words"]


def test_our_code_writes_and_reads_the_very_bytes_of_the_document(example: dict[str, Any]):
    import domain.stages.notification  # noqa: F401  # declares the event

    for event in example["events"]:
        header, body = event["header"].encode(), event["body"].encode()
        then = mapper.recorded(1, header, body, bytes.fromhex(event["hash"]))
        assert mapper.body_bytes(then.event) == body
        unfinished = mapper.header_bytes(msgspec.structs.replace(then.header, at=mapper.NO_INSTANT))
        assert header == unfinished + event["header"][-29:].encode()


def test_the_document_names_the_members_of_the_header_in_their_order():
    table = DOCUMENT[DOCUMENT.index("## Header") : DOCUMENT.index("## Body")]
    first_cells = re.findall(r"^\| (`.*?`(?: · `.*?`)*) \|", table, re.MULTILINE)
    named = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert named == list(Header.__struct_fields__)
