"""A record and its keys on a real PostgreSQL, copied for each test from a pair that was migrated once."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from application.store.keys import KeyFile, Keys
from application.store.migrate import ROLES, mark, migrate
from application.store.store import Store
from interfaces.local_postgres import LocalPostgres

PASSWORD = "practice"  # as everywhere on the practice server: roles belong to the whole server
COUNT = itertools.count(1)
TEMPLATES = {"record": "record_template", "rehearsal": "rehearsal_template", "keys": "keys_template"}
READY: set[Path] = set()


@dataclass(frozen=True)
class Pair:
    """A record and its keys, on a server of the tests."""

    server: LocalPostgres
    record: str
    keys: str

    def owner(self, database: str | None = None) -> str:
        return self.server.dsn(database or self.record)

    def service(self) -> str:
        return self.server.dsn(self.record, "casetrail_service", PASSWORD)

    def keeper(self) -> str:
        return self.server.dsn(self.keys, "casetrail_keys", PASSWORD)

    def store(self, key_file: Path, patience: float = 20.0) -> Store:
        return Store(self.service(), Keys(self.keeper(), KeyFile(key_file)), patience=patience)


def make_templates(server: LocalPostgres) -> None:
    """The databases that those of each test are copied from, migrated; and a record marked as a rehearsal."""
    if server.home in READY:
        return
    READY.add(server.home)
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        for name in TEMPLATES.values():
            admin.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0".encode())
    for kind in ("record", "rehearsal"):
        migrate(server.dsn(TEMPLATES[kind]), "record", dict.fromkeys(ROLES["record"], PASSWORD))
    mark(server.dsn(TEMPLATES["rehearsal"]), "rehearsal")
    migrate(server.dsn(TEMPLATES["keys"]), "keys", {"casetrail_keys": PASSWORD})


def make_pair(server: LocalPostgres, kind: str = "record") -> Pair:
    """A fresh pair; `kind` is record or rehearsal."""
    make_templates(server)
    n = next(COUNT)
    pair = Pair(server, f"store_{n}", f"store_keys_{n}")
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        for name, template in ((pair.record, TEMPLATES[kind]), (pair.keys, TEMPLATES["keys"])):
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
    return pair


@contextmanager
def fresh_pair(server: LocalPostgres, kind: str = "record") -> Iterator[Pair]:
    """A fresh pair, dropped afterwards."""
    pair = make_pair(server, kind)
    try:
        yield pair
    finally:
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
            for name in (pair.record, pair.keys):
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def short_folder() -> Path:
    """A folder with a short path, as sockets need, that the server's account may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="ct-"))
    os.chmod(folder, 0o755)
    return folder
