"""`casetrail known`: asked at the terminal, for somebody who may ask it; noted as the account's, on their behalf."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from application.children import searching
from application.posts import Post
from domain.people import By
from domain.stages.opening import OpenCase
from interfaces import databases
from interfaces.cli.main import app
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from interfaces.wiring import Service, adopt
from tests.application.children.telling import SARA, entries, opened
from tests.interfaces.cli.test_serving import CASETRAIL, NOT_OURS, environment
from tests.interfaces.served import CASE

MANAGER = "business-manager///bolton"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers come when they are there."""
    monkeypatch.setattr(searching, "EVENLY", 0.001)


@pytest.fixture
def store(places: Databases) -> Databases:
    """A rehearsal in which one child is known."""

    async def tell() -> None:
        async with Service(places) as service:
            await opened(service)

    asyncio.run(tell())
    return places


def known(places: Databases, *arguments: str, typed: str = "Sara Ali\n2025-03-04\n") -> Result:
    return CliRunner().invoke(app, ["known", *arguments], env={**NOT_OURS, **environment(places), "COLUMNS": "160"}, input=typed)


def noted(places: Databases) -> list[dict[str, Any]]:
    with psycopg.connect(places.owner_record) as owner:
        return [json.loads(bytes(record)) for (record,) in owner.execute("SELECT record FROM looks ORDER BY number").fetchall()]


def test_a_child_who_is_known_is_told_of(store: Databases):
    told = known(store, "--by", MANAGER)
    assert told.exit_code == 0, told.output
    assert "Infant X" in told.stdout


def test_a_child_who_is_not_known_is_told_of_in_a_sentence(store: Databases):
    told = known(store, "--by", MANAGER, typed="Nobody Else\n2025-03-04\n")
    assert told.stdout.endswith("No case that this person may read of tells of a child of this name and birth date.\n")
    elsewhere = known(store, "--by", "business-manager///bury")
    assert elsewhere.stdout.splitlines()[-1] == told.stdout.splitlines()[-1]


@pytest.mark.slow
def test_another_programme_hands_them_over_on_the_input_and_reads_json(store: Databases):
    command = [str(CASETRAIL), "known", "--by", MANAGER, "--json"]
    settings = {name: value for name, value in os.environ.items() if not name.startswith("CASETRAIL_")} | environment(store)
    told = subprocess.run(command, input="Sara Ali\n2025-03-04\n", env=settings, capture_output=True, text=True, check=True)
    (found,) = json.loads(told.stdout)
    assert (found["label"], found["child"], found["harm"]) == ("Infant X", "infant-x", "died")
    assert "Sara" not in told.stdout + told.stderr


def test_the_look_is_that_of_the_account_on_their_behalf(store: Databases):
    known(store, "--by", MANAGER, "--because", "the hospital rang")
    (look,) = noted(store)
    assert (look["view"], look["outcome"], len(look["streams"])) == ("children-search", "shown", 1)
    assert (look["by"]["role"], look["by"]["partnership"]) == ("business-manager", "bolton")
    assert look["by"]["behalf_of"].startswith("person-")
    assert look["by"]["behalf_of"] != look["by"]["person"]
    assert {*look["reason"]} == {"c", "e", "k"}
    assert "Sara" not in json.dumps(look)


@pytest.mark.parametrize(
    ("arguments", "typed", "sentence"),
    [
        ((), "", "Who asks is said by --by"),
        (("--by", "parent//x/bolton"), None, "A parent may not search for a child"),
        (("--by", "king"), None, "begins with a role that there is not"),
        (("--by", MANAGER), "…\n2025-03-04\n", "A name has letters"),
        (("--by", MANAGER), "Sara Ali\nMarch\n", "A birth date is a day"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_in_a_sentence(store: Databases, arguments: tuple[str, ...], typed: str | None, sentence: str):
    told = known(store, *arguments, typed="Sara Ali\n2025-03-04\n" if typed is None else typed)
    assert told.exit_code == 1
    assert sentence in told.output
    assert "Infant X" not in told.output


def test_a_try_that_is_refused_is_noted_too(store: Databases):
    known(store, "--by", "parent//x/bolton")
    assert [(look["outcome"], look["by"]["role"]) for look in noted(store)] == [("refused", "parent")]


def test_the_index_is_made_again_and_under_a_new_key(store: Databases):
    with psycopg.connect(store.owner_keys) as keys:
        keys.execute("DELETE FROM children")
    assert known(store, "--rebuild").stdout == "The index of children has those of 1 cases, as the record has them.\n"
    before = entries(store)
    assert "under a new key" in known(store, "--new-key").stdout
    assert len(entries(store)) == len(before) == 2
    assert "Infant X" in known(store, "--by", MANAGER).stdout


BEFORE = """
DROP TABLE children, child_index, child_searches;
DROP FUNCTION enter_children, settle_children, begin_child_index, count_child_search, children_go_with_their_keys CASCADE;
DELETE FROM schema_migrations WHERE number = 2
"""


def test_a_store_of_the_version_before_is_brought_up_to_date_with_its_children(store: Databases):
    with psycopg.connect(store.owner_keys) as keys:
        for statement in BEFORE.split(";"):
            keys.execute(statement.encode())
    assert "0002_children.sql has not been run" in known(store, "--by", MANAGER).output
    owner = {"CASETRAIL_OWNER_URL": store.owner_record, "CASETRAIL_OWNER_KEYS_URL": store.owner_keys}
    told = CliRunner().invoke(app, ["migrate", "--rehearsal"], env={**NOT_OURS, **environment(store), **owner})
    assert (told.exit_code, told.stdout.splitlines()[-1]) == (0, "The store is ready.")
    assert "Infant X" in known(store, "--by", MANAGER).stdout


# --- where it is real


@pytest.fixture
def real(practice_server: LocalPostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Databases, str]]:
    """A store that is no rehearsal, in which one child is known; and somebody who holds two posts."""
    with databases.throw_away(practice_server) as places:

        async def tell() -> str:
            async with Service(places) as service:
                await adopt(service)
                by = By(person="person-" + "e" * 32, role="business-manager", partnership="bolton")
                await service.cases.do(OpenCase.model_validate({**CASE, "children": [SARA]}), by)
                person = await service.register.signed_in("https://id.example.org", "ada")
                for partnership in ("bolton", "bury"):
                    await service.sessions.posts.give(person, Post("business-manager", None, partnership), date(2026, 1, 1))
                return person

        yield places, asyncio.run(tell())


def test_where_it_is_real_a_person_is_named_by_id_in_a_post_that_they_hold(real: tuple[Databases, str]):
    places, person = real
    assert "several posts" in known(places, "--by", person).output
    assert "Infant X" in known(places, "--by", person, "--post", "business-manager//bolton").stdout
    assert "No case that" in known(places, "--by", person, "--post", "business-manager//bury").stdout
    for arguments in (("--by", person, "--post", "scrutineer//bolton"), ("--by", "person-" + "0" * 32), ("--by", MANAGER)):
        told = known(places, *arguments)
        assert (told.exit_code, "Nobody of this id holds such a post" in told.output) == (1, True)
