"""`casetrail import`: history on paper, brought into the store that the settings name."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from application.importing import BadImport, RowTold, read_deeds
from application.importing import bring_in as bring_deeds_in
from domain.language import Refused
from domain.people import ROLES, By
from interfaces import wiring
from interfaces.cli.saying import CannotDo
from interfaces.settings import Settings


async def bring_in(console: Console, file: Path, *, by: str, partnership: str, dry_run: bool) -> int:
    """Exit 0: every row stands; 1: some row does not, and nothing was recorded."""
    role, organisation, *_ = (*by.split("/"), None, None)
    if role not in ROLES:
        raise CannotDo(f"There is no role {role!r}: --by is role/organisation/name.")
    try:
        deeds = read_deeds(file, partnership)
    except (BadImport, OSError) as error:
        raise CannotDo(f"{file.name}: {error}") from error
    async with wiring.configured(Settings()) as service:
        person = await service.register.told_of(by, partnership)
        transcriber = By(person=person, role=role, organisation=organisation, partnership=partnership)
        try:
            rows = await bring_deeds_in(
                service.cases, deeds, transcriber=transcriber, dry_run=dry_run, told=lambda row: _tell(console, row)
            )
        except Refused as error:
            raise CannotDo(error.sentence) from error
        await service.themes.follow()
    wrong = [row for row in rows if row.result == "error"]
    if wrong and not dry_run:
        for row in wrong:
            _tell(console, row)
        console.print(Text(f"{len(wrong)} of {len(rows)} rows cannot stand, so nothing was recorded."))
    else:
        console.print(Text(f"{len(rows)} rows: " + ", ".join(f"{n} {what}" for what, n in _counts(rows).items()) + "."))
    return 1 if wrong else 0


def _tell(console: Console, row: RowTold) -> None:
    mark = "✗" if row.result == "error" else "·"
    console.print(Text(f"{mark} row {row.line}: {row.case or ''} {row.do}: {row.result}. {row.sentence}".rstrip()), soft_wrap=True)


def _counts(rows: list[RowTold]) -> dict[str, int]:
    return {result: sum(row.result == result for row in rows) for result in dict.fromkeys(row.result for row in rows)}
