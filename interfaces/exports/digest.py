"""A digest as a mail: which deadlines are overdue and which are due soon, where to look, and not a word of any case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from domain.working_days import Calendar, said
from projections.board import BoardRow

AHEAD = 5
"""Working days that a digest looks ahead, its own day not counted."""

MOST = 100
"""Deadlines told one by one in each part of a digest; of more only how many they are."""


@dataclass(frozen=True)
class Due:
    """What falls to somebody on a working day: what is overdue, and what is due by the last day that the digest looks ahead to."""

    day: date
    last: date
    overdue: tuple[BoardRow, ...]
    due: tuple[BoardRow, ...]

    @classmethod
    def among(cls, rows: Sequence[BoardRow], day: date, calendar: Calendar) -> Due:
        """Of clocks that are waited for, those with a day to be late by.

        Raises:
            BeyondCalendar: it is not known which of the next days are working days.
        """
        last = calendar.add(day, AHEAD)
        dated = [row for row in rows if row.clock.due is not None and row.clock.open and not row.clock.within.runs_out]
        return cls(day, last, tuple(row for row in dated if _due(row) < day), tuple(row for row in dated if day <= _due(row) <= last))

    def __bool__(self) -> bool:
        return bool(self.overdue or self.due)

    @property
    def subject(self) -> str:
        overdue = [f"{len(self.overdue)} overdue"] if self.overdue else []
        due = [f"{len(self.due)} due by {self.last.day} {self.last:%B}"] if self.due else []
        return f"Casetrail: {', '.join(overdue + due)}"


def mail(due: Due, *, post: str, sender: str, to: str, message_id: str, at: datetime, base_url: str) -> EmailMessage:
    """The digest, ready to be sent. `post` says whose deadlines they are."""
    made = EmailMessage(policy=SMTP)
    made["From"] = f"Casetrail <{sender}>"
    made["To"] = to
    made["Subject"] = due.subject
    made["Date"] = format_datetime(at)
    made["Message-ID"] = message_id
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text(due, post=post, base_url=base_url), cte="7bit")
    return made


def text(due: Due, *, post: str, base_url: str) -> str:
    """What the mail says."""
    lines = [f"{post}, {said(due.day)}", ""]
    lines += _part("Overdue", "was due", due.overdue, base_url)
    lines += _part(f"Due by {said(due.last)}", "due", due.due, base_url)
    lines += [
        "You asked to be reminded on working days. Withdraw it where you asked for it.",
        "Please do not answer this mail: nobody reads it.",
    ]
    return "\n".join(lines) + "\n"


def _part(title: str, verb: str, rows: Sequence[BoardRow], base_url: str) -> list[str]:
    if not rows:
        return []
    lines = [f"{title}: {len(rows)}", ""]
    for row in rows[:MOST]:
        clock = row.clock.clock.replace("-", " ").capitalize()
        lines += [f"* {clock}", f"  {verb} {said(_due(row))}, {row.partnership.capitalize()}"]
        lines += [f"  {base_url.rstrip('/')}/api/v1/cases/{row.case}", ""]
    if len(rows) > MOST:
        lines += [f"And {len(rows) - MOST} more: the deadline board has them all.", ""]
    return lines


def _due(row: BoardRow) -> date:
    return row.clock.due or date.max
