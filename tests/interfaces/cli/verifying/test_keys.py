"""Whose signatures count: different witnesses, who are not the log, told with keys that are keys. Two verifiers think the same."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import pytest

from interfaces.cli.verify import verify
from tests.interfaces.cli.verifying.making import ORIGIN, THE_LOG, WITNESS, WITNESSES, Signer, lines, sha
from tests.interfaces.cli.verifying.packing import pack
from tests.interfaces.cli.verifying.refusing import KEYS, agreed, changed, good, record, sound
from tests.second_verifier import faults

P = 2**255 - 19
SMALL = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
NO_KEYS = [
    (1).to_bytes(32, "little"), bytes(32), (P - 1).to_bytes(32, "little"), SMALL, (1 + 2**255).to_bytes(32, "little"),
    P.to_bytes(32, "little"), (P + 1).to_bytes(32, "little"), b"\xff" * 32, (2).to_bytes(32, "little"), (P + 3).to_bytes(32, "little"),
]  # fmt: skip


def told(name: str, public: bytes, kind: bytes = WITNESS) -> str:
    return f"{name}+{sha(name.encode(), chr(10).encode(), kind, public)[:4].hex()}+{base64.b64encode(kind + public).decode()}"


def keys(log: str = THE_LOG.key, witnesses: list[str] = KEYS, quorum: object = 2) -> bytes:
    return changed("keys.json", lines([{"log": log, "witnesses": witnesses, "quorum": quorum}]))


def noted(*more: str, text: str = "") -> bytes:
    text = text or record().text()
    return changed("checkpoint.txt", f"{text}\n{THE_LOG.sign(text)}{''.join(more)}".encode())


COSIGNED = [witness.cosign(record().text()) for witness in WITNESSES]


@pytest.mark.parametrize("public", NO_KEYS, ids=bytes.hex)
def test_a_key_that_is_none_is_refused_when_told_whether_or_not_it_signed(public):
    odd = told("witness-dogwood.example", public)
    assert not agreed(keys(witnesses=[*KEYS, odd]))
    with pytest.raises(ValueError, match="point of the curve"):
        verify(good(), witnesses=[*KEYS, odd], quorum=2)
    assert faults(good(), witnesses=[*KEYS, odd], quorum=2)


@pytest.mark.parametrize("witness", [Signer(ORIGIN, WITNESS), Signer(ORIGIN, WITNESS, seed=5), replace(THE_LOG, kind=WITNESS)])
def test_the_log_is_no_witness_of_its_own(witness):
    assert not agreed(keys(witnesses=[*KEYS, witness.key]))
    assert not agreed(good(), log_key=THE_LOG.key, witnesses=[*KEYS, witness.key], quorum=2)


def test_the_key_of_the_log_under_another_name_is_no_witness():
    assert not agreed(keys(witnesses=[*KEYS, told("witness-dogwood.example", THE_LOG.public[1:])]))


def test_keys_that_came_with_the_file_are_looked_at_though_others_were_given():
    given = {"log_key": THE_LOG.key, "witnesses": KEYS, "quorum": 2}
    stranger = Signer("stranger.example/record")
    assert agreed(keys(log=stranger.key, witnesses=[], quorum=0), **given)
    for odd in (
        keys(log="x"), keys(log=KEYS[0]), keys(witnesses=["x"]), keys(witnesses=[KEYS[0]] * 2), keys(quorum=4), keys(quorum=-1),
        keys(quorum="2"), keys(quorum=2.0), keys(quorum=None), keys(witnesses=[told("w.example", SMALL)], quorum=0),
        keys(witnesses=[Signer(ORIGIN, WITNESS).key], quorum=0), keys(log=stranger.key, witnesses=[Signer(stranger.name, WITNESS).key]),
    ):  # fmt: skip
        assert not agreed(odd, **given)


@pytest.mark.parametrize("name", ["", "a b", "a\tb", "a\x1bb", "a\u202eb", "a\u2003b"])
def test_the_name_of_a_key_can_be_read(name):
    assert not agreed(keys(witnesses=[*KEYS, told(name, WITNESSES[0].public[1:])]))


def test_no_more_than_a_hundred_are_witnesses():
    many = [Signer(f"witness-{number}.example", WITNESS).key for number in range(101)]
    assert agreed(keys(witnesses=many[:100], quorum=0))
    assert not agreed(keys(witnesses=many, quorum=0))
    with pytest.raises(ValueError, match="more than 100"):
        verify(good(), witnesses=many, quorum=0)
    assert faults(good(), witnesses=many, quorum=0)


def test_a_quorum_that_those_given_cannot_reach_is_wrong_usage():
    for witnesses, quorum in (KEYS, 4), (KEYS[:1], 2), ((), -1):
        with pytest.raises(ValueError, match="quorum"):
            verify(good(), witnesses=witnesses, quorum=quorum)


def test_witnesses_given_stand_for_those_of_the_file_and_a_quorum_alone_for_its_own():
    only_one = noted(COSIGNED[0])
    assert not agreed(only_one)
    assert agreed(only_one, witnesses=KEYS[:1])
    assert agreed(only_one, quorum=1)
    assert not agreed(good(), quorum=4)
    assert not agreed(only_one, witnesses=KEYS)


def test_a_witness_counts_once_however_often_it_cosigned():
    twice = noted(COSIGNED[0], WITNESSES[0].cosign(record().text(), 5))
    assert not agreed(twice)
    assert agreed(twice, quorum=1)


def test_every_line_by_a_known_witness_must_fit():
    assert not agreed(noted(*COSIGNED, WITNESSES[0].line(bytes(72))))
    assert not agreed(noted(*COSIGNED, WITNESSES[0].line(bytes(71))))


def test_more_lines_by_the_log_are_passed_over_and_no_time_is_judged():
    assert agreed(noted(*COSIGNED, THE_LOG.line(bytes(64))))
    assert agreed(noted(*COSIGNED[:2], WITNESSES[2].cosign(record().text(), 2**64 - 1)))


@pytest.mark.parametrize(
    "line", ["— x AAAA\n", "— x AAAAAA==\n", "— x AAAAAAB=\n", "- x AAAAAAA=\n", "— x+y AAAAAAA=\n", "—  x AAAAAAA=\n"]
)
def test_a_line_that_is_no_signature_is_a_fault_whoever_it_is_by(line):
    assert agreed(noted(*COSIGNED, "— x AAAAAAA=\n"))
    assert not agreed(noted(*COSIGNED, line))


def test_a_note_is_not_longer_than_anybody_writes():
    line = "— x AAAAAAA=\n"
    room = 2**16 - len(sound()["data/checkpoint.txt"])
    assert agreed(noted(*COSIGNED, line * (room // len(line.encode()))))
    assert not agreed(noted(*COSIGNED, line * (room // len(line.encode()) + 1)))


def test_the_name_of_the_key_is_the_origin():
    other = Signer("elsewhere.example/record")
    text = record().text()
    note = f"{text}\n{other.sign(text)}{''.join(COSIGNED)}".encode()
    files = {**sound(), "data/checkpoint.txt": note}
    files["data/keys.json"] = re.sub(rb'"log":"[^"]*"', f'"log":"{other.key}"'.encode(), files["data/keys.json"])
    assert not agreed(pack(files))
