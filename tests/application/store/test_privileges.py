"""Each role has what docs/operations.md says and nothing else: asked of PostgreSQL, and tried, of every table, sequence and function."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from application.store.migrate import ROLES, migrate
from interfaces.local_postgres import LocalPostgres
from interfaces.worker import connect
from projections import view
from tests.application.store.pairs import PASSWORD, Pair, fresh_pair
from tests.docs_blocks import CHECKOUT

VERBS = {"read": "SELECT", "add": "INSERT", "change": "UPDATE", "remove": "DELETE"}
NEVER = ("TRUNCATE", "REFERENCES", "TRIGGER")

Told = dict[str, dict[str, set[str]]]
"""What stands in a table of the page: object → role → what it may, a column it may change as `change column`."""


def told(heading: str) -> Told:
    """A table of docs/operations.md, by the first word of its heading row."""
    text = (CHECKOUT / "docs/operations.md").read_text("utf-8")
    rows = re.search(rf"^\| {heading} \|.*\n\|[ -|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert rows, heading
    head = re.search(rf"^\| {heading} \|(.*)\|$", text, re.MULTILINE)
    assert head
    roles = [f"casetrail_{cell.strip()}" for cell in head[1].split("|")]
    found: Told = {}
    for line in rows[1].splitlines():
        names, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        for name in re.findall(r"`([^`]+)`", names):
            found[name] = {role: _may(cell) for role, cell in zip(roles, cells, strict=True)}
    return found


def _may(cell: str) -> set[str]:
    may: set[str] = set()
    for word, columns in re.findall(r"([a-z]+)(?: \(([^)]*)\))?", cell):
        may |= {f"{word} {column}" for column in re.findall(r"`(\w+)`", columns)} if columns else {word}
    return may


RECORD, KEYS = told("of the record"), told("of the keys")


@pytest.fixture(scope="module")
def prepared(server: LocalPostgres) -> Iterator[Pair]:
    """A pair whose read models have begun."""
    with fresh_pair(server) as pair:
        for kind in ROLES:
            migrate(pair.owner(database(pair, kind)), kind)  # who may connect is not copied with a database
        with connect(pair.server.dsn(pair.record, "casetrail_projections", PASSWORD)) as projections:
            view.prepare(projections)
        yield pair


Cases = list[tuple[str, str, Told]]
OF: Cases = [("record", role, RECORD) for role in ROLES["record"]] + [("keys", role, KEYS) for role in ROLES["keys"]]


def database(pair: Pair, kind: str) -> str:
    return pair.record if kind == "record" else pair.keys


def objects(pair: Pair, kind: str, kinds: str) -> list[tuple[str, str, list[str]]]:
    """Everything of a kind there is: schema, name, the columns that can be changed; a new table that nobody thought of is among them."""
    with psycopg.connect(pair.owner(database(pair, kind))) as owner:
        return owner.execute(
            "SELECT n.nspname, c.relname, array(SELECT attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0"
            " AND NOT attisdropped AND attidentity <> 'a') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind::text = ANY(%s) ORDER BY 1, 2",
            ([*kinds],),
        ).fetchall()


def functions(pair: Pair, kind: str) -> list[tuple[str, str, int]]:
    """Every function that can be called, with how many arguments it takes."""
    with psycopg.connect(pair.owner(database(pair, kind))) as owner:
        return owner.execute(
            "SELECT n.nspname, p.proname, p.pronargs::int FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND p.prorettype <> 'trigger'::regtype ORDER BY 1, 2"
        ).fetchall()


def named(schema: str, name: str) -> str:
    return name if schema == "public" else f"{schema}.{name}"


def refused(conn: psycopg.Connection[Any], statement: sql.SQL | sql.Composed) -> bool:
    """Whether it is refused for want of a privilege. What goes wrong beyond that was permitted; nothing of it stays."""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(statement)
    except errors.InsufficientPrivilege as error:
        return "only ever added to" not in str(error)  # that is a trigger: the privilege was there
    except psycopg.Error:
        return False
    return False


def attempts(schema: str, name: str, columns: list[str]) -> dict[str, sql.Composed]:
    """What is tried of a table: each verb, and the change of each column."""
    table = sql.Identifier(schema, name)
    tried: dict[str, sql.Composed] = {
        "read": sql.SQL("SELECT * FROM {} LIMIT 0").format(table),
        "add": sql.SQL("INSERT INTO {} DEFAULT VALUES").format(table),
        "remove": sql.SQL("DELETE FROM {} WHERE false").format(table),
        "empty": sql.SQL("TRUNCATE {}").format(table),
        "lock": sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE NOWAIT").format(table),
        "disable": sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(table),
        "drop": sql.SQL("DROP TABLE {}").format(table),
    }
    for column in columns:
        tried[f"change {column}"] = sql.SQL("UPDATE {} SET {} = NULL WHERE false").format(table, sql.Identifier(column))
    return tried


@pytest.mark.parametrize(("kind", "role", "page"), OF, ids=lambda part: part if isinstance(part, str) else "")
def test_of_every_table_a_role_may_what_the_page_says_and_no_more(prepared: Pair, kind: str, role: str, page: Told):
    with psycopg.connect(prepared.server.dsn(database(prepared, kind), role, PASSWORD), autocommit=True) as conn:
        for schema, name, columns in objects(prepared, kind, "rpvmf"):
            full = named(schema, name)
            assert full in page, f"docs/operations.md: nobody says who may what of {full}"
            may = page[full][role]
            if "own" in may:
                continue
            whole = {verb for verb in VERBS if _has(conn, schema, name, VERBS[verb])}
            changes = {f"change {column}" for column in columns if _has(conn, schema, name, "UPDATE", column)}
            has = (whole - {"change"}) | ({"change"} if len(changes) == len(columns) else changes)
            assert has == may, f"{role} of {full}"
            assert not [never for never in NEVER if _has(conn, schema, name, never)], full
            tried = {what for what, attempt in attempts(schema, name, columns).items() if not refused(conn, attempt)}
            if may & {"remove"} or changes:
                tried -= {"lock"}  # PostgreSQL lets whoever may change rows lock their table
            expected = (may - {"change"}) | (changes if "change" in may else set())
            assert tried == expected, f"{role} tried of {full}"


def _has(conn: psycopg.Connection[Any], schema: str, name: str, verb: str, column: str | None = None) -> bool:
    table = sql.Identifier(schema, name).as_string(conn)
    if not _uses(conn, schema):
        return False
    if column is None:
        ((has,),) = conn.execute("SELECT has_table_privilege(%s, %s)", (table, verb)).fetchall()
    else:
        ((has,),) = conn.execute("SELECT has_column_privilege(%s, %s, %s)", (table, column, verb)).fetchall()
    return bool(has)


def _uses(conn: psycopg.Connection[Any], schema: str) -> bool:
    ((uses,),) = conn.execute("SELECT has_schema_privilege(%s, 'USAGE')", (schema,)).fetchall()
    return bool(uses)


@pytest.mark.parametrize(("kind", "role", "page"), OF, ids=lambda part: part if isinstance(part, str) else "")
def test_a_role_uses_the_sequences_and_calls_the_functions_that_the_page_says(prepared: Pair, kind: str, role: str, page: Told):
    with psycopg.connect(prepared.server.dsn(database(prepared, kind), role, PASSWORD), autocommit=True) as conn:
        for schema, name, _ in objects(prepared, kind, "S"):
            full, sequence = named(schema, name), sql.Identifier(schema, name)
            may = "use" in page.get(full, {}).get(role, set())
            for statement, allowed in (("SELECT nextval({})", may), ("SELECT setval({}, 1)", False)):
                done = not refused(conn, sql.SQL(statement).format(sql.Literal(sequence.as_string(conn))))
                assert done is allowed, f"{role}: {statement} of {full}"
        for schema, name, arguments in functions(prepared, kind):
            full = named(schema, name)
            row = page.get(f"{full}()") or page.get(f"{schema}.*()")
            assert row is not None, f"docs/operations.md: nobody says who may call {full}"
            nulls = sql.SQL(", ").join([sql.SQL("NULL")] * arguments)
            called = not refused(conn, sql.SQL("SELECT {}({})").format(sql.Identifier(schema, name), nulls))
            assert called is ("call" in row[role]), f"{role} calls {full}"


@pytest.mark.parametrize(("kind", "role", "page"), OF, ids=lambda part: part if isinstance(part, str) else "")
def test_a_role_makes_nothing_becomes_nobody_and_owns_nothing(prepared: Pair, kind: str, role: str, page: Told):
    with psycopg.connect(prepared.server.dsn(database(prepared, kind), role, PASSWORD), autocommit=True) as conn:
        ((*powers,),) = conn.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchall()
        assert powers == [False] * 5
        assert conn.execute("SELECT FROM pg_auth_members WHERE member = current_user::regrole").fetchall() == []
        owned = conn.execute(
            "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relowner = current_user::regrole AND relkind = 'r'"
        ).fetchall()
        assert {schema for (schema,) in owned} <= ({"projections"} if role == "casetrail_projections" else set())
        for schema in ("public", "projections", "procrastinate") if kind == "record" else ("public",):
            makes = "make" in page[f"schema {schema}"][role]
            assert _uses(conn, schema) is bool(page[f"schema {schema}"][role]), schema
            tried = sql.SQL("CREATE TABLE {} (n int)").format(sql.Identifier(schema, "tried"))
            assert refused(conn, tried) is not makes, schema
        for attempt in (
            "CREATE TEMPORARY TABLE events (n int)", "CREATE SCHEMA tried", "CREATE ROLE tried", "CREATE DATABASE tried",
            "SET SESSION AUTHORIZATION postgres", "SET ROLE postgres", "SET session_replication_role = replica",
            "COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('PG_VERSION')", "ALTER SYSTEM SET work_mem = '1GB'",
            "SELECT pg_terminate_backend(pg_backend_pid()) FROM pg_authid",
        ):  # fmt: skip
            with pytest.raises(errors.InsufficientPrivilege):
                conn.execute(attempt.encode())


def test_each_database_lets_in_its_own_roles_and_nobody_else(prepared: Pair):
    everybody = {role for roles in ROLES.values() for role in roles}
    for kind, roles in ROLES.items():
        with psycopg.connect(prepared.owner(database(prepared, kind))) as owner:
            ((granted,),) = owner.execute("SELECT datacl::text[] FROM pg_database WHERE datname = current_database()").fetchall()
        assert {entry.partition("=")[0] for entry in granted if "c" in entry.partition("=")[2].partition("/")[0]} - {"postgres"} == set(
            roles
        )
        for stranger in everybody - set(roles):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(prepared.server.dsn(database(prepared, kind), stranger, PASSWORD))


def test_the_page_speaks_of_nothing_that_is_not_there(prepared: Pair):
    for kind, page in (("record", RECORD), ("keys", KEYS)):
        there = {named(schema, name) for schema, name, _ in objects(prepared, kind, "rpvmfS")}
        there |= {f"{named(schema, name)}()" for schema, name, _ in functions(prepared, kind)} | {"procrastinate.*()"}
        assert {name for name in page if not name.startswith("schema ")} <= there
        assert all(set(roles) == set(ROLES[kind]) for roles in page.values())
