"""Refused: what is not exactly that zip, and what the log and its witnesses did not sign."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from interfaces.cli import verify as verifier
from interfaces.cli.verify import verify
from tests.interfaces.cli.verifying.making import CASE, ORIGIN, OTHER, THE_LOG, WITNESS, WITNESSES, Signer, a_record, lines
from tests.interfaces.cli.verifying.packing import manifest_of, pack, zipped
from tests.interfaces.cli.verifying.refusing import KEYS, changed, good, record, refused, relined, sound


@pytest.mark.parametrize("end", [b"\0", b"PK\3\4", b"PK\5\6" + bytes(18)])
def test_bytes_after_the_end_are_refused(end):
    refused(good() + end, "zip")


def test_a_file_cut_off_anywhere_is_refused():
    for length in random.Random(3).sample(range(len(good())), 100):
        refused(good()[:length])


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "data/../x", "data/extra.txt", "data/editions/procedures/../x.toml", ""]
)
def test_an_entry_of_another_name_is_refused(name):
    refused(pack({**sound(), name: b"x"}), "zip")


def test_entries_in_another_order_or_missing_are_refused():
    files = sound()
    refused(pack(dict(sorted(files.items(), reverse=True))), "zip")
    for name in files:
        if "schemas" not in name and "bolton" not in name:
            refused(pack({other: content for other, content in files.items() if other != name}))
        else:
            assert name.startswith("data/editions") or not verify(pack({o: c for o, c in files.items() if o != name})).holds


def test_a_zip_that_says_it_is_larger_or_compressed_is_refused():
    bomb = bytearray(good())
    bomb[18:26] = b"\xff" * 8
    refused(bytes(bomb), "zip, entry 1")
    deflated = bytearray(good())
    deflated[8] = 8
    refused(bytes(deflated), "zip, entry 1", "header")
    refused(b"PK\5\6" + bytes(18), "zip")
    refused(bytes(verifier.LARGEST + 1), "larger")


def test_the_same_entry_twice_is_refused():
    first = good()[: good().index(b"PK\3\4", 4)]
    refused(first + good(), "zip, entry 2", "twice")


@pytest.mark.parametrize("change", [
    ("Version: 1.0", "Version: 0.97"), ("Identifier: case", "Identifier: bookcase"), ("Oxum: ", "Oxum: 1"),
    ("Up-To: 1000000000", "Up-To: 7"),
    ("Bolton\n", "Bolton\nBag-Size: 1\n"), ("2026-05-01", "1 May 2026"), ("Up-To: 1", "Up-To: -1"),
])  # fmt: skip
def test_tag_files_that_say_something_else_are_refused(change):
    assert verify(pack(sound())).holds
    refused(pack(sound(), change=change), ".txt: ")


@pytest.mark.parametrize("case", ["../../tmp", "3f1c9a52", CASE.upper(), ""])
def test_names_that_do_not_begin_with_the_id_of_a_case_are_refused(case):
    refused(pack(sound(), case), "zip, entry 1")


def test_names_of_two_cases_are_refused():
    two = good().replace(f"{CASE}/data/report.html".encode(), f"{OTHER}/data/report.html".encode())
    refused(two, "zip: not all names begin")


def test_manifests_that_name_something_else_are_refused():
    files = sound()
    tags = {"bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", "bag-info.txt": b"x\n"}
    for manifest in (
        manifest_of(files)[:-1],
        manifest_of(files) + b"0" * 64 + b"  data/no\n",
        manifest_of({**files, "data/README.txt": b""}),
    ):
        sums = {"manifest-sha256.txt": manifest}
        refused(zipped({**tags, **files, **sums, "tagmanifest-sha256.txt": manifest_of({**tags, **sums})}), "manifest-sha256.txt")


def test_the_checkpoint_of_another_log_is_refused():
    elsewhere = record().files(log=Signer("elsewhere.example/record"))
    refused(changed("checkpoint.txt", elsewhere["data/checkpoint.txt"]), "checkpoint.txt", "origin")
    refused(pack(elsewhere), "checkpoint.txt", log_key=THE_LOG.key)


def test_the_checkpoint_of_a_fork_is_refused():
    fork = a_record(words="another story")
    assert len(fork.leaves) == len(record().leaves)
    refused(changed("checkpoint.txt", fork.files()["data/checkpoint.txt"]), "event 1", "root of the checkpoint")


def test_a_checkpoint_of_another_size_is_refused():
    larger = a_record()
    larger.elsewhere(5)
    checkpoint = larger.files()["data/checkpoint.txt"]
    refused(changed("checkpoint.txt", checkpoint), "checkpoint.txt", "size")

    def resized(there):
        return [there[0] | {"size": len(larger.leaves)}]

    files = sound() | {"data/checkpoint.txt": checkpoint}
    refused(relined("proofs.json", resized, files), "event", "root of the checkpoint")


def test_a_signature_by_another_key_is_refused_where_the_right_one_is_given():
    forged = pack(record().files(log=Signer(ORIGIN, seed=2)))
    assert verify(forged).holds
    refused(forged, "checkpoint.txt", "first signature", log_key=THE_LOG.key)


def test_a_signature_that_claims_the_right_key_is_refused():
    text = record().text()
    forged = THE_LOG.line(Signer(ORIGIN, seed=2).private.sign(text.encode()))
    refused(changed("checkpoint.txt", f"{text}\n{forged}".encode()), "checkpoint.txt", "does not fit")


def test_a_cosignature_is_counted_once():
    text, alder = record().text(), WITNESSES[0]
    for again in alder.cosign(text), alder.cosign(text, 1_772_535_601):
        data = changed("checkpoint.txt", f"{text}\n{THE_LOG.sign(text)}{alder.cosign(text)}{again}".encode())
        refused(data, "2 known witnesses should have cosigned it; 1 did")
        assert verify(data, THE_LOG.key, KEYS, 1).holds


def test_a_quorum_that_is_not_met_is_refused():
    data = pack(record().files(witnesses=WITNESSES[:1], quorum=1))
    assert verify(data).holds
    refused(data, "checkpoint.txt", "2 known witnesses", witnesses=KEYS, quorum=2)
    refused(data, "checkpoint.txt", "3 known witnesses", witnesses=KEYS)


def test_a_witness_who_is_not_known_does_not_count():
    stranger = Signer("stranger.example", WITNESS)
    data = pack(record().files(witnesses=[stranger], quorum=1))
    refused(data, "1 known witnesses should", witnesses=KEYS, quorum=1)


def test_a_false_cosignature_is_refused():
    text, alder = record().text(), WITNESSES[0]
    false = alder.line(bytes(72))
    refused(changed("checkpoint.txt", f"{text}\n{THE_LOG.sign(text)}{false}".encode()), "cosignature of witness-alder.example")


@pytest.mark.parametrize("witnesses", [[WITNESSES[0]] * 2, [WITNESSES[0], replace(WITNESSES[0], seed=2)], [Signer(ORIGIN, WITNESS)]])
def test_nobody_counts_as_two_witnesses(witnesses):
    refused(pack(record().files(witnesses=witnesses)), "keys.json")


def test_keys_that_make_no_sense_are_wrong_usage():
    for key in "", "a", "a+b+c", KEYS[0], THE_LOG.key[:-4], THE_LOG.key.replace("+", " +", 1), THE_LOG.key.replace("record", "recorx"):
        with pytest.raises(ValueError, match="key"):
            verify(good(), log_key=key)
    for witnesses, quorum in ([KEYS[0]] * 2, 1), (KEYS, 4), ((), -1):
        with pytest.raises(ValueError, match=r"twice|quorum"):
            verify(good(), witnesses=witnesses, quorum=quorum)


def test_roots_and_lines_of_another_form_are_refused():
    text = record().text()
    root = text.split("\n")[2]
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    loose = root[:-2] + last[last.index(root[-2]) + 1] + "="  # the same bytes, were base64 read loosely
    for other in text.replace(root, loose), text.replace("heads", "heads "), text.replace("at 2026-05", "at 2026-13"), text + "more\n":
        note = f"{other}\n{THE_LOG.sign(other)}" + "".join(witness.cosign(other) for witness in WITNESSES)
        refused(changed("checkpoint.txt", note.encode()), "checkpoint.txt")


def test_signature_lines_that_are_none_are_refused():
    checkpoint = sound()["data/checkpoint.txt"]
    for ending in b"- x AAAAAAAA\n", b"\xe2\x80\x94 x AAAA\n", b"\xe2\x80\x94 x AAAAAAB=\n", b"\n":
        refused(changed("checkpoint.txt", checkpoint + ending), "signature line 5")
    refused(changed("checkpoint.txt", checkpoint[:-1]), "cut off")
    refused(changed("checkpoint.txt", record().text().encode()), "checkpoint.txt")


def test_more_witnesses_than_anybody_has_are_refused():
    refused(changed("keys.json", lines([{"log": THE_LOG.key, "witnesses": KEYS * 40, "quorum": 1}])), "more than 100 witnesses")


def test_what_a_checkpoint_says_cannot_write_to_the_terminal():
    report = verify(pack(record().files(log=Signer("evil\x1b[2J/record"))), THE_LOG.key)
    assert report.fault is not None
    assert "\x1b" not in report.fault
