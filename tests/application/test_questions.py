"""The questions of auditors and escalation reviewers, each asked of the API as `docs/questions.md` says, on histories that are told."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from application.rehearsal import Rehearsal, digest, rehearse
from application.scenario import read_scenario
from application.world import InProcess
from interfaces import wiring
from interfaces.api.app import make_app
from interfaces.local_postgres import LocalPostgres

CHECKOUT = Path(__file__).parents[2]
STORIES = (
    "practice-review-to-the-last-recommendation",
    "discontinued-at-christmas-then-local-learning",
    "conflicts-of-interest",
    "outcome-decided-again-twice",
    "challenge-upheld",
    "parent-local-learning",
    "bury-siblings-at-easter",
    "corrections-late-awareness-and-amendments",
)
ASKED_ON = datetime(2026, 5, 22, 12, tzinfo=UTC)

Item = dict[str, Any]


def documented() -> dict[str, set[str]]:
    """The requests of each question, as the page tells them."""
    rows = re.findall(r"^\| (Q[AE]-\d+) [^|]*\| ([^|]*) \|", (CHECKOUT / "docs/questions.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {question: set(re.findall(r"`/([a-z]*)`", requests)) for question, requests in rows}


class Case:
    """One case, asked over HTTP."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient, case: str) -> None:
        self._portal, self._client, self._case = portal, client, case

    def get(self, what: str, **params: str) -> Any:
        headers = {"Casetrail-Person": "business-manager", "Casetrail-At": ASKED_ON.isoformat()}
        path = f"/api/v1/cases/{self._case}" + (f"/{what}" if what else "")
        answer = self._portal.call(lambda: self._client.get(path, headers=headers, params=params))
        assert answer.status_code == 200, answer.text
        return answer.json() if not what else answer.json()["items"]

    def overview(self) -> Item:
        return dict(self.get(""))

    def clocks(self, name: str | None = None, **params: str) -> list[Item]:
        return [clock for clock in self.get("clocks", **params) if name in (None, clock["clock"])]

    def decisions(self, kind: str | None = None, **params: str) -> list[Item]:
        return [decision for decision in self.get("decisions", **params) if kind in (None, decision["decision"])]

    def escalations(self, kind: str) -> list[Item]:
        return [item for item in self.get("escalations") if item["kind"] == kind]

    def absences(self, what: str) -> list[Item]:
        return [item for item in self.get("absences") if item["absent"] == what]

    def history(self, *names: str) -> list[Item]:
        return [item for item in self.get("history") if not names or item["name"] in names]


@pytest.fixture(scope="module")
def case(practice_server: LocalPostgres) -> Iterator[Any]:
    """The cases of the stories by their handles, in one store: told as one history, in the order of their instants."""

    @asynccontextmanager
    async def told() -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, str]]]:
        async with wiring.fresh_rehearsal(practice_server) as service:
            world = InProcess(service.looking, service.themes)
            rehearsals = [Rehearsal(read_scenario(CHECKOUT / f"tests/stories/{name}.yaml"), world) for name in STORIES]
            await rehearse(rehearsals)
            assert [rehearsal.told.exit for rehearsal in rehearsals] == [0] * len(STORIES)
            transport = httpx.ASGITransport(app=make_app(service))
            async with httpx.AsyncClient(transport=transport, base_url="http://casetrail") as client:
                yield client, {handle: case for rehearsal in rehearsals for handle, case in rehearsal.told.cases.items()}

    with start_blocking_portal("asyncio") as portal, portal.wrap_async_context_manager(told()) as (client, cases):
        yield lambda handle: Case(portal, client, cases[handle])


def one(items: list[Item], **like: Any) -> Item:
    """The only item that has these values."""
    found = [item for item in items if all(item.get(key.rstrip("_")) == value for key, value in like.items())]
    assert len(found) == 1, found
    return found[0]


def places(items: list[Item]) -> list[int]:
    return [item["place"] for item in items]


# --- auditors


