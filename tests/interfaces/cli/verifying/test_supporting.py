"""The adoptions that the events rest on: in their streams, before they were named, each with its text. Two verifiers think the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.interfaces.cli.verifying.making import BOLTON, CASE, HOLIDAYS, TOML, Record, Words, lines, sha
from tests.interfaces.cli.verifying.packing import pack
from tests.interfaces.cli.verifying.refusing import agreed, changed, good, record, relined

NAMED = {"procedure": ["bolton", "england-2025"], "calendar": "england-2026"}
ENGLAND: dict[str, Any] = {"edition": "england-2025", "digest": sha(TOML).hex()}
YEAR: dict[str, Any] = {"edition": "england-2026", "holidays": HOLIDAYS}


def adopting(*, lines_of=("procedure/england", "calendar/england"), year=YEAR, late=False, again=False, before_again=None) -> Record:
    """A record that adopts, tells one event, and adopts again or too late, as is asked."""
    made = Record(between=1)
    if not late:
        made.append(lines_of[0], "procedure-edition-adopted", ENGLAND)
    made.append(lines_of[1], "calendar-edition-adopted", year)
    made.append("procedure/bolton", "procedure-edition-adopted", {"edition": "bolton", "digest": sha(BOLTON).hex()})
    made.append(f"case/{CASE}", "notification-received", {}, **NAMED)
    if before_again:
        before_again(made)
    if late or again:
        made.append(lines_of[0], "procedure-edition-adopted", ENGLAND)
    return made


def test_supporting_events_stand_in_the_order_of_positions():
    assert agreed(good())
    assert not agreed(relined("supporting.jsonl", lambda there: there[::-1]))
    assert not agreed(relined("supporting.jsonl", lambda there: [there[1], there[0], there[2]]))
    taken = record().streams[f"case/{CASE}"][0].position
    assert not agreed(relined("supporting.jsonl", lambda there: [*there[:2], there[2] | {"position": taken}]))


def test_an_edition_may_be_adopted_again():
    assert agreed(pack(adopting(again=True).files()))
    twice = adopting(again=True).files()
    first, *rest = twice["data/supporting.jsonl"].splitlines(keepends=True)
    assert agreed(pack({**twice, "data/supporting.jsonl": b"".join([first, *rest[:-1]])}))


def test_an_edition_is_adopted_before_an_event_names_it():
    assert not agreed(pack(adopting(late=True).files()))
    twice = adopting(again=True).files()
    assert not agreed(pack({**twice, "data/supporting.jsonl": b"".join(twice["data/supporting.jsonl"].splitlines(keepends=True)[1:])}))


@pytest.mark.parametrize("streams", [
    ("procedure/england", "calendar/wales"), ("procedure/england", "calendar"), ("procedure", "calendar/england"),
    ("procedure/", "calendar/england"), ("procedure/a/b", "calendar/england"), ("calendar/england", "procedure/england"),
    ("procedures/england", "calendar/england"), ("procedure/england ", "calendar/england"),
])  # fmt: skip
def test_adoptions_stand_in_streams_of_their_own(streams):
    assert not agreed(pack(adopting(lines_of=streams).files()))


def test_one_stream_has_one_salt():
    def salted_anew(made: Record) -> None:
        made.salts["procedure/england"] = bytes(32)

    files = adopting(again=True, before_again=salted_anew).files()
    first = {"stream_salt": sha(b"salt", b"procedure/england").hex()}
    assert not agreed(relined("supporting.jsonl", lambda there: [there[0] | first, *there[1:]], files))
    assert agreed(relined("supporting.jsonl", lambda there: [there[0] | first, *there[1:-1]], files))


def test_no_place_of_a_stream_stands_twice():
    def begun_anew(made: Record) -> None:
        made.first = made.streams.pop("procedure/england")  # type: ignore[attr-defined]

    made = adopting(again=True, before_again=begun_anew)
    made.streams["procedure/england"] += made.first  # type: ignore[attr-defined]
    assert not agreed(pack(made.files()))


def test_what_follows_in_a_stream_has_the_hash_of_what_it_follows():
    def hashed_anew(made: Record) -> None:
        made.first = made.streams["procedure/england"].pop()  # type: ignore[attr-defined]
        made.streams["procedure/england"].append(replace(made.first, hash=bytes(32)))  # type: ignore[attr-defined]

    made = adopting(again=True, before_again=hashed_anew)
    made.streams["procedure/england"][0] = made.first  # type: ignore[attr-defined]
    files = made.files()
    assert not agreed(pack(files))
    assert agreed(relined("supporting.jsonl", lambda there: there[:-1], files))


def test_words_of_supporting_events_may_be_sealed_and_are_not_opened():
    assert agreed(pack(adopting(year={**YEAR, "source": Words("the gazette")}).files()))
    half = {"c": "0" * 64, "e": "A" * 60, "k": ""}
    assert not agreed(pack(adopting(year={**YEAR, "source": half}).files()))


def days(edition: list[Any], adopted: dict[str, Any]) -> bytes:
    files = adopting(year={"edition": "england-2026", **adopted}).files()
    return changed("editions/calendars/england-2026.json", lines([{"edition": "england-2026", "holidays": edition}]), files)


def test_a_calendar_may_have_no_days():
    assert agreed(days([], {}))
    assert agreed(days([], {"holidays": []}))
    assert agreed(days(["a", "é"], {"holidays": ["é", "a"]}))


@pytest.mark.parametrize(("edition", "adopted"), [
    (["a", "a"], ["a", "a"]), (["a"], ["a", "a"]), (["a", "a"], ["a"]), (["b", "a"], ["a", "b"]), ([1], [1]), ([1.5], [1.5]), ([[]], [[]]),
    (["a"], {"a": 1}), ({"a": 1}, ["a"]), (["a"], "a"), ([], None), ([], ""), ("", []), ([None], [None]), ([], ["a"]), (["a"], []),
])  # fmt: skip
def test_days_are_texts_each_once_in_order(edition, adopted):
    assert not agreed(days(edition, {"holidays": adopted}))


def test_every_adoption_brings_its_text():
    odd = adopting()
    odd.append("procedure/bury", "procedure-edition-adopted", {"edition": "bury", "digest": sha(b"x").hex()})
    assert not agreed(pack(odd.files()))
