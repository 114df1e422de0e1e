"""Who is who: a word finds its person, no person finds a word, and a refusal leaves nobody behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from application.people import Register
from application.store.keys import KeyFile, Keys
from domain.language import Refused
from domain.people import By
from interfaces.local_postgres import LocalPostgres
from tests.application.store.pairs import Pair, fresh_pair

pytestmark = pytest.mark.anyio

CASE, OTHER = "case/1", "case/2"


@pytest.fixture
def pair(practice_server: LocalPostgres) -> Iterator[Pair]:
    with fresh_pair(practice_server) as made:
        yield made


@pytest.fixture
def rehearsal_pair(practice_server: LocalPostgres) -> Iterator[Pair]:
    with fresh_pair(practice_server, "rehearsal") as made:
        yield made


async def opened(pair: Pair, key_file: Path, *, rehearsal: bool) -> Register:
    keys = Keys(pair.keeper(), KeyFile(key_file))
    await keys.open()
    register = Register(pair.service(), keys)
    await register.open(rehearsal=rehearsal)
    return register


@pytest.fixture
async def register(pair: Pair, key_file: Path) -> AsyncIterator[Register]:
    made = await opened(pair, key_file, rehearsal=False)
    yield made
    await made.close()


@pytest.fixture
async def rehearsing(rehearsal_pair: Pair, key_file: Path) -> AsyncIterator[Register]:
    made = await opened(rehearsal_pair, key_file, rehearsal=True)
    yield made
    await made.close()


async def named(register: Register, word: str, scope: str = CASE, keep: bool = True) -> str:
    """The person a word means, kept as the door would."""
    person = await register.resolve(word, scope=scope, partnership="bolton")
    if keep and person.provisional:
        await register.keep([person])
    return person.id


async def test_a_word_means_the_same_person_within_a_case_and_another_elsewhere(register: Register):
    first = await named(register, "Jane Roe")
    assert await named(register, "Jane Roe") == first
    assert await named(register, "Jane Roe", OTHER) != first
    assert await named(register, "John Roe") != first


async def test_in_a_rehearsal_a_word_means_the_same_person_throughout_the_store(rehearsing: Register):
    assert await named(rehearsing, "reviewer-k") == await named(rehearsing, "reviewer-k", OTHER)


async def test_somebody_named_in_what_was_refused_is_not_kept(pair: Pair, register: Register):
    met = await register.resolve("Jane Roe", scope=CASE, partnership="bolton")
    assert met.provisional
    with psycopg.connect(pair.owner()) as conn:
        assert conn.execute("SELECT (SELECT count(*) FROM persons), (SELECT count(*) FROM aliases)").fetchone() == (0, 0)


async def test_the_same_word_twice_in_one_asking_is_one_person(register: Register):
    first = await register.resolve("Jane Roe", scope=CASE, partnership="bolton")
    again = await register.resolve("Jane Roe", scope=CASE, partnership="bolton", among=[first])
    assert again.id == first.id


async def test_a_person_id_means_that_person_and_an_unknown_one_is_refused(register: Register):
    jane = await named(register, "Jane Roe")
    assert await named(register, jane, OTHER) == jane
    with pytest.raises(Refused):
        await register.resolve("person-" + "0" * 32, scope=CASE, partnership="bolton")


async def test_neither_name_nor_word_is_stored_in_the_clear(pair: Pair, register: Register):
    await named(register, "Jane Roe")
    with psycopg.connect(pair.owner()) as conn:
        kept = conn.execute(
            "SELECT p.person, p.name::text, encode(a.alias, 'escape') FROM persons p JOIN aliases a USING (person)"
        ).fetchall()
    assert len(kept) == 1
    assert "Jane" not in str(kept)
    assert '"c"' in kept[0][1]


async def test_each_distinct_by_is_one_person(rehearsing: Register):
    asked = [
        "business-manager",
        "business-manager/bury",
        "delegated-partner/health",
        "delegated-partner/police",
        "delegated-partner/health/Chief nurse",
        "reviewer/college/reviewer-k",
        "reviewer/hospital/reviewer-k",
    ]
    persons = [await rehearsing.rehearsed(by) for by in asked]
    assert len(set(persons)) == len(asked)
    assert [await rehearsing.rehearsed(by) for by in asked] == persons


async def test_a_candidate_who_later_asks_as_the_reviewer_is_the_same_person(rehearsing: Register):
    candidate = await named(rehearsing, "reviewer-k")
    assert await rehearsing.rehearsed("reviewer/college/reviewer-k") == candidate
    assert await named(rehearsing, "reviewer-k", OTHER) == candidate


async def test_of_two_who_ask_under_one_name_only_the_first_was_the_candidate(rehearsing: Register):
    candidate = await named(rehearsing, "reviewer-k")
    assert await rehearsing.rehearsed("reviewer/college/reviewer-k") == candidate
    assert await rehearsing.rehearsed("reviewer/hospital/reviewer-k") != candidate


async def test_the_whole_by_or_its_name_means_who_asks_so(rehearsing: Register):
    nurse = await rehearsing.rehearsed("delegated-partner/health/Chief nurse")
    assert await named(rehearsing, "delegated-partner/health/Chief nurse") == nurse
    assert await named(rehearsing, "Chief nurse") == nurse


async def test_who_asked_is_known_again_after_a_restart(rehearsal_pair: Pair, key_file: Path, rehearsing: Register):
    asked = await rehearsing.rehearsed("business-manager")
    named_before = await named(rehearsing, "reviewer-k")
    again = await opened(rehearsal_pair, key_file, rehearsal=True)
    assert await again.rehearsed("business-manager") == asked
    assert await named(again, "reviewer-k") == named_before
    await again.close()


async def test_a_role_without_a_known_name_means_whoever_holds_it_in_the_partnership(rehearsing: Register):
    bolton, bury = await rehearsing.rehearsed("business-manager"), await rehearsing.rehearsed("business-manager/bury")
    await rehearsing.holds(By(person=bolton, role="business-manager", partnership="bolton"), date(2026, 3, 2))
    await rehearsing.holds(By(person=bury, role="business-manager", partnership="bury"), date(2026, 3, 2))
    for partnership, person in (("bolton", bolton), ("bury", bury)):
        found = await rehearsing.resolve("The manager", scope=CASE, partnership=partnership, holding="business-manager")
        assert found.id == person
        assert await rehearsing.holder("business-manager", partnership) == person


async def test_somebody_forgotten_is_not_found_by_their_words_any_more(pair: Pair, register: Register):
    jane = await named(register, "Jane Roe")
    await register.forget(jane)
    assert await named(register, "Jane Roe", keep=False) != jane
    assert await named(register, jane) == jane
    with psycopg.connect(pair.owner()) as conn:
        assert conn.execute("SELECT name FROM persons").fetchone() == (None,)
