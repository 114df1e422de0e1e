"""Instants as they are given on the command line."""

from __future__ import annotations

from datetime import datetime

from interfaces.api.identity import INSTANT
from interfaces.cli.saying import CannotDo
from interfaces.wiring import Service


async def recorded_by(service: Service, text: str | None) -> datetime | None:
    """The instant of `--as-of`.

    Raises:
        CannotDo: it is none, or lies in the future.
    """
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.upper()) if INSTANT.fullmatch(text) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise CannotDo("--as-of takes an instant with its offset from UTC, such as 2026-03-18T15:10:00+00:00.")
    if at > await service.store.now():
        raise CannotDo("--as-of lies in the future; nobody knows yet what will be recorded by then.")
    return at
