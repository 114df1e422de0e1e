"""Stage 0. A case is opened: the incident, the children, what it is linked to (BOL-18…38, WEB-13, TOOL-12, X-3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from domain.language import CaseEvent, Code, Command, Model, Part, Prose, Ref, State, replace
from domain.people import PersonId, PersonRef
from domain.personal import PersonWords, Words

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

Partnership = Literal["bolton", "bury", "barnet", "england"]
Route = Literal["local-authority", "organisation", "parent", "community", "young-person", "partners"]
Concern = Literal["serious-incident", "learn-from-success", "local-learning", "thematic"]
Harm = Literal["died", "seriously-harmed", "injured", "none", "harmed-another"]
AbuseOrNeglect = Literal["known", "suspected", "ruled-out", "not-applicable"]
AgeBand = Literal["unborn", "under-1", "1-4", "5-9", "10-15", "16-17", "18-24"]
Process = Literal[
    "child-death", "police", "coroner", "family-court", "criminal-court", "domestic-abuse-death", "adult-review", "employer"
]  # fmt: skip
Relation = Literal["same-incident", "sibling", "theme", "cross-area"]


class NamesCase:
    """Marks a field that names a case (a rehearsal lets the case's handle stand for it)."""


CaseRef = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$"), NamesCase()]
"""A case as paths and answers name it: the part of its stream after `case/`."""

SERIOUS_HARM = ("died", "seriously-harmed")
INJURED_OR_DEAD = ("died", "seriously-harmed", "injured")


class Incident(Part):
    """What befell the child: when, where, and what is known or suspected. A range or an unknown day is possible (X-4)."""

    happened_on: date | None = None
    happened_until: date | None = None
    area: str
    in_england: bool
    harm: Harm
    abuse_or_neglect: AbuseOrNeglect
    summary: Words | None = None

    @property
    def meets_statutory_test(self) -> bool:
        """Abuse or neglect known or suspected, and died or seriously harmed (X-7). Suspicion is enough."""
        return self.abuse_or_neglect in ("known", "suspected") and self.harm in SERIOUS_HARM

    @property
    def without_words(self) -> Incident:
        """As decisions remember it: no decision rests on the summary."""
        return replace(self, summary=None)


class Child(Part):
    """A child of the case, by a pseudonymous ref. Name and birth date lie under the child's own key."""

    ref: str
    person: PersonId
    area_of_residence: str
    age_band: AgeBand
    harm: Harm
    looked_after: bool | None = None
    care_leaver: bool | None = None
    name: PersonWords | None = None
    born_on: PersonWords | None = None


class KnownChild(State, frozen=True):
    """What later decisions ask of a child."""

    person: PersonId
    harm: Harm
    area_of_residence: str
    looked_after: bool
    care_leaver: bool


class Opening(State, frozen=True):
    """What the case is about."""

    partnership: str = ""
    label: str = ""
    route: Route = "local-authority"
    concern: Concern = "serious-incident"
    opened_concern: Concern = "serious-incident"
    incident: Incident | None = None
    children: dict[str, KnownChild] = {}
    linked: frozenset[str] = frozenset()
    candidate: str | None = None

    @property
    def opened(self) -> bool:
        return bool(self.partnership)

    @property
    def authority(self) -> str:
        """The local authority among the three: a partnership's authority is its name; England alone goes by the incident's area."""
        return self.incident.area if self.partnership == "england" and self.incident else self.partnership


# --- open-case


class ChildGiven(Model):
    ref: Ref
    area_of_residence: Code
    age_band: AgeBand
    harm: Harm
    looked_after: bool | None = None
    care_leaver: bool | None = None
    name: Prose | None = None
    born_on: date | None = None
    person: PersonRef | None = Field(default=None, description="A person already known here; left out, one is made.")

    def known_by(self) -> str:
        """The word under which the door makes or finds the child's person, within the case."""
        return self.person or self.ref

    def as_child(self) -> Child:
        return Child(
            ref=self.ref,
            person=self.person or "",
            area_of_residence=self.area_of_residence,
            age_band=self.age_band,
            harm=self.harm,
            looked_after=self.looked_after,
            care_leaver=self.care_leaver,
            name=self.name,
            born_on=self.born_on.isoformat() if self.born_on else None,
        )


class IncidentGiven(Model):
    happened_on: date | None = None
    happened_until: date | None = None
    area: Code
    in_england: bool = True
    harm: Harm
    abuse_or_neglect: AbuseOrNeglect
    summary: Prose | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> IncidentGiven:
        if self.happened_on and self.happened_until and self.happened_until < self.happened_on:
            raise ValueError("happened_until lies before happened_on")
        return self


class CaseOpened(CaseEvent, name="case-opened"):
    """A case was opened in a partnership, under a pseudonym, on one of the six routes."""

    partnership: Partnership
    label: str
    route: Route
    concern: Concern
    incident: Incident | None = None
    children: tuple[Child, ...] = ()
    linked_cases: tuple[str, ...] = ()
    candidate: str | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(
            case,
            opening=Opening(
                partnership=self.partnership,
                label=self.label,
                route=self.route,
                concern=self.concern,
                opened_concern=self.concern,
                incident=self.incident.without_words if self.incident else None,
                children={child.ref: known(child) for child in self.children},
                linked=frozenset(self.linked_cases),
                candidate=self.candidate,
            ),
        )


def known(child: Child) -> KnownChild:
    """The child as later decisions see it."""
    return KnownChild(
        person=child.person,
        harm=child.harm,
        area_of_residence=child.area_of_residence,
        looked_after=bool(child.looked_after),
        care_leaver=bool(child.care_leaver),
    )


class OpenCase(Command, name="open-case"):
    """Open a case under a pseudonym. Children may be left out for a thematic review only."""

    partnership: Partnership
    label: Code
    route: Route
    concern: Concern
    incident: IncidentGiven | None = None
    children: tuple[ChildGiven, ...] = ()
    linked_cases: tuple[CaseRef, ...] = ()
    candidate: Ref | None = None

    @model_validator(mode="after")
    def _no_child_twice(self) -> OpenCase:
        if len({child.ref for child in self.children}) < len(self.children):
            raise ValueError("two children bear the same ref")
        return self

    def refers_to(self) -> Iterable[str]:
        yield from (f"case/{case}" for case in self.linked_cases)
        if self.candidate:
            yield f"candidate/{self.candidate}"

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.concern == "thematic" and not self.linked_cases:
            yield "A thematic review is opened with at least one linked case: three or more injuries or deaths are its ground (BOL-37)."
        if self.concern != "thematic" and not self.children:
            yield "A case that is not a thematic review names at least one child (BOL-18)."
        for linked in self.linked_cases:
            if f"case/{linked}" not in asking.elsewhere:
                yield f"There is no linked case {linked} (BOL-37)."
        if self.candidate and f"candidate/{self.candidate}" not in asking.elsewhere:
            yield f"There is no thematic candidate {self.candidate} (BOL-36)."
        yield from _dates(self.incident, self.children, asking)

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield CaseOpened(
            partnership=self.partnership,
            label=self.label,
            route=self.route,
            concern=self.concern,
            incident=Incident(**self.incident.model_dump()) if self.incident else None,
            children=tuple(child.as_child() for child in self.children),
            linked_cases=self.linked_cases,
            candidate=self.candidate,
        )


def _dates(incident: IncidentGiven | None, children: Iterable[ChildGiven], asking: Asking) -> Iterator[str]:
    """An incident lies neither in the future nor before the birth of a child harmed in it."""
    began = incident.happened_on if incident else None
    ended = (incident.happened_until or began) if incident else None
    if ended and ended > asking.today:
        yield "The incident is dated in the future (CAL-3)."
    for child in children:
        if child.born_on and child.born_on > asking.today and child.age_band != "unborn":
            yield f"The birth date of {child.ref} lies in the future; a child not yet born has the age band unborn (CAL-3)."
        if child.born_on and began and (incident and (incident.happened_until or began) < child.born_on) and child.age_band != "unborn":
            yield f"The incident is dated before the birth date given for {child.ref} (CAL-3)."


# --- what changes afterwards


class IncidentChanged(Model):
    happened_on: date | None = None
    happened_until: date | None = None
    area: Code | None = None
    in_england: bool | None = None
    harm: Harm | None = None
    abuse_or_neglect: AbuseOrNeglect | None = None
    summary: Prose | None = None


class IncidentAmended(CaseEvent, name="incident-amended"):
    """Something about the incident is now known otherwise; only the changed facts are named."""

    happened_on: date | None = None
    happened_until: date | None = None
    area: str | None = None
    in_england: bool | None = None
    harm: Harm | None = None
    abuse_or_neglect: AbuseOrNeglect | None = None
    summary: Words | None = None

    def amended(self, incident: Incident | None) -> Incident:
        """The incident with these facts in place of the old ones; a case opened without one is told of it here."""
        changes = {field: value for field in Incident.__struct_fields__ if (value := getattr(self, field)) is not None}
        return replace(incident, **changes) if incident else Incident(**{"in_england": True, **changes})

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, opening=replace(case.opening, incident=self.amended(case.opening.incident).without_words))


