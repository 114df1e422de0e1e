"""Entries may be withheld whole, which two verifiers see, say and count; and no forgery hides behind it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from interfaces.cli import verify as verifier
from interfaces.cli.verify import verify
from tests.interfaces.cli.verifying.making import CASE, THE_LOG, a_record, lines, sha
from tests.interfaces.cli.verifying.packing import manifest_of, pack, zipped
from tests.interfaces.cli.verifying.refusing import KEYS, changed, flipped, record, relined, verdict
from tests.interfaces.cli.verifying.test_second_verifier import remade
from tests.second_verifier import unpacked

ALL_HOLDS, AS_FAR_AS_SHOWN, FAULT = "all holds", "intact, as far as shown", "a fault was found"
THERE = record().streams[f"case/{CASE}"]
VERIFIER = Path(verifier.__file__)
FIRST_FORM = Path(__file__).with_name("first-form.zip")
"""A case file made before there was a second form, with the verifier of that time in it."""


@cache
def without(*places: int) -> dict[str, bytes]:
    return record().files(withheld=places)


def hashes(*given: tuple[int, bytes]) -> bytes:
    return lines([{"place": place, "hash": hashed.hex()} for place, hashed in given])


def refused(data: bytes, *words: str) -> None:
    assert verdict(data) == FAULT
    for word in words:
        assert word in str(verify(data).fault), verify(data).fault


# --- what may be withheld, and how it is told


@pytest.mark.parametrize("places", [(3,), (1,), (6,), (1, 6), (2, 3, 4), (1, 2, 3, 4, 5), (2, 3, 4, 5, 6)])
def test_what_is_shown_is_proved_and_what_is_withheld_is_counted(places):
    data = pack(without(*places))

    assert verdict(data) == verdict(data, log_key=THE_LOG.key, witnesses=KEYS) == AS_FAR_AS_SHOWN
    report = verify(data)
    assert (report.withheld, report.places) == ([*places], 6)
    assert (report.counts["events"], report.counts["proofs"]) == (6 - len(places), 6)


def test_of_a_withheld_entry_there_is_its_hash_and_nothing_else():
    files = without(3)
    entry = THERE[2]

    assert json.loads(files["data/withheld.jsonl"]) == {"place": 3, "hash": entry.hash.hex()}
    kept = b"".join(content for name, content in files.items() if name != "data/withheld.jsonl").decode()
    for way, salt, words in entry.words:
        assert salt.hex() not in kept, way
        assert words == "Robin Ashgrove" or words not in kept
    assert entry.header not in kept


def run(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", str(VERIFIER), str(file), *arguments], capture_output=True, text=True, timeout=60)


def test_the_program_says_in_plain_sentences_what_it_has_not_checked_and_ends_with_3(tmp_path):
    file = tmp_path / "case.zip"
    file.write_bytes(pack(without(2, 4, 5)))

    ended = run(file)

    assert (ended.returncode, ended.stderr) == (3, "")
    assert ended.stdout.startswith(f"case/{CASE}: intact, as far as shown.\n")
    assert "all holds" not in ended.stdout
    assert "3 of the 6 places of this case are withheld from whoever this file was made for: places 2, 4 and 5." in ended.stdout
    assert "What it was, who recorded it and when was not checked, for it is not in the file." in ended.stdout
    assert "3 events and 3 places withheld: no place is missing" in ended.stdout
    told = json.loads(run(file, "--json").stdout)
    assert (told["verdict"], told["holds"], told["withheld"], told["places"]) == (AS_FAR_AS_SHOWN, False, [2, 4, 5], 6)


def test_one_place_is_told_as_one(tmp_path):
    file = tmp_path / "case.zip"
    file.write_bytes(pack(without(6)))

    assert "1 of the 6 places of this case is withheld from whoever this file was made for: place 6." in run(file).stdout


# --- two forms


def old_verifier(tmp_path: Path) -> Path:
    _, entries = unpacked(FIRST_FORM.read_bytes())
    old = tmp_path / "verify.py"
    old.write_bytes(entries["data/verify.py"])
    return old


def test_a_file_made_before_verifies_as_it_did(tmp_path):
    assert verdict(FIRST_FORM.read_bytes()) == ALL_HOLDS
    ended = subprocess.run([sys.executable, "-I", old_verifier(tmp_path), FIRST_FORM], capture_output=True, text=True, check=False)
    assert ended.returncode == 0


def test_a_verifier_of_the_old_form_refuses_the_new_one_by_the_name_of_what_it_does_not_know(tmp_path):
    old, whole, partly = old_verifier(tmp_path), tmp_path / "whole.zip", tmp_path / "partly.zip"
    whole.write_bytes(pack(without()))
    partly.write_bytes(pack(without(3)))

    passed, stopped = (
        subprocess.run([sys.executable, "-I", old, file], capture_output=True, text=True, check=False) for file in (whole, partly)
    )

    assert passed.returncode == 0
    assert stopped.returncode == 1
    assert 'zip: "data/withheld.jsonl" stands where "data/words.jsonl" should' in stopped.stdout


def test_the_form_is_said_and_is_what_it_says():
    form, last = "Casetrail-Form: 2\n", "Casetrail-Up-To: 1000000000\n"

    refused(pack(without(3), change=(form, "")), "data/withheld.jsonl")
    refused(pack(without(), change=(last, last + form)), "data/withheld.jsonl")
    refused(pack(without(3), change=(form, "Casetrail-Form: 3\n")), 'it is of form "3"; only forms 1 and 2 are known here')
    refused(pack(without(3), change=(form, "Casetrail-Form: 02\n")), "form")
    refused(pack(without(3), change=(form, form + form)), "bag-info.txt")
    refused(pack(without(3), change=(last + form, form + last)), "bag-info.txt")
    refused(changed("withheld.jsonl", b"", without(3)), "it withholds nothing")


# --- what is tried behind it


def altered(place: int) -> tuple[str, bytes]:
    """The body of an event with another word, and the hash that it would then have."""
    event = THERE[place - 1]
    head, body = event.header.encode(), event.body.replace("post", "call").encode()
    return body.decode(), sha(b"\x01", event.previous, len(head).to_bytes(4, "big"), head, len(body).to_bytes(4, "big"), body)


def with_altered(place: int, files: dict[str, bytes], hashed: bytes | None = None) -> bytes:
    body, made = altered(place)

    def rewritten(there):
        return [one | {"body": body, "hash": (hashed or made).hex()} if one["place"] == place else one for one in there]

    return relined("events.jsonl", rewritten, files)


def test_an_entry_is_not_altered_unseen_because_the_next_is_withheld():
    refused(with_altered(4, without(5)), "event 4: its proof does not lead to the root")
    refused(with_altered(4, without(5), THERE[3].hash), "event 4: its hash is not that of its bytes")
    refused(with_altered(4, without(5, 6)), "event 4: its proof")
    refused(with_altered(4, without(3, 5)), "event 4: its proof")


def test_an_altered_entry_is_not_hidden_by_withholding_it():
    _, made = altered(4)

    refused(changed("withheld.jsonl", hashes((4, made)), without(4)), "event 5: its hash is not that of its bytes and the event before it")
    rest = hashes((4, made), (5, THERE[4].hash), (6, THERE[5].hash))
    refused(changed("withheld.jsonl", rest, without(4, 5, 6)), "withheld place 4: its proof")
    refused(changed("withheld.jsonl", hashes((6, made)), without(6)), "withheld place 6: its proof")


def test_a_wrong_hash_is_found_wherever_it_stands():
    for place in 1, 3, 6:
        refused(changed("withheld.jsonl", hashes((place, bytes(32))), without(place)))
    refused(changed("withheld.jsonl", hashes((3, THERE[3].hash), (4, THERE[2].hash)), without(3, 4)), "event 5")


def test_a_place_dropped_without_a_word_is_missed():
    gone = without(3, 4)

    refused(changed("withheld.jsonl", hashes((4, THERE[3].hash)), gone), "event 3", "its place is 5")
    refused(changed("withheld.jsonl", hashes((3, THERE[2].hash)), gone), "event 4", "its place is 5")


def test_a_place_dropped_and_another_called_withheld_in_its_stead_is_missed():
    files = without(3)

    refused(changed("withheld.jsonl", hashes((2, THERE[2].hash)), files))
    refused(changed("withheld.jsonl", hashes((7, THERE[2].hash)), files), "event 3")
    refused(changed("withheld.jsonl", hashes((3, THERE[2].hash), (8, bytes(32))), files), "place 7 is neither shown nor withheld")


def test_a_place_that_is_not_there_cannot_be_called_withheld():
    files = without()
    order = [*files]
    order.insert(order.index("data/words.jsonl"), "data/withheld.jsonl")
    one_more = {name: files.get(name, hashes((7, bytes(32)))) for name in order}

    refused(pack(one_more), "withheld place 7 has no proof")
    proofs = json.loads(files["data/proofs.json"])
    proofs["events"].append({**proofs["events"][-1], "place": 7, "index": proofs["events"][-1]["index"] + 1})
    refused(pack({**one_more, "data/proofs.json": lines([proofs])}), "withheld place 7: its proof")


def test_an_entry_is_shown_or_withheld_and_not_both():
    files = without(3)

    refused(changed("withheld.jsonl", hashes((3, THERE[2].hash), (4, THERE[3].hash)), files), "event 5", "its place is 4")
    refused(changed("events.jsonl", lines([event.line for event in THERE]), files), "event 4", "its place is 3")


def test_the_first_and_the_last_are_not_left_out_by_calling_what_remains_the_case():
    files = without(1)
    proofs = json.loads(files["data/proofs.json"])
    moved = {**proofs, "events": [{**one, "place": one["place"] - 1} for one in proofs["events"][1:]]}
    refused(changed("proofs.json", lines([moved]), files))

    cut = {**proofs, "events": proofs["events"][:5], "head": {**proofs["head"], "place": 5, "hash": THERE[4].hash.hex()}}
    shorter = {**without(1), "data/proofs.json": lines([cut])}
    shorter["data/events.jsonl"] = lines([event.line for event in THERE[1:5]])
    shorter["data/words.jsonl"] = b"".join(shorter["data/words.jsonl"].splitlines(keepends=True)[:-2])
    refused(pack(shorter), "head", "root of the map")


def test_what_was_cut_off_is_not_made_good_by_calling_the_new_last_withheld():
    files = dict(without(5, 6))
    proofs = json.loads(files["data/proofs.json"])
    proofs["events"].pop()
    proofs["head"] |= {"place": 5, "hash": THERE[4].hash.hex()}
    files |= {"data/withheld.jsonl": hashes((5, THERE[4].hash)), "data/proofs.json": lines([proofs])}

    refused(pack(files), "head", "root of the map")


def test_a_file_that_withholds_all_is_none():
    refused(pack(without(1, 2, 3, 4, 5, 6)), "there is no event")


def test_withheld_places_stand_in_order_each_once():
    two = hashes((3, THERE[2].hash)), hashes((5, THERE[4].hash))

    assert verdict(changed("withheld.jsonl", b"".join(two), without(3, 5))) == AS_FAR_AS_SHOWN
    refused(changed("withheld.jsonl", b"".join(reversed(two)), without(3, 5)), "not behind")
    refused(changed("withheld.jsonl", two[0] + two[0], without(3)), "not behind")
    refused(changed("withheld.jsonl", two[0] + two[1], without(3)), "event 6", "its place is 5")


def test_shown_entries_are_not_reordered_around_withheld_ones():
    refused(relined("events.jsonl", lambda there: [there[0], there[2], there[1], *there[3:]], without(2, 5)), "event 3", "its place is 4")
    proofs = json.loads(without(2)["data/proofs.json"])
    proofs["events"][1], proofs["events"][2] = (
        {**proofs["events"][2], "place": 2},
        {**proofs["events"][1], "place": 3},
    )
    refused(changed("proofs.json", lines([proofs]), without(2)))


def test_words_and_proofs_of_what_is_withheld_are_not_slipped_in():
    whole, files = without(), without(3)

    refused(changed("words.jsonl", whole["data/words.jsonl"], files), "words.jsonl")
    shown = json.loads(files["data/proofs.json"])
    shown["events"].pop(2)
    refused(changed("proofs.json", lines([shown]), files), "withheld place 3", "about place 4")


@pytest.mark.parametrize("line", [
    {"place": 0}, {"place": True}, {"place": 3.0}, {"place": "3"}, {"place": None}, {"place": -3}, {"hash": "A" * 64}, {"hash": None},
    {"hash": ""}, {"hash": "0" * 62}, {"previous": "0" * 64}, {"position": 7},
])  # fmt: skip
def test_lines_of_another_form_are_refused(line):
    sound = {"place": 3, "hash": THERE[2].hash.hex()}
    assert verdict(changed("withheld.jsonl", lines([sound]), without(3))) == AS_FAR_AS_SHOWN
    refused(changed("withheld.jsonl", lines([{**sound, **line}]), without(3)))


def test_lines_are_ended_and_none_is_empty():
    content = without(3)["data/withheld.jsonl"]

    refused(changed("withheld.jsonl", content[:-1], without(3)), "not ended")
    refused(changed("withheld.jsonl", content + b"\n", without(3)))
    refused(changed("withheld.jsonl", content[:-1] + b"\r\n", without(3)))


def test_editions_that_only_a_withheld_entry_named_may_be_left_out():
    made = a_record(events=2)
    made.append(f"case/{CASE}", "notification-acknowledged", {}, procedure=["bury", None], calendar=None)

    refused(pack(made.files()), "bury")
    assert verdict(pack(made.files(withheld=(3,)))) == AS_FAR_AS_SHOWN


def test_whoever_has_a_whole_file_can_withhold_more_and_is_seen_to():
    """No key is needed for it: so that entries are withheld is nobody's statement."""
    files: dict[str, bytes] = {}
    for name, content in unpacked(pack(without()))[1].items():
        if name.startswith("data/"):
            files[name] = content
        if name == "data/events.jsonl":
            events = [json.loads(line) for line in content.splitlines()]
            files[name] = lines([one for one in events if one["place"] != 2])
            files["data/withheld.jsonl"] = lines([{"place": 2, "hash": events[1]["hash"]}])
        if name == "data/words.jsonl":
            files[name] = lines([one for one in map(json.loads, content.splitlines()) if one["place"] != 2])

    assert verdict(pack(files), log_key=THE_LOG.key, witnesses=KEYS) == AS_FAR_AS_SHOWN


@pytest.mark.parametrize("start", range(0, 150, 50))
def test_any_byte_another_is_seen_by_both(start):
    data = pack(without(2, 5))
    for at in random.Random(start).sample(range(len(data)), 50):
        assert verdict(flipped(data, at)) == FAULT


def test_both_see_it_below_manifests_that_fit():
    case, entries = unpacked(pack(without(2, 5)))
    for at in range(len(entries["data/withheld.jsonl"])):
        content = flipped(entries["data/withheld.jsonl"], at)
        assert verdict(remade({**entries, "data/withheld.jsonl": content}, case)) == FAULT


def test_the_entry_has_its_place_in_the_zip():
    case, entries = unpacked(pack(without(2)))
    order = [name for name in entries if name != "data/withheld.jsonl"]
    order.insert(order.index("data/words.jsonl") + 1, "data/withheld.jsonl")
    files = {name: entries[name] for name in order}
    files["manifest-sha256.txt"] = manifest_of({name: files[name] for name in files if name.startswith("data/")})
    tags = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt")
    files["tagmanifest-sha256.txt"] = manifest_of({name: files[name] for name in tags})

    refused(zipped(files, case), "stands where")
