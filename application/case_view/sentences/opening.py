"""Sentences of stage 0: the case is opened and linked."""

from __future__ import annotations

from application.case_view.sentences.telling import tells
from application.case_view.words import counted, day, place_name, plainly
from domain.language import listed
from domain.people import By
from domain.stages.opening import (
    CaseLinked,
    CaseOpened,
    CaseReferredToArea,
    ChildAdded,
    CrossReferenceRecorded,
    IncidentAmended,
    SamePersonRecorded,
)

ABOUT = {
    "serious-incident": "about a serious incident",
    "learn-from-success": "to learn from success",
    "local-learning": "for local learning",
    "thematic": "for a thematic review",
}
HARM = {
    "died": "a child died",
    "seriously-harmed": "a child was seriously harmed",
    "injured": "a child was injured",
    "none": "no child was harmed",
    "harmed-another": "a child harmed another",
}
RELATIONS = {
    "same-incident": "as being about the same incident",
    "sibling": "as being about a sibling",
    "theme": "as sharing a theme",
    "cross-area": "as reaching into another area",
}
PROCESSES = {
    "child-death": "the child death review",
    "police": "the police investigation",
    "coroner": "the coroner's inquest",
    "family-court": "the family court proceedings",
    "criminal-court": "the criminal proceedings",
    "domestic-abuse-death": "the domestic abuse related death review",
    "adult-review": "the safeguarding adults review",
    "employer": "the employer's own process",
}


@tells(CaseOpened)
def case_opened(event: CaseOpened, by: By) -> str:
    children = f", naming {counted(len(event.children), 'child', 'children')}" if event.children else ""
    where = f"in {place_name(event.partnership)} on the {plainly(event.route)} route"
    return f"The case {event.label} was opened {where}, {ABOUT[event.concern]}{children}."


@tells(IncidentAmended)
def incident_amended(event: IncidentAmended, by: By) -> str:
    now = []
    if event.happened_on:
        now.append(f"it happened on {day(event.happened_on)}")
    if event.happened_until:
        now.append(f"it lasted until {day(event.happened_until)}")
    if event.area:
        now.append(f"it happened in {place_name(event.area)}")
    if event.in_england is not None:
        now.append("it happened in England" if event.in_england else "it happened outside England")
    if event.harm:
        now.append(HARM[event.harm])
    if event.abuse_or_neglect:
        now.append(f"abuse or neglect is {plainly(event.abuse_or_neglect)}")
    if event.summary is not None:
        now.append("its summary is another")
    return f"What is known of the incident changed: {listed(now)}." if now else "What is known of the incident was looked at again."


@tells(ChildAdded)
def child_added(event: ChildAdded, by: By) -> str:
    return f"A further child, {event.child.ref}, was added to the case."


@tells(CrossReferenceRecorded)
def cross_reference_recorded(event: CrossReferenceRecorded, by: By) -> str:
    return f"A reference to {PROCESSES[event.process]} was noted ({event.reference})."


@tells(CaseLinked)
def case_linked(event: CaseLinked, by: By) -> str:
    return f"The case was linked to another {RELATIONS[event.relation]}."


@tells(SamePersonRecorded)
def same_person_recorded(event: SamePersonRecorded, by: By) -> str:
    return "Two entries were found to stand for one and the same person."


@tells(CaseReferredToArea)
def case_referred_to_area(event: CaseReferredToArea, by: By) -> str:
    return f"The case was referred to {place_name(event.authority)}, because that area is responsible."
