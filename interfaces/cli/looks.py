"""Looks from the command line: noted as those of the account that runs it, in the role of an administrator, before anything is shown."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from application.access import Judged, Outcome, look
from application.policy.policies import Policies
from domain.language import replace
from domain.people import By
from interfaces.api.looks import streams_in
from interfaces.wiring import Service


async def noted(
    service: Service, view: str, shown: Any = None, *, streams: Iterable[str] = (), place: int | None = None, as_of: datetime | None = None,
    position: int | None = None, asking: By | None = None, reason: str | None = None, outcome: Outcome = "shown",
) -> None:  # fmt: skip
    """Note what is about to be shown: the cases and candidates that `shown` speaks of, or these `streams`.

    `asking` is somebody in whose post and on whose behalf the account looks.

    Raises:
        StoreAway: it could not be noted, so it is not to be shown.
    """
    by = By(person=await service.register.of_account(_account()), role="administrator")
    if asking is not None:
        by = replace(asking, person=by.person, behalf_of=asking.person)
    streams = (*streams, *streams_in(shown))
    judged = Judged(by.role, Policies.shipped().edition) if asking else None
    found = look(by, view, outcome=outcome, streams=streams, place=place, as_of=as_of, position=position, reason=reason, judged=judged)
    await service.looks.note(found)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
