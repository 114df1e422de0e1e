"""Refused: events, proofs, words and editions that are not those of the record."""

from __future__ import annotations

import json

import pytest

from tests.interfaces.cli.verifying.making import CASE, OTHER, a_record, compact, lines
from tests.interfaces.cli.verifying.packing import pack
from tests.interfaces.cli.verifying.refusing import changed, record, refused, relined, sound


def test_a_dropped_event_is_refused():
    refused(relined("events.jsonl", lambda there: there[:2] + there[3:]), "event 3", "place is 4")


def test_a_duplicated_event_is_refused():
    refused(relined("events.jsonl", lambda there: there[:3] + there[2:]), "event 4", "place is 3")


def test_reordered_events_are_refused():
    refused(relined("events.jsonl", lambda there: [there[0], there[2], there[1], *there[3:]]), "event 2", "place is 3")

    def renamed(there):
        there[1], there[2] = there[2] | {"place": 2}, there[1] | {"place": 3}
        return there

    refused(relined("events.jsonl", renamed), "event 2", "header names another place")


def test_an_event_of_another_case_is_refused():
    other = record().streams[f"case/{OTHER}"][0].line
    refused(relined("events.jsonl", lambda there: [other, *there[1:]]), "event 1", "header names another stream")


def test_a_file_of_one_case_under_the_name_of_another_is_refused():
    refused(pack(sound(), OTHER), "proofs.json", "another stream")
    renamed = {name: content.replace(CASE.encode(), OTHER.encode()) for name, content in sound().items()}
    refused(pack(renamed, OTHER), "event 1", "its hash")


def test_a_tail_cut_off_is_refused_though_all_else_fits():
    files = sound()
    shorter = {name: b"".join(files[name].splitlines(keepends=True)[:-count]) for name, count in
               (("data/events.jsonl", 1), ("data/words.jsonl", 2))}  # fmt: skip
    proofs = json.loads(files["data/proofs.json"])
    proofs["events"].pop()
    refused(pack({**files, **shorter, "data/proofs.json": lines([proofs])}), "proofs.json, head", "event 5")
    proofs["head"] |= {"place": 5, "hash": record().streams[f"case/{CASE}"][4].hash.hex()}
    refused(pack({**files, **shorter, "data/proofs.json": lines([proofs])}), "proofs.json, head", "root of the map")


def test_changed_bytes_are_refused():
    def reworded(there):
        there[3]["body"] = there[3]["body"].replace("post", "call")
        return there

    refused(relined("events.jsonl", reworded), "event 4: its hash is not that of its bytes and the event before it")


@pytest.mark.parametrize("change", [
    {"place": True}, {"place": 1.0}, {"place": "1"}, {"position": -1}, {"position": 2**63}, {"position": 10**999}, {"header": None},
    {"header": "\ud800"}, {"body": "[]"}, {"body": "{"}, {"header": "1"}, {"hash": "A" * 64}, {"hash": " " * 64}, {"hash": 7}, {"more": 1},
])  # fmt: skip
def test_members_of_another_kind_are_refused(change):
    content = json.dumps({**record().streams[f"case/{CASE}"][0].line, **change}).encode() + b"\n"
    refused(changed("events.jsonl", content), "event 1")


@pytest.mark.parametrize("change", [
    ('{"v":1,', '{"v":2,'), ('{"v":1,', '{"v":true,'), ('"v":1,', ""), ('"at":"2026', '"at":"2O26'), ("-03-03T", "-13-03T"),
    ('Z"}', 'Z" }'),
    ('Z"}', 'Z","on":1}'), ('"name":', '"place":1,"name":'), ('"name":"notification', '"name":7,"nane":"notification'),
])  # fmt: skip
def test_headers_of_another_form_are_refused(change):
    def rewritten(there):
        assert change[0] in there[0]["header"]
        there[0]["header"] = there[0]["header"].replace(*change)
        return there

    refused(relined("events.jsonl", rewritten), "event 1")


def test_instants_and_positions_that_fall_are_refused():
    def fallen(there):
        there[2]["position"] = there[1]["position"]
        return there

    refused(relined("events.jsonl", fallen), "event 3", "position")

    def turned(there):
        there[2]["header"] = there[2]["header"].replace('"at":"2026', '"at":"2025')
        return there

    refused(relined("events.jsonl", turned), "event 3", "instant")


def test_proofs_missing_or_too_many_are_refused():
    def with_events(change):
        return lambda there: [there[0] | {"events": change(there[0]["events"])}]

    refused(relined("proofs.json", with_events(lambda events: events[:-1])), "event 6 has no proof")
    refused(relined("proofs.json", with_events(lambda events: [*events, events[-1]])), "more events than there are")
    refused(relined("proofs.json", with_events(lambda events: events[::-1])), "about place 6")


