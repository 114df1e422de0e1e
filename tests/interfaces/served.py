"""A real server on loopback for a story: uvicorn over a store of the tests, in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2 as httpx
import uvicorn

from application.ledger.notes import Policy
from interfaces import worker
from interfaces.api.app import make_app
from interfaces.cli.serving import listen
from interfaces.databases import Databases
from interfaces.sign_in.configured import SignIn
from interfaces.wiring import Service

CASE = {
    "partnership": "bolton",
    "label": "Infant X",
    "route": "local-authority",
    "concern": "serious-incident",
    "incident": {"happened_on": "2026-01-12", "area": "bolton", "harm": "died", "abuse_or_neglect": "suspected"},
    "children": [{"ref": "infant-x", "area_of_residence": "bolton", "age_band": "under-1", "harm": "died", "name": "Zebedee Quirke"}],
}


@contextmanager
def served(places: Databases, witnesses: Policy | None = None, sign_in: SignIn | None = None) -> Iterator[str]:
    """The address of a service over this store, with its read models followed."""
    socket = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        make_app(Service(places, boards=True, witnesses=witnesses, sign_in=sign_in)), log_level="warning", access_log=False, lifespan="on"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    with worker.following(places.projections):
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{socket.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def open_case(url: str, **fields: object) -> str:
    """The id of a case that is open there."""
    headers = {"Casetrail-Person": "local-authority-practitioner"}
    answer = httpx.post(f"{url}/api/v1/cases", json={**CASE, **fields}, headers=headers, timeout=60)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["case"])
