"""The register of decisions: who decided what, when, in what capacity, on which text, and what became of it; event by event.

Words stand in it only where the fields that it is given have them: without any it is ids, codes, dates and places.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from domain.candidate import ThematicCandidateDecided
from domain.people import PARTNERS, By
from domain.recorded import Recorded
from domain.stages.outcome import RapidReviewDiscontinued, RapidReviewOutcomeDecided, SeriousIncidentFoundNotToMeetCriteria
from domain.stages.publication import PublicationDecided
from domain.stages.rapid_review import (
    RapidReviewEndorsed,
    RapidReviewEndorsementWithheld,
    RapidReviewReportCirculated,
    RapidReviewReportDrafted,
)
from domain.stages.reopening import DecisionConfirmed, DecisionReopened, DecisionReplaced
from domain.stages.review import ReportDrafted, ReportEndorsed, ReportEndorsementRecorded, ReportPresented, ReportReturned
from domain.stages.threshold import DecisionFedBack, DeputyAppointed, LearningConsidered, PartnerPositionRecorded, ThresholdDecided
from domain.told import Fields, entry, instant, present, said_by, words_at

FOR_A_LOCAL_REVIEW = ("local-review", "local-review-recommended")
ENDORSING = ("endorse", "endorse-with-concerns")


class Register:
    """What has been read so far of a history with its corrections in place. `entries` are the decisions in the order recorded;
    `endorsing` is of the text last circulated or presented, by organisation."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.entries: list[dict[str, Any]] = []
        self.rounds: dict[str, dict[str, dict[str, Any]]] = {}
        self.delegations: dict[str, int] = {}
        self.text: str | None = None
        self.endorsing: dict[str, dict[str, Any]] = {}
        self.cited: dict[str, Recorded] = {}

    def read(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(ref := getattr(event, "ref", None), str):
            self.cited.setdefault(ref, recorded)
        match event:
            case DeputyAppointed():
                self.delegations[event.deputy] = recorded.place
            case PartnerPositionRecorded():
                decider = self.decider(recorded, event.partner, event.position, event.question)
                self.rounds.setdefault(event.ref, {})[event.partner] = decider
            case RapidReviewReportDrafted() | ReportDrafted():
                self.another_text(event.digest)
            case RapidReviewReportCirculated() | ReportPresented():
                self.another_text(event.digest)
                self.text = event.digest
            case RapidReviewEndorsed() | RapidReviewEndorsementWithheld():
                position = "endorse" if isinstance(event, RapidReviewEndorsed) else "withhold"
                views = {"local_review": event.local_review, "national_review": event.national_review}
                if event.digest == self.text:
                    self.endorsing[event.partner] = self.decider(recorded, event.partner, position) | views
            case ReportEndorsementRecorded():
                if event.digest == self.text:
                    self.endorsing[event.organisation] = self.decider(recorded, event.organisation, event.position)
            case _:
                self.read_decision(recorded)

    def another_text(self, digest: str) -> None:
        if digest != self.text:
            self.text, self.endorsing = None, {}

    def read_decision(self, recorded: Recorded) -> None:
        event = recorded.event
        match event:
            case ThresholdDecided():
                deciders = self.of_round(event.ref)
                self.add(recorded, "threshold", event.outcome, deciders, ref=event.ref, threshold=event.threshold, then=event.then)
            case RapidReviewOutcomeDecided():
                self.add(
                    recorded,
                    "rapid-review-outcome",
                    event.outcome,
                    self.endorsers(),
                    ref=event.ref,
                    digest=event.digest or self.text,
                    criteria=self.criteria(recorded),
                    national_review_view=words_at(self.fields, recorded.place, "national_review_view"),
                )
            case DecisionReopened():
                self.reopened(recorded, event)
            case DecisionConfirmed():
                self.confirmed(recorded, event)
            case DecisionReplaced():
                self.replaced(recorded, event)
            case RapidReviewDiscontinued():
                self.lapse()
            case LearningConsidered() if event.decision and (decision := self.find(event.decision)):
                words = words_at(self.fields, recorded.place, "learning_considered")
                decision["learning_considered"] = present(**entry(recorded), words=words)
            case DecisionFedBack() if decision := self.find(event.decision):
                decision.setdefault("fed_back", []).append(entry(recorded) | {"rationale_included": event.rationale_included})
            case SeriousIncidentFoundNotToMeetCriteria():
                self.add(recorded, "criteria-not-met", "not-met", rationale_in="evidence", panel_informed=event.panel_informed)
            case ReportEndorsed() | ReportReturned():
                outcome = event.outcome if isinstance(event, ReportEndorsed) else "returned"
                self.add(recorded, "report-endorsement", outcome, self.endorsers(), digest=event.digest)
            case PublicationDecided():
                self.add(recorded, "publication", event.form)
            case ThematicCandidateDecided():
                ref = recorded.stream.removeprefix("candidate/")
                self.add(recorded, "thematic-candidate", event.outcome, ref=ref, round=event.round)

    # --- entries

    def add(
        self,
        recorded: Recorded,
        kind: str,
        outcome: str,
        deciders: Sequence[dict[str, Any]] | None = None,
        rationale_in: str = "rationale",
        **more: Any,
    ) -> dict[str, Any]:
        """One more decision. `deciders` is none where nobody's own position is recorded."""
        opposed = [decider["partner"] for decider in deciders or () if _opposes(decider, kind, outcome)]
        found = {
            **present(decision=kind, ref=more.pop("ref", None), threshold=more.pop("threshold", None), digest=more.pop("digest", None)),
            **present(outcome=outcome, then=more.pop("then", None)),
            **{name: value for name, value in entry(recorded).items() if name != "by"},
            **_sides(deciders, opposed),
            "recorded_by": said_by(recorded.by),
            "replaced": False,
            **present(
                rationale=words_at(self.fields, recorded.place, rationale_in),
                information=recorded.header.information,
                **more,
            ),
        }
        self.entries.append(found)
        return found

    def find(self, ref: str) -> dict[str, Any] | None:
        """The decision that bears this ref: one of the three's, last recorded."""
        return next((decision for decision in reversed(self.entries) if decision.get("ref") == ref), None)

    def reopened(self, recorded: Recorded, event: DecisionReopened) -> None:
        decision = self.find(event.decision)
        if decision is None:
            return
        again = entry(recorded) | {"trigger": event.trigger, "cites": event.cites}
        if cited := self.cited.get(event.cites):
            again["cited"] = entry(cited) | {"name": cited.name}
        decision.setdefault("reopened", []).append(again)

    def confirmed(self, recorded: Recorded, event: DecisionConfirmed) -> None:
        decision = self.find(event.decision)
        if decision is None:
            return
        deciders = self.of_round(event.ref)
        opposed = [decider["partner"] for decider in deciders if _opposes(decider, event.kind, event.outcome)]
        confirmation = {
            "ref": event.ref,
            **{name: value for name, value in entry(recorded).items() if name != "by"},
            **_sides(deciders, opposed),
            "recorded_by": said_by(recorded.by),
            **present(
                rationale=words_at(self.fields, recorded.place, "rationale"),
                information=recorded.header.information,
                **self.looked_at_again(decision, deciders),
            ),
        }
        decision.setdefault("confirmed", []).append(confirmation)

    def replaced(self, recorded: Recorded, event: DecisionReplaced) -> None:
        old, deciders = self.find(event.decision), self.of_round(event.ref)
        new = self.add(
            recorded,
            event.kind,
            event.outcome,
            deciders,
            ref=event.ref,
            threshold=event.question if event.kind == "threshold" else None,
            then=event.then if event.kind == "threshold" else None,
            digest=old.get("digest") if old else None,
            replaces=event.decision,
            criteria=self.criteria(recorded),
            **(self.looked_at_again(old, deciders) | {"cause": event.trigger, "cites": event.cites}),
        )
        if old:
            old |= {"replaced": True, "replaced_by": new["ref"]}

    def looked_at_again(self, decision: dict[str, Any] | None, deciders: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """For what a decision was looked at again, and how many days passed from there until the partners spoke (QE-11)."""
        if decision is None or not (reopened := decision.get("reopened")):
            return {}
        last = reopened[-1]
        found = {"cause": last["trigger"], "cites": last["cites"]}
        if "cited" in last and deciders:
            spoke = min(decider["on"] for decider in deciders)
            found["days_until_the_partners_spoke"] = max(0, _days(last["cited"]["on"], spoke))
        return found

    def lapse(self) -> None:
        """With the rapid review that is discontinued, what was decided in it lapses, as does the decision that began it (X-6)."""
        for kind, question in (("threshold", "serious"), ("rapid-review-outcome", None)):
            like = (d for d in reversed(self.entries) if d["decision"] == kind and d.get("threshold") == question and not d["replaced"])
            if (last := next(like, None)) is not None:
                last["lapsed"] = True

    # --- who decided

    def decider(self, recorded: Recorded, partner: str, position: str, question: str | None = None) -> dict[str, Any]:
        by, place = recorded.by, recorded.place
        capacity = _capacity(by, partner)
        return present(
            partner=partner,
            question=question,
            position=position,
            capacity=capacity,
            person=by.person,
            role=by.role,
            organisation=by.organisation,
            behalf_of=by.behalf_of,
            delegation=self.delegation(by) if capacity == "deputy" else None,
            rationale=words_at(self.fields, place, "rationale"),
            concerns=words_at(self.fields, place, "concerns"),
            on=recorded.on.isoformat(),
            at=instant(recorded.at),
            place=place,
            information=recorded.header.information,
        )

    def delegation(self, by: By) -> dict[str, Any] | None:
        """Where the deputy's delegation is recorded, and its words."""
        place = self.delegations.get(by.person)
        return present(place=place, words=words_at(self.fields, place, "delegation")) if place else None

    def of_round(self, ref: str) -> list[dict[str, Any]]:
        positions = self.rounds.get(ref, {})
        return [positions[partner] for partner in PARTNERS if partner in positions]

    def endorsers(self) -> list[dict[str, Any]]:
        """Those who have spoken on the text last circulated or presented, the three partners first."""
        others = [organisation for organisation in self.endorsing if organisation not in PARTNERS]
        return [self.endorsing[organisation] for organisation in (*PARTNERS, *others) if organisation in self.endorsing]

    def criteria(self, recorded: Recorded) -> list[dict[str, Any]] | None:
        """The criteria of the regulations, each met or not, with the word why (X-10)."""
        considered = getattr(recorded.event, "criteria", ())
        found = [
            present(criterion=c.criterion, met=c.met, why=words_at(self.fields, recorded.place, "criteria", n, "why"))
            for n, c in enumerate(considered)
        ]
        return found or None


def _capacity(by: By, partner: str) -> str:
    if by.behalf_of and by.role != "business-manager" and by.behalf_of.startswith("delegated-partner/"):
        return "deputy"
    if by.partner == partner:
        return "delegated-partner"
    return "clerk" if by.behalf_of or by.role == "business-manager" else by.role


def _opposes(decider: dict[str, Any], kind: str, outcome: str) -> bool:
    """Whether this position or endorsement is the opposite of what was decided; an abstention opposes nothing."""
    position: str = decider["position"]
    if kind == "report-endorsement":
        return (position in ENDORSING) != (outcome != "returned")
    if kind == "rapid-review-outcome":
        if position in ENDORSING:
            return bool(decider["local_review"] == "yes") != (outcome in FOR_A_LOCAL_REVIEW)
        wanted = "met" if outcome in FOR_A_LOCAL_REVIEW else "not-met"
        return position != wanted and position != "abstain"
    return position in ("met", "not-met") and position != outcome


def _sides(deciders: Sequence[dict[str, Any]] | None, opposed: Sequence[str]) -> dict[str, Any]:
    if deciders is None:
        return {}
    by = [decider["partner"] for decider in deciders if decider["partner"] not in opposed]
    return {"by": by, "dissent": [*opposed], "deciders": [*deciders]}


def _days(earlier: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days
