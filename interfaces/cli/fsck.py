"""`casetrail fsck`: everything recomputed from the stored bytes, and every fault told with its place."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from application.ledger.checking import Connection, Findings, Told, check
from application.ledger.entries import LOGS, Log
from application.ledger.notes import Key, Note, Unsound
from application.ledger.timestamps import faults_of_timestamps
from interfaces import databases
from interfaces.cli.saying import CannotDo
from interfaces.cli.serving import timestamp_roots
from interfaces.databases import Databases
from interfaces.publishing import signing
from interfaces.settings import Settings
from interfaces.worker import connect
from projections import VIEWS
from projections import view as views


def fsck(console: Console, settings: Settings, *, log_keys: Sequence[str], kept: Sequence[Path], as_json: bool) -> int:
    """Check everything that the settings name. 0: all holds; 1: something does not. An auditor has one address, and nothing else."""
    if settings.local and settings.auditor_url is not None:
        alone = settings.auditor_url.get_secret_value()
        places = Databases(alone, "", Path(), alone, "", alone, auditor=alone, ledger_key=settings.ledger_key_file)
        return checked(console, places, settings, log_keys=log_keys, kept=kept, as_json=as_json)
    with databases.configured(settings, stay=False) as (places, _):
        return checked(console, places, settings, log_keys=log_keys, kept=kept, as_json=as_json)


def checked(
    console: Console,
    places: Databases,
    settings: Settings,
    *,
    log_keys: Sequence[str] = (),
    kept: Sequence[Path] = (),
    as_json: bool = False,
) -> int:
    """Check everything in these databases. 0: all holds; 1: something does not."""
    notes = [_read(path) for path in kept]
    signing_here = {} if log_keys else signing(places, settings.ledger_origin) or {}
    keys = _named(log_keys) if log_keys else {log: signer.key for log, signer in signing_here.items()}
    began = time.monotonic()
    with connect(places.auditor or places.owner_record) as connection:
        with _progress(console, quiet=as_json) as told:
            found = check(connection, keys or None, settings.witness_policy(), kept=notes, told=told)
        _read_models(connection, found)
        found.faults += faults_of_timestamps(connection, timestamp_roots(settings))
    if as_json:
        print(json.dumps(asdict(found), ensure_ascii=False, indent=2))
    else:
        _tell(console, found, bool(keys), time.monotonic() - began)
    return 0 if found.sound else 1


def _read(path: Path) -> Note:
    try:
        return Note.read(path.read_text())
    except (OSError, UnicodeDecodeError, Unsound) as error:
        raise CannotDo(f"{path} is not a checkpoint that was kept: {error}") from None


def _named(told: Sequence[str]) -> dict[Log, Key]:
    try:
        keys = [Key.read(text.strip()) for text in told]
    except Unsound as error:
        raise CannotDo(str(error)) from None
    named: dict[Log, Key] = {log: key for log in LOGS for key in keys if key.name.endswith(f"/{log}")}
    if len(named) != 2:
        raise CannotDo("Both keys are to be told: --log-key twice, one of the record log and one of the access log.")
    return named


def _read_models(connection: Connection, found: Findings) -> None:
    """A read model cannot have read what is not there."""
    ((end,),) = connection.execute("SELECT coalesce(max(notification_id), 0) FROM events").fetchall()
    made = connection.execute("SELECT to_regclass('projections.builds')").fetchone() != (None,)
    for view in VIEWS if made else ():
        for standing in views.standings(connection, view.name):
            if standing.position > end:
                found.faults.append(
                    f"The read model {view.name} has read up to position {standing.position}, and the record ends at {end}: "
                    "the end of the log was cut off, or it was filled from another."
                )
            if standing.fault is not None:
                found.faults.append(f"The read model {view.name} stands still before position {standing.fault.position}.")


def _tell(console: Console, found: Findings, signed: bool, seconds: float) -> None:
    for fault in found.faults:
        console.print(Text(f"✗ {fault}"), soft_wrap=True)
    read = (
        f"{found.events:,} events of {found.streams:,} streams, {found.looks:,} looks, {found.checkpoints:,} checkpoints and"
        f" {found.cosignatures:,} cosignatures were recomputed in {seconds:.1f} s"
    )
    kept = f", and compared with {found.kept} that {'was' if found.kept == 1 else 'were'} kept" if found.kept else ""
    console.print(Text(f"{read}{kept}."), soft_wrap=True)
    if not signed:
        console.print(Text("No key was given, and none is here: signatures were not checked (--log-key)."), soft_wrap=True)
    if found.sound:
        console.print(
            Text("Everything holds. Whether the end was cut off since the last checkpoint, or all of it made anew with the log's own key,")
            + Text(" only a checkpoint kept elsewhere can show (--kept), or a witness."), soft_wrap=True,
        )  # fmt: skip
    else:
        console.print(Text(f"{len(found.faults)} fault{'' if len(found.faults) == 1 else 's'}."), soft_wrap=True)


@contextmanager
def _progress(console: Console, *, quiet: bool) -> Iterator[Told]:
    if quiet:
        yield lambda *_: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks = {what: bar.add_task(what, total=None) for what in ("events", "looks")}

        def told(what: str, read: int, count: int) -> None:
            bar.update(tasks[what], completed=read, total=count)

        yield told
