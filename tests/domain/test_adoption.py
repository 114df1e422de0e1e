"""Calendars and procedures are adopted edition by edition, on streams of their own."""

from datetime import date

import pytest
from pydantic import ValidationError

from domain import adoption
from domain.adoption import AdoptCalendar, AdoptProcedure, Calendars, Procedures, recall_calendars, recall_procedures
from domain.guidance import EDITIONS
from domain.recorded import Recorded
from tests.domain.given import digest
from tests.domain.telling import asked, recorded, refusal

FUNERAL = date(2022, 9, 19)


def calendar(edition="england-2022-09", holidays=(FUNERAL,)):
    return AdoptCalendar(edition=edition, source="Royal proclamation", holidays=holidays, because="state funeral")


def procedure(edition="bolton"):
    return AdoptProcedure(edition=edition, digest=digest("text"), in_force_from=date(2024, 1, 1), because="adopted by the partners")


def after(*events) -> tuple[Recorded, ...]:
    return recorded(*events, stream="calendar/england")


def test_a_day_proclaimed_late_is_adopted_alone():
    command = calendar()
    assert command.stream() == "calendar/england"
    (event,) = asked(command, Calendars())
    assert (event.edition, event.holidays, event.because) == ("england-2022-09", (FUNERAL,), "state funeral")
    assert recall_calendars(after(event)).editions == ("england-2022-09",)


def test_an_edition_of_the_calendar_is_adopted_once():
    calendars = recall_calendars(after(*asked(calendar(), Calendars())))
    assert "already adopted" in refusal(calendar(), calendars)
    assert asked(calendar("england-2022-10"), calendars)


def test_no_bank_holiday_is_on_a_weekend():
    sentences = refusal(calendar(holidays=(date(2022, 9, 18), date(2022, 9, 17), FUNERAL)), Calendars())
    assert "weekend" in sentences
    assert "18 September" in sentences
    assert "17 September" in sentences


def test_holidays_stand_in_order_and_once():
    (event,) = asked(calendar(holidays=(date(2022, 12, 26), FUNERAL, FUNERAL)), Calendars())
    assert event.holidays == (FUNERAL, date(2022, 12, 26))


def test_a_calendar_without_a_day_is_malformed():
    with pytest.raises(ValidationError):
        calendar(holidays=())


@pytest.mark.parametrize(("edition", "stream"), [("bolton", "procedure/bolton"), ("england-2025", "procedure/england")])
def test_each_line_of_procedures_has_its_stream(edition, stream):
    assert procedure(edition).stream() == stream
    (event,) = asked(procedure(edition), Procedures())
    assert (event.edition, event.in_force_from) == (edition, date(2024, 1, 1))
    assert recall_procedures(recorded(event, stream=stream)).editions == (edition,)


def test_an_edition_that_the_software_does_not_hold_is_refused_by_name():
    sentence = refusal(procedure("bolton-2031"), Procedures())
    assert "no such edition" in sentence
    assert "bolton-2031" in sentence


def test_an_edition_may_be_adopted_again_from_another_day():
    (event,) = asked(procedure(), Procedures())
    assert asked(procedure(), recall_procedures(recorded(event, stream="procedure/bolton")))


@pytest.mark.parametrize("edition", ["bolton", "england-2025"])
def test_a_conflict_with_the_national_rows_is_refused_naming_both(edition, monkeypatch):
    row = EDITIONS["bolton"].clocks[0]
    other = next(found for found in EDITIONS["bolton"].clocks if found.within.n == 15)
    clashing = EDITIONS["bolton"].model_copy(update={"clocks": (row.model_copy(update={"within": other.within}),)})
    monkeypatch.setattr(adoption, "EDITIONS", {**EDITIONS, "bolton": clashing})
    sentence = refusal(procedure(edition), Procedures())
    assert "conflict" in sentence
    assert "bolton" in sentence
    assert "england-20" in sentence
    assert row.due in sentence


@pytest.mark.parametrize("edition", list(EDITIONS))
def test_no_shipped_edition_conflicts(edition):
    assert asked(procedure(edition), Procedures())
