"""The guidance as data: what each edition says, what a case answers to, and what a bad file gets (CAL-10, R-1 … R-26)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from typing import Any

import pytest

from domain.guidance import EDITIONS, BadProcedure, Edition, read_edition, within
from domain.procedure import Procedure, conflicts, edition_as_data, editions_in_force, procedure_of
from domain.recorded import Editions

NATIONAL = ("england-2018", "england-2023", "england-2025")
PARTNERSHIPS = ("barnet", "bolton", "bury")
PAIRS = [Editions(local, national) for national in NATIONAL for local in (None, *PARTNERSHIPS)]
IN_EVERY_PROCEDURE = {
    "serious-incident-notification", "local-form", "rapid-review-national", "agency-report", "practice-review-complete",
    "practice-review-published", "pre-publication-copy", "publication-available", "panel-told-of-review",
    "looked-after-child-death", "care-leaver-death", "progress-review", "recommendation", "panel-information-request",
}  # fmt: skip
OWN = {
    "bolton": {
        "acknowledgement", "copy-to-partners", "feedback-to-referrer", "rapid-review-meeting", "rapid-review-local",
        "learn-from-success-complete", "local-learning-review-complete",
    },
    "bury": {"referral"},
    "barnet": {"rapid-review-convened"},
}  # fmt: skip


def procedure(local: str | None = "bolton", national: str = "england-2023") -> Procedure:
    return procedure_of(Editions(local, national))


# --- what the editions say


def test_the_editions_shipped():
    assert [*EDITIONS] == [*NATIONAL, *PARTNERSHIPS]
    assert [EDITIONS[name].in_force_from for name in NATIONAL] == [date(2018, 6, 29), date(2023, 12, 15), date(2025, 6, 1)]


@pytest.mark.parametrize("name", [*NATIONAL, *PARTNERSHIPS])
def test_each_edition_has_its_own_clocks_and_those_of_every_procedure(name: str):
    assert {row.due for row in EDITIONS[name].clocks} == IN_EVERY_PROCEDURE | OWN.get(name, set())
    assert all(row.source for row in EDITIONS[name].clocks)


def test_the_digest_of_an_edition_is_that_of_its_file():
    for edition in EDITIONS.values():
        content = resources.files("domain").joinpath("procedures", f"{edition.edition}.toml").read_bytes()
        assert edition.digest == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("editions", PAIRS)
def test_a_case_has_the_clocks_of_both_each_once(editions: Editions):
    answered = procedure_of(editions)
    assert {merged.row.due for merged in answered.clocks} == IN_EVERY_PROCEDURE | OWN.get(editions.local or "", set())
    for merged in answered.clocks:
        own = merged.row.due in OWN.get(editions.local or "", ())
        assert merged.editions == ((editions.local,) if own else answered.names)


def test_a_clock_in_both_names_both_editions_and_sources():
    merged = next(merged for merged in procedure().clocks if merged.row.due == "serious-incident-notification")
    assert merged.editions == ("bolton", "england-2023")
    assert "BOL-46" in merged.source
    assert "s16C" in merged.source


def test_durations_are_those_of_the_guidance():
    said = {merged.row.due: merged.row.within.words for local in PARTNERSHIPS for merged in procedure(local).clocks}
    assert said == {
        "serious-incident-notification": "5 working days",
        "local-form": "same day",
        "acknowledgement": "1 working day",
        "copy-to-partners": "1 working day",
        "feedback-to-referrer": "2 working days",
        "rapid-review-meeting": "11 working days",
        "rapid-review-local": "15 working days",
        "rapid-review-national": "15 working days",
        "rapid-review-convened": "15 working days",
        "agency-report": "set date",
        "practice-review-complete": "6 months",
        "practice-review-published": "6 months",
        "pre-publication-copy": "7 working days before",
        "publication-available": "12 months, runs out",
        "learn-from-success-complete": "3 months",
        "local-learning-review-complete": "3 months",
        "referral": "5 working days",
        "panel-told-of-review": "none",
        "looked-after-child-death": "5 working days",
        "care-leaver-death": "5 working days",
        "progress-review": "none",
        "recommendation": "set date",
        "panel-information-request": "set date",
    }


def test_a_rule_is_told_in_words():
    said = {merged.row.due: merged.rule for merged in procedure().clocks}
    assert said["acknowledgement"] == "1 working day from when the notification was received; stopped when it was acknowledged."
    assert said["pre-publication-copy"].startswith("7 working days before the day for which publication is planned")
    assert said["publication-available"] == "12 months from when the report was published; then it has run out."


# --- what else they say


@pytest.mark.parametrize("editions", PAIRS)
def test_the_aims_are_four_and_since_june_2025_five(editions: Editions):
    aims = [aim.field for aim in procedure_of(editions).aims]
    four = ["facts", "immediate_action", "improvements", "next_steps"]
    assert aims == ([*four, "inequalities"] if editions.national == "england-2025" else four)


@pytest.mark.parametrize("editions", PAIRS)
def test_every_case_finds_what_its_decisions_ask_of_a_procedure(editions: Editions):
    answered = procedure_of(editions)
    assert answered.regulation_criteria == ("improvements", "recurrent-themes", "joint-working", "panel-view")
    assert [*answered.reviewer_criteria("practice-review")] == [f"BOL-{n}" for n in range(98, 104)]
    assert [*answered.reviewer_criteria("local-learning")] == [f"BOL-{n}" for n in range(125, 133)]
    assert answered.report_parts == (("summary", "BOL-162"), ("analysis", "BOL-163"), ("recommendations", "BOL-164"))
    assert [level.level for level in answered.escalation_levels] == [1, 2, 3]
    assert len(answered.learning_elements) == 5
    assert answered.publication_guard == 7
    assert answered.break_glass == timedelta(hours=24)
    assert answered.deviations


@pytest.mark.parametrize("editions", PAIRS)
def test_every_open_decision_has_a_named_value(editions: Editions):
    answered = procedure_of(editions)
    decisions = [answered.open_decision(f"R-{n}") for n in range(1, 27)]
    assert all(decision.name and decision.words for decision in decisions)
    assert len({decision.name for decision in decisions}) == 26
    assert answered.majority == 2
    assert (answered.recurring_theme.children, answered.recurring_theme.incidents) == (3, 2)
    assert answered.eligible_facets == ("P", "H", "F", "S")
    assert answered.suppress_below == 5


def test_retention_is_data_and_says_that_it_is_a_proposal():
    classes = procedure().retention
    assert [*classes] == ["decision-skeleton", "case-content", "participant-support", "access-log", "theme-codes", "published-outputs"]
    assert all(row.proposal for row in classes.values())
    assert classes["decision-skeleton"].years is None
    assert (classes["participant-support"].years, classes["participant-support"].counted_from) == (1, "closing")


def test_an_edition_is_told_as_data():
    data = edition_as_data(EDITIONS["bury"])
    assert data["edition"] == "bury"
    assert data["digest"] == EDITIONS["bury"].digest
    assert data["clocks"][0] | {"rule": ""} == {
        "due": "referral",
        "within": "5 working days",
        "after": "incident-happened",
        "until": "notification-received",
        "owed_by": "notifier",
        "source": "BUR-6",
        "when": {"harm": ["died", "seriously-harmed", "injured", "harmed-another"]},
        "rule": "",
    }


# --- which are in force


@dataclass(frozen=True)
class Adoption:
    edition: str
    in_force_from: date


NATIONAL_ADOPTED = [Adoption(name, EDITIONS[name].in_force_from or date.min) for name in NATIONAL]
ADOPTED = [*NATIONAL_ADOPTED, *(Adoption(name, date(2026, 3, 2)) for name in PARTNERSHIPS)]


@pytest.mark.parametrize(
    ("partnership", "on", "editions"),
    [
        ("bolton", date(2017, 1, 1), Editions("bolton", "england-2018")),
        ("bolton", date(2023, 12, 14), Editions("bolton", "england-2018")),
        ("bolton", date(2023, 12, 15), Editions("bolton", "england-2023")),
        ("bury", date(2025, 5, 31), Editions("bury", "england-2023")),
        ("barnet", date(2025, 6, 1), Editions("barnet", "england-2025")),
        ("england", date(2026, 3, 16), Editions(None, "england-2025")),
    ],
)
def test_the_editions_in_force_and_before_the_first_that_first_one(partnership: str, on: date, editions: Editions):
    assert editions_in_force(ADOPTED, partnership, on) == editions


def test_a_partnership_that_adopted_nothing_answers_to_the_national_edition_alone():
    assert editions_in_force(NATIONAL_ADOPTED, "bolton", date(2024, 1, 1)) == Editions(None, "england-2023")


def test_without_a_national_edition_nothing_can_be_answered():
    with pytest.raises(BadProcedure, match="No national procedure"):
        editions_in_force([Adoption("bolton", date(2018, 6, 29))], "bolton", date(2024, 1, 1))


def test_no_such_edition():
    with pytest.raises(BadProcedure, match="no such edition as salford"):
        procedure_of(Editions("salford", "england-2023"))


# --- conflicts


@pytest.mark.parametrize("local", PARTNERSHIPS)
@pytest.mark.parametrize("national", NATIONAL)
def test_the_editions_shipped_do_not_conflict(local: str, national: str):
    assert conflicts(EDITIONS[local], EDITIONS[national]) == ()


def changed(edition: str, due: str, **changes: Any) -> Edition:
    given = EDITIONS[edition]
    rows = tuple(row.model_copy(update=changes) if row.due == due else row for row in given.clocks)
    return given.model_copy(update={"clocks": rows})


def test_one_clock_that_counts_differently_is_a_conflict_and_names_both():
    ten_days = changed("bolton", "rapid-review-national", within=within("10 working days"))
    [sentence] = conflicts(ten_days, EDITIONS["england-2023"])
    assert sentence == (
        "The editions bolton and england-2023 conflict on rapid-review-national: within is 10 working days in bolton (BOL-91) and "
        "15 working days in england-2023 (Panel practice guidance 2022; X-1) (CAL-10)."
    )


def test_a_partnership_may_set_a_time_where_the_national_edition_sets_none():
    assert conflicts(changed("bolton", "progress-review", within=within("30 working days")), EDITIONS["england-2023"]) == ()


# --- files with errors


def bolton_with(change: Callable[[str], str]) -> bytes:
    return change(resources.files("domain").joinpath("procedures", "bolton.toml").read_text("utf-8")).encode()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"11 working days"', '"11 workdays"', "bolton.toml, clocks, row 6 (rapid-review-meeting), within: '11 workdays' is no duration"),
        ('"notification-acknowledged"', '"a-nod"', "bolton.toml, clocks, row 3 (acknowledgement): nothing is stopped by 'a-nod'"),
        ('"rapid-review-started"', '"the-start"', "row 6 (rapid-review-meeting): nothing is counted from 'the-start'"),
        (
            'within = "set date",              after = "agency-asked"',
            'within = "3 months", after = "agency-asked"',
            "row 9 (agency-report)",
        ),
        ('"12 months, runs out"', '"12 months"', "row 13 (publication-available): a clock that nothing stops must run out by itself"),
        ('"local-form",  ', '"acknowledgement",', "what is due stands in two rows: acknowledgement"),
        ('route = ["organisation"]', 'route = ["post"]', "row 3 (acknowledgement), when, route, row 1"),
        ('owed_by = "agency", ', 'owing = "agency", ', "row 9 (agency-report), owing: Extra inputs are not permitted"),
        ("clocks = [", "clocks = ", "bolton.toml is no TOML"),
        ('edition = "bolton"', 'edition = "salford"', "a file is called after its edition"),
        ('partnership = "bolton"', "", "a national edition says in_force_from"),
    ],
)
def test_a_file_with_an_error_is_refused_with_file_row_and_reason(old: str, new: str, told: str):
    with pytest.raises(BadProcedure) as refused:
        read_edition("bolton.toml", bolton_with(lambda text: text.replace(old, new, 1)))
    assert told in str(refused.value)


def test_a_national_edition_may_not_be_silent():
    content = resources.files("domain").joinpath("procedures", "england-2023.toml").read_text("utf-8")
    with pytest.raises(BadProcedure, match="may not be silent on break_glass"):
        read_edition("england-2023.toml", content.replace("[break_glass]\nhours = 24 # a proposal\n", "").encode())


def test_levels_and_their_number_agree():
    content = resources.files("domain").joinpath("procedures", "england-2023.toml").read_text("utf-8")
    with pytest.raises(BadProcedure, match="R-14 says 4 levels of escalation, and 3 are listed"):
        read_edition(
            "england-2023.toml",
            content.replace('"escalation-levels",                    value = 3', '"escalation-levels", value = 4').encode(),
        )


@pytest.mark.parametrize("words", ["5 days", "0 working days", "working days", "6 months before", "-1 months", "", None, 5])
def test_no_duration(words: object):
    with pytest.raises(ValueError, match="is no duration"):
        within(words)
