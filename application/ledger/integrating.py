"""Integrating and publishing: what was committed becomes leaves of a log, and what the log says of itself is signed.

A process of its own does this, behind the appends: it never holds one up. Everything it keeps can be made again from the record,
so that one which was killed begins where its last whole tile ends. It stands still, and says where, as soon as the record is not what
it integrated or published before.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow

from application.ledger.entries import LOGS, SALT, Log, Step, blinded
from application.ledger.heads import Head, Heads
from application.ledger.notes import Checkpoint, Signer
from application.ledger.tree import EMPTY, WIDTH, folded, leaf_hash, node_hash

Connection = psycopg.Connection[TupleRow]

ALONE = "ledger"
"""What the one process that integrates holds a lock by."""

PAGE = 4 * WIDTH
"""Rows read at a time: a page is a transaction."""

NEXT: dict[Log, LiteralString] = {
    "record": "SELECT notification_id, originator_id, originator_version, hash FROM events"
    " WHERE notification_id > %s ORDER BY notification_id LIMIT %s",
    "access": "SELECT number, hash FROM looks WHERE number > %s AND number <= %s ORDER BY number LIMIT %s",
}
SALTS: LiteralString = "SELECT stream, salt FROM ledger_streams"
HEADS: LiteralString = (
    "SELECT s.blinded, e.originator_version, e.hash FROM ledger_streams s CROSS JOIN LATERAL ("
    "SELECT originator_version, hash FROM events WHERE originator_id = s.stream AND notification_id <= %s"
    " ORDER BY originator_version DESC LIMIT 1) e"
)
WHOLE: LiteralString = "SELECT count(*), max(last) FROM ledger_tiles WHERE log = %s AND level = 0"
ROOTS: LiteralString = "SELECT root FROM ledger_tiles WHERE log = %s AND level = %s AND n >= %s ORDER BY n"
NEW_STREAM: LiteralString = "INSERT INTO ledger_streams (stream, salt, blinded) VALUES (%s, %s, %s)"
NEW_TILE: LiteralString = "INSERT INTO ledger_tiles (log, level, n, hashes, root, first, last) VALUES (%s, %s, %s, %s, %s, %s, %s)"
NEW_SEGMENT: LiteralString = (
    "INSERT INTO ledger_segments (n, positions, events) SELECT %s, array_agg(notification_id ORDER BY notification_id),"
    " string_agg(int4send(length(header)) || header || int4send(length(state)) || state || hash, ''::bytea ORDER BY notification_id)"
    " FROM events WHERE notification_id BETWEEN %s AND %s"
)
KEY: LiteralString = "SELECT key FROM ledger_logs WHERE log = %s"
NEW_KEY: LiteralString = "INSERT INTO ledger_logs (log, key) VALUES (%s, %s)"
PUBLISHED: LiteralString = "SELECT body FROM ledger_checkpoints WHERE log = %s ORDER BY size DESC LIMIT 1"
PUBLISH: LiteralString = "INSERT INTO ledger_checkpoints (log, size, number, body, signature) VALUES (%s, %s, %s, %s, %s)"


class Diverged(Exception):
    """The record is not what was integrated or published before; the sentence says where."""


class Integrating:
    """One log as far as it is integrated: hashes not yet in a whole tile, and for the record the map of heads."""

    def __init__(self, connection: Connection, log: Log) -> None:
        self._connection = connection
        self.log = log
        self.size = self.number = 0
        """How many entries, and the number (a position, or that of a look) of the last."""
        self.heads = Heads()
        self._levels: list[list[bytes]] = [[]]
        self._first = 0
        self._blinded: dict[str, bytes] = {}
        self._published: Checkpoint | None = None
        self._begin()

    def _begin(self) -> None:
        (whole, number), *_ = self._connection.execute(WHOLE, (self.log,)).fetchall()
        self.size, self.number = whole * WIDTH, number or 0
        tiles, level = whole, 0
        while tiles:
            above = tiles // WIDTH
            self._levels.append([root for (root,) in self._connection.execute(ROOTS, (self.log, level, above * WIDTH))])
            tiles, level = above, level + 1
        if self.log == "record":
            self._blinded = {stream: blinded(salt, stream) for stream, salt in self._connection.execute(SALTS)}
            for key, place, hash_ in self._connection.execute(HEADS, (self.number,)):
                self.heads.put(key, Head(place, hash_))
        row = self._connection.execute(PUBLISHED, (self.log,)).fetchone()
        self._published = Checkpoint.read(row[0]) if row else None

    # --- integrating

    def integrate(self) -> int:
        """Take in the next page of what was committed. How many entries there were; 0 once there are no more.

        Raises:
            Diverged: a place does not follow, or the log is no longer what was published.
        """
        with self._connection.transaction():
            found = self._entries()
            for number, entry in found:
                self._add(number, entry)
        return len(found)

    def _entries(self) -> list[tuple[int, bytes]]:
        if self.log == "record":
            return self._steps(self._connection.execute(NEXT["record"], (self.number, PAGE)).fetchall())
        (settled,), *_ = self._connection.execute("SELECT settled_looks()").fetchall()
        return [(number, hash_) for number, hash_ in self._connection.execute(NEXT["access"], (self.number, settled or 0, PAGE))]

    def _steps(self, rows: Sequence[TupleRow]) -> list[tuple[int, bytes]]:
        new = {stream: secrets.token_bytes(SALT) for _, stream, _, _ in rows if stream not in self._blinded}
        if new:
            made = {stream: blinded(salt, stream) for stream, salt in new.items()}
            with self._connection.cursor() as cursor:
                cursor.executemany(NEW_STREAM, [(stream, salt, made[stream]) for stream, salt in new.items()])
            self._blinded |= made
        entries = []
        for number, stream, place, hash_ in rows:
            key = self._blinded[stream]
            head = self.heads[key]
            if place != head.place + 1:
                raise Diverged(f"At position {number} stands place {place} of a stream whose last place is {head.place}.")
            entries.append((number, Step(key, place, head.hash, hash_).entry()))
            self.heads.put(key, Head(place, hash_))
        return entries

    def _add(self, number: int, entry: bytes) -> None:
        if not self._levels[0]:
            self._first = number
        self._levels[0].append(leaf_hash(entry))
        self.size += 1
        self.number = number
        if len(self._levels[0]) == WIDTH:
            self._seal()
        if self._published and self.size == self._published.size and self.root() != self._published.root:
            raise Diverged(f"The {self.log} log of {self.size} entries has another root than the checkpoint published of it.")

    def _seal(self) -> None:
        """Keep what has become whole: a tile, and perhaps the tile above it."""
        level, covered = 0, self.size // WIDTH
        if self.log == "record":
            self._connection.execute(NEW_SEGMENT, (covered - 1, self._first, self.number))
        while len(self._levels[level]) == WIDTH:
            hashes = self._levels[level]
            root = folded(hashes)
            numbers = (self._first, self.number) if level == 0 else (None, None)
            self._connection.execute(NEW_TILE, (self.log, level, covered - 1, b"".join(hashes), root, *numbers))
            self._levels[level] = []
            if len(self._levels) == level + 1:
                self._levels.append([])
            self._levels[level + 1].append(root)
            level, covered = level + 1, covered // WIDTH

    def root(self) -> bytes:
        """The root over all that is integrated."""
        peaks = [folded(run) for hashes in reversed(self._levels) for run in _whole_runs(hashes)]
        if not peaks:
            return EMPTY
        root = peaks[-1]
        for peak in reversed(peaks[:-1]):
            root = node_hash(peak, root)
        return root

    # --- publishing

    def publish(self, signer: Signer, at: datetime) -> Checkpoint | None:
        """Sign what is integrated, where it has grown since the last time. `at` is now.

        Raises:
            Diverged: the log is shorter than it was, or another key published before.
        """
        last = self._published
        if last is not None and self.size < last.size:
            raise Diverged(f"The {self.log} log has {self.size} entries, and {last.size} were published.")
        if self.size == (last.size if last else 0):
            return None
        known = self._connection.execute(KEY, (self.log,)).fetchone()
        if known is None:
            self._connection.execute(NEW_KEY, (self.log, str(signer.key)))
        elif known[0] != str(signer.key):
            raise Diverged(f"This log is published under the key {known[0]}: under that of {signer.name} it would be a fork.")
        other = next(log for log in LOGS if log != self.log)
        row = self._connection.execute(PUBLISHED, (other,)).fetchone()
        theirs = Checkpoint.read(row[0]) if row else None
        checkpoint = Checkpoint(
            origin=signer.name, size=self.size, root=self.root(), at=at.replace(microsecond=0),
            heads=(len(self.heads), self.heads.root()) if self.log == "record" else None,
            other=(other, theirs.size, theirs.root) if theirs else None,
        )  # fmt: skip
        self._connection.execute(PUBLISH, (self.log, self.size, self.number, checkpoint.text, signer.sign(checkpoint.text)))
        self._published = checkpoint
        return checkpoint


def origin_of(public: bytes) -> str:
    """What a log is called where the settings name nothing: after the key that signed its first checkpoint."""
    return f"casetrail.invalid/{sha256(public).hexdigest()[:16]}"


def signers(private: bytes, origin: str | None = None) -> dict[Log, Signer]:
    """Who signs for the two logs of an origin."""
    name = origin or origin_of(Signer("log", "unnamed", private).key.public)
    return {log: Signer("log", f"{name}/{log}", private) for log in LOGS}


def brought_up(connection: Connection, signing: Mapping[Log, Signer], at: datetime) -> list[Checkpoint]:
    """Integrate and publish all that was committed by now; whoever does this holds `ALONE`."""
    made = []
    for log in ("access", "record"):
        integrating = Integrating(connection, log)
        while integrating.integrate():
            pass
        if checkpoint := integrating.publish(signing[log], at):
            made.append(checkpoint)
    return made


def _whole_runs(hashes: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    """The hashes of one level as whole subtrees, the largest first."""
    first = 0
    while first < len(hashes):
        size = 1 << ((len(hashes) - first).bit_length() - 1)
        yield hashes[first : first + size]
        first += size
