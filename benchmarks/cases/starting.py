"""The time to start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import contestants as who
from benchmarks.cases.setup import CPU, WALL, figures
from benchmarks.comparing import compare
from benchmarks.contestants import EMPTY, PLAIN, THIS
from benchmarks.outcome import Goal, Outcome, Row

if TYPE_CHECKING:
    from benchmarks.cases.setup import Setup

_TIMES = 3
"""How many times as many runs as in other cases, since these runs are short."""


def startup(setup: Setup) -> Outcome:
    """Run the commands that read nothing."""
    rows, goals = [], []
    for option in ("--version", "--discover"):
        taps = [who.tap(name, option) for name in (THIS, PLAIN, EMPTY)]
        results = compare(taps, setup.size(_TIMES * setup.runs, setup.runs))
        wall = figures(results, WALL)
        rows += [
            Row(f"{option}: wall, s", wall),
            Row(f"{option}: CPU, s", figures(results, CPU)),
        ]
        ratio = wall[THIS].median / wall[EMPTY].median
        goals.append(Goal(f"{option}: wall / empty SDK tap", ratio, 1.15))
    return Outcome("tap-mux --version and --discover", rows, goals)
