"""The ledger: proofs among a million entries, everything recomputed from the stored bytes, and what it costs the appends beside it."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from uuid import uuid4

import psycopg

from application.case_file.disclosing import Reader
from application.ledger.checking import check
from application.ledger.notes import Policy
from application.ledger.reading import Ledger
from application.ledger.tree import WIDTH, check_inclusion, folded
from benchmarks import record
from benchmarks.ground import Ground
from benchmarks.histories import history, saved
from benchmarks.measuring import Contender, Figures, interleaved
from benchmarks.sealing import SEALED, appending
from interfaces import wiring
from interfaces.case_files import made as made_file
from interfaces.cli import verify
from interfaces.databases import Databases
from interfaces.publishing import publish_now, publishing
from interfaces.worker import connect

ENTRIES = 1_000_000 // WIDTH * WIDTH
PROOFS = 500
DEPTH = 20
"""Hashes that a proof among a million takes to check."""

ASKED_OF_PROOFS = {"rate": 1000.0}
ASKED_OF_CHECKS = {"rate": 50_000.0}
"""What the project has asked of itself, a second: these stand as bases where there is no peer."""


def filled(places: Databases, entries: int) -> None:
    """Tiles of so many made-up entries, as if they had been integrated."""
    tiles: dict[tuple[int, int], tuple[list[bytes], bytes]] = {}
    level, roots = 0, [hashlib.sha256(n.to_bytes(8, "big")).digest() for n in range(entries)]
    while len(roots) >= WIDTH:
        below, roots = roots, []
        for n in range(len(below) // WIDTH):
            hashes = below[n * WIDTH : (n + 1) * WIDTH]
            roots.append(folded(hashes))
            tiles[level, n] = hashes, roots[-1]
        level += 1
    columns = "COPY ledger_tiles (log, level, n, hashes, root, first, last) FROM STDIN"
    with psycopg.connect(places.owner_record) as owner, owner.cursor() as cursor, cursor.copy(columns) as copy:
        for (at, n), (hashes, root) in tiles.items():
            numbers = (n * WIDTH + 1, (n + 1) * WIDTH) if at == 0 else (None, None)
            copy.write_row(("record", at, n, b"".join(hashes), root, *numbers))


def made(ledger: Ledger, chance: random.Random, entries: int) -> Figures:
    """Proofs of entries here and there."""
    began = time.perf_counter()
    for _ in range(PROOFS):
        ledger.path("record", chance.randrange(entries), entries)
    return {"rate": PROOFS / (time.perf_counter() - began)}


def checked(proofs: list[tuple[int, bytes, list[bytes]]], entries: int, root: bytes) -> Figures:
    """Proofs checked."""
    began = time.perf_counter()
    for index, leaf, path in proofs:
        check_inclusion(leaf, index, entries, path, root)
    return {"rate": len(proofs) / (time.perf_counter() - began)}


def hashed() -> Figures:
    """So many hashes as the proofs take, and nothing else."""
    node = bytes(65)
    began = time.perf_counter()
    for _ in range(PROOFS * DEPTH):
        hashlib.sha256(node).digest()
    return {"rate": PROOFS / (time.perf_counter() - began)}


def recomputed(places: Databases) -> Figures:
    """Everything recomputed, as `casetrail fsck` does it."""
    with connect(places.owner_record) as connection:
        began = time.perf_counter()
        found = check(connection, None, Policy())
        elapsed = time.perf_counter() - began
    if not found.sound:
        raise RuntimeError(f"the record does not hold: {found.faults[0]}")
    return {"rate": found.events / elapsed}


async def case_of(places: Databases, events: int) -> bytes:
    """The case file of one case with so many events."""
    stream = f"case/{uuid4()}"
    told = [event for _, event in history("bolton", "Child of many words", random.Random(7), date(2025, 1, 6))][:-1]
    told += told[-1:] * (events - len(told))
    async with wiring.Service(places) as service:
        for place in range(0, events, 50):
            await service.store.append(saved(stream, place, told[place : place + 50], on=date(2025, 1, 6)))
        publish_now(places)
        return (await made_file(service, stream, Reader(), on=date(2025, 1, 7))).content


def checked_alone(file: Path) -> Figures:
    """A case file checked by the verifier in a process of its own."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-I", verify.__file__, str(file)], check=True, stdout=subprocess.DEVNULL)
    return {"ms": 1000 * (time.perf_counter() - began)}


