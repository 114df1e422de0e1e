"""Everything recomputed from the stored bytes: chains, logs, maps of heads, checkpoints, and what stands beside them.

Nothing that is stored is believed: hashes are made again, and what was published, or kept by somebody else, is compared with them.
Every fault is told with its place; reading goes on behind it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow

from application.ledger.entries import LOGS, Log, blinded, entry_of, look_hash
from application.ledger.heads import Head, Heads
from application.ledger.notes import Key, Note, Policy, Signature, Unsound
from application.ledger.tree import WIDTH, Growing, folded, leaf_hash
from application.store.chain import ORIGIN, link

Connection = psycopg.Connection[TupleRow]
Told = Callable[[str, int, int], None]
"""Called with what is being read, how much was read and how much there is."""

PAGE = 1000

EVENTS: LiteralString = (
    "SELECT notification_id, originator_id, originator_version, topic, header, state, at, hash FROM events"
    " WHERE notification_id > %s ORDER BY notification_id LIMIT %s"
)
LOOKS: LiteralString = (
    "SELECT number, id::text, record, hash, at, person, view, outcome FROM looks WHERE number > %s ORDER BY number LIMIT %s"
)
SALTS: LiteralString = "SELECT stream, salt, blinded FROM ledger_streams"
TILES: LiteralString = "SELECT level, n, hashes, root, first, last FROM ledger_tiles WHERE log = %s ORDER BY level, n"
SEGMENTS: Mapping[str, LiteralString] = {
    "Segment {} does not hold the events that the rows hold.": """
        SELECT s.n FROM ledger_segments s JOIN ledger_tiles t ON t.log = 'record' AND t.level = 0 AND t.n = s.n
         CROSS JOIN LATERAL (
            SELECT array_agg(e.notification_id ORDER BY e.notification_id) AS positions,
                   string_agg(int4send(length(e.header)) || e.header || int4send(length(e.state)) || e.state || e.hash, ''::bytea
                              ORDER BY e.notification_id) AS events
              FROM events e WHERE e.notification_id BETWEEN t.first AND t.last) r
         WHERE (s.positions, s.events) IS DISTINCT FROM (r.positions, r.events) ORDER BY s.n LIMIT 100""",
    "Tile 0/{} of record has no segment beside it, or a segment no tile.": """
        SELECT coalesce(t.n, s.n) FROM (SELECT n FROM ledger_tiles WHERE log = 'record' AND level = 0) t
          FULL JOIN ledger_segments s ON s.n = t.n WHERE t.n IS NULL OR s.n IS NULL ORDER BY 1 LIMIT 100""",
}
"""What is kept of whole tiles beside their hashes."""

NOTES: LiteralString = (
    "SELECT c.size, c.number, c.body, c.signature, array(SELECT line FROM ledger_cosignatures s"
    " WHERE s.log = c.log AND s.size = c.size ORDER BY witness) FROM ledger_checkpoints c WHERE c.log = %s ORDER BY c.size"
)
BESIDE: Mapping[str, LiteralString] = {
    "The answer kept for a command is not where it says: {} {}..{}.": """
        SELECT c.stream, c.first, c.last
          FROM commands c LEFT JOIN events e ON e.originator_id = c.stream AND e.originator_version = c.last
         WHERE e.notification_id IS DISTINCT FROM c.position OR c.first > c.last ORDER BY c.position LIMIT 100""",
    "A label is kept for {}, which is no case that was opened.": (
        "SELECT l.stream FROM labels l LEFT JOIN events e ON e.originator_id = l.stream AND e.originator_version = 1"
        " WHERE e.topic IS DISTINCT FROM 'case-opened' ORDER BY l.stream LIMIT 100"
    ),
    "A document is kept for {}, of which there is no event.": (
        "SELECT DISTINCT d.stream FROM documents d WHERE NOT EXISTS (SELECT FROM events e WHERE e.originator_id = d.stream) LIMIT 100"
    ),
    "What look {} showed is kept for {} otherwise than it was recorded.": (
        "SELECT s.number, s.stream FROM look_streams s LEFT JOIN looks l ON l.number = s.number WHERE l.number IS NULL"
        " OR (s.person, s.outcome, s.at) IS DISTINCT FROM (l.person, l.outcome, l.at) ORDER BY s.number LIMIT 100"
    ),
}
"""Rows beside the record that do not fit it."""

COUNTS: LiteralString = "SELECT (SELECT count(*) FROM events), coalesce((SELECT sum(last - first + 1) FROM commands), 0)"


class _Header(msgspec.Struct, gc=False):
    v: int
    stream: str
    place: int
    name: str
    at: datetime


class _By(msgspec.Struct):
    person: str


class _Look(msgspec.Struct):
    v: int
    id: str
    by: _By
    view: str
    outcome: str
    at: datetime


_header = msgspec.json.Decoder(_Header).decode
_look = msgspec.json.Decoder(_Look).decode


@dataclass
class Findings:
    """What was read, and every fault with its place."""

    events: int = 0
    looks: int = 0
    streams: int = 0
    checkpoints: int = 0
    cosignatures: int = 0
    kept: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.faults


@dataclass(frozen=True)
class _Published:
    """A checkpoint to be compared, and what it is called where it does not fit."""

    note: Note
    called: str
    number: int | None = None


def check(
    connection: Connection, keys: Mapping[Log, Key] | None, policy: Policy, *, kept: Sequence[Note] = (), told: Told = lambda *_: None
) -> Findings:
    """Recompute everything. `keys`: those of the two logs, as they are known from elsewhere; `kept`: checkpoints that somebody kept."""
    found = Findings(kept=len(kept))
    for log in LOGS:
        entries = _Entries(found, log, _published(connection, log, keys, policy, kept, found))
        if log == "record":
            _events(connection, entries, told)
        else:
            _looks(connection, entries, told)
        entries.end()
        _tiles(connection, entries)
    _beside(connection, found)
    return found


def _published(
    connection: Connection, log: Log, keys: Mapping[Log, Key] | None, policy: Policy, kept: Sequence[Note], found: Findings
) -> dict[int, list[_Published]]:
    """By size, the checkpoints that are to fit the log; those whose signatures do not hold are told at once."""
    wanted: dict[int, list[_Published]] = defaultdict(list)
    origin = keys[log].name if keys else None
    for size, number, body, signature, lines in connection.execute(NOTES, (log,)):
        called = f"The checkpoint of {log} at {size}"
        found.checkpoints += 1
        try:
            note = Note.read(f"{body}\n{signature}\n" + "".join(f"{line}\n" for line in lines))
        except Unsound as error:
            found.faults.append(f"{called} cannot be read: {error}")
            continue
        if note.checkpoint.size != size:
            found.faults.append(f"{called} says that it is of size {note.checkpoint.size}.")
        if keys and not note.signed_by(keys[log]):
            found.faults.append(f"{called} is not signed by the key of {origin}.")
        for line in lines:
            found.cosignatures += 1
            cosigned = Signature.read(line)
            if policy.witnesses and not any(cosigned.by(key, note.checkpoint.text) for key in policy.witnesses):
                found.faults.append(f"{called} has a cosignature by {cosigned.name} that does not hold.")
        wanted[size].append(_Published(note, called, number))
    for note in kept:
        if note.checkpoint.origin.endswith(f"/{log}"):
            called = f"The checkpoint of {log} at {note.checkpoint.size} that was kept"
            if keys and not note.signed_by(keys[log]):
                found.faults.append(f"{called} is not signed by the key of {origin}: it says nothing.")
            else:
                wanted[note.checkpoint.size].append(_Published(note, called))
    return wanted


class _Entries:
    """One log as it is made again: its tree, its whole tiles, and for the record the heads of its streams."""

    def __init__(self, found: Findings, log: Log, wanted: dict[int, list[_Published]]) -> None:
        self.found, self.log, self._wanted = found, log, wanted
        self._tree = Growing()
        self._heads = Heads()
        self._moved: dict[bytes, Head] = {}
        self._level: list[bytes] = []
        self._first = self._number = 0
        self.tiles: dict[tuple[int, int], tuple[bytes, int | None, int | None]] = {}
        """By level and number: the SHA-256 of a whole tile's hashes followed by its root, and the numbers it begins and ends with."""
        self._roots: list[list[bytes]] = []

    def add(self, number: int, entry: bytes) -> None:
        """The next entry."""
        leaf = leaf_hash(entry)
        if not self._level:
            self._first = number
        self._level.append(leaf)
        self._tree.add(leaf)
        self._number = number
        if len(self._level) == WIDTH:
            self._whole()
        if self._tree.size in self._wanted:
            self._compare()

    def moved(self, key: bytes, head: Head) -> None:
        """A stream stands here now."""
        self._moved[key] = head

    def _whole(self) -> None:
        hashes, level, n = self._level, 0, self._tree.size // WIDTH - 1
        numbers: tuple[int | None, int | None] = (self._first, self._number)
        self._level = []
        while True:
            root = folded(hashes)
            self.tiles[level, n] = sha256(b"".join(hashes) + root).digest(), *numbers
            if len(self._roots) == level:
                self._roots.append([])
            self._roots[level].append(root)
            if len(self._roots[level]) < WIDTH:
                return
            hashes, self._roots[level] = self._roots[level], []
            level, n, numbers = level + 1, n // WIDTH, (None, None)

    def _compare(self) -> None:
        for published in self._wanted.pop(self._tree.size):
            checkpoint = published.note.checkpoint
            if checkpoint.root != self._tree.root():
                self.found.faults.append(
                    f"{published.called} has another root than the entries: one of them was altered, put in or taken out."
                )
            if published.number not in (None, self._number):
                self.found.faults.append(f"{published.called} says that it ends at {published.number}; it ends at {self._number}.")
            if self.log == "record":
                for key, head in self._moved.items():
                    self._heads.put(key, head)
                self._moved.clear()
                if checkpoint.heads != (len(self._heads), self._heads.root()):
                    self.found.faults.append(f"{published.called} has another map of heads than the entries: a stream would end elsewhere.")

    def end(self) -> None:
        """What was published beyond the last entry."""
        for size, published in sorted(self._wanted.items()):
            for each in published:
                missing = size - self._tree.size
                self.found.faults.append(f"{each.called} covers {missing} more than there are: the end of the log was cut off.")


