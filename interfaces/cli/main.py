"""The command line: `casetrail --help` lists what can be done."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from interfaces import wiring
from interfaces.cli import calendar as calendars
from interfaces.cli import clocks as clock_board
from interfaces.cli import demo as demonstration
from interfaces.cli import importing, serving
from interfaces.cli import rehearse as rehearsing
from interfaces.cli import themes as theme_tracker
from interfaces.cli.saying import failing_in_a_sentence
from interfaces.settings import Settings

app = typer.Typer(
    help="Casetrail: a system of record for English child safeguarding case reviews.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)
"""What could not be done is told apart from what was asked for, which may be piped on."""

Rehearsal = Annotated[
    bool, typer.Option("--rehearsal", help="A store for practice: persons are named by a header, instants may be chosen.")
]
NamedCalendar = Annotated[
    str | None, typer.Option("--calendar", metavar="EDITION", help="The calendar that a new store begins with; default: the newest.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")]


@app.command()
def serve(
    rehearsal: Rehearsal = False,
    host: Annotated[str, typer.Option(help="Only loopback until there is sign-in.")] = "127.0.0.1",
    port: Port = 8000,
    calendar: NamedCalendar = None,
) -> None:
    """Serve the API. Until there is sign-in: in rehearsal, on loopback, and nowhere else."""
    with failing_in_a_sentence(errors):
        serving.serve(console, rehearsal=rehearsal, host=host, port=port, calendar=calendar)


@app.command()
def demo(
    port: Port = 8000,
    serve: Annotated[bool, typer.Option(help="Serve the API after the stories are told.")] = True,
) -> None:
    """Start a database of our own, load two histories, tell them, and serve the API on loopback until stopped."""
    with failing_in_a_sentence(errors):
        demonstration.demo(console, port=port, serve=serve)


@app.command()
def rehearse(
    files: Annotated[list[Path], typer.Argument(help="Scenario files.", exists=False)],
    keep: Annotated[bool, typer.Option("--keep", help="Load into the configured store, which must be marked as a rehearsal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole result as JSON.")] = False,
    api: Annotated[str | None, typer.Option("--api", metavar="URL", help="Ask a service in rehearsal over HTTP instead.")] = None,
) -> None:
    """Run scenario files on a fresh, throw-away store. Exit 0: all holds; 1: something fell short; 2: something is not built."""
    with failing_in_a_sentence(errors):
        told = asyncio.run(rehearsing.rehearse(console, files, keep=keep, api=api, quiet=as_json))
        if as_json:
            print(json.dumps(told.as_json(), ensure_ascii=False, indent=2))
        raise typer.Exit(told.exit)


@app.command("import")
def bring_in(
    file: Annotated[Path, typer.Argument(help="A scenario file, or a spreadsheet with one row per deed (.xlsx, .ods, .csv).")],
    by: Annotated[str, typer.Option(help="Who transcribes: role/organisation/name.")] = "business-manager",
    partnership: Annotated[str, typer.Option(help="Where the cases of a spreadsheet are opened.")] = "england",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what each row would do.")] = False,
) -> None:
    """Bring history in: record now what happened then, row by row. Nothing is recorded unless every row may stand."""
    with failing_in_a_sentence(errors):
        raise typer.Exit(asyncio.run(importing.bring_in(console, file, by=by, partnership=partnership, dry_run=dry_run)))


@app.command()
def migrate(rehearsal: Rehearsal = False, calendar: NamedCalendar = None) -> None:
    """Bring both databases up to this version, as their owner; a new store adopts the shipped procedures and calendar."""
    with failing_in_a_sentence(errors):
        serving.migrate(console, rehearsal=rehearsal, calendar=calendar)


@app.command()
def worker() -> None:
    """Keep the read models up to date until stopped."""
    with failing_in_a_sentence(errors):
        serving.work(console)


@app.command()
def rebuild(
    views: Annotated[list[str] | None, typer.Argument(help="Read models to rebuild; all if none is named.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Only compare; switch nothing.")] = False,
) -> None:
    """Fill each read model anew beside the live one, compare them row for row, and switch."""
    with failing_in_a_sentence(errors):
        raise typer.Exit(serving.rebuild(console, views or [], compare=compare))


@app.command()
def clocks(
    partnership: Annotated[str | None, typer.Option(help="Of this partnership; default: all.")] = None,
    role: Annotated[str | None, typer.Option(help="What falls to this role, such as business-manager.")] = None,
    owed_by: Annotated[str | None, typer.Option(help="Owed by this agency or body.")] = None,
    verdict: Annotated[str | None, typer.Option(help="running, overdue, on-time, late, cancelled, superseded or elapsed.")] = None,
    clock: Annotated[str | None, typer.Option(help="One clock, such as acknowledgement.")] = None,
    text: Annotated[str | None, typer.Option(help="Part of a label, a clock, what it is about or who owes it.")] = None,
    due_after: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Due after this day.")] = None,
    due_before: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Due before this day.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="The most that are shown.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print the clocks as JSON, each with its arithmetic.")] = False,
) -> None:
    """The deadline board: what is next, across cases."""

    async def ask() -> None:
        async with clock_board.with_board() as service:
            items, today, more = await clock_board.asked(
                service, limit=limit, role=role, partnership=partnership, owed_by=owed_by, verdict=clock_board.verdict_of(verdict),
                clock=clock, text=text, due_after=due_after and due_after.date(), due_before=due_before and due_before.date(),
            )  # fmt: skip
        if as_json:
            print(json.dumps({"judged_on": today.isoformat(), "items": items, "more": more}, ensure_ascii=False, indent=2))
        else:
            clock_board.table(console, items, today, more=more)

    with failing_in_a_sentence(errors):
        asyncio.run(ask())


@app.command()
def themes(
    code: Annotated[str | None, typer.Argument(help="The cases behind one code, such as P5.1; default: every theme.")] = None,
    partnership: Annotated[str | None, typer.Option(help="Of this partnership; default: all.")] = None,
    candidates: Annotated[bool, typer.Option("--candidates", help="The candidates for thematic reviews.")] = False,
    cross: Annotated[str | None, typer.Option(help="Only children who have this code as well.")] = None,
    as_of: Annotated[str | None, typer.Option(help="As recorded by this instant, such as 2026-03-18T15:10:00+00:00.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON, with the cases and entries behind each.")] = False,
) -> None:
    """The tracker of recurring themes: children, incidents and notifications side by side."""

    async def ask() -> None:
        async with theme_tracker.with_tracker() as service:
            found = await theme_tracker.asked(service, theme_tracker.Wanted(partnership, code, candidates, as_of, cross))
        if as_json:
            print(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
        else:
            theme_tracker.table(console, found)

    with failing_in_a_sentence(errors):
        asyncio.run(ask())


calendar = typer.Typer(help="Bank holidays of England, edition by edition.", no_args_is_help=True)
app.add_typer(calendar, name="calendar")


@calendar.command("adopt")
def adopt_calendar(
    file: Annotated[Path, typer.Argument(help="TOML, or a list with a day on each line.")],
    edition: Annotated[str | None, typer.Option(help="What it is called; default: as in the file, or the name of the file.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the days were read.")] = None,
    because: Annotated[str | None, typer.Option(help="Why it is adopted.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Adopt it, after telling what moves.")] = False,
) -> None:
    """Compare an edition with the library, tell which due dates would move, and with --yes adopt it."""

    async def ask() -> int:
        proposed = calendars.read_file(file, edition, source)
        async with clock_board.with_board() as service:
            return await calendars.adopt(console, service, proposed, because=because, yes=yes)

    with failing_in_a_sentence(errors):
        raise typer.Exit(asyncio.run(ask()))


@calendar.command("show")
def show_calendar(edition: Annotated[str | None, typer.Argument(help="One edition, day by day.")] = None) -> None:
    """The editions adopted here, or the days of one of them."""

    async def ask() -> None:
        async with wiring.configured(Settings()) as service:
            calendars.show(console, service.rulebook.calendars(), edition)

    with failing_in_a_sentence(errors):
        asyncio.run(ask())


def run() -> None:
    """The entry point of `casetrail`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()


if __name__ == "__main__":
    run()
