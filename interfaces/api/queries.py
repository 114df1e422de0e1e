"""Looking at one case: from its own history, so that what you just wrote is there. Every answer says the position it is true at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import StringConstraints

from application.access import Wanted
from application.looking import Seen, Whole
from application.policy.reader_of import reader_of
from application.policy.reading import Reader
from application.policy.shown import Shown
from application.under import NotAssumed, clocks_assumed
from domain.language import NotAllowed
from domain.language import replace as replaced
from domain.people import PERSON_ID, By
from domain.recorded import Recorded
from domain.stages.opening import CaseOpened
from interfaces.api import shapes
from interfaces.api.answers import MEANT, After, AsOf, Cursor, Limit, answered, listed, told, unless_unchanged
from interfaces.api.commands import CASE
from interfaces.api.identity import AN_INSTANT, Asker, Asking, instant, service
from interfaces.api.looks import looks_at
from interfaces.api.problems import NotYet, Unfit
from projections.paging import BadCursor

router = APIRouter(prefix="/cases/{case}", tags=["looking"], dependencies=MEANT)
ELSE = (400, 401, 403, 404, 422, 503)

CaseId = Annotated[str, Path(pattern=f"^{CASE}$", description="The part of the stream after `case/`.")]
Place = Annotated[int | None, Query(ge=1, le=10_000_000, description="As it stood at this place of the case.")]
FromPlace = Annotated[int, Query(ge=1, le=10_000_000, description="The first place wanted.")]


async def asked(request: Request, case: CaseId, asker: Asking, as_of: AsOf = None, after: After = None) -> tuple[Whole, Reader]:
    """The case as it stands, and who asks: judged by all of it, whatever part they ask for.

    Raises:
        NoSuchCase: there is none, or none that they may know of: one answer, at one cost.
    """
    running = service(request)
    looks_at(request, streams=(f"case/{case}",), as_of=instant("as_of", as_of))
    if after is not None and not await running.reached(after):
        raise NotYet
    whole = await running.looking.whole(f"case/{case}", now=asker.at)
    reader = await reader_of(running.looking, whole, on_the_case(asker, whole.history))
    looks_at(request, reader=reader)
    return whole, reader


def on_the_case(asker: Asker, history: Sequence[Recorded]) -> By:
    """Who asks. In a rehearsal they may leave out their partnership: then they are of that of the case."""
    opened = history[0].event if history else None
    if asker.by.partnership is None and isinstance(opened, CaseOpened):
        return replaced(asker.by, partnership=opened.partnership)
    return asker.by


Known = Annotated[tuple[Whole, Reader], Depends(asked)]


async def seen(request: Request, known: Known, as_of: AsOf = None, place: Place = None) -> Seen:
    """The case as known at `as_of`, or at a place, with every word of it open: nothing of this is answered but through `Shown`.

    Raises:
        NotAllowed: they were on the case, and are shut out.
    """
    whole, reader = known
    if reader.barred is not None:
        raise NotAllowed(reader.barred)
    part = whole.part(as_of=instant("as_of", as_of), place=place)
    looks_at(request, place=part.place)
    return replace(part, fields=await service(request).store.bodies(whole.stream, whole.history))


Looked = Annotated[Seen, Depends(seen)]


def shown(known: Known, looked: Looked) -> Shown:
    """The case as whoever asks is shown it: every answer goes through this."""
    whole, reader = known
    return Shown(reader, looked.history, looked.fields or {}, whole.history)


ShownCase = Annotated[Shown, Depends(shown)]


def audited(shown: ShownCase) -> Shown:
    """The same, for what is told only to those who read the whole audit trail of the case.

    Raises:
        NotAllowed: they do not.
    """
    if shown.reader.may("audit-trail").level != "full":
        raise NotAllowed("This tells all that there is on the case, and is for those who read its audit trail (permission matrix).")
    return shown


AuditedCase = Annotated[Shown, Depends(audited)]
Under = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=120)], ...],
    Query(max_length=3, description="As if under these editions of a procedure or a calendar, or `in-force`. No evidence."),
]
Change = Annotated[
    str | None, Query(max_length=120, description="As if the entry at a place were of another day: `17:2026-03-18`. No evidence.")
]


def _at(looked: Seen) -> dict[str, str]:
    return {"Position": str(looked.position), "ETag": f'"{looked.place}"'}


@router.get("", name="overview", responses=told(shapes.Overview, *ELSE))
async def overview(request: Request, looked: Looked, shown: ShownCase) -> Response:
    """The case at a glance: parties, stage, holds, documents, positions. A document is held here, or only named."""
    running = service(request)
    case = await running.looking.overview(looked)
    held = await running.documents.held(looked.stream)
    named = [{**document, "held": False} for document in case["documents"]]
    named += [{"digest": digest, "named": [], "held": False} for digest in held if all(digest != d["digest"] for d in named)]
    for document in named:
        if found := held.get(document["digest"]):
            document |= {"held": not found.destroyed, "size": found.size, "kept_at": found.at}
            document |= {"destroyed": True} if found.destroyed else {}
    case["documents"] = [d for d in named if d["named"] or d["kept_at"] <= looked.at]
    return answered(shown.overview(case), _at(looked))


@router.get("/allowed", name="allowed", responses=told(shapes.Allowed, *ELSE))
async def allowed(request: Request, known: Known, as_of: AsOf = None, place: Place = None) -> Response:
    """Which commands this person may ask now; for the others the sentence that refuses them whatever their fields.

    Whoever is shut out of the case is told that, of all that would be theirs to ask.
    """
    whole, reader = known
    part = whole.part(as_of=instant("as_of", as_of), place=place)
    looks_at(request, place=None if reader.barred else part.place)
    told = await service(request).looking.allowed(part, reader.by)
    return answered(Shown(reader, part.history, {}, whole.history).allowed(told), _at(part))


@router.get("/history", name="history", responses=told(shapes.History, *ELSE))
async def history(request: Request, looked: Looked, shown: ShownCase, from_place: FromPlace = 1) -> Response:
    """Every recorded event in order, each with one plain sentence. What is not for the asker to read is named; its place stays."""
    return listed(shown.items(await service(request).looking.history(looked, from_place)), _at(looked))


STEPS = 100
"""So many entries are told again at once: each is compared with the case as it stood before."""


@router.get("/replay", name="replay", responses=told(shapes.Replay, *ELSE))
async def replay(request: Request, looked: Looked, shown: ShownCase, from_place: FromPlace = 1) -> Response:
    """The case told again: of each entry what it changed of the case and of its clocks. `next`: the place from which to go on."""
    upto = min(looked.place, from_place + STEPS - 1)
    items = await service(request).looking.replay(looked, from_place, upto)
    return listed(shown.steps(items), _at(looked), str(upto + 1) if upto < looked.place else None)


@router.get("/clocks", name="clocks", responses=told(shapes.Clocks, *ELSE) | {304: {"description": "As it was known already."}})
async def clocks(request: Request, looked: Looked, shown: ShownCase, under: Under = (), change: Change = None) -> Response:
    """Each clock with its arithmetic day by day, its rule and source, and the events it rests on.

    `under` and `change` recompute them without recording anything: marked as no evidence, beside those that are recorded.
    """
    running = service(request)
    if under or change is not None:
        if change is not None and not _may_assume(shown, change):
            raise Unfit("change", "names an entry that is not for you to read")
        try:
            assumed = clocks_assumed(running.looking, looked, under, change)
        except NotAssumed as error:
            raise Unfit(error.field, str(error)) from None
        return answered({**shown.assumed(assumed), "next": None}, {"Position": str(looked.position)})
    calendar = running.cases.rulebook.calendar(as_of=looked.at).edition
    answer = listed(shown.clocks(running.looking.clocks(looked)), {"Position": str(looked.position)})
    return unless_unchanged(request, f'"{looked.place}-{calendar}-{looked.today}"', answer)


def _may_assume(shown: Shown, change: str) -> bool:
    """Whether the entry that a change is about is theirs to read: what it would do tells what it is."""
    place = re.match(r"[0-9]{1,8}(?=:)", change)
    recorded = shown.at.get(int(place.group())) if place else None
    return recorded is None or shown.reader.may(shown.kind(recorded)).level == "full"


@router.get("/decisions", name="decisions", responses=told(shapes.Decisions, *ELSE))
async def decisions(request: Request, looked: Looked, shown: ShownCase) -> Response:
    """Each decision in order: who decided in what capacity, with which dissent, what it replaced and why."""
    return listed(shown.decisions(await service(request).looking.decisions(looked)), _at(looked))


@router.get("/escalations", name="escalations", responses=told(shapes.Escalations, *ELSE))
async def escalations(request: Request, looked: Looked, shown: ShownCase) -> Response:
    """Challenges and report concerns: levels, who, how long each took, what waited and what did not."""
    return listed(shown.escalations(await service(request).looking.escalations(looked)), _at(looked))


@router.get("/absences", name="absences", responses=told(shapes.Absences, *ELSE))
async def absences(request: Request, looked: Looked, shown: ShownCase) -> Response:
    """Expected but absent: what the procedure asks for and the record lacks."""
    return listed(shown.absences(await service(request).looking.absences(looked)), _at(looked))


@router.get("/pseudonyms", name="pseudonyms", responses=told(shapes.PseudonymsOfCase, *ELSE))
async def pseudonyms(looked: Looked, shown: ShownCase) -> Response:
    """Who stands behind each pseudonym of this case: for those to whom nobody on it is hidden."""
    if any("full" not in shown.reader.may(kind).ways for kind in ("notification", "notifier-identity", "participants")):
        raise NotAllowed("Who stands behind a pseudonym is told to those who may know everybody on the case (permission matrix).")
    return listed(shown.pseudonyms.everybody(), _at(looked))


View = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z0-9.-]+$")], ...],
    Query(max_length=20, description="Only looks at these: `overview`, `history`, `document` …, or the name of a command that was tried."),
]
Person = Annotated[str | None, Query(pattern=PERSON_ID, description="Only the looks of this person.")]
Since = Annotated[str | None, Query(alias="from", description="Only looks noted at this instant or later.", json_schema_extra=AN_INSTANT)]
Until = Annotated[str | None, Query(description="Only looks noted at this instant or earlier.", json_schema_extra=AN_INSTANT)]


@router.get("/access", name="access", responses=told(shapes.Access, *ELSE))
async def access(
    request: Request, looked: Looked, shown: ShownCase, since: Since = None, until: Until = None, view: View = (), person: Person = None,
    cursor: Cursor = None, limit: Limit = 50,
) -> Response:  # fmt: skip
    """Who looked, when, in what capacity and why, what they were shown and up to which place; and who tried and was refused.

    In the order noted. Whoever may not read the audit trail is told of their own looks. Asking this is a look itself, which the next
    answer tells of.
    """
    looks_at(request, place=None)  # whoever is told who looked was not shown the case
    if cursor is not None and not re.fullmatch(r"[0-9]{1,18}", cursor):
        raise BadCursor
    own = shown.reader.by.person
    if not shown.reader.may("audit-trail").ways & {"full", "pseudonymised"}:
        if person not in (None, own):
            raise NotAllowed(
                "Of who looked you are told your own looks; all of them is for those who read the audit trail (permission matrix)."
            )
        person = own
    elif person not in (None, own) and "full" not in shown.reader.may("notifier-identity").ways:
        raise NotAllowed("The looks of one person are told to those who may know everybody on the case (permission matrix).")
    wanted = Wanted(instant("from", since), instant("until", until), view, person)
    items, last = await service(request).looks.of_stream(looked.stream, wanted, after=int(cursor or 0), limit=limit)
    return listed(items if person == own else shown.looks(items), {"Position": str(looked.position)}, None if last is None else str(last))
