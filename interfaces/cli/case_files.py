"""`casetrail case-file`, and the case files of a rehearsal: written to disk, and how to check them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from application.case_file.case_file import CaseFile, NotSignedHere
from application.case_file.disclosing import Reader
from application.cases import NoSuchCase
from application.ledger.integrating import Diverged
from application.ledger.notes import Unsound
from application.ledger.reading import NotInLedger
from application.rehearsal import Told
from domain.working_days import london_date
from interfaces import case_files, wiring
from interfaces.cli import case_clocks
from interfaces.cli.clocks import with_board
from interfaces.cli.files import keep
from interfaces.cli.looks import noted
from interfaces.cli.over_http import OverHttp
from interfaces.cli.saying import CannotDo
from interfaces.publishing import publish_now, publish_unless_kept
from interfaces.settings import Settings

A_CASE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def write(console: Console, settings: Settings, case: str, output: Path) -> None:
    """The file of a case, named by its id or label, written to `output`; where nobody publishes, published first."""
    if not A_CASE.fullmatch(case):
        async with with_board() as service:
            case = (await case_clocks.asked(service, case, partnership=None, clock=None, as_of=None)).case
    async with wiring.configured(settings) as service:
        made = await _made(service, settings, case)
        await noted(service, "case-file", streams=(f"case/{case}",), place=made.place, position=made.position)
    keep(output, made.content)
    at = f"{made.note.checkpoint.at:%Y-%m-%d %H:%M:%S} UTC"
    say(console, f"Wrote {output}: {made.place} events, {len(made.content):,} bytes, as covered by the checkpoint of {at}.")
    if made.recorded > made.place:
        say(console, f"{made.recorded - made.place} events recorded since are not in it: no checkpoint covers them yet.")
    say(console, f"To check it: python3 -I verify.py {output}")
    say(console, "verify.py lies in the file, and in the source of Casetrail as interfaces/cli/verify.py: take it from somebody you trust.")


async def _made(service: wiring.Service, settings: Settings, case: str) -> CaseFile:
    with failing():
        done = await asyncio.to_thread(publish_unless_kept, service.places, settings.ledger_origin)
        today = london_date(await service.store.now())
        return await case_files.made(service, f"case/{case}", Reader(), on=today, wait=not done)


@contextmanager
def failing() -> Iterator[None]:
    """Turns what hinders a case file into a sentence."""
    try:
        yield
    except NoSuchCase:
        raise CannotDo("There is no case of this id or label.") from None
    except Diverged as error:
        raise CannotDo(f"Nothing was published. {error} Run casetrail fsck.") from None
    except NotInLedger as error:
        raise CannotDo(f"{error} casetrail worker publishes, or casetrail ledger publish.") from None
    except (NotSignedHere, Unsound) as error:
        raise CannotDo(str(error)) from None


# --- the cases of a rehearsal


class Folder:
    """Where the case files of a rehearsal go, each named by the handle of its case in its scenario.

    Raises:
        CannotDo: it is no folder, and cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken: set[str] = set()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotDo(f"The case files cannot be written to {path}: {error.strerror}.") from None

    async def of_practice(self, service: wiring.Service, tellings: Sequence[Told]) -> None:
        """From a throw-away store: published with a key of its own, when its last event was recorded."""
        last = await service.last_instant()
        await asyncio.to_thread(publish_now, service.places, None, lambda: last)
        await self._write(service, tellings, wait=False)

    async def of_store(self, service: wiring.Service, settings: Settings, tellings: Sequence[Told]) -> None:
        """From the configured store."""
        with failing():
            done = await asyncio.to_thread(publish_unless_kept, service.places, settings.ledger_origin)
        await self._write(service, tellings, wait=not done)

    async def over_http(self, api: OverHttp, tellings: Sequence[Told]) -> None:
        """From a service, asked over HTTP."""
        for told in tellings:
            for handle, case in told.cases.items():
                self._keep(told, handle, await api.case_file(case))

    async def _write(self, service: wiring.Service, tellings: Sequence[Told], *, wait: bool) -> None:
        with failing():
            for told in tellings:
                for handle, case in told.cases.items():
                    on = london_date(await service.last_instant())
                    made = await case_files.made(service, f"case/{case}", Reader(), on=on, wait=wait)
                    self._keep(told, handle, made.content)

    def _keep(self, told: Told, handle: str, content: bytes) -> None:
        name = re.sub(r"[^A-Za-z0-9._-]", "-", handle).lstrip(".") or "case"
        name = name if name not in self._taken else f"{Path(told.file).stem}-{name}"
        self._taken.add(name)
        file = self._path / f"{name}.zip"
        keep(file, content)
        told.case_files[handle] = str(file)


def say(console: Console, sentence: str) -> None:
    console.print(Text(sentence), soft_wrap=True)
