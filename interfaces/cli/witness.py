"""`casetrail witness`: what a partner runs, apart from the service, to be sure that it shows everybody one history."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import msgspec
from rich.console import Console
from rich.text import Text

from application.ledger.entries import LOGS, STEP_BYTES, Log, Step, steps
from application.ledger.notes import Key, Note, Signer, Unsound
from application.ledger.reading import MOST_ENTRIES
from application.ledger.witnessing import Kept, Refusing, Witness
from application.store.keys import kept_secret
from interfaces.cli.saying import CannotDo

PAGE = MOST_ENTRIES // 8
LARGEST = 16 * 1024 * 1024


class Away(Exception):
    """The service could not be asked just now; nothing is wrong with the log for all we know."""


class RefusedBefore(Exception):
    """This witness refused a log, and goes on refusing it until a person has looked into it."""


class Published:
    """A log as the service publishes it."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.Client(base_url=url.rstrip("/") + "/api/v1/ledger", timeout=30.0)

    def checkpoint(self, log: Log) -> Note | None:
        """The last checkpoint."""
        answer = self._get("/checkpoint", {"log": log}, missing=True)
        try:
            return None if answer is None else Note.read(answer.decode())
        except UnicodeDecodeError:
            raise Unsound("This is not a signed note: it is not in UTF-8.") from None

    def entries(self, first: int, upto: int) -> Iterator[Step]:
        """The entries, a page at a time."""
        for at in range(first, upto, PAGE):
            end = min(at + PAGE, upto)
            answer = self._get("/entries", {"from": str(at), "to": str(end)})
            if answer is None or len(answer) != (end - at) * STEP_BYTES:
                raise Refusing(f"Entries {at} to {end} were asked for, and not so many were given.")
            yield from steps(answer)

    def consistency(self, first: int, size: int) -> Sequence[bytes]:
        """The proof between two sizes of the access log."""
        answer = self._get("/consistency", {"log": "access", "from": str(first), "to": str(size)}, missing=True)
        if answer is None:
            raise Refusing(f"The access log cannot show that its {first} entries are the beginning of its {size}.")
        try:
            return [bytes.fromhex(step) for step in json.loads(answer)["path"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Refusing("The proof that the access log continues cannot be read.") from None

    def bring(self, origin: str, size: int, line: str) -> None:
        """Give the service a cosignature.

        Raises:
            Away: it did not take it.
        """
        try:
            answer = self._client.post("/cosignatures", json={"origin": origin, "size": size, "line": line})
        except httpx2.HTTPError as error:
            raise Away(f"the cosignature could not be brought ({type(error).__name__})") from None
        if answer.status_code == 403:
            raise CannotDo("The service does not know this witness: its key has to stand in CASETRAIL_WITNESSES there.")
        if answer.status_code != 200:
            raise Away(f"the cosignature was answered with {answer.status_code}")

    def _get(self, path: str, asked: dict[str, str], *, missing: bool = False) -> bytes | None:
        content = b""
        try:
            with self._client.stream("GET", path, params=asked) as answer:
                if answer.status_code == 404 and missing:
                    return None
                if answer.status_code != 200:
                    raise Away(f"the service answered {answer.status_code}")
                for part in answer.iter_bytes(65536):
                    content += part
                    if len(content) > LARGEST:
                        raise Away(f"the service answered with more than {LARGEST // 1024 // 1024} MiB")
        except httpx2.HTTPError as error:
            raise Away(f"the service cannot be reached ({type(error).__name__})") from None
        return content


class Folder:
    """Where a witness keeps its key, the keys of the logs, what it saw, and what it refused."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def signer(self, name: str) -> Signer:
        """The witness's own key, made where it is missing. Its name is for good."""
        named = self._file("name")
        if named is not None and named.strip() != name:
            raise CannotDo(f"This folder is that of the witness {named.strip()}.")
        self._write("name", name + "\n")
        return Signer("witness", name, kept_secret(self.path / "key"))

    def trusted(self, told: Sequence[str]) -> dict[Log, Key]:
        """The keys of the two logs, as they were told the first time."""
        known = self._file("log-keys")
        if known is None:
            if len(told) != 2:
                raise CannotDo("The first time, say which keys the two logs have: --log-key twice, as `casetrail ledger keys` tells them.")
            known = "".join(f"{text}\n" for text in told)
        elif told and {*told} != {*known.split()}:
            raise CannotDo("These are not the keys that this witness was told the first time. If they changed, begin with another folder.")
        keys = [Key.read(text) for text in known.split()]
        named: dict[Log, Key] = {log: key for log in LOGS for key in keys if key.kind == "log" and key.name.endswith(f"/{log}")}
        if len(named) != 2:
            raise CannotDo("The keys are to be those of a record log and of an access log.")
        self._write("log-keys", known)
        return named

    def witness(self, keys: dict[Log, Key]) -> Witness:
        """The witness as it was kept.

        Raises:
            RefusedBefore: until somebody has looked into it and taken the evidence away.
        """
        refused = self._file("refused.txt")
        if refused is not None:
            raise RefusedBefore(refused.splitlines()[0])
        kept = self._file("seen.json")
        return Witness.again(keys, msgspec.json.decode(kept, type=Kept) if kept else Kept())

    def keep(self, witness: Witness) -> None:
        """What the witness knows now, durably."""
        self._write("seen.json", msgspec.json.encode(witness.kept()).decode())

    def refuse(self, refusing: Refusing, before: str) -> None:
        """The reason, what was offered, and what was seen before: the evidence of a fork."""
        offered = refusing.note.text if refusing.note else "(nothing)\n"
        self._write("refused.txt", f"{refusing}\n\nOffered:\n\n{offered}\nSeen before:\n\n{before or '(nothing)'}\n")

    def _file(self, name: str) -> str | None:
        path = self.path / name
        return path.read_text() if path.exists() else None

    def _write(self, name: str, text: str) -> None:
        draft = self.path / f".{name}.{secrets.token_hex(4)}"
        with draft.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path / name)
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def run(
    console: Console, url: str, folder: Folder, name: str, log_keys: Sequence[str], *, once: bool, every: float,
    now: Callable[[], datetime] = lambda: datetime.now(UTC), sleep: Callable[[float], None] = time.sleep,
) -> int:  # fmt: skip
    """Look, cosign, and again until stopped. 0: all that was seen continues; 1: refused; 3: once, and the service was away."""
    signer, keys, source = folder.signer(name), folder.trusted(log_keys), Published(url)
    brought: dict[str, int] = {}
    while True:
        try:
            _look(console, source, folder, signer, keys, brought, now)
        except RefusedBefore as before:
            _say(console, f"This witness refused before, and goes on refusing: {before} The evidence is in {folder.path / 'refused.txt'}.")
            return 1
        except Refusing as refusing:
            _say(console, f"REFUSED: {refusing} The evidence is kept in {folder.path / 'refused.txt'}. Tell the other partners.")
            return 1
        except Away as away:
            _say(console, f"Not now: {away}.")
            if once:
                return 3
        else:
            if once:
                return 0
        sleep(every)


def _look(
    console: Console, source: Published, folder: Folder, signer: Signer, keys: dict[Log, Key], brought: dict[str, int],
    now: Callable[[], datetime],
) -> None:  # fmt: skip
    witness = folder.witness(keys)
    before = "\n".join(witness.seen.values())
    try:
        witness.look(source)
    except (Refusing, Unsound) as found:
        refusing = found if isinstance(found, Refusing) else Refusing(str(found))
        folder.refuse(refusing, before)
        raise refusing from None
    folder.keep(witness)  # before anything leaves: one who is killed here never signs another history
    for text in witness.seen.values():
        checkpoint = Note.read(text).checkpoint
        if brought.get(checkpoint.origin) == checkpoint.size:
            continue
        source.bring(checkpoint.origin, checkpoint.size, signer.cosign(checkpoint.text, now()))
        brought[checkpoint.origin] = checkpoint.size
        heads = f", {checkpoint.heads[0]} streams" if checkpoint.heads else ""
        _say(console, f"Cosigned {checkpoint.origin} at {checkpoint.size} entries{heads}.")


def _say(console: Console, sentence: str) -> None:
    console.print(Text(sentence), soft_wrap=True)
