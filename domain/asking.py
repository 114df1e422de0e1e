"""The circumstances of an asking: who asks, when, about which day, and under which procedure and calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from domain.people import By

if TYPE_CHECKING:
    from domain.candidate import Candidate
    from domain.case import Case
    from domain.procedure import Procedure
    from domain.recorded import Recorded
    from domain.themes import CodeSet
    from domain.working_days import Calendar


@dataclass(frozen=True, slots=True)
class Asking:
    """Everything outside the case that a decision may rest on. Passed in, so that deciding is pure.

    `at` is the UTC instant, `today` its date in London, `on` the day the deed happened, never after `today`.
    `history` is that of the case, for what speaks of an entry of it: a correction, a redaction, a disposal.
    """

    by: By
    at: datetime
    today: date
    on: date
    procedure: Procedure
    calendar: Calendar
    codes: CodeSet
    elsewhere: Mapping[str, Case | Candidate] = field(default_factory=dict)
    history: Sequence[Recorded] = ()
