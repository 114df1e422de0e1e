"""A command over HTTP: body, case, decision, seal, append, answer. One uvicorn worker; the load is another process (G7)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from benchmarks import library
from benchmarks.ground import Ground
from benchmarks.histories import OURS, discussions, fill
from benchmarks.http_load import Job, load
from benchmarks.http_servers import apart, serve_bare, serve_casetrail
from benchmarks.measuring import Figures, interleaved
from interfaces import wiring

HELD, CASES = 40, 64
"""Each round has so many fresh cases of so many events each."""

AGAIN = 50
"""Of the requests for a case, so many differ."""


def request(path: str, fields: dict[str, str]) -> bytes:
    """A whole request, for a connection that stays open."""
    body = json.dumps(fields).encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        "Casetrail-Person: local-authority-practitioner/bolton/Meg/bolton\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def run(ground: Ground) -> None:
    """Measure it."""
    ground.told("HTTP: a rehearsal store, the library's tables, three servers and the load")
    bodies = discussions()
    base = ground.database()
    theirs = library.application(base)
    ids = [library.case_of(theirs, HELD) for _ in range(CASES)]
    theirs.close()
    places = await ground.store("rehearsal")
    sizes, sheet = ground.sizes, ground.sheet
    async with wiring.Service(places) as service:
        with (
            apart(serve_bare, base, ids) as bare,
            apart(serve_casetrail, places, False) as casetrail,
            apart(serve_casetrail, places, True) as follower,
            load() as asking,
        ):

            def fixed(port: int, path: str, connections: int) -> Callable[[], Awaitable[Figures]]:
                job = Job(port, [request(path, fields) for fields in bodies], connections, sizes.http)
                return lambda: asking.ask(job)

            def commands(port: int, connections: int) -> Callable[[], Awaitable[Figures]]:
                async def ask() -> Figures:
                    streams = await fill(service.store, CASES, HELD, lambda sentence: None, teams=OURS)
                    paths = [f"/api/v1/cases/{stream.partition('/')[2]}/discuss-notification" for stream in streams]
                    some = [request(paths[n % CASES], bodies[n % len(bodies)]) for n in range(CASES * AGAIN)]
                    return await asking.ask(Job(port, some, connections, sizes.http))

                return ask

            contenders = {}
            for c in (1, 16):
                contenders |= {
                    f"bare POST, {c}": fixed(bare, "/bare", c),
                    f"the library behind a synchronous POST, {c}": fixed(bare, "/library", c),
                    f"command, {c}": commands(casetrail, c),
                }
            contenders["command, 16, read models followed"] = commands(follower, 16)
            found = await interleaved(contenders, sizes.rounds, ground.told)
    for c in (1, 16):
        ours, limit, slow = found[f"command, {c}"], found[f"bare POST, {c}"], found[f"the library behind a synchronous POST, {c}"]
        many = c == 16
        sheet.compare(
            f"{'G7 ' * many}command over HTTP, {c} at once, to a bare POST (a second)", ours, limit, at_least=0.6 if many else None
        )
        sheet.compare(f"G7 command over HTTP, {c} at once, p50 to a bare POST (ms)", ours, limit, "p50", at_most=1.6 if many else 4)
        sheet.compare(
            f"{'G7 ' * many}command over HTTP, {c} at once, p99 to a bare POST (ms)", ours, limit, "p99", at_most=3 if many else None
        )
        sheet.compare(f"command over HTTP, {c} at once, to the library behind a synchronous POST (a second)", ours, slow)
    sheet.compare(
        "command over HTTP, 16 at once, read models followed by the same process, to a bare POST (a second)",
        found["command, 16, read models followed"],
        found["bare POST, 16"],
    )
