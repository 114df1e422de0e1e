"""Where the two databases are, who logs in to them, and how they are made ready.

Configured by address, they are somebody else's to run. Without an address they are our own: a PostgreSQL in the home folder,
whose owner migrates and as whose service role, which may do less, everything else connects.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from application.store import migrate
from interfaces.local_postgres import LocalPostgres
from interfaces.settings import Settings

Say = Callable[[str], None]

RECORD, KEYS = "casetrail", "casetrail_keys"
"""The names of the two databases on a server of our own."""


@dataclass(frozen=True)
class Databases:
    """Both databases: how the owner reaches them, how the service does, and the file with the key of keys."""

    record: str
    keys: str
    key_file: Path
    owner_record: str
    owner_keys: str
    projections: str
    ledger: str | None = None
    """As the role that adds to the ledger; without it that is kept up elsewhere."""
    auditor: str | None = None
    """As the role that reads the record and changes nothing; without it, whoever checks does so as the owner."""
    data_folder: Path | None = None
    ledger_key: Path | None = None
    """The file with the key that signs checkpoints; without it nothing is published from here."""


def prepare(databases: Databases, passwords: Passwords, *marks: str) -> bool:
    """Bring both databases up to this version, as their owner. True if the record is new: it has no events to be asked of yet."""
    migrate.ensure_database(databases.owner_record, str(conninfo_to_dict(databases.owner_keys)["dbname"]))
    ran = migrate.migrate(databases.owner_record, "record", passwords.of_record())
    migrate.migrate(databases.owner_keys, "keys", passwords.of_keys())
    new = "0001_events.sql" in ran
    if new and marks:
        migrate.mark(databases.owner_record, *marks)
    return new


@dataclass(frozen=True)
class Passwords:
    """What the roles of the service log in with."""

    service: str
    projections: str
    keys: str
    ledger: str
    auditor: str

    def of_record(self) -> dict[str, str]:
        return _told(
            casetrail_service=self.service,
            casetrail_projections=self.projections,
            casetrail_ledger=self.ledger,
            casetrail_auditor=self.auditor,
        )

    def of_keys(self) -> dict[str, str]:
        return _told(casetrail_keys=self.keys)

    @classmethod
    def kept_in(cls, file: Path) -> Passwords:
        """The passwords in this file of its owner alone, made at random where it is missing."""
        kept = file.read_text().split("\n") if file.exists() else []
        wanted = len(fields(cls))
        if len(kept) < wanted:
            # one that an earlier version wrote has fewer: what it has stays
            kept += [secrets.token_urlsafe(24) for _ in range(wanted - len(kept))]
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text("\n".join(kept))
        return cls(*kept[:wanted])


def _told(**passwords: str) -> dict[str, str]:
    """Those that were told: a role whose password is not, keeps the one it has."""
    return {role: password for role, password in passwords.items() if password}


@contextmanager
def configured(settings: Settings, say: Say = lambda sentence: None, *, stay: bool) -> Iterator[tuple[Databases, Passwords]]:
    """The databases that the settings name; our own server where they name none. `stay`: for programmes that run until stopped."""
    if not settings.local:
        record, keys, key_file = settings.addresses()
        owner = settings.owner_url.get_secret_value() if settings.owner_url else record
        projections = settings.projections_url.get_secret_value() if settings.projections_url else record
        owner_keys = settings.owner_keys_url.get_secret_value() if settings.owner_keys_url else keys
        yield (
            Databases(
                record,
                keys,
                key_file,
                owner,
                owner_keys,
                projections,
                settings.ledger_url.get_secret_value() if settings.ledger_url else None,
                settings.auditor_url.get_secret_value() if settings.auditor_url else None,
                ledger_key=settings.ledger_key_file,
            ),
            Passwords(
                *(
                    p.get_secret_value() if p else ""
                    for p in (
                        settings.service_password,
                        settings.projections_password,
                        settings.keys_password,
                        settings.ledger_password,
                        settings.auditor_password,
                    )
                )
            ),
        )
        return
    home = settings.home
    server = LocalPostgres(home / "postgres", say=say)
    (server.own if stay else server.start)()
    try:
        passwords = Passwords.kept_in(home / "passwords")
        # on one's own machine one owns all of it: a role that only reads would add nothing
        yield replace(on_server(server, passwords, home / "key", RECORD, KEYS), auditor=None), passwords
    finally:
        server.stop()


def on_server(server: LocalPostgres, passwords: Passwords, key_file: Path, record: str, keys: str) -> Databases:
    """Two databases on a server of our own, made where they are missing."""
    for name in (record, keys):
        migrate.ensure_database(server.dsn("postgres"), name)
    return Databases(
        record=server.dsn(record, "casetrail_service", passwords.service),
        keys=server.dsn(keys, "casetrail_keys", passwords.keys),
        key_file=key_file,
        owner_record=server.dsn(record),
        owner_keys=server.dsn(keys),
        projections=server.dsn(record, "casetrail_projections", passwords.projections),
        ledger=server.dsn(record, "casetrail_ledger", passwords.ledger),
        auditor=server.dsn(record, "casetrail_auditor", passwords.auditor),
        data_folder=server.home,
        ledger_key=key_file.with_name("ledger-key"),
    )


@contextmanager
def throw_away_server(say: Say = lambda sentence: None, *, binaries: Path | None = None) -> Iterator[LocalPostgres]:
    """A server for a rehearsal or a test: fast, not safe against a power cut, and gone afterwards."""
    home = Path(tempfile.gettempdir()) / f"casetrail-{secrets.token_hex(6)}"
    try:
        with LocalPostgres(home, fsync=False, say=say, binaries=binaries) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def throw_away(server: LocalPostgres, *marks: str) -> Iterator[Databases]:
    """Two fresh databases on such a server, migrated and marked."""
    suffix = secrets.token_hex(6)
    keys_folder = Path(tempfile.mkdtemp(prefix="casetrail-key-"))
    try:
        passwords = Passwords(*len(fields(Passwords)) * ["practice"])
        databases = on_server(server, passwords, keys_folder / "key", f"record_{suffix}", f"keys_{suffix}")
        prepare(databases, passwords, *marks)
        yield databases
    finally:
        shutil.rmtree(keys_folder, ignore_errors=True)
