"""When two ways of writing a name are one name, and when they are not."""

from __future__ import annotations

import itertools
import unicodedata
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from application.children.naming import day, entries, forms, parts, same

LETTERS = st.characters(categories=("Lu", "Ll", "Lo", "Lt"))
PART = st.text(LETTERS, min_size=1, max_size=8)
NAMES = st.lists(PART, min_size=1, max_size=4)
ANYTHING = st.text(max_size=30)
LATIN = st.lists(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzéüñç"), min_size=1, max_size=8), min_size=1, max_size=4)

ONE_NAME = [
    ("Sara Ali", "ali, SARA"),
    ("Sara Ali", "  Sara\tAli "),
    ("Siobhán O'Brien", "O’BRIEN, Siobhan"),
    ("Siobhán O'Brien", "Siobhan O Brien"),
    ("Anne-Marie Smith", "Annemarie Smith"),
    ("Sara Ali-Khan", "Ali Khan, Sara"),
    ("Łukasz Kowalski", "Kowalski, Lukasz"),
    ("Strauß", "STRAUSS"),
    ("Zoë", "Zoe\u0308"),
    ("Ｓａｒａ　Ａｌｉ", "Sara Ali"),
    ("فَاطِمَة", "فاطمة"),
    ("Ng\u00fay\u1ec5n", "Nguyen"),
    ("Mary\u200bAnn", "maryann"),
]
OTHER_NAMES = [
    ("Sara Ali", "Sarah Ali"),
    ("Sara Ali", "Sara"),
    ("Sara Ali", "S. Ali"),
    ("Sara Ali", "Sara Jane Ali"),
    ("Sara Ali", "Sar Aali Ali"),
    ("राम", "रम"),
]


@pytest.mark.parametrize(("one", "other"), ONE_NAME)
def test_one_name_however_it_is_written(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(("one", "other"), OTHER_NAMES)
def test_there_is_no_likeness_beyond_that(one: str, other: str) -> None:
    assert not same(one, other)


@given(ANYTHING)
def test_folding_twice_is_folding_once(name: str) -> None:
    assert parts(" ".join(parts(name))) == parts(name)


@given(ANYTHING, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_how_letters_are_composed_makes_no_difference(name: str, form: str) -> None:
    assert forms(unicodedata.normalize(form, name)) == forms(name)  # type: ignore[arg-type]  # one of the four


@given(LATIN)
def test_case_and_accents_make_no_difference(names: list[str]) -> None:
    name = " ".join(names)
    plain = "".join(letter for letter in unicodedata.normalize("NFD", name) if not unicodedata.combining(letter))
    assert forms(name.upper()) == forms(name) == forms(plain) == forms(name.title())


@given(NAMES, st.sampled_from([", ", " - ", "  ", "; ", ". "]))
def test_whatever_stands_between_the_parts_makes_no_difference(names: list[str], between: str) -> None:
    assert forms(between.join(names)) == forms(" ".join(names))


@given(st.lists(PART, min_size=1, max_size=3))
def test_the_order_of_the_parts_makes_no_difference(names: list[str]) -> None:
    assume(all(len(parts(name)) == 1 for name in names))
    assert all(same(" ".join(names), " ".join(order)) for order in itertools.permutations(names))


@given(ANYTHING, ANYTHING)
def test_meeting_is_mutual_and_every_name_with_letters_meets_itself(one: str, other: str) -> None:
    assert same(one, other) == same(other, one)
    assert same(one, one) == bool(forms(one))


@given(NAMES, st.dates(), st.dates(), st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_an_entry_is_of_one_name_one_day_and_one_key(names: list[str], born: date, other: date, key: bytes, another: bytes) -> None:
    name = " ".join(names)
    found = entries(key, name, born)
    assert {len(entry) for entry in found} <= {32}
    assert born == other or {*found}.isdisjoint(entries(key, name, other))
    assert key == another or {*found}.isdisjoint(entries(another, name, born))


@pytest.mark.parametrize("name", ["", " ", "-", "…", "'", "\u0301"])
def test_without_letters_there_is_no_name(name: str) -> None:
    assert forms(name) == ()
    assert entries(bytes(32), name, date(2025, 3, 4)) == ()


def test_a_birth_date_is_a_day_and_other_words_are_none() -> None:
    assert day(" 2025-03-04 ") == date(2025, 3, 4)
    assert [day(words) for words in ("about March", "[erased]", "", "2025-02-30")] == [None] * 4
