"""Keys: made before they are needed, kept apart and wrapped, destroyed for good."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import psycopg
import pytest

from application.store.chain import faults
from application.store.keys import KeyDestroyed, KeyFile, Keys, KeysUnfit
from application.store.mapper import Broken
from application.store.store import Store
from tests.application.store.conftest import Sql, stored
from tests.application.store.examples import MEG, TOM, Child, StoryTold, plain, save
from tests.application.store.pairs import Pair

pytestmark = pytest.mark.anyio


# --- the file


def test_the_key_file_is_made_for_its_owner_alone(tmp_path: Path):
    file = KeyFile(tmp_path / "a" / "kek")
    assert file.path.stat().st_mode & 0o777 == 0o600
    again = KeyFile(tmp_path / "a" / "kek")
    assert again.unwrap(file.wrap(b"k" * 32)) == b"k" * 32
    assert [f.name for f in (tmp_path / "a").iterdir()] == ["kek"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602])
def test_a_key_file_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int):
    KeyFile(tmp_path / "kek").path.chmod(mode)
    with pytest.raises(KeysUnfit, match="chmod 600"):
        KeyFile(tmp_path / "kek")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_somebody_else_is_refused(tmp_path: Path):
    os.chown(KeyFile(tmp_path / "kek").path, 65534, -1)
    with pytest.raises(KeysUnfit, match="somebody else"):
        KeyFile(tmp_path / "kek")


def test_a_key_file_in_the_data_folder_is_refused_also_through_a_link(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for path in (tmp_path / "data" / "kek", tmp_path / "data" / "deep" / "kek", tmp_path / "link" / "kek"):
        with pytest.raises(KeysUnfit, match="in the data folder"):
            KeyFile(path, outside=tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []


def test_a_link_a_folder_and_nonsense_are_no_key_file(tmp_path: Path):
    (tmp_path / "link").symlink_to(KeyFile(tmp_path / "kek").path)
    (tmp_path / "folder").mkdir(mode=0o700)
    (tmp_path / "short").write_text("ab")
    (tmp_path / "short").chmod(0o600)
    for name in ("link", "folder", "short"):
        with pytest.raises(KeysUnfit, match=name):
            KeyFile(tmp_path / name)


async def test_another_key_file_does_not_open_the_keys_and_says_so(pair: Pair, key_file: Path, tmp_path: Path):
    async with pair.store(key_file):
        pass
    with pytest.raises(KeysUnfit, match="not the key file"):
        async with pair.store(tmp_path / "another"):
            pass


# --- the keys


async def test_a_key_is_durable_before_anything_is_sealed_under_it(pair: Pair, store: Store):
    appended = await store.append(save("case/1", 0, StoryTold(told="x", children=(Child(ref="c", person=MEG, called="Meg"),))))
    event = appended.recorded[0].event
    with psycopg.connect(pair.owner(pair.keys)) as conn:
        kept = {id_ for (id_,) in conn.execute("SELECT id FROM keys WHERE wrapped IS NOT NULL")}
    assert {event.told.k, MEG} <= kept
    assert event.children[0].called.k == MEG


async def test_each_text_has_a_key_of_its_own_and_a_person_one_for_all(store: Store):
    meg = Child(ref="c", person=MEG, called="Meg")
    saves = [save(f"case/{n}", 0, StoryTold(told="x", because="y", children=(meg,))) for n in range(200)]
    appended = await asyncio.gather(*map(store.append, saves))
    events = [a.recorded[0].event for a in appended]
    texts = [key for event in events for key in (event.told.k, event.because.k)]
    assert len(set(texts)) == 400
    assert {event.children[0].called.k for event in events} == {MEG}


async def test_keys_in_the_database_are_wrapped(pair: Pair, store: Store, key_file: Path):
    await store.append(save("case/1", 0, StoryTold(children=(Child(ref="c", person=MEG, called="Meg"),))))
    (key,) = (await store.keys.of_persons([MEG])).values()
    with psycopg.connect(pair.owner(pair.keys)) as conn:
        stored_keys = [bytes(wrapped) for (wrapped,) in conn.execute("SELECT wrapped FROM keys")]
    assert all(key not in wrapped for wrapped in stored_keys)
    assert KeyFile(key_file).wrap(key) in stored_keys


async def test_once_its_key_is_destroyed_a_word_reads_erased_and_every_chain_still_verifies(store: Store, as_owner: Sql):
    meg, tom = (Child(ref=ref, person=person, called=name) for ref, person, name in (("m", MEG, "Meg"), ("t", TOM, "Tom")))
    await store.append(save("case/1", 0, StoryTold(told="who fell", children=(meg, tom))))
    before = stored(as_owner)
    assert await store.keys.destroy(MEG)
    (then,) = await store.open_words(await store.history("case/1"))
    assert [child.called for child in then.event.children] == ["[erased]", "Tom"]
    assert then.event.told == "who fell"
    bodies = await store.bodies("case/1", [then])
    assert bodies[1]["children"][0] == {"ref": "m", "person": MEG, "called": "[erased]"}
    assert stored(as_owner) == before
    assert list(faults(before)) == []
    assert not await store.keys.destroy(MEG)


async def test_history_is_read_without_any_key(pair: Pair, store: Store):
    await store.append(save("case/1", 0, StoryTold(told="who fell")))
    whole = await store.history("case/1")
    with psycopg.connect(pair.server.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{pair.keys}'".encode())
        admin.execute(f"ALTER DATABASE {pair.keys} ALLOW_CONNECTIONS false".encode())
    assert plain(*await store.history("case/1")) == plain(*whole)


async def test_after_a_persons_key_is_destroyed_nothing_more_is_written_about_them(store: Store):
    about = StoryTold(children=(Child(ref="m", person=MEG, called="Meg"),))
    await store.append(save("case/1", 0, about))
    await store.keys.destroy(MEG)
    with pytest.raises(KeyDestroyed, match="erased"):
        await store.append(save("case/1", 1, about))
    assert (await store.append(save("case/1", 1, StoryTold(children=(Child(ref="m", person=MEG),))))).place == 2


async def test_destroyed_in_one_process_a_key_is_gone_in_another_after_a_short_time(pair: Pair, key_file: Path):
    async with pair.store(key_file) as one:
        other = Keys(pair.keeper(), KeyFile(key_file), remember=0.2)
        await other.open()
        key = (await one.keys.of_persons([MEG]))[MEG]
        assert await other.get([MEG]) == {MEG: key}
        await one.keys.destroy(MEG)
        assert await other.get([MEG]) == {MEG: key}
        await asyncio.sleep(0.25)
        assert await other.get([MEG]) == {MEG: None}
        await other.close()


async def test_two_who_need_a_persons_first_key_at_once_get_the_same(pair: Pair, key_file: Path):
    async with pair.store(key_file) as one, pair.store(key_file) as other:
        found = await asyncio.gather(*(s.keys.of_persons([MEG, TOM]) for s in (one, other) * 5))
    assert all(keys == found[0] for keys in found)


async def test_a_thousand_words_are_opened_with_one_question(store: Store, monkeypatch: pytest.MonkeyPatch):
    await store.append(save("case/1", 0, *(StoryTold(told=str(n)) for n in range(1000))))
    asked = []
    ask = store.keys._database.ask

    async def counting(query, params=()):
        asked.append(query)
        return await ask(query, params)

    monkeypatch.setattr(store.keys._database, "ask", counting)
    opened = await store.open_words(await store.history("case/1"))
    assert [r.event.told for r in opened] == [str(n) for n in range(1000)]
    assert len(asked) == 1


async def test_words_put_where_others_stood_are_noticed(store: Store, as_owner: Sql):
    await store.append(save("case/1", 0, StoryTold(told="he fell"), StoryTold(told="he was pushed")))
    as_owner("ALTER TABLE events DISABLE TRIGGER only_ever_added_to")
    as_owner("UPDATE events SET state = (SELECT state FROM events WHERE originator_version = 2) WHERE originator_version = 1")
    with pytest.raises(Broken):
        await store.open_words(await store.history("case/1"))
    with pytest.raises(Broken):
        await store.bodies("case/1", await store.history("case/1"))
