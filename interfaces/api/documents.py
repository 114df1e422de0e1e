"""Attached documents: bytes in and out, streamed, under the digest of what they are."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from domain.case import recall
from domain.language import Command, NotAllowed, replace
from domain.people import By
from domain.roles import holds
from interfaces.api import shapes
from interfaces.api.answers import MEANT, NO_STORE, answered
from interfaces.api.body import chunks
from interfaces.api.identity import Asking, service
from interfaces.api.looks import looks_at
from interfaces.api.problems import documented
from interfaces.api.queries import CaseId, Looked
from interfaces.wiring import Service

router = APIRouter(prefix="/cases/{case}/documents", tags=["documents"])

DigestPath = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="Lowercase hexadecimal SHA-256 of the exact bytes.")]
BYTES: dict[str, Any] = {"requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}


BYTES = {"type": "string", "format": "binary"}


@router.put("", name="keep-document", openapi_extra=BYTES,
            responses={200: {"description": "It was held already: nothing changed.", "model": shapes.DocumentKept},
                       201: {"description": "It is held now.", "model": shapes.DocumentKept},
                       **documented(400, 401, 403, 404, 409, 413, 422, 503)})  # fmt: skip
async def keep(request: Request, case: CaseId, asker: Asking) -> Response:
    """Keep the bytes of the body with this case, sealed, under their digest. Every version stays; the same bytes change nothing."""
    running = service(request)
    request.state.command = "keep-document"
    stream = f"case/{case}"
    looks_at(request, view="keep-document", streams=(stream,), deed=True)
    by = await _on_the_case(running, stream, asker.by)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kept = await running.documents.keep(stream, chunks(request, running.largest_document), by.person, kind)
    headers = {"Location": f"/api/v1/cases/{case}/documents/{kept.digest}", "Position": str(await running.store.settled_position())}
    return answered({"digest": kept.digest, "size": kept.size}, headers, 200 if kept.again else 201)


async def _on_the_case(running: Service, stream: str, by: By) -> By:
    """The asker, if they are anybody on the case.

    Raises:
        NoSuchCase: there is none.
        NotAllowed: they are not on it.
    """
    case = recall(await running.cases.history(stream))
    by = by if by.partnership else replace(by, partnership=case.opening.partnership)
    barred = by.person in case.interests.unresolved or by.person in case.commissioning.removed or by.person in case.access.ended
    of_it = by.partnership == case.opening.partnership and holds("anybody on the case", Command(), by, case)
    if barred or not of_it:
        raise NotAllowed("Documents are kept by anybody on the case, and you are not on it (permission matrix).")
    return by


@router.get("/{digest}", name="document", dependencies=MEANT, response_class=StreamingResponse,
            responses={200: {"description": "The bytes.", "content": {"application/octet-stream": {"schema": BYTES}}},
                       **documented(400, 401, 404, 410, 422, 503)})  # fmt: skip
async def document(request: Request, looked: Looked, digest: DigestPath) -> Response:
    """The bytes of a document held here, each part checked before it is sent, and the digest before the last."""
    looks_at(request, place=None, documents=(digest,))  # whoever opens a document was not shown the case
    held, content = await service(request).documents.fetch(looked.stream, digest)
    headers = {
        **NO_STORE,
        "Content-Length": str(held.size),
        "Content-Disposition": f'attachment; filename="{digest[:16]}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "ETag": f'"{digest}"',
        "Position": str(looked.position),
    }
    return StreamingResponse(content, media_type=held.media_type, headers=headers)
