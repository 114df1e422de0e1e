"""Documents attached to a case: kept as sealed chunks under a key of their own, found by the SHA-256 of their bytes.

Every version has a digest of its own and stays; the same bytes again change nothing. What a command names by its digest need not
be held here: it may be on paper, or in another system.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from application.store.connections import Connections, StoreAway
from application.store.keys import Keys
from domain.language import Refused
from domain.people import PersonId

CHUNK = 256 * 1024
"""Bytes of the document in one sealed chunk: so much is in memory at a time."""

NONCE = 12
UNKNOWN = "application/octet-stream"
MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9][a-z0-9.+-]{0,100}")
EMPTY = hashlib.sha256().hexdigest()
UNFINISHED = "1 day"


class NoSuchDocument(Exception):
    """No document of this digest is held for this case."""


class DocumentDestroyed(Exception):
    """The key of this document was destroyed: only its digest and size are left."""


class DocumentBroken(Exception):
    """The chunks that are stored are not the document that was kept."""


@dataclass(frozen=True)
class Kept:
    """A document that is held. `again`: it was held before, and nothing changed."""

    digest: str
    size: int
    again: bool = False


@dataclass(frozen=True)
class Held:
    """What is held under a digest, and since when. `destroyed`: only this is left of it."""

    digest: str
    size: int
    media_type: str
    at: datetime
    destroyed: bool
    kept_by: PersonId


@dataclass(frozen=True)
class _Stored:
    """A row, and what its chunks are bound to."""

    stream: str
    digest: str
    upload: uuid.UUID
    size: int
    chunks: int
    media_type: str
    key: str
    at: datetime
    person: PersonId


class Documents:
    """The documents of all cases, over the record and its keys."""

    def __init__(self, url: str, keys: Keys) -> None:
        self._database = Connections(url, most=3, application="casetrail-documents")
        self._keys = keys

    async def open(self) -> None:
        await self._database.open()
        await self._sweep()

    async def close(self) -> None:
        await self._database.close()

    # --- keeping

    async def keep(self, stream: str, content: AsyncIterator[bytes], by: PersonId, media_type: str = UNKNOWN) -> Kept:
        """Keep the bytes as they arrive, for the case whose stream this is.

        Raises:
            Refused: there were none, or the document was destroyed before.
        """
        upload = uuid.uuid4()
        ((key_id, key),) = await self._keys.take(1)
        try:
            size, chunks, digest = await self._receive(stream, upload, key, content)
            if size == 0:
                raise Refused("The document is empty: there is nothing to keep (TOOL-12).")
            rows = await self._database.ask(
                "INSERT INTO documents (stream, digest, upload, size, chunks, media_type, key, person)"
                " VALUES (%b, %b, %b, %b, %b, %b, %b, %b) ON CONFLICT (stream, digest) DO NOTHING RETURNING upload",
                (stream, digest, upload, size, chunks, media_type if MEDIA_TYPE.fullmatch(media_type) else UNKNOWN, key_id, by),
            )
            first = bool(rows) or (await self._stored(stream, digest)).upload == upload  # asked again after a lost connection
        except BaseException:
            await self._discard(upload, key_id)
            raise
        if first:
            return Kept(digest, size)
        await self._discard(upload, key_id)
        if (await self.held(stream))[digest].destroyed:
            raise Refused("This document was disposed of, and is not kept here a second time (R-20).")
        return Kept(digest, size, again=True)

    async def _receive(self, stream: str, upload: uuid.UUID, key: bytes, content: AsyncIterator[bytes]) -> tuple[int, int, str]:
        """Seal and store the chunks, one behind what was read, so that the last is known as the last."""
        running = hashlib.sha256()
        size = number = 0
        waiting = b""
        async for chunk in _of_equal_size(content):
            if waiting:
                await self._store_chunk(stream, upload, number, waiting, key, running, last=False)
                number += 1
            size += len(chunk)
            waiting = chunk
        if waiting:
            await self._store_chunk(stream, upload, number, waiting, key, running, last=True)
        return size, number + 1, running.hexdigest()

    async def _store_chunk(
        self, stream: str, upload: uuid.UUID, number: int, chunk: bytes, key: bytes, running: hashlib._Hash, *, last: bool
    ) -> None:
        nonce = os.urandom(NONCE)
        bound = _bound_to(stream, upload, number, running.hexdigest(), last=last)
        running.update(chunk)
        await self._database.ask(
            "INSERT INTO document_chunks (upload, number, bytes) VALUES (%b, %b, %b) ON CONFLICT DO NOTHING",
            (upload, number, nonce + AESGCM(key).encrypt(nonce, chunk, bound)),
        )

    async def _discard(self, upload: uuid.UUID, key_id: str) -> None:
        """Remove an upload that became no document. Where it did after all, or cannot be removed now, it stays for the sweep."""
        with suppress(psycopg.Error, StoreAway):
            await self._database.ask("DELETE FROM document_chunks WHERE upload = %b", (upload,))
            await self._keys.destroy(key_id)

    async def _sweep(self) -> None:
        """Remove what was left of uploads that never ended."""
        await self._database.ask(
            "DELETE FROM document_chunks c WHERE NOT EXISTS (SELECT FROM documents d WHERE d.upload = c.upload)"
            " AND (SELECT max(l.at) FROM document_chunks l WHERE l.upload = c.upload) < clock_timestamp() - %b::text::interval",
            (UNFINISHED,),
        )

    # --- reading

    async def held(self, stream: str) -> dict[str, Held]:
        """What is held for a case, by digest, in the order kept."""
        rows = await self._database.ask(
            "SELECT digest, size, media_type, at, key, person FROM documents WHERE stream = %b ORDER BY at, digest", (stream,)
        )
        keys = await self._keys.get({row[4] for row in rows})
        return {
            digest: Held(digest, size, media, at, destroyed=keys.get(key) is None, kept_by=person)
            for digest, size, media, at, key, person in rows
        }

    async def fetch(self, stream: str, digest: str) -> tuple[Held, AsyncIterator[bytes]]:
        """A document and its bytes, each chunk checked before it is handed out, and the digest of the whole before the last.

        Raises:
            NoSuchDocument, DocumentDestroyed.
            DocumentBroken: at once, or while it is read.
        """
        stored = await self._stored(stream, digest)
        key = (await self._keys.get([stored.key]))[stored.key]
        if key is None:
            raise DocumentDestroyed
        chunks = self._opened(stored, key)
        first = await anext(chunks)  # what does not open fails before anything is answered
        return Held(digest, stored.size, stored.media_type, stored.at, destroyed=False, kept_by=stored.person), _chained(first, chunks)

    async def _opened(self, stored: _Stored, key: bytes) -> AsyncIterator[bytes]:
        running = hashlib.sha256()
        size = 0
        for number in range(stored.chunks):
            rows = await self._database.ask("SELECT bytes FROM document_chunks WHERE upload = %b AND number = %b", (stored.upload, number))
            last = number == stored.chunks - 1
            bound = _bound_to(stored.stream, stored.upload, number, running.hexdigest(), last=last)
            try:
                sealed = rows[0][0]
                chunk = AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound)
            except (InvalidTag, IndexError, ValueError):
                raise DocumentBroken(f"chunk {number} of {stored.chunks} does not open where it stands") from None
            running.update(chunk)
            size += len(chunk)
            if last and (running.hexdigest() != stored.digest or size != stored.size):
                raise DocumentBroken("the chunks are not the document of this digest")
            yield chunk

    async def destroy(self, stream: str, digests: Iterable[str] | None = None) -> None:
        """Destroy the keys of the documents of a case, or of these of them; what they were called is left."""
        rows = await self._database.ask("SELECT digest, key FROM documents WHERE stream = %b", (stream,))
        wanted = None if digests is None else set(digests)
        for digest, key in rows:
            if wanted is None or digest in wanted:
                await self._keys.destroy(key)

    async def _stored(self, stream: str, digest: str) -> _Stored:
        rows = await self._database.ask(
            "SELECT stream, digest, upload, size, chunks, media_type, key, at, person FROM documents WHERE stream = %b AND digest = %b",
            (stream, digest),
        )
        if not rows:
            raise NoSuchDocument
        return _Stored(*rows[0])


def _bound_to(stream: str, upload: uuid.UUID, number: int, before: str, *, last: bool) -> bytes:
    """What a chunk is sealed to: its place in this document, and the digest of everything before it. Moved, it does not open."""
    return f"document|{stream}|{upload}|{number}|{before}|{'last' if last else 'more'}".encode()


async def _of_equal_size(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    buffer = bytearray()
    async for piece in content:
        buffer += piece
        while len(buffer) >= CHUNK:
            yield bytes(buffer[:CHUNK])
            del buffer[:CHUNK]
    if buffer:
        yield bytes(buffer)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
