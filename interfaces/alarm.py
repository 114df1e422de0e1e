"""Telling at once that somebody broke the glass: the business managers and information governance of the partnership, by e-mail.

It goes to whoever asked for reminders, as digests do, and says of the case no more than where to look. Who cannot be written to is told
by the digest of information governance each working day, until the breaking is judged.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from email.message import EmailMessage

import structlog

from application.broken_glass import Broken
from application.outbox import Outbox
from application.reminders import Reminder
from domain.people import By
from domain.roles import BM
from domain.working_days import LONDON, said
from interfaces.exports.digest import letter
from interfaces.mail import InDoubt, NotYet, Refused
from interfaces.postman import Later, Reminding
from interfaces.wiring import Service
from projections.following import where

GOVERNANCE = "information-governance"
TOLD = (BM, GOVERNANCE)

log = structlog.get_logger("broken-glass")


class Alarm:
    """Two kinds of job: one finds who is to be told, and leaves one of the other for each of them."""

    def __init__(self, service: Service, outbox: Outbox, how: Reminding) -> None:
        self._service = service
        self._outbox = outbox
        self._how = how

    async def tell(self, case: str, place: int) -> None:
        """The job: leave one for each person who is to be told."""
        try:
            broken = await self._service.broken_glass.at(case, place)
            for one in await self._service.reminders.wanted() if broken else ():
                if await self._concerns(one, broken):
                    await self._outbox.alarm(case, place, one.person)
        except Exception as error:
            log.error("broken-glass", state="failed", why=where(error))
            raise Later from None

    async def send(self, case: str, place: int, person: str) -> None:
        """The job: write to one person, if it is still to be judged and theirs to know."""
        try:
            await self._send(case, place, person)
        except Later:
            raise
        except Exception as error:
            log.error("broken-glass", state="failed", why=where(error))
            raise Later from None

    async def _send(self, case: str, place: int, person: str) -> None:
        broken = await self._service.broken_glass.at(case, place)
        whose = await self._service.reminders.of(person)
        if whose is None or not whose.held or not await self._concerns(whose, broken) or broken is None:
            return
        to = await self._service.reminders.address(whose, fresh=True)
        if to is None:
            return
        server = self._how.server
        made = mail(broken, whose, server.sender, to, server.domain, await self._how.now(self._service), self._how.base_url)
        try:
            async with server.sent(made, to):
                log.info("broken-glass", state="sent", message=made["Message-ID"])
        except (NotYet, InDoubt) as outcome:  # told twice is better than not at all
            log.warning("broken-glass", state="to-send", why=outcome.why)
            raise Later from None
        except Refused as outcome:
            log.warning("broken-glass", state="refused", why=outcome.why)

    async def _concerns(self, whose: Reminder, broken: Broken | None) -> bool:
        """Whether they answer for the case: not who broke the glass, and nobody who is shut out of it."""
        if broken is None or whose.role not in TOLD or whose.partnership != broken.partnership or whose.person == broken.person:
            return False
        by = By(person=whose.person, role=whose.role, organisation=whose.organisation, partnership=whose.partnership)
        readers = await self._service.on_cases.readers([broken.case], by, await self._how.now(self._service))
        return broken.case in readers and readers[broken.case].may("audit-trail").level == "full"


def mail(broken: Broken, whose: Reminder, sender: str, to: str, domain: str, at: datetime, base_url: str) -> EmailMessage:
    """The letter. Sent again it has the same id."""
    id_ = uuid.uuid5(uuid.NAMESPACE_URL, f"{broken.case} {broken.place} {whose.person}")
    post = f"{whose.partnership.capitalize()}, {whose.role.replace('-', ' ')}"
    lines = [
        post, "",
        f"On {_when(broken.at)} somebody broke the glass on a case of {broken.partnership.capitalize()}.",
        f"They may read it until {_when(broken.until)}.", "",
        "Who it was, and why:",
        f"{base_url.rstrip('/')}/api/v1/cases/{broken.case}/history?from_place={broken.place}",
        "What they look at:",
        f"{base_url.rstrip('/')}/api/v1/cases/{broken.case}/access", "",
        "Information governance judges whether it was justified.",
        "Please do not answer this mail: nobody reads it.",
    ]  # fmt: skip
    return letter("\n".join(lines) + "\n", "Casetrail: somebody broke the glass", sender, to, f"<{id_}@{domain}>", at)


def _when(instant: datetime) -> str:
    here = instant.astimezone(LONDON)
    return f"{said(here.date())} at {here:%H:%M}"
