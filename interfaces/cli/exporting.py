"""`casetrail export`: one case for other people's tools; `casetrail export-store`: everything, to be read without Casetrail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

import interfaces
from application.looking import Seen
from application.store_export import CannotExport, export_store
from interfaces import case_exports, databases
from interfaces.case_exports import CSV, XLSX, Form
from interfaces.cli import case_clocks
from interfaces.cli.clocks import with_board
from interfaces.cli.files import keep
from interfaces.cli.looks import noted
from interfaces.cli.saying import CannotDo
from interfaces.databases import Databases
from interfaces.settings import Settings
from interfaces.wiring import Service
from interfaces.worker import connect

VIEWS: dict[str, str] = {"jsonl": "export", "prov": "provenance", "disclosure-schedule": "disclosure-schedule"}
PAGES = ("ledger.md", "export.md")


async def export(console: Console, case: str, form: str, output: Path) -> None:
    """Write a case, named by its id or label, in one of the forms."""
    if form not in get_args(Form):
        raise CannotDo(f"There is no form {form}: there are {', '.join(get_args(Form))}.")
    if form == "disclosure-schedule" and output.suffix.lower() not in (".csv", ".xlsx"):
        raise CannotDo("A disclosure schedule is a spreadsheet: the name of the file ends with .csv or .xlsx.")
    async with with_board() as service:
        seen = await case_clocks.seen_of(service, case, None, None)
        content = await _made(service, seen, form, output)
        await noted(service, VIEWS[form], streams=(seen.stream,), place=seen.place, position=seen.position)
        keep(output, content)
    console.print(Text(f"Wrote {output}: {seen.place} entries, as recorded up to position {seen.position}."), soft_wrap=True)


async def _made(service: Service, seen: Seen, form: str, output: Path) -> bytes:
    if form == "jsonl":
        return b"".join(await case_exports.lines(service, seen))
    if form == "prov":
        return await case_exports.told_as_prov(seen)
    return await case_exports.disclosure_schedule(service, seen, XLSX if output.suffix.lower() == ".xlsx" else CSV)


# --- everything


def store(console: Console, settings: Settings, folder: Path, *, documents: bool) -> None:
    """Write the whole store that the settings name."""
    with databases.configured(settings, stay=False) as (places, _):
        exported(console, places, folder, documents=documents)


def exported(console: Console, places: Databases, folder: Path, *, documents: bool = False) -> None:
    """Write the whole of these databases, as whoever the address of the owner logs in."""
    with connect(places.owner_record) as connection, _progress(console) as told:
        try:
            done = export_store(connection, folder, pages(), documents=documents, told=told)
        except CannotExport as error:
            raise CannotDo(str(error)) from None
    rows = ", ".join(f"{count:,} {name.replace('-', ' ')}" for name, count in done.rows.items() if name in ("record", "looks", "documents"))
    console.print(Text(f"Wrote {folder}: {rows}. No key is in it; what is sealed stays sealed."), soft_wrap=True)
    if done.left_out:
        console.print(Text(f"Left out, because this role may not read it: {', '.join(done.left_out)}."), soft_wrap=True)
    console.print(Text("How to read and check it: export.md in that folder."), soft_wrap=True)


def pages() -> dict[str, bytes]:
    """The pages that tell how to read it: from the checkout, or as installed."""
    here = Path(interfaces.__file__).parent
    docs = here.parent / "docs"
    return {name: ((docs if (docs / name).is_file() else here) / name).read_bytes() for name in PAGES}


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def told(what: str, written: int, count: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what.replace("-", " "), total=count)
            bar.update(tasks[what], completed=written, total=count)

        yield told
