"""The deadline board in all its forms, the week in numbers, and what would be due under other rules."""

from __future__ import annotations

import csv
import io
from datetime import date

import icalendar
import openpyxl
import pytest

from interfaces.exports import spreadsheet
from tests.interfaces.api.conftest import LA, Desk
from tests.interfaces.api.test_boards import MONDAY, NEXT_WEEK, three_cases

pytestmark = pytest.mark.anyio

WEDNESDAY = "2026-03-11T10:00:00+00:00"


# --- whose, and when


async def test_what_falls_to_a_role(followed: Desk):
    _, position = await three_cases(followed)

    async def labels(role: str, by: str = "business-manager") -> set[str]:
        answer = await followed.look(f"/clocks?after={position}&role={role}", by=by)
        return {item["label"] for item in answer.json()["items"]}

    assert await labels("named-portal-user") == await labels("local-authority") == {"Infant 0", "Infant 1", "Infant 2"}
    assert await labels("mine", LA) == {"Infant 0", "Infant 1", "Infant 2"}
    assert await labels("mine") == await labels("agency-author") == set()
    refused = await followed.look("/clocks?role=nobody")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "role")


async def test_the_week_in_numbers(followed: Desk):
    _, position = await three_cases(followed)
    answer = await followed.look(f"/clocks/week?after={position}&partnership=bolton", Casetrail_At=WEDNESDAY)
    week = answer.json()
    assert (week["from"], week["until"], week["today"]) == ("2026-03-09", "2026-03-15", "2026-03-11")
    assert (week["due"], week["overdue"]) == (2, 2)
    assert [(day["date"], day["due"], day["overdue"]) for day in week["days"][:3]] == [
        ("2026-03-09", 1, 1), ("2026-03-10", 1, 1), ("2026-03-11", 0, 0),
    ]  # fmt: skip
    assert [clock["clock"] for clock in week["clocks"]] == ["serious-incident-notification"]
    before = (await followed.look("/clocks/week?of=2026-03-02", Casetrail_At=WEDNESDAY)).json()
    assert (before["from"], before["due"]) == ("2026-03-02", 0)
    assert int(answer.headers["Position"]) >= int(position)


async def test_each_row_explains_itself(followed: Desk):
    _, position = await three_cases(followed)
    (item, *_) = (await followed.look(f"/clocks?after={position}&partnership=bolton", Casetrail_At=NEXT_WEEK)).json()["items"]
    assert item["rule"].startswith("5 working days from when")
    assert (item["source"], item["procedure"][0]) == ("BOL-46; " + item["source"].partition("; ")[2], "bolton")
    assert item["calendar"]
    assert [day["count"] for day in item["arithmetic"] if "count" in day] == [1, 2, 3, 4, 5]
    assert len(item["events"]) == len(item["positions"]) == 1


# --- as a spreadsheet


