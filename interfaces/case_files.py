"""Case files as they are made here: with the verifier and the page that come with the software."""

from __future__ import annotations

import asyncio
import time
from datetime import date
from functools import cache
from pathlib import Path

import interfaces
from application.case_file.case_file import CaseFile, CaseFiles, Enclosed
from application.case_file.disclosing import Reader
from application.ledger.reading import NotInLedger
from interfaces.wiring import Service

SOON = 3.0
"""Seconds for which a case just recorded is waited for, until a checkpoint covers it."""

OFTEN = 0.1


@cache
def enclosed() -> Enclosed:
    """The verifier and the page of this version: from the checkout, or as installed."""
    here = Path(interfaces.__file__).parent
    checkout = here.parent / "docs" / "ledger.md"
    page = checkout if checkout.is_file() else here / "ledger.md"
    return Enclosed((here / "cli" / "verify.py").read_bytes(), page.read_bytes())


async def made(service: Service, stream: str, reader: Reader, *, on: date, wait: bool = False) -> CaseFile:
    """The file of a case as far as a checkpoint covers it. To `wait` is to ask for a checkpoint, and give it a moment to cover all.

    Raises:
        NoSuchCase, NotInLedger, NotSignedHere, Broken: as `CaseFiles.make`.
    """
    if wait:
        await _covered(service, stream)
    files = CaseFiles(service.looking, service.ledger, enclosed())
    return await files.make(stream, reader, made_on=on)


async def _covered(service: Service, stream: str) -> None:
    """Ask for a checkpoint where none covers the case yet, and wait for it a bounded time."""
    head = await service.cases.history(stream)
    until = time.monotonic() + SOON
    asked = False
    while not await asyncio.to_thread(_covers, service, head[-1].position):
        if not asked:
            await asyncio.to_thread(service.ledger.ask_for_checkpoint)
            asked = True
        if time.monotonic() > until:
            return
        await asyncio.sleep(OFTEN)


def _covers(service: Service, position: int) -> bool:
    ledger = service.ledger
    try:
        checkpoint = ledger.checkpoint(witnessed=ledger.policy.quorum > 0).checkpoint
    except NotInLedger:
        return False
    return ledger.covered("record", checkpoint.size) >= position
