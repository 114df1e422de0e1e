"""The keys that personal words are sealed under: one per person, one per free-text field, in a database of their own.

A key is 32 random bytes, kept only wrapped: under a key-encryption key that stands in a file outside the data folder, or with
whoever else can `wrap` and `unwrap`. Destroying a key is what erasing means here; its id stays, so that it is never made again.
No transaction spans keys and events: a key is durable before anything is sealed under it, and one never used harms nobody.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import stat
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding, aes_key_wrap_with_padding

from application.store.connections import Connections

KEY_BYTES = 32
BLOCK, BLOCK_MOST = 64, 4096


class KeysUnfit(Exception):
    """The key file, or what it should open, cannot be used; the sentence says why."""


class KeyDestroyed(Exception):
    """The key of this person was destroyed: nothing more can be written about them."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The personal data of {key} was erased: nothing more can be recorded under that key.")
        self.key = key


class KeyWrapper(Protocol):
    """Wraps data keys under a key-encryption key (RFC 5649 in the file provider; a key management service may stand here)."""

    def wrap(self, key: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes) -> bytes: ...


class KeyFile:
    """The key-encryption key in a file of its owner alone (0600), outside the data folder. Created where it is missing."""

    def __init__(self, path: Path, *, outside: Path | None = None) -> None:
        """Read or create the file.

        Raises:
            KeysUnfit: it stands in the data folder, belongs to somebody else, others may read it, or it is no key.
        """
        self.path = Path(os.path.abspath(path))
        self._key = kept_secret(path, outside=outside)

    def wrap(self, key: bytes) -> bytes:
        return aes_key_wrap_with_padding(self._key, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        try:
            return aes_key_unwrap_with_padding(self._key, wrapped)
        except (InvalidUnwrap, ValueError):
            raise KeysUnfit(f"{self.path} is not the key file that these keys were wrapped under.") from None


def kept_secret(path: Path, *, outside: Path | None = None) -> bytes:
    """The 32 random bytes in a file of its owner alone (0600), outside the data folder. Created where it is missing.

    Raises:
        KeysUnfit: it stands in the data folder, belongs to somebody else, others may read it, or it holds something else.
    """
    path = Path(os.path.abspath(path))
    if outside is not None and path.resolve().is_relative_to(outside.resolve()):
        raise KeysUnfit(f"{path} lies in the data folder: whoever copies the data would have the key as well. Keep it elsewhere.")
    if not os.path.lexists(path):
        _create(path)
    return _read(path)


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(KEY_BYTES).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # whole or not at all, also when two start at once
        except FileExistsError:
            return
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        os.unlink(draft)


def _read(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as wrong:
        raise KeysUnfit(f"The key file {path} cannot be opened: {wrong.strerror}.") from None
    about = os.fstat(handle)
    if not stat.S_ISREG(about.st_mode):
        os.close(handle)
        raise KeysUnfit(f"{path} is not a file.")
    with os.fdopen(handle, "rb") as file:
        if about.st_uid != os.geteuid():
            raise KeysUnfit(f"The key file {path} belongs to somebody else.")
        if about.st_mode & 0o077:
            raise KeysUnfit(f"The key file {path} can be read by others ({stat.filemode(about.st_mode)}): run chmod 600 on it.")
        text = file.read(1024)
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeysUnfit(f"{path} holds no key: {KEY_BYTES} bytes in hexadecimal are expected.")
    return key


class Keys:
    """Data keys by id: made before they are needed, fetched many at once, remembered for a short time."""

    def __init__(self, url: str, wrapper: KeyWrapper, *, remember: float = 30.0) -> None:
        self.url = url
        self._database = Connections(url, most=2, application="casetrail-keys")
        self._wrapper = wrapper
        self._remember = remember
        self._known: dict[str, tuple[float, bytes | None]] = {}
        self._stock: list[tuple[str, bytes]] = []
        self._block = BLOCK
        self._minting: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, and make sure that the wrapper opens what is here.

        Raises:
            KeysUnfit: the keys here were wrapped under another key-encryption key.
        """
        await self._database.open()
        await self.secret("blind-index")

    async def close(self) -> None:
        if self._minting is not None:
            await asyncio.gather(self._minting, return_exceptions=True)
        await self._database.close()

    async def get(self, ids: Iterable[str]) -> dict[str, bytes | None]:
        """The keys of these ids in one question. None where the key was destroyed, or is not known here."""
        now = time.monotonic()
        found: dict[str, bytes | None] = {}
        wanted: list[str] = []
        for id_ in ids:
            known = self._known.get(id_)
            if known is not None and known[0] > now:
                found[id_] = known[1]
            else:
                wanted.append(id_)
        if wanted:
            rows = await self._database.ask("SELECT id, wrapped FROM keys WHERE id = ANY(%b::text[])", (wanted,))
            fetched = dict.fromkeys(wanted) | {id_: None if wrapped is None else self._wrapper.unwrap(wrapped) for id_, wrapped in rows}
            self._keep(fetched)
            found |= fetched
        return found

    async def of_persons(self, persons: Iterable[str]) -> dict[str, bytes]:
        """The keys of these persons, made now where one has none. The id of a person's key is that of the person.

        Raises:
            KeyDestroyed: a person among them was erased.
        """
        persons = dict.fromkeys(persons)
        found = await self.get(persons)
        missing = [person for person, key in found.items() if key is None]
        if missing:
            await self._database.ask(
                "INSERT INTO keys (id, wrapped) SELECT * FROM unnest(%b::text[], %b::bytea[]) ON CONFLICT (id) DO NOTHING RETURNING id",
                (missing, [self._wrapper.wrap(secrets.token_bytes(KEY_BYTES)) for _ in missing]),
            )
            self.forget(*missing)
            found |= await self.get(missing)
        held: dict[str, bytes] = {}
        for person, key in found.items():
            if key is None:
                raise KeyDestroyed(person)
            held[person] = key
        return held

    async def secret(self, name: str) -> bytes:
        """A key of the store itself, such as that of the blind index."""
        return (await self.of_persons([name]))[name]

    async def take(self, n: int) -> Sequence[tuple[str, bytes]]:
        """n fresh keys for n fields of free text, already durable, each handed out once."""
        stock = self._stock
        while len(stock) < n:
            minting = self._minting
            if minting is None or minting.done():
                self._block = min(max(2 * self._block, n), BLOCK_MOST)  # asked for faster than made
                minting = self._mint_more()
            await asyncio.shield(minting)
        taken = stock[-n:]
        del stock[-n:]
        if len(stock) < self._block // 2 and (self._minting is None or self._minting.done()):
            self._mint_more()
        return taken

    async def destroy(self, key: str) -> bool:
        """Destroy a key for good. False where it was destroyed before, or never made.

        Other processes may still remember it for the short time they remember keys at all.
        """
        done = await self._database.ask(
            "UPDATE keys SET wrapped = NULL, destroyed_at = clock_timestamp() WHERE id = %b AND wrapped IS NOT NULL RETURNING id", (key,)
        )
        self.forget(key)
        return bool(done)

    def forget(self, *ids: str) -> None:
        """Drop keys from memory."""
        for id_ in ids:
            self._known.pop(id_, None)

    def _keep(self, keys: Mapping[str, bytes | None]) -> None:
        if len(self._known) > 20_000:
            self._known.clear()
        until = time.monotonic() + self._remember
        for id_, key in keys.items():
            self._known[id_] = until, key

    def _mint_more(self) -> asyncio.Task[None]:
        self._minting = asyncio.create_task(self._mint(self._block))
        # Ahead of need nobody waits for it: a failure is told to whoever finds the stock empty.
        self._minting.add_done_callback(lambda task: None if task.cancelled() else task.exception() and None)
        return self._minting

    async def _mint(self, n: int) -> None:
        block = secrets.token_hex(8)
        fresh = secrets.token_bytes(KEY_BYTES * n)
        keys = [fresh[i : i + KEY_BYTES] for i in range(0, len(fresh), KEY_BYTES)]
        wrapped = [self._wrapper.wrap(key) for key in keys]
        (size,) = set(map(len, wrapped))
        await self._database.ask(
            "INSERT INTO keys (id, wrapped)"
            " SELECT 'text-' || %b || '-' || i, substring(%b::bytea FROM i * %b + 1 FOR %b) FROM generate_series(0, %b - 1) i",
            (block, b"".join(wrapped), size, size, n),
        )
        self._stock[:0] = [(f"text-{block}-{i}", key) for i, key in enumerate(keys)]
