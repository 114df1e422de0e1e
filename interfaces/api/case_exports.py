"""One case for other people's tools: line by line, as provenance, and as a schedule for disclosure."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from application.looking import Seen
from interfaces import case_exports as forms
from interfaces.api.answers import MEANT, NO_STORE
from interfaces.api.identity import service
from interfaces.api.problems import documented
from interfaces.api.queries import ELSE, AuditedCase, Looked, ShownCase

router = APIRouter(prefix="/cases/{case}", tags=["looking"], dependencies=MEANT)


def _file(media: str, what: str) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "object"} if media == forms.PROV else {"type": "string"}
    return {200: {"description": what, "content": {media: {"schema": schema}}}, **documented(*ELSE)}


def _headers(looked: Seen, name: str) -> dict[str, str]:
    case = looked.stream.removeprefix("case/")
    return {
        **NO_STORE,
        "Position": str(looked.position),
        "ETag": f'"{looked.place}"',
        "Content-Disposition": f'attachment; filename="{case}-{name}"',
    }


@router.get("/export.jsonl", name="export", response_class=StreamingResponse, responses=_file(forms.JSONL, "One entry a line."))
async def export(request: Request, looked: Looked, shown: ShownCase) -> StreamingResponse:
    """Every recorded event, one a line: its envelope, the fields that the asker may read, and one plain sentence."""
    return StreamingResponse(await forms.lines(service(request), looked, shown), 200, _headers(looked, "entries.jsonl"), forms.JSONL)


@router.get("/prov.json", name="provenance", response_class=Response, responses=_file(forms.PROV, "PROV-JSON."))
async def prov(request: Request, looked: Looked, shown: AuditedCase) -> Response:
    """Where everything came from, as PROV-JSON (W3C): entries, documents and decisions, commands, persons by id; no words."""
    return Response(await forms.told_as_prov(looked, shown), 200, _headers(looked, "prov.json"), forms.PROV)


@router.get("/disclosure-schedule.csv", name="disclosure-schedule", response_class=Response, responses=_file(forms.CSV, "The schedule."))
async def schedule_csv(request: Request, looked: Looked, shown: AuditedCase) -> Response:
    """The schedule for disclosure: every item that exists, numbered, with digest, date, kind, who holds it and holds; no words."""
    content = await forms.disclosure_schedule(service(request), looked, forms.CSV, shown)
    return Response(content, 200, _headers(looked, "disclosure-schedule.csv"), forms.CSV)


@router.get(
    "/disclosure-schedule.xlsx", name="disclosure-schedule-xlsx", response_class=Response, responses=_file(forms.XLSX, "The schedule.")
)
async def schedule_xlsx(request: Request, looked: Looked, shown: AuditedCase) -> Response:
    """The same schedule as a workbook."""
    content = await forms.disclosure_schedule(service(request), looked, forms.XLSX, shown)
    return Response(content, 200, _headers(looked, "disclosure-schedule.xlsx"), forms.XLSX)
