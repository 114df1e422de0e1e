"""Giving a mail to a server: over a line that is encrypted and known, or not at all; and the settings that say which server."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from interfaces import digests
from interfaces.databases import Databases
from interfaces.mail import NotYet, Refused, Server
from interfaces.settings import Settings
from tests.interfaces.letterbox import Letterbox, letterbox

pytestmark = pytest.mark.anyio
TO = "p.user@bolton.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1, with its key, that signs itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "letterbox")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("letterbox") / "certificate.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[Letterbox]:
    """A server that speaks to nobody in the clear, and asks for a password."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def known(server: object, session: object, envelope: object, mechanism: object, data: object) -> AuthResult:
        return AuthResult(success=data == LoginPassword(b"casetrail", b"right"), handled=False)

    with letterbox(tls_context=context, require_starttls=True, authenticator=known, auth_required=True) as box:
        yield box


def server_of(box: Letterbox, password: str = "right") -> Server:
    return replace(box.server, starttls=True, username="casetrail", password=SecretStr(password))


async def give(server: Server, to: str = TO) -> bool:
    mail = EmailMessage()
    mail["Subject"], mail["To"] = "Casetrail: 1 overdue", to
    mail.set_content("nothing\n.\nto see\n")
    async with server.sent(mail, to):
        return True


async def test_over_a_line_that_is_encrypted_to_a_server_that_is_known(
    encrypted: Letterbox, certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert await give(server_of(encrypted)) is True
    assert encrypted.letters[0].get_content() == "nothing\r\n.\r\nto see\r\n"


async def test_not_to_a_server_that_nobody_vouches_for(encrypted: Letterbox):
    with pytest.raises(NotYet):
        await give(server_of(encrypted))
    assert encrypted.letters == []


async def test_not_in_the_clear_where_it_should_be_encrypted():
    with letterbox() as box, pytest.raises(NotYet):
        await give(replace(box.server, starttls=True))
    assert box.letters == []


async def test_a_password_that_is_wrong_can_be_put_right(encrypted: Letterbox, certificate: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(NotYet, match="login-535"):
        await give(server_of(encrypted, "wrong"))


async def test_what_a_server_says_is_told_by_its_code_alone():
    with letterbox() as box:
        box.to_recipient = [f"550 {TO} is unknown"]
        with pytest.raises(Refused) as refused:
            await give(box.server)
    assert str(refused.value) == "smtp-550"
    assert refused.value.__suppress_context__


async def test_nobody_there():
    with pytest.raises(NotYet, match="no-connection"):
        await asyncio.wait_for(give(Server("127.0.0.1", 9, "casetrail@bolton.example", starttls=False)), 10)


# --- settings


def settings(tmp_path: Path, **given: object) -> Settings:
    return Settings.model_validate({"home": tmp_path, **given})


def test_without_a_host_there_is_no_server(tmp_path: Path):
    assert settings(tmp_path).mail_server() is None


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_from_how_it_is_secured(tmp_path: Path, security: str, port: int):
    server = settings(tmp_path, smtp_host="mail.example", smtp_sender="a@b.example", smtp_security=security).mail_server()
    assert server is not None
    assert (server.port, server.domain) == (port, "b.example")
    assert "secret" not in repr(replace(server, password=SecretStr("secret")))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"smtp_host": "mail.example"}, "CASETRAIL_SMTP_SENDER is missing"),
        ({"smtp_host": "m", "smtp_sender": "a@b.example", "smtp_security": "none", "smtp_password": "p"}, "not sent in the clear"),
        ({"smtp_host": "m", "smtp_sender": "nobody"}, "pattern"),
        ({"digest_at": "7.30"}, "pattern"),
        ({"digest_at": "25:00"}, "pattern"),
        ({"base_url": "casetrail.example"}, "pattern"),
    ],
)
def test_half_a_mail_server_is_refused(tmp_path: Path, given: dict[str, object], said: str):
    with pytest.raises(ValidationError, match=said):
        settings(tmp_path, **given)


def test_without_a_mail_server_that_is_said_once(places: Databases):
    with capture_logs() as logs, digests.sending(places, None):
        pass
    assert [(line["state"], "CASETRAIL_SMTP_HOST" in line["why"]) for line in logs] == [("off", True)]
