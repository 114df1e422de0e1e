"""Documents: bytes in and out under their digest, sealed where they lie, held here or only named."""

from __future__ import annotations

import hashlib
import os

import psycopg
import pytest

from interfaces.databases import Databases
from tests.interfaces.api.conftest import BM, LA, Desk

pytestmark = pytest.mark.anyio

PAPER = b"The report on Infant X. " * 40_000  # several chunks
DIGEST = hashlib.sha256(PAPER).hexdigest()


async def put(desk: Desk, case: str, content: bytes, by: str = BM, kind: str = "application/pdf"):
    headers = {"Casetrail-Person": by, "Content-Type": kind}
    return await desk.client.put(f"/cases/{case}/documents", content=content, headers=headers)


async def test_a_document_comes_back_as_it_was(desk: Desk):
    case = await desk.open()
    kept = await put(desk, case, PAPER)
    assert (kept.status_code, kept.json()) == (201, {"digest": DIGEST, "size": len(PAPER)})
    back = await desk.look(kept.headers["Location"].removeprefix("/api/v1"))
    assert back.content == PAPER
    assert back.headers["Content-Type"] == "application/pdf"
    assert back.headers["Content-Length"] == str(len(PAPER))
    assert "attachment" in back.headers["Content-Disposition"]


async def test_the_same_bytes_again_change_nothing(desk: Desk, places: Databases):
    case = await desk.open()
    await put(desk, case, PAPER)
    again = await put(desk, case, PAPER, kind="text/html")
    assert (again.status_code, again.json()["digest"]) == (200, DIGEST)
    assert (await desk.look(f"/cases/{case}/documents/{DIGEST}")).headers["Content-Type"] == "application/pdf"
    with psycopg.connect(places.owner_record) as owner:
        assert owner.execute("SELECT count(DISTINCT upload) FROM document_chunks").fetchone() == (1,)


async def test_that_the_same_bytes_were_held_is_told_to_those_who_may_open_them(desk: Desk):
    case = await desk.open()
    member = "partnership-member/housing/Una/bolton"
    assert (await put(desk, case, PAPER)).status_code == 201
    assert (await put(desk, case, b"another", member)).status_code == 201
    there, own, manager = await put(desk, case, PAPER, member), await put(desk, case, b"another", member), await put(desk, case, b"another")
    assert [answer.status_code for answer in (there, own, manager)] == [201, 200, 200]
    assert there.json() == {"digest": DIGEST, "size": len(PAPER)}


async def test_every_version_stays(desk: Desk):
    case = await desk.open()
    versions = [PAPER + str(n).encode() for n in range(3)]
    digests = [(await put(desk, case, version)).json()["digest"] for version in versions]
    for version, digest in zip(versions, digests, strict=True):
        assert (await desk.look(f"/cases/{case}/documents/{digest}")).content == version


async def test_the_case_says_which_documents_are_held_here(desk: Desk):
    case = await desk.open()
    await desk.ask(f"/cases/{case}/record-awareness", {"authority": "bolton", "how": "h"}, LA)
    await desk.ask(f"/cases/{case}/confirm-serious-incident", {"basis": "b"}, LA)
    await desk.ask(f"/cases/{case}/notify-panel", {"portal_reference": "P-1", "children": ["infant-x"]}, "named-portal-user")
    await desk.ask(f"/cases/{case}/assign-facilitator", {"role": "business-manager", "name": BM})
    await desk.ask(f"/cases/{case}/ask-agency", {"agency": "gp", "due_on": "2030-01-01"})
    fields = {"agency": "gp", "report_digest": DIGEST, "chronology_digest": "c" * 64, "quality_assured_by": "Dr Ng"}
    answer = await desk.ask(f"/cases/{case}/submit-agency-report", fields)
    assert answer.status_code == 200, answer.text
    await put(desk, case, PAPER)
    loose = (await put(desk, case, b"a note")).json()["digest"]
    documents = {d["digest"]: d for d in (await desk.look(f"/cases/{case}")).json()["documents"]}
    assert {digest: document["held"] for digest, document in documents.items()} == {DIGEST: True, "c" * 64: False, loose: True}
    assert documents[DIGEST]["named"][0]["as"] == "report_digest"
    assert documents[loose]["named"] == []


