"""The ledger over HTTP, asked by somebody who is not signed in and checks everything."""

from __future__ import annotations

import base64
import hashlib

import pytest

from application.ledger.entries import steps
from application.ledger.heads import Head, Proof, proves, proves_absent
from application.ledger.notes import Note
from application.ledger.tree import Growing, check_consistency, check_inclusion, leaf_hash
from interfaces.databases import Databases
from interfaces.publishing import publish_now, signing
from tests.interfaces.api.conftest import LA, Desk

pytestmark = pytest.mark.anyio


async def asked(desk: Desk, path: str, status: int = 200):
    answer = await desk.client.get(f"/ledger{path}")
    assert answer.status_code == status, answer.text
    return answer


async def test_before_anything_is_published_there_is_no_checkpoint(desk: Desk):
    answer = await asked(desk, "/checkpoint", 404)
    assert answer.json()["detail"] == "The record log has published no checkpoint."


async def test_the_checkpoint_is_a_note_signed_by_the_log(desk: Desk, places: Databases):
    await desk.open()
    publish_now(places)
    note = Note.read((await asked(desk, "/checkpoint")).text)
    assert note.signed_by(signing(places)["record"].key)
    assert note.checkpoint.origin.endswith("/record")


async def test_an_event_is_proved_to_whoever_has_its_position(desk: Desk, places: Databases):
    case = await desk.open()
    position = (await desk.ask(f"/cases/{case}/record-awareness", {"authority": "bolton", "how": "h"}, LA)).json()["position"]
    publish_now(places)
    checkpoint = Note.read((await asked(desk, "/checkpoint")).text).checkpoint
    proof = (await asked(desk, f"/inclusion?position={position}")).json()
    path = [bytes.fromhex(step) for step in proof["path"]]
    assert proof["size"] == checkpoint.size
    check_inclusion(leaf_hash(bytes.fromhex(proof["entry"])), proof["index"], proof["size"], path, checkpoint.root)


async def test_a_later_log_is_shown_to_continue_an_earlier(desk: Desk, places: Databases):
    await desk.open("Infant X")
    publish_now(places)
    before = Note.read((await asked(desk, "/checkpoint")).text).checkpoint
    await desk.open("Infant Y")
    publish_now(places)
    after = Note.read((await asked(desk, "/checkpoint")).text).checkpoint
    proof = (await asked(desk, f"/consistency?from={before.size}&to={after.size}")).json()
    check_consistency(before.size, after.size, [bytes.fromhex(step) for step in proof["path"]], before.root, after.root)
    assert (await asked(desk, f"/checkpoint?size={before.size}")).text.startswith(before.text)


async def test_the_entries_make_the_root_and_the_map_of_the_checkpoint(desk: Desk, places: Databases):
    await desk.open()
    publish_now(places)
    checkpoint = Note.read((await asked(desk, "/checkpoint")).text).checkpoint
    packed = (await asked(desk, f"/entries?from=0&to={checkpoint.size}")).content
    tree = Growing()
    for step in steps(packed):
        tree.add(leaf_hash(step.entry()))
    assert tree.root() == checkpoint.root
    assert checkpoint.heads[0] == len({step.blinded for step in steps(packed)})


async def test_nothing_of_the_case_is_told(desk: Desk, places: Databases):
    case = await desk.open()
    publish_now(places)
    for path in ("/checkpoint", "/entries?from=0&to=100", "/inclusion?position=1", "/tile/0/000.p/1", "/tile/entries/000.p/1", "/status"):
        content = (await asked(desk, path)).content
        assert case.encode() not in content
        assert b"Infant" not in content