def _pages(connection: Connection, query: LiteralString) -> Iterator[list[TupleRow]]:
    after = 0
    with connection.cursor(binary=True) as cursor:
        while rows := cursor.execute(query, (after, PAGE), prepare=True).fetchall():
            yield rows
            after = rows[-1][0]


def _events(connection: Connection, entries: _Entries, told: Told) -> None:
    found = entries.found
    count = _one(connection, "SELECT count(*) FROM events")
    salts = {stream: (salt, key) for stream, salt, key in connection.execute(SALTS)}
    for stream, (salt, key) in salts.items():
        if blinded(salt, stream) != key:
            found.faults.append(f"What stands for {stream} in the ledger is not made of its salt and name.")
    heads: dict[str, tuple[int, bytes]] = {}
    last = datetime.min.replace(tzinfo=UTC)
    for rows in _pages(connection, EVENTS):
        for position, stream, place, name, header, body, at, hash_ in rows:
            before, previous = heads.get(stream, (0, ORIGIN))
            if place != before + 1:
                missing = f"{before + 1}..{place - 1} are missing" if place > before else "it stands there twice"
                found.faults.append(f"{stream} {place} (position {position}): it follows place {before}; {missing}.")
                previous = previous if place > 1 else ORIGIN
            if link(previous, header, body) != hash_:
                found.faults.append(f"{stream} {place} (position {position}): its hash is not that of its bytes and the event before it.")
            if at < last:
                found.faults.append(f"{stream} {place} (position {position}): it was recorded before the event before it in the log.")
            last = at
            if what := _said(header, stream, place, name, at):
                found.faults.append(f"{stream} {place} (position {position}): {what}")
            heads[stream] = place, hash_
            known = salts.get(stream)
            if known is not None:
                entries.moved(known[1], Head(place, hash_))
                entries.add(position, entry_of(known[1], place, previous, hash_))
        found.events += len(rows)
        told("events", found.events, count)
    found.streams = len(heads)


