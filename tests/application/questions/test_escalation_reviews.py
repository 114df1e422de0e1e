"""What escalation reviewers ask (QE-1 to QE-15): who decided what, when, on what evidence; asked of the API as `docs/questions.md` says."""

from __future__ import annotations

import re
from typing import Any

from application.rehearsal import digest
from tests.application.questions.asking import one


def test_qe_1_each_decision_with_who_when_why_and_on_what(case: Any) -> None:
    first, second = case("baby-w").decisions("threshold")

    assert [(d["ref"], d["on"], d["outcome"], d["recorded_by"]["role"]) for d in (first, second)] == [
        ("threshold-1", "2024-10-10", "not-met", "business-manager"),
        ("threshold-2", "2024-10-25", "met", "business-manager"),
    ]
    assert first["rationale"] == "an accident is likely"
    assert first["at"].startswith("2024-10-10T09:30")
    for decider in (*first["deciders"], *second["deciders"]):
        information = decider["information"]
        assert information["place"] == decider["place"] - 1
        assert re.fullmatch("[0-9a-f]{64}", information["head"])
        assert information["sent"], "the copy of the form that went to this partner"


def test_qe_1_what_each_of_them_had_before_them(case: Any) -> None:
    decision = one(case("baby-e").decisions("threshold"), ref="threshold-1")
    found = {decider["partner"]: decider for decider in decision["deciders"]}

    assert {partner: (d.get("seen"), d.get("seen_confirmed"), len(d["shown"]), d["opened"], d["sent"]) for partner, d in found.items()} == {
        "local-authority": (10, True, 2, [], [6]),
        "health": (11, False, 3, [digest("scan")], [8]),
        "police": (None, None, 0, [], [9]),
    }
    assert all(decider["information_intact"] for decider in found.values())


def test_qe_2_which_decision_replaced_which_and_why(case: Any) -> None:
    decisions = case("child-l").decisions("rapid-review-outcome")

    assert [(d["ref"], d["outcome"], d.get("replaced_by"), d.get("replaces"), d.get("cause"), d.get("cites")) for d in decisions] == [
        ("outcome-1", "no-further-action", "outcome-2", None, None, None),
        ("outcome-2", "local-learning", "outcome-3", "outcome-1", "new-information", "information-1"),
        ("outcome-3", "local-review", None, "outcome-2", "panel-feedback", "feedback-1"),
    ]
    upheld = case("baby-w").decisions("threshold")[1]
    assert (upheld["replaces"], upheld["cause"], upheld["cites"]) == ("threshold-1", "challenge-upheld", "challenge-1")


def test_qe_3_what_existed_when_the_partners_said_not_met_and_had_not_been_shown(case: Any) -> None:
    asked = case("baby-w")
    decision = one(asked.decisions("threshold"), ref="threshold-1")
    history = {item["place"]: item["name"] for item in asked.history()}

    assert decision["outcome"] == "not-met"
    for decider in decision["deciders"]:
        known, not_shown = decider["information"], decider["existed_but_not_shown"]
        existed = {place for place in history if place <= known["place"]}
        assert [history[place] for place in known["sent"]] == ["notification-shared"]
        assert {*not_shown["places"]} == existed - {*known["sent"], 4}, "the form itself reached them with the share"
        assert {"notification-discussed", "partner-meeting-convened"} <= {history[place] for place in not_shown["places"]}
        assert (known["opened"], not_shown["documents"]) == ([], [])
        assert max(existed) < decider["place"] < decision["place"]
    # what came to be known later existed for none of them
    assert all(decider["information"]["place"] < 17 for decider in decision["deciders"])
    assert asked.overview()["documents"] == []


def test_qe_3_what_had_not_reached_each_of_those_who_said_not_met(case: Any) -> None:
    decision = one(case("baby-e").decisions("threshold"), ref="threshold-1")

    assert decision["outcome"] == "not-met"
    assert {decider["partner"]: decider["existed_but_not_shown"] for decider in decision["deciders"]} == {
        "local-authority": {"places": [], "documents": []},
        "health": {"places": [10, 11], "documents": []},
        "police": {"places": [1, 2, 3, 5, 6, 7, 8, 10, 11, 12], "documents": [digest("scan")]},
    }


def test_qe_4_how_long_each_level_took_and_what_came_after(case: Any) -> None:
    challenge = one(case("baby-w").escalations("challenge"))

    assert [(level["level"], level["from"], level["until"], level["working_days"]) for level in challenge["levels"]] == [
        (0, "2024-10-14", "2024-10-16", 2),
        (1, "2024-10-16", "2024-10-21", 3),
        (2, "2024-10-21", "2024-10-24", 3),
    ]
    assert [[heard["by"]["role"] for heard in level.get("heard", [])] for level in challenge["levels"]] == [
        [],
        ["notifier"],
        ["scrutineer"],
    ]
    after = one(challenge["came_after"])
    assert (after["name"], after["on"]) == ("serious-incident-notified", "2024-10-28")


