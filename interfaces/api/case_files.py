"""The case file over HTTP: as far as a checkpoint covers the case and its asker may read it, one zip to be checked elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from application.case_file.case_file import NothingShown, NotSignedHere
from application.case_file.disclosing import Reader
from application.ledger.notes import Unsound
from application.ledger.reading import NotInLedger
from application.policy.shown import Shown
from domain.language import NotAllowed
from domain.recorded import Recorded
from domain.working_days import london_date
from interfaces import case_files
from interfaces.api.answers import MEANT, NO_STORE
from interfaces.api.identity import Asking, service
from interfaces.api.looks import looks_at
from interfaces.api.problems import Unfit, documented
from interfaces.api.queries import ELSE, CaseId, asked, audited, seen, shown

router = APIRouter(prefix="/cases/{case}", tags=["looking"], dependencies=MEANT)

ZIP = "application/zip"
AT_ONCE = 64 * 1024
FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The case file.", "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/case-file", name="case-file", response_class=StreamingResponse, responses=FILE | documented(*ELSE))
async def case_file(request: Request, case: CaseId, asker: Asking) -> StreamingResponse:
    """The case as one file, for reading and for checking offline: what the last checkpoint covers, proofs, rules, words, a report.

    Where no checkpoint covers all of the case yet one is asked for, and waited for a moment; `Position` says how far the file goes.
    It is for those who read the audit trail. An entry that is not theirs to read is withheld whole: of it there is the hash.
    """
    running = service(request)
    known = await asked(request, case, asker)
    reader = _reader(audited(shown(known, await seen(request, known))))
    try:
        made = await case_files.made(running, f"case/{case}", reader, on=london_date(asker.at or await running.store.now()), wait=True)
    except (NotInLedger, NotSignedHere, Unsound) as wanting:
        raise Unfit("case-file", str(wanting), 503) from None
    except NothingShown as nothing:
        raise NotAllowed(str(nothing)) from None
    looks_at(request, place=made.place)
    headers = {
        **NO_STORE,
        "Content-Length": str(len(made.content)),
        "Content-Disposition": f'attachment; filename="{case}.zip"',
        "Position": str(made.position),
    }
    return StreamingResponse(_parts(made.content), media_type=ZIP, headers=headers)


def _reader(case: Shown) -> Reader:
    """Whom the file is made for. What is recorded after they were judged is withheld: nobody has asked yet whether they may read it."""

    def withheld_entry(recorded: Recorded) -> bool:
        return recorded.place not in case.at or case.withholds_entry(recorded)

    return Reader(by=case.reader.by, withheld=case.withholds, withheld_entry=withheld_entry)


def _parts(content: bytes) -> Iterator[bytes]:
    return (content[i : i + AT_ONCE] for i in range(0, len(content), AT_ONCE))
