"""Putting the record right: the old entry stays, every fold reads the corrected value in its place, decisions are taken again."""

from datetime import date, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from domain.case import recall
from domain.corrections import DECISIONS, CorrectRecord, RecordCorrected, effective
from domain.language import EVENTS
from domain.personal import Sealed
from domain.stages import reopening
from domain.stages.notification import LocalAuthorityBecameAware, NotificationReceived, Notifier, SeriousIncidentNotified
from domain.stages.opening import Child
from domain.stages.publication import PrePublicationCopySent
from domain.stages.threshold import ThresholdDecided
from tests.domain.given import digest, person
from tests.domain.telling import NOON, asked, child, opened, recorded, refusal

SIN = SeriousIncidentNotified(portal_reference="SIN-1", children=("child-1",), recipients=("panel",))
AWARE = LocalAuthorityBecameAware(authority="bolton", how="a call")
NAMED = Child(ref="child-1", person=person("child-1"), area_of_residence="bolton", age_band="5-9", harm="injured", name="Wrong Name")
FORM = NotificationReceived(
    notifier=Notifier(person=person("n"), name="Hester Vale", role_title="officer"), narrative="a fall", channel="portal"
)
DECIDED = ThresholdDecided(ref="threshold-1", threshold="serious", outcome="not-met", rationale="r", then="none")


def correct(place, because="typed wrongly", **correction):
    return CorrectRecord(event_place=place, correction=correction, because=because)


def corrected(history, place, **correction):
    """The history with this correction made, and how the entry then reads."""
    events = asked(correct(place, **correction), history)
    after = (*history, *recorded(*(entry.event for entry in history), *events)[len(history) :])
    return after, effective(after)[place - 1]


def test_a_plain_field_reads_as_corrected_and_the_old_entry_stays():
    after, entry = corrected(recorded(opened(), AWARE, SIN), 3, portal_reference="SIN-2")
    assert entry.event.portal_reference == "SIN-2"
    assert after[2].event.portal_reference == "SIN-1"
    assert recall(after).notification.portal_references == ("SIN-2",)


def test_the_day_of_an_entry_is_corrected():
    after, entry = corrected(recorded(opened(), AWARE), 2, on="2024-02-21")
    assert entry.on == date(2024, 2, 21)
    assert after[1].on == date(2024, 3, 1)
    assert entry.at == after[1].at


def test_the_day_may_be_given_as_a_date():
    assert corrected(recorded(opened(), AWARE), 2, on=date(2024, 2, 21))[1].on == date(2024, 2, 21)


def test_a_text_is_kept_out_of_the_plain_values():
    (event,) = asked(correct(2, narrative="a push", channel="post"), recorded(opened(), FORM))
    assert event.correction == {"narrative": None, "channel": "post"}
    assert event.words == {"narrative": "a push"}
    assert event.corrected(recorded(opened(), FORM)[1]).event.narrative == "a push"


def test_the_name_of_a_person_stays_under_the_key_of_that_person():
    history = recorded(opened(NAMED))
    (event,) = asked(correct(1, **{"children.child-1.name": "Right Name"}), history)
    assert (event.correction, event.words) == ({"children": {"0": {"name": None}}}, {})
    assert [(name.person, name.path, name.words) for name in event.names] == [(person("child-1"), "children.0.name", "Right Name")]
    assert corrected(history, 1, **{"children.child-1.name": "Right Name"})[1].event.children[0].name == "Right Name"


def test_a_field_within_a_field_is_reached_by_its_path_or_by_nesting():
    history = recorded(opened())
    for correction in ({"incident.area": "bury"}, {"incident": {"area": "bury"}}):
        _, entry = corrected(history, 1, **correction)
        assert (entry.event.incident.area, entry.event.incident.harm) == ("bury", "injured")
    after, _ = corrected(history, 1, **{"children.child-1.harm": "died"})
    assert recall(after).opening.children["child-1"].harm == "died"


def test_an_optional_field_is_cleared_by_null():
    _, entry = corrected(recorded(opened()), 1, **{"incident.summary": None, "incident.happened_on": None})
    assert entry.event.incident.summary is None
    assert entry.event.incident.happened_on is None


def test_a_list_is_replaced_as_a_whole():
    _, entry = corrected(recorded(opened(child(1), child(2)), SIN), 2, children=["child-1", "child-2"])
    assert entry.event.children == ("child-1", "child-2")


def test_a_correction_is_corrected_by_another_of_the_same_entry():
    history, _ = corrected(recorded(opened(), AWARE, SIN), 3, portal_reference="SIN-2")
    _, entry = corrected(history, 3, portal_reference="SIN-3")
    assert entry.event.portal_reference == "SIN-3"
    assert "place 3 again" in refusal(correct(4, event_place=2), history)


def test_what_is_corrected_later_does_not_undo_what_was_corrected_before():
    history, _ = corrected(recorded(opened(), AWARE), 2, authority="bury")
    _, entry = corrected(history, 2, on="2024-02-21")
    assert (entry.event.authority, entry.on) == ("bury", date(2024, 2, 21))


