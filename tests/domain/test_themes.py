"""The code set: nothing is ever lost from it, and the tracker can rely on what it says of each code."""

from itertools import pairwise

import msgspec
import pytest

from domain.guidance import EDITIONS
from domain.procedure import Procedure
from domain.themes import CodeSet, newest, parsed, shipped
from tests.domain.telling import retiring

CODES = newest()


def test_every_version_keeps_the_codes_of_the_one_before():
    versions = [*shipped().values()]
    for before, after in pairwise(versions):
        assert {code.code for code in before.codes} <= {code.code for code in after.codes}


def test_sub_codes_count_towards_themselves_and_their_parent():
    assert CODES.counts_towards("H2.2") == ("H2.2", "H2")
    assert CODES.counts_towards("H2") == ("H2",)
    assert CODES.parent("P4.1") == "P4"
    assert CODES.parent("P4") is None


def test_only_practice_harm_family_and_system_raise_candidates():
    facets = {facet.letter for facet in CODES.facets if facet.candidates}
    assert facets == {"P", "H", "F", "S"}
    assert CODES.eligible("H1.1")
    assert not CODES.eligible("C4")
    assert not CODES.eligible("G1")
    assert not CODES.eligible("P9")


def test_the_procedures_say_the_same_of_eligible_facets():
    facets = {facet.letter for facet in CODES.facets if facet.candidates}
    for edition in EDITIONS.values():
        if edition.national:
            assert set(Procedure(None, edition).eligible_facets) == facets


@pytest.mark.parametrize(("code", "number"), [("P1", 1), ("P5.3", 5), ("G5", 5), ("P6.1", 6)])
def test_practice_codes_and_their_good_side_map_to_the_panel(code, number):
    assert CODES.panel_theme(code).number == number


@pytest.mark.parametrize("code", ["H1", "C2", "F5", "S1", "G7", "P9"])
def test_other_codes_are_none_of_the_panels_six(code):
    assert CODES.panel_theme(code) is None


def test_good_practice_is_told_apart():
    assert CODES.good_practice("G7")
    assert not CODES.good_practice("P1")
    assert not CODES.good_practice("X1")


def test_spotlights_speak_of_codes_that_exist():
    assert all(CODES.find(code) for spotlight in CODES.spotlights for code in spotlight.codes)


def with_changes(**changes) -> CodeSet:
    rows = msgspec.to_builtins(CODES)
    rows.pop("by_code")
    return msgspec.convert({**rows, **changes}, CodeSet)


def test_a_retired_code_stays_counts_where_it_is_mapped_and_raises_nothing():
    codes = retiring("H2.3", mapped_to="H2.1")
    assert codes.find("H2.3").retired
    assert codes.counts_towards("H2.3") == ("H2.3", "H2.1", "H2")
    assert not codes.eligible("H2.3")


@pytest.mark.parametrize(
    ("codes", "says"),
    [
        ([{"code": "P1", "name": "a"}, {"code": "P1", "name": "b"}], "twice"),
        ([{"code": "P1.1", "name": "a"}], "P1"),
        ([{"code": "Z1", "name": "a"}], "facet"),
        ([{"code": "P1", "name": "a", "mapped_to": ["P7"]}], "P7"),
    ],
)
def test_a_code_set_that_does_not_hang_together_is_not_loaded(codes, says):
    with pytest.raises((ValueError, msgspec.ValidationError), match=says):
        with_changes(codes=codes)


def test_a_misspelt_field_is_not_passed_over():
    with pytest.raises(msgspec.ValidationError):
        parsed('version = "9"\ntitle = "t"\nfacets = []\npanel = []\ncodes = [{ code = "P1", nam = "a" }]')