class AmendIncident(Command, name="amend-incident"):
    """Say what is now known otherwise about the incident, and why; clocks that counted from it are superseded."""

    happened_on: date | None = None
    happened_until: date | None = None
    area: Code | None = None
    in_england: bool | None = None
    harm: Harm | None = None
    abuse_or_neglect: AbuseOrNeglect | None = None
    summary: Prose | None = None
    incident: IncidentChanged | None = Field(default=None, description="The same fields, grouped as open-case groups them.")
    because: Prose

    def changes(self) -> dict[str, object]:
        grouped = self.incident.model_dump(exclude_none=True) if self.incident else {}
        return grouped | self.model_dump(exclude_none=True, exclude={"on", "because", "incident"})

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        changes = self.changes()
        if not changes:
            yield "Nothing about the incident is changed (CAL-8)."
        elif case.opening.incident is None and not {"area", "harm", "abuse_or_neglect"} <= changes.keys():
            yield "This case tells of no incident yet: give its area, the harm, and whether abuse or neglect is known or suspected (X-7)."
        else:
            after = IncidentAmended(**changes).amended(case.opening.incident)  # type: ignore[arg-type]  # checked by the fields above
            if after.happened_on and after.happened_until and after.happened_until < after.happened_on:
                yield "The incident would end before it began (X-4)."
            if (last := after.happened_until or after.happened_on) and last > asking.today:
                yield "The incident is dated in the future (CAL-3)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield IncidentAmended(**self.changes())  # type: ignore[arg-type]  # checked by the fields above


