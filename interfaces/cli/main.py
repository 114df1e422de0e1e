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

from application.children.searching import Answer
from interfaces import wiring
from interfaces.cli import (
    calendar,
    case_clocks,
    case_files,
    exporting,
    importing,
    known,
    ledgers,
    looks,
    posts,
    reminders,
    replaying,
    serving,
    sessions,
)
from interfaces.cli import clocks as clock_board
from interfaces.cli import decisions as decision_register
from interfaces.cli import demo as demonstration
from interfaces.cli import fsck as checking
from interfaces.cli import generate as generating
from interfaces.cli import rehearse as rehearsing
from interfaces.cli import themes as theme_tracker
from interfaces.cli import witness as witnessing
from interfaces.cli.instants import recorded_by
from interfaces.cli.saying import CannotDo, failing_in_a_sentence
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
AsOf = Annotated[str | None, typer.Option(help="As recorded by this instant, such as 2026-03-18T15:10:00+00:00.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")]


@app.command()
def serve(
    rehearsal: Rehearsal = False,
    host: Annotated[str, typer.Option(help="A rehearsal is served on loopback only.")] = "127.0.0.1",
    port: Port = 8000,
    calendar: NamedCalendar = None,
) -> None:
    """Serve the API: with sign-in, where a provider is named; else as a rehearsal, on loopback and nowhere else."""
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
    files_to: Annotated[Path | None, typer.Option("--case-files", metavar="DIR", help="Write the case file of each case there.")] = None,
) -> None:
    """Run scenario files on a fresh, throw-away store. Exit 0: all holds; 1: something fell short; 2: something is not built."""
    with failing_in_a_sentence(errors):
        folder = case_files.Folder(files_to) if files_to else None
        told = asyncio.run(rehearsing.rehearse(console, files, keep=keep, api=api, quiet=as_json, case_files=folder))
        if as_json:
            print(json.dumps(told.as_json(), ensure_ascii=False, indent=2))
        raise typer.Exit(told.exit)


@app.command("case-file")
def case_file(
    case: Annotated[str, typer.Argument(help="A case, by its id or label.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the file goes, such as infant-r.zip.")],
) -> None:
    """Write one case as a file that can be read and checked without Casetrail: events, words, proofs, rules, a report."""
    with failing_in_a_sentence(errors):
        asyncio.run(case_files.write(console, Settings(), case, output))


@app.command("export")
def export(
    case: Annotated[str, typer.Argument(help="A case, by its id or label.")],
    form: Annotated[str, typer.Option("--as", metavar="FORM", help="jsonl, prov or disclosure-schedule (.csv or .xlsx).")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where it goes.")],
) -> None:
    """Write one case for other tools: entry by entry, as provenance (PROV-JSON), or as a schedule for disclosure."""
    with failing_in_a_sentence(errors):
        asyncio.run(exporting.export(console, case, form, output))


@app.command("export-store")
def export_store(
    folder: Annotated[Path, typer.Argument(help="A folder of its own, which is empty or not there yet.")],
    documents: Annotated[bool, typer.Option("--documents", help="With the bytes of documents, sealed as they are.")] = False,
) -> None:
    """Write the whole store so that it can be read and checked without Casetrail: everything as stored, sealed, and no key."""
    with failing_in_a_sentence(errors):
        exporting.store(console, Settings(), folder, documents=documents)


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
def generate(
    cases: Annotated[int, typer.Option(min=1, max=100_000, help="How many; each has some 200 entries on average.")] = 100,
    seed: Annotated[int, typer.Option(help="The same seed and days tell the same histories.")] = 1,
    first: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day; default: ten years back.")] = None,
    last: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day; default: today.")] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the read models afterwards.")] = False,
) -> None:
    """Invented histories in the configured store, which must be a rehearsal: asked, command by command, of the rules themselves."""
    with failing_in_a_sentence(errors):
        days = (first and first.date(), last and last.date())
        raise typer.Exit(asyncio.run(generating.run(console, cases=cases, seed=seed, first=days[0], last=days[1], rebuild=rebuild)))


@app.command()
def migrate(rehearsal: Rehearsal = False, calendar: NamedCalendar = None) -> None:
    """Bring both databases up to this version, as their owner; a new store adopts the shipped procedures and calendar."""
    with failing_in_a_sentence(errors):
        serving.migrate(console, rehearsal=rehearsal, calendar=calendar)


@app.command()
def worker() -> None:
    """Keep the read models up to date, and remind by e-mail, until stopped."""
    with failing_in_a_sentence(errors):
        serving.work(console)


