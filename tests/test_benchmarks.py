"""The benchmarks run, and say what they found in the shape that others read. How fast anything is, is not asserted here."""

import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks.measuring import Sheet

PROJECT = Path(__file__).parents[1]


def test_a_quick_run_of_one_writes_each_figure_beside_its_base(tmp_path: Path):
    results = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "sealing", "--results", str(results)]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(results.read_text())
    assert len(found) == 6
    for name, figure in found.items():
        assert set(figure) == {"value", "base", "ratio", "goal", "met", "spread"}, name
        assert figure["value"] > 0 < figure["base"]
        low, high = figure["spread"]
        assert low <= figure["ratio"] <= high
    assert all(name in " ".join(ran.stdout.split()) for name in ("time of an append, chained and sealed, 1 in flight", "Kept in"))


def test_the_results_kept_have_that_shape_and_the_goals_that_are_the_aim():
    kept = json.loads((PROJECT / "benchmarks/results.json").read_text())
    assert all(set(figure) == {"value", "base", "ratio", "goal", "met", "spread"} for figure in kept.values())
    goals = {name.split()[0] for name, figure in kept.items() if figure["goal"] is not None}
    assert goals >= {"G1", "G3", "G4a", "G4b", "G6", "G7"}


def test_a_goal_is_met_by_much_of_what_is_wanted_and_little_of_what_is_not():
    sheet = Sheet()
    sheet.compare("many", [{"rate": 3}, {"rate": 4}, {"rate": 5}], [{"rate": 2}, {"rate": 2}, {"rate": 1}], at_least=2)
    sheet.compare("slow", [{"p99": 9}], [{"p99": 3}], "p99", at_most=2.5)
    sheet.compare("told", [{"n": 0}], [{"n": 0}], "n")
    assert sheet.results == {
        "many": {"value": 4, "base": 2, "ratio": 2, "goal": 2, "met": True, "spread": [1.5, 5]},
        "slow": {"value": 9, "base": 3, "ratio": 3, "goal": 2.5, "met": False, "spread": [3, 3]},
        "told": {"value": 0, "base": 0, "ratio": 0, "goal": None, "met": None, "spread": [0, 0]},
    }


@pytest.mark.slow
def test_a_little_large_run_generates_checks_projects_and_asks(tmp_path: Path):
    results, data = tmp_path / "results.json", Path(tempfile.gettempdir()) / f"casetrail-large-{secrets.token_hex(6)}"
    command = [sys.executable, "-m", "benchmarks", "--large", "--quick", "--cases", "8", "--data", str(data), "--results", str(results)]
    try:
        first = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=240)
        assert first.returncode == 0, first.stderr
        names = json.loads(results.read_text()).keys()
        assert {name.split()[0] for name in names} >= {"G8", "G9", "events", "log", "read"}
        again = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=240)
        assert again.returncode == 0, again.stderr
        assert not any(name.startswith("events generated") for name in json.loads(results.read_text()))
    finally:
        shutil.rmtree(data)
