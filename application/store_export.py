"""The whole store as files that can be read without Casetrail (`docs/export.md`): everything as it is stored, sealed, and never a key.

Rows go from the database to the file one after the other, out of one snapshot; nothing is held in memory but one page.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from importlib import metadata, resources
from io import RawIOBase
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import TupleRow

from application.case_file.rules import shape
from domain.guidance import EDITIONS
from domain.language import EVENTS
from domain.working_days import SHIPPED

Connection = psycopg.Connection[TupleRow]
Told = Callable[[str, int, int], None]
"""Called with what is being written, how much was and how much there is."""

FORM = 1
"""Of the folder: what changes gets another."""

PAGE = 2000
AS_TEXT = ("header", "body", "record")
"""Columns of bytes that are JSON: written as text, which they are, byte for byte."""

EVENTS_IN_ORDER: LiteralString = "SELECT notification_id AS position, header, state AS body, hash FROM events ORDER BY notification_id"
NOTES: LiteralString = r"""
SELECT c.log, c.size, c.number, c.body || E'\n' || c.signature || E'\n' || coalesce(
       (SELECT string_agg(s.line || E'\n', '' ORDER BY s.witness) FROM ledger_cosignatures s WHERE (s.log, s.size) = (c.log, c.size)), ''
       ) AS note FROM ledger_checkpoints c ORDER BY c.log, c.size"""
STAMPS: LiteralString = "SELECT log, size, at, encode(response, 'base64') AS response FROM ledger_timestamps ORDER BY log, size"
DOCUMENTS: LiteralString = "SELECT stream, digest, upload, size, chunks, media_type, key, person, at FROM documents ORDER BY stream, digest"
CHUNKS: LiteralString = (
    "SELECT c.upload, c.number, encode(c.bytes, 'base64') AS bytes FROM document_chunks c"
    " WHERE EXISTS (SELECT FROM documents d WHERE d.upload = c.upload) ORDER BY c.upload, c.number"
)

FILES: Mapping[str, tuple[str, LiteralString]] = {
    "record": ("events", EVENTS_IN_ORDER),
    "looks": ("looks", "SELECT number, record, hash FROM looks ORDER BY number"),
    "ledger-streams": ("ledger_streams", "SELECT stream, salt, blinded FROM ledger_streams ORDER BY stream"),
    "checkpoints": ("ledger_checkpoints", NOTES),
    "timestamps": ("ledger_timestamps", STAMPS),
    "commands": ("commands", "SELECT command, request, stream, first, last, position FROM commands ORDER BY position"),
    "labels": ("labels", "SELECT partnership, folded, stream FROM labels ORDER BY partnership, folded"),
    "persons": ("persons", "SELECT person, name, since FROM persons ORDER BY person"),
    "posts": ("posts", "SELECT person, role, organisation, partnership, from_day, until_day FROM posts ORDER BY id"),
    "documents": ("documents", DOCUMENTS),
}
"""Each file by its name: the table it is of, and its rows in their order."""

BYTES_OF_DOCUMENTS = {"document-chunks": ("document_chunks", CHUNKS)}
MAY_READ: LiteralString = "SELECT to_regclass(%(table)s) IS NOT NULL AND has_table_privilege(%(table)s, 'SELECT')"
ADOPTED: LiteralString = "SELECT state FROM events WHERE topic = 'calendar-edition-adopted' ORDER BY notification_id"

README = """\
The record of a Casetrail store, to be read and checked without Casetrail.

Nothing here opens a sealed word: the keys lie elsewhere. MANIFEST has the SHA-256 of every file
(sha256sum --check MANIFEST). What each file holds is told in export.md, how hashes, chains and
the ledger are made in ledger.md, which events there are and what their fields mean in shapes/.
"""


class CannotExport(Exception):
    """It cannot be written there; the sentence says why."""


@dataclass
class Exported:
    """What was written: rows by file, and the files that this role may not read."""

    rows: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def export_store(
    connection: Connection, folder: Path, pages: Mapping[str, bytes], *, documents: bool = False, told: Told = lambda *_: None
) -> Exported:
    """Write everything that this role may read to an empty folder. `pages`: documents to lie beside it, by their names.

    Raises:
        CannotExport: the folder is not empty, or cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CannotExport(f"{folder} is not empty: an export is written to a folder of its own.")
        return _Export(connection, folder, told).everything(pages, documents)
    except OSError as error:
        raise CannotExport(f"The store cannot be written to {folder}: {error.strerror}.") from None


