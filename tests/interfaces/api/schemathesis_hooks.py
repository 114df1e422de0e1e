"""What schemathesis cannot know from the document, each with its reason. Data that is meant to be invalid is asked as it is."""

from __future__ import annotations

import itertools
import os
import unicodedata
from typing import Any

import schemathesis

DEPENDS_ON_THE_STORE = {"casetrail-at", "as_of", "cursor", "place", "under", "change"}
"""Instants, places, editions and cursors are well formed or not by their schema, but which of them there are only the store knows:
a valid one beyond its end is answered 422."""


PERSONS = itertools.cycle(os.environ.get("CASETRAIL_ASKED_AS", "").splitlines() or [""])
"""Who asks, in turn; without any, whoever the command line names."""

OF_A_PARTNERSHIP = ("/api/v1/themes/{code}", "/api/v1/calendar-feeds", "/api/v1/reminders")
"""Of which partnership is wanted of whoever asks here and is of none."""


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: Any) -> None:
    if person := next(PERSONS):
        case.headers["Casetrail-Person"] = person
    query = case.query or {}
    if str(query.get("after", "")).isdigit():
        del query["after"]  # a position that there is not is waited for, and then 503: test_looking.py asks it
    for name in [name for name in case.headers or {} if name.lower() == "last-event-id"]:
        del case.headers[name]  # likewise: test_events.py asks it; and `null` in a header is a word
    mode = case.meta.generation.mode if case.meta else None
    if mode is not None and mode.is_negative:
        return
    for container in (case.headers or {}, query):
        for name in [name for name in container if name.lower() in DEPENDS_ON_THE_STORE]:
            del container[name]
    if case.operation.path.endswith(("/ledger/consistency", "/ledger/entries")):
        low, high = sorted(int(query[end]) for end in ("from", "to"))  # from a lower to a higher, and not too many at once
        query |= {"from": low, "to": min(high, low + 65_536)}
    if case.operation.path.startswith(OF_A_PARTNERSHIP):
        query.setdefault("partnership", "bolton")
        case.query = query
    if isinstance(case.body, dict):
        case.body = _in_order(_printable(case.body))
        if case.operation.path.endswith("/decide-thematic"):
            case.body.pop("candidate", None)  # the path names it; another one in the body is refused
        if case.body.get("outcome") != "given" and case.operation.path.endswith("/record-notification-consent"):
            case.body |= {"because": "x"}  # wanted unless consent was given, which JSON Schema cannot say as simply


def _printable(value: Any) -> Any:
    """Without control characters and rare spaces: NUL is refused in every text, which a type cannot say beside its pattern
    (test_commands.py asks it), and what a pattern calls white space among the others differs between JSON Schema, Python and Rust."""
    if isinstance(value, str):
        return "".join("·" if unicodedata.category(c) == "Cc" or c == "\ufeff" or (c.isspace() and c != " ") else c for c in value)
    if isinstance(value, dict):
        return {_printable(key): _printable(inner) for key, inner in value.items()}
    return [_printable(inner) for inner in value] if isinstance(value, list) else value


PERIODS = (("period_from", "period_to"), ("opens_on", "closes_on"), ("happened_on", "happened_until"))


def _in_order(body: dict[str, Any]) -> dict[str, Any]:
    """A period that ends before it begins is malformed, which JSON Schema cannot say."""
    for begins, ends in PERIODS:
        for part in (body, body.get("incident")):
            if isinstance(part, dict) and part.get(begins) and part.get(ends):
                part[begins], part[ends] = sorted((part[begins], part[ends]))
    return body
