"""`casetrail reminders`: what became of the digests, and settling those of which nobody knows whether they were sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from application.outbox import Digest, Outbox
from domain.working_days import LONDON
from interfaces import databases
from interfaces.cli.saying import CannotDo, failing_in_a_sentence
from interfaces.settings import Settings

STYLES = {"in-doubt": "bold red", "refused": "red", "sent": "green", "sending": "cyan"}


async def asked(settings: Settings, most: int) -> list[Digest]:
    """The latest digests, those in doubt or refused first."""
    with databases.configured(settings, stay=False) as (places, _):
        return await Outbox(places.record).latest(most)


def told(digests: Sequence[Digest]) -> dict[str, Any]:
    """As programs read them."""
    rows = [msgspec.to_builtins(digest) for digest in digests]
    return {"items": [{name: value for name, value in row.items() if name != "number"} for row in rows]}


def table(console: Console, digests: Sequence[Digest]) -> None:
    """As people read them."""
    if not digests:
        console.print("No digest was planned yet.")
        return
    shown = Table(box=box.SIMPLE, pad_edge=False)
    for column in ("digest", "day", "for", "overdue", "due", "state", "since"):
        shown.add_column(column, no_wrap=column in ("digest", "day"))
    for digest in digests:
        since = (digest.ended_at or digest.sending_at or digest.planned_at).astimezone(LONDON)
        state = Text(digest.state, style=STYLES.get(digest.state, "")).append(f" ({digest.why})" if digest.why else "", style="dim")
        whose = f"{digest.role}, {digest.partnership}"
        shown.add_row(str(digest.id), str(digest.day), whose, str(digest.overdue), str(digest.due), state, f"{since:%d %b %H:%M}")
    console.print(shown)
    if doubtful := sum(digest.state == "in-doubt" for digest in digests):
        sentence = f"{doubtful} in doubt: ask whether the mail came, then casetrail reminders settle DIGEST --sent or --send-again."
        console.print(Text(sentence), soft_wrap=True)


async def settle(console: Console, settings: Settings, digest: UUID, *, sent: bool, again: bool) -> None:
    """What a person says became of a digest.

    Raises:
        CannotDo: nothing or both was said, or the digest is not one that waits for it.
    """
    if sent == again:
        raise CannotDo("Say either --sent or --send-again.")
    with databases.configured(settings, stay=False) as (places, _):
        if not await Outbox(places.record).settle(digest, again=again):
            raise CannotDo("There is no such digest that waits for this: one in doubt may be settled, one refused sent again.")
    console.print("It will be sent again." if again else "It is noted as sent.")


def commands(console: Console, errors: Console) -> typer.Typer:
    """`casetrail reminders` and what stands below it."""
    reminders = typer.Typer(help="The digests sent by e-mail, those that somebody should look at first.", invoke_without_command=True)

    @reminders.callback()
    def show(
        context: typer.Context,
        limit: Annotated[int, typer.Option(min=1, max=1000, help="The most that are shown.")] = 50,
        as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
    ) -> None:
        """The digests sent by e-mail, those that somebody should look at first."""
        if context.invoked_subcommand is not None:
            return
        with failing_in_a_sentence(errors):
            found = asyncio.run(asked(Settings(), limit))
            if as_json:
                print(json.dumps(told(found), ensure_ascii=False, indent=2))
            else:
                table(console, found)

    @reminders.command("settle")
    def settle_one(
        digest: Annotated[UUID, typer.Argument(help="The id of a digest that is in doubt, or was refused.")],
        sent: Annotated[bool, typer.Option("--sent", help="It was sent: leave it.")] = False,
        send_again: Annotated[bool, typer.Option("--send-again", help="Send it again, under the id of message that it had.")] = False,
    ) -> None:
        """Say what became of a digest of which nobody could know."""
        with failing_in_a_sentence(errors):
            asyncio.run(settle(console, Settings(), digest, sent=sent, again=send_again))

    return reminders