def test_qe_5_the_authority_notifies_whatever_the_partners_say_and_when_it_should_have(case: Any) -> None:
    asked = case("baby-w")
    clock = one(asked.clocks("serious-incident-notification"))
    decisions = asked.decisions("threshold")
    aware, notified = (one(asked.history(name)) for name in ("local-authority-became-aware", "serious-incident-notified"))

    assert clock["events"] == [aware["place"], notified["place"]], "it rests on no decision of the partners"
    assert not {decision["place"] for decision in decisions} & {*clock["events"]}
    assert (clock["due"], clock["done"], clock["verdict"], clock["late_by"]) == ("2024-10-15", "2024-10-28", "late", 9)
    # they said not met on the 10th; the authority's own days ran on, and it notified when they had changed their mind
    assert [(d["outcome"], d["on"]) for d in decisions] == [("not-met", "2024-10-10"), ("met", "2024-10-25")]
    assert notified["by"]["role"] == "named-portal-user"
    # elsewhere the police dissented, and it notified in time
    other = case("baby-n")
    assert one(other.clocks("serious-incident-notification"))["verdict"] == "on-time"
    assert one(other.decisions("threshold"), ref="threshold-1")["dissent"] == ["police"]


def test_qe_6_each_decision_was_told_to_the_referrer(case: Any) -> None:
    father = case("child-s")
    decision = one(father.decisions("threshold"))
    assert [(f["on"], f["rationale_included"]) for f in decision["fed_back"]] == [("2022-10-03", False), ("2022-10-04", True)]
    # a message without its reasons is no feedback: the clock stops at the second
    clock = one(father.clocks("feedback-to-referrer"))
    assert (clock["done"], clock["verdict"]) == ("2022-10-04", "on-time")
    assert decision["fed_back"][1]["place"] in clock["events"]

    mother = case("child-l")
    assert [(c["from"], c["done"], c["verdict"]) for c in mother.clocks("feedback-to-referrer")] == [
        ("2023-03-06", "2023-03-07", "on-time"),
        ("2023-04-04", "2023-04-11", "late"),
        ("2023-04-20", "2023-04-21", "on-time"),
    ]
    told = [d["fed_back"][0]["on"] for d in mother.decisions() if "fed_back" in d]
    assert told == ["2023-03-07", "2023-04-11", "2023-04-21"]


def test_qe_7_concerns_about_the_report(case: Any) -> None:
    asked = case("infant-p")

    first, second = asked.escalations("report-concern")
    endorsed = one(asked.decisions("report-endorsement"))

    assert (first["about"], first["organisation"], first["resolved"]["outcome"]) == ("accuracy", "police", "changed")
    assert (first["after_progress_review"]["n"], first["after_progress_review"]["on"]) == (2, "2025-02-04")
    assert (second["organisation"], second["open"], second["levels"][-1]["level"]) == ("education", True, 2)
    assert second["levels"][-1]["from"] < endorsed["on"]
    assert second["levels"][-1]["place"] < endorsed["place"]


def test_qe_8_what_each_said_of_which_text(case: Any) -> None:
    asked = case("infant-p")

    report = one(asked.decisions("report-endorsement"))
    rapid = asked.decisions("rapid-review-outcome")[0]

    assert report["digest"] == digest("R2")
    assert {d["partner"]: (d["position"], d.get("concerns")) for d in report["deciders"]} == {
        "local-authority": ("endorse", None),
        "health": ("endorse-with-concerns", "page 11 is thin"),
        "police": ("endorse", None),
        "education": ("withhold", None),
    }
    assert rapid["digest"] == digest("P1")
    # what was withheld from the first text is void on the second, and stands in the history
    assert one(case("infant-c").decisions("rapid-review-outcome"))["digest"] == digest("C2")


def test_qe_9_a_conflict_when_it_was_known_and_what_followed(case: Any) -> None:
    history = case("infant-p").history()
    declared = one([e for e in history if e["name"] == "reviewer-interest-declared"])
    candidate = declared["fields"]["candidate"]
    after = [e for e in history if e["place"] > declared["place"] and candidate in (e["by"]["person"], e["fields"].get("candidate"))]

    assert (declared["on"], declared["by"]["role"], declared["fields"]["kind"]) == ("2024-11-04", "business-manager", "real")
    # assessed, and never appointed; nothing was done by them
    assert [e["name"] for e in after] == ["candidate-assessed"]

    mitigated = case("child-s").history("reviewer-interest-declared", "reviewer-appointed")
    assert [(e["name"], "mitigation" in e["fields"]) for e in mitigated] == [
        ("reviewer-interest-declared", False),
        ("reviewer-interest-declared", True),
        ("reviewer-appointed", False),
    ]


