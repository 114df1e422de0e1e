"""`casetrail known`: whether a child is known, asked at the terminal for somebody who may ask it; and the index that it is found by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from application.children import naming
from application.children.index import BeingMade
from application.children.searching import SEARCHERS, Answer, TooOften
from domain.language import NotAllowed
from domain.people import By
from domain.working_days import london_date
from interfaces.api.identity import who
from interfaces.api.problems import Unfit
from interfaces.cli.looks import noted
from interfaces.cli.saying import CannotDo
from interfaces.wiring import Service

VIEW = "children-search"


@dataclass(frozen=True)
class Child:
    """Who is asked for: never on the command line, where others of the machine could read it and a history would keep it."""

    name: str
    born_on: date


def asked_for(ask: Callable[[str], str]) -> Child:
    """Name and birth date, as somebody types them or another programme hands them over, a line each.

    Raises:
        CannotDo: one of them is none.
    """
    name = ask("Name")
    if not naming.forms(name):
        raise CannotDo("A name has letters.")
    born_on = naming.day(ask("Born on"))
    if born_on is None:
        raise CannotDo("A birth date is a day such as 2026-03-18.")
    return Child(name, born_on)


async def whoever(service: Service, by: str, post: str | None) -> By:
    """For whom it is asked: in a rehearsal named as by its header, else the id of a person, in a post that they hold.

    Raises:
        CannotDo: they are not to be found, or hold no such post.
    """
    if service.rehearsal:
        try:
            return await who(service, by)
        except Unfit as error:
            raise CannotDo(f"--by {error.detail.replace('Casetrail-Person', '--by')}.") from None
    held = await service.sessions.posts.of(by, london_date(await service.store.now()))
    fit = [one for one in held if (str(one) == post if post else one.role in SEARCHERS)]
    if len(fit) > 1:
        raise CannotDo(f"This person holds several posts; say which by --post: {', '.join(map(str, fit))}.")
    if not fit:
        raise CannotDo("Nobody of this id holds such a post: --by is the id of a person, as casetrail posts list tells it.")
    return By(person=by, role=fit[0].role, organisation=fit[0].organisation, partnership=fit[0].partnership)


async def search(service: Service, child: Child, by: By, because: str | None) -> Answer:
    """What this person may be told, the look noted first: as that of the account, on their behalf.

    Raises:
        CannotDo: it is not for them to ask, they asked too often, or the index is not whole.
    """
    of_each = service.rehearsal and by.partnership is None
    await service.children.made()
    try:
        answer = await service.searching.search(child.name, child.born_on, by, of_each=of_each)
    except NotAllowed as error:
        await noted(service, VIEW, asking=by, reason=because, outcome="refused")
        raise CannotDo(error.sentence) from None
    except TooOften as error:
        raise CannotDo(str(error)) from None
    except BeingMade:
        raise CannotDo("The index of children is being made; until it is whole nobody can say who is not known.") from None
    streams = (f"case/{one.case}" for one in answer.found)
    await noted(service, VIEW, streams=streams, position=answer.position, asking=by, reason=because)
    return answer


def table(console: Console, answer: Answer) -> None:
    """One line for each case."""
    if not answer.found:
        console.print(Text("No case that this person may read of tells of a child of this name and birth date."), soft_wrap=True)
        return
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Opened", "Case", "Partnership", "Stage", "Child", "Harm"):
        made.add_column(heading)
    for one in (found.as_json() for found in answer.found):
        made.add_row(
            one["opened_on"], Text(one["label"]), one["partnership"].capitalize(), one["stage"], Text(one["child"]),
            one["harm"].replace("-", " "),
        )  # fmt: skip
    console.print(made)


async def rebuilt(service: Service, *, new_key: bool) -> str:
    """The index made again from the record, under a new key if that is wanted: what came of it, in a sentence."""
    await service.children.made()
    read = await (service.children.under_a_new_key() if new_key else service.children.again())
    how = "under a new key; the old one is destroyed" if new_key else "as the record has them"
    return f"The index of children has those of {read:,} cases, {how}."
