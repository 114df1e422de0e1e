"""The clocks of a case as they are told: judged as of a day, with the arithmetic, rule, source, editions and events of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from domain.clock import clock_item
from domain.clocks import ClockState
from domain.working_days import SHIPPED, Calendar


def clock_items(clock_state: ClockState, today: date, calendars: Mapping[str, Calendar] = SHIPPED) -> list[dict[str, Any]]:
    """Every clock, superseded and cancelled ones among them, as `docs/api.md` says. `today` is the day the verdicts are of."""
    return [clock_item(clock, today, calendars) for clock in clock_state.clocks]
