"""A folder that holds everything of one local server and lets nobody else in."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from interfaces.postgres_binaries import LocalPostgresError, barrier


def state_folder(environ: Mapping[str, str]) -> Path:
    """Where local data goes by default: for root where the server's account can follow, else where the person's own state lies."""
    if os.geteuid() == 0:
        return Path("/var/lib/casetrail")
    state = environ.get("XDG_STATE_HOME", "")
    return (Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state") / "casetrail"


def claim(folder: Path, account: pwd.struct_passwd | None, ours: frozenset[str]) -> None:
    """Make the folder, or see that it is ours, empty or holding only the names in `ours`; its parents keep their modes."""
    if account and (step := barrier(next(parent for parent in folder.parents if parent.exists()), account)):
        raise LocalPostgresError(
            f"As root, PostgreSQL runs as {account.pw_name}, who may not enter {step}: choose a data folder elsewhere."
        )
    try:
        _make(folder)
        found = folder.stat()
        mine = account.pw_uid if account else os.geteuid()
        fresh = found.st_uid == os.geteuid() and not any(folder.iterdir())
    except (FileExistsError, NotADirectoryError):
        raise LocalPostgresError(f"{folder} is not a folder.") from None
    except PermissionError:
        there = next(step for step in (folder, *folder.parents) if os.access(step, os.F_OK))
        raise LocalPostgresError(f"{there} belongs to {_owner(there)}: choose another data folder.") from None
    if found.st_uid != mine and not fresh:
        raise LocalPostgresError(
            f"{folder} belongs to {_owner(folder)}, and this PostgreSQL would run as {_name(mine)}: choose another data folder."
        )
    if not any(name in ours for name in os.listdir(folder)) and (foreign := os.listdir(folder)):
        raise LocalPostgresError(f"{folder} holds other things, such as {foreign[0]}: choose an empty data folder, or a new one.")
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    folder.chmod(0o700)


def open_privately(path: Path, flags: int) -> int:
    """A file that only its owner can read, never reached through a link that someone has laid in its place."""
    try:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except PermissionError:
        raise LocalPostgresError(f"{path} belongs to {_owner(path)}: choose another data folder.") from None


def _make(folder: Path) -> None:
    """Only folders made here get a mode; as root they let others pass through, for the server's account must."""
    if folder.is_dir():
        return
    _make(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            folder.chmod(0o711)


def _owner(path: Path) -> str:
    try:
        return _name(path.stat().st_uid)
    except OSError:
        return "someone else"


def _name(uid: int) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"
