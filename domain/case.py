"""The Case: one field per stage, holding only what a later decision needs; and how it is recalled from its history."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import msgspec

from domain.access import Access
from domain.corrections import effective
from domain.holds import Holds
from domain.interests import Interests
from domain.recorded import Recorded
from domain.stages.closing import Closing
from domain.stages.commissioning import Commissioning
from domain.stages.escalation import Escalation
from domain.stages.learning import Learning
from domain.stages.notification import Notification
from domain.stages.opening import Opening
from domain.stages.outcome import Outcome
from domain.stages.participation import Participation
from domain.stages.publication import Publication
from domain.stages.rapid_review import RapidReview
from domain.stages.review import Review
from domain.stages.theme_assignment import ThemeAssignment
from domain.stages.threshold import Threshold


class Case(msgspec.Struct, frozen=True):
    """A case as decisions see it. An untouched stage stands at its defaults."""

    opening: Opening = Opening()
    notification: Notification = Notification()
    threshold: Threshold = Threshold()
    rapid_review: RapidReview = RapidReview()
    outcome: Outcome = Outcome()
    escalation: Escalation = Escalation()
    commissioning: Commissioning = Commissioning()
    review: Review = Review()
    participation: Participation = Participation()
    publication: Publication = Publication()
    learning: Learning = Learning()
    themes: ThemeAssignment = ThemeAssignment()
    closing: Closing = Closing()
    interests: Interests = Interests()
    holds: Holds = Holds()
    access: Access = Access()


def remember(case: Case, recorded: Recorded) -> Case:
    """The case with one more event remembered. History is never refused."""
    return recorded.event.apply(case, recorded)  # type: ignore[no-any-return]  # every case event's apply gives a Case


def recall(history: Iterable[Recorded]) -> Case:
    """The case from its history, with corrected facts in the place of those they correct."""
    return reduce(remember, effective(history), Case())