@app.command()
def rebuild(
    views: Annotated[list[str] | None, typer.Argument(help="Read models to rebuild; all if none is named.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Only compare; switch nothing.")] = False,
    accept: Annotated[str | None, typer.Option(metavar="DIFFERENCE", help="Switch though it differs, if exactly so.")] = None,
    by: Annotated[str | None, typer.Option(help="Who accepts it. This goes to the log.")] = None,
    because: Annotated[str | None, typer.Option(help="Why. This goes to the log: no word of a case.")] = None,
) -> None:
    """Fill each read model anew beside the live one, compare them row for row, and switch. One that differs is told, and not switched."""
    with failing_in_a_sentence(errors):
        raise typer.Exit(serving.rebuild(console, views or [], compare=compare, accept=accept, by=by, because=because))


@app.command()
def clocks(
    case: Annotated[str | None, typer.Argument(help="One case, by its id or label: its clocks day by day; default: all cases.")] = None,
    partnership: Annotated[str | None, typer.Option(help="Of this partnership; default: all.")] = None,
    role: Annotated[str | None, typer.Option(help="What falls to this role, such as business-manager.")] = None,
    owed_by: Annotated[str | None, typer.Option(help="Owed by this agency or body.")] = None,
    verdict: Annotated[str | None, typer.Option(help="running, overdue, on-time, late, cancelled, superseded or elapsed.")] = None,
    clock: Annotated[str | None, typer.Option(help="One clock, such as acknowledgement.")] = None,
    text: Annotated[str | None, typer.Option(help="Part of a label, a clock, what it is about or who owes it.")] = None,
    due_after: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Due after this day.")] = None,
    due_before: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Due before this day.")] = None,
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="The most that are shown.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print the clocks as JSON, each with its arithmetic.")] = False,
) -> None:
    """The deadline board: what is next, across cases; or the clocks of one case, each counted day by day."""

    async def ask() -> None:
        if case is not None:
            if any((role, owed_by, verdict, text, due_after, due_before)):
                raise CannotDo("Of one case its clocks are shown all, or with --clock those of one name.")
            return await one_case()
        async with clock_board.with_board() as service:
            items, today, more = await clock_board.asked(
                service, limit=limit, role=role, partnership=partnership, owed_by=owed_by, verdict=clock_board.verdict_of(verdict),
                clock=clock, text=text, due_after=due_after and due_after.date(), due_before=due_before and due_before.date(),
                as_of=await recorded_by(service, as_of),
            )  # fmt: skip
        if as_json:
            print(json.dumps({"judged_on": today.isoformat(), "items": items, "more": more}, ensure_ascii=False, indent=2))
        else:
            clock_board.table(console, items, today, more=more, as_of=as_of)

    async def one_case() -> None:
        async with clock_board.with_board() as service:
            found = await case_clocks.asked(service, str(case), partnership=partnership, clock=clock, as_of=as_of)
        if as_json:
            print(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
        else:
            case_clocks.table(console, found)

    with failing_in_a_sentence(errors):
        asyncio.run(ask())


@app.command()
def themes(
    code: Annotated[str | None, typer.Argument(help="The cases behind one code, such as P5.1; default: every theme.")] = None,
    partnership: Annotated[str | None, typer.Option(help="Of this partnership; default: all.")] = None,
    candidates: Annotated[bool, typer.Option("--candidates", help="The candidates for thematic reviews.")] = False,
    cross: Annotated[str | None, typer.Option(help="Only children who have this code as well.")] = None,
    as_of: AsOf = None,
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


@app.command()
def decisions(
    partnership: Annotated[str | None, typer.Option(help="Of this partnership; default: all.")] = None,
    kind: Annotated[str | None, typer.Option(help="Such as threshold or rapid-review-outcome.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Such as met or local-review.")] = None,
    decider: Annotated[str | None, typer.Option(metavar="PERSON", help="The id of a person who decided.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Decided on this day or later.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Decided on this day or earlier.")] = None,
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="The most that are shown.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """The register of decisions across cases, recorded last first."""

    async def ask() -> None:
        async with decision_register.with_register() as service:
            then = await recorded_by(service, as_of)
            page = await service.read_models.decisions(
                partnership=partnership, kind=kind, outcome=outcome, decider=decider, first=first and first.date(),
                last=until and until.date(), as_of=then, limit=limit,
            )  # fmt: skip
            await looks.noted(service, "register", page.items, as_of=then, position=page.position)
        if as_json:
            told = {"position": page.position, "items": page.items, "more": page.next is not None}
            print(json.dumps(told, ensure_ascii=False, indent=2))
        else:
            decision_register.table(console, page.items, more=page.next is not None, as_of=then)

    with failing_in_a_sentence(errors):
        asyncio.run(ask())


@app.command("known")
def known_children(
    by: Annotated[str | None, typer.Option(metavar="PERSON", help="Who asks: the id of a person; in a rehearsal as its header.")] = None,
    post: Annotated[str | None, typer.Option(help="In which of several posts: role/organisation/partnership.")] = None,
    because: Annotated[str | None, typer.Option(help="Why, as it is kept with the look: no name.")] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Only make the index again from the record, as after a restore.")] = False,
    new_key: Annotated[bool, typer.Option("--new-key", help="The same, under a new key. Stop whatever records first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """Do we know this child? Name and birth date are asked for, or read from the input, a line each: never given as arguments."""

    async def make() -> str:
        async with wiring.configured(Settings()) as service:
            return await known.rebuilt(service, new_key=new_key)

    async def ask(by: str) -> Answer:
        async with wiring.configured(Settings()) as service:
            asking = await known.whoever(service, by, post)
            child = known.asked_for(lambda what: str(typer.prompt(what, err=True)))
            return await known.search(service, child, asking, because)

    with failing_in_a_sentence(errors):
        if rebuild or new_key:
            console.print(asyncio.run(make()), soft_wrap=True)
            return
        if by is None:
            raise CannotDo("Who asks is said by --by; without it nobody is told who is known.")
        answer = asyncio.run(ask(by))
        if as_json:
            print(json.dumps([one.as_json() for one in answer.found], ensure_ascii=False, indent=2))
        else:
            known.table(console, answer)


@app.command()
def replay(
    case: Annotated[str, typer.Argument(help="Its id, or its label.")],
    partnership: Annotated[str | None, typer.Option(help="Whose case of that label.")] = None,
    as_of: AsOf = None,
    first: Annotated[int, typer.Option("--from", min=1, help="The first place wanted.")] = 1,
    upto: Annotated[int | None, typer.Option(min=1, help="The last place wanted.")] = None,
    step: Annotated[bool, typer.Option("--step", help="One entry at a time: Enter goes on, Ctrl-C ends.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """A case told again, entry by entry: what each changed of the case and of its clocks."""

    async def ask() -> replaying.Retold:
        async with clock_board.with_board() as service:
            return await replaying.asked(service, case, partnership=partnership, as_of=as_of, from_place=first, upto=upto)

    with failing_in_a_sentence(errors):
        retold = asyncio.run(ask())
        if as_json:
            print(json.dumps(retold.as_json(), ensure_ascii=False, indent=2))
        else:
            replaying.told(console, retold, (lambda: typer.prompt("", default="", show_default=False, prompt_suffix="")) if step else None)


@app.command()
def witness(
    name: Annotated[str, typer.Option(help="What this witness is called, for good, such as icb.example.org/casetrail.")],
    folder: Annotated[Path, typer.Option(help="Where its key and what it saw are kept; apart from the service.")],
    url: Annotated[str, typer.Option(help="Where the service is.")] = "http://127.0.0.1:8000",
    log_key: Annotated[
        list[str] | None, typer.Option(help="The key of a log, the first time: twice, as `casetrail ledger keys` tells.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, then end.")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds from one look to the next.")] = 30.0,
    tell_key: Annotated[bool, typer.Option("--tell-key", help="Tell this witness's own key, and end.")] = False,
) -> None:
    """Follow the ledger as a partner who trusts nobody, and cosign what continues. Exit 1: it does not, and why; 3: away."""
    with failing_in_a_sentence(errors):
        kept = witnessing.Folder(folder)
        if tell_key:
            print(kept.signer(name).key)
        else:
            raise typer.Exit(witnessing.run(console, url, kept, name, log_key or [], once=once, every=every))


@app.command()
def fsck(
    log_key: Annotated[list[str] | None, typer.Option(help="The keys of the two logs, as they are known from elsewhere.")] = None,
    kept: Annotated[list[Path] | None, typer.Option(help="A checkpoint that somebody kept, as a file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Recompute everything from the stored bytes: chains, logs, checkpoints. Exit 1: a fault was found, told with its place."""
    with failing_in_a_sentence(errors):
        raise typer.Exit(checking.fsck(console, Settings(), log_keys=log_key or [], kept=kept or [], as_json=as_json))


app.add_typer(ledgers.commands(console, errors), name="ledger")
app.add_typer(calendar.commands(console, errors), name="calendar")
app.add_typer(reminders.commands(console, errors), name="reminders")
app.add_typer(sessions.commands(console, errors), name="sessions")
app.add_typer(posts.commands(console, errors), name="posts")


def run() -> None:
    """The entry point of `casetrail`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()


if __name__ == "__main__":
    run()
