"""One case as an auditor asks the API of it, as `docs/questions.md` says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx2 as httpx
from anyio.from_thread import BlockingPortal

ASKED_ON = datetime(2026, 5, 22, 12, tzinfo=UTC)

Item = dict[str, Any]


class Case:
    """One case, asked over HTTP."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient, case: str) -> None:
        self._portal, self._client, self._case = portal, client, case

    def get(self, what: str, **params: str) -> Any:
        return self._asked(what, params).json()

    def case_file(self) -> bytes:
        """The case as a file that can be checked elsewhere."""
        return self._asked("case-file", {}).content

    def _asked(self, what: str, params: dict[str, str]) -> httpx.Response:
        headers = {"Casetrail-Person": "business-manager", "Casetrail-At": ASKED_ON.isoformat()}
        path = f"/api/v1/cases/{self._case}" + (f"/{what}" if what else "")
        answer = self._portal.call(lambda: self._client.get(path, headers=headers, params=params))
        assert answer.status_code == 200, answer.text
        return answer

    def overview(self, **params: str) -> Item:
        return dict(self.get("", **params))

    def clocks(self, name: str | None = None, **params: str) -> list[Item]:
        return [clock for clock in self.get("clocks", **params)["items"] if name in (None, clock["clock"])]

    def decisions(self, kind: str | None = None, **params: str) -> list[Item]:
        return [decision for decision in self.get("decisions", **params)["items"] if kind in (None, decision["decision"])]

    def access(self, **params: str) -> list[Item]:
        return list(self.get("access", **params)["items"])

    def escalations(self, kind: str) -> list[Item]:
        return [item for item in self.get("escalations")["items"] if item["kind"] == kind]

    def absences(self, what: str) -> list[Item]:
        return [item for item in self.get("absences")["items"] if item["absent"] == what]

    def assumed(self, **params: str) -> Item:
        """The clocks as they would be: nothing of it is recorded."""
        return dict(self.get("clocks", **params))

    def history(self, *names: str, **params: str) -> list[Item]:
        return [item for item in self.get("history", **params)["items"] if not names or item["name"] in names]


def one(items: list[Item], **like: Any) -> Item:
    """The only item that has these values."""
    found = [item for item in items if all(item.get(key.rstrip("_")) == value for key, value in like.items())]
    assert len(found) == 1, found
    return found[0]


def places(items: list[Item]) -> list[int]:
    return [item["place"] for item in items]
