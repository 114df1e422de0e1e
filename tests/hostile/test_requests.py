"""Whatever bytes somebody sends: an answer of the document, never a failure of ours, and nothing recorded by half."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote, urlsplit

import httpx2 as httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interfaces.databases import Databases
from interfaces.sign_in.configured import Client, SignIn
from tests.interfaces.served import open_case, served
from tests.interfaces.sign_in.conftest import HERE

SOON = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
BM = (b"Casetrail-Person", b"business-manager//pat/bolton")
JSON = (b"Content-Type", b"application/json")


class Wire:
    """One connection after the other, and bytes as they are."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.address = (parts.hostname, parts.port)
        self.case = ""

    def asks(self, method: str, path: bytes, *headers: tuple[bytes, bytes], body: bytes = b"") -> tuple[int, bytes]:
        """The status and the body; 400 where the connection was closed without a word."""
        lines = [f"{method} ".encode() + path + b" HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close"]
        lines += [name + b": " + value for name, value in headers]
        if body:
            lines.append(f"Content-Length: {len(body)}".encode())
        with socket.create_connection(self.address, timeout=30) as wire:
            wire.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            told = b""
            with suppress(ConnectionResetError):  # it answered, and did not wait for a long body to end
                while part := wire.recv(65536):
                    told += part
        head, _, content = told.partition(b"\r\n\r\n")
        return (int(head.split()[1]) if head else 400), content


@pytest.fixture
def wire(places: Databases) -> Iterator[Wire]:
    with served(places) as url:
        made = Wire(url)
        made.case = open_case(url)
        yield made


def recorded(places: Databases) -> int:
    with psycopg.connect(places.owner_record) as conn:
        row = conn.execute("SELECT count(*) FROM events").fetchone()
    return int(row[0]) if row else 0


VALUE = st.binary(max_size=60).map(lambda raw: bytes(byte for byte in raw if byte not in b"\r\n\x00"))


def like(*good: bytes) -> st.SearchStrategy[bytes]:
    """Good values, those that are nearly so, and any other."""

    @st.composite
    def near(draw: st.DrawFn) -> bytes:
        value = draw(st.sampled_from(good))
        at = draw(st.integers(0, len(value)))
        return value[:at] + draw(VALUE) + value[at + draw(st.integers(0, 5)) :]

    return st.sampled_from(good) | near() | VALUE


