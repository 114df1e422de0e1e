"""Answers come when they are there."""

from __future__ import annotations

import pytest

from application.children import searching


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "EVENLY", 0.001)