def test_qa_1_the_days_from_awareness_to_the_notification(case: Any) -> None:
    clock = one(case("baby-n").clocks("serious-incident-notification"))

    assert (clock["from"], clock["done"], clock["took"]) == ("2023-12-22", "2024-01-03", 5)
    skipped = [day["skipped"] for day in clock["arithmetic"] if day.get("skipped") not in (None, "Saturday", "Sunday")]
    assert skipped == ["Christmas Day", "Boxing Day", "New Year's Day"]
    assert clock["events"] == [6, 17], "the places of local-authority-became-aware and serious-incident-notified"


def test_qa_4_three_positions_their_deputies_and_the_dissent(case: Any) -> None:
    decision = one(case("infant-c").decisions("threshold"))

    assert {d["partner"]: (d["position"], d["capacity"]) for d in decision["deciders"]} == {
        "local-authority": ("met", "delegated-partner"),
        "health": ("met", "deputy"),
        "police": ("not-met", "deputy"),
    }
    assert {d["partner"]: d["delegation"]["words"] for d in decision["deciders"] if "delegation" in d} == {
        "health": "for this case: I manage the nursing team",
        "police": "on leave until 18 November",
    }
    assert decision["dissent"] == ["police"]


def test_qa_5_learning_is_considered_wherever_a_threshold_is_not_met(case: Any) -> None:
    for handle in ("baby-w", "child-s", "baby-n", "child-h"):
        asked = case(handle)
        not_met = [d for d in asked.decisions("threshold") if d["outcome"] == "not-met"]
        assert not_met
        for decision in not_met:
            considered = decision["learning_considered"]
            assert considered["words"]
            assert considered["place"] == decision["place"] + 1
        assert asked.absences("learning-considered") == []


def test_qa_6_who_facilitated_and_the_conflict_before_the_work(case: Any) -> None:
    asked = case("infant-c")

    facilitator = asked.overview()["parties"]["facilitator"]
    declared = asked.history("interest-declared")
    assigned = asked.history("facilitator-assigned")
    work = asked.history("agency-asked")

    assert facilitator["role"] == "other"
    assert [d["by"]["role"] for d in declared] == ["business-manager", "delegated-partner", "designated-health-practitioner"]
    assert [a["fields"]["role"] for a in assigned] == ["designated-health-practitioner", "other"]
    assert declared[0]["place"] < assigned[0]["place"] < work[0]["place"] < declared[2]["place"] < assigned[1]["place"] < work[1]["place"]
    # the partnership officer acted for the business manager, and the record says so (R-26)
    assert {a["by"]["behalf_of"] for a in assigned} == {declared[0]["by"]["person"]}


def test_qa_7_agencies_asked_late_silent_and_missing(case: Any) -> None:
    asked = case("infant-c")
    agencies = {a["agency"]: (a["state"], a["due_on"]) for a in asked.overview()["parties"]["agencies"]}
    assert agencies == {"community-nursing": ("reported", "2024-11-18"), "gp-practice": ("awaited", "2024-11-18")}
    assert one(asked.history("chronology-collated"))["fields"]["missing"] == ["gp-practice"]
    late = {c["about"]: (c["verdict"], c.get("late_by")) for c in case("baby-n").clocks("agency-report")}
    assert late == {"midwifery": ("late", 1), "housing": ("cancelled", None)}
    nil = {a["agency"]: a["state"] for a in case("child-l").overview()["parties"]["agencies"]}
    assert nil == {"school": "reported", "dentist": "nothing-to-report"}


def test_qa_11_what_went_to_the_panel_was_endorsed_by_all_three(case: Any) -> None:
    for handle in ("infant-p", "infant-c", "child-l", "siblings-b"):
        asked = case(handle)
        sent = one(asked.history("rapid-review-sent-to-panel"))
        decided = asked.decisions("rapid-review-outcome")[0]
        assert decided["digest"] == sent["fields"]["digest"]
        assert {d["partner"]: d["position"] for d in decided["deciders"]} == dict.fromkeys(
            ("local-authority", "health", "police"), "endorse"
        )
        assert max(places(decided["deciders"])) < sent["place"]


