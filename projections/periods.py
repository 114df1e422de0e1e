"""Fixed periods: quarters (`2025-Q1`, January to March) and financial years (`2024/25`, from the first of April)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple

from domain.working_days import LONDON, london_date

Unit = Literal["quarter", "financial-year"]

QUARTER = re.compile(r"(20\d\d)-Q([1-4])")
YEAR = re.compile(r"(20\d\d)/(\d\d)")
PATTERN = r"^20\d\d(-Q[1-4]|/\d\d)$"


class Period(NamedTuple):
    """A quarter or a financial year, from its first day to its last."""

    name: str
    first: date
    last: date

    @property
    def end(self) -> datetime:
        """The last instant of its last day in London: what was recorded until then, it knows."""
        midnight = datetime.combine(self.last + timedelta(days=1), time(), LONDON)
        return midnight.astimezone(UTC) - timedelta(microseconds=1)


def quarter(of: date) -> Period:
    """The quarter that a day lies in."""
    number = (of.month - 1) // 3
    first = date(of.year, 3 * number + 1, 1)
    after = date(of.year + number // 3, (3 * number + 3) % 12 + 1, 1)
    return Period(f"{of.year}-Q{number + 1}", first, after - timedelta(days=1))


def financial_year(of: date) -> Period:
    """The financial year that a day lies in."""
    year = of.year - (of.month < 4)
    return Period(f"{year}/{(year + 1) % 100:02}", date(year, 4, 1), date(year + 1, 3, 31))


def period(name: str) -> Period | None:
    """The period of this name; none where it is not one."""
    if found := QUARTER.fullmatch(name):
        return quarter(date(int(found[1]), 3 * int(found[2]), 1))
    if (found := YEAR.fullmatch(name)) and int(found[2]) == (int(found[1]) + 1) % 100:
        return financial_year(date(int(found[1]), 4, 1))
    return None


def ended(first: datetime, last: datetime) -> list[Period]:
    """The quarters that ended from one instant to another."""
    return [one for one in periods("quarter", london_date(first), london_date(last)) if first <= one.end <= last]


def periods(unit: Unit, first: date, last: date) -> Iterator[Period]:
    """The periods of a kind that have a day from one day to another."""
    of = quarter if unit == "quarter" else financial_year
    while first <= last:
        yield (found := of(first))
        first = found.last + timedelta(days=1)
