"""Reading the whole log, from rows and from segments: decoded, and decoded with every chain verified (G5)."""

from __future__ import annotations

import time
from collections.abc import Iterator

from eventsourcing.projection import ApplicationSubscription

from application.ledger.segments import Connection, replayed, stored
from application.store import mapper
from application.store.chain import ORIGIN, Row, faults, link
from application.store.recorder import RecordApplication
from benchmarks import library, record
from benchmarks.ground import Ground
from benchmarks.measuring import Figures, interleaved
from benchmarks.record import Full
from interfaces.publishing import publish_now
from interfaces.worker import connect


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


def in_segments(connection: Connection) -> Figures:
    """Segment by segment, each event as it is remembered, words sealed."""
    began = time.perf_counter()
    n = sum(len(page) for page in replayed(connection))
    return {"rate": n / (time.perf_counter() - began)}


def in_segments_verified(connection: Connection) -> Figures:
    """The same, and every chain checked."""
    heads: dict[str, bytes] = {}
    began, n = time.perf_counter(), 0
    for page in stored(connection):
        for position, header, body, hash_ in page:
            then = mapper.recorded(position, header, body, hash_)
            if link(heads.get(then.stream, ORIGIN), header, body) != hash_:
                raise RuntimeError(f"the chain does not hold at position {position}")
            heads[then.stream] = hash_
        n += len(page)
    return {"rate": n / (time.perf_counter() - began)}


async def run(ground: Ground) -> None:
    """Measure it."""
    full = await record.full(ground)
    ground.told("The whole log, integrated")
    publish_now(full.places)
    application, connection = RecordApplication.at(full.places.record), connect(full.places.projections)
    found = await interleaved(
        {
            "the library's subscription": lambda: subscribed(full),
            "pages, decoded": lambda: paged(application),
            "rows, not decoded": lambda: fetched(application),
            "rows, decoded and verified": lambda: verified(application),
            "segments, decoded": lambda: in_segments(connection),
            "segments, decoded and verified": lambda: in_segments_verified(connection),
        },
        ground.sizes.rounds,
        ground.told,
    )
    application.close()
    connection.close()
    theirs, limit = found["the library's subscription"], found["rows, not decoded"]
    sheet = ground.sheet
    sheet.compare("G5 full replay from rows, to the library's subscription (events a second)", found["pages, decoded"], theirs, at_least=3)
    sheet.compare(
        "G5 full replay from segments, to the library's subscription (events a second)", found["segments, decoded"], theirs, at_least=7
    )
    sheet.compare(
        "G5 full replay from segments, chain verified, to the library's subscription (events a second)",
        found["segments, decoded and verified"], theirs, at_least=5.5,
    )  # fmt: skip
    sheet.compare("full replay from rows, to rows alone (events a second)", found["pages, decoded"], limit)
    sheet.compare(
        "full replay from rows, chain verified, to the library's subscription (events a second)",
        found["rows, decoded and verified"],
        theirs,
    )
    sheet.compare("full replay from rows, chain verified, to rows alone (events a second)", found["rows, decoded and verified"], limit)
