"""Rules and calendars as data. They speak of no case, so a look at them is not recorded."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from domain.guidance import EDITIONS
from domain.procedure import edition_as_data
from interfaces.api import shapes
from interfaces.api.answers import answered, listed, told
from interfaces.api.identity import Asking, service
from interfaces.api.problems import Unfit
from interfaces.wiring import Service

router = APIRouter(tags=["rules"])

Edition = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$", description="Such as `england-2025` or `bolton`.")]


async def _rulebook(running: Service) -> dict[str, str]:
    await running.rulebook.refresh()
    return {"Position": str(await running.store.settled_position())}


@router.get("/procedures", name="procedures", responses=told(shapes.Editions, 400, 401, 422, 503))
async def procedures(request: Request, asker: Asking) -> Response:
    """The editions shipped, and since when each is in force here."""
    running = service(request)
    headers = await _rulebook(running)
    return listed(running.rulebook.editions_listed(), headers)


@router.get("/procedures/{edition}", name="procedure", responses=told(shapes.Shape, 400, 401, 404, 422, 503))
async def procedure(edition: Edition, asker: Asking) -> Response:
    """One edition whole, each row with its source."""
    found = EDITIONS.get(edition)
    if found is None:
        raise Unfit("edition", "There is no such edition.", 404)
    data: dict[str, Any] = edition_as_data(found)
    return answered(data, {})


@router.get("/calendars", name="calendars", responses=told(shapes.CalendarEditions, 400, 401, 422, 503))
async def calendars(request: Request, asker: Asking) -> Response:
    """The editions of the calendar adopted here, each with its bank holidays."""
    running = service(request)
    headers = await _rulebook(running)
    return listed(running.rulebook.calendars_listed(), headers)
