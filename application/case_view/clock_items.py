"""The clocks of a case as they are told: judged as of a day, each with its arithmetic, rule, source, editions and the events it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from domain.clocks import ClockState, clock_item
from domain.working_days import SHIPPED, Calendar


def clock_items(clock_state: ClockState, today: date, calendars: Mapping[str, Calendar] = SHIPPED) -> list[dict[str, Any]]:
    """Every clock, superseded and cancelled ones among them, as `api.md` says. `today` is the day the verdicts are of."""
    return [clock_item(clock, today, calendars) for clock in clock_state.clocks]
