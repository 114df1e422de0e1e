"""`casetrail calendar`: bank holidays as evidence. What an edition would move is told before anything moves (CAL-7)."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import holidays
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from domain.adoption import AdoptCalendar
from domain.clock import Clock
from domain.clocks import Adopted, ClockState, step
from domain.language import Refused
from domain.people import By
from domain.toml_files import BadToml, read_toml
from domain.working_days import CUSTOMARY_DAYS, BeyondCalendar, Calendar, adopted, london_date, said, weekend_days
from interfaces.cli.clocks import with_board
from interfaces.cli.looks import noted
from interfaces.cli.saying import CannotDo, failing_in_a_sentence
from interfaces.settings import Settings
from interfaces.wiring import Service, configured

LARGEST = 1_000_000
"""Bytes of a file."""

MOST_CLOCKS = 1_000_000
"""Open clocks that are looked through."""


class Proposed(NamedTuple):
    """An edition as a file has it."""

    edition: str
    source: str
    holidays: Mapping[date, str]


class Moved(NamedTuple):
    """A clock whose day would move."""

    label: str
    case: str
    partnership: str
    clock: Clock
    to: date


# --- the file


def read_file(file: Path, edition: str | None = None, source: str | None = None) -> Proposed:
    """An edition from a TOML file (`edition`, `source`, `holidays`, a list of days or a table of days and names) or a list: a day on
    each line, and after a comma its name. What `#` begins is a remark.

    Raises:
        CannotDo: with the line and the reason.
    """
    try:
        if file.stat().st_size > LARGEST:
            raise CannotDo(f"{file.name} is larger than {LARGEST} bytes: that is no list of bank holidays.")
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotDo(f"{file.name} cannot be read: {getattr(error, 'strerror', None) or 'it is not in UTF-8'}.") from None
    given = _from_toml(file.name, text) if file.suffix.lower() == ".toml" else {"holidays": _from_lines(file.name, text)}
    days = given.get("holidays") or {}
    if not days:
        raise CannotDo(f"{file.name} names no day.")
    if wrong := weekend_days(days):
        raise CannotDo(" ".join(wrong))
    name = edition or given.get("edition") or file.stem
    said_by = source or given.get("source") or ""
    if not said_by:
        raise CannotDo("An edition names its source, such as the page it was read on: --source, or source = in the file.")
    return Proposed(str(name), str(said_by), dict(sorted(days.items())))


def _from_toml(name: str, text: str) -> dict[str, Any]:
    try:
        given = read_toml(text)
    except BadToml as error:
        raise CannotDo(f"{name} is no TOML: {error}.") from None
    if strangers := sorted(set(given) - {"edition", "source", "holidays"}):
        raise CannotDo(f"{name} has a key {strangers[0]}; there are edition, source and holidays.")
    days = given.get("holidays", [])
    pairs = days.items() if isinstance(days, dict) else [(day, "") for day in days] if isinstance(days, list) else []
    return {**given, "holidays": {_day(name, n, str(day)): str(words) for n, (day, words) in enumerate(pairs, 1)}}


def _from_lines(name: str, text: str) -> dict[date, str]:
    days: dict[date, str] = {}
    lines = [(n, line.partition("#")[0].strip()) for n, line in enumerate(text.splitlines(), 1)]
    for n, line in lines:
        if not line:
            continue
        try:
            first, *words = (part.strip() for part in next(csv.reader([line])))
        except csv.Error as error:
            raise CannotDo(f"{name}, line {n}: {error}.") from None
        if not days and first.lower() in ("date", "day"):
            continue
        days[_day(name, n, first)] = ", ".join(words)
    return days


def _day(name: str, n: int, words: str) -> date:
    try:
        if len(words) == 10:
            return date.fromisoformat(words)
    except ValueError:
        pass
    raise CannotDo(f"{name}, line {n}: {words!r} is no day such as 2026-12-25.")


# --- compared with the library


def compared(proposed: Iterable[date]) -> list[str]:
    """How the days differ from what the library `holidays` says of England, year by year; a year in part is held against it in part."""
    found: list[str] = []
    years: dict[int, set[date]] = {}
    for day in proposed:
        years.setdefault(day.year, set()).add(day)
    for year, days in sorted(years.items()):
        # never without the subdivision: of the United Kingdom as a whole it knows two days fewer
        known = {day for day in holidays.country_holidays("GB", subdiv="ENG", years=year) if day.weekday() < 5}
        found += [f"{said(day)} is in the file; the library does not know it." for day in sorted(days - known)]
        if len(days) >= CUSTOMARY_DAYS:
            found += [f"{said(day)} is known to the library and not in the file." for day in sorted(known - days)]
    return found


# --- what would move


def moves(clock: Clock, calendar: Calendar, at: datetime) -> date | None:
    """The day an open clock would be due on once this calendar is adopted at that instant; None where it stays."""
    state = step(ClockState(live={clock.clock: (clock,)}), Adopted(calendar, at))
    (after,) = state.live[clock.clock]
    return after.due if after.due != clock.due else None


async def would_move(service: Service, calendar: Calendar, at: datetime) -> list[Moved]:
    """Every open clock on the board whose day would move.

    Raises:
        CannotDo: there are too many to look through.
    """
    found = await service.read_models.waited_for(most=MOST_CLOCKS, today=london_date(at), calendars=service.rulebook.calendars())
    if found.next is not None:
        raise CannotDo(f"There are more than {MOST_CLOCKS} open clocks: nothing was compared.")
    moved = ((row, moves(row.clock, calendar, at)) for row in found.items)
    return [Moved(row.label, row.case, row.partnership, row.clock, to) for row, to in moved if to is not None]


# --- the commands


async def adopt(console: Console, service: Service, proposed: Proposed, *, because: str | None, yes: bool) -> int:
    """Compare, tell what would move, and adopt where that is wanted. Exit 0."""
    await service.rulebook.refresh(now=True)
    before = [*service.rulebook.calendars().values()][-1:]
    if proposed.edition in service.rulebook.calendars():
        raise CannotDo(f"The edition {proposed.edition} is already adopted: give this one a name of its own with --edition (CAL-7).")
    try:
        calendar = adopted(proposed.edition, proposed.source, proposed.holidays, before[0] if before else None)
    except BeyondCalendar as error:
        raise CannotDo(str(error)) from None
    say = _sayer(console)
    differing = compared(proposed.holidays)
    say(f"{proposed.edition}: {len(proposed.holidays)} days, covering {calendar.first} to {calendar.last}. {proposed.source}")
    say("It says what the library holidays says of England." if not differing else "Compared with the library holidays for England:")
    for sentence in differing:
        say(f"  {sentence}")
    moved = await would_move(service, calendar, await service.store.now())
    if moved:
        await noted(service, "calendar-would-move", streams=[f"case/{one.case}" for one in moved])
    say("No due date would move." if not moved else f"{len(moved)} due date{'s' if len(moved) > 1 else ''} would move:")
    for one in moved:
        due = one.clock.due.isoformat() if one.clock.due else "no day"
        about = f" ({one.clock.about})" if one.clock.about else ""
        name = one.clock.clock.replace("-", " ")
        say(f"  {one.label}, {one.partnership.capitalize()}: {name}{about}, from {due} to {one.to.isoformat()}")
    if not yes:
        say("Nothing was adopted. To adopt it: the same again with --yes and --because.")
        return 0
    if not because:
        raise CannotDo("Adopting needs a reason: --because. Nothing was adopted.")
    person = await service.register.told_of("administrator", "england")
    try:
        command = AdoptCalendar(edition=proposed.edition, source=proposed.source, holidays=tuple(proposed.holidays), because=because)
        done = await service.cases.do(command, By(person=person, role="administrator"))
    except ValidationError as error:
        raise CannotDo(f"The edition cannot be adopted: {error.errors()[0]['msg']}.") from None
    except Refused as error:
        raise CannotDo(error.sentence) from None
    say(f"Adopted at position {done.position}.")
    return 0


def show(console: Console, calendars: Mapping[str, Calendar], edition: str | None) -> None:
    """The editions adopted, or the days of one.

    Raises:
        CannotDo: it is not adopted.
    """
    say = _sayer(console)
    if edition is None:
        for calendar in calendars.values():
            say(f"{calendar.edition}: {calendar.first} to {calendar.last}, {len(calendar.holidays)} days. {calendar.source}")
        say(f"{len(calendars)} adopted; the last is in force.")
        return
    if edition not in calendars:
        raise CannotDo(f"The edition {edition} is not adopted here; there are {', '.join(calendars) or 'none'}.")
    for day, name in sorted(calendars[edition].holidays.items()):
        say(f"{day.isoformat()} {day:%A}: {name}")


def _sayer(console: Console) -> Any:
    return lambda sentence: console.print(Text(sentence), soft_wrap=True)


def commands(console: Console, errors: Console) -> typer.Typer:
    """`casetrail calendar` and what stands below it."""
    calendar = typer.Typer(help="Bank holidays of England, edition by edition.", no_args_is_help=True)

    @calendar.command("adopt")
    def adopt_one(
        file: Annotated[Path, typer.Argument(help="TOML, or a list with a day on each line.")],
        edition: Annotated[str | None, typer.Option(help="What it is called; default: as in the file, or the name of the file.")] = None,
        source: Annotated[str | None, typer.Option(help="Where the days were read.")] = None,
        because: Annotated[str | None, typer.Option(help="Why it is adopted.")] = None,
        yes: Annotated[bool, typer.Option("--yes", help="Adopt it, after telling what moves.")] = False,
    ) -> None:
        """Compare an edition with the library, tell which due dates would move, and with --yes adopt it."""

        async def ask() -> int:
            proposed = read_file(file, edition, source)
            async with with_board() as service:
                return await adopt(console, service, proposed, because=because, yes=yes)

        with failing_in_a_sentence(errors):
            raise typer.Exit(asyncio.run(ask()))

    @calendar.command("show")
    def show_one(edition: Annotated[str | None, typer.Argument(help="One edition, day by day.")] = None) -> None:
        """The editions adopted here, or the days of one of them."""

        async def ask() -> None:
            async with configured(Settings()) as service:
                show(console, service.rulebook.calendars(), edition)

        with failing_in_a_sentence(errors):
            asyncio.run(ask())

    return calendar
