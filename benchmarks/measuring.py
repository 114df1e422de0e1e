"""Rounds in which everything that is compared takes its turn, and the sheet of what came of them."""

from __future__ import annotations

import gc
import inspect
import json
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

SILENCE = 0.8
"""Seconds after which somebody who watches is told that it still goes on."""

Figures = Mapping[str, float]
"""What one contender did in one round: `rate` (per second), `p50` and `p99` (milliseconds), or whatever it counts."""

Contender = Callable[[], Figures | Awaitable[Figures]]
Rounds = Mapping[str, Sequence[Figures]]


class Telling:
    """What is going on: a line for each thing begun, and a dot for each while that nothing else is said."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said = time.monotonic()
        self._dots = 0
        self._stop = threading.Event()
        self._saying = threading.Lock()

    def __call__(self, sentence: str) -> None:
        with self._saying:
            self._console.print(f"{self._break()}{sentence}", markup=False, highlight=False, soft_wrap=True)
            self._said = time.monotonic()

    @contextmanager
    def never_silent(self) -> Iterator[None]:
        """As long as the block lasts."""
        thread = threading.Thread(target=self._go_on, name="telling", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _go_on(self) -> None:
        while not self._stop.wait(SILENCE / 4):
            if time.monotonic() - self._said > SILENCE:
                with self._saying:
                    self._console.print(".", end="", highlight=False)
                    self._dots += 1
                    self._said = time.monotonic()

    def _break(self) -> str:
        dots, self._dots = self._dots, 0
        return "\n" if dots else ""


async def interleaved(contenders: Mapping[str, Contender], rounds: int, told: Callable[[str], None]) -> Rounds:
    """Everyone once, then everyone again; each round begins with another. One more round before them only warms up, unless a single
    round says that nothing is to be measured."""
    warm = int(rounds > 1)
    found: dict[str, list[Figures]] = {name: [] for name in contenders}
    names = list(contenders)
    gc.collect()
    gc.freeze()  # as the service does once it has started
    try:
        for n in range(rounds + warm):
            turn = n % len(names)
            for name in (*names[turn:], *names[:turn]):
                told(f"  {'warming up' if n < warm else f'round {n + 1 - warm} of {rounds}'}: {name}")
                gc.collect()
                figures = contenders[name]()
                if inspect.isawaitable(figures):
                    figures = await figures
                if n >= warm:
                    found[name].append(figures)
    finally:
        gc.unfreeze()
    return found


def percentile(values: Sequence[float], part: float) -> float:
    """The value that this part of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def paced(seconds: Sequence[float], elapsed: float) -> Figures:
    """The figures of many turns that took so long each, within so long in all."""
    return {
        "rate": len(seconds) / elapsed,
        "p50": 1000 * statistics.median(seconds),
        "p99": 1000 * percentile(seconds, 0.99),
    }


class Sheet:
    """The results by name, in the order they were found."""

    def __init__(self) -> None:
        self.results: dict[str, dict[str, Any]] = {}
        self._wanted_small: set[str] = set()

    def compare(
        self,
        name: str,
        values: Sequence[Figures],
        bases: Sequence[Figures],
        of: str = "rate",
        base_of: str | None = None,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """One figure beside another: medians, their ratio, and between which ratios the rounds lay."""
        value = statistics.median(figures[of] for figures in values)
        base = statistics.median(figures[base_of or of] for figures in bases)
        each = [v[of] / b[base_of or of] if b[base_of or of] else 0.0 for v, b in zip(values, bases, strict=True)]
        ratio = value / base if base else 0.0
        if at_most is not None:
            self._wanted_small.add(name)
        goal = at_most if at_least is None else at_least
        met = None if goal is None else ratio >= goal if at_least is not None else ratio <= goal
        self.results[name] = {
            "value": _rounded(value), "base": _rounded(base), "ratio": _rounded(ratio), "goal": goal, "met": met,
            "spread": [_rounded(min(each)), _rounded(max(each))],
        }  # fmt: skip

    def table(self) -> Table:
        """All of it, to be read."""
        table = Table(title="Figure, base measured in the same run, and their ratio (with its spread over the rounds)")
        table.add_column("what", overflow="fold")
        for heading in ("value", "base", "ratio", "spread", "goal", "met"):
            table.add_column(heading, justify="right", no_wrap=True)
        for name, found in self.results.items():
            low, high = found["spread"]
            goal = "" if found["goal"] is None else f"{'at most' if name in self._wanted_small else 'at least'} {found['goal']:g}"
            met = "" if found["met"] is None else "[green]yes[/]" if found["met"] else "[red]no[/]"
            table.add_row(name, f"{found['value']:,g}", f"{found['base']:,g}", f"{found['ratio']:g}", f"{low:g} … {high:g}", goal, met)
        return table

    def keep(self, file: Path, *, beside: bool) -> None:
        """In a file. `beside`: what other benchmarks left there stays."""
        earlier = json.loads(file.read_text()) if beside and file.exists() else {}
        file.write_text(json.dumps({**earlier, **self.results}, indent=1, ensure_ascii=False) + "\n")


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")