def test_words_changed_are_refused_though_the_salt_is_kept():
    def reworded(there):
        there[4]["words"] += "."
        return there

    refused(relined("words.jsonl", reworded), "event 3", '"to"', "commitment")


def test_words_missing_in_excess_or_out_of_order_are_refused():
    refused(relined("words.jsonl", lambda there: there[:-1]), "words.jsonl", "event 6")
    refused(relined("words.jsonl", lambda there: there[1:]), "words.jsonl, line 1")
    refused(relined("words.jsonl", lambda there: [*there, there[-1]]), "words.jsonl, line 13", "no sealed words")
    refused(relined("words.jsonl", lambda there: [there[1], there[0], *there[2:]]), "words.jsonl, line 1")


@pytest.mark.parametrize("line", [
    {"erased": False}, {"withheld": 1}, {"erased": True, "withheld": True}, {"salt": "00" * 15, "words": "x"}, {"salt": "00" * 16}, {},
    {"salt": "00" * 16, "words": "\ud800"}, {"salt": "00" * 16, "words": "x", "erased": True}, {"salt": "00" * 16, "words": ["x"]},
])  # fmt: skip
def test_lines_of_words_of_another_form_are_refused(line):
    there = sound()["data/words.jsonl"].split(b"\n", 1)[1]
    refused(changed("words.jsonl", json.dumps({"place": 1, "path": "to", **line}).encode() + b"\n" + there), "words.jsonl, line 1")


def test_an_edition_of_another_text_is_refused():
    refused(changed("editions/procedures/england-2025.toml", b"clocks = [1]\n"), "supporting event 1", "england-2025")
    days = compact({"edition": "england-2026", "holidays": ["2026-12-25"]}).encode()
    refused(changed("editions/calendars/england-2026.json", days), "supporting event 2", "england-2026")


def test_an_adoption_that_is_left_out_is_refused():
    refused(relined("supporting.jsonl", lambda there: there[:-1]), "supporting.jsonl", "bolton")


def test_a_supporting_event_that_is_changed_is_refused():
    def reworded(there):
        there[0]["body"] = there[0]["body"].replace("england-2025", "england-2024")
        return there

    refused(relined("supporting.jsonl", reworded), "supporting event 1", "its hash")
    for change in {"stream_salt": "00" * 32}, {"index": 7}, {"path": []}:
        changed_one = relined("supporting.jsonl", lambda there, change=change: [there[0] | change, *there[1:]])
        refused(changed_one, "supporting event 1", "its proof")
    refused(relined("supporting.jsonl", lambda there: [there[0] | {"position": 10**6}, *there[1:]]), "not in the order of positions")
    refused(relined("supporting.jsonl", lambda there: [there[0], *there]), "supporting event 2", "cannot be")


def test_a_supporting_event_of_another_kind_is_refused():
    odd = a_record()
    odd.append("procedure/england", "procedure-edition-praised", {"edition": "england-2025"})
    refused(pack(odd.files()), "supporting event 4", "not an adoption")


def test_an_edition_that_nobody_names_is_refused():
    files = sound()
    order = list(files)
    order.insert(order.index("data/editions/procedures/england-2025.toml"), "data/editions/procedures/bury.toml")
    refused(pack({name: files.get(name, b"x") for name in order}), "data/editions/procedures", "bury")


@pytest.mark.parametrize(
    "said", [{"procedure": ["bolton"]}, {"procedure": "bolton"}, {"procedure": [1, None]}, {"calendar": ["england-2026"]}]
)
def test_a_header_that_names_no_editions_is_refused(said):
    odd = a_record()
    odd.append(f"case/{CASE}", "notification-acknowledged", {}, **said)
    refused(pack(odd.files()), "event 7", "its header does not name")


def test_an_adoption_of_nothing_is_refused():
    odd = a_record()
    odd.append("calendar/england", "calendar-edition-adopted", {"edition": 2027})
    refused(pack(odd.files()), "supporting event 4", "does not name an edition")


def test_a_shape_that_is_missing_is_refused():
    refused(pack({name: content for name, content in sound().items() if "notification-received" not in name}), "notification-received")


def test_a_form_that_is_not_known_is_refused():
    relabelled = [{**event.line, "header": event.header.replace('{"v":1,', '{"v":2,')} for event in record().streams[f"case/{CASE}"]]
    refused(relined("events.jsonl", lambda there: relabelled), "event 1", "stored form")
