"""What a case comes to: figures by contestant, and goals that are reached or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.comparing import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Row(NamedTuple):
    """One measure of a case."""

    measure: str
    figures: Mapping[str, Figure | float]
    """By contestant; a plain number was worked out, not measured."""

    digits: int = 2

    @property
    def medians(self) -> dict[str, float]:
        """Give the figures as single numbers."""
        return {
            name: figure.median if isinstance(figure, Figure) else figure
            for name, figure in self.figures.items()
        }


class Goal(NamedTuple):
    """Something to reach, as a number that must not be above another one."""

    text: str
    value: float
    limit: float
    aim: float | None = None
    """What it should rather be."""

    digits: int = 2

    @property
    def verdict(self) -> str:
        """Say whether it is reached."""
        if self.value > self.limit:
            return "**no**"
        return "yes" if self.aim is None or self.value <= self.aim else "yes, but not the aim"


class Outcome(NamedTuple):
    """All that came out of a case."""

    title: str
    rows: Sequence[Row]
    goals: Sequence[Goal]
    note: str = ""
