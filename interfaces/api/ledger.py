"""The ledger, for whoever checks it: nothing here says whose case an entry is of, so nobody has to sign in, and no look is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from application.ledger.entries import LOGS, Log
from application.ledger.notes import Unsound
from application.ledger.reading import MOST_ENTRIES, Ledger, NotAWitness, NotInLedger
from application.ledger.tree import WIDTH
from interfaces.api import shapes
from interfaces.api.answers import MEANT, answered, told
from interfaces.api.identity import service
from interfaces.api.problems import Unfit, documented
from interfaces.api.queries import Known

router = APIRouter(prefix="/ledger", tags=["ledger"])

T = TypeVar("T")

TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
MOST = 2**53 - 1

FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}
FOR_NOW = {"Cache-Control": "no-cache"}

Which = Annotated[Log, Query(alias="log", description="Which of the two logs.")]


class Cosigned(BaseModel):
    """A cosignature of a published checkpoint."""

    origin: str = Field(max_length=300, description="The name of the log.")
    size: int = Field(ge=1, le=MOST, description="Of the checkpoint.")
    line: str = Field(max_length=1000, description="The signature line: — <name> <base64>.")


def _media(media: str, what: str) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "string"} if media == TEXT else {"type": "string", "format": "binary"}
    return {200: {"description": what, "content": {media.partition(";")[0]: {"schema": schema}}}}


async def _asked(request: Request, ask: Callable[[Ledger], T]) -> T:
    """What the ledger answers, asked from a thread; what it does not have is 404, what cannot be is 422."""
    ledger = service(request).ledger
    try:
        return await asyncio.to_thread(ask, ledger)
    except NotInLedger as error:
        raise Unfit("ledger", str(error), 404) from None
    except NotAWitness as error:
        raise Unfit("line", str(error), 403) from None
    except (Unsound, ValueError) as error:
        raise Unfit("ledger", str(error)) from None


@router.get("/checkpoint", name="checkpoint", response_class=Response, responses=_media(TEXT, "A signed note.") | documented(404, 422, 503))
async def checkpoint(
    request: Request,
    log: Which = "record",
    size: Annotated[int | None, Query(ge=1, le=MOST, description="An earlier one.")] = None,
    witnessed: Annotated[bool, Query(description="The last that counts as witnessed.")] = False,
) -> Response:
    """The last checkpoint with all its signatures, as text."""
    note = await _asked(request, lambda ledger: ledger.checkpoint(log, size=size, witnessed=witnessed))
    return Response(note.text, headers=FOR_NOW, media_type=TEXT)


@router.get(
    "/entries", name="entries", response_class=Response, responses=_media(BYTES, "Entries, one after the other.") | documented(422, 503)
)
async def entries(
    request: Request,
    first: Annotated[int, Query(alias="from", ge=0, le=MOST, description="The first index.")],
    upto: Annotated[int, Query(alias="to", ge=0, le=MOST, description=f"The index after the last; at most {MOST_ENTRIES} at once.")],
    log: Which = "record",
) -> Response:
    """What a witness follows the log by: for each event 104 bytes (blinded stream, place, previous, hash), for each look 32."""
    found = await _asked(request, lambda ledger: ledger.entries(log, first, upto))
    return Response(b"".join(found), headers=FOR_NOW, media_type=BYTES)


@router.get("/inclusion", name="inclusion", responses=told(shapes.Inclusion, 404, 422, 503))
async def inclusion(
    request: Request,
    position: Annotated[int, Query(ge=1, le=MOST, description="Of an event; of the access log the number of a look.")],
    size: Annotated[int | None, Query(ge=1, le=MOST, description="Of a published checkpoint; default: the last.")] = None,
    log: Which = "record",
) -> Response:
    """Where something stands in a log, and the path from its leaf to the root."""

    def ask(ledger: Ledger) -> dict[str, Any]:
        proof = ledger.inclusion(log, position, size or ledger.checkpoint(log).checkpoint.size)
        return {"log": log, "index": proof.index, "size": proof.size, "entry": proof.entry.hex(), "path": _hex(proof.path)}

    return answered(await _asked(request, ask), FOR_NOW)


@router.get("/consistency", name="consistency", responses=told(shapes.Consistency, 404, 422, 503))
async def consistency(
    request: Request,
    first: Annotated[int, Query(alias="from", ge=1, le=MOST, description="The size of a published checkpoint.")],
    size: Annotated[int, Query(alias="to", ge=1, le=MOST, description="The size of a later one.")],
    log: Which = "record",
) -> Response:
    """What shows that a published log is the beginning of a later one."""
    path = await _asked(request, lambda ledger: ledger.consistency(log, first, size))
    return answered({"log": log, "from": first, "to": size, "path": _hex(path)}, FOR_NOW)


@router.get("/status", name="ledger-status", responses=told(shapes.LedgerStatus, 503))
async def status(request: Request) -> Response:
    """What is recorded, published and witnessed of each log, and how long the oldest has waited."""

    def ask(ledger: Ledger) -> Mapping[str, Any]:
        return {
            **{log: asdict(ledger.standing(log)) for log in LOGS},
            "quorum": ledger.policy.quorum,
            "witnesses": [str(key) for key in ledger.policy.witnesses],
        }

    return answered(await _asked(request, ask), FOR_NOW)


@router.post("/cosignatures", name="cosign", responses=told(shapes.CosignatureTaken, 400, 403, 404, 413, 422, 503))
async def cosign(request: Request, cosigned: Cosigned) -> Response:
    """Take in what a witness brings: one cosignature line for a published checkpoint."""
    name = await _asked(request, lambda ledger: ledger.cosign(cosigned.origin, cosigned.size, cosigned.line))
    return answered({"witness": name, "size": cosigned.size}, {})


of_case = APIRouter(prefix="/cases/{case}", tags=["ledger"], dependencies=MEANT)


@of_case.get("/head", name="head", responses=told(shapes.HeadOfCase, 400, 401, 403, 404, 422, 503))
async def head(
    request: Request,
    known: Known,
    size: Annotated[int | None, Query(ge=1, le=MOST, description="Of a published checkpoint of the record; default: the last.")] = None,
) -> Response:
    """Where the case stood at a published size, or that it had not begun, and what shows it: a way through the map of heads."""
    whole, reader = known
    stream = whole.stream
    if (barred := reader.may_not("outline")) is not None:
        raise barred

    def ask(ledger: Ledger) -> dict[str, Any]:
        at = size or ledger.checkpoint().checkpoint.size
        salt, blinded = ledger.stream(stream)
        stood, proof = ledger.head(stream, at)
        end = None if proof.end is None else {"blinded": proof.end[0].hex(), "place": proof.end[1].place, "hash": proof.end[1].hash.hex()}
        found = {"stream": stream, "salt": salt.hex(), "blinded": blinded.hex(), "size": at, "place": stood.place}
        return {**found, "siblings": _hex([*proof.siblings]), "end": end}

    return answered(await _asked(request, ask), {"Position": str(whole.position)})


@router.get("/tile/{path:path}", name="tile", response_class=Response, responses=_media(BYTES, "A tile.") | documented(404, 422, 503))
async def tile(
    request: Request,
    path: Annotated[
        str, Path(max_length=60, description="<level>/<n> or entries/<n>, with .p/<width> where partial (c2sp.org/tlog-tiles).")
    ],
    log: Which = "record",
) -> Response:
    """A tile of 256 hashes, or the entries below one."""
    level, n, width = _tile(path)

    def ask(ledger: Ledger) -> bytes:
        if level is None:
            found = ledger.tile_entries(log, n)[: width or WIDTH]
            _enough(len(found), width)
            return b"".join(len(entry).to_bytes(2, "big") + entry for entry in found)
        hashes = ledger.tile(log, level, n)[: width or WIDTH]
        _enough(len(hashes), width)
        return b"".join(hashes)

    return Response(await _asked(request, ask), headers=FOR_GOOD, media_type=BYTES)


def _tile(path: str) -> tuple[int | None, int, int | None]:
    """Level (none: entries), number and width of a tile, from its path: `0/x001/067.p/8`."""
    whole, _, width = path.partition(".p/")
    level, *groups = whole.split("/")
    last = groups[-1] if groups else ""
    digits = [*(group.removeprefix("x") for group in groups[:-1]), last]
    fit = (
        bool(groups)
        and all(group.startswith("x") for group in groups[:-1])
        and all(len(group) == 3 and group.isdecimal() and group.isascii() for group in digits)
        and (level == "entries" or (level.isascii() and level.isdecimal() and len(level) <= 2))
        and (not width or (width.isascii() and width.isdecimal() and 0 < int(width[:4]) < WIDTH))
        and len(digits) <= 5
    )
    if not fit:
        raise Unfit("path", "There is no such tile: <level>/<n> or entries/<n> is expected, n in groups of three digits.", 404)
    return None if level == "entries" else int(level), int("".join(digits)), int(width) if width else None


def _enough(found: int, width: int | None) -> None:
    if found < (width or WIDTH):
        raise NotInLedger("This tile is not so full yet.")


def _hex(hashes: list[bytes]) -> list[str]:
    return [value.hex() for value in hashes]
