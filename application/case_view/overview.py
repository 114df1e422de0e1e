"""One case at a glance: what it is about, who is in it, where it stands. A fold of its own, apart from the `Case` that decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import msgspec

from application.case_view.decisions import endorsements, positions_now
from application.case_view.readable import Fields, present, with_corrections, words_at
from domain.corrections import DIGEST, effective
from domain.holds import HoldLifted, HoldPlaced, LegalHoldLifted, LegalHoldPlaced
from domain.recorded import Recorded
from domain.stage import STAGES, stage
from domain.stages.agency_reports import AgencyAsked, AgencyDateChanged, AgencyReportReceived, NilReturnRecorded
from domain.stages.closing import CaseClosed, CaseReopened
from domain.stages.commissioning import ReviewCommissioned, ReviewerAppointed, ReviewerRemoved
from domain.stages.escalation import ChallengeRaised, ChallengeResolved, EscalationLevelEntered
from domain.stages.learning import AssuranceAccepted, AssuranceRejected, AssuranceSubmitted, RecommendationAccepted, RecommendationIssued
from domain.stages.notification import NotificationFoundDuplicate, NotificationWithdrawn, SeriousIncidentNotified
from domain.stages.opening import (
    CaseLinked,
    CaseOpened,
    CaseReferredToArea,
    Child,
    ChildAdded,
    CrossReferenceRecorded,
    Incident,
    IncidentAmended,
)
from domain.stages.publication import LearningBriefPublished, LearningBriefWithdrawn, PublicationPlanned, ReportPublished
from domain.stages.rapid_review import FacilitatorAssigned
from domain.stages.theme_assignment import ThemeAssigned, ThemeWithdrawn
from domain.stages.threshold import CaseReroutedToSerious, DeputyAppointed

THE_THREE = ("position", "partner", "person", "on", "at", "place", "capacity", "behalf_of")


def overview(history: Sequence[Recorded], fields: Fields, today: date) -> dict[str, Any]:
    """The case as its history tells it by now. Words (a child's name and birth date, the summary of the incident, what a
    recommendation asks) are there only as `fields` gives them. `today` tells which recommendations and holds are past their day.
    """
    bodies = with_corrections(history, fields)
    fold = _Fold(bodies)
    entries = effective(history)
    for recorded in entries:
        fold.read(recorded)
    last = history[-1] if history else None
    code = stage(history)
    return {
        **present(
            case=last.stream.removeprefix("case/") if last else None,
            place=last.place if last else None,
            position=(last.position or None) if last else None,
        ),
        **fold.about,
        "stage": STAGES.get(code, code),
        "stage_code": code,
        "closed": fold.closed,
        **present(incident=fold.said_incident()),
        "children": [*fold.said_children()],
        "parties": fold.parties(),
        "positions": [*_positions(history, "ref")],
        "endorsements": {"endorsing": endorsements(history), "positions": [*_positions(history, "digest")]},
        "holds": [*fold.standing_holds(today)],
        "documents": documents(entries),
        "links": fold.links,
        "cross_references": fold.cross_references,
        "themes": [*fold.said_themes()],
        "recommendations": [*fold.said_recommendations(today)],
        "challenges_open": [challenge for challenge in fold.challenges.values() if "outcome" not in challenge],
        "published": fold.published,
    }


def documents(entries: Iterable[Recorded]) -> list[dict[str, Any]]:
    """Every document named on the case by its digest, with where it was named and as what. Whether it is held is not known here."""
    found: dict[str, list[dict[str, Any]]] = {}
    for recorded in entries:
        for path, value in _plain(msgspec.to_builtins(recorded.event)):
            if DIGEST.fullmatch(value):
                named = {
                    "place": recorded.place,
                    "name": recorded.name,
                    "as": path.rpartition(".")[2] if path[-1].isalpha() else path.split(".")[0],
                }
                found.setdefault(value, []).append(named)
    return [{"digest": digest, "named": named} for digest, named in found.items()]


def _plain(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string with its path, but not inside what is sealed: a commitment is no document."""
    at = f"{path}." if path else ""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict) and value.keys() != {"c", "e", "k"}:
        for key, inner in value.items():
            yield from _plain(inner, f"{at}{key}")
    elif isinstance(value, list | tuple):
        for n, inner in enumerate(value):
            yield from _plain(inner, f"{at}{n}")


def _positions(history: Sequence[Recorded], by: str) -> Iterator[dict[str, Any]]:
    kept = (by, "question", *THE_THREE, "local_review", "national_review")
    for position in positions_now(history):
        if by in position:
            yield {name: position[name] for name in kept if name in position}


