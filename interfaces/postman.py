"""Sending one digest: what is due now, to the address that is kept now, if the person still wants it and holds the post."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time

import structlog

from application.broken_glass import Broken
from application.outbox import Digest, Outbox, Sending
from application.policy.across import Across
from application.reminders import Reminder
from domain.people import By
from domain.working_days import Calendar, london_date
from interfaces import shown_lists
from interfaces.exports.digest import Due, mail
from interfaces.mail import InDoubt, NotYet, Refused, Server
from interfaces.wiring import Service
from projections.following import where
from projections.owing import owing

AGAIN = 60.0
"""Seconds before a mail that could not be sent yet is tried again; then twice as long each time."""

MOST_DEADLINES = 5_000

log = structlog.get_logger("digests")

Clock = Callable[[Service], Awaitable[datetime]]


async def _now(service: Service) -> datetime:
    return await service.store.now()


@dataclass(frozen=True)
class Reminding:
    """How digests are sent: by whom, from what time of a working day in London, with links below which address."""

    server: Server
    at: time
    base_url: str
    now: Clock = _now
    again: float = AGAIN


class Later(Exception):
    """A digest was not sent and is to be tried again: its job waits."""


class Postman:
    """Sends digests one by one, over a service and its outbox."""

    def __init__(self, service: Service, outbox: Outbox, how: Reminding) -> None:
        self._service = service
        self._outbox = outbox
        self._how = how

    async def due(self, whose: Reminder | Digest, day: date, calendar: Calendar) -> Due:
        """What falls to them on this day, of the cases that they may know of: as their own calendar tells it."""
        running = self._service
        by = By(person=whose.person, role=whose.role, organisation=whose.organisation, partnership=whose.partnership)
        found = await shown_lists.waited_for(
            running.read_models, Across(running.on_cases, by, await self._how.now(running)), most=MOST_DEADLINES, today=day,
            calendars=running.rulebook.calendars(), partnership=whose.partnership, falls_to=owing(whose.role, whose.organisation),
        )  # fmt: skip
        glass = await self._to_judge(by) if whose.role == "information-governance" else ()
        return replace(Due.among(found.items, day, calendar), glass=tuple(glass))

    async def _to_judge(self, by: By) -> list[Broken]:
        """Broken glass of their partnership that nobody has judged yet, on the cases whose audit trail they read."""
        running = self._service
        found = await running.broken_glass.unreviewed(by.partnership or "")
        readers = await running.on_cases.readers({one.case for one in found}, by, await self._how.now(running))
        return [one for one in found if one.case in readers and readers[one.case].may("audit-trail").level == "full"]

    async def send(self, digest: str) -> None:
        """The job: an error that nobody foresaw is told without its words, and the job waits."""
        try:
            async with self._outbox.alone(uuid.UUID(digest)) as sending:
                if sending is not None and sending.digest.state == "to-send":
                    await self._send(sending)
        except Later:
            raise
        except Exception as error:
            log.error("digest", digest=digest, state="failed", why=where(error))
            raise Later from None

    async def _send(self, sending: Sending) -> None:
        digest = sending.digest
        now = await self._how.now(self._service)
        reminder = await self._service.reminders.of(digest.person)
        why = _no_longer(digest, reminder, london_date(now))
        to = await self._service.reminders.address(reminder, fresh=True) if reminder and not why else None
        if why is None and to is None:
            why = "address-erased"
        await self._service.rulebook.refresh()
        due = await self.due(digest, digest.day, self._service.rulebook.calendar())
        if why is None and not due:
            why = "nothing-due"
        if to is None or why is not None:
            await sending.drop(why or "address-erased")
            log.warning("digest", digest=str(digest.id), state="dropped", why=why)
            return
        role = f"{digest.partnership.capitalize()}, {digest.role.replace('-', ' ')}"
        server = self._how.server
        letter = mail(due, post=role, sender=server.sender, to=to, message_id=digest.message_id, at=now, base_url=self._how.base_url)
        if not await sending.begin(len(due.overdue), len(due.due)):
            return
        try:
            async with server.sent(letter, to):
                await sending.end("sent")
            log.info("digest", digest=str(digest.id), state="sent")
        except NotYet as outcome:
            await sending.end("to-send", outcome.why)
            log.warning("digest", digest=str(digest.id), state="to-send", why=outcome.why)
            raise Later from None
        except Refused as outcome:
            await sending.end("refused", outcome.why)
            log.warning("digest", digest=str(digest.id), state="refused", why=outcome.why)
        except InDoubt as outcome:
            await sending.end("in-doubt", outcome.why)
            log.warning("digest", digest=str(digest.id), state="in-doubt", why=outcome.why)


def _no_longer(digest: Digest, reminder: Reminder | None, today: date) -> str | None:
    """Why a digest that was planned is not to be sent any more; one that a person wants sent again is sent on any day."""
    if reminder is None or reminder.withdrawn_at is not None:
        return "withdrawn"
    if not reminder.held:
        return "post-ended"
    if (reminder.role, reminder.organisation, reminder.partnership) != (digest.role, digest.organisation, digest.partnership):
        return "asked-anew"
    if today > digest.day and digest.settled_at is None:
        return "day-over"
    return None