def begun_alone() -> Figures:
    """An interpreter that begins and ends."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)
    return {"ms": 1000 * (time.perf_counter() - began)}


async def run(ground: Ground) -> None:
    """Measure it."""
    entries = ENTRIES if ground.sizes.rounds > 1 else WIDTH * WIDTH
    ground.told(f"A ledger of {entries:,} entries")
    places = await ground.store()
    filled(places, entries)
    ledger, chance = Ledger(places.record), random.Random(5)
    root = ledger.root("record", entries)
    leaves = [(index, ledger.tile("record", 0, index // WIDTH)[index % WIDTH]) for index in chance.sample(range(entries), PROOFS)]
    proofs = [(index, leaf, ledger.path("record", index, entries)) for index, leaf in leaves]
    found = await interleaved(
        {
            "proofs made": lambda: made(ledger, chance, entries),
            "proofs checked": lambda: checked(proofs, entries, root),
            "hashes alone": hashed,
            "asked of proofs": lambda: ASKED_OF_PROOFS,
        },
        ground.sizes.rounds,
        ground.told,
    )
    ledger.close()
    sheet = ground.sheet
    sheet.compare(
        "inclusion proofs made among a million entries, to the thousand asked for (a second)",
        found["proofs made"], found["asked of proofs"], at_least=1,
    )  # fmt: skip
    sheet.compare("inclusion proofs checked, to their hashes alone (a second)", found["proofs checked"], found["hashes alone"])

    ground.told("A case file of five hundred events, checked offline")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "case.zip"
        file.write_bytes(await case_of(await ground.store(), 500))
        offline = await interleaved({"checked": lambda: checked_alone(file), "begun": begun_alone}, 3 * ground.sizes.rounds, ground.told)
    sheet.compare(
        "a case file of 500 events checked offline, to an interpreter that begins (ms)", offline["checked"], offline["begun"], "ms"
    )

    full = await record.full(ground)
    ground.told("The full record integrated, and recomputed")
    began = time.perf_counter()
    publish_now(full.places)
    integrated = {"rate": full.events / (time.perf_counter() - began)}
    again = await interleaved(
        {"recomputed": lambda: recomputed(full.places), "asked of it": lambda: ASKED_OF_CHECKS}, ground.sizes.rounds, ground.told
    )
    sheet.compare("fsck, to the fifty thousand events asked for (a second)", again["recomputed"], again["asked of it"], at_least=1)
    sheet.compare(
        "integrating a record from nothing, to fsck (events a second)", [integrated] * len(again["recomputed"]), again["recomputed"]
    )

    ground.told("Appends with the ledger integrated beside them, and without")
    beside, alone = await ground.store(), await ground.store()
    seconds = ground.sizes.slice
    async with wiring.Service(beside) as with_it, wiring.Service(alone) as without:

        def turn(service: wiring.Service, places: Databases | None, at_once: int) -> Contender:
            async def appended() -> Figures:
                with publishing(places, every=1.0) if places else nullcontext():
                    return await appending(service.store, SEALED, seconds, at_once)

            return appended

        turns = await interleaved(
            {
                f"{what}, {at_once} in flight": turn(service, of, at_once)
                for at_once in (1, 64)
                for what, service, of in (("beside", with_it, beside), ("alone", without, None))
            },
            ground.sizes.rounds,
            ground.told,
        )
    for at_once in (1, 64):
        sheet.compare(
            f"time of an append, the ledger integrated beside it, {at_once} in flight, to without (microseconds)",
            turns[f"beside, {at_once} in flight"], turns[f"alone, {at_once} in flight"], "us",
        )  # fmt: skip