def test_qa_13_how_long_before_publication_the_copy_went(case: Any) -> None:
    asked = case("infant-p")

    clock = one(asked.clocks("pre-publication-copy"), about="2025-05-21")
    copy = one(asked.history("pre-publication-copy-sent"))
    published = one(asked.history("report-published"))

    assert (clock["done"], clock["due"], clock["ahead_by"]) == ("2025-05-06", "2025-05-12", 11)
    assert copy["fields"]["recipients"] == ["Panel", "Secretary of State", "Ofsted"]
    assert (copy["on"], published["on"]) == ("2025-05-06", "2025-05-21")
    assert copy["place"] in clock["events"]


def test_qa_16_recommendations_their_evidence_and_the_difference(case: Any) -> None:
    asked = case("infant-p")

    first = one(asked.overview()["recommendations"], ref="rec-1")
    clock = one(asked.clocks("recommendation"), about="rec-1")
    story = asked.history("assurance-submitted", "assurance-rejected", "assurance-accepted")
    first_story = [e for e in story if e["fields"]["recommendation"] == "rec-1"]

    assert (first["state"], first["by_when"], first["assured_on"]) == ("assured", "2025-09-30", "2025-10-27")
    assert "past_its_date" not in first
    assert (clock["verdict"], clock["late_by"]) == ("late", 19)
    assert [e["name"] for e in first_story] == ["assurance-submitted", "assurance-rejected", "assurance-submitted", "assurance-accepted"]
    assert first_story[2]["fields"]["difference_made"] == "38 of 40 babies seen by a paediatrician the same day"


def test_qa_17_everyone_who_contributed_is_asked(case: Any) -> None:
    asked = case("infant-p")

    missing = asked.absences("feedback-invitation")
    invited = asked.history("feedback-invited")
    received = one(asked.history("feedback-received"))

    # the health visitor, who talked with the reviewer before withdrawing, and two agencies were never asked
    agreed = [e for e in asked.history("participation-recorded") if e["fields"]["outcome"] == "withdrawn"]
    assert {m["about"] for m in missing} == {agreed[0]["fields"]["participant"], "children-social-care", "gp-practice"}
    assert {e["fields"].get("agency", "somebody") for e in invited} == {"hospital-trust", "somebody"}
    assert received["fields"]["feedback"] == "being rung back the same day mattered most"


def test_qa_18_children_were_made_safe_before_anything_was_decided(case: Any) -> None:
    for handle, children, done_on in (
        ("infant-p", "brother of three stays with grandparents, seen daily", "2024-09-03"),
        ("infant-c", "twin brother seen the same day", "2024-11-08"),
    ):
        story = case(handle).history("immediate-action-recorded", "threshold-decided", "rapid-review-outcome-decided")
        action = story[0]
        assert action["name"] == "immediate-action-recorded"
        assert (action["fields"]["for_whom"], action["fields"]["action"], action["fields"]["done_on"]) == (
            "linked-children", children, done_on,
        )  # fmt: skip


# --- escalation reviews


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


def test_qe_2_which_decision_replaced_which_and_why(case: Any) -> None:
    decisions = case("child-l").decisions("rapid-review-outcome")

    assert [(d["ref"], d["outcome"], d.get("replaced_by"), d.get("replaces"), d.get("cause"), d.get("cites")) for d in decisions] == [
        ("outcome-1", "no-further-action", "outcome-2", None, None, None),
        ("outcome-2", "local-learning", "outcome-3", "outcome-1", "new-information", "information-1"),
        ("outcome-3", "local-review", None, "outcome-2", "panel-feedback", "feedback-1"),
    ]
    upheld = case("baby-w").decisions("threshold")[1]
    assert (upheld["replaces"], upheld["cause"], upheld["cites"]) == ("threshold-1", "challenge-upheld", "challenge-1")


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


# --- the page


def asked_here() -> dict[str, set[str]]:
    """The requests that each test of this module makes, by the number in its name."""
    found: dict[str, set[str]] = {}
    for node in ast.parse(Path(__file__).read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.FunctionDef) or not (number := re.match(r"test_(q[ae])_(\d+)_", node.name)):
            continue
        names = {call.func.attr for call in ast.walk(node) if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)}
        known = names & {"overview", "clocks", "decisions", "escalations", "absences", "history"}
        found[f"{number[1].upper()}-{number[2]}"] = {"" if name == "overview" else name for name in known}
    return found


def test_the_page_tells_the_requests_that_the_tests_make() -> None:
    assert documented() == asked_here()
