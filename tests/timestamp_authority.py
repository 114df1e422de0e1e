"""A time-stamp authority for stories: keys and answers made by `openssl ts`, behind a server on loopback."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIGURATION = """\
[ req ]
distinguished_name = name
prompt = no
[ name ]
CN = Practice
[ root ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ authority ]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ tsa ]
default_tsa = practice
[ practice ]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/authority.pem
signer_key = {folder}/authority.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


def _openssl(*words: str | Path, given: bytes | None = None) -> bytes:
    ran = subprocess.run(["openssl", *words], input=given, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout


class Practice:
    """The authority: a root of its own, a certificate below it, and what it answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = 0
        self.status = 200
        self.instead: bytes | None = None
        """What it answers instead of a time-stamp."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "conf").write_text(CONFIGURATION.format(folder=folder))
        (folder / "serial").write_text("01")
        made = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", folder / "conf")
        _openssl(
            "req",
            "-x509",
            *made,
            "-keyout",
            folder / "root.key",
            "-out",
            self.roots,
            "-days",
            "30",
            "-subj",
            "/CN=Root",
            "-extensions",
            "root",
        )
        _openssl("req", *made, "-keyout", folder / "authority.key", "-out", folder / "request", "-subj", "/CN=Authority")
        _openssl(
            "x509", "-req", "-in", folder / "request", "-CA", self.roots, "-CAkey", folder / "root.key", "-CAcreateserial",
            "-out", folder / "authority.pem", "-days", "30", "-extfile", folder / "conf", "-extensions", "authority",
        )  # fmt: skip

    @property
    def roots(self) -> Path:
        return self.folder / "root.pem"

    def answer(self, request: bytes) -> bytes:
        """What it says to a request."""
        self.asked += 1
        if self.instead is not None:
            return self.instead
        (self.folder / "query").write_bytes(request)
        return _openssl("ts", "-reply", "-config", self.folder / "conf", "-section", "practice", "-queryfile", self.folder / "query")

    def verifies(self, text: bytes, response: bytes) -> bool:
        """Whether `openssl ts` itself finds that the answer is a time-stamp of this text."""
        (self.folder / "text").write_bytes(text)
        (self.folder / "response").write_bytes(response)
        words = ("-verify", "-data", self.folder / "text", "-in", self.folder / "response", "-CAfile", self.roots)
        return subprocess.run(["openssl", "ts", *words], capture_output=True, check=False).returncode == 0

    @contextmanager
    def served(self) -> Iterator[str]:
        """Its address, as long as the block runs."""
        practice = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/timestamp-query"
                content = practice.answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(practice.status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the story says what matters."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            server.server_close()
