"""Events to bytes and back: what is personal is sealed, bound to its place, and opens only there."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Annotated, Any

import msgspec
import pytest

from application.store import mapper
from application.store.mapper import Broken, UnknownEvent, fields, leaves, open_words, recorded, seal, sealed, unseal
from application.store.upcasts import UPCASTS, upcasts
from domain.language import EVENTS, CaseEvent, Part
from domain.personal import Sealed, Words
from domain.recorded import Editions, Header
from tests.application.store.examples import MEG, TOM, Child, NoteKept, StoryTold, asker

KEY, OTHER = bytes(range(32)), bytes(32)
AT = b"2026-03-02T09:30:00.000000Z"


def header(event: CaseEvent | str, schema: int = 1, place: int = 1) -> Header:
    return Header(
        v=1,
        stream="case/1",
        place=place,
        name=event if isinstance(event, str) else event.stored_name(),
        schema=schema,
        on=date(2026, 3, 2),
        by=asker(),
        procedure=Editions("bolton", "england-2025"),
        calendar="england-2026",
        command="00000000-0000-0000-0000-000000000001",
        at=datetime(1970, 1, 1, tzinfo=UTC),
    )


def texts() -> Any:
    return ((f"text-{n}", KEY) for n in range(100))


def stored(event: CaseEvent, place: int = 1) -> tuple[bytes, bytes]:
    """Header and body as they would be stored."""
    head = header(event, event.schema_version(), place)
    closed = sealed(head, event, {MEG: KEY, TOM: OTHER}, texts())
    return mapper.header_bytes(head) + AT + b'"}', mapper.body_bytes(closed)


ALL = {f"text-{n}": KEY for n in range(100)} | {MEG: KEY, TOM: OTHER}

STORY = StoryTold(
    because="asked to",
    kind="long",
    told="he fell",
    children=(
        Child(ref="c1", person=MEG, called="Meg Doe", remarks=("a first", "a second")),
        Child(ref="c2", person=TOM, called="Tom Roe"),
        Child(ref="c3"),
    ),
    answers={"why": "nobody knows", "who.else": "nobody else"},
    first=Child(ref="c0", called="Nobody's child"),
)


def test_personal_words_are_found_wherever_the_type_says_they_stand():
    assert leaves(STORY) == [
        ("because", "asked to", None),
        ("told", "he fell", None),
        ("children.0.called", "Meg Doe", MEG),
        ("children.0.remarks.0", "a first", None),
        ("children.0.remarks.1", "a second", None),
        ("children.1.called", "Tom Roe", TOM),
        ("answers.why", "nobody knows", None),
        ("answers.who.else", "nobody else", None),
        ("first.called", "Nobody's child", None),
    ]


def test_not_one_personal_word_is_in_the_stored_bytes():
    head, body = stored(STORY)
    for _, words, _ in leaves(STORY):
        assert words.encode() not in head + body
    assert {mark for _, value, _ in leaves(recorded(1, head, body, b"").event) for mark in [type(value)]} == {Sealed}
    assert json.loads(body)["kind"] == "long"
    assert set(json.loads(body)["told"]) == {"c", "e", "k"}


def test_words_come_back_as_they_were_and_nothing_else_has_changed():
    then = open_words(recorded(7, *stored(STORY), b"hash"), ALL)
    assert mapper.body_bytes(then.event) == mapper.body_bytes(STORY)
    assert (then.position, then.hash, then.place, then.on) == (7, b"hash", 1, date(2026, 3, 2))


def test_what_is_not_set_is_not_stored():
    _, body = stored(StoryTold())
    assert body == b"{}"


def test_where_the_key_is_gone_it_says_erased_and_the_rest_can_still_be_read():
    then = open_words(recorded(1, *stored(STORY), b""), {**ALL, MEG: None, "text-0": None})
    assert [(path, words) for path, words, _ in leaves(then.event) if words == "[erased]"] == [
        ("because", "[erased]"),
        ("children.0.called", "[erased]"),
    ]
    assert then.event.children[1].called == "Tom Roe"


def test_words_are_disclosed_in_the_order_they_stand_in_with_the_salt_of_their_commitment():
    head, body = stored(STORY)

    opened = mapper.disclosed(head, body, ALL)

    assert [(one.path, one.words) for one in opened] == [(path, words) for path, words, _ in leaves(STORY)]
    seals = [value.c for _, value, _ in leaves(recorded(1, head, body, b"").event)]
    assert [sha256(one.salt + one.words.encode()).hexdigest() for one in opened] == seals


def test_where_the_key_is_gone_nothing_is_disclosed_and_the_fields_say_what_they_are_told_to():
    head, body = stored(STORY)

    gone = {one.path: one for one in mapper.disclosed(head, body, ALL | {TOM: None})}["children.1.called"]
    told = mapper.fields_with(head, body, {path: f"<{path}>" for path, _, _ in leaves(STORY)})

    assert (gone.salt, gone.words) == (b"", None)
    assert told["children"][1]["called"] == "<children.1.called>"
    assert told["kind"] == "long"


def test_sealed_twice_the_same_words_look_different():
    (_, first), (_, second) = stored(STORY), stored(STORY)
    assert json.loads(first)["told"]["c"] != json.loads(second)["told"]["c"]


@pytest.mark.parametrize("elsewhere", [{"stream": "case/2"}, {"place": 2}, {"name": "test-another"}, {"schema": 0}])
def test_words_moved_elsewhere_do_not_open(elsewhere: dict[str, Any]):
    head, body = stored(StoryTold(told="he fell"))
    other = msgspec.json.encode(json.loads(head) | elsewhere)
    with pytest.raises(Broken):
        fields(other, body, ALL)
    if "stream" in elsewhere or "place" in elsewhere:
        with pytest.raises(Broken):
            open_words(recorded(1, other, body, b""), ALL)


def test_words_moved_to_another_field_do_not_open():
    head, body = stored(StoryTold(told="he fell", because="so"))
    raw = json.loads(body)
    raw["told"], raw["because"] = raw["because"], raw["told"]
    with pytest.raises(Broken):
        open_words(recorded(1, head, json.dumps(raw).encode(), b""), ALL)


@pytest.mark.parametrize("part", ["c", "e"])
def test_a_changed_commitment_or_ciphertext_is_noticed(part: str):
    head, body = stored(StoryTold(told="he fell"))
    raw = json.loads(body)
    old = raw["told"][part]
    raw["told"][part] = old[:-4] + ("0000" if old[-4:] != "0000" else "1111")
    with pytest.raises(Broken):
        open_words(recorded(1, head, json.dumps(raw).encode(), b""), ALL)
    with pytest.raises(Broken):
        fields(head, json.dumps(raw).encode(), ALL)


def test_the_commitment_is_over_salt_and_words_so_that_it_can_be_shown_without_the_key():
    from base64 import b64decode

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    one = seal("he fell", "text-0", KEY, b"bound")
    raw = b64decode(one.e)
    salted = AESGCM(KEY).decrypt(raw[:12], raw[12:], b"bound")
    assert salted[16:] == b"he fell"
    assert sha256(salted).hexdigest() == one.c
    assert unseal(one, KEY, b"bound") == "he fell"
    assert unseal(one, None, b"bound") == "[erased]"


@pytest.mark.parametrize("words", ["", " ", "\x00", "naïve — «é» 👶", "[erased]", '{"c":1}', "x" * 100_000])
def test_any_text_survives(words: str):
    assert unseal(seal(words, "k", KEY, b""), KEY, b"") == words


def test_words_that_are_sealed_already_are_not_sealed_again():
    with pytest.raises(ValueError, match="in the clear"):
        stored(StoryTold(told=Sealed(c="", e="", k="")))


def test_fields_that_this_version_does_not_know_are_kept_and_told():
    head, body = stored(StoryTold(told="he fell"))
    raw = json.loads(body) | {"later": {"deep": [1, {"x": None}]}}
    told = fields(head, json.dumps(raw).encode(), ALL)
    assert told == {"told": "he fell", "later": {"deep": [1, {"x": None}]}}
    assert recorded(1, head, json.dumps(raw).encode(), b"").event.told.k == "text-0"


def test_an_event_of_an_unknown_name_can_be_told_but_not_remembered():
    head = mapper.header_bytes(header("test-from-the-future")) + AT + b'"}'
    assert fields(head, b'{"x":1}', {}) == {"x": 1}
    with pytest.raises(UnknownEvent, match="test-from-the-future"):
        recorded(1, head, b"{}", b"")


def old_body(schema: int, raw: dict[str, Any]) -> tuple[bytes, bytes]:
    """A note as schema 1 or 2 stored it, its sealed words bound to the paths of that time."""

    def closed(value: Any, path: str) -> Any:
        if isinstance(value, str) and path != "children.0.ref":
            bound = mapper.bound_to("case/1", 1, "test-note-kept", path, schema)
            return msgspec.to_builtins(seal(value, "text-0", KEY, bound))
        if isinstance(value, dict):
            return {k: closed(v, f"{path}.{k}".strip(".")) for k, v in value.items()}
        if isinstance(value, list):
            return [closed(v, f"{path}.{i}") for i, v in enumerate(value)]
        return value

    return mapper.header_bytes(header("test-note-kept", schema)) + AT + b'"}', json.dumps(closed(raw, "")).encode()


@pytest.mark.parametrize(
    ("schema", "raw"),
    [
        (1, {"remark": "kept"}),
        (2, {"remarks": ["kept"], "children": [{"ref": "c1", "name": "Meg"}]}),
        (1, {"remark": "kept", "because": "so"}),
    ],
)
def test_an_old_shape_is_brought_up_and_its_words_open_where_they_were_sealed(schema: int, raw: dict[str, Any]):
    head, body = old_body(schema, raw)
    then = recorded(1, head, body, b"")
    assert type(then.event.note) is Sealed
    opened = open_words(then, ALL).event
    assert isinstance(opened, NoteKept)
    assert opened.note == "kept"
    assert [child.called for child in opened.children] == (["Meg"] if "children" in raw else [])
    assert opened.because == raw.get("because")
    told = fields(head, body, ALL)
    assert told["note"] == "kept"
    assert "remark" not in told


def test_a_shape_from_a_newer_version_is_refused_in_a_sentence():
    head = mapper.header_bytes(header("test-note-kept", 4)) + AT + b'"}'
    with pytest.raises(LookupError, match="use a newer one"):
        recorded(1, head, b"{}", b"")


def test_a_missing_upcast_is_named():
    class Gone(CaseEvent, name="test-without-upcast", schema=3):
        pass

    UPCASTS.pop(("test-without-upcast", 1), None)
    upcasts("test-without-upcast", schema=2)(lambda fields: None)
    try:
        head = mapper.header_bytes(header("test-without-upcast", 1)) + AT + b'"}'
        with pytest.raises(LookupError, match="from schema 1 to 2"):
            recorded(1, head, b"{}", b"")
    finally:
        EVENTS.pop("test-without-upcast")
        UPCASTS.pop(("test-without-upcast", 2))


def test_two_upcasts_from_one_schema_are_refused():
    with pytest.raises(TypeError, match="schema 1 of 'test-note-kept'"):
        upcasts("test-note-kept", schema=1)(lambda fields: None)


class Ambiguous(Part):
    one: Child | tuple[Words, ...] | None = None


class Plain(Part):
    called: dict[str, str] = {}
    names: tuple[Annotated[str, "of no account"], ...] = ()


def test_words_in_more_than_one_way_in_a_field_are_refused_where_they_are_declared():
    with pytest.raises(TypeError, match="more than one way"):
        leaves(Ambiguous())


def test_a_record_without_personal_words_is_left_alone():
    record = Plain(called={"a": "b"}, names=("c",))
    assert leaves(record) == []
    assert mapper.changed(record, lambda path, value, person: "x") is record
