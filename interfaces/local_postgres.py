"""A PostgreSQL of our own, for trial, rehearsal and tests, on a machine that has none.

Whatever is recorded here may be about a child, so the server is held tightly:
- it listens on no network, only on a socket inside the one folder that holds all it has, and that only its account may enter;
- every login needs a password, made at random for this folder;
- it lives no longer than the process that owns it: kill that process and the server shuts down by itself (on Linux).

Whoever takes the lock on `owner.lock` owns the server. Others join it; a programme that means to stay (`own`) never joins a
server that a short command will take away again. For Linux and macOS. In production Casetrail is given a database by address.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from interfaces.postgres_binaries import (
    ENVIRONMENT,
    LocalPostgresError,
    account_of_the_server,
    find_binaries,
    major,
    within_reach,
)
from interfaces.private_folder import claim, open_privately, state_folder

__all__ = ["LocalPostgres", "LocalPostgresError", "find_binaries", "state_folder"]

LONGEST_SOCKET_PATH = 90  # bytes; systems allow 103 to 107, and a path that fits here should fit on the next machine too
LARGEST_LOG = 10_000_000  # bytes; a start with more begins anew
PR_SET_PDEATHSIG = 1

OURS = frozenset({"owner.lock", "password"})  # a folder that holds other things and none of these is not ours to fill
FASTER_THAN_SAFE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "checkpoint_timeout=1h", "max_wal_size=2GB")
OPTIONS = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=200",
    "shared_buffers=128MB",
    "timezone=UTC",
    "log_min_error_statement=panic",  # a failing statement may hold personal words: they do not belong in a log
    "log_error_verbosity=terse",  # nor does the row it failed on
)


class LocalPostgres:
    """The server whose data, socket, password and log all lie in the folder `home`.

    `patience` is how long, in seconds, a start may wait for repair after a crash or for another owner to leave.
    `say` is told in a sentence what takes time. `fsync=False` is for tests: fast, and a power cut loses the data.
    """

    superuser = "postgres"
    port = 5432  # part of the socket's name; nothing listens on the network

    def __init__(
        self,
        home: Path,
        *,
        binaries: Path | None = None,
        fsync: bool = True,
        patience: float = 300,
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self.home = Path(os.path.abspath(home))
        self.socket = self.home
        self.data = self.home / "data"
        self.log = self.home / "server.log"
        self._binaries = binaries
        self._fsync = fsync
        self._patience = patience
        self._say = say
        self._account = account_of_the_server()
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._last_answer = ""

    def start(self) -> LocalPostgres:
        """Start the server, or join it if another process owns it already."""
        if self._runs():
            return self
        self._prepare_home()
        for _ in self._while_waiting("Waiting for PostgreSQL, which another process is starting or stopping"):
            if self._take_ownership():
                return self._launch()
            if self._answers():
                return self
        raise LocalPostgresError(f"{self._owner()} owns the PostgreSQL in {self.home}, which does not answer. {self._last_answer}".strip())

    def own(self) -> LocalPostgres:
        """Start the server as its owner, waiting until any other owner has left: for programmes that mean to stay."""
        if self._runs():
            return self
        self._prepare_home()
        for _ in self._while_waiting(f"Waiting for another process to leave the PostgreSQL in {self.home}"):
            if self._take_ownership():
                return self._launch()
        raise LocalPostgresError(f"{self._owner()} owns the PostgreSQL in {self.home}: stop it first, or choose another folder.")

    def stop(self) -> None:
        """Stop the server if it is ours; leave it alone if we only joined it."""
        if self._process is not None:
            for request, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
                self._process.send_signal(request)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(seconds)
                    break
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> LocalPostgres:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def owned(self) -> bool:
        """Whether the server runs, and ends, with this process."""
        return self._lock is not None

    @property
    def password(self) -> str:
        """The superuser's password, made at random with the folder."""
        try:
            with open(open_privately(self.home / "password", os.O_RDONLY)) as file:
                return file.read()
        except FileNotFoundError:
            raise LocalPostgresError(f"{self.home / 'password'} is missing: without it nobody can log in to the data beside it.") from None

    def dsn(self, dbname: str, user: str | None = None, password: str | None = None) -> str:
        """How to reach a database of this server, for libpq; as the superuser unless another user is named."""
        if user is None:
            user, password = self.superuser, self.password
        return make_conninfo(host=str(self.socket), port=self.port, dbname=dbname, user=user, password=password)

    # The folder

    def _prepare_home(self) -> None:
        home = self.home
        if len(os.fsencode(home / f".s.PGSQL.{self.port}")) > LONGEST_SOCKET_PATH:
            raise LocalPostgresError(f"{home} is too long a path for the socket of PostgreSQL: choose a folder with a shorter one.")
        if "," in str(home):
            raise LocalPostgresError(f"{home} has a comma in it, which PostgreSQL takes for two folders: choose another.")
        claim(home, self._account, OURS)

    def _initialise(self, binaries: Path) -> None:
        """Make the data folder under another name first: killed half-way, nothing half-made bears the right one."""
        for abandoned in self.home.glob("new-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        new, password = self.home / f"new-{os.getpid()}", self.home / "password"
        password.unlink(missing_ok=True)
        with open(open_privately(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w") as file:
            file.write(secrets.token_urlsafe(32))
            if self._account:
                os.fchown(file.fileno(), self._account.pw_uid, self._account.pw_gid)
        # The built-in provider sorts the same for ever; that of the C library changes with the library. It came with 17.
        provider = "builtin" if major(binaries) >= 17 else "libc"
        arguments = [f"--username={self.superuser}", "--auth=scram-sha-256", f"--pwfile={password}", "--data-checksums"]
        arguments += ["--encoding=UTF8", f"--locale-provider={provider}", "--locale=C.UTF-8", f"--pgdata={new}"]
        made = self._begin([binaries / "initdb", *arguments, *([] if self._fsync else ["--no-sync"])], stderr=subprocess.PIPE)
        _, complaint = made.communicate()
        if made.returncode:
            raise LocalPostgresError(f"PostgreSQL could not make its data folder: {complaint.decode(errors='replace').strip()}")
        new.rename(self.data)

    def _refuse_unusable_data(self, binaries: Path) -> None:
        _ = self.password  # missing, it would be missed only after a long wait for an answer
        try:
            made_by, ours = int((self.data / "PG_VERSION").read_text()), major(binaries)
        except (OSError, ValueError):
            raise LocalPostgresError(f"{self.data} is not the data of a PostgreSQL: choose another data folder.") from None
        if made_by != ours:
            raise LocalPostgresError(
                f"{self.data} was made by PostgreSQL {made_by} and the one in {binaries} is {ours}: name a PostgreSQL {made_by} "
                "in CASETRAIL_PG_BINDIR, or carry the data over with its pg_dump."
            )

    # The server

    def _launch(self) -> LocalPostgres:
        try:
            if sys.platform == "linux" and threading.current_thread() is not threading.main_thread():
                # The signal that ends the server comes when the thread that started it ends, not the process.
                raise LocalPostgresError("A local PostgreSQL has to be started from the main thread.")
            binaries = within_reach(self._binaries or find_binaries(os.environ), self._account, self.home, self._say)
            if not self.data.exists():
                self._say("Making a new database …")
                self._initialise(binaries)
            self._refuse_unusable_data(binaries)
            self._run(binaries)
        except BaseException:
            self.stop()
            raise
        return self

    def _run(self, binaries: Path) -> None:
        options = OPTIONS if self._fsync else OPTIONS + FASTER_THAN_SAFE
        command: list[str | Path] = [binaries / "postgres", "-D", self.data, "-k", self.socket, "-p", str(self.port)]
        command += [word for option in options for word in ("-c", option)]
        fresh = os.O_TRUNC if self.log.exists() and self.log.stat().st_size > LARGEST_LOG else 0
        with open(open_privately(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | fresh), "wb") as log:
            for _ in self._while_waiting("PostgreSQL is starting; after a crash it first repairs its data"):
                if self._process is None:
                    log_began = self.log.stat().st_size
                    self._process = self._begin(command, stdout=log, stderr=log)
                elif self._process.poll() is not None:
                    self._process = None
                    self._last_answer = _complaint(self.log, log_began)
                    if not self._last_answer.endswith(("already exists", "still in use")):
                        raise LocalPostgresError(f"PostgreSQL did not start: {self._last_answer}")
                    self._clear_the_way(binaries)
                elif self._postmaster() == self._process.pid and self._answers():
                    return
        raise LocalPostgresError(f"PostgreSQL did not start within {self._patience:g} seconds. {self._last_answer} See {self.log}.")

    def _clear_the_way(self, binaries: Path) -> None:
        """See off what an owner that was killed left behind: we hold its lock, so nobody misses it.

        A server that still runs is asked to stop. One that only seems to run, because nobody has buried its process or
        because its number now belongs to another, would keep PostgreSQL from starting for ever: its lock files get our own
        number, which PostgreSQL knows is no server. It still checks that nothing uses the old one's shared memory.
        """
        server = self._postmaster()
        if server is None or sys.platform != "linux" or _works_in(server, self.data):
            self._begin([binaries / "pg_ctl", "stop", "-D", self.data, "-m", "fast", "-W"], stderr=subprocess.DEVNULL).wait()
            return
        for lock in (self.data / "postmaster.pid", self.home / f".s.PGSQL.{self.port}.lock"):
            with suppress(FileNotFoundError), open(open_privately(lock, os.O_RDWR), "r+") as file:
                _, *rest = file.readlines()
                file.seek(0)
                file.writelines([f"{os.getpid()}\n", *rest])
                file.truncate()

    def _begin(self, command: Sequence[str | Path], **streams: Any) -> subprocess.Popen[bytes]:
        """Start a program of PostgreSQL as its account, in a session of its own: Ctrl-C is for us, and we pass it on in order."""
        account = self._account
        who: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        return subprocess.Popen(
            command,
            cwd=self.home,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_dies_with_us(),
            **{"stdout": subprocess.DEVNULL, **streams},
            **who,
        )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn("postgres"), connect_timeout=5).close()
        except (psycopg.OperationalError, LocalPostgresError) as error:
            self._last_answer = str(error).strip().rpartition("\n")[2]
            return False
        return True

    def _postmaster(self) -> int | None:
        with suppress(OSError, ValueError), open(self.data / "postmaster.pid") as file:
            return int(file.readline())
        return None

    # The owner

    def _runs(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            self.stop()  # the server was killed under us
        return self._process is not None

    def _take_ownership(self) -> bool:
        lock = open_privately(self.home / "owner.lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        self._lock = lock
        return True

    def _owner(self) -> str:
        with suppress(OSError):
            return f"Process {(self.home / 'owner.lock').read_text()}"
        return "Another process"

    def _while_waiting(self, reason: str) -> Iterator[None]:
        """Once every 20 ms until patience ends, telling every five seconds what is being waited for."""
        began, told = time.monotonic(), 0.0
        while (waited := time.monotonic() - began) < self._patience:
            yield
            if waited - told > (5 if told else 0.9):
                self._say(f"{reason} …")
                told = waited
            time.sleep(0.02)


def _dies_with_us() -> Callable[[], None] | None:
    """For the child to run before its program: ask the kernel for the signal of an orderly stop should we die."""
    if sys.platform != "linux":
        return None
    libc, us = ctypes.CDLL(None), os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != us:  # we died before the child could ask
            os._exit(1)

    return ask


def _works_in(process: int, folder: Path) -> bool:
    """A server works in its data folder; a process that waits to be buried works nowhere."""
    with suppress(OSError):
        return Path(os.readlink(f"/proc/{process}/cwd")) == folder.resolve()
    return False


def _complaint(log: Path, since: int) -> str:
    with open(log, "rb") as file:
        file.seek(since)
        lines = file.read().decode(errors="replace").splitlines()
    fatal = [line.partition(": ")[2].strip() for line in lines if "FATAL:" in line or "PANIC:" in line]
    return (fatal or lines or [f"it said nothing; see {log}"])[-1]
