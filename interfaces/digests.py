"""Reminding by e-mail: on each working day one digest to whoever asked for it, beside the read models, in a thread of its own.

It connects as the service and opens addresses with its keys; a worker that is told of no mail server does neither, and reminds nobody.
One line of log for each change of state, with the id of the digest: never an address, never what a mail server said.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import structlog
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from application.outbox import QUEUE, SEND, TELL, TELL_ONE, Outbox, Planned
from application.store.connections import StoreAway
from domain.working_days import LONDON, BeyondCalendar
from interfaces.alarm import Alarm
from interfaces.databases import Databases
from interfaces.exports.digest import AHEAD
from interfaces.postman import Later, Postman, Reminding
from interfaces.wiring import Service
from projections.following import GONE, where

TICK = 15.0
"""Seconds after which it is asked again whether a day is to be planned, and whether a sender died."""

AT_MOST = 3600.0
"""Seconds before a mail that could not be sent yet is tried again, at most."""

POLL = 5.0
"""Seconds after which jobs that waited are looked for; a new one is heard of at once."""

LEAVE = 15.0
"""Seconds in which a mail that is being sent may be sent to its end when the worker is asked to stop."""

log = structlog.get_logger("digests")


class Patience(BaseRetryStrategy):
    """Longer each time, up to an hour; the digest itself ends with its day. What was interrupted is done again at once."""

    def __init__(self, first: float) -> None:
        self._first = first

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        pause = min(self._first * 2 ** min(job.attempts, 12), AT_MOST) if isinstance(exception, Later) else 0.0
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=pause))


class Digests:
    """Plans the digests of each working day and sends them. However many workers do this, a person gets one a day."""

    def __init__(self, places: Databases, reminding: Reminding) -> None:
        self._places = places
        self._how = reminding
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._keep()), name="digests", daemon=True)
        self._state = ""

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop between two mails, and wait for that."""
        self._stopping.set()
        self._thread.join(LEAVE + 5.0)

    async def _keep(self) -> None:
        pause = 0.5
        while not self._stopping.is_set():
            try:
                async with Service(self._places, boards=True) as service:
                    pause = 0.5
                    await self._work(service)
            except Exception as error:
                self._failed(error)
            pause = min(2 * pause, TICK)
            await self._wait(pause)

    async def _work(self, service: Service) -> None:
        """Until it is time to stop, or something fails."""
        outbox = Outbox(self._places.record)
        post = Postman(service, outbox, self._how)
        alarm = Alarm(service, outbox, self._how)
        for name, job in ((SEND, post.send), (TELL, alarm.tell), (TELL_ONE, alarm.send)):
            outbox.jobs.task(name=name, queue=QUEUE, retry=Patience(self._how.again))(job)
        async with outbox.jobs.open_async():
            working = outbox.jobs.run_worker_async(
                queues=[QUEUE], install_signal_handlers=False, delete_jobs="always", shutdown_graceful_timeout=LEAVE,
                fetch_job_polling_interval=POLL,
            )  # fmt: skip
            sending = asyncio.create_task(working)
            planning = asyncio.create_task(self._plan(service, outbox, post))
            done, _ = await asyncio.wait({sending, planning}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if error := task.exception():
                    self._failed(error)  # told before they are ended, which may wait for the database
            for task in (planning, sending):
                task.cancel()
            await asyncio.gather(planning, sending, return_exceptions=True)

    async def _plan(self, service: Service, outbox: Outbox, post: Postman) -> None:
        while not self._stopping.is_set():
            for digest in await outbox.abandoned():
                log.warning("digest", digest=str(digest), state="in-doubt", why="sender-gone")
            await _give_back(outbox)
            self._say(*await self._planned(service, outbox, post))
            await self._wait(TICK)

    async def _planned(self, service: Service, outbox: Outbox, post: Postman) -> tuple[str, str | None]:
        """Write the digests of the day, if it is time to; in which state reminding is."""
        here = (await self._how.now(service)).astimezone(LONDON)
        day = here.date()
        if here.time() < self._how.at:
            return "waiting", None
        await service.rulebook.refresh()
        calendar = service.rulebook.calendar()
        try:
            if not calendar.is_working_day(day):
                return "waiting", None
            calendar.add(day, AHEAD)
        except BeyondCalendar as error:
            return "standing-still", str(error)
        if await outbox.planned(day):
            return "waiting", None
        settled = await service.store.settled_position()
        if not (await service.view_reached("deadlines", settled) and await service.view_reached("on_cases", settled)):
            return "standing-still", "The deadlines are not up to date: their worker sees to that."
        wanted = []
        for reminder in await service.reminders.wanted():
            due = await post.due(reminder, day, calendar)
            if due:
                whose = (reminder.person, reminder.role, reminder.organisation, reminder.partnership)
                wanted.append(Planned(*whose, len(due.overdue), len(due.due)))
        if await outbox.plan(day, wanted, self._how.server.domain):
            log.info("digests", state="planned", day=day.isoformat(), digests=len(wanted))
        return "waiting", None

    async def _wait(self, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        while not self._stopping.is_set() and (left := until - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(left, 0.2))

    def _failed(self, error: BaseException) -> None:
        away = isinstance(error, (*GONE, StoreAway, ConnectorException))
        self._say("database-away" if away else "failed", type(error).__name__ if away or not isinstance(error, Exception) else where(error))

    def _say(self, state: str, why: str | None = None) -> None:
        """Once for each change."""
        if state != self._state:
            self._state = state
            level = log.info if state == "waiting" else log.warning
            level("digests", state=state, **({"why": why} if why else {}))


async def _give_back(outbox: Outbox) -> None:
    """Jobs whose worker died are done again; what became of their digest, its row says."""
    for job in await outbox.jobs.job_manager.get_stalled_jobs(queue=QUEUE):
        try:
            await outbox.jobs.job_manager.retry_job(job)
        except ConnectorException:  # another job for the same digest waits already
            await outbox.jobs.job_manager.finish_job(job, Status.FAILED, delete_job=True)


@contextmanager
def sending(places: Databases, reminding: Reminding | None) -> Iterator[None]:
    """Digests are sent, in this process, until the block ends; where no mail server is named, that is said once."""
    if reminding is None:
        log.info("digests", state="off", why="CASETRAIL_SMTP_HOST is not set: nobody is reminded by e-mail.")
        yield
        return
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # what goes wrong is told here, in one line
    digests = Digests(places, reminding)
    digests.start()
    try:
        yield
    finally:
        digests.stop()
