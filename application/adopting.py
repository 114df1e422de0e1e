"""Setting up a store: its first events adopt the shipped procedures and a calendar."""

from __future__ import annotations

from datetime import datetime

from application.cases import Cases
from domain.adoption import AdoptCalendar, AdoptProcedure
from domain.guidance import EDITIONS
from domain.people import THE_SOFTWARE, By
from domain.working_days import SHIPPED, london_date

SETTING_UP = "Adopted when the store was set up."


async def adopt_shipped(cases: Cases, *, calendar: str, at: datetime | None = None) -> None:
    """Adopt the calendar of this edition and every procedure shipped, as the administrator; what is adopted already stays.

    National editions are in force from the day that they give, a partnership's own from the day of adoption.
    """
    administrator = By(person=THE_SOFTWARE, role="administrator")
    adopted = {r.event.edition for r in cases.rulebook.adoptions()}
    chosen = SHIPPED[calendar]
    if chosen.edition not in adopted:
        command = AdoptCalendar(edition=chosen.edition, source=chosen.source, holidays=tuple(chosen.holidays), because=SETTING_UP)
        await cases.do(command, administrator, at=at)
    now = at or await cases.store.now()
    for edition in EDITIONS.values():
        if edition.edition in adopted:
            continue
        by = administrator if edition.national else By(person=THE_SOFTWARE, role="lead-partner", partnership=edition.partnership)
        await cases.do(
            AdoptProcedure(
                edition=edition.edition, digest=edition.digest, in_force_from=edition.in_force_from or london_date(now), because=SETTING_UP
            ),
            by,
            at=at,
        )
