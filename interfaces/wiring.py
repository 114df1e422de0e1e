"""The only place that knows concrete classes: a service put together from its databases, started and stopped as one."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Self

from application.access import Looks
from application.adopting import adopt_shipped
from application.broken_glass import BrokenGlass
from application.cases import Cases, Done, WouldDo
from application.children.index import Index
from application.children.searching import Searching
from application.documents import Documents
from application.erasure import Erasure
from application.event_feed import EventFeed
from application.feeds import Feeds
from application.ledger.entries import LOGS, Log
from application.ledger.notes import Policy
from application.ledger.reading import Ledger, Standing
from application.looking import Looking
from application.people import Register
from application.policy.of_cases import OnCases
from application.remembered import Cached, TimeThere
from application.reminders import Reminders
from application.rulebook import Rulebook
from application.sessions import Sessions
from application.store.keys import KeyFile, Keys
from application.store.store import Store
from application.tracker import Themes
from domain.recorded import Recorded
from domain.working_days import NEWEST
from interfaces import databases
from interfaces.boards import Boards
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from interfaces.settings import Settings
from interfaces.sign_in.configured import SignIn
from interfaces.sign_in.entrance import Entrance
from projections.paging import NotMade

BEGINNING = datetime(2018, 6, 29, tzinfo=UTC)
"""When a rehearsal store adopts its procedures and calendar: before anything that a scenario tells."""

LARGEST_DOCUMENT = 100 * 1024 * 1024
"""Bytes of an attached document, where the settings say nothing else."""

PATIENCE = 3.0
"""Seconds for which a query waits for a read model to reach a position."""


class Service:
    """Everything behind the API and the command line, over one pair of databases."""

    def __init__(
        self, places: Databases, *, boards: bool = False, largest_document: int = LARGEST_DOCUMENT, witnesses: Policy | None = None,
        sign_in: SignIn | None = None,
    ) -> None:  # fmt: skip
        self.places = places
        keys = Keys(places.keys, KeyFile(places.key_file, outside=places.data_folder))
        self.store = Store(places.record, keys)
        self.register = Register(places.record, keys)
        self.rulebook = Rulebook(self.store, time.monotonic)
        self.looks = Looks(places.record, keys)
        self.cases = Cases(
            self.store, self.register, self.rulebook, lambda: str(uuid.uuid4()), cached=Cached(self.store),
            time_there=TimeThere(self.store, time.monotonic), looks=self.looks,
        )  # fmt: skip
        self.looking = Looking(self.cases)
        self.on_cases = OnCases(self.store)
        self.events = EventFeed(self.store, time.monotonic)
        self.themes = Themes(self.store, self.cases)
        self.documents = Documents(places.record, keys)
        self.feeds = Feeds(places.record)
        self.reminders = Reminders(places.record, keys)
        self.sessions = Sessions(places.record, sign_in.lasting if sign_in else None)
        self.entrance = Entrance(sign_in, self.sessions, self.register) if sign_in else None
        self.children = Index(places.record, keys)
        self.store.beside = self.children
        self.searching = Searching(self.children, self.store, self.on_cases, time.monotonic)
        self.erasure = Erasure(places.record, self.store, self.register, self.documents)
        self.broken_glass = BrokenGlass(places.record)
        self.cases.heeding = self._heed
        self.ledger = Ledger(places.record, witnesses)
        self.largest_document = largest_document
        self.boards = Boards(places.record) if boards else None
        self.rehearsal = False
        self.marks: frozenset[str] = frozenset()
        self.leaving: Callable[[], bool] = lambda: False
        """Whether whoever serves is stopping: what goes on for as long as somebody listens then ends."""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.store)
            self.marks = frozenset(await self.store.marks())
            self.rehearsal = "rehearsal" in self.marks
            await self.register.open(rehearsal=self.rehearsal)
            stack.push_async_callback(self.register.close)
            for part in (
                self.children, self.looks, self.documents, self.erasure, self.feeds, self.reminders, self.sessions, self.broken_glass,
            ):  # fmt: skip
                stack.push_async_callback(part.close)
                await part.open()
            stack.callback(self.ledger.close)
            await self.rulebook.refresh(now=True)
            if self.boards:
                await stack.enter_async_context(self.boards)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _heed(self, recorded: Sequence[Recorded]) -> None:
        """What follows from what was just recorded, before it is answered."""
        await self.erasure.heed(recorded)
        await self.broken_glass.heed(recorded)

    # --- what the API asks beside the door and the looking

    @property
    def read_models(self) -> Boards:
        """The questions across cases.

        Raises:
            NotMade: this service was started without them.
        """
        if self.boards is None:
            raise NotMade("read models")
        return self.boards

    async def last_instant(self) -> datetime:
        """When the last event of the record was recorded."""
        last = await self.store.page(await self.store.settled_position() - 1, 1)
        return last[0].at if last else BEGINNING

    async def followed(self, done: Done) -> None:
        """After something was recorded: in a rehearsal the themes follow at once, so that what they raise is there to be asked."""
        if self.rehearsal and not done.again:
            await self.themes.follow(done.recorded)

    async def clocks_started(self, would: WouldDo) -> list[dict[str, Any]]:
        """The clocks that a command would start."""
        return self.looking.clocks_started(would)

    async def reached(self, position: int) -> bool:
        """Whether the record has come to this position, waiting a bounded time."""
        until = time.monotonic() + PATIENCE
        while await self.store.settled_position() < position:
            if time.monotonic() > until:
                return False
            await asyncio.sleep(0.02)
        return True

    async def view_reached(self, view: str, position: int) -> bool:
        """Whether a read model has come to this position, waiting a bounded time."""
        return self.boards is not None and await self.boards.reached(view, position, PATIENCE) is not None

    async def readiness(self) -> dict[str, Any]:
        """Whether the database answers and the read models keep up; what is wanting is named, and reminders that somebody should see."""
        try:
            position = await self.store.settled_position()
            reminders = await self.reminders.standing()
            logs = await self.ledger_standing()
            children = await self.children.whole()
        except Exception as error:
            return {"ready": False, "database": f"not there ({type(error).__name__})"}
        views = await self.boards.readiness(position) if self.boards else {}
        ready = all(view["fault"] is None for view in views.values())
        ledger = {log: {"published": standing.published, "waiting": standing.waiting} for log, standing in logs.items()}
        return {
            "ready": ready, "database": "there", "position": position, "views": views, "reminders": reminders, "ledger": ledger,
            "children": "whole" if children else "being made",
        }  # fmt: skip

    async def ledger_standing(self) -> dict[Log, Standing]:
        """How far both logs have come."""
        return await asyncio.to_thread(lambda: {log: self.ledger.standing(log) for log in LOGS})


async def adopt(service: Service, *, calendar: str | None = None, at: datetime | None = None) -> None:
    """The first events of a store: the shipped procedures, and the newest calendar or the one named."""
    await adopt_shipped(service.cases, calendar=calendar or NEWEST.edition, at=at)


@asynccontextmanager
async def configured(settings: Settings) -> AsyncIterator[Service]:
    """The service over the databases that the settings name, for a short command."""
    with databases.configured(settings, stay=False) as (places, _):
        async with Service(places, witnesses=settings.witness_policy()) as service:
            yield service


@asynccontextmanager
async def fresh_rehearsal(server: LocalPostgres, *, calendar: str | None = None) -> AsyncIterator[Service]:
    """A throw-away store marked as a rehearsal, its procedures and calendar adopted before any step."""
    with databases.throw_away(server, "rehearsal") as places:
        async with Service(places) as service:
            await adopt(service, calendar=calendar, at=BEGINNING)
            yield service
