"""The verifier passes what was published, says what it checked, and ends as it should."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from interfaces.cli import verify as verifier
from interfaces.cli.verify import verify
from tests.interfaces.cli.verifying.making import CASE, THE_LOG, a_record
from tests.interfaces.cli.verifying.packing import pack
from tests.interfaces.cli.verifying.refusing import KEYS, flipped, good, relined

VERIFIER = Path(verifier.__file__)
PAGE = VERIFIER.parents[2] / "docs/ledger.md"


def test_a_good_file_passes_and_says_what_was_checked():
    report = verify(good())
    assert report.holds, report.fault
    assert report.stream == f"case/{CASE}"
    expected = {"events": 6, "proofs": 6, "signatures": 1, "cosignatures": 3, "opened": 12, "erased": 0, "withheld": 0, "supporting": 3}
    assert expected.items() <= report.counts.items()
    assert any("proves nothing about who holds it" in sentence for sentence in report.keys)


def test_a_good_file_passes_by_the_published_keys():
    report = verify(good(), THE_LOG.key, KEYS, 2)
    assert report.holds, report.fault
    assert all(sentence.endswith("you gave it") for sentence in report.keys)


@pytest.mark.parametrize(("events", "between"), [(1, 0), (2, 1), (3, 5), (17, 0), (33, 7)])
def test_files_of_many_shapes_pass(events, between):
    assert verify(pack(a_record(events, between).files())).fault is None


def test_words_erased_or_withheld_are_believed_and_counted():
    def held_back(there):
        for number, state in (0, "erased"), (3, "withheld"), (4, "withheld"):
            there[number] = {"place": there[number]["place"], "path": there[number]["path"], state: True}
        return there

    report = verify(relined("words.jsonl", held_back))
    assert report.holds, report.fault
    assert (report.counts["opened"], report.counts["erased"], report.counts["withheld"]) == (9, 1, 2)
    assert any("3 personal texts that cannot be read here" in sentence for sentence in report.not_checked)


def test_the_example_of_the_page_has_its_hashes():
    block = PAGE.read_text().split("```json\n")[1].split("```")[0]
    example, previous = json.loads(block), bytes(32)
    for event in example["events"]:
        previous = verifier.chained(previous, event["header"].encode(), event["body"].encode())
        assert previous.hex() == event["hash"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", str(VERIFIER), *arguments], capture_output=True, text=True, timeout=60)


def test_the_program_ends_with_0_only_if_all_holds(tmp_path):
    there, broken = tmp_path / "case.zip", tmp_path / "broken.zip"
    there.write_bytes(good())
    broken.write_bytes(flipped(good(), 5000))
    published = ["--log-key", THE_LOG.key, *(word for key in KEYS for word in ("--witness", key)), "--quorum", "2"]

    holds = run(str(there), *published)
    assert holds.returncode == 0, holds.stderr
    assert "all holds" in holds.stdout
    assert json.loads(run(str(there), "--json").stdout)["counts"]["events"] == 6

    for nothing in str(broken), str(tmp_path), str(tmp_path / "none"), "/dev/null":
        ended = run(nothing)
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
    for wrong in [], [str(there), "--quorum", "x"], [str(there), "--log-key", "x"], [str(there), "--unheard-of"]:
        assert run(*wrong).returncode == 2


def test_the_program_needs_the_standard_library_only():
    imported = {
        line.split()[1].partition(".")[0] for line in VERIFIER.read_text().splitlines() if line.lstrip().startswith(("import ", "from "))
    }
    assert imported <= sys.stdlib_module_names
