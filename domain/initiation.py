"""How a rapid review begins: by the Panel's being notified, by a decision of the three, or by the business manager (BOL-48, X-9)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from domain.language import CaseEvent, replace

if TYPE_CHECKING:
    from domain.case import Case
    from domain.recorded import Recorded


class RapidReviewInitiated(CaseEvent, name="rapid-review-initiated"):
    """A rapid review began. `decision` is the decision that started it; without one, the notification to the Panel did (X-9)."""

    decision: str | None = None
    period_from: date | None = None
    period_to: date | None = None

    def apply(self, case: Case, then: Recorded) -> Case:
        before = case.rapid_review
        anew = type(before)(
            initiated=True,
            facilitator=before.facilitator,
            period_from=self.period_from or before.period_from,
            period_to=self.period_to or before.period_to,
        )
        return replace(case, rapid_review=anew)
