"""A digest as a mail: which deadlines are overdue and which are due soon, where to look, and not a word of any case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from application.broken_glass import Broken
from domain.working_days import Calendar, london_date, said
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
    glass: tuple[Broken, ...] = ()

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
        return bool(self.overdue or self.due or self.glass)

    @property
    def subject(self) -> str:
        overdue = [f"{len(self.overdue)} overdue"] if self.overdue else []
        due = [f"{len(self.due)} due by {self.last.day} {self.last:%B}"] if self.due else []
        glass = [f"{len(self.glass)} broken glass to judge"] if self.glass else []
        return f"Casetrail: {', '.join(glass + overdue + due)}"


def mail(due: Due, *, post: str, sender: str, to: str, message_id: str, at: datetime, base_url: str) -> EmailMessage:
    """The digest, ready to be sent. `post` says whose deadlines they are."""
    return letter(text(due, post=post, base_url=base_url), due.subject, sender, to, message_id, at)


def letter(text: str, subject: str, sender: str, to: str, message_id: str, at: datetime) -> EmailMessage:
    """A mail that nobody is to answer."""
    made = EmailMessage(policy=SMTP)
    made["From"] = f"Casetrail <{sender}>"
    made["To"] = to
    made["Subject"] = subject
    made["Date"] = format_datetime(at)
    made["Message-ID"] = message_id
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text, cte="7bit")
    return made


def text(due: Due, *, post: str, base_url: str) -> str:
    """What the mail says."""
    lines = [f"{post}, {said(due.day)}", ""]
    lines += _glass(due.glass, base_url)
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


def _glass(glass: Sequence[Broken], base_url: str) -> list[str]:
    if not glass:
        return []
    lines = [f"Broken glass that nobody has judged yet: {len(glass)}", ""]
    for one in glass[:MOST]:
        lines += [f"* Broken {said(london_date(one.at))}, {one.partnership.capitalize()}"]
        lines += [f"  {base_url.rstrip('/')}/api/v1/cases/{one.case}/history?from_place={one.place}", ""]
    if len(glass) > MOST:
        lines += [f"And {len(glass) - MOST} more.", ""]
    return lines


def _due(row: BoardRow) -> date:
    return row.clock.due or date.max
