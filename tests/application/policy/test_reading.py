"""What of a case is shown to whom: entry by entry, field by field, and as of when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from application.case_view.decisions import decisions
from application.case_view.history import history_items
from application.case_view.overview import overview
from application.policy.entries import ALL
from application.policy.reading import AT_PRESENT, at_present, rests_on
from application.policy.shown import Shown
from domain.access import GlassBroken
from domain.corrections import CorrectedName, RecordCorrected
from domain.interests import InterestDeclared
from domain.recorded import Recorded
from domain.stages.agency_reports import AgencyAsked, AgencyReportReceived
from domain.stages.learning import RecommendationIssued
from domain.stages.opening import Child, ChildAdded
from domain.stages.participation import EngagementRecorded, ParticipantInvited, ParticipationRecorded, SupportOffered
from domain.stages.publication import AnonymisationChecked
from domain.stages.review import ReportDrafted, ReportPresented
from tests.application.case_view.histories import BM, HEALTH, asker, in_clear
from tests.application.case_view.stories import A, B, decided, position
from tests.application.policy.telling import (
    MADE_BY,
    NOW,
    PARTICIPANT,
    REVIEWER,
    case,
    granted,
    it,
    notified,
    of,
    reader,
    shown,
)

WARD = of("notifier")
SECRETS = ("Wilfred", "Oake", "2024-05-01", "1 May 2024", "Ottoline", "Brack", "0161 496 0000", "ward manager")
INVITED = ParticipantInvited(participant=PARTICIPANT.person, kind="practitioner", information_given="a leaflet")
COUNSELLED = SupportOffered(participant=PARTICIPANT.person, kind="counselling", taken_up=True)


def told(*more: Any) -> list[Recorded]:
    """A notification decided upon, and what is said beside."""
    return case(notified(WARD), it(HEALTH, position("health", "met", why="Wilfred Oake was seen late")), it(BM, decided("met")), *more)


def items(history: list[Recorded], *by: Any, now: datetime = NOW) -> list[dict[str, Any]]:
    return shown(history, *by, now=now).items(history_items(history, in_clear(history)))


def at_a_glance(history: list[Recorded], *by: Any) -> dict[str, Any]:
    return shown(history, *by).overview(overview(history, in_clear(history), NOW.date()))


# --- in full, under pseudonyms, one's own, nothing


def test_the_manager_reads_what_is_recorded_and_nothing_is_withheld() -> None:
    history = told()
    assert items(history, BM) == history_items(history, in_clear(history))
    assert at_a_glance(history, BM) == overview(history, in_clear(history), NOW.date())


def test_under_pseudonyms_no_name_no_birth_date_and_no_notifier_is_left_in_any_field() -> None:
    history = told(*MADE_BY["reviewer"](REVIEWER))
    for told_ in (items(history, REVIEWER), at_a_glance(history, REVIEWER), items(history, of("rapid-review-member"))):
        assert not [secret for secret in SECRETS if secret in repr(told_)]
        assert WARD.person not in repr(told_)
    opened, received, said, *_ = items(history, REVIEWER)
    assert opened["fields"]["children"][0]["name"] == "baby-w"
    assert opened["fields"]["children"][0]["age_band"] == "under-1"
    assert "born_on" not in opened["fields"]["children"][0]
    assert received["withheld"] == ["notifier"]
    assert received["fields"]["narrative"] == "notifier saw baby-w, born [date of birth], with a fracture"
    assert received["by"] == {"person": "notifier", "role": "notifier", "partnership": "bolton"}
    assert received["sentence"] == "Notification received."
    assert said["fields"]["rationale"] == "baby-w was seen late"
    assert said["by"]["person"] == "delegated-partner-1"


def test_a_corrected_name_is_no_more_told_than_the_one_it_corrects() -> None:
    name = CorrectedName(person=in_clear(case())[1]["children"][0]["person"], path="children.0.name", words="Walter Oke")
    born = CorrectedName(person=name.person, path="children.0.born_on", words="2024-05-02")
    corrected = RecordCorrected(event_place=1, correction={"children": None}, names=(name, born))
    history = told(it(BM, corrected), it(HEALTH, position("police", "met", why="Walter Oke, born 2 May 2024, is safe")))
    seen = repr(items(history, of("rapid-review-member")))
    assert "Walter" not in seen
    assert "2 May 2024" not in seen
    assert "2024-05-02" not in seen
    assert "Walter Oke" in repr(items(history, BM))


def test_pseudonyms_stay_the_same_as_the_case_grows() -> None:
    history = told(it(asker("delegated-partner/police"), position("police", "met")))
    earlier, later = items(history[:3], of("rapid-review-member")), items(history, of("rapid-review-member"))
    assert later[:3] == earlier


def test_a_place_that_may_not_be_read_stays_and_is_empty() -> None:
    seen = items(told(), asker("partnership-member/housing"))
    assert [item["place"] for item in seen] == [1, 2, 3, 4]
    assert seen[1:] == [{"place": place, "withheld": [ALL]} for place in (2, 3, 4)]
    assert seen[0]["fields"] == {"label": "Baby W", "partnership": "bolton", "route": "organisation", "concern": "serious-incident"}
    assert seen[0]["withheld"] == ["incident", "children"]
    assert "by" not in seen[0]


def test_of_metadata_there_is_an_entry_by_somebody_and_nothing_of_what_it_says() -> None:
    seen = items(told(), of("information-governance"))
    assert seen[2].keys() == {"place", "position", "name", "at", "on", "by", "withheld"}
    assert not [secret for secret in SECRETS if secret in repr(seen)]


def test_a_notifier_reads_their_form_and_the_outcome_but_not_who_took_which_position() -> None:
    history = told()
    opened, form, position_, outcome = items(history, WARD)
    assert form["fields"]["narrative"].startswith("Ottoline Brack saw")
    assert form["by"]["person"] == WARD.person
    assert position_ == {"place": 3, "withheld": [ALL]}
    assert {"outcome", "rationale"} <= outcome["fields"].keys()
    assert outcome["by"]["person"] != BM.person
    (decision,) = shown(history, WARD).decisions(decisions(history, in_clear(history)))
    assert decision["outcome"] == "met"
    assert "rationale" in decision
    assert not decision.keys() & {"deciders", "by", "dissent", "recorded_by", "information"}
    assert opened["withheld"] == ["incident", "children"]


def test_decisions_under_pseudonyms_name_nobody_and_say_nothing_of_what_reached_them() -> None:
    history = told()
    told_ = [{**decision, "information": {"person": BM.person}} for decision in decisions(history, in_clear(history))]
    (decision,) = shown(history, of("rapid-review-member")).decisions(told_)
    assert "information" not in decision
    assert decision["recorded_by"]["person"] == "business-manager-1"
    assert not [secret for secret in SECRETS if secret in repr(decision)]
    assert shown(history, of("delegated-partner")).decisions(told_) == told_
    assert shown(history, asker("partnership-member/housing")).decisions(told_) == []


def test_who_notified_is_hidden_from_the_family_even_in_another_capacity() -> None:
    mother = asker("named-portal-user")
    history = told(it(BM, ParticipantInvited(participant=mother.person, kind="family", information_given="a leaflet")))
    assert reader(history, mother).may("notification").level == "full"
    assert reader(history, mother).may("notifier-identity").policies == ("notifier-and-family",)
    assert items(history, mother)[1]["withheld"] == ["notifier"]


def test_a_broken_glass_opens_nothing_for_the_family_and_takes_nothing_of_what_their_post_gives() -> None:
    mother = asker("partnership-officer")
    invited = it(BM, ParticipantInvited(participant=mother.person, kind="family", information_given="a leaflet"))
    broken = it(mother, GlassBroken(ref="g", until=NOW + timedelta(hours=1)))
    kinds = ("outline", "notification", "agency-reports", "rapid-review", "decisions", "participants")
    before, after = reader(told(invited), mother), reader(told(invited, broken), mother)
    assert [after.may(kind) for kind in kinds] == [before.may(kind) for kind in kinds]
    assert reader(told(broken), mother).may("rapid-review").level == "full"


def test_support_is_kept_from_the_reviewer_and_told_to_the_person() -> None:
    history = told(*MADE_BY["reviewer"](REVIEWER), it(BM, INVITED), it(BM, COUNSELLED))
    assert items(history, REVIEWER)[-1] == {"place": 7, "withheld": [ALL]}
    assert items(history, PARTICIPANT)[-1]["fields"]["kind"] == "counselling"
    assert items(history, of("delegated-partner"))[-1] == {"place": 7, "withheld": [ALL]}


def test_a_participant_reads_their_own_choice_and_nobody_elses() -> None:
    other = asker("participant/gp/Other")
    events = [ParticipationRecorded(participant=by.person, outcome="agreed") for by in (PARTICIPANT, other)]
    shown_ = EngagementRecorded(participant=PARTICIPANT.person, how="by telephone", shown="emerging-findings")
    mine, theirs, engaged = items(told(it(BM, INVITED), *(it(REVIEWER, event) for event in (*events, shown_))), PARTICIPANT)[-3:]
    assert mine["fields"]["outcome"] == "agreed"
    assert theirs["withheld"] == [ALL]
    assert engaged["fields"]["how"] == "by telephone"


def test_an_agency_author_reads_their_own_agency_alone() -> None:
    author = asker("agency-author/gp")
    asked = [AgencyAsked(agency=agency, due_on=date(2024, 11, 1)) for agency in ("gp", "school")]
    report = AgencyReportReceived(agency="gp", report_digest=A, quality_assured_by="the practice manager")
    history = told(*(it(BM, event) for event in asked), it(author, report))
    mine, theirs, reported = items(history, author)[-3:]
    assert mine["fields"]["agency"] == "gp"
    assert theirs["withheld"] == [ALL]
    assert reported["fields"]["report_digest"] == A
    parties = at_a_glance(history, author)["parties"]
    assert [agency["agency"] for agency in parties["agencies"]] == ["gp"]


def test_an_agency_that_owes_a_recommendation_reads_that_one() -> None:
    issued = [
        RecommendationIssued(ref=ref, what=ref, owners=(owner,), by_when=date(2025, 1, 1)) for ref, owner in (("r-1", "gp"), ("r-2", "x"))
    ]
    history = told(*(it(BM, event) for event in issued))
    assert [one["ref"] for one in at_a_glance(history, asker("agency-author/gp"))["recommendations"]] == ["r-1"]


def test_a_name_that_is_recorded_later_is_hidden_in_what_was_said_before() -> None:
    sibling = Child(
        ref="sibling", person="person-" + "b" * 32, area_of_residence="bolton", age_band="1-4", harm="none", name="Rosalind Oake"
    )
    before = told(it(HEALTH, position("police", "met", why="Rosalind is safe")))
    whole = told(it(HEALTH, position("police", "met", why="Rosalind is safe")), it(BM, ChildAdded(child=sibling)))
    nurse = of("rapid-review-member")
    part = Shown(reader(whole, nurse), before, in_clear(whole), whole)
    assert part.items(history_items(before, in_clear(before)))[-1]["fields"]["rationale"] == "sibling is safe"


def test_whoever_looked_is_told_to_those_who_read_the_audit_trail_and_ones_own_looks_to_oneself() -> None:
    history = told(it(BM, INVITED))
    looks = [{"look": str(n), "by": {"person": by.person, "role": by.role}} for n, by in enumerate((WARD, PARTICIPANT, BM))]
    assert shown(history, BM).looks(looks) == looks
    assert shown(history, PARTICIPANT).looks(looks) == looks[1:2]
    assert shown(history, of("reviewer")).looks(looks) == []
    assert shown(history, of("scrutineer")).looks(looks)[0]["by"] == {"person": "notifier", "role": "notifier"}
    assert [look["by"]["person"] for look in shown(history, of("implementation-group-chair")).looks(looks)][1:] == [
        "participant-1", "business-manager-1",
    ]  # fmt: skip


def test_of_what_somebody_missed_is_named_what_they_may_know_of() -> None:
    history = told(it(BM, INVITED), it(BM, COUNSELLED))
    named = {by: [recorded.place for recorded in history if shown(history, by).may_name(recorded)] for by in (BM, WARD, PARTICIPANT)}
    assert named == {BM: [1, 2, 3, 4, 5, 6], WARD: [2, 4], PARTICIPANT: [5, 6]}


def test_a_case_file_for_somebody_withholds_what_they_would_not_read_as_it_stands() -> None:
    history = told(*MADE_BY["reviewer"](REVIEWER))
    theirs, mine = shown(history, REVIEWER), shown(history, BM)
    for place, path in ((1, "children.0.name"), (2, "narrative"), (2, "notifier.name"), (3, "rationale")):
        assert theirs.withholds(history[place - 1], path)
        assert not mine.withholds(history[place - 1], path)


# --- documents


def test_what_was_not_opened_is_withheld_from_everybody() -> None:
    history = told()
    assert all(Shown(reader(history, BM), history, {}).withholds_entry(recorded) for recorded in history)
    assert not any(shown(history, BM).withholds_entry(recorded) for recorded in history)


def test_a_digest_that_one_has_seen_is_no_key() -> None:
    """Whoever may not open a document does not open it, to themselves or to others, by naming it in an entry of their own."""
    reported = it(BM, AgencyReportReceived(agency="gp", report_digest=A, quality_assured_by="the practice manager"))
    history = told(reported, it(of("lead-partner"), AnonymisationChecked(digest=A)))
    (report,) = overview(history, in_clear(history), NOW.date())["documents"]
    assert [shown(history, by).may_open(report) for by in (of("lead-partner"), of("scrutineer"), BM)] == [False, False, True]
    checked_by_the_manager = told(reported, it(BM, AnonymisationChecked(digest=A)))
    (report,) = overview(checked_by_the_manager, in_clear(checked_by_the_manager), NOW.date())["documents"]
    assert shown(checked_by_the_manager, of("lead-partner")).may_open(report)


def test_of_who_notified_and_looked_a_scrutineer_learns_neither_what_they_are_nor_why() -> None:
    history = told()
    look = {
        "look": "l",
        "by": {"person": WARD.person, "role": "parent"},
        "capacity": "parent",
        "because": "I am her father",
        "view": "history",
    }
    (hidden,), (full,) = (shown(history, by).looks([look]) for by in (of("scrutineer"), BM))
    assert (hidden["by"]["person"], hidden.keys() & {"capacity", "because"}) == ("notifier", set())
    assert full == look


def test_an_absence_tells_information_governance_that_it_is_there_and_not_what() -> None:
    absence = {
        "absent": "position",
        "about": "police",
        "sentence": "No position of the police is recorded.",
        "rule": "BOL-66",
        "events": [3],
    }
    (seen,) = shown(told(), of("information-governance")).absences([absence])
    assert seen == {"absent": "position", "rule": "BOL-66", "events": [3]}


def test_a_document_is_opened_where_something_that_names_it_is_read_in_full() -> None:
    history = told(
        it(BM, AgencyAsked(agency="gp", due_on=date(2024, 11, 1))),
        it(BM, AgencyReportReceived(agency="gp", report_digest=A, quality_assured_by="the practice manager")),
        it(REVIEWER, ReportDrafted(digest=B, final=True)),
    )
    report, draft = overview(history, in_clear(history), NOW.date())["documents"]
    member, loose = asker("partnership-member/housing"), {"digest": "0" * 64, "named": []}
    opens = {by: [shown(history, by).may_open(document) for document in (report, draft, loose)]
             for by in (BM, of("lead-partner"), member, asker("agency-author/gp"), of("rapid-review-member"))}  # fmt: skip
    assert opens[BM] == [True, True, True]
    assert opens[of("lead-partner")] == [False, True, False], "under pseudonyms a document is not opened"
    assert opens[member] == [False, False, False]
    assert opens[asker("agency-author/gp")] == [True, False, False]
    assert opens[of("rapid-review-member")] == [True, False, False]
    assert shown(history, member).documents([report, draft, loose]) == []
    assert shown(history, of("delegated-partner")).may_open(loose, kept_by=of("delegated-partner").person)

    history = [*told(it(REVIEWER, ReportDrafted(digest=B, final=True)), it(BM, ReportPresented(digest=B, contains=())))]
    (draft,) = overview(history, in_clear(history), NOW.date())["documents"]
    assert shown(history, member).may_open(draft), "the final draft, once it is presented"


# --- at once, and for a time


def test_a_declared_interest_shuts_out_at_once_and_from_what_was_before() -> None:
    history = told(it(HEALTH, InterestDeclared(kind="perceived", nature="a neighbour")))
    assert all("fields" in item for item in items(history[:-1], HEALTH))
    assert {tuple(item) for item in items(history, HEALTH)} == {("place", "withheld")}
    shut_out = reader(history, HEALTH)
    assert shut_out.knows
    assert shut_out.barred is not None
    assert "R-8" in shut_out.barred
    assert str(shut_out.may_not("decisions")) == shut_out.barred


def test_an_inspector_reads_until_the_last_day_is_over_and_not_an_instant_longer() -> None:
    inspector = asker("inspector", partnership="")
    history = told(granted(inspector.person, "inspector", date(2024, 12, 2)))
    over = datetime(2024, 12, 3, tzinfo=UTC)
    assert reader(history, inspector, now=over - timedelta(milliseconds=1)).may("decisions").policies == ("let-in-for-a-time-in-full",)
    after = reader(history, inspector, now=over)
    assert not after.may("decisions").ways
    assert not after.knows
    assert not reader(history[:-1], inspector).knows


def test_a_grant_that_names_no_last_day_lets_no_inspector_in() -> None:
    inspector = asker("inspector")
    assert not reader(told(granted(inspector.person, "inspector")), inspector).knows


def test_broken_glass_shows_what_protects_a_child_until_its_instant() -> None:
    night, until = asker("agency-author/police/Night"), datetime(2024, 12, 2, 13, 0, tzinfo=UTC)
    history = told(it(night, GlassBroken(ref="g", until=until)))
    through = reader(history, night)
    assert through.broke_glass
    assert {kind: through.may(kind).level for kind in ("notification", "participants", "support", "notifier-identity", "audit-trail")} == {
        "notification": "full", "participants": "pseudonymised", "support": "none", "notifier-identity": "none", "audit-trail": "none",
    }  # fmt: skip
    assert not reader(history, night, now=until).knows


def test_whoever_is_of_no_part_of_a_case_does_not_know_of_it() -> None:
    for by in (asker("reviewer"), asker("business-manager", partnership="bury"), asker("administrator"), asker("theme-analyst")):
        assert not reader(told(), by).knows


# --- refusals


def test_a_refusal_says_no_more_than_its_rule_to_whoever_may_not_read_what_it_rests_on() -> None:
    said = "Fewer than three positions are recorded: police has none (BOL-66)."
    assert rests_on("decide-threshold", said) == ("decisions",)
    assert reader(told(), BM).refusal("decide-threshold", [said]) == (said,)
    assert reader(told(), asker("partnership-member/housing")).refusal("decide-threshold", [said, said]) == (f"{AT_PRESENT} (BOL-66).",)
    assert at_present("Something stands against it.") == f"{AT_PRESENT}."


def test_a_rule_may_say_on_what_a_refusal_rests() -> None:
    assert rests_on("invite-participant", "There is an interview hold (BOL-146).") == ("decisions",)
    assert rests_on("invite-participant", "Something (TOOL-12).") == ("participants", "decisions")


def test_what_one_is_told_about_oneself_is_told_in_full() -> None:
    said = "You have declared an interest on this case that is not resolved, so you may ask nothing on it (R-8)."
    history = told(it(HEALTH, InterestDeclared(kind="real", nature="a cousin")))
    assert reader(history, HEALTH).refusal("decide-threshold", [said]) == (said,)


def test_of_what_may_not_be_asked_now_no_more_is_said_than_may_be_read() -> None:
    refused = [{"command": "place-hold", "sentence": "A hold stands (BOL-146).", "rule": "BOL-146"}]
    answer = shown(told(), asker("partnership-member/housing")).allowed({"allowed": ["declare-interest"], "refused": refused})
    assert answer["allowed"] == ["declare-interest"]
    assert answer["refused"] == [{"command": "place-hold", "sentence": f"{AT_PRESENT} (BOL-146).", "rule": "BOL-146"}]
    assert shown(told(), BM).allowed({"allowed": [], "refused": refused})["refused"] == refused


def test_of_what_was_asked_about_it_is_known_what_was_withheld() -> None:
    nurse = shown(told(), of("rapid-review-member"))
    nurse.items(history_items(told(), in_clear(told())))
    assert nurse.reader.withheld == ("notifier-identity",)
    assert nurse.reader.capacity == "rapid-review-member"
    assert reader(case(*MADE_BY["designated-health-practitioner"](PARTICIPANT)), PARTICIPANT).capacity == "facilitator"