HEADERS = {
    b"Casetrail-Person": like(b"business-manager//pat/bolton", b"delegated-partner/police/kit", b"administrator", b"/" * 300, b"\xc3\x98/"),
    b"Casetrail-At": like(b"2026-03-18T15:10:00+00:00", b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59"),
    b"Casetrail-Because": like(b"for the meeting", b"x" * 1001, b"\xff\xfe"),
    b"Casetrail-Post": like(b"business-manager//bolton"),
    b"Casetrail-Token": VALUE,
    b"If-Match": like(b'"1"', b'W/"1"', b"*", b"9" * 5000, b'"1", "2"'),
    b"If-None-Match": like(b'"1"', b"*"),
    b"Idempotency-Key": like(b"key-1", b"x" * 201),
    b"Content-Type": like(b"application/json", b"application/json; charset=utf-16", b"text/plain"),
    b"Accept": like(b"text/html", b"application/json;q=nan"),
    b"Cookie": like(b"casetrail-loopback=" + b"a" * 43, b"=;=;=", b"a=" + b'"' * 50),
    b"Authorization": like(b"Bearer a.b.c", b"Bearer", b"Basic Og=="),
    b"Origin": VALUE, b"Sec-Fetch-Site": VALUE, b"Range": like(b"bytes=0-0,1-1", b"bytes=-1"), b"Last-Event-ID": VALUE,
    b"Transfer-Encoding": VALUE, b"X-Forwarded-For": VALUE,
}  # fmt: skip


def any_of(*names: bytes) -> st.SearchStrategy[list[tuple[bytes, bytes]]]:
    return st.lists(st.sampled_from(names).flatmap(lambda name: st.tuples(st.just(name), HEADERS[name])), max_size=4)


def test_no_header_makes_it_fail(wire: Wire, places: Databases):
    @SOON
    @given(any_of(*HEADERS))
    def ask(headers: list[tuple[bytes, bytes]]) -> None:
        for method, path, body in (("GET", f"/api/v1/cases/{wire.case}", b""), ("POST", f"/api/v1/cases/{wire.case}/close-case", b"{}")):
            status, told = wire.asks(method, path.encode(), *headers, *(() if any(n == BM[0] for n, _ in headers) else (BM,)), body=body)
            assert status < 500, told

    before = recorded(places)
    ask()
    assert recorded(places) == before


WORDS = st.sampled_from(
    ["..", ".", "", "%2e%2e", "%2f", "..%2f..%2fetc%2fpasswd", "%00", "%c0%ae", "\\", "a" * 3000, "%zz", ";", "*", "~", "0" * 64, "A" * 64,
     "cases", "documents", "ledger", "tiles", "-1", "1e9", "9" * 400, "{case}", "%F0%9F%92%A9"]
) | st.text(max_size=8).map(quote)  # fmt: skip
PLACES = [
    "cases/{}", "cases/{}/documents/{}", "cases/CASE/documents/{}", "cases/CASE/{}", "cases/CASE/history?as_of={}", "cases?cursor={}",
    "ledger/{}/{}", "ledger/entries?from={}&to={}", "ledger/inclusion?position={}", "ledger/consistency?from={}&to={}", "feeds/{}",
    "themes/{}",
    "themes/candidates/{}", "procedures/{}", "calendars/{}", "deadlines?cursor={}&until={}", "exports/{}", "{}/../../etc/passwd", "../{}",
    "decisions?as_of={}&limit={}", "figures?year={}", "cases/CASE/events?after={}",
]  # fmt: skip


def test_no_path_makes_it_fail_or_leads_anywhere_else(wire: Wire):
    @SOON
    @given(st.sampled_from(PLACES), WORDS, WORDS, st.sampled_from(["GET", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]))
    def ask(place: str, one: str, other: str, method: str) -> None:
        path = f"/api/v1/{place}".replace("CASE", wire.case).replace("{}", one, 1).replace("{}", other, 1)
        status, told = wire.asks(method, path.encode("utf-8", "surrogatepass"), BM, body=b"x" if method == "PUT" else b"")
        assert status < 500, (path, told)
        assert b"root:" not in told
        assert b"Traceback" not in told

    ask()


def test_no_body_makes_it_fail(wire: Wire, places: Databases):
    bodies = st.binary(max_size=200) | st.sampled_from(
        [b"[" * 100_000, b'{"a":' * 50_000, b'{"on": "' + b"9" * 5000 + b'"}', b'{"on": ' + b"9" * 5000 + b"}", b'{"because": "\\ud800"}',
         b"NaN",
         b'{"on": 1e999}', b'\xef\xbb\xbf{}', b'{"because": "\\u0000"}', "{}".encode("utf-16")]
    )  # fmt: skip

    @SOON
    @given(bodies, st.sampled_from(["close-case", "declare-interest", "decide-threshold", "place-hold", "correct-record"]))
    def ask(body: bytes, command: str) -> None:
        status, told = wire.asks("POST", f"/api/v1/cases/{wire.case}/{command}".encode(), BM, JSON, body=body or b" ")
        assert 400 <= status < 500, (body[:50], told)

    before = recorded(places)
    ask()
    assert recorded(places) == before


def test_a_document_is_kept_under_its_digest_whatever_it_is_called(wire: Wire, places: Databases):
    names = like(
        b'attachment; filename="../../etc/passwd"', b"attachment; filename*=UTF-8''..%2f", b'form-data; name="file"; filename="/x"'
    )

    @SOON
    @given(names, like(b"application/pdf", b"text/html", b"../x", b"multipart/form-data; boundary=x"), st.binary(min_size=1, max_size=20))
    def keep(disposition: bytes, kind: bytes, content: bytes) -> None:
        path = f"/api/v1/cases/{wire.case}/documents".encode()
        status, told = wire.asks("PUT", path, BM, (b"Content-Disposition", disposition), (b"Content-Type", kind), body=content)
        assert status in (200, 201, 400), told

    keep()


def test_nobody_is_signed_in_by_what_is_made_up(places: Databases):
    """Not in a rehearsal: cookies, tokens and forms are read by nobody who is to be believed at once."""
    with served(places, sign_in=SignIn(HERE, Client("http://127.0.0.1:9", "casetrail", "s", audience="a"))) as url:
        wire = Wire(url)
        headers = any_of(b"Cookie", b"Authorization", b"Casetrail-Token", b"Casetrail-Post", b"Origin", b"Content-Type")

        @SOON
        @given(headers, st.binary(max_size=60), WORDS)
        def ask(headers: list[tuple[bytes, bytes]], body: bytes, word: str) -> None:
            for method, path in (("GET", "/session"), ("POST", "/sign-out"), ("POST", "/session/post"), ("GET", "/api/v1/cases")):
                status, told = wire.asks(method, path.encode(), *headers, body=body if method == "POST" else b"")
                assert status in (400, 401, 403, 413, 415, 422, 503), (status, told)
            status, told = wire.asks("GET", f"/sign-in/callback?state={word}&code={word}&error={word}".encode(), *headers)
            assert status in (400, 404, 414), (status, told)

        ask()
        assert httpx.get(f"{url}/health/live").is_success
