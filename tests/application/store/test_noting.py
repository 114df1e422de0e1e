"""Looks are noted in shared commits, once each whatever becomes of connections, and only ever added to."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from application.access import Look, Looks, Wanted, look
from application.store.connections import StoreAway
from application.store.noting import Noted, Noting
from domain.people import By
from tests.application.store.conftest import Sql
from tests.application.store.pairs import Pair

pytestmark = pytest.mark.anyio

BY = By(person=f"person-{7:032x}", role="business-manager", partnership="bolton")
DOCUMENT = (Path(__file__).parents[3] / "docs" / "ledger.md").read_text()
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'casetrail-looks'"


@pytest.fixture
async def noting(pair: Pair) -> AsyncIterator[Noting]:
    opened = Noting(pair.service())
    opened.start()
    yield opened
    await opened.close()


def noted(n: int = 0, *streams: str, id: str | None = None, chosen: datetime | None = None) -> Noted:
    id = id or str(uuid.uuid4())
    return Noted(id, f'{{"v":1,"id":"{id}","n":{n},"at":"'.encode(), BY.person, "overview", "shown", streams or ("case/1",), n, (), chosen)


async def test_the_members_stand_in_the_order_of_the_document():
    table = DOCUMENT[DOCUMENT.index("## 2 Looks") : DOCUMENT.index("As with events the service")]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(Look.__struct_fields__)


async def test_the_record_is_completed_and_hashed_by_the_database(noting: Noting, as_owner: Sql):
    one = noted(4)
    await noting.note(one)
    ((record, hash_, at, person, view, outcome),) = as_owner("SELECT record, hash, at, person, view, outcome FROM looks")
    assert record == one.record + f'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"}}'.encode()
    assert hash_ == sha256(b"\x03" + record).digest()
    assert (person, view, outcome) == (BY.person, "overview", "shown")
    assert as_owner("SELECT stream, person, place, documents FROM look_streams") == [("case/1", BY.person, 4, None)]


async def test_whatever_waited_is_one_commit(noting: Noting, as_owner: Sql):
    await noting.note(noted())
    before = noting.batches
    await asyncio.gather(*(noting.note(noted(n, f"case/{n}", "case/all")) for n in range(120)))
    assert noting.batches - before <= 4
    assert as_owner("SELECT count(*), count(DISTINCT number) FROM look_streams") == [(241, 121)]


async def test_a_look_is_noted_once_however_often_it_is_asked(noting: Noting, as_owner: Sql):
    one = noted(1, "case/1", "case/2", "case/1")
    await asyncio.gather(*(noting.note(one) for _ in range(5)))
    await noting.note(one)
    assert as_owner("SELECT count(*) FROM looks") == [(1,)]
    assert as_owner("SELECT stream FROM look_streams ORDER BY 1") == [("case/1",), ("case/2",)]


async def test_a_list_without_a_case_is_a_look(noting: Noting, as_owner: Sql):
    await noting.note(noted()._replace(streams=()))
    assert as_owner("SELECT (SELECT count(*) FROM looks), (SELECT count(*) FROM look_streams)") == [(1, 0)]


async def test_an_instant_is_chosen_in_a_rehearsal_only_and_no_other_look_suffers(noting: Noting, as_owner: Sql):
    chosen = noted(chosen=datetime(2024, 5, 1, tzinfo=UTC))
    others = [noted(n) for n in range(4)]
    answers = await asyncio.gather(*map(noting.note, [*others[:2], chosen, *others[2:]]), return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), type(None), psycopg.errors.InsufficientPrivilege, type(None), type(None)]
    assert as_owner("SELECT count(*) FROM looks") == [(4,)]


async def test_a_connection_that_was_cut_is_replaced_and_every_look_is_there_once(noting: Noting, as_owner: Sql):
    stop = asyncio.Event()

    async def cut() -> None:
        while not stop.is_set():
            await asyncio.sleep(0.05)
            await asyncio.to_thread(as_owner, CUT)

    cutting = asyncio.create_task(cut())
    try:
        for _ in range(20):
            await asyncio.gather(*(noting.note(noted(n)) for n in range(10)))
    finally:
        stop.set()
        await cutting
    assert as_owner("SELECT count(*), count(DISTINCT id) FROM looks") == [(200, 200)]


async def test_a_look_whose_answer_was_lost_is_found_again(noting: Noting, as_owner: Sql, monkeypatch: pytest.MonkeyPatch):
    ask, lost = noting._ask, []

    async def losing_the_first_answer(looks):
        await ask(looks)
        if not lost:
            lost.extend(looks)
            raise psycopg.OperationalError("the connection was lost after the commit")

    monkeypatch.setattr(noting, "_ask", losing_the_first_answer)
    await noting.note(noted())
    assert len(lost) == 1
    assert as_owner("SELECT count(*) FROM looks") == [(1,)]


async def test_what_cannot_be_noted_in_time_is_said_so(pair: Pair, as_owner: Sql):
    noting = Noting(pair.service(), patience=0.3)
    noting.start()
    with psycopg.connect(pair.owner()) as hanging:
        hanging.execute("LOCK TABLE looks IN EXCLUSIVE MODE")
        with pytest.raises(StoreAway):
            await noting.note(noted())
    await noting.close()
    with pytest.raises(StoreAway, match="closed"):
        await noting.note(noted())


async def test_whoever_follows_misses_no_number(pair: Pair, noting: Noting, as_owner: Sql):
    """A number that is given and not yet committed holds up whoever asks what is settled, until it is there; and no longer."""
    with psycopg.connect(pair.server.dsn(pair.record, "casetrail_ledger", "practice")) as following:
        assert following.execute("SELECT settled_looks()").fetchone() == (0,)
        await noting.note(noted())
        assert following.execute("SELECT settled_looks()").fetchone() == (1,)  # in the transaction that asked before
        with psycopg.connect(pair.owner()) as slow:
            one = noted()
            slow.execute(
                "SELECT note_looks(%b, %b, NULL, %b, %b, %b, %b, %b, NULL, NULL)",
                ([uuid.UUID(one.id)], [one.record], [BY.person], ["overview"], ["shown"], [1], ["case/1"]),
            )
            await noting.note(noted())  # a later number, committed earlier: looks never wait for looks
            waiting = asyncio.create_task(asyncio.to_thread(lambda: following.execute("SELECT settled_looks()").fetchone()))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            assert as_owner("SELECT max(number) FROM looks") == [(3,)]
            slow.commit()
            assert await waiting == (3,)
        assert [number for (number,) in following.execute("SELECT number FROM looks ORDER BY 1").fetchall()] == [1, 2, 3]
        await asyncio.wait_for(noting.note(noted()), 2)  # the follower's transaction goes on, and nobody waits for it


async def test_a_reason_is_sealed_under_a_key_of_its_own_and_bound_to_its_look(pair: Pair, key_file: Path, as_owner: Sql):
    async with pair.store(key_file) as store:
        looks = Looks(pair.service(), store.keys)
        await looks.open()
        why = "because the sister asked"
        first, second = (look(BY, "overview", streams=("case/1",), place=3, reason=why) for _ in range(2))
        await looks.note(first)
        await looks.note(second)
        records = [json.loads(bytes(record)) for (record,) in as_owner("SELECT record FROM looks ORDER BY number")]
        assert all({*one["reason"]} == {"c", "e", "k"} for one in records)
        assert records[0]["reason"]["k"] != records[1]["reason"]["k"]
        items, _ = await looks.of_stream("case/1", Wanted())
        assert [item["because"] for item in items] == [why, why]
        await store.keys.destroy(records[0]["reason"]["k"])
        items, _ = await looks.of_stream("case/1", Wanted())
        assert [item["because"] for item in items] == ["[erased]", why]
        await looks.close()
