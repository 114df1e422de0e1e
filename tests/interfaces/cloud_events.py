"""What an event must be to be a CloudEvent: the rules of CloudEvents 1.0 and of its JSON format, as far as we use them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

REQUIRED = ("specversion", "id", "source", "type")
OURS = {"partnership", "place", "position"}
KNOWN = {*REQUIRED, "subject", "time", "datacontenttype", "dataschema", "data"}


def must_be(event: Any) -> None:
    """Fails where it is none."""
    assert isinstance(event, dict)
    for name in REQUIRED:
        assert isinstance(event.get(name), str), name
        assert event[name], name
    assert event["specversion"] == "1.0"
    assert {*event} <= KNOWN | OURS
    for name, value in event.items():
        assert re.fullmatch(r"[a-z0-9]{1,20}", name), f"{name}: attributes are lowercase letters and digits"
        if name != "data":
            assert isinstance(value, str | int), f"{name}: an attribute is a string, a number or true or false"
        if isinstance(value, int):
            assert -(2**31) <= value < 2**31, f"{name}: an Integer has 32 bits"
    assert urlsplit(event["source"]).path, "a URI reference"
    assert event["subject"], "if it is there, it is not empty"
    assert datetime.fromisoformat(event["time"]).tzinfo is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", event["time"]), "RFC 3339"
    assert event["datacontenttype"] == "application/json"
    assert isinstance(event["data"], dict)
    assert re.fullmatch(r"uk\.casetrail\.(case|candidate|calendar|procedure)\.[a-z0-9-]+\.v[1-9][0-9]*", event["type"])
