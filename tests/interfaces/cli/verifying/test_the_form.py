"""The form, strictly: what may stand in a header, a body, a line and a tag file. Two verifiers think the same of each."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.interfaces.cli.verifying.making import CASE, THE_LOG, WITNESSES, Record, a_record, lines
from tests.interfaces.cli.verifying.packing import pack
from tests.interfaces.cli.verifying.refusing import agreed, changed, good, record, relined, sound

NAMED = {"procedure": ["bolton", "england-2025"], "calendar": "england-2026"}
SEAL = {"c": "0" * 64, "e": "A" * 60, "k": "text-1"}


def with_another(header=("", ""), body: str = "", withheld: tuple[str, ...] = (), **named) -> bytes:
    """A case file with one event more, its header changed or its body another, and all signed."""
    odd = a_record(events=2)
    odd.rewrite = lambda said, fields: (said.replace(*header), body or fields)
    odd.append(f"case/{CASE}", "notification-acknowledged", {}, **(named or NAMED))
    files = odd.files()
    files["data/words.jsonl"] += lines([{"place": 3, "path": path, "withheld": True} for path in withheld])
    return pack(files)


def test_another_event_is_no_fault():
    assert agreed(with_another())


@pytest.mark.parametrize("header", [
    (',"place"', ' , "place"'), ('"schema":1,', ""), ('"on":"2026-03-03",', '"on":7,'), ('"v":1,', '"more":[1.5e999],"v":1,'),
    ('"calendar":"england-2026"', '"calendar":null'), ("T10:", "T23:"),
])  # fmt: skip
def test_of_a_header_only_some_members_are_looked_at(header):
    assert agreed(with_another(header))


@pytest.mark.parametrize("header", [
    ('"v":1', '"v":1.0'), ('"v":1', '"v":true'), ('"place":3', '"place":3e0'), ('"place":3', '"place":3.0'), ('"v":1', '"x":NaN,"v":1'),
    ('"v":1', '"x":[-Infinity],"v":1'), ('"v":1', '"v":1,"v":1'), ('"v":1', '"x":{"y":1,"y":1},"v":1'),
    ('"name":"notification-acknowledged"', '"name":7'), ('"name":"notification-acknowledged"', '"name":1.5'), ('{"v"', ' {"v"'),
    ('"v":1', f'"x":{"1" * 1001},"v":1'), ('"v":1', '"\\ud800":1,"v":1'), ('Z"}', 'Z"} '), ('Z"}', 'Z"}\n'), (',"at"', ', "at"'),
])  # fmt: skip
def test_headers_are_read_in_one_way(header):
    assert not agreed(with_another(header))


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "2027-02-29", "0000-01-01", "2026-00-10"])
def test_an_instant_is_of_a_day_that_there_is(day):
    assert not agreed(with_another(('"at":"2026-03-03', f'"at":"{day}')))
    assert not agreed(with_another(("T10:15", "T24:00")))


@pytest.mark.parametrize("day", ["2026-02-30", "2026-02-29", "0000-05-01"])
def test_a_checkpoint_was_made_on_a_day_that_there_is(day):
    text = record().text().replace("2026-05-01", day)
    note = f"{text}\n{THE_LOG.sign(text)}" + "".join(witness.cosign(text) for witness in WITNESSES)
    assert not agreed(changed("checkpoint.txt", note.encode()))


@pytest.mark.parametrize("named", [
    {"procedure": [None, None]}, {"procedure": [None, "england-2025"]}, {"calendar": "england-2026"}, {"calendar": None}, {"seen": 1},
])  # fmt: skip
def test_editions_may_be_left_out(named):
    assert agreed(with_another(**named))


@pytest.mark.parametrize("named", [
    {"procedure": []}, {"procedure": None}, {"procedure": ["bolton"]}, {"procedure": ["bolton", "england-2025", None]},
    {"procedure": ["", "england-2025"]}, {"procedure": [1.5, None]}, {"procedure": {"bolton": 1, "england-2025": 2}}, {"calendar": ""},
    {"calendar": False}, {"calendar": 1.5}, {"procedure": ["bury", None]},
])  # fmt: skip
def test_two_procedures_are_named_or_none(named):
    assert not agreed(with_another(**named))


@pytest.mark.parametrize("body", ['{"to":{"c":1,"e":2}}', '{"c":1,"e":2}', '{"":{"":7}}', '{"a":[1,1.5,1e9999]}', '{ "a" : 1 }'])
def test_a_body_holds_what_it_likes(body):
    assert agreed(with_another(body=body))


@pytest.mark.parametrize("body", ["[]", "1", '{"a":1} ', '{"a":1}\n', ' {"a":1}', '{"a":NaN}', '{"a":1,"a":2}', '{"a":{"\\udfff":1}}'])
def test_a_body_is_an_object_alone(body):
    assert not agreed(with_another(body=body))


@pytest.mark.parametrize("path", ["to", "children.0.name", "words.children.0.name", ""])
def test_a_key_of_a_body_may_hold_a_dot(path):
    """A correction names what it corrects by its path."""
    field, _, rest = path.partition(".")
    assert agreed(with_another(body=json.dumps({field: {rest: SEAL} if rest else SEAL}), withheld=(path,)))


@pytest.mark.parametrize("change", [
    {"z": 1}, {"c": "0" * 63}, {"c": "A" * 64}, {"c": 7}, {"e": "A" * 56}, {"e": "A" * 59}, {"e": "A" * 58 + "B="}, {"e": 7},
    {"e": "A" * 60 + "\n"}, {"k": ""}, {"k": 7}, {"k": None}, {"k": "\ud800"}, {"e": [], "z": []},
])  # fmt: skip
def test_what_is_half_sealed_is_a_fault_even_if_it_is_withheld(change):
    assert agreed(with_another(body=json.dumps({"to": SEAL}), withheld=("to",)))
    assert not agreed(with_another(body=json.dumps({"to": SEAL | change}), withheld=("to",)))


def test_a_body_itself_is_no_seal():
    for body in SEAL, SEAL | {"z": 1}:
        assert not agreed(with_another(body=json.dumps(body)))
        assert not agreed(with_another(body=json.dumps(body), withheld=("",)))


@pytest.mark.parametrize("position", ["-5", "0.0", "0e0", str(2**63), "true", '"0"', "1.5"])
def test_positions_are_whole_numbers(position):
    first, rest = sound()["data/events.jsonl"].split(b"\n", 1)
    there = record().streams[f"case/{CASE}"][0].position
    other = first.replace(f'"position":{there},'.encode(), f'"position":{position},'.encode())
    assert other != first
    assert not agreed(changed("events.jsonl", other + b"\n" + rest))


def test_a_number_is_no_text_though_its_digits_are():
    """A hash of digits only, told as a number."""
    line = sound()["data/words.jsonl"].split(b"\n", 1)
    salt = line[0].split(b'"salt":"')[1][:32]
    assert not agreed(changed("words.jsonl", line[0].replace(b'"' + salt + b'"', b"1" * 28 + b"e-10") + b"\n" + line[1]))


@pytest.mark.parametrize("name", ["events.jsonl", "words.jsonl", "supporting.jsonl"])
def test_a_line_is_its_json_and_one_newline(name):
    content = sound()[f"data/{name}"]
    for other in content[:-1], content + b"\n", b"\n" + content, content.replace(b"\n", b"\r\n"), b" " + content, content[:-1] + b" \n":
        assert not agreed(changed(name, other))
    assert agreed(changed(name, content.replace(b'{"', b'{ "', 1)))


@pytest.mark.parametrize("name", ["proofs.json", "keys.json", "editions/calendars/england-2026.json"])
def test_a_file_of_json_ends_with_one_newline_or_none(name):
    content = sound()[f"data/{name}"].rstrip(b"\n")
    assert agreed(changed(name, content))
    assert agreed(changed(name, content + b"\n"))
    for other in content + b"\n\n", content + b"\r\n", content + b" ", b"\n" + content, b"\xef\xbb\xbf" + content:
        assert not agreed(changed(name, other))


def test_lists_are_lists():
    assert agreed(good())
    assert not agreed(relined("keys.json", lambda there: [there[0] | {"witnesses": "", "quorum": 0}]))
    assert not agreed(relined("proofs.json", lambda there: [there[0] | {"events": {}}]))
    alone = Record()
    alone.append(f"case/{CASE}", "notification-received", {})
    alone.heads = dict([*alone.heads.items()][-1:])
    alone.leaves = alone.leaves[-1:]
    alone.streams[f"case/{CASE}"] = [replace(event, index=0) for event in alone.streams[f"case/{CASE}"]]
    files = {name: held for name, held in alone.files().items() if "editions" not in name}
    assert agreed(pack(files))
    for member in b'"path":[]', b'"siblings":[]':
        assert not agreed(changed("proofs.json", files["data/proofs.json"].replace(member, member.replace(b"[]", b'""')), files))


@pytest.mark.parametrize("change", [
    ("Up-To: 1000000000", "Up-To: 01000000000"), ("Up-To: 1000000000", "Up-To: 5"), ("Up-To: 1", "Up-To: ٣1"),
    ("Up-To: 1", "Up-To: " + "1" * 20), ("2026-05-01", "٢026-05-01"), ("Bolton", "Bol\rton"), ("Organization: Bolton", "Organization: "),
    ("2026-05-01\n", "2026-05-01\r\n"),
])  # fmt: skip
def test_lines_of_the_bag_have_one_form(change):
    assert not agreed(pack(sound(), change=change))


def test_the_position_of_the_last_event_is_covered():
    last = record().streams[f"case/{CASE}"][-1].position
    assert agreed(pack(sound(), change=("1000000000", str(last))))
    assert not agreed(pack(sound(), change=("1000000000", str(last - 1))))


@pytest.mark.parametrize("change", [("heads ", "heads 0"), ("access 12", "access 0"), ("access 12", "access 012"), ("heads", "Heads")])
def test_counts_in_a_checkpoint_are_one_or_more(change):
    text = record().text().replace(*change)
    note = f"{text}\n{THE_LOG.sign(text)}" + "".join(witness.cosign(text) for witness in WITNESSES)
    assert not agreed(changed("checkpoint.txt", note.encode()))
