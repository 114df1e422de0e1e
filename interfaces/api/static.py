"""Our own files, and those of others that come with us: what a page needs comes from here and from no other host."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from interfaces.api.description import PREFIX
from interfaces.api.pages import PAGES

FOLDER = Path(__file__).parents[1] / "static"

MEDIA = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
"""What is given out; licences and hashes lie beside it for whoever reads the package."""

A_DAY = "public, max-age=86400"


class Given(NamedTuple):
    """A file as it is given out."""

    content: bytes
    media: str
    etag: str


def _given(path: Path) -> Given:
    content = path.read_bytes()
    return Given(content, MEDIA[path.suffix], f'"{sha256(content).hexdigest()[:32]}"')


FILES = {path.relative_to(FOLDER).as_posix(): _given(path) for path in sorted(FOLDER.rglob("*")) if path.suffix in MEDIA}

router = APIRouter(include_in_schema=False)


@router.get("/static/{name:path}", name="static")
async def static(request: Request, name: str) -> Response:
    """One of our files, by its name: a path that is none of theirs leads nowhere."""
    if (file := FILES.get(name)) is None:
        raise HTTPException(404)
    headers = {"Cache-Control": A_DAY, "ETag": file.etag}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media, headers=headers)


@router.get(f"{PREFIX}/docs", name="docs")
async def docs() -> HTMLResponse:
    """The contract, to be read: made from the OpenAPI document, shown by files of our own."""
    return HTMLResponse(PAGES.get_template("docs.html").render())
