"""`casetrail generate`: invented histories in any number, in a store that is marked as a rehearsal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from application.generating.generating import Generated, NotGenerated, Unaccepted, Where, generate
from application.generating.plan import Plan
from application.generating.recording import last_instant
from domain.working_days import london_date
from interfaces import databases, wiring, worker
from interfaces.cli import fsck
from interfaces.cli.saying import CannotDo
from interfaces.databases import Databases
from interfaces.settings import Settings

YEARS = 10


async def run(console: Console, *, cases: int, seed: int, first: date | None, last: date | None, rebuild: bool) -> int:
    """Generate, tell what came of it, check everything (`casetrail fsck`). Exit 1 where that finds something."""
    settings = Settings()
    with databases.configured(settings, stay=False) as (places, _):
        plan = _plan(places, cases, seed, first, last)
        made = await generated(console, places, plan)
        _say(
            console,
            f"{made.events:,} events of {made.cases:,} cases, {made.reviews:,} thematic reviews and {made.candidates:,} candidates, from"
            f" {plan.first} to {plan.last}, in {made.seconds:.0f} s: {made.events / max(made.seconds, 0.001):,.0f} a second.",
        )
        wrong = fsck.checked(console, places, settings)
        if rebuild:
            wrong += worker.rebuild(console, places, (), compare=False)
        return 1 if wrong else 0


def _plan(places: Databases, cases: int, seed: int, first: date | None, last: date | None) -> Plan:
    """The last ten years, or what of them comes after the last event of the store."""
    last = last or london_date(datetime.now(UTC))
    recorded = last_instant(places.record)
    earliest = london_date(recorded) + timedelta(days=1) if recorded else last
    first = first or max(last - timedelta(days=round(365.25 * YEARS)), earliest)
    if first >= last:
        raise CannotDo(f"Nothing can happen from {first} to {last}: the first day comes before the last, and after all that is recorded.")
    return Plan(cases, seed, first, last)


async def generated(console: Console, places: Databases, plan: Plan) -> Generated:
    """The histories of a plan, recorded."""
    async with wiring.Service(places) as service:
        if not service.rehearsal:
            raise CannotDo("Histories are generated only into a store that is marked as a rehearsal; this one is not.")
        with _progress(console, plan) as told:
            try:
                where = Where(places.record, places.keys, places.key_file)
                await service.children.doubt()
                made = await generate(plan, where, service.store, service.register, service.rulebook, told=told)
                await service.children.again()
                return made
            except (NotGenerated, Unaccepted) as error:
                raise CannotDo(str(error)) from error


def _say(console: Console, sentence: str) -> None:
    console.print(Text(sentence), soft_wrap=True)


def _bar(console: Console) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


@contextmanager
def _progress(console: Console, plan: Plan) -> Iterator[Callable[[int, int], None]]:
    with _bar(console) as bar:
        task = bar.add_task("Telling and recording", total=plan.cases)

        def told(cases: int, events: int) -> None:
            bar.update(task, completed=cases, description=f"Telling and recording: {events:,} events")

        yield told
