"""What clocks are counted from and stopped by: an event, or what several events make together.

Most moments are an event of their own name. The chapters here say what makes the others: "shared with all three", "the
responsible authority became aware", "the last notification needed". Each is a question to the facts, and names the events it reads.
"""

from domain.moments import decisions, notification, rapid_review, review
from domain.moments.grammar import STARTS, STOPS, Moment, Start, Stop, Stopped

__all__ = ["STARTS", "STOPS", "Moment", "Start", "Stop", "Stopped", "decisions", "notification", "rapid_review", "review"]
