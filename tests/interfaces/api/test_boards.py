"""Looking across cases: the list and the deadline board, as known now and as known then."""

from __future__ import annotations

import csv
import io

import pytest

from tests.interfaces.api.conftest import LA, Desk
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

INCIDENT: dict[str, str] = {"happened_on": "2026-01-12", "harm": "died", "abuse_or_neglect": "suspected"}
AWARE = {"authority": "bolton", "how": "the hospital rang"}
NOTIFICATION = "clock=serious-incident-notification"
MONDAY, TUESDAY, NEXT_WEEK = "2026-03-02T10:00:00+00:00", "2026-03-03T10:00:00+00:00", "2026-03-12T10:00:00+00:00"


async def three_cases(desk: Desk) -> tuple[list[str], str]:
    """Two cases in Bolton and one in Bury, the authority aware in each; and the position of the last entry."""
    cases, position = [], ""
    for n, (partnership, at) in enumerate((("bolton", MONDAY), ("bury", MONDAY), ("bolton", TUESDAY))):
        incident = {**INCIDENT, "area": partnership}
        told: dict[str, object] = {**CASE, "label": f"Infant {n}", "partnership": partnership, "incident": incident}
        opened = await desk.ask("/cases", told, LA, Casetrail_At=at)
        cases.append(opened.json()["case"])
        aware = await desk.ask(f"/cases/{cases[-1]}/record-awareness", {**AWARE, "authority": partnership}, LA, Casetrail_At=at)
        position = aware.headers["Position"]
    return cases, position


async def test_the_case_list_is_filtered_and_read_page_by_page(followed: Desk):
    cases, position = await three_cases(followed)
    answer = await followed.look(f"/cases?after={position}")
    assert [item["case"] for item in answer.json()["items"]] == [*reversed(cases)]
    assert int(answer.headers["Position"]) >= int(position)
    bolton = (await followed.look("/cases?partnership=bolton")).json()["items"]
    assert [item["label"] for item in bolton] == ["Infant 2", "Infant 0"]
    assert len((await followed.look("/cases", by="business-manager///bury")).json()["items"]) == 1
    assert [item["label"] for item in (await followed.look("/cases?q=fant%201")).json()["items"]] == ["Infant 1"]
    first = (await followed.look("/cases?limit=2")).json()
    second = (await followed.look(f"/cases?limit=2&cursor={first['next']}")).json()
    assert [item["case"] for item in [*first["items"], *second["items"]]] == [*reversed(cases)]
    assert second["next"] is None


async def test_a_cursor_is_of_one_list_with_one_set_of_filters(followed: Desk):
    _, position = await three_cases(followed)
    cursor = (await followed.look(f"/cases?limit=1&after={position}")).json()["next"]
    for asked in (f"/cases?partnership=bolton&cursor={cursor}", f"/clocks?cursor={cursor}", "/cases?cursor=nonsense"):
        answer = await followed.look(asked)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


async def test_the_board_is_judged_on_the_day_that_is_asked_about(followed: Desk):
    cases, position = await three_cases(followed)
    monday = (await followed.look(f"/clocks?{NOTIFICATION}&after={position}", Casetrail_At=MONDAY)).json()["items"]
    assert {(item["case"], item["verdict"]) for item in monday} == {(case, "running") for case in cases[:2]}
    later = (await followed.look(f"/clocks?{NOTIFICATION}&verdict=overdue", Casetrail_At=NEXT_WEEK)).json()["items"]
    assert [(item["due"], item["overdue_by"]) for item in later if item["partnership"] == "bolton"] == [
        ("2026-03-09", 3),
        ("2026-03-10", 2),
    ]
    assert all(item["arithmetic"] and item["source"] for item in later)


async def test_what_the_board_showed_on_monday_can_be_asked_on_thursday(followed: Desk):
    _, position = await three_cases(followed)
    then = (
        await followed.look(f"/clocks?{NOTIFICATION}&as_of={MONDAY.replace('+', '%2B')}&after={position}", Casetrail_At=NEXT_WEEK)
    ).json()["items"]
    assert {item["verdict"] for item in then} == {"running"}
    assert {item["label"] for item in then} == {"Infant 0", "Infant 1"}


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        ("partnership=bury", {"Infant 1"}),
        ("clock=serious-incident-notification&due_before=2026-03-10", {"Infant 0", "Infant 1"}),
        ("due_after=2026-03-09", {"Infant 2"}),
        ("owed_by=nobody", set()),
        ("q=infant%202", {"Infant 2"}),
    ],
)
async def test_the_board_is_filtered(followed: Desk, asked: str, labels: set[str]):
    _, position = await three_cases(followed)
    items = (await followed.look(f"/clocks?{asked}&after={position}", Casetrail_At=NEXT_WEEK)).json()["items"]
    assert {item["label"] for item in items if item["clock"] == "serious-incident-notification"} == labels


async def test_the_board_as_a_spreadsheet(followed: Desk):
    _, position = await three_cases(followed)
    by_suffix = await followed.look(f"/clocks.csv?after={position}", Casetrail_At=NEXT_WEEK)
    by_accept = await followed.look(f"/clocks?after={position}", Casetrail_At=NEXT_WEEK, Accept="text/csv")
    assert by_suffix.content == by_accept.content
    assert by_suffix.headers["Content-Type"].startswith("text/csv")
    rows = [*csv.DictReader(io.StringIO(by_suffix.content.decode("utf-8-sig")))]
    assert {row["label"] for row in rows} == {"Infant 0", "Infant 1", "Infant 2"}


async def test_no_cell_is_taken_for_a_formula(followed: Desk):
    opened = await followed.ask("/cases", {**CASE, "label": "=cmd"}, LA)
    written = await followed.ask(f"/cases/{opened.json()['case']}/record-awareness", AWARE, LA)
    text = (await followed.look(f"/clocks.csv?after={written.headers['Position']}")).text
    assert "'=cmd" in text


async def test_read_models_that_nobody_has_made_are_not_there_yet(desk: Desk):
    answer = await desk.look("/cases")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