def _said(header: bytes, stream: str, place: int, name: str, at: datetime) -> str | None:
    """What its header says that does not fit its row."""
    try:
        said = _header(header)
    except msgspec.DecodeError as error:
        return f"its header cannot be read: {error}."
    if said.v != 1:
        return f"it is of stored form {said.v}, which this version does not know."
    if said.stream != stream or said.place != place or said.name != name or said.at != at:
        return "its header says another stream, place, name or instant than its row."
    return None


def _looks(connection: Connection, entries: _Entries, told: Told) -> None:
    found = entries.found
    count = _one(connection, "SELECT count(*) FROM looks")
    for rows in _pages(connection, LOOKS):
        for number, identity, record, hash_, at, person, view, outcome in rows:
            if look_hash(record) != hash_:
                found.faults.append(f"Look {number}: its hash is not that of its bytes.")
            try:
                said = _look(record)
            except msgspec.DecodeError as error:
                found.faults.append(f"Look {number}: it cannot be read: {error}.")
            else:
                if (said.id, said.at, said.by.person, said.view, said.outcome) != (identity, at, person, view, outcome):
                    found.faults.append(f"Look {number}: it says another id, instant, person, view or outcome than its row.")
            entries.add(number, hash_)
        found.looks += len(rows)
        told("looks", found.looks, count)


def _tiles(connection: Connection, entries: _Entries) -> None:
    for level, n, hashes, root, first, last in connection.execute(TILES, (entries.log,)):
        made = entries.tiles.get((level, n))
        if made is None:
            entries.found.faults.append(f"Tile {level}/{n} of {entries.log} covers more than there is.")
        elif made != (sha256(hashes + root).digest(), first, last):
            entries.found.faults.append(f"Tile {level}/{n} of {entries.log} is not made of its entries.")


def _beside(connection: Connection, found: Findings) -> None:
    for sentence, query in [*SEGMENTS.items(), *BESIDE.items()]:
        found.faults += [sentence.format(*row) for row in connection.execute(query)]
    ((events, answered),) = connection.execute(COUNTS).fetchall()
    if events != answered:
        found.faults.append(f"There are {events} events, and answers to commands for {answered}.")


def _one(connection: Connection, query: LiteralString) -> Any:
    return next(iter(connection.execute(query)))[0]
