"""Time-stamps (RFC 3161) over checkpoints: an authority outside says that their text was there at an instant.

The authority is given a hash and no more. Its answer is kept as it was sent, so that others can check it with their own tools.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import LiteralString, NamedTuple

import psycopg
from cryptography.x509 import Certificate, ObjectIdentifier, load_pem_x509_certificates
from psycopg.rows import TupleRow
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

Connection = psycopg.Connection[TupleRow]
Ask = Callable[[bytes], bytes]
"""Takes a request to the authority, and gives back what it answered."""

REQUEST, RESPONSE = "application/timestamp-query", "application/timestamp-reply"
MOST_BYTES = 64 * 1024
"""Of an answer: more is none."""

SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
ALONE = "ledger-timestamps"

WANTED: LiteralString = (
    "SELECT c.size, c.body FROM ledger_checkpoints c WHERE c.log = 'record'"
    " AND NOT EXISTS (SELECT FROM ledger_timestamps t WHERE t.log = c.log AND t.size >= c.size)"
    " AND NOT EXISTS (SELECT FROM ledger_authority a WHERE a.asked_at > clock_timestamp() - %s::interval) ORDER BY c.size DESC LIMIT 1"
)
KEEP: LiteralString = "INSERT INTO ledger_timestamps (log, size, response, at) VALUES (%s, %s, %s, %s) ON CONFLICT (log, size) DO NOTHING"
ASKED: LiteralString = """
INSERT INTO ledger_authority (asked_at, failing_since, why)
SELECT now, CASE WHEN why IS NOT NULL THEN now END, why FROM (SELECT clock_timestamp() AS now, %(why)s::text AS why) asked
ON CONFLICT (alone) DO UPDATE SET asked_at = excluded.asked_at, why = excluded.why,
    failing_since = CASE WHEN excluded.why IS NOT NULL THEN coalesce(ledger_authority.failing_since, excluded.failing_since) END
"""
KEPT: LiteralString = (
    "SELECT t.log, t.size, t.response, c.body FROM ledger_timestamps t JOIN ledger_checkpoints c USING (log, size) ORDER BY t.log, t.size"
)
STANDING: LiteralString = (
    "SELECT (SELECT count(*) FROM ledger_timestamps), t.size, t.at, a.failing_since, a.why FROM (SELECT) one"
    " LEFT JOIN LATERAL (SELECT size, at FROM ledger_timestamps WHERE log = 'record' ORDER BY size DESC LIMIT 1) t ON true"
    " LEFT JOIN ledger_authority a ON true"
)


class NotStamped(Exception):
    """What the authority answered is no time-stamp of this text; the sentence says why."""


class Stamp(NamedTuple):
    """A time-stamp: the instant that the authority says, and its answer as it was sent."""

    at: datetime
    response: bytes


class Stamped(NamedTuple):
    """How far time-stamps have come: how many there are, the size and instant of the last, and since when the authority fails, and why."""

    number: int
    size: int | None
    at: datetime | None
    failing_since: datetime | None
    why: str | None


def roots_in(pem: bytes) -> list[Certificate]:
    """The certificates in a file of them.

    Raises:
        ValueError: there are none.
    """
    return load_pem_x509_certificates(pem)


def stamped(text: str, ask: Ask, roots: Sequence[Certificate] = ()) -> Stamp:
    """The text of a checkpoint, time-stamped. Where roots are known, whoever signed must lead to one of them.

    Raises:
        NotStamped: the authority refused, or answered with something else.
    """
    request = TimestampRequestBuilder().data(text.encode()).hash_algorithm(HashAlgorithm.SHA256).cert_request(cert_request=True).build()
    response = ask(request.as_bytes())
    found = _read(response)
    if found.tst_info.nonce != request.nonce:
        raise NotStamped("The authority answered another request than this one.")
    return checked(text, response, roots)


def checked(text: str, response: bytes, roots: Sequence[Certificate] = ()) -> Stamp:
    """What an answer that was kept says of this text. Without roots it is only compared with the text: anybody could have signed it.

    Raises:
        NotStamped: it is no time-stamp of this text, or is signed by nobody who leads to one of the roots.
    """
    found = _read(response)
    imprint = found.tst_info.message_imprint
    if (imprint.hash_algorithm, imprint.message) != (SHA256, sha256(text.encode()).digest()):
        raise NotStamped("It is a time-stamp of another text.")
    if roots:
        try:
            VerifierBuilder(roots=[*roots]).build().verify(found, sha256(text.encode()).digest())
        except (VerificationError, ValueError) as error:
            raise NotStamped(f"Its signature does not hold, or leads to none of the roots ({error}).") from None
    return Stamp(found.tst_info.gen_time.astimezone(UTC), response)


def _read(response: bytes) -> TimeStampResponse:
    if len(response) > MOST_BYTES:
        raise NotStamped("The authority answered with more than a time-stamp can be.")
    try:
        found = decode_timestamp_response(response)
        granted = found.status in (PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS)
        if granted:
            _ = found.tst_info.gen_time
    except ValueError:
        raise NotStamped("The authority answered with something that is no time-stamp.") from None
    if not granted:
        raise NotStamped("The authority refused to give a time-stamp.")
    return found


# --- beside the checkpoints


def stamp_next(connection: Connection, ask: Ask, roots: Sequence[Certificate], every: timedelta) -> Stamped | None:
    """Have the last checkpoint of the record time-stamped, where it is not yet and the authority was not asked for so long. None: not yet.

    An authority that fails is told in what comes back, and asked again as late as one that answers. `connection` is autocommitted, and
    nobody waits for anything while the authority is asked.
    """
    ((mine,),) = connection.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (ALONE,)).fetchall()
    if not mine:
        return None
    try:
        row = connection.execute(WANTED, (every,)).fetchone()
        if row is None:
            return None
        size, text = row
        why = None
        try:
            stamp = stamped(text, ask, roots)
        except NotStamped as error:
            why = str(error)
        else:
            connection.execute(KEEP, ("record", size, stamp.response, stamp.at))
        connection.execute(ASKED, {"why": why})
    finally:
        connection.execute("SELECT pg_advisory_unlock(hashtext(%s))", (ALONE,))
    return standing(connection)


def standing(connection: Connection) -> Stamped:
    """How far time-stamps have come."""
    (row,) = connection.execute(STANDING).fetchall()
    return Stamped(*row)


def faults_of_timestamps(connection: Connection, roots: Sequence[Certificate] = ()) -> list[str]:
    """Every time-stamp that is kept, checked against the text of its checkpoint; those that do not hold, each in a sentence."""
    found = []
    for log, size, response, body in connection.execute(KEPT):
        try:
            checked(body, response, roots)
        except NotStamped as error:
            found.append(f"The time-stamp of the checkpoint of {log} at {size} does not hold: {error}")
    return found
