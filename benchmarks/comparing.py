"""Run contestants in turn, several times, and take the medians."""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import measuring
from benchmarks.measuring import FailedError, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.contestants import Contestant

Counts = dict[str, dict[str, float]]


class Figure(NamedTuple):
    """One figure over all runs."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """Make a figure of measured values."""
        return cls(statistics.median(values), min(values), max(values))


class Runs(NamedTuple):
    """All runs of one contestant."""

    usages: list[Usage]
    counts: list[Counts]
    """The server's counts of each run."""


def compare(
    contestants: Sequence[Contestant],
    runs: int,
    *,
    rows: Callable[[str], int] = lambda _: 0,
    before: Callable[[], object] = lambda: None,
    after: Callable[[], Counts] = dict,
) -> dict[str, Runs]:
    """Run all contestants in turn.

    Args:
        contestants: The programs to compare.
        runs: How often each runs.
        rows: How many rows a contestant has to read, by its name.
        before: Called before each run.
        after: Called after each run; returns the server's counts.

    Returns:
        The runs by contestant.

    Raises:
        FailedError: One of them failed, or read a wrong number of rows.
    """
    results = {contestant.name: Runs([], []) for contestant in contestants}
    for _ in range(runs):
        for contestant in contestants:
            before()
            usage = measuring.run(*contestant.commands)
            expected, found = rows(contestant.name), contestant.rows(usage)
            if found != expected:
                text = f"{contestant.name} read {found} rows of {expected}"
                raise FailedError(text)
            results[contestant.name].usages.append(usage)
            results[contestant.name].counts.append(after())
            print(".", end="", file=sys.stderr, flush=True)  # noqa: T201 - shows the progress
    return results
