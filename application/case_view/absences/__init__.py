"""What is expected and absent: the non-events of a case, each dated, with the rule that asks for it.

Two kinds. What a clock waits for comes from the clocks, so that the two never disagree. What the guidance asks for without giving
it a time is found in `deciding` and `reviewing`, in the order of the guidance; such an absence is dated from what gave rise to it
and is never late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from application.case_view.absences import deciding, reviewing
from application.case_view.absences.record import Record, absent
from application.case_view.readable import present
from domain.access import BreakGlassReviewed, GlassBroken
from domain.corrections import effective
from domain.language import RULE
from domain.recorded import Recorded
from domain.stages.review import DelayReported

WAITED_FOR = {
    "serious-incident-notification": "The Panel has not been notified of the serious incident",
    "local-form": "The local form has not been sent to the safeguarding partners",
    "acknowledgement": "The notification has not been acknowledged",
    "copy-to-partners": "The notification has not been shared with each of the three partners",
    "feedback-to-referrer": "The decision has not been fed back to the referrer with its rationale",
    "rapid-review-meeting": "The rapid review meeting has not been held",
    "rapid-review-local": "The rapid review has not been sent to the Panel",
    "rapid-review-national": "The rapid review has not been sent to the Panel",
    "rapid-review-convened": "The rapid review has not been convened",
    "agency-report": "The agency has neither sent its report nor said that it was not involved",
    "practice-review-complete": "The report of the practice review is not endorsed",
    "practice-review-published": "The report of the practice review is not published",
    "pre-publication-copy": "No copy of the endorsed report has been sent ahead of publication",
    "learn-from-success-complete": "The report of the Learn from Success review is not endorsed",
    "local-learning-review-complete": "The report of the Local Learning Review is not endorsed",
    "referral": "No referral has been received",
    "panel-told-of-review": "The Panel has not been told of the local review",
    "looked-after-child-death": "The death of the looked-after child has not been notified",
    "care-leaver-death": "The death of the care leaver has not been notified",
    "progress-review": "No progress review has been held since",
    "recommendation": "No assurance has been accepted on the recommendation",
    "panel-information-request": "The information that the Panel asked for has not been supplied",
}
"""What each clock waits for, said as long as it waits. A clock that nothing stops is not among them."""

WAITING = ("running", "overdue", "elapsed")
PRACTICE_REVIEW = ("practice-review-complete", "practice-review-published")

GROUPS = (
    deciding.notification,
    deciding.threshold,
    reviewing.rapid_review,
    deciding.challenges,
    reviewing.review,
    reviewing.learning,
    deciding.holds,
)
"""In the order of the guidance."""


def absences(history: Sequence[Recorded], clocks: Iterable[Mapping[str, Any]], today: date) -> list[dict[str, Any]]:
    """What the procedure asks for and the record lacks as of `today`, by the day since which it is expected.

    `clocks` are the items of `clock_items`. Each absence has `absent` (a code), `sentence`, `rule`, `since`, `events` (the places
    that give rise to it) and, where there is one, `about`; what a clock waits for has its `clock`, `due`, `verdict`,
    `overdue_by` and `owed_by` as well, and its rule in words as `within`.
    """
    record = Record(effective(history))
    known = [*clocks]
    found = [*_waited_for(known, record), *_delays_unreported(known, record), *_glass_unreviewed(record)]
    if not record.set_aside:
        for group in GROUPS:
            found += group(record, today)
    return sorted(found, key=lambda absence: (absence.get("since") or absence.get("due") or "", absence["absent"]))


# --- what a clock waits for


def _waited_for(clocks: Iterable[Mapping[str, Any]], record: Record) -> Iterator[dict[str, Any]]:
    kept = ("clock", "about", "due", "verdict", "overdue_by", "owed_by", "source", "events")
    for clock in clocks:
        if clock["clock"] == "progress-review" and record.review_done_since(clock.get("from", "")):
            continue
        if clock["clock"] in WAITED_FOR and clock["verdict"] in WAITING and "done" not in clock:
            cited = RULE.search(clock["source"])
            yield {
                "absent": clock["clock"],
                "sentence": f"{WAITED_FOR[clock['clock']]}.",
                "rule": cited.group() if cited else clock["source"],
                "within": clock["rule"],
                **present(since=clock.get("from")),
                **{name: clock[name] for name in kept if name in clock},
            }


def _delays_unreported(clocks: Iterable[Mapping[str, Any]], record: Record) -> Iterator[dict[str, Any]]:
    """A practice review past its six months of which nobody was told why (X-2)."""
    late = [clock for clock in clocks if clock["clock"] in PRACTICE_REVIEW and clock["verdict"] == "overdue"]
    if late and not record.all(DelayReported):
        yield {
            "absent": "delay-reported",
            "sentence": "Neither the Panel nor the Secretary of State has been told why the review takes longer.",
            "rule": "X-2",
            "since": min(clock["due"] for clock in late),
            "events": sorted({place for clock in late for place in clock["events"]}),
        }


# --- who let themselves in


def _glass_unreviewed(record: Record) -> Iterator[dict[str, Any]]:
    """Broken glass that information governance has not judged yet, whatever became of the case."""
    reviewed = {event.grant for _, event in record.all(BreakGlassReviewed)}
    for recorded, broken in record.all(GlassBroken):
        if broken.ref not in reviewed:
            sentence = f"Somebody broke the glass ({broken.ref}), and whether that was justified has not been judged"
            yield absent("break-glass-review", sentence, "permission matrix", recorded, about=broken.ref)