async def test_tiles_as_others_read_them(desk: Desk, places: Databases):
    await desk.open()
    publish_now(places)
    size = Note.read((await asked(desk, "/checkpoint")).text).checkpoint.size
    hashes = (await asked(desk, f"/tile/0/000.p/{size}")).content
    entries = (await asked(desk, f"/tile/entries/000.p/{size}")).content
    assert [hashes[i : i + 32] for i in range(0, len(hashes), 32)] == [
        hashlib.sha256(b"\x00" + entries[i + 2 : i + 34]).digest() for i in range(0, len(entries), 34)
    ]


@pytest.mark.parametrize(
    "path", ["", "0", "0/1", "0/x001", "0/001/002", "x/001", "0/000.p/0", "0/000.p/256", "0/000", "00000/001", "0/²²²", "entries/-01"]
)
async def test_a_tile_that_there_is_not(desk: Desk, places: Databases, path: str):
    await desk.open()
    publish_now(places)
    assert (await asked(desk, f"/tile/{path}", 404)).headers["Content-Type"] == "application/problem+json"


async def test_what_cannot_be_asked_is_told(desk: Desk, places: Databases):
    await desk.open()
    publish_now(places)
    await asked(desk, "/entries?from=5&to=2", 422)
    await asked(desk, "/entries?from=0&to=1000000", 422)
    await asked(desk, "/consistency?from=9&to=2", 422)
    await asked(desk, "/consistency?from=1&to=2", 404)
    await asked(desk, "/inclusion?position=999999", 404)
    await asked(desk, "/checkpoint?log=other", 422)


async def test_a_stranger_s_cosignature_is_not_taken(desk: Desk, places: Databases):
    await desk.open()
    publish_now(places)
    note = Note.read((await asked(desk, "/checkpoint")).text)
    line = "\u2014 example.org/stranger " + base64.b64encode(bytes(76)).decode()
    answer = await desk.client.post(
        "/ledger/cosignatures", json={"origin": note.checkpoint.origin, "size": note.checkpoint.size, "line": line}
    )
    assert (answer.status_code, answer.json()["detail"]) == (
        403, "This is not a cosignature of this checkpoint by a witness that is known here.",
    )  # fmt: skip


async def test_what_is_recorded_but_not_published_is_told(desk: Desk, places: Databases):
    await desk.open()
    publish_now(places)
    await desk.open("Infant Y")
    status = (await asked(desk, "/status")).json()["record"]
    assert status["waiting"] == 1
    assert status["sequenced"] == status["published"] + 1


async def test_looks_are_in_a_log_of_their_own(desk: Desk, places: Databases):
    case = await desk.open()
    await desk.look(f"/cases/{case}")
    publish_now(places)
    record, access = [Note.read((await asked(desk, f"/checkpoint?log={log}")).text).checkpoint for log in ("record", "access")]
    assert access.origin.endswith("/access")
    assert record.other == ("access", access.size, access.root)


async def test_where_a_case_stood_is_proved_at_every_published_size_and_that_it_had_not_begun(desk: Desk, places: Databases):
    await desk.open("Infant X")
    publish_now(places)
    case = await desk.open("Infant Y")
    await desk.ask(f"/cases/{case}/record-awareness", {"authority": "bolton", "how": "h"}, LA)
    publish_now(places)
    later = Note.read((await asked(desk, "/checkpoint")).text).checkpoint
    earlier = Note.read((await asked(desk, f"/checkpoint?size={later.size - 2}")).text).checkpoint
    for checkpoint, place in ((earlier, 0), (later, 2)):
        told = (await desk.look(f"/cases/{case}/head?size={checkpoint.size}")).json()
        assert told["place"] == place
        blinded, siblings = bytes.fromhex(told["blinded"]), tuple(bytes.fromhex(value) for value in told["siblings"])
        end = told["end"] and (bytes.fromhex(told["end"]["blinded"]), Head(told["end"]["place"], bytes.fromhex(told["end"]["hash"])))
        if place:
            assert proves(checkpoint.heads[1], blinded, end[1], siblings)
        else:
            assert proves_absent(checkpoint.heads[1], blinded, Proof(siblings, end))
