"""The calendars of the time: each edition is adopted on the day it became known, where the store does not have it yet."""

from __future__ import annotations

from datetime import UTC, datetime

from application.cases import Asked, Prepared
from application.generating.plan import Plan
from application.generating.sealing import Deed, Sealing
from application.generating.telling import Told
from application.rulebook import Rulebook
from domain.adoption import CALENDAR, AdoptCalendar, CalendarEditionAdopted, recall_calendars
from domain.asking import Asking
from domain.people import THE_SOFTWARE, By
from domain.recorded import Recorded
from domain.working_days import LONDON, SHIPPED, Calendar

BECAUSE = "Adopted on the day it became known."


def to_be_adopted(plan: Plan, rules: Rulebook) -> list[Calendar]:
    """Editions newer than any that the store has, which became known in the days of the plan."""
    editions = [*SHIPPED]
    have = [editions.index(name) for name in rules.calendars() if name in editions]
    newer = [SHIPPED[name] for name in editions[max(have, default=-1) + 1 :]] if have else []
    return [calendar for calendar in newer if calendar.known_on and plan.first < calendar.known_on <= plan.last]


def adopted(plan: Plan, rules: Rulebook, sealing: Sealing) -> Told:
    """Their adoptions, as the administrator asks for them; the rules know of each from its instant on."""
    told = Told(CALENDAR)
    seal = sealing.of_case(plan.chance("calendars"), told)
    history = [one for one in rules.adoptions() if isinstance(one.event, CalendarEditionAdopted)]
    by = By(person=THE_SOFTWARE, role="administrator", partnership="england")
    for n, calendar in enumerate(to_be_adopted(plan, rules)):
        day = calendar.known_on or plan.first
        at = datetime(day.year, day.month, day.day, 7, tzinfo=LONDON).astimezone(UTC)
        asking = Asking(
            by=by, at=at, today=day, on=day, procedure=rules.procedure("england", day, as_of=at), calendar=rules.calendar(as_of=at),
            codes=rules.codes,
        )  # fmt: skip
        command = AdoptCalendar(edition=calendar.edition, source=calendar.source, holidays=tuple(calendar.holidays), because=BECAUSE)
        editions = rules.editions("england", day, as_of=at)
        prepared = Prepared(CALENDAR, history, recall_calendars(history), command, asking, editions, (), "england")
        asked = Asked(plan.command("calendar", n), "", at=at)
        entry, recorded = seal.sealed(prepared.save(prepared.judged(), asked), history[-1].hash if history else b"")
        later = max((one.position for one in rules.adoptions()), default=0) + 1
        known = [Recorded(one.header, one.event, later, one.hash) for one in recorded]
        rules.heed(known)
        history += known
        told.deeds.append(Deed(at, entry, ()))
    return told
