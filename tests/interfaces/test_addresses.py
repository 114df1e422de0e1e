"""How a database is reached: TLS that is really checked, by a real server; and an address where somebody could listen is refused."""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import ValidationError
from typer.testing import CliRunner

from interfaces import databases, local_postgres, wiring
from interfaces.addresses import must_be_private
from interfaces.cli.main import app
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from interfaces.postgres_binaries import account_of_the_server
from interfaces.settings import Settings
from interfaces.wiring import Service
from tests.conftest import PASSWORDS, expected_or_skip
from tests.interfaces.cli.test_serving import NOT_OURS

ELSEWHERE = "postgresql://casetrail_service:hunter2@db.example.org/casetrail"


@pytest.fixture(autouse=True)
def nothing_of_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://casetrail_service:hunter2@127.0.0.1/casetrail", "postgresql://casetrail_service@localhost:5433/casetrail",
        "postgresql://casetrail_service@[::1]/casetrail", "postgresql:///casetrail?host=/run/postgresql", "host=@abstract dbname=casetrail",
        "dbname=casetrail", "host=db.example.org hostaddr=127.0.0.1 dbname=casetrail",
        f"{ELSEWHERE}?sslmode=verify-full&sslrootcert=/etc/ca.pem", f"{ELSEWHERE}?sslmode=verify-full&sslrootcert=system",
    ],
)  # fmt: skip
def test_on_this_machine_or_verified(url: str):
    must_be_private(url)


@pytest.mark.parametrize(
    "url",
    [
        ELSEWHERE, f"{ELSEWHERE}?sslmode=require", f"{ELSEWHERE}?sslmode=verify-ca", f"{ELSEWHERE}?sslmode=prefer",
        "postgresql://casetrail_service@127.0.0.1,192.0.2.1/casetrail", "host=localhost hostaddr=192.0.2.1 dbname=casetrail",
        "host=127.0.0.1.example.org dbname=casetrail", "host=0.0.0.0 dbname=casetrail", "service=elsewhere",
    ],
)  # fmt: skip
def test_where_somebody_could_listen_or_answer_it_is_refused(url: str):
    with pytest.raises(ValueError, match="sslmode=verify-full"):
        must_be_private(url)


def test_what_libpq_takes_from_the_environment_counts_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGHOST", "db.example.org")
    with pytest.raises(ValueError, match="another machine"):
        must_be_private("dbname=casetrail")
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    must_be_private("dbname=casetrail")


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "KEYS_URL", "PROJECTIONS_URL", "LEDGER_URL", "AUDITOR_URL", "OWNER_URL", "OWNER_KEYS_URL"]
)
def test_no_address_is_an_exception_and_none_is_repeated(name: str):
    here: dict[str, Any] = {"database_url": "dbname=x", "keys_url": "dbname=y", "key_file": Path("key")}
    with pytest.raises(ValidationError) as refused:
        Settings(**{**here, name.lower(): ELSEWHERE})
    assert "names a database on another machine" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    with pytest.raises(ValidationError, match="is no address"):
        Settings(**{**here, name.lower(): "postgresql://[half"})


def test_a_service_does_not_start_and_says_why(tmp_path: Path):
    told = {"CASETRAIL_DATABASE_URL": ELSEWHERE, "CASETRAIL_KEYS_URL": "dbname=keys", "CASETRAIL_KEY_FILE": str(tmp_path / "key")}
    for command in (["serve", "--rehearsal"], ["worker"], ["migrate"]):
        ended = CliRunner().invoke(app, command, env={**NOT_OURS, **told})
        assert ended.exit_code == 1
        assert ended.output.startswith("CASETRAIL_DATABASE_URL: names a database on another machine without sslmode=verify-full")
        assert "hunter2" not in ended.output


# --- a server with a certificate


