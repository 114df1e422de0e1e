"""Numbered SQL for the permanent tables, run once each by the owner of the database.

    migrate("postgresql://owner@…/casetrail", "record", {"casetrail_service": "…"})
    migrate("postgresql://owner@…/casetrail_keys", "keys", {"casetrail_keys": "…"})

The service itself never migrates: `must_be_current` tells it whether it may start.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import cast

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

ROLES: Mapping[str, tuple[str, ...]] = {
    "record": ("casetrail_service", "casetrail_projections", "casetrail_ledger", "casetrail_auditor"),
    "keys": ("casetrail_keys",),
}
"""The two databases, and the roles that may connect to each."""

_LOCK = 7161132759046187374
_CREATED_MEANWHILE = (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation, psycopg.errors.InternalError_)


class StoreUnfit(Exception):
    """The database cannot be used as it is; the sentence says what to do."""


@dataclass(frozen=True)
class Migration:
    """One file: its number, its name and the SHA-256 of its bytes."""

    number: int
    name: str
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations(database: str) -> list[Migration]:
    """The numbered files of one database, in order: 1, 2, 3 …"""
    folder = files("application.store") / "migrations" / database
    found = sorted((f for f in folder.iterdir() if re.fullmatch(r"\d{4}_\w+\.sql", f.name)), key=lambda f: f.name)
    return [Migration(int(f.name[:4]), f.name, f.read_text("utf-8")) for f in found]


def ensure_database(admin: str, name: str) -> bool:
    """Create a database where it is missing. True if it was made now."""
    with psycopg.connect(admin, autocommit=True) as conn:
        if conn.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is not None:
            return False
        conn.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name)))
        return True


def migrate(owner: str, database: str, passwords: Mapping[str, str] | None = None) -> list[str]:
    """Bring a database up to this version, as its owner, and give the roles their passwords. Names of the files run now.

    All that is missing is run in one transaction; a second caller waits and finds nothing to do.

    Raises:
        StoreUnfit: made by a newer version, changed by other hands, or a server too old.
    """
    with psycopg.connect(owner, row_factory=tuple_row) as conn:
        if conn.info.server_version < 150000:
            raise StoreUnfit(f"Casetrail needs PostgreSQL 15 or later; this server is {conn.info.server_version // 10000}.")
        if conn.execute("SHOW server_encoding").fetchone() != ("UTF8",):
            raise StoreUnfit("The database must be encoded in UTF8.")
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        conn.execute(
            "CREATE TABLE IF NOT EXISTS public.schema_migrations ("
            "number int PRIMARY KEY, name text NOT NULL, digest text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )
        missing = _missing(conn, database)
        _roles(conn, database, passwords or {})
        for migration in missing:
            conn.execute(migration.text.encode())
            conn.execute(
                "INSERT INTO public.schema_migrations (number, name, digest) VALUES (%s, %s, %s)",
                (migration.number, migration.name, migration.digest),
            )
    return [migration.name for migration in missing]


def must_be_current(conn: psycopg.Connection[tuple[object, ...]], database: str) -> None:
    """For a service that starts: refuse a database that is not exactly of this version.

    Raises:
        StoreUnfit: with a sentence.
    """
    if conn.execute("SELECT to_regclass('public.schema_migrations')").fetchone() == (None,):
        raise StoreUnfit(f"This database holds no Casetrail {database} yet: run `casetrail migrate` as its owner.")
    missing = _missing(conn, database)
    if missing:
        raise StoreUnfit(f"This store is from an older version ({missing[0].name} has not been run): run `casetrail migrate` as its owner.")


def mark(owner: str, *marks: str) -> None:
    """Say for good what kind of store this is (`rehearsal`, `demo`), before its first event."""
    with psycopg.connect(owner) as conn:
        for name in marks:
            conn.execute(
                "INSERT INTO public.store_marks (mark) SELECT %s WHERE NOT EXISTS (SELECT FROM public.store_marks WHERE mark = %s)",
                (name, name),
            )


def _missing(conn: psycopg.Connection[tuple[object, ...]], database: str) -> list[Migration]:
    known = {m.number: m for m in migrations(database)}
    done = dict(cast("list[tuple[int, str]]", conn.execute("SELECT number, digest FROM public.schema_migrations").fetchall()))
    if done and max(done) > max(known):
        raise StoreUnfit(
            f"This store was made by a newer version of Casetrail: its {database} is at migration {max(done)}, "
            f"this version knows {max(known)}. Use that newer version, or restore a backup made before it."
        )
    for number, digest in done.items():
        if number not in known or known[number].digest != digest:
            raise StoreUnfit(
                f"Migration {number} of the {database} was run here with another text than this version has: it is not the same store."
            )
    return [m for number, m in sorted(known.items()) if number not in done]


def _roles(conn: psycopg.Connection[tuple[object, ...]], database: str, passwords: Mapping[str, str]) -> None:
    unknown = set(passwords) - set(ROLES[database])
    if unknown:
        raise ValueError(f"no such role in {database}: {', '.join(sorted(unknown))}")
    for role in ROLES[database]:
        if conn.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
            try:
                with conn.transaction():
                    conn.execute(
                        sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS").format(
                            sql.Identifier(role)
                        )
                    )
            except _CREATED_MEANWHILE:
                pass  # roles belong to the server: another database was being migrated
        if role in passwords:
            # Only the verifier travels, so that no log of statements holds the password.
            verifier = conn.pgconn.encrypt_password(passwords[role].encode(), role.encode(), b"scram-sha-256").decode()
            conn.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))
    name = sql.Identifier(cast("tuple[str]", conn.execute("SELECT current_database()").fetchone())[0])
    conn.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    conn.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.SQL(", ").join(map(sql.Identifier, ROLES[database]))))
