"""`casetrail demo`: two histories loaded into a store of their own, told as timelines, and served."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
from psycopg import sql
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

import interfaces
from application.rehearsal import Rehearsal
from application.rehearsal import rehearse as take_steps
from application.scenario import read_scenario
from application.world import InProcess
from interfaces import databases, wiring
from interfaces.cli import serving
from interfaces.cli.looks import noted
from interfaces.cli.saying import CannotDo
from interfaces.local_postgres import LocalPostgres
from interfaces.settings import Settings
from interfaces.sign_in.configured import SignIn

STORIES = ("child-j.yaml", "organisation-christmas-2025.yaml")
"""A Barnet history of the local authority route, and a Bolton one of the organisation route."""

VERDICT_STYLE = {"overdue": "bold red", "late": "red", "running": "cyan", "on-time": "green"}


def stories() -> Path:
    """Where the histories lie: in the checkout, or beside the installed package."""
    checkout = Path(interfaces.__file__).parent.parent / "tests" / "stories"
    installed = Path(__file__).parent / "stories"
    return checkout if checkout.is_dir() else installed


def demo(console: Console, *, port: int, serve: bool) -> None:
    """Everything a newcomer sees first. The store is made anew each time."""
    settings = Settings()
    if settings.issuer is not None:
        raise CannotDo("In a demonstration anybody may be anybody, so it is not made where people sign in: take CASETRAIL_ISSUER away.")
    home = settings.home / "demo"
    console.print(Text("Casetrail. All persons and events shown here are invented.", style="bold"))
    with LocalPostgres(home / "postgres", say=lambda sentence: serving.say(console, sentence)).own() as server:
        for name in (databases.RECORD, databases.KEYS):
            drop(server, name)
        (home / "key").unlink(missing_ok=True)
        passwords = databases.Passwords.kept_in(home / "passwords")
        places = databases.on_server(server, passwords, home / "key", databases.RECORD, databases.KEYS)
        databases.prepare(places, passwords, "rehearsal", "demo")
        asyncio.run(tell(console, places))
        if serve:
            choosing = SignIn(f"http://127.0.0.1:{port}", lasting=settings.lasting())
            serving.run(console, places, settings, choosing, host="127.0.0.1", port=port)


def drop(server: LocalPostgres, name: str) -> None:
    """Remove a database of the demonstration."""
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


async def tell(console: Console, places: databases.Databases) -> None:
    """Load the histories, then print each case as a timeline with its clocks."""
    async with wiring.Service(places) as service:
        await wiring.adopt(service, at=wiring.BEGINNING)
        scenarios = [read_scenario(stories() / name) for name in STORIES]
        steps = sum(len(scenario.steps) for scenario in scenarios)
        with Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
        ) as progress:
            bar = progress.add_task("Recording two histories", total=steps)
            world = InProcess(service.looking, service.themes)
            rehearsals = [Rehearsal(scenario, world, lambda told: progress.advance(bar)) for scenario in scenarios]
            await take_steps(rehearsals)
            progress.update(bar, completed=steps)
        for rehearsal in rehearsals:
            if rehearsal.told.exit == 1:
                raise CannotDo(f"The history {rehearsal.told.file} did not hold: run casetrail rehearse on it to see where.")
            for case in rehearsal.told.cases.values():
                await timeline(console, service, case)


async def timeline(console: Console, service: wiring.Service, case: str) -> None:
    """One case: what was recorded, in order, then its clocks."""
    seen = await service.looking.see(f"case/{case}")
    await noted(service, "history", streams=(seen.stream,), place=seen.place, position=seen.position)
    overview = await service.looking.overview(seen)
    console.print()
    title = f"{overview['label']} ({overview['partnership'].capitalize()})"
    table = _table(title)
    table.add_column("#", style="dim", justify="right", no_wrap=True)
    table.add_column("Day", style="cyan", no_wrap=True)
    table.add_column("What happened", ratio=3)
    table.add_column("By", style="dim", ratio=1)
    for item in await service.looking.history(seen):
        by = item["by"]["role"].replace("-", " ") + (f", {item['by']['organisation']}" if item["by"].get("organisation") else "")
        table.add_row(str(item["place"]), item["on"], Text(item["sentence"]), Text(by))
    console.print(table)
    clocks = _table("Clocks")
    clocks.add_column("Clock", ratio=2)
    for heading in ("Counted from", "Due", "Done"):
        clocks.add_column(heading, no_wrap=True)
    clocks.add_column("Verdict", no_wrap=True)
    roomy = console.width >= 120
    if roomy:
        clocks.add_column("Source", style="dim", ratio=2)
    for clock in service.looking.clocks(seen):
        about = f" ({clock['about']})".replace("-", " ") if clock.get("about") else ""
        late = clock.get("late_by") or clock.get("overdue_by")
        verdict = clock["verdict"] + (f" by {late}" if late else "")
        row = [
            Text(clock["clock"].replace("-", " ") + about),
            *(clock.get(key, "") for key in ("from", "due", "done")),
            Text(verdict, style=VERDICT_STYLE.get(clock["verdict"], "dim")),
        ]
        clocks.add_row(*row, *([Text(str(clock["source"]))] if roomy else []))
    console.print(clocks)


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
