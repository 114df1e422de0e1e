"""What a person sees when something cannot be done: one sentence, and where it helps, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from application.store.connections import StoreAway
from application.store.keys import KeysUnfit
from application.store.migrate import StoreUnfit
from interfaces.local_postgres import LocalPostgresError
from interfaces.sign_in.claims import ClaimsUnfit


class CannotDo(Exception):
    """What was asked of the command line cannot be done, in a sentence."""


@contextmanager
def failing_in_a_sentence(console: Console) -> Iterator[None]:
    """Turns what people can mend into a sentence and exit code 1. What is our own fault still shows its trace."""
    try:
        yield
    except (CannotDo, ClaimsUnfit, StoreUnfit, KeysUnfit, LocalPostgresError) as error:
        _say(console, str(error))
        raise typer.Exit(1) from None
    except ValidationError as error:
        for problem in error.errors():
            where = ".".join(str(part) for part in problem["loc"])
            name = f"CASETRAIL_{where.upper()}: " if where else ""
            _say(console, f"{name}{problem['msg'].removeprefix('Value error, ')}")
        raise typer.Exit(1) from None
    except (psycopg.OperationalError, StoreAway) as error:
        _say(console, f"The database is not there: {str(error).strip().splitlines()[0]}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        _say(console, "Stopped.")
        raise typer.Exit(130) from None


def _say(console: Console, sentence: str) -> None:
    console.print(Text(sentence), soft_wrap=True)