def signed(name: str, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey, *, authority: bool) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    return made.sign(by, hashes.SHA256())


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def over_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalPostgres, Path]]:
    """A PostgreSQL of the system that speaks TLS on loopback, and a folder with certificates: its authority's, and another's."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found or int(found[-1].parts[-3]) < 15:
        expected_or_skip("system-postgres", "There is no PostgreSQL 15 or later of the system here.")
    folder = tmp_path_factory.mktemp("certificates")
    ours, another, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    folder.joinpath("ours.pem").write_bytes(pem(signed("Ours", ours, "Ours", ours, authority=True)))
    folder.joinpath("another.pem").write_bytes(pem(signed("Another", another, "Another", another, authority=True)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.MonkeyPatch.context() as patched, databases.throw_away_server(binaries=found[-1].parent) as begun:
        begun.stop()
        certificate, key = begun.home / "server.pem", begun.home / "server.key"
        certificate.write_bytes(pem(signed("127.0.0.1", server, "Ours", ours, authority=False)))
        key.write_bytes(server.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        account = account_of_the_server()
        for file in (certificate, key):
            file.chmod(0o600)
            if account:
                os.chown(file, account.pw_uid, account.pw_gid)
        (begun.data / "pg_hba.conf").write_text("local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
        options = (f"ssl_cert_file={certificate}", f"ssl_key_file={key}", "ssl=on", "listen_addresses=127.0.0.1")
        patched.setattr(local_postgres, "OPTIONS", (*local_postgres.OPTIONS, *options))
        patched.setattr(LocalPostgres, "port", port)
        begun.start()
        yield begun, folder


def reached(url: str, server: LocalPostgres, **more: str) -> str:
    """The same database, over the network."""
    return make_conninfo(url, host="127.0.0.1", port=server.port, **more)


@pytest.mark.system_postgres
@pytest.mark.anyio
async def test_everything_runs_over_tls_that_knows_whom_it_speaks_to(over_tls: tuple[LocalPostgres, Path], tmp_path: Path):
    server, certificates = over_tls
    near = databases.on_server(server, PASSWORDS, tmp_path / "keys" / "key", "record", "keys")
    databases.prepare(near, PASSWORDS, "rehearsal")
    trusted = {"sslmode": "verify-full", "sslrootcert": str(certificates / "ours.pem")}
    record, keys = (reached(url, server, **trusted) for url in (near.record, near.keys))
    must_be_private(record)

    async with Service(Databases(record, keys, near.key_file, near.owner_record, near.owner_keys, near.projections)) as service:
        await wiring.adopt(service, at=wiring.BEGINNING)
        assert len(service.rulebook.adoptions()) > 1
        with psycopg.connect(near.owner_record) as owner:
            rows = owner.execute(
                "SELECT DISTINCT s.ssl, s.version FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid)"
                " WHERE a.usename IN ('casetrail_service', 'casetrail_keys')"
            ).fetchall()
    assert {ssl for ssl, _ in rows} == {True}
    assert {version for _, version in rows} <= {"TLSv1.2", "TLSv1.3"}


@pytest.mark.system_postgres
@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"sslmode": "verify-full", "sslrootcert": "another.pem"}, "certificate verify failed"),
        ({"sslmode": "verify-full", "sslrootcert": "missing.pem"}, "does not exist"),
        ({"sslmode": "verify-full", "sslrootcert": "ours.pem", "host": "localhost"}, "does not match host name"),
        ({"sslmode": "disable"}, "no encryption"),
    ],
    ids=["another authority", "no authority", "another name", "in the clear"],
)
def test_whoever_cannot_show_who_they_are_is_not_spoken_to(over_tls: tuple[LocalPostgres, Path], changed: dict[str, str], why: str):
    server, certificates = over_tls
    given: dict[str, Any] = {**conninfo_to_dict(reached(server.dsn("postgres"), server)), **changed}
    if "sslrootcert" in given:
        given["sslrootcert"] = str(certificates / str(given["sslrootcert"]))
    with pytest.raises(psycopg.OperationalError, match=why):
        psycopg.connect(make_conninfo(**given))
