"""Every event has one plain English sentence that can be read aloud and gives nobody away."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import domain
from application.case_view.sentences import sentence
from application.case_view.sentences.telling import TOLD
from domain.language import EVENTS
from domain.personal import Sealed
from tests import examples
from tests.application.case_view.histories import BM, HEALTH, WARD, happened, history
from tests.examples import PERSON, SECRET, guises

for module in pkgutil.walk_packages(domain.__path__, "domain."):
    importlib.import_module(module.name)

ENGLISH = {
    "e-mail", "looked-after", "re-opened", "pre-publication", "quality-assured", "multi-agency", "break-glass",
}  # fmt: skip
HYPHENATED = re.compile(r"[A-Za-z]+(?:-[A-Za-z0-9]+)+")
ALL = [*EVENTS.values()]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.stored_name())
def test_every_event_has_its_sentence(kind):
    assert kind in TOLD


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.stored_name())
@pytest.mark.parametrize("by", [BM, HEALTH, WARD], ids=lambda by: by.role)
def test_it_can_be_read_aloud(kind, by):
    for event in guises(kind):
        said = sentence(history(happened("2024-10-10 10:00", by, event))[0])
        assert re.fullmatch(r"[A-Z0-9].*\.", said), said
        assert not re.search(r"None|True|False|[{}\[\]<>_'\"]{2}|[{}\[\]<>]", said), said
        assert "  " not in said, said
        assert " ." not in said, said
        assert "()" not in said, said
        codes = [word for word in HYPHENATED.findall(said) if word not in ENGLISH]
        assert not codes, f"{codes} in: {said}"
        assert len(said) <= 400, said


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.stored_name())
def test_it_gives_nobody_away(kind):
    for event in guises(kind):
        said = sentence(history(happened("2024-10-10 10:00", WARD, event))[0])
        assert SECRET not in said
        assert PERSON not in said
        assert "person-" not in said


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.stored_name())
def test_it_is_the_same_when_the_words_are_sealed_or_erased(kind, monkeypatch):
    def said():
        return [sentence(history(happened("2024-10-10 10:00", HEALTH, event))[0]) for event in guises(kind)]

    in_clear = said()
    monkeypatch.setattr(examples, "SECRET", Sealed(c="c", e="e", k="k"))
    assert said() == in_clear


def test_each_sentence_is_told_once_and_of_an_event_that_exists():
    assert set(TOLD) <= set(ALL)
