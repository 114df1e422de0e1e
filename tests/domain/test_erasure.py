"""What is destroyed: the deed is recorded with its reason, never under a legal hold, never before retention has run out."""

from datetime import UTC, date, datetime

import pytest

from domain.erasure import DisposeRecord, ErasePerson, RedactText
from domain.fields import leaves_at
from domain.guidance import EDITIONS
from domain.holds import LegalHoldLifted, LegalHoldPlaced
from domain.stages.closing import CaseClosed, CaseReopened
from domain.stages.learning import AssuranceAccepted, RecommendationIssued
from domain.stages.notification import NotificationReceived, Notifier
from domain.stages.publication import LearningBriefPublished, ReportPublished
from tests.domain.given import A, person
from tests.domain.telling import asked, child, opened, recorded, refusal

FORM = NotificationReceived(
    notifier=Notifier(person=person("n"), name="Hester Vale", role_title="officer"), narrative="a fall", channel="portal"
)
HELD = LegalHoldPlaced(ref="inquiry", basis="a public inquiry")
redact = RedactText(event_place=2, field="narrative", replacement="(a name stood here)", because="names a neighbour")
erase = ErasePerson(person=person("child-1"), basis="upheld request", because="asked for")
dispose = DisposeRecord(**{"class": "participant-support", "because": "the year is over"})


def on(year, month, day) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


# --- one text


def test_a_text_is_redacted_by_its_place_and_field():
    (event,) = asked(redact, recorded(opened(), FORM))
    assert (event.event_place, event.field, event.replacement) == (2, "narrative", "(a name stood here)")
    assert event.because == "names a neighbour"


def test_every_text_below_a_field_goes_with_it():
    story = recorded(opened(child(1)))
    assert asked(RedactText(event_place=1, field="incident", because="b"), story)
    assert [leaf.path for leaf in leaves_at(story[0].event, "incident")] == ["incident.summary"]


@pytest.mark.parametrize(
    ("place", "field", "says"),
    [
        (9, "narrative", "no entry at place 9"),
        (2, "channel", "no text `channel`"),
        (2, "no-such-field", "no text `no-such-field`"),
        (2, "lived_experience", "no text `lived_experience`"),
        (2, "notifier.name", "key of a person"),
        (2, "notifier", "key of a person"),
    ],
)
def test_what_is_not_a_text_of_its_own_is_not_redacted(place, field, says):
    assert says in refusal(RedactText(event_place=place, field=field, because="b"), recorded(opened(), FORM))


# --- a person


def test_erasing_a_person_records_the_deed_its_basis_and_its_reason():
    (event,) = asked(erase, recorded(opened()))
    assert (event.person, event.basis, event.because) == (person("child-1"), "upheld request", "asked for")


# --- a class of record


CLOSED = recorded((opened(), date(2024, 3, 1)), (CaseClosed(), date(2025, 3, 31)))


def test_a_class_is_disposed_of_when_its_period_has_run_out():
    assert "31 March 2026" in refusal(dispose, CLOSED, at=on(2026, 3, 31))
    (event,) = asked(dispose, CLOSED, at=on(2026, 4, 1))
    assert event.class_ == "participant-support"


def test_the_period_counts_from_the_last_closing_and_not_while_the_case_is_open():
    again = recorded((opened(), date(2024, 3, 1)), (CaseClosed(), date(2024, 5, 1)), CaseReopened(), (CaseClosed(), date(2025, 3, 31)))
    assert "31 March 2026" in refusal(dispose, again, at=on(2025, 12, 1))
    assert "not closed" in refusal(dispose, again[:3], at=on(2035, 12, 1))
    assert "there is none" in refusal(dispose, recorded(opened()), at=on(2035, 12, 1))


def test_case_content_waits_for_its_recommendations():
    content = DisposeRecord(**{"class": "case-content", "because": "b"})
    issued = RecommendationIssued(ref="r", what="w", owners=("gp-practice",), by_when=date(2026, 1, 1))
    history = recorded((opened(), date(2024, 3, 1)), issued, (CaseClosed(), date(2025, 3, 31)))
    assert "recommendation is still open" in refusal(content, history, at=on(2060, 1, 1))
    assert asked(content, (*history, recorded(*[issued] * 3, AssuranceAccepted(recommendation="r", rationale="r"))[3]), at=on(2060, 1, 1))


def test_published_outputs_count_from_publication():
    outputs = DisposeRecord(**{"class": "published-outputs", "because": "b"})
    report = ReportPublished(digest=A, location="website", family_told=True)
    history = recorded(opened(), (report, date(2025, 1, 10)), (LearningBriefPublished(digest=A), date(2025, 2, 20)))
    assert "20 February 2026" in refusal(outputs, history, at=on(2026, 2, 1))
    assert asked(outputs, history, at=on(2026, 2, 21))


@pytest.mark.parametrize("kept", ["decision-skeleton", "theme-codes"])
def test_what_is_kept_for_ever_is_not_disposed_of(kept):
    assert "kept" in refusal(DisposeRecord(**{"class": kept, "because": "b"}), CLOSED, at=on(2090, 1, 1))


def test_a_class_that_no_procedure_knows_is_refused():
    assert "no retention class" in refusal(DisposeRecord(**{"class": "old-papers", "because": "b"}), CLOSED)


def test_the_classes_are_those_of_the_procedures_in_their_words():
    classes = {row.name for edition in EDITIONS.values() for row in edition.retention}
    assert {"decision-skeleton", "case-content", "participant-support"} <= classes
    assert set(DisposeRecord.model_json_schema()["properties"]) == {"on", "because", "class"}


# --- a legal hold


@pytest.mark.parametrize("command", [redact, erase, dispose])
def test_under_a_legal_hold_nothing_is_destroyed(command):
    history = recorded((opened(), date(2024, 3, 1)), FORM, HELD, (CaseClosed(), date(2025, 3, 31)))
    assert "legal hold" in refusal(command, history, at=on(2050, 1, 1))


@pytest.mark.parametrize("command", [redact, erase])
def test_when_it_is_lifted_it_refuses_no_more(command):
    assert asked(command, recorded(opened(), FORM, HELD, LegalHoldLifted(ref="inquiry", basis="ended")))
