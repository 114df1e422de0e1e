"""A witness: whoever keeps the last checkpoint they saw, follows the log themselves, and cosigns only what continues it.

What a witness knows is a tree and a map of heads of its own, made from the entries it was given and from nothing else. It is kept
before a cosignature leaves, so that one who is killed in between never signs two histories.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from application.ledger.entries import LOGS, Log, Step
from application.ledger.heads import Head, Heads
from application.ledger.notes import Checkpoint, Key, Note
from application.ledger.tree import Growing, Unproved, check_consistency, leaf_hash

REMEMBERED = 1000
"""Roots of so many earlier checkpoints are remembered, to compare with what one log says of the other."""


class Refusing(Exception):
    """The log does not continue what this witness saw: the sentence says where. `note` is what was offered."""

    def __init__(self, why: str, note: Note | None = None) -> None:
        super().__init__(why)
        self.note = note


class Source(Protocol):
    """Where a log is published."""

    def checkpoint(self, log: Log) -> Note | None:
        """The last checkpoint; None before there is one."""

    def entries(self, first: int, upto: int) -> Iterable[Step]:
        """The entries of the record from one index to another, `upto` excluded."""

    def consistency(self, first: int, size: int) -> Sequence[bytes]:
        """What shows that the access log of one size is the beginning of that of another."""


class Kept(msgspec.Struct, frozen=True):
    """What a witness keeps, as it is written to disk."""

    size: int = 0
    peaks: tuple[str, ...] = ()
    heads: tuple[tuple[str, int, str], ...] = ()
    access: tuple[int, str] = (0, "")
    roots: dict[str, str] = {}
    seen: dict[str, str] = {}
    """By log, the last note cosigned."""


@dataclass
class Witness:
    """What one witness knows of one pair of logs, whose keys it was told by other means."""

    keys: dict[Log, Key]
    tree: Growing = field(default_factory=Growing)
    heads: Heads = field(default_factory=Heads)
    access: tuple[int, bytes] = (0, b"")
    roots: dict[str, bytes] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)

    @classmethod
    def again(cls, keys: dict[Log, Key], kept: Kept) -> Witness:
        """A witness as it was kept."""
        heads = Heads()
        for blinded, place, hash_ in kept.heads:
            heads.put(bytes.fromhex(blinded), Head(place, bytes.fromhex(hash_)))
        return cls(
            keys, Growing(kept.size, map(bytes.fromhex, kept.peaks)), heads, (kept.access[0], bytes.fromhex(kept.access[1])),
            {of: bytes.fromhex(root) for of, root in kept.roots.items()}, dict(kept.seen),
        )  # fmt: skip

    def kept(self) -> Kept:
        """What has to be known to go on later."""
        return Kept(
            self.tree.size,
            tuple(peak.hex() for peak in self.tree.peaks),
            tuple((blinded.hex(), head.place, head.hash.hex()) for blinded, head in self.heads),
            (self.access[0], self.access[1].hex()),
            {of: root.hex() for of, root in self.roots.items()},
            self.seen,
        )

    def look(self, source: Source) -> list[Note]:
        """Follow both logs to their last checkpoints. Those that are new and continue what was seen, to be cosigned.

        Raises:
            Refusing: one does not. What this object knows is then of no more use.
        """
        return [note for log in reversed(LOGS) if (note := self._looked(log, source)) is not None]

    def _looked(self, log: Log, source: Source) -> Note | None:
        note = source.checkpoint(log)
        if note is None:
            if self._size(log):
                raise Refusing(f"The {log} log is gone: {self._size(log)} entries were seen, and now there is no checkpoint.")
            return None
        checkpoint = note.checkpoint
        key = self.keys[log]
        if checkpoint.origin != key.name:
            raise Refusing(f"This is a checkpoint of {checkpoint.origin}; that of {key.name} was expected.", note)
        if not note.signed_by(key):
            raise Refusing(f"This checkpoint is not signed by the key of {key.name} that this witness was told.", note)
        if checkpoint.size < self._size(log):
            raise Refusing(
                f"The {log} log has become shorter: {self._size(log)} entries were seen, and now there are {checkpoint.size}.", note
            )
        again = checkpoint.size == self._size(log)
        try:
            if log == "record":
                self._follow(checkpoint, source)
            else:
                self._compare(checkpoint, source)
            self._agree_on_the_other(checkpoint)
        except Refusing as refusing:
            raise Refusing(str(refusing), note) from None
        self.roots[f"{log} {checkpoint.size}"] = checkpoint.root
        while len(self.roots) > REMEMBERED:
            del self.roots[next(iter(self.roots))]
        if again:
            return None
        self.seen[log] = note.text
        return note

    def _size(self, log: Log) -> int:
        return self.tree.size if log == "record" else self.access[0]

    def _follow(self, checkpoint: Checkpoint, source: Source) -> None:
        """Add every new entry to the tree and the map, and compare both roots."""
        for step in source.entries(self.tree.size, checkpoint.size):
            head = self.heads[step.blinded]
            if step.place != head.place + 1:
                raise Refusing(f"Entry {self.tree.size} is place {step.place} of a stream whose last place is {head.place}.")
            if step.previous != head.hash:
                raise Refusing(f"Entry {self.tree.size} does not follow the last event of its stream.")
            self.tree.add(leaf_hash(step.entry()))
            self.heads.put(step.blinded, Head(step.place, step.hash))
        if self.tree.size != checkpoint.size:
            raise Refusing(f"The checkpoint says {checkpoint.size} entries, and {self.tree.size} were given.")
        if self.tree.root() != checkpoint.root:
            raise Refusing(f"The record log of {checkpoint.size} entries does not continue what was seen: it is a fork, or was altered.")
        if checkpoint.heads != (len(self.heads), self.heads.root()):
            raise Refusing(f"The map of heads at {checkpoint.size} entries is not that of the entries: an event would be hidden by it.")

    def _compare(self, checkpoint: Checkpoint, source: Source) -> None:
        size, root = self.access
        if size:
            try:
                path = source.consistency(size, checkpoint.size) if size < checkpoint.size else ()
                check_consistency(size, checkpoint.size, path, root, checkpoint.root)
            except Unproved as error:
                raise Refusing(f"The access log does not continue what was seen: {error}.") from None
        self.access = checkpoint.size, checkpoint.root

    def _agree_on_the_other(self, checkpoint: Checkpoint) -> None:
        """What one log says of the other must be what this witness saw of it."""
        if checkpoint.other is None:
            return
        log, size, root = checkpoint.other
        if self.roots.get(f"{log} {size}", root) != root:
            raise Refusing(f"The checkpoint names another root of the {log} log of {size} entries than was seen.")
