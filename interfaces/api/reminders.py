"""Reminders by e-mail, of one's own deadlines: asked for, looked at and withdrawn by the person they are for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from application.reminders import ADDRESS, LONGEST, Reminder
from domain.people import By
from domain.working_days import london_date
from interfaces.api.answers import NO_STORE, answered, told
from interfaces.api.boards import OfPartnership
from interfaces.api.identity import Asker, Asking, service
from interfaces.api.problems import Unfit, documented
from interfaces.api.shapes import Shape

router = APIRouter(prefix="/reminders", tags=["reminders"])


class RemindMe(BaseModel):
    """Where reminders are to go."""

    model_config = ConfigDict(extra="forbid")

    address: str = Field(pattern=ADDRESS, max_length=LONGEST, description="An e-mail address. It is kept sealed, and told to nobody else.")


class Reminded(Shape):
    """What somebody asked for: a digest on working days of what falls to them in this post. `address` is null once it is gone."""

    role: str
    partnership: str
    address: str | None
    asked_at: datetime
    withdrawn_at: datetime | None
    post_held: bool = Field(description="Reminders end with the post they were asked for.")


MADE: dict[int | str, dict[str, Any]] = {201: {"description": "Reminders will be sent.", "model": Reminded}}


@router.post("", name="ask-for-reminders", status_code=201, responses=MADE | documented(400, 401, 403, 422, 503))
async def ask(request: Request, asker: Asking, wanted: RemindMe, partnership: OfPartnership = None) -> Response:
    """Ask for a digest on working days; asked again, the new address and post take the place of the old."""
    request.state.command = "ask-for-reminders"
    running = service(request)
    chosen = partnership or asker.by.partnership
    if chosen is None:
        raise Unfit("partnership", "is wanted: reminders are of one partnership")
    await in_post(request, asker, chosen)
    made = await running.reminders.ask(asker.by, chosen, wanted.address)
    return answered(_told(made, wanted.address), {}, 201)


@router.get("", name="reminders", responses=told(Reminded, 400, 401, 404, 422, 503))
async def mine(request: Request, asker: Asking) -> Response:
    """What whoever asks has asked for, withdrawn or not."""
    reminders = service(request).reminders
    found = await reminders.of(asker.by.person)
    if found is None:
        raise Unfit("reminders", "You have not asked for reminders.", 404)
    return answered(_told(found, await reminders.address(found)), {})


GONE: dict[int | str, dict[str, Any]] = {204: {"description": "No more reminders; the address is gone."}}


@router.delete("", name="withdraw-reminders", status_code=204, responses=GONE | documented(400, 401, 404, 422, 503))
async def withdraw(request: Request, asker: Asking) -> Response:
    """No more reminders: the address is forgotten."""
    if not await service(request).reminders.withdraw(asker.by.person):
        raise Unfit("reminders", "You have no reminders to withdraw.", 404)
    return Response(status_code=204, headers=NO_STORE)


async def in_post(request: Request, asker: Asker, partnership: str) -> None:
    """In a rehearsal, whoever asks for something in a post is seen in it, as they are when they ask a command."""
    running = service(request)
    by = asker.by
    if by.partnership is None:
        by = By(person=by.person, role=by.role, organisation=by.organisation, partnership=partnership)
    await running.register.holds(by, london_date(await running.store.now()))


def _told(reminder: Reminder, address: str | None) -> dict[str, Any]:
    return {
        "role": reminder.role, "partnership": reminder.partnership, "address": address, "asked_at": reminder.asked_at,
        "withdrawn_at": reminder.withdrawn_at, "post_held": reminder.held,
    }  # fmt: skip
