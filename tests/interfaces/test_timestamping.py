"""Checkpoints time-stamped by a real authority of `openssl ts`, over HTTP: kept, checked, and never in the way of publishing."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import errors
from rich.console import Console

from application.ledger.reading import Ledger
from application.ledger.timestamps import MOST_BYTES, NotStamped, checked, faults_of_timestamps, roots_in, stamped, standing
from interfaces.cli import ledgers
from interfaces.cli.fsck import checked as fsck
from interfaces.cli.saying import CannotDo
from interfaces.cli.serving import ledger_kept
from interfaces.databases import Databases
from interfaces.publishing import publish_now, publishing
from interfaces.settings import Settings
from interfaces.timestamping import Authority, timestamping
from interfaces.worker import connect
from tests.conftest import expected_or_skip
from tests.interfaces.served import open_case, served
from tests.interfaces.test_publishing import until
from tests.timestamp_authority import Practice

TEXT = "example.org/record\n2\nAAAA\n"


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Practice:
    if shutil.which("openssl") is None:
        expected_or_skip("openssl", "openssl is missing, which is the authority of this story")
    return Practice(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def _as_it_was(practice: Practice) -> Iterator[None]:
    yield
    practice.asked, practice.status, practice.instead = 0, 200, None


def stamps(places: Databases) -> list[tuple[int, bytes, str]]:
    with psycopg.connect(places.owner_record) as owner:
        return owner.execute("SELECT size, response, body FROM ledger_timestamps JOIN ledger_checkpoints USING (log, size)").fetchall()


def test_a_text_is_stamped_and_whoever_has_openssl_can_check_it(practice):
    roots = roots_in(practice.roots.read_bytes())
    with practice.served() as url:
        stamp = stamped(TEXT, Authority(url).ask, roots)
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert checked(TEXT, stamp.response, roots).at == stamp.at
    assert practice.verifies(TEXT.encode(), stamp.response)


def test_an_altered_text_is_refused(practice):
    roots = roots_in(practice.roots.read_bytes())
    response = stamped(TEXT, practice.answer, roots).response
    altered = TEXT.replace("2", "3")
    assert not practice.verifies(altered.encode(), response)
    for known in (roots, []):
        with pytest.raises(NotStamped, match="of another text"):
            checked(altered, response, known)


def test_a_signature_that_leads_elsewhere_is_refused(practice, tmp_path):
    other = Practice(tmp_path / "other")
    with pytest.raises(NotStamped, match="leads to none of the roots"):
        stamped(TEXT, other.answer, roots_in(practice.roots.read_bytes()))


def test_an_answer_in_which_a_byte_was_changed_is_refused(practice):
    roots = roots_in(practice.roots.read_bytes())
    response = stamped(TEXT, practice.answer, roots).response
    for n in range(len(response) - 70, len(response)):  # within the signature
        with pytest.raises(NotStamped):
            checked(TEXT, response[:n] + bytes([response[n] ^ 1]) + response[n + 1 :], roots)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"<html>busy</html>", "no time-stamp"),
        (b"", "no time-stamp"),
        (b"0" * (MOST_BYTES + 1), "more than a time-stamp"),
        (bytes.fromhex("300530030201023000")[:7], "refused|no time-stamp"),
    ],
)
def test_what_is_no_answer_is_refused(practice, answer, why):
    practice.instead = answer
    with pytest.raises(NotStamped, match=why):
        stamped(TEXT, practice.answer)


def test_an_answer_given_before_is_no_answer_to_another_request(practice):
    practice.instead = stamped(TEXT, practice.answer).response
    with pytest.raises(NotStamped, match="another request"):
        stamped(TEXT, practice.answer)


def test_nobody_there_is_said_without_an_address(practice):
    with practice.served() as url:
        practice.status = 503
        with pytest.raises(NotStamped, match="HTTP status 503"):
            Authority(url).ask(b"x")
    with pytest.raises(NotStamped, match=r"^The authority cannot be reached \(\w+\)\.$"):
        Authority(url).ask(b"x")


def test_the_worker_has_checkpoints_stamped_no_oftener_than_it_is_told(places, practice):
    with practice.served() as url, served(places) as service, publishing(places, every=0.1):
        with timestamping(places, Authority(url, tuple(roots_in(practice.roots.read_bytes())), every=3600)):
            until(lambda: stamps(places))
            open_case(service)
            until(lambda: Ledger(places.record).standing().waiting == 0)
        assert (len(stamps(places)), practice.asked) == (1, 1)
        with timestamping(places, Authority(url, every=0.1)):
            until(lambda: len(stamps(places)) == 2)
    for _, response, text in stamps(places):
        assert practice.verifies(text.encode(), response)


def test_an_authority_that_fails_stops_nothing_and_is_told(places, practice):
    practice.status = 500
    said = io.StringIO()
    terminal = Console(file=said, width=200)
    with practice.served() as url, publishing(places, every=0.1), timestamping(places, Authority(url, every=0.2)) as kept:
        until(lambda: kept.state == "authority-failing" and practice.asked > 2)
        with connect(places.record) as asked:
            first = standing(asked)
        assert first.why == "The authority answered with HTTP status 500."
        assert Ledger(places.record).standing().waiting == 0
        ledgers._stamps(terminal, first)
        assert "No time-stamp since" in said.getvalue()
        practice.status = 200
        until(lambda: kept.state == "stamping")
        with connect(places.record) as asked:
            assert standing(asked)[3:] == (None, None)


def test_fsck_finds_what_was_altered(places, practice, tmp_path):
    said = io.StringIO()
    terminal = Console(file=said, width=300)
    publish_now(places)
    settings = Settings(timestamp_roots=practice.roots)
    with practice.served() as url, timestamping(places, Authority(url, every=0.2)):
        until(lambda: stamps(places))
    assert fsck(terminal, places, settings) == 0
    assert fsck(terminal, places, Settings(timestamp_roots=Practice(tmp_path / "other").roots)) == 1
    assert "leads to none of the roots" in said.getvalue()
    with psycopg.connect(places.owner_record, autocommit=True) as owner:
        owner.execute("ALTER TABLE ledger_timestamps DISABLE TRIGGER ALL")
        owner.execute("UPDATE ledger_timestamps SET response = %s", (stamped(TEXT, practice.answer).response,))
        assert faults_of_timestamps(owner) == [
            f"The time-stamp of the checkpoint of record at {stamps(places)[0][0]} does not hold: It is a time-stamp of another text."
        ]


def test_a_file_without_certificates_is_told_in_a_sentence(places, tmp_path):
    (tmp_path / "empty.pem").write_text("nothing")
    settings = Settings(timestamp_url="https://tsa.example.org", timestamp_roots=tmp_path / "empty.pem")
    with pytest.raises(CannotDo, match="CASETRAIL_TIMESTAMP_ROOTS: the file of the roots"), ledger_kept(places, settings):
        pass


def test_without_an_authority_nobody_is_asked(places):
    with timestamping(places, None) as kept:
        assert kept is None
    assert Settings().timestamp_url is None


def test_a_time_stamp_that_is_kept_stays(places, practice):
    publish_now(places)
    with practice.served() as url, timestamping(places, Authority(url, every=0.2)):
        until(lambda: stamps(places))
    for deed in ("DELETE FROM ledger_timestamps", "TRUNCATE ledger_timestamps", "UPDATE ledger_timestamps SET size = size"):
        for role in ("origin", "replica"):
            with psycopg.connect(places.owner_record, autocommit=True) as owner:
                owner.execute(f"SET session_replication_role = {role}".encode())
                with pytest.raises(errors.InsufficientPrivilege, match="only ever added to"):
                    owner.execute(deed.encode())
    with psycopg.connect(places.record, autocommit=True) as service, pytest.raises(errors.InsufficientPrivilege):
        service.execute("INSERT INTO ledger_timestamps VALUES ('record', 1, '', now())")
