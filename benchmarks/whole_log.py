"""Reading the whole log: decoded, and decoded with every chain verified (G5, as far as rows alone go)."""

from __future__ import annotations

import time
from collections.abc import Iterator

from eventsourcing.projection import ApplicationSubscription

from application.store import mapper
from application.store.chain import Row, faults
from application.store.recorder import RecordApplication
from benchmarks import library, record
from benchmarks.ground import Ground
from benchmarks.measuring import Figures, interleaved
from benchmarks.record import Full


def subscribed(full: Full) -> Figures:
    """The library's way: a subscription from the beginning."""
    application = library.application(full.url, create=False)
    last = application.recorder.max_notification_id() or 0
    began, n = time.perf_counter(), 0
    with ApplicationSubscription(application, gt=0) as subscription:
        for _, tracking in subscription:
            n += 1
            if tracking.notification_id >= last:
                break
    elapsed = time.perf_counter() - began
    application.close()
    return {"rate": n / elapsed}


def paged(application: RecordApplication) -> Figures:
    """Page by page, each event as it is remembered, words sealed."""
    began = time.perf_counter()
    n = sum(len(page) for page in application.recorder.pages(size=2000))
    return {"rate": n / (time.perf_counter() - began)}


def fetched(application: RecordApplication) -> Figures:
    """The rows alone, not looked at: the limit."""
    began = time.perf_counter()
    n = sum(1 for _ in application.recorder.rows(size=2000))
    return {"rate": n / (time.perf_counter() - began)}


def verified(application: RecordApplication) -> Figures:
    """Every event decoded, and every chain and header checked."""
    n = 0

    def decoding() -> Iterator[Row]:
        nonlocal n
        for row in application.recorder.rows(size=2000):
            mapper.recorded(row.position, row.header, row.body, row.hash)
            n += 1
            yield row

    began = time.perf_counter()
    found = list(faults(decoding()))
    elapsed = time.perf_counter() - began
    if found:
        raise RuntimeError(f"the chain does not hold: {found[0]}")
    return {"rate": n / elapsed}


async def run(ground: Ground) -> None:
    """Measure it."""
    full = await record.full(ground)
    ground.told("The whole log")
    application = RecordApplication.at(full.places.record)
    found = await interleaved(
        {
            "the library's subscription": lambda: subscribed(full),
            "pages, decoded": lambda: paged(application),
            "rows, not decoded": lambda: fetched(application),
            "rows, decoded and verified": lambda: verified(application),
        },
        ground.sizes.rounds,
        ground.told,
    )
    application.close()
    theirs, limit = found["the library's subscription"], found["rows, not decoded"]
    sheet = ground.sheet
    sheet.compare("G5 full replay from rows, to the library's subscription (events a second)", found["pages, decoded"], theirs, at_least=3)
    sheet.compare("full replay from rows, to rows alone (events a second)", found["pages, decoded"], limit)
    sheet.compare(
        "full replay from rows, chain verified, to the library's subscription (events a second)",
        found["rows, decoded and verified"],
        theirs,
    )
    sheet.compare("full replay from rows, chain verified, to rows alone (events a second)", found["rows, decoded and verified"], limit)