async def test_the_board_as_a_workbook(followed: Desk):
    _, position = await three_cases(followed)
    by_suffix = await followed.look(f"/clocks.xlsx?after={position}&q=infant%200", Casetrail_At=NEXT_WEEK)
    by_accept = await followed.look(f"/clocks?after={position}", Casetrail_At=NEXT_WEEK, Accept=spreadsheet.XLSX)
    assert by_suffix.headers["Content-Type"] == by_accept.headers["Content-Type"] == spreadsheet.XLSX
    assert 'filename="clocks.xlsx"' in by_suffix.headers["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(by_suffix.content))
    heading, row = book["Deadlines"].iter_rows(values_only=True)
    told = dict(zip(heading, row, strict=True))
    assert (told["Label"], str(told["Due"]), told["Overdue by"]) == ("Infant 0", "2026-03-09 00:00:00", 3)
    assert "2026-03-07 Saturday" in str(told["Arithmetic"])
    about = {name: value for name, value in book["About this list"].iter_rows(values_only=True)}  # noqa: C416  # pairs, for mypy
    assert about["judged on"] == "2026-03-12"
    assert about["text"] == "infant 0"
    assert len([*openpyxl.load_workbook(io.BytesIO(by_accept.content))["Deadlines"].rows]) == 5


async def test_more_than_a_spreadsheet_takes_is_refused(followed: Desk, monkeypatch: pytest.MonkeyPatch):
    _, position = await three_cases(followed)
    monkeypatch.setattr("interfaces.api.deadlines.MOST_ROWS", {spreadsheet.CSV: 2})
    answer = await followed.look(f"/clocks.csv?after={position}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "partnership")
    assert (await followed.look(f"/clocks.csv?after={position}&partnership=bury")).status_code == 200


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1", " =1", "\xa0=1", "＝1", "\n-1"])
def test_no_cell_begins_a_formula(words: str):
    assert spreadsheet.in_words(words).startswith("'")
    content = spreadsheet.clocks_as_xlsx([{"label": words, "clock": words}], {"text": words})
    for sheet in openpyxl.load_workbook(io.BytesIO(content)):
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_cells_hold_what_they_can():
    row = {"label": "a\x00b\x1fc", "about": "x" * 50_000, "late_by": -3, "due": "2026-03-09", "events": [1, 2], "source": ""}
    told = dict(zip(spreadsheet.COLUMNS, spreadsheet.clock_row(row), strict=True))
    assert (told["label"], len(told["about"])) == ("a�b�c", spreadsheet.LONGEST_CELL)
    assert (told["late_by"], told["due"], told["events"], told["source"], told["why"]) == (-3, date(2026, 3, 9), "1, 2", "", None)
    assert spreadsheet.clocks_as_xlsx([row], {})
    (read,) = csv.DictReader(io.StringIO(spreadsheet.clocks_as_csv([row]).decode("utf-8-sig")))
    assert (read["late_by"], read["due"]) == ("-3", "2026-03-09")


# --- as a calendar


async def test_the_board_as_a_calendar_of_what_is_waited_for(followed: Desk):
    cases, position = await three_cases(followed)
    answer = await followed.look(f"/clocks.ics?after={position}&partnership=bolton")
    assert answer.headers["Content-Type"].startswith("text/calendar")
    calendar = icalendar.Calendar.from_ical(answer.content)
    assert [event["dtstart"].dt for event in calendar.events] == [date(2026, 3, 9), date(2026, 3, 10)]
    assert str(calendar.events[0]["summary"]) == f"Serious incident notification due, case {cases[0][:8]}"
    again = await followed.look("/clocks.ics?partnership=bolton", If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")


# --- what would be due


async def test_what_would_be_due_is_marked_as_no_evidence(followed: Desk):
    (case, *_), position = await three_cases(followed)
    rows = int(position)
    answer = (await followed.look(f"/cases/{case}/clocks?under=england-2018&under=england-2020-11&change=2:2026-02-23")).json()
    assert (answer["evidence"], answer["next"]) == (False, None)
    assert answer["assumed"] == {
        "procedure": ["england-2018"], "calendar": "england-2020-11",
        "change": {"place": 2, "name": "local-authority-became-aware", "field": "on", "to": "2026-02-23"},
    }  # fmt: skip
    (notification,) = [row for row in answer["beside"] if row["clock"] == "serious-incident-notification"]
    assert (notification["recorded"]["due"], notification["assumed"]["due"]) == ("2026-03-09", "2026-03-02")
    real = await followed.look(f"/cases/{case}/clocks")
    assert "evidence" not in real.json()
    assert int(real.headers["Position"]) == rows


@pytest.mark.parametrize(
    ("asked", "field"), [("under=england-1850", "under"), ("change=soon", "change"), ("change=99:2026-01-01", "change")]
)
async def test_what_cannot_be_assumed_is_refused(followed: Desk, asked: str, field: str):
    (case, *_), _ = await three_cases(followed)
    answer = await followed.look(f"/cases/{case}/clocks?{asked}", Casetrail_At=MONDAY)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