class _Fold:
    """What has been read so far."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.about: dict[str, Any] = {}
        self.closed = False
        self.incident: Incident | None = None
        self.summary: Any = None
        self.children: dict[str, tuple[Child, Recorded, tuple[str | int, ...]]] = {}
        self.facilitator: dict[str, Any] | None = None
        self.agencies: dict[str, dict[str, Any]] = {}
        self.reviewers: dict[str, dict[str, Any]] = {}
        self.deputies: list[dict[str, Any]] = []
        self.review: dict[str, Any] | None = None
        self.holds: dict[tuple[str, str], dict[str, Any]] = {}
        self.links: list[dict[str, Any]] = []
        self.cross_references: list[dict[str, Any]] = []
        self.themes: dict[str, dict[str, dict[str, Any]]] = {}
        self.recommendations: dict[str, dict[str, Any]] = {}
        self.challenges: dict[str, dict[str, Any]] = {}
        self.published: list[dict[str, Any]] = []

    def read(self, recorded: Recorded) -> None:
        self.read_opening(recorded)
        self.read_parties(recorded)
        self.read_standing(recorded)

    def read_opening(self, recorded: Recorded) -> None:
        event = recorded.event
        match event:
            case CaseOpened():
                self.about |= present(
                    label=event.label,
                    partnership=event.partnership,
                    route=event.route,
                    concern=event.concern,
                    opened_on=recorded.on.isoformat(),
                    candidate=event.candidate,
                )
                self.incident = event.incident
                self.summary = words_at(self.fields, recorded.place, "incident", "summary")
                for n, child in enumerate(event.children):
                    self.children[child.ref] = (child, recorded, ("children", n))
                self.links += [{"case": case, "place": recorded.place} for case in event.linked_cases]
            case IncidentAmended():
                self.incident = event.amended(self.incident)
                if event.summary is not None:
                    self.summary = words_at(self.fields, recorded.place, "summary")
            case ChildAdded():
                self.children[event.child.ref] = (event.child, recorded, ("child",))
            case CrossReferenceRecorded():
                status = words_at(self.fields, recorded.place, "status")
                reference = present(process=event.process, reference=event.reference, status=status, place=recorded.place)
                self.cross_references.append(reference)
            case CaseLinked():
                self.links.append({"case": event.case, "relation": event.relation, "place": recorded.place})
            case CaseReferredToArea():
                self.about["referred_to"] = event.authority
            case CaseReroutedToSerious():
                self.about |= {"concern": "serious-incident", "rerouted_on": recorded.on.isoformat()}
            case NotificationFoundDuplicate():
                self.about |= present(duplicate=True, duplicate_of=event.of)
            case NotificationWithdrawn():
                self.about["withdrawn"] = True
            case SeriousIncidentNotified():
                self.about.setdefault("portal_references", []).append(event.portal_reference)

    def read_parties(self, recorded: Recorded) -> None:
        event, on = recorded.event, recorded.on.isoformat()
        match event:
            case FacilitatorAssigned():
                self.facilitator = {"person": event.person, "role": event.role, "since": on, "place": recorded.place}
            case AgencyAsked():
                asked = {
                    "agency": event.agency,
                    "state": "awaited",
                    "asked_on": on,
                    "due_on": event.due_on.isoformat(),
                    "place": recorded.place,
                }
                self.agencies[event.agency] = asked
            case AgencyDateChanged() if event.agency in self.agencies:
                self.agencies[event.agency]["due_on"] = event.due_on.isoformat()
            case AgencyReportReceived():
                report = present(
                    state="reported", answered_on=on, report_digest=event.report_digest, chronology_digest=event.chronology_digest
                )
                self.agencies.setdefault(event.agency, {"agency": event.agency}).update(report)
            case NilReturnRecorded():
                nothing = {"state": "nothing-to-report", "answered_on": on}
                self.agencies.setdefault(event.agency, {"agency": event.agency}).update(nothing)
            case ReviewCommissioned():
                self.review = {"review": event.review, "commissioners": [*event.commissioners], "on": on, "place": recorded.place}
            case ReviewerAppointed():
                appointed = {"person": event.candidate, "part": event.part, "source": event.source, "since": on, "place": recorded.place}
                self.reviewers[event.candidate] = appointed
            case ReviewerRemoved() if event.candidate in self.reviewers:
                self.reviewers[event.candidate]["removed_on"] = on
            case DeputyAppointed():
                self.deputies.append({"partner": event.partner, "person": event.deputy, "since": on, "place": recorded.place})

    def read_standing(self, recorded: Recorded) -> None:
        event, on, place = recorded.event, recorded.on.isoformat(), recorded.place
        match event:
            case HoldPlaced():
                hold = present(ref=event.ref, scope=event.scope, since=on, review_on=event.review_on.isoformat(), person=event.person)
                self.holds["hold", event.ref] = hold | {"place": place}
            case HoldLifted():
                self.holds.pop(("hold", event.ref), None)
            case LegalHoldPlaced():
                self.holds["legal", event.ref] = {"ref": event.ref, "scope": "legal", "since": on, "place": place}
            case LegalHoldLifted():
                self.holds.pop(("legal", event.ref), None)
            case ThemeAssigned():
                of = self.themes.setdefault(event.code, {})
                for child in event.children or ("",):
                    confirmed = of.get(child, {}).get("standing") == "confirmed"
                    since = of.get(child, {}).get("since", on)
                    of[child] = {
                        "standing": "confirmed" if confirmed else event.standing,
                        "since": since,
                        "basis": event.basis,
                        "place": place,
                    }
            case ThemeWithdrawn():
                left = {} if not event.children else {c: s for c, s in self.themes.get(event.code, {}).items() if c not in event.children}
                self.themes[event.code] = left
            case RecommendationIssued():
                issued = {
                    "ref": event.ref,
                    **present(what=words_at(self.fields, place, "what")),
                    "owners": [*event.owners],
                    "by_when": event.by_when.isoformat(),
                    "themes": [*event.themes],
                    "state": "issued",
                    "issued_on": on,
                    "place": place,
                }
                self.recommendations[event.ref] = issued
            case RecommendationAccepted():
                self.recommendation(event.recommendation, state="accepted", accepted_on=on)
            case AssuranceSubmitted():
                self.recommendation(event.recommendation, state="assurance-submitted", submitted_on=on)
            case AssuranceAccepted():
                self.recommendation(event.recommendation, state="assured", assured_on=on)
            case AssuranceRejected():
                self.recommendation(event.recommendation, state="assurance-rejected")
            case ChallengeRaised():
                raised = {"ref": event.ref, "decision": event.decision, "organisation": event.organisation, "level": 0, "raised_on": on}
                self.challenges[event.ref] = raised | {"place": place}
            case EscalationLevelEntered() if event.challenge in self.challenges:
                self.challenges[event.challenge] |= {"level": event.level, "heard_by": [*event.heard_by]}
            case ChallengeResolved() if event.challenge in self.challenges:
                self.challenges[event.challenge]["outcome"] = event.outcome
            case PublicationPlanned():
                self.about["publication_planned_for"] = event.publish_on.isoformat()
            case ReportPublished():
                self.published.append({"what": "report", "digest": event.digest, "on": on, "place": place})
            case LearningBriefPublished():
                self.published.append({"what": "learning-brief", "digest": event.digest, "on": on, "place": place})
            case LearningBriefWithdrawn():
                gone = (event.digest,) if event.digest else tuple(p["digest"] for p in self.published if p["what"] == "learning-brief")
                self.published = [p for p in self.published if p["what"] != "learning-brief" or p["digest"] not in gone]
            case CaseClosed():
                self.closed = True
                self.about["closed_on"] = on
            case CaseReopened():
                self.closed = False
                self.about.pop("closed_on", None)

    def recommendation(self, ref: str, **changes: str) -> None:
        if ref in self.recommendations:
            self.recommendations[ref] |= changes

    # --- as it is said

    def said_incident(self) -> dict[str, Any] | None:
        if self.incident is None:
            return None
        known: dict[str, Any] = msgspec.to_builtins(self.incident)
        known.pop("summary", None)
        return {**known, "in_england": self.incident.in_england, **present(summary=self.summary)}

    def said_children(self) -> Iterator[dict[str, Any]]:
        for child, recorded, path in self.children.values():
            yield present(
                ref=child.ref,
                person=child.person or None,
                age_band=child.age_band,
                harm=child.harm,
                area_of_residence=child.area_of_residence,
                looked_after=child.looked_after,
                care_leaver=child.care_leaver,
                name=words_at(self.fields, recorded.place, *path, "name"),
                born_on=words_at(self.fields, recorded.place, *path, "born_on"),
                place=recorded.place,
            )

    def parties(self) -> dict[str, Any]:
        return {
            **present(facilitator=self.facilitator, review=self.review),
            "agencies": [*self.agencies.values()],
            "reviewers": [*self.reviewers.values()],
            "deputies": self.deputies,
        }

    def standing_holds(self, today: date) -> Iterator[dict[str, Any]]:
        for hold in self.holds.values():
            past = "review_on" in hold and hold["review_on"] < today.isoformat()
            yield hold | ({"review_overdue": True} if past else {})

    def said_themes(self) -> Iterator[dict[str, Any]]:
        for code, of in self.themes.items():
            for child, standing in of.items():
                yield {"code": code, **({"child": child} if child else {}), **standing}

    def said_recommendations(self, today: date) -> Iterator[dict[str, Any]]:
        for recommendation in self.recommendations.values():
            past = recommendation["state"] != "assured" and recommendation["by_when"] < today.isoformat()
            yield recommendation | ({"past_its_date": True} if past else {})
