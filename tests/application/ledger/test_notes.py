"""Checkpoints as signed notes: what is signed, by whom, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from application.ledger.notes import Checkpoint, Key, Note, Policy, Signature, Signer, Unsound

AT = datetime(2026, 3, 3, 10, 15, tzinfo=UTC)
LOG = Signer("log", "example.org/casetrail/record", b"\x01" * 32)
BOLTON, HEALTH, POLICE = (Signer("witness", f"example.org/{name}", bytes([n]) * 32) for n, name in enumerate(("la", "icb", "gmp"), 2))
CHECKPOINT = Checkpoint(LOG.name, 17, b"\x07" * 32, AT, (3, b"\x08" * 32), ("access", 5, b"\x09" * 32))


def note(*cosigned: Signer, checkpoint: Checkpoint = CHECKPOINT, by: Signer = LOG) -> Note:
    lines = [by.sign(checkpoint.text), *(witness.cosign(checkpoint.text, AT) for witness in cosigned)]
    return Note(checkpoint, tuple(Signature.read(line) for line in lines))


def test_what_is_signed_stands_line_by_line():
    assert CHECKPOINT.text.splitlines() == [
        "example.org/casetrail/record",
        "17",
        "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
        "heads 3 CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=",
        "access 5 CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=",
        "at 2026-03-03T10:15:00Z",
    ]


def test_a_note_is_read_as_it_was_written():
    assert Note.read(note(BOLTON, HEALTH).text) == note(BOLTON, HEALTH)


def test_the_example_of_the_signed_note_specification_has_a_valid_key():
    # c2sp.org/signed-note tells this key and signature
    key = Key.read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    signature = Signature.read(
        "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    assert signature.by(key, text)
    assert not signature.by(key, text + "\n")


def test_only_the_log_signed_it():
    assert note().signed_by(LOG.key)
    assert not note().signed_by(replace(LOG, private=b"\x05" * 32).key)
    assert not note(by=replace(LOG, private=b"\x05" * 32)).signed_by(LOG.key)


def test_a_signature_is_of_one_text_only():
    forked = replace(CHECKPOINT, root=b"\x06" * 32)
    assert not Note(forked, note(BOLTON).signatures).signed_by(LOG.key)
    assert not Note(forked, note(BOLTON).signatures).signed_by(BOLTON.key)


def test_the_signature_of_a_log_is_no_cosignature():
    same = Signer("witness", LOG.name, LOG.private)
    assert not note().signed_by(same.key)


def test_two_of_three_witnesses_are_enough_and_one_who_signs_twice_is_one():
    policy = Policy((BOLTON.key, HEALTH.key, POLICE.key), 2)
    assert policy.witnessed(note(BOLTON, POLICE))
    assert not policy.witnessed(note(BOLTON, BOLTON))
    assert not policy.witnessed(note(Signer("witness", "example.org/stranger", b"\x09" * 32), BOLTON))


def test_without_witnesses_nothing_counts_as_witnessed():
    assert not Policy().witnessed(note())


@pytest.mark.parametrize(
    ("witnesses", "quorum"), [((BOLTON.key,), 2), ((BOLTON.key, replace(BOLTON, name="example.org/twin").key), 1), ((LOG.key,), 1)]
)
def test_a_policy_that_cannot_be_is_refused(witnesses, quorum):
    with pytest.raises(Unsound):
        Policy(witnesses, quorum)


def test_a_key_is_read_as_it_is_told():
    for signer in (LOG, BOLTON):
        assert Key.read(str(signer.key)) == signer.key


@pytest.mark.parametrize(
    "text", ["", "name", "name+00000000+AAAA", str(LOG.key)[:-2], str(LOG.key).replace("casetrail", "casetrial"), "a b+c+d"]
)
def test_a_key_with_a_letter_changed_is_refused(text):
    with pytest.raises(Unsound):
        Key.read(text)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n17\n", "\n017\n"),
        lambda text: text.replace("\n17\n", "\n-17\n"),
        lambda text: text.replace("heads 3", "heads  3"),
        lambda text: text.replace("Bwc=", "Bwd="),
        lambda text: text.replace("at 2026-03-03T10:15:00Z", "at 2026-03-03T10:15:00+00:00"),
        lambda text: text.replace("access 5", "acess 5"),
        lambda text: text.replace("\n\n", "\n"),
        lambda text: text[:-1],
        lambda text: text.replace("\u2014 ", "- "),
        lambda text: "",
    ],
)
def test_a_note_written_otherwise_is_refused(change):
    with pytest.raises(Unsound):
        Note.read(change(note(BOLTON).text))


@pytest.mark.parametrize(
    "public",
    [
        bytes(32),  # of small order
        b"\x01" + bytes(31),
        (2**255 - 20).to_bytes(32, "little"),
        (2**255 - 18).to_bytes(32, "little"),  # not in the one way there is
        b"\x02" + bytes(31),  # not on the curve
    ],
)
def test_a_key_that_anybody_could_sign_for_is_refused(public):
    with pytest.raises(Unsound, match="no public key of Ed25519"):
        Key.read(str(Key("witness", "example.org/anybody", public)))


@pytest.mark.parametrize("line", ["\n0\n", "\nheads 0 ", "\naccess 0 "])
def test_a_checkpoint_of_nothing_is_refused(line):
    text = (
        note().text.replace("\n17\n", line)
        if line == "\n0\n"
        else note().text.replace(f"{line[:-2]}3 " if "heads" in line else f"{line[:-2]}5 ", line)
    )
    assert text != note().text
    with pytest.raises(Unsound):
        Note.read(text)
