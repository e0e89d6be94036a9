"""The options of a benchmark run, and figures that several cases use."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.comparing import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from benchmarks.comparing import Runs
    from benchmarks.measuring import Usage

PAGE = 100
"""Records on a page."""

WALL: Callable[[Usage], float] = attrgetter("wall")
CPU: Callable[[Usage], float] = attrgetter("cpu")
PEAK: Callable[[Usage], float] = attrgetter("peak")
PEAKS: Callable[[Usage], float] = attrgetter("peaks")


class Setup(NamedTuple):
    """The options of a benchmark run."""

    runs: int
    quick: bool
    folder: Path
    """For temporary files."""

    def size(self, full: int, quick: int) -> int:
        """Return the number of records to read."""
        return quick if self.quick else full


def figures(results: Mapping[str, Runs], read: Callable[[Usage], float]) -> dict[str, Figure]:
    """Return one measure of each contestant."""
    return {name: Figure.of([read(each) for each in runs.usages]) for name, runs in results.items()}


def counted(results: Mapping[str, Runs], what: str) -> dict[str, Figure]:
    """Return a count of the server's Mux Data endpoints for each contestant."""
    return {
        name: Figure.of([counts["data"][what] for counts in runs.counts])
        for name, runs in results.items()
    }