class ChildAdded(CaseEvent, name="child-added"):
    """A further child belongs to this case."""

    child: Child

    def apply(self, case: Case, then: Recorded) -> Case:
        children = {**case.opening.children, self.child.ref: known(self.child)}
        return replace(case, opening=replace(case.opening, children=children))


class AddChild(Command, name="add-child"):
    child: ChildGiven

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.child.ref in case.opening.children:
            yield f"The ref {self.child.ref} is already used for a child of this case (TOOL-12)."
        if (born := self.child.born_on) and self.child.age_band != "unborn":
            if born > asking.today:
                yield f"The birth date of {self.child.ref} lies in the future (CAL-3)."
            incident = case.opening.incident
            last = (incident.happened_until or incident.happened_on) if incident else None
            if last and last < born:
                yield f"The incident is dated before the birth date given for {self.child.ref} (CAL-3)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield ChildAdded(child=self.child.as_child())


class CrossReferenceRecorded(CaseEvent, name="cross-reference-recorded"):
    """Another process deals with the same events. Its reference is kept here, never its content (WEB-13)."""

    process: Process
    reference: str
    status: Words | None = None


class RecordCrossReference(Command, name="record-cross-reference"):
    process: Process
    reference: Code
    status: Prose | None = None

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.status is not None and len(self.status) > 500:
            yield "The content of the other process is not kept here: give its reference and, in a few words, its status (WEB-13)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield CrossReferenceRecorded(process=self.process, reference=self.reference, status=self.status)


class CaseLinked(CaseEvent, name="case-linked"):
    """This case is linked to another. A link opens nothing by itself; across partnerships each side links."""

    case: str
    relation: Relation

    def apply(self, case: Case, then: Recorded) -> Case:
        return replace(case, opening=replace(case.opening, linked=case.opening.linked | {self.case}))


class LinkCase(Command, name="link-case"):
    case: CaseRef
    relation: Relation

    def refers_to(self) -> Iterable[str]:
        yield f"case/{self.case}"

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if f"case/{self.case}" not in asking.elsewhere:
            yield f"There is no case {self.case} to link to (X-3)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield CaseLinked(case=self.case, relation=self.relation)


class SamePersonRecorded(CaseEvent, name="same-person-recorded"):
    """Two person ids stand for one human being; the theme tracker counts them once."""

    person: PersonId
    other: PersonId
    basis: Words


class RecordSamePerson(Command, name="record-same-person"):
    person: PersonRef
    other: PersonRef
    basis: Prose

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        if self.person == self.other:
            yield "A person is not recorded as the same as themselves (TOOL-12)."

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield SamePersonRecorded(person=self.person, other=self.other, basis=self.basis)


class CaseReferredToArea(CaseEvent, name="case-referred-to-area"):
    """Another area is responsible (X-3). Counted apart from "not met"."""

    authority: str


class ReferToArea(Command, name="refer-to-area"):
    authority: Code
    because: Prose

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        yield CaseReferredToArea(authority=self.authority)