class _Export:
    def __init__(self, connection: Connection, folder: Path, told: Told) -> None:
        self._connection, self._folder, self._told = connection, folder, told
        self._digests: dict[str, str] = {}
        self._done = Exported()

    def everything(self, pages: Mapping[str, bytes], documents: bool) -> Exported:
        with self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for name, (table, query) in {**FILES, **(BYTES_OF_DOCUMENTS if documents else {})}.items():
                self._rows(name, table, query)
            for edition, holidays in sorted(self._calendars().items()):
                self._whole(f"calendars/{edition}.json", _json({"edition": edition, "holidays": holidays}))
            names = [name for (name,) in self._connection.execute("SELECT DISTINCT topic FROM events ORDER BY topic")]
            about = self._about(documents)
        for edition in sorted(EDITIONS):
            self._whole(f"procedures/{edition}.toml", resources.files("domain").joinpath("procedures", f"{edition}.toml").read_bytes())
        for name in names:
            if name in EVENTS:
                self._whole(f"shapes/{name}.json", shape(name))
        for name, content in pages.items():
            self._whole(name, content)
        self._whole("README.txt", README.encode())
        self._whole("store.json", _json(about))
        # last: without it the folder is not whole
        manifest = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._digests.items()))
        self._whole("MANIFEST", manifest.encode())
        return self._done

    def _rows(self, name: str, table: str, query: LiteralString) -> None:
        ((may_read,),) = self._connection.execute(MAY_READ, {"table": table}).fetchall()
        if not may_read:
            self._done.left_out.append(name)
            return
        ((count,),) = self._connection.execute(psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table))).fetchall()
        written = 0
        path = f"{name}.jsonl.gz"
        with _Hashed(self._open(path)) as file:
            with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
                for line in self._lines(query):
                    packed.write(line)
                    written += 1
                    if written % PAGE == 0:
                        self._told(name, written, count)
            self._digests[path] = file.digest()
        self._told(name, written, count)
        self._done.rows[name] = written

    def _lines(self, query: LiteralString) -> Iterator[bytes]:
        with self._connection.cursor(name="export", binary=True) as cursor:
            cursor.itersize = PAGE
            cursor.execute(query)
            columns = [column.name for column in cursor.description or ()]
            for row in cursor:
                yield _json({name: _said(name, value) for name, value in zip(columns, row, strict=True)}, line=True)

    def _calendars(self) -> dict[str, list[str]]:
        found = {edition: sorted(day.isoformat() for day in calendar.holidays) for edition, calendar in SHIPPED.items()}
        for (body,) in self._connection.execute(ADOPTED):
            adopted = msgspec.json.decode(body)
            found[adopted["edition"]] = sorted(adopted["holidays"])
        return found

    def _about(self, documents: bool) -> dict[str, Any]:
        one = self._connection.execute
        ((end, now),) = one("SELECT coalesce(max(notification_id), 0), now() FROM events").fetchall()
        return {
            "form": FORM,
            "casetrail": metadata.version("casetrail"),
            "made_at": _said("at", now),
            "position": end,
            "marks": [mark for (mark,) in one("SELECT mark FROM store_marks ORDER BY mark")],
            "ledger_keys": dict(one("SELECT log, key FROM ledger_logs ORDER BY log").fetchall()),
            "rows": self._done.rows,
            "left_out": [*self._done.left_out, *([] if documents else ["document-chunks"])],
        }

    def _whole(self, path: str, content: bytes) -> None:
        with _Hashed(self._open(path)) as file:
            file.write(content)
            self._digests[path] = file.digest()

    def _open(self, path: str) -> int:
        target = self._folder / path
        target.parent.mkdir(mode=0o700, exist_ok=True)
        return os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


class _Hashed(RawIOBase):
    """A file for its owner alone that knows the hash of what was written to it."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._file = os.fdopen(descriptor, "wb")
        self._hash = sha256()

    def write(self, content: Any) -> int:
        self._hash.update(content)
        return self._file.write(content)

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def digest(self) -> str:
        return self._hash.hexdigest()


def _said(name: str, value: Any) -> Any:
    """A value as JSON has it: stored JSON as the very text, other bytes in hex, instants in UTC."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode() if name in AS_TEXT else bytes(value).hex()
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date | UUID):
        return str(value)
    return value.replace("\n", "") if name in ("response", "bytes") else value


def _json(value: Any, *, line: bool = False) -> bytes:
    compact = (",", ":") if line else None
    return json.dumps(value, ensure_ascii=False, separators=compact, indent=None if line else 1).encode() + b"\n"


__all__ = ["FILES", "CannotExport", "Exported", "export_store"]
