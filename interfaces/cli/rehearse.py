"""`casetrail rehearse`: scenario files run on a throw-away store, on the configured one, or over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from application.rehearsal import ExpectationTold, Rehearsal, StepTold, Told, World
from application.rehearsal import rehearse as take_steps
from application.scenario import Scenario, ScenarioError, read_scenario
from application.world import InProcess
from interfaces import databases, wiring
from interfaces.cli.case_files import Folder
from interfaces.cli.over_http import OverHttp
from interfaces.cli.saying import CannotDo
from interfaces.settings import Settings


@dataclass(frozen=True)
class Result:
    """How all files went. 1: something fell short, or a file is in error; 2: nothing fell short but something is not built."""

    files: tuple[Told, ...]

    @property
    def exit(self) -> int:
        exits = {told.exit for told in self.files}
        return 1 if 1 in exits else 2 if 2 in exits else 0

    def as_json(self) -> dict[str, Any]:
        return {"exit": self.exit, "files": [told.as_json() for told in self.files]}


async def rehearse(
    console: Console, files: Sequence[Path], *, keep: bool, api: str | None, quiet: bool, case_files: Folder | None = None
) -> Result:
    """Run the files, telling each step as it is taken unless `quiet`."""
    if keep and api:
        raise CannotDo("--keep loads into the configured store and --api asks a service: name one of them.")
    read = [_read(path) for path in files]
    if keep or api:
        async with AsyncExitStack() as stack:
            if api:
                world: World = await stack.enter_async_context(service := OverHttp(api))
                _counted_alike(read, await service.calendars())
            else:
                running = await stack.enter_async_context(wiring.configured(Settings()))
                if not running.rehearsal:
                    raise CannotDo("--keep loads only into a store that is marked as a rehearsal; this one is not.")
                world = InProcess(running.looking, running.themes)
                _counted_alike(read, [*running.rulebook.calendars()])
            result = await _run(console, read, world, quiet=quiet)
            if case_files and api:
                await case_files.over_http(service, result.files)
            elif case_files:
                await case_files.of_store(running, Settings(), result.files)
            _written(console, result.files, quiet=quiet)
            return result
    # each file has a fresh store of its own, on one server
    told: list[Told] = []
    with databases.throw_away_server(lambda sentence: None if quiet else _line(console, sentence)) as server:
        for item in read:
            if isinstance(item, Told):
                told += (await _run(console, [item], None, quiet=quiet)).files
                continue
            async with wiring.fresh_rehearsal(server, calendar=item.calendar) as running:
                told += (await _run(console, [item], InProcess(running.looking, running.themes), quiet=quiet)).files
                if case_files:
                    await case_files.of_practice(running, told[-1:])
                    _written(console, told[-1:], quiet=quiet)
    return Result(tuple(told))


def _written(console: Console, tellings: Sequence[Told], *, quiet: bool) -> None:
    for told in () if quiet else tellings:
        for handle, file in told.case_files.items():
            _line(console, f"The case file of {handle}: {file}")


def _counted_alike(read: Sequence[Scenario | Told], adopted: Sequence[str]) -> None:
    """A history that names its calendar holds only where that one was adopted."""
    for item in read:
        if isinstance(item, Scenario) and item.calendar and item.calendar not in adopted:
            raise CannotDo(
                f"{item.file} counts by the calendar {item.calendar}, which is not adopted there:"
                f" begin a store with it (casetrail serve --rehearsal --calendar {item.calendar})."
            )


def _read(path: Path) -> Scenario | Told:
    try:
        return read_scenario(path)
    except ScenarioError as error:
        return Told(file=path.name, scenario="", error=str(error))


async def _run(console: Console, read: Sequence[Scenario | Told], world: World | None, *, quiet: bool) -> Result:
    taken: list[tuple[Told, Rehearsal | None]] = []
    for item in read:
        if isinstance(item, Told) or world is None:
            taken.append((item if isinstance(item, Told) else Told(item.file, item.title), None))
        else:
            rehearsal = Rehearsal(item, world, _unheard if quiet else partial(_tell, console))
            taken.append((rehearsal.told, rehearsal))
    if not quiet:
        for told, run in taken:
            _line(console, f"{told.file}: {told.scenario}" if run else f"{told.file}: {told.error}", style="bold")
    await take_steps([run for _, run in taken if run])
    result = Result(tuple(told for told, _ in taken))
    if not quiet:
        for told, run in taken:
            if run:
                _line(console, _summary(told), style="green" if told.exit == 0 else "red" if told.exit == 1 else "yellow")
    return result


def _unheard(told: StepTold | ExpectationTold) -> None:
    """With --json nothing is said along the way."""


def _summary(told: Told) -> str:
    if told.error:
        return f"{told.file}: {told.error}"
    if told.already_there:
        return f"{told.file}: this history is already there; nothing was changed."
    done = sum(step.result == "done" for step in told.steps)
    refused = sum(step.result == "refused" for step in told.steps)
    unbuilt = sum(s.result == "not-built" for s in told.steps) + sum(e.result == "not-built" for e in told.expectations)
    short = sum(step.result == "failed" for step in told.steps) + sum(e.result == "missed" for e in told.expectations)
    held = sum(e.result == "holds" for e in told.expectations)
    parts = [f"{done} done", f"{refused} refused as expected", f"{held} expectations hold"]
    parts += [f"{short} fell short"] if short else []
    parts += [f"{unbuilt} not built yet"] if unbuilt else []
    return f"{told.file}: {', '.join(parts)}."


MARKS = {"done": "·", "refused": "✓", "holds": "✓", "failed": "✗", "missed": "✗", "not-built": "…"}


def _tell(console: Console, told: StepTold | ExpectationTold) -> None:
    """One line each; what fell short says what was wanted and what was found."""
    mark = MARKS[told.result]
    if isinstance(told, StepTold):
        who = f"{told.case or ''} {told.do} by {told.by}".strip()
        line = f"{mark} {told.at:%Y-%m-%d %H:%M} {who}"
        detail = told.sentence if told.result != "done" else ", ".join(told.events)
        _line(console, f"{line}: {detail}" if detail else line, style="red" if told.result == "failed" else "")
    elif told.result == "holds":
        _line(console, f"{mark} line {told.line}: {told.case or 'themes'} {told.kind} as expected")
    else:
        _line(
            console, f"{mark} line {told.line}: {told.case or 'themes'} {told.kind}: wanted {told.wanted}; found {told.found}", style="red"
        )


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)