async def test_nothing_of_a_document_lies_in_the_clear(desk: Desk, places: Databases):
    case = await desk.open()
    await put(desk, case, b"Zebedee Quirke of Elm Row" * 100)
    with psycopg.connect(places.owner_record) as owner:
        rows = owner.execute("SELECT bytes FROM document_chunks").fetchall()
    assert rows
    assert all(b"Quirke" not in row[0] for row in rows)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE document_chunks SET bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1) WHERE number = 0",
        "UPDATE document_chunks SET number = 1 - number + 100 WHERE number IN (0, 1)",
        "DELETE FROM document_chunks WHERE number = 0",
        "UPDATE document_chunks SET upload = gen_random_uuid()",
    ],
)
async def test_what_was_tampered_with_is_not_handed_out(desk: Desk, places: Databases, tampering: str):
    case = await desk.open()
    await put(desk, case, PAPER)
    with psycopg.connect(places.owner_record) as owner:
        owner.execute("ALTER TABLE document_chunks DISABLE TRIGGER ALL")
        owner.execute(tampering.encode())
    answer = await desk.look(f"/cases/{case}/documents/{DIGEST}")
    assert answer.status_code == 500
    assert b"report" not in answer.content


async def test_the_service_can_neither_change_nor_remove_a_document(desk: Desk, places: Databases):
    case = await desk.open()
    await put(desk, case, PAPER)
    for rude in (
        "DELETE FROM documents",
        "UPDATE documents SET size = 1",
        "DELETE FROM document_chunks",
        "UPDATE document_chunks SET number = 7",
        "TRUNCATE documents, document_chunks",
    ):
        for url in (places.record, places.owner_record):
            with psycopg.connect(url) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(rude.encode())


async def test_too_large_empty_or_unknown(desk: Desk, places: Databases):
    case = await desk.open()
    desk.service.largest_document = 1000
    assert (await put(desk, case, b"x" * 1001)).status_code == 413
    assert (await put(desk, case, b"x" * 1000)).status_code == 201
    assert (await put(desk, case, b"")).status_code == 409
    assert (await put(desk, "nobody", b"x")).status_code == 404
    assert (await desk.look(f"/cases/{case}/documents/{DIGEST}")).status_code == 404
    assert (await desk.look(f"/cases/{case}/documents/nonsense")).status_code == 422

    async def endless():
        while True:
            yield os.urandom(300)

    answer = await desk.client.put(f"/cases/{case}/documents", content=endless(), headers={"Casetrail-Person": BM})
    assert answer.status_code == 413
    with psycopg.connect(places.owner_record) as owner:  # nothing is left of what was not kept
        assert owner.execute("SELECT count(*) FROM document_chunks").fetchone() == (1,)


@pytest.mark.parametrize(("by", "status"), [("theme-analyst", 403), ("business-manager///bury", 404), ("parent//Somebody", 404)])
async def test_documents_are_kept_by_anybody_on_the_case(desk: Desk, by: str, status: int):
    case = await desk.open()
    answer = await put(desk, case, PAPER, by)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    nowhere = await put(desk, "no-such-case", PAPER, by)
    assert (nowhere.content, nowhere.headers) == (answer.content, answer.headers)


async def test_whoever_is_shut_out_or_let_in_only_to_read_keeps_no_document(desk: Desk):
    case = await desk.open()
    night = "scrutineer//Night/bolton"
    assert (await put(desk, case, PAPER, night)).status_code == 201
    await desk.ask(f"/cases/{case}/end-access", {"person": night, "because": "left"})
    assert (await put(desk, case, PAPER, night)).status_code == 403
    assert (await desk.ask(f"/cases/{case}/break-glass", {"because": "tonight"}, night)).status_code == 200
    assert (await put(desk, case, PAPER, night)).status_code == 403
    assert (await desk.look(f"/cases/{case}", by=night)).status_code == 200


async def test_a_document_is_of_its_case(desk: Desk):
    one, other = await desk.open("Infant 1"), await desk.open("Infant 2")
    await put(desk, one, PAPER)
    assert (await desk.look(f"/cases/{other}/documents/{DIGEST}")).status_code == 404


async def test_of_a_destroyed_document_only_its_digest_is_left(desk: Desk):
    case = await desk.open()
    await put(desk, case, PAPER)
    await desk.service.documents.destroy(f"case/{case}")
    assert (await desk.look(f"/cases/{case}/documents/{DIGEST}")).status_code == 410
    (document,) = (await desk.look(f"/cases/{case}")).json()["documents"]
    assert (document["held"], document["destroyed"], document["size"]) == (False, True, len(PAPER))
    assert (await put(desk, case, PAPER)).status_code == 409
