"""A record of its own for each story, integrated and published as the worker does it, and asked as the service does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import pytest

from application.ledger.integrating import brought_up, signers
from application.ledger.notes import Checkpoint, Policy
from application.ledger.reading import Ledger
from tests.application.store.conftest import as_owner, key_file, pair, server, store
from tests.application.store.pairs import PASSWORD, Pair

__all__ = ["as_owner", "key_file", "pair", "server", "store"]

AT = datetime(2026, 3, 3, 10, 15, tzinfo=UTC)
SIGNING = signers(b"\x01" * 32, "example.org/casetrail")


@dataclass
class Kept:
    """The ledger over a pair."""

    pair: Pair

    @property
    def worker(self) -> str:
        return self.pair.server.dsn(self.pair.record, "casetrail_ledger", PASSWORD)

    def publish(self, signing=SIGNING) -> list[Checkpoint]:
        """Everything integrated and published, by a worker that has just started."""
        with psycopg.connect(self.worker, autocommit=True) as connection:
            return brought_up(connection, signing, AT)

    def asked(self, policy: Policy | None = None) -> Ledger:
        """The ledger as the service asks it."""
        return Ledger(self.pair.service(), policy)


@pytest.fixture
def kept(pair: Pair) -> Kept:
    return Kept(pair)


@pytest.fixture
def ledger(kept: Kept) -> Iterator[Ledger]:
    asked = kept.asked()
    yield asked
    asked.close()
