"""Where everything on a case came from, as PROV (W3C): who did what in which role and on whose behalf, and what rests on what.

Entries, documents and decisions are entities, commands are activities, persons are agents by their ids. No words of the case are in it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from application.case_view.decisions import decisions
from application.case_view.overview import documents
from application.case_view.readable import instant, present
from domain.corrections import RecordCorrected, effective
from domain.people import By
from domain.recorded import Recorded

KINDS = ("entry", "document", "decision", "command", "person", "role")
"""What identifiers are of: each has its prefix."""

Document = dict[str, dict[str, Any]]


def provenance(history: Sequence[Recorded], withheld: Collection[int] = ()) -> Document:
    """PROV-JSON of one case as recorded. Of entries `withheld`, by place, it says that they are there, and nothing that came of them."""
    return _Telling(history, withheld).told


class _Telling:
    def __init__(self, history: Sequence[Recorded], withheld: Collection[int]) -> None:
        self._withheld = withheld
        base = f"urn:casetrail:{history[0].stream.replace('/', ':')}"
        self.told: Document = {"prefix": {"casetrail": "urn:casetrail:", **{kind: f"{base}:{kind}:" for kind in KINDS}}}
        for kind in ("entity", "activity", "agent"):
            self.told[kind] = {}
        self._count = 0
        for recorded in history:
            self._entry(recorded)
        by_place = {recorded.place: recorded for recorded in history}
        for document in documents(recorded for recorded in effective(history) if recorded.place not in withheld):
            self._document(document, by_place)
        # a decision recorded again under its ref is another decision: it is found by the entry that made it
        found = [decision for decision in decisions(history, {}) if decision["place"] not in withheld]
        names = {id(decision): _name_of(decision, found) for decision in found}
        for decision in found:
            self._decision(decision, names[id(decision)], by_place[decision["place"]], found)

    # --- entries, and the commands that they came of

    def _entry(self, recorded: Recorded) -> None:
        entry, command = f"entry:{recorded.place}", f"command:{recorded.header.command}"
        there = {"casetrail:place": recorded.place, **present(**{"casetrail:hash": recorded.hash.hex() or None})}
        if recorded.place > 1:
            self._add("wasInfluencedBy", **{"prov:influencee": entry, "prov:influencer": f"entry:{recorded.place - 1}"})
        if recorded.place in self._withheld:
            self.told["entity"][entry] = {"prov:type": _name("withheld"), **there}
            return
        self.told["entity"][entry] = {
            "prov:type": _name(recorded.name),
            **there,
            **present(**{"casetrail:position": recorded.position or None}),
            "casetrail:on": _typed("xsd:date", recorded.on.isoformat()),
        }
        if command not in self.told["activity"]:
            at = _typed("xsd:dateTime", instant(recorded.at))
            self.told["activity"][command] = {
                "prov:startTime": at["$"],
                "prov:endTime": at["$"],
                "prov:type": _name("command"),
                "casetrail:on": _typed("xsd:date", recorded.on.isoformat()),
                "casetrail:procedure": [edition for edition in (recorded.procedure.local, recorded.procedure.national) if edition],
                "casetrail:calendar": recorded.header.calendar,
                **present(**{"casetrail:seen": recorded.header.seen}),
            }
            self._asked(command, recorded.by)
            if recorded.header.transcribed_by:
                clerk = self._person(recorded.header.transcribed_by)
                self._add("wasAssociatedWith", **{"prov:activity": command, "prov:agent": clerk, "prov:role": "transcriber"})
        self._add("wasGeneratedBy", **{"prov:entity": entry, "prov:activity": command, "prov:time": instant(recorded.at)})
        if isinstance(recorded.event, RecordCorrected):
            self._revised(entry, f"entry:{recorded.event.event_place}", command)

    def _asked(self, command: str, by: By) -> None:
        asker = self._person(by.person)
        role = present(**{"prov:role": by.role, "casetrail:organisation": by.organisation, "casetrail:partnership": by.partnership})
        self._add("wasAssociatedWith", **{"prov:activity": command, "prov:agent": asker}, **role)
        if by.behalf_of:
            self._add("actedOnBehalfOf", **{
                "prov:delegate": asker, "prov:responsible": self._agent(by.behalf_of), "prov:activity": command,
            })  # fmt: skip

    # --- documents and decisions

    def _document(self, document: dict[str, Any], by_place: Mapping[int, Recorded]) -> None:
        name = f"document:{document['digest']}"
        self.told["entity"][name] = {"prov:type": _name("document"), "casetrail:digest": document["digest"]}
        for command in dict.fromkeys(by_place[named["place"]].header.command for named in document["named"]):
            self._add("used", **{"prov:activity": f"command:{command}", "prov:entity": name})

    def _decision(self, decision: dict[str, Any], name: str, recorded: Recorded, found: Sequence[dict[str, Any]]) -> None:
        command = f"command:{recorded.header.command}"
        self.told["entity"][name] = {
            "prov:type": _name("decision"),
            "casetrail:decision": decision["decision"],
            "casetrail:outcome": decision["outcome"],
            **present(**{"casetrail:ref": decision.get("ref"), "casetrail:lapsed": decision.get("lapsed")}),
        }
        self._add("wasGeneratedBy", **{"prov:entity": name, "prov:activity": command, "prov:time": decision["at"]})
        self._add("wasDerivedFrom", **{"prov:generatedEntity": name, "prov:usedEntity": f"entry:{recorded.place}"})
        if digest := decision.get("digest"):
            document = f"document:{digest}"
            self.told["entity"].setdefault(document, {"prov:type": _name("document"), "casetrail:digest": digest})
            self._add("wasDerivedFrom", **{"prov:generatedEntity": name, "prov:usedEntity": document})
        for decider in (one for one in decision.get("deciders", ()) if one["place"] not in self._withheld):
            self._decider(name, decider, decision.get("dissent", ()))
        if replaces := decision.get("replaces"):
            old = [other for other in found if other.get("ref") == replaces and other["place"] < decision["place"]][-1:]
            for other in old:
                replaced = _name_of(other, found)
                self._revised(name, replaced, command)
                self._add("wasInvalidatedBy", **{"prov:entity": replaced, "prov:activity": command, "prov:time": decision["at"]})

    def _decider(self, decision: str, decider: dict[str, Any], dissent: Sequence[str]) -> None:
        person, place = self._person(decider["person"]), f"entry:{decider['place']}"
        told = {
            "casetrail:position": decider["position"],
            "casetrail:capacity": decider["capacity"],
            "casetrail:partner": decider["partner"],
        }
        dissents = {"casetrail:dissents": True} if decider["partner"] in dissent else {}
        self._add("wasAttributedTo", **{"prov:entity": decision, "prov:agent": person}, **told, **dissents)
        self._add("wasDerivedFrom", **{"prov:generatedEntity": decision, "prov:usedEntity": place})

    # --- how

    def _revised(self, new: str, old: str, command: str) -> None:
        revision = _typed("prov:QUALIFIED_NAME", "prov:Revision")
        told = {"prov:generatedEntity": new, "prov:usedEntity": old, "prov:activity": command, "prov:type": revision}
        self._add("wasDerivedFrom", **told)

    def _person(self, person: str) -> str:
        name = f"person:{person}"
        self.told["agent"].setdefault(name, {"prov:type": _typed("prov:QUALIFIED_NAME", "prov:Person")})
        return name

    def _agent(self, of: str) -> str:
        """Whoever somebody acts for: a person, or whoever holds a post."""
        if of.startswith("person-"):
            return self._person(of)
        self.told["agent"].setdefault(f"role:{of}", {"prov:type": _name("role"), "prov:label": of})
        return f"role:{of}"

    def _add(self, relation: str, **told: Any) -> None:
        self._count += 1
        self.told.setdefault(relation, {})[f"_:r{self._count}"] = told


def _name_of(decision: dict[str, Any], found: Sequence[dict[str, Any]]) -> str:
    """A decision by its ref, where only one has it; else by the place of its entry."""
    ref = decision.get("ref")
    alone = ref is not None and sum(other.get("ref") == ref for other in found) == 1
    return f"decision:{ref}" if alone else f"decision:{decision['decision']}-{decision['place']}"


def _name(of: str) -> dict[str, str]:
    return _typed("prov:QUALIFIED_NAME", f"casetrail:{of}")


def _typed(type: str, value: str) -> dict[str, str]:
    return {"$": value, "type": type}
