"""Three partners, each with a witness of their own: real processes, a real service, and an operator who cheats."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx2 as httpx
import psycopg
import pytest

from application.ledger.heads import Head, Heads
from application.ledger.integrating import HEADS
from application.ledger.notes import Checkpoint, Key, Note, Policy, Signer
from application.ledger.reading import Ledger
from application.ledger.tree import leaf_hash
from application.store.keys import kept_secret
from interfaces.cli.witness import Folder
from interfaces.databases import Databases
from interfaces.publishing import publish_now, signing
from tests.interfaces.served import open_case, served

PARTNERS = ("local-authority", "health", "police")


class Partner:
    """One partner's witness, as a process of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = f"example.org/{name}", folder

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "interfaces.cli.main", "witness", "--name", self.name, "--folder", str(self.folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "COLUMNS": "400"}, check=False)

    @property
    def key(self) -> Key:
        return Folder(self.folder).signer(self.name).key

    def look(self, url: str, keys: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        return self.run("--url", url, "--once", *(part for key in keys for part in ("--log-key", key)))


@pytest.fixture
def partners(tmp_path: Path) -> list[Partner]:
    return [Partner(name, tmp_path / name) for name in PARTNERS]


@pytest.fixture
def policy(partners: list[Partner]) -> Policy:
    return Policy(tuple(partner.key for partner in partners), 2)


@pytest.fixture
def url(places: Databases, policy: Policy) -> Iterator[str]:
    with served(places, policy) as address:
        yield address


@pytest.fixture
def log_keys(places: Databases) -> tuple[str, ...]:
    return tuple(str(signer.key) for signer in signing(places).values())


def witnessed(url: str) -> int:
    """The size of the last checkpoint that counts as witnessed, 0 if none does."""
    answer = httpx.get(f"{url}/api/v1/ledger/checkpoint?witnessed=true", timeout=30)
    return Note.read(answer.text).checkpoint.size if answer.status_code == 200 else 0


def as_owner(places: Databases, *statements: str) -> None:
    """What somebody does who owns the database."""
    with psycopg.connect(places.owner_record, autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement)


def forged(places: Databases, change: Callable[[Checkpoint], Checkpoint]) -> None:
    """The operator signs another checkpoint of the size last published, and shows that one."""
    ledger = Ledger(places.record)
    true = ledger.checkpoint().checkpoint
    ledger.close()
    false = change(true)
    signature = signing(places)["record"].sign(false.text)
    with psycopg.connect(places.owner_record, autocommit=True) as owner:
        owner.execute("ALTER TABLE ledger_checkpoints DISABLE TRIGGER ALL")
        owner.execute("ALTER TABLE ledger_cosignatures DISABLE TRIGGER ALL")
        owner.execute("DELETE FROM ledger_cosignatures WHERE log = 'record' AND size = %s", (true.size,))
        owner.execute(
            "UPDATE ledger_checkpoints SET body = %s, signature = %s WHERE log = 'record' AND size = %s", (false.text, signature, true.size)
        )


pytestmark = pytest.mark.slow


def test_two_of_three_make_a_checkpoint_witnessed(places, url, partners, log_keys):
    open_case(url)
    publish_now(places)
    assert partners[0].look(url, log_keys).returncode == 0
    assert witnessed(url) == 0
    told = partners[1].look(url, log_keys)
    assert told.returncode == 0
    assert "Cosigned" in told.stdout
    note = Note.read(httpx.get(f"{url}/api/v1/ledger/checkpoint?witnessed=true", timeout=30).text)
    assert note.cosigned_by([partner.key for partner in partners]) == [partners[0].name, partners[1].name]


def test_a_witness_goes_on_from_what_it_saw(places, url, partners, log_keys):
    open_case(url)
    publish_now(places)
    partners[0].look(url, log_keys)
    open_case(url, label="Infant Y")
    publish_now(places)
    told = partners[0].look(url)
    assert (told.returncode, "Cosigned" in told.stdout) == (0, True)


def test_the_operator_hides_the_last_event_of_a_case(places, url, partners, log_keys):
    open_case(url)
    publish_now(places)
    hidden = open_case(url, label="Infant Y")
    publish_now(places)

    def without(true: Checkpoint) -> Checkpoint:
        heads = Heads()
        with psycopg.connect(places.owner_record) as owner:
            ((key,),) = owner.execute("SELECT blinded FROM ledger_streams WHERE stream = %s", (f"case/{hidden}",)).fetchall()
            for blinded, place, hash_ in owner.execute(HEADS, (2**62,)):
                if blinded != key:
                    heads.put(blinded, Head(place, hash_))
        return replace(true, heads=(len(heads), heads.root()))

    forged(places, without)
    told = partners[0].look(url, log_keys)
    assert told.returncode == 1
    assert "an event would be hidden" in told.stdout


def test_the_operator_signs_another_history(places, url, partners, log_keys):
    open_case(url)
    publish_now(places)
    for partner in partners:
        partner.look(url, log_keys)
    open_case(url, label="Infant Y")
    published = ("ledger_cosignatures", "ledger_timestamps", "ledger_checkpoints")
    as_owner(
        places,
        *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in ("events", *published)),
        f"TRUNCATE {', '.join(published)}",
        "UPDATE events SET hash = sha256(hash) WHERE originator_version = 1 AND originator_id LIKE 'case/%'",
    )
    publish_now(places)
    for partner in partners:
        told = partner.look(url)
        assert told.returncode == 1
        assert "REFUSED: The record log" in told.stdout
        assert "Seen before" in (partner.folder / "refused.txt").read_text()
    assert witnessed(url) == 0


def test_a_witness_that_refused_goes_on_refusing(places, url, partners, log_keys):
    open_case(url)
    publish_now(places)
    forged(places, lambda true: replace(true, root=leaf_hash(b"another")))
    assert partners[0].look(url, log_keys).returncode == 1
    again = partners[0].look(url)
    assert again.returncode == 1
    assert "goes on refusing" in again.stdout


def test_one_witness_who_cosigns_anything_is_not_enough(places, url, partners, log_keys):
    open_case(url)
    publish_now(places)
    forged(places, lambda true: replace(true, root=leaf_hash(b"another")))
    note = Note.read(httpx.get(f"{url}/api/v1/ledger/checkpoint", timeout=30).text)
    careless = Signer("witness", partners[0].name, kept_secret(partners[0].folder / "key"))
    line = careless.cosign(note.checkpoint.text, note.checkpoint.at)
    body = {"origin": note.checkpoint.origin, "size": note.checkpoint.size, "line": line}
    assert httpx.post(f"{url}/api/v1/ledger/cosignatures", json=body, timeout=30).status_code == 200
    assert [partner.look(url, log_keys).returncode for partner in partners[1:]] == [1, 1]
    assert witnessed(url) == 0


def test_a_service_that_is_away_is_no_fork(partners, log_keys, url):
    told = partners[0].look("http://127.0.0.1:9", log_keys)
    assert told.returncode == 3
    assert not (partners[0].folder / "refused.txt").exists()


def test_a_witness_tells_its_key(partners):
    assert Key.read(partners[0].run("--tell-key").stdout.strip()) == partners[0].key


def test_the_first_time_the_keys_have_to_be_told(partners, url):
    told = partners[0].look(url)
    assert told.returncode != 0
    assert "--log-key twice" in told.stderr
