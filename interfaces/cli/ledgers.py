"""`casetrail ledger`: its keys, how far it has come, and a checkpoint at once."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from application.ledger import timestamps
from application.ledger.entries import LOGS
from application.ledger.integrating import Diverged
from application.ledger.notes import Key
from application.ledger.reading import Ledger
from interfaces import databases
from interfaces.cli.saying import CannotDo, failing_in_a_sentence
from interfaces.publishing import publish_now, signing
from interfaces.settings import Settings
from interfaces.worker import connect

NO_KEY = "There is no key to sign with here: CASETRAIL_LEDGER_KEY_FILE says where it is, or is to be made."


def keys(settings: Settings) -> list[Key]:
    """The public keys of the two logs."""
    with databases.configured(settings, stay=False) as (places, _):
        signers = signing(places, settings.ledger_origin)
    if signers is None:
        raise CannotDo(NO_KEY)
    return [signers[log].key for log in LOGS]


def publish(console: Console, settings: Settings) -> None:
    """Integrate and publish all that was recorded by now."""
    with databases.configured(settings, stay=False) as (places, _):
        if places.ledger_key is None:
            raise CannotDo(NO_KEY)
        try:
            made = publish_now(places, settings.ledger_origin)
        except Diverged as error:
            raise CannotDo(f"Nothing was published. {error} Run casetrail fsck.") from None
    for checkpoint in made:
        _say(console, f"Published {checkpoint.origin} at {checkpoint.size} entries.")
    if not made:
        _say(console, "Everything recorded was published before.")


def status(console: Console, settings: Settings, *, as_json: bool) -> None:
    """How far both logs have come."""
    with databases.configured(settings, stay=False) as (places, _):
        ledger = Ledger(places.record, settings.witness_policy())
        standings = {log: ledger.standing(log) for log in LOGS}
        ledger.close()
        with connect(places.record) as connection:
            stamps = timestamps.standing(connection)
    if as_json:
        told = {log: asdict(standing) for log, standing in standings.items()}
        print(json.dumps({**told, "timestamps": stamps._asdict()}, default=str, indent=2))
        return
    table = Table("log", "recorded", "published", "witnessed", "waiting", "since", box=None)
    for log, standing in standings.items():
        since = f"{standing.since:%Y-%m-%d %H:%M:%S} UTC" if standing.since else "–"
        table.add_row(log, *(f"{n:,}" for n in (standing.sequenced, standing.published, standing.witnessed, standing.waiting)), since)
    console.print(table)
    _stamps(console, stamps)


def _stamps(console: Console, stamps: timestamps.Stamped) -> None:
    if stamps.at is not None:
        _say(console, f"{stamps.number:,} time-stamped, the last at {stamps.size:,} entries: {stamps.at:%Y-%m-%d %H:%M:%S} UTC.")
    if stamps.failing_since is not None:
        _say(console, f"No time-stamp since {stamps.failing_since:%Y-%m-%d %H:%M:%S} UTC. {stamps.why}")


def _say(console: Console, sentence: str) -> None:
    console.print(Text(sentence), soft_wrap=True)


def commands(console: Console, errors: Console) -> typer.Typer:
    """`casetrail ledger` and what stands below it."""
    ledger = typer.Typer(help="The ledger: its keys, how far it has come, and a checkpoint at once.", no_args_is_help=True)

    @ledger.command("keys")
    def tell_keys() -> None:
        """The public keys of the two logs, to be given to witnesses and to whoever checks a case file."""
        with failing_in_a_sentence(errors):
            for key in keys(Settings()):
                print(key)

    @ledger.command("publish")
    def publish_all() -> None:
        """Integrate and publish all that was recorded by now."""
        with failing_in_a_sentence(errors):
            publish(console, Settings())

    @ledger.command("status")
    def tell_status(as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
        """What is recorded, published and witnessed of each log."""
        with failing_in_a_sentence(errors):
            status(console, Settings(), as_json=as_json)

    return ledger
