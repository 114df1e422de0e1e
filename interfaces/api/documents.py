"""Attached documents: bytes in and out, streamed, under the digest of what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from application.case_view.overview import documents
from application.documents import NoSuchDocument
from application.policy.shown import Shown
from domain.corrections import effective
from domain.language import NotAllowed
from domain.recorded import Recorded
from interfaces.api import shapes
from interfaces.api.answers import MEANT, NO_STORE, answered
from interfaces.api.body import chunks
from interfaces.api.door import keeper_of
from interfaces.api.identity import Asking, service
from interfaces.api.looks import looks_at
from interfaces.api.problems import documented
from interfaces.api.queries import CaseId, Looked, ShownCase

router = APIRouter(prefix="/cases/{case}/documents", tags=["documents"])

DigestPath = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="Lowercase hexadecimal SHA-256 of the exact bytes.")]
BYTES: dict[str, Any] = {"requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}


BYTES = {"type": "string", "format": "binary"}


@router.put("", name="keep-document", openapi_extra=BYTES,
            responses={200: {"description": "It was held already: nothing changed.", "model": shapes.DocumentKept},
                       201: {"description": "It is held now.", "model": shapes.DocumentKept},
                       **documented(400, 401, 403, 404, 409, 413, 422, 503)})  # fmt: skip
async def keep(request: Request, case: CaseId, asker: Asking) -> Response:
    """Keep the bytes of the body with this case, sealed, under their digest. Every version stays; the same bytes change nothing.

    That they were held already is told to those who may open the document.
    """
    running = service(request)
    request.state.command = "keep-document"
    stream = f"case/{case}"
    looks_at(request, view="keep-document", streams=(stream,), deed=True)
    shown = await keeper_of(running, stream, asker)
    looks_at(request, reader=shown.reader)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kept = await running.documents.keep(stream, chunks(request, running.largest_document), asker.by.person, kind)
    headers = {"Location": f"/api/v1/cases/{case}/documents/{kept.digest}", "Position": str(await running.store.settled_position())}
    told = kept.again and await _may_open(request, shown, stream, kept.digest)
    return answered({"digest": kept.digest, "size": kept.size}, headers, 200 if told else 201)


@router.get("/{digest}", name="document", dependencies=MEANT, response_class=StreamingResponse,
            responses={200: {"description": "The bytes.", "content": {"application/octet-stream": {"schema": BYTES}}},
                       **documented(400, 401, 403, 404, 410, 422, 503)})  # fmt: skip
async def document(request: Request, looked: Looked, shown: ShownCase, digest: DigestPath) -> Response:
    """The bytes of a document held here, each part checked before it is sent, and the digest before the last."""
    looks_at(request, place=None, documents=(digest,))  # whoever opens a document was not shown the case
    running = service(request)
    kept = (await running.documents.held(looked.stream)).get(digest)
    named = _named(looked.history, digest)
    kept_by = kept.kept_by if kept else None
    if not shown.may_open(named, kept_by):
        if kept is None or not shown.documents([named]):
            raise NoSuchDocument
        raise NotAllowed("This document is not for you to open: you may know of it, and not read all that it says (permission matrix).")
    held, content = await running.documents.fetch(looked.stream, digest)
    headers = {
        **NO_STORE,
        "Content-Length": str(held.size),
        "Content-Disposition": f'attachment; filename="{digest[:16]}"',
        "ETag": f'"{digest}"',
        "Position": str(looked.position),
    }
    return StreamingResponse(content, media_type=held.media_type, headers=headers)


async def _may_open(request: Request, shown: Shown, stream: str, digest: str) -> bool:
    held = await service(request).documents.held(stream)
    return shown.may_open(_named([*shown.at.values()], digest), held[digest].kept_by)


def _named(history: Sequence[Recorded], digest: str) -> dict[str, Any]:
    """A document with what names it; nothing may."""
    return next((one for one in documents(effective(history)) if one["digest"] == digest), {"digest": digest, "named": []})
