"""The service over TLS in a process of the tests, as people's browsers reach it: only there do they keep what is bound to one host."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from interfaces.api.app import make_app
from interfaces.cli.serving import listen
from interfaces.databases import Databases
from interfaces.sign_in.configured import Client, SignIn
from interfaces.wiring import Service
from tests.interfaces.sign_in.conftest import MAPPED


def certificate(folder: Path) -> tuple[Path, Path]:
    """A key and its certificate for this machine, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1)).add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
    )
    key_file, certificate_file = folder / "key.pem", folder / "certificate.pem"
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    certificate_file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return key_file, certificate_file


@contextmanager
def over_tls(places: Databases, provider: str, folder: Path) -> Iterator[str]:
    """The address of the service whose people sign in with this provider."""
    key_file, certificate_file = certificate(folder)
    socket = listen("127.0.0.1", 0)
    url = f"https://127.0.0.1:{socket.getsockname()[1]}"
    service = Service(places, boards=True, sign_in=SignIn(url, Client(provider, "casetrail", "a-secret"), MAPPED))
    config = uvicorn.Config(make_app(service), log_level="warning", access_log=False, ssl_keyfile=key_file, ssl_certfile=certificate_file)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join(10)
