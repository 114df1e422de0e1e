"""A case file changed anywhere, by accident or by chance, is refused and never raises."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interfaces.cli import verify as verifier
from interfaces.cli.verify import verify
from tests.interfaces.cli.verifying.making import CASE, THE_LOG, a_record
from tests.interfaces.cli.verifying.packing import pack
from tests.interfaces.cli.verifying.refusing import KEYS, changed, flipped, good, record, refused, relined, sound


def test_a_byte_flipped_anywhere_is_refused():
    for at in random.Random(1).sample(range(len(good())), 500):
        refused(flipped(good(), at))


@pytest.mark.slow
def test_every_byte_flipped_is_refused():
    for at in range(len(good())):
        refused(flipped(good(), at))


@pytest.mark.slow
def test_a_byte_flipped_anywhere_in_a_large_file_is_refused():
    data = pack(a_record(500, words="x" * 400).files())
    assert verify(data).holds
    for at in random.Random(2).sample(range(len(data)), 2000):
        refused(flipped(data, at))


def without_positions(content: bytes) -> list[dict]:
    return [json.loads(line) | {"position": 0} for line in content.splitlines()]


PROVED = ["events.jsonl", "words.jsonl", "proofs.json", "checkpoint.txt", "supporting.jsonl", "editions/procedures/england-2025.toml"]


@pytest.mark.parametrize("name", [*PROVED, "editions/calendars/england-2026.json"])
def test_a_byte_changed_with_all_sums_made_again_is_refused(name):
    """Only the position is covered by nothing but its order."""
    content = sound()[f"data/{name}"]
    for at in random.Random(name).sample(range(len(content)), min(len(content), 40)):
        other = flipped(content, at)
        if verify(changed(name, other), THE_LOG.key, KEYS).holds:
            assert without_positions(other) == without_positions(content)


MALFORMED = [
    b"", b"{", b"nul", b"{}", b"[]", b"1", b'"x"', b"null\n", b"\xff\xfe", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":' * 100_000, b"NaN",
    b"[Infinity]", b"-Infinity", b'{"a":1,"a":2}', b"9" * 100_000, b"1e999999", b"-" + b"9" * 5000, b'"\\ud800"', b"{}{}", b"{'a':1}",
    b"\0", b"\r\n", b"[1,]", b"\n\n\n", b'{"place":' + b"1" * 999 + b"}",
]  # fmt: skip


@pytest.mark.parametrize("content", [
    b'{"a":1,"a":1}', b'[{"b":{"a":1,"a":1}}]', b"9" * 1001, b"[NaN]", b"Infinity", b"{}{}", b"{} ", b" {}", b"{}\n\n",
    b"\xff", b"[" * 10**6,
    b"",
])  # fmt: skip
def test_json_is_read_in_one_way_or_not_at_all(content):
    with pytest.raises(verifier.Fault, match=r"^here: "):
        verifier.read_json(content, "here")


def test_json_that_is_sound_is_read():
    assert verifier.read_json(b'{"a":[1,-2,1e999,true,null,"\xc3\xa9"]}\n', "here") == {"a": [1, -2, float("inf"), True, None, "é"]}


@pytest.mark.parametrize("name", ["events.jsonl", "words.jsonl", "proofs.json", "keys.json", "checkpoint.txt", "supporting.jsonl"])
def test_malformed_content_is_refused(name):
    for content in MALFORMED:
        for ending in b"", b"\n":
            if name == "supporting.jsonl" and content + ending == b"":
                continue
            refused(changed(name, content + ending))


@pytest.mark.parametrize("name", ["events.jsonl", "words.jsonl", "supporting.jsonl"])
def test_a_last_line_that_is_not_ended_is_refused(name):
    refused(changed(name, sound()[f"data/{name}"][:-1]), name, "not ended")


@pytest.mark.parametrize("member", ["header", "body"])
def test_malformed_headers_and_bodies_are_refused(member):
    for content in MALFORMED:
        line = record().streams[f"case/{CASE}"][0].line | {member: content.decode("latin-1")}
        refused(relined("events.jsonl", lambda there, line=line: [line, *there[1:]]), "event 1")


@given(st.binary(max_size=400), st.booleans())
def test_random_bytes_never_raise(noise, begun):
    refused(b"PK\3\4" + noise if begun else noise)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
)
ENTRIES = [f"data/{name}" for name in PROVED]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_mutated_entries_never_raise(data):
    """A byte, a slice or a whole member replaced in any entry, with all sums made again."""
    name = data.draw(st.sampled_from([*ENTRIES, "data/keys.json"]))
    content = sound()[name]
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 50)))
    there = content[:start] + data.draw(st.binary(max_size=30)) + content[end:]
    if data.draw(st.booleans()) and name.endswith((".json", ".jsonl")):
        parsed = [json.loads(line) for line in content.splitlines()]
        line = data.draw(st.sampled_from(parsed))
        line[data.draw(st.sampled_from(sorted(line)))] = data.draw(JSON_VALUES)
        there = "".join(json.dumps(line) + "\n" for line in parsed).encode()
    report = verify(pack({**sound(), name: there}))
    assert "unforeseen" not in (report.fault or "")
    json.dumps(vars(report))


@settings(max_examples=50, deadline=None)
@given(JSON_VALUES)
def test_headers_and_bodies_of_any_shape_never_raise(value):
    for member in "header", "body":
        line = record().streams[f"case/{CASE}"][0].line | {member: json.dumps(value)}
        report = verify(changed("events.jsonl", json.dumps(line).encode() + b"\n"))
        assert report.fault is not None
        assert "unforeseen" not in report.fault