def test_a_sealed_text_stays_sealed_beside_what_is_corrected():
    gone = Sealed(c="0" * 64, e="AAAA", k="key-1")
    history = recorded(opened(), LocalAuthorityBecameAware(authority="bolton", how=gone))
    _, entry = corrected(history, 2, authority="bury")
    assert (entry.event.authority, entry.event.how) == ("bury", gone)


# --- refusals


@pytest.mark.parametrize("field", ["by", "at"])
def test_who_entered_it_and_when_are_never_corrected(field):
    assert f"`{field}`" in refusal(correct(2, **{field: "somebody else"}), recorded(opened(), AWARE))


@pytest.mark.parametrize("field", ["outcome", "rationale", "then", "threshold"])
def test_a_decision_is_re_opened_not_corrected(field):
    sentence = refusal(correct(2, **{field: "met"}), recorded(opened(), DECIDED))
    assert "decision" in sentence
    assert "re-open" in sentence


def test_the_day_of_a_decision_may_be_corrected():
    assert corrected(recorded(opened(), DECIDED), 2, on="2024-02-28")[1].on == date(2024, 2, 28)


def test_the_names_of_decisions_are_names_of_events():
    assert reopening
    assert set(EVENTS) >= DECISIONS


@pytest.mark.parametrize(
    ("place", "correction", "says"),
    [
        (9, {"authority": "bury"}, "no entry at place 9"),
        (2, {"author": "bury"}, "no field `author`"),
        (2, {"on": "2024-03-02"}, "after the day"),
        (2, {"on": "yesterday"}, "do not fit"),
        (1, {"route": "by-pigeon"}, "do not fit"),
        (1, {"children": {"7": {"harm": "died"}}}, "do not fit"),
        (1, {"children.child-9.harm": "died"}, "do not fit"),
        (1, {"label": "Child B"}, "`label`"),
        (1, {"children.child-1.ref": "child-b"}, "`ref`"),
        (2, {"authority": "x" * 200}, "a short word"),
        (2, {"how": "   "}, "words"),
        (2, {"authority": {"deep": {"deeper": 1}}}, "do not fit"),
    ],
)
def test_what_does_not_fit_is_refused(place, correction, says):
    assert says in refusal(correct(place, **correction), recorded(opened(), AWARE))


def test_a_digest_is_corrected_to_a_digest():
    history = recorded(opened(), PrePublicationCopySent(digest=digest("A"), recipients=("Panel",)))
    assert "a digest" in refusal(correct(2, digest="B"), history)
    assert corrected(history, 2, digest=digest("B"))[1].event.digest == digest("B")


# --- effective


def test_a_history_without_corrections_is_itself():
    history = recorded(opened(), AWARE)
    assert effective(history) == history
    assert effective(iter(history)) == history


def test_as_of_an_earlier_instant_the_correction_is_not_known():
    after, _ = corrected(recorded(opened(), AWARE), 2, authority="bury")
    earlier = [entry for entry in after if entry.at <= NOON + timedelta(minutes=2)]
    assert effective(earlier)[1].event.authority == "bolton"


def test_each_stream_is_corrected_by_its_own_entries():
    one = recorded(opened(), AWARE, RecordCorrected(event_place=2, correction={"authority": "bury"}))
    two = recorded(opened(), AWARE, stream="case/two")
    assert [entry.event.authority for entry in effective((*one, *two)) if isinstance(entry.event, LocalAuthorityBecameAware)] == [
        "bury",
        "bolton",
    ]


@pytest.mark.parametrize("correction", [{"no-such-field": {"a": 1}, "route": "by-pigeon"}, {"on": "never"}, {"incident": 7}])
def test_history_is_not_refused_because_a_correction_no_longer_fits(correction):
    history = recorded(
        opened(), RecordCorrected(event_place=1, correction=correction), RecordCorrected(event_place=99, correction={"a": 1})
    )
    assert recall(history).opening.partnership == "bolton"


AREAS = st.sampled_from(["bolton", "bury", "barnet"])


@settings(deadline=None)
@for_all(st.lists(st.tuples(st.integers(1, 2), AREAS, st.dates(date(2024, 1, 1), date(2024, 3, 1))), max_size=6))
def test_corrections_made_one_after_another_read_as_the_last_of_each_field(corrections):
    history = recorded(opened(), AWARE)
    last = {}
    for place, area, on in corrections:
        field = "incident.area" if place == 1 else "authority"
        history, _ = corrected(history, place, **{field: area, "on": on})
        last[place] = (area, on)
    read = effective(history)
    assert read[0].event.incident.area == last.get(1, ("bolton", None))[0]
    assert read[1].event.authority == last.get(2, ("bolton", None))[0]
    for place, (_, on) in last.items():
        assert read[place - 1].on == on
    assert [entry.event for entry in history[:2]] == [history[0].event, AWARE]


def test_a_case_opened_wrongly_is_read_anew_by_every_fold():
    history = recorded(opened(route="parent"))
    after, _ = corrected(history, 1, route="organisation", **{"incident.happened_on": "2024-02-01"})
    opening = recall(after).opening
    assert (opening.route, opening.incident.happened_on) == ("organisation", date(2024, 2, 1))
