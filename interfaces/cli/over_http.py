"""Scenario steps asked of a service in rehearsal over HTTP: the same runner, the API in place of the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

import httpx2 as httpx

from application.commands import COMMANDS
from application.rehearsal import Answer, digest
from interfaces.cli.saying import CannotDo

WHOEVER_COMPARES = "business-manager//Whoever compares"
"""Who looks at what is expected: nobody of the story, for those may be shut out of a case."""


class OverHttp:
    """A service in rehearsal, by the address under which `/api/v1` stands."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=f"{url.rstrip('/')}/api/v1", timeout=30)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def ask(
        self,
        command: str,
        fields: Mapping[str, Any],
        *,
        case: str | None,
        by: str,
        partnership: str,
        at: datetime,
        seen: int | None,
        key: str | None,
    ) -> Answer:
        headers = _headers(at, by)
        if seen is not None:
            headers["If-Match"] = f'"{seen}"'.encode()
        if key is not None:
            headers["Idempotency-Key"] = key.encode()
        answer = await self._send("POST", _path(command, case, fields), headers, json=dict(fields))
        told = _told(answer)
        if answer.is_success:
            again = answer.headers.get("Idempotent-Replayed") == "true"
            return Answer(True, events=tuple(told["events"]), case=told["case"], again=again)
        if answer.status_code >= 500 or answer.status_code in (400, 401):
            raise CannotDo(f"The service answered {answer.status_code} to {command}: {told.get('detail', '')}")
        return Answer(False, told.get("detail", answer.reason_phrase))

    async def look(self, case: str, *, document: str | None, by: str, partnership: str, at: datetime) -> Answer:
        """Shown the case: its overview and its history. A document that a word stands for is that word: it is kept there to be opened."""
        paths = ["", "/history"] if document is None else [f"/documents/{digest(document)}"]
        for path in paths:
            answer = await self._send("GET", f"/cases/{case}{path}", _headers(at, by))
            if answer.status_code == 404 and document is not None and digest(document) != document:
                kept = _headers(at, WHOEVER_COMPARES) | {"Content-Type": b"text/plain"}
                await self._send("PUT", f"/cases/{case}/documents", kept, content=document.encode())
                answer = await self._send("GET", f"/cases/{case}{path}", _headers(at, by))
            if answer.status_code >= 500 or answer.status_code in (400, 401):
                raise CannotDo(f"The service answered {answer.status_code} to a look: {_told(answer).get('detail', '')}")
            if not answer.is_success:
                return Answer(False, _told(answer).get("detail", answer.reason_phrase))
        return Answer(True)

    async def case_file(self, case: str) -> bytes:
        """The case file of a case, as a service that publishes makes it."""
        answer = await self._send("GET", f"/cases/{case}/case-file", {"Casetrail-Person": WHOEVER_COMPARES.encode()})
        if not answer.is_success:
            raise CannotDo(f"The service answered {answer.status_code} to the case file: {_told(answer).get('detail', '')}")
        return answer.content

    async def calendars(self) -> Sequence[str]:
        """The editions of the calendar that the service counts by."""
        answer = await self._send("GET", "/calendars", {"Casetrail-Person": WHOEVER_COMPARES.encode()})
        return [calendar["edition"] for calendar in _told(answer).get("items", ())]

    async def clocks(self, case: str, at: datetime, as_of: datetime | None) -> Sequence[Mapping[str, Any]]:
        return await self._items(f"/cases/{case}/clocks", at, as_of)

    async def decisions(self, case: str, at: datetime, as_of: datetime | None) -> Sequence[Mapping[str, Any]]:
        return await self._items(f"/cases/{case}/decisions", at, as_of)

    async def endorsements(self, case: str, at: datetime, as_of: datetime | None) -> int:
        return int((await self._get(f"/cases/{case}", at, as_of))["endorsements"]["endorsing"])

    async def event_names(self, case: str, at: datetime, as_of: datetime | None) -> Sequence[str]:
        return [item["name"] for item in await self._items(f"/cases/{case}/history", at, as_of)]

    async def candidates(self, partnership: str, at: datetime, as_of: datetime | None) -> Sequence[Mapping[str, Any]]:
        return await self._items("/themes/candidates", at, as_of, partnership=partnership)

    async def tracker(self, partnership: str, code: str, at: datetime, as_of: datetime | None) -> Mapping[str, Any]:
        return await self._get(f"/themes/{code}", at, as_of, partnership=partnership)

    async def _items(self, path: str, at: datetime, as_of: datetime | None, **params: str) -> list[dict[str, Any]]:
        return list((await self._get(path, at, as_of, **params))["items"])

    async def _get(self, path: str, at: datetime, as_of: datetime | None, **params: str) -> dict[str, Any]:
        if as_of is not None:
            params["as_of"] = as_of.astimezone(UTC).isoformat()
        answer = await self._send("GET", path, _headers(at, WHOEVER_COMPARES), params=params)
        told = _told(answer)
        if not answer.is_success:
            raise CannotDo(f"The service answered {answer.status_code} to {path}: {told.get('detail', '')}")
        return told

    async def _send(self, method: str, path: str, headers: Mapping[str, bytes], **more: Any) -> httpx.Response:
        try:
            return await self._client.request(method, path, headers={name.encode(): value for name, value in headers.items()}, **more)
        except httpx.TransportError as error:
            raise CannotDo(f"The service does not answer: {error}") from error


def _told(answer: httpx.Response) -> dict[str, Any]:
    try:
        return dict(answer.json())
    except ValueError:
        raise CannotDo("What answers there is not Casetrail: --api takes the address before /api/v1.") from None


def _headers(at: datetime, by: str) -> dict[str, bytes]:
    """The whole value is the person, so nothing is added to what the scenario says; the case brings its partnership."""
    return {"Casetrail-Person": by.encode(), "Casetrail-At": at.astimezone(UTC).isoformat().encode()}


def _path(command: str, case: str | None, fields: Mapping[str, Any]) -> str:
    kind = COMMANDS[command].stream_kind
    if command == "open-case":
        return "/cases"
    if kind == "case":
        return f"/cases/{case}/{command}"
    if command == "raise-thematic-candidate":
        return "/themes/raise-thematic-candidate"
    if kind == "candidate":
        return f"/themes/candidates/{fields.get('candidate', 'none')}/{command}"
    return "/calendars" if kind == "calendar" else "/procedures"
