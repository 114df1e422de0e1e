"""`python -m benchmarks`: about ten minutes; `--quick` a smoke of about one, `--only NAME` one of them."""

from __future__ import annotations

import argparse
import asyncio
import time
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import uvloop
from rich.console import Console

from benchmarks import large
from benchmarks.ground import QUICK, REAL, Ground, ground
from benchmarks.measuring import Sheet, Telling

BENCHMARKS = {
    "append": "append",
    "gaps": "gaps",
    "http": "over_http",
    "sealing": "sealing",
    "case": "one_case",
    "log": "whole_log",
    "ledger": "ledger",
    "read-models": "read_models",
    "board": "board",
}
"""By name, the module whose `run` it is. First those that write, then those that read one full record."""

RESULTS = Path(__file__).with_name("results.json")
LARGE_RESULTS = RESULTS.with_name("results-large.json")


WIDE = 150
"""Columns of the table where nobody says how wide the page is."""


async def _run(names: Sequence[str], on: Ground) -> list[str]:
    """The names of those that broke; the others have their figures all the same."""
    broken = []
    for name in names:
        try:
            await import_module(f"benchmarks.{BENCHMARKS[name]}").run(on)
        except Exception:
            on.told(f"{name} broke:\n{traceback.format_exc()}")
            broken.append(name)
    return broken


def main(arguments: Sequence[str] | None = None) -> None:
    """Run them, print what was found, keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios beside a peer or a limit measured in the same run.")
    parser.add_argument(
        "--quick", action="store_true", help="only see that everything runs: figures of no meaning, kept only with --results"
    )
    parser.add_argument(
        "--only", metavar="NAME", choices=BENCHMARKS, action="append", help=f"one of {', '.join(BENCHMARKS)}; more than once for several"
    )
    parser.add_argument("--large", action="store_true", help="ten years of England: 20,000 cases generated, checked, projected and asked")
    parser.add_argument("--cases", type=int, default=large.CASES, metavar="N", help="with --large: another number of cases")
    parser.add_argument("--data", type=Path, metavar="DIR", help="with --large: where it is kept, and found again the next time")
    parser.add_argument("--results", type=Path, metavar="FILE", help=f"where to keep them (default: benchmarks/{RESULTS.name})")
    asked = parser.parse_args(arguments)
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDE)
    if asked.large:
        _large(console, asked)
        return
    began, sheet, telling = time.monotonic(), Sheet(), Telling(console)
    with (
        telling.never_silent(),
        ground(QUICK if asked.quick else REAL, sheet, telling) as on,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        broken = runner.run(_run(asked.only or [*BENCHMARKS], on))
    _told(console, sheet, began, asked.results or (None if asked.quick else RESULTS), beside=bool(asked.only or broken))
    if broken:
        raise SystemExit(f"Broken, and without figures: {', '.join(broken)}.")


def _large(console: Console, asked: argparse.Namespace) -> None:
    began, sheet, telling = time.monotonic(), Sheet(), Telling(console)
    with telling.never_silent(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(large.run(sheet, telling, data=asked.data, cases=asked.cases, quick=asked.quick))
    whole = asked.cases == large.CASES and not asked.quick
    _told(console, sheet, began, asked.results or (LARGE_RESULTS if whole else None), beside=False)


def _told(console: Console, sheet: Sheet, began: float, results: Path | None, *, beside: bool) -> None:
    """What was found, printed and kept."""
    console.print(sheet.table())
    if results:
        sheet.keep(results, beside=beside)
    missed = [name for name, found in sheet.results.items() if found["met"] is False]
    console.print(
        f"{len(sheet.results)} figures in {time.monotonic() - began:.0f} s, {len(missed)} short of their goal."
        + (f" Kept in {results}." if results else " This run is kept nowhere."),
        markup=False,
        soft_wrap=True,
    )


if __name__ == "__main__":
    main()
