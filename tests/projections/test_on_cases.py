"""Who may be on which case: nobody is left out whom the policies would let in, and few others are looked at."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from application.policy.membership import NEIGHBOURS, membership, those_that_link_back
from application.policy.on_a_case import ON_EVERY_CASE
from application.policy.reading import OUTLINE, Reader
from domain.access import AccessEnded, AccessGranted
from domain.corrections import RecordCorrected
from domain.people import ROLES, By
from domain.stages.agency_reports import AgencyAsked
from domain.stages.opening import CaseLinked
from interfaces.shown_lists import whose
from projections.on_cases import VIEW, Whose, named
from projections.paging import Where
from projections.view import Connection
from tests.application.policy.test_of_cases import NOBODY, posts, told
from tests.playing import STORIES, played
from tests.projections.telling import ToldLog, asked, following, opened

JANE, JOE = "person-" + "a" * 32, "person-" + "b" * 32


class _Asking:
    """Somebody, as `whose` asks of them."""

    def __init__(self, by: By) -> None:
        self.by = by

    def on_every_case(self, partnership: str | None) -> bool:
        return self.by.role in ON_EVERY_CASE and partnership == self.by.partnership


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_whoever_knows_of_a_case_is_looked_up_with_it(path: Path) -> None:
    world = played(path).world
    histories, now = told(world), world.store.rows[-1].at + timedelta(seconds=1)
    names = {case: {name for recorded in history for name in named(recorded)} for case, history in histories.items()}
    organisations = {name for found in names.values() for what, name in found if what == "organisation"}
    everybody = [
        *posts(histories),
        *(By(person=NOBODY, role=role, organisation=name, partnership="bolton") for role in ROLES for name in organisations),
    ]
    for by in everybody:
        for case, history in histories.items():
            found = membership(history, by.person, (by,))
            back = those_that_link_back(case, {one: histories[one] for one in found.case.links if one in histories})
            reader = Reader(by, membership(history, by.person, (by,), back), now)
            narrow: Whose | None = whose(_Asking(by), found.case.partnership)  # type: ignore[arg-type]  # it asks no more than that
            if reader.may(OUTLINE).reads and narrow is not None:
                looked_up = {("person", narrow.person), ("organisation", narrow.organisation), ("role", narrow.role)}
                linked = narrow.neighbour and any(("linked", f"case/{case}") in names[other] for other in back)
                assert linked or looked_up & names[case], (case, by)
    assert {"business-manager", "delegated-partner", "lead-partner"} == NEIGHBOURS


def looked_up(database: str, narrow: Whose) -> set[str]:
    where = Where()
    narrow.narrowed(where, "t.stream")

    async def question(connection: Any) -> set[str]:
        every = "SELECT DISTINCT stream FROM projections.on_cases t WHERE "
        return {stream for (stream,) in await (await connection.execute(every + where.conditions[0], where.parameters)).fetchall()}

    return asked(database, question)


def test_it_is_looked_up_by_name_organisation_role_and_by_links_of_both_sides(connection: Connection, database: str) -> None:
    log = ToldLog()
    log.on("x", opened("Infant X"), AccessGranted(person=JANE, capacity="inspector", until=date(2026, 1, 1)))
    log.on("y", opened("Infant Y", partnership="bury"), AgencyAsked(agency="hospital-trust", due_on=date(2025, 5, 1)))
    log.on("x", CaseLinked(case="y", relation="same-incident"))
    kept = following(VIEW, log, connection)
    kept.catch_up()
    assert looked_up(database, Whose(JANE)) == {"case/x"}
    assert looked_up(database, Whose(JOE, organisation="hospital-trust")) == {"case/y"}
    assert looked_up(database, Whose(JOE, neighbour="bolton")) == set()
    log.on("y", CaseLinked(case="x", relation="same-incident"))
    log.on("x", AccessEnded(person=JANE))
    log.on("y", RecordCorrected(event_place=2, correction={"agency": "mental-health-trust"}))
    kept.catch_up()
    assert looked_up(database, Whose(JOE, neighbour="bolton")) == {"case/y"}
    assert looked_up(database, Whose(JOE, neighbour="bury")) == {"case/x"}
    assert looked_up(database, Whose(JANE)) == {"case/x"}, "it only grows: the policies say that she is out"
    assert looked_up(database, Whose(JOE, organisation="mental-health-trust")) == {"case/y"}
