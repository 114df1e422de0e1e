"""The parts of the report beside the history: parties, clocks and decisions, each as the page says it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from application.case_file.in_words import DAY, Persons, counting, on, places, verdict
from application.case_view.words import counted, plainly, say, sentence_case, text_of
from domain.language import listed

Told = Mapping[str, Any]

DECISIONS = {
    "threshold": "Threshold",
    "rapid-review-outcome": "Outcome of the rapid review",
    "criteria-not-met": "The criteria were found not to be met",
    "report-endorsement": "Endorsement of the report",
    "publication": "Publication",
    "thematic-candidate": "Candidate for a thematic review",
}


def words(code: str) -> str:
    """A code as it stands at the beginning of a cell."""
    return sentence_case(plainly(code))


def owed_by(codes: str) -> str:
    """Who owes something: agencies, posts, or the three partners."""
    return listed("the partners" if code == "partners" else plainly(code) for code in codes.split(", "))


# --- parties


def party_rows(case: Told, persons: Persons) -> Iterator[dict[str, str]]:
    """Who has a part in the case: as what, who, and since when."""
    parties = case["parties"]
    if facilitator := parties.get("facilitator"):
        yield _party("Facilitator of the rapid review", f"{words(facilitator['role'])}, {persons.named(facilitator['person'])}",
                     f"since {on(facilitator['since'])}")  # fmt: skip
    for agency in parties["agencies"]:
        said = [f"asked on {on(agency['asked_on'])}, by {on(agency['due_on'])}"] if "asked_on" in agency else []
        if agency.get("state") != "awaited":
            said.append(f"{plainly(agency['state'])} on {on(agency['answered_on'])}")
        yield _party("Agency", words(agency["agency"]), "; ".join(said))
    if review := parties.get("review"):
        yield _party("Commissioners", sentence_case(listed(persons.said(one) for one in review["commissioners"])),
                     f"{plainly(review['review'])}, commissioned on {on(review['on'])}")  # fmt: skip
    for reviewer in parties["reviewers"]:
        until = f", until {on(reviewer['removed_on'])}" if "removed_on" in reviewer else ""
        yield _party("Reviewer", sentence_case(persons.said(reviewer["person"])),
                     f"{plainly(reviewer['part'])}, {plainly(reviewer['source'])}, since {on(reviewer['since'])}{until}")  # fmt: skip
    for deputy in parties["deputies"]:
        yield _party(f"Deputy for {say(deputy['partner'])}", sentence_case(persons.named(deputy["person"])), f"since {on(deputy['since'])}")


def _party(part: str, who: str, since: str) -> dict[str, str]:
    return {"part": part, "who": who, "since": since}


# --- clocks


def clock_rows(clocks: Iterable[Told]) -> Iterator[dict[str, Any]]:
    """Each clock, with its counting in words."""
    for number, clock in enumerate(clocks, start=1):
        replaced_by = clock.get("replaced_by")
        yield {
            "number": number,
            "name": words(clock["clock"]) + (f" ({_about(clock['about'])})" if clock.get("about") else ""),
            "from": on(clock.get("from")),
            "due": on(clock.get("due")),
            "done": on(clock.get("done")),
            "verdict": sentence_case(verdict(clock)),
            "missed": clock["verdict"] in ("late", "overdue"),
            "owed_by": owed_by(clock["owed_by"]),
            "rule": clock["rule"],
            "source": clock["source"],
            "under": f"{listed(clock['procedure'])}; calendar {clock['calendar']}",
            "events": clock["events"],
            "counting": counting(clock),
            "why": clock.get("why"),
            "replaced_by": f"Replaced by a count to {on(replaced_by['due'])}." if replaced_by and replaced_by.get("due") else None,
        }  # fmt: skip


def _about(about: str) -> str:
    """An agency, a recommendation, or the day of a publication."""
    return on(about) if DAY.fullmatch(about) else plainly(about)


# --- decisions


def decision_parts(decision: Told, persons: Persons) -> dict[str, Any]:
    """One decision with those who took it, what they said, and what they had before them."""
    threshold = f", {plainly(decision['threshold'])}" if "threshold" in decision else ""
    return {
        "title": DECISIONS.get(decision["decision"], words(decision["decision"])) + threshold,
        "ref": decision.get("ref"),
        "outcome": plainly(decision["outcome"]) + (f"; then {plainly(decision['then'])}" if decision.get("then", "none") != "none" else ""),
        "standing": [*_standing(decision)],
        **_taken(decision, persons),
        "text": text_of(decision["digest"]) if "digest" in decision else None,
        "criteria": [
            {"criterion": words(one["criterion"]), "met": one.get("met", "not said"), "why": one.get("why", "")}
            for one in decision.get("criteria", ())
        ],
        "national": decision.get("national_review_view"),
        "learning": (decision.get("learning_considered") or {}).get("words"),
        "fed_back": [_fed_back(one) for one in decision.get("fed_back", ())],
        "reopened": [_reopened(one, persons) for one in decision.get("reopened", ())],
        "confirmed": [{"ref": one["ref"], **_taken(one, persons)} for one in decision.get("confirmed", ())],
    }


def _standing(decision: Told) -> Iterator[str]:
    if decision.get("replaces"):
        days = decision.get("days_until_the_partners_spoke")
        after = f"; from there until the partners spoke passed {counted(days, 'day')}" if days is not None else ""
        cause = f" because of {decision['cites']} ({plainly(decision['cause'])}){after}" if decision.get("cause") else ""
        yield f"It replaces {decision['replaces']}{cause}."
    if decision.get("replaced_by"):
        yield f"It was replaced by {decision['replaced_by']}."
    if decision.get("lapsed"):
        yield "It lapsed when the rapid review was discontinued."


def _taken(decision: Told, persons: Persons) -> dict[str, Any]:
    """When and by whom a decision, or its confirmation, was taken, and what was before them."""
    dissent = decision.get("dissent")
    return {
        "on": decision["on"],
        "at": decision["at"],
        "place": decision["place"],
        "recorded_by": persons.who(decision["recorded_by"]),
        "deciders": [_decider(one, persons) for one in decision.get("deciders", ())],
        "dissent": None if dissent is None else sentence_case(listed(say(one) for one in dissent)) if dissent else "",
        "rationale": decision.get("rationale"),
        "information": [*_information("Whoever recorded it", decision, persons)]
        + [line for one in decision.get("deciders", ()) for line in _information(sentence_case(say(one["partner"])), one, persons)],
    }


def _decider(decider: Told, persons: Persons) -> dict[str, Any]:
    said = [f"local review: {plainly(decider['local_review'])}"] if decider.get("local_review") else []
    said += [f"national review: {plainly(decider['national_review'])}"] if decider.get("national_review") else []
    behalf = f", on behalf of {persons.behalf(decider['behalf_of'])}" if decider.get("behalf_of") else ""
    return {
        "partner": sentence_case(say(decider["partner"])),
        "position": "; ".join([plainly(decider["position"]), *said]),
        "capacity": f"{plainly(decider['capacity'])}, {persons.named(decider['person'])}{behalf}",
        "delegation": (decider.get("delegation") or {}).get("words"),
        "words": [text for text in (decider.get("rationale"), decider.get("concerns")) if text],
        "on": decider["on"],
        "at": decider["at"],
        "place": decider["place"],
    }


def _information(whose: str, told: Told, persons: Persons) -> Iterator[dict[str, str]]:
    """What was before one person: what they said they had seen, had been shown, opened and sent; and what had not reached them."""
    if "information" not in told:
        return
    person = told["information"].get("person")
    said = [f"was sent {places(told['sent'])}" if told.get("sent") else "was sent nothing of the case"]
    if person is not None:
        seen = told.get("seen")
        confirmed = "which a recorded look confirms" if told.get("seen_confirmed") else "which no recorded look confirms"
        said.append("did not say what they had seen" if seen is None else f"said they had seen the case up to entry {seen}, {confirmed}")
        said.append(f"was shown it up to entry {told['shown_up_to']}" if told.get("shown_up_to") else "was shown none of it here")
        if told.get("opened"):
            said.append(f"opened {listed(text_of(one) for one in told['opened'])}")
    missing = told.get("existed_but_not_shown", {})
    lacking = [places(missing["places"])] if missing.get("places") else []
    lacking += [text_of(one) for one in missing.get("documents", ())]
    nothing = "Not told, since entries are withheld" if "as_far_as_shown" in told else "Nothing"
    yield {
        "whose": f"{whose}, {persons.named(person)}" if person else f"{whose}, entered for somebody else",
        "had": sentence_case("; ".join(said)) + ".",
        "lacked": sentence_case(listed(lacking)) if lacking else nothing if person else "Not known: a clerk wrote it down",
        "intact": "" if told.get("information_intact", True) else "Its own hash does not fit what it says.",
    }


def _fed_back(told: Told) -> str:
    how = "with" if told["rationale_included"] else "without"
    return f"Fed back to whoever notified on {on(told['on'])}, {how} the rationale (entry {told['place']})."


def _reopened(told: Told, persons: Persons) -> str:
    return (
        f"Re-opened on {on(told['on'])} by {persons.who(told['by'])}: {plainly(told['trigger'])}, {told['cites']} (entry {told['place']})."
    )
