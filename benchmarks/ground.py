"""What the benchmarks run on: a PostgreSQL of our own that waits for the disk, stores on it, and how much of everything."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from application.store import migrate
from benchmarks.measuring import Sheet
from interfaces import databases, wiring
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres


@dataclass(frozen=True)
class Sizes:
    """How much of everything. `slice` is how many seconds a contender has in a round, where it runs by the clock."""

    rounds: int
    slice: float
    http: float
    gap: float
    cases: int
    folded: int
    board: int
    looks: int


REAL = Sizes(rounds=5, slice=1.2, http=2.5, gap=6.0, cases=1000, folded=20_000, board=100_000, looks=200)
QUICK = Sizes(rounds=1, slice=0.1, http=0.4, gap=1.0, cases=10, folded=500, board=2000, looks=10)

EVENTS = 100
"""Events of a case where a whole case is meant."""


class Ground:
    """A server with fsync on in a folder of its own, gone afterwards; `told` is told what goes on."""

    def __init__(self, server: LocalPostgres, stack: ExitStack, sizes: Sizes, sheet: Sheet, told: Callable[[str], None]) -> None:
        self.server = server
        self.sizes = sizes
        self.sheet = sheet
        self.told = told
        self._stack = stack

    async def store(self, *marks: str) -> Databases:
        """Two fresh databases of a store that has adopted its procedures and its calendar."""
        places = self._stack.enter_context(databases.throw_away(self.server, *marks))
        async with wiring.Service(places) as service:
            await wiring.adopt(service, at=wiring.BEGINNING if marks else None)
        return places

    def database(self) -> str:
        """The address of an empty database."""
        name = f"base_{secrets.token_hex(6)}"
        migrate.ensure_database(self.server.dsn("postgres"), name)
        return self.server.dsn(name)


@contextmanager
def ground(sizes: Sizes, sheet: Sheet, told: Callable[[str], None]) -> Iterator[Ground]:
    """The server, started, and stopped and removed at the end."""
    home = Path(tempfile.gettempdir()) / f"casetrail-{secrets.token_hex(6)}"
    try:
        with LocalPostgres(home, fsync=True, say=told) as server, ExitStack() as stack:
            yield Ground(server, stack, sizes, sheet, told)
    finally:
        shutil.rmtree(home, ignore_errors=True)
