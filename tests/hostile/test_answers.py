"""What others answer us, without end or without sense: it is given up in time, and nobody's memory is the price."""

from __future__ import annotations

import asyncio
import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from application.ledger.notes import Unsound
from application.ledger.witnessing import Refusing
from interfaces.cli.witness import Away, Published
from interfaces.sign_in import provider as providers
from interfaces.sign_in.configured import Client
from interfaces.sign_in.provider import Provider, ProviderAway

Write = Callable[[bytes], object]


def without_end(write: Write) -> None:
    while True:
        write(b" " * 65536)


def drop_by_drop(write: Write) -> None:
    while True:
        write(b" ")
        time.sleep(0.05)


def packed(write: Write) -> None:
    write(gzip.compress(b" " * 200_000_000))


@contextmanager
def answering(how: Callable[[Write], object], **headers: str) -> Iterator[str]:
    """The address of something that answers so, whatever it is asked."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            try:
                how(self.wfile.write)
            except OSError:
                return  # whoever asked has gone

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


ANSWERS = [(without_end, {}), (packed, {"Content_Encoding": "gzip"}), (drop_by_drop, {})]


@pytest.mark.parametrize(("how", "headers"), ANSWERS, ids=["without-end", "packed", "drop-by-drop"])
def test_a_provider_that_does_not_end_is_away(how: Callable[[Write], None], headers: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(providers, "AT_MOST", 3.0)
    with answering(how, **headers) as url:
        asked = Provider(Client(url, "casetrail"), f"{url}/callback", time.monotonic)
        with pytest.raises(ProviderAway):
            asyncio.run(asked.keys("x"))


@pytest.mark.parametrize(("how", "headers"), ANSWERS[:2], ids=["without-end", "packed"])
def test_a_service_that_does_not_end_is_away_for_its_witness(how: Callable[[Write], None], headers: dict[str, str]):
    with answering(how, **headers) as url:
        published = Published(url)
        with pytest.raises(Away, match="more than 16 MiB"):
            published.checkpoint("record")
        with pytest.raises(Away, match="more than 16 MiB"):
            published.consistency(1, 2)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"null", b'{"path": 7}', b'{"path": ["zz"]}', b"\xff\xfe", b"", b"{}", b'{"path": {"a": 1}}']
)
def test_what_a_service_says_without_sense_is_refused_by_its_witness(content: bytes):
    with answering(lambda write: write(content)) as url:
        published = Published(url)
        with pytest.raises((Refusing, Unsound)):
            published.checkpoint("record")
        with pytest.raises(Refusing):
            published.consistency(1, 2)
        with pytest.raises(Refusing):
            [*published.entries(0, 5)]
        with pytest.raises(ProviderAway):
            asyncio.run(Provider(Client(url, "casetrail"), f"{url}/callback", time.monotonic).keys("x"))
