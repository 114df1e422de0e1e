"""Asking the ledger: checkpoints, entries, tiles and proofs, over one connection of its own.

It blocks while the database is asked, so a service asks it from a thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import TupleRow, tuple_row

from application.ledger.entries import STEP_BYTES, Log, Step
from application.ledger.heads import Head, Heads, Proof
from application.ledger.integrating import HEADS, KEY
from application.ledger.notes import Key, Note, Policy, Signature
from application.ledger.tree import WIDTH, Tree, leaf_hash
from application.store.connections import StoreAway, conninfo

MOST_ENTRIES = 65_536
"""So many are told at once."""

NOTES: LiteralString = (
    "SELECT c.body, c.signature, array(SELECT line FROM ledger_cosignatures s WHERE s.log = c.log AND s.size = c.size ORDER BY witness)"
    " FROM ledger_checkpoints c {those}"
)
LAST: LiteralString = NOTES.replace("{those}", "WHERE c.log = %s ORDER BY c.size DESC LIMIT 1")
OF_SIZE: LiteralString = NOTES.replace("{those}", "WHERE c.log = %s AND c.size = %s")
COSIGNED: LiteralString = NOTES.replace(
    "{those}",
    "JOIN (SELECT log, size FROM ledger_cosignatures WHERE log = %s GROUP BY log, size HAVING count(*) >= %s"
    " ORDER BY size DESC LIMIT 100) s USING (log, size) ORDER BY c.size DESC",
)
"""The last that as many have cosigned as are asked for: whether they are witnesses still, the policy says."""

COSIGN: LiteralString = (
    "INSERT INTO ledger_cosignatures (log, size, witness, line) VALUES (%s, %s, %s, %s) ON CONFLICT (log, size, witness) DO NOTHING"
)
NUMBER: LiteralString = "SELECT number FROM ledger_checkpoints WHERE log = %s AND size = %s"
WHOLE_TILE: LiteralString = "SELECT hashes FROM ledger_tiles WHERE log = %s AND level = %s AND n = %s"
TILE_ROOTS: LiteralString = "SELECT root FROM ledger_tiles WHERE log = %s AND level = %s AND n >= %s AND n < %s ORDER BY n"
TILE_AT: LiteralString = "SELECT n, first FROM ledger_tiles WHERE log = %s AND level = 0 AND last >= %s ORDER BY last LIMIT 1"
TILE_END: LiteralString = "SELECT last FROM ledger_tiles WHERE log = %s AND level = 0 AND n = %s"
WHOLE: LiteralString = "SELECT count(*), coalesce(max(last), 0) FROM ledger_tiles WHERE log = %s AND level = 0"
STEPS: LiteralString = (
    "SELECT s.blinded, e.originator_version, p.hash, e.hash FROM events e JOIN ledger_streams s ON s.stream = e.originator_id"
    " LEFT JOIN events p ON p.originator_id = e.originator_id AND p.originator_version = e.originator_version - 1"
    " WHERE e.notification_id > %s"
    " AND e.notification_id <= (SELECT number FROM ledger_checkpoints WHERE log = 'record' ORDER BY size DESC LIMIT 1)"
    " ORDER BY e.notification_id OFFSET %s LIMIT %s"
)
LOOKS: LiteralString = (
    "SELECT hash FROM looks WHERE number > %s"
    " AND number <= (SELECT number FROM ledger_checkpoints WHERE log = 'access' ORDER BY size DESC LIMIT 1)"
    " ORDER BY number OFFSET %s LIMIT %s"
)
BETWEEN: dict[Log, LiteralString] = {
    "record": "SELECT count(*) FROM events WHERE notification_id > %s AND notification_id < %s",
    "access": "SELECT count(*) FROM looks WHERE number > %s AND number < %s",
}
EXISTS: dict[Log, LiteralString] = {
    "record": "SELECT FROM events WHERE notification_id = %s",
    "access": "SELECT FROM looks WHERE number = %s",
}
STREAM: LiteralString = "SELECT salt, blinded FROM ledger_streams WHERE stream = %s"
WAITING: dict[Log, LiteralString] = {
    "record": "SELECT count(*), min(at), extract(epoch FROM clock_timestamp() - min(at))::float8, max(notification_id)"
    " FROM events WHERE notification_id > %s",
    "access": "SELECT count(*), min(at), extract(epoch FROM clock_timestamp() - min(at))::float8, max(number) FROM looks WHERE number > %s",
}
COVERED: LiteralString = "SELECT size, number, at FROM ledger_checkpoints WHERE log = %s ORDER BY size DESC LIMIT 1"


class NotInLedger(LookupError):
    """What is asked about is not there, or not yet; the sentence says which."""


class NotAWitness(Exception):
    """A cosignature that is not taken in; the sentence says why."""


@dataclass(frozen=True)
class Included:
    """Where an entry stands in a tree of `size`, and the path from its leaf to the root."""

    index: int
    size: int
    entry: bytes
    path: list[bytes]


@dataclass(frozen=True)
class Standing:
    """How far a log has come. `waiting` entries are not published yet, the oldest of them since `since`, for `waited` seconds."""

    sequenced: int
    published: int
    witnessed: int
    number: int
    waiting: int
    since: datetime | None
    waited: float
    published_at: datetime | None


class Ledger:
    """The two logs as they are published."""

    def __init__(self, url: str, policy: Policy | None = None) -> None:
        self._conninfo = conninfo(url, "casetrail-ledger")
        self.policy = policy or Policy()
        self._held: psycopg.Connection[TupleRow] | None = None
        self._alone = threading.RLock()
        self._trees: dict[Log, Tree] = {log: Tree(self._tile_of(log)) for log in ("record", "access")}
        self._heads: tuple[int, Heads] | None = None

    def close(self) -> None:
        """Disconnect."""
        with self._alone:
            if self._held is not None:
                self._held.close()

    @contextmanager
    def _asking(self) -> Iterator[psycopg.Connection[TupleRow]]:
        """The connection, made again where it was lost. One asks at a time."""
        with self._alone:
            try:
                if self._held is None or self._held.closed:
                    self._held = psycopg.connect(self._conninfo, autocommit=True, row_factory=tuple_row)
                yield self._held
            except psycopg.OperationalError as wrong:
                if self._held is not None:
                    self._held.close()
                raise StoreAway(f"The database is away: {str(wrong).strip().splitlines()[-1]}") from wrong

    def _ask(self, query: LiteralString, params: Sequence[Any]) -> list[TupleRow]:
        with self._asking() as connection:
            cursor = connection.cursor(binary=True)
            return cursor.execute(query, params, prepare=True).fetchall()

    # --- checkpoints

    def checkpoint(self, log: Log = "record", *, size: int | None = None, witnessed: bool = False) -> Note:
        """The last checkpoint with all its signatures; the one of a size; the last that counts as witnessed.

        Raises:
            NotInLedger: there is none.
        """
        for note in self._notes(log, size, witnessed):
            if not witnessed or self.policy.witnessed(note):
                return note
        wanted = f"of size {size}" if size is not None else "that counts as witnessed" if witnessed else ""
        raise NotInLedger(f"The {log} log has published no checkpoint {wanted}".rstrip() + ".")

    def _notes(self, log: Log, size: int | None, witnessed: bool) -> Iterator[Note]:
        if size is not None:
            rows = self._ask(OF_SIZE, (log, size))
        elif not witnessed:
            rows = self._ask(LAST, (log,))
        else:
            rows = self._ask(COSIGNED, (log, self.policy.quorum)) if self.policy.quorum else []
        for body, signature, lines in rows:
            yield Note.read("\n".join((body, signature, *lines, "")))

    def key(self, log: Log = "record") -> Key:
        """The public key that a log is published under, as this database has it: nobody else vouches for it.

        Raises:
            NotInLedger: nothing was published yet.
        """
        found = self._ask(KEY, (log,))
        if not found:
            raise NotInLedger(f"The {log} log has published no checkpoint.")
        return Key.read(found[0][0])

    def cosign(self, origin: str, size: int, line: str) -> str:
        """Take in what a witness brings. Its name.

        Raises:
            NotInLedger: no such checkpoint was published.
            NotAWitness: it is the signature of no witness known here.
            Unsound: it is no signature at all.
        """
        log: Log = "access" if origin.endswith("/access") else "record"
        note = self.checkpoint(log, size=size)
        if note.checkpoint.origin != origin:
            raise NotInLedger(f"No log of the name {origin} is published here.")
        signature = Signature.read(line)
        witness = next((key.name for key in self.policy.witnesses if signature.by(key, note.checkpoint.text)), None)
        if witness is None:
            raise NotAWitness("This is not a cosignature of this checkpoint by a witness that is known here.")
        self._ask_nothing(COSIGN, (log, size, witness, line))
        return witness

    def _ask_nothing(self, query: LiteralString, params: Sequence[Any]) -> None:
        with self._asking() as connection:
            connection.execute(query, params)

    def standing(self, log: Log = "record") -> Standing:
        """How far a log has come."""
        covered = self._ask(COVERED, (log,))
        size, number, at = covered[0] if covered else (0, 0, None)
        ((waiting, since, waited, last),) = self._ask(WAITING[log], (number,))
        try:
            witnessed = self.checkpoint(log, witnessed=True).checkpoint.size
        except NotInLedger:
            witnessed = 0
        return Standing(size + waiting, size, witnessed, last or number, waiting, since, max(0.0, waited or 0.0), at)

    def covered(self, log: Log, size: int) -> int:
        """The number of the last entry that a checkpoint covers: the position of an event, or that of a look.

        Raises:
            NotInLedger: nothing of that size was published.
        """
        found = self._ask(NUMBER, (log, size))
        if not found:
            raise NotInLedger(f"The {log} log has published no checkpoint of size {size}.")
        return int(found[0][0])

    def ask_for_checkpoint(self) -> None:
        """Ask whoever publishes not to wait for the schedule. Nobody may be there to hear it."""
        self._ask_nothing("SELECT pg_notify('ledger', '')", ())

    # --- entries and tiles

    def entries(self, log: Log, first: int, upto: int) -> list[bytes]:
        """Entries by index, `upto` excluded: as witnesses are given them (record: `Step.packed`; access: the entry itself).

        Only of what is published: behind it an index is not settled yet, and what is told, or remembered, must stay true.
        """
        if not 0 <= first <= upto or upto - first > MOST_ENTRIES:
            raise ValueError(f"At most {MOST_ENTRIES} entries are told at once, from a lower index to a higher.")
        tile, skipped = divmod(first, WIDTH)
        after = 0
        if tile:
            ended = self._ask(TILE_END, (log, tile - 1))
            if not ended:
                (whole, after), *_ = self._ask(WHOLE, (log,))
                skipped = first - whole * WIDTH
            else:
                after = ended[0][0]
        if log == "access":
            return [hash_ for (hash_,) in self._ask(LOOKS, (after, skipped, upto - first))]
        rows = self._ask(STEPS, (after, skipped, upto - first))
        return [Step(key, place, previous or bytes(32), hash_).packed() for key, place, previous, hash_ in rows]

    def tile(self, log: Log, level: int, n: int) -> list[bytes]:
        """The hashes of a tile, as many as there are."""
        whole = self._ask(WHOLE_TILE, (log, level, n))
        if whole:
            packed = whole[0][0]
            return [packed[i : i + 32] for i in range(0, len(packed), 32)]
        if level:
            return [root for (root,) in self._ask(TILE_ROOTS, (log, level - 1, n * WIDTH, (n + 1) * WIDTH))]
        return [leaf_hash(entry) for entry in self.tile_entries(log, n)]

    def tile_entries(self, log: Log, n: int) -> list[bytes]:
        """The entries below a tile of level 0, as many as there are."""
        return [_entry(log, told) for told in self.entries(log, n * WIDTH, (n + 1) * WIDTH)]

    def _tile_of(self, log: Log) -> Callable[[int, int], list[bytes]]:
        return lambda level, n: self.tile(log, level, n)

    # --- proofs

    def index(self, log: Log, number: int) -> int:
        """The index of what stands at a position (access: of the look of this number).

        Raises:
            NotInLedger: nothing stands there.
        """
        if not self._ask(EXISTS[log], (number,)):
            raise NotInLedger(f"Nothing stands at {number} of the {log} log.")
        tile = self._ask(TILE_AT, (log, number))
        if tile:
            n, first = tile[0]
            before, base = first - 1, n * WIDTH
        else:
            (whole, before), *_ = self._ask(WHOLE, (log,))
            base = whole * WIDTH
        ((count,),) = self._ask(BETWEEN[log], (before, number))
        return int(base + count)

    def inclusion(self, log: Log, number: int, size: int) -> Included:
        """What shows that an entry is in the tree of a published size.

        Raises:
            NotInLedger: nothing stands there, it is not covered yet, or nothing of that size was published.
        """
        self.checkpoint(log, size=size)
        index = self.index(log, number)
        if index >= size:
            raise NotInLedger(f"What stands at {number} is recorded, but not covered by the checkpoint of size {size}.")
        (entry,) = self.entries(log, index, index + 1)
        return Included(index, size, _entry(log, entry), self.path(log, index, size))

    def path(self, log: Log, index: int, size: int) -> list[bytes]:
        """The path from a leaf to the root over `size` entries."""
        with self._alone:
            return self._trees[log].inclusion(index, size)

    def consistency(self, log: Log, first: int, size: int) -> list[bytes]:
        """What shows that a smaller published log is the beginning of a larger.

        Raises:
            NotInLedger: one of the sizes was not published.
        """
        if not 0 < first <= size:
            raise ValueError("A log can only be compared with what it became: from a lower size to a higher.")
        for published in (first, size):
            self.checkpoint(log, size=published)
        with self._alone:
            return self._trees[log].consistency(first, size)

    def root(self, log: Log, size: int) -> bytes:
        """The root over the first entries."""
        with self._alone:
            return self._trees[log].root(size)

    def stream(self, stream: str) -> tuple[bytes, bytes]:
        """The salt of a stream, and what stands for it where its name must not be told.

        Raises:
            NotInLedger: nothing of it is integrated yet.
        """
        found = self._ask(STREAM, (stream,))
        if not found:
            raise NotInLedger(f"Nothing of {stream} is in the ledger yet.")
        return found[0][0], found[0][1]

    def head(self, stream: str, size: int) -> tuple[Head, Proof]:
        """Where a stream stood at a published size, and what shows it."""
        _, key = self.stream(stream)
        with self._alone:
            heads = self._heads_at(size)
            return heads[key], heads.proof(key)

    def _heads_at(self, size: int) -> Heads:
        if self._heads is None or self._heads[0] != size:
            heads = Heads()
            for key, place, hash_ in self._ask(HEADS, (self.covered("record", size),)):
                heads.put(key, Head(place, hash_))
            self._heads = size, heads
        return self._heads[1]


def _entry(log: Log, told: bytes) -> bytes:
    return told if log == "access" else Step(told[:32], int.from_bytes(told[32:40], "big"), told[40:72], told[72:STEP_BYTES]).entry()
