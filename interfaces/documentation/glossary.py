"""`docs/glossary.md`: the words of the field and of the house, from docstrings and a small table."""

from __future__ import annotations

from pathlib import Path

from domain import candidate, clock, decisions, facts, moments, people, personal, recorded
from domain.case import Case
from domain.language import CaseEvent, Command, Refused
from domain.people import PARTNERS
from domain.stages import commissioning
from interfaces.documentation.markdown import code, page, sentence, table

FIELD = {
    "Case": "What is recorded about one matter, under a pseudonym, from its opening to its closing. One append-only history.",
    "Partnership": "The safeguarding partners of an area: Bolton, Bury, Barnet, or England for the national guidance alone.",
    "Partner": f"One of the three statutory partners: {code(*PARTNERS)}.",
    "Panel": "The Child Safeguarding Practice Review Panel: it is notified of serious incidents and reads rapid reviews.",
    "Serious incident": "Abuse or neglect is known or suspected, and a child has died or was seriously harmed.",
    "Notification": "The form by which somebody tells the partners of a case; or, through the portal, the local authority tells the Panel.",
    "Route": "How a case came: by the local authority, an organisation, a parent, the community, a young person or the partners.",
    "Concern": "What a case was brought for: a serious incident, or learning of one of three kinds.",
    "Threshold": "What has to be true for a kind of review. The three partners decide whether it is met.",
    "Rapid review": "The quick first look, statutory after a serious incident: facts, immediate action, improvements, next steps.",
    "Practice review": "A local child safeguarding practice review: statutory, deeper, and commissioned by the partners.",
    "Learn from success": "A review of what worked well and why.",
    "Local learning review": "A review of an injury or death that was not a serious incident, where practice could be stronger.",
    "Thematic review": "One review over many cases in which an issue recurs.",
    "Facilitator": "Who leads a rapid review: the business manager, or somebody else where the manager has an interest.",
    "Endorsement": "A partner's or member's position on one exact text, named by its digest.",
    "Challenge": "An organisation's way to have a decision looked at again, from level to level.",
    "Representation": "A person's way to say how they see a decision; it is considered and answered.",
    "Hold": "Interviews, disclosure or publication wait while proceedings run. A legal hold keeps everything from being destroyed.",
    "Learning brief": "The learning of a review, summed up and published.",
    "Assurance": "The evidence by which an agency shows what it did about a recommendation.",
    "Edition": "One version of a procedure or of the calendar, adopted in the store, never changed afterwards.",
    "Working day": "Monday to Friday and no bank holiday of England.",
}
"""Words of the people who do this work."""

HOUSE = {
    "on": "The day something happened in the world. Clocks count from it.",
    "at": "The instant it was recorded, by the database's clock.",
    "place": "The position of an event in the history of its case: 1, 2, 3 …",
    "position": "The position of an event in the whole log.",
    "seen": "The place of the case that the asker had last been shown.",
    "ref": "What something is called later on, unique within its case: `threshold-1`, `challenge-2`.",
    "digest": "The SHA-256 of the exact bytes of a document, in lowercase hexadecimal.",
    "stream": "A history of its own: a case, a candidate, the calendar of England, a line of procedures.",
    "sealed": "Stored as a salted commitment and a ciphertext, under a key that can be destroyed.",
    "erased": "The key was destroyed: the words are gone, and every proof still holds.",
    "as of": "As recorded by an instant: what was recorded later is not known yet.",
    "dry run": "The answer as if, with nothing recorded.",
    "superseded": "Replaced by a corrected trigger, a moved date or a new calendar, and still readable.",
}
"""Words of this software."""

GRAMMAR: dict[str, object] = {
    "event": CaseEvent,
    "command": Command,
    "refusal": Refused,
    "case (in code)": Case,
    "envelope": recorded.Header,
    "round": decisions.Round,
    "decision": decisions.Decision,
    "moment": moments.Moment,
    "facts": facts.Facts,
    "clock": clock.Clock,
    "candidate": candidate.Candidate,
    "by": people.By,
    "sealed words": personal.Sealed,
    "commissioning": commissioning.Commissioning,
}
"""Classes whose own sentence says it best."""


def document(checkout: Path) -> str:
    return page(
        "Glossary",
        "The words that the code, the API, the command line and the pages share.",
        "## Words of the field",
        table(("word", "meaning"), sorted(FIELD.items())),
        "## Words of this software",
        table(("word", "meaning"), HOUSE.items()),
        "## Words of the code",
        table(
            ("word", "class", "meaning"),
            ((word, f"`{getattr(cls, '__name__', word)}`", sentence(cls) + ".") for word, cls in GRAMMAR.items()),
        ),
    )


def _of_code(word: str, cls: object) -> tuple[str, str, str]:
    return word, f"`{getattr(cls, '__name__', word)}`", f"{sentence(cls)}."
