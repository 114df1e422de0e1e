"""The report in a case file: the case for people, as one page to read or to print. It needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from application.case_file import in_words
from application.case_file.challenges import absence_rows, escalation_rows
from application.case_file.disclosing import Disclosed, Reader
from application.case_file.in_words import Persons
from application.case_file.rules import Rules
from application.case_file.sections import clock_rows, decision_parts, party_rows
from application.case_view.words import counted, place_name, plainly, sentence_case
from application.ledger.notes import Key, Note, Policy
from domain.corrections import RecordCorrected
from domain.fields import inside

PAGES = Environment(
    loader=PackageLoader("application.case_file", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True, keep_trailing_newline=True,
)  # fmt: skip
PAGES.globals |= {"field": in_words.field, "moment": in_words.moment, "on": in_words.on, "read": in_words.read}
PAGES.globals |= {"place_name": place_name, "plainly": plainly, "sentence_case": sentence_case}


@dataclass(frozen=True)
class AsRead:
    """A case as it is told to others, with the words its reader may read, judged on a day."""

    overview: Mapping[str, Any]
    entries: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]
    clocks: Sequence[Mapping[str, Any]]
    escalations: Sequence[Mapping[str, Any]]
    absences: Sequence[Mapping[str, Any]]
    judged_on: date


@dataclass(frozen=True)
class Covered:
    """Up to where the file goes: the checkpoint, the position of the last event it covers, by whose keys, and how many events of the
    case were recorded since. Then its last place, and the hash of each place that is withheld."""

    note: Note
    position: int
    log_key: Key
    policy: Policy
    left_out: int
    places: int
    withheld: Mapping[int, bytes]


def report(case: AsRead, history: Sequence[Disclosed], covered: Covered, rules: Rules, reader: Reader) -> str:
    """The page."""
    persons = Persons()
    entries = [*_entries(case, history, persons)]
    return (
        PAGES.get_template("report.html")
        .render(
            case=case.overview,
            judged_on=case.judged_on.isoformat(),
            title=_title(case.overview),
            about=_about(case.overview, as_shown=bool(covered.withheld)),
            parties=[*party_rows(case.overview, persons)],
            entries=_with_places_withheld(entries, covered),
            late=[entry for entry in entries if entry["late"]],
            clocks=[*clock_rows(case.clocks)],
            decisions=[decision_parts(decision, persons) for decision in case.decisions],
            escalations=[*escalation_rows(case.escalations, persons)],
            absences=[*absence_rows(case.absences)],
            not_shown=[
                {"place": one.recorded.place, "path": text.path, "state": text.state}
                for one in history
                for text in one.texts
                if text.state != "opened"
            ],
            rules=rules,
            covered=covered,
            cosigned=covered.note.cosigned_by(covered.policy.witnesses),
            reader=persons.who({"person": reader.by.person, "role": reader.by.role, "organisation": reader.by.organisation})
            if reader.by
            else None,
            last=_last(history, covered),
            persons=persons.listed(),
        )
        .lstrip()
    )


def _title(case: Mapping[str, Any]) -> str:
    """What the case is called; of one whose opening is withheld nothing but its id is known."""
    return f"{case['label']}, {place_name(case['partnership'])}" if "label" in case else f"Case {case['case']}"


def _last(history: Sequence[Disclosed], covered: Covered) -> dict[str, Any]:
    """The last place of the case, and its hash; its instant only if it is shown."""
    last = history[-1].recorded
    if last.place == covered.places:
        return {"place": last.place, "hash": last.hash, "at": last.at}
    return {"place": covered.places, "hash": covered.withheld[covered.places], "at": None}


def _about(case: Mapping[str, Any], *, as_shown: bool) -> Iterator[tuple[str, str]]:
    """What the case is, in a few lines."""
    if "label" in case:
        yield "Pseudonym", case["label"]
        yield "Partnership", place_name(case["partnership"])
    yield "Stage, as far as the entries shown tell" if as_shown else "Stage", sentence_case(case["stage"])
    if "opened_on" in case:
        yield "Opened", in_words.on(case["opened_on"])
    if "closed_on" in case:
        yield "Closed", in_words.on(case["closed_on"])
    if "route" in case:
        yield "Route", "The partners" if case["route"] == "partners" else sentence_case(plainly(case["route"]))
    if "concern" in case:
        yield "Concern", sentence_case(plainly(case["concern"]))
    if "rerouted_on" in case:
        yield "Treated as a serious incident since", in_words.on(case["rerouted_on"])
    if "referred_to" in case:
        yield "Referred to", place_name(case["referred_to"])
    if "duplicate_of" in case:
        yield "Found to be a duplicate of the case", case["duplicate_of"]
    if case.get("portal_references"):
        yield "References of the portal", ", ".join(case["portal_references"])
    if "publication_planned_for" in case:
        yield "Publication planned for", in_words.on(case["publication_planned_for"])
    yield "Id of the case", case["case"]


# --- the history


def _entries(case: AsRead, history: Sequence[Disclosed], persons: Persons) -> Iterator[dict[str, Any]]:
    """Each event, with what was said in it, how late it was recorded, and what corrects it."""
    corrections: dict[int, list[dict[str, Any]]] = {}
    for one, item in zip(history, case.entries, strict=True):
        if isinstance(one.recorded.event, RecordCorrected):
            corrections.setdefault(item["corrects"], []).append(_correction(one.recorded.event, item, case.entries, persons))
    for one, item in zip(history, case.entries, strict=True):
        yield {
            "place": item["place"],
            "on": item["on"],
            "at": item["at"],
            "sentence": item["sentence"],
            "who": persons.who(item["by"]),
            "late": _late(item.get("late_entry"), item.get("transcribed_by"), persons),
            "corrects": item.get("corrects"),
            "corrections": corrections.get(item["place"], []),
            "texts": [{"path": text.path, "state": text.state, "shown": text.shown} for text in one.texts],
        }


def _with_places_withheld(entries: Iterable[dict[str, Any]], covered: Covered) -> list[dict[str, Any]]:
    """Every place in order; of one that is withheld nothing but that."""
    empty = ({"place": place, "withheld": True} for place in covered.withheld)
    return sorted([*({**entry, "withheld": False} for entry in entries), *empty], key=lambda entry: entry["place"])


def _late(late: Mapping[str, Any] | None, transcribed_by: str | None, persons: Persons) -> dict[str, str] | None:
    """By how much it was recorded late (QA-3), and why."""
    if late is None:
        return None
    days, unit = (late["working_days"], "working day") if "working_days" in late else (late["days"], "day")
    by = counted(days, unit)
    if transcribed_by:
        return {"by": by, "why": f"It was transcribed from earlier records by {persons.named(transcribed_by)}.", "reason": ""}
    reason = late.get("because") or ""
    none = "No reason is shown." if "as_far_as_shown" in late else "No reason is recorded."
    return {"by": by, "why": "" if reason else none, "reason": reason}


def _correction(event: RecordCorrected, item: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], persons: Persons) -> dict[str, Any]:
    """What a correction says of the entry that it corrects: each value as it was and as it should have been."""
    wrong = next((entry for entry in entries if entry["place"] == event.event_place), None)
    was = {**wrong["fields"], "on": wrong["on"]} if wrong else {}
    now = dict(_leaves(item["fields"].get("correction", {})))
    now |= item["fields"].get("words", {})
    now |= {name["path"]: name["words"] for name in item["fields"].get("names", ())}
    changes = [
        {"path": path, "was": in_words.value(_at(was, path), persons), "now": in_words.value(told, persons)} for path, told in now.items()
    ]
    return {"place": item["place"], "at": item["at"], "changes": changes, "because": item["fields"].get("because")}


def _leaves(told: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(told, Mapping):
        for key, inner in told.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif told is not None:  # in whose place words stand
        yield path, told


def _at(fields: Mapping[str, Any], path: str) -> Any:
    try:
        return inside(fields, path)
    except (KeyError, IndexError, TypeError, ValueError):
        return None