def test_qe_10_why_somebody_from_outside_the_pools(case: Any) -> None:
    history = case("infant-p").history(
        "expression-of-interest-received", "expression-of-interest-withdrawn", "candidate-assessed", "no-suitable-reviewer-found",
        "reviewer-appointed",
    )  # fmt: skip
    outside = one([e for e in history if e["name"] == "reviewer-appointed" and e["fields"]["source"] == "external"])
    none_suitable = one([e for e in history if e["name"] == "no-suitable-reviewer-found"])
    assessed = [e for e in history if e["name"] == "candidate-assessed"]

    assert none_suitable["fields"]["because"] == "nobody in either pool has read skeletal surveys"
    assert none_suitable["place"] < outside["place"]
    assert len(assessed) == 3
    assert all(set(e["fields"]["answers"]) == {f"BOL-{n}" for n in range(98, 104)} for e in assessed)
    assert len([e for e in history if e["name"] == "expression-of-interest-received"]) == 3


def test_qe_11_what_was_new_and_how_soon_the_partners_met(case: Any) -> None:
    asked = case("child-l")

    old, new, *_ = asked.decisions("rapid-review-outcome")
    information = one(asked.history("new-information-received"))

    reopened = one(old["reopened"])
    assert (reopened["trigger"], reopened["cites"], reopened["cited"]["place"]) == (
        "new-information",
        "information-1",
        information["place"],
    )
    assert (information["on"], information["by"]["role"], information["fields"]["source"]) == ("2023-04-03", "business-manager", "school")
    assert new["days_until_the_partners_spoke"] == 1


def test_qe_12_which_deadlines_would_have_applied_had_the_challenge_been_upheld_at_once(case: Any) -> None:
    asked = case("baby-w")
    replaced = one(asked.history("decision-replaced"))
    heard_first = one(one(asked.escalations("challenge"))["levels"], level=0)["until"]
    before = asked.clocks()

    assumed = asked.assumed(change=f"{replaced['place']}:{heard_first}")

    assert (heard_first, assumed["evidence"]) == ("2024-10-16", False)
    moved = {item["clock"]: (item["recorded"]["due"], item["assumed"]["due"]) for item in assumed["beside"] if item["differs"]}
    assert moved == {
        "feedback-to-referrer": ("2024-10-29", "2024-10-18"),
        "rapid-review-meeting": ("2024-11-11", "2024-10-31"),
        "rapid-review-local": ("2024-11-15", "2024-11-06"),
    }
    assert asked.clocks() == before, "the history is as it was"
    assert one(asked.history("decision-replaced")) == replaced


def test_qe_13_no_clock_is_reset_in_silence(case: Any) -> None:
    """Every clock that was replaced or cancelled names the event that did it; that event says who and why."""
    replaced = 0
    for handle in ("child-h", "baby-n", "child-l", "infant-p"):
        asked = case(handle)
        history = {e["place"]: e for e in asked.history()}
        for clock in asked.clocks():
            if clock["verdict"] not in ("superseded", "cancelled"):
                continue
            replaced += 1
            place = int(re.search(r"\(place (\d+)\)", clock["why"])[1])
            assert history[place]["by"]["person"]
            assert clock["verdict"] == "cancelled" or clock["replaced_by"]["clock"] == clock["clock"]
    assert replaced >= 10
    child = case("child-h")
    corrected = one(child.history("record-corrected"))
    assert corrected["fields"]["because"] == "the mailbox shows 7 February"
    wrong = next(c for c in child.clocks("acknowledgement") if c["verdict"] == "superseded")
    assert wrong["why"] == f"What it rests on was corrected (place {corrected['place']})."
    # and nothing vanishes: every clock ever shown as running is there today, under some verdict
    before = child.clocks(as_of="2024-02-12T17:00:00+00:00")
    now = {(c["clock"], c.get("from"), c.get("due")) for c in child.clocks()}
    assert {(c["clock"], c.get("from"), c.get("due")) for c in before} <= now


def test_qe_14_a_parent_disagreed_and_was_answered(case: Any) -> None:
    asked = case("child-s")

    said = one(asked.escalations("representation"))
    received, answered = asked.history("representation-received", "representation-answered")

    assert (said["open"], said["resolved"]["outcome"], said["working_days"]) == (False, "answered", 2)
    assert (said["raised"]["place"], said["resolved"]["place"]) == (received["place"], answered["place"])
    assert received["fields"]["summary"] == "it was serious to us"
    assert answered["fields"]["answer"].startswith("heard")
    assert asked.escalations("challenge") == []


def test_qe_15_publication_withheld_and_delayed(case: Any) -> None:
    withheld = one(case("siblings-b").decisions("publication"))
    assert (withheld["outcome"], withheld["rationale"]) == ("withheld", "the younger child would be known by every detail")

    asked = case("infant-p")
    assert one(asked.decisions("publication"))["outcome"] == "full"
    placed, lifted = [e for e in asked.history("hold-placed", "hold-lifted") if e["fields"]["ref"] == "hold-2"]
    assert (placed["fields"]["asked_by"], placed["fields"]["basis"]) == ("Crown Prosecution Service", "the jury retires on 15 May")
    assert placed["fields"]["review_on"] == lifted["on"] == "2025-05-19"
    told = one(asked.history("delay-reported"))
    assert (told["on"], told["fields"]["told"]) == ("2025-04-10", ["panel", "secretary-of-state"])
