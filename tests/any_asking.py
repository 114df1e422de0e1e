"""Anything that anybody might ask: a command with fields drawn from its declaration, leaning towards what makes sense on the case.

Every text drawn holds `SECRET`, so that wherever it turns up in the clear, it is seen.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from application.commands import COMMANDS
from domain.asking import Asking
from domain.candidate import Candidate
from domain.case import Case, recall
from domain.corrections import effective
from domain.decisions import decisions_on
from domain.fields import leaves
from domain.guidance import EDITIONS
from domain.language import Command, OfDocument
from domain.people import PARTNERS, ROLES, By, NamesPerson
from domain.personal import Personal
from domain.recorded import Recorded
from domain.roles import PARTNER, WHO, holds
from domain.stages.opening import NamesCase
from domain.themes import newest
from domain.working_days import london_date
from tests.domain.given import digest
from tests.in_memory import InMemory

T = TypeVar("T")

SECRET = "Hester Vale"
TEXTS = (
    SECRET,
    f"{SECRET} fell — “said so”,\n\tand then Ωθ 𝒳 \u202e",
    f"  {SECRET}  ",
    f'{{"c": "{SECRET}", "e": "", "k": ""}}',
    f"person-{SECRET}",
    f"{SECRET} " * 40,
)
BLANK = (None, "", "  ", "\n")
TEXT_DIGESTS = tuple(digest(word) for word in "ABCD")
AGENCIES = ("gp-practice", "hospital-trust", "school", "police", "health", "local-authority")
PATHS = (
    "by", "at", "ref", "nothing", "incident.area", "incident.harm", "incident", "children.0.harm", "children.9.name", "children.0.name",
    "children.child-1.harm", "children", "notifier.name", "notifier", "because", "criteria.0.met", "", "incident.area.deeper",
    "incident.nonsense", "narrative", "notifier.nonsense", "children.-1.harm", "on",
)  # fmt: skip
"""Of fields that some entry has, and of some that none has."""
STRANGER = "person-" + 32 * "f"
WORDS_FOR_PEOPLE = (f"{SECRET}, reviewer", "Rowan Ash", "delegated-partner/health", "business-manager", "reviewer//Rowan Ash", STRANGER)
UNLIKELY_DAYS = (date.min, date(1899, 12, 31), date(2009, 5, 4), date(2018, 6, 28), date(2049, 12, 27), date.max)
CODES = tuple(code.code for code in newest().codes)
COMMON_CODES = ("P4", "P4.1", "P4.2", "H1.1", "H1", "S1", "G1", "F5")


@dataclass
class Draw:
    """What is drawn, in few words. Everything shrinks towards the first of several, and towards what makes sense."""

    data: st.DataObject

    def one(self, of: Sequence[T]) -> T:
        return self.data.draw(st.sampled_from(of))

    def number(self, least: int, most: int) -> int:
        return self.data.draw(st.integers(least, most))

    def chance(self, percent: int) -> bool:
        """True so many times of a hundred; shrinks towards true."""
        return self.number(0, 99) < percent

    def some(self, of: Sequence[T], most: int = 3) -> list[T]:
        """A few of these, each once."""
        return self.data.draw(st.lists(st.sampled_from(of), max_size=most, unique_by=repr)) if of else []


@dataclass
class Scene:
    """A case as it stands, and what may be named on it."""

    world: InMemory
    stream: str
    at: datetime
    history: Sequence[Recorded] = field(default_factory=list)

    @cached_property
    def case(self) -> Case:
        return recall(self.history)

    @property
    def today(self) -> date:
        return london_date(self.at)

    @property
    def partnership(self) -> str:
        return self.case.opening.partnership or "bolton"

    @cached_property
    def candidate(self) -> Candidate | None:
        of = self.case.opening.candidate
        found = self.world.themes._known.candidates.get(of or "")
        return found

    @cached_property
    def asking(self) -> Asking:
        elsewhere: dict[str, Case | Candidate] = {f"candidate/{self.candidate.ref}": self.candidate} if self.candidate else {}
        return self.world.run(
            self.world.cases.asking(self.anybody[0], self.partnership, at=self.at, elsewhere=elsewhere, history=self.history)
        )

    @cached_property
    def happened(self) -> frozenset[str]:
        return frozenset(recorded.name for recorded in self.history)

    @cached_property
    def open_to_somebody(self) -> list[str]:
        """The commands that nothing refuses whatever their fields, and that somebody may ask."""
        ours = [name for name, command in COMMANDS.items() if command.stream_kind == "case" and name != "open-case"]
        there = {
            "facilitator": self.case.rapid_review.facilitator,
            "reviewer of the case": self.case.commissioning.reviewers,
            "anyone heard": self.case.escalation.challenges,
            "anyone who hears the challenge": self.case.escalation.challenges,
        }
        some = [name for name in ours if any(there.get(capacity, True) for capacity in WHO[name])]
        return [name for name in some if not any(COMMANDS[name].refusals(self.case, self.asking))]

    # --- whom and what there is to name

    @cached_property
    def people(self) -> list[str]:
        """Persons who have something to do with the case."""
        case = self.case
        found = [
            *case.commissioning.interested, *case.commissioning.assessed, *case.commissioning.reviewers, *case.participation.invited,
            *case.interests.unresolved, *case.access.granted, *(child.person for child in case.opening.children.values()),
            *(recorded.by.person for recorded in self.history),
        ]  # fmt: skip
        return [*dict.fromkeys(sorted(found))]

    @cached_property
    def known(self) -> dict[str, By]:
        """How each person who asked something asked it last."""
        return {recorded.by.person: msgspec.structs.replace(recorded.by, behalf_of=None) for recorded in self.history}

    @cached_property
    def anybody(self) -> list[By]:
        return [self.by(role) for role in (*ROLES, *(f"{PARTNER}/{partner}" for partner in PARTNERS))] + [*self.known.values()]

    def by(self, text: str) -> By:
        return self.world.by(text, self.partnership)

    def somebody(self, person: str, role: str = "reviewer") -> By:
        return self.known.get(person) or By(person=person, role=role, partnership=self.partnership)

    def refs(self, name: str, command: str) -> list[str]:
        """The refs that a field of this name may mean."""
        case = self.case
        decisions = [*decisions_on(case)]
        found: Mapping[str, Iterable[str]] = {
            "decision": [*case.outcome.reopened, *reversed(decisions)],
            "cites": (*case.outcome.information, *case.outcome.feedback, *case.escalation.upheld),
            "challenge": [*reversed(case.escalation.challenges)],
            "concern": [*reversed(case.review.concerns)],
            "recommendation": [*reversed(case.learning.recommendations)],
            "representation": case.escalation.representations,
            "grant": [*case.access.glass],
            "children": [*case.opening.children],
            "candidate": [*self.world.themes._known.candidates],
            "emerging_themes": COMMON_CODES,
        }
        if name == "ref":
            found = {
                "ref": {
                    "lift-hold": [*case.holds.placed],
                    "lift-legal-hold": [*case.holds.legal_standing],
                    "supply-information": case.outcome.requests,
                    "decide-threshold": [*case.threshold.rounds],
                    "replace-decision": [*case.threshold.rounds],
                    "record-partner-position": [*case.threshold.rounds],
                }.get(command, ())
            }
        return [*found.get(name, ())]

    def digests(self, command: str) -> list[str]:
        """The texts that stand, the one that this command speaks of first."""
        review, rapid, publication = self.case.review, self.case.rapid_review, self.case.publication
        speaks_of = {
            "circulate-for-endorsement": rapid.drafted,
            "endorse-rapid-review": rapid.circulated,
            "send-to-panel": rapid.endorsed,
            "quality-assure-report": review.final_draft,
            "present-report": review.assured,
            "record-endorsement": review.presented,
            "conclude-endorsement": review.presented,
            "withdraw-learning-brief": publication.briefs[-1] if publication.briefs else None,
        }.get(command, [*review.endorsed.values()][-1] if review.endorsed else None)
        return [text for text in (speaks_of, *TEXT_DIGESTS) if text]


# --- fields


@dataclass
class Fields(Draw):
    """The fields of one command on one scene."""

    scene: Scene
    command: str = ""

    def drawn(self) -> Command:
        """The command.

        Raises:
            ValidationError: the fields are not well formed.
        """
        model = COMMANDS[self.command]
        given = self.of(model)
        if self.command == "correct-record" and self.chance(90):
            given |= self.correction()
        elif self.command == "redact-text" and self.chance(80):
            given |= self.redaction()
        return model.model_validate_json(json.dumps(given))

    def of(self, model: type[BaseModel]) -> dict[str, Any]:
        """Fields as somebody would write them, under the names that the API gives them."""
        hints = get_type_hints(model, include_extras=True)
        given: dict[str, Any] = {}
        for name, info in model.model_fields.items():
            if (info.is_required() and self.chance(99)) or (not info.is_required() and self.chance(self.likely(name, info))):
                given[info.alias or name] = self.value(hints[name], name)
        return given

    @staticmethod
    def likely(name: str, info: FieldInfo) -> int:
        """How often a field that may be left out is said."""
        if name == "on":
            return 25
        if name in ("incident", "because", "sufficient"):
            return 75
        spoken = info.default is None and name not in ("ref", "person", "candidate", "then", "happened_until", "learning_considered")
        return 60 if info.default is not None and info.default != () else 85 if spoken or info.default == () else 15

    def value(self, hint: Any, name: str) -> Any:
        if (chosen := self.chosen(name)) is not None and self.chance(85):
            return chosen
        origin, inner = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self.marked(hint, inner, name)
        if origin in (Union, types.UnionType):
            options = [option for option in inner if option is not type(None)]
            if len(options) < len(inner) and not self.chance(97):
                return self.one(BLANK) if str in map(_bare, options) else None
            return self.value(self.one(options), name)
        if origin is Literal:
            return self.one(inner)
        if origin is tuple and get_args(inner[0] if get_origin(inner[0]) is Literal else None):
            return self.some(get_args(inner[0]), 6)
        if origin is tuple:
            return [self.value(inner[0], name) for _ in range(self.number(1, 3) if self.chance(90) else 0)]
        if origin is dict:
            return {f"BOL-{self.number(98, 132)}": self.value(inner[1], name) for _ in range(2)}
        if isinstance(hint, type) and issubclass(hint, BaseModel):
            return self.of(hint)
        if isinstance(hint, msgspec.StructMeta):
            return self.part(hint)
        if hint is bool:
            return self.chance(70)
        if hint is int:
            return self.number(1, max(2, len(self.scene.history) + 1)) if name in ("event_place", "what") else self.number(1, 4)
        if hint is date:
            return self.day(name).isoformat()
        if hint is datetime:
            return datetime(2025, 1, 1, tzinfo=UTC).isoformat()
        return self.word(name, "") if hint is str else None

    def part(self, kind: Any) -> dict[str, Any]:
        """A record of an event, as JSON: what a correction may put in its place."""
        hints = get_type_hints(kind, include_extras=True)
        fields = [f for f in msgspec.structs.fields(kind) if f.required or self.chance(50)]
        return {f.encode_name: self.value(hints[f.name], f.name) for f in fields}

    def marked(self, hint: Any, inner: tuple[Any, ...], name: str) -> Any:
        marks = inner[1:]
        if any(isinstance(mark, OfDocument) for mark in marks):
            texts = self.scene.digests(self.command)
            return texts[0] if self.chance(75) else self.one(texts)
        if any(isinstance(mark, NamesPerson) for mark in marks):
            return self.person(next(mark for mark in marks if isinstance(mark, NamesPerson)))
        if any(isinstance(mark, NamesCase) for mark in marks):
            cases = [stream.removeprefix("case/") for stream in self.scene.world.cases_there()]
            return self.one([*cases, "no-such-case"])
        if any(isinstance(mark, Personal) for mark in marks):
            return self.one(TEXTS)
        pattern = next((mark.pattern for mark in marks if getattr(mark, "pattern", None)), None)
        if pattern is None:
            return self.value(inner[0], name)
        if pattern == r"\S":
            return self.one(TEXTS)
        return self.word(name, str(pattern))

    def word(self, name: str, pattern: str) -> str:
        """A short plain word: what is there to be named, or some other."""
        if pattern.startswith("^[A-Za-z0-9][A-Za-z0-9._:-]"):
            known = self.scene.refs(name, self.command)
            return self.one(known) if known and self.chance(90) else f"{name}-{self.number(1, 4)}"
        usual: dict[str, Sequence[str]] = {
            "agency": [*self.scene.case.rapid_review.agencies, *AGENCIES],
            "organisation": AGENCIES,
            "owners": AGENCIES,
            "missing": [*self.scene.case.rapid_review.outstanding, *AGENCIES],
            "employer": AGENCIES,
            "area": ("bolton", "Bury", "kent"),
            "area_of_residence": ("bolton", "Bury", "kent"),
            "authority": ("bolton", "Bolton", "bury", "kent"),
            "code": CODES,
            "codes": [*COMMON_CODES, *CODES, "P99"],
            "themes": [*COMMON_CODES, "P99"],
            "edition": [*EDITIONS, "england-2027", "nowhere"],
            "class_": [*self.scene.asking.procedure.retention, "no-such-class"],
            "year": ("2024/25", "2025"),
            "field": ("narrative", "because", "rationale", "incident.summary", "incident", "facts.0.text", "notifier.name", "children.0"),
        }
        return self.one(usual[name]) if name in usual else f"{name} {self.number(1, 40)}"

    def person(self, mark: NamesPerson) -> str:
        groups = [*PARTNERS, "reviewer", *AGENCIES] if mark.or_group else []
        return self.one([*self.scene.people, *groups, *WORDS_FOR_PEOPLE] if self.chance(85) else [*WORDS_FOR_PEOPLE])

    def day(self, name: str) -> date:
        today = self.scene.today
        spread: tuple[int, ...]
        if name == "on":
            spread = (0, -1, -2, -5, -14, -60, -400, 1)
        elif name in ("publish_on", "due_on", "by_when", "until", "review_on", "closes_on", "meets_on", "period_to"):
            spread = (14, 1, 0, -1, 90, 400)
        else:
            spread = (-3, -1, 0, -10, -40, -400, 2)
        if not self.chance(97):
            return self.one(UNLIKELY_DAYS)
        return today + timedelta(days=self.one(spread) + self.number(-2, 2) * (name != "on"))

    # --- what makes sense

    def chosen(self, name: str) -> Any:
        """What somebody who knows the case would write; nothing where anything does."""
        case, scene = self.scene.case, self.scene
        match self.command, name:
            case _, "channel":
                return "secure-email"
            case "share-with-partner", "partner":
                return next((partner for partner in PARTNERS if partner not in case.notification.shared_with), None)
            case "record-partner-position", "question":
                reopened = [decision.question for ref, decision in decisions_on(case).items() if ref in case.outcome.reopened]
                asks = {"serious-incident": "serious"}
                return reopened[0] if reopened else asks.get(case.opening.concern, case.opening.concern)
            case "record-partner-position", "position":
                return self.one(("met", "met", "not-met"))
            case "record-partner-position", "partner":
                spoken = [round_.partners for round_ in case.threshold.rounds.values() if not round_.closed]
                return next((partner for partner in PARTNERS if not spoken or partner not in spoken[-1]), None)
            case "endorse-rapid-review", "partner":
                return next(iter(case.rapid_review.not_endorsing), None)
            case "endorse-rapid-review", "position":
                return "endorse"
            case "record-endorsement", "organisation":
                return next(iter(case.review.silent_partners), None)
            case "decide-threshold" | "replace-decision", ("threshold" | "outcome") as what:
                complete = [round_ for round_ in case.threshold.rounds.values() if round_.complete and not round_.closed]
                if not complete:
                    return None
                majority = complete[-1].majority(2)
                if what == "outcome" and complete[-1].question == "local-review":
                    return "local-review" if majority == "met" else "no-further-action"
                return majority if what == "outcome" else complete[-1].question
            case _, "rationale":
                return TEXTS[0]
            case (("decide-threshold" | "replace-decision" | "determine-criteria-not-met"), "learning_considered"):
                return TEXTS[1]
            case "determine-criteria-not-met", "panel_informed":
                return True
            case "submit-notification", "sufficient":
                return True
            case (("decide-rapid-review-outcome" | "replace-decision" | "hold-rapid-review-meeting"), "criteria"):
                names = scene.asking.procedure.regulation_criteria
                return [{"criterion": criterion, "met": self.one(("yes", "no")), "why": TEXTS[0]} for criterion in names]
            case "decide-rapid-review-outcome", "outcome":
                return "local-review"
            case "present-report", "contains":
                return [part for part, _ in scene.asking.procedure.report_parts]
            case "commission-review", "review":
                return "practice-review" if case.outcome.local_review_decided else None
            case "commission-review", "commissioners":
                return ["implementation-group-chair", "business-manager"]
            case "assess-candidate", "answers":
                asked = scene.asking.procedure.reviewer_criteria(case.commissioning.review or "")
                return dict.fromkeys(asked, TEXTS[0])
            case "appoint-reviewer", "candidate":
                return next(iter(sorted(case.commissioning.assessed)), None)
            case "submit-draft", "final":
                return True
            case "escalate-challenge", "level":
                return 1 + max((challenge.level for challenge in case.escalation.challenges.values()), default=0)
            case "reopen-decision", "trigger":
                return "new-information" if case.outcome.information else None
            case "add-child", "age_band":
                return "5-9"
            case _, "harm":
                return self.one(("seriously-harmed", "died", "injured"))
            case _, "abuse_or_neglect":
                return "suspected"
        return None

    def correction(self) -> dict[str, Any]:
        """A day, or a field of some entry, or something that nobody may correct."""
        entry = self.one(effective(self.scene.history))
        hints = get_type_hints(type(entry.event), include_extras=True)
        fields = [field for field in msgspec.structs.fields(type(entry.event)) if field.name != "because"]
        correct: dict[str, Any] = {}
        if not fields or self.chance(40):
            correct["on"] = self.day("on").isoformat()
        elif self.chance(80):
            chosen = self.one(fields)
            correct[chosen.encode_name] = self.value(hints[chosen.name], chosen.name)
        else:
            path = self.one(PATHS)
            text = TEXTS[0] if path.rpartition(".")[2] in ("name", "because", "narrative", "nonsense") else "died"
            like_a_seal = {"c": "a" * 64, "e": "b", "k": "text-1"}
            correct[path] = self.one((text, "bury", None, 3, ["bury"], {"area": "bury"}, {}, like_a_seal))
        return {"event_place": entry.place, "correction": correct}

    def redaction(self) -> dict[str, Any]:
        """A text of some entry."""
        entry = self.one(self.scene.history)
        texts = [leaf.path for leaf in leaves(entry.event)]
        return {"event_place": entry.place, "field": self.one(texts or ["nothing"])}


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


# --- who asks


def suited(command: Command, scene: Scene) -> list[By]:
    """Those whose capacity lets them ask this, each once."""
    case = scene.case
    of = getattr(command, "agency", None) or getattr(command, "organisation", None)
    by_capacity: dict[str, list[By]] = {
        "deputy": [scene.somebody(person) for deputies in case.threshold.deputies.values() for person in deputies],
        "facilitator": [scene.somebody(case.rapid_review.facilitator)] if case.rapid_review.facilitator else [],
        "author of the agency": [scene.by(f"agency-author/{of}")],
        "anyone who notified": [scene.somebody(person) for person, _ in sorted(case.notification.notified_by, key=str)],
        "challenger": [scene.somebody(challenge.raised_by) for challenge in case.escalation.challenges.values()],
        "anyone heard": [scene.by(role) for challenge in case.escalation.challenges.values() for role in challenge.heard_by],
        "anyone who hears the challenge": [scene.by(role) for c in case.escalation.challenges.values() for role in c.heard_by],
        "commissioner": [scene.by(f"{PARTNER}/health"), scene.by("implementation-group-chair")],
        "reviewer of the case": [scene.somebody(person) for person in sorted(case.commissioning.reviewers)],
        "participant": [scene.somebody(getattr(command, "participant", None) or STRANGER, "participant")],
        "endorser of the organisation": [scene.by(f"{PARTNER}/{of}"), scene.by(f"partnership-member/{of}")],
        "owner agency": [scene.by(f"agency-author/{owner}") for owner in case.learning.owners(getattr(command, "recommendation", ""))],
        "granter": [scene.by("lead-partner"), scene.by("business-manager")],
        "adopter": [scene.by("lead-partner"), scene.by("administrator")],
        "anybody on the case": [scene.by("business-manager"), scene.by(f"{PARTNER}/health"), scene.by("designated-health-practitioner")],
        "anyone with a post in the partnership": [scene.by("partnership-officer"), scene.by("scrutineer")],
        PARTNER: [scene.by(f"{PARTNER}/{getattr(command, 'partner', 'health')}")],
    }
    found = [
        by
        for capacity in WHO[command.name]
        for by in by_capacity.get(capacity, [scene.by(capacity)] if capacity.partition("/")[0] in ROLES else [])
    ]
    fitting = [by for by in found if any(holds(capacity, command, by, case) for capacity in WHO[command.name])]
    return [*{by.person: by for by in fitting or found}.values()] or scene.anybody[:1]
