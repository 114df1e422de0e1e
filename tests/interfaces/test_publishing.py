"""The thread that keeps the ledger up, behind the appends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from application.ledger.notes import Note
from application.ledger.reading import Ledger, NotInLedger
from interfaces.databases import Databases
from interfaces.publishing import ASKED, publish_now, publishing
from tests.interfaces.served import open_case, served


def until(happened: Callable[[], object], seconds: float = 20.0) -> object:
    """What happened, once it has."""
    end = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found


@pytest.fixture
def ledger(places: Databases):
    asked = Ledger(places.record)
    yield asked
    asked.close()


def published(ledger: Ledger) -> Note | None:
    try:
        return ledger.checkpoint()
    except NotInLedger:
        return None


def test_what_is_recorded_is_published_on_schedule(places, ledger):
    with served(places) as url, publishing(places, every=0.2):
        open_case(url)
        until(lambda: ledger.standing().waiting == 0 and published(ledger))


def test_a_checkpoint_is_made_at_once_when_it_is_asked_for(places, ledger):
    with publishing(places, every=3600), served(places) as url:
        until(lambda: published(ledger))
        open_case(url)
        assert ledger.standing().waiting == 1
        with psycopg.connect(places.record, autocommit=True) as service:
            service.execute("SELECT pg_notify(%s, '')", (ASKED,))
        until(lambda: ledger.standing().waiting == 0)


def test_of_two_one_stands_by_and_takes_over(places, ledger):
    with publishing(places, every=0.2) as first:
        until(lambda: first.state == "publishing")
        with publishing(places, every=0.2) as second:
            until(lambda: second.state == "standing-by")
            first.stop()
            until(lambda: second.state == "publishing")


def test_without_a_key_nothing_is_published_and_that_is_said(places, ledger):
    with publishing(replace(places, ledger_key=None), every=0.1) as kept:
        until(lambda: "there is no key" in kept.state)
        assert published(ledger) is None


def test_a_record_that_is_not_what_was_published_stands_still_and_says_so(places):
    publish_now(places)
    with psycopg.connect(places.owner_record, autocommit=True) as owner:
        owner.execute("ALTER TABLE events DISABLE TRIGGER ALL")
        owner.execute("UPDATE events SET hash = sha256(hash) WHERE notification_id = 2")
    with publishing(places, every=0.1) as kept:
        until(lambda: kept.state == "standing-still")


def test_a_connection_that_is_lost_is_made_again(places, ledger):
    with publishing(places, every=0.2) as kept, served(places) as url:
        until(lambda: kept.state == "publishing")
        with psycopg.connect(places.owner_record, autocommit=True) as owner:
            owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'casetrail_ledger'")
        open_case(url)
        until(lambda: ledger.standing().waiting == 0)
